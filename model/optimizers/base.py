"""What all optimizers have in common: the abstract class, fields that several have, and two formulas."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, Any, ClassVar

import numpy as np

from model.arrays import Array
from model.settings import Settings, setting

Memory = tuple[Array, ...]


class Optimizer(Settings, frozen=True, tag_field="kind"):
    """A rule for steps; its fields are its hyper-parameters. `remembers` is the class of its memory.

    A memory is a named tuple of arrays of any shape. Two kinds with the same class hand it on to each other.
    `stability` is the formula of `limit`, in words of the field.
    """

    remembers: ClassVar[Any]
    stability: ClassVar[str]

    @abstractmethod
    def init(self, params: Array) -> Memory:
        """What it remembers before the first step, for parameters `(P,)`."""

    @abstractmethod
    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        """The step `(P,)` to be added to `params`, and what to remember next: fresh arrays, all of them."""

    @abstractmethod
    def metric(self, gradient: Array, memory: Memory) -> Array | None:
        """What the next step divides each parameter's direction by, `(P,)`; None where all are treated alike.

        With M = diag(metric), the step is one of plain momentum on M⁻¹g.
        """

    @abstractmethod
    def limit(self, rate: float) -> float:
        """The largest eigenvalue of M⁻¹H, or of H where there is no metric, at which a step is still stable.

        On a quadratic with that curvature a step is a fixed linear map as long as M is; beyond the limit one of its
        eigenvalues is below −1. Bias corrections are taken as worn off. Infinite where the rate is 0.
        """


Epsilon = Annotated[
    float,
    setting(
        "Epsilon ε",
        "added to the root that the gradient is divided by; more makes the steps smaller where gradients are small, "
        "and the descent more like plain gradient descent",
        gt=0,
        le=1,
        slider=(1e-12, 1e-1),
        effect="step",
    ),
]
Beta1 = Annotated[
    float,
    setting(
        "Momentum β₁",
        "share of the mean gradient that is kept at a step; more rolls through flat places and overshoots valleys",
        ge=0,
        lt=1,
        effect="step",
    ),
]
Beta2 = Annotated[
    float,
    setting(
        "Scaling β₂",
        "share of the mean squared gradient that is kept at a step; more gives each parameter a steadier step size, "
        "less forgets a steep place sooner",
        ge=0,
        lt=1,
        effect="step",
    ),
]


def over(numerator: float, rate: float) -> float:
    """numerator / rate; infinite for a rate of 0, with which nothing moves."""
    return numerator / rate if rate else math.inf


def blend(mean: Array, value: Array, kept: float) -> Array:
    """A mean that forgets: kept · mean + (1 − kept) · value, as a fresh array."""
    result = kept * mean
    result += (1.0 - kept) * value
    return result


def scaled(direction: Array, squares: Array, eps: float, factor: float) -> Array:
    """Each number by its own scale: factor · direction / (√squares + ε), as a fresh array."""
    result = np.sqrt(squares)
    result += eps
    np.divide(direction, result, out=result)
    result *= factor
    return result
