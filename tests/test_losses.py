"""Losses against their definitions, term by term in extended precision; derivatives against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from model import HEADS, LOSSES, Loss
from model.activations import Array
from model.losses import BinaryCrossEntropy, Hinge, Huber, LogCosh, MeanAbsolute, MeanSquared, SoftmaxCrossEntropy
from model.settings import kind_of
from tests.cases import in_turn


def _log_cosh(e: Array) -> Array:
    near = np.minimum(
        np.abs(e), 1.0
    )  # log(1 + 2 sinh²(e/2)) keeps the digits there, the other beyond does not overflow
    return np.where(np.abs(e) < 1.0, np.log1p(2.0 * np.sinh(near / 2.0) ** 2), np.logaddexp(e, -e) - np.log(e * 0 + 2))


def _lack(z: Array, y: Array) -> Array:
    return np.maximum(1.0 - np.where(y == 1.0, z, -z), 0.0)


# The terms of which the loss is the mean. A loss that is not here yet has its own value in extended precision instead.
DEFINITIONS: dict[str, Callable[[Array, Array], Array]] = {
    "mse": lambda z, y: (z - y) ** 2,
    "mae": lambda z, y: np.where(z > y, z - y, y - z),
    "huber": lambda z, y: np.where(np.abs(z - y) <= 1.0, (z - y) ** 2 / 2, np.abs(z - y) - np.longdouble(0.5)),
    "log-cosh": lambda z, y: _log_cosh(z - y),
    "bce": lambda z, y: np.logaddexp(0.0, np.where(y == 1.0, -z, z)),
    "softmax": lambda z, y: np.logaddexp.reduce(z - z[y == 1.0][:, None], axis=1),
    "hinge": _lack,
    "squared-hinge": lambda z, y: _lack(z, y) ** 2,
}
# Head, whether targets have to be classes, fewest outputs.
USES = {
    "mse": ("identity", False, 1),
    "mae": ("identity", False, 1),
    "huber": ("identity", False, 1),
    "log-cosh": ("identity", False, 1),
    "bce": ("sigmoid", True, 1),
    "softmax": ("softmax", True, 2),
    "hinge": ("identity", True, 1),
    "squared-hinge": ("identity", True, 1),
}

every = pytest.mark.parametrize("kind", LOSSES, ids=kind_of)
precisions = in_turn("dtype", [np.float32, np.float64])
CASES = [(kind(), k) for kind in LOSSES for k in (1, 2, 3, 5) if k >= kind.fewest]
every_width = in_turn(("loss", "k"), CASES, ids=lambda case: f"{kind_of(case[0])}-{case[1]}")
DEFINED = [case for case in CASES if kind_of(case[0]) in DEFINITIONS]
every_defined = in_turn(("loss", "k"), DEFINED, ids=lambda case: f"{kind_of(case[0])}-{case[1]}")


def one_hot(n: int, k: int, rng: np.random.Generator) -> Array:
    """Targets that every loss can be compared with: one 1 in each row (with one column: 0 or 1)."""
    if k == 1:
        return rng.integers(0, 2, (n, 1)).astype(float)
    return np.eye(k)[rng.integers(0, k, n)]


def drawn(loss: Loss, n: int, k: int, seed: int) -> tuple[Array, Array]:
    """Outputs, and targets of the kind that the loss is for."""
    rng = np.random.default_rng(seed)
    return 2.0 * rng.normal(size=(n, k)), one_hot(n, k, rng) if loss.labels else rng.normal(size=(n, k))


def exact(loss: Loss, z: Array, y: Array) -> float:
    z, y = z.astype(np.longdouble), y.astype(np.longdouble)
    if kind_of(loss) in DEFINITIONS:
        return float(DEFINITIONS[kind_of(loss)](z, y).mean())
    return float(loss.value(z, y))


@every
def test_uses(kind: type[Loss]) -> None:
    uses = kind.head, kind.labels, kind.fewest
    assert uses == USES.get(kind_of(kind), uses)
    assert kind.head in HEADS and kind.formula


@every_defined
def test_value_is_the_definition(loss: Loss, k: int) -> None:
    z, y = drawn(loss, 30, k, seed=1)
    assert float(loss.value(z, y)) == pytest.approx(exact(loss, z, y), rel=1e-13)


@pytest.mark.parametrize(
    ("loss", "z", "y", "expected"),
    [
        ("mse", [[1.0], [4.0]], [[0.0], [1.0]], 5.0),  # (1 + 9) / 2
        ("mse", [[1.0, 2.0]], [[0.0, 0.0]], 2.5),  # over outputs too
        ("mae", [[1.0], [-4.0]], [[0.0], [1.0]], 3.0),
        ("huber", [[0.5], [3.0]], [[0.0], [0.0]], 1.3125),  # (1/8 + 5/2) / 2
        ("log-cosh", [[np.log(2.0)]], [[0.0]], np.log(1.25)),  # cosh log 2 = (2 + 1/2) / 2
        ("bce", [[0.0]], [[1.0]], np.log(2.0)),
        ("bce", [[np.log(3.0)], [np.log(3.0)]], [[1.0], [0.0]], (np.log(4 / 3) + np.log(4)) / 2),
        ("softmax", [[7.0, 7.0, 7.0]], [[0.0, 1.0, 0.0]], np.log(3.0)),
        ("softmax", [[0.0, np.log(3.0)]], [[1.0, 0.0]], np.log(4.0)),
        ("hinge", [[0.25], [3.0], [0.5]], [[1.0], [1.0], [0.0]], 0.75),  # (3/4 + 0 + 3/2) / 3
        ("squared-hinge", [[0.5], [3.0], [0.5]], [[1.0], [1.0], [0.0]], 2.5 / 3),  # (1/4 + 0 + 9/4) / 3
    ],
)
def test_value_by_hand(loss: str, z: list[list[float]], y: list[list[float]], expected: float) -> None:
    [kind] = [kind for kind in LOSSES if kind_of(kind) == loss]
    assert float(kind().value(np.array(z), np.array(y))) == pytest.approx(expected, rel=1e-14)


@every_width
def test_slope_is_the_derivative(loss: Loss, k: int, central_differences: Any) -> None:
    z, y = drawn(loss, 7, k, seed=2)
    expected = central_differences(lambda z: float(loss.value(z, y)), z)
    np.testing.assert_allclose(loss.slope(z, y), expected, rtol=1e-6, atol=1e-9)


@every_width
def test_curvature_is_the_derivative_of_the_slope(loss: Loss, k: int) -> None:
    (z, y), h = drawn(loss, 7, k, seed=3), 1e-6
    for along in np.random.default_rng(4).normal(size=(3, 7, k)):
        expected = (loss.slope(z + h * along, y) - loss.slope(z - h * along, y)) / (2 * h)
        np.testing.assert_allclose(loss.curvature(z, y, along), expected, rtol=1e-6, atol=1e-9)


@every_width
def test_curvature_is_symmetric(loss: Loss, k: int) -> None:
    """u·Cv = v·Cu."""
    z, y = drawn(loss, 7, k, seed=5)
    u, v = np.random.default_rng(6).normal(size=(2, 7, k))
    first, other = np.sum(u * loss.curvature(z, y, v)), np.sum(v * loss.curvature(z, y, u))
    assert first == pytest.approx(other, rel=1e-12, abs=1e-16)


@every_defined
def test_curvature_is_never_negative(loss: Loss, k: int) -> None:
    """v·Cv ≥ 0: every loss defined here is convex in the outputs."""
    z, y = drawn(loss, 7, k, seed=5)
    for v in np.random.default_rng(6).normal(size=(2, 7, k)):
        assert np.sum(v * loss.curvature(z, y, v)) >= 0.0


@every_width
@precisions
def test_stack_is_the_single_ones_and_double(loss: Loss, k: int, dtype: type) -> None:
    rng = np.random.default_rng(7)
    z: Array = rng.normal(size=(2, 3, 11, k)).astype(dtype)
    y: Array = one_hot(11, k, rng).astype(dtype)
    stack = loss.value(z, y)
    assert stack.shape == (2, 3) and stack.dtype == np.float64
    for index in np.ndindex(2, 3):
        assert stack[index] == pytest.approx(exact(loss, z[index], y), rel=8 * float(np.finfo(dtype).eps))


@every_width
def test_arguments_are_left_alone(loss: Loss, k: int) -> None:
    z, y = drawn(loss, 6, k, seed=8)
    along = np.ones_like(z)
    for array in (z, y, along):
        array.flags.writeable = False
    loss.value(z, y)
    loss.slope(z, y)
    loss.curvature(z, y, along)
    HEADS[loss.head](z)


@precisions
@pytest.mark.parametrize("size", [0.0, 1.0, 40.0, 700.0, 1e4])
@every_width
def test_large_outputs_stay_exact(loss: Loss, k: int, size: float, dtype: type) -> None:
    """Up to ±10⁴, right and wrong alike; a warning would be an error."""
    rng = np.random.default_rng(9)
    y: Array = one_hot(12, k, rng).astype(dtype)
    z: Array = (size * rng.choice([-1.0, 1.0], (12, k))).astype(dtype)
    tolerance = {np.float32: 1e-6, np.float64: 1e-12}[dtype]
    assert float(loss.value(z, y)) == pytest.approx(exact(loss, z, y), rel=tolerance)
    assert np.isfinite(loss.slope(z, y)).all()
    assert np.isfinite(loss.curvature(z, y, np.ones_like(z))).all()


@precisions
@pytest.mark.parametrize("margin", [20.0, 40.0, 80.0])
def test_tiny_cross_entropies_keep_their_digits(margin: float, dtype: type) -> None:
    """A loss of e⁻⁴⁰ is not rounded to 0, not even in float32: log(1 + e⁻ᵐ) for a correct answer by a margin m."""
    expected = float(np.log1p(np.exp(-margin)))
    right: Array = np.array([[margin], [-margin]], dtype)
    answers: Array = np.array([[1.0], [0.0]], dtype)
    assert float(BinaryCrossEntropy().value(right, answers)) == pytest.approx(expected, rel=1e-6, abs=0.0)
    logits: Array = np.array([[margin, 0.0], [100.0 - margin, 100.0]], dtype)
    classes: Array = np.eye(2, dtype=dtype)
    assert float(SoftmaxCrossEntropy().value(logits, classes)) == pytest.approx(expected, rel=1e-6, abs=0.0)


@precisions
@pytest.mark.parametrize("kind", [kind for kind in LOSSES if not kind.labels], ids=kind_of)
@pytest.mark.parametrize("error", [1e-2, 1e-4, 1e-8, 1e-15])
def test_tiny_errors_keep_their_digits(kind: type[Loss], error: float, dtype: type) -> None:
    z: Array = np.array([[error], [-error]], dtype)
    y = np.zeros_like(z)
    assert float(kind().value(z, y)) == pytest.approx(
        exact(kind(), z, y), rel={np.float32: 1e-6, np.float64: 1e-12}[dtype], abs=0.0
    )


@every
def test_not_finite_outputs_give_a_loss_that_is_not_finite(kind: type[Loss]) -> None:
    k = max(kind.fewest, 2)
    z = np.zeros((3, k))
    z[1, 0] = np.nan
    assert not np.isfinite(kind().value(z, np.eye(k)[[0, 1, 0]]))


@pytest.mark.parametrize("w", [-3.0, 0.0, 0.7, 100.0])
def test_squared_error_of_one_weight(w: float) -> None:
    """(w·1 − 0)²: derivative 2w, second derivative 2."""
    z, y = np.array([[w]]), np.zeros((1, 1))
    assert float(MeanSquared().slope(z, y)[0, 0]) == 2.0 * w
    assert float(MeanSquared().curvature(z, y, np.ones((1, 1)))[0, 0]) == 2.0


@every_width
def test_huber_is_half_the_square_below_delta_and_absolute_above(loss: Loss, k: int) -> None:
    z, y = drawn(MeanSquared(), 30, k, seed=10)
    wide, narrow = Huber(delta=1e4), Huber(delta=1e-9)
    assert float(wide.value(z, y)) == pytest.approx(float(MeanSquared().value(z, y)) / 2, rel=1e-13)
    assert float(narrow.value(z, y)) == pytest.approx(1e-9 * float(MeanAbsolute().value(z, y)), rel=1e-7)
    np.testing.assert_allclose(narrow.slope(z, y), 1e-9 * MeanAbsolute().slope(z, y), rtol=1e-13)


@pytest.mark.parametrize("delta", [0.1, 1.0, 2.5])
def test_huber_joins_smoothly_at_delta(delta: float) -> None:
    loss, y = Huber(delta=delta), np.zeros((1, 1))
    for end in (-delta, delta):
        z = np.array([[end]])
        assert float(loss.value(z, y)) == pytest.approx(delta**2 / 2)
        assert float(loss.slope(z, y)[0, 0]) == pytest.approx(end)
        # The halves of its note: below it the curvature is 1, at it and beyond 0.
        inner, at = (float(loss.curvature(part * z, y, np.ones((1, 1)))[0, 0]) for part in (0.999, 1.0))
        assert (inner, at) == (1.0, 0.0)


def test_log_cosh_between_square_and_absolute() -> None:
    """e²/2 − e⁴/12 near 0, |e| − log 2 far out."""
    y = np.zeros((1, 1))
    for e in (-0.01, 1e-3, 0.02):
        assert float(LogCosh().value(np.array([[e]]), y)) == pytest.approx(e**2 / 2 - e**4 / 12, rel=1e-7)
    for e in (-30.0, 500.0, 1e4):
        assert float(LogCosh().value(np.array([[e]]), y)) == pytest.approx(abs(e) - np.log(2.0), rel=1e-14)


@pytest.mark.parametrize("kind", [kind for kind in LOSSES if "hinge" in kind_of(kind)], ids=kind_of)
def test_hinges_are_zero_beyond_the_margin(kind: type[Loss]) -> None:
    z, y = np.array([[1.0], [1.5], [1e4], [-1.0], [-7.0]]), np.array([[1.0], [1.0], [1.0], [0.0], [0.0]])
    assert float(kind().value(z, y)) == 0.0
    np.testing.assert_array_equal(kind().slope(z, y), 0.0)
    np.testing.assert_array_equal(kind().curvature(z, y, np.ones_like(z)), 0.0)
    assert float(kind().value(0.999 * z[:1], y[:1])) > 0.0


@pytest.mark.parametrize(
    "kind", [kind for kind in LOSSES if kind_of(kind) in DEFINITIONS and kind.fewest == 1], ids=kind_of
)
def test_at_a_kink_it_takes_what_its_note_says(kind: type[Loss]) -> None:
    """Kinks are at z = y, |z − y| = δ = 1, or s·z = 1: there the slope, or the curvature, that jumps is taken as 0."""
    z, y = np.array([[1.0]]), np.array([[1.0]])
    if kind is Huber:
        y = np.zeros((1, 1))
    loss, h, along = kind(), 1e-9, np.ones((1, 1))
    slopes = [float(loss.slope(z + step, y)[0, 0]) for step in (-h, 0.0, h)]
    bends = [float(loss.curvature(z + step, y, along)[0, 0]) for step in (-h, 0.0, h)]
    jump = "slope" if abs(slopes[2] - slopes[0]) > 1e-6 else "curvature" if abs(bends[2] - bends[0]) > 1e-6 else ""
    assert bool(kind.note) == bool(jump)
    if jump:
        assert kind.note.startswith(f"no {jump} ") and "0 is taken" in kind.note
        assert {"slope": slopes, "curvature": bends}[jump][1] == 0.0


@pytest.mark.parametrize("k", [2, 3, 10])
def test_a_network_that_says_nothing_loses_log_of_the_classes(k: int) -> None:
    rng = np.random.default_rng(11)
    assert float(SoftmaxCrossEntropy().value(np.zeros((9, k)), one_hot(9, k, rng))) == pytest.approx(np.log(k))
    assert float(BinaryCrossEntropy().value(np.zeros((9, 1)), one_hot(9, 1, rng))) == pytest.approx(np.log(2.0))
    assert float(Hinge().value(np.zeros((9, k)), one_hot(9, k, rng))) == 1.0


@pytest.mark.parametrize("size", [1.0, 40.0, 1e4])
def test_heads_give_probabilities(size: float) -> None:
    z = size * np.random.default_rng(12).normal(size=(3, 20, 4))
    chance, shares = HEADS["sigmoid"](z), HEADS["softmax"](z)
    assert chance.shape == shares.shape == z.shape
    assert (chance >= 0.0).all() and (chance <= 1.0).all() and (shares >= 0.0).all()
    np.testing.assert_allclose(chance + HEADS["sigmoid"](-z), 1.0, rtol=1e-15)
    np.testing.assert_array_equal(chance > 0.5, z > 0.0)
    np.testing.assert_allclose(shares.sum(axis=-1), 1.0, rtol=1e-15)
    np.testing.assert_array_equal(shares.argmax(axis=-1), z.argmax(axis=-1))
    np.testing.assert_allclose(HEADS["softmax"](z + 5.0), shares, rtol=1e-9)  # only differences count
    np.testing.assert_array_equal(HEADS["identity"](z), z)


def test_heads_by_hand() -> None:
    np.testing.assert_allclose(HEADS["sigmoid"](np.log([[3.0]])), [[0.75]], rtol=1e-15)
    np.testing.assert_allclose(HEADS["softmax"](np.log([[1.0, 2.0, 5.0]])), [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)


@every_defined
def test_a_head_is_that_of_its_cross_entropy(loss: Loss, k: int) -> None:
    """Where a loss has a head, its slope is prediction minus target, over the mean's count (Bishop 2006, §4.3.6)."""
    if loss.head == "identity":
        return
    z, y = drawn(loss, 7, k, seed=13)
    count = 7 if kind_of(loss) == "softmax" else 7 * k
    np.testing.assert_allclose(loss.slope(z, y), (HEADS[loss.head](z) - y) / count, rtol=1e-12, atol=1e-16)
