"""Commands that need no window: runs as numbers, settings by their paths, and the list of all that can be set."""

from __future__ import annotations

import csv
import math
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from explorer.__main__ import main
from explorer.commands import run
from explorer.resources import load_experiment
from model import ACTIVATIONS, Experiment, Network, Settings, fields_of, to_json, with_field, with_text
from model.datasets import Cars
from model.settings import kind_of

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """The command line in a folder of its own: exit code, what it printed, what it said was wrong."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGINT)

    def call_(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    yield call_
    signal.signal(signal.SIGINT, before)


def setting_all(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


@pytest.fixture
def mine(small: Experiment, tmp_path: Path) -> str:
    """The small experiment as a file."""
    (tmp_path / "mine.json").write_text(to_json(small), encoding="utf-8")
    return "mine.json"


# ---- a run as numbers -------------------------------------------------------------------------------------------


def test_a_run_is_a_title_a_heading_and_columns(call: Call, mine: str, small: Experiment) -> None:
    code, out, err = call("run", mine)
    assert (code, err) == (0, "")
    title, heading, *rows = out.splitlines()
    assert title == f"Small moons: {small.network.size} parameters"
    names = re.split(r"\s{2,}", heading.strip())
    assert names == ["step", "loss", "batch loss", "test loss", "‖gradient‖", "by layer"]
    trajectory = small.run()
    assert len(rows) == 12
    steps = [int(row.split()[0]) for row in rows]
    assert steps[0] == 0 and steps[-1] == small.steps and steps == sorted(set(steps))
    for step, row in zip(steps, rows, strict=True):
        _, loss, batch, test, norm, *layers = row.split()
        state = trajectory[step]
        assert test == "–" and loss == batch
        assert float(loss) == pytest.approx(state.loss, rel=1e-4)
        assert float(norm) == pytest.approx(np.linalg.norm(state.gradient), rel=1e-4)
        # The parts are those of the whole: layers do not overlap and leave nothing out.
        assert len(layers) == len(small.network.layers)
        assert math.hypot(*map(float, layers)) == pytest.approx(float(norm), rel=5e-3)


def test_a_run_tells_mini_batches_and_held_out_data_apart(call: Call, mine: str) -> None:
    _, out, _ = call("run", mine, *setting_all("holdout=0.25", "descent.batch_size=5"))
    _, loss, batch, test, *_ = out.splitlines()[-1].split()
    assert len({loss, batch, test}) == 3 and all(math.isfinite(float(number)) for number in (loss, batch, test))


def test_parameters_of_few_are_told_in_the_units_of_the_data(call: Call) -> None:
    """The least-squares line of the cars, as R's `lm(dist ~ speed, cars)` gives it."""
    changes = "dataset=cars", "network.widths=1-1", "loss=mse", "steps=400"
    code, out, _ = call("run", *setting_all(*changes))
    assert code == 0
    told = dict(re.findall(r"^ *(layer 1, \S+ \S+) = .*?(\S+) in the units of the data$", out, re.MULTILINE))
    weight, bias = float(told["layer 1, weight 1→1"]), float(told["layer 1, bias 1"])
    assert weight == pytest.approx(3.9324, abs=5e-5) and bias == pytest.approx(-17.5791, abs=5e-5)


def test_parameters_of_a_function_have_no_other_units(call: Call) -> None:
    _, out, _ = call("run", *setting_all("function=bowl", "steps=300"))
    assert re.search(r"^ +x = \S+$", out, re.MULTILINE) and re.search(r"^ +y = \S+$", out, re.MULTILINE)
    assert "units" not in out and " parameters" in out.splitlines()[0]


def test_parameters_of_many_are_not_told_one_by_one(call: Call, mine: str) -> None:
    _, out, _ = call("run", mine)
    assert "weight" not in out


EXPERIMENTS: dict[str, Callable[[Experiment], Experiment]] = {
    "network": lambda e: e,
    "mini-batches, held-out data": lambda e: with_text(with_field(e, "holdout", 0.25), "descent.batch_size", "5"),
    "few parameters": lambda e: with_field(with_field(e, "dataset", Cars()), "network", Network((1, 1))),
    "some trained": lambda e: with_field(e, "trained", "layer 2"),
    "function": lambda e: with_field(e, "function", "rosenbrock"),
}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_table_is_the_trajectory(call: Call, small: Experiment, tmp_path: Path, name: str) -> None:
    experiment = EXPERIMENTS[name](small)
    (tmp_path / "mine.json").write_text(to_json(experiment), encoding="utf-8")
    code, out, err = call("run", "mine.json", "--out", "a.csv")
    assert (code, err) == (0, "") and out.splitlines()[-1] == "a.csv: 61 states"
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["step", "loss", "batch loss", "test loss", "gradient norm", *experiment.objective.space.names]
    numbers = np.array([[float(cell) if cell else np.nan for cell in row] for row in rows])
    trajectory = experiment.run()
    columns = np.column_stack(
        [
            np.arange(61), trajectory.losses(), trajectory.batch_losses(), trajectory.test_losses(),
            [np.linalg.norm(trajectory[step].gradient) for step in range(61)], trajectory.params(),
        ]
    )  # fmt: skip
    np.testing.assert_array_equal(numbers, columns)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "mine.json"]


