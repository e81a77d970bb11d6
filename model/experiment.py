"""Experiment: everything that defines a run, as one frozen value that JSON can hold.

Two equal experiments give bit-identical runs on the same machine and library versions: all randomness follows from
the seeds in here.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
from typing import Annotated

import msgspec
import numpy as np

from model.arrays import Array
from model.datasets import DATASETS, Dataset, Moons, Source
from model.descent import Descent, State, begin, descend
from model.functions import FUNCTIONS, Function
from model.initializers import INITIALIZERS, GlorotNormal, Initializer
from model.line import LINES, AlongGradient, LineKind
from model.losses import LOSSES, BinaryCrossEntropy, Loss
from model.network import Network
from model.objective import Fit, Objective, Restricted, chosen
from model.plane import PLANES, PlaneKind, Principal
from model.rescale import check as check_rescale
from model.rescale import scaling
from model.settings import SettingError, Settings, build, setting
from model.trajectory import Trajectory

MOST_BYTES = 4_000_000_000  # that the parameters, gradients and memories of one training may take


class NetworkLoss(Settings, frozen=True, tag_field="kind", tag="network"):
    """The loss of a network on data: what the sections Data, Network and Loss say."""

    caption = "A network's loss on data"


class Experiment(Settings, frozen=True):
    """What is learnt, by which network, measured how, descended how, drawn where."""

    title: Annotated[str, setting("Title", effect="view")] = "Untitled"
    about: Annotated[str, setting("About", effect="view")] = ""
    function: Annotated[
        NetworkLoss | Function,
        setting(
            "Landscape",
            "what is descended: a network's loss, or a function of x and y",
            kinds=(NetworkLoss, *FUNCTIONS),
            effect="structure",
        ),
    ] = NetworkLoss()
    dataset: Annotated[Source, setting("Data", "what is learnt", kinds=DATASETS, effect="structure")] = Moons()
    holdout: Annotated[
        float,
        setting(
            "Held out",
            "share of the samples kept for the test loss alone",
            ge=0,
            le=0.9,
            zero="none",
            effect="structure",
        ),
    ] = 0.0
    split_seed: Annotated[
        int,
        setting(
            "Split seed",
            "draws which samples are held out; new starts and races are compared on the same ones",
            ge=0,
            le=2**31,
            effect="structure",
        ),
    ] = 0
    network: Annotated[Network, setting("Network", effect="structure")] = Network()
    initializer: Annotated[
        Initializer, setting("Initialiser", "how the weights begin", kinds=INITIALIZERS, effect="structure")
    ] = GlorotNormal()
    seed: Annotated[
        int, setting("Start seed", "draws the weights to start from", ge=0, le=2**31, effect="structure")
    ] = 0
    trained: Annotated[
        str,
        setting(
            "Trained",
            "parameters that are trained, the others stay as they begin: numbers from 0, ranges, names or beginnings "
            "of names, between semicolons: 0; 5-7; layer 2; biases",
            zero="all",
            effect="structure",
        ),
    ] = ""
    loss: Annotated[Loss, setting("Loss", "what the descent goes down on", kinds=LOSSES, effect="objective")] = (
        BinaryCrossEntropy()
    )
    descent: Annotated[Descent, setting("Optimizer", effect="step")] = Descent()
    steps: Annotated[
        int,
        setting("Steps", "training pauses after so many", ge=1, le=1_000_000, slider=(10, 10_000), effect="view"),
    ] = 500
    plane: Annotated[PlaneKind, setting("Plane", "where the loss is drawn", kinds=PLANES, effect="view")] = Principal()
    rescale: Annotated[
        float,
        setting(
            "Rescale α",
            "for ReLU: the first layer times α, the second divided by it, which is the same function; raw surfaces and "
            "λmax change with it, filter-normalised ones do not",
            gt=0,
            le=1e3,
            slider=(0.1, 10.0),
            effect="view",
        ),
    ] = 1.0
    line: Annotated[
        LineKind, setting("Slice", "the line along which the loss is shown", kinds=LINES, effect="view")
    ] = AlongGradient()
    resolution: Annotated[
        int, setting("Grid", "points per side of the finest surface", ge=3, le=20_001, effect="view")
    ] = 101

    def __post_init__(self) -> None:
        super().__post_init__()
        objective = self.objective
        self.plane.check(objective)
        if self.rescale != 1.0:
            self._check_rescale()
        if self.learns:
            self._check_size()
        memory = self.descent.optimizer.init(np.zeros(objective.size))
        most = MOST_BYTES // (16 * objective.size + sum(array.nbytes for array in memory))
        if self.steps > most:
            raise SettingError("steps", self.steps, f"1 to {most:,}, for {objective.size:,} parameters")

    def _check_rescale(self) -> None:
        if not self.learns or self.trained:
            raise SettingError("rescale", self.rescale, "1, unless a network is trained with all its parameters")
        try:
            check_rescale(self.network)
        except SettingError as error:
            raise SettingError("rescale", self.rescale, f"1 here; otherwise {error.field} {error.allowed}") from None

    def _check_size(self) -> None:
        widest = len(self.dataset.load().inputs) * max(self.network.widths)
        if widest > 10_000_000:
            allowed = "layers and data of which the product, neurons times points, is at most 10,000,000"
            raise SettingError("network.widths", self.network.widths, allowed)

    @property
    def learns(self) -> bool:
        """Whether a network learns from data here; otherwise a function of x and y is descended."""
        return isinstance(self.function, NetworkLoss)

    @property
    def objective(self) -> Objective:
        """What is minimised; the same object for equal settings."""
        if isinstance(self.function, Function):
            return self.function.objective
        split_seed = self.split_seed if self.holdout else 0  # where nothing is split, it is the same objective
        fit = _fit(self.dataset.load(), self.network, self.loss, self.holdout, split_seed)
        return _restricted(fit, self.initializer, self.seed, self.trained) if self.trained else fit

    @property
    def factors(self) -> Array | None:
        """By what parameters `(P,)` are multiplied before they are looked at; None for nothing."""
        return None if self.rescale == 1.0 else scaling(self.network, self.rescale)

    def begin(self) -> State:
        """The state before the first step."""
        return begin(self.objective, self.descent, self.start)

    @property
    def start(self) -> Array:
        """The parameters `(P,)` before the first step."""
        if isinstance(self.function, Function):
            return np.array([self.function.x, self.function.y], float)
        params, objective = self.network.begin(self.initializer, self.seed), self.objective
        return params[objective.free] if isinstance(objective, Restricted) else params

    def run(self, steps: int | None = None) -> Trajectory:
        """The start and the `steps` (by default those of the experiment) that follow it."""
        start = self.begin()
        states = descend(self.objective, self.descent, start)
        return Trajectory([start, *islice(states, self.steps if steps is None else steps)])


@lru_cache(maxsize=32)
def _fit(data: Dataset, network: Network, loss: Loss, holdout: float, seed: int) -> Fit:
    train, test = data.split(holdout, seed) if holdout else (data, None)
    return Fit(train, network, loss, test)


@lru_cache(maxsize=32)
def _restricted(fit: Fit, initializer: Initializer, seed: int, trained: str) -> Restricted:
    return Restricted(fit, chosen(fit.space.names, trained), fit.network.begin(initializer, seed))


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
