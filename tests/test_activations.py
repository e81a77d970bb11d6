"""Activations against their definitions, slopes against central differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import expit

from model import ACTIVATIONS, Activation
from model.activations import Array

DEFINITIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": lambda z: 1.0 - 2.0 / (np.exp(2.0 * z) + 1.0),
    "relu": lambda z: np.where(z > 0.0, z, 0.0),
    "sigmoid": expit,
    "identity": lambda z: z,
}

every = pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS.keys())


@pytest.mark.parametrize("name", DEFINITIONS)
def test_value_is_the_definition(name: str) -> None:
    z = np.linspace(-20.0, 20.0, 401)
    np.testing.assert_allclose(ACTIVATIONS[name].value(z), DEFINITIONS[name](z), rtol=1e-12, atol=1e-15)


def test_relu_is_flat_at_zero() -> None:
    zero = np.zeros(1)
    assert ACTIVATIONS["relu"].slope(zero, zero) == 0.0


@every
def test_slope_is_the_derivative(activation: Activation) -> None:
    z, h = np.linspace(-4.9, 5.0, 40), 1e-6
    difference = (activation.value(z + h) - activation.value(z - h)) / (2.0 * h)
    np.testing.assert_allclose(activation.slope(z, activation.value(z)), difference, rtol=1e-7, atol=1e-9)


@every
def test_value_in_place_is_the_same(activation: Activation) -> None:
    z = np.linspace(-5.0, 5.0, 12).reshape(3, 4)
    expected = activation.value(z.copy())
    given = z.copy()
    np.testing.assert_array_equal(activation.value(given, out=given), expected)


@every
def test_slope_leaves_its_arguments_alone(activation: Activation) -> None:
    z = np.linspace(-5.0, 5.0, 12)
    a = activation.value(z.copy())
    z_before, a_before = z.copy(), a.copy()
    activation.slope(z, a)
    np.testing.assert_array_equal(z, z_before)
    np.testing.assert_array_equal(a, a_before)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_precision_are_kept(activation: Activation, dtype: type) -> None:
    z: Array = np.linspace(-1.0, 1.0, 24, dtype=dtype).reshape(2, 3, 4)
    a = activation.value(z.copy())
    slope = activation.slope(z, a)
    assert a.dtype == slope.dtype == dtype
    assert a.shape == slope.shape == z.shape


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_arguments_stay_finite(activation: Activation, dtype: type) -> None:
    z: Array = np.array([-1e4, 1e4], dtype)
    a = activation.value(z.copy())
    assert np.isfinite(a).all()
    assert np.isfinite(activation.slope(z, a)).all()


def test_names_are_keys_and_shown() -> None:
    for name, activation in ACTIVATIONS.items():
        assert activation.name == name
        assert name in repr(activation) and activation.formula in repr(activation)
