"""Planes: coordinates on skewed directions, distances off them, and how each kind chooses its directions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from model import (
    FUNCTIONS,
    PLANES,
    Fit,
    Network,
    Objective,
    Plane,
    PlaneKind,
    Principal,
    RandomNormalized,
    Restricted,
    SettingError,
    TwoParameters,
)
from model.activations import Array
from model.datasets import Moons, Sine
from model.losses import BinaryCrossEntropy, MeanSquared
from model.plane import (
    UNIT,
    Course,
    Curvature,
    Ends,
    Momentum,
    Steepest,
    ThreeStates,
    bounds_around,
    filter_normalized,
    spanned,
    square,
    whole_plane,
)
from model.settings import kind_of
from model.trajectory import Trajectory
from tests.cases import in_turn

NETWORK = Network(widths=(2, 5, 4, 1))
OBJECTIVE = Fit(Moons(samples=8).load(), NETWORK, BinaryCrossEntropy())
LINE = Fit(Sine(samples=8).load(), Network((1, 1)), MeanSquared())  # two parameters
every = in_turn("kind", PLANES, ids=kind_of)
local = in_turn("kind", [kind for kind in PLANES if kind.local], ids=kind_of)


def skewed(angle: float, lengths: tuple[float, float] = (1.0, 1.0), size: int = 30) -> Plane:
    """A plane through a random point whose directions meet at an angle."""
    rng = np.random.default_rng(0)
    frame, _ = np.linalg.qr(rng.normal(size=(size, 2)))
    u = lengths[0] * frame[:, 0]
    v = lengths[1] * (np.cos(angle) * frame[:, 0] + np.sin(angle) * frame[:, 1])
    return Plane(rng.normal(size=size), u, v, UNIT, ("u", "v"))


def path(count: int, size: int = NETWORK.size, seed: int = 0) -> Array:
    """A random walk."""
    return np.asarray(np.random.default_rng(seed).normal(size=(count, size)).cumsum(axis=0))


@pytest.mark.parametrize("lengths", [(1.0, 1.0), (3.0, 0.01), (1e-4, 1e3)])
@pytest.mark.parametrize("angle", [np.pi / 2, 1.0, 0.1, 1e-3, np.pi - 0.01])
def test_project_undoes_point(angle: float, lengths: tuple[float, float]) -> None:
    plane = skewed(angle, lengths)
    coords = np.random.default_rng(1).uniform(-2.0, 2.0, (4, 6, 2))
    points = plane.point(coords)
    assert points.shape == (4, 6, 30)
    # What is lost: the rounding of θ, stretched by the shorter direction and by the angle.
    slack = 1e-14 * max(*lengths, 1.0) / (min(lengths) * np.sin(angle))
    np.testing.assert_allclose(plane.project(points), coords, rtol=1e-9, atol=slack)
    np.testing.assert_allclose(plane.distance(points), 0.0, atol=1e-14 * max(*lengths, 1.0) / np.sin(angle))


def test_point_by_hand() -> None:
    plane = Plane(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.0]), np.array([1.0, 1.0, 0.0]), UNIT, ("", ""))
    np.testing.assert_array_equal(plane.point(np.array([2.0, 5.0])), [8.0, 7.0, 3.0])
    np.testing.assert_allclose(plane.project(np.array([8.0, 7.0, 9.0])), [2.0, 5.0])
    assert float(plane.distance(np.array([8.0, 7.0, 9.0]))) == pytest.approx(6.0)


@pytest.mark.parametrize("angle", [np.pi / 2, 0.5, 0.01])
def test_distance_by_pythagoras(angle: float) -> None:
    """‖r‖² less the squares of its shares along an orthonormal basis of the plane."""
    plane, params = skewed(angle, (2.0, 0.3)), path(7, 30)
    basis, _ = np.linalg.qr(np.stack([plane.u, plane.v], axis=1))
    apart = params - plane.origin
    expected = np.sqrt((apart**2).sum(axis=1) - ((apart @ basis) ** 2).sum(axis=1))
    np.testing.assert_allclose(plane.distance(params), expected, rtol=1e-9)


def test_project_is_the_nearest_point() -> None:
    plane, params = skewed(0.4), path(1, 30)[0]
    nearest = plane.project(params)
    for step in 1e-3 * np.random.default_rng(2).normal(size=(20, 2)):
        assert np.linalg.norm(params - plane.point(nearest + step)) > float(plane.distance(params))


@pytest.mark.parametrize("factor", [1.0, -2.0, 1e6, 0.0])
def test_parallel_directions_are_refused(factor: float) -> None:
    u = np.random.default_rng(0).normal(size=10)
    with pytest.raises(ValueError, match="zero or parallel"):
        Plane(np.zeros(10), u, factor * u, UNIT, ("", ""))


def test_contains() -> None:
    plane = Plane(np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), ((-1.0, 2.0), (3.0, 4.0)), ("", ""))
    inside, outside = [(0.0, 3.5), (-1.0, 3.0), (2.0, 4.0)], [(0.0, 0.0), (3.5, 0.0), (2.1, 3.5), (0.0, 4.1)]
    assert all(plane.contains(np.array(coords)) for coords in inside)
    assert not any(plane.contains(np.array(coords)) for coords in outside)


@pytest.mark.parametrize(
    ("coords", "expected"),
    [
        ([[0.0, 0.0], [10.0, 2.0]], ((-2.0, 12.0), (-6.0, 8.0))),  # as wide as high, 0.2 of it on either side
        ([[0.0, 0.0], [1.0, 3.0]], ((-1.6, 2.6), (-0.6, 3.6))),
        ([[1.0, 1.0]], ((0.5, 1.5), (0.5, 1.5))),  # at least 0.5
        ([[0.0, 0.0], [10.0, 2.0], [np.inf, 0.0], [0.0, np.nan]], ((-2.0, 12.0), (-6.0, 8.0))),
        ([[np.nan, np.nan]], ((-0.5, 0.5), (-0.5, 0.5))),
    ],
)
def test_bounds_around(coords: Any, expected: Any) -> None:
    np.testing.assert_allclose(bounds_around(np.array(coords)), expected)


@every
@pytest.mark.parametrize("count", [1, 2, 3, 40, 60])
def test_a_plane_shows_the_whole_path(kind: type[PlaneKind], count: int) -> None:
    """More states than parameters, or fewer."""
    params = path(count)
    plane = kind().plane(OBJECTIVE, params)
    (x0, x1), (y0, y1) = plane.bounds
    for x, y in plane.project(params):
        assert x0 + 0.49 < x < x1 - 0.49 and y0 + 0.49 < y < y1 - 0.49
        assert plane.contains(np.array([x, y]))
    assert float(plane.distance(params[-1])) == pytest.approx(0.0, abs=1e-9)
    assert len(set(plane.labels)) == 2


@every
def test_the_same_path_gives_the_same_plane(kind: type[PlaneKind]) -> None:
    first, again = kind().plane(OBJECTIVE, path(9)), kind().plane(OBJECTIVE, path(9))
    for name in ("origin", "u", "v"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert first.bounds == again.bounds


DEGENERATE = {
    "one state": path(1),
    "two states": path(2),
    "all equal": np.repeat(path(1), 12, axis=0),
    "on a line": path(1) + np.linspace(0.0, 3.0, 12)[:, None] * path(1, seed=5),
    "almost on a line": path(1) + np.linspace(0.0, 3.0, 50)[:, None] * path(1, seed=5) + 1e-12 * path(50),
    "tiny": 1.0 + 1e-12 * path(12),
}


@every
@pytest.mark.parametrize("params", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_degenerate_paths_have_a_plane(kind: type[PlaneKind], params: Array) -> None:
    plane = kind().plane(OBJECTIVE, params)
    coords = np.array([[0.3, -0.2], [1.0, 0.5]])
    assert np.isfinite(plane.bounds).all()
    np.testing.assert_allclose(plane.project(plane.point(coords)), coords, atol=1e-10)
    assert plane.contains(plane.project(params[0])) and plane.contains(plane.project(params[-1]))


@pytest.mark.parametrize("params", DEGENERATE.values(), ids=DEGENERATE.keys())
def test_principal_directions_of_degenerate_paths_are_orthonormal(params: Array) -> None:
    plane = Principal().plane(OBJECTIVE, params)
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-7)


@pytest.mark.parametrize("name", ["two states", "on a line", "almost on a line"])
def test_a_line_is_explained_and_lies_along_the_first_axis(name: str) -> None:
    params = DEGENERATE[name]
    plane = Principal().plane(OBJECTIVE, params)
    along = params[-1] - params[0]
    assert abs(plane.u @ along) == pytest.approx(np.linalg.norm(along), rel=1e-9)
    assert plane.explained == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("name", ["one state", "all equal"])
def test_a_point_has_no_variance_to_explain(name: str) -> None:
    assert Principal().plane(OBJECTIVE, DEGENERATE[name]).explained is None


@pytest.mark.parametrize("count", [3, 10, NETWORK.size, 100])
def test_principal_directions_are_those_of_the_svd(count: int) -> None:
    params = path(count)
    plane = Principal().plane(OBJECTIVE, params)
    _, singular, directions = np.linalg.svd(params - params.mean(axis=0), full_matrices=False)
    for direction, expected in zip(plane.directions, directions, strict=False):
        np.testing.assert_allclose(direction * np.sign(direction @ expected), expected, atol=1e-9)
        assert direction[np.abs(direction).argmax()] > 0.0
    assert plane.explained == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum(), rel=1e-9)
    np.testing.assert_array_equal(plane.origin, params[-1])


@pytest.mark.parametrize("size", [1e-100, 1e-10, 1e30])
def test_principal_directions_do_not_depend_on_the_unit(size: float) -> None:
    params = path(10)
    plane, scaled = Principal().plane(OBJECTIVE, params), Principal().plane(OBJECTIVE, size * params)
    np.testing.assert_allclose(scaled.directions, plane.directions, atol=1e-9)
    assert scaled.explained == pytest.approx(plane.explained, rel=1e-9)


@every
@pytest.mark.parametrize("beyond", [np.nan, np.inf, -np.inf, 1e39, -1e300])
def test_states_that_cannot_be_drawn_are_left_out(kind: type[PlaneKind], beyond: float) -> None:
    params = path(10)
    spoilt = np.vstack([params, params[-2:]])
    spoilt[-2:, 7] = beyond
    plane, expected = kind().plane(OBJECTIVE, spoilt), kind().plane(OBJECTIVE, params)
    np.testing.assert_array_equal(plane.origin, expected.origin)
    np.testing.assert_array_equal(plane.directions, expected.directions)
    assert plane.bounds == expected.bounds


def test_filter_normalisation() -> None:
    """Each neuron's incoming weights as long as those of the network, in the direction drawn; biases 0."""
    rng = np.random.default_rng(0)
    params, direction = rng.normal(size=NETWORK.size), rng.normal(size=NETWORK.size)
    scaled = filter_normalized(OBJECTIVE, direction, params)
    for layer in NETWORK.layers:
        rows = [NETWORK.weights(vector, layer) for vector in (scaled, direction, params)]
        for made, drawn, weights in zip(*rows, strict=True):
            length = np.sqrt(sum(w * w for w in weights))
            assert np.sqrt(sum(w * w for w in made)) == pytest.approx(length, rel=1e-12)
            assert made @ drawn == pytest.approx(length * np.sqrt(drawn @ drawn), rel=1e-12)  # parallel to it
        np.testing.assert_array_equal(NETWORK.biases(scaled, layer), 0.0)


