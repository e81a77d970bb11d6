"""Run files: what was saved comes back to the last bit and can be gone on from; what is no run file says so."""

from __future__ import annotations

import json
import math
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from model import (
    OPTIMIZERS,
    Constant,
    Descent,
    Experiment,
    Network,
    Optimizer,
    SettingError,
    State,
    StoredRun,
    Trajectory,
    from_json,
    load_run,
    save_run,
    to_json,
    train,
)
from model.datasets import Moons
from model.functions import FUNCTIONS
from model.optimizers import Velocity
from model.storage import layout

SMALL = Experiment(dataset=Moons(samples=40, seed=1), network=Network((2, 4, 1)), holdout=0.25, steps=60)
P = 17


def like(optimizer: Any, base: Experiment = SMALL, **fields: Any) -> Experiment:
    """The experiment with another optimizer, on mini-batches."""
    descent = Descent(optimizer=optimizer, schedule=Constant(0.01), batch_size=8, weight_decay=1e-3)
    return msgspec.structs.replace(base, descent=descent, **fields)


def run_of(parts: list[tuple[int, Experiment]], until: int, origin: State | None = None) -> StoredRun:
    """Trained to step `until`, each part from its step on."""
    trajectory, state = Trajectory(), None
    for (_, experiment), end in zip(parts, [*(step for step, _ in parts[1:]), until], strict=True):
        trajectory.extend(step.state for step in train(experiment, state, end, origin))
        state = trajectory[-1]
    return StoredRun("run 1", tuple(parts), trajectory)


def saved(run: StoredRun, path: Path, count: int | None = None) -> Path:
    for _share in save_run(path, run, count):
        pass
    return path


def assert_same_states(recorded: Trajectory, given: Trajectory, count: int | None = None) -> None:
    """Bit for bit, NaNs as well."""
    assert len(recorded) == (len(given) if count is None else count) and recorded.first == given.first
    for one, other in zip(recorded, given, strict=count is None):
        assert_same(one, other)


def assert_same(one: State, other: State) -> None:
    assert one.step == other.step and type(one.step) is int
    assert bits(one.loss, one.batch_loss, one.test_loss) == bits(other.loss, other.batch_loss, other.test_loss)
    assert type(one.memory) is type(other.memory)
    pairs = zip((one.params, one.gradient, *one.memory), (other.params, other.gradient, *other.memory), strict=True)
    for array, expected in pairs:
        assert array.shape == expected.shape and array.dtype == expected.dtype == float
        assert array.tobytes() == expected.tobytes()
        assert not array.flags.writeable


def bits(*numbers: float) -> bytes:
    return struct.pack(f"{len(numbers)}d", *numbers)


HEAVY, ADAM, SGD, NESTEROV, QHM = (like(kind) for kind in ("heavy-ball", "adam", "sgd", "nesterov", "qhm"))
RUNS: dict[str, Callable[[], StoredRun]] = {
    "one state": lambda: run_of([(0, ADAM)], 0),
    "optimizer switched": lambda: run_of([(0, HEAVY), (6, ADAM), (9, SGD), (15, NESTEROV), (20, QHM)], 30),
    "back and forth": lambda: run_of([(0, ADAM), (3, like("adamw")), (4, ADAM)], 9),
    "loss switched": lambda: run_of([(0, HEAVY), (8, like("heavy-ball", loss="mse"))], 16),
    "activation switched": lambda: run_of(
        [(0, ADAM), (5, like("adam", network=Network((2, 4, 1), activation="relu")))], 12
    ),
    "switched at its first state": lambda: run_of([(0, HEAVY), (0, ADAM)], 5),
    "switched at its last state": lambda: run_of([(0, HEAVY), (5, ADAM)], 5),
    "switched twice at a step": lambda: run_of([(0, HEAVY), (5, ADAM), (5, SGD)], 9),
    "a fork": lambda: run_of([(13, ADAM), (20, SGD)], 25, origin=run_of([(0, HEAVY)], 13).trajectory[-1]),
    "restricted": lambda: run_of([(0, like("rmsprop", trained="biases"))], 9),
    "without held-out data": lambda: run_of([(0, like("adam", holdout=0.0))], 9),
    "of x and y": lambda: run_of(
        [(0, like("adam", function="rosenbrock")), (4, like("sgd", function="rosenbrock"))], 9
    ),
    "many states": lambda: run_of([(0, like("adam", function="rosenbrock"))], 2000),
}


