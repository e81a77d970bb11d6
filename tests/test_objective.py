"""The loss of a network on data: gradient, exact Hessian, flow through the layers, and the fast path for pictures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import expit, log_expit

from model import (
    ACTIVATIONS,
    DATASETS,
    LOSSES,
    Descent,
    Fit,
    Loss,
    Network,
    Objective,
    Restricted,
    SettingError,
    begin,
)
from model.activations import Array
from model.curvature import forecast
from model.curvature.outlook import dead_units
from model.datasets import Blobs, Dataset, Moons, Scaling, Sine
from model.losses import BinaryCrossEntropy, MeanSquared, SoftmaxCrossEntropy
from model.objective import chosen, flow, unsuited
from model.settings import kind_of
from tests.cases import in_turn

SAMPLES = 14
# Layers up to the last, biases, powers.
SHAPES = {
    "hidden layers": ((2, 4, 3), True, 1),
    "no biases": ((2, 4, 3), False, 1),
    "no hidden layer": ((2,), True, 1),
    "degree 3": ((1, 4), True, 3),
}
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=kind_of)
every_activation = in_turn("activation", ACTIVATIONS)
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())


def data_for(loss: type[Loss], inputs: int, samples: int = SAMPLES) -> Dataset:
    """Random inputs, with random targets of the kind that the loss is for."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, inputs))
    if not loss.labels:
        return Dataset("values", x, rng.normal(size=(samples, 2)))
    classes = 2 if loss.fewest == 1 else 3
    return Dataset("classes", x, rng.integers(0, classes, samples), classes)


def fit(
    loss: type[Loss], activation: str = "tanh", shape: Any = SHAPES["hidden layers"], samples: int = SAMPLES
) -> Fit:
    widths, bias, degree = shape
    data = data_for(loss, widths[0], samples)
    return Fit(data, Network((*widths, data.outputs[0]), activation, bias, degree), loss())


def some_params(objective: Objective, *shape: int, seed: int = 0, scale: float = 0.7) -> Array:
    return np.asarray(scale * np.random.default_rng(seed).normal(size=(*shape, objective.size)))


def differences(objective: Objective, params: Array, h: float = 1e-6) -> Array:
    """The gradient by central differences of the loss."""
    steps = h * np.eye(objective.size)
    return np.asarray(objective.loss(params + steps) - objective.loss(params - steps)) / (2 * h)


def hessian(objective: Objective, params: Array) -> Array:
    """All of it, column by column."""
    product = objective.hessian_at(params)
    return np.stack([product(unit) for unit in np.eye(objective.size)], axis=1)