def test_a_run_that_diverges_says_from_which_step_on(call: Call, small: Experiment, tmp_path: Path) -> None:
    """On the bowl with η = 100 the error grows 99-fold at a step, x² + y² 9801-fold, until it is too large a number."""
    changes = "function=bowl", "descent.optimizer=sgd", "descent.schedule.learning_rate=100", "steps=500"
    code, out, err = call("run", *setting_all(*changes), "--out", "a.csv")
    assert (code, err) == (0, "")
    (words,) = (line for line in out.splitlines() if "diverged" in line)
    found = re.search(r"not finite from step (\d+) on", words)
    expected = math.ceil(math.log(np.finfo(float).max / (2.5**2 + 1.5**2)) / math.log(99.0**2))
    assert found is not None and int(found[1]) == expected
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        *_, last = csv.reader(file)
    assert last[:2] == [str(expected), "inf"]


def test_a_network_that_diverges_is_silent_but_for_its_line(call: Call) -> None:
    changes = "loss=mse", "network.activation=relu", "descent.schedule.learning_rate=1e6", "steps=400"
    code, out, err = call("run", "sine", *setting_all(*changes))
    assert (code, err) == (0, "") and "the descent diverged" in out.splitlines()[-1]


def test_a_run_yields_line_by_line(small: Experiment) -> None:
    """Whoever waits for a long run sees how it goes."""
    lines = run(small, None)
    assert "parameters" in next(lines) and "step" in next(lines) and next(lines).split()[0] == "0"


# ---- settings by their paths ------------------------------------------------------------------------------------

