"""Experiments: a run is its experiment, JSON is the experiment, and nothing else gets in."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings

from model import (
    ACTIVATIONS,
    DATASETS,
    FUNCTIONS,
    INITIALIZERS,
    LINES,
    LOSSES,
    OPTIMIZERS,
    PLANES,
    SCHEDULES,
    Constant,
    Descent,
    Experiment,
    Fit,
    Function,
    HeavyBall,
    Network,
    NetworkLoss,
    Objective,
    RandomNormalized,
    Restricted,
    SettingError,
    Settings,
    Trajectory,
    TwoParameters,
    another_start,
    changes,
    descend,
    from_json,
    to_json,
    with_field,
    with_text,
)
from model.datasets import Blobs, Linear, Moons, Sine
from model.line import AlongGradient, AlongStep
from model.losses import Huber, MeanSquared, SoftmaxCrossEntropy
from model.objective import unsuited
from model.optimizers import SGD
from model.plane import Curvature, Steepest
from model.settings import kind_of
from tests.cases import in_turn

ROOT = Path(__file__).parent.parent


def fitting() -> dict[str, Experiment]:
    """Every data set with every loss and number of outputs that suit it."""
    made = {}
    for kind in DATASETS:
        data = kind().load()
        for loss in LOSSES:
            for outputs in data.outputs:
                network = Network(widths=(data.inputs.shape[1], 4, outputs))
                if not unsuited(loss, data, network):
                    name = f"{kind_of(kind)}-{kind_of(loss)}-{outputs}"
                    made[name] = Experiment(dataset=kind(), network=network, loss=loss())
    return made


def others() -> dict[str, Experiment]:
    """One for every entry of every other registry, and for every field that changes what is minimised."""
    made: dict[str, Experiment] = {"default": Experiment()}
    for activation in ACTIVATIONS:
        made[activation] = Experiment(network=Network(activation=activation))
    for kind in INITIALIZERS:
        made[kind_of(kind)] = Experiment(initializer=kind())
    for kind in OPTIMIZERS:
        made[kind_of(kind)] = Experiment(descent=Descent(optimizer=kind()))
    for kind in SCHEDULES:
        made[f"{kind_of(kind)} rate"] = Experiment(descent=Descent(schedule=kind()))
    for kind in PLANES:
        made[kind_of(kind)] = Experiment(plane=kind(reach=2.5))
    for kind in LINES:
        made[f"line {kind_of(kind)}"] = Experiment(line=kind())
    made["not followed"] = Experiment(plane=Steepest(follow=False))
    made["rescaled"] = Experiment(network=Network(activation="relu"), rescale=0.5)
    for kind in FUNCTIONS:
        made[kind_of(kind)] = Experiment(function=kind())
    made["no biases"] = Experiment(network=Network(bias=False))
    made["polynomial"] = Experiment(dataset=Sine(), network=Network((1, 1), degree=5), loss="mse")
    made["one weight"] = Experiment(dataset=Sine(), network=Network((1, 1), bias=False), loss="mse")
    made["held out"] = Experiment(holdout=0.3, seed=4)
    made["some trained"] = Experiment(trained="0; layer 3; biases", holdout=0.5)
    made["two trained"] = Experiment(trained="5-6", plane="random")
    made["a loss with a number"] = Experiment(loss=Huber(delta=0.1))
    made["words"] = Experiment(title="θ\n\"'\\ \u2028", about="ü" * 1000)
    made["numbers"] = Experiment(
        descent=Descent(optimizer=HeavyBall(0.1 + 0.2), schedule=Constant(1e-300), batch_size=7, seed=2**31),
        plane=TwoParameters(3, 4),
        resolution=401,
    )
    return made


FITTING, OTHERS = fitting(), others()
every = in_turn("experiment", (FITTING | OTHERS).values(), ids=(FITTING | OTHERS).keys())


def digest(trajectory: Trajectory) -> str:
    """Of every bit of every state."""
    bits = hashlib.sha256()
    for state in trajectory:
        for array in (
            state.params,
            state.gradient,
            *state.memory,
            np.array([state.loss, state.batch_loss, state.test_loss]),
        ):
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


@pytest.mark.slow
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
    ('{"kind": "moons"}', "kind", "'moons'", "title, about, function, dataset"),
    ('{"seed": -1}', "seed", "-1", "a whole number from 0 to "),
    ('{"seed": 1.5}', "seed", "1.5", "a whole number from 0 to "),
    ('{"seed": true}', "seed", "True", "a whole number from 0 to "),
    ('{"seed": null}', "seed", "None", "a whole number from 0 to "),
    ('{"seed": "1"}', "seed", "'1'", "a whole number from 0 to "),
    ('{"seed": 99999999999999999999999999}', "seed", "99999999999999999999999999", "a whole number from 0 to "),
    ('{"title": 5}', "title", "5", "a text"),
    ('{"loss": "cross"}', "loss", "'cross'", "mse, mae, huber"),
    ('{"loss": "bec"}', "loss", "'bec'", "did you mean bce?"),
    ('{"loss": ["bce"]}', "loss", "['bce']", "an object with kind mse, mae"),
    ('{"loss": "softmax"}', "loss", "'softmax'", "2 or more"),
    ('{"loss": {"kind": "softmax"}}', "loss", "'softmax'", "2 or more"),
    ('{"loss": {}}', "loss.kind", "None", "mse, mae"),
    ('{"loss": {"kind": "huber", "delta": 0}}', "loss.delta", "0.0", "above 0 to 10000"),
    ('{"loss": {"kind": "mse", "delta": 1}}', "loss.delta", "1", "no fields"),
    ('{"holdout": 0.95}', "holdout", "0.95", "a finite number from 0 to 0.9"),
    ('{"holdout": -0.1}', "holdout", "-0.1", "a finite number from 0 to 0.9"),
    ('{"trained": "337"}', "trained", "'337'", "numbers from 0 to 336"),
    ('{"trained": "layer 4"}', "trained", "'layer 4'", "names such as 'layer 1, weight 1→1'"),
    ('{"trained": 3}', "trained", "3", "a text"),
    ('{"function": "bowls"}', "function", "'bowls'", "did you mean bowl?"),
    ('{"function": {}}', "function.kind", "None", "network, bowl"),
    ('{"function": {"kind": "network", "x": 1}}', "function.x", "1", "no fields"),
    ('{"function": {"kind": "bowl", "x": 1e9}}', "function.x", "1000000000.0", "from -1e+06 to 1e+06"),
    ('{"function": {"kind": "formula", "text": "x +"}}', "function.text", "'x +'", "column 4"),
    (
        '{"function": {"kind": "formula", "text": "1/(x - 2.5)"}}',
        "function.text",
        "'1/(x - 2.5)'",
        "finite at the start",
    ),
    ('{"steps": 0}', "steps", "0", "from 1 to "),
    ('{"resolution": 2}', "resolution", "2", "from 3 to 20001"),
    ('{"resolution": 1e9}', "resolution", "1000000000.0", "from 3 to 20001"),
    ('{"dataset": "moon"}', "dataset", "'moon'", "did you mean moons?"),
    ('{"dataset": 5}', "dataset", "5", "an object with kind moons"),
    ('{"dataset": {}}', "dataset.kind", "None", "moons, circles"),
    ('{"dataset": {"kind": "moon"}}', "dataset.kind", "'moon'", "did you mean moons?"),
    ('{"dataset": {"kind": "moons", "noise": -0.1}}', "dataset.noise", "-0.1", "a finite number from 0 to 10"),
    ('{"dataset": {"kind": "moons", "classes": 3}}', "dataset.classes", "3", "samples, noise, seed"),
    ('{"dataset": {"kind": "blobs"}}', "network.widths", "1", "3 at the end"),
    ('{"dataset": {"kind": "sine"}}', "network.widths", "2", "1 at the start"),
    ('{"dataset": {"kind": "sine"}, "network": {"widths": [1, 3, 1]}}', "loss", "'bce'", "mse"),
    ('{"network": []}', "network", "[]", "an object"),
    ('{"network": {"bias": 0}}', "network.bias", "0", "true or false"),
    ('{"network": {"degree": 2}}', "network.degree", "2", "1, for 2 inputs"),
    ('{"network": {"width": [2, 1]}}', "network.width", "[2, 1]", "did you mean widths?"),
    ('{"network": {"kind": "deep"}}', "network.kind", "'deep'", "widths, activation"),
    ('{"network": {"widths": [2, 0, 1]}}', "network.widths", "(2, 0, 1)", "from 1 to 1024"),
    ('{"network": {"widths": [2]}}', "network.widths", "(2,)", "2 to 16 layer sizes"),
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


REGISTERED: list[type[Settings]] = [
    *DATASETS, *FUNCTIONS, *INITIALIZERS, *LINES, *LOSSES, *OPTIMIZERS, *PLANES, *SCHEDULES,
]  # fmt: skip
KINDS: list[type[Settings]] = [Experiment, Network, Descent, NetworkLoss, *REGISTERED]
NAMES = sorted({name for kind in KINDS for name in kind.__struct_fields__} | {"kind"})
WORDS = sorted({*ACTIVATIONS, *(kind_of(kind) for kind in REGISTERED), "network", "layer 1", "0-5", "biases", "x*y"})
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

thorough = settings(max_examples=150)


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
@pytest.mark.slow
def test_any_text_is_accepted_or_refused(noise: str) -> None:
    accepted_or_refused(noise)


@thorough
@given(st.dictionaries(keys, values, max_size=5))
@pytest.mark.slow
def test_any_object_is_accepted_or_refused(plain: dict[str, Any]) -> None:
    accepted_or_refused(msgspec.json.encode(plain))


def places(plain: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in nested dictionaries and lists."""
    inner = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(place for key, value in inner for place in places(value, (*path, key)))]


