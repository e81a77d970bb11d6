"""Session: the one thing that changes. It owns the experiment, the runs, the cursor and the surface.

Two workers train and survey on their threads. Sixty times a second the session looks what they have yielded and, if
anything changed, hands one immutable `Frame` to everybody. It computes nothing itself but the coordinates of new states.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from explorer.frame import Change, Frame, Run
from model import LOSSES, Experiment, Landscape, Step, Trajectory, Worker, changes, landscape, train
from model.activations import Array
from model.experiment import within_reach
from model.settings import SettingError, fields_of

TICK = 16  # milliseconds: one frame at 60 a second
STRUCTURE = ("dataset", "network.widths", "initializer", "seed")
OBJECTIVE = ("loss", "network.activation")
VIEW = ("plane", "resolution")


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


@dataclass
class Recording:
    """A run while it goes on: what frames take their snapshots from."""

    label: str
    experiment: Experiment
    trajectory: Trajectory = field(default_factory=Trajectory)
    coords: Column = field(default_factory=lambda: Column(np.empty((0, 2))))
    losses: Column = field(default_factory=lambda: Column(np.empty(0)))
    heights: Column = field(default_factory=lambda: Column(np.empty(0)))
    changes: tuple[Change, ...] = ()
    switched: int = 0  # so many states were recorded under another objective than the latest

    def snapshot(self) -> Run:
        """The run as it is now."""
        return Run(
            self.label, self.experiment, self.trajectory, len(self.trajectory), self.coords.view, self.losses.view,
            self.heights.view, self.changes,
        )  # fmt: skip


class Session(QObject):
    """What the application is doing. Every public method is a wish of the user; `frame_changed` is the only answer."""

    frame_changed = Signal(object)
    experiment_changed = Signal(object)
    noticed = Signal(str)
    progressed = Signal(float)  # of the survey: 0 to 1

    def __init__(self, experiment: Experiment, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trainer: Worker[Step] = Worker("train")
        self._surveyor: Worker[Landscape] = Worker("survey")
        self._experiment = experiment
        self._run = Recording("run 1", experiment)
        self._ghosts: tuple[Run, ...] = ()
        self._cursor = 0
        self._following, self._playing, self._training = True, False, False
        self._speed, self._pace = 1.0, 60.0
        self._position = 0.0  # of the playback, in states
        self._last_tick = time.perf_counter()
        self._surface = None
        self._surveying, self._wants_plane, self._choosing = False, True, True
        self._until = 0
        self._logarithmic = True
        self._changed = True
        self.frame = Frame()
        self._timer = QTimer(self)
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
        self._ghosts, self._surface = (), None
        self._begin("run 1")
        self.experiment_changed.emit(experiment)

    def change(self, experiment: Experiment) -> None:
        """Switch to these settings. What can go on goes on, from the newest state, with the very next step."""
        changed = changes(self._experiment, experiment)
        if not changed:
            return
        self._experiment = experiment
        if _touches(changed, STRUCTURE):
            training = self._training
            self._ghosts, self._surface = (), None
            self._begin("run 1")
            self.noticed.emit(f"{_sentence(changed)}: a new run")
            if training:
                self.train()
        else:
            self._switch(changed)
        self.experiment_changed.emit(experiment)

    def new_start(self) -> None:
        """Begin again from other random weights; the run so far stays in the picture as a ghost."""
        seed = (self._experiment.seed + 1) % 2**31
        training = self._training
        if len(self._run.trajectory):
            self._ghosts = (*self._ghosts, self._run.snapshot())[-3:]
        label = f"run {int(self._run.label.split()[-1]) + 1}"
        self._experiment = msgspec.structs.replace(self._experiment, seed=seed)
        self._begin(label)
        self.noticed.emit(f"{label}: start seed {seed}")
        self.experiment_changed.emit(self._experiment)
        if training:
            self.train()

    def _begin(self, label: str) -> None:
        experiment = self._experiment
        self._run = Recording(label, experiment)
        self._training, self._following, self._playing = False, True, False
        self._cursor, self._wants_plane = 0, True
        self._surveyor.stop()
        self._surveyor.take()  # what it still has belongs to the run before, perhaps to another network
        self._surveying = False
        self._trainer.set_pace(None)
        self._trainer.start(lambda: train(experiment, None, 0))
        self._changed = True

    def _begin_anew(self) -> None:
        training = self._training
        self._begin(self._run.label)
        if training:
            self.train()

    def _switch(self, changed: dict) -> None:
        experiment = self._experiment
        if not len(self._run.trajectory):  # its start is still being made, under the settings before
            self._begin_anew()
            return
        if _touches(changed, OBJECTIVE):
            self._run.switched = len(self._run.trajectory)
        if self._training:
            fallback, until = self._run.trajectory[-1], self._until
            self._trainer.replace(
                lambda newest: train(experiment, newest.state if newest else fallback, until)
            )
        else:
            self._adopt(experiment)
        if _touches(changed, VIEW):
            self.recompute()
        elif _touches(changed, OBJECTIVE):
            self._survey(keep_plane=True)

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
        experiment, newest = self._experiment, self._run.trajectory[-1] if len(self._run.trajectory) else None
        self._until = (newest.step if newest else 0) + experiment.steps
        until = self._until
        self._trainer.set_pace(self._pace or None)
        if newest is None:  # its start is still being made
            self._trainer.replace(lambda step: train(experiment, step.state if step else None, until))
        else:
            self._trainer.start(lambda: train(experiment, newest, until))
        self._training = self._changed = True
        self.follow()

    @Slot()
    def stop(self) -> None:
        """Make no further step."""
        if self._training:
            self._trainer.stop()
            self._end("stopped by you")
            if not len(self._run.trajectory):  # even its start was not made yet
                self._begin_anew()

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
    def pace(self) -> float:
        """Steps a second; 0 for as fast as it goes."""
        return self._pace

    def _end(self, why: str) -> None:
        self._training, self._changed = False, True
        self._collect()
        newest = len(self._run.trajectory) - 1 + self._run.trajectory.first
        self.noticed.emit(f"Training paused at step {newest:,}: {why}.")

    # ---- the cursor ---------------------------------------------------------------------------------------------

    def seek(self, index: int) -> None:
        """Put the cursor on a state; playback pauses, training goes on."""
        self._following = self._playing = False
        self._place(index)

    def step(self, by: int) -> None:
        """Move the cursor by some states."""
        self.seek(self._cursor + by)

    @Slot()
    def follow(self) -> None:
        """Keep the cursor on the newest state."""
        self._following, self._playing = True, False
        self._place(len(self._run.trajectory) - 1)

    @Slot()
    def toggle_play(self) -> None:
        """Play what is recorded from the cursor on (from the start, if it is at the end), or pause."""
        if self._playing or (self._following and self._training):
            self._following = self._playing = False
        else:
            self._following, self._playing = False, True
            at_end = self._cursor >= len(self._run.trajectory) - 1
            self._position = 0.0 if at_end else float(self._cursor)
            self._last_tick = time.perf_counter()
        self._changed = True

    def set_speed(self, speed: float) -> None:
        """Playback speed; 1 is sixty states a second."""
        self._speed = speed

    def _place(self, index: int) -> None:
        self._cursor = int(np.clip(index, 0, max(len(self._run.trajectory) - 1, 0)))
        self._position = float(self._cursor)
        self._changed = True

    # ---- the surface --------------------------------------------------------------------------------------------

    @Slot()
    def recompute(self) -> None:
        """Choose the plane anew for the path as it is now, and survey it."""
        self._survey(keep_plane=False)

    @Slot()
    def cancel(self) -> None:
        """Stop the survey; what is drawn by then stays."""
        if self._surveying:
            self._surveyor.stop()
            self._surveying, self._changed = False, True
            self.progressed.emit(1.0)
            self.noticed.emit("Survey cancelled; the surface stays as fine as it got.")

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Heights and colours by the logarithm of the loss, or by the loss."""
        self._logarithmic, self._changed = logarithmic, True

    def loss_at(self, coords: tuple[float, float]) -> float | None:
        """The exact loss at a point of the plane drawn (one evaluation)."""
        frame = self.frame
        if frame.plane is None or frame.objective is None:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return float(frame.objective.loss(frame.plane.point(np.array(coords))))

    def _survey(self, keep_plane: bool) -> None:
        run, experiment = self._run, self._experiment
        count = len(run.trajectory)
        if not count:
            self._wants_plane = True
            return
        # Asked for another plane a moment ago, and now for this one under another loss: both are meant.
        self._choosing = not keep_plane or self._surface is None or (self._surveying and self._choosing)
        plane = None if self._choosing or self._surface is None else self._surface.plane
        trajectory, under = run.trajectory, min(run.switched, count)
        self._surveyor.start(lambda: landscape(experiment, trajectory, count, plane, under))
        self._surveying, self._wants_plane, self._changed = True, False, True

    # ---- sixty times a second -----------------------------------------------------------------------------------

    @Slot()
    def tick(self) -> None:
        """Take what the workers have, move the cursor, and hand out a frame if anything changed."""
        self._collect()
        self._receive()
        now = time.perf_counter()
        if self._playing:
            self._advance(now - self._last_tick)
        self._last_tick = now
        if self._changed:
            self._changed = False
            self.frame = self._snapshot()
            self.frame_changed.emit(self.frame)

    def _collect(self) -> None:
        batch = self._trainer.take()
        finite = [step for step in batch.items if np.isfinite(step.state.loss)]
        if finite:
            self._record(finite)
        if batch.error is not None:
            self._training = False
            self.noticed.emit(_words(batch.error))
        elif self._training and not batch.running:
            if len(finite) < len(batch.items):
                self._end("the next loss is not finite. Try a smaller learning rate")
            else:
                self._end("all steps asked for are done, T trains on")

    def _record(self, steps: list[Step]) -> None:
        run = self._run
        for step in steps:
            if step.experiment is not run.experiment:
                self._adopt(step.experiment)
            run.trajectory.append(step.state)
        losses = np.array([step.state.loss for step in steps])
        run.losses.append(losses)
        run.heights.append(losses)
        self._project(np.stack([step.state.params for step in steps]))
        if self._wants_plane:
            self._survey(keep_plane=False)
        if self._following:
            self._place(len(run.trajectory) - 1)
        self._changed = True

    def _adopt(self, experiment: Experiment) -> None:
        """From the newest state on, the run goes by these settings: a marker says what changed."""
        run, trajectory = self._run, self._run.trajectory
        changed = {k: v for k, v in changes(run.experiment, experiment).items() if not _touches({k: v}, VIEW)}
        if changed and len(trajectory):
            step = trajectory.first + len(trajectory) - 1
            run.changes = (*run.changes, Change(step, _sentence(changed)))
            if _touches(changed, OBJECTIVE):
                late, run.switched = len(trajectory) > run.switched, len(trajectory)
                if late:  # steps that were made after the survey began, still under the objective before
                    self._survey(keep_plane=True)
        run.experiment = experiment
        self._changed = True

    def _project(self, params: Array) -> None:
        """Coordinates of new states on the plane drawn; where they leave the part drawn, a new one is asked for."""
        if self._surface is None:
            self._run.coords.append(np.full((len(params), 2), np.nan))
            return
        coords = self._surface.plane.project(params)
        self._run.coords.append(coords)
        astray = not self._surface.plane.contains(coords[-1])
        ends = self._run.losses.view[[0, -1]]
        if astray and not self._surveying and within_reach(ends)[1]:
            self.recompute()

    def _receive(self) -> None:
        batch = self._surveyor.take()
        if batch.error is not None:
            self._surveying = False
            self.noticed.emit(_words(batch.error))
        if batch.items:
            newest: Landscape = batch.items[-1]
            self._choosing = False
            surface, run = newest.surface, self._run
            self.progressed.emit(surface.progress)
            if self._surface is None or surface.loss is not self._surface.loss:
                if self._surface is None or surface.plane is not self._surface.plane:
                    rest = run.trajectory.params(len(newest.coords))
                    after = surface.plane.project(rest) if len(rest) else np.empty((0, 2))
                    run.coords = Column(np.concatenate([newest.coords, after]))
                    self._ghosts = tuple(_reprojected(ghost, surface.plane) for ghost in self._ghosts)
                heights = np.concatenate([newest.heights, run.losses.view[len(newest.heights) :]])
                run.heights = Column(heights)
                self._surface, self._changed = surface, True
        if self._surveying and not batch.running:
            self._surveying, self._changed = False, True
            self.progressed.emit(1.0)

    def _advance(self, seconds: float) -> None:
        self._position += seconds * 60.0 * self._speed
        last = len(self._run.trajectory) - 1
        if self._position >= last:
            self._playing = False
            self._following = self._training
            self._position = float(last)
        self._cursor, self._changed = int(self._position), True

    def _snapshot(self) -> Frame:
        return Frame(
            runs=(*self._ghosts, self._run.snapshot()),
            cursor=self._cursor,
            surface=self._surface,
            objective=self._experiment.objective,
            logarithmic=self._logarithmic,
            until=self._until,
            training=self._training,
            following=self._following,
            playing=self._playing,
            surveying=self._surveying,
        )

    def close(self) -> bool:
        """End both threads; True if they did. Nothing is emitted afterwards."""
        self._timer.stop()
        return all([self._trainer.close(), self._surveyor.close()])


def _touches(changed: dict, paths: tuple[str, ...]) -> bool:
    return any(key == path or key.startswith(path + ".") for key in changed for path in paths)


def _reprojected(run: Run, plane) -> Run:
    return replace(run, coords=plane.project(run.trajectory.params(0, run.length)))


def _sentence(changed: dict) -> str:
    """What changed, from what, to what: "Learning rate η 0.1 → 0.3"."""
    parts = []
    for path, (before, after) in changed.items():
        parts.append(f"{_title(path)} {_shown(path, before)} → {_shown(path, after)}")
    return ", ".join(parts)


def _title(path: str) -> str:
    """The title of a field, found along its path from the experiment down."""
    settings: list = [Experiment]
    title = path
    for name in path.split("."):
        found = [f for s in settings for f in fields_of(s) if f.name == name]
        if not found:
            return title
        title = found[0].title
        settings = list(found[0].kinds) or ([found[0].type] if isinstance(found[0].type, type) and hasattr(found[0].type, "__struct_fields__") else [])
    return title


def _shown(path: str, value: object) -> str:
    if path == "loss":
        return LOSSES[str(value)].title
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return str(getattr(type(value), "caption", "") or value)


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, SettingError) else f"{type(error).__name__}: {error}"
