"""The network: layers of weights and biases that live in one flat vector θ of P numbers.

One layer computes z = W·a + b and a = φ(z). All parameters lie one after another in θ, layer by layer and neuron by
neuron: its incoming weights, then its bias, which is the weight of an input that is always 1. So a layer is one matrix,
a direction a vector, a plane two of them, and a path a matrix. Without hidden layers this is a linear model; with
powers of x as inputs, a polynomial; without biases and 1-1 wide, a single weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, NamedTuple

import numpy as np

from model.activations import ACTIVATIONS, Activation
from model.arrays import Array, vector, vectors
from model.initializers import Initializer
from model.settings import SettingError, Settings, setting


class Layer(NamedTuple):
    """Where one layer lies in θ: `start:stop` is a matrix with one row for each of `fan_out` neurons."""

    start: int
    stop: int
    fan_in: int
    fan_out: int


class Tape(NamedTuple):
    """What the forward pass saw and the backward pass needs: `inputs` of each layer, with the row of ones if there are
    biases; `pre_activations` of each but the last (or the activations, where derivatives follow from these alone); the
    network's `outputs` `(n, K)`."""

    inputs: list[Array]
    pre_activations: list[Array]
    outputs: Array


class Network(Settings, frozen=True):
    """A fully connected network. The last layer has no activation: its outputs are what the loss compares."""

    widths: Annotated[
        tuple[int, ...],
        setting(
            "Layers", "inputs, hidden layers (or none), outputs: 2-16-16-1, or 2-1", ge=1, le=1024, effect="structure"
        ),
    ] = (2, 16, 16, 1)
    activation: Annotated[
        str, setting("Activation φ", "the bend between the layers", choices=ACTIVATIONS, effect="objective")
    ] = "tanh"
    bias: Annotated[bool, setting("Biases", "whether each neuron has one beside its weights", effect="structure")] = (
        True
    )
    degree: Annotated[
        int,
        setting("Powers of x", "1: x alone; d: x, x², … xᵈ, for data with one input", ge=1, le=20, effect="structure"),
    ] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= len(self.widths) <= 16:
            raise SettingError("widths", self.widths, "2 to 16 layer sizes, such as 2-16-16-1")
        if self.degree > 1 and self.widths[0] != 1:
            raise SettingError("degree", self.degree, f"1, for {self.widths[0]} inputs; powers are for one input")
        if self.size > 1_000_000:
            raise SettingError("widths", self.widths, "at most 1,000,000 parameters")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Where each layer lies in θ, first to last."""
        return _layout(self.widths, self.bias, self.degree)

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return self.layers[-1].stop

    @property
    def phi(self) -> Activation:
        """The activation itself."""
        return ACTIVATIONS[self.activation]

    def matrix(self, params: Array, layer: Layer) -> Array:
        """A layer's part of parameters `(..., P)` as `(..., fan_out, fan_in + 1)`, or without the 1: a view."""
        return params[..., layer.start : layer.stop].reshape(*params.shape[:-1], layer.fan_out, -1)

    def weights(self, params: Array, layer: Layer) -> Array:
        """W of one layer, `(..., fan_out, fan_in)`: a view into `params`."""
        return self.matrix(params, layer)[..., : layer.fan_in]

    def biases(self, params: Array, layer: Layer) -> Array:
        """b of one layer, `(..., fan_out, 1)`, or `(..., fan_out, 0)` where there are none: a view into `params`."""
        return self.matrix(params, layer)[..., layer.fan_in :]

    def begin(self, initializer: Initializer, seed: int) -> Array:
        """Parameters `(P,)` to start from: weights as the initialiser draws them, biases zero."""
        rng = np.random.default_rng(seed)
        params = np.zeros(self.size)
        for layer in self.layers:
            self.weights(params, layer)[...] = initializer.draw(rng, layer.fan_in, layer.fan_out)
        return params

    def features(self, inputs: Array) -> Array:
        """What enters the first layer for inputs `(..., n, D)`, one column for each sample: they themselves, or the
        powers x, x², … xᵈ of one; with biases, a row of ones below."""
        inputs = np.asarray(inputs, float)
        powers = inputs if self.degree == 1 else inputs ** np.arange(1, self.degree + 1)
        rows = [powers, np.ones((*powers.shape[:-1], 1))] if self.bias else [powers]
        return np.ascontiguousarray(np.swapaxes(np.concatenate(rows, axis=-1), -1, -2))

    def forward(self, params: Array, features: Array) -> Array:
        """Outputs `(..., n, K)` for any stack of parameters `(..., P)` and the features of n samples."""
        first, *rest = self.layers
        params = vectors(params, self.size)
        z = self.matrix(params, first) @ features
        return self.forward_from(1, params, self.phi.value(z, out=z)) if rest else np.swapaxes(z, -1, -2)

    def forward_from(self, first: int, params: Array, activations: Array) -> Array:
        """Outputs `(..., n, K)` from the activations `(..., m, n)` that enter layer number `first` > 0.

        One row for each neuron: long rows are what NumPy adds and BLAS multiplies fastest on a stack of small matrices.
        """
        layers, value, a = self.layers, self.phi.value, activations
        for layer in layers[first:]:
            a = self.weights(params, layer) @ a
            if self.bias:
                a += self.biases(params, layer)
            if layer is not layers[-1]:
                a = value(a, out=a)
        return np.swapaxes(a, -1, -2)

    def record(self, params: Array, features: Array) -> Tape:
        """The forward pass for one vector `(P,)`, keeping what `backward` needs."""
        *hidden, last = self.layers
        params = vector(params, last.stop)
        entering, kept, phi = [features], list[Array](), self.phi
        for layer in hidden:
            a = np.empty((layer.fan_out + self.bias, features.shape[1]))
            z = np.matmul(self.matrix(params, layer), entering[-1], out=a[: layer.fan_out])
            kept.append(z if phi.by_value else z.copy())
            phi.value(z, out=z)
            if self.bias:
                a[-1] = 1.0
            entering.append(a)
        return Tape(entering, kept, (self.matrix(params, last) @ entering[-1]).T)

    def deltas(self, params: Array, tape: Tape, slope: Array) -> Iterator[Array]:
        """∂L/∂z `(fan_out, n)` of every layer, last to first, from the loss's slope `(n, K)` at the outputs.

        Going down a layer, δ ← Wᵀ·δ ⊙ φ'(z): a running product, which vanishes or explodes as its factors are
        smaller or larger than 1 (Rumelhart, Hinton & Williams 1986; Hochreiter 1991).
        """
        layers, delta = self.layers, slope.T
        yield delta
        for index in range(len(layers) - 1, 0, -1):
            delta = _back(self.weights(params, layers[index]), delta)
            delta *= self.phi.slope(tape.pre_activations[index - 1], tape.inputs[index][: layers[index].fan_in])
            yield delta

    def slopes(self, tape: Tape) -> list[Array]:
        """φ'(z) `(fan_out, n)` of every layer but the last, first to last."""
        entered = zip(tape.pre_activations, tape.inputs[1:], strict=True)
        return [self.phi.slope(z, a[: len(z)]) for z, a in entered]

    def backward(self, params: Array, tape: Tape, slope: Array) -> Array:
        """The gradient `(P,)` by the chain rule: with ∂L/∂z = δ, a layer's part is δ·aᵀ."""
        gradient, index = np.empty(len(params)), len(self.layers)
        for delta in self.deltas(params, tape, slope):
            index -= 1
            np.matmul(delta, tape.inputs[index].T, out=self.matrix(gradient, self.layers[index]))
        return gradient

    def hessian_at(
        self, params: Array, tape: Tape, slope: Array, curvature: Callable[[Array], Array]
    ) -> Callable[[Array], Array]:
        """The function v `(P,)` → H·v `(P,)`, exact: H is the Hessian at `params`.

        It differentiates the forward and the backward pass along v (Pearlmutter 1994): a dot marks the change along v,
        V is the layer's part of it. Forward ż = V·a + W·ȧ and ȧ = φ'ż; backward, from `curvature`, which maps ż at the
        outputs to δ̇, δ̇ ← (Wᵀ·δ̇ + Vᵀ·δ) ⊙ φ' + (Wᵀ·δ) ⊙ φ''ż.
        """
        layers, phi = self.layers, self.phi
        weights = [self.weights(params, layer) for layer in layers]
        deltas = list(self.deltas(params, tape, slope))[::-1]
        inner = [(z, a[: len(z)]) for z, a in zip(tape.pre_activations, tape.inputs[1:], strict=True)]
        slopes = self.slopes(tape)
        bends = [_back(W, delta) for W, delta in zip(weights[1:], deltas[1:], strict=True)]
        for bend, (z, a) in zip(bends, inner, strict=True):
            bend *= phi.curvature(z, a)

        def product(vector: Array) -> Array:
            changes = [self.matrix(vector, layer) for layer in layers]
            z_dots, a_dots = [changes[0] @ tape.inputs[0]], list[Array]()
            for W, V, a, slope in zip(weights[1:], changes[1:], tape.inputs[1:], slopes, strict=True):
                a_dots.append(slope * z_dots[-1])
                z_dots.append(V @ a + W @ a_dots[-1])
            result, delta_dot = np.empty(len(params)), curvature(z_dots[-1].T).T
            for index in range(len(layers) - 1, -1, -1):
                part = np.matmul(delta_dot, tape.inputs[index].T, out=self.matrix(result, layers[index]))
                if index:
                    fan_in = layers[index].fan_in
                    part[:, :fan_in] += deltas[index] @ a_dots[index - 1].T
                    delta_dot = _back(weights[index], delta_dot) + _back(changes[index][:, :fan_in], deltas[index])
                    delta_dot *= slopes[index - 1]
                    delta_dot += bends[index - 1] * z_dots[index - 1]
            return result

        return product

    @property
    def filters(self) -> tuple[slice, ...]:
        """Where the incoming weights of each neuron lie in θ; biases belong to none (Li et al. 2018)."""
        return tuple(
            slice(start, start + layer.fan_in)
            for layer in self.layers
            for start in range(layer.start, layer.stop, layer.fan_in + self.bias)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What each of the P numbers is: "layer 2, weight 3→1" (from the third neuron into the first)."""
        names = []
        for number, layer in enumerate(self.layers, 1):
            powers = self.degree > 1 and number == 1
            for target in range(1, layer.fan_out + 1):
                names += [
                    f"layer {number}, weight {f'x^{source}' if powers else source}→{target}"
                    for source in range(1, layer.fan_in + 1)
                ]
                names += [f"layer {number}, bias {target}"] * self.bias
        return tuple(names)


@lru_cache(maxsize=64)
def _layout(widths: tuple[int, ...], bias: bool, degree: int) -> tuple[Layer, ...]:
    layers, start = [], 0
    for fan_in, fan_out in pairwise((widths[0] * degree, *widths[1:])):
        layers.append(Layer(start, start + (fan_in + bias) * fan_out, fan_in, fan_out))
        start = layers[-1].stop
    return tuple(layers)


def _back(weights: Array, delta: Array) -> Array:
    """Wᵀ·δ. From one neuron back to many nothing is summed, and BLAS takes twice as long as a plain product."""
    return weights.T * delta if len(weights) == 1 else weights.T @ delta
