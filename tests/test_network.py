"""The network: a forward pass written out by hand, the layout of θ, and the backward pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model import ACTIVATIONS, INITIALIZERS, Initializer, Network, SettingError
from model.activations import Array
from model.network import layout

WIDTHS = [(2, 1), (3, 4, 2), (2, 16, 16, 1), (1, 5, 4, 3, 2)]
every_activation = pytest.mark.parametrize("activation", ACTIVATIONS)


def naive(network: Network, params: Array, inputs: Array) -> Array:
    """The definition, one neuron after another: weights of a neuron, layer by layer row by row, then the biases."""
    numbers = iter(params.tolist())
    a = inputs
    for depth, (fan_in, fan_out) in enumerate(zip(network.widths, network.widths[1:], strict=False), 1):
        weights = [[next(numbers) for _ in range(fan_in)] for _ in range(fan_out)]
        biases = [next(numbers) for _ in range(fan_out)]
        columns = [sum(a[:, i] * w for i, w in enumerate(row)) + b for row, b in zip(weights, biases, strict=True)]
        a = np.stack(columns, axis=1)
        if depth < len(network.widths) - 1:
            a = network.phi.value(a)
    assert next(numbers, None) is None
    return a


@pytest.mark.parametrize(("widths", "size"), [((2, 1), 3), ((3, 4, 2), 26), ((2, 16, 16, 1), 337)])
def test_size_by_hand(widths: tuple[int, ...], size: int) -> None:
    assert Network(widths=widths).size == size == layout(widths)[-1].stop


@every_activation
@pytest.mark.parametrize("widths", WIDTHS)
def test_forward_is_the_definition(widths: tuple[int, ...], activation: str) -> None:
    network, rng = Network(widths=widths, activation=activation), np.random.default_rng(0)
    params, inputs = rng.normal(size=network.size), rng.normal(size=(9, widths[0]))
    expected = naive(network, params, inputs)
    np.testing.assert_allclose(network.forward(params, inputs), expected, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(network.record(params, inputs).outputs, expected, rtol=1e-11, atol=1e-13)


@every_activation
def test_forward_takes_any_stack(activation: str) -> None:
    network, rng = Network(widths=(2, 5, 4, 3), activation=activation), np.random.default_rng(1)
    params, inputs = rng.normal(size=(4, 3, network.size)), rng.normal(size=(8, 2))
    outputs = network.forward(params, inputs)
    assert outputs.shape == (4, 3, 8, 3)
    for index in np.ndindex(4, 3):
        np.testing.assert_allclose(outputs[index], naive(network, params[index], inputs), rtol=1e-11, atol=1e-13)


@every_activation
def test_nothing_given_is_written_to(activation: str) -> None:
    network, rng = Network(widths=(2, 5, 4, 3), activation=activation), np.random.default_rng(2)
    params, inputs, slope = rng.normal(size=network.size), rng.normal(size=(8, 2)), rng.normal(size=(8, 3))
    for array in (params, inputs, slope):
        array.flags.writeable = False
    network.forward(params, inputs)
    network.backward(params, network.record(params, inputs), slope)


@every_activation
@pytest.mark.parametrize("widths", WIDTHS)
def test_backward_is_the_gradient(widths: tuple[int, ...], activation: str, central_differences: Any) -> None:
    """Of Σ slope·outputs, for any slope: what the chain rule hands on."""
    network, rng = Network(widths=widths, activation=activation), np.random.default_rng(3)
    params, inputs = 0.5 * rng.normal(size=network.size), rng.normal(size=(6, widths[0]))
    slope = rng.normal(size=(6, widths[-1]))
    expected = central_differences(lambda p: float(np.sum(slope * network.forward(p, inputs))), params)
    gradient = network.backward(params, network.record(params, inputs), slope)
    np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", INITIALIZERS, ids=lambda kind: kind.__name__)
def test_begin_draws_weights_and_leaves_biases_at_zero(kind: type[Initializer]) -> None:
    network = Network(widths=(2, 5, 3))
    params = network.begin(kind(), seed=4)
    biases = np.array(["bias" in name for name in network.parameter_names()])
    assert (params[biases] == 0.0).all() and (params[~biases] != 0.0).all()
    np.testing.assert_array_equal(params, network.begin(kind(), seed=4))
    assert not np.array_equal(params, network.begin(kind(), seed=5))


def test_parameter_names_by_hand() -> None:
    assert Network(widths=(2, 2, 1)).parameter_names() == (
        "layer 1, weight 1→1",
        "layer 1, weight 2→1",
        "layer 1, weight 1→2",
        "layer 1, weight 2→2",
        "layer 1, bias 1",
        "layer 1, bias 2",
        "layer 2, weight 1→1",
        "layer 2, weight 2→1",
        "layer 2, bias 1",
    )


def test_a_named_weight_joins_the_neurons_it_names() -> None:
    """Only "weight 2→3" of the first layer and "weight 3→1" of the second are not 0: f(x) = φ(x₂)."""
    network = Network(widths=(2, 4, 1), activation="tanh")
    names = network.parameter_names()
    params = np.zeros(network.size)
    params[names.index("layer 1, weight 2→3")] = params[names.index("layer 2, weight 3→1")] = 1.0
    inputs = np.array([[0.3, 0.7], [5.0, -0.2]])
    np.testing.assert_allclose(network.forward(params, inputs)[:, 0], np.tanh(inputs[:, 1]))


@pytest.mark.parametrize(
    "widths", [(), (2,), (2, 0, 1), (2, -3, 1), (2, 1025, 1), (2,) * 13, (1, 1024, 1024, 1), (2, 1.5, 1), (2, True)]
)
def test_impossible_widths_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"^widths: "):
        Network(widths=widths)
