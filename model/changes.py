"""Changes: from one experiment to another, and what the way between them means for a run.

What a change of a field means is said where the field is defined (`settings.EFFECTS`). All that follows from it follows
from here: whether another run begins, whether heights are to be taken anew, what is said of it.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator

import msgspec
import numpy as np

from model.curvature import eigenpairs
from model.descent import Descent
from model.experiment import Experiment
from model.functions import Function
from model.losses import BinaryCrossEntropy, Loss, MeanSquared, SoftmaxCrossEntropy
from model.objective import unsuited
from model.optimizers import Optimizer
from model.settings import EFFECTS, Effect, Field, SettingError, Settings, fields_of, value_of

Found = tuple[Field, object, object]


class Changes(dict[str, tuple[object, object]]):
    """What differs, by the field's path: `{"descent.schedule.learning_rate": (0.1, 0.3)}`."""

    def __init__(self, found: dict[str, Found]) -> None:
        super().__init__({path: (old, new) for path, (_, old, new) in found.items()})
        self._found = found

    def having(self, *effects: Effect) -> Changes:
        """Those of them that mean one of these."""
        return Changes({path: each for path, each in self._found.items() if each[0].effect in effects})

    @property
    def effect(self) -> Effect | None:
        """What they mean together: the farthest-reaching of all; None where nothing differs."""
        effects = {field.effect for field, _, _ in self._found.values()}
        return next((effect for effect in EFFECTS if effect in effects), None)

    @property
    def steering(self) -> Changes:
        """Those of them that a run takes another way for: all but those of how it is looked at."""
        return self.having("structure", "objective", "step")

    @property
    def sentence(self) -> str:
        """What changed, from what, to what, and what came with it: "Learning rate η 0.1 → 0.3"."""
        parts = (
            f"{field.title} {_shown(old)} → {_shown(new)}{_consequence(old, new)}"
            for field, old, new in self._found.values()
        )
        return ", ".join(parts)


def changes(before: Experiment, after: Experiment) -> Changes:
    """What differs between two experiments."""
    return Changes(dict(_changes(before, after, "")))


def _changes(before: Settings, after: Settings, path: str) -> Iterator[tuple[str, Found]]:
    for field in fields_of(type(before)):
        old, new = getattr(before, field.name), getattr(after, field.name)
        inner = f"{path}.{field.name}" if path else field.name
        if old == new:
            continue
        if isinstance(old, Settings) and type(old) is type(new):
            yield from _changes(old, new, inner)
        else:
            yield inner, (field, old, new)


def _consequence(old: object, new: object) -> str:
    """What else a change means: another head on the outputs, or the end of what an optimizer remembers."""
    if isinstance(new, Loss) and isinstance(old, Loss) and new.head != old.head:
        return f" (outputs read {'as they are' if new.head == 'identity' else f'through a {new.head}'})"
    if isinstance(new, Optimizer) and isinstance(old, Optimizer):
        return " (its memory kept)" if new.remembers is old.remembers else " (its memory begun anew)"
    return ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return str(getattr(type(value), "caption", "") or value)


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
