"""The network: layers of weights and biases that live in one flat vector θ of P numbers.

One layer computes z = W·a + b and a = φ(z). All parameters lie one after another in θ, layer by layer, W row by row
(row = one neuron) and then b, so that a direction is a vector, a plane two of them, and a path a matrix.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Annotated, NamedTuple

import numpy as np

from model.activations import ACTIVATIONS, Activation, Array
from model.initializers import Initializer
from model.settings import SettingError, Settings, setting


class Layer(NamedTuple):
    """Where one layer lies in θ: its weights in `start:bias`, its biases in `bias:stop`."""

    start: int
    bias: int
    stop: int
    fan_in: int
    fan_out: int


@lru_cache(maxsize=64)
def layout(widths: tuple[int, ...]) -> tuple[Layer, ...]:
    """The layers of a network with these widths, first to last."""
    layers, start = [], 0
    for fan_in, fan_out in pairwise(widths):
        bias = start + fan_in * fan_out
        layers.append(Layer(start, bias, bias + fan_out, fan_in, fan_out))
        start = bias + fan_out
    return tuple(layers)


class Tape(NamedTuple):
    """What the forward pass saw and the backward pass needs: per layer its input, pre-activation and output."""

    inputs: list[Array]
    pre_activations: list[Array]
    outputs: Array


class Network(Settings, frozen=True):
    """A fully connected network. The last layer has no activation: its outputs are what the loss compares."""

    widths: Annotated[
        tuple[int, ...],
        setting("Layers", "inputs, hidden layers, outputs: 2-16-16-1", ge=1, le=1024),
    ] = (2, 16, 16, 1)
    activation: Annotated[str, setting("Activation φ", "the bend between the layers", choices=ACTIVATIONS)] = "tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 2 <= len(self.widths) <= 12:
            raise SettingError("widths", self.widths, "2 to 12 layer sizes, such as 2-16-16-1")
        if self.size > 1_000_000:
            raise SettingError("widths", self.widths, "at most 1,000,000 parameters")

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return layout(self.widths)[-1].stop

    @property
    def phi(self) -> Activation:
        """The activation itself."""
        return ACTIVATIONS[self.activation]

    def begin(self, initializer: Initializer, seed: int) -> Array:
        """Parameters `(P,)` to start from: weights as the initialiser draws them, biases zero."""
        rng = np.random.default_rng(seed)
        params = np.zeros(self.size)
        for start, bias, _, fan_in, fan_out in layout(self.widths):
            params[start:bias] = initializer.draw(rng, fan_in, fan_out).ravel()
        return params

    def forward(self, params: Array, inputs: Array) -> Array:
        """Outputs `(..., n, K)` for any stack of parameters `(..., P)` and inputs `(n, D)` or `(..., n, D)`."""
        return self.forward_from(0, params, np.swapaxes(inputs, -1, -2))

    def forward_from(self, first: int, params: Array, activations: Array) -> Array:
        """Outputs `(..., n, K)` from the activations `(..., m, n)` that enter layer number `first`.

        One row for each neuron: long rows are what NumPy adds and BLAS multiplies fastest on a stack of small matrices.
        """
        layers, value, a = layout(self.widths), self.phi.value, activations
        for layer in layers[first:]:
            a = self.weights(params, layer) @ a
            a += params[..., layer.bias : layer.stop, None]
            if layer is not layers[-1]:
                a = value(a, out=a)
        return np.swapaxes(a, -1, -2)

    @staticmethod
    def weights(params: Array, layer: Layer) -> Array:
        """W of one layer, `(..., fan_out, fan_in)`: a view into `params`."""
        return params[..., layer.start : layer.bias].reshape(*params.shape[:-1], layer.fan_out, layer.fan_in)

    def record(self, params: Array, inputs: Array) -> Tape:
        """The forward pass for one vector `(P,)`, keeping what `backward` needs."""
        entering: list[Array] = []
        pre_activations: list[Array] = []
        value = self.phi.value
        for start, bias, stop, fan_in, fan_out in layout(self.widths):
            entering.append(value(pre_activations[-1]) if entering else inputs)
            z = entering[-1] @ params[start:bias].reshape(fan_out, fan_in).T
            z += params[bias:stop]
            pre_activations.append(z)
        return Tape(entering, pre_activations, pre_activations[-1])

    def backward(self, params: Array, tape: Tape, slope: Array) -> Array:
        """The gradient `(P,)` by the chain rule, from the loss's slope `(n, K)` at the outputs.

        Going down a layer, δ ← (δ·W) ⊙ φ'(z); there ∂L/∂W = δᵀ·a and ∂L/∂b = Σₙ δ (Rumelhart, Hinton & Williams 1986).
        """
        layers, phi = layout(self.widths), self.phi
        gradient = np.empty(layers[-1].stop)
        ones = np.ones(len(slope))
        delta = slope
        for index in range(len(layers) - 1, -1, -1):
            start, bias, stop, fan_in, fan_out = layers[index]
            entering = tape.inputs[index]
            np.matmul(delta.T, entering, out=gradient[start:bias].reshape(fan_out, fan_in))
            np.matmul(ones, delta, out=gradient[bias:stop])  # a column sum, twice as fast as .sum(0)
            if index:
                delta = delta @ params[start:bias].reshape(fan_out, fan_in)
                delta *= phi.slope(tape.pre_activations[index - 1], entering)
        return gradient

    def parameter_names(self) -> tuple[str, ...]:
        """What each of the P numbers is: "layer 2, weight 3→1" (from the third neuron into the first)."""
        names = []
        for number, layer in enumerate(layout(self.widths), 1):
            names += [
                f"layer {number}, weight {source}→{target}"
                for target in range(1, layer.fan_out + 1)
                for source in range(1, layer.fan_in + 1)
            ]
            names += [f"layer {number}, bias {target}" for target in range(1, layer.fan_out + 1)]
        return tuple(names)
