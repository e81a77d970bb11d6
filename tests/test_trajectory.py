"""Trajectories: what was recorded reads back to the last bit, in little more memory than its own."""

from __future__ import annotations

from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pytest

from model import OPTIMIZERS, Descent, Experiment, Optimizer, State, Trajectory, descend
from model.activations import Array
from model.optimizers import Velocity

SIZE = 5


class Moments(NamedTuple):
    """The memory of an optimizer that the model does not have: two vectors and a number."""

    mean: Array
    square: Array
    count: Array


def states(count: int, first: int = 0, memory: Any = Velocity, size: int = SIZE) -> list[State]:
    """Random states, with as many vectors of memory as the class has fields, and a count where it has one."""
    rng, remembered = np.random.default_rng(abs(first)), len(getattr(memory, "_fields", ()))
    made = []
    for step in range(first, first + count):
        params, gradient, *rest = rng.normal(size=(2 + remembered, size))
        if memory is Moments:
            rest[-1] = rng.normal(size=1)
        loss, batch_loss, test_loss = rng.normal(size=3).tolist()
        made.append(State(step, params, gradient, loss, batch_loss, memory(*rest), test_loss))
    return made


def assert_same(recorded: State, given: State) -> None:
    """Bit for bit."""
    assert (recorded.step, recorded.loss, recorded.batch_loss) == (given.step, given.loss, given.batch_loss)
    np.testing.assert_array_equal(recorded.test_loss, given.test_loss)
    np.testing.assert_array_equal(recorded.params, given.params)
    np.testing.assert_array_equal(recorded.gradient, given.gradient)
    assert type(recorded.memory) is type(given.memory)
    for one, other in zip(recorded.memory, given.memory, strict=True):
        assert one.shape == other.shape
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("first", [0, 17])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 500])
def test_reads_back_what_was_recorded(count: int, first: int) -> None:
    given = states(count, first)
    trajectory = Trajectory(given)
    assert len(trajectory) == count and trajectory.first == first
    for index, state in enumerate(given):
        assert_same(trajectory[index], state)
        assert_same(trajectory[index - count], state)
    for recorded, state in zip(trajectory, given, strict=True):
        assert_same(recorded, state)


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda kind: kind.__name__)
def test_a_descent_goes_on_from_a_recorded_state(optimizer: type[Optimizer]) -> None:
    """To the same bits, for nothing that the optimizer remembers is lost or changed."""
    experiment = Experiment(descent=Descent(optimizer=optimizer(), batch_size=30))
    objective, how = experiment.objective, experiment.descent
    given = [experiment.begin(), *islice(descend(objective, how, experiment.begin()), 20)]
    trajectory = Trajectory(given)
    for one, other in zip(trajectory, given, strict=True):
        assert_same(one, other)
    recorded = trajectory[10]
    for one, other in zip(islice(descend(objective, how, recorded), 10), given[11:], strict=True):
        assert_same(one, other)


def test_an_empty_one() -> None:
    trajectory = Trajectory()
    assert len(trajectory) == 0 and list(trajectory) == [] and trajectory.nbytes == 0
    assert trajectory.params().size == trajectory.losses().size == 0
    assert trajectory.batch_losses().size == trajectory.test_losses().size == 0
    with pytest.raises(IndexError):
        trajectory[0]


@pytest.mark.parametrize("index", [-11, 10, 1000])
def test_beyond_its_ends(index: int) -> None:
    with pytest.raises(IndexError):
        Trajectory(states(10))[index]


@pytest.mark.parametrize("step", [0, 9, 11, -1])
def test_a_gap_or_a_repetition_is_refused(step: int) -> None:
    trajectory, [alien] = Trajectory(states(10)), states(1, first=step)
    with pytest.raises(ValueError, match=f"step 10 expected, {step} given"):
        trajectory.append(alien)
    assert len(trajectory) == 10
    trajectory.append(states(1, first=10)[0])


def test_what_is_recorded_is_a_copy_and_read_only() -> None:
    [given] = states(1)
    before = given.params.copy()
    trajectory = Trajectory([given])
    given.params[:] = 0.0
    np.testing.assert_array_equal(trajectory[0].params, before)
    for array in (trajectory[0].params, trajectory[0].gradient, *trajectory[0].memory):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


class Odd(NamedTuple):
    """A memory of several shapes."""

    matrix: Array
    vector: Array
    number: Array


def test_a_memory_may_have_any_shapes() -> None:
    """Also ones that are not contiguous; on reading they are views that cannot be written to."""
    rng, shapes = np.random.default_rng(0), ((4, 3), (7,), ())
    given = []
    for step in range(40):
        memory = Odd(rng.normal(size=(3, 4)).T, rng.normal(size=14)[::2], np.array(rng.normal()))
        given.append(State(step, rng.normal(size=2), rng.normal(size=2), 1.0, 2.0, memory))
    for recorded, state in zip(Trajectory(given), given, strict=True):
        assert_same(recorded, state)
        assert tuple(array.shape for array in recorded.memory) == shapes
        assert not any(array.flags.writeable or array.flags.owndata for array in recorded.memory)


class Turned(NamedTuple):
    """As many numbers as there are in `Odd`, but in other shapes."""

    matrix: Array
    vector: Array
    number: Array


