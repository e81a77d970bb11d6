"""Probing: each figure against the functions that it is made of, called by themselves, and the gap that moons show."""

from __future__ import annotations

import math
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pytest

from model import (
    FUNCTIONS,
    PLANES,
    Constant,
    Descent,
    Experiment,
    Look,
    Network,
    Plane,
    Probe,
    SettingError,
    Trajectory,
    advance,
    landscape,
    plane_of,
    probe,
    resume,
    with_field,
)
from model.activations import Array
from model.curvature import critical, hessian
from model.curvature import spectrum as spectrum_of
from model.curvature.ends import SCOUTS
from model.datasets import Moons
from model.honesty import trust as trust_in
from model.line import (
    AlongEigenvector,
    AlongGradient,
    AlongParameter,
    AlongStep,
    BetweenStates,
    Ensemble,
    Line,
    between,
    profile,
    quadratic,
)
from model.losses import MeanSquared
from model.settings import kind_of


@pytest.fixture(scope="module")
def learnt() -> tuple[Experiment, Trajectory, Plane]:
    """A small network's run of 60 steps, and the plane that is drawn for it."""
    experiment = Experiment(dataset=Moons(samples=40, seed=1), network=Network((2, 5, 1)), steps=60, resolution=11)
    trajectory = experiment.run()
    return experiment, trajectory, drawn(Look(experiment, trajectory, 61))


def drawn(look: Look) -> Plane:
    *_, land = landscape(look)
    assert land is not None
    return land.surface.plane


def probed(look: Look, plane: Plane, **more: Any) -> Probe:
    *_, found = (item for item in probe(look, plane, **more) if item is not None)
    return found


def least_squares(plane: Plane, params: Array) -> Array:
    """The points of the plane nearest to parameters `(N, P)`."""
    coords = np.linalg.lstsq(plane.directions.T, (params - plane.origin).T, rcond=None)[0]
    return np.asarray(plane.origin + coords.T @ plane.directions)


# ---- figures ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("now", [0, 23, 60, None])
def test_what_is_told_of_a_network(learnt: tuple[Experiment, Trajectory, Plane], now: int | None) -> None:
    experiment, trajectory, plane = learnt
    found = probed(Look(experiment, trajectory, 61, now=now), plane)
    objective, state = experiment.objective, trajectory[60 if now is None else now]
    assert found.step == state.step and found.plane is plane and found.profile is None and found.parabola is None
    foot = least_squares(plane, trajectory.params())
    figures = found.trust
    assert figures.true == pytest.approx(state.loss, rel=1e-13)
    assert figures.sheet == pytest.approx(float(objective.loss(foot[state.step])), rel=1e-9)
    assert figures.gap == figures.sheet - figures.true
    assert figures.distance == pytest.approx(np.linalg.norm(state.params - foot[state.step]), rel=1e-7, abs=1e-12)
    assert figures.travelled == pytest.approx(np.linalg.norm(state.params - trajectory[0].params))
    inside = plane.directions.T @ np.linalg.lstsq(plane.directions.T, state.gradient, rcond=None)[0]
    assert figures.share == pytest.approx(np.linalg.norm(inside) / np.linalg.norm(state.gradient), rel=1e-9)
    np.testing.assert_allclose(figures.gaps.sheets, objective.loss(foot), rtol=1e-9)
    np.testing.assert_allclose(figures.gaps.losses, trajectory.losses(), rtol=1e-13)
    steps = np.arange(61)
    alone = trust_in(objective, plane, trajectory.params(), trajectory.losses(), state.step, state.gradient, steps)
    assert figures.sentence == alone.sentence
    assert (figures.explained, figures.walk) == (alone.explained, alone.walk)
    values = np.linalg.eigvalsh(hessian(objective, state.params))
    assert found.ends.largest == pytest.approx(values[-1], rel=1e-9)
    assert found.ends.smallest == pytest.approx(values[0], rel=1e-9)
    following = advance(objective, experiment.descent, state)
    assert found.forecast.actual == pytest.approx(following.loss - state.loss, rel=1e-9, abs=1e-14)
    step = following.params - state.params
    to_second_order = state.gradient @ step + step @ hessian(objective, state.params) @ step / 2
    assert found.forecast.predicted == pytest.approx(to_second_order, rel=1e-9)
    assert found.forecast.limit == pytest.approx(2 * (1 + 0.9) / 0.1)  # 2(1 + β)/η


