"""Experiment: everything that defines a run, as one frozen value that JSON can hold.

Two equal experiments give bit-identical runs on the same machine and library versions: all randomness follows from
the seeds in here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from model.activations import Array
from model.datasets import DATASETS, Moons, Source
from model.descent import Descent, State, begin, descend, resume
from model.initializers import INITIALIZERS, GlorotNormal, Initializer
from model.losses import LOSSES
from model.network import Network
from model.objective import Fit, unsuited
from model.plane import PLANES, Plane, PlaneKind, Principal
from model.settings import SettingError, Settings, build, setting
from model.surface import Surface, survey
from model.trajectory import Trajectory

MOST_BYTES = 4_000_000_000  # that the parameters, gradients and velocities of one training may take


class Experiment(Settings, frozen=True):
    """What is learnt, by which network, measured how, descended how, drawn where."""

    title: Annotated[str, setting("Title")] = "Untitled"
    about: Annotated[str, setting("About")] = ""
    dataset: Annotated[Source, setting("Data", kinds=DATASETS)] = Moons()
    network: Annotated[Network, setting("Network")] = Network()
    initializer: Annotated[Initializer, setting("Initialiser", "how the weights begin", kinds=INITIALIZERS)] = (
        GlorotNormal()
    )
    seed: Annotated[int, setting("Start seed", "draws the weights to start from", ge=0, le=2**31)] = 0
    loss: Annotated[str, setting("Loss", "what the descent goes down on", choices=LOSSES)] = "bce"
    descent: Annotated[Descent, setting("Optimizer")] = Descent()
    steps: Annotated[
        int,
        setting("Steps", "training pauses after so many", ge=1, le=1_000_000, slider=(10, 10_000)),
    ] = 500
    plane: Annotated[PlaneKind, setting("Plane", kinds=PLANES)] = Principal()
    resolution: Annotated[int, setting("Grid", "points per side of the finest surface", ge=3, le=401)] = 101

    def __post_init__(self) -> None:
        super().__post_init__()
        _objective(self.dataset, self.network, self.loss)
        self.plane.check(self.network)
        widest = self.dataset.load().inputs.shape[0] * max(self.network.widths)
        if widest > 10_000_000:
            allowed = "layers and data of which the product, neurons times points, is at most 10,000,000"
            raise SettingError("network.widths", self.network.widths, allowed)
        most = MOST_BYTES // (24 * self.network.size)
        if self.steps > most:
            raise SettingError("steps", self.steps, f"1 to {most:,}, for a network of {self.network.size:,} parameters")

    @property
    def objective(self) -> Fit:
        """The loss of the network on the data; the same object for equal settings."""
        return _objective(self.dataset, self.network, self.loss)

    def begin(self) -> State:
        """The state before the first step."""
        params = self.network.begin(self.initializer, self.seed)
        return begin(self.objective, self.descent, params)

    def run(self, steps: int | None = None) -> Trajectory:
        """The start and the `steps` (by default those of the experiment) that follow it."""
        start = self.begin()
        states = descend(self.objective, self.descent, start)
        return Trajectory([start, *islice(states, self.steps if steps is None else steps)])

    def slice_of(self, trajectory: Trajectory) -> Plane:
        """The plane that this experiment draws, for a path."""
        return self.plane.plane(self.network, trajectory.params())


@lru_cache(maxsize=32)
def _objective(source: Source, network: Network, loss: str) -> Fit:
    return Fit(source.load(), network, loss)


def with_field(experiment: Experiment, name: str, value: object) -> Experiment:
    """The experiment with one field changed; other data or another network bring what has to go with them.

    Other data set the sizes of the first and last layer; where the loss does not suit, the first that does is taken.
    Raises `SettingError` when that is not enough.
    """
    fields = {key: getattr(experiment, key) for key in experiment.__struct_fields__} | {name: value}
    if name in ("dataset", "network"):
        dataset, network = fields["dataset"].load(), fields["network"]
        if name == "dataset":
            last = network.widths[-1] if network.widths[-1] in dataset.outputs else dataset.outputs[0]
            widths = (dataset.inputs.shape[1], *network.widths[1:-1], last)
            network = fields["network"] = Network(widths, network.activation)
        if unsuited(fields["loss"], dataset, network):
            fields["loss"] = next(loss for loss in reversed(LOSSES) if not unsuited(loss, dataset, network))
    return Experiment(**fields)


class Step(NamedTuple):
    """A state, and the experiment under whose settings it was reached."""

    experiment: Experiment
    state: State


def train(experiment: Experiment, state: State | None, until: int) -> Iterator[Step]:
    """Go on from `state` under the settings of `experiment`, to step `until` or as far as the loss is finite.

    Without a state it begins at the experiment's start, which is then the first that it yields.
    """
    if state is None:
        state = experiment.begin()
        yield Step(experiment, state)
    else:
        state = resume(experiment.objective, experiment.descent, state)
    states = descend(experiment.objective, experiment.descent, state)
    for following in islice(states, max(until - state.step, 0)):
        yield Step(experiment, following)


def recorded(trajectory: Trajectory, steps: Iterator[Step]) -> Iterator[Step]:
    """The same steps, each written into `trajectory` before it is handed on, if its loss is finite."""
    for step in steps:
        if math.isfinite(step.state.loss):
            trajectory.append(step.state)
        yield step


MOST_NUMBERS = 2**24  # in the states that a plane is chosen for, of the path so far
CHUNK = 256  # states at a time, so that nobody waits long for the interpreter


class Landscape(NamedTuple):
    """A surface and, for the first N states of a path, what belongs to it.

    `coords` `(M, 2)` on its plane, of the path as it has grown by then; `heights` `(N,)`, the loss of the first N under
    the experiment's objective.
    """

    surface: Surface
    coords: Array
    heights: Array


def landscape(
    experiment: Experiment, trajectory: Trajectory, count: int, plane: Plane | None, under: int = 0
) -> Iterator[Landscape | None]:
    """Survey the land around the first `count` ≥ 1 states of a path, coarse to fine.

    Without a `plane` it chooses the experiment's, for the path so far and as it will go on to `experiment.steps` if
    nothing is changed: a descent is deterministic, so a rehearsal shows the future, and the plane goes through its end.
    The first `under` states were recorded under another objective: their heights are NaN at first and then taken anew,
    the others are their recorded losses. Yields None, where it can be stopped, while there is nothing to show yet.
    """
    if plane is None:
        path = []
        for state in _sample(experiment, trajectory, count, under):
            path.append(state.params)
            yield None
        plane = experiment.plane.plane(experiment.network, np.stack(path))
    parts, known, heights = [], 0, trajectory.losses(0, count)
    heights[:under] = np.nan
    for surface in survey(experiment.objective, plane, (experiment.resolution, experiment.resolution)):
        while known < len(trajectory):  # which may grow meanwhile
            parts.append(plane.project(trajectory.params(known, known + CHUNK)))
            known += len(parts[-1])
            yield None
        coords = np.concatenate(parts)
        yield Landscape(surface, coords, heights)
        if under:  # after the first, coarse surface, which somebody is waiting for
            heights = heights.copy()
            for start in range(0, under, CHUNK):
                stop = min(start + CHUNK, under)
                heights[start:stop] = experiment.objective.loss(trajectory.params(start, stop))
                yield None
            yield Landscape(surface, coords, heights)
            under = 0


def _sample(experiment: Experiment, trajectory: Trajectory, count: int, under: int) -> Iterator[State]:
    """The states that a plane is chosen for: of the path so far some thousand at most, then what is to come."""
    losses = trajectory.losses(0, count)
    near = np.flatnonzero(np.append(within_reach(losses[:under]), within_reach(losses[under:])))
    most = int(np.clip(MOST_NUMBERS // experiment.network.size, 16, 1000))
    stride = -(-len(near) // most)
    for index in near[len(near) - 1 :: -stride][::-1]:
        yield trajectory[int(index)]
    if near[-1] == count - 1:
        yield from islice(rehearsal(experiment, trajectory[count - 1]), 2 * most)


def within_reach(losses: Array) -> Array:
    """Which states of a path, by their losses `(N,)`, a plane is chosen for: not those of a divergence.

    Past ten times the first loss a path has left the land that it was meant to explore, often by many powers of ten; a
    plane fitted to that would show nothing else.
    """
    return np.asarray(losses <= max(10.0 * losses[0], 1e-12)) if len(losses) else np.empty(0, bool)


def rehearsal(experiment: Experiment, state: State) -> Iterator[State]:
    """Where the descent will go from here to `experiment.steps`.

    It ends where the descent diverges, and after 2,000 steps at the latest.
    """
    state = resume(experiment.objective, experiment.descent, state)
    start, steps = state.loss, min(max(experiment.steps - state.step, 0), 2000)
    for ahead in islice(descend(experiment.objective, experiment.descent, state), steps):
        if not within_reach(np.array([start, ahead.loss]))[1]:
            return
        yield ahead


def to_json(experiment: Experiment) -> str:
    """The experiment as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(experiment), indent=2).decode() + "\n"


def from_json(text: str | bytes) -> Experiment:
    """An experiment from JSON; absent fields take their defaults.

    Raises `SettingError`, one line with the field, what was given and what is allowed.
    """
    try:
        plain = msgspec.json.decode(text.removeprefix(b"\xef\xbb\xbf") if isinstance(text, bytes) else text)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:  # also: bad UTF-8, a number of 5000 digits
        raise SettingError("JSON", str(error), "an experiment as JSON") from None
    return build(Experiment, plain)


def changes(before: Experiment, after: Experiment) -> dict[str, tuple[object, object]]:
    """What differs, by the field's path: `{"descent.schedule.learning_rate": (0.1, 0.3)}`."""
    return dict(_changes(before, after, ""))


def _changes(before: object, after: object, path: str) -> Iterator[tuple[str, tuple[object, object]]]:
    if before == after:
        return
    if isinstance(before, Settings) and type(before) is type(after):
        for name in before.__struct_fields__:
            inner = f"{path}.{name}" if path else name
            yield from _changes(getattr(before, name), getattr(after, name), inner)
    else:
        yield path, (before, after)