@pytest.mark.parametrize("make", RUNS.values(), ids=RUNS.keys())
def test_comes_back_to_the_last_bit(make: Callable[[], StoredRun], tmp_path: Path) -> None:
    run = make()
    loaded = load_run(saved(run, tmp_path / "a.npz"))
    assert (loaded.label, loaded.segments) == (run.label, run.segments)
    assert loaded.experiment == run.experiment
    assert_same_states(loaded.trajectory, run.trajectory)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_training_goes_on_as_if_it_had_never_ended(optimizer: type[Optimizer], tmp_path: Path) -> None:
    """From the newest state and from one in the middle, to the bits of the run that was never closed."""
    experiment = like(optimizer())
    unbroken = run_of([(0, experiment)], 24)
    loaded = load_run(saved(unbroken, tmp_path / "a.npz", 13))
    assert_same_states(loaded.trajectory, unbroken.trajectory, 13)
    for index in (-1, 5):
        start = loaded.trajectory[index]
        rest = [step.state for step in train(loaded.experiment, start, 24)]
        assert len(rest) == 24 - start.step
        for state in rest:
            assert_same(Trajectory([state])[0], unbroken.trajectory[state.step])


@pytest.mark.parametrize("name", ["optimizer switched", "loss switched", "activation switched", "a fork"])
def test_every_state_can_be_gone_on_from(name: str, tmp_path: Path) -> None:
    """Under the segment's experiment each loaded state leads to the one that was recorded after it."""
    run = RUNS[name]()
    loaded = load_run(saved(run, tmp_path / "a.npz"))
    for before, after in zip(loaded.trajectory, islice(run.trajectory, 1, None), strict=False):
        experiment = [experiment for step, experiment in loaded.segments if step <= before.step][-1]
        [step] = train(experiment, before, after.step)
        assert_same(Trajectory([step.state])[0], after)


def test_a_function_of_each_kind(tmp_path: Path) -> None:
    for function in FUNCTIONS:
        run = run_of([(0, like("adam", function=function()))], 3)
        assert_same_states(load_run(saved(run, tmp_path / "a.npz")).trajectory, run.trajectory)


def test_numbers_that_are_none_come_back(tmp_path: Path) -> None:
    """Losses on a mini-batch and on held-out data may overflow, and so may a gradient, while the loss is finite."""
    odd = np.array([math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.0, *range(P - 6)])
    states = [State(step, odd, odd[::-1], 1.0, math.inf, Velocity(-odd), -math.inf) for step in range(3)]
    run = StoredRun("θ – ü 🂡", ((0, HEAVY),), Trajectory(states))
    loaded = load_run(saved(run, tmp_path / "a.npz"))
    assert_same_states(loaded.trajectory, run.trajectory)
    assert loaded.label == "θ – ü 🂡"


def test_a_state_that_came_late_keeps_its_memory(tmp_path: Path) -> None:
    """Paused and switched, one state may still come from the settings before: recorded after the segment begins."""
    late = run_of([(0, HEAVY), (6, ADAM)], 12)
    run = StoredRun("late", ((0, HEAVY), (5, ADAM)), late.trajectory)
    assert_same_states(load_run(saved(run, tmp_path / "a.npz")).trajectory, late.trajectory)


# ---- the file -------------------------------------------------------------------------------------------------------