def test_the_worst_gap_is_the_worst_of_all_states() -> None:
    """Of a path that leaves the plane for a few steps, between any two that a sample would hit."""
    experiment = Experiment(dataset=Moons(samples=20), network=Network((2, 3, 1)), steps=1234, resolution=5)
    trajectory = experiment.run()
    plane = drawn(Look(experiment, trajectory, 1235))
    aside = np.linalg.svd(plane.directions)[2][-1]  # at right angles to the plane
    for far in (3, 346, 1231):
        states = [
            msgspec.structs.replace(state, params=state.params + 20.0 * aside) if state.step == far else state
            for state in trajectory
        ]
        losses = [float(experiment.objective.loss(state.params)) for state in states]
        path = Trajectory(msgspec.structs.replace(s, loss=loss) for s, loss in zip(states, losses, strict=True))
        foot = least_squares(plane, path.params())
        gaps = experiment.objective.loss(foot) - losses
        for now in (0, 777, 1234):
            *first, found = (each for each in probe(Look(experiment, path, 1235, now=now), plane) if each is not None)
            assert found.trust.worst == np.abs(gaps).argmax() == far
            assert found.trust.worst_gap == pytest.approx(gaps[far], rel=1e-9)
            assert f"at step {far:,} it is" in found.trust.sentence and "So far" not in found.trust.sentence
            np.testing.assert_allclose(found.trust.gaps.gaps, gaps, atol=1e-9)
            for each in first:  # what was said before all were looked at says so, and is true of those that were
                seen = each.trust.gaps.seen
                assert f"So far {seen.sum():,} of 1,235 states were compared." in each.trust.sentence
                assert each.trust.worst == np.abs(np.where(seen, gaps, 0.0)).argmax()
                assert seen[now] and seen[0] and seen[-1] and seen.sum() >= 101


def test_what_was_compared_is_not_compared_again() -> None:
    """While a path grows, and when somebody looks at another state of it."""
    experiment = Experiment(dataset=Moons(samples=20), network=Network((2, 3, 1)), steps=700, resolution=5)
    trajectory = experiment.run()
    plane = drawn(Look(experiment, trajectory, 701))
    *_, before = (each for each in probe(Look(experiment, trajectory, 501), plane) if each is not None)
    again = next(each for each in probe(Look(experiment, trajectory, 701, now=3), plane, before) if each is not None)
    assert again.trust.gaps.seen[:501].all() and not again.trust.gaps.seen[501:].all()
    last = probed(Look(experiment, trajectory, 701, now=3), plane, before=before)
    fresh = probed(Look(experiment, trajectory, 701, now=3), plane)
    np.testing.assert_allclose(last.trust.gaps.gaps, fresh.trust.gaps.gaps, atol=1e-12)
    assert last.trust.sentence == fresh.trust.sentence
    assert before.trust.gaps.seen.shape == (501,)  # which nobody has written into
    other = msgspec.structs.replace(experiment, loss=MeanSquared())
    under = next(each for each in probe(Look(other, trajectory, 701, under=701), plane, before) if each is not None)
    assert under.trust.gaps.seen.sum() < 110  # under another loss nothing is known
    np.testing.assert_allclose(under.trust.true, other.objective.loss(trajectory[-1].params))


