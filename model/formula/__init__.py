"""A formula in x and y that somebody typed: read by a small grammar, differentiated exactly, evaluated by NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from model.arrays import Array
from model.formula.expression import VARIABLES, Expression, Program
from model.formula.parser import NO_CONSTANTS, parse

__all__ = ["Expression", "Formula", "parse"]


class Formula:
    """A formula in x and y with its exact derivatives, on arrays of any shapes that broadcast. Final.

    Where it is undefined or overflows, its values are NaN or ±∞, without a warning. Raises as `parse`.
    """

    def __init__(self, text: str, constants: Mapping[str, float] = NO_CONSTANTS) -> None:
        self.text, self.expression = text, parse(text, constants)

    def value(self, x: Array, y: Array) -> Array:
        """f `(...)`."""
        (value,) = _on(self._value, x, y)
        return value

    def gradient(self, x: Array, y: Array) -> Array:
        """(∂f/∂x, ∂f/∂y) as `(2, ...)`."""
        _, by_x, by_y = _on(self._slopes, x, y)
        return np.array([by_x, by_y])

    def hessian(self, x: Array, y: Array) -> Array:
        """The second derivatives as `(2, 2, ...)`, symmetric."""
        xx, xy, yy = _on(self._curvatures, x, y)
        return np.array([[xx, xy], [xy, yy]])

    def at(self, x: float, y: float) -> tuple[float, float, float]:
        """f, ∂f/∂x and ∂f/∂y at one point, as numbers: several times faster than by arrays, for descents."""
        value, by_x, by_y = self._slopes(np.float64(x), np.float64(y))
        return value, by_x, by_y

    @cached_property
    def _value(self) -> Program:
        return Program(self.expression)

    @cached_property
    def _slopes(self) -> Program:
        return Program(self.expression, *map(self.expression.derivative, VARIABLES))

    @cached_property
    def _curvatures(self) -> Program:
        by_x, by_y = map(self.expression.derivative, VARIABLES)
        return Program(by_x.derivative("x"), by_x.derivative("y"), by_y.derivative("y"))


def _on(program: Program, x: Array, y: Array) -> list[Array]:
    x, y = np.asarray(x, float), np.asarray(y, float)
    shape = np.broadcast_shapes(x.shape, y.shape)
    return [np.array(np.broadcast_to(value, shape)) for value in program(x, y)]