def test_random_plane_goes_through_the_newest_state() -> None:
    params = path(5)
    plane = RandomNormalized(seed=3).plane(OBJECTIVE, params)
    np.testing.assert_array_equal(plane.origin, params[-1])
    for direction in plane.directions:
        np.testing.assert_allclose(filter_normalized(OBJECTIVE, direction, params[-1]), direction, rtol=1e-12)
    assert not np.allclose(RandomNormalized(seed=4).plane(OBJECTIVE, params).u, plane.u)


def test_two_parameters_are_the_coordinates() -> None:
    params = path(6)
    plane = TwoParameters(first=4, second=11).plane(OBJECTIVE, params)
    np.testing.assert_allclose(plane.project(params), params[:, [4, 11]], atol=1e-13)
    moved = plane.point(np.array([7.0, -8.0]))
    expected = params[-1].copy()
    expected[[4, 11]] = 7.0, -8.0
    np.testing.assert_allclose(moved, expected, atol=1e-13)
    assert plane.labels == (OBJECTIVE.space.names[4], OBJECTIVE.space.names[11])


def test_two_parameters_leave_the_path_alone() -> None:
    params = path(6)
    before = params.copy()
    TwoParameters().plane(OBJECTIVE, params)
    np.testing.assert_array_equal(params, before)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (TwoParameters(first=44), "plane.first: 44 given; allowed: a number from 0 to 43"),
        (TwoParameters(second=10**6), "plane.second: 1000000 given; allowed: a number from 0 to 43"),
        (TwoParameters(first=3, second=3), "plane.second: 3 given; allowed: another parameter than the first"),
    ],
)
def test_impossible_parameters_are_refused(kind: TwoParameters, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        kind.plane(OBJECTIVE, path(2))
    assert str(caught.value) == message
    with pytest.raises(SettingError) as caught:
        kind.check(OBJECTIVE)
    assert str(caught.value) == message


@every
def test_check_lets_pass_what_can_be_chosen(kind: type[PlaneKind]) -> None:
    for objective in (OBJECTIVE, LINE, Restricted(OBJECTIVE, np.array([0, 1, 7]), np.zeros(OBJECTIVE.size))):
        kind().check(objective)
        assert kind().plane(objective, path(4, objective.size)).u.shape == (objective.size,)


@every
@pytest.mark.parametrize("bounds_of", [[0.5], [0.5, 3.0, -2.0]])
def test_one_parameter_is_drawn_over_a_direction_in_which_nothing_changes(
    kind: type[PlaneKind], bounds_of: list[float]
) -> None:
    one = Fit(Sine(samples=8).load(), Network((1, 1), bias=False), MeanSquared())
    for objective in (one, Restricted(OBJECTIVE, np.array([3]), np.zeros(OBJECTIVE.size))):
        params = np.array(bounds_of)[:, None]
        kind().check(objective)
        plane = kind().plane(objective, params)
        np.testing.assert_allclose(plane.point(np.array([[2.0, 0.0], [2.0, -7.0]])), [[2.0], [2.0]], atol=1e-15)
        np.testing.assert_allclose(plane.project(params)[:, 0], params[:, 0], atol=1e-15)
        np.testing.assert_array_equal(plane.project(params)[:, 1], 0.0)
        np.testing.assert_allclose(plane.distance(params), 0.0, atol=1e-15)
        assert plane.labels == (objective.space.names[0], "no second parameter") and plane.explained == 1.0
        assert all(plane.contains(coords) for coords in plane.project(params))


def test_random_directions_need_two_weights() -> None:
    """Biases are no part of them."""
    biases = np.array([2, 5, 20, 38])
    with pytest.raises(SettingError, match=r"^plane: 'random' given; allowed: a network with two or more weights"):
        RandomNormalized().check(Restricted(OBJECTIVE, biases, np.zeros(OBJECTIVE.size)))
    RandomNormalized().check(Restricted(OBJECTIVE, np.array([2, 3, 4, 5, 20, 38]), np.zeros(OBJECTIVE.size)))


# ---- two parameters are the whole -----------------------------------------------------------------------------------

TWO: list[Any] = [
    pytest.param(LINE, id="line"),
    pytest.param(Restricted(OBJECTIVE, np.array([4, 11]), np.zeros(OBJECTIVE.size)), id="two of many"),
    *(pytest.param(kind().objective, id=kind_of(kind)) for kind in FUNCTIONS),
]


@every
@pytest.mark.parametrize("objective", TWO)
def test_of_two_parameters_every_kind_is_their_plane(kind: type[PlaneKind], objective: Objective) -> None:
    """Coordinates are the parameters, nothing lies off it, and nothing is left to explain."""
    params = path(6, 2)
    kind(**({"first": 7, "second": 7} if kind is TwoParameters else {})).check(objective)
    plane = kind().plane(objective, params)
    np.testing.assert_array_equal(plane.project(params), params)
    np.testing.assert_array_equal(plane.point(params), params)
    np.testing.assert_array_equal(plane.distance(params), 0.0)
    assert plane.labels == objective.space.names and plane.explained == 1.0
    assert all(plane.contains(coords) for coords in params)


@pytest.mark.parametrize("objective", TWO)
def test_the_region_of_a_function_is_shown(objective: Objective) -> None:
    (x0, x1), (y0, y1) = whole_plane(objective, np.array([[0.1, 0.2]])).bounds
    assert x1 - x0 == pytest.approx(y1 - y0)  # sides are equal
    if objective.space.region is None:
        np.testing.assert_allclose([x0, x1, y0, y1], [-0.9, 1.1, -0.8, 1.2])  # at least 1 around the path
    else:
        (left, right), (low, high) = objective.space.region
        assert x0 <= left and right <= x1 and y0 <= low and high <= y1
        assert x1 - x0 == pytest.approx(max(right - left, high - low))  # and no more than that


def test_a_path_out_of_the_region_is_shown_too() -> None:
    [bowl] = [kind for kind in FUNCTIONS if kind_of(kind) == "bowl"]
    plane = Principal().plane(bowl().objective, np.array([[9.0, 1.0], [-4.0, 0.0]]))
    assert plane.bounds[0] == (-4.0, 9.0)
    assert plane.bounds[1][0] <= -3.0 and plane.bounds[1][1] >= 3.0


def test_the_plane_of_some_parameters_is_in_their_space() -> None:
    """Directions of the free parameters alone; their names label the axes."""
    free = np.array([3, 4, 20, 43])
    objective = Restricted(OBJECTIVE, free, np.ones(OBJECTIVE.size))
    plane = TwoParameters(first=1, second=3).plane(objective, path(5, 4))
    assert plane.labels == (NETWORK.names[4], NETWORK.names[43])
    random = RandomNormalized().plane(objective, path(5, 4))
    np.testing.assert_array_equal(random.directions[:, 3], 0.0)  # a bias
    assert np.linalg.norm(random.u[:2]) == pytest.approx(np.linalg.norm(path(5, 4)[-1, :2]))  # one row of two weights


# ---- the width ------------------------------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("reach", [1e-6, 0.3, 7.7, 1e9])
def test_a_typed_range_is_half_the_width(kind: type[PlaneKind], reach: float) -> None:
    params = path(9)
    plane = kind(reach=reach).plane(OBJECTIVE, params)
    for low, high in plane.bounds:
        assert high - low == pytest.approx(2 * reach, rel=1e-8)
    coords = plane.project(params)
    middle = coords[-1] if kind.local else (coords.min(axis=0) + coords.max(axis=0)) / 2
    np.testing.assert_allclose(plane.centre, middle, atol=1e-8 * reach, rtol=1e-12)
    automatic = kind().plane(OBJECTIVE, params)
    np.testing.assert_array_equal(plane.directions, automatic.directions)


@every
@pytest.mark.parametrize("reach", [0.5, 3.0])
def test_a_typed_range_holds_for_two_parameters_too(kind: type[PlaneKind], reach: float) -> None:
    params = np.array([[0.0, 1.0], [4.0, 2.0], [1.0, 2.0]])
    (x0, x1), (y0, y1) = kind(reach=reach).plane(LINE, params).bounds
    x, y = (1.0, 2.0) if kind.local else (2.0, 1.5)
    np.testing.assert_allclose([x0, x1, y0, y1], [x - reach, x + reach, y - reach, y + reach])


@every
@pytest.mark.parametrize("reach", [np.nan, np.inf, -1.0, -1e-300, 1e10])
def test_a_range_that_is_none_is_refused(kind: type[PlaneKind], reach: float) -> None:
    with pytest.raises(SettingError, match=r"^reach: "):
        kind(reach=reach)


@every
@pytest.mark.parametrize("reach", [1e-320, 1e-12])
def test_a_range_below_rounding_is_refused(kind: type[PlaneKind], reach: float) -> None:
    with pytest.raises(SettingError, match=r"^plane.reach: .* 0, which is automatic, or a number from 1e-09 up"):
        kind(reach=reach).plane(OBJECTIVE, path(1))


@pytest.mark.parametrize("half", [1e-6, 0.1, 1.0, 3.7, 1e9])
@pytest.mark.parametrize("share", [0.0, 0.1, -np.pi, 1e5 / 7])
def test_bounds_have_an_exact_middle(share: float, half: float) -> None:
    middle = share * half
    for low, high in square(np.array([middle, middle]), half):
        assert Fraction(low) + Fraction(high) == 2 * Fraction((low + high) / 2)  # without any rounding
        assert high - low == pytest.approx(2 * half, rel=1e-8)
        assert (low + high) / 2 == pytest.approx(middle, abs=1e-9 * half)


@local
def test_a_local_plane_touches_the_current_state_in_the_middle(kind: type[PlaneKind]) -> None:
    params = path(9)
    course = Course(Course.of(params).trajectory, 4, params)
    plane = kind().plane(OBJECTIVE, course)
    np.testing.assert_array_equal(plane.point(np.array(plane.centre)), params[4])
    assert float(plane.distance(params[4])) == 0.0
    assert float(OBJECTIVE.loss(plane.point(np.zeros(2)))) == float(OBJECTIVE.loss(params[4]))
    assert all(plane.contains(coords) for coords in plane.project(params))
    assert kind().follow and not kind(follow=False).follow  # type: ignore


@every
def test_coordinates_are_least_squares(kind: type[PlaneKind]) -> None:
    params = path(9)
    plane = kind().plane(OBJECTIVE, params)
    expected = np.linalg.lstsq(plane.directions.T, (params - plane.origin).T, rcond=None)[0].T
    np.testing.assert_allclose(plane.project(params), expected, atol=1e-11)


@every
def test_a_run_without_a_finite_state_is_refused(kind: type[PlaneKind]) -> None:
    for params in (np.full((3, OBJECTIVE.size), np.nan), np.empty((0, OBJECTIVE.size))):
        with pytest.raises(SettingError, match=r"^run: 'no finite state'"):
            kind().plane(OBJECTIVE, params)
    with pytest.raises(SettingError, match=r"^run: 'no finite state'"):
        kind().plane(OBJECTIVE, Course(Trajectory(), 0, np.empty((0, OBJECTIVE.size))))


# ---- along the derivatives: a quadratic whose eigenvectors are known ------------------------------------------------


class Quadratic(Restricted):
    """½(θ - c)ᵀ Q diag(λ) Qᵀ (θ - c); of the network that it replaces, only the size is used."""

    def __init__(self, values: Any, seed: int = 0) -> None:
        size = len(values)
        super().__init__(OBJECTIVE, np.arange(size), np.zeros(OBJECTIVE.size))
        rng = np.random.default_rng(seed)
        self.axes = np.linalg.qr(rng.normal(size=(size, size)))[0]
        self.values, self.centre = np.array(values, float), rng.normal(size=size)
        with np.errstate(invalid="ignore"):
            self.matrix = self.axes @ np.diag(self.values) @ self.axes.T

    @property
    def filters(self) -> tuple[slice, ...]:
        return ()

    def loss(self, params: Array) -> Array:
        apart = params - self.centre
        return np.asarray(np.einsum("...i,ij,...j->...", apart, self.matrix, apart) / 2)

    def loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        return float(self.loss(params)), self.matrix @ (params - self.centre)

    def hessian_at(self, params: Array) -> Any:
        return lambda vector: self.matrix @ vector


BOWL = Quadratic([3.0, -7.0, 5.0, 1.0, 0.5])


def same_line(one: Array, other: Array) -> bool:
    return bool(abs(one @ other) > (1 - 1e-12) * np.linalg.norm(one) * np.linalg.norm(other))


def test_the_curvature_plane_has_the_eigenvectors_of_the_largest_eigenvalues() -> None:
    plane = Curvature().plane(BOWL, path(4, 5))
    assert same_line(plane.u, BOWL.axes[:, 2]) and same_line(plane.v, BOWL.axes[:, 0])
    for direction in plane.directions:
        assert direction[np.abs(direction).argmax()] > 0.0 and np.linalg.norm(direction) == pytest.approx(1.0)
    assert plane.labels == ("curvature 1 (λ = 5)", "curvature 2 (λ = 3)")


def test_a_plane_that_follows_does_not_flip_over() -> None:
    params = path(4, 5)
    trajectory = Course.of(params).trajectory
    free = Curvature().plane(BOWL, params)
    for signs in ([1, 1], [1, -1], [-1, 1], [-1, -1]):
        before = np.array(signs)[:, None] * free.directions
        plane = Curvature().plane(BOWL, Course(trajectory, 3, params, before=before))
        np.testing.assert_allclose(plane.directions, before, atol=1e-12)


def test_the_momentum_plane_holds_gradient_and_last_step() -> None:
    params = path(4, 5)
    gradient, step = BOWL.matrix @ (params[-1] - BOWL.centre), params[-1] - params[-2]
    plane = Momentum().plane(BOWL, params)
    assert plane.u @ gradient == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    assert plane.v @ step > 0.0 and plane.u @ plane.v == pytest.approx(0.0, abs=1e-15)
    for held in (gradient, step):
        assert float(plane.distance(plane.origin + held)) == pytest.approx(0.0, abs=1e-12)
    assert plane.labels == ("gradient", "last step")


def test_the_steepest_plane_holds_gradient_and_most_curved_direction() -> None:
    params = path(4, 5)
    gradient = BOWL.matrix @ (params[-1] - BOWL.centre)
    plane = Steepest().plane(BOWL, params)
    for held in (gradient, BOWL.axes[:, 2]):
        assert float(plane.distance(plane.origin + held)) == pytest.approx(0.0, abs=1e-12)
    assert plane.u @ gradient == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
    assert plane.labels == ("gradient", "most curved (λ = 5)")


def at_minimum() -> Array:
    return np.stack([BOWL.centre + 1.0, BOWL.centre])


ALONG = BOWL.centre + BOWL.axes[:, 2]  # there the gradient is an eigenvector
MISSING = [
    (Momentum(), BOWL, at_minimum(), ("last step", "random direction 1")),  # no gradient
    (Momentum(), BOWL, BOWL.centre[None], ("random direction 1", "random direction 2")),  # nor a step
    (Momentum(), BOWL, path(1, 5), ("gradient", "random direction 1")),  # the start
    (Momentum(), BOWL, np.stack([ALONG + BOWL.axes[:, 2], ALONG]), ("gradient", "random direction 1")),  # parallel
    (Steepest(), BOWL, ALONG[None], ("gradient", "random direction 1")),
    (Steepest(), BOWL, at_minimum(), ("most curved (λ = 5)", "random direction 1")),
    (Curvature(), Quadratic(np.zeros(5)), path(1, 5), ("random direction 1", "random direction 2")),
    (Curvature(), Quadratic([np.nan] * 5), path(1, 5), ("random direction 1", "random direction 2")),
    (Steepest(), Quadratic([np.inf] * 5), path(1, 5), ("random direction 1", "random direction 2")),
    (ThreeStates(), BOWL, path(1, 5), ("random direction 1", "random direction 2")),
    (ThreeStates(0, 0, 0), BOWL, path(3, 5), ("random direction 1", "random direction 2")),
    (ThreeStates(0, 1, 1), BOWL, path(3, 5), ("step 0 → step 1", "random direction 1")),
    (ThreeStates(0, 0, 1), BOWL, path(3, 5), ("step 0 → step 1", "random direction 1")),
    (ThreeStates(), BOWL, np.outer([0.0, 1.0, 2.0], np.arange(5)), ("step 0 → newest", "random direction 1")),
    (Ends(), BOWL, path(1, 5), ("random direction 1", "random direction 2")),
    (Ends(), BOWL, np.outer([0.0, 1.0, 2.0], np.arange(5)), ("start → newest", "random direction 1")),
    (Ends(), BOWL, np.outer([0.0, 1.0, 0.0], np.arange(5)), ("start → farthest off", "random direction 1")),
]


@pytest.mark.parametrize(("kind", "objective", "params", "labels"), MISSING)
def test_directions_that_there_are_not_are_replaced_and_called_so(
    kind: PlaneKind, objective: Objective, params: Array, labels: tuple[str, str]
) -> None:
    plane = kind.plane(objective, params)
    assert plane.labels == labels
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
    assert np.isfinite(plane.bounds).all()


@pytest.mark.parametrize("angle", [1e-9, 1e-3, 1.0, np.pi / 2, 3.0])
@pytest.mark.parametrize("lengths", [(1e-200, 1e200), (1.0, 1.0), (1e150, 1e-300)])
def test_spanned_axes_are_orthonormal(lengths: tuple[float, float], angle: float) -> None:
    frame = np.linalg.qr(np.random.default_rng(0).normal(size=(30, 2)))[0].T
    skew = np.cos(angle) * frame[0] + np.sin(angle) * frame[1]
    plane = spanned(np.zeros(30), [("one", lengths[0] * frame[0]), ("two", lengths[1] * skew)])
    assert plane.labels == ("one", "two")
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
    np.testing.assert_allclose(plane.directions, frame, atol=1e-15 / np.sin(angle))


# ---- through states -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [(0, -1, -2), (3, 11, 7), (11, 0, 5), (-2, 2, -1)])
def test_three_states_lie_on_their_plane(steps: tuple[int, int, int]) -> None:
    params = path(12)
    plane = ThreeStates(*steps).plane(OBJECTIVE, params)
    anchors = params[[{-2: 5}.get(step, step) for step in steps]]
    coords = plane.project(anchors)
    np.testing.assert_allclose(plane.point(coords), anchors, atol=1e-12)
    np.testing.assert_allclose(OBJECTIVE.loss(plane.point(coords)), OBJECTIVE.loss(anchors), rtol=1e-12)
    # Lengths are those of parameter space: the first at (0, 0), the second on the x axis, the third above it.
    np.testing.assert_allclose(coords[:2], [[0.0, 0.0], [np.linalg.norm(anchors[1] - anchors[0]), 0.0]], atol=1e-12)
    assert coords[2, 1] > 0.0 and np.linalg.norm(coords[2]) == pytest.approx(np.linalg.norm(anchors[2] - anchors[0]))
    assert all(plane.contains(each) for each in plane.project(params))


def test_states_to_come_can_be_chosen() -> None:
    params = path(12)
    recorded = Course.of(params[:4]).trajectory
    course = Course(recorded, 3, params[::2], steps=np.arange(0, 12, 2))
    plane = ThreeStates(0, 8, 1).plane(OBJECTIVE, course)
    np.testing.assert_allclose(plane.distance(params[[0, 8, 1]]), 0.0, atol=1e-12)
    with pytest.raises(SettingError, match=r"^plane.third: 7 given; allowed: a step of the run, 0 to 3 by now"):
        ThreeStates(0, 8, 7).plane(OBJECTIVE, course)


@pytest.mark.parametrize("beyond", [np.nan, np.inf, 1e39])
def test_a_state_of_a_divergence_cannot_be_chosen(beyond: float) -> None:
    params = path(6)
    params[5, 0] = beyond
    with pytest.raises(SettingError, match=r"^plane.second: 5 given; allowed: a step before the run diverged"):
        ThreeStates(0, 5, 2).plane(OBJECTIVE, params)


def test_both_ends_lie_on_the_plane_of_the_ends() -> None:
    params = path(30)
    plane = Ends().plane(OBJECTIVE, params)
    np.testing.assert_allclose(plane.distance(params[[0, -1]]), 0.0, atol=1e-12)
    covered = params[-1] - params[0]
    np.testing.assert_allclose(plane.project(params[-1]), [np.linalg.norm(covered), 0.0], atol=1e-12)
    apart = params - params[0]
    squares = (apart**2).sum(axis=1) - (apart @ covered) ** 2 / (covered @ covered)  # Pythagoras
    farthest = squares.argmax()
    assert float(plane.distance(params[farthest])) == pytest.approx(0.0, abs=1e-12)
    assert plane.project(params[farthest])[1] == pytest.approx(np.sqrt(squares.max()))


def test_principal_directions_of_all_runs() -> None:
    params, others = path(10), path(20, seed=7)
    others[3] = np.inf  # diverged
    course = Course(Course.of(params).trajectory, 9, params, others)
    together = np.vstack([np.delete(others, 3, axis=0), params])
    _, singular, directions = np.linalg.svd(together - together.mean(axis=0))
    plane = Principal(runs="all runs").plane(OBJECTIVE, course)
    for direction, expected in zip(plane.directions, directions, strict=False):
        np.testing.assert_allclose(direction * np.sign(direction @ expected), expected, atol=1e-9)
    assert plane.explained == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum(), rel=1e-9)
    alone, bare = Principal().plane(OBJECTIVE, course), Principal().plane(OBJECTIVE, params)
    np.testing.assert_array_equal(alone.directions, bare.directions)


