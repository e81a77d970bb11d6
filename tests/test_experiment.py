"""Experiments: a run is its experiment, JSON is the experiment, and nothing else gets in."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from model import (
    ACTIVATIONS,
    DATASETS,
    INITIALIZERS,
    LOSSES,
    OPTIMIZERS,
    PLANES,
    SCHEDULES,
    Constant,
    Descent,
    Experiment,
    HeavyBall,
    Network,
    RandomNormalized,
    SettingError,
    Settings,
    Trajectory,
    TwoParameters,
    changes,
    descend,
    from_json,
    landscape,
    survey,
    to_json,
    train,
    with_field,
)
from model.datasets import Blobs, Sine
from model.experiment import rehearsal
from model.objective import unsuited

ROOT = Path(__file__).parent.parent


def experiments() -> list[Any]:
    """One for every entry of every registry."""
    made: dict[str, Experiment] = {"default": Experiment()}
    for kind in DATASETS:
        data = kind().load()
        for loss in LOSSES:
            for outputs in data.outputs:
                network = Network(widths=(data.inputs.shape[1], 4, outputs))
                if not unsuited(loss, data, network):
                    made[f"{kind.__name__}-{loss}-{outputs}"] = Experiment(dataset=kind(), network=network, loss=loss)
    for activation in ACTIVATIONS:
        made[activation] = Experiment(network=Network(activation=activation))
    for initializer in INITIALIZERS:
        made[initializer.__name__] = Experiment(initializer=initializer())
    for optimizer in OPTIMIZERS:
        made[optimizer.__name__] = Experiment(descent=Descent(optimizer=optimizer()))
    for schedule in SCHEDULES:
        made[schedule.__name__] = Experiment(descent=Descent(schedule=schedule()))
    for plane in PLANES:
        made[plane.__name__] = Experiment(plane=plane())
    made["words"] = Experiment(title="θ\n\"'\\ \u2028", about="ü" * 1000)
    made["numbers"] = Experiment(
        descent=Descent(optimizer=HeavyBall(0.1 + 0.2), schedule=Constant(1e-300), batch_size=7, seed=2**31),
        plane=TwoParameters(3, 4),
        resolution=401,
    )
    return [pytest.param(experiment, id=name) for name, experiment in made.items()]


every = pytest.mark.parametrize("experiment", experiments())


def digest(trajectory: Trajectory) -> str:
    """Of every bit of every state."""
    bits = hashlib.sha256()
    for state in trajectory:
        for array in (state.params, state.gradient, *state.memory, np.array([state.loss, state.batch_loss])):
            bits.update(array.tobytes())
    return bits.hexdigest()


@every
def test_json_there_and_back(experiment: Experiment) -> None:
    text = to_json(experiment)
    assert from_json(text) == from_json(text.encode()) == experiment
    assert to_json(from_json(text)) == text
    assert list(json.loads(text)) == list(Experiment.__struct_fields__)


@every
def test_replay_from_json_is_bit_identical(experiment: Experiment) -> None:
    assert digest(from_json(to_json(experiment)).run(steps=8)) == digest(experiment.run(steps=8))


def test_replay_in_another_process_is_bit_identical() -> None:
    """Nothing is left in the process: no global seed, no order of hashing."""
    experiment = Experiment(descent=Descent(batch_size=32, seed=5), seed=3)
    program = (
        "import sys, hashlib; from model import from_json\n"
        "bits = hashlib.sha256()\n"
        "for state in from_json(sys.stdin.buffer.read()).run(steps=40):\n"
        "    for array in (state.params, state.gradient, *state.memory): bits.update(array.tobytes())\n"
        "print(bits.hexdigest())"
    )
    expected = hashlib.sha256()
    for state in experiment.run(steps=40):
        for array in (state.params, state.gradient, *state.memory):
            expected.update(array.tobytes())
    other = subprocess.run(
        [sys.executable, "-c", program],
        input=to_json(experiment).encode(),
        capture_output=True,
        cwd=ROOT,
        env={"PYTHONHASHSEED": "12345"},
        check=True,
    )
    assert other.stdout.decode().strip() == expected.hexdigest()


@pytest.mark.parametrize(
    ("first", "other"),
    [
        (Experiment(seed=0), Experiment(seed=1)),
        (Experiment(descent=Descent(batch_size=9, seed=0)), Experiment(descent=Descent(batch_size=9, seed=1))),
    ],
)
def test_another_seed_is_another_run(first: Experiment, other: Experiment) -> None:
    assert digest(first.run(steps=3)) != digest(other.run(steps=3))


def test_absent_fields_take_their_defaults() -> None:
    assert from_json("{}") == Experiment()
    assert from_json('{"descent": {"schedule": {"kind": "constant", "learning_rate": 1}}}') == Experiment(
        descent=Descent(schedule=Constant(learning_rate=1.0))
    )


BAD: list[tuple[str, str, str, str]] = [
    ("", "JSON", "''", "an experiment as JSON"),
    ("{", "JSON", "truncated", "an experiment as JSON"),
    ("{'seed': 1}", "JSON", "malformed", "an experiment as JSON"),
    ("[]", "experiment", "[]", "an object"),
    ("null", "experiment", "None", "an object"),
    ("3", "experiment", "3", "an object"),
    ("NaN", "JSON", "malformed", "an experiment as JSON"),
    ('{"sed": 1}', "sed", "1", "did you mean seed?"),
    ('{"kind": "moons"}', "kind", "'moons'", "title, about, dataset"),
    ('{"seed": -1}', "seed", "-1", "a whole number from 0 to "),
    ('{"seed": 1.5}', "seed", "1.5", "a whole number from 0 to "),
    ('{"seed": true}', "seed", "True", "a whole number from 0 to "),
    ('{"seed": null}', "seed", "None", "a whole number from 0 to "),
    ('{"seed": "1"}', "seed", "'1'", "a whole number from 0 to "),
    ('{"seed": 99999999999999999999999999}', "seed", "99999999999999999999999999", "a whole number from 0 to "),
    ('{"title": 5}', "title", "5", "a text"),
    ('{"loss": "hinge"}', "loss", "'hinge'", "mse, bce, softmax"),
    ('{"loss": "bec"}', "loss", "'bec'", "did you mean bce?"),
    ('{"loss": ["bce"]}', "loss", "['bce']", "mse, bce, softmax"),
    ('{"loss": "softmax"}', "loss", "'softmax'", "2 or more"),
    ('{"steps": 0}', "steps", "0", "from 1 to "),
    ('{"resolution": 2}', "resolution", "2", "from 3 to 401"),
    ('{"resolution": 1e9}', "resolution", "1000000000.0", "from 3 to 401"),
    ('{"dataset": "moons"}', "dataset", "'moons'", "kind moons, blobs, sine"),
    ('{"dataset": {}}', "dataset.kind", "None", "moons, blobs, sine"),
    ('{"dataset": {"kind": "moon"}}', "dataset.kind", "'moon'", "did you mean moons?"),
    ('{"dataset": {"kind": "moons", "noise": -0.1}}', "dataset.noise", "-0.1", "a finite number from 0 to 10"),
    ('{"dataset": {"kind": "moons", "classes": 3}}', "dataset.classes", "3", "samples, noise, seed"),
    ('{"dataset": {"kind": "blobs"}}', "network.widths", "1", "3 at the end"),
    ('{"dataset": {"kind": "sine"}}', "network.widths", "2", "1 at the start"),
    ('{"dataset": {"kind": "sine"}, "network": {"widths": [1, 3, 1]}}', "loss", "'bce'", "mse"),
    ('{"network": []}', "network", "[]", "an object"),
    ('{"network": {"width": [2, 1]}}', "network.width", "[2, 1]", "did you mean widths?"),
    ('{"network": {"kind": "deep"}}', "network.kind", "'deep'", "widths, activation"),
    ('{"network": {"widths": [2, 0, 1]}}', "network.widths", "(2, 0, 1)", "from 1 to 1024"),
    ('{"network": {"widths": [2]}}', "network.widths", "(2,)", "2 to 12 layer sizes"),
    ('{"network": {"widths": [2, 1024, 1024, 1]}}', "network.widths", "(2, 1024, 1024, 1)", "1,000,000"),
    ('{"network": {"widths": "2-16-1"}}', "network.widths", "'2-16-1'", "a list of whole numbers"),
    ('{"network": {"widths": [2, [16], 1]}}', "network.widths", "(2, [16], 1)", "a list of whole numbers"),
    ('{"network": {"activation": "Tanh"}}', "network.activation", "'Tanh'", "did you mean tanh?"),
    ('{"initializer": {"kind": "he"}}', "initializer.kind", "'he'", "he-normal"),
    ('{"descent": {"batch_size": -5}}', "descent.batch_size", "-5", "from 0 to "),
    (
        '{"descent": {"schedule": {"kind": "constant", "learning_rate": -0.1}}}',
        "descent.schedule.learning_rate",
        "-0.1",
        "above 0",
    ),
    (
        '{"descent": {"schedule": {"kind": "constant", "learning_rate": 0}}}',
        "descent.schedule.learning_rate",
        "0.0",
        "above 0",
    ),
    (
        '{"descent": {"schedule": {"kind": "constant", "learningrate": 1}}}',
        "descent.schedule.learningrate",
        "1",
        "mean learning_rate?",
    ),
    ('{"descent": {"optimizer": {"kind": "heavyball"}}}', "descent.optimizer.kind", "'heavyball'", "heavy-ball"),
    (
        '{"descent": {"optimizer": {"kind": "heavy-ball", "momentum": 1}}}',
        "descent.optimizer.momentum",
        "1.0",
        "from 0 below 1",
    ),
    ('{"plane": {"kind": "two-parameters", "first": -1}}', "plane.first", "-1", "from 0"),
    ('{"plane": {"kind": "pca"}}', "plane.kind", "'pca'", "principal"),
]


@pytest.mark.parametrize(("text", "field", "shown", "allowed"), BAD)
def test_bad_json_is_refused_in_one_line(text: str, field: str, shown: str, allowed: str) -> None:
    """Which field, what was given, what is allowed."""
    with pytest.raises(SettingError) as caught:
        from_json(text)
    message = str(caught.value)
    assert message.startswith(f"{field}: ") and "\n" not in message
    given, _, promised = message.removeprefix(f"{field}: ").partition(" given; allowed: ")
    assert allowed in promised
    if field != "JSON":
        assert given == shown


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"\x00",
        b'{"title": "\xff"}',
        "[" * 100_000,
        '{"dataset":' * 100_000,
        '{"title": "\\ud800"}',
        "1e999",
        "9" * 5000,
        '{"seed": ' + "9" * 4000 + "}",
        "\ud800",
        '{"seed": ' + "[" * 900 + "]" * 900 + "}",
    ],
    ids=[
        "not UTF-8",
        "zero byte",
        "broken text",
        "deep list",
        "deep object",
        "half a surrogate",
        "huge",
        "5000 digits",
        "4000 digits",
        "half a surrogate as it is",
        "nested",
    ],
)
def test_garbage_is_refused_in_one_line(text: str | bytes) -> None:
    with pytest.raises(SettingError) as caught:
        from_json(text)
    assert len(str(caught.value).splitlines()) == 1 and len(str(caught.value)) < 300


KINDS: list[type[Settings]] = [Experiment, Network, Descent, *DATASETS, *PLANES, *OPTIMIZERS, *SCHEDULES]
NAMES = sorted({name for kind in KINDS for name in kind.__struct_fields__} | {"kind"})
WORDS = sorted(
    {*ACTIVATIONS, *LOSSES, "moons", "blobs", "sine", "heavy-ball", "constant", "principal", "random", "two-parameters"}
)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-5, 5),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(WORDS),
)
keys = st.one_of(st.sampled_from(NAMES), st.text(max_size=4))
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))

thorough = settings(
    max_examples=150, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def accepted_or_refused(text: str | bytes) -> None:
    """An experiment that goes through JSON unchanged, or one line that says why not."""
    try:
        experiment = from_json(text)
    except SettingError as error:
        message = str(error)
        assert len(message.splitlines()) == 1 and "given; allowed: " in message
    else:
        assert from_json(to_json(experiment)) == experiment


@thorough
@given(st.binary(max_size=60))
def test_any_bytes_are_accepted_or_refused(noise: bytes) -> None:
    accepted_or_refused(noise)


@thorough
@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused(noise: str) -> None:
    accepted_or_refused(noise)


@thorough
@given(st.dictionaries(keys, values, max_size=5))
def test_any_object_is_accepted_or_refused(plain: dict[str, Any]) -> None:
    accepted_or_refused(msgspec.json.encode(plain))


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in nested dictionaries and lists."""
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


