"""Descent: states that can be continued from anywhere, against closed forms on a quadratic bowl."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest

from model import (
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    Constant,
    Descent,
    Fit,
    HeavyBall,
    Network,
    Objective,
    Optimizer,
    Schedule,
    State,
    advance,
    begin,
    descend,
    resume,
)
from model.activations import Array
from model.datasets import Moons
from model.initializers import GlorotNormal


class Bowl(Objective):
    """f(θ) = ½ Σ λᵢ θᵢ², of which everything is known."""

    def __init__(self, *curvatures: float) -> None:
        self.curvatures = np.array(curvatures)

    @property
    def size(self) -> int:
        return len(self.curvatures)

    @property
    def samples(self) -> int:
        return 1

    @property
    def chunk(self) -> int:
        return 8

    def loss(self, params: Array) -> Array:
        return np.asarray(0.5 * (self.curvatures * params**2).sum(axis=-1))

    def loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        return float(self.loss(params)), self.curvatures * params

    def slice(self, origin: Array, directions: Array) -> Any:
        return lambda coords: self.loss(origin + coords @ directions)


def moons(**descent: Any) -> tuple[Fit, Descent, State]:
    objective, how = Fit(Moons(samples=50).load(), Network(widths=(2, 5, 1)), "bce"), Descent(**descent)
    return objective, how, begin(objective, how, objective.network.begin(GlorotNormal(), 0))


def assert_same(first: State, second: State) -> None:
    """Bit for bit."""
    assert (first.step, first.loss, first.batch_loss) == (second.step, second.loss, second.batch_loss)
    np.testing.assert_array_equal(first.params, second.params)
    np.testing.assert_array_equal(first.gradient, second.gradient)
    assert type(first.memory) is type(second.memory) and len(first.memory) == len(second.memory)
    for one, other in zip(first.memory, second.memory, strict=True):
        np.testing.assert_array_equal(one, other)


def heavy_ball(rate: float, momentum: float, curvature: float, steps: int) -> Array:
    """θₖ from θ₀ = 1 in closed form.

    θₖ₊₁ = (1 + β − ηλ) θₖ − β θₖ₋₁ with θ₁ = 1 − ηλ (Polyak 1964), so θₖ = a rᵏ + b sᵏ with r, s the roots of
    x² − (1 + β − ηλ) x + β, complex when the ball swings.
    """
    r, s = np.roots([1.0, -(1.0 + momentum - rate * curvature), momentum]).astype(complex)
    a = (1.0 - rate * curvature - s) / (r - s)
    k = np.arange(steps + 1)
    return np.asarray((a * r**k + (1.0 - a) * s**k).real)


@pytest.mark.parametrize(("rate", "momentum"), [(0.1, 0.9), (0.05, 0.5), (0.3, 0.0), (0.9, 0.99)])
def test_heavy_ball_in_closed_form(rate: float, momentum: float) -> None:
    bowl = Bowl(0.5, 1.0, 3.0)
    how = Descent(optimizer=HeavyBall(momentum=momentum), schedule=Constant(learning_rate=rate))
    states = [begin(bowl, how, np.ones(3)), *islice(descend(bowl, how, begin(bowl, how, np.ones(3))), 60)]
    expected = np.stack([heavy_ball(rate, momentum, c, 60) for c in bowl.curvatures], axis=1)
    np.testing.assert_allclose([state.params for state in states], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose([state.loss for state in states], bowl.loss(expected), rtol=1e-8, atol=1e-15)


def test_stable_below_two_over_curvature_and_not_above() -> None:
    """Without momentum, θₖ = (1 − ηλ)ᵏ: it shrinks exactly when η < 2/λ."""
    for rate, shrinks in [(0.49, True), (0.51, False)]:
        bowl, how = Bowl(4.0), Descent(optimizer=HeavyBall(momentum=0.0), schedule=Constant(learning_rate=rate))
        *_, last = islice(descend(bowl, how, begin(bowl, how, np.ones(1))), 200)
        assert bool(abs(last.params[0]) < 1.0) is shrinks


every_descent = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda kind: kind.__name__)


@every_descent
@every_schedule
@pytest.mark.parametrize("batch_size", [0, 1, 7, 50])
def test_twenty_steps_are_ten_and_ten(optimizer: type[Optimizer], schedule: type[Schedule], batch_size: int) -> None:
    objective, how, start = moons(optimizer=optimizer(), schedule=schedule(), batch_size=batch_size)
    straight = list(islice(descend(objective, how, start), 20))
    first = list(islice(descend(objective, how, start), 10))
    second = list(islice(descend(objective, how, first[-1]), 10))
    for one, other in zip(straight, first + second, strict=True):
        assert_same(one, other)


@every_descent
@pytest.mark.parametrize("batch_size", [0, 7])
def test_a_state_says_what_it_is(optimizer: type[Optimizer], batch_size: int) -> None:
    """Consecutive numbers, the loss on all data, and the gradient that the next step will use."""
    objective, how, start = moons(optimizer=optimizer(), batch_size=batch_size)
    states = [start, *islice(descend(objective, how, start), 12)]
    assert [state.step for state in states] == list(range(13))
    for state in states:
        rows = how.rows(state.step, objective.samples)
        batch_loss, gradient = objective.loss_and_gradient(state.params, rows)
        assert state.loss == pytest.approx(float(objective.loss(state.params)), rel=1e-12)
        assert state.batch_loss == batch_loss
        np.testing.assert_array_equal(state.gradient, gradient)
    for before, after in pairwise(states):
        step, _ = how.optimizer.update(before.gradient, before.memory, before.params, how.schedule.rate(before.step))
        np.testing.assert_array_equal(after.params, before.params + step)


@every_descent
def test_states_are_read_only(optimizer: type[Optimizer]) -> None:
    objective, how, start = moons(optimizer=optimizer())
    for state in (start, advance(objective, how, start)):
        for array in (state.params, state.gradient, *state.memory):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1.0


@pytest.mark.parametrize(("samples", "batch_size"), [(10, 1), (10, 3), (10, 5), (10, 9), (200, 32), (7, 6)])
def test_an_epoch_takes_every_row_once(samples: int, batch_size: int) -> None:
    how, batches = Descent(batch_size=batch_size, seed=3), -(-samples // batch_size)
    for epoch in range(3):
        rows = [how.rows(epoch * batches + batch, samples) for batch in range(batches)]
        assert all(part is not None and len(part) == batch_size for part in rows[:-1])
        assert sorted(int(row) for part in rows if part is not None for row in part) == list(range(samples))


def test_mini_batches_follow_from_seed_and_step_alone() -> None:
    def batch(seed: int, step: int) -> list[int]:
        rows = Descent(batch_size=8, seed=seed).rows(step, 100)
        assert rows is not None
        return [int(row) for row in rows]

    backwards = {step: batch(1, step) for step in reversed(range(40))}
    assert [batch(1, step) for step in range(40)] == [backwards[step] for step in range(40)]
    assert backwards[0] != backwards[13]  # the next epoch has another order
    assert backwards[0] != batch(2, 0)


@pytest.mark.parametrize("batch_size", [0, 100, 101, 1000])
def test_a_batch_of_all_rows_is_no_mini_batch(batch_size: int) -> None:
    assert Descent(batch_size=batch_size).rows(5, 100) is None


def test_rows_cannot_be_spoilt() -> None:
    how = Descent(batch_size=8)
    rows = how.rows(0, 100)
    assert rows is not None
    with pytest.raises(ValueError, match="read-only"):
        rows[0] = 0


@every_descent
@pytest.mark.parametrize("loss", LOSSES)
def test_resume_keeps_theta_and_what_is_remembered(optimizer: type[Optimizer], loss: str) -> None:
    objective = Fit(Moons(samples=50).load(), Network(widths=(2, 5, 2), activation="tanh"), "mse")
    how = Descent(optimizer=optimizer())
    start = begin(objective, how, objective.network.begin(GlorotNormal(), 0))
    *_, state = islice(descend(objective, how, start), 5)
    other = Fit(objective.dataset, Network(widths=(2, 5, 2), activation="sigmoid"), loss)
    resumed = resume(other, how, state)
    assert resumed.params is state.params and resumed.step == state.step == 5
    for kept, before in zip(resumed.memory, state.memory, strict=True):
        np.testing.assert_array_equal(kept, before)
    assert resumed.loss == pytest.approx(float(other.loss(state.params)), rel=1e-12)
    np.testing.assert_array_equal(resumed.gradient, other.loss_and_gradient(state.params)[1])


def test_resume_begins_a_memory_of_another_kind_anew() -> None:
    objective, how, start = moons()
    alien = State(start.step, start.params, start.gradient, start.loss, start.loss, (start.gradient,) * 3)
    resumed = resume(objective, how, alien)
    assert isinstance(resumed.memory, HeavyBall.remembers)
    np.testing.assert_array_equal(resumed.memory[0], np.zeros(objective.size))


def diverging() -> tuple[Fit, Descent, list[State]]:
    objective = Fit(Moons().load(), Network(activation="relu"), "mse")
    how = Descent(schedule=Constant(learning_rate=1e6))
    start = begin(objective, how, objective.network.begin(GlorotNormal(), 0))
    return objective, how, [start, *islice(descend(objective, how, start), 1000)]


def test_divergence_ends_with_the_first_loss_that_is_not_finite() -> None:
    """And without a warning, which would be an error here."""
    _, _, states = diverging()
    assert 1 < len(states) < 1000
    assert not np.isfinite(states[-1].loss)
    for state in states[:-1]:
        assert np.isfinite(state.loss) and np.isfinite(state.params).all()


def test_nothing_follows_a_loss_that_is_not_finite() -> None:
    objective, how, states = diverging()
    assert list(descend(objective, how, states[-1])) == []


def test_a_diverged_state_can_be_looked_at_without_a_warning() -> None:
    objective, how, states = diverging()
    for state in states:
        assert resume(objective, how, state).params is state.params
        begin(objective, how, state.params)