@every_loss
@every_activation
@every_shape
def test_gradient_and_hessian(loss: type[Loss], activation: str, shape: Any) -> None:
    """The gradient against differences of the loss, the Hessian against differences of the gradient."""
    objective, h = fit(loss, activation, shape), 1e-6
    params = some_params(objective)
    value, gradient = objective.loss_and_gradient(params)
    assert value == pytest.approx(float(objective.loss(params)), rel=1e-13)
    np.testing.assert_allclose(gradient, differences(objective, params), rtol=1e-5, atol=1e-8)
    matrix = hessian(objective, params)
    for unit, column in zip(np.eye(objective.size), matrix.T, strict=True):
        ahead, behind = (objective.loss_and_gradient(params + step * unit)[1] for step in (h, -h))
        np.testing.assert_allclose(column, (ahead - behind) / (2 * h), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(matrix, matrix.T, rtol=1e-10, atol=1e-14)
    vector = some_params(objective, seed=1)
    np.testing.assert_allclose(objective.hessian_at(params)(vector), matrix @ vector, rtol=1e-9, atol=1e-12)


@every_loss
@pytest.mark.parametrize("rows", [[3], [5, 0, 13, 2, 9]], ids=["one", "five"])
def test_a_mini_batch_is_a_data_set_of_its_own(loss: type[Loss], rows: list[int]) -> None:
    objective = fit(loss)
    params, data = some_params(objective), objective.dataset
    alone = Fit(Dataset("part", data.inputs[rows], data.targets[rows], data.classes), objective.network, loss())
    value, gradient = objective.loss_and_gradient(params, np.array(rows))
    assert value == pytest.approx(float(alone.loss(params)), rel=1e-12)
    np.testing.assert_allclose(gradient, differences(alone, params), rtol=1e-5, atol=1e-8)


@every_loss
@every_shape
def test_stack_is_the_single_ones(loss: type[Loss], shape: Any) -> None:
    objective = fit(loss, shape=shape)
    params = some_params(objective, 3, 25)  # more than one chunk
    stack = objective.loss(params)
    assert stack.shape == (3, 25) and stack.dtype == np.float64
    for index in np.ndindex(3, 25):
        assert stack[index] == pytest.approx(float(objective.loss(params[index])), rel=1e-12)


@every_loss
@every_activation
@every_shape
@in_turn("dimensions", [1, 2, 3])
def test_slice_agrees_with_loss(loss: type[Loss], activation: str, shape: Any, dimensions: int) -> None:
    objective = fit(loss, activation, shape, samples=40)
    origin, directions = some_params(objective, scale=0.5), some_params(objective, dimensions, seed=1, scale=0.5)
    # More than a chunk at once is allowed, and the room for one chunk is used twice.
    coords = np.random.default_rng(2).uniform(-1.0, 1.0, (objective.chunk + 6, dimensions))
    expected = objective.loss(origin + coords @ directions)
    losses = objective.slice(origin, directions)
    np.testing.assert_allclose(losses(coords), expected, rtol=3e-5, atol=1e-6)
    np.testing.assert_allclose(losses(coords[:5]), expected[:5], rtol=3e-5, atol=1e-6)
    np.testing.assert_allclose(losses(coords[-5:]), expected[-5:], rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("kind", DATASETS, ids=kind_of)
@every_loss
def test_every_data_set_meets_every_loss_or_is_told_why_not(kind: Any, loss: type[Loss]) -> None:
    data = kind().load()
    for outputs in data.outputs:
        network = Network((data.inputs.shape[1], 3, outputs))
        if reason := unsuited(loss, data, network):
            with pytest.raises(SettingError) as caught:
                Fit(data, network, loss())
            assert str(caught.value) == f"loss: '{kind_of(loss)}' given; allowed: {reason}"
            assert (loss.labels and not data.classes) or outputs < loss.fewest
        else:
            objective = Fit(data, network, loss())
            params = some_params(objective)
            gradient = objective.loss_and_gradient(params)[1]
            np.testing.assert_allclose(gradient, differences(objective, params), rtol=1e-4, atol=1e-7)


# ---- closed forms -----------------------------------------------------------------------------------------------


def linear(loss: Loss, classes: int = 0) -> tuple[Fit, Array, Array]:
    """A linear model on 30 points, its inputs with a column of ones for the bias, and parameters."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(30, 3))
    targets = rng.integers(0, classes, 30) if classes else rng.normal(size=(30, 1))
    objective = Fit(Dataset("points", X, targets, classes), Network((3, 1)), loss)
    return objective, np.column_stack([X, np.ones(30)]), rng.normal(size=4)


def test_least_squares() -> None:
    """L = |Xw − y|²/n: gradient (2/n) Xᵀ(Xw − y), Hessian (2/n) XᵀX, least at the normal equations' solution."""
    objective, X, w = linear(MeanSquared())
    y = objective.targets[:, 0]
    np.testing.assert_allclose(objective.loss_and_gradient(w)[1], X.T @ (X @ w - y) * (2 / 30), rtol=1e-12)
    np.testing.assert_allclose(hessian(objective, w), X.T @ X * (2 / 30), rtol=1e-12, atol=1e-15)
    best, residual, *_ = np.linalg.lstsq(X, y, rcond=None)
    assert float(objective.loss(best)) == pytest.approx(float(residual[0]) / 30, rel=1e-12)
    np.testing.assert_allclose(objective.loss_and_gradient(best)[1], 0.0, atol=1e-14)


def test_logistic_regression() -> None:
    """Gradient Xᵀ(p − y)/n, Hessian Xᵀ diag(p(1 − p)) X / n (Bishop 2006, eqs. 4.91 and 4.97)."""
    objective, X, w = linear(BinaryCrossEntropy(), classes=2)
    p = expit(X @ w)
    np.testing.assert_allclose(objective.loss_and_gradient(w)[1], X.T @ (p - objective.targets[:, 0]) / 30, rtol=1e-12)
    np.testing.assert_allclose(hessian(objective, w), X.T @ np.diag(p * (1 - p)) @ X / 30, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("w", [-2.0, 0.0, 0.5])
def test_one_weight_is_a_parabola(w: float) -> None:
    """(w·1 − 0)²: loss w², gradient 2w, second derivative 2."""
    objective = Fit(Dataset("one", np.ones((1, 1)), np.zeros((1, 1))), Network((1, 1), bias=False), MeanSquared())
    loss, gradient = objective.loss_and_gradient(np.array([w]))
    assert (loss, gradient.tolist(), hessian(objective, np.array([w])).tolist()) == (w**2, [2 * w], [[2.0]])


def test_loss_by_hand() -> None:
    """A network of one line, f(x) = 2x − 1: binary cross-entropy at x = 0, 1 with classes 1, 0."""
    data = Dataset("pair", np.array([[0.0], [1.0]]), np.array([1, 0]), classes=2)
    objective = Fit(data, Network(widths=(1, 1)), BinaryCrossEntropy())
    value, gradient = objective.loss_and_gradient(np.array([2.0, -1.0]))
    assert value == pytest.approx(-(log_expit(-1.0) + log_expit(-1.0)) / 2, rel=1e-14)
    sigma = 1.0 / (1.0 + np.exp(-1.0))  # at x = 0 the error is σ(−1) − 1 = −σ(1), at x = 1 it is σ(1)
    np.testing.assert_allclose(gradient, [sigma / 2, (sigma - sigma) / 2], atol=1e-15)


def test_bce_of_one_logit_is_softmax_of_two() -> None:
    """σ(z) is softmax([0, z]): the same loss by another road."""
    data, rng = Moons(samples=30).load(), np.random.default_rng(0)
    one = Fit(data, Network(widths=(2, 1)), BinaryCrossEntropy())
    two = Fit(data, Network(widths=(2, 2)), SoftmaxCrossEntropy())
    w1, w2, b = rng.normal(size=3)
    single, double = np.array([w1, w2, b]), np.array([0.0, 0.0, 0.0, w1, w2, b])
    assert float(one.loss(single)) == pytest.approx(float(two.loss(double)), rel=1e-13)
    H, G = hessian(one, single), hessian(two, double)
    np.testing.assert_allclose(G[3:, 3:], H, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("k", [2, 3, 7])
def test_a_network_of_zeros_guesses(k: int) -> None:
    objective = Fit(Blobs(classes=k).load(), Network((2, 4, k)), SoftmaxCrossEntropy())
    assert float(objective.loss(np.zeros(objective.size))) == pytest.approx(math.log(k), rel=1e-14)


def test_identity_layers_are_one_layer() -> None:
    """W₂(W₁x + b₁) + b₂ is a linear model: the same loss by another road."""
    data, rng = data_for(MeanSquared, 2), np.random.default_rng(4)
    deep, flat = Fit(data, Network((2, 3, 2), "identity"), MeanSquared()), Fit(data, Network((2, 2)), MeanSquared())
    W1, b1, W2, b2 = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(2, 3)), rng.normal(size=2)
    params = np.concatenate([np.column_stack([W, b]).ravel() for W, b in ((W1, b1), (W2, b2))])
    product = np.column_stack([W2 @ W1, W2 @ b1 + b2]).ravel()
    assert float(deep.loss(params)) == pytest.approx(float(flat.loss(product)), rel=1e-13)


# ---- what flows through the layers ------------------------------------------------------------------------------


@every_activation
def test_gradients_of_the_layers_are_parts_of_the_gradient(activation: str) -> None:
    objective = fit(MeanSquared, activation)
    params = some_params(objective)
    flow, gradient = objective.flow(params), objective.loss_and_gradient(params)[1]
    parts = np.split(gradient, [12, 27])  # 2·4 + 4, then 4·3 + 3
    expected = [math.sqrt(sum(number**2 for number in part.tolist())) for part in parts]
    np.testing.assert_allclose(flow.gradients, expected, rtol=1e-12)
    assert math.sqrt((flow.gradients**2).sum()) == pytest.approx(float(np.linalg.norm(gradient)), rel=1e-12)


CHAIN = [0.8, -1.5, 2.0, 0.6, -0.9]


@pytest.mark.parametrize(
    ("activation", "value", "slope"),
    [
        ("sigmoid", lambda z: 1 / (1 + math.exp(-z)), lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
        ("tanh", math.tanh, lambda z: 1 / math.cosh(z) ** 2),
        ("relu", lambda z: max(z, 0.0), lambda z: float(z > 0)),
        ("identity", lambda z: z, lambda z: 1.0),
    ],
)
def test_signals_in_a_chain_of_neurons_are_products(activation: str, value: Any, slope: Any) -> None:
    """x → φ(w₁x) → φ(w₂·) → … with one neuron a layer: ∂L/∂z₁ = 2(f − y) · w₅φ'(z₄) · … · w₂φ'(z₁)."""
    x, y = 0.7, 0.2
    pre_activations = [CHAIN[0] * x]
    for w in CHAIN[1:]:
        pre_activations.append(w * value(pre_activations[-1]))
    signals = [2 * (pre_activations[-1] - y)]
    for w, z in zip(CHAIN[:0:-1], pre_activations[-2::-1], strict=True):
        signals.append(signals[-1] * w * slope(z))
    data = Dataset("one", np.array([[x]]), np.array([[y]]))
    objective = Fit(data, Network((1,) * 6, activation, bias=False), MeanSquared())
    flow = objective.flow(np.array(CHAIN))
    np.testing.assert_allclose(flow.signals, np.abs(signals[::-1]), rtol=1e-12)
    entering = [x, *(value(z) for z in pre_activations[:-1])]
    np.testing.assert_allclose(flow.gradients, np.abs(np.multiply(signals[::-1], entering)), rtol=1e-12)


def test_signals_vanish_behind_sigmoids_and_not_behind_the_identity() -> None:
    """σ' ≤ ¼, so each layer multiplies by |w|/4 at most (Hochreiter 1991); with w = 1 at most 4⁻⁷ is left of 7."""
    data = data_for(MeanSquared, 1)
    data = Dataset("values", data.inputs, data.targets[:, :1].copy())
    for w in (1.0, -3.0):
        vanishing = Fit(data, Network((1,) * 9, "sigmoid"), MeanSquared())
        params = np.tile([w, 0.1], 8)
        signals = vanishing.flow(params).signals
        assert (signals[:-1] <= abs(w) / 4 * signals[1:]).all() and (signals > 0).all()
    exploding = Fit(data, Network((1,) * 9, "identity"), MeanSquared()).flow(np.tile([2.0, 0.0], 8)).signals
    np.testing.assert_allclose(exploding[0] / exploding[-1], 2.0**7, rtol=1e-12)


# ---- data held out ----------------------------------------------------------------------------------------------


def test_the_test_loss_is_that_of_the_data_held_out() -> None:
    whole = Moons(samples=40, seed=1).load()
    first, rest = (
        Dataset("part", whole.inputs[rows].copy(), whole.targets[rows].copy(), 2) for rows in (slice(30), slice(30, 40))
    )
    network = Network((2, 4, 1))
    objective = Fit(first, network, BinaryCrossEntropy(), rest)
    params = some_params(objective)
    assert objective.test is not None and objective.test.test is None and objective.samples == 30
    train, test = float(objective.loss(params)), float(objective.test.loss(params))
    assert train == float(Fit(first, network, BinaryCrossEntropy()).loss(params)) != test
    together = float(Fit(whole, network, BinaryCrossEntropy()).loss(params))
    assert (30 * train + 10 * test) / 40 == pytest.approx(together, rel=1e-12)
    assert Fit(first, network, BinaryCrossEntropy()).test is None
    held = Restricted(objective, np.array([1, 3]), params)
    assert held.test is not None and float(held.test.loss(params[[1, 3]])) == test


# ---- some of the parameters -------------------------------------------------------------------------------------

FREE = np.array([0, 3, 4, 11, 30])


@every_loss
@every_shape
def test_restricted_is_the_whole_with_the_others_held(loss: type[Loss], shape: Any) -> None:
    whole = fit(loss, "tanh", shape)
    free = FREE[whole.size > FREE]
    params, directions = some_params(whole), some_params(whole, 2, seed=1)
    held = some_params(whole, seed=2)
    restricted = Restricted(whole, free, held)
    full = held.copy()
    full[free] = params[free]

    assert restricted.size == len(free) and restricted.samples == whole.samples and restricted.chunk == whole.chunk
    assert restricted.space.names == tuple(np.array(whole.space.names)[free])
    np.testing.assert_array_equal(restricted.complete(params[free]), full)
    assert float(restricted.loss(params[free])) == float(whole.loss(full))
    rows = np.array([0, 2])
    for part in (None, rows):
        (value, gradient), (expected, slopes) = (
            objective.loss_and_gradient(at, part) for objective, at in ((restricted, params[free]), (whole, full))
        )
        assert value == expected
        np.testing.assert_array_equal(gradient, slopes[free])
    np.testing.assert_allclose(hessian(restricted, params[free]), hessian(whole, full)[np.ix_(free, free)], rtol=1e-12)
    for one, other in zip(flow(restricted, params[free]), whole.flow(full), strict=True):
        np.testing.assert_array_equal(one, other)

    coords = np.random.default_rng(3).uniform(-1.0, 1.0, (9, 2))
    expected_losses = restricted.loss(params[free] + coords @ directions[:, free])
    losses = restricted.slice(params[free], directions[:, free])(coords)
    np.testing.assert_allclose(losses, expected_losses, rtol=1e-5)
    stack = some_params(restricted, 2, 3, seed=4)
    assert restricted.loss(stack).shape == (2, 3)
    assert float(restricted.loss(stack)[1, 2]) == pytest.approx(float(restricted.loss(stack[1, 2])), rel=1e-12)


def test_filters_of_restricted_are_what_is_left_of_the_rows() -> None:
    """Of 2-4-1: rows 0-1, 3-4, 6-7, 9-10 and 12-15, with a bias after each."""
    whole = Fit(Moons().load(), Network((2, 4, 1)), BinaryCrossEntropy())
    assert whole.space.filters == (slice(0, 2), slice(3, 5), slice(6, 8), slice(9, 11), slice(12, 16))
    free = np.array([1, 3, 4, 8, 12, 15, 16])
    assert Restricted(whole, free, np.zeros(17)).space.filters == (slice(0, 1), slice(1, 3), slice(4, 6))
    assert Restricted(whole, np.array([8, 16]), np.zeros(17)).space.filters == ()


NAMES = Network((2, 3, 1)).names  # 0-1, 3-4, 6-7 and 9-11 are weights, 2, 5, 8 and 12 biases


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0", [0]),
        ("12", [12]),
        ("5-7", [5, 6, 7]),
        ("3-3", [3]),
        ("0; 5-7", [0, 5, 6, 7]),
        (" 7 ;2;  2", [2, 7]),
        ("layer 2", [9, 10, 11, 12]),
        ("layer 1, bias 2", [5]),
        ("layer 1, bias", [2, 5, 8]),
        ("layer 1, weight", [0, 1, 3, 4, 6, 7]),
        ("layer 1, weight 2→1", [1]),
        ("layer 1, weight 2->1", [1]),
        ("weights", [0, 1, 3, 4, 6, 7, 9, 10, 11]),
        ("biases", [2, 5, 8, 12]),
        ("layer 2; biases; 0", [0, 2, 5, 8, 9, 10, 11, 12]),
        ("0-12", list(range(13))),
        ("layer", list(range(13))),  # the beginning of every name
    ],
)
def test_chosen(text: str, numbers: list[int]) -> None:
    assert chosen(NAMES, text).tolist() == numbers


def test_chosen_takes_no_layer_10_for_layer_1() -> None:
    names = Network((1,) * 12).names
    assert chosen(names, "layer 1").tolist() == [0, 1] and chosen(names, "layer 10").tolist() == [18, 19]


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("13", "13"),
        ("0; 99", "99"),
        ("-1", "-1"),
        ("7-5", "7-5"),
        ("10-13", "10-13"),
        ("1-", "1-"),
        ("9" * 5000, "9" * 5000),
        ("0-" + "9" * 5000, "0-" + "9" * 5000),
        ("layer 3", "layer 3"),
        ("lay", "lay"),
        ("weight", "weight"),
        ("all", "all"),
        ("", ""),
        ("1.5", "1.5"),
        ("0, 1", "0, 1"),
        ("²", "²"),
        ("\x00", "\x00"),
        ("layer 1, weight 9→9", "layer 1, weight 9→9"),
    ],
)
def test_chosen_refuses_in_one_line(text: str, item: str) -> None:
    with pytest.raises(SettingError) as caught:
        chosen(NAMES, text)
    assert (caught.value.field, caught.value.given) == ("trained", item)
    assert len(str(caught.value).splitlines()) == 1 and "numbers from 0 to 12" in str(caught.value)


