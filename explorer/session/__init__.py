"""Session: the one thing that changes. It owns the experiment, the runs, the cursor and the surface.

Workers train, survey and probe on their threads. Sixty times a second the session looks what they have yielded and, if
anything changed, hands one immutable `Frame` to everybody. It computes little: the coordinates of new states, and the
numbers at the cursor.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from explorer.frame import Frame, number
from explorer.history import History
from explorer.playback import Playback
from explorer.recording import Column, Recording
from explorer.session.probing import PROBED, Probing
from explorer.session.runs import LONGEST_NAME, MOST_ENDED, Runs
from explorer.session.surveying import Surveying
from model import (
    Experiment,
    Function,
    Look,
    Plane,
    SettingError,
    State,
    Step,
    StoredRun,
    Trajectory,
    Worker,
    another_start,
    changes,
    train,
)
from model.activations import Array
from model.changes import Changes
from model.descent import placed
from model.line import between
from model.objective import Bounds
from model.plane import LocalKind
from model.running import recorded, within_reach
from model.worker import Conductor

__all__ = ["LONGEST_NAME", "MOST_ENDED", "PROBED", "Session"]

TICK = 1000 / 60  # milliseconds: one frame at 60 a second
SOON = 3  # milliseconds after which a survey is looked for that was asked for just now
SHARE = 0.2  # of a long frame's time, for the workers after it


class Session(QObject):
    """What the application is doing. Every public method is a wish of the user; `frame_changed` is the only answer."""

    frame_changed = Signal(object)
    experiment_changed = Signal(object)
    noticed = Signal(str)
    progressed = Signal(float)  # of the survey: 0 to 1

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._conductor = Conductor("compute")
        self._trainer: Worker[Step] = Worker("train", self._conductor)
        self._survey, self._probing = Surveying(self._conductor), Probing(self._conductor)
        self._experiment = experiment
        self._runs, self._history = Runs(experiment), History()
        self._playback = Playback()
        self._training, self._pace = False, 60.0
        self._held, self._moved = False, -1  # whether a gesture is under way, and the one that began the active run
        self._last_tick = self._next = time.perf_counter()
        self._until = self._began = 0
        self._diverged = False
        self._logarithmic = True
        self._changed, self._closed, self._hurried = True, False, False
        self.frame = Frame()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(round(TICK))
        self.open(experiment)

    # ---- the experiment -----------------------------------------------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        """The settings in force."""
        return self._experiment

    @property
    def _run(self) -> Recording:
        return self._runs.active

    def open(self, experiment: Experiment) -> None:
        """Forget all runs and begin this experiment at its start; it does not train yet."""
        self._forget(experiment)
        self._begin()
        self.experiment_changed.emit(experiment)

    def open_run(self, stored: StoredRun) -> None:
        """Forget all runs and show one that was made before; it can be trained on."""
        self._forget(stored.experiment)
        self._history.gesture = max(stored.gestures, default=0)
        self._runs.active = Recording.of(stored, number=1)
        self._show_whole()
        self.experiment_changed.emit(self._experiment)

    def _forget(self, experiment: Experiment) -> None:
        self._experiment, self._moved = experiment, -1
        self._runs, self._history, self._survey.surface = Runs(experiment), History(), None

    def change(self, experiment: Experiment) -> None:
        """Switch to these settings. What can go on goes on, from the newest state, with the very next step.

        With the cursor on an earlier state a fork begins there, and what came after it stays as a ghost. Other layers
        or data begin a new run, and the old one stays.
        """
        self._history.note(self._experiment, experiment)
        self._change(experiment)

    def hold(self, held: bool) -> None:
        """Something is being dragged, or let go: all changes in between are one gesture, and begin one run at most."""
        self._held = held
        self._history.hold(held)
        if self._training:
            self._trainer.set_pace(self._pace or None)

    @Slot()
    def undo(self) -> None:
        """Back to the settings before the last change."""
        self._restore(self._history.back(self._experiment), "undo")

    @Slot()
    def redo(self) -> None:
        """Forth to the settings that were gone back from."""
        self._restore(self._history.forth(self._experiment), "redo")

    def _restore(self, experiment: Experiment | None, what: str) -> None:
        if experiment is None:
            self.noticed.emit(f"Nothing to {what}.")
            return
        changed = changes(self._experiment, experiment)
        there = self._runs.like(experiment) if changed.effect == "structure" else None
        if there is not None:  # the run that was left for another structure
            self._activate(there)
        else:
            self._change(experiment)
        self.noticed.emit(f"{what.capitalize()}: {changed.sentence}")

    def _change(self, experiment: Experiment) -> None:
        changed = changes(self._experiment, experiment)
        if not changed:
            return
        before, self._experiment = self._experiment, experiment
        behind = not self._playback.following and self._playback.cursor < self._run.length - 1
        if changed.effect == "structure":
            self._restructure(changed, before)
        elif behind and changed.steering:
            at = self._run.trajectory[self._playback.cursor]
            forgotten = self._branch(f"from step {at.step:,}", at, before)
            self.noticed.emit(f"{self._run.label}: {changed.sentence}{forgotten}")
        else:
            self._switch(changed, before)
        self.experiment_changed.emit(experiment)

    def _restructure(self, changed: Changes, before: Experiment) -> None:
        """A new run, under other layers or data. One that has not made a step, or was begun by this very drag, goes."""
        training, forgotten = self._training, ""
        if self._run.length < 2 or self._begun_by_this_gesture:
            self._runs.restart(self._experiment, None, " ")
        else:
            forgotten = self._runs.begin(self._experiment, None, "", before)
        self._moved = self._history.gesture
        self._leave_land()
        self._begin()
        self.noticed.emit(f"{changed.sentence}: a new run{forgotten}")
        if training:
            self.train()

    def new_start(self) -> None:
        """Train from other random weights; the run so far stays in the picture as a ghost."""
        before = self._experiment
        self._experiment, where = another_start(before)
        self._history.hold(False)  # each is a step back of its own
        self._history.note(before, self._experiment)
        forgotten = self._branch("", None, before)
        self.experiment_changed.emit(self._experiment)
        self.noticed.emit(f"{self._run.label}: {where}{forgotten}")

    def start_at(self, coords: tuple[float, float]) -> None:
        """Train from a point of the plane that is drawn; the run so far stays in the picture as a ghost.

        While the start is being dragged, its run begins anew at every point, as fast as it goes.
        """
        if self._survey.surface is None:
            return
        if not self._held:
            self._history.hold(False)  # each click is a gesture of its own
        experiment, plane = self._experiment, self._survey.surface.plane
        params = plane.point(np.array(coords))
        params = params if plane.scale is None else params / plane.scale
        try:
            self._experiment = _starting_at(params, experiment)
        except SettingError as error:  # somebody has zoomed out farther than a function takes a start
            self.noticed.emit(str(error))
            return
        self._history.note(experiment, self._experiment)
        where, forgotten = f"at ({number(coords[0])}, {number(coords[1])})", ""
        at = placed(experiment.descent, params)
        if self._begun_by_this_gesture:
            self._runs.restart(self._experiment, at, where)
            self._begin(keep_plane=True)
            self.train()
        else:
            forgotten = self._branch(where, at, experiment, keep_plane=True)
        self._moved = self._history.gesture
        self.experiment_changed.emit(self._experiment)
        self.noticed.emit(f"{self._run.label}: begins there{forgotten}")

    @property
    def _begun_by_this_gesture(self) -> bool:
        """Whether what changes now goes on with the change that began the active run, as when something is dragged."""
        return self._moved == self._history.gesture

    def _branch(self, words: str, at: State | None, before: Experiment, keep_plane: bool = False) -> str:
        """Train another run, from the experiment's start or from a state; the run so far, under the experiment in force
        `before`, becomes a ghost. Says which run is forgotten for it."""
        forgotten = self._runs.begin(self._experiment, at, words, before)
        if before.objective.space != self._experiment.objective.space:
            self._leave_land()
        self._begin(keep_plane)
        self.train()
        return forgotten

    def _leave_land(self) -> None:
        """Nothing is drawn any more, and no run has a place, until the first survey of another land."""
        self._survey.surface = None
        self._runs.stand_on(None, self._experiment)

    def _begin(self, keep_plane: bool = False) -> None:
        """Make the first state of the active run."""
        self._clear(keep_plane)
        self._playback.begin()
        experiment, trajectory, origin = self._experiment, self._run.trajectory, self._run.origin
        self._trainer.set_pace(None)
        self._trainer.start(lambda: recorded(trajectory, train(experiment, None, 0, origin)))

    def _show_whole(self, keep_plane: bool = False) -> None:
        """Show the active run, which was made before, at its newest state."""
        self._clear(keep_plane)
        self._trainer.stop()
        self._trainer.take()
        self._run.see(len(self._run.trajectory), None)
        self._playback.follow(self._run.length)
        self._until = self._run.first + max(self._run.length - 1, 0)
        self._ask(keep_plane)

    def _clear(self, keep_plane: bool) -> None:
        """Nothing that is under way, or known of a state, is of the active run."""
        self._training, self._changed = False, True
        self._probing.forget()
        self._survey.forget(keep_plane)

    def _go_on(self, until: int) -> None:
        """Train under the settings in force, from the newest state there will be by then (or from the start)."""
        experiment, trajectory, origin = self._experiment, self._run.trajectory, self._run.origin
        self._diverged = self._survey.cancelled = False

        def steps(made: Step | None) -> Iterator[Step]:
            newest = trajectory[-1] if len(trajectory) else None
            # What was made last may be of another run, if somebody went back to this one.
            under = made.experiment if made is not None and newest is not None and _alike(made.state, newest) else None
            return recorded(trajectory, train(experiment, newest, until, origin, under))

        self._trainer.replace(steps)

    def _switch(self, changed: Changes, before: Experiment) -> None:
        run = self._run
        if not run.length:  # its start is still being made, under the settings before
            training = self._training
            self._runs.restart(self._experiment, run.origin)
            self._begin()
            if training:
                self.train()
            return
        if self._training:
            self._until = self._began + self._experiment.steps
            self._go_on(self._until)
            if changed.effect == "objective":
                run.switched = run.length
        else:
            self._adopt()
        self._changed = True
        now = self._experiment
        if now.line != before.line:
            self._probing.slice_along(None)
        if (now.plane, now.rescale) != (before.plane, before.rescale):
            self.recompute()
        elif now.objective is not before.objective or now.resolution != before.resolution:
            self._ask(keep_plane=True)

    def _adopt(self) -> None:
        """What has been recorded was made under the settings before; from now on those in force hold."""
        run = self._run
        # A step that was being made when training stopped has been recorded all the same.
        run.see(len(run.trajectory), self._survey.surface.plane if self._survey.surface else None)
        if run.adopt(self._experiment, run.length, self._history.gesture):
            self._ask(keep_plane=True)

    # ---- the list of runs ---------------------------------------------------------------------------------------

    def rename_run(self, number: int, name: str) -> None:
        """Call a run something else, in one line of at most `LONGEST_NAME` letters; no name leaves the old one."""
        self._runs.rename(number, name)
        self._changed = True

    def hide_run(self, number: int, hidden: bool) -> None:
        """Leave an ended run out of the pictures, or draw it again; it stays in the list."""
        run = self._runs.find(number)
        if run is self._run:
            self.noticed.emit("The active run is always shown.")
        elif run is not None:
            run.hidden = hidden
        self._changed = True

    def remove_run(self, number: int) -> None:
        """Forget an ended run."""
        if number == self._run.number:
            self.noticed.emit("The active run cannot be removed; N begins another one.")
        self._runs.remove(number)
        self._changed = True

    def bring_back_run(self) -> None:
        """Undo the latest removal."""
        self._runs.bring_back()
        surface = self._survey.surface
        self._runs.stand_on(surface.plane if surface else None, self._experiment)
        if self._runs.foreign(self._experiment):
            self._ask(keep_plane=True)
        self._changed = True

    def activate_run(self, number: int) -> None:
        """Go back to an ended run: it is the one that is scrubbed and trained on, and its settings are in force."""
        run, before = self._runs.find(number), self._experiment
        if run is None or run is self._run:
            return
        self._history.hold(False)
        self._history.note(before, run.experiment)
        self._activate(run)
        self.noticed.emit(f"{run.label} is the active run; T trains on from its newest step.")

    def _activate(self, run: Recording) -> None:
        before, self._experiment = self._experiment, run.experiment
        here = before.objective.space == run.experiment.objective.space
        self._runs.activate(run.number, before)
        if not here:
            self._leave_land()
        self._survey.unplace()
        self._show_whole(keep_plane=here)
        self.experiment_changed.emit(self._experiment)

    def show_race(self, runs: Iterable[tuple[str, Experiment, Trajectory]]) -> str:
        """Add ended runs, each with its name and experiment, to the picture as ghosts; says what came of it."""
        shown, forgotten = 0, ""
        for words, experiment, trajectory in runs:
            if experiment.objective.space != self._experiment.objective.space:
                continue
            shown, self._changed = shown + 1, True
            if self._runs.show(trajectory):  # is there already
                continue
            stored = StoredRun(words, ((trajectory.first, experiment),), trajectory)
            run = Recording.of(stored, self._runs.next_number)
            forgotten += self._runs.add(run)
            run.stand_on(self._survey.surface.plane if self._survey.surface else None)
        if self._runs.foreign(self._experiment) and self._survey.surface is not None:
            self._ask(keep_plane=True)
        if not shown:
            return "None shown: they belong to another landscape; race again."
        return f"{shown} runs are on the map{forgotten}."

    # ---- training -----------------------------------------------------------------------------------------------

    @property
    def training(self) -> bool:
        """Whether steps are being made."""
        return self._training

    @Slot()
    def train(self) -> None:
        """Go on from the newest state, for as many steps as the experiment asks for."""
        if self._training:
            return
        self._collect()
        self._began = self._run.first + max(self._run.length - 1, 0)
        self._until = self._began + self._experiment.steps
        self._trainer.set_pace(None if self._held else self._pace or None)
        self._go_on(self._until)
        self._training = self._changed = True
        self.follow()

    @Slot()
    def stop(self) -> None:
        """Make no further step."""
        if self._training:
            self._trainer.stop()
            self._end("stopped by you")
            if not self._run.length:  # even its start was not seen yet, and now never will be
                self._runs.restart(self._experiment, self._run.origin)
                self._begin()

    @Slot()
    def toggle_training(self) -> None:
        """Train, or stop."""
        self.stop() if self._training else self.train()

    def set_pace(self, per_second: float) -> None:
        """Steps a second; 0 for as fast as it goes."""
        self._pace = per_second
        if self._training:
            self._trainer.set_pace(per_second or None)

    @property
    def playback(self) -> Playback:
        """Where the cursor is and how it moves; to be read."""
        return self._playback

    @property
    def surveying(self) -> bool:
        """Whether a surface is on its way."""
        return self._survey.running

    @property
    def pace(self) -> float:
        """Steps a second; 0 for as fast as it goes."""
        return self._pace

    def _end(self, why: str) -> None:
        self._training, self._changed = False, True
        self._collect()
        if self._run.length and self._run.experiment is not self._experiment:  # switched, and not a step was made since
            self._adopt()
        newest = self._run.first + self._run.length - 1
        self.noticed.emit(f"Paused at step {newest:,}: {why}.")

    # ---- the cursor ---------------------------------------------------------------------------------------------

    def seek(self, index: int) -> None:
        """Put the cursor on a state; playback pauses, training goes on."""
        self._playback.seek(index, self._run.length)
        self._changed = True

    def step(self, by: int) -> None:
        """Move the cursor by some states."""
        self.seek(self._playback.cursor + by)

    def seek_change(self, by: int) -> None:
        """Put the cursor on the next (1) or the previous (-1) state at which a setting was changed."""
        first, cursor = self._run.first, self._playback.cursor
        places = [change.step - first for change in self._run.changes]
        beyond = [place for place in places if (place - cursor) * by > 0]
        if beyond:
            self.seek(min(beyond) if by > 0 else max(beyond))
        else:
            self.noticed.emit("No setting was changed " + ("after this step." if by > 0 else "before this step."))

    @Slot()
    def follow(self) -> None:
        """Keep the cursor on the newest state."""
        self._playback.follow(self._run.length)
        self._changed = True

    @Slot()
    def toggle_play(self) -> None:
        """Play what is recorded from the cursor on (from the start, if it is at the end), or pause."""
        if self._run.length:
            self._playback.toggle(self._run.length, self._training)
            self._last_tick = time.perf_counter()
            self._changed = True

    def set_end(self, end: str) -> None:
        """What playback does at the newest state: one of `playback.ENDS`."""
        self._playback.end = end

    def set_every(self, every: bool) -> None:
        """Whether playback shows every state, however late the frames are."""
        self._playback.every = every

    def set_speed(self, speed: float) -> None:
        """Playback speed; 1 is sixty states a second."""
        self._playback.speed = speed

    # ---- the surface --------------------------------------------------------------------------------------------

    @Slot()
    def recompute(self) -> None:
        """Choose the plane anew for the path as it is now, and survey it."""
        self._survey.cancelled = False
        self._ask(keep_plane=False)

    @Slot()
    def cancel(self) -> None:
        """Stop the survey; what is drawn by then stays."""
        if self._survey.running:
            self._survey.cancel()
            self._changed = True
            self.progressed.emit(1.0)
            self.noticed.emit("Survey cancelled; the surface stays as fine as it got.")

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Heights and colours by the logarithm of the loss, or by the loss."""
        self._logarithmic, self._changed = logarithmic, True

    def loss_at(self, coords: tuple[float, float]) -> float | None:
        """The loss at a point of the plane drawn; see `Frame.loss_on_plane`."""
        return self.frame.loss_on_plane(np.array(coords))

    def _ask(self, keep_plane: bool) -> None:
        """Have the land around the path surveyed: on the plane that is drawn, or on one that is chosen anew."""
        survey = self._survey
        if not self._run.length:
            survey.wanted, survey.keeps = True, keep_plane
            return
        # Asked for another plane a moment ago, and now for this one under another loss: both are meant.
        survey.choosing = not keep_plane or survey.surface is None or (survey.running and survey.choosing)
        if survey.choosing:
            survey.zoomed = False
        look = self._look(None if survey.choosing or survey.surface is None else survey.surface.plane)
        survey.ask(look, self._runs.foreign(self._experiment))
        self._changed = self._hurried = True
        if not self._closed:
            self._timer.start(SOON)

    def zoom(self, bounds: Bounds) -> None:
        """Survey another part of the plane that is drawn, until a plane is chosen anew."""
        surface = self._survey.surface
        if surface is not None and self._run.length and not (self._follows and self._training):
            self._survey.surface = replace(surface, plane=replace(surface.plane, bounds=bounds))
            self._ask(keep_plane=True)
            self._survey.zoomed = True

    def unzoom(self) -> None:
        """Back to the plane and the part of it that the experiment chooses, if somebody chose another."""
        if self._survey.zoomed:
            self.recompute()

    def draw_line(self, first: tuple[float, float], second: tuple[float, float]) -> None:
        """Slice along a line on the plane that is drawn, until another kind of line is chosen."""
        if self._survey.surface is None:
            return
        ends = self._survey.surface.plane.point(np.array([first, second]))
        try:
            self._probing.slice_along(between(ends[0], ends[1], "drawn on the map"))
        except SettingError as error:
            self.noticed.emit(str(error))

    @Slot()
    def connect_runs(self) -> None:
        """Look for a way of low loss from the last ended run's newest state to the one under the cursor."""
        fit = [run for run in self._runs.near(self._experiment) if run.length and self._run.length]
        if not fit or self._experiment.objective.size < 3:
            self.noticed.emit("Two runs of a network are needed: train, N for a new start, train again, then connect.")
            return
        look, other = self._look(None), fit[-1]
        if self._run.switched:
            look = replace(look, under=self._run.length)
        end, names = other.trajectory[other.length - 1].params, (other.label, self._run.label)
        self._survey.join(look, end, names)
        self._changed = True
        self.noticed.emit(f"Looking for a way from {names[0]} to {names[1]} …")

    def _look(self, plane: Plane | None) -> Look:
        """The path and the state under the cursor, to be looked at by a worker."""
        run, surface = self._run, self._survey.surface
        # As long as not a step was made under another objective, all that is seen was recorded under the one before.
        ahead = run.objective is not self._experiment.objective
        under = run.length if ahead else min(run.switched, run.length)
        return Look(
            self._experiment, run.trajectory, run.length, plane, under, self._playback.cursor,
            others=tuple(other.trajectory for other in self._runs.near(self._experiment)),
            before=surface.plane if surface is not None and self._experiment.plane.local else None,
            moving=self._follows and (self._training or self._playback.playing),
            foreign=tuple((other.trajectory, other.drawn) for other in self._runs.foreign(self._experiment)),
        )  # fmt: skip

    @property
    def _follows(self) -> bool:
        """Whether the plane goes with the current state."""
        kind = self._experiment.plane
        return isinstance(kind, LocalKind) and kind.follow and self._experiment.objective.size > 2

    def _follow_state(self, now: float) -> None:
        """Survey around the current state again, if the plane goes with it and it has gone on."""
        survey = self._survey
        if not self._follows or survey.running or survey.cancelled or not self._run.length:
            return
        if survey.due(self._look(None), now):
            self._ask(keep_plane=False)

    # ---- the state under the cursor -----------------------------------------------------------------------------

    def set_probing(self, wanted: set[str]) -> None:
        """Which of what can be `PROBED` somebody wants to see."""
        self._changed |= self._probing.want(wanted)

    def _take_probe(self, now: float) -> None:
        """Take in what was found out about a state, and ask about the one under the cursor, now and then."""
        found, error = self._probing.take()
        self._changed |= found
        if error is not None:
            self.noticed.emit(_words(error))
        surface = self._survey.surface
        if surface is not None and self._run.length:
            about = (self._playback.cursor, surface.plane, self._experiment, self._run)
            still = not (self._training or self._playback.playing)
            self._probing.ask(about, surface, lambda: self._look(surface.plane), now, thorough=still)

    # ---- sixty times a second -----------------------------------------------------------------------------------

    @Slot()
    def tick(self) -> None:
        """Take what the workers have, move the cursor, and hand out a frame if anything changed.

        The workers wait meanwhile: whoever shows the frame paints it before this returns.
        """
        began = time.perf_counter()
        self._conductor.hold()
        try:
            self._collect()
            self._receive()
            self._follow_state(began)
            self._take_probe(began)
            if self._playback.playing:
                self._playback.advance(began - self._last_tick, self._run.length, self._training)
                self._changed = True
            self._last_tick = began
            if self._changed and not self._about_to_see(began):
                self._changed = False
                self.frame = self._snapshot()
                self.frame_changed.emit(self.frame)
        finally:  # an error is reported, and the next frame comes all the same
            self._conductor.release()
            if not self._closed:
                self._timer.start(self._pause(began, time.perf_counter()))

    def _about_to_see(self, now: float) -> bool:
        """Whether a surface that was asked for while nothing moves is a matter of milliseconds: then one frame shows
        all, and does not keep the surveyor waiting for another frame before it."""
        still = not (self._training or self._playback.playing)
        self._hurried = (still or self._survey.surface is None) and self._survey.soon(now)
        return self._hurried

    def _pause(self, began: float, ended: float) -> int:
        """Milliseconds to the next tick, after one that began and ended then: sixty of them begin in a second.

        Where a frame takes longer than a tick, the workers still get a sixth of the time.
        """
        hurried, self._hurried = self._hurried, False
        if hurried:  # the very first surface takes a while, and whoever looks every moment is in its way
            return SOON if self._survey.surface is not None else 3 * SOON
        self._next = min(max(self._next + TICK / 1000, ended), ended + TICK / 1000)
        busy = self._training or self._survey.running
        return int(1000 * max(self._next - ended, SHARE * (ended - began) if busy else 0))

    def _collect(self) -> None:
        batch = self._trainer.take()
        steps = batch.items
        if steps and not math.isfinite(steps[-1].state.loss):
            self._diverged, steps = True, steps[:-1]
        if steps:
            self._see(steps)
        if batch.error is not None:
            self._training, self._changed = False, True
            self.noticed.emit(_words(batch.error))
        elif self._training and not batch.running:
            if self._diverged:
                self._end("the next loss is not finite; try a smaller learning rate")
            else:
                self._end("all steps are done, T trains on")

    def _see(self, steps: list[Step]) -> None:
        run, survey = self._run, self._survey
        plane = survey.surface.plane if survey.surface else None
        run.see(steps[-1].state.step - run.first + 1, plane)
        again = False
        for step in steps:
            if step.experiment is not run.experiment:
                again |= run.adopt(step.experiment, step.state.step - run.first, self._history.gesture)
        if survey.wanted:
            self._ask(survey.keeps)
        elif again and run.switched > survey.count:  # steps made since the survey began, under the objective before
            self._ask(keep_plane=True)
        elif plane is not None and not (
            self._follows or survey.zoomed or survey.running or survey.cancelled or plane.contains(run.coords.view[-1])
        ):
            if within_reach(run.heights.view[[0, -1]])[1]:
                self.recompute()
        if self._playback.following:
            self._playback.follow(run.length)
        self._changed = True

    def _receive(self) -> None:
        survey, run = self._survey, self._run
        was_running, bridged = survey.running, survey.bridge is not None
        newest, error = survey.take()
        if error is not None:
            self.noticed.emit(_words(error))
        if newest is not None:
            if newest.bridge is not None and not bridged:
                straight, curved = (number(barrier) for barrier in newest.bridge.barriers)
                self.noticed.emit(f"A way was found: its barrier is {curved}, that of the straight line {straight}.")
            self.progressed.emit(newest.surface.progress)
            fresh, moved = survey.show(newest)
            if moved:
                run.place_on(newest.surface.plane, newest.coords)
                # Far from a plane that moves with the active run, the others are nowhere.
                self._runs.stand_on(None if survey.at[1] else newest.surface.plane, self._experiment)
            if fresh:
                run.heights = Column(np.concatenate([newest.heights, run.losses.view[len(newest.heights) :]]))
                self._runs.value(self._experiment, survey.foreign, newest.others)
                self._changed = True
        if was_running and not survey.running:
            self._changed = True
            self.progressed.emit(1.0)

    def _snapshot(self) -> Frame:
        return Frame(
            runs=self._runs.snapshots(self._experiment),
            cursor=self._playback.cursor,
            surface=self._survey.surface,
            objective=self._experiment.objective,
            probe=self._probing.under(self._experiment.objective),
            bridge=self._survey.bridge,
            removed=self._runs.removed[-1].label if self._runs.removed else "",
            logarithmic=self._logarithmic,
            until=self._until,
            training=self._training,
            following=self._playback.following,
            playing=self._playback.playing,
            surveying=self._survey.running,
        )

    def close(self) -> bool:
        """End all threads; True if they did. Nothing is emitted afterwards."""
        self._closed = True
        self._timer.stop()
        return self._conductor.close()


def _starting_at(params: Array, experiment: Experiment) -> Experiment:
    """The experiment, which says itself that it starts there if it is one of a function of x and y."""
    if not isinstance(experiment.function, Function):
        return experiment
    x, y = params.tolist()
    return msgspec.structs.replace(experiment, function=msgspec.structs.replace(experiment.function, x=x, y=y))


def _alike(one: State, other: State) -> bool:
    return one.step == other.step and all(
        np.array_equal(mine, its) for mine, its in ((one.params, other.params), (one.gradient, other.gradient))
    )


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, SettingError) else f"{type(error).__name__}: {error}"
