"""Probing: has a worker find out about the state under the cursor, now and then. No Qt."""

from __future__ import annotations

from collections.abc import Callable

from model import Look, Objective, Probe, Surface, Worker, probe
from model.line import Line
from model.worker import Conductor

# What can be found out: how far to trust the picture, and what comes with it; the loss along a line; all eigenvalues.
PROBED = {"trust", "slice", "spectrum"}
EVERY = 0.25  # seconds between looks: exact curvatures cost some hundred steps


class Probing:
    """What is known about the state under the cursor, and the line along which it is sliced, if somebody drew one."""

    def __init__(self, conductor: Conductor) -> None:
        self.worker: Worker[Probe] = Worker("probe", conductor)
        self.found: Probe | None = None
        self.line: Line | None = None
        self._wanted: set[str] = set()
        self._about: tuple[object, ...] | None = None
        self._asked = 0.0
        self._busy = False  # with something of which nothing is known yet

    def forget(self) -> None:
        """What is known, or being found out, is of another run."""
        self.worker.forget()
        self.found = self._about = self.line = None

    def under(self, objective: Objective) -> Probe | None:
        """What was found out last, as long as it is of this objective: of another one it says nothing."""
        return self.found if self.found is not None and self.found.look.experiment.objective is objective else None

    def want(self, wanted: set[str]) -> bool:
        """Which of what can be `PROBED` somebody wants; True if it is something else than before."""
        changed = wanted & PROBED != self._wanted
        if changed:
            self._wanted, self._about = wanted & PROBED, None
        return changed

    def slice_along(self, line: Line | None) -> None:
        """Slice along a line that was drawn, or along the experiment's own."""
        self.line, self._about = line, None

    def take(self) -> tuple[bool, Exception | None]:
        """Take in what was found out; says whether anything was, and the error that ended it, if one did."""
        batch = self.worker.take()
        newest: Probe | None = batch.items[-1] if batch.items else None
        self.found = newest or self.found
        self._busy = batch.running and (self._busy and newest is None)
        return newest is not None, batch.error

    def ask(
        self, about: tuple[object, ...], surface: Surface, look: Callable[[], Look], now: float, thorough: bool
    ) -> None:
        """Find out about a state, unless nobody wants to know, it is known, or the last time was just now.

        Only what is `thorough` compares all states of the path with the sheet; where there is something new every
        moment, that would take the time from it.
        """
        about = (*about, thorough)
        known = self._about is not None and _same(about, self._about)
        if not self._wanted or self._busy or known or now - self._asked < EVERY:
            return
        seen, before = look(), self.found
        line, spectral = "slice" in self._wanted and (self.line or True), "spectrum" in self._wanted
        self._about, self._asked, self._busy = about, now, True
        self.worker.start(lambda: probe(seen, surface.plane, before, line, spectral, thorough))


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return all(a is b or (isinstance(a, int) and a == b) for a, b in zip(one, other, strict=True))