PLACES = [place for place in places(json.loads(to_json(Experiment()))) if place]


@thorough
@given(st.sampled_from(PLACES), values)
def test_any_value_in_any_place_is_accepted_or_refused(place: tuple[Any, ...], value: Any) -> None:
    plain = json.loads(to_json(Experiment()))
    target = plain
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    accepted_or_refused(msgspec.json.encode(plain))


def test_changes_are_named_by_their_path() -> None:
    before = Experiment()
    after = Experiment(
        seed=3, network=Network(activation="relu"), descent=Descent(optimizer=HeavyBall(0.5), schedule=Constant(0.3))
    )
    assert changes(before, before) == {}
    assert changes(before, after) == {
        "seed": (0, 3),
        "network.activation": ("tanh", "relu"),
        "descent.optimizer.momentum": (0.9, 0.5),
        "descent.schedule.learning_rate": (0.1, 0.3),
    }


def test_another_kind_is_one_change() -> None:
    before, after = Experiment(), Experiment(plane=RandomNormalized(seed=2))
    assert changes(before, after) == {"plane": (before.plane, after.plane)}


@pytest.mark.parametrize(
    "parts",
    [
        {"dataset": Sine()},
        {"dataset": Blobs()},
        {"loss": "softmax"},
        {"network": Network(widths=(3, 1))},
        {"dataset": Sine(), "network": Network(widths=(1, 1))},
    ],
)
def test_what_does_not_fit_together_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        Experiment(**parts)