GOOD: dict[str, tuple[list[str], Callable[[Experiment], Any], Any]] = {
    "number": (["descent.schedule.learning_rate=0.3"], lambda e: e.descent.schedule.learning_rate, 0.3),
    "whole": (["steps=7"], lambda e: e.steps, 7),
    "widths": (["network.widths=2-3-4-1"], lambda e: e.network.widths, (2, 3, 4, 1)),
    "list": (["network.widths=[2, 5, 1]"], lambda e: e.network.widths, (2, 5, 1)),
    "choice": (["network.activation=relu"], lambda e: e.network.activation, "relu"),
    "bool": (["network.bias=false"], lambda e: e.network.bias, False),
    "kind": (["loss=huber"], lambda e: (kind_of(e.loss), e.loss.delta), ("huber", 1.0)),
    "kind and field": (["loss=huber", "loss.delta=0.25"], lambda e: e.loss.delta, 0.25),
    "object": (['plane={"kind": "two-parameters", "first": 3}'], lambda e: e.plane.first, 3),
    "text": (["title=A name = another"], lambda e: e.title, "A name = another"),
    "spaces": ([" steps = 8 "], lambda e: e.steps, 8),
    "the last counts": (["steps=5", "steps=6"], lambda e: e.steps, 6),
    "data bring the network": (["dataset=iris"], lambda e: (e.network.widths[0], e.network.widths[-1]), (4, 3)),
    "function": (["function=ravine", "function.condition=50"], lambda e: e.function.condition, 50.0),
    "formula": (["function=formula", "function.text=x^2 + 3*y^2"], lambda e: e.function.text, "x^2 + 3*y^2"),
    "names of parameters": (["trained=layer 2, bias 1; biases"], lambda e: e.trained, "layer 2, bias 1; biases"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_setting_is_changed_by_its_path(name: str) -> None:
    changes, read, expected = GOOD[name]
    assert read(load_experiment("moons", changes)) == expected


BAD: dict[str, list[str]] = {
    "loss": ["--set", "PATH=VALUE"],
    "=3": ["setting", "''", "title, about"],
    "foo=1": ["'foo'", "title, about"],
    "loss=": ["loss", "''", "mse"],
    "loss=bcee": ["loss", "'bcee'", "did you mean bce?"],
    "loss=softmax": ["loss", "softmax needs 2 or more"],
    "loss.delta=1": ["loss.delta", "no fields"],
    "loss=[1]": ["loss", "[1]", "kind mse"],
    "network=3": ["network", "3 given", "object"],
    "network.bias=yes": ["network.bias", "'yes'", "true or false"],
    "network.widths=2-0-1": ["network.widths", "(2, 0, 1)", "from 1 to 1024"],
    "network.widths=3-4-1": ["network.widths", "2 at the start"],
    "network.activation=rely": ["network.activation", "did you mean relu?"],
    "descent.schedule.learning_rate=-1": ["descent.schedule.learning_rate", "-1", "above 0"],
    "descent.schedule.learning_rate=nan": ["descent.schedule.learning_rate", "'nan'", "finite"],
    "descent.schedule.learning_rate=1e999": ["descent.schedule.learning_rate", "1e999", "finite"],
    "descent.schedule.rate=1": ["descent.schedule.rate", "learning_rate, warmup"],
    "descent.schedule.learning_rate.x=3": ["descent.schedule.learning_rate", "none inside"],
    "descent.optimizer=adamm": ["descent.optimizer", "'adamm'", "did you mean adam?"],
    "descent.batch_size=-1": ["descent.batch_size", "-1", "from 0"],
    "steps=0": ["steps", "0 given", "from 1"],
    "steps=1.5": ["steps", "1.5", "whole number"],
    "holdout=1": ["holdout", "1", "to 0.9"],
    "trained=layer 9": ["trained", "layer 9", "layer 1"],
    "seed=99999999999": ["seed", "99999999999"],
    "dataset=null": ["dataset", "kind moons"],
    "dataset.path=a.csv": ["dataset.path", "samples, noise, seed"],
    'dataset={"kind": "csv", "path": "none.csv"}': ["none.csv"],
    'function={"kind": "formula", "text": "x+"}': ["text", "'x+'", "column 3"],
    'plane={"kind": "two-parameters", "first": 999}': ["plane.first", "999", "to 336"],
}


@pytest.mark.parametrize("command", [["run"], ["export", "moons", "--view", "map"], ["open"]], ids=lambda c: c[0])
@pytest.mark.parametrize("change", BAD)
def test_a_bad_setting_is_one_line_and_nothing_is_written(
    call: Call, tmp_path: Path, change: str, command: list[str]
) -> None:
    out = {"run": ["--out", "a.csv"], "export": ["--out", "a.png"], "open": []}[command[0]]
    code, printed, said = call(*command, *out, "--set", change)
    assert code == 2 and printed == ""
    assert said.startswith("loss-explorer: ") and said.count("\n") == 1 and said.endswith("\n")
    for word in BAD[change]:
        assert word in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("out", "words"),
    [("a.txt", ".csv"), ("no/a.csv", "a folder that exists"), (".", ".csv"), ("a.csv.d/../b", ".csv")],
)
def test_a_table_that_cannot_be_written_is_refused_before_the_run(
    call: Call, mine: str, tmp_path: Path, out: str, words: str
) -> None:
    code, printed, said = call("run", mine, "--out", out)
    assert (code, printed, said.count("\n")) == (2, "", 1) and words in said and out in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_a_table_that_is_there_already_is_replaced(call: Call, mine: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("old")
    assert call("run", mine, "--out", "a.csv", "--set", "steps=2")[0] == 0
    assert len((tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()) == 4


# ---- what can be set --------------------------------------------------------------------------------------------


def paths(settings: type[Settings], path: str = "") -> Iterator[tuple[str, type[Settings] | None]]:
    """The paths of all fields, and the kind of which they are one."""
    for field in fields_of(settings):
        yield path + field.name, None
        for kind in field.kinds:
            yield path + field.name, kind
            for part in fields_of(kind):
                yield f"{path}{field.name}.{part.name}", None
        if not field.kinds and isinstance(field.type, type) and issubclass(field.type, Settings):
            yield from paths(field.type, f"{path}{field.name}.")


def test_all_that_can_be_set_is_listed(call: Call) -> None:
    code, out, err = call("kinds")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    listed = {line.strip().split(":")[0] for line in lines}
    leaves = {path for path, kind in paths(Experiment) if kind is None} - {"network", "descent"}
    assert leaves <= listed
    parts = re.split(r"^(?=\S)", out, flags=re.MULTILINE)
    for path, kind in paths(Experiment):
        if kind is not None:
            (part,) = (part for part in parts if part.startswith(f"{path}:"))
            assert re.search(rf"^    {re.escape(kind_of(kind))} +\S", part, re.MULTILINE), (path, kind)
    for activation in ACTIVATIONS:
        assert re.search(rf"^    {re.escape(activation)} +\S", parts[-1], re.MULTILINE)


def test_every_kind_that_is_listed_can_be_chosen_by_its_name() -> None:
    for path, kind in paths(Experiment):
        if kind is not None:
            start = ["dataset=blobs"] if path == "loss" else []  # three classes, which every loss can measure
            head, *rest = path.split(".")
            value: Any = getattr(load_experiment("moons", [*start, f"{path}={kind_of(kind)}"]), head)
            for name in rest:
                value = getattr(value, name)
            assert type(value) is kind
