"""Honesty: each figure against an independent formula, and a sentence that the figures bear out."""

from __future__ import annotations

import math
import re
from itertools import islice

import numpy as np
import pytest

from model import (
    FUNCTIONS,
    Constant,
    Descent,
    Fit,
    Network,
    Objective,
    Plane,
    Principal,
    RandomNormalized,
    Restricted,
    begin,
    descend,
)
from model.activations import Array
from model.datasets import Dataset, Moons
from model.honesty import explained, inside, random_walk, trust
from model.initializers import GlorotNormal
from model.losses import BinaryCrossEntropy, MeanSquared
from model.optimizers import HeavyBall

RNG = np.random.default_rng(0)


def plane_of(origin: Array, u: Array, v: Array) -> Plane:
    return Plane(origin, u, v, ((-1.0, 1.0), (-1.0, 1.0)), ("u", "v"))


@pytest.fixture(scope="module")
def moons() -> Fit:
    return Fit(Moons(samples=200, seed=1).load(), Network((2, 16, 16, 1), "tanh"), BinaryCrossEntropy())


@pytest.fixture(scope="module")
def run(moons: Fit) -> tuple[Array, Array]:
    """A run on the two moons: θ `(301, 337)` and its true losses `(301,)`."""
    descent = Descent(HeavyBall(), Constant(0.05))
    first = begin(moons, descent, moons.network.begin(GlorotNormal(), 0))
    states = [first, *islice(descend(moons, descent, first), 300)]
    return np.array([state.params for state in states]), np.array([state.loss for state in states])


@pytest.fixture(scope="module")
def square() -> Fit:
    """a² + b² + c², as the mean squared error of a network 3-1 without bias on three samples."""
    data = Dataset("three points", np.sqrt(3.0) * np.eye(3), np.zeros((3, 1)))
    return Fit(data, Network((3, 1), bias=False), MeanSquared())


# The figures.


