"""Objectives: what is minimised. One function of one flat vector.

`Fit` is the one that matters: the loss of a network on data, L(θ) = mean over samples of ℓ(f(x; θ), y).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property

import numpy as np

from model.activations import Array
from model.datasets import Dataset
from model.losses import LOSSES
from model.network import Network, layout
from model.settings import SettingError

Slice = Callable[[Array], Array]


class Objective(ABC):
    """A loss over vectors of `size` = P parameters. Holds no state that changes."""

    @property
    @abstractmethod
    def size(self) -> int:
        """P, the number of parameters."""

    @property
    @abstractmethod
    def samples(self) -> int:
        """How many rows a mini-batch can be drawn from."""

    @abstractmethod
    def loss(self, params: Array) -> Array:
        """The loss on all data, `(...)` for any stack of parameters `(..., P)`."""

    @abstractmethod
    def loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        """Loss and gradient `(P,)` at one vector `(P,)`; on all data, or on the rows given by number."""

    @abstractmethod
    def slice(self, origin: Array, directions: Array) -> Slice:
        """The loss on the flat `origin + coords @ directions`, with `directions` of shape `(k, P)`.

        Returns a function from coordinates `(M, k)` to losses `(M,)` that is much faster than `loss` on many points:
        it works in float32, for drawing. Meant for M of the order of `chunk`.
        """

    @property
    @abstractmethod
    def chunk(self) -> int:
        """How many vectors to evaluate at a time, so that the intermediate arrays stay in the cache."""


class Fit(Objective):
    """The loss of `network` on `dataset`, compared by the loss named `loss`. Final."""

    def __init__(self, dataset: Dataset, network: Network, loss: str) -> None:
        if network.widths[0] != dataset.inputs.shape[1]:
            allowed = f"{dataset.inputs.shape[1]} at the start, for {dataset.name}"
            raise SettingError("network.widths", network.widths[0], allowed)
        self.dataset, self.network, self.measure = dataset, network, LOSSES[loss]
        self.inputs, self.targets = dataset.inputs, dataset.targets_for(network.widths[-1])
        reason = unsuited(loss, dataset, network)
        if reason:
            raise SettingError("loss", loss, reason)

    @property
    def size(self) -> int:
        return self.network.size

    @property
    def samples(self) -> int:
        return len(self.inputs)

    @cached_property
    def chunk(self) -> int:
        # 2¹⁶ numbers of float32 are 256 KiB, a share of a second-level cache. Fewer are slower, more no faster.
        return int(np.clip(2**16 // (self.samples * max(self.network.widths[1:])), 1, 64))

    @np.errstate(over="ignore", invalid="ignore")
    def loss(self, params: Array) -> Array:
        # Far away, or after a divergence, it is not finite: that is an answer, and no reason to warn.
        stack = params.reshape(-1, self.size)
        losses = np.empty(len(stack))
        for start in range(0, len(stack), self.chunk):
            part = slice(start, start + self.chunk)
            outputs = self.network.forward(stack[part], self.inputs)
            losses[part] = self.measure.value(outputs, self.targets)
        return losses.reshape(params.shape[:-1])

    def loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        inputs, targets = self.inputs, self.targets
        if rows is not None:
            inputs, targets = inputs[rows], targets[rows]
        tape = self.network.record(params, inputs)
        slope = self.measure.slope(tape.outputs, targets)
        loss = float(self.measure.value(tape.outputs, targets))
        return loss, self.network.backward(params, tape, slope)

    def slice(self, origin: Array, directions: Array) -> Slice:
        # The first layer's pre-activation is affine in θ, hence in the coordinates c: z(c) = z₀ + Σ cₖ zₖ. One small
        # product replaces the whole first layer at every point.
        flat = np.vstack([origin, directions])
        first, *rest = layout(self.network.widths)
        basis = self.network.weights(flat, first) @ self.inputs.T
        basis += flat[:, first.bias : first.stop, None]
        shape = basis.shape[1:]
        basis = basis.reshape(len(flat), -1).astype(np.float32)
        flat32, targets = flat.astype(np.float32), self.targets.astype(np.float32)
        value, measure, forward = self.network.phi.value, self.measure.value, self.network.forward_from
        # Written to again by every chunk: the system takes longer to hand out a fresh array than BLAS to fill it.
        room = np.empty((self.chunk, basis.shape[1]), np.float32)

        def losses(coords: Array) -> Array:
            weights = np.empty((len(coords), 1 + len(directions)), np.float32)
            weights[:, 0], weights[:, 1:] = 1.0, coords
            out = room[: len(coords)] if len(coords) <= len(room) else None
            z = np.matmul(weights, basis, out=out).reshape(-1, *shape)
            outputs = forward(1, weights @ flat32, value(z, out=z) if rest else z)
            return measure(outputs, targets)

        return losses


def unsuited(loss: str, dataset: Dataset, network: Network) -> str:
    """Why this loss cannot be used with these data and this network; empty when it can."""
    measure = LOSSES[loss]
    if measure.labels and not dataset.classes:
        return f"mse, because {dataset.name} has values as targets, not classes"
    if network.widths[-1] < measure.fewest:
        return f"a loss for {network.widths[-1]} output; softmax needs {measure.fewest} or more"
    return ""
