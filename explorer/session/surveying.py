"""Surveying: asks a worker for the land around a path, and keeps what is drawn of it. No Qt."""

from __future__ import annotations

import time

from explorer.frame import thinned
from explorer.recording import Recording
from model import Landscape, Look, Plane, Surface, Worker, landscape
from model.arrays import Array
from model.running import Bridge, joined
from model.worker import Conductor

AWHILE, FIRST = 0.015, 0.6  # seconds that another surface is waited for, and the very first one
GLANCES = 0.03  # seconds between surveys of a plane that moves


class Surveying:
    """One survey at a time; a new one takes the place of the old one, whose late answers are dropped.

    `surface` is what is drawn, `bridge` the ways between two runs that its plane was chosen for. `wanted` says that a
    survey is to begin as soon as there is a state, on the plane there is if it `keeps` that; `choosing` that the survey
    under way chooses a plane, `zoomed` that somebody chose which part of which plane to see, `cancelled` that nobody
    wants surveys that he did not ask for.
    """

    def __init__(self, conductor: Conductor) -> None:
        self.worker: Worker[Landscape] = Worker("survey", conductor)
        self.surface: Surface | None = None
        self.bridge: Bridge | None = None
        self.running, self.wanted, self.keeps, self.choosing = False, True, False, True
        self.zoomed = self.cancelled = False
        self.count = 0  # so many states the latest survey knows of
        self.at = (-1, False)  # its current state, and whether the plane was moving
        self.foreign: list[Recording] = []  # the runs whose heights it finds out
        self._asked, self._seen = 0.0, False  # when it was asked for, and whether anything came of it yet
        self._heights: Array | None = None  # as they came with the surface
        self._losses: Array | None = None  # its losses before it was thinned
        self._placed: Plane | None = None  # the plane on which the path's coordinates are known

    def forget(self, keeps: bool) -> None:
        """Drop what is under way: it belongs to another run, perhaps to another network."""
        self.worker.forget()
        self.running, self.bridge, self.keeps = False, None, keeps
        self.wanted = not keeps or self.surface is None or self.surface.progress < 1

    def ask(self, look: Look, foreign: list[Recording]) -> None:
        """Survey what is to be looked at; all else waits for the first, coarse surface."""
        self._start(look, foreign)
        self.wanted = self._seen = False
        self.worker.start(lambda: landscape(look), urgent=True)

    def join(self, look: Look, end: Array, names: tuple[str, str]) -> None:
        """Find a way of low loss from parameters `(P,)` to the current state, and survey the plane through it."""
        self._start(look, [])
        self.cancelled, self.zoomed, self._seen = False, True, True
        self.worker.start(lambda: joined(look, end, names))

    def _start(self, look: Look, foreign: list[Recording]) -> None:
        self.count, self.at, self.foreign = look.count, (look.current, look.moving), foreign
        self.running, self._asked = True, time.perf_counter()

    def cancel(self) -> None:
        """Stop; what is drawn by then stays."""
        self.worker.stop()
        self.running, self.cancelled = False, True

    def due(self, look: Look, now: float) -> bool:
        """Whether a plane that goes with the current state is to be surveyed again."""
        return (look.current, look.moving) != self.at and now - self._asked > GLANCES

    def soon(self, now: float) -> bool:
        """Whether the first surface is worth waiting for; a frame without any is hardly a picture."""
        patience = FIRST if self.surface is None else AWHILE
        return self.running and not self._seen and now - self._asked < patience

    def take(self) -> tuple[Landscape | None, Exception | None]:
        """The newest that came since the last look, and the error that ended it, if one did."""
        batch = self.worker.take()
        newest: Landscape | None = batch.items[-1] if batch.items else None
        if newest is not None:
            self.choosing, self._seen = False, True
        self.running = self.running and batch.running
        return newest, batch.error

    def show(self, newest: Landscape) -> tuple[bool, bool]:
        """Draw it from now on. Says whether it has anything new, and whether its plane is another one."""
        surface, self.bridge = newest.surface, newest.bridge
        drawn = self.surface is not None and surface.loss is self._losses
        if drawn and newest.heights is self._heights:
            return False, False
        moved = surface.plane is not self._placed
        self._heights, self._placed = newest.heights, surface.plane
        if not drawn:
            self.surface, self._losses = thinned(surface), surface.loss
        return True, moved

    def unplace(self) -> None:
        """The path that is drawn is another one: what comes next is new, even on the plane there is."""
        self._heights = self._losses = self._placed = None
