"""Schedules: the learning rate as a function of the step, η(t) = η · factor(t), after a linear warm-up."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated

from model.settings import Settings, setting


class Schedule(Settings, frozen=True, tag_field="kind"):
    """A learning rate for every step: `learning_rate` times a factor that starts at 1.

    The warm-up comes in front and is over after `warmup` steps; the schedule's own clock starts then.
    """

    learning_rate: Annotated[
        float,
        setting(
            "Learning rate η",
            "how far a step goes along the (negative) velocity; above a limit set by the sharpest "
            "direction the descent overshoots and diverges",
            gt=0,
            le=1e6,
            slider=(1e-4, 10.0),
            effect="step",
        ),
    ] = 0.1
    warmup: Annotated[
        int,
        setting(
            "Warm-up",
            "steps over which the rate first grows evenly from almost nothing; the descent leaves a steep start in "
            "small steps and does not overshoot before it has found a valley",
            ge=0,
            le=1_000_000,
            zero="none",
            effect="step",
        ),
    ] = 0

    def rate(self, step: int) -> float:
        """The learning rate of the step that leaves state number `step`; in the warm-up η · (step + 1)/(warmup + 1)."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / (self.warmup + 1)
        return self.learning_rate * self.factor(step - self.warmup)

    @abstractmethod
    def factor(self, step: int) -> float:
        """What the learning rate is multiplied by, `step` steps after the warm-up: 1 at first, never negative."""


class Constant(Schedule, frozen=True, tag="constant"):
    """The same rate throughout: 1."""

    caption = "Constant"

    def factor(self, step: int) -> float:
        return 1.0


class StepDecay(Schedule, frozen=True, tag="step"):
    """A staircase: γ to the power of ⌊t / every⌋ (PyTorch's StepLR)."""

    caption = "Staircase"

    every: Annotated[
        int,
        setting("Every", "steps between two drops of the rate", ge=1, le=1_000_000, slider=(10, 10_000), effect="step"),
    ] = 100
    gamma: Annotated[
        float,
        setting(
            "Factor γ",
            "the rate is multiplied by it at each drop; a descent that swings across a valley settles after a drop",
            gt=0,
            le=1,
            effect="step",
        ),
    ] = 0.5

    def factor(self, step: int) -> float:
        # Of many drops nothing is left but 0: below 5e-324 there is no float.
        return float(self.gamma ** (step // self.every))


class Exponential(Schedule, frozen=True, tag="exponential"):
    """The same drop at every step: γᵗ (PyTorch's ExponentialLR)."""

    caption = "Exponential"

    gamma: Annotated[
        float,
        setting(
            "Factor γ",
            "the rate is multiplied by it at each step; the whole way that is left is about η/(1 − γ) gradients long, "
            "so that with too small a factor the descent stops before the valley",
            gt=0,
            le=1,
            slider=(0.9, 1.0),
            effect="step",
        ),
    ] = 0.999

    def factor(self, step: int) -> float:
        # Far out it is 0: below 5e-324 there is no float.
        return float(self.gamma**step)


class Cosine(Schedule, frozen=True, tag="cosine"):
    """Half a cosine, a + (1 − a)(1 + cos(πt/T))/2 up to t = T, and its lowest share a from there on.

    Loshchilov & Hutter 2017 (equation 5), without restarts. PyTorch's CosineAnnealingLR with `T_max` T and `eta_min`
    aη, which however climbs again after T.
    """

    caption = "Cosine"

    period: Annotated[
        int,
        setting(
            "Period T",
            "steps until the rate is lowest; large steps at first to get around, small ones at the end to settle",
            ge=1,
            le=1_000_000,
            slider=(10, 10_000),
            effect="step",
        ),
    ] = 500
    lowest: Annotated[
        float,
        setting(
            "Lowest share a",
            "of the rate, kept from the end of the period on; with 0 the descent stands still from there",
            ge=0,
            le=1,
            effect="step",
        ),
    ] = 0.01

    def factor(self, step: int) -> float:
        done = min(step / self.period, 1.0)
        return self.lowest + (1.0 - self.lowest) * 0.5 * (1.0 + math.cos(math.pi * done))


class InverseTime(Schedule, frozen=True, tag="inverse-time"):
    """1 / (1 + δt), after which stochastic gradients can converge (Robbins & Monro 1951).

    PyTorch has it as `lr_decay` of Adagrad alone; elsewhere it is a LambdaLR.
    """

    caption = "Inverse time"

    decay: Annotated[
        float,
        setting(
            "Decay δ",
            "the rate has halved after 1/δ steps; it falls ever more slowly, so that the descent never stops for good "
            "while the noise of mini-batches dies down",
            ge=0,
            le=1e6,
            slider=(1e-5, 1.0),
            effect="step",
        ),
    ] = 0.01

    def factor(self, step: int) -> float:
        return 1.0 / (1.0 + self.decay * step)


SCHEDULES: tuple[type[Schedule], ...] = (Constant, StepDecay, Exponential, Cosine, InverseTime)
