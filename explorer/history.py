"""History: settings that can be gone back to. No Qt."""

from __future__ import annotations

import time

from model import Experiment, changes

GESTURE = 0.7  # seconds within which changes of the same fields are one, as when a slider is dragged
MOST = 200  # steps back


class History:
    """Undo and redo of whole experiments. A change within a moment of the last one, of the same fields, joins it."""

    def __init__(self) -> None:
        self._past: list[Experiment] = []
        self._future: list[Experiment] = []
        self._last: tuple[set[str], float] = set(), 0.0

    def note(self, before: Experiment, after: Experiment) -> None:
        """Remember what was in force before a change."""
        fields, now = set(changes(before, after)), time.monotonic()
        if not fields:
            return
        joins = bool(self._past) and not self._future and fields == self._last[0] and now - self._last[1] < GESTURE
        self._last, self._future = (fields, now), []
        if not joins:
            self._past = [*self._past[1 - MOST :], before]

    def back(self, current: Experiment) -> Experiment | None:
        """What was in force before the last change; None where there was none."""
        return self._move(self._past, self._future, current)

    def forth(self, current: Experiment) -> Experiment | None:
        """What was gone back from; None where nothing was."""
        return self._move(self._future, self._past, current)

    def _move(self, source: list[Experiment], target: list[Experiment], current: Experiment) -> Experiment | None:
        if not source:
            return None
        self._last = set(), 0.0
        target.append(current)
        return source.pop()
