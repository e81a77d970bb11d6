"""Losses against their definitions in SciPy's words, slopes against central differences, and both at the extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import log_expit, log_softmax

from model import LOSSES, Loss
from model.activations import Array


def _mse(z: Array, y: Array) -> float:
    return float(sum((a - b) ** 2 for a, b in zip(z.flat, y.flat, strict=True)) / z.size)


def _bce(z: Array, y: Array) -> float:
    return float(-np.mean(y * log_expit(z) + (1.0 - y) * log_expit(-z)))


def _softmax(z: Array, y: Array) -> float:
    return float(-np.mean(log_softmax(z, axis=1)[y == 1.0]))


DEFINITIONS: dict[str, Callable[[Array, Array], float]] = {"mse": _mse, "bce": _bce, "softmax": _softmax}

every = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())
precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def outputs_for(loss: Loss) -> list[int]:
    return [k for k in (1, 2, 3, 5) if k >= loss.fewest]


def one_hot(n: int, k: int, rng: np.random.Generator) -> Array:
    """Targets that every loss can be compared with: one 1 in each row (with one column: 0 or 1)."""
    if k == 1:
        return rng.integers(0, 2, (n, 1)).astype(float)
    return np.eye(k)[rng.integers(0, k, n)]


CASES = [pytest.param(loss, k, id=f"{name}-{k}") for name, loss in LOSSES.items() for k in outputs_for(loss)]


@pytest.mark.parametrize(("loss", "k"), [case for case in CASES if case.values[0].name in DEFINITIONS])  # type: ignore[union-attr]
def test_value_is_the_definition(loss: Loss, k: int) -> None:
    rng = np.random.default_rng(1)
    z, y = 3.0 * rng.normal(size=(20, k)), one_hot(20, k, rng)
    assert float(loss.value(z, y)) == pytest.approx(DEFINITIONS[loss.name](z, y), rel=1e-12)


@pytest.mark.parametrize(
    ("name", "z", "y", "expected"),
    [
        ("mse", [[1.0], [4.0]], [[0.0], [1.0]], 5.0),  # (1 + 9) / 2
        ("mse", [[1.0, 2.0]], [[0.0, 0.0]], 2.5),  # over outputs too
        ("bce", [[0.0]], [[1.0]], np.log(2.0)),
        ("bce", [[np.log(3.0)], [np.log(3.0)]], [[1.0], [0.0]], (np.log(4 / 3) + np.log(4)) / 2),
        ("softmax", [[7.0, 7.0, 7.0]], [[0.0, 1.0, 0.0]], np.log(3.0)),
        ("softmax", [[0.0, np.log(3.0)]], [[1.0, 0.0]], np.log(4.0)),
    ],
)
def test_value_by_hand(name: str, z: list[list[float]], y: list[list[float]], expected: float) -> None:
    assert float(LOSSES[name].value(np.array(z), np.array(y))) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize(("loss", "k"), CASES)
def test_slope_is_the_derivative(loss: Loss, k: int, central_differences: Any) -> None:
    rng = np.random.default_rng(2)
    z, y = 2.0 * rng.normal(size=(7, k)), one_hot(7, k, rng)
    expected = central_differences(lambda z: float(loss.value(z, y)), z)
    np.testing.assert_allclose(loss.slope(z, y), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("loss", "k"), CASES)
def test_stack_is_the_single_ones(loss: Loss, k: int) -> None:
    rng = np.random.default_rng(3)
    z, y = rng.normal(size=(2, 3, 11, k)), one_hot(11, k, rng)
    stack = loss.value(z, y)
    assert stack.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert stack[index] == pytest.approx(float(loss.value(z[index], y)), rel=1e-14)


@pytest.mark.parametrize(("loss", "k"), CASES)
def test_arguments_are_left_alone(loss: Loss, k: int) -> None:
    rng = np.random.default_rng(4)
    z, y = rng.normal(size=(6, k)), one_hot(6, k, rng)
    z.flags.writeable = y.flags.writeable = False
    loss.value(z, y)
    loss.slope(z, y)


@precisions
@pytest.mark.parametrize("size", [0.0, 1.0, 40.0, 700.0, 1e4])
@pytest.mark.parametrize(("loss", "k"), CASES)
def test_large_logits_stay_exact(loss: Loss, k: int, size: float, dtype: type) -> None:
    """Up to ±10⁴, right and wrong alike; a warning would be an error."""
    rng = np.random.default_rng(5)
    y = one_hot(12, k, rng)
    z: Array = (size * rng.choice([-1.0, 1.0], (12, k))).astype(dtype)
    value, slope = float(loss.value(z, y.astype(dtype))), loss.slope(z, y.astype(dtype))
    expected = {"mse": _mse, "bce": _exact_bce, "softmax": _exact_softmax}.get(loss.name)
    assert np.isfinite(value) and np.isfinite(slope).all()
    if expected is not None:
        assert value == pytest.approx(expected(z.astype(float), y), rel=1e-6)


def _exact_bce(z: Array, y: Array) -> float:
    return float(np.mean(np.logaddexp(0.0, np.where(y == 1.0, -z, z))))


def _exact_softmax(z: Array, y: Array) -> float:
    wrong = z - (z * y).sum(axis=1, keepdims=True)
    return float(np.mean(np.logaddexp.reduce(wrong, axis=1)))


@precisions
@pytest.mark.parametrize("margin", [20.0, 40.0, 80.0])
def test_tiny_losses_keep_their_digits(margin: float, dtype: type) -> None:
    """A loss of e⁻⁴⁰ is not rounded to 0, not even in float32: log(1 + e⁻ᵐ) for a correct answer by a margin m."""
    expected = float(np.log1p(np.exp(-margin)))
    right: Array = np.array([[margin], [-margin]], dtype)
    answers: Array = np.array([[1.0], [0.0]], dtype)
    assert float(LOSSES["bce"].value(right, answers)) == pytest.approx(expected, rel=1e-6)
    logits: Array = np.array([[margin, 0.0], [100.0 - margin, 100.0]], dtype)
    classes: Array = np.eye(2, dtype=dtype)
    assert float(LOSSES["softmax"].value(logits, classes)) == pytest.approx(expected, rel=1e-6)


@every
def test_not_finite_outputs_give_a_loss_that_is_not_finite(loss: Loss) -> None:
    k = max(loss.fewest, 2)
    z = np.zeros((3, k))
    z[1, 0] = np.nan
    assert not np.isfinite(loss.value(z, np.eye(k)[[0, 1, 0]]))


def test_names_are_keys_and_shown() -> None:
    for name, loss in LOSSES.items():
        assert loss.name == name
        assert name in repr(loss) and loss.formula in repr(loss)
