"""History: settings that can be gone back to. No Qt."""

from __future__ import annotations

import time

from model import Experiment, changes

GESTURE = 0.7  # seconds within which changes of the same fields are one, as when a slider is dragged
MOST = 200  # steps back


class History:
    """Undo and redo of whole experiments, gesture by gesture.

    What is held by the mouse is one gesture until it is let go. Otherwise a change within a moment of the last one, of
    the same fields, joins it: a slider moved by its keys, a number typed twice.
    """

    def __init__(self) -> None:
        self._past: list[Experiment] = []
        self._future: list[Experiment] = []
        self._last: tuple[set[str], float] = set(), 0.0
        self._held = False
        self.gesture = 0  # the number of the latest one

    def hold(self, held: bool) -> None:
        """Something is held by the mouse from now on, or let go: a gesture of its own begins."""
        self._held, self._last = held, (set(), 0.0)
        self.gesture += 1

    def note(self, before: Experiment, after: Experiment) -> None:
        """Remember what was in force before a change."""
        fields, now = set(changes(before, after)), time.monotonic()
        if not fields:
            return
        before_it, when = self._last
        goes_on = bool(before_it) if self._held else fields == before_it and now - when < GESTURE
        joins = goes_on and bool(self._past) and not self._future
        self._last, self._future = (fields, now), []
        if not joins:
            self._past = [*self._past[1 - MOST :], before]
            self.gesture += not self._held

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
        self.gesture += 1
        target.append(current)
        return source.pop()
