"""Running: training step by step, rehearsals of what is to come, and the land around a path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
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
    Landscape,
    Look,
    Network,
    Principal,
    RandomNormalized,
    SettingError,
    State,
    Trajectory,
    landscape,
    plane_of,
    survey,
    train,
    with_field,
)
from model.activations import Array
from model.curvature import hessian
from model.datasets import Moons
from model.honesty import inside
from model.plane import Curvature, Ends, Momentum, Steepest, ThreeStates
from model.running import recorded, rehearsal, within_reach
from model.settings import kind_of
from tests.cases import in_turn


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


@pytest.mark.parametrize("plane", PLANES, ids=kind_of)
@pytest.mark.parametrize("rescale", [1.0, 5.0])
def test_there_is_one_way_to_a_plane(plane: Any, rescale: float) -> None:
    """What a program asks for is what a window draws, to the last bit, also of a network that is looked at rescaled."""
    network = Network((2, 4, 1), activation="relu")
    experiment = Experiment(network=network, plane=plane(), rescale=rescale, steps=12, resolution=11)
    trajectory = experiment.run()
    mine = plane_of(experiment, trajectory)
    *_, land = landscape(Look(experiment, trajectory, len(trajectory)))
    its = land.surface.plane
    for name in ("origin", "u", "v", "bounds", "labels", "explained"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(its, name))
    *_, surface = survey(experiment.objective, mine, (11, 11))
    np.testing.assert_array_equal(surface.loss, land.surface.loss)
    factors = 1.0 if experiment.factors is None else experiment.factors
    seen = trajectory.params() * factors
    np.testing.assert_allclose(mine.project(trajectory.params()), replace(mine, scale=None).project(seen), rtol=1e-12)
    if plane in (Principal, Ends):  # through the newest state, as it is looked at
        assert np.linalg.norm(mine.point(mine.project(trajectory[-1].params)) - seen[-1]) < 1e-12


@pytest.mark.parametrize("plane", PLANES, ids=kind_of)
def test_a_run_without_a_finite_state_has_no_plane(plane: Any) -> None:
    experiment = Experiment(plane=plane())
    start = experiment.begin()
    lost = np.full(experiment.objective.size, np.inf)
    for loss in (None, np.nan, np.inf):
        states = [] if loss is None else [msgspec.structs.replace(start, params=lost, loss=loss)]
        with pytest.raises(SettingError, match="no finite state"):
            plane_of(experiment, Trajectory(states))


def test_a_landscape_keeps_its_plane_and_takes_old_heights_anew() -> None:
    before, after = Experiment(steps=10, resolution=11), Experiment(steps=10, resolution=11, loss="mse")
    trajectory = before.run()
    plane = plane_of(before, trajectory)
    *_, finest = landscape(Look(after, trajectory, 11, plane, under=6))
    assert finest.surface.plane is plane
    np.testing.assert_allclose(finest.heights[:6], after.objective.loss(trajectory.params(0, 6)))
    np.testing.assert_array_equal(finest.heights[6:], trajectory.losses(6))


@in_turn("plane", PLANES, ids=kind_of)
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
    *_, surface = survey(experiment.objective, plane_of(experiment, trajectory), (11, 11))
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


@in_turn("plane", PLANES, ids=kind_of)
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


@in_turn("plane", PLANES, ids=kind_of)
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


# ---- planes that touch the current state ------------------------------------------------------------------------

LOCAL = [kind for kind in PLANES if kind.local]


@pytest.fixture(scope="module")
def run() -> tuple[Experiment, Trajectory]:
    """A run of 60 steps, planes aside."""
    experiment = Experiment(steps=60, resolution=41)
    return experiment, experiment.run()


def replaced(experiment: Experiment, **fields: Any) -> Experiment:
    return msgspec.structs.replace(experiment, **fields)


def last(landscapes: Iterator[Landscape | None]) -> Landscape:
    *_, land = landscapes
    assert land is not None
    return land


@pytest.mark.parametrize("now", [0, 1, 17, 60, None])
@pytest.mark.parametrize("kind", LOCAL, ids=kind_of)
def test_a_local_plane_touches_the_current_state(
    run: tuple[Experiment, Trajectory], kind: Any, now: int | None
) -> None:
    experiment, trajectory = with_field(run[0], "plane", kind()), run[1]
    look = Look(experiment, trajectory, 61, now=now)
    land, here = last(landscape(look)), trajectory[60 if now is None else now]
    plane = land.surface.plane
    assert look.current == (60 if now is None else now)
    assert plane.distance(here.params) <= 1e-12 * np.linalg.norm(here.params)
    on_plane = experiment.objective.loss(plane.point(plane.project(here.params)))
    assert float(on_plane) == pytest.approx(here.loss, rel=1e-13)
    # The state is in the middle of the picture, whose value is exact.
    centre = land.surface.centre
    assert centre is not None
    np.testing.assert_allclose(centre[:2], plane.project(here.params), atol=1e-9)
    assert centre[2] == pytest.approx(here.loss, rel=1e-12)
    assert land.surface.loss[20, 20] == centre[2]


@pytest.mark.parametrize("kind", [Steepest, Momentum, Curvature], ids=kind_of)
def test_a_local_plane_holds_the_gradient_or_the_most_curved_direction(
    run: tuple[Experiment, Trajectory], kind: Any
) -> None:
    experiment, trajectory = with_field(run[0], "plane", kind()), run[1]
    plane, state = last(landscape(Look(experiment, trajectory, 61, now=30))).surface.plane, trajectory[30]
    held = {
        "steepest": [experiment.objective.loss_and_gradient(state.params)[1], top(experiment, state)],
        "momentum": [state.gradient, state.params - trajectory[29].params],
        "curvature": [top(experiment, state)],
    }
    for direction in held[kind_of(kind)]:
        assert inside(plane, direction) == pytest.approx(1.0, abs=1e-6)


def top(experiment: Experiment, state: State) -> Array:
    """The eigenvector of the largest eigenvalue of the whole Hessian."""
    return np.asarray(np.linalg.eigh(hessian(experiment.objective, state.params))[1][:, -1])


@pytest.mark.parametrize("kind", LOCAL, ids=kind_of)
def test_a_plane_that_moves_does_not_flip_over(run: tuple[Experiment, Trajectory], kind: Any) -> None:
    """Told that it came from a plane turned by half a turn, the next one is turned likewise."""
    experiment, trajectory = with_field(run[0], "plane", kind()), run[1]
    before, opposite, step = None, None, 0
    for now in range(20, 30):
        plane = last(landscape(Look(experiment, trajectory, 61, now=now, before=before, moving=True))).surface.plane
        if before is not None:
            curvatures = [name.startswith(("curvature", "most curved")) for name in plane.labels]
            for along, was, curved in zip(plane.directions, before.directions, curvatures, strict=True):
                if curved:
                    assert along @ was > 0.0
                    step += 1
            turned = replace(before, u=-before.u, v=-before.v)
            opposite = last(landscape(Look(experiment, trajectory, 61, now=now, before=turned, moving=True))).surface
            for along, was, curved in zip(opposite.plane.directions, plane.directions, curvatures, strict=True):
                np.testing.assert_allclose(along, -was if curved else was, atol=1e-4)
        before = plane
    assert step or kind not in (Curvature, Steepest)


# ---- while a plane moves ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("resolution", "expected"), [(101, 31), (31, 31), (11, 11)])
def test_a_moving_plane_is_only_glanced_at(run: tuple[Experiment, Trajectory], resolution: int, expected: int) -> None:
    experiment = replaced(run[0], plane=Steepest(), resolution=resolution)
    for moving, points in ((True, expected), (False, resolution)):
        look = Look(experiment, run[1], 61, moving=moving)
        assert look.resolution == points
        assert last(landscape(look)).surface.loss.shape == (points, points)


def test_a_moving_plane_leaves_out_where_old_states_are() -> None:
    experiment = Experiment(
        dataset=Moons(samples=10), network=Network((2, 3, 1)), plane=Momentum(), steps=2100, resolution=11
    )
    trajectory = experiment.run()
    land = last(landscape(Look(experiment, trajectory, 2101, moving=True)))
    assert land.coords.shape == (2101, 2) and land.heights.shape == (2101,)
    assert np.isnan(land.coords[:101]).all()
    np.testing.assert_allclose(land.coords[101:], land.surface.plane.project(trajectory.params(101)))
    still = last(landscape(Look(experiment, trajectory, 2101, moving=False)))
    np.testing.assert_allclose(still.coords, still.surface.plane.project(trajectory.params()))


def test_a_landscape_can_be_stopped_while_it_looks_at_the_path(run: tuple[Experiment, Trajectory]) -> None:
    """It yields None for every state that a plane is chosen for, before there is anything to show."""
    experiment, trajectory = run
    answers = list(landscape(Look(experiment, trajectory, 61)))
    first = next(number for number, answer in enumerate(answers) if answer is not None)
    assert first >= 61 and answers[:first] == [None] * first


# ---- other runs -------------------------------------------------------------------------------------------------


def test_principal_directions_of_all_runs_see_the_others() -> None:
    """Those of the states of both runs together, by a singular value decomposition."""
    here, there = (Experiment(network=Network((2, 3, 1)), seed=seed, steps=20) for seed in (0, 1))
    ended, narrow = there.run(), Experiment(network=Network((2, 4, 1)), steps=5).run()
    one, both = (replaced(here, plane=Principal(runs=runs)) for runs in ("this run", "all runs"))
    trajectory = here.run()
    lone, lonely, together = (
        last(landscape(Look(experiment, trajectory, 21, others=others))).surface.plane
        for experiment, others in ((one, (ended,)), (both, ()), (both, (ended, narrow)))
    )
    np.testing.assert_array_equal(lone.directions, lonely.directions)
    states = np.vstack([ended.params(), trajectory.params()])
    _, values, rows = np.linalg.svd(states - states.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(np.diag(together.directions @ rows[:2].T)), 1.0, rtol=1e-9)
    assert together.explained == pytest.approx((values[:2] ** 2).sum() / (values**2).sum(), rel=1e-9)
    assert np.abs(np.diag(lone.directions @ rows[:2].T)).max() < 0.99
    assert all(together.contains(coords) for coords in together.project(states))


# ---- rescaled networks ------------------------------------------------------------------------------------------


def rescaled(alpha: float, **fields: Any) -> Experiment:
    """Layer 1 times α, layer 2 divided by it."""
    return Experiment(network=Network((2, 6, 5, 1), "relu"), steps=20, resolution=21, rescale=alpha, **fields)


@in_turn("plane", PLANES, ids=kind_of)
def test_a_rescaled_plane_is_of_rescaled_parameters(plane: Any) -> None:
    """Coordinates of the path are those of D·θ on it, with D written out by hand; the recorded states stay."""
    experiment = rescaled(3.0, plane=plane())
    trajectory = experiment.run()
    first, second, _ = experiment.network.layers
    factors = np.ones(experiment.network.size)
    factors[first.start : first.stop] = 3.0
    experiment.network.weights(factors, second)[...] = 1 / 3
    land = last(landscape(Look(experiment, trajectory, 21)))
    surface, moved = land.surface, trajectory.params() * factors
    basis = surface.plane.directions.T
    expected = np.linalg.lstsq(basis, (moved - surface.plane.origin).T, rcond=None)[0].T
    np.testing.assert_allclose(land.coords, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(land.heights, trajectory.losses())
    distance = np.linalg.norm(moved - surface.plane.origin - expected @ basis.T, axis=1)
    np.testing.assert_allclose(surface.plane.distance(trajectory.params()), distance, atol=1e-9)
    touching = np.flatnonzero(distance <= 1e-9)
    if plane.local or kind_of(plane) in ("random", "two-parameters", "principal", "ends"):
        assert 20 in touching  # the newest state lies on it
    for index in touching:
        there = experiment.objective.loss(surface.plane.point(land.coords[index]))
        assert float(there) == pytest.approx(trajectory[int(index)].loss, rel=1e-9)
    at = np.stack(np.meshgrid(surface.x, surface.y, indexing="ij"), axis=-1)
    np.testing.assert_allclose(surface.loss, experiment.objective.loss(surface.plane.point(at)), rtol=1e-5)


@pytest.mark.parametrize(("normalize", "same"), [("neuron", True), ("none", False)])
def test_rescaling_changes_raw_surfaces_and_no_normalised_one(normalize: str, same: bool) -> None:
    plane = RandomNormalized(seed=3, normalize=normalize)
    plain, other = (
        last(landscape(Look(experiment, experiment.run(), 21))).surface
        for experiment in (rescaled(1.0, plane=plane), rescaled(5.0, plane=plane))
    )
    coords = np.random.default_rng(0).uniform(-1.0, 1.0, (200, 2))
    objective = rescaled(1.0).objective
    one, two = objective.loss(plain.plane.point(coords)), objective.loss(other.plane.point(coords))
    apart = np.abs(one - two) / one
    assert apart.max() < 1e-10 if same else apart.max() > 0.05
    assert plain.centre is not None and other.centre is not None
    origins = [float(objective.loss(surface.plane.origin)) for surface in (plain, other)]
    assert origins[0] == pytest.approx(origins[1], rel=1e-12)  # D·θ is the same function


def test_three_states_of_a_long_run_lie_on_their_plane_when_rescaled() -> None:
    """Of more than a thousand states a plane is chosen for some; those asked for by number are meant all the same."""
    experiment = Experiment(
        dataset=Moons(samples=20), network=Network((2, 3, 1), "relu"), steps=2000, resolution=5, rescale=2.0,
        plane=ThreeStates(first=0, second=1500, third=701),
    )  # fmt: skip
    trajectory = experiment.run()
    plane = last(landscape(Look(experiment, trajectory, 2001))).surface.plane
    np.testing.assert_allclose(plane.distance(trajectory.params())[[0, 701, 1500]], 0.0, atol=1e-9)
