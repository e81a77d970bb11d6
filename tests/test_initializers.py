"""Initialisers: the spread that their papers state, drawn reproducibly."""

from __future__ import annotations

import numpy as np
import pytest

from model import INITIALIZERS, Initializer
from model.initializers import GlorotNormal, HeNormal, LeCunNormal

every = pytest.mark.parametrize("kind", INITIALIZERS, ids=lambda kind: kind.__name__)


@pytest.mark.parametrize(
    ("initializer", "fan_in", "fan_out", "deviation"),
    [
        (GlorotNormal(), 30, 20, 0.2),  # √(2/50)
        (LeCunNormal(), 25, 40, 0.2),  # √(1/25)
        (HeNormal(), 50, 10, 0.2),  # √(2/50)
    ],
)
def test_spread_by_hand(initializer: Initializer, fan_in: int, fan_out: int, deviation: float) -> None:
    rng = np.random.default_rng(0)
    drawn = np.concatenate([initializer.draw(rng, fan_in, fan_out).ravel() for _ in range(40)])
    # Of n normal numbers, the deviation is known to 1/√(2n) of itself, the mean to 1/√n of the deviation: five times.
    assert drawn.std() == pytest.approx(deviation, rel=5.0 / np.sqrt(2 * drawn.size))
    assert abs(drawn.mean()) < 5.0 * deviation / np.sqrt(drawn.size)


@every
def test_a_row_for_each_neuron(kind: type[Initializer]) -> None:
    assert kind().draw(np.random.default_rng(0), 3, 5).shape == (5, 3)


@every
def test_same_seed_same_weights(kind: type[Initializer]) -> None:
    first, again, other = (kind().draw(np.random.default_rng(seed), 4, 4) for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
