"""Activations: the functions between the layers, each beside its first two derivatives.

An activation a = φ(z) acts on every pre-activation z by itself. Backpropagation multiplies by its slope φ'(z), products
with the Hessian also by its curvature φ''(z). Several get both from the value a, which has already been computed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit, ndtr

from model.arrays import Array

# The C library hands blocks above 128 kB back to the system, and a step that asks for them anew waits for their pages:
# up to a third of the time of a large network's step. Once a larger block was freed, it keeps those up to that size
# (mallopt(3), M_MMAP_THRESHOLD).
np.empty(31 * 2**20, np.uint8)

Derivative = Callable[[Array, Array], Array]


class Activation:
    """A function and its derivatives, all elementwise on arrays of any shape, in the precision they are given.

    `value(z, out=None)` writes into `out` if given, which may be `z` itself. `slope(z, a)` is φ'(z), `curvature(z, a)`
    is φ''(z), given a = φ(z). Where both follow from a, `by_value` says so: then z need not be kept, and a may be given
    in its place. `note` says where a derivative does not exist and which value is taken there.
    """

    __slots__ = ("by_value", "curvature", "formula", "name", "note", "slope", "value")

    def __init__(
        self,
        name: str,
        formula: str,
        value: Callable[..., Array],
        slope: Derivative,
        curvature: Derivative,
        note: str = "",
        by_value: bool = True,
    ) -> None:
        self.name, self.formula, self.note, self.by_value = name, formula, note, by_value
        self.value, self.slope, self.curvature = value, slope, curvature

    @property
    def smooth(self) -> bool:
        """Whether both derivatives exist everywhere."""
        return not self.note

    def __repr__(self) -> str:
        return f"Activation({self.name}: {self.formula})"


def _identity(z: Array, out: Array | None = None) -> Array:
    if out is None or out is z:
        return z
    np.copyto(out, z)
    return out


def _zero(z: Array, a: Array) -> Array:
    return np.zeros_like(z)


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


LEAK = 0.01  # of the leaky ReLU, as in PyTorch


def _leaky(z: Array, out: Array | None = None) -> Array:
    return np.maximum(z, LEAK * z, out=out)


def _elu(z: Array, out: Array | None = None) -> Array:
    below = np.expm1(np.minimum(z, 0.0))
    return np.add(np.maximum(z, 0.0), below, out=out)


def _softplus(z: Array, out: Array | None = None) -> Array:
    return np.logaddexp(z, 0.0, out=out)


def _softplus_slope(z: Array, a: Array) -> Array:
    return -np.expm1(-a)  # the sigmoid of z, without losing digits far below 0


def _softplus_curvature(z: Array, a: Array) -> Array:
    return -np.expm1(-a) * np.exp(-a)


def _silu(z: Array, out: Array | None = None) -> Array:
    return np.multiply(z, expit(z), out=out)


def _silu_slope(z: Array, a: Array) -> Array:
    gate = expit(z)
    return gate + a * (1.0 - gate)


def _silu_curvature(z: Array, a: Array) -> Array:
    gate = expit(z)
    return gate * expit(-z) * (2.0 + z * (1.0 - 2.0 * gate))


def _gelu(z: Array, out: Array | None = None) -> Array:
    return np.multiply(z, ndtr(z), out=out)


def _density(z: Array) -> Array:
    """The standard normal density. Beyond ±40 it is 0 in float64 as well, and z² no longer overflows."""
    z = np.clip(z, -40.0, 40.0)
    return np.exp(-0.5 * z * z) * 0.3989422804014327  # 1/√(2π)


def _gelu_curvature(z: Array, a: Array) -> Array:
    return _density(z) * (2.0 - np.clip(z, -40.0, 40.0) ** 2)


_ALL = (
    Activation("tanh", "tanh z", np.tanh, _tanh_slope, lambda z, a: -2.0 * a * _tanh_slope(z, a)),
    Activation(
        "relu",
        "max(z, 0)",
        _relu,
        lambda z, a: (z > 0).astype(z.dtype),
        _zero,
        "no slope at 0: 0 is taken, as in PyTorch; the curvature is 0 on either side",
    ),
    Activation(
        "sigmoid",
        "1 / (1 + exp(−z))",
        _sigmoid,
        lambda z, a: a * (1.0 - a),
        lambda z, a: a * (1.0 - a) * (1.0 - 2.0 * a),
    ),
    Activation("identity", "z", _identity, lambda z, a: np.ones_like(z), _zero),
    Activation(
        "leaky-relu",
        "max(z, 0.01 z)",
        _leaky,
        lambda z, a: np.where(z > 0, 1.0, LEAK).astype(z.dtype),
        _zero,
        "no slope at 0: 0.01 is taken, as in PyTorch; the curvature is 0 on either side",
    ),
    Activation(
        "elu",
        "z for z > 0, exp(z) − 1 below",
        _elu,
        lambda z, a: np.where(z > 0, 1.0, a + 1.0).astype(z.dtype),
        lambda z, a: np.where(z > 0, 0.0, a + 1.0).astype(z.dtype),
        "no curvature at 0: 1 is taken, that of the left side (Clevert et al. 2016, α = 1)",
    ),
    Activation("softplus", "log(1 + exp(z))", _softplus, _softplus_slope, _softplus_curvature),
    # Elfwing et al. 2018; Ramachandran et al. 2017 call it Swish.
    Activation("silu", "z / (1 + exp(−z))", _silu, _silu_slope, _silu_curvature, by_value=False),
    # Hendrycks & Gimpel 2016, with the exact Φ, not its approximation by tanh.
    Activation(
        "gelu",
        "z Φ(z), Φ the normal distribution",
        _gelu,
        lambda z, a: ndtr(z) + z * _density(z),
        _gelu_curvature,
        by_value=False,
    ),
)

ACTIVATIONS = {activation.name: activation for activation in _ALL}
