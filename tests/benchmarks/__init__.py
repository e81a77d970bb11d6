"""Speed and memory beside others that do the same, as one table: `make bench`, or `python -m tests.benchmarks`.

Ours and the peer take turns in one process, on one thread each, and the medians of their rounds are compared: other
work on the machine then slows both alike. A peer that is not installed is named as such, and nothing fails.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from importlib.util import find_spec
from typing import NamedTuple

# Before NumPy and JAX are imported, or it is too late. NPROC is what JAX's own pool of threads goes by.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["NPROC"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["JAX_PLATFORMS"] = "cpu"

MODULES = ("training", "curvature", "surface", "live", "memory", "frames", "steering")
"""Each has `rows() -> list[Row]`, and is imported when it is its turn."""

ABSENT = "not installed"


class Row(NamedTuple):
    """One line of the table, in words; `met` is None where there is nothing to be met or nobody to compare with."""

    name: str
    ours: str
    peer: str
    ratio: str = ""
    bar: str = ""
    met: bool | None = None


def times_faster(
    name: str, seconds: float, peer_seconds: float | None, bar: float | None, shown: Callable[[float], str]
) -> Row:
    """A row on how many times faster ours is than the peer's; `shown` puts seconds into words."""
    wanted = "" if bar is None else f"≥ {bar:g}×"
    if peer_seconds is None:
        return Row(name, shown(seconds), ABSENT, bar=wanted)
    ratio = peer_seconds / seconds
    return Row(
        name, shown(seconds), shown(peer_seconds), f"{ratio:.2f}×", wanted, None if bar is None else ratio >= bar
    )


def at_most(name: str, value: float, bar: float, unit: str, peer: str = "") -> Row:
    """A row on a number that has to stay below a bar."""
    return Row(name, f"{value:.3g} {unit}".strip(), peer, "", f"≤ {bar:g} {unit}".strip(), value <= bar)


def at_least(name: str, value: float, bar: float, unit: str) -> Row:
    """A row on a number that has to reach a bar."""
    return Row(name, f"{value:.3g} {unit}".strip(), "", "", f"≥ {bar:g} {unit}".strip(), value >= bar)


def alternate(*measures: Callable[[], float] | None, rounds: int = 9) -> list[float | None]:
    """The median of what each measures, taking turns, after one round to warm up; None for who is absent."""
    measured = [[measure() if measure else None for measure in measures] for _ in range(rounds + 1)]
    return [
        None if measure is None else statistics.median(value for value in values[1:] if value is not None)
        for measure, values in zip(measures, zip(*measured, strict=True), strict=True)
    ]


def installed(package: str) -> bool:
    """Whether a peer can be imported, without importing it."""
    return find_spec(package) is not None
