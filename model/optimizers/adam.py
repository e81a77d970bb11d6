"""Adam and its kin: momentum and adaptive rates at once.

All keep two means, of the gradient and of its square: m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g². Both begin at zero
and would be too small at first, so after t steps m̂ = m / (1 − β₁ᵗ) and ŝ = s / (1 − β₂ᵗ) are used. The count t is
remembered beside them: a memory may begin anew midway in a run, and the run's step number would then be too high.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np

from model.arrays import Array
from model.optimizers.base import Beta1, Beta2, Epsilon, Memory, Optimizer, blend, over, scaled
from model.settings import setting


class AdamMoments(NamedTuple):
    """What Adam remembers: m and s, each `(P,)`, and t `(1,)`."""

    mean: Array
    squares: Array
    steps: Array


class Adam(Optimizer, frozen=True, tag="adam"):
    """Adam: θ ← θ − ηm̂ / (√ŝ + ε) (Kingma & Ba 2015, algorithm 1; PyTorch's the same)."""

    caption = "Adam"
    remembers = AdamMoments
    stability = "(2 + 2β₁)/((1 − β₁)η)"

    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Epsilon = 1e-8

    def init(self, params: Array) -> Memory:
        return AdamMoments(*_zeros(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        mean, squares, steps = _moments(gradient, memory, self.beta1, self.beta2)
        mean_share, square_share = _shares(steps, self.beta1, self.beta2)
        step = scaled(mean, squares / square_share, self.eps, -rate / mean_share)
        return step, AdamMoments(mean, squares, steps)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return _scale(gradient, memory, self.beta2, self.eps)

    def limit(self, rate: float) -> float:
        return over((2.0 + 2.0 * self.beta1) / (1.0 - self.beta1), rate)


class AdamWMoments(NamedTuple):
    """What AdamW remembers: m and s, each `(P,)`, and t `(1,)`."""

    mean: Array
    squares: Array
    steps: Array


class AdamW(Optimizer, frozen=True, tag="adamw"):
    """Adam with decoupled weight decay: θ ← θ − ηλθ − ηm̂ / (√ŝ + ε) (Loshchilov & Hutter 2019, algorithm 2).

    As in PyTorch the whole rate η = (schedule) · (learning rate) multiplies λ; in the paper the schedule alone does.
    """

    caption = "AdamW"
    remembers = AdamWMoments
    stability = "(2 − ηλ)(1 + β₁)/((1 − β₁)η)"

    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: Epsilon = 1e-8
    weight_decay: Annotated[
        float,
        setting(
            "Decoupled decay λ",
            "each step shortens all parameters by the share ηλ, however steep the loss; more keeps the weights small",
            ge=0,
            zero="none",
            effect="step",
        ),
    ] = 0.01

    def init(self, params: Array) -> Memory:
        return AdamWMoments(*_zeros(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        mean, squares, steps = _moments(gradient, memory, self.beta1, self.beta2)
        mean_share, square_share = _shares(steps, self.beta1, self.beta2)
        step = scaled(mean, squares / square_share, self.eps, -rate / mean_share)
        step -= rate * self.weight_decay * params
        return step, AdamWMoments(mean, squares, steps)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return _scale(gradient, memory, self.beta2, self.eps)

    def limit(self, rate: float) -> float:
        return over((2.0 - rate * self.weight_decay) * (1.0 + self.beta1) / (1.0 - self.beta1), rate)


class QHAdamMoments(NamedTuple):
    """What QHAdam remembers: m and s, each `(P,)`, and t `(1,)`."""

    mean: Array
    squares: Array
    steps: Array


class QHAdam(Optimizer, frozen=True, tag="qhadam"):
    """Quasi-hyperbolic Adam: θ ← θ − η((1 − ν₁)g + ν₁m̂) / (√((1 − ν₂)g² + ν₂ŝ) + ε) (Ma & Yarats 2019).

    With ν₁ = ν₂ = 1 Adam. The defaults are the paper's recommendation. Not in PyTorch.
    """

    caption = "QHAdam"
    remembers = QHAdamMoments
    stability = "(2 + 2β₁)/((1 + β₁ − 2ν₁β₁)η)"

    nu1: Annotated[
        float,
        setting(
            "Share ν₁",
            "of the mean gradient in a step; the rest is the gradient of here and now",
            ge=0,
            le=1,
            effect="step",
        ),
    ] = 0.7
    nu2: Annotated[
        float,
        setting(
            "Share ν₂",
            "of the mean squared gradient in what a step is divided by; the rest is the square of here and now, so "
            "that less of it lets no gradient, however large, make a large step",
            ge=0,
            le=1,
            effect="step",
        ),
    ] = 1.0
    beta1: Beta1 = 0.995
    beta2: Beta2 = 0.999
    eps: Epsilon = 1e-8

    def init(self, params: Array) -> Memory:
        return QHAdamMoments(*_zeros(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        mean, squares, steps = _moments(gradient, memory, self.beta1, self.beta2)
        mean_share, square_share = _shares(steps, self.beta1, self.beta2)
        direction = blend(mean / mean_share, gradient, self.nu1)
        scale = blend(squares / square_share, gradient * gradient, self.nu2)
        return scaled(direction, scale, self.eps, -rate), QHAdamMoments(mean, squares, steps)

    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        return _scale(gradient, memory, self.beta2, self.eps, self.nu2)

    def limit(self, rate: float) -> float:
        return over(2.0 * (1.0 + self.beta1) / (1.0 + self.beta1 * (1.0 - 2.0 * self.nu1)), rate)


def _zeros(params: Array) -> tuple[Array, Array, Array]:
    return np.zeros_like(params), np.zeros_like(params), np.zeros(1)


def _moments(gradient: Array, memory: Memory, beta1: float, beta2: float) -> tuple[Array, Array, Array]:
    """The next m, s and t."""
    mean, squares, steps = memory
    return blend(mean, gradient, beta1), blend(squares, gradient * gradient, beta2), steps + 1.0


def _scale(gradient: Array, memory: Memory, beta2: float, eps: float, nu2: float = 1.0) -> Array:
    """√((1 − ν₂)g² + ν₂ŝ) + ε of the next step (for Adam, Cohen et al. 2022)."""
    squares, steps = blend(memory[1], gradient * gradient, beta2), memory[2] + 1.0
    scale = blend(squares / (1.0 - beta2 ** steps.item()), gradient * gradient, nu2)
    return np.asarray(np.sqrt(scale) + eps)


def _shares(steps: Array, beta1: float, beta2: float) -> tuple[float, float]:
    """What m and s have reached after t steps of what they would be without their beginning at zero: 1 − βᵗ."""
    count = steps.item()
    return 1.0 - beta1**count, 1.0 - beta2**count


ADAMS: tuple[type[Optimizer], ...] = (Adam, AdamW, QHAdam)