# ---- by chance ------------------------------------------------------------------------------------------------------


def test_biases_are_held_or_varied() -> None:
    """Varied like weights, each is as large as that of the network, up or down."""
    params = path(3)
    biases = [index for index, name in enumerate(NETWORK.names) if "bias" in name]
    held, varied = (RandomNormalized(biases=word).plane(OBJECTIVE, params) for word in ("held", "varied"))
    np.testing.assert_array_equal(held.directions[:, biases], 0.0)
    np.testing.assert_allclose(np.abs(varied.directions[:, biases]), np.abs(params[[-1, -1]])[:, biases], rtol=1e-12)
    weights = np.setdiff1d(np.arange(NETWORK.size), biases)
    np.testing.assert_array_equal(held.directions[:, weights], varied.directions[:, weights])


def test_rescaling_a_relu_network_changes_the_raw_picture_alone() -> None:
    """Layer 1 ten times as large, layer 2 a tenth, is the same function (Dinh et al. 2017)."""
    network = Network(widths=(2, 6, 1), activation="relu")
    objective = Fit(Moons(samples=30).load(), network, BinaryCrossEntropy())
    params = np.random.default_rng(0).normal(size=network.size)
    rescaled = params.copy()
    first, last = network.layers
    rescaled[first.start : first.stop] *= 10.0
    weights = network.weights(rescaled, last)
    weights /= 10.0
    assert float(objective.loss(rescaled)) == pytest.approx(float(objective.loss(params)), rel=1e-12)
    coords = np.random.default_rng(1).uniform(-1.0, 1.0, (50, 2))
    for normalize, biases, same in (("neuron", "held", True), ("neuron", "varied", True), ("none", "held", False)):
        kind = RandomNormalized(normalize=normalize, biases=biases)
        one, other = (objective.loss(kind.plane(objective, each[None]).point(coords)) for each in (params, rescaled))
        assert np.allclose(one, other, rtol=1e-10) is same


