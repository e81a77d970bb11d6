"""Schedules: positive, finite learning rates that depend on the step alone."""

from __future__ import annotations

import numpy as np
import pytest

from model import SCHEDULES, Constant, Schedule


@pytest.mark.parametrize("kind", SCHEDULES, ids=lambda kind: kind.__name__)
def test_rates_are_positive_and_repeatable(kind: type[Schedule]) -> None:
    steps = [0, 1, 7, 1000, 10**6]
    rates = [kind().rate(step) for step in steps]
    assert all(np.isfinite(rate) and rate > 0 for rate in rates)
    assert rates == [kind().rate(step) for step in steps]


def test_constant() -> None:
    assert {Constant(learning_rate=0.25).rate(step) for step in range(10)} == {0.25}