def test_a_path_that_grows_is_compared_at_some_states_only() -> None:
    """All of them would take the time from the training that makes them."""
    experiment = Experiment(dataset=Moons(samples=20), network=Network((2, 3, 1)), steps=700, resolution=5)
    trajectory = experiment.run()
    [found] = [
        each
        for each in probe(Look(experiment, trajectory, 701), drawn(Look(experiment, trajectory, 701)), thorough=False)
        if each is not None
    ]
    assert found.trust.gaps.seen.sum() == 101 and found.trust.sentence.endswith("101 of 701 states were compared.")


def test_a_state_among_the_first_of_a_longer_path_is_the_current_one(
    learnt: tuple[Experiment, Trajectory, Plane],
) -> None:
    """The trajectory grows while somebody looks."""
    experiment, trajectory, plane = learnt
    found = probed(Look(experiment, trajectory, 31), plane)
    assert found.step == 30 and len(found.trust.gaps.losses) == 31


@pytest.mark.parametrize("kind", FUNCTIONS, ids=kind_of)
def test_of_two_parameters_the_picture_is_exact(kind: Any) -> None:
    experiment = with_field(Experiment(steps=10, resolution=5), "function", kind())
    trajectory = experiment.run()
    found = probed(Look(experiment, trajectory, 11), drawn(Look(experiment, trajectory, 11)), line=True, spectral=True)
    assert "exact" in found.trust.sentence and found.trust.gap == 0.0 and found.trust.distance == 0.0
    assert found.trust.share == pytest.approx(1.0) and found.trust.walk == 1.0
    values = np.linalg.eigvalsh(hessian(experiment.objective, trajectory[-1].params))
    np.testing.assert_allclose(found.spectrum, values, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose((found.ends.smallest, found.ends.largest), values, rtol=1e-9, atol=1e-9)


def test_a_diverged_run_has_no_figures_and_says_why() -> None:
    experiment = Experiment(
        network=Network((2, 4, 1), "relu"), loss="mse", descent=Descent(schedule=Constant(1e6)), resolution=5
    )
    trajectory = Trajectory(state for state in experiment.run(300) if math.isfinite(state.loss))
    count = len(trajectory)
    assert 2 < count < 301
    plane = drawn(Look(experiment, trajectory, count))
    found = probed(Look(experiment, trajectory, count), plane, spectral=True)
    assert found.trust.sentence.startswith("The descent has diverged")
    assert found.trust.true == trajectory[-1].loss and math.isnan(found.trust.sheet) and math.isnan(found.trust.gap)
    assert not math.isfinite(found.forecast.actual) and "diverges" in found.forecast.warning
    start = probed(Look(experiment, trajectory, count, now=0), plane)
    assert start.trust.true == trajectory[0].loss and math.isfinite(start.trust.sheet) and start.forecast.warning


@pytest.mark.parametrize("kind", FUNCTIONS, ids=kind_of)
def test_a_function_that_is_left_far_behind_can_be_probed_everywhere(kind: Any) -> None:
    """A warning would be an error."""
    experiment = with_field(Experiment(resolution=5), "function", kind())
    experiment = with_field(experiment, "descent", Descent(schedule=Constant(300.0)))
    trajectory = Trajectory(state for state in experiment.run(40) if math.isfinite(state.loss))
    count = len(trajectory)
    plane = drawn(Look(experiment, trajectory, count))
    for now in range(count):
        found = probed(Look(experiment, trajectory, count, now=now), plane, spectral=True)
        assert found.step == now and found.trust.sentence and found.trust.true == trajectory[now].loss


def test_after_a_switch_everything_is_under_the_loss_in_force() -> None:
    """Mini-batches of 8 under one loss, and then another: gradient and curvature of all data, by the new one."""
    before = Experiment(
        dataset=Moons(samples=40), network=Network((2, 4, 1)), descent=Descent(batch_size=8), steps=30, resolution=5
    )
    trajectory, after = before.run(), with_field(before, "loss", "mse")
    plane = drawn(Look(after, trajectory, 31, under=31))
    found, state = probed(Look(after, trajectory, 31, under=31), plane, line=True), trajectory[-1]
    objective = after.objective
    everything = objective.loss_and_gradient(state.params)[1]
    batch = resume(objective, after.descent, state).gradient
    assert np.linalg.norm(everything - batch) > 1e-3 * np.linalg.norm(batch)
    assert found.trust.true == pytest.approx(float(objective.loss(state.params)), rel=1e-13) != state.loss
    np.testing.assert_allclose(found.trust.gaps.losses, objective.loss(trajectory.params()), rtol=1e-12)
    part = plane.directions.T @ np.linalg.lstsq(plane.directions.T, everything, rcond=None)[0]
    assert found.trust.share == pytest.approx(np.linalg.norm(part) / np.linalg.norm(everything), rel=1e-9)
    # v ← βv + g with the batch's gradient of the new loss; θ ← θ − ηv: the loss on all data after that.
    velocity = 0.9 * state.memory[0] + batch
    moved = state.params - 0.1 * velocity
    assert found.forecast.actual == pytest.approx(float(objective.loss(moved) - objective.loss(state.params)), rel=1e-9)
    assert found.parabola is not None and found.profile is not None
    assert found.parabola.value == pytest.approx(found.trust.true)
    assert found.parabola.slope == pytest.approx(np.linalg.norm(everything), rel=1e-9)  # along the gradient of all data


def test_it_can_be_stopped_before_and_between_its_figures(learnt: tuple[Experiment, Trajectory, Plane]) -> None:
    experiment, trajectory, plane = learnt
    answers = list(probe(Look(experiment, trajectory, 61), plane, line=True, spectral=True))
    assert len(answers) >= 6 and answers[:-1] == [None] * (len(answers) - 1) and isinstance(answers[-1], Probe)
    stopped = probe(Look(experiment, trajectory, 61), plane)
    assert list(islice(stopped, 2)) == [None, None]
    stopped.close()


def test_eigenvectors_of_a_moment_ago_spare_most_of_the_work() -> None:
    """337 parameters, which is too many for the whole matrix: fewer products, the same eigenvalues."""
    experiment = Experiment(steps=12, resolution=5)
    trajectory = experiment.run()
    plane = drawn(Look(experiment, trajectory, 13))
    first = probed(Look(experiment, trajectory, 13, now=11), plane)
    cold = probed(Look(experiment, trajectory, 13, now=12), plane)
    warm = probed(Look(experiment, trajectory, 13, now=12), plane, before=first, thorough=False)
    assert warm.ends.products - SCOUTS < 0.6 * cold.ends.products
    assert warm.forecast.ends.products - SCOUTS < 0.6 * cold.forecast.ends.products
    values = np.linalg.eigvalsh(hessian(experiment.objective, trajectory[12].params))
    for ends in (cold.ends, warm.ends):
        assert ends.largest == pytest.approx(values[-1], rel=1e-3)
        assert ends.smallest == pytest.approx(values[0], rel=0.05)


# ---- the kind of point ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "x", "y", "kind", "index"),
    [("saddle", 0.0, 0.0, "saddle", 1), ("bowl", 0.0, 0.0, "minimum", 0), ("rosenbrock", 1.0, 1.0, "minimum", 0)],
)
def test_where_the_gradient_is_gone_the_kind_of_point_is_told(
    function: str, x: float, y: float, kind: str, index: int
) -> None:
    experiment = with_field(Experiment(steps=1, resolution=5), "function", function)
    at_rest = msgspec.structs.replace(experiment.function, x=x, y=y)
    experiment = with_field(experiment, "function", at_rest)
    trajectory = Trajectory([experiment.begin()])
    found = probed(Look(experiment, trajectory, 1), drawn(Look(experiment, trajectory, 1)))
    assert found.point is not None and (found.point.kind, found.point.index) == (kind, index)
    assert found.point.sentence == critical(experiment.objective, np.array([x, y])).sentence


