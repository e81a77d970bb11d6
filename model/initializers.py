"""Initialisers: where the descent begins.

Weights are drawn from a normal distribution whose width depends on the fan-in m and fan-out k of their layer, so that
signals keep their size from layer to layer; biases begin at zero.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import numpy as np

from model.activations import Array
from model.settings import Settings


class Initializer(Settings, frozen=True, tag_field="kind"):
    """How the weights of one layer are drawn."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        """Weights of shape `(fan_out, fan_in)`."""


class GlorotNormal(Initializer, frozen=True, tag="glorot-normal"):
    """Standard deviation √(2/(m+k)): Glorot & Bengio 2010, eq. 12. For tanh and sigmoid."""

    caption = "Glorot"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(2.0 / (fan_in + fan_out)), (fan_out, fan_in))


class LeCunNormal(Initializer, frozen=True, tag="lecun-normal"):
    """Standard deviation √(1/m): LeCun et al. 1998, "Efficient BackProp", eq. 16."""

    caption = "LeCun"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(1.0 / fan_in), (fan_out, fan_in))


class HeNormal(Initializer, frozen=True, tag="he-normal"):
    """Standard deviation √(2/m): He et al. 2015, eq. 10. For ReLU."""

    caption = "He"

    def draw(self, rng: np.random.Generator, fan_in: int, fan_out: int) -> Array:
        return rng.normal(0.0, math.sqrt(2.0 / fan_in), (fan_out, fan_in))


INITIALIZERS: tuple[type[Initializer], ...] = (GlorotNormal, LeCunNormal, HeNormal)