def test_equal_settings_share_their_objective() -> None:
    assert Experiment(seed=1).objective is Experiment(seed=2).objective
    assert Experiment().objective is not Experiment(loss="mse").objective


def test_run_is_the_start_and_what_follows() -> None:
    experiment = Experiment(steps=12)
    trajectory = experiment.run()
    assert [state.step for state in trajectory] == list(range(13))
    expected = islice(descend(experiment.objective, experiment.descent, experiment.begin()), 12)
    for recorded, state in zip(islice(trajectory, 1, None), expected, strict=True):
        np.testing.assert_array_equal(recorded.params, state.params)
    assert len(experiment.run(steps=0)) == 1


def test_training_learns() -> None:
    """Two moons by 500 steps of the defaults: nearly all of the points on the right side."""
    experiment = Experiment()
    trajectory = experiment.run()
    outputs = experiment.network.forward(trajectory[-1].params, experiment.objective.inputs)
    assert np.mean((outputs[:, 0] > 0.0) == experiment.objective.dataset.targets) > 0.95
    assert trajectory[-1].loss < 0.5 * trajectory[0].loss


def test_train_goes_on_to_the_step_it_was_told() -> None:
    experiment = Experiment()
    start = experiment.begin()
    steps = list(train(experiment, start, 7))
    assert [step.state.step for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert all(step.experiment is experiment for step in steps)
    assert list(train(experiment, steps[-1].state, 7)) == []
    assert list(train(experiment, steps[-1].state, 3)) == []


def test_train_in_two_parts_is_train_in_one() -> None:
    experiment = Experiment(descent=Descent(batch_size=16))
    whole = list(train(experiment, experiment.begin(), 20))
    first = list(train(experiment, experiment.begin(), 10))
    second = list(train(experiment, first[-1].state, 20))
    for one, other in zip(whole, first + second, strict=True):
        np.testing.assert_array_equal(one.state.params, other.state.params)


LIVE = {
    "learning rate": Experiment(descent=Descent(schedule=Constant(0.3))),
    "momentum": Experiment(descent=Descent(optimizer=HeavyBall(0.2))),
    "activation": Experiment(network=Network(activation="relu")),
    "loss": Experiment(loss="mse"),
}


@pytest.mark.parametrize("after", LIVE.values(), ids=LIVE.keys())
def test_the_next_step_uses_what_was_switched(after: Experiment) -> None:
    """From the same θ and velocity: θ' = θ − η' (β' v + g') with the gradient of the new objective."""
    before = Experiment()
    *_, last = train(before, before.begin(), 10)
    [step] = train(after, last.state, 11)
    _, gradient = after.objective.loss_and_gradient(last.state.params)
    optimizer, schedule = after.descent.optimizer, after.descent.schedule
    assert isinstance(optimizer, HeavyBall) and isinstance(schedule, Constant)
    velocity = optimizer.momentum * last.state.memory[0] + gradient
    expected = last.state.params - schedule.learning_rate * velocity
    np.testing.assert_allclose(step.state.params, expected, rtol=1e-13, atol=1e-15)
    assert step.experiment is after and step.state.step == 11


def test_train_without_a_state_begins_at_the_start() -> None:
    experiment = Experiment()
    steps = list(train(experiment, None, 2))
    assert [step.state.step for step in steps] == [0, 1, 2]
    np.testing.assert_array_equal(steps[0].state.params, experiment.begin().params)
    assert [step.state.step for step in train(experiment, None, 0)] == [0]


@every
@pytest.mark.parametrize("dataset", DATASETS, ids=lambda kind: kind.__name__)
def test_other_data_bring_what_has_to_go_with_them(experiment: Experiment, dataset: Any) -> None:
    changed = with_field(experiment, "dataset", dataset())
    assert changed.dataset == dataset()
    assert changed.network.widths[1:-1] == experiment.network.widths[1:-1]
    assert changed.descent == experiment.descent
    assert np.isfinite(changed.begin().loss)
    assert with_field(changed, "dataset", dataset()) == changed


def test_a_field_alone_is_changed_where_nothing_has_to_go_with_it() -> None:
    assert with_field(Experiment(), "seed", 4) == Experiment(seed=4)
    assert with_field(Experiment(), "network", Network(activation="relu")) == Experiment(
        network=Network(activation="relu")
    )
    with pytest.raises(SettingError):
        with_field(Experiment(), "network", Network(widths=(3, 1)))


def test_a_rehearsal_is_what_happens_then() -> None:
    experiment = Experiment(steps=30, descent=Descent(batch_size=16))
    trajectory = experiment.run()
    np.testing.assert_array_equal(
        np.stack([state.params for state in rehearsal(experiment, trajectory[12])]), trajectory.params(13)
    )
    assert [*rehearsal(experiment, trajectory[-1])] == []


def test_a_rehearsal_ends_where_the_loss_climbs() -> None:
    """Ten times the loss it began with, on the way to infinity."""
    experiment = Experiment(
        network=Network(activation="relu"), loss="mse", descent=Descent(schedule=Constant(3.0)), steps=300
    )
    trajectory = experiment.run()
    losses = trajectory.losses()
    climbed = int(np.argmax(losses > 10.0 * losses[0]))
    assert climbed > 0
    assert len([*rehearsal(experiment, trajectory[0])]) == climbed - 1


@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_landscape_is_of_the_first_states(count: int) -> None:
    experiment = Experiment(steps=19, resolution=21)
    trajectory = experiment.run()
    *coarse, finest = landscape(experiment, trajectory, count, None)
    plane = finest.surface.plane
    assert coarse and finest.surface.progress == 1.0 and finest.surface.loss.shape == (21, 21)
    np.testing.assert_allclose(finest.coords, plane.project(trajectory.params()))
    np.testing.assert_array_equal(finest.heights, trajectory.losses(0, count))
    # The path as it will go on is shown too.
    assert all(plane.contains(coords) for coords in plane.project(trajectory.params()))


def test_a_landscape_keeps_its_plane_and_takes_old_heights_anew() -> None:
    before, after = Experiment(steps=10, resolution=11), Experiment(steps=10, resolution=11, loss="mse")
    trajectory = before.run()
    plane = before.slice_of(trajectory)
    *_, finest = landscape(after, trajectory, 11, plane, under=6)
    assert finest.surface.plane is plane
    np.testing.assert_allclose(finest.heights[:6], after.objective.loss(trajectory.params(0, 6)))
    np.testing.assert_array_equal(finest.heights[6:], trajectory.losses(6))


@pytest.mark.parametrize("plane", PLANES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_diverged_run_keeps_its_finite_states_and_can_be_drawn(plane: Any, activation: str) -> None:
    """A warning would be an error."""
    experiment = Experiment(
        network=Network(activation=activation),
        loss="mse",
        descent=Descent(schedule=Constant(learning_rate=1e6)),
        plane=plane(),
        resolution=11,
    )
    trajectory = experiment.run(steps=300)
    finite = np.isfinite(trajectory.losses())
    assert finite[:-1].all()
    assert np.isfinite(trajectory.params()[:-1]).all()
    *_, surface = survey(experiment.objective, experiment.slice_of(trajectory), (11, 11))
    assert surface.loss.shape == (11, 11)
    *_, land = landscape(experiment, trajectory, len(trajectory), None, under=len(trajectory))
    assert len(land.coords) == len(land.heights) == len(trajectory)
