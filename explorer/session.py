"""Session: the one thing that changes. It owns the experiment, the runs, the cursor and the surface.

Two workers train and survey on their threads. Sixty times a second the session looks what they have yielded and, if
anything changed, hands one immutable `Frame` to everybody. It computes little: the coordinates of new states, and the
numbers at the cursor.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from explorer.frame import Frame, Run, number, thinned
from explorer.history import History
from explorer.playback import Playback
from explorer.recording import (
    OBJECTIVE,
    STRUCTURE,
    VIEW,
    Changed,
    Column,
    Recording,
    placed_on,
    sentence,
    touches,
    without,
)
from model import (
    Experiment,
    Function,
    Landscape,
    Look,
    Plane,
    Probe,
    SettingError,
    State,
    Step,
    Surface,
    Trajectory,
    Worker,
    another_start,
    begin,
    changes,
    landscape,
    probe,
    train,
)
from model.activations import Array
from model.line import Line, between
from model.objective import Bounds
from model.plane import LocalKind
from model.running import Bridge, joined, recorded, within_reach
from model.worker import undisturbed

TICK = 16  # milliseconds: one frame at 60 a second
AWHILE = 0.015  # seconds that a first surface is waited for
SOON = 3  # milliseconds after which a survey is looked for that was asked for just now
PROBED = {"trust", "slice", "spectrum"}
MOST_GHOSTS = 8
LONGEST_NAME = 40  # of a run: longer ones would fill the legend
GLANCES = 0.03  # seconds between surveys of a plane that moves
PROBES = 0.25  # seconds between looks at the state under the cursor: exact curvatures cost some hundred steps
SHARE = 0.2  # of a long frame's time, for the workers after it


class Session(QObject):
    """What the application is doing. Every public method is a wish of the user; `frame_changed` is the only answer."""

    frame_changed = Signal(object)
    experiment_changed = Signal(object)
    noticed = Signal(str)
    progressed = Signal(float)  # of the survey: 0 to 1

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trainer: Worker[Step] = Worker("train")
        self._surveyor: Worker[Landscape | None] = Worker("survey")
        self._prober: Worker[Probe | None] = Worker("probe")
        self._workers = self._trainer, self._surveyor, self._prober
        self._wanted: set[str] = set()  # views that show what is probed
        self._line: Line | None = None  # drawn by hand
        self._bridge: Bridge | None = None
        self._zoomed = False  # whether somebody chose which part of which plane to see
        self._probe: Probe | None = None
        self._probed: tuple[object, ...] | None = None  # what it was last asked about, and when
        self._probed_at = 0.0
        self._experiment = experiment
        self._run = Recording("run 1", experiment, number=1)
        self._ghosts: tuple[Run, ...] = ()
        self._runs, self._history = 1, History()
        self._playback = Playback()
        self._training, self._pace = False, 60.0
        self._last_tick = time.perf_counter()
        self._surface: Surface | None = None
        self._heights: Array | None = None  # as they came with it
        self._drawn: Array | None = None  # its losses before it was thinned
        self._surveying, self._wants_plane, self._choosing = False, True, True
        self._until = self._began = 0
        self._diverged = self._cancelled = False
        self._asked, self._seen = 0.0, False  # when a survey was, and whether anything came of it yet
        self._surveyed = 0  # so many states the latest survey knows of
        self._surveyed_at = (-1, False)  # its current state, and whether the plane was moving
        self._logarithmic = True
        self._changed, self._closed, self._hurried = True, False, False
        self.frame = Frame()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._timer.start(TICK)
        self.open(experiment)

    # ---- the experiment -----------------------------------------------------------------------------------------

    @property
    def experiment(self) -> Experiment:
        """The settings in force."""
        return self._experiment

    def open(self, experiment: Experiment) -> None:
        """Forget all runs and begin this experiment at its start; it does not train yet."""
        self._experiment = experiment
        self._ghosts, self._surface, self._runs, self._history = (), None, 1, History()
        self._begin("run 1")
        self.experiment_changed.emit(experiment)

    def change(self, experiment: Experiment) -> None:
        """Switch to these settings. What can go on goes on, from the newest state, with the very next step.

        With the cursor on an earlier state a fork begins there, and what came after it stays as a ghost.
        """
        self._history.note(self._experiment, experiment)
        self._change(experiment)

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
        words = sentence(changes(self._experiment, experiment))
        self._change(experiment)
        self.noticed.emit(f"{what.capitalize()}: {words}")

    def _change(self, experiment: Experiment) -> None:
        changed = changes(self._experiment, experiment)
        if not changed:
            return
        self._experiment = experiment
        behind = not self._playback.following and self._playback.cursor < self._run.length - 1
        if touches(changed, STRUCTURE):
            training = self._training
            self._ghosts, self._surface, self._runs = (), None, 1
            self._begin("run 1")
            self.noticed.emit(f"{sentence(changed)}: a new run")
            if training:
                self.train()
        elif behind and without(changed, VIEW):
            at = self._run.trajectory[self._playback.cursor]
            self._branch(f"from step {at.step:,}", at)
            self.noticed.emit(f"{self._run.label}: {sentence(changed)}")
        else:
            self._switch(changed)
        self.experiment_changed.emit(experiment)

    def new_start(self) -> None:
        """Train from other random weights; the run so far stays in the picture as a ghost."""
        before = self._experiment
        self._experiment, where = another_start(before)
        self._history.note(before, self._experiment)
        self._branch()
        self.experiment_changed.emit(self._experiment)
        self.noticed.emit(f"{self._run.label}: {where}")

    def start_at(self, coords: tuple[float, float]) -> None:
        """Train from a point of the plane that is drawn; the run so far stays in the picture as a ghost."""
        if self._surface is None:
            return
        experiment, plane = self._experiment, self._surface.plane
        params = plane.point(np.array(coords))
        params = params if plane.scale is None else params / plane.scale
        if isinstance(experiment.function, Function):
            x, y = params.tolist()
            function = msgspec.structs.replace(experiment.function, x=x, y=y)
            self._experiment = msgspec.structs.replace(experiment, function=function)
            self._history.note(experiment, self._experiment)
        where = f"at ({number(coords[0])}, {number(coords[1])})"
        self._branch(where, begin(experiment.objective, experiment.descent, params))
        self.experiment_changed.emit(self._experiment)
        self.noticed.emit(f"{self._run.label} begins {where}")

    def _branch(self, words: str = "", at: State | None = None) -> None:
        """Train another run, from the experiment's start or from a state; the run so far becomes a ghost."""
        if self._run.length:
            self._ghosts = (*self._ghosts, self._run.snapshot())[-MOST_GHOSTS:]
        self._runs += 1
        self._begin(f"run {self._runs} {words}".strip(), at, self._runs)
        self.train()

    def _begin(self, label: str, at: State | None = None, number: int = 1) -> None:
        experiment = self._experiment
        self._run = Recording(label, experiment, at, number=number)
        self._training, self._wants_plane = False, True
        self._prober.stop()
        self._prober.take()
        self._probe = self._probed = self._line = self._bridge = None
        self._playback.begin()
        self._surveyor.stop()
        self._surveyor.take()  # what it still has belongs to the run before, perhaps to another network
        self._surveying = False
        trajectory = self._run.trajectory
        self._trainer.set_pace(None)
        self._trainer.start(lambda: recorded(trajectory, train(experiment, None, 0, at)))
        self._changed = True

    def _go_on(self, until: int) -> None:
        """Train under the settings in force, from the newest state there will be by then (or from the start)."""
        experiment, trajectory, origin = self._experiment, self._run.trajectory, self._run.origin
        self._diverged = self._cancelled = False

        def steps(_newest: Step | None) -> Iterator[Step]:
            newest = trajectory[-1] if len(trajectory) else None
            return recorded(trajectory, train(experiment, newest, until, origin))

        self._trainer.replace(steps)

    def _switch(self, changed: Changed) -> None:
        run = self._run
        if not run.length:  # its start is still being made, under the settings before
            training = self._training
            self._begin(run.label, run.origin, run.number)
            if training:
                self.train()
            return
        if self._training:
            self._until = self._began + self._experiment.steps
            self._go_on(self._until)
            if touches(changed, OBJECTIVE):
                run.switched = run.length
        else:
            run.adopt(self._experiment, run.length)
        self._changed = True
        if touches(changed, OBJECTIVE):
            # Heights of ended runs belong to the objective before: they are shown on the map only.
            self._ghosts = tuple(replace(g, heights=np.full(g.length, np.nan)) for g in self._ghosts)
        if touches(changed, ("line",)):
            self._line = None
        if touches(changed, ("plane", "rescale")):
            self.recompute()
        elif touches(changed, (*OBJECTIVE, "resolution")):
            self._survey(keep_plane=True)

    # ---- the list of runs ---------------------------------------------------------------------------------------

    def rename_run(self, number: int, name: str) -> None:
        """Call a run something else, in one line of at most `LONGEST_NAME` letters; no name leaves the old one."""
        name = " ".join(name.split())[:LONGEST_NAME]
        if name and number == self._run.number:
            self._run.label = name
        elif name:
            self._replace_ghosts(number, label=name)
        self._changed = True

    def hide_run(self, number: int, hidden: bool) -> None:
        """Leave an ended run out of the pictures, or draw it again; it stays in the list."""
        if number == self._run.number:
            self.noticed.emit("The active run is always shown.")
        self._replace_ghosts(number, hidden=hidden)
        self._changed = True

    def remove_run(self, number: int) -> None:
        """Forget an ended run."""
        if number == self._run.number:
            self.noticed.emit("The active run cannot be removed; N begins another one.")
        self._ghosts = tuple(ghost for ghost in self._ghosts if ghost.number != number)
        self._changed = True

    def _replace_ghosts(self, number: int, **fields: Any) -> None:
        self._ghosts = tuple(replace(g, **fields) if g.number == number else g for g in self._ghosts)

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
        self._began = self._first + max(self._run.length - 1, 0)
        self._until = self._began + self._experiment.steps
        self._trainer.set_pace(self._pace or None)
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
                self._begin(self._run.label, self._run.origin, self._run.number)

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
        return self._surveying

    @property
    def pace(self) -> float:
        """Steps a second; 0 for as fast as it goes."""
        return self._pace

    @property
    def _first(self) -> int:
        origin = self._run.origin  # known before the first state is made
        return self._run.trajectory.first if origin is None else origin.step

    def _end(self, why: str) -> None:
        self._training, self._changed = False, True
        self._collect()
        newest = self._first + self._run.length - 1
        self.noticed.emit(f"Paused at step {newest:,}: {why}.")

    # ---- the cursor ---------------------------------------------------------------------------------------------

    def seek(self, index: int) -> None:
        """Put the cursor on a state; playback pauses, training goes on."""
        self._playback.seek(index, self._run.length)
        self._changed = True

    def step(self, by: int) -> None:
        """Move the cursor by some states."""
        self.seek(self._playback.cursor + by)

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
        self._cancelled = False
        self._survey(keep_plane=False)

    @Slot()
    def cancel(self) -> None:
        """Stop the survey; what is drawn by then stays."""
        if self._surveying:
            self._surveyor.stop()
            self._surveying, self._changed, self._cancelled = False, True, True
            self.progressed.emit(1.0)
            self.noticed.emit("Survey cancelled; the surface stays as fine as it got.")

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Heights and colours by the logarithm of the loss, or by the loss."""
        self._logarithmic, self._changed = logarithmic, True

    def loss_at(self, coords: tuple[float, float]) -> float | None:
        """The loss at a point of the plane drawn; see `Frame.loss_on_plane`."""
        return self.frame.loss_on_plane(np.array(coords))

    def _survey(self, keep_plane: bool) -> None:
        count = self._run.length
        if not count:
            self._wants_plane = True
            return
        # Asked for another plane a moment ago, and now for this one under another loss: both are meant.
        self._choosing = not keep_plane or self._surface is None or (self._surveying and self._choosing)
        if self._choosing:
            self._zoomed = False
        look = self._look(None if self._choosing or self._surface is None else self._surface.plane)
        self._surveyed, self._surveyed_at = count, (look.current, look.moving)
        # A glance at a moving plane is a matter of milliseconds, as long as no other thread is in its way.
        others = (self._trainer,) if look.moving else ()
        self._surveyor.start(lambda: undisturbed(landscape(look), others))
        self._surveying, self._wants_plane, self._changed = True, False, True
        self._asked, self._seen, self._hurried = time.perf_counter(), False, True
        if not self._closed:
            self._timer.start(SOON)

    def zoom(self, bounds: Bounds) -> None:
        """Survey another part of the plane that is drawn, until a plane is chosen anew."""
        if self._surface is not None and self._run.length and not (self._follows and self._training):
            self._surface = replace(self._surface, plane=replace(self._surface.plane, bounds=bounds))
            self._survey(keep_plane=True)
            self._zoomed = True

    def unzoom(self) -> None:
        """Back to the plane and the part of it that the experiment chooses, if somebody chose another."""
        if self._zoomed:
            self.recompute()

    def draw_line(self, first: tuple[float, float], second: tuple[float, float]) -> None:
        """Slice along a line on the plane that is drawn, until another kind of line is chosen."""
        if self._surface is None:
            return
        ends = self._surface.plane.point(np.array([first, second]))
        try:
            self._line, self._probed = between(ends[0], ends[1], "drawn on the map"), None
        except SettingError as error:
            self.noticed.emit(str(error))

    def show_race(self, runs: Iterable[tuple[str, Experiment, Trajectory]]) -> str:
        """Add ended runs, each with its name and experiment, to the picture as ghosts; says what came of it."""
        plane, shown = self._surface.plane if self._surface else None, 0
        for words, experiment, trajectory in runs:
            if _land(experiment) == _land(self._experiment):
                self._runs += 1
                run = Recording(words, experiment, trajectory=trajectory, number=self._runs)
                run.see(len(trajectory), plane)
                others = tuple(ghost for ghost in self._ghosts if ghost.trajectory is not trajectory)
                self._ghosts = (*others, run.snapshot())[-MOST_GHOSTS:]
                shown, self._changed = shown + 1, True
        return f"{shown} runs are on the map." if shown else "None shown: they belong to another landscape; race again."

    @Slot()
    def connect_runs(self) -> None:
        """Look for a way of low loss from the last ended run's newest state to the one under the cursor."""
        fit = [ghost for ghost in self._ghosts if ghost.length and self._run.length]
        if not fit or self._experiment.objective.size < 3:
            self.noticed.emit("Two runs of a network are needed: train, N for a new start, train again, then connect.")
            return
        look, other = self._look(None), fit[-1]
        if self._run.switched:
            look = replace(look, under=self._run.length)
        end, names = other.trajectory[other.length - 1].params, (other.label, self._run.label)
        self._surveyor.start(lambda: joined(look, end, names))
        self._surveying, self._changed, self._cancelled, self._zoomed = True, True, False, True
        self._asked, self._seen, self._surveyed_at = time.perf_counter(), True, (look.current, False)
        self.noticed.emit(f"Looking for a way from {names[0]} to {names[1]} …")

    def _look(self, plane: Plane | None) -> Look:
        """The path and the state under the cursor, to be looked at by a worker."""
        run, kind = self._run, self._experiment.plane
        before = self._surface.plane if self._surface is not None and kind.local else None
        others = tuple(ghost.trajectory for ghost in self._ghosts)
        return Look(
            self._experiment, run.trajectory, run.length, plane, min(run.switched, run.length), self._playback.cursor,
            others, before, self._follows and (self._training or self._playback.playing),
        )  # fmt: skip

    @property
    def _follows(self) -> bool:
        """Whether the plane goes with the current state."""
        kind = self._experiment.plane
        return isinstance(kind, LocalKind) and kind.follow and self._experiment.objective.size > 2

    def _follow_state(self, now: float) -> None:
        """Survey around the current state again, if the plane goes with it and it has gone on."""
        if not self._follows or self._surveying or self._cancelled or not self._run.length:
            return
        look = self._look(None)
        if (look.current, look.moving) != self._surveyed_at and now - self._asked > GLANCES:
            self._survey(keep_plane=False)

    # ---- the state under the cursor -----------------------------------------------------------------------------

    def set_probing(self, wanted: set[str]) -> None:
        """Which of the `PROBED` views somebody looks at, and wants to be fed."""
        if wanted & PROBED != self._wanted:
            self._wanted, self._probed, self._changed = wanted & PROBED, None, True

    def _take_probe(self, now: float) -> None:
        """Take in what was found out about a state, and ask about the one under the cursor, now and then."""
        batch = self._prober.take()
        found: Probe | None = next((item for item in reversed(batch.items) if item is not None), None)
        if found is not None:
            self._probe, self._changed = found, True
        if batch.error is not None:
            self.noticed.emit(_words(batch.error))
        surface = self._surface
        if not self._wanted or batch.running or surface is None or not self._run.length:
            return
        about = (self._playback.cursor, surface.plane, self._experiment, self._run)
        if now - self._probed_at < PROBES or (self._probed is not None and _same(about, self._probed)):
            return
        look, before = self._look(surface.plane), self._probe
        line, spectral = "slice" in self._wanted and (self._line or True), "spectrum" in self._wanted
        self._probed, self._probed_at = about, now
        self._prober.start(lambda: probe(look, surface.plane, before, line, spectral))

    # ---- sixty times a second -----------------------------------------------------------------------------------

    @Slot()
    def tick(self) -> None:
        """Take what the workers have, move the cursor, and hand out a frame if anything changed.

        The workers wait meanwhile: whoever shows the frame paints it before this returns.
        """
        began = time.perf_counter()
        workers = self._workers
        try:
            for worker in workers:
                worker.hold()
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
            for worker in workers:
                worker.release()
            if not self._closed:
                self._timer.start(self._pause(1000 * (time.perf_counter() - began)))

    def _about_to_see(self, now: float) -> bool:
        """Whether a surface that was asked for while nothing moves is a matter of milliseconds: then one frame shows
        all, and does not keep the surveyor waiting for another frame before it."""
        busy = self._training or self._playback.playing or not self._surveying
        self._hurried = not busy and not self._seen and now - self._asked < AWHILE
        return self._hurried

    def _pause(self, spent: float) -> int:
        """Milliseconds to the next tick, after one that took `spent`.

        Where a frame takes longer than a tick, the workers still get a sixth of the time.
        """
        hurried, self._hurried = self._hurried, False
        if hurried:
            return SOON
        busy = self._training or self._surveying
        return round(max(TICK - spent, SHARE * spent if busy else 0))

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
        run, plane = self._run, self._surface.plane if self._surface else None
        run.see(steps[-1].state.step - self._first + 1, plane)
        again = False
        for step in steps:
            if step.experiment is not run.experiment:
                again |= run.adopt(step.experiment, step.state.step - self._first)
        if self._wants_plane:
            self._survey(keep_plane=False)
        elif again and run.switched > self._surveyed:  # steps made since the survey began, under the objective before
            self._survey(keep_plane=True)
        elif plane is not None and not (
            self._follows or self._zoomed or self._surveying or self._cancelled or plane.contains(run.coords.view[-1])
        ):
            if within_reach(run.heights.view[[0, -1]])[1]:
                self.recompute()
        if self._playback.following:
            self._playback.follow(run.length)
        self._changed = True

    def _receive(self) -> None:
        batch = self._surveyor.take()
        if batch.error is not None:
            self._surveying, self._changed = False, True
            self.progressed.emit(1.0)
            self.noticed.emit(_words(batch.error))
        newest: Landscape | None = next((item for item in reversed(batch.items) if item is not None), None)
        if newest is not None:
            self._choosing, self._seen = False, True
            surface, run = newest.surface, self._run
            if newest.bridge is not None and self._bridge is None:
                straight, curved = (number(barrier) for barrier in newest.bridge.barriers)
                self.noticed.emit(f"A way was found: its barrier is {curved}, that of the straight line {straight}.")
            self._bridge = newest.bridge
            self.progressed.emit(surface.progress)
            if self._surface is None or surface.loss is not self._drawn or newest.heights is not self._heights:
                if self._surface is None or surface.plane is not self._surface.plane:
                    run.place_on(surface.plane, newest.coords)
                    where = None if self._surveyed_at[1] else surface.plane  # far from a plane that moves
                    self._ghosts = tuple(placed_on(ghost, where) for ghost in self._ghosts)
                heights = np.concatenate([newest.heights, run.losses.view[len(newest.heights) :]])
                run.heights, self._heights = Column(heights), newest.heights
                if self._surface is None or surface.loss is not self._drawn:
                    self._surface, self._drawn = thinned(surface), surface.loss
                self._changed = True
        if self._surveying and not batch.running:
            self._surveying, self._changed = False, True
            self.progressed.emit(1.0)

    def _snapshot(self) -> Frame:
        return Frame(
            runs=(*self._ghosts, self._run.snapshot()),
            cursor=self._playback.cursor,
            surface=self._surface,
            objective=self._experiment.objective,
            probe=self._probe,
            bridge=self._bridge,
            logarithmic=self._logarithmic,
            until=self._until,
            training=self._training,
            following=self._playback.following,
            playing=self._playback.playing,
            surveying=self._surveying,
        )

    def close(self) -> bool:
        """End all threads; True if they did. Nothing is emitted afterwards."""
        self._closed = True
        self._timer.stop()
        for worker in self._workers:
            worker.stop()
        ended = [worker.close() for worker in self._workers]
        return all(ended)


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return all(a is b or (isinstance(a, int) and a == b) for a, b in zip(one, other, strict=True))


def _land(experiment: Experiment) -> object:
    """What experiments have in common whose paths belong on one land, wherever they begin."""
    function = experiment.function
    if isinstance(function, Function):
        return type(function), function.formula, tuple(function.constants.items())
    return experiment.objective


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, SettingError) else f"{type(error).__name__}: {error}"
