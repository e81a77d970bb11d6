"""Activations: the functions between the layers, each beside its derivative.

An activation a = φ(z) acts on every pre-activation z by itself. Backpropagation multiplies by its slope φ'(z); tanh and
the sigmoid get theirs from the value a they have already computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Activation:
    """A function and its derivative, both elementwise on arrays of any shape.

    `value(z, out=None)` may write into `out`, which may be `z` itself. `slope(z, a)` is φ'(z), given a = φ(z).
    """

    __slots__ = ("formula", "name", "slope", "value")

    def __init__(
        self,
        name: str,
        formula: str,
        value: Callable[..., Array],
        slope: Callable[[Array, Array], Array],
    ) -> None:
        self.name, self.formula, self.value, self.slope = name, formula, value, slope

    def __repr__(self) -> str:
        return f"Activation({self.name}: {self.formula})"


def _sigmoid(z: Array, out: Array | None = None) -> Array:
    # Through tanh, which NumPy vectorises and which cannot overflow: σ(z) = (1 + tanh(z/2)) / 2.
    a = np.multiply(z, 0.5, out=out)
    np.tanh(a, out=a)
    a += 1.0
    a *= 0.5
    return a


def _tanh_slope(z: Array, a: Array) -> Array:
    slope = np.multiply(a, a)
    return np.subtract(1.0, slope, out=slope)


def _relu(z: Array, out: Array | None = None) -> Array:
    return np.maximum(z, 0.0, out=out)


def _identity(z: Array, out: Array | None = None) -> Array:
    return z


_ALL = (
    Activation("tanh", "tanh z", np.tanh, _tanh_slope),
    # Not differentiable at 0; the slope taken there is 0, as in PyTorch.
    Activation("relu", "max(z, 0)", _relu, lambda z, a: (z > 0).astype(z.dtype)),
    Activation("sigmoid", "1 / (1 + exp(−z))", _sigmoid, lambda z, a: a * (1.0 - a)),
    Activation("identity", "z", _identity, lambda z, a: np.ones_like(z)),
)

ACTIVATIONS = {activation.name: activation for activation in _ALL}
