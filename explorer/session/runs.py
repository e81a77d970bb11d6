"""Runs: the descent that is active, and those that have ended and stay beside it to be compared. No Qt."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.frame import MOST_ENDED, Run, racing_slot
from explorer.recording import Recording
from model import Experiment, Plane, State, Trajectory
from model.arrays import Array

LONGEST_NAME = 40  # longer ones would fill the legend


class Runs:
    """One active run and at most `MOST_ENDED` others, oldest first; with one more the oldest is forgotten.

    Numbers are never given twice. An ended run keeps its slot, and so its colour and dash, while others come and go.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.ended: tuple[Recording, ...] = ()
        self.removed: tuple[Recording, ...] = ()  # lately, newest last
        self._count = 1
        self.active = Recording("run 1", experiment, number=1)

    def __iter__(self) -> Iterator[Recording]:
        """All of them, the active one last."""
        return iter((*self.ended, self.active))

    @property
    def next_number(self) -> int:
        """The number that the next run will get."""
        return self._count + 1

    def find(self, number: int) -> Recording | None:
        """A run by its number."""
        return next((run for run in self if run.number == number), None)

    def like(self, experiment: Experiment) -> Recording | None:
        """The newest ended run that went under exactly these settings to its end."""
        return next((run for run in reversed(self.ended) if run.experiment == experiment), None)

    def begin(self, experiment: Experiment, at: State | None, words: str, before: Experiment) -> str:
        """Another run becomes the active one; says which one is forgotten for it, if one is.

        The experiment in force `before` is the one that measures the heights of the run that ends.
        """
        self._count += 1
        forgotten = self._end(self.active, before) if self.active.length else ""
        self.active = Recording(f"run {self._count} {words}".strip(), experiment, at, number=self._count)
        return forgotten

    def restart(self, experiment: Experiment, at: State | None, words: str = "") -> None:
        """The active run from its beginning, or from another one; under its name, if there are no words for another."""
        number = self.active.number
        label = f"run {number} {words}".strip() if words else self.active.label
        self.active = Recording(label, experiment, at, number=number)

    def activate(self, number: int, before: Experiment) -> None:
        """An ended run becomes the active one, which ends."""
        run = self.find(number)
        assert run is not None and run is not self.active
        self.ended = tuple(other for other in self.ended if other is not run)
        if self.active.length:
            self._end(self.active, before)
        run.hidden, self.active = False, run

    def add(self, run: Recording) -> str:
        """One more ended run, whose number is the next one.

        It gets the slot of its optimizer, as in the race from which it comes, if no other run has it.
        """
        self._count = max(self._count, run.number)
        self.removed = tuple(other for other in self.removed if other.trajectory is not run.trajectory)
        return self._end(run, run.experiment, racing_slot(type(run.experiment.descent.optimizer)))

    def show(self, trajectory: Trajectory) -> bool:
        """Draw the run whose states these are again, under its name and number; False if there is none."""
        known = [run for run in self if run.trajectory is trajectory]
        for run in known:
            run.hidden = False
        return bool(known)

    def remove(self, number: int) -> None:
        """Forget an ended run, for now."""
        gone = [run for run in self.ended if run.number == number]
        self.ended = tuple(run for run in self.ended if run.number != number)
        self.removed = (*self.removed, *gone)[-MOST_ENDED:]

    def bring_back(self) -> None:
        """The run that was removed last is there again."""
        if self.removed:
            *rest, run = self.removed
            self.removed = tuple(rest)
            self._place(run, run.slot)

    def rename(self, number: int, name: str) -> None:
        """Call a run something else, in one line; no name leaves the old one."""
        run, name = self.find(number), " ".join(name.split())[:LONGEST_NAME]
        if run is not None and name:
            run.label = name

    def _end(self, run: Recording, experiment: Experiment, slot: int = 0) -> str:
        run.end(experiment)
        return self._place(run, slot)

    def _place(self, run: Recording, slot: int) -> str:
        """Among the ended ones, in this slot or the first that is free."""
        kept, forgotten = self.ended[-MOST_ENDED + 1 :], self.ended[: -MOST_ENDED + 1]
        taken = {other.slot for other in kept}
        run.slot = slot if slot not in taken else min(set(range(MOST_ENDED)) - taken)
        self.ended = (*kept, run)
        return "".join(f"; {old.label} is forgotten, {MOST_ENDED} ended runs are kept" for old in forgotten)

    # ---- on the land that is drawn ------------------------------------------------------------------------------

    def near(self, experiment: Experiment) -> list[Recording]:
        """The ended runs that belong on the land of an experiment."""
        here = experiment.objective.space
        return [run for run in self.ended if run.objective.space == here]

    def foreign(self, experiment: Experiment) -> list[Recording]:
        """Those of them whose heights are by another measure."""
        here = experiment.objective
        return [run for run in self.near(experiment) if run.valued is not here]

    def stand_on(self, plane: Plane | None, experiment: Experiment) -> None:
        """Coordinates of the ended runs on another plane, or nowhere."""
        near = self.near(experiment)
        for run in self.ended:
            run.stand_on(plane if run in near else None)

    def value(self, experiment: Experiment, runs: list[Recording], losses: tuple[Array, ...]) -> None:
        """Heights of the ended runs by another measure; of these, in this order, they have been found out."""
        known = dict(zip(map(id, runs), losses, strict=False))
        for run in self.ended:
            run.value(experiment, known.get(id(run)))

    def snapshots(self, experiment: Experiment) -> tuple[Run, ...]:
        """All of them as they are now, the active one last."""
        near = self.near(experiment)
        ended = tuple(run.snapshot(elsewhere=not any(run is other for other in near)) for run in self.ended)
        return (*ended, self.active.snapshot())
