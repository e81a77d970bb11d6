"""Descent: the training loop, as a generator of immutable states.

A state holds everything the next step needs, so there is one rule for going on, forking and replaying: *a descent
continues from a state*. Nothing else is remembered anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated

import msgspec
import numpy as np

from model.arrays import Array, kept
from model.objective import Objective
from model.optimizers import OPTIMIZERS, HeavyBall, Memory, Optimizer
from model.schedules import SCHEDULES, Constant, Schedule
from model.settings import Settings, setting


class State(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One point of the path. Its arrays are read-only.

    `params` `(P,)`: where we are. `gradient` `(P,)`: the one the next step uses, of the mini-batch `rows(step)`.
    `loss`: on all data; `batch_loss`: on that mini-batch. `memory`: what the optimizer remembers. `test_loss`: on the
    data held out from training, NaN where there are none.
    """

    step: int
    params: Array
    gradient: Array
    loss: float
    batch_loss: float
    memory: Memory
    test_loss: float = math.nan


class Descent(Settings, frozen=True):
    """How to go down: the rule for steps, the learning rate, the mini-batches, and what is done to their gradients."""

    optimizer: Annotated[
        Optimizer,
        setting("Optimizer", "the rule that turns gradients into steps", kinds=OPTIMIZERS, effect="step"),
    ] = HeavyBall()
    schedule: Annotated[
        Schedule, setting("Schedule", "the learning rate against the step", kinds=SCHEDULES, effect="step")
    ] = Constant()
    batch_size: Annotated[
        int,
        setting("Batch size", "samples per gradient; 0 takes all of them", ge=0, le=100_000, zero="all", effect="step"),
    ] = 0
    seed: Annotated[int, setting("Shuffle seed", "decides the mini-batches", ge=0, le=2**31, effect="step")] = 0
    clip_norm: Annotated[
        float,
        setting(
            "Clip norm",
            "a gradient longer than this is shortened to it, so that no step out of a steep place is a leap; "
            "0 leaves all as they are",
            ge=0,
            zero="off",
            effect="step",
        ),
    ] = 0.0
    weight_decay: Annotated[
        float,
        setting(
            "Weight decay λ",
            "λθ is added to the gradient, as if the loss had the term λ|θ|²/2, which pulls the weights to zero; "
            "the loss shown is without it",
            ge=0,
            zero="none",
            effect="step",
        ),
    ] = 0.0

    def rows(self, step: int, samples: int) -> Array | None:
        """The mini-batch of a step, as row numbers; None for all rows.

        An epoch takes every row once, in an order drawn from `(seed, epoch)` alone, so any step's batch can be had
        without the steps before it. The last batch of an epoch may be smaller.
        """
        if not 0 < self.batch_size < samples:
            return None
        epoch, batch = divmod(step, -(-samples // self.batch_size))
        start = batch * self.batch_size
        return _shuffled(self.seed, epoch, samples)[start : start + self.batch_size]

    def same_rows(self, other: Descent) -> bool:
        """Whether both take the same mini-batches."""
        return (self.batch_size, self.seed) == (other.batch_size, other.seed)

    def adjusted(self, gradient: Array, params: Array) -> Array:
        """What the optimizer takes for the gradient `(P,)`: clipped to `clip_norm` first, then λθ added.

        g ← g · min(1, clip/|g|), g ← g + λθ: the order of PyTorch, where `clip_grad_norm_` is called before the
        optimizer adds its `weight_decay`. That function divides by |g| + 1e-6, this by |g|.
        """
        if self.clip_norm:
            gradient = _clipped(gradient, self.clip_norm)
        if self.weight_decay:
            gradient = gradient + self.weight_decay * params
        return gradient


def _clipped(gradient: Array, most: float) -> Array:
    if np.linalg.norm(gradient) <= most:
        return gradient
    unit: Array = gradient / np.abs(gradient).max()  # first by its largest number: in a divergence the squares overflow
    unit *= most / np.linalg.norm(unit)
    return unit


@lru_cache(maxsize=8)
def _shuffled(seed: int, epoch: int, samples: int) -> Array:
    order = np.random.default_rng((seed, epoch)).permutation(samples)
    order.flags.writeable = False
    return order


# A descent that diverges overflows on its way, and its last states may be looked at again: NumPy need not warn,
# because `descend` looks at the loss.
_overflow_is_expected = np.errstate(over="ignore", invalid="ignore")


@_overflow_is_expected
def begin(objective: Objective, descent: Descent, params: Array, step: int = 0) -> State:
    """The state from which a descent starts at `params` `(P,)`, with an optimizer that remembers nothing."""
    params = kept(params)
    return _arrive(objective, descent, step, params, descent.optimizer.init(params))


def placed(descent: Descent, params: Array, step: int = 0) -> State:
    """A state at `params` `(P,)` that nobody has looked at yet: `resume` takes its losses and gradient.

    So a start can be chosen where nothing may be computed, in a window, and be looked at where it may.
    """
    params = kept(params)
    memory = descent.optimizer.init(params)
    return State(step, params, kept(np.zeros_like(params)), math.nan, math.nan, memory)


@_overflow_is_expected
def resume(
    objective: Objective, descent: Descent, state: State, under: tuple[Objective, Descent] | None = None
) -> State:
    """`state`, made ready to go on under another objective or descent than the one it came from.

    θ is the same array. Losses and gradient are taken anew, unless it is known `under` what they were taken and that is
    the same: while a slider of the learning rate is dragged, training costs no more than before. The optimizer's memory
    is kept when its class is the one that the optimizer remembers: when only its numbers changed, or its kind to one
    with the same memory.
    """
    kept = isinstance(state.memory, descent.optimizer.remembers)
    if kept and under is not None and under[0] is objective and descent.same_rows(under[1]):
        return state
    memory = state.memory if kept else descent.optimizer.init(state.params)
    return _arrive(objective, descent, state.step, state.params, memory)


@_overflow_is_expected
def advance(objective: Objective, descent: Descent, state: State) -> State:
    """The next state: one step of the optimizer. The gradient recorded in a state is that of the loss, unadjusted."""
    rate = descent.schedule.rate(state.step)
    gradient = descent.adjusted(state.gradient, state.params)
    updates, memory = descent.optimizer.update(gradient, state.memory, state.params, rate)
    updates += state.params
    return _arrive(objective, descent, state.step + 1, updates, memory)


def descend(objective: Objective, descent: Descent, state: State) -> Iterator[State]:
    """Yield the states that follow `state`, until the loss is no longer finite."""
    while math.isfinite(state.loss):
        state = advance(objective, descent, state)
        yield state


def _arrive(objective: Objective, descent: Descent, step: int, params: Array, memory: Memory) -> State:
    rows = descent.rows(step, objective.samples)
    batch_loss, gradient = objective.loss_and_gradient(params, rows)
    loss = batch_loss if rows is None else float(objective.loss(params))
    test_loss = math.nan if objective.test is None else float(objective.test.loss(params))
    for array in (params, gradient, *memory):
        array.flags.writeable = False
    return State(step, params, gradient, loss, batch_loss, memory, test_loss)