PLACES = [place for place in places(json.loads(to_json(Experiment()))) if place]


@thorough
@given(st.sampled_from(PLACES), values)
@pytest.mark.slow
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
        {"loss": SoftmaxCrossEntropy()},
        {"trained": "layer 9"},
        {"network": Network(bias=False), "trained": "biases"},
        {"dataset": Moons(samples=100_000), "network": Network((2, 101, 1))},
        {"network": Network(widths=(3, 1))},
        {"dataset": Sine(), "network": Network(widths=(1, 1))},
    ],
)
def test_what_does_not_fit_together_is_refused(parts: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        Experiment(**parts)


def test_a_training_that_takes_too_much_memory_is_refused() -> None:
    """θ, gradient and velocity are 24 bytes a parameter; of 3·1000 + 1001·900 + 901 there is room for 184 states."""
    with pytest.raises(SettingError) as caught:
        Experiment(network=Network((2, 1000, 900, 1)))
    assert str(caught.value) == "steps: 500 given; allowed: 1 to 184, for 904,801 parameters"
    assert Experiment(network=Network((2, 1000, 900, 1)), steps=184).steps == 184


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, r"rescale: 2\.0 given; allowed: 1 here; otherwise network\.activation relu, .*of tanh"),
        ({"network": Network((2, 1), "relu")}, r"1 here; otherwise network\.widths a hidden layer"),
        ({"network": Network(activation="relu"), "trained": "layer 1"}, "all its parameters"),
        ({"function": "bowl"}, "unless a network is trained"),
    ],
    ids=["an activation that does not scale", "no hidden layer", "some trained", "a function"],
)
def test_what_cannot_be_rescaled_is_refused(parts: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingError, match=says):
        Experiment(**parts, rescale=2.0)
    assert Experiment(**parts).factors is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("network", Network(activation="tanh")),
        ("network", Network(activation="relu")),
        ("dataset", Blobs()),
        ("function", "bowl"),
        ("trained", "layer 1"),
    ],
)
def test_another_network_is_not_rescaled_at_first(name: str, value: Any) -> None:
    rescaled = Experiment(network=Network(activation="relu"), rescale=4.0)
    assert with_field(rescaled, name, value).rescale == 1.0
    assert with_field(rescaled, "seed", 1).rescale == 4.0


