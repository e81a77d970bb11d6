"""The loss of a network on data: its gradient, stacks of parameters, and the fast path for pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import log_expit

from model import ACTIVATIONS, DATASETS, LOSSES, Fit, Network, SettingError
from model.datasets import Blobs, Dataset, Moons, Sine
from model.objective import unsuited


def suited() -> list[Any]:
    """Every activation and loss, with every data set and width of output that they can be used with."""
    cases = []
    for kind in DATASETS:
        data = kind().load()
        for outputs in data.outputs:
            for loss in LOSSES:
                if not unsuited(loss, data, Network(widths=(data.inputs.shape[1], outputs))):
                    cases += [
                        pytest.param(kind, outputs, loss, phi, id=f"{phi}-{loss}-{kind.__name__}-{outputs}")
                        for phi in ACTIVATIONS
                    ]
    return cases


CASES = suited()
every = pytest.mark.parametrize(("kind", "outputs", "loss", "activation"), CASES)


def fit(kind: Any, outputs: int, loss: str, activation: str, samples: int = 24) -> Fit:
    data = kind(samples=samples).load()
    return Fit(data, Network(widths=(data.inputs.shape[1], 6, 5, outputs), activation=activation), loss)


def some_params(objective: Fit, *shape: int, seed: int = 0, scale: float = 0.7) -> Any:
    return scale * np.random.default_rng(seed).normal(size=(*shape, objective.size))


def test_every_activation_meets_every_loss() -> None:
    met = {(case.values[3], case.values[2]) for case in CASES}
    assert met == {(activation, loss) for activation in ACTIVATIONS for loss in LOSSES}


@every
@pytest.mark.parametrize("rows", [None, [3], [5, 0, 17, 2, 9]], ids=["all", "one", "five"])
def test_gradient(
    kind: Any, outputs: int, loss: str, activation: str, rows: list[int] | None, central_differences: Any
) -> None:
    objective = fit(kind, outputs, loss, activation)
    params, chosen = some_params(objective), None if rows is None else np.array(rows)
    value, gradient = objective.loss_and_gradient(params, chosen)

    # The rows as a data set of their own: its loss is another way to the same function.
    part = np.arange(24) if chosen is None else chosen
    data = objective.dataset
    alone = Fit(Dataset(data.name, data.inputs[part], data.targets[part], data.classes), objective.network, loss)
    assert value == pytest.approx(float(alone.loss(params)), rel=1e-12)
    expected = central_differences(lambda p: float(alone.loss(p)), params)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-8)


@every
def test_stack_is_the_single_ones(kind: Any, outputs: int, loss: str, activation: str) -> None:
    objective = fit(kind, outputs, loss, activation)
    params = some_params(objective, 3, 25)  # more than one chunk
    stack = objective.loss(params)
    assert stack.shape == (3, 25) and stack.dtype == np.float64
    for index in np.ndindex(3, 25):
        assert stack[index] == pytest.approx(float(objective.loss(params[index])), rel=1e-12)


@every
@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_slice_agrees_with_loss(kind: Any, outputs: int, loss: str, activation: str, dimensions: int) -> None:
    objective = fit(kind, outputs, loss, activation, samples=60)
    origin, directions = some_params(objective), some_params(objective, dimensions, seed=1)
    coords = np.random.default_rng(2).uniform(-1.0, 1.0, (40, dimensions))
    expected = objective.loss(origin + coords @ directions)
    np.testing.assert_allclose(objective.slice(origin, directions)(coords), expected, rtol=1e-5)


@pytest.mark.parametrize("loss", ["mse", "bce"])
def test_slice_of_a_network_without_hidden_layer(loss: str) -> None:
    objective = Fit(Moons().load(), Network(widths=(2, 1)), loss)
    origin, directions = some_params(objective), some_params(objective, 2, seed=1)
    coords = np.random.default_rng(2).uniform(-1.0, 1.0, (20, 2))
    expected = objective.loss(origin + coords @ directions)
    np.testing.assert_allclose(objective.slice(origin, directions)(coords), expected, rtol=1e-5)


def test_loss_by_hand() -> None:
    """A network of one line, f(x) = 2x − 1: binary cross-entropy at x = 0, 1 with classes 1, 0."""
    data = Dataset("pair", np.array([[0.0], [1.0]]), np.array([1, 0]), classes=2)
    objective = Fit(data, Network(widths=(1, 1)), "bce")
    value, gradient = objective.loss_and_gradient(np.array([2.0, -1.0]))
    assert value == pytest.approx(-(log_expit(-1.0) + log_expit(-1.0)) / 2, rel=1e-14)
    sigma = 1.0 / (1.0 + np.exp(-1.0))  # at x = 0 the error is σ(−1) − 1 = −σ(1), at x = 1 it is σ(1)
    np.testing.assert_allclose(gradient, [sigma / 2, (sigma - sigma) / 2], atol=1e-15)


def test_bce_of_one_logit_is_softmax_of_two() -> None:
    """σ(z) is softmax([0, z]): the same loss by another road."""
    data, rng = Moons(samples=30).load(), np.random.default_rng(0)
    one, two = Fit(data, Network(widths=(2, 1)), "bce"), Fit(data, Network(widths=(2, 2)), "softmax")
    w1, w2, b = rng.normal(size=3)
    single, double = np.array([w1, w2, b]), np.array([0.0, 0.0, w1, w2, 0.0, b])
    assert float(one.loss(single)) == pytest.approx(float(two.loss(double)), rel=1e-13)


@pytest.mark.parametrize("samples", [2, 200, 100_000])
def test_chunk_is_some_but_not_many(samples: int) -> None:
    assert 1 <= Fit(Moons(samples=samples).load(), Network(), "bce").chunk <= 64


def test_no_params_no_losses() -> None:
    objective = Fit(Moons().load(), Network(), "bce")
    assert objective.loss(np.empty((0, objective.size))).shape == (0,)


@pytest.mark.parametrize(
    ("data", "widths", "loss", "message"),
    [
        (Sine(), (2, 4, 1), "mse", "network.widths: 2 given; allowed: 1 at the start, for Sine"),
        (Sine(), (1, 4, 2), "mse", "network.widths: 2 given; allowed: 1 at the end, for Sine"),
        (Moons(), (2, 4, 3), "bce", "network.widths: 3 given; allowed: 1 or 2 at the end, for Two moons"),
        (Blobs(classes=4), (2, 4, 1), "softmax", "network.widths: 1 given; allowed: 4 at the end, for Blobs"),
        (Sine(), (1, 4, 1), "bce", "loss: 'bce' given; allowed: mse, because Sine has values as targets"),
        (Moons(), (2, 4, 1), "softmax", "loss: 'softmax' given; allowed: a loss for 1 output"),
    ],
)
def test_what_does_not_fit_together_is_refused(data: Any, widths: tuple[int, ...], loss: str, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Fit(data.load(), Network(widths=widths), loss)
    assert str(caught.value).startswith(message)
