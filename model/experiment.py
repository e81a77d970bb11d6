"""Experiment: everything that defines a run, as one frozen value that JSON can hold.

Two equal experiments give bit-identical runs on the same machine and library versions: all randomness follows from
the seeds in here.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Annotated

import msgspec
import numpy as np

from model.arrays import Array
from model.curvature import eigenpairs
from model.datasets import DATASETS, Dataset, Moons, Source
from model.descent import Descent, State, begin, descend
from model.functions import FUNCTIONS, Function
from model.initializers import INITIALIZERS, GlorotNormal, Initializer
from model.line import LINES, AlongGradient, LineKind
from model.losses import LOSSES, BinaryCrossEntropy, Loss, MeanSquared, SoftmaxCrossEntropy
from model.network import Network
from model.objective import Fit, Objective, Restricted, chosen, unsuited
from model.plane import PLANES, PlaneKind, Principal
from model.rescale import check as check_rescale
from model.rescale import scaling
from model.settings import SettingError, Settings, build, fields_of, setting, value_of
from model.trajectory import Trajectory

MOST_BYTES = 4_000_000_000  # that the parameters, gradients and memories of one training may take


class NetworkLoss(Settings, frozen=True, tag_field="kind", tag="network"):
    """The loss of a network on data: what the sections Data, Network and Loss say."""

    caption = "A network's loss on data"


class Experiment(Settings, frozen=True):
    """What is learnt, by which network, measured how, descended how, drawn where."""

    title: Annotated[str, setting("Title")] = "Untitled"
    about: Annotated[str, setting("About")] = ""
    function: Annotated[
        NetworkLoss | Function,
        setting(
            "Landscape",
            "what is descended: a network's loss, or a function of x and y",
            kinds=(NetworkLoss, *FUNCTIONS),
        ),
    ] = NetworkLoss()
    dataset: Annotated[Source, setting("Data", "what is learnt", kinds=DATASETS)] = Moons()
    holdout: Annotated[
        float,
        setting("Held out", "share of the samples kept for the test loss alone", ge=0, le=0.9, zero="none"),
    ] = 0.0
    split_seed: Annotated[
        int,
        setting(
            "Split seed",
            "draws which samples are held out; new starts and races are compared on the same ones",
            ge=0,
            le=2**31,
        ),
    ] = 0
    network: Annotated[Network, setting("Network")] = Network()
    initializer: Annotated[Initializer, setting("Initialiser", "how the weights begin", kinds=INITIALIZERS)] = (
        GlorotNormal()
    )
    seed: Annotated[int, setting("Start seed", "draws the weights to start from", ge=0, le=2**31)] = 0
    trained: Annotated[
        str,
        setting(
            "Trained",
            "parameters that are trained, the others stay as they begin: numbers from 0, ranges, names or beginnings "
            "of names, between semicolons: 0; 5-7; layer 2; biases",
            zero="all",
        ),
    ] = ""
    loss: Annotated[Loss, setting("Loss", "what the descent goes down on", kinds=LOSSES)] = BinaryCrossEntropy()
    descent: Annotated[Descent, setting("Optimizer")] = Descent()
    steps: Annotated[
        int,
        setting("Steps", "training pauses after so many", ge=1, le=1_000_000, slider=(10, 10_000)),
    ] = 500
    plane: Annotated[PlaneKind, setting("Plane", "where the loss is drawn", kinds=PLANES)] = Principal()
    rescale: Annotated[
        float,
        setting(
            "Rescale α",
            "for ReLU: the first layer times α, the second divided by it, which is the same function; raw surfaces and "
            "λmax change with it, filter-normalised ones do not",
            gt=0,
            le=1e3,
            slider=(0.1, 10.0),
        ),
    ] = 1.0
    line: Annotated[LineKind, setting("Slice", "the line along which the loss is shown", kinds=LINES)] = AlongGradient()
    resolution: Annotated[int, setting("Grid", "points per side of the finest surface", ge=3, le=20_001)] = 101

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
    return Restricted(fit, chosen(fit.names, trained), fit.network.begin(initializer, seed))


def with_field(experiment: Experiment, name: str, value: object) -> Experiment:
    """The experiment with one field changed; other data or another network bring what has to go with them.

    Other data set the sizes of the first and last layer; where the loss does not suit, the first that does is taken;
    another function, the steepest of which are a thousand times steeper than a network's loss, lowers the rate.
    Raises `SettingError` when that is not enough.
    """
    value = value_of({field.name: field for field in fields_of(Experiment)}[name], value, name)
    fields = {key: getattr(experiment, key) for key in experiment.__struct_fields__} | {name: value}
    if name == "function" and isinstance(value, Function) and type(value) is not type(experiment.function):
        fields["descent"] = _calmed(experiment.descent, value)
    if name in ("dataset", "network"):
        dataset, network = fields["dataset"].load(), fields["network"]
        if name == "dataset":
            inputs = dataset.inputs.shape[1]
            last = network.widths[-1] if network.widths[-1] in dataset.outputs else dataset.outputs[0]
            degree = network.degree if inputs == 1 else 1
            widths = (inputs, *network.widths[1:-1], last)
            network = fields["network"] = msgspec.structs.replace(network, widths=widths, degree=degree)
        if unsuited(fields["loss"], dataset, network):
            fields["loss"] = next(kind for kind in PREFERRED if not unsuited(kind, dataset, network))()
    if name in ("function", "network", "dataset", "trained") and fields["rescale"] != 1.0:
        fields["rescale"] = 1.0  # which may mean nothing for the new one
    return Experiment(**fields)


def another_start(experiment: Experiment) -> tuple[Experiment, str]:
    """The experiment from its next start, and which that is: another seed, or a point of a function's region."""
    seed = (experiment.seed + 1) % 2**31
    if not isinstance(experiment.function, Function):
        return msgspec.structs.replace(experiment, seed=seed), f"start seed {seed}"
    ends = np.array(experiment.function.region)
    x, y = np.random.default_rng(seed).uniform(ends[:, 0], ends[:, 1]).round(3).tolist()
    function = msgspec.structs.replace(experiment.function, x=x, y=y)
    return msgspec.structs.replace(experiment, seed=seed, function=function), f"start at ({x:g}, {y:g})"