def test_the_factors_leave_the_function_as_it_is_and_the_run_too() -> None:
    """Only what is looked at is rescaled: ∂/∂W of what is trained stays what it was."""
    experiment, plain = (Experiment(network=Network(activation="relu"), rescale=alpha) for alpha in (4.0, 1.0))
    start, factors = plain.start, experiment.factors
    assert factors is not None and sorted(set(factors)) == [0.25, 1.0, 4.0]
    assert (factors[:48] == 4.0).all() and (factors == 0.25).sum() == 16 * 16  # layer 1 with biases; layer 2 without
    assert float(plain.objective.loss(start * factors)) == pytest.approx(float(plain.objective.loss(start)), rel=1e-12)
    assert digest(experiment.run(5)) == digest(plain.run(5))


def test_equal_settings_share_their_objective() -> None:
    assert Experiment(seed=1).objective is Experiment(seed=2).objective
    assert Experiment().objective is not Experiment(loss="mse").objective
    assert Experiment(loss="bce").objective is Experiment().objective
    assert Experiment(trained="0; 1").objective is Experiment(trained="0; 1").objective
    assert Experiment(holdout=0.5).objective is Experiment(holdout=0.5).objective
    assert Experiment(function="bowl").objective is Experiment(function="bowl", seed=3).objective