# ---- the rest ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", [2, 200, 100_000])
def test_chunk_is_some_but_not_many(samples: int) -> None:
    assert 1 <= Fit(Moons(samples=samples).load(), Network(), BinaryCrossEntropy()).chunk <= 64


def test_no_params_no_losses() -> None:
    objective = Fit(Moons().load(), Network(), BinaryCrossEntropy())
    assert objective.loss(np.empty((0, objective.size))).shape == (0,)


@pytest.mark.parametrize("reach", [1e3, 1e20, 1e200, math.inf])
@every_loss
@every_activation
def test_far_away_nothing_warns(loss: type[Loss], activation: str, reach: float) -> None:
    """There is an answer, finite or not, when a state of a diverged run is looked at; a warning would be an error."""
    objective = fit(loss, activation)
    params = some_params(objective, 5, scale=reach)
    assert not (objective.loss(params) < 0).any()
    assert objective.hessian_at(params[0])(some_params(objective, seed=1)).shape == (objective.size,)
    assert [len(part) for part in objective.flow(params[0])] == [3, 3, 3, 3]


def test_names_filters_and_region_are_those_of_the_network() -> None:
    objective = fit(MeanSquared)
    assert (objective.space.names, objective.space.filters) == (objective.network.names, objective.network.filters)
    assert objective.space.region is None and len(objective.space.names) == objective.size == objective.network.size


