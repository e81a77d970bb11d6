"""Changes: every field says what a change of it means, and that is what it means."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import numpy as np
import pytest

from model import Experiment, Network, SettingError, Settings, changes, fields_of, with_field, with_text
from model.settings import EFFECTS, Field, kind_of, setting

SMALL = with_text(Experiment(steps=3, resolution=5), "network.widths", "2-3-1")

RESCALED = with_text(SMALL, "network.activation", "relu")
ONE_INPUT = with_text(SMALL, "dataset", "linear")


def places() -> Iterator[tuple[str, Experiment, str, Field]]:
    """Every field there is, at its path, in an experiment that has it; and the field of the experiment it lies in."""
    for head in fields_of(Experiment):
        yield head.name, SMALL, head.name, head
        for kind in head.kinds or ((head.type,) if issubclass_of_settings(head.type) else ()):
            experiment = in_place(head.name, kind) if head.kinds else SMALL
            yield from inner(f"{head.name}.", experiment, head.name, kind)


def inner(prefix: str, experiment: Experiment, head: str, kind: Any) -> Iterator[tuple[str, Experiment, str, Field]]:
    for field in fields_of(kind):
        yield prefix + field.name, experiment, head, field
        for deeper in field.kinds:
            held = with_text(experiment, prefix + field.name, kind_of(deeper))
            yield from inner(f"{prefix}{field.name}.", held, head, deeper)


def issubclass_of_settings(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)


def in_place(name: str, kind: Any) -> Experiment:
    experiment = SMALL
    if name == "loss":
        experiment = with_text(experiment, "network.widths", "2-3-2")
    value = kind(path="iris.csv") if "path" in kind.__struct_fields__ else kind()
    return with_field(experiment, name, value)


PLACES = {f"{path} of {kind_of(getattr(e, head))}" if "." in path and getattr(e, head).__struct_config__.tag else path:
          (path, e, head, field) for path, e, head, field in places()}  # fmt: skip
OTHER_TEXTS = {
    "trained": "0; 1", "text": "x^2 + 2*y^2", "coefficients": "1, 2", "columns": "1", "target": "1", "path": "cars.csv",
    "title": "Other", "about": "Other",
}  # fmt: skip


def others(field: Field, value: Any) -> Iterator[Any]:
    """Other values that may be allowed there."""
    if field.kinds:
        yield from (kind() for kind in field.kinds if type(value) is not kind)
    elif field.choices:
        yield from (choice for choice in field.choices if choice != value)
    elif field.type is bool:
        yield not value
    elif field.type is str:
        yield OTHER_TEXTS[field.name]
    elif field.type in (int, float):
        low, high = max(field.low, -1e3), min(field.high, 1e3)
        tries = (value + 1, value - 1, value * 0.9 + 0.01, (low + high) / 2, low + (high - low) * 0.01)
        yield from (field.type(each) for each in tries if math.isfinite(each) and field.type(each) != value)
    else:
        yield (*value[:-1], 4, value[-1])


def another(name: str) -> tuple[Experiment, Experiment]:
    """An experiment, and one that differs from it at this path, and at no other where that is possible."""
    path, experiment, head, field = PLACES[name]
    experiment = {"rescale": RESCALED, "network.degree": ONE_INPUT}.get(name, experiment)
    names, outer = path.split("."), [experiment]
    for each in names[:-1]:
        outer.append(getattr(outer[-1], each))
    for value in others(field, getattr(outer[-1], names[-1])):
        try:
            for settings, each in zip(outer[:0:-1], names[:0:-1], strict=True):
                value = msgspec.structs.replace(settings, **{each: value})
            return experiment, with_field(experiment, head, value)
        except SettingError:
            continue
    raise AssertionError(f"no other value is allowed for {path}")


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if not issubclass_of_settings(place[3].type)])
def test_a_change_means_what_its_field_says(name: str) -> None:
    """Of the way it is looked at: the same run. Of the step: the same loss. Of the loss: the same parameters."""
    before, after = another(name)
    field, found = PLACES[name][3], changes(before, after)
    assert PLACES[name][0] in found and field.title in found.sentence
    if field.effect != "structure":  # other data may bring other layers
        assert len(found) == 1
    assert found.effect == field.effect and bool(found.steering) == (field.effect != "view")
    if field.effect in ("view", "step"):
        assert after.objective is before.objective
    if field.effect != "structure":
        np.testing.assert_array_equal(after.start, before.start)
        assert after.objective.space == before.objective.space
    if field.effect == "view":
        np.testing.assert_array_equal(after.run(3).params(), before.run(3).params())


def test_together_they_mean_what_reaches_farthest() -> None:
    after = with_text(with_text(with_text(SMALL, "plane", "random"), "descent.optimizer", "adam"), "loss", "mse")
    found = changes(SMALL, after)
    assert found.effect == "objective" and found.having("view") == {"plane": (SMALL.plane, after.plane)}
    assert set(found.steering) == {"descent.optimizer", "loss"}
    assert changes(SMALL, with_text(after, "seed", "3")).effect == "structure"
    assert changes(SMALL, SMALL) == {} and changes(SMALL, SMALL).effect is None


def test_a_field_without_its_effect_is_no_field() -> None:
    """Who adds one has to say what a change of it means: it would mean nothing, silently."""
    with pytest.raises(TypeError, match="effect"):
        setting("Gain", "of the outputs")  # type: ignore[call-arg]

    class Bare(Settings, frozen=True):
        gain: float = 1.0

    class Described(Settings, frozen=True):
        gain: Annotated[float, msgspec.Meta(title="Gain")] = 1.0

    for kind in (Bare, Described):
        with pytest.raises(TypeError, match=rf"{kind.__name__}.gain: setting"):
            kind()


def test_every_effect_is_one_of_four() -> None:
    assert {place[3].effect for place in PLACES.values()} == set(EFFECTS)
    assert {field.name: field.effect for field in fields_of(Network)} == {
        "widths": "structure", "activation": "objective", "bias": "structure", "degree": "structure",
    }  # fmt: skip