def test_raw_directions_are_as_drawn() -> None:
    plane = RandomNormalized(normalize="none", biases="varied", seed=5).plane(OBJECTIVE, path(2))
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(plane.u, rng.normal(size=NETWORK.size))
    np.testing.assert_array_equal(plane.v, rng.normal(size=NETWORK.size))


@local
def test_local_planes_of_a_network_too_large_for_the_whole_hessian(kind: type[PlaneKind]) -> None:
    """By Lanczos: residual of H·v = λ·v, and the answer does not depend on the plane before."""
    network = Network(widths=(2, 12, 6, 1))
    objective = Fit(Moons(samples=20).load(), network, BinaryCrossEntropy())
    params = np.random.default_rng(0).normal(size=(3, network.size))
    plane = kind().plane(objective, params)
    assert float(plane.distance(params[-1])) == 0.0
    followed = kind().plane(objective, Course(Course.of(params).trajectory, 2, params, before=plane.directions))
    np.testing.assert_allclose(followed.directions, plane.directions, atol=1e-4)
    if kind is Curvature:
        product = objective.hessian_at(params[-1])
        for direction in plane.directions:
            bend = product(direction)
            assert np.linalg.norm(bend - (bend @ direction) * direction) < 1e-4 * np.linalg.norm(bend)