@pytest.mark.parametrize(
    ("data", "widths", "loss", "message"),
    [
        (Sine(), (2, 4, 1), "mse", "network.widths: 2 given; allowed: 1 at the start, for Sine"),
        (Sine(), (1, 4, 2), "mse", "network.widths: 2 given; allowed: 1 at the end, for Sine"),
        (Moons(), (2, 4, 3), "bce", "network.widths: 3 given; allowed: 1 or 2 at the end, for Two moons"),
        (Blobs(classes=4), (2, 4, 1), "softmax", "network.widths: 1 given; allowed: 4 at the end, for Blobs"),
        (Sine(), (1, 4, 1), "bce", "loss: 'bce' given; allowed: mse or another loss for values: Sine has values"),
        (Sine(), (1, 4, 1), "hinge", "loss: 'hinge' given; allowed: mse or another loss for values: Sine has values"),
        (Moons(), (2, 4, 1), "softmax", "loss: 'softmax' given; allowed: a loss for 1 output; softmax needs 2 or more"),
    ],
)
def test_what_does_not_fit_together_is_refused(data: Any, widths: tuple[int, ...], loss: str, message: str) -> None:
    [kind] = [kind for kind in LOSSES if kind_of(kind) == loss]
    with pytest.raises(SettingError) as caught:
        Fit(data.load(), Network(widths=widths), kind())
    assert str(caught.value).startswith(message)


