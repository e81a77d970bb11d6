"""The network: layers of weights and biases that live in one flat vector θ of P numbers.

One layer computes z = W·a + b and a = φ(z). All parameters lie one after another in θ, layer by layer, W row by row
(row = one neuron) and then b, so that a direction is a vector, a plane two of them, and a path a matrix. Without hidden
layers this is a linear model; with powers of x as inputs, a polynomial; without bias and 1-1 wide, a single weight.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, NamedTuple

import numpy as np

from model.activations import ACTIVATIONS, Activation, Array
from model.initializers import Initializer
from model.settings import SettingError, Settings, setting


class Layer(NamedTuple):
    """Where one layer lies in θ: its weights in `start:bias`, its biases in `bias:stop`, which may be none."""

    start: int
    bias: int
    stop: int
    fan_in: int
    fan_out: int


class Tape(NamedTuple):
    """What the forward pass saw and the backward pass needs: per layer its input, pre-activation and output."""

    inputs: list[Array]
    pre_activations: list[Array]
    outputs: Array


class Network(Settings, frozen=True):
    """A fully connected network. The last layer has no activation: its outputs are what the loss compares."""

    widths: Annotated[
        tuple[int, ...],
        setting("Layers", "inputs, hidden layers (or none), outputs: 2-16-16-1, or 2-1", ge=1, le=1024),
    ] = (2, 16, 16, 1)
    activation: Annotated[str, setting("Activation φ", "the bend between the layers", choices=ACTIVATIONS)] = "tanh"
    bias: Annotated[bool, setting("Biases", "whether each neuron has one beside its weights")] = True
    degree: Annotated[
        int,
        setting("Powers of x", "1: x alone; d: x, x², … xᵈ, for data with one input", ge=1, le=20),
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

    def begin(self, initializer: Initializer, seed: int) -> Array:
        """Parameters `(P,)` to start from: weights as the initialiser draws them, biases zero."""
        rng = np.random.default_rng(seed)
        params = np.zeros(self.size)
        for start, bias, _, fan_in, fan_out in self.layers:
            params[start:bias] = initializer.draw(rng, fan_in, fan_out).ravel()
        return params

    def features(self, inputs: Array) -> Array:
        """What enters the first layer for inputs `(n, D)`: they themselves, or the powers x, x², … xᵈ of one."""
        return inputs if self.degree == 1 else inputs ** np.arange(1, self.degree + 1)

    def forward(self, params: Array, features: Array) -> Array:
        """Outputs `(..., n, K)` for any stack of parameters `(..., P)` and features `(n, D)` or `(..., n, D)`."""
        return self.forward_from(0, params, np.swapaxes(features, -1, -2))

    def forward_from(self, first: int, params: Array, activations: Array) -> Array:
        """Outputs `(..., n, K)` from the activations `(..., m, n)` that enter layer number `first`.

        One row for each neuron: long rows are what NumPy adds and BLAS multiplies fastest on a stack of small matrices.
        """
        layers, value, a = self.layers, self.phi.value, activations
        for layer in layers[first:]:
            a = self.weights(params, layer) @ a
            if self.bias:
                a += params[..., layer.bias : layer.stop, None]
            if layer is not layers[-1]:
                a = value(a, out=a)
        return np.swapaxes(a, -1, -2)

    @staticmethod
    def weights(params: Array, layer: Layer) -> Array:
        """W of one layer, `(..., fan_out, fan_in)`: a view into `params`."""
        return params[..., layer.start : layer.bias].reshape(*params.shape[:-1], layer.fan_out, layer.fan_in)

    def record(self, params: Array, features: Array) -> Tape:
        """The forward pass for one vector `(P,)`, keeping what `backward` needs."""
        entering: list[Array] = []
        pre_activations: list[Array] = []
        value = self.phi.value
        for start, bias, stop, fan_in, fan_out in self.layers:
            entering.append(value(pre_activations[-1]) if entering else features)
            z = entering[-1] @ params[start:bias].reshape(fan_out, fan_in).T
            if self.bias:
                z += params[bias:stop]
            pre_activations.append(z)
        return Tape(entering, pre_activations, pre_activations[-1])

    def deltas(self, params: Array, tape: Tape, slope: Array) -> list[Array]:
        """∂L/∂z `(n, fan_out)` of every layer, first to last, from the loss's slope `(n, K)` at the outputs.

        Going down a layer, δ ← (δ·W) ⊙ φ'(z): a running product, which vanishes or explodes as its factors are
        smaller or larger than 1 (Rumelhart, Hinton & Williams 1986; Hochreiter 1991).
        """
        phi, deltas = self.phi, [slope]
        for layer, entering, z in zip(
            self.layers[:0:-1], tape.inputs[:0:-1], tape.pre_activations[-2::-1], strict=True
        ):
            delta = deltas[-1] @ params[layer.start : layer.bias].reshape(layer.fan_out, layer.fan_in)
            delta *= phi.slope(z, entering)
            deltas.append(delta)
        return deltas[::-1]

    def backward(self, params: Array, tape: Tape, slope: Array) -> Array:
        """The gradient `(P,)` by the chain rule: with ∂L/∂z = δ, ∂L/∂W = δᵀ·a and ∂L/∂b = Σₙ δ."""
        gradient = np.empty(len(params))
        for layer, entering, delta in zip(self.layers, tape.inputs, self.deltas(params, tape, slope), strict=True):
            _collect(layer, delta, entering, gradient)
        return gradient

    def hessian_at(
        self, params: Array, tape: Tape, slope: Array, curvature: Callable[[Array], Array]
    ) -> Callable[[Array], Array]:
        """The function v `(P,)` → H·v `(P,)`, exact: H is the Hessian at `params`.

        It differentiates the forward and the backward pass along v (Pearlmutter 1994): a dot marks the change along v,
        V and c are the weights and biases in it. Forward ż = ȧ·Wᵀ + a·Vᵀ + c and ȧ = φ'ż; backward, from `curvature`,
        which maps ż at the outputs to δ̇, δ̇ ← (δ̇·W + δ·V) ⊙ φ' + (δ·W) ⊙ φ''ż.
        """
        layers, phi = self.layers, self.phi
        weights = [self.weights(params, layer) for layer in layers]
        deltas = self.deltas(params, tape, slope)
        inner = list(zip(tape.pre_activations[:-1], tape.inputs[1:], strict=True))
        slopes = [phi.slope(z, a) for z, a in inner]
        bends = [
            (delta @ W) * phi.curvature(z, a) for delta, W, (z, a) in zip(deltas[1:], weights[1:], inner, strict=True)
        ]

        def product(vector: Array) -> Array:
            changes = [self.weights(vector, layer) for layer in layers]
            z_dots: list[Array] = []
            a_dots: list[Array] = []
            for index, layer in enumerate(layers):
                z_dot = tape.inputs[index] @ changes[index].T
                if index:
                    a_dots.append(slopes[index - 1] * z_dots[-1])
                    z_dot += a_dots[-1] @ weights[index].T
                if self.bias:
                    z_dot += vector[layer.bias : layer.stop]
                z_dots.append(z_dot)
            result, delta_dot = np.empty(len(params)), curvature(z_dots[-1])
            for index in range(len(layers) - 1, -1, -1):
                _collect(layers[index], delta_dot, tape.inputs[index], result)
                if index:
                    part = self.weights(result, layers[index])
                    part += deltas[index].T @ a_dots[index - 1]
                    delta_dot = delta_dot @ weights[index] + deltas[index] @ changes[index]
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
            for start in range(layer.start, layer.bias, layer.fan_in)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What each of the P numbers is: "layer 2, weight 3→1" (from the third neuron into the first)."""
        names = []
        for number, layer in enumerate(self.layers, 1):
            powers = self.degree > 1 and number == 1
            names += [
                f"layer {number}, weight {f'x^{source}' if powers else source}→{target}"
                for target in range(1, layer.fan_out + 1)
                for source in range(1, layer.fan_in + 1)
            ]
            names += [f"layer {number}, bias {target}" for target in range(1, layer.stop - layer.bias + 1)]
        return tuple(names)


@lru_cache(maxsize=64)
def _layout(widths: tuple[int, ...], bias: bool, degree: int) -> tuple[Layer, ...]:
    layers, start = [], 0
    for fan_in, fan_out in pairwise((widths[0] * degree, *widths[1:])):
        middle = start + fan_in * fan_out
        layers.append(Layer(start, middle, middle + fan_out * bias, fan_in, fan_out))
        start = layers[-1].stop
    return tuple(layers)


@lru_cache(maxsize=8)
def _ones(count: int) -> Array:
    return np.ones(count)


def _collect(layer: Layer, delta: Array, entering: Array, gradient: Array) -> None:
    """Write δᵀ·a and Σₙ δ into the layer's part of `gradient`."""
    start, bias, stop, fan_in, fan_out = layer
    np.matmul(delta.T, entering, out=gradient[start:bias].reshape(fan_out, fan_in))
    if stop > bias:
        np.matmul(_ones(len(delta)), delta, out=gradient[bias:stop])  # a column sum, twice as fast as .sum(0)
