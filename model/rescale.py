"""Rescaling: other parameters, the same function.

An activation with φ(αz) = α·φ(z) for α > 0 lets a layer's weights and biases grow by the factor α and the next layer's
weights shrink by it, and no output changes (Neyshabur et al. 2015; Dinh et al. 2017, "Sharp minima can generalize").
With D the diagonal matrix of these factors, L(D·θ) = L(θ) for *all* θ, so that at the new place

    gradient g' = D⁻¹·g,    Hessian H' = D⁻¹·H·D⁻¹:

flatness, λmax, and a surface along raw directions say nothing of the function alone.

What holds of filter-normalised planes (Li et al. 2018, §4), where every neuron's incoming weights are scaled to their
norm in θ: if D has one number c for all incoming weights of a neuron, the normalised direction is multiplied by that c
as well, so that d' = D·d and the surface is the same, exactly. That is so when all neurons of a layer get the same α:
then the next layer's weights are all divided by it. Biases do no harm where they are left out of the directions (0
stays 0), or each is scaled to its own size. They do where they stay as they were drawn, and where a neuron's bias is
counted as one more of its weights, for in the next layer it is not divided as they are.

With another α for each neuron the invariance is lost, though the function is still the same: each neuron of the next
layer then has incoming weights with different factors, and one norm cannot follow them. All other layers' directions
still do. So a filter-normalised picture, too, may differ between networks that compute the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model.arrays import Array
from model.network import Network
from model.settings import SettingError

HOMOGENEOUS = ("relu", "identity", "leaky-relu")  # activations with φ(αz) = αφ(z) for all α > 0


def check(network: Network, layer: int = 1) -> None:
    """Raise `SettingError` unless that hidden layer, counted from 1, can be rescaled."""
    hidden = len(network.layers) - 1
    if network.activation not in HOMOGENEOUS:
        allowed = (
            f"{', '.join(HOMOGENEOUS)}: of {network.activation}, φ(αz) is not αφ(z), and the function would change"
        )
        raise SettingError("network.activation", network.activation, allowed)
    if not hidden:
        raise SettingError("network.widths", network.widths, "a hidden layer, between two layers of weights to trade")
    if not 1 <= layer <= hidden:
        raise SettingError("layer", layer, f"a hidden layer, from 1 to {hidden}")


def scaling(network: Network, alpha: npt.ArrayLike, layer: int = 1) -> Array:
    """Factors D `(P,)`: `params * factors` is the same function, for any `params` `(..., P)`.

    Weights and biases into hidden layer number `layer` are multiplied by `alpha`, weights out of it divided by it: one
    number above 0, or one for each neuron of that layer. Raises `SettingError` where it is not, and as `check` does.
    """
    check(network, layer)
    into, out_of = network.layers[layer - 1], network.layers[layer]
    given = np.asarray(alpha, float)
    if given.shape not in ((), (into.fan_out,)):
        raise SettingError("alpha", alpha, f"one number, or one for each of {into.fan_out} neurons")
    if not ((given > 0) & (given < np.inf)).all():
        raise SettingError("alpha", alpha, "a finite number above 0")
    factors, each = np.ones(network.size), np.broadcast_to(given, into.fan_out)
    network.matrix(factors, into)[...] *= each[:, None]
    network.weights(factors, out_of)[...] /= each
    return factors