# ---- standardised data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(2, 3), (2, 5, 3), (2, 5, 4, 3)])
@pytest.mark.parametrize("classes", [0, 3])
def test_user_units_do_to_raw_data_what_the_parameters_do_to_standardised(
    widths: tuple[int, ...], classes: int
) -> None:
    """The network with them, on X itself, predicts Y itself: y · scale + mean."""
    rng = np.random.default_rng(5)
    X, mean, scale = 3.0 * rng.normal(size=(20, 2)) + 7.0, np.array([6.0, -2.0]), np.array([0.1, 30.0])
    target_mean, target_scale = np.array([5.0, 0.0, -1e3]), np.array([2.0, 1e-3, 100.0])
    targets = rng.integers(0, 3, 20) if classes else rng.normal(size=(20, 3))
    none = np.empty(0)
    scaling = Scaling(mean, scale, none if classes else target_mean, none if classes else target_scale)
    data = Dataset("table", (X - mean) / scale, targets, classes, scaling=scaling)
    objective = Fit(data, Network(widths), MeanSquared())
    params = some_params(objective)
    before = params.copy()
    params.flags.writeable = False  # as in a state
    theirs = objective.user_units(params)
    assert theirs is not None
    np.testing.assert_array_equal(params, before)
    network = objective.network
    expected = network.forward(params, network.features(data.inputs))
    if not classes:
        expected = expected * target_scale + target_mean
    np.testing.assert_allclose(network.forward(theirs, network.features(X)), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("network", [Network((1, 3), bias=False), Network((1, 3), degree=2)])
def test_there_are_no_user_units_where_a_layer_cannot_be_shifted(network: Network) -> None:
    ones = np.ones(1)
    data = Dataset("table", np.zeros((4, 1)), np.arange(4) % 3, 3, scaling=Scaling(ones, ones, ones[:0], ones[:0]))
    assert Fit(data, network, MeanSquared()).user_units(np.zeros(network.size)) is None
    plain = Fit(Sine().load(), Network((1, 1)), MeanSquared())
    assert plain.user_units(np.zeros(2)) is None


# ---- dead units -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "relu"])
def test_where_a_slope_is_nowhere_0_no_unit_is_dead(activation: str) -> None:
    objective = fit(MeanSquared, activation)
    assert objective.flow(some_params(objective)).dead.tolist() == [0, 0, 0]


def test_dead_units_are_counted_layer_by_layer() -> None:
    """Units of ReLU whose bias keeps them below 0 on all rows: no parameter into them moves the loss."""
    objective = fit(MeanSquared, "relu")
    network, params = objective.network, np.abs(some_params(objective))
    first, second, _ = network.layers
    network.weights(params, first)[1] = 0.0
    network.biases(params, first)[1] = -1.0
    network.weights(params, second)[[0, 2]] *= -1.0  # of what is never below 0
    network.biases(params, second)[[0, 2]] = -1e-9
    flow = objective.flow(params)
    assert flow.units.tolist() == [4, 3, 2] and flow.dead[0] >= 1 and flow.dead[1] == 2 and flow.dead[2] == 0
    gradient = objective.loss_and_gradient(params)[1]
    assert not network.matrix(gradient, first)[1].any() and not network.matrix(gradient, second)[[0, 2]].any()
    hidden = np.maximum(
        objective.dataset.inputs @ network.weights(params, first).T + network.biases(params, first).T, 0
    )
    assert flow.dead[0] == int((hidden == 0.0).all(axis=0).sum())
    assert dead_units(flow) == (
        f"Dead: {flow.dead[0]} of 4 units of layer 1, 2 of 3 units of layer 2; on no row does a gradient pass them."
    )
    assert dead_units(objective.flow(np.abs(params))) == ""
    assert forecast(objective, Descent(), begin(objective, Descent(), params)).warning.endswith(dead_units(flow))
