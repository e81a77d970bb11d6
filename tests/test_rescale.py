"""Rescaled layers: the same function everywhere, another gradient, another curvature, and which surfaces stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model import ACTIVATIONS, Fit, Network, RandomNormalized, SettingError, survey
from model.activations import Array
from model.curvature import eigenpairs, hessian
from model.datasets import Moons, Sine
from model.losses import BinaryCrossEntropy, MeanSquared
from model.plane import UNIT, Plane, filter_normalized, is_weight
from model.rescale import HOMOGENEOUS, check, scaling
from tests.cases import in_turn

MOONS = Moons(samples=40, seed=1).load()
ALPHAS = [0.01, 0.3, 1.0, 7.0, 100.0]
every_alpha = in_turn("alpha", ALPHAS)
every_layer = in_turn("layer", [1, 2])
every_activation = in_turn("activation", HOMOGENEOUS)
GRID = np.stack(np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9), indexing="ij"), axis=-1)


def fit(activation: str = "relu", bias: bool = True, widths: tuple[int, ...] = (2, 5, 4, 1)) -> Fit:
    return Fit(MOONS, Network(widths, activation, bias), BinaryCrossEntropy())


def some_params(objective: Fit, *shape: int, seed: int = 0) -> Array:
    return np.asarray(np.random.default_rng(seed).normal(size=(*shape, objective.size)))


def each(objective: Fit, layer: int, seed: int = 5) -> Array:
    """Another α for each neuron of a hidden layer, from 0.1 to 10."""
    return np.asarray(10 ** np.random.default_rng(seed).uniform(-1, 1, objective.network.layers[layer - 1].fan_out))


def losses(objective: Fit, params: Array, directions: Array) -> Array:
    """The loss in float64 on a grid of a plane through `params`."""
    return objective.loss(params + GRID @ directions)


def apart(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_called_homogeneous_is(activation: str) -> None:
    """φ(αz) = αφ(z), tried on all activations there are."""
    phi, z = ACTIVATIONS[activation], np.linspace(-3.0, 3.0, 41)
    scales = [0.01, 0.5, 2.0, 100.0]
    homogeneous = all(np.allclose(phi.value(scale * z), scale * phi.value(z), rtol=1e-12) for scale in scales)
    assert homogeneous == (activation in HOMOGENEOUS)


def test_factors_by_hand() -> None:
    """1-2-1 with biases: two rows (weight, bias), then one row (weight, weight, bias)."""
    network = Network((1, 2, 1), "relu")
    np.testing.assert_array_equal(scaling(network, 4.0), [4, 4, 4, 4, 0.25, 0.25, 1])
    np.testing.assert_array_equal(scaling(network, [4.0, 0.5]), [4, 4, 0.5, 0.5, 0.25, 2, 1])
    np.testing.assert_array_equal(scaling(Network((1, 2, 1), "relu", bias=False), 4.0), [4, 4, 0.25, 0.25])
    np.testing.assert_array_equal(scaling(Network((1, 1, 1, 1), "relu"), 2.0, layer=2), [1, 1, 2, 2, 0.5, 1])


@pytest.mark.parametrize("bias", [True, False])
@every_layer
@every_activation
@every_alpha
def test_the_function_stays(alpha: float, activation: str, layer: int, bias: bool) -> None:
    """Outputs to 1e-12, for inputs near and far, at any parameters and not only those that were trained."""
    objective = fit(activation, bias)
    network, params = objective.network, some_params(objective, 6)
    far = network.features(100.0 * np.random.default_rng(1).normal(size=(50, 2)))
    for factors in (scaling(network, alpha, layer), scaling(network, alpha * each(objective, layer), layer)):
        assert apart(factors, np.ones(objective.size)) > 0.1 or alpha == 1.0
        for features in (objective.features, far):
            outputs = network.forward(params, features)
            error = apart(network.forward(params * factors, features), outputs)
            assert error <= 1e-12 * np.abs(outputs).max()
        np.testing.assert_allclose(objective.loss(params * factors), objective.loss(params), rtol=1e-12)


def test_powers_of_x_are_inputs_like_any_other() -> None:
    objective = Fit(Sine(samples=20).load(), Network((1, 4, 1), "relu", degree=3), MeanSquared())
    params = some_params(objective, 3)
    rescaled = params * scaling(objective.network, 30.0)
    np.testing.assert_allclose(objective.loss(rescaled), objective.loss(params), rtol=1e-12)


@every_layer
@every_activation
@every_alpha
def test_gradient_and_hessian_follow(alpha: float, activation: str, layer: int) -> None:
    """L(D·θ) = L(θ) for all θ, differentiated once and twice: g = D·g' and H = D·H'·D."""
    objective = fit(activation)
    params = some_params(objective)
    for given in (alpha, alpha * each(objective, layer)):
        factors = scaling(objective.network, given, layer)
        rescaled = params * factors
        gradient = objective.loss_and_gradient(params)[1]
        np.testing.assert_allclose(
            objective.loss_and_gradient(rescaled)[1], gradient / factors, rtol=1e-9, atol=1e-13 * max(1 / factors)
        )
        matrix = hessian(objective, params) / np.outer(factors, factors)
        np.testing.assert_allclose(hessian(objective, rescaled), matrix, rtol=1e-9, atol=1e-13 * np.abs(matrix).max())


@every_layer
@pytest.mark.parametrize("alpha", [alpha for alpha in ALPHAS if alpha != 1.0])
def test_the_sharpest_curvature_grows_as_much_as_one_likes(alpha: float, layer: int) -> None:
    """λmax is at least that of any block (Cauchy): out of the layer it grows by α², into it by α⁻² (Dinh et al.).

    It is at most max(1/D²) times what it was (Ostrowski). So it goes up without bound on both sides.
    """
    objective = fit()
    network, params = objective.network, some_params(objective)
    factors = scaling(network, alpha, layer)
    before, after = (float(eigenpairs(objective, at)[0][0]) for at in (params, params * factors))
    sharp = factors < 1  # the block whose curvature grows: D⁻¹ > 1 there
    block = hessian(objective, params)[np.ix_(sharp, sharp)]
    growth = max(alpha, 1 / alpha) ** 2
    least = growth * float(np.linalg.eigvalsh(block)[-1])
    assert 0 < least * (1 - 1e-9) <= after <= growth * before * (1 + 1e-9)
    if growth > 1000:
        assert after > 100 * before


@pytest.mark.parametrize("biases", [False, True], ids=["biases held", "biases varied"])
@every_layer
@every_activation
@every_alpha
def test_a_filter_normalized_surface_stays(alpha: float, activation: str, layer: int, biases: bool) -> None:
    """The same random directions, normalised here and there, are d and D·d; the surfaces are equal to 1e-10."""
    objective = fit(activation)
    params, drawn = some_params(objective), some_params(objective, 2, seed=3)
    factors = scaling(objective.network, alpha, layer)
    here, there = (
        np.array([filter_normalized(objective, direction, at, biases) for direction in drawn])
        for at in (params, params * factors)
    )
    np.testing.assert_allclose(there, here * factors, rtol=1e-13)
    surface = losses(objective, params, here)
    np.testing.assert_allclose(losses(objective, params * factors, there), surface, rtol=1e-10)
    assert np.ptp(surface) > 0.1


@every_layer
@pytest.mark.parametrize("alpha", [0.125, 1024.0])
def test_by_powers_of_two_it_stays_to_the_last_bit(alpha: float, layer: int) -> None:
    """These are multiplied by without rounding: nothing but the identity itself is left to differ."""
    objective = fit()
    params, drawn = some_params(objective), some_params(objective, seed=3)
    factors = scaling(objective.network, alpha, layer)
    there = filter_normalized(objective, drawn, params * factors)
    np.testing.assert_array_equal(there, factors * filter_normalized(objective, drawn, params))
    np.testing.assert_array_equal(objective.loss(params * factors + there), objective.loss(params + there / factors))


@pytest.mark.parametrize("normalize", ["neuron", "none"])
@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_surfaces_as_they_are_drawn(alpha: float, normalize: str) -> None:
    """The plane that can be chosen: normalised the picture stays, in float32; raw it does not."""
    objective, kind = fit(), RandomNormalized(seed=4, normalize=normalize)
    params = some_params(objective)
    drawn = []
    for at in (params, params * scaling(objective.network, alpha)):
        plane = kind.plane(objective, at[None])
        assert plane.bounds == kind.plane(objective, params[None]).bounds
        *_, surface = survey(objective, plane, (21, 21))
        drawn.append(surface.loss)
    if normalize == "neuron":
        np.testing.assert_allclose(drawn[1], drawn[0], rtol=1e-4)
    else:
        assert apart(drawn[1], drawn[0]) > 0.5


@pytest.mark.parametrize("weights_only", [True, False])
@every_layer
@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_a_raw_surface_changes(alpha: float, layer: int, weights_only: bool) -> None:
    """The same directions as they were drawn are other ones for the function: D⁻¹·d, seen from the old place."""
    objective = fit()
    params, drawn = some_params(objective), some_params(objective, 2, seed=3)
    if weights_only:
        drawn = drawn * is_weight(objective)
    factors = scaling(objective.network, alpha, layer)
    before, after = losses(objective, params, drawn), losses(objective, params * factors, drawn)
    assert apart(before, after) > 0.5
    np.testing.assert_allclose(after, losses(objective, params, drawn / factors), rtol=1e-10)


def test_raw_biases_beside_normalized_weights_break_it() -> None:
    """Biases left as they were drawn are not multiplied by α, as those of the layer are."""
    objective = fit()
    params, drawn = some_params(objective), some_params(objective, 2, seed=3)
    factors, weights = scaling(objective.network, 10.0), is_weight(objective)
    here, there = (
        np.array([np.where(weights, filter_normalized(objective, d, at), d) for d in drawn])
        for at in (params, params * factors)
    )
    assert apart(losses(objective, params, here), losses(objective, params * factors, there)) > 0.1


def test_biases_counted_as_weights_break_it() -> None:
    """A filter of weights and bias together has one factor into the layer, and two out of it."""
    objective = fit()
    network, params, drawn = objective.network, some_params(objective), some_params(objective, seed=3)
    factors = scaling(network, 10.0)
    follows = []
    for layer in network.layers:
        d = network.matrix(drawn, layer)
        here, there = (
            d
            * np.linalg.norm(network.matrix(at, layer), axis=1, keepdims=True)
            / np.linalg.norm(d, axis=1, keepdims=True)
            for at in (params, params * factors)
        )
        follows.append(np.allclose(there, here * network.matrix(factors, layer), rtol=1e-12))
    assert follows == [True, False, True]


@every_layer
@pytest.mark.parametrize("biases", [False, True])
def test_another_factor_for_each_neuron_breaks_it(layer: int, biases: bool) -> None:
    """One norm cannot follow weights with different factors. Where it fails is in the next layer, and nowhere else.

    There the directions differ by D·‖θ‖/‖D·θ‖, row by row, as follows from the definition of the normalisation.
    """
    objective = fit()
    network, params, drawn = objective.network, some_params(objective), some_params(objective, 2, seed=3)
    factors = scaling(network, each(objective, layer), layer)
    here, there = (
        np.array([filter_normalized(objective, direction, at, biases) for direction in drawn])
        for at in (params, params * factors)
    )
    follows = np.isclose(there, here * factors, rtol=1e-12).all(axis=0)
    out_of = network.layers[layer]
    in_next = np.zeros(objective.size, bool)
    in_next[out_of.start : out_of.stop] = is_weight(objective)[out_of.start : out_of.stop]
    np.testing.assert_array_equal(follows, ~in_next)
    theta, d = (network.weights(array, out_of) for array in (params, factors))
    norms = np.linalg.norm(d * theta, axis=-1, keepdims=True) / np.linalg.norm(theta, axis=-1, keepdims=True)
    np.testing.assert_allclose(network.weights(there, out_of), network.weights(here, out_of) * norms, rtol=1e-12)
    assert apart(losses(objective, params, here), losses(objective, params * factors, there)) > 0.1


def test_neurons_with_one_incoming_weight_bear_it() -> None:
    """With one neuron in the layer there is one factor only, and no difference between the two ways."""
    objective = fit(widths=(2, 1, 3, 1))
    params, drawn = some_params(objective), some_params(objective, seed=3)
    factors = scaling(objective.network, [7.0])
    np.testing.assert_array_equal(factors, scaling(objective.network, 7.0))
    there = filter_normalized(objective, drawn, params * factors)
    np.testing.assert_allclose(there, factors * filter_normalized(objective, drawn, params), rtol=1e-13)


def test_rescaled_planes_hold_rescaled_points() -> None:
    """D·(origin + x·u + y·v), point by point: the whole plane moves with the network."""
    objective = fit()
    params, drawn = some_params(objective), some_params(objective, 2, seed=3)
    factors = scaling(objective.network, 5.0)
    here, there = (
        Plane(at, *(filter_normalized(objective, d, at) for d in drawn), UNIT, ("", ""))
        for at in (params, params * factors)
    )
    np.testing.assert_allclose(there.point(GRID), factors * here.point(GRID), rtol=1e-12, atol=1e-12)


RELU = Network((2, 5, 4, 1), "relu")


@pytest.mark.parametrize(
    ("network", "alpha", "layer", "field", "says"),
    [
        (Network((2, 5, 1), "tanh"), 2.0, 1, "network.activation", "relu"),
        (Network((2, 5, 1), "elu"), 2.0, 1, "network.activation", "function would change"),
        (Network((2, 1), "relu"), 2.0, 1, "network.widths", "hidden layer"),
        (RELU, 2.0, 0, "layer", "from 1 to 2"),
        (RELU, 2.0, 3, "layer", "from 1 to 2"),
        (RELU, 0.0, 1, "alpha", "above 0"),
        (RELU, -1.0, 1, "alpha", "above 0"),
        (RELU, np.nan, 1, "alpha", "above 0"),
        (RELU, np.inf, 1, "alpha", "above 0"),
        (RELU, [1.0, 2.0], 1, "alpha", "5 neurons"),
        (RELU, [1.0, 2.0, 3.0, 4.0, 0.0], 1, "alpha", "above 0"),
    ],
)
def test_what_cannot_be_rescaled_says_why(network: Network, alpha: Any, layer: int, field: str, says: str) -> None:
    with pytest.raises(SettingError) as caught:
        scaling(network, alpha, layer)
    assert caught.value.field == field and says in caught.value.allowed and "\n" not in str(caught.value)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_refused_would_change_the_function(activation: str) -> None:
    """`check` passes where the identity holds, and only there: the factors of a ReLU network, applied to all others."""
    objective = fit(activation)
    params, factors = some_params(objective), scaling(RELU, 3.0)
    same = np.isclose(objective.loss(params * factors), objective.loss(params), rtol=1e-9)
    if same:
        check(objective.network)
    else:
        with pytest.raises(SettingError):
            check(objective.network)