@pytest.mark.parametrize("make", [Principal(), RandomNormalized(seed=3)], ids=["principal", "random"])
def test_figures_by_least_squares(moons: Fit, run: tuple[Array, Array], make: Principal | RandomNormalized) -> None:
    """Projections by NumPy's lstsq, losses by the objective at what it leaves."""
    params, losses = run
    plane, now = make.plane(moons, params), 120
    basis = np.stack([plane.u, plane.v], axis=1)
    coords = np.linalg.lstsq(basis, (params - plane.origin).T, rcond=None)[0]
    feet = plane.origin + (basis @ coords).T
    result = trust(moons, plane, params, losses, now)
    np.testing.assert_allclose(result.gaps.distances, np.linalg.norm(params - feet, axis=1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(result.gaps.sheets, [moons.loss_and_gradient(foot)[0] for foot in feet], rtol=1e-9)
    assert result.distance == result.gaps.distances[now] and result.sheet == result.gaps.sheets[now]
    assert result.true == losses[now] and result.gap == result.sheet - result.true
    assert result.travelled == pytest.approx(math.dist(params[now], params[0]))
    assert result.off == pytest.approx(result.distance / math.dist(params[now], params[0]))
    gradient = moons.loss_and_gradient(params[now])[1]
    along = basis @ np.linalg.lstsq(basis, gradient, rcond=None)[0]
    assert result.share == pytest.approx(np.linalg.norm(along) / np.linalg.norm(gradient))
    longer = trust(moons, plane, params, losses, now, gradient=7.0 * gradient)
    assert longer.share == pytest.approx(result.share, rel=1e-12)
    spread = params - params.mean(axis=0)
    left = spread.T - basis @ np.linalg.lstsq(basis, spread.T, rcond=None)[0]
    assert result.explained == pytest.approx(1.0 - np.sum(left**2) / np.sum(spread**2), abs=1e-12)
    gaps = [float(moons.loss(foot)) - loss for foot, loss in zip(feet, losses, strict=True)]
    assert result.worst == int(np.argmax(np.abs(gaps)))
    assert result.worst_gap == pytest.approx(gaps[result.worst])


def test_principal_plane_explains_what_it_says(moons: Fit, run: tuple[Array, Array]) -> None:
    plane = Principal().plane(moons, run[0])
    assert trust(moons, plane, *run).explained == pytest.approx(plane.explained, rel=1e-9)


def test_moons_show_the_gap(moons: Fit, run: tuple[Array, Array]) -> None:
    """98% of the variance lie in the principal plane, and yet its sheet is far too low below the start."""
    params, losses = run
    result = trust(moons, Principal().plane(moons, params), params, losses)
    spread = params - params.mean(axis=0)
    _, _, right = np.linalg.svd(spread, full_matrices=False)
    foot = params[-1] + (params[0] - params[-1]) @ right[:2].T @ right[:2]
    true, sheet = float(moons.loss(params[0])), float(moons.loss(foot))
    assert true - sheet > 0.1
    assert result.explained > 0.97 and result.worst == 0
    assert (result.gaps.losses[0], result.gaps.sheets[0]) == pytest.approx((true, sheet))
    assert (
        result.sentence
        == f"The sheet is {true - sheet:.2f} too low at the start: the path comes from outside this plane."
    )


def test_any_basis_of_a_plane_gives_the_same_figures(square: Fit) -> None:
    params = RNG.normal(size=(6, 3))
    losses = np.sum(params**2, axis=1)
    origin, u, v = RNG.normal(size=(3, 3))
    results = [
        trust(square, plane_of(origin + shift @ np.stack([u, v]), *basis), params, losses, 2)
        for shift, basis in (([0.0, 0.0], (u, v)), ([3.0, -2.0], (v, u)), ([1.0, 1.0], (1e4 * u, u + 1e-3 * v)))
    ]
    for other in results[1:]:
        for name in ("distance", "share", "sheet", "gap", "explained", "off"):
            assert getattr(other, name) == pytest.approx(getattr(results[0], name), rel=1e-6)
        np.testing.assert_allclose(other.gaps.sheets, results[0].gaps.sheets, rtol=1e-6)
        assert other.sentence == results[0].sentence


def test_figures_by_hand(square: Fit) -> None:
    """a² + b² + c² over the plane of a and b: below (a, b, c) the sheet is c² too low."""
    params = np.array([[3.0, 0.0, 4.0], [1.0, 0.0, 2.0], [1.0, 1.0, 0.0]])
    losses = np.array([25.0, 5.0, 2.0])
    plane = plane_of(np.zeros(3), np.array([2.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]))
    result = trust(square, plane, params, losses, now=1)
    assert (result.distance, result.true, result.sheet, result.gap) == pytest.approx((2.0, 5.0, 1.0, -4.0))
    assert result.travelled == pytest.approx(math.sqrt(8.0))
    assert result.off == pytest.approx(2.0 / math.sqrt(8.0))
    assert result.share == pytest.approx(1.0 / math.sqrt(5.0))  # of (2, 0, 4)
    np.testing.assert_allclose(result.gaps.sheets, [9.0, 1.0, 2.0])
    np.testing.assert_allclose(result.gaps.distances, [4.0, 2.0, 0.0])
    assert (result.worst, result.worst_gap) == (0, pytest.approx(-16.0))
    spread = params - params.mean(axis=0)
    assert result.explained == pytest.approx(np.sum(spread[:, :2] ** 2) / np.sum(spread**2))
    assert result.sentence == (
        "The sheet is 16 too low at the start: the path comes from outside this plane, and at this state it is "
        "4.0 too low."
    )


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_projection_of_a_vector(size: int) -> None:
    u, v = np.eye(2)[:, :1] if size == 1 else RNG.normal(size=(2, size))
    plane = plane_of(np.zeros(size), u, v)
    for vector in (RNG.normal(size=size), 1e-200 * RNG.normal(size=size), 1e200 * RNG.normal(size=size)):
        scaled = vector / np.abs(vector).max()
        basis = np.stack([u, v], axis=1)
        along = basis @ np.linalg.lstsq(basis, scaled, rcond=None)[0]
        assert inside(plane, vector) == pytest.approx(np.linalg.norm(along) / np.linalg.norm(scaled))
    if size <= 2:
        assert inside(plane, np.ones(size)) == pytest.approx(1.0)
    assert math.isnan(inside(plane, np.zeros(size)))
    assert math.isnan(inside(plane, np.full(size, np.nan)))
    assert math.isnan(inside(plane, np.full(size, np.inf)))


# The random walk.


def best_two(count: int, states: int, size: int, rng: np.random.Generator) -> Array:
    """The shares `(count,)` of the variance of walks of Gaussian steps in their two principal components."""
    walks = np.cumsum(rng.normal(size=(count, states, size)), axis=1)
    walks -= walks.mean(axis=1, keepdims=True)
    turned = np.swapaxes(walks, 1, 2)
    values = np.linalg.eigvalsh(walks @ turned if states < size else turned @ walks)
    return np.asarray(values[:, -2:].sum(axis=1) / values.sum(axis=1))


@pytest.mark.parametrize(
    ("states", "size", "second_order"),
    [(4, 2000, 0.0), (10, 1000, 0.0), (60, 500, 0.0), (300, 100, 0.0), (40, 10, 0.01)],
)
def test_random_walk_by_simulation(states: int, size: int, second_order: float) -> None:
    rng = np.random.default_rng(states)
    shares = best_two(150, states, size, rng)
    error = shares.std(ddof=1) / math.sqrt(len(shares))
    assert abs(shares.mean() - random_walk(states, size)) < 4.0 * error + second_order


@pytest.mark.parametrize("states", [4, 9, 60])
@pytest.mark.parametrize("size", [3, 4, 5, 9, 24, 25])
def test_random_walk_in_few_dimensions(states: int, size: int) -> None:
    """Where an expansion in 1/P is not enough: 92.3 % for long walks in three, not 89.1."""
    rng = np.random.default_rng(states)
    shares = best_two(2000, states, size, rng)
    error = shares.std(ddof=1) / math.sqrt(len(shares))
    assert abs(shares.mean() - random_walk(states, size)) < 4.0 * math.hypot(error, 0.0015)


def test_few_dimensions_favour_a_plane_by_as_much_as_is_said() -> None:
    """The correction is larger than the error of this simulation: without it the test would fail."""
    rng = np.random.default_rng(7)
    shares = best_two(1500, 100, 20, rng)
    error = shares.std(ddof=1) / math.sqrt(len(shares))
    assert abs(shares.mean() - random_walk(100, 20)) < 3.0 * error + 0.002
    assert shares.mean() - random_walk(100, 10**9) > 5.0 * error


@pytest.mark.parametrize("states", [4, 5, 17, 200])
def test_random_walk_by_the_eigenvalues_of_its_covariance(states: int) -> None:
    """Of min(s, t), the covariance of a walk at times s and t, centred: no sine in it."""
    times = np.arange(states)
    centre = np.eye(states) - 1.0 / states
    values = np.linalg.eigvalsh(centre @ np.minimum.outer(times, times) @ centre)
    assert values.sum() == pytest.approx((states**2 - 1) / 6.0)
    assert random_walk(states, 10**12) == pytest.approx(values[-2:].sum() / values.sum(), rel=1e-9)


def test_long_random_walk_has_76_percent() -> None:
    assert random_walk(100_000, 10**9) == pytest.approx(6.0 / math.pi**2 * 1.25, abs=1e-6)


def test_random_walks_that_fit_into_a_plane() -> None:
    assert random_walk(2, 100) == random_walk(3, 100) == random_walk(50, 2) == random_walk(50, 1) == 1.0
    assert math.isnan(random_walk(1, 100))
    assert all(0.7 < random_walk(states, size) <= 1.0 for states in (4, 5, 10, 1000) for size in (3, 4, 10, 10**6))


# The sentence.


def sentence(objective: Objective, path: list[list[float]], now: int = -1, steps: Array | None = None) -> str:
    """Of a path over the plane of the first two of three parameters."""
    params = np.array(path)
    plane = plane_of(np.zeros(3), np.eye(3)[0], np.eye(3)[1])
    return trust(objective, plane, params, objective.loss(params), now, steps=steps).sentence


def test_sentences_by_hand(square: Fit) -> None:
    flat = [[3.0, 0.0, 0.0], [2.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert sentence(square, flat) == "The sheet is exact along the whole path."
    assert sentence(square, flat[:1]) == "The sheet is exact at this state."
    near = [[3.0, 0.0, 0.0], [2.0, 0.0, 0.05], [1.0, 0.0, 0.0]]
    assert sentence(square, near) == "The sheet agrees with the true loss to 0.003 along the whole path."
    outside = [[3.0, 0.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    comes = "The sheet is 4.0 too low at the start: the path comes from outside this plane"
    assert sentence(square, outside) == f"{comes}."
    assert sentence(square, outside, 0) == f"{comes}."
    assert sentence(square, outside, 1) == f"{comes}, and at this state it is 1.0 too low."
    leaves = outside[::-1]
    assert sentence(square, leaves) == "The sheet is 4.0 too low at this state, which lies 2.0 off this plane."
    here = "At this state the sheet is exact; "
    assert (
        sentence(square, leaves, 0) == f"{here}in 2 states it is 4.0 too low: there the path lies 2.0 off this plane."
    )
    detour = [[3.0, 0.0, 0.0], [2.0, 0.0, 1.0], [1.5, 0.0, 0.0], [1.0, 0.0, 0.0]]
    there = "it is 1.0 too low: there the path lies 1.0 off this plane."
    assert sentence(square, detour) == f"{here}2 states ago {there}"
    assert sentence(square, detour, 2) == f"{here}1 state ago {there}"
    assert sentence(square, detour, steps=np.array([0, 1200, 1500, 1700])) == f"{here}at step 1,200 {there}"


def test_gradient_out_of_the_plane_is_spoken_of(square: Fit) -> None:
    """(0.1, 0, 1) on the plane through it: no gap, and a tenth of the gradient (0.2, 0, 2) in the plane."""
    params = np.array([[0.1, 0.0, 1.0]])
    plane = plane_of(params[0], np.eye(3)[0], np.eye(3)[1])
    result = trust(square, plane, params, square.loss(params))
    share = f"{0.1 / math.hypot(0.1, 1.0):.0%}"
    assert result.sentence == (
        f"The sheet is exact at this state, but only {share} of the gradient lies in the plane: the slope leads out of "
        "it."
    )


def test_sheet_too_high() -> None:
    data = Dataset("one point", np.array([[0.0, 0.0, 1.0]]), np.array([[1.0]]))
    valley = Fit(data, Network((3, 1), bias=False), MeanSquared())  # (c − 1)²
    text = sentence(valley, [[0.0, 0.0, 0.0], [1.0, 0.0, 1.0]])
    assert text == "The sheet is 1.0 too high at this state, which lies 1.0 off this plane."


def test_what_is_said_to_agree_does(square: Fit) -> None:
    """The number in the sentence is never below the largest gap, and has one digit."""
    for depth in 10.0 ** np.random.default_rng(3).uniform(-3.5, -1.2, size=200):
        text = sentence(square, [[3.0, 0.0, 0.0], [2.0, 0.0, depth], [1.0, 0.0, 0.0]])
        found = re.fullmatch(r"The sheet agrees with the true loss to (\S+) along the whole path\.", text)
        assert found
        assert depth**2 * (1.0 - 1e-6) <= float(found[1]) <= 2.0 * depth**2
        assert len(found[1].partition("e")[0].replace(".", "").strip("0")) == 1


@pytest.mark.parametrize("kind", FUNCTIONS, ids=lambda kind: kind.__name__)
def test_two_parameters_are_exact(kind: type) -> None:
    objective = kind().objective
    params = np.array([[1.0, 1.1], [0.9, 1.0], [0.8, 0.3]])
    result = trust(objective, Principal().plane(objective, params), params, objective.loss(params), 1)
    assert result.sentence == "The picture is exact: there are only two parameters."
    assert result.distance == 0.0 and (result.share == pytest.approx(1.0) or math.isnan(result.share))
    np.testing.assert_allclose(result.gaps.sheets, objective.loss(params), rtol=1e-9, atol=1e-9)
    assert result.explained == pytest.approx(1.0) and result.walk == 1.0


def test_one_parameter_is_exact(square: Fit) -> None:
    objective = Restricted(square, np.array([1]), np.array([0.5, 0.0, 2.0]))
    params = np.array([[3.0], [2.0]])
    result = trust(objective, Principal().plane(objective, params), params, objective.loss(params))
    assert result.sentence == "The picture is exact: there is only one parameter."
    assert (result.distance, result.off, result.share) == (0.0, 0.0, pytest.approx(1.0))


# Bad input.


def test_zero_gradient_and_coinciding_states(square: Fit) -> None:
    params = np.zeros((4, 3))
    plane = plane_of(np.zeros(3), np.eye(3)[0], np.eye(3)[2])
    result = trust(square, plane, params, np.zeros(4))
    assert math.isnan(result.share) and math.isnan(result.explained)
    assert (result.distance, result.travelled, result.off, result.gap) == (0.0, 0.0, 0.0, 0.0)
    assert result.sentence == "The sheet is exact along the whole path."
    apart = trust(square, plane, params + np.array([0.0, 2.0, 0.0]), np.full(4, 4.0))
    assert apart.off == math.inf and apart.gap == pytest.approx(-4.0)
    assert apart.sentence == "The sheet is 4.0 too low at this state, which lies 2.0 off this plane."


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e60, 1e300])
def test_diverged_states(square: Fit, bad: float) -> None:
    params = np.array([[3.0, 0.0, 2.0], [2.0, 0.0, 1.0], [1.0, 0.0, 0.0], [bad, bad, -bad]])
    with np.errstate(all="ignore"):
        losses = square.loss(params)
    plane = plane_of(np.zeros(3), np.eye(3)[0], np.eye(3)[1])
    whole = trust(square, plane, params, losses)
    assert whole.sentence == "The descent has diverged: no picture can show its current state."
    assert math.isnan(whole.gap) and math.isnan(whole.distance) and math.isnan(whole.off)
    assert (whole.worst, whole.worst_gap) == (0, pytest.approx(-4.0))
    before = trust(square, plane, params, losses, 2)
    alone = trust(square, plane, params[:3], losses[:3], 2)
    assert before.sentence == alone.sentence
    assert (before.explained, before.walk, before.gap) == (alone.explained, alone.walk, alone.gap)
    nothing = trust(square, plane, params[3:], losses[3:])
    assert nothing.worst is None and nothing.sentence == whole.sentence
    params[:, 2] *= [0.0, 0.0, 0.0, 1.0]
    losses[:3] = [9.0, 4.0, 1.0]
    text = trust(square, plane, params, losses, 0).sentence
    assert text == "The sheet is exact along the path, as far as it is finite."


def test_sheet_that_is_not_finite(square: Fit) -> None:
    class Pole(Restricted):
        """a² + b² + c² where c is not 0; no value where it is."""

        def loss(self, params: Array) -> Array:
            return np.where(params[..., 2] == 0.0, np.nan, super().loss(params))

    pole = Pole(square, np.arange(3), np.zeros(3))
    assert sentence(pole, [[1.0, 0.0, 2.0], [1.0, 0.0, 1.0]]) == (
        "The sheet is not finite at the start, though the true loss is 5.0."
    )


def test_no_such_state(square: Fit) -> None:
    plane = plane_of(np.zeros(3), np.eye(3)[0], np.eye(3)[1])
    with pytest.raises(IndexError):
        trust(square, plane, np.zeros((2, 3)), np.zeros(2), 2)


def test_explained_of_one_state_is_unknown() -> None:
    assert math.isnan(explained(plane_of(np.zeros(3), np.eye(3)[0], np.eye(3)[1]), np.ones((1, 3))))
