"""Running: training step by step, rehearsals of what is to come, and the land around a path."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model import (
    ACTIVATIONS,
    FUNCTIONS,
    PLANES,
    Constant,
    Descent,
    Experiment,
    HeavyBall,
    Look,
    Network,
    Trajectory,
    landscape,
    survey,
    train,
)
from model.running import recorded, rehearsal, within_reach
from model.settings import kind_of


def test_train_goes_on_to_the_step_it_was_told() -> None:
    experiment = Experiment()
    start = experiment.begin()
    steps = list(train(experiment, start, 7))
    assert [step.state.step for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert all(step.experiment is experiment for step in steps)
    assert list(train(experiment, steps[-1].state, 7)) == []
    assert list(train(experiment, steps[-1].state, 3)) == []


def test_train_in_two_parts_is_train_in_one() -> None:
    experiment = Experiment(descent=Descent(batch_size=16))
    whole = list(train(experiment, experiment.begin(), 20))
    first = list(train(experiment, experiment.begin(), 10))
    second = list(train(experiment, first[-1].state, 20))
    for one, other in zip(whole, first + second, strict=True):
        np.testing.assert_array_equal(one.state.params, other.state.params)


LIVE = {
    "learning rate": Experiment(descent=Descent(schedule=Constant(0.3))),
    "momentum": Experiment(descent=Descent(optimizer=HeavyBall(0.2))),
    "activation": Experiment(network=Network(activation="relu")),
    "loss": Experiment(loss="mse"),
}


@pytest.mark.parametrize("after", LIVE.values(), ids=LIVE.keys())
def test_the_next_step_uses_what_was_switched(after: Experiment) -> None:
    """From the same θ and velocity: θ' = θ − η' (β' v + g') with the gradient of the new objective."""
    before = Experiment()
    *_, last = train(before, before.begin(), 10)
    [step] = train(after, last.state, 11)
    _, gradient = after.objective.loss_and_gradient(last.state.params)
    optimizer, schedule = after.descent.optimizer, after.descent.schedule
    assert isinstance(optimizer, HeavyBall) and isinstance(schedule, Constant)
    velocity = optimizer.momentum * last.state.memory[0] + gradient
    expected = last.state.params - schedule.learning_rate * velocity
    np.testing.assert_allclose(step.state.params, expected, rtol=1e-13, atol=1e-15)
    assert step.experiment is after and step.state.step == 11


def test_train_without_a_state_begins_at_the_start() -> None:
    experiment = Experiment()
    steps = list(train(experiment, None, 2))
    assert [step.state.step for step in steps] == [0, 1, 2]
    np.testing.assert_array_equal(steps[0].state.params, experiment.begin().params)
    assert [step.state.step for step in train(experiment, None, 0)] == [0]


def test_a_rehearsal_is_what_happens_then() -> None:
    experiment = Experiment(steps=30, descent=Descent(batch_size=16))
    trajectory = experiment.run()
    np.testing.assert_array_equal(
        np.stack([state.params for state in rehearsal(experiment, trajectory[12])]), trajectory.params(13)
    )
    assert [*rehearsal(experiment, trajectory[-1])] == []


def test_a_rehearsal_ends_where_the_loss_climbs() -> None:
    """Ten times the loss it began with, on the way to infinity."""
    experiment = Experiment(
        network=Network(activation="relu"), loss="mse", descent=Descent(schedule=Constant(3.0)), steps=300
    )
    trajectory = experiment.run()
    losses = trajectory.losses()
    climbed = int(np.argmax(losses > 10.0 * losses[0]))
    assert climbed > 0
    assert len([*rehearsal(experiment, trajectory[0])]) == climbed - 1


@pytest.mark.parametrize("count", [1, 2, 20])
def test_a_landscape_is_of_the_first_states(count: int) -> None:
    experiment = Experiment(steps=19, resolution=21)
    trajectory = experiment.run()
    *coarse, finest = landscape(Look(experiment, trajectory, count))
    plane = finest.surface.plane
    assert coarse and finest.surface.progress == 1.0 and finest.surface.loss.shape == (21, 21)
    np.testing.assert_allclose(finest.coords, plane.project(trajectory.params()))
    np.testing.assert_array_equal(finest.heights, trajectory.losses(0, count))
    # The path as it will go on is shown too.
    assert all(plane.contains(coords) for coords in plane.project(trajectory.params()))


def test_a_landscape_keeps_its_plane_and_takes_old_heights_anew() -> None:
    before, after = Experiment(steps=10, resolution=11), Experiment(steps=10, resolution=11, loss="mse")
    trajectory = before.run()
    plane = before.slice_of(trajectory)
    *_, finest = landscape(Look(after, trajectory, 11, plane, under=6))
    assert finest.surface.plane is plane
    np.testing.assert_allclose(finest.heights[:6], after.objective.loss(trajectory.params(0, 6)))
    np.testing.assert_array_equal(finest.heights[6:], trajectory.losses(6))


@pytest.mark.parametrize("plane", PLANES, ids=kind_of)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_diverged_run_keeps_its_finite_states_and_can_be_drawn(plane: Any, activation: str) -> None:
    """A warning would be an error."""
    experiment = Experiment(
        network=Network(activation=activation),
        loss="mse",
        descent=Descent(schedule=Constant(learning_rate=1e6)),
        plane=plane(),
        resolution=11,
    )
    trajectory = experiment.run(steps=300)
    finite = np.isfinite(trajectory.losses())
    assert finite[:-1].all()
    assert np.isfinite(trajectory.params()[:-1]).all()
    *_, surface = survey(experiment.objective, experiment.slice_of(trajectory), (11, 11))
    assert surface.loss.shape == (11, 11)
    *_, land = landscape(Look(experiment, trajectory, len(trajectory), under=len(trajectory)))
    assert len(land.coords) == len(land.heights) == len(trajectory)


def test_recorded_writes_down_what_is_finite() -> None:
    experiment = Experiment(
        network=Network(activation="relu"), loss="mse", descent=Descent(schedule=Constant(learning_rate=1e6))
    )
    trajectory = Trajectory()
    steps = list(recorded(trajectory, train(experiment, None, 300)))
    assert 1 < len(steps) < 301 and not np.isfinite(steps[-1].state.loss)
    assert len(trajectory) == len(steps) - 1
    np.testing.assert_array_equal(trajectory.losses(), [step.state.loss for step in steps[:-1]])


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([], []),
        ([2.0, 20.0, 20.1, 1.0], [True, True, False, True]),  # ten times the first
        ([0.0, 1e-13, 1e-11], [True, True, False]),
        ([1.0, np.nan, np.inf, -5.0], [True, False, False, True]),
    ],
)
def test_within_reach(losses: list[float], expected: list[bool]) -> None:
    assert within_reach(np.array(losses)).tolist() == expected


@pytest.mark.parametrize("plane", PLANES, ids=kind_of)
@pytest.mark.parametrize("kind", FUNCTIONS, ids=kind_of)
def test_the_land_of_a_function_is_the_function_around_its_path(kind: Any, plane: Any) -> None:
    experiment = Experiment(function=kind(), plane=plane(), steps=5, resolution=11)
    trajectory = experiment.run()
    *_, land = landscape(Look(experiment, trajectory, len(trajectory)))
    near = within_reach(trajectory.losses())
    np.testing.assert_allclose(land.coords, trajectory.params(), rtol=1e-12)  # x and y themselves
    assert all(land.surface.plane.contains(coords) for coords in land.coords[near])
    at = np.stack(np.meshgrid(land.surface.x, land.surface.y, indexing="ij"), axis=-1)
    np.testing.assert_allclose(land.surface.loss, experiment.objective.loss(at), rtol=1e-9)


@pytest.mark.parametrize("plane", PLANES, ids=kind_of)
@pytest.mark.parametrize("trained", ["0", "0-1", "layer 1, weight 1→1; layer 3, bias 1", "0-2", "layer 2"])
def test_the_land_of_some_parameters(trained: str, plane: Any) -> None:
    experiment = Experiment(trained=trained, plane=plane(), steps=5, resolution=11)
    trajectory = experiment.run()
    *_, land = landscape(Look(experiment, trajectory, len(trajectory)))
    np.testing.assert_allclose(land.surface.plane.distance(trajectory.params())[-1], 0.0, atol=1e-6)
    x, y, lowest = land.surface.lowest or (np.nan,) * 3
    expected = experiment.objective.loss(land.surface.plane.point(np.array([x, y])))
    assert lowest == pytest.approx(float(expected), rel=1e-5)


def test_training_goes_on_when_other_parameters_hold_still() -> None:
    """The experiment with one field changed goes on from a state that has as many parameters as it trains."""
    experiment = Experiment(trained="layer 3")
    *_, last = train(experiment, None, 5)
    [step] = train(Experiment(trained="layer 3", loss="mse"), last.state, 6)
    assert step.state.params.shape == (17,)