def test_on_a_slope_nobody_asks(learnt: tuple[Experiment, Trajectory, Plane]) -> None:
    experiment, trajectory, plane = learnt
    found = probed(Look(experiment, trajectory, 61, now=0), plane)
    assert np.linalg.norm(trajectory[0].gradient) > 1e-3 * abs(found.ends.largest) and found.point is None


# ---- the slice --------------------------------------------------------------------------------------------------


def direction_by_hand(experiment: Experiment, trajectory: Trajectory, now: int) -> dict[str, Array]:
    """Along what a line of each kind runs at a state, by other means."""
    objective, state = experiment.objective, trajectory[now]
    return {
        "gradient": objective.loss_and_gradient(state.params)[1],
        "last-step": state.params - trajectory[now - 1].params,
        "parameter": np.eye(objective.size)[2],
        "eigenvector": np.linalg.eigh(hessian(objective, state.params))[1][:, -1],
        "between-states": state.params - trajectory[0].params,
    }


SLICES = [AlongGradient(), AlongStep(), AlongParameter(number=2), AlongEigenvector(), BetweenStates()]


@pytest.mark.parametrize("now", [20, 60])
@pytest.mark.parametrize("kind", SLICES, ids=kind_of)
def test_the_slice_goes_through_the_state_under_the_cursor(
    learnt: tuple[Experiment, Trajectory, Plane], kind: Any, now: int
) -> None:
    trajectory, plane = learnt[1:]
    experiment = with_field(learnt[0], "line", kind)
    objective, state = experiment.objective, trajectory[now]
    found = probed(Look(experiment, trajectory, 61, now=now), plane, line=True)
    along, touching = found.profile, found.parabola
    assert along is not None and touching is not None and along.band is None
    wanted = direction_by_hand(experiment, trajectory, now)[kind_of(kind)]
    cosine = wanted @ along.line.direction / np.linalg.norm(wanted) / np.linalg.norm(along.line.direction)
    assert abs(cosine) == pytest.approx(1.0, abs=1e-6)
    assert float(along.line.distance(state.params)) < 1e-9
    places = along.line.origin + along.t[:, None] * along.line.direction
    np.testing.assert_allclose(along.loss, objective.loss(places), rtol=1e-12)
    # The parabola: value, slope and curvature, by differences of the loss along the line.
    h, at = 1e-4 / np.linalg.norm(along.line.direction), touching.at
    left, here, right = objective.loss(along.line.point(np.array([at - h, at, at + h])))
    assert touching.value == pytest.approx(state.loss, rel=1e-12) == float(here)
    assert touching.slope == pytest.approx(float(right - left) / (2 * h), rel=1e-4, abs=1e-7)
    assert touching.curvature == pytest.approx(float(right - 2 * here + left) / h**2, rel=1e-3, abs=1e-4)