def _calmed(descent: Descent, function: Function) -> Descent:
    """The descent with a learning rate that a function bears: at most the inverse of its curvature at the start."""
    start = np.array([function.x, function.y], float)
    curvature = float(np.abs(eigenpairs(function.objective, start, count=2)[0]).max())
    rate = descent.schedule.learning_rate
    if not math.isfinite(curvature) or rate * curvature <= 1.0:
        return descent
    calm = msgspec.structs.replace(descent.schedule, learning_rate=float(f"{1.0 / curvature:.0e}"))
    return msgspec.structs.replace(descent, schedule=calm)


PREFERRED: tuple[type[Loss], ...] = (SoftmaxCrossEntropy, BinaryCrossEntropy, MeanSquared)


def with_text(experiment: Experiment, path: str, text: str) -> Experiment:
    """The experiment with one field changed, given by its path and as a text: "network.widths", "2-8-1".

    The text is JSON, or a name, or widths with dashes. Raises `SettingError` for what is not there or not allowed.
    """
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        value = [int(width) for width in text.split("-")] if re.fullmatch(r"[0-9]{1,9}(-[0-9]{1,9})+", text) else text
    try:
        return _with_value(experiment, path, value)
    except SettingError:
        if isinstance(value, str):
            raise
        with contextlib.suppress(SettingError):  # a text that looks like a number, such as "5-7" or 0
            return _with_value(experiment, path, text)
        raise


def _with_value(experiment: Experiment, path: str, value: object) -> Experiment:
    head, *rest = path.split(".")
    fields = {field.name: field for field in fields_of(Experiment)}
    if head not in fields:
        raise SettingError("setting", path, f"a path that begins with {', '.join(fields)}")
    for depth, name in reversed(list(enumerate(rest))):
        outer = msgspec.to_builtins(getattr(experiment, head))
        for key in rest[:depth]:
            outer = outer.get(key) if isinstance(outer, dict) else None
        if not isinstance(outer, dict):
            raise SettingError(
                "setting", path, f"a path of settings; {'.'.join([head, *rest[:depth]])} has none inside"
            )
        value = outer | {name: value}
    return with_field(experiment, head, value_of(fields[head], value, head))


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