# ---- what is minimised ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FUNCTIONS, ids=kind_of)
def test_a_function_is_descended_from_its_start(kind: type[Function]) -> None:
    """Whatever data and network say, even if they would not go together."""
    experiment = Experiment(function=kind(), dataset=Blobs(), network=Network((5, 1)), loss="softmax", trained="99")
    assert not experiment.learns and experiment.objective is kind().objective
    start = experiment.begin()
    assert start.params.tolist() == [kind().x, kind().y] and math.isnan(start.test_loss)
    assert start.loss == float(experiment.objective.loss(start.params))
    assert from_json(to_json(experiment)) == experiment


def test_descent_in_a_bowl_is_a_geometric_sequence() -> None:
    """∇½(x² + y²) = θ, so θₜ = (1 − η)ᵗ θ₀."""
    experiment = Experiment(function="bowl", descent=Descent(SGD(), Constant(0.25)))
    expected = 0.75 ** np.arange(21)[:, None] * experiment.start
    np.testing.assert_allclose(experiment.run(20).params(), expected, rtol=1e-13)


def test_descent_of_a_linear_model_is_that_of_its_normal_equations() -> None:
    """θₜ − θ* = (I − ηH)ᵗ (θ₀ − θ*) with H = (2/n) XᵀX: another road to every state."""
    experiment = Experiment(
        dataset=Linear(), network=Network((1, 1)), loss="mse", descent=Descent(SGD(), Constant(0.1)), seed=3
    )
    data = Linear().load()
    X, y = np.column_stack([data.inputs, np.ones(len(data.inputs))]), data.targets[:, 0]
    best, *_ = np.linalg.lstsq(X, y, rcond=None)
    shrink = np.eye(2) - 0.1 * (2 / len(y)) * X.T @ X
    apart = experiment.start - best
    for state in experiment.run(30):
        np.testing.assert_allclose(state.params, best + apart, rtol=1e-9, atol=1e-12)
        apart = shrink @ apart


def test_training_some_is_training_with_the_others_held() -> None:
    experiment, everything = Experiment(trained="layer 2; 0"), Experiment()
    objective = experiment.objective
    assert isinstance(objective, Restricted) and isinstance(everything.objective, Fit)
    assert objective.size == 1 + 17 * 16 and objective.space.names[1] == "layer 2, weight 1→1"
    np.testing.assert_array_equal(objective.complete(experiment.start), everything.start)
    last = experiment.run(10)[-1]
    complete = objective.complete(last.params)
    held = np.ones(complete.size, bool)
    held[[0, *range(48, 320)]] = False  # layer 1 has 3·16 numbers
    np.testing.assert_array_equal(complete[held], everything.start[held])
    assert (complete[~held] != everything.start[~held]).all()
    assert last.loss == pytest.approx(float(everything.objective.loss(complete)), rel=1e-13)


