"""Adaptive rates: each parameter has its own, by the size of its gradients so far."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from model.arrays import Array
from model.optimizers.base import Epsilon, Memory, Optimizer, blend, over, scaled
from model.settings import setting


class SquareSum(NamedTuple):
    """What AdaGrad remembers: s `(P,)`."""

    squares: Array


class AdaGrad(Optimizer, frozen=True, tag="adagrad"):
    """AdaGrad: s ← s + g², θ ← θ − ηg / (√s + ε) (Duchi, Hazan & Singer 2011, the diagonal form; PyTorch's the same).

    Without PyTorch's `lr_decay`, which is the schedule "inverse-time", and with the sum begun at 0.
    """

    caption = "AdaGrad"
    remembers = SquareSum
    stability = "2/η"

    eps: Epsilon = 1e-10

    def init(self, params: Array) -> Memory:
        return SquareSum(np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        squares = gradient * gradient
        squares += memory[0]
        return scaled(gradient, squares, self.eps, -rate), SquareSum(squares)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return np.asarray(np.sqrt(memory[0] + gradient * gradient) + self.eps)

    def limit(self, rate: float) -> float:
        return over(2.0, rate)


class MeanSquare(NamedTuple):
    """What RMSProp remembers: s and v, each `(P,)`."""

    squares: Array
    velocity: Array


class RMSProp(Optimizer, frozen=True, tag="rmsprop"):
    """RMSProp: s ← αs + (1 − α)g², v ← μv + g / (√s + ε), θ ← θ − ηv.

    PyTorch's form, not centred, of Tieleman & Hinton 2012 (lecture 6e), who have α = 0.9 and neither ε nor v.
    """

    caption = "RMSProp"
    remembers = MeanSquare
    stability = "(2 + 2μ)/η"

    alpha: Annotated[
        float,
        setting(
            "Scaling α",
            "share of the mean squared gradient that is kept at a step; more gives each parameter a steadier step "
            "size, less forgets a steep place sooner",
            ge=0,
            lt=1,
            effect="step",
        ),
    ] = 0.99
    eps: Epsilon = 1e-8
    momentum: Annotated[
        float,
        setting(
            "Momentum μ",
            "share of the last step's velocity that is kept; more rolls through flat places and overshoots valleys",
            ge=0,
            lt=1,
            effect="step",
        ),
    ] = 0.0

    def init(self, params: Array) -> Memory:
        return MeanSquare(np.zeros_like(params), np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        squares = blend(memory[0], gradient * gradient, self.alpha)
        velocity = self.momentum * memory[1]
        velocity += scaled(gradient, squares, self.eps, 1.0)
        return -rate * velocity, MeanSquare(squares, velocity)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return np.asarray(np.sqrt(blend(memory[0], gradient * gradient, self.alpha)) + self.eps)

    def limit(self, rate: float) -> float:
        return over(2.0 + 2.0 * self.momentum, rate)


class Deltas(NamedTuple):
    """What AdaDelta remembers: s and d, each `(P,)`."""

    squares: Array
    steps: Array


class AdaDelta(Optimizer, frozen=True, tag="adadelta"):
    """AdaDelta: s ← ρs + (1 − ρ)g², u = √(d + ε) / √(s + ε) · g, d ← ρd + (1 − ρ)u², θ ← θ − ηu.

    Zeiler 2012 (algorithm 1), who has no rate, which is η = 1; as in PyTorch, d is the mean square of u without η.
    """

    caption = "AdaDelta"
    remembers = Deltas
    stability = "2/η"

    rho: Annotated[
        float,
        setting(
            "Scaling ρ",
            "share of the mean squared gradient, and of the mean squared step, that is kept at a step; more lets the "
            "step sizes change more slowly",
            ge=0,
            lt=1,
            effect="step",
        ),
    ] = 0.9
    eps: Annotated[
        float,
        setting(
            "Epsilon ε",
            "added below both roots; the first steps are about √ε long, so that more of it lets the descent start "
            "faster",
            gt=0,
            le=1,
            slider=(1e-12, 1e-1),
            effect="step",
        ),
    ] = 1e-6

    def init(self, params: Array) -> Memory:
        return Deltas(np.zeros_like(params), np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        squares = blend(memory[0], gradient * gradient, self.rho)
        step = np.sqrt((memory[1] + self.eps) / (squares + self.eps))
        step *= gradient
        steps = blend(memory[1], step * step, self.rho)
        step *= -rate
        return step, Deltas(squares, steps)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        squares = blend(memory[0], gradient * gradient, self.rho)
        return np.sqrt((squares + self.eps) / (memory[1] + self.eps))

    def limit(self, rate: float) -> float:
        return over(2.0, rate)


ADAPTIVE: tuple[type[Optimizer], ...] = (AdaGrad, RMSProp, AdaDelta)