def test_a_drawn_line_is_followed_where_it_was_drawn(learnt: tuple[Experiment, Trajectory, Plane]) -> None:
    experiment, trajectory, plane = learnt
    ends = plane.point(np.array([[0.0, 0.0], [0.5, -0.25]]))
    line = between(ends[0], ends[1], "drawn")
    found = probed(Look(experiment, trajectory, 61, now=5), plane, line=line)
    assert found.profile is not None and found.profile.line is line
    np.testing.assert_allclose(found.profile.loss[[0, -1]], experiment.objective.loss(ends), rtol=1e-12)
    np.testing.assert_array_equal(found.profile.loss, profile(experiment.objective, line).loss)
    assert found.parabola is None  # state 5 does not lie on it
    through = Line(trajectory[5].params, line.direction, (-1.0, 1.0), "through state 5")
    touched = probed(Look(experiment, trajectory, 61, now=5), plane, line=through)
    assert touched.parabola == quadratic(experiment.objective, through, trajectory[5].params)


def test_many_lines_are_a_band(learnt: tuple[Experiment, Trajectory, Plane]) -> None:
    trajectory, plane = learnt[1:]
    experiment = with_field(learnt[0], "line", Ensemble(count=7, seed=5))
    found = probed(Look(experiment, trajectory, 61), plane, line=True)
    assert found.profile is not None and found.parabola is None
    fan, band, t = found.profile.line.fan, found.profile.band, found.profile.t
    assert fan is not None and band is not None and len(fan) == 7
    losses = np.array([experiment.objective.loss(trajectory[60].params + t[:, None] * along) for along in fan])
    np.testing.assert_allclose(band, [losses.min(axis=0), np.median(losses, axis=0), losses.max(axis=0)], rtol=1e-9)