def test_numpy_alone_reads_it(tmp_path: Path) -> None:
    run = run_of([(0, HEAVY), (6, ADAM), (9, SGD)], 11)
    states = list(run.trajectory)
    with np.load(saved(run, tmp_path / "a.npz"), allow_pickle=False) as file:
        arrays = dict(file)
    said = json.loads(bytes(arrays.pop("run")))
    assert (said["version"], said["label"]) == (1, "run 1")
    assert [segment["step"] for segment in said["segments"]] == [0, 6, 9]
    for segment, (_, experiment) in zip(said["segments"], run.segments, strict=True):
        assert from_json(json.dumps(segment["experiment"])) == experiment
        assert segment["experiment"] == json.loads(to_json(experiment))
    assert said["memories"] == [
        {"optimizer": "heavy-ball", "states": 7}, {"optimizer": "adam", "states": 3}, {"optimizer": "sgd", "states": 2},
    ]  # fmt: skip
    expected = {
        "steps": np.arange(12),
        "losses": [state.loss for state in states],
        "batch_losses": [state.batch_loss for state in states],
        "test_losses": [state.test_loss for state in states],
        "params": [state.params for state in states],
        "gradients": [state.gradient for state in states],
        "memory0_velocity": [state.memory[0] for state in states[:7]],
        "memory1_mean": [state.memory[0] for state in states[7:10]],
        "memory1_squares": [state.memory[1] for state in states[7:10]],
        "memory1_steps": [state.memory[2] for state in states[7:10]],
    }
    assert arrays.keys() == expected.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name], strict=True)


def test_a_file_that_numpy_wrote_is_read(tmp_path: Path) -> None:
    run = RUNS["optimizer switched"]()
    with np.load(saved(run, tmp_path / "a.npz")) as file:
        np.savez(tmp_path / "b.npz", **file)
    assert_same_states(load_run(tmp_path / "b.npz").trajectory, run.trajectory)


def test_equal_runs_give_equal_files(tmp_path: Path) -> None:
    one, other = (saved(RUNS["a fork"](), tmp_path / name) for name in ("a.npz", "b.npz"))
    assert one.read_bytes() == other.read_bytes()
    assert saved(load_run(one), tmp_path / "c.npz").read_bytes() == one.read_bytes()


