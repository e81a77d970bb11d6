"""Bytes that a recorded step costs, beside those of its own numbers: θ, gradient, velocity and two losses."""

from __future__ import annotations

import tracemalloc

import msgspec

from model import Trajectory
from tests.benchmarks import Row
from tests.benchmarks.cases import EXPERIMENT

BAR = 1.2


def rows() -> list[Row]:
    """As allocated (by tracemalloc), the dearest moment of each stretch: just after a block was begun."""
    trajectory, state, worst = Trajectory(), EXPERIMENT.begin(), {1000: 0.0, 10_000: 0.0}
    own = 8 * (3 * EXPERIMENT.network.size + 2)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for count in range(1, 10_001):
        trajectory.append(msgspec.structs.replace(state, step=count))
        if count >= 100:
            taken = (tracemalloc.get_traced_memory()[0] - before) / count
            for end in worst:
                worst[end] = max(worst[end], taken) if end // 10 <= count <= end else worst[end]
    tracemalloc.stop()
    return [
        Row(
            f"bytes per recorded step / its own numbers, steps {end // 10:,} to {end:,}",
            f"{taken:,.0f}",
            f"{own:,}",
            f"{taken / own:.2f}",
            f"≤ {BAR:g}",
            taken / own <= BAR,
        )
        for end, taken in worst.items()
    ]
