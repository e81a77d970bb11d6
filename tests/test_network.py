"""The network: a forward pass written out by hand, the layout of θ, and the backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model import ACTIVATIONS, INITIALIZERS, Fit, Initializer, Network, SettingError
from model.activations import Array
from model.datasets import Dataset
from model.losses import MeanSquared
from model.settings import kind_of
from tests.cases import in_turn

SHAPES = {
    "linear": Network((2, 1)),
    "wide": Network((3, 4, 2)),
    "usual": Network((2, 16, 16, 1)),
    "deep": Network((1, 5, 4, 3, 2)),
    "no biases": Network((2, 5, 4, 1), bias=False),
    "one weight": Network((1, 1), bias=False),
    "polynomial": Network((1, 1), degree=5),
    "powers and layers": Network((1, 4, 3, 2), degree=3),
    "powers, no biases": Network((1, 3, 1), degree=2, bias=False),
}
every_activation = in_turn("activation", ACTIVATIONS)
every_shape = in_turn("shape", SHAPES.values(), ids=SHAPES.keys())


def with_activation(shape: Network, activation: str) -> Network:
    return Network(shape.widths, activation, shape.bias, shape.degree)


def naive(network: Network, params: Array, inputs: Array) -> Array:
    """The definition, one neuron after another: in θ the weights of a neuron, then its bias, layer by layer."""
    numbers = iter(params.tolist())
    a = np.stack([column**power for column in inputs.T for power in range(1, network.degree + 1)], axis=1)
    for depth, fan_out in enumerate(network.widths[1:], 1):
        columns = []
        for _ in range(fan_out):
            weights = [next(numbers) for _ in range(a.shape[1])]
            bias = next(numbers) if network.bias else 0.0
            columns.append(sum(a[:, i] * w for i, w in enumerate(weights)) + bias)
        a = np.stack(columns, axis=1)
        if depth < len(network.widths) - 1:
            a = network.phi.value(a)
    assert next(numbers, None) is None
    return a


@pytest.mark.parametrize(
    ("network", "size"),
    [
        (Network((2, 1)), 3),
        (Network((3, 4, 2)), 26),
        (Network((2, 16, 16, 1)), 337),
        (Network((3, 4, 2), bias=False), 20),
        (Network((1, 1), bias=False), 1),
        (Network((1, 1), degree=5), 6),
        (Network((1, 4, 2), degree=3), 26),
    ],
)
def test_size_by_hand(network: Network, size: int) -> None:
    assert network.size == size == len(network.names)


def test_layers_by_hand() -> None:
    """Start, stop, fan-in, fan-out."""
    assert Network((3, 4, 2)).layers == ((0, 16, 3, 4), (16, 26, 4, 2))
    assert Network((3, 4, 2), bias=False).layers == ((0, 12, 3, 4), (12, 20, 4, 2))
    assert Network((1, 4, 2), degree=3).layers == ((0, 16, 3, 4), (16, 26, 4, 2))


def test_features_are_powers_over_a_row_of_ones() -> None:
    inputs = np.array([[2.0], [-3.0]])
    np.testing.assert_array_equal(Network((1, 1), degree=3).features(inputs).T, [[2, 4, 8, 1], [-3, 9, -27, 1]])
    np.testing.assert_array_equal(Network((1, 1), bias=False).features(inputs).T, inputs)


@every_activation
@every_shape
def test_forward_is_the_definition(shape: Network, activation: str) -> None:
    network, rng = with_activation(shape, activation), np.random.default_rng(0)
    params, inputs = rng.normal(size=network.size), rng.normal(size=(9, shape.widths[0]))
    features, expected = network.features(inputs), naive(network, params, inputs)
    np.testing.assert_allclose(network.forward(params, features), expected, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(network.record(params, features).outputs, expected, rtol=1e-11, atol=1e-12)


@every_activation
def test_forward_takes_any_stack(activation: str) -> None:
    """Of parameters; and with a stack of features, each with its own."""
    network, rng = Network(widths=(2, 5, 4, 3), activation=activation), np.random.default_rng(1)
    params, inputs = rng.normal(size=(4, 3, network.size)), rng.normal(size=(8, 2))
    outputs = network.forward(params, network.features(inputs))
    assert outputs.shape == (4, 3, 8, 3)
    for index in np.ndindex(4, 3):
        np.testing.assert_allclose(outputs[index], naive(network, params[index], inputs), rtol=1e-11, atol=1e-13)
    several = rng.normal(size=(4, 3, 8, 2))
    outputs = network.forward(params, network.features(several))
    for index in np.ndindex(4, 3):
        expected = naive(network, params[index], several[index])
        np.testing.assert_allclose(outputs[index], expected, rtol=1e-11, atol=1e-13)


@every_activation
def test_nothing_given_is_written_to(activation: str) -> None:
    network, rng = Network(widths=(2, 5, 4, 3), activation=activation), np.random.default_rng(2)
    params, slope = rng.normal(size=network.size), rng.normal(size=(8, 3))
    inputs = network.features(rng.normal(size=(8, 2)))
    for array in (params, inputs, slope):
        array.flags.writeable = False
    network.forward(params, inputs)
    tape = network.record(params, inputs)
    for array in (*tape.inputs, *tape.pre_activations):
        array.flags.writeable = False
    network.backward(params, tape, slope)
    network.hessian_at(params, tape, slope, lambda along: along)(params)


@every_activation
@every_shape
def test_backward_is_the_gradient(shape: Network, activation: str) -> None:
    """Of Σ slope·outputs, for any slope: what the chain rule hands on."""
    network, rng, h = with_activation(shape, activation), np.random.default_rng(3), 1e-6
    params, features = 0.5 * rng.normal(size=network.size), network.features(rng.normal(size=(6, shape.widths[0])))
    slope = rng.normal(size=(6, shape.widths[-1]))
    steps = h * np.eye(network.size)
    ahead, behind = network.forward(params + steps, features), network.forward(params - steps, features)
    expected = np.sum(slope * (ahead - behind), axis=(1, 2)) / (2 * h)
    gradient = network.backward(params, network.record(params, features), slope)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-7)


@every_activation
def test_deltas_are_derivatives_by_the_biases(activation: str) -> None:
    """With one sample, ∂L/∂b is ∂L/∂z."""
    network, rng = Network((2, 5, 4, 3), activation), np.random.default_rng(4)
    params, slope = rng.normal(size=network.size), rng.normal(size=(1, 3))
    inputs = network.features(rng.normal(size=(1, 2)))
    tape = network.record(params, inputs)
    gradient = network.backward(params, tape, slope)
    for layer, delta in zip(network.layers[::-1], network.deltas(params, tape, slope), strict=True):
        assert delta.shape == (layer.fan_out, 1)
        np.testing.assert_allclose(delta, network.biases(gradient, layer), rtol=1e-12)


def test_linear_gradient_is_the_closed_form() -> None:
    """XᵀΔ for the weights, Σ Δ for the biases."""
    network, rng = Network((3, 2)), np.random.default_rng(5)
    X, slope, params = rng.normal(size=(20, 3)), rng.normal(size=(20, 2)), rng.normal(size=network.size)
    gradient = network.backward(params, network.record(params, network.features(X)), slope)
    np.testing.assert_allclose(gradient.reshape(2, 4)[:, :3], (X.T @ slope).T, rtol=1e-12)
    np.testing.assert_allclose(gradient.reshape(2, 4)[:, 3], slope.sum(axis=0), rtol=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 5])
def test_polynomial_regression_is_that_of_polyfit(degree: int) -> None:
    """The coefficients that `numpy.polyfit` finds have its residual as their loss here, and no gradient."""
    rng = np.random.default_rng(6)
    x = np.linspace(-1.0, 1.0, 30)
    y = np.sin(3.0 * x) + 0.1 * rng.normal(size=30)
    coefficients, residual, *_ = np.polyfit(x, y, degree, full=True)
    data = Dataset("curve", x[:, None], y[:, None])
    objective = Fit(data, Network((1, 1), degree=degree), MeanSquared())
    params = np.append(coefficients[-2::-1], coefficients[-1])  # x, x², ..., and the constant as bias
    loss, gradient = objective.loss_and_gradient(params)
    assert loss == pytest.approx(float(residual[0]) / 30, rel=1e-10)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)


@pytest.mark.parametrize("kind", INITIALIZERS, ids=kind_of)
@pytest.mark.parametrize("bias", [True, False])
def test_begin_draws_weights_and_leaves_biases_at_zero(kind: type[Initializer], bias: bool) -> None:
    network = Network(widths=(2, 5, 3), bias=bias)
    params = network.begin(kind(), seed=4)
    biases = np.array(["bias" in name for name in network.names])
    assert (params[biases] == 0.0).all() and (params[~biases] != 0.0).all() == (kind_of(kind) != "zeros")
    np.testing.assert_array_equal(params, network.begin(kind(), seed=4))
    drawn = kind_of(kind) not in ("zeros", "constant")
    assert np.array_equal(params, network.begin(kind(), seed=5)) != drawn


def test_each_layer_begins_by_its_own_fan_in_and_fan_out() -> None:
    [he] = [kind for kind in INITIALIZERS if kind_of(kind) == "he-uniform"]
    network = Network((1, 600, 6, 100), degree=6)
    params = network.begin(he(), seed=0)
    for layer, end in zip(network.layers, (1.0, 0.1, 1.0), strict=True):  # √(6/m), m = 6, 600, 6
        assert 0.98 * end < np.abs(network.weights(params, layer)).max() <= end


def test_names_by_hand() -> None:
    assert Network(widths=(2, 2, 1)).names == (
        "layer 1, weight 1→1",
        "layer 1, weight 2→1",
        "layer 1, bias 1",
        "layer 1, weight 1→2",
        "layer 1, weight 2→2",
        "layer 1, bias 2",
        "layer 2, weight 1→1",
        "layer 2, weight 2→1",
        "layer 2, bias 1",
    )
    assert Network((1, 2, 1), bias=False).names == (
        "layer 1, weight 1→1",
        "layer 1, weight 1→2",
        "layer 2, weight 1→1",
        "layer 2, weight 2→1",
    )
    assert Network((1, 1), degree=3).names == (
        "layer 1, weight x^1→1",
        "layer 1, weight x^2→1",
        "layer 1, weight x^3→1",
        "layer 1, bias 1",
    )


@every_shape
def test_names_are_all_different(shape: Network) -> None:
    assert len(set(shape.names)) == shape.size


@every_shape
def test_filters_are_the_rows_of_the_weights(shape: Network) -> None:
    params = np.random.default_rng(7).normal(size=shape.size)
    rows = [row for layer in shape.layers for row in shape.weights(params, layer)]
    for part, row in zip(shape.filters, rows, strict=True):
        np.testing.assert_array_equal(params[part], row)
    taken = np.concatenate([np.arange(shape.size)[part] for part in shape.filters])
    assert [shape.names[number] for number in taken] == [name for name in shape.names if "weight" in name]


def test_a_named_weight_joins_the_neurons_it_names() -> None:
    """Only "weight 2→3" of the first layer and "weight 3→1" of the second are not 0: f(x) = φ(x₂)."""
    network = Network(widths=(2, 4, 1), activation="tanh")
    params = np.zeros(network.size)
    for name in ("layer 1, weight 2→3", "layer 2, weight 3→1"):
        params[network.names.index(name)] = 1.0
    inputs = np.array([[0.3, 0.7], [5.0, -0.2]])
    np.testing.assert_allclose(network.forward(params, network.features(inputs))[:, 0], np.tanh(inputs[:, 1]))


def test_a_named_power_is_that_power() -> None:
    network = Network((1, 1), degree=4)
    params = np.zeros(network.size)
    params[network.names.index("layer 1, weight x^3→1")] = 2.0
    inputs = np.array([[0.5], [-2.0]])
    np.testing.assert_allclose(network.forward(params, network.features(inputs))[:, 0], [0.25, -16.0])


@pytest.mark.parametrize(
    "widths", [(), (2,), (2, 0, 1), (2, -3, 1), (2, 1025, 1), (2,) * 17, (1, 1024, 1024, 1), (2, 1.5, 1), (2, True)]
)
def test_impossible_widths_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"^widths: "):
        Network(widths=widths)


def test_sixteen_sizes_are_allowed() -> None:
    assert len(Network((2,) * 16).layers) == 15


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"degree": 3}, "degree: 3 given; allowed: 1, for 2 inputs; powers are for one input"),
        ({"degree": 21}, "degree: 21 given; allowed: a whole number from 1 to 20"),
        ({"degree": 0}, "degree: 0 given; allowed: a whole number from 1 to 20"),
        ({"bias": 1}, "bias: 1 given; allowed: true or false"),
        ({"activation": "gellu"}, f"activation: 'gellu' given; allowed: {', '.join(ACTIVATIONS)} (did you mean gelu?)"),
        ({"widths": (2,)}, "widths: (2,) given; allowed: 2 to 16 layer sizes, such as 2-16-16-1"),
    ],
)
def test_refusals_by_hand(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Network(**fields)
    assert str(caught.value) == message
