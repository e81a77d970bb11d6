"""Activations against their definitions, slopes and curvatures against central differences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import numpy as np
import pytest

from model import ACTIVATIONS, Activation
from model.activations import Array
from tests.cases import in_turn

# One number at a time, as textbooks have them.
DEFINITIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh,
    "relu": lambda z: z if z > 0.0 else 0.0,
    "sigmoid": lambda z: 1.0 / (1.0 + math.exp(-z)),
    "identity": lambda z: z,
    "leaky-relu": lambda z: z if z > 0.0 else z / 100.0,
    "elu": lambda z: z if z > 0.0 else math.expm1(z),
    "softplus": lambda z: math.log(1.0 + math.exp(z)),
    "silu": lambda z: z / (1.0 + math.exp(-z)),
    "gelu": lambda z: z * math.erfc(-z / math.sqrt(2.0)) / 2.0,
}
FAR = [1e4, 1e30]  # exponentials overflow there; in float32, squares as well

every = in_turn("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())
precisions = in_turn("dtype", [np.float32, np.float64])


def derivatives(activation: Activation, z: Array) -> tuple[Array, Array]:
    """Slope and curvature at z."""
    a = activation.value(z.copy())
    return activation.slope(z, a), activation.curvature(z, a)


@pytest.mark.parametrize("name", DEFINITIONS)
def test_value_is_the_definition(name: str) -> None:
    z = np.linspace(-20.0, 20.0, 401)
    expected = [DEFINITIONS[name](number) for number in z.tolist()]
    np.testing.assert_allclose(ACTIVATIONS[name].value(z.copy()), expected, rtol=1e-12, atol=1e-15)


@every
def test_slope_is_the_derivative(activation: Activation) -> None:
    z, h = np.linspace(-6.9, 7.0, 60), 1e-5
    difference = (activation.value(z + h) - activation.value(z - h)) / (2.0 * h)
    np.testing.assert_allclose(derivatives(activation, z)[0], difference, rtol=1e-8, atol=1e-9)


@every
def test_curvature_is_the_derivative_of_the_slope(activation: Activation) -> None:
    z, h = np.linspace(-6.9, 7.0, 60), 1e-5
    difference = (derivatives(activation, z + h)[0] - derivatives(activation, z - h)[0]) / (2.0 * h)
    np.testing.assert_allclose(derivatives(activation, z)[1], difference, rtol=1e-8, atol=1e-9)


@every
def test_smooth_is_what_has_no_jump(activation: Activation) -> None:
    z, h = np.linspace(-3.0, 3.0, 61), 1e-9
    assert 0.0 in z
    jumps = [
        np.abs(right - left).max()
        for right, left in zip(derivatives(activation, z + h), derivatives(activation, z - h), strict=True)
    ]
    assert activation.smooth == (max(jumps) < 1e-6)


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS.values() if a.note], ids=lambda a: str(a.name))
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_at_the_kink_it_takes_what_its_note_says(activation: Activation, zero: float) -> None:
    slope, curvature = (float(derivative[0]) for derivative in derivatives(activation, np.array([zero])))
    said = re.match(r"no (slope|curvature) at 0: ([\d.]+) is taken", activation.note)
    assert said is not None
    assert {"slope": slope, "curvature": curvature}[said[1]] == float(said[2])
    if said[1] == "slope":
        assert "the curvature is 0" in activation.note and curvature == 0.0


@every
@precisions
def test_value_in_place_is_the_same(activation: Activation, dtype: type) -> None:
    z: Array = np.linspace(-5.0, 5.0, 12, dtype=dtype).reshape(3, 4)
    expected = activation.value(z.copy())
    given = z.copy()
    np.testing.assert_array_equal(activation.value(given, out=given), expected)


@every
def test_derivatives_leave_their_arguments_alone(activation: Activation) -> None:
    z = np.linspace(-5.0, 5.0, 12)
    a = activation.value(z.copy())
    z.flags.writeable = a.flags.writeable = False
    activation.value(z)
    derivatives(activation, z)
    activation.slope(z, a)
    activation.curvature(z, a)


@every
@precisions
@pytest.mark.parametrize("shape", [(1,), (0,), (2, 3, 4)])
def test_shape_and_precision_are_kept(activation: Activation, shape: tuple[int, ...], dtype: type) -> None:
    z = np.random.default_rng(0).normal(size=shape).astype(dtype)
    for made in (activation.value(z.copy()), *derivatives(activation, z)):
        assert (made.dtype, made.shape) == (dtype, shape)


@every
@precisions
def test_single_precision_is_double_precision_rounded(activation: Activation, dtype: type) -> None:
    z: Array = np.linspace(-20.0, 20.0, 801, dtype=dtype)
    exact = [activation.value(z.astype(float)), *derivatives(activation, z.astype(float))]
    eps = float(np.finfo(dtype).eps)
    for made, expected in zip([activation.value(z.copy()), *derivatives(activation, z)], exact, strict=True):
        np.testing.assert_allclose(made, expected, rtol=8 * eps, atol=32 * eps)


@every
@precisions
def test_far_out_it_is_its_asymptote(activation: Activation, dtype: type) -> None:
    """There all of them are straight lines, or nearly; an overflow would warn, which is an error."""
    for far in FAR:
        z: Array = np.array([-far, far], dtype)
        slope, curvature = derivatives(activation, z)
        chord = (activation.value(2 * z).astype(float) - activation.value(z.copy())) / z
        assert np.isfinite(activation.value(z.copy())).all()
        np.testing.assert_allclose(slope, chord, rtol=1e-6, atol=1e-6 if activation.name in DEFINITIONS else 1e-3)
        np.testing.assert_allclose(curvature, 0.0, atol=0.0 if activation.name in DEFINITIONS else 1e-3)


def test_names_are_keys_and_shown() -> None:
    for name, activation in ACTIVATIONS.items():
        assert activation.name == name
        assert name in repr(activation) and activation.formula in repr(activation)