@pytest.mark.parametrize("line", [AlongStep(), BetweenStates(), BetweenStates(first=999)], ids=str)
def test_where_there_is_no_such_line_the_reason_and_all_other_figures_are_told(
    learnt: tuple[Experiment, Trajectory, Plane], line: Any
) -> None:
    """No step has led to the start, from there to there is no way, and nobody knows step 999."""
    experiment, trajectory, plane = with_field(learnt[0], "line", line), *learnt[1:]
    found = probed(Look(experiment, trajectory, 61, now=0), plane, line=True)
    assert found.profile is None and found.parabola is None
    assert found.missing.startswith("line") and "allowed" in found.missing and "\n" not in found.missing
    assert found.trust.true == trajectory[0].loss
    assert probed(Look(experiment, trajectory, 61, now=0), plane).missing == ""


def test_all_eigenvalues_are_told_where_they_are_asked_for(learnt: tuple[Experiment, Trajectory, Plane]) -> None:
    experiment, trajectory, plane = learnt
    look = Look(experiment, trajectory, 61, now=9)
    assert probed(look, plane).spectrum is None
    values = probed(look, plane, spectral=True).spectrum
    expected = np.linalg.eigvalsh(hessian(experiment.objective, trajectory[9].params))
    assert values is not None
    np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)


def test_too_many_eigenvalues_are_not_told() -> None:
    experiment = Experiment(dataset=Moons(samples=10), network=Network((2, 376, 1)), steps=1, resolution=3)
    trajectory = experiment.run()
    assert experiment.objective.size == 1505
    with pytest.raises(SettingError):
        spectrum_of(experiment.objective, trajectory[0].params)
    plane = plane_of(experiment, trajectory)
    assert probed(Look(experiment, trajectory, 2), plane, spectral=True).spectrum is None


# ---- rescaled ---------------------------------------------------------------------------------------------------


def rescaled(alpha: float) -> tuple[Experiment, Trajectory, Plane]:
    experiment = Experiment(
        dataset=Moons(samples=40), network=Network((2, 5, 1), "relu"), steps=20, resolution=5, rescale=alpha
    )
    trajectory = experiment.run()
    return experiment, trajectory, drawn(Look(experiment, trajectory, 21))


def test_rescaling_changes_the_curvature_and_no_loss() -> None:
    """H' = D⁻¹HD⁻¹, so λmax is another one; the descent, and the limit that decides about it, stay."""
    (plain, path, plane), (other, same, moved) = rescaled(1.0), rescaled(4.0)
    one, two = probed(Look(plain, path, 21), plane), probed(Look(other, same, 21), moved)
    factors = other.factors
    assert factors is not None
    matrix = hessian(plain.objective, path[20].params) / np.outer(factors, factors)
    expected = np.linalg.eigvalsh(matrix)
    assert two.ends.largest == pytest.approx(expected[-1], rel=1e-9)
    assert two.ends.smallest == pytest.approx(expected[0], rel=1e-6)
    assert abs(two.ends.largest / one.ends.largest - 1) > 0.5
    np.testing.assert_array_equal(one.trust.gaps.losses, two.trust.gaps.losses)
    assert one.forecast.sharpness == two.forecast.sharpness and one.forecast.limit == two.forecast.limit
    assert (one.forecast.predicted, one.forecast.actual) == (two.forecast.predicted, two.forecast.actual)
    np.testing.assert_allclose(
        two.trust.gaps.sheets, other.objective.loss(least_squares(moved, path.params() * factors)), rtol=1e-9
    )


