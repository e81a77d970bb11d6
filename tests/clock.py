"""A clock that stands still until it is moved: what is about time itself waits for none, and measures none."""

from __future__ import annotations

import time

import pytest


class Clock:
    """Takes the place of a module's `time`; both of its clocks are this one."""

    def __init__(self) -> None:
        self.now = time.monotonic()  # or what was noted of the other one before would be of the future

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


def stop_clock(monkeypatch: pytest.MonkeyPatch, *modules: str) -> Clock:
    """Let time stand still in modules, given by their names."""
    clock = Clock()
    for module in modules:
        monkeypatch.setattr(f"{module}.time", clock)
    return clock