@pytest.mark.parametrize("trained", ["0-336", "weights; biases", "layer"])
def test_training_all_by_name_is_training_all(trained: str) -> None:
    named = Experiment(trained=trained, descent=Descent(batch_size=32), holdout=0.2)
    assert digest(named.run(10)) == digest(Experiment(descent=Descent(batch_size=32), holdout=0.2).run(10))


@pytest.mark.parametrize("trained", ["", "0-40"])
def test_held_out_data_are_for_the_test_loss_alone(trained: str) -> None:
    experiment = Experiment(holdout=0.25, seed=1, trained=trained)
    objective, whole = experiment.objective, Experiment(seed=1, trained=trained).objective
    assert objective.samples == 150 and objective.test is not None and objective.test.samples == 50
    for state in experiment.run(5):
        assert state.test_loss == float(objective.test.loss(state.params))
        assert 0.75 * state.loss + 0.25 * state.test_loss == pytest.approx(float(whole.loss(state.params)), rel=1e-12)


def test_the_split_seed_decides_which_data_are_held_out() -> None:
    def rows(objective: Objective) -> set[tuple[float, ...]]:
        assert isinstance(objective, Fit)
        return set(map(tuple, objective.dataset.inputs.tolist()))

    one, same, other = (Experiment(holdout=0.25, split_seed=seed).objective for seed in (1, 1, 2))
    assert one.test is not None and rows(one) == rows(same) != rows(other)
    assert not rows(one) & rows(one.test)
    assert rows(one) | rows(one.test) == rows(Experiment().objective)


def test_without_held_out_data_there_is_no_test_loss() -> None:
    assert Experiment().objective.test is None
    assert all(math.isnan(state.test_loss) for state in Experiment().run(2))


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
    data = experiment.dataset.load()
    network = experiment.network
    outputs = network.forward(trajectory[-1].params, network.features(data.inputs))
    assert np.mean((outputs[:, 0] > 0.0) == data.targets) > 0.95
    assert trajectory[-1].loss < 0.5 * trajectory[0].loss


CHANGED = {kind_of(e.dataset): e for e in FITTING.values()} | {kind_of(e.loss): e for e in FITTING.values()}
CHANGED |= {name: OTHERS[name] for name in ("no biases", "polynomial", "held out", "tanh")}


@in_turn("experiment", CHANGED.values(), ids=CHANGED.keys())
@pytest.mark.parametrize("dataset", DATASETS, ids=kind_of)
def test_other_data_bring_what_has_to_go_with_them(experiment: Experiment, dataset: Any) -> None:
    changed = with_field(experiment, "dataset", dataset())
    assert changed.dataset == dataset()
    assert changed.network.widths[1:-1] == experiment.network.widths[1:-1]
    assert (changed.network.bias, changed.network.activation) == (
        experiment.network.bias,
        experiment.network.activation,
    )
    assert changed.descent == experiment.descent
    assert np.isfinite(changed.begin().loss)
    assert with_field(changed, "dataset", dataset()) == changed
    if not unsuited(experiment.loss, dataset().load(), changed.network):
        assert changed.loss == experiment.loss


def test_a_polynomial_becomes_a_line_for_data_with_two_inputs() -> None:
    changed = with_field(OTHERS["polynomial"], "dataset", Moons())
    assert changed.network == Network((2, 1)) and changed.loss == MeanSquared()


