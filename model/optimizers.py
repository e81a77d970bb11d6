"""Optimizers: from the gradient to a step. Each is a frozen value with two pure methods.

Whatever an optimizer remembers from step to step is handed in and handed back, so that every past state can be
continued, and a change of a setting needs no ceremony.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np

from model.activations import Array
from model.settings import Settings, setting

Memory = tuple[Array, ...]


class Velocity(NamedTuple):
    """What momentum remembers: v `(P,)`."""

    velocity: Array


class Optimizer(Settings, frozen=True, tag_field="kind"):
    """A rule for steps; its fields are its hyper-parameters. `remembers` is the class of its memory."""

    remembers: ClassVar[Any]

    @abstractmethod
    def init(self, params: Array) -> Memory:
        """What it remembers before the first step, for parameters `(P,)`."""

    @abstractmethod
    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        """The step `(P,)` to be added to `params`, and what to remember next."""


class HeavyBall(Optimizer, frozen=True, tag="heavy-ball"):
    """Gradient descent with heavy-ball momentum: v ← βv + g, θ ← θ − ηv (Polyak 1964; PyTorch's form)."""

    caption = "Gradient descent with momentum"
    remembers = Velocity

    momentum: Annotated[
        float,
        setting(
            "Momentum β",
            "share of the last step's velocity that is kept (heavy ball: v ← βv + g, θ ← θ − ηv); "
            "more rolls through flat places and overshoots valleys",
            ge=0,
            lt=1,
        ),
    ] = 0.9

    def init(self, params: Array) -> Memory:
        return Velocity(np.zeros_like(params))

    def update(self, gradient: Array, memory: Memory, params: Array, rate: float) -> tuple[Array, Memory]:
        velocity = self.momentum * memory[0]
        velocity += gradient
        return -rate * velocity, Velocity(velocity)


OPTIMIZERS: tuple[type[Optimizer], ...] = (HeavyBall,)
