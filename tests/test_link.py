"""Links: one line that brings the very experiment back, wherever one can be given; a wrong one is told in one line."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest

from explorer.__main__ import main
from explorer.link import PREFIX, from_link, to_link
from explorer.resources import load_experiment, presets
from model import Experiment, Network, SettingError, Settings, fields_of, with_field
from model.datasets import Blobs, Moons
from tests.cases import in_turn


def registries(kind: type[Settings], path: str = "") -> Iterator[tuple[str, tuple[type[Settings], ...]]]:
    """The fields that hold one entry of a registry, by their paths from an experiment."""
    for field in fields_of(kind):
        if field.kinds:
            yield path + field.name, field.kinds
        elif isinstance(field.type, type) and issubclass(field.type, Settings):
            yield from registries(field.type, f"{path}{field.name}.")


KINDS = [(path, kind) for path, kinds in registries(Experiment) for kind in kinds]


def other(kind: type[Settings], rng: np.random.Generator) -> Settings:
    """A value whose plain fields are drawn at random from what their sliders offer, where that goes together."""
    value = kind()
    for field in fields_of(kind):
        low, high = field.slider or (field.low, field.high)
        part: Any = None
        if field.choices:
            part = str(rng.choice(field.choices))
        elif field.type is bool:
            part = bool(rng.integers(2))
        elif field.type is float:
            part = float(rng.uniform(max(low, -1e3), min(high, 1e3)))
        elif field.type is int:
            part = int(rng.integers(max(low, 0), min(high, 40) + 1)) if low <= 40 else None
        if part is not None:
            with contextlib.suppress(SettingError):  # the other fields may not bear it
                value = msgspec.structs.replace(value, **{field.name: part})
    return value


def held(path: str, value: Settings) -> Experiment:
    """An experiment with that value in it."""
    experiment = with_field(Experiment(), "dataset", Blobs(classes=3, samples=45))  # which every loss can measure
    head, _, rest = path.partition(".")
    whole = msgspec.structs.replace(getattr(experiment, head), **{rest: value}) if rest else value
    return with_field(experiment, head, whole)


def found(experiment: Experiment, path: str) -> Any:
    part: Any = experiment
    for name in path.split("."):
        part = getattr(part, name)
    return part


@pytest.mark.parametrize("name", presets())
def test_a_preset_comes_back_by_its_link(name: str) -> None:
    experiment = load_experiment(name)
    link = to_link(experiment)
    assert link.startswith(PREFIX) and "\n" not in link and " " not in link and link.isascii()
    assert from_link(link) == experiment == load_experiment(link)
    assert from_link(f"  {link}\n") == experiment  # as it was copied


@in_turn(("path", "kind"), KINDS)
def test_any_settings_come_back_by_their_link(path: str, kind: type[Settings]) -> None:
    for seed in range(4):
        value = other(kind, np.random.default_rng(seed))
        try:
            experiment = held(path, value)
        except SettingError:
            experiment = held(path, kind())
            value = found(experiment, path)
        assert found(experiment, path) == value
        assert from_link(to_link(experiment)) == experiment


def test_only_what_differs_is_in_a_link() -> None:
    assert to_link(Experiment()) == PREFIX and from_link(PREFIX) == Experiment()
    assert to_link(msgspec.structs.replace(Experiment(), seed=7, steps=9)) == "lle:1?seed=7&steps=9"


@pytest.mark.parametrize("text", ["a & b = c?", "100 % + 1", "η → ∞, „ja“", "two\nlines", "#1; ' \"", "%41%2"])
def test_any_text_comes_back(text: str) -> None:
    experiment = msgspec.structs.replace(Experiment(), title=text, about=text)
    link = to_link(experiment)
    assert from_link(link) == experiment and link.isascii() and "\n" not in link


BAD = {
    "nothing": ("", "begins with lle:1?"),
    "another version": ("lle:2?seed=1", "begins with lle:1?"),
    "beginning alone": ("lle:", "begins with lle:1?"),
    "foreign": ("https://example.org/?seed=1", "begins with lle:1?"),
    "no value": ("lle:1?seed", "NAME=VALUE"),
    "empty value": ("lle:1?seed=", "NAME=VALUE"),
    "no JSON": ("lle:1?descent={", "NAME=VALUE"),
    "no quotes": ("lle:1?loss=bce", "NAME=VALUE"),
    "not a number": ("lle:1?holdout=NaN", "NAME=VALUE"),
    "a lone &": ("lle:1?&", "NAME=VALUE"),
    "too deep": ("lle:1?descent=" + "[" * 100_000, "NAME=VALUE"),
    "cut off": (to_link(load_experiment("moons"))[:-3] + "%", "NAME=VALUE"),
    "misspelt field": ("lle:1?sead=1", "did you mean seed?"),
    "misspelt kind": ("lle:1?loss=%22bcee%22", "did you mean bce?"),
    "out of range": ("lle:1?steps=0", "steps: 0 given"),
    "deep out of range": (
        'lle:1?descent={"schedule":{"kind":"constant","learning_rate":-1}}',
        "descent.schedule.learning_rate: -1",
    ),
    "another kind of value": ("lle:1?network=3", "network: 3 given"),
    "does not go together": ('lle:1?network={"widths":[3,1]}', "widths"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_link_is_told_in_one_line(name: str) -> None:
    link, words = BAD[name]
    with pytest.raises(SettingError) as caught:
        from_link(link)
    message = str(caught.value)
    assert words in message and "given; allowed: " in message and "\n" not in message and len(message) < 1000


@pytest.mark.parametrize("name", [name for name, (link, _) in BAD.items() if link.startswith("lle:")])
def test_a_bad_link_on_the_command_line_is_one_line_and_exit_code_2(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    link, words = BAD[name]
    assert main(["run", link]) == 2
    out, err = capsys.readouterr()
    assert not out and words in err and err.count("\n") == 1 and err.startswith("loss-explorer: ")


def test_a_link_is_run_by_the_command_line(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    experiment = Experiment(
        dataset=Moons(samples=30, seed=4), network=Network((2, 3, 1), "sigmoid"), steps=12, seed=5, title="a & b"
    )
    assert main(["run", to_link(experiment), "--out", str(tmp_path / "run.csv")]) == 0
    capsys.readouterr()
    header, *lines = (tmp_path / "run.csv").read_text(encoding="utf-8").splitlines()
    column = header.split(",").index("loss")
    losses = [float(line.split(",")[column]) for line in lines]
    np.testing.assert_allclose(losses, experiment.run(12).losses(), rtol=1e-12)
