"""Descent: states that can be continued from anywhere, against closed forms on a quadratic bowl."""

from __future__ import annotations

import math
from itertools import islice, pairwise
from typing import Any

import msgspec
import numpy as np
import pytest

from model import (
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    Constant,
    Descent,
    Experiment,
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
    with_field,
)
from model.activations import Array
from model.datasets import Dataset, Moons
from model.initializers import GlorotNormal
from model.losses import BinaryCrossEntropy, Loss, MeanSquared
from model.objective import Space
from model.optimizers import SGD, Adam
from tests.cases import in_turn


class Bowl(Objective):
    """f(θ) = ½ Σ λᵢ θᵢ², of which everything is known; another bowl may stand for the held-out data."""

    def __init__(self, *curvatures: float, test: Bowl | None = None) -> None:
        self.curvatures, self.test = np.array(curvatures), test

    @property
    def space(self) -> Space:
        return Space(len(self.curvatures), "a bowl")

    @property
    def samples(self) -> int:
        return 1

    @property
    def chunk(self) -> int:
        return 8

    def _loss(self, params: Array) -> Array:
        return np.asarray(0.5 * (self.curvatures * params**2).sum(axis=-1))

    def _loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        return float(self.loss(params)), self.curvatures * params

    def _hessian_at(self, params: Array) -> Any:
        return lambda vector: self.curvatures * vector

    def _slice(self, origin: Array, directions: Array) -> Any:
        return lambda coords: self.loss(origin + coords @ directions)


def moons(**descent: Any) -> tuple[Fit, Descent, State]:
    objective = Fit(Moons(samples=50).load(), Network(widths=(2, 5, 1)), BinaryCrossEntropy())
    how = Descent(**descent)
    return objective, how, begin(objective, how, objective.network.begin(GlorotNormal(), 0))


def assert_same(first: State, second: State) -> None:
    """Bit for bit."""
    assert (first.step, first.loss, first.batch_loss) == (second.step, second.loss, second.batch_loss)
    np.testing.assert_array_equal(first.test_loss, second.test_loss)
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
every_schedule = in_turn("schedule", SCHEDULES, ids=lambda kind: kind.__name__)


@every_descent
@every_schedule
@in_turn("batch_size", [0, 1, 7, 50])
def test_twenty_steps_are_ten_and_ten(optimizer: type[Optimizer], schedule: type[Schedule], batch_size: int) -> None:
    how = dict(optimizer=optimizer(), schedule=schedule(warmup=5), batch_size=batch_size)
    objective, how, start = moons(**how, clip_norm=0.1, weight_decay=0.01)
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


SIZES = [(samples, size) for samples in (7, 12) for size in range(1, samples)] + [(200, 32), (200, 199)]