def test_files_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond 2 GiB zip files are written in another way, here from 1000 bytes on."""
    run = RUNS["optimizer switched"]()
    small = saved(run, tmp_path / "a.npz").stat().st_size
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    path = saved(run, tmp_path / "b.npz")
    assert path.stat().st_size > small
    assert_same_states(load_run(path).trajectory, run.trajectory)


def test_a_long_run_is_never_in_memory_twice(tmp_path: Path) -> None:
    """15 MB of states are written with 2 MB beside them, and read with little more than a trajectory has to take."""
    experiment = Experiment(dataset=Moons(samples=10), network=Network((2, 125, 1)))
    size, memory = experiment.objective.size, Velocity(np.ones(501))
    trajectory = Trajectory(State(step, memory[0], memory[0], 1.0, 1.0, memory) for step in range(1200))
    run = StoredRun("long", ((0, experiment),), trajectory)
    own = 1200 * (3 * size + 3) * 8
    tracemalloc.start()
    try:
        saved(run, tmp_path / "a.npz")
        assert tracemalloc.get_traced_memory()[1] < 0.13 * own
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        loaded = load_run(tmp_path / "a.npz")
        assert tracemalloc.get_traced_memory()[1] - before < 1.25 * own
    finally:
        tracemalloc.stop()
    assert len(loaded.trajectory) == 1200


# ---- saving, and stopping it ----------------------------------------------------------------------------------------


def test_the_file_is_there_when_the_last_share_is(tmp_path: Path) -> None:
    path, shares = tmp_path / "a.npz", []
    for share in save_run(path, RUNS["optimizer switched"]()):
        assert path.exists() == (share == 1.0)
        shares.append(share)
    assert shares[0] == 0.0 and shares[-1] == 1.0 and shares == sorted(set(shares))
    assert [*tmp_path.iterdir()] == [path]
    assert path.stat().st_mode & 0o777 == plain_mode(tmp_path / "b")


def plain_mode(path: Path) -> int:
    path.touch()
    return path.stat().st_mode & 0o777


def test_closed_early_it_leaves_nothing(tmp_path: Path) -> None:
    run = run_of([(0, HEAVY), (6, ADAM)], 11)
    path, old = tmp_path / "a.npz", tmp_path / "old.npz"
    old.write_bytes(b"what was there before")
    for pulled in range(len([*save_run(tmp_path / "c.npz", run)])):
        for target in (path, old):
            saving = save_run(target, run)
            assert len([*islice(saving, pulled)]) == pulled
            saving.close()
        assert sorted(file.name for file in tmp_path.iterdir()) == ["c.npz", "old.npz"]
        assert old.read_bytes() == b"what was there before"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=repr)
def test_where_writing_fails_nothing_is_left(
    error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(b"what was there before")
    saving = save_run(path, RUNS["a fork"]())
    next(saving)

    def full(*_: Any) -> None:
        raise error

    monkeypatch.setattr(zipfile._ZipWriteFile, "write", full)  # type: ignore[attr-defined]
    with pytest.raises(type(error)):
        next(saving)
    assert [*tmp_path.iterdir()] == [path]
    assert path.read_bytes() == b"what was there before"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none" / "a.npz"
    with pytest.raises(OSError) as caught:
        saved(RUNS["one state"](), path)
    assert caught.value.filename == str(path)


def test_the_trajectory_may_grow_meanwhile(tmp_path: Path) -> None:
    """Also where the optimizer is another one, for which the trajectory takes back room that it had."""
    whole = RUNS["optimizer switched"]().trajectory
    for count in (None, 5):
        trajectory = Trajectory(islice(whole, 7))
        run = StoredRun("run 1", ((0, HEAVY),), trajectory)
        states = islice(whole, 7, None)
        for share in save_run(tmp_path / "a.npz", run, count):
            trajectory.extend(islice(states, 1 if share < 1.0 else 0))
        assert len(trajectory) > 9
        assert_same_states(load_run(tmp_path / "a.npz").trajectory, whole, count or 7)


def test_only_the_first_states(tmp_path: Path) -> None:
    """With the settings in force among them; as many as there are, if more are asked for."""
    run = RUNS["optimizer switched"]()
    for count in (1, 6, 7, 8, 30, 31, 1000):
        loaded = load_run(saved(run, tmp_path / "a.npz", count))
        assert_same_states(loaded.trajectory, run.trajectory, min(count, 31))
        assert loaded.segments == tuple(segment for segment in run.segments if segment[0] < count)


SAVED = run_of([(0, HEAVY), (6, ADAM)], 11)
HELD = like("heavy-ball", network=Network((2, 5, 1)))
UNFIT: dict[str, tuple[StoredRun, str]] = {
    "no states": (StoredRun("run", ((0, HEAVY),), Trajectory()), "states: 0 given"),
    "no segments": (StoredRun("run", (), SAVED.trajectory), "segments"),
    "begins elsewhere": (StoredRun("run", ((1, HEAVY), (6, ADAM)), SAVED.trajectory), "segments"),
    "descending": (StoredRun("run", ((0, HEAVY), (7, ADAM), (6, ADAM)), SAVED.trajectory), "segments"),
    "another network": (StoredRun("run", ((0, HELD),), SAVED.trajectory), "params"),
    "two networks": (StoredRun("run", ((0, HEAVY), (6, HELD)), SAVED.trajectory), "segments"),
    "another memory": (StoredRun("run", ((0, HEAVY),), SAVED.trajectory), "memory: 'AdamMoments' given"),
    "two lines": (StoredRun("one\ntwo", SAVED.segments, SAVED.trajectory), "label"),
    "a line and its end": (StoredRun("one\n", SAVED.segments, SAVED.trajectory), "label"),
    "a long label": (StoredRun(201 * "a", SAVED.segments, SAVED.trajectory), "label"),
    "diverged": (
        StoredRun("run", ((0, HEAVY),), Trajectory([msgspec.structs.replace(SAVED.trajectory[0], loss=math.inf)])),
        "losses: inf given",
    ),
    "no text": (StoredRun("\ud800", SAVED.segments, SAVED.trajectory), "text"),
}


@pytest.mark.parametrize(("run", "said"), UNFIT.values(), ids=UNFIT.keys())
def test_what_could_not_be_loaded_is_not_saved(run: StoredRun, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError) as caught:
        saved(run, tmp_path / "a.npz")
    assert str(caught.value).startswith(said) and len(str(caught.value).splitlines()) == 1
    assert [*tmp_path.iterdir()] == []


def test_neither_way_takes_more_than_a_training_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit of n steps lets the start and n states pass."""
    experiment, per_state = like("heavy-ball"), 3 * P * 8
    run = run_of([(0, experiment)], 20)
    monkeypatch.setattr(layout, "MOST_BYTES", 20 * per_state)
    path = saved(run, tmp_path / "a.npz")
    load_run(path)
    monkeypatch.setattr(layout, "MOST_BYTES", 20 * per_state - 1)
    with pytest.raises(SettingError, match="states: "):
        saved(run, tmp_path / "b.npz")
    assert refusal(path).startswith("a.npz: states")


