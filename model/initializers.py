"""Initialisers: where the descent begins.

Weights are drawn from a distribution whose width depends on the fan-in m and fan-out k of their layer, so that signals
keep their size from layer to layer; biases begin at zero. A uniform distribution on [−a, a] has the standard deviation
a/√3: each uniform initialiser is as wide as its normal sister.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated

import numpy as np

from model.arrays import Array
from model.settings import Settings, setting


class Initializer(Settings, frozen=True, tag_field="kind"):
    """How the weights of one layer are drawn."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """Weights of shape `(fan_out, fan_in)`."""


def _normal(rng: np.random.Generator, variance: float, shape: tuple[int, int]) -> Array:
    return rng.normal(0.0, math.sqrt(variance), shape)


def _uniform(rng: np.random.Generator, variance: float, shape: tuple[int, int]) -> Array:
    end = math.sqrt(3.0 * variance)
    return rng.uniform(-end, end, shape)


class GlorotNormal(Initializer, frozen=True, tag="glorot-normal"):
    """Variance 2/(m+k): Glorot & Bengio 2010, eq. 12. For tanh and sigmoid."""

    caption = "Glorot, normal"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _normal(rng, 2.0 / (fan_in + fan_out), (fan_out, fan_in))


class GlorotUniform(Initializer, frozen=True, tag="glorot-uniform"):
    """Variance 2/(m+k), on [−√(6/(m+k)), √(6/(m+k))]: Glorot & Bengio 2010, eq. 16."""

    caption = "Glorot, uniform"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _uniform(rng, 2.0 / (fan_in + fan_out), (fan_out, fan_in))


class LeCunNormal(Initializer, frozen=True, tag="lecun-normal"):
    """Variance 1/m: LeCun et al. 1998, "Efficient BackProp", eq. 16."""

    caption = "LeCun, normal"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _normal(rng, 1.0 / fan_in, (fan_out, fan_in))


class LeCunUniform(Initializer, frozen=True, tag="lecun-uniform"):
    """Variance 1/m, on [−√(3/m), √(3/m)]."""

    caption = "LeCun, uniform"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _uniform(rng, 1.0 / fan_in, (fan_out, fan_in))


class HeNormal(Initializer, frozen=True, tag="he-normal"):
    """Variance 2/m: He et al. 2015, eq. 10. For ReLU."""

    caption = "He, normal"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _normal(rng, 2.0 / fan_in, (fan_out, fan_in))


class HeUniform(Initializer, frozen=True, tag="he-uniform"):
    """Variance 2/m, on [−√(6/m), √(6/m)]. For ReLU."""

    caption = "He, uniform"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _uniform(rng, 2.0 / fan_in, (fan_out, fan_in))


class Normal(Initializer, frozen=True, tag="normal"):
    """Standard deviation σ in every layer, whatever its size."""

    caption = "Normal(0, σ)"

    deviation: Annotated[
        float,
        setting("σ", "standard deviation of every weight", gt=0, le=100, slider=(0.001, 10.0), effect="structure"),
    ] = 0.1

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return _normal(rng, self.deviation**2, (fan_out, fan_in))


class Zeros(Initializer, frozen=True, tag="zeros"):
    """All zero. Hidden neurons of a layer are then equal and stay so: nothing tells them apart."""

    caption = "Zeros"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return np.zeros((fan_out, fan_in))


class Constant(Initializer, frozen=True, tag="constant"):
    """Every weight the same number: a given start for models of one or two weights."""

    caption = "Constant"

    value: Annotated[
        float,
        setting("Value", "of every weight; biases begin at 0", ge=-1e3, le=1e3, slider=(-3.0, 3.0), effect="structure"),
    ] = 1.0

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return np.full((fan_out, fan_in), self.value)


INITIALIZERS: tuple[type[Initializer], ...] = (
    GlorotNormal,
    GlorotUniform,
    LeCunNormal,
    LeCunUniform,
    HeNormal,
    HeUniform,
    Normal,
    Zeros,
    Constant,
)
