"""Gradient descent, plain and with momentum: one rate for all parameters."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from model.arrays import Array
from model.optimizers.base import Memory, Optimizer, blend, over
from model.settings import setting


class Nothing(NamedTuple):
    """What plain gradient descent remembers."""


class SGD(Optimizer, frozen=True, tag="sgd"):
    """Plain gradient descent, on mini-batches stochastic: θ ← θ − ηg (Cauchy 1847; Robbins & Monro 1951)."""

    caption = "Gradient descent"
    remembers = Nothing
    stability = "2/η"

    def init(self, params: Array) -> Memory:
        return Nothing()

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        return -rate * gradient, Nothing()

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return None

    def limit(self, rate: float) -> float:
        return over(2.0, rate)


class Velocity(NamedTuple):
    """What momentum remembers: v `(P,)`."""

    velocity: Array


class HeavyBall(Optimizer, frozen=True, tag="heavy-ball"):
    """Gradient descent with heavy-ball momentum: v ← βv + g, θ ← θ − ηv.

    PyTorch's form of Polyak 1964, whose velocity contains the rate: u ← βu − ηg, θ ← θ + u. The paths are the same as
    long as η is; when it changes, here the whole velocity changes with it.
    """

    caption = "Heavy ball"
    remembers = Velocity
    stability = "(2 + 2β)/η"

    momentum: Annotated[
        float,
        setting(
            "Momentum β",
            "share of the last step's velocity that is kept (heavy ball: v ← βv + g, θ ← θ − ηv); "
            "more rolls through flat places and overshoots valleys",
            ge=0,
            lt=1,
            effect="step",
        ),
    ] = 0.9

    def init(self, params: Array) -> Memory:
        return Velocity(np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        velocity = self.momentum * memory[0]
        velocity += gradient
        return -rate * velocity, Velocity(velocity)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return None

    def limit(self, rate: float) -> float:
        return over(2.0 + 2.0 * self.momentum, rate)


class Nesterov(Optimizer, frozen=True, tag="nesterov"):
    """Nesterov's accelerated gradient: v ← βv + g, θ ← θ − η(g + βv).

    PyTorch's form of Nesterov 1983, as momentum in Sutskever et al. 2013 (equations 3 and 4): u ← βu − η∇L(θ + βu),
    θ ← θ + u. There the gradient is taken ahead of θ; here θ is that point ahead, and the velocity is without the rate.
    """

    caption = "Nesterov"
    remembers = Velocity
    stability = "(2 + 2β)/((1 + 2β)η)"

    momentum: Annotated[
        float,
        setting(
            "Momentum β",
            "share of the last step's velocity that is kept (v ← βv + g, θ ← θ − η(g + βv)); the look ahead brakes "
            "earlier than the heavy ball, so that it overshoots valleys less",
            ge=0,
            lt=1,
            effect="step",
        ),
    ] = 0.9

    def init(self, params: Array) -> Memory:
        return Velocity(np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        velocity = self.momentum * memory[0]
        velocity += gradient
        step = self.momentum * velocity
        step += gradient
        step *= -rate
        return step, Velocity(velocity)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return None

    def limit(self, rate: float) -> float:
        return over((2.0 + 2.0 * self.momentum) / (1.0 + 2.0 * self.momentum), rate)


class MeanGradient(NamedTuple):
    """What quasi-hyperbolic momentum remembers: d `(P,)`."""

    mean: Array


class QHM(Optimizer, frozen=True, tag="qhm"):
    """Quasi-hyperbolic momentum: d ← βd + (1 − β)g, θ ← θ − η((1 − ν)g + νd) (Ma & Yarats 2019).

    With ν = 0 gradient descent; with ν = 1 the heavy ball at the rate (1 − β)η; with ν = β Nesterov's at that rate. The
    defaults are the paper's recommendation. Not in PyTorch.
    """

    caption = "QHM"
    remembers = MeanGradient
    stability = "(2 + 2β)/((1 + β − 2νβ)η)"

    momentum: Annotated[
        float,
        setting(
            "Momentum β",
            "share of the mean gradient that is kept at a step; the mean looks back about 1/(1 − β) steps, and more of "
            "them make the descent steadier and slower to turn",
            ge=0,
            lt=1,
            effect="step",
        ),
    ] = 0.999
    nu: Annotated[
        float,
        setting(
            "Share ν",
            "of the mean gradient in a step; the rest is the gradient of here and now",
            ge=0,
            le=1,
            effect="step",
        ),
    ] = 0.7

    def init(self, params: Array) -> Memory:
        return MeanGradient(np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        mean = blend(memory[0], gradient, self.momentum)
        return -rate * blend(mean, gradient, self.nu), MeanGradient(mean)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return None

    def limit(self, rate: float) -> float:
        return over(2.0 * (1.0 + self.momentum) / (1.0 + self.momentum * (1.0 - 2.0 * self.nu)), rate)


MOMENTUM: tuple[type[Optimizer], ...] = (SGD, HeavyBall, Nesterov, QHM)