def test_rescaled_figures_are_those_of_the_rescaled_path() -> None:
    experiment, trajectory, plane = rescaled(4.0)
    figures, factors, state = probed(Look(experiment, trajectory, 21), plane).trust, experiment.factors, trajectory[20]
    assert factors is not None
    gradient, path = state.gradient / factors, trajectory.params() * factors
    part = plane.directions.T @ np.linalg.lstsq(plane.directions.T, gradient, rcond=None)[0]
    assert figures.share == pytest.approx(np.linalg.norm(part) / np.linalg.norm(gradient), rel=1e-9)
    spread = path - path.mean(axis=0)
    kept = np.linalg.lstsq(plane.directions.T, spread.T, rcond=None)[0].T @ plane.directions
    assert figures.explained == pytest.approx(float((kept**2).sum() / (spread**2).sum()), rel=1e-9)
    assert figures.travelled == pytest.approx(np.linalg.norm(path[-1] - path[0]))


# ---- the heart of it --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("now", [0, 500])
def test_moons_show_how_wrong_a_plane_is_that_explains_nearly_everything(seed: int, now: int) -> None:
    """The start's true loss beside that of the sheet below it: both in float64 from the components of an SVD."""
    experiment = Experiment(seed=seed, resolution=11)
    trajectory = experiment.run()
    plane = drawn(Look(experiment, trajectory, 501))
    found = probed(Look(experiment, trajectory, 501, now=now), plane)
    path = trajectory.params()
    middle = path.mean(axis=0)
    _, values, rows = np.linalg.svd(path - middle, full_matrices=False)
    share = float((values[:2] ** 2).sum() / (values**2).sum())
    foot = path[-1] + (path[0] - path[-1]) @ rows[:2].T @ rows[:2]
    true, sheet = experiment.objective.loss(np.stack([path[0], foot])).tolist()
    assert share > 0.95 and true - sheet > 0.2
    assert found.trust.gaps.losses[0] == pytest.approx(true, rel=1e-12)
    # Of a long path the plane is chosen for some states, and compared at some: to three digits the same.
    assert found.trust.gaps.sheets[0] == pytest.approx(sheet, rel=2e-3)
    assert found.trust.explained == pytest.approx(share, abs=0.01)
    assert found.trust.worst == 0 and found.trust.worst_gap == pytest.approx(sheet - true, rel=5e-3)
    words = f"The sheet is {-found.trust.worst_gap:.2f} too low at the start: the path comes from outside this plane"
    assert found.trust.sentence.startswith(words)
    assert 0.75 < found.trust.walk < 0.77  # 7.5/π² of a random walk of as many states
    if now == 0:
        assert found.trust.gap == found.trust.worst_gap
    else:
        assert abs(found.trust.gap) < 0.05


@pytest.mark.parametrize("plane", PLANES, ids=kind_of)
def test_every_kind_of_plane_can_be_probed(learnt: tuple[Experiment, Trajectory, Plane], plane: Any) -> None:
    experiment = with_field(learnt[0], "plane", plane())
    look = Look(experiment, learnt[1], 61, now=40)
    found = probed(look, drawn(look), line=True, spectral=True)
    if plane.local:
        assert found.trust.distance == 0.0 and found.trust.gap == pytest.approx(0.0, abs=1e-12)
    assert found.trust.sentence and found.trust.true == pytest.approx(learnt[1][40].loss, rel=1e-13)
