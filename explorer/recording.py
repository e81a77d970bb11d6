"""Recordings: runs while they go on, as the columns from which frames take their snapshots. No Qt."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from explorer.frame import Change, Run, shown
from model import (
    Experiment,
    Plane,
    State,
    StoredRun,
    Trajectory,
    changes,
)
from model.arrays import Array
from model.changes import Changes
from model.objective import Objective
from model.storage.layout import Segments


class Column:
    """A growing array whose earlier rows never change, so that frames can keep views of it."""

    def __init__(self, rows: Array) -> None:
        self._rows, self.length = rows, len(rows)

    def append(self, rows: Array) -> None:
        """Add rows at the end."""
        needed = self.length + len(rows)
        if needed > len(self._rows):
            grown = np.empty((max(needed, 2 * self.length), *self._rows.shape[1:]))
            grown[: self.length] = self._rows[: self.length]
            self._rows = grown
        self._rows[self.length : needed] = rows
        self.length = needed

    @property
    def view(self) -> Array:
        """All rows so far."""
        return self._rows[: self.length]


class _Marked(NamedTuple):
    """The latest change: the experiment before it, the fields it touched, and the gesture that made it."""

    before: Experiment
    fields: set[str]
    gesture: int


@dataclass(eq=False)
class Recording:
    """A run while it goes on, and when it has ended.

    The training thread writes into `trajectory`; what the session has seen of it is in the columns, one row a state:
    `coords` on the plane drawn, recorded `losses`, and `heights` under the objective drawn. The first `switched` states
    were recorded under another objective than the latest. It begins at `origin`, or at the experiment's start.
    `segments` are the settings from the first on, each with the step from which it holds, `gestures` numbers of what a
    person did to bring them about: a drag is one. An ended run also knows by
    which objective its heights are, `valued`, and by its `slot` how it is drawn.
    """

    label: str
    experiment: Experiment
    origin: State | None = None
    trajectory: Trajectory = field(default_factory=Trajectory)
    coords: Column = field(default_factory=lambda: Column(np.empty((0, 2))))
    losses: Column = field(default_factory=lambda: Column(np.empty(0)))
    heights: Column = field(default_factory=lambda: Column(np.empty(0)))
    batch_losses: Column = field(default_factory=lambda: Column(np.empty(0)))
    test_losses: Column = field(default_factory=lambda: Column(np.empty(0)))
    changes: tuple[Change, ...] = ()
    segments: Segments = ()
    gestures: tuple[int, ...] = (-1,)
    switched: int = 0
    number: int = 0
    slot: int = 0
    hidden: bool = False
    valued: object = None
    _last: _Marked | None = None
    _resolved: tuple[Experiment, Objective] | None = None
    _seen: tuple[tuple[object, ...], Run] | None = None  # the latest snapshot, and of what

    def __post_init__(self) -> None:
        if not self.segments:
            self.segments = ((self.first, self.experiment),)

    @classmethod
    def of(cls, stored: StoredRun, number: int) -> Recording:
        """A whole run that was made elsewhere, or before, as if it had been watched."""
        (first, experiment), *later = stored.segments
        run = cls(stored.label, experiment, trajectory=stored.trajectory, number=number)
        run.see(len(stored.trajectory), None)
        gestures = stored.gestures or range(len(stored.segments))
        for (step, experiment), gesture in zip(later, gestures[1:], strict=True):
            run.adopt(experiment, step - first + 1, gesture)
        return run

    @property
    def objective(self) -> Objective:
        """What it minimises: of the data as they were when its settings came into force, wherever they are from."""
        if self._resolved is None or self._resolved[0] is not self.experiment:
            self._resolved = self.experiment, self.experiment.objective
        return self._resolved[1]

    @property
    def first(self) -> int:
        """The number of its first step, which is known before it is made."""
        return self.trajectory.first if self.origin is None else self.origin.step

    @property
    def length(self) -> int:
        """How many states the session has seen."""
        return self.losses.length

    def see(self, count: int, plane: Plane | None) -> None:
        """Take in the trajectory's states up to number `count`, with their coordinates on the plane drawn."""
        seen, losses = self.length, self.trajectory.losses(self.length, count)
        self.batch_losses.append(self.trajectory.batch_losses(seen, count))
        self.test_losses.append(self.trajectory.test_losses(seen, count))
        params = self.trajectory.params(self.length, count)
        self.coords.append(plane.project(params) if plane else np.full((len(params), 2), np.nan))
        self.heights.append(losses)
        self.losses.append(losses)

    def place_on(self, plane: Plane, known: Array) -> None:
        """Coordinates on another plane; those of the first states are `known`."""
        known = known[: self.length]  # the training thread may be ahead of what has been seen
        if len(known) < self.length:
            known = np.concatenate([known, plane.project(self.trajectory.params(len(known), self.length))])
        self.coords = Column(known)

    def stand_on(self, plane: Plane | None) -> None:
        """Coordinates of an ended run on another plane, or on none: of the states that are drawn, for that is quick."""
        coords = np.full((self.length, 2), np.nan)
        if plane is not None and self.length:
            coords[self.drawn] = plane.project(np.array([self.trajectory[index].params for index in self.drawn]))
        self.coords = Column(coords)

    def value(self, experiment: Experiment, losses: Array | None) -> None:
        """Heights of an ended run by another measure: of the states that are drawn, or not known yet."""
        if losses is None and self.valued is experiment.objective:
            return
        heights = np.full(self.length, np.nan)
        if losses is not None:
            heights[self.drawn], self.valued = losses, experiment.objective
        self.heights = Column(heights)

    def end(self, experiment: Experiment) -> None:
        """No more states follow; its heights so far are under this experiment, if none of them is still to come."""
        self.valued = experiment.objective if np.isfinite(self.heights.view).all() else None

    @property
    def drawn(self) -> Array:
        """The numbers of the states that are drawn of an ended run."""
        return shown(self.length, self.length)

    def adopt(self, experiment: Experiment, index: int, gesture: int) -> bool:
        """From state number `index` on these settings hold; a marker says what changed. True: the objective did."""
        before, self.experiment = self.experiment, experiment
        changed = changes(before, experiment).steering
        if not changed or not index:
            if not index:  # not one step was made under the settings before
                self.segments, self.gestures = ((self.first, experiment),), (gesture,)
            return False
        step = self.trajectory.first + index - 1
        kept = len(self.segments) - (self.segments[-1][0] == step)  # no step was made under those of the same step
        self.segments = (*self.segments[:kept], (step, experiment))
        self.gestures = (*self.gestures[:kept], gesture)
        self._mark(before, changed, step, gesture)
        if changed.effect == "objective":
            self.switched = index
            return True
        return False

    def _mark(self, before: Experiment, changed: Changes, step: int, gesture: int) -> None:
        """A marker for a change; one of the same gesture as the last, such as a slider's drag, widens that marker."""
        last = self._last
        if last is not None and last.fields == set(changed) and last.gesture == gesture:
            before, step = last.before, self.changes[-1].step
            self.changes = self.changes[:-1]
            changed = changes(before, self.experiment).steering
        self._last = _Marked(before, set(changed), gesture) if changed else None
        if changed:
            self.changes = (*self.changes, Change(step, changed.sentence))

    def snapshot(self, elsewhere: bool = False) -> Run:
        """The run as it is now; `elsewhere` says that it belongs to another landscape than the one drawn.

        It is the same object as long as nothing about it changes, so that views need not draw it anew.
        """
        key = (
            self.length, self.coords, self.heights, self.label, self.experiment, self.changes, self.switched, self.slot,
            self.hidden, elsewhere,
        )  # fmt: skip
        if self._seen is None or not all(a is b or a == b for a, b in zip(self._seen[0], key, strict=True)):
            self._seen = key, self._snapshot(elsewhere)
        return self._seen[1]

    def _snapshot(self, elsewhere: bool) -> Run:
        columns = (
            self.coords.view, self.losses.view, self.heights.view, self.batch_losses.view, self.test_losses.view,
        )  # fmt: skip
        run = Run(self.label, self.experiment, self.trajectory, self.length, *columns)
        return replace(
            run, changes=self.changes, segments=self.segments, gestures=self.gestures, switched=self.switched,
            number=self.number, slot=self.slot, hidden=self.hidden, elsewhere=elsewhere,
        )  # fmt: skip
