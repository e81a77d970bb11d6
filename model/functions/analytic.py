"""Functions of x and y as settings, and the objective that each of them is."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Annotated

import numpy as np

from model.arrays import Array
from model.formula import Formula
from model.objective import Bounds, Objective, Product, Slice, Space
from model.settings import Settings, fields_of, setting

Minimum = tuple[float, float, float]  # x, y and the value there
StartX = Annotated[
    float, setting("Start x", "where the descent begins", ge=-1e6, le=1e6, slider=(-6.0, 6.0), effect="structure")
]
StartY = Annotated[
    float, setting("Start y", "where the descent begins", ge=-1e6, le=1e6, slider=(-6.0, 6.0), effect="structure")
]


class Function(Settings, frozen=True, tag_field="kind"):
    """A function to descend on, and the start (x, y). Its other numbers may be used in its formula by their names."""

    x: StartX = 1.0
    y: StartY = 1.0

    @property
    @abstractmethod
    def formula(self) -> str:
        """The function as a text that `model.formula` reads."""

    @property
    @abstractmethod
    def region(self) -> Bounds:
        """What is worth drawing, ((x from, x to), (y from, y to))."""

    @property
    @abstractmethod
    def minima(self) -> tuple[Minimum, ...]:
        """The local minima as (x, y, value), as far as they are known exactly; no other stationary points."""

    @property
    def constants(self) -> Mapping[str, float]:
        """The fields that the formula may name."""
        return {
            field.name: float(getattr(self, field.name))
            for field in fields_of(type(self))
            if field.type is float and field.name not in ("x", "y")
        }

    @property
    def objective(self) -> Analytic:
        """The function as an objective; the same object from wherever the descent begins."""
        return _objective(type(self), self.formula, tuple(self.constants.items()), self.region)


class Analytic(Objective):
    """A function of two parameters, θ = (x, y), by its formula. Final.

    Where a slope does not exist though the value is finite, as at a tip, 0 is taken for the term that has none, like
    ReLU's at 0: a subgradient where the tip points down, and a place where the descent stays. So it is with second
    derivatives, which may also be infinite there.
    """

    def __init__(self, of: Hashable, formula: Formula, region: Bounds) -> None:
        self.formula, self._space = formula, Space(2, of, region, naming=_names)

    @property
    def space(self) -> Space:
        return self._space

    @property
    def samples(self) -> int:
        return 1

    @property
    def chunk(self) -> int:
        return 4096  # a node of the formula takes 32 KiB then: a first-level cache

    def _loss(self, params: Array) -> Array:
        stack = params.reshape(-1, 2)
        losses = np.empty(len(stack))
        for start in range(0, len(stack), self.chunk):
            part = slice(start, start + self.chunk)
            losses[part] = self.formula.value(*stack[part].T)
        return losses.reshape(params.shape[:-1])

    def _loss_and_gradient(self, params: Array, rows: Array | None) -> tuple[float, Array]:
        loss, *slopes = self.formula.at(*params)
        if math.isfinite(loss):
            slopes = [0.0 if math.isnan(slope) else slope for slope in slopes]
        return float(loss), np.array(slopes)

    def _hessian_at(self, params: Array) -> Product:
        hessian = self.formula.hessian(*params)
        if np.isfinite(self.formula.at(*params)).all():
            hessian[~np.isfinite(hessian)] = 0.0

        @np.errstate(over="ignore", invalid="ignore")  # after a divergence it may hold infinities
        def product(vector: Array) -> Array:
            return np.asarray(hessian @ vector)

        return product

    def _slice(self, origin: Array, directions: Array) -> Slice:
        # In float64: there is too little to do for float32 to be worth its error.
        return lambda coords: self._loss(origin + coords.astype(float) @ directions)


def _names() -> tuple[str, ...]:
    return ("x", "y")


@lru_cache(maxsize=32)
def _objective(
    kind: type[Function], formula: str, constants: tuple[tuple[str, float], ...], region: Bounds
) -> Analytic:
    return Analytic((kind, formula, constants), Formula(formula, dict(constants)), region)