@pytest.mark.parametrize(("samples", "batch_size"), SIZES)
def test_an_epoch_takes_every_row_once(samples: int, batch_size: int) -> None:
    """In batches of the size asked for, and a last one of what is left."""
    how, batches = Descent(batch_size=batch_size, seed=3), math.ceil(samples / batch_size)
    for epoch in range(3):
        rows = [how.rows(epoch * batches + batch, samples) for batch in range(batches)]
        sizes = [len(part) for part in rows if part is not None]
        assert sizes == [batch_size] * (samples // batch_size) + [samples % batch_size] * (samples % batch_size > 0)
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
@in_turn("loss", LOSSES, ids=lambda kind: kind.__name__)
def test_resume_keeps_theta_and_what_is_remembered(optimizer: type[Optimizer], loss: type[Loss]) -> None:
    objective = Fit(Moons(samples=50).load(), Network(widths=(2, 5, 2), activation="tanh"), MeanSquared())
    how = Descent(optimizer=optimizer())
    start = begin(objective, how, objective.network.begin(GlorotNormal(), 0))
    *_, state = islice(descend(objective, how, start), 5)
    other = Fit(objective.dataset, Network(widths=(2, 5, 2), activation="sigmoid"), loss())
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


@every_descent
@in_turn("after", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_switching_the_optimizer_keeps_theta(optimizer: type[Optimizer], after: type[Optimizer]) -> None:
    """And its memory where the class is the same: always for the same kind, and between the kinds of momentum."""
    objective, how, start = moons(optimizer=optimizer(), batch_size=7)
    *_, state = islice(descend(objective, how, start), 5)
    switched = Descent(optimizer=after(), batch_size=7)
    resumed = resume(objective, switched, state)
    assert resumed.params is state.params and resumed.step == 5 and resumed.loss == state.loss
    assert type(resumed.memory) is after.remembers
    expected = state.memory if optimizer.remembers is after.remembers else after().init(state.params)
    for array, other in zip(resumed.memory, expected, strict=True):
        np.testing.assert_array_equal(array, other)
    [following] = islice(descend(objective, switched, resumed), 1)
    step, _ = after().update(state.gradient, expected, state.params, how.schedule.rate(5))
    np.testing.assert_array_equal(following.params, state.params + step)


def test_the_test_loss_is_that_of_the_held_out_data() -> None:
    bowl = Bowl(1.0, 2.0, test=Bowl(5.0, 7.0))
    start = begin(bowl, Descent(), np.array([1.0, -2.0]))
    for state in (start, resume(bowl, Descent(batch_size=1), start), *islice(descend(bowl, Descent(), start), 5)):
        x, y = state.params
        assert state.test_loss == pytest.approx(2.5 * x**2 + 3.5 * y**2, rel=1e-14)
    assert start.test_loss == 16.5 and start.loss == 4.5


def test_without_held_out_data_the_test_loss_is_nan() -> None:
    _, _, start = moons()
    assert math.isnan(start.test_loss)


@pytest.mark.parametrize("batch_size", [0, 7])
def test_held_out_data_do_not_change_the_descent(batch_size: int) -> None:
    data, network, how = Moons(samples=50).load(), Network(widths=(2, 5, 1)), Descent(batch_size=batch_size)
    others = Dataset("others", Moons(samples=20, seed=9).load().inputs.copy(), np.arange(20) % 2, classes=2)
    loss, theta = BinaryCrossEntropy(), network.begin(GlorotNormal(), 0)
    plain, split = Fit(data, network, loss), Fit(data, network, loss, others)
    paths = [list(islice(descend(fit, how, begin(fit, how, theta)), 10)) for fit in (plain, split)]
    for one, other in zip(*paths, strict=True):
        np.testing.assert_array_equal(one.params, other.params)
        assert (one.loss, one.batch_loss) == (other.loss, other.batch_loss)
        assert other.test_loss == pytest.approx(float(Fit(others, network, loss).loss(other.params)), rel=1e-12)


def test_clipping_by_hand() -> None:
    gradient, params = np.array([3.0, -4.0]), np.array([10.0, 20.0])
    np.testing.assert_allclose(Descent(clip_norm=1.0).adjusted(gradient, params), [0.6, -0.8], rtol=1e-15)
    np.testing.assert_allclose(Descent(clip_norm=2.5).adjusted(gradient, params), [1.5, -2.0], rtol=1e-15)
    for most in (5.0, 6.0, 1e300, 0.0):  # 0 is off
        assert Descent(clip_norm=most).adjusted(gradient, params) is gradient


@pytest.mark.parametrize("size", [1e-150, 1e-8, 1.0, 1e200, 1e307])
def test_the_largest_and_the_smallest_gradients_are_clipped(size: float) -> None:
    """A clipped one has the length asked for and its direction, also where the squares are no numbers any more."""
    direction, most = np.array([2.0, -6.0, 9.0]) / 11.0, 0.5 * min(size, 1.0)
    with np.errstate(over="ignore"):
        clipped = Descent(clip_norm=most).adjusted(size * direction, np.zeros(3))
    np.testing.assert_allclose(clipped / most, direction, rtol=1e-14)


def test_weight_decay_is_added_after_clipping() -> None:
    how = Descent(clip_norm=1.0, weight_decay=0.1)
    gradient, params = np.array([3.0, -4.0]), np.array([10.0, 20.0])
    np.testing.assert_allclose(how.adjusted(gradient, params), [0.6 + 1.0, -0.8 + 2.0], rtol=1e-15)
    np.testing.assert_array_equal(gradient, [3.0, -4.0])


def test_the_recorded_gradient_is_that_of_the_loss() -> None:
    """And the next step is made with the adjusted one."""
    bowl = Bowl(3.0, 4.0)
    how = Descent(optimizer=SGD(), schedule=Constant(0.5), clip_norm=1.0, weight_decay=0.1)
    start = begin(bowl, how, np.array([1.0, -1.0]))
    following = advance(bowl, how, start)
    np.testing.assert_array_equal(start.gradient, [3.0, -4.0])
    np.testing.assert_allclose(following.params, [1.0 - 0.5 * 0.7, -1.0 + 0.5 * 0.9], rtol=1e-14)
    np.testing.assert_array_equal(following.gradient, bowl.curvatures * following.params)


def test_weight_decay_is_a_steeper_bowl_whose_loss_is_not_shown() -> None:
    """θₖ = (1 − η(c + λ))ᵏ, as on a bowl of curvature c + λ; the loss is still cθ²/2."""
    bowl, how = Bowl(2.0), Descent(optimizer=SGD(), schedule=Constant(0.1), weight_decay=0.5)
    states = list(islice(descend(bowl, how, begin(bowl, how, np.ones(1))), 30))
    expected = (1.0 - 0.1 * 2.5) ** np.arange(1, 31)
    np.testing.assert_allclose([state.params[0] for state in states], expected, rtol=1e-12)
    np.testing.assert_allclose([state.loss for state in states], expected**2, rtol=1e-12)


def test_clipping_and_decay_as_in_pytorch() -> None:
    """Whose clipping divides by |g| + 1e-6, a relative difference of at most 1e-6/|g|; here |g| is 2 or more."""
    torch: Any = pytest.importorskip("torch", reason="PyTorch comes with the bench extra")
    bowl = Bowl(3.0, 40.0, 0.5)
    how = Descent(schedule=Constant(0.02), clip_norm=2.0, weight_decay=0.3)
    states = list(islice(descend(bowl, how, begin(bowl, how, np.array([1.0, -2.0, 9.0]))), 12))
    theta = torch.tensor([1.0, -2.0, 9.0], dtype=torch.float64, requires_grad=True)
    peer = torch.optim.SGD([theta], lr=0.02, momentum=0.9, weight_decay=0.3)
    for state in states:
        theta.grad = torch.tensor(bowl.curvatures) * theta.detach()
        torch.nn.utils.clip_grad_norm_([theta], 2.0)
        peer.step()
        np.testing.assert_allclose(state.params, theta.detach().numpy(), rtol=1e-5)


def diverging() -> tuple[Fit, Descent, list[State]]:
    objective = Fit(Moons().load(), Network(activation="relu"), MeanSquared())
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


def test_what_is_known_of_a_state_is_not_taken_anew_and_what_has_changed_is(small: Experiment) -> None:
    """The same objective and mini-batches: the very state. Another loss, other rows or another memory: a fresh one."""
    other, state = with_field(small, "loss", "mse"), small.run(3)[-1]
    faster = msgspec.structs.replace(small.descent, schedule=Constant(0.5))
    batches = msgspec.structs.replace(small.descent, batch_size=7)
    adam = msgspec.structs.replace(small.descent, optimizer=Adam())
    under = (small.objective, small.descent)
    assert resume(small.objective, faster, state, under) is state
    for objective, descent in ((other.objective, faster), (small.objective, batches), (small.objective, adam)):
        known, fresh = resume(objective, descent, state, under), resume(objective, descent, state)
        assert known is not state
        np.testing.assert_array_equal(known.gradient, fresh.gradient)
        assert (known.loss, known.batch_loss, type(known.memory)) == (fresh.loss, fresh.batch_loss, type(fresh.memory))
