"""Experiment: everything that defines a run, as one frozen value that JSON can hold.

Two equal experiments give bit-identical runs on the same machine and library versions: all randomness follows from
the seeds in here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Annotated, NamedTuple

import msgspec

from model.datasets import DATASETS, Moons, Source
from model.descent import Descent, State, begin, descend, resume
from model.initializers import INITIALIZERS, GlorotNormal, Initializer
from model.losses import LOSSES
from model.network import Network
from model.objective import Fit
from model.plane import PLANES, Plane, PlaneKind, Principal
from model.settings import SettingError, Settings, build, setting
from model.trajectory import Trajectory


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


class Step(NamedTuple):
    """A state, and the experiment under whose settings it was reached."""

    experiment: Experiment
    state: State


def train(experiment: Experiment, state: State, until: int) -> Iterator[Step]:
    """Go on from `state` under the settings of `experiment`, to step number `until` or as far as the loss is finite."""
    state = resume(experiment.objective, experiment.descent, state)
    states = descend(experiment.objective, experiment.descent, state)
    for state in islice(states, max(until - state.step, 0)):
        yield Step(experiment, state)


def to_json(experiment: Experiment) -> str:
    """The experiment as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(experiment), indent=2).decode() + "\n"


def from_json(text: str | bytes) -> Experiment:
    """An experiment from JSON; absent fields take their defaults.

    Raises `SettingError`, one line with the field, what was given and what is allowed.
    """
    try:
        plain = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
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