def test_memories_of_the_same_length_keep_their_shapes() -> None:
    """And so do those of the same class whose shapes change."""
    theta = np.zeros(2)
    memories = [
        Odd(np.arange(12.0).reshape(4, 3), np.zeros(7), np.zeros(())),
        Odd(np.arange(12.0).reshape(3, 4), np.zeros(7), np.zeros(())),
        Turned(np.arange(12.0).reshape(3, 4), np.zeros(7), np.zeros(())),
    ]
    given = [State(step, theta, theta, 0.0, 0.0, memory) for step, memory in enumerate(memories)]
    for recorded, state in zip(Trajectory(given), given, strict=True):
        assert_same(recorded, state)


def test_the_kind_of_memory_may_change_midway() -> None:
    given = states(30) + states(3, 30, Moments) + states(40, 33, lambda: ()) + states(50, 73)
    trajectory = Trajectory(given)
    for recorded, state in zip(trajectory, given, strict=True):
        assert_same(recorded, state)
    np.testing.assert_array_equal(trajectory.params(), [state.params for state in given])


class OtherVelocity(NamedTuple):
    """As long as Velocity, but not the same thing."""

    velocity: Array


def test_memory_of_the_same_size_keeps_its_class() -> None:
    trajectory = Trajectory(states(3) + states(3, 3, OtherVelocity))
    assert [type(state.memory) for state in trajectory] == [Velocity] * 3 + [OtherVelocity] * 3


BOUNDS = [(0, None), (0, 0), (3, 3), (5, 2), (0, 8), (7, 9), (8, 300), (299, None), (100, 10**6), (-5, None), (-20, -3)]


@pytest.mark.parametrize(("start", "stop"), BOUNDS)
def test_columns_are_those_of_a_list(start: int, stop: int | None) -> None:
    given = states(300)
    trajectory, expected = Trajectory(given), given[start:stop]
    params = trajectory.params(start, stop)
    assert params.shape == (len(expected), SIZE)
    np.testing.assert_array_equal(params, np.array([state.params for state in expected]).reshape(-1, SIZE))
    for name in ("loss", "batch_loss", "test_loss"):
        column = getattr(trajectory, name + "es")(start, stop)
        assert column.shape == (len(expected),)
        np.testing.assert_array_equal(column, [getattr(state, name) for state in expected])


@pytest.mark.parametrize(("start", "stop"), BOUNDS)
def test_pieces_are_the_states_in_order(start: int, stop: int | None) -> None:
    """Each with one kind of memory; views that cannot be written to."""
    given = states(30, 5) + states(40, 35, Moments) + states(30, 75, lambda: ()) + states(200, 105)
    trajectory, expected = Trajectory(given), iter(given[start:stop])
    for piece in trajectory.pieces(start, stop):
        assert len(piece.losses) and not piece.params.flags.writeable and not piece.params.flags.owndata
        for index in range(len(piece.losses)):
            losses = piece.losses[index], piece.batch_losses[index], piece.test_losses[index]
            memory = [array[index] for array in piece.memory]
            memory = type(piece.memory)(*memory) if memory else ()
            loss, batch_loss, test_loss = map(float, losses)
            params, gradient = piece.params[index], piece.gradients[index]
            state = State(piece.step + index, params, gradient, loss, batch_loss, memory, test_loss)
            assert_same(state, next(expected))
    assert next(expected, None) is None


def test_pieces_of_memories_of_any_shapes() -> None:
    """Reading pieces takes no writing right away from the trajectory, which grows meanwhile."""
    theta = np.zeros(2)
    memories = [Odd(np.full((4, 3), step), np.full(7, step), np.full((), step)) for step in range(20)]
    given = [State(step, theta, theta, 0.0, 0.0, memory) for step, memory in enumerate(memories)]
    trajectory = Trajectory(given[:10])
    pieces = trajectory.pieces()
    next(pieces)
    trajectory.extend(given[10:])
    assert sum(len(piece.losses) for piece in pieces) == 2
    for name in Odd._fields:
        column = np.concatenate([getattr(piece.memory, name) for piece in trajectory.pieces()])
        np.testing.assert_array_equal(column, [getattr(memory, name) for memory in memories])


def test_without_held_out_data_the_test_losses_are_nan() -> None:
    trajectory = Trajectory(State(step, np.ones(1), np.ones(1), 1.0, 1.0, ()) for step in range(20))
    assert np.isnan(trajectory.test_losses()).all() and trajectory.test_losses().shape == (20,)


def test_columns_are_copies() -> None:
    trajectory = Trajectory(states(3))
    before = trajectory.params()
    trajectory.params()[:] = 0.0
    np.testing.assert_array_equal(trajectory.params(), before)


@pytest.mark.parametrize("memory", [Velocity, Moments, lambda: ()], ids=["one", "two and a count", "none"])
def test_costs_little_more_than_its_own_numbers(memory: Any) -> None:
    """θ, gradient, memory and three losses of 8 bytes each; from 100 states on at most 1.13 times that."""
    trajectory = Trajectory()
    for count, state in enumerate(states(3000, memory=memory), 1):
        trajectory.append(state)
        own = 8 * count * (2 * SIZE + sum(array.size for array in state.memory) + 3)
        assert own <= trajectory.nbytes
        if count >= 100:
            assert trajectory.nbytes <= 1.13 * own


def test_states_lie_in_few_blocks() -> None:
    """Growing by an eighth, 3000 states take about log(3000/64) / log(9/8) + 8 = 41 of them."""
    trajectory = Trajectory(states(3000))
    assert len({id(state.params.base) for state in list(trajectory)}) < 60
