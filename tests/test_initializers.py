"""Initialisers: the spread that their papers state, drawn reproducibly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model import INITIALIZERS, Initializer
from model.initializers import Constant, Normal
from model.settings import kind_of

# By fan-in m and fan-out k: the variance, and the shape of the distribution.
STATED: dict[str, tuple[Any, str]] = {
    "glorot-normal": (lambda m, k: 2.0 / (m + k), "normal"),
    "glorot-uniform": (lambda m, k: 2.0 / (m + k), "uniform"),
    "lecun-normal": (lambda m, k: 1.0 / m, "normal"),
    "lecun-uniform": (lambda m, k: 1.0 / m, "uniform"),
    "he-normal": (lambda m, k: 2.0 / m, "normal"),
    "he-uniform": (lambda m, k: 2.0 / m, "uniform"),
    "normal": (lambda m, k: 0.01, "normal"),
    "zeros": (lambda m, k: 0.0, "constant"),
    "constant": (lambda m, k: 0.0, "constant"),
}
KURTOSIS = {"normal": 3.0, "uniform": 9.0 / 5.0}  # the fourth moment over the squared variance

every = pytest.mark.parametrize("kind", INITIALIZERS, ids=kind_of)
KNOWN = [kind for kind in INITIALIZERS if kind_of(kind) in STATED]
every_random = pytest.mark.parametrize("kind", [k for k in KNOWN if STATED[kind_of(k)][1] in KURTOSIS], ids=kind_of)
fans = pytest.mark.parametrize(("fan_in", "fan_out"), [(300, 200), (100, 500), (512, 100)])


@every_random
@fans
def test_moments_are_those_stated(kind: type[Initializer], fan_in: int, fan_out: int) -> None:
    """Mean, variance and fourth moment within five of their standard errors."""
    drawn = kind().draw(np.random.default_rng(0), fan_in, fan_out).ravel()
    variance, shape = STATED[kind_of(kind)][0](fan_in, fan_out), STATED[kind_of(kind)][1]
    kurtosis, n = KURTOSIS[shape], drawn.size
    assert abs(drawn.mean()) < 5.0 * np.sqrt(variance / n)
    assert np.mean(drawn**2) == pytest.approx(variance, rel=5.0 * np.sqrt((kurtosis - 1.0) / n))
    # Of x⁸ the mean is 105σ⁸, or a⁸/9 = 9σ⁸.
    eighth = {"normal": 105.0, "uniform": 9.0}[shape]
    tolerance = 5.0 * np.sqrt((eighth - kurtosis**2) / n) / kurtosis
    assert np.mean(drawn**4) == pytest.approx(kurtosis * variance**2, rel=tolerance)


@pytest.mark.parametrize("kind", [k for k in KNOWN if STATED[kind_of(k)][1] == "uniform"], ids=kind_of)
@fans
def test_uniform_ends(kind: type[Initializer], fan_in: int, fan_out: int) -> None:
    """On [−a, a] with a = √(3·variance); the largest of n numbers is close to a: nearer than 20a/n, but for e⁻¹⁰."""
    drawn = kind().draw(np.random.default_rng(1), fan_in, fan_out)
    end = np.sqrt(3.0 * STATED[kind_of(kind)][0](fan_in, fan_out))
    assert end * (1.0 - 20.0 / drawn.size) < drawn.max() <= end
    assert -end <= drawn.min() < -end * (1.0 - 20.0 / drawn.size)


def test_uniform_ends_by_hand() -> None:
    """√(6/(m+k)), √(3/m), √(6/m) with m = 27, k = 69: ¼, ⅓, √2/3."""
    by_name = {kind_of(kind): kind() for kind in INITIALIZERS}
    for name, end in (("glorot-uniform", 0.25), ("lecun-uniform", 1 / 3), ("he-uniform", np.sqrt(2.0) / 3)):
        drawn = np.abs(by_name[name].draw(np.random.default_rng(2), 27, 69))
        assert 0.99 * end < drawn.max() <= end


def test_zeros_and_constant() -> None:
    by_name = {kind_of(kind): kind() for kind in INITIALIZERS}
    np.testing.assert_array_equal(by_name["zeros"].draw(np.random.default_rng(0), 3, 2), [[0.0] * 3] * 2)
    np.testing.assert_array_equal(by_name["constant"].draw(np.random.default_rng(0), 3, 2), [[1.0] * 3] * 2)
    np.testing.assert_array_equal(Constant(-2.5).draw(np.random.default_rng(0), 1, 1), [[-2.5]])


@pytest.mark.parametrize("deviation", [0.001, 0.5, 100.0])
def test_normal_has_the_deviation_it_was_given(deviation: float) -> None:
    drawn = Normal(deviation).draw(np.random.default_rng(3), 200, 200)
    assert drawn.std() == pytest.approx(deviation, rel=5.0 / np.sqrt(2 * drawn.size))


@every
@pytest.mark.parametrize(("fan_in", "fan_out"), [(3, 5), (1, 1), (1, 4)])
def test_a_row_for_each_neuron(kind: type[Initializer], fan_in: int, fan_out: int) -> None:
    drawn = kind().draw(np.random.default_rng(0), fan_in, fan_out)
    assert drawn.shape == (fan_out, fan_in) and drawn.dtype == np.float64


@every
def test_same_seed_same_weights(kind: type[Initializer]) -> None:
    first, again = (kind().draw(np.random.default_rng(7), 4, 4) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.isfinite(first).all()


@pytest.mark.parametrize("kind", KNOWN, ids=kind_of)
def test_another_seed_other_weights(kind: type[Initializer]) -> None:
    first, other = (kind().draw(np.random.default_rng(seed), 4, 4) for seed in (7, 8))
    assert np.array_equal(first, other) == (STATED[kind_of(kind)][1] == "constant")