def test_a_field_alone_is_changed_where_nothing_has_to_go_with_it() -> None:
    assert with_field(Experiment(), "seed", 4) == Experiment(seed=4)
    assert with_field(Experiment(), "network", Network(activation="relu")) == Experiment(
        network=Network(activation="relu")
    )
    with pytest.raises(SettingError):
        with_field(Experiment(), "network", Network(widths=(3, 1)))


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("seed", "4", Experiment(seed=4)),
        ("title", "Two words", Experiment(title="Two words")),
        ("loss", "huber", Experiment(loss=Huber())),
        ("loss", '{"kind": "huber", "delta": 2}', Experiment(loss=Huber(2.0))),
        ("network.widths", "2-8-1", Experiment(network=Network((2, 8, 1)))),
        ("network.widths", "[2, 8, 1]", Experiment(network=Network((2, 8, 1)))),
        ("network.bias", "false", Experiment(network=Network(bias=False))),
        ("network.activation", "gelu", Experiment(network=Network(activation="gelu"))),
        ("descent.schedule.learning_rate", "0.5", Experiment(descent=Descent(schedule=Constant(0.5)))),
        ("descent.optimizer", "sgd", Experiment(descent=Descent(optimizer=SGD()))),
        ("trained", "layer 3", Experiment(trained="layer 3")),
        ("holdout", "0.5", Experiment(holdout=0.5)),
        ("function", "bowl", Experiment(function="bowl")),
        ("line", "last-step", Experiment(line=AlongStep())),
        ("line.reach", "2", Experiment(line=AlongGradient(reach=2.0))),
        (
            "plane",
            '{"kind": "curvature", "follow": false, "reach": 3}',
            Experiment(plane=Curvature(reach=3.0, follow=False)),
        ),
        ("dataset", "blobs", Experiment(dataset=Blobs(), network=Network((2, 16, 16, 3)))),
    ],
)
def test_a_setting_by_its_path_and_a_text(path: str, text: str, expected: Experiment) -> None:
    assert with_text(Experiment(), path, text) == expected


@pytest.mark.parametrize(
    ("path", "text", "field"),
    [
        ("", "1", "setting"),
        ("sead", "1", "setting"),
        ("seed.x", "1", "setting"),
        ("descent.schedule.learning_rate.x", "1", "setting"),
        ("descent.schedule.x", "1", "descent.schedule.x"),
        ("descent.schedule.learning_rate", "-1", "descent.schedule.learning_rate"),
        ("descent.schedule.learning_rate", "fast", "descent.schedule.learning_rate"),
        ("network.widths", "2-0-1", "network.widths"),
        ("network.widths", "2-", "network.widths"),
        ("loss", "hubert", "loss"),
        ("loss", "null", "loss"),
        ("loss.delta", "1", "loss.delta"),
        ("network.bias", "no", "network.bias"),
        ("steps", "1e400", "steps"),
        ("dataset", "5", "dataset"),
        ("line", "up", "line"),
        ("line.reach", "-1", "line.reach"),
        ("plane.reach", "NaN", "plane.reach"),
        ("plane.follow", "true", "plane.follow"),  # the principal directions of a path touch no state
        ("rescale", "0", "rescale"),
        ("rescale", "2", "rescale"),
        ("network", "5", "network"),
    ],
)
def test_a_wrong_path_or_text_is_refused_in_one_line(path: str, text: str, field: str) -> None:
    with pytest.raises(SettingError) as caught:
        with_text(Experiment(), path, text)
    assert caught.value.field == field and len(str(caught.value).splitlines()) == 1


# ---- held-out data ----------------------------------------------------------------------------------------------


def test_new_starts_are_compared_on_the_same_held_out_data() -> None:
    """The start's seed draws the weights, the split's who is held out; neither has a say in the other."""
    first = Experiment(holdout=0.3)
    second, _ = another_start(first)
    assert second.objective is first.objective and not np.array_equal(second.start, first.start)
    other = Experiment(holdout=0.3, split_seed=1)
    np.testing.assert_array_equal(other.start, first.start)
    assert other.objective.test is not None and first.objective.test is not None
    assert other.objective.loss(first.start) != first.objective.loss(first.start)
    assert Experiment(split_seed=1).objective is Experiment().objective  # where nothing is held out