# ---- files that are none --------------------------------------------------------------------------------------------

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Members:
    """What a good file consists of."""
    with zipfile.ZipFile(saved(SAVED, tmp_path_factory.mktemp("storage") / "good.npz")) as archive:
        return {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}


def refusal(path: Path) -> str:
    """What is said of it, in one line."""
    with pytest.raises(SettingError) as caught:
        load_run(path)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def packed(members: Members, path: Path, compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return path


def npy(array: Any, pickled: bool = False) -> bytes:
    file = BytesIO()
    np.save(file, array, allow_pickle=pickled)
    return file.getvalue()


def array_of(members: Members, name: str) -> Any:
    return np.load(BytesIO(members[name]))


def other(name: str, change: Callable[[Any], Any], pickled: bool = False) -> Callable[[Members], Members]:
    """With one array replaced by what `change` makes of it."""
    return lambda members: members | {name: npy(change(array_of(members, name)), pickled)}


def text(change: Callable[[str], str | bytes]) -> Callable[[Members], Members]:
    """With another text in `run`."""

    def changed(members: Members) -> Members:
        made = change(bytes(array_of(members, "run")).decode())
        return members | {"run": npy(np.frombuffer(made.encode() if isinstance(made, str) else made, np.uint8))}

    return changed


def said(change: Callable[[Any], Any]) -> Callable[[Members], Members]:
    """With other values in the JSON of `run`, which `change` puts there."""

    def changed(before: str) -> str:
        plain = json.loads(before)
        change(plain)
        return json.dumps(plain)

    return text(changed)


def at(index: int, value: float) -> Callable[[Any], Any]:
    def changed(array: Any) -> Any:
        array = array.copy()
        array.reshape(-1)[index] = value
        return array

    return changed


def without(name: str) -> Callable[[Members], Members]:
    return lambda members: {key: data for key, data in members.items() if key != name}


def experiment_of(plain: Any, number: int = 0) -> Any:
    return plain["segments"][number]["experiment"]


BROKEN: dict[str, tuple[Callable[[Members], Members], str]] = {
    "no run": (without("run"), "arrays"),
    "no params": (without("params"), "arrays"),
    "no memory": (without("memory1_steps"), "arrays"),
    "an array too many": (lambda m: m | {"weights": npy(np.zeros(3))}, "arrays"),
    "bytes too many": (lambda m: m | {"params": m["params"] + b"\0"}, "params"),
    "bytes too few": (lambda m: m | {"params": m["params"][:-1]}, "params"),
    "text and bytes too many": (lambda m: m | {"run": m["run"] + b"\0"}, "run"),
    "no bytes": (lambda m: m | {"params": b""}, "params"),
    "no array": (lambda m: m | {"params": b"hello, this is a text and not an array"}, "params"),
    "a header that ends": (lambda m: m | {"params": m["params"][:40]}, "params"),
    "another header": (lambda m: m | {"params": m["params"].replace(b"'shape'", b"'shade'")}, "params"),
    "a header of code": (lambda m: m | {"params": m["params"].replace(b"False", b"not 1")}, "params"),
    "a long number": (lambda m: m | {"losses": b"\x93NUMPY\1\0\x70\x17" + 6000 * b"9"}, "losses"),
    "another version of npy": (lambda m: m | {"params": m["params"].replace(b"NUMPY\1", b"NUMPY\3")}, "params"),
    "single precision": (other("params", lambda a: a.astype(np.float32)), "params"),
    "the other byte order": (other("params", lambda a: a.astype(">f8")), "params"),
    "complex numbers": (other("gradients", lambda a: a.astype(complex)), "gradients"),
    "steps with a point": (other("steps", lambda a: a.astype(float)), "steps"),
    "columns for rows": (other("params", np.asfortranarray), "params"),
    "turned": (other("params", lambda a: a.T.copy()), "params"),
    "a row too few": (other("gradients", lambda a: a[:-1]), "gradients"),
    "a loss too many": (other("losses", lambda a: np.append(a, 1.0)), "losses"),
    "losses in a matrix": (other("losses", lambda a: a[:, None]), "losses"),
    "parameters missing": (other("params", lambda a: np.ascontiguousarray(a[:, 1:])), "params"),
    "memory missing": (other("memory1_mean", lambda a: np.ascontiguousarray(a[:, 1:])), "memory1_mean"),
    "memory of fewer states": (other("memory0_velocity", lambda a: a[1:]), "memory0_velocity"),
    "pickled": (other("params", lambda a: a.astype(object), pickled=True), "params"),
    "pickled text": (other("run", lambda a: np.array({"version": 1}), pickled=True), "run"),
    "steps with a gap": (other("steps", at(4, 5)), "steps: 5 given; allowed: 4"),
    "steps from elsewhere": (other("steps", lambda a: a + 1), "steps: 1 given; allowed: 0"),
    "a loss that is none": (other("losses", at(3, math.nan)), "losses: nan given"),
    "an infinite loss": (other("losses", at(3, math.inf)), "losses: inf given"),
    "text as numbers": (other("run", lambda a: a.astype(float)), "run"),
    "text in a matrix": (other("run", lambda a: a[None]), "run"),
    "no text": (text(lambda t: ""), "run"),
    "half a text": (text(lambda t: t[:100]), "run"),
    "no JSON": (text(lambda t: "version 1"), "run"),
    "no UTF-8": (text(lambda t: t.encode("utf-16")), "run"),
    "deep JSON": (text(lambda t: 100_000 * "["), "run"),
    "a list": (text(lambda t: "[1]"), "version: None given"),
    "another version": (said(lambda p: p.update(version=2)), "version: 2 given; allowed: 1"),
    "no version": (said(lambda p: p.pop("version")), "version: None given"),
    "a version of a text": (said(lambda p: p.update(version="1")), "version: '1' given"),
    "no label": (said(lambda p: p.pop("label")), "run"),
    "a number for a label": (said(lambda p: p.update(label=3)), "run"),
    "two lines for a label": (said(lambda p: p.update(label="a\nb")), "label"),
    "a long label": (said(lambda p: p.update(label=1000 * "a")), "label"),
    "an unknown field": (said(lambda p: p.update(author="me")), "run"),
    "no segments": (said(lambda p: p.update(segments=[])), "segments"),
    "segments from elsewhere": (said(lambda p: p["segments"][0].update(step=1)), "steps: 0 given"),
    "segments descending": (said(lambda p: p["segments"].reverse()), "segments"),
    "a segment after the end": (said(lambda p: p["segments"][1].update(step=12)), "segments"),
    "a negative step": (said(lambda p: p["segments"][0].update(step=-1)), "run"),
    "a huge step": (said(lambda p: p["segments"][1].update(step=10**30)), "run"),
    "half a step": (said(lambda p: p["segments"][1].update(step=6.5)), "run"),
    "no experiment": (said(lambda p: p["segments"][0].update(experiment=None)), "run"),
    "an experiment that is wrong": (
        said(lambda p: experiment_of(p)["descent"]["schedule"].update(learning_rate=-1)),
        "segments[0].experiment.descent.schedule.learning_rate: -1.0 given",
    ),
    "an experiment of another kind": (
        said(lambda p: experiment_of(p, 1).update(loss={"kind": "none"})),
        "segments[1].experiment.loss.kind: 'none' given",
    ),
    "an experiment that does not fit itself": (
        said(lambda p: experiment_of(p)["network"].update(widths=[3, 4, 1])),
        "segments[0].experiment",
    ),
    "another network": (
        said(lambda p: [experiment_of(p, n)["network"].update(widths=[2, 5, 1]) for n in (0, 1)]),
        "params",
    ),
    "two networks": (said(lambda p: experiment_of(p)["network"].update(widths=[2, 5, 1])), "segments"),
    "another optimizer": (
        said(lambda p: experiment_of(p)["descent"].update(optimizer={"kind": "rmsprop"})),
        "memories: 'heavy-ball' given",
    ),
    "another memory": (said(lambda p: p["memories"][0].update(optimizer="adam")), "arrays"),
    "a memory that is nobody's": (said(lambda p: p["memories"][0].update(optimizer="none")), "memories"),
    "no memories": (said(lambda p: p.update(memories=[])), "segments"),
    "a memory of no states": (said(lambda p: p["memories"][0].update(states=0)), "run"),
    "a memory of fewer states": (said(lambda p: p["memories"][1].update(states=4)), "steps"),
    "a memory of less than none": (said(lambda p: p["memories"][1].update(states=-4)), "run"),
    "more states than fit": (said(lambda p: p["memories"][1].update(states=10**9)), "states"),
    "more states than there are": (said(lambda p: p["memories"][1].update(states=10**6)), "steps"),
}


@pytest.mark.parametrize(("change", "words"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_wrong_is_told_in_one_line(
    change: Callable[[Members], Members], words: str, members: Members, tmp_path: Path
) -> None:
    assert refusal(packed(change(members), tmp_path / "a.npz")).startswith(f"a.npz: {words}")


def test_the_members_are_good_as_they_are(members: Members, tmp_path: Path) -> None:
    """Or the table above would say nothing; their order is of no importance."""
    path = packed(dict(reversed(members.items())), tmp_path / "a.npz")
    assert_same_states(load_run(path).trajectory, SAVED.trajectory)


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_arrays_are_refused(compression: int, members: Members, tmp_path: Path) -> None:
    """Their few bytes could become any number; a reader of plain bytes cannot be made to take more than there are."""
    assert "compressed" in refusal(packed(members, tmp_path / "a.npz", compression))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_given_twice_is_refused(members: Members, tmp_path: Path) -> None:
    path = packed(members, tmp_path / "a.npz")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("losses.npy", members["losses"])
    assert refusal(path).startswith("a.npz: arrays: '2 called losses.npy' given")


def test_a_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(SAVED, tmp_path / "a.npz")
    data = path.read_bytes()
    for length in [*range(0, len(data), 211), *range(len(data) - 60, len(data), 7), len(data) - 1]:
        path.write_bytes(data[:length])
        assert refusal(path).startswith("a.npz: ")


@pytest.mark.parametrize(
    "change", [lambda d: d + b"\0", lambda d: d + d, lambda d: b"#!" + d, lambda d: b"", bytes.hex]
)
def test_bytes_before_or_after_are_refused(change: Callable[[bytes], Any], tmp_path: Path) -> None:
    path = saved(SAVED, tmp_path / "a.npz")
    changed = change(path.read_bytes())
    path.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    refusal(path)


def test_a_byte_changed_anywhere_is_noticed_or_of_no_importance(tmp_path: Path) -> None:
    """Such as the time in a zip file: then every bit of the run is as it was."""
    path, rng = saved(SAVED, tmp_path / "a.npz"), np.random.default_rng(0)
    data, harmless = path.read_bytes(), 0
    with zipfile.ZipFile(path) as archive:
        contents = archive.start_dir  # from here on: the list of what is in it
    for index in [*rng.integers(0, len(data), 70), *rng.integers(contents, len(data), 70)]:
        changed = bytearray(data)
        changed[index] ^= 1 << int(rng.integers(8))
        path.write_bytes(changed)
        try:
            loaded = load_run(path)
        except SettingError as error:
            assert len(str(error).splitlines()) == 1
        else:
            harmless += 1
            assert_same_states(loaded.trajectory, SAVED.trajectory)
            assert (loaded.label, loaded.segments) == (SAVED.label, SAVED.segments)
    assert harmless < 70


def test_what_is_no_zip_file(tmp_path: Path) -> None:
    """An experiment, a picture, an array, a folder, nothing at all."""
    path = tmp_path / "a.npz"
    for data in (to_json(SMALL).encode(), b"\x89PNG\r\n\x1a\n", npy(np.zeros(3)), b"PK\5\6" + bytes(18), bytes(1000)):
        path.write_bytes(data)
        assert refusal(path).startswith("a.npz: ")
    assert refusal(tmp_path).endswith("allowed: a run file")
    assert "No such file" in refusal(tmp_path / "none.npz")
    refusal(Path("a\0b"))
