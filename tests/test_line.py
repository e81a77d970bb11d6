"""Lines: positions on them, the loss along them, parabolas and barriers, and how each kind chooses its direction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model import FUNCTIONS, Fit, Network, Restricted, SettingError
from model.activations import Array
from model.curvature import hessian
from model.datasets import Moons
from model.line import (
    LINES,
    AlongEigenvector,
    AlongGradient,
    AlongParameter,
    AlongStep,
    BetweenStates,
    Ensemble,
    Line,
    LineKind,
    LocalLine,
    barrier,
    between,
    profile,
    quadratic,
)
from model.losses import BinaryCrossEntropy
from model.plane import Course
from model.settings import kind_of
from tests.cases import in_turn

NETWORK = Network(widths=(2, 5, 4, 1))
OBJECTIVE = Fit(Moons(samples=8).load(), NETWORK, BinaryCrossEntropy())
every = in_turn("kind", LINES, ids=kind_of)
LOCAL = [kind for kind in LINES if issubclass(kind, LocalLine)]


def path(count: int, size: int = NETWORK.size, seed: int = 0) -> Array:
    """A random walk."""
    return np.asarray(np.random.default_rng(seed).normal(size=(count, size)).cumsum(axis=0))


class Wells(Restricted):
    """(x² - 1)² + y²: two wells at x = -1 and x = 1, and between them a barrier of height 1."""

    def __init__(self) -> None:
        super().__init__(OBJECTIVE, np.arange(2), np.zeros(OBJECTIVE.size))

    def loss(self, params: Array) -> Array:
        return np.asarray((params[..., 0] ** 2 - 1) ** 2 + params[..., 1] ** 2)

    def loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        x, y = params
        return float(self.loss(params)), np.array([4 * x * (x * x - 1), 2 * y])

    def hessian_at(self, params: Array) -> Any:
        return lambda vector: np.array([12 * params[0] ** 2 - 4, 2.0]) * vector


WELLS, LEFT, RIGHT = Wells(), np.array([-1.0, 0.0]), np.array([1.0, 0.0])


@every
def test_positions_on_a_line(kind: type[LineKind]) -> None:
    line = kind().line(OBJECTIVE, path(9))
    t = np.random.default_rng(1).uniform(-2.0, 2.0, (3, 4))
    assert line.point(t).shape == (3, 4, OBJECTIVE.size)
    np.testing.assert_allclose(line.project(line.point(t)), t, atol=1e-12)
    expected = np.linalg.lstsq(line.direction[:, None], (path(9) - line.origin).T, rcond=None)[0][0]
    np.testing.assert_allclose(line.project(path(9)), expected, atol=1e-12)
    rest = path(9) - line.origin - np.outer(expected, line.direction)
    np.testing.assert_allclose(line.distance(path(9)), np.sqrt((rest**2).sum(axis=1)), atol=1e-12)


@every
@pytest.mark.parametrize("count", [2, 3, 70, 201])
def test_a_profile_is_the_loss_along_the_line(kind: type[LineKind], count: int) -> None:
    line = kind().line(OBJECTIVE, path(9))
    shown = profile(OBJECTIVE, line, count)
    np.testing.assert_allclose(shown.t, np.linspace(*line.bounds, count), atol=1e-14 * np.ptp(line.bounds))
    assert (shown.t[0], shown.t[-1]) == line.bounds
    for t, loss in zip(shown.t, shown.loss, strict=True):
        assert loss == pytest.approx(float(OBJECTIVE.loss(line.origin + t * line.direction)), rel=1e-12)


@pytest.mark.parametrize("kind", LOCAL, ids=kind_of)
@pytest.mark.parametrize("reach", [0.0, 1e-3, 7.7])
def test_local_lines_have_the_current_state_in_the_middle(kind: Any, reach: float) -> None:
    params = path(9)
    line = kind(reach=reach).line(OBJECTIVE, Course(Course.of(params).trajectory, 5, params))
    low, high = line.bounds
    np.testing.assert_allclose(line.point(np.array((low + high) / 2)), params[5], atol=1e-9)
    shown = profile(OBJECTIVE, line, 11)
    assert shown.loss[5] == pytest.approx(
        float(OBJECTIVE.loss(params[5])), rel=1e-8 if kind is AlongParameter else 1e-12
    )
    if reach:
        assert high - low == pytest.approx(2 * reach, rel=1e-8)
    elif kind is not Ensemble:
        positions = line.project(params)
        assert low < positions.min() and positions.max() < high


@pytest.mark.parametrize("kind", LOCAL, ids=kind_of)
def test_ranges_that_are_none_are_refused(kind: Any) -> None:
    for reach in (np.nan, np.inf, -1.0):
        with pytest.raises(SettingError, match=r"^reach: "):
            kind(reach=reach)
    with pytest.raises(SettingError, match=r"^line.reach: "):
        kind(reach=1e-320).line(OBJECTIVE, path(3))


# ---- each kind by hand ----------------------------------------------------------------------------------------------


def test_directions_by_hand() -> None:
    params = np.array([[3.0, 4.0], [2.0, 1.0]])
    np.testing.assert_allclose(AlongGradient().line(WELLS, params).direction, np.array([24.0, 2.0]) / np.sqrt(580.0))
    np.testing.assert_allclose(AlongStep().line(WELLS, params).direction, np.array([-1.0, -3.0]) / np.sqrt(10.0))
    for number, smallest, expected in ((1, False, [1.0, 0.0]), (2, False, [0.0, 1.0]), (1, True, [0.0, 1.0])):
        line = AlongEigenvector(number=number, smallest=smallest).line(WELLS, params)
        np.testing.assert_allclose(line.direction, expected, atol=1e-15)
        assert line.label == f"eigenvector, λ = {44 if expected[0] else 2}"
    second = AlongParameter(number=1).line(WELLS, params)
    np.testing.assert_array_equal(second.point(np.array([1.0, 5.0])), [[2.0, 1.0], [2.0, 5.0]])
    assert second.label == WELLS.space.names[1]


@pytest.mark.parametrize(("first", "second", "rows"), [(0, -1, (0, 8)), (3, 5, (3, 5)), (-2, 1, (4, 1))])
def test_between_states_ends_at_them(first: int, second: int, rows: tuple[int, int]) -> None:
    params = path(9)
    line = BetweenStates(first=first, second=second).line(OBJECTIVE, params)
    assert line.bounds == (0.0, 1.0)
    shown = profile(OBJECTIVE, line)
    np.testing.assert_allclose(shown.loss[[0, -1]], OBJECTIVE.loss(params[list(rows)]), rtol=1e-12)


@pytest.mark.parametrize("count", [2, 5, 8])
def test_the_band_of_an_ensemble(count: int) -> None:
    params = path(3)
    line = Ensemble(count=count, seed=4).line(OBJECTIVE, params)
    shown = profile(OBJECTIVE, line, 21)
    assert line.fan is not None and line.fan.shape == (count, OBJECTIVE.size) and shown.band is not None
    losses = OBJECTIVE.loss(params[-1] + shown.t[:, None, None] * line.fan)
    expected = np.stack([losses.min(axis=1), np.median(losses, axis=1), losses.max(axis=1)])
    np.testing.assert_allclose(shown.band, expected, rtol=1e-12)
    np.testing.assert_array_equal(shown.band[:, 10], np.full(3, OBJECTIVE.loss(params[-1])))
    for part in NETWORK.filters:
        lengths = np.linalg.norm(line.fan[:, part], axis=1)
        np.testing.assert_allclose(lengths, np.linalg.norm(params[-1][part]), rtol=1e-12)


def test_an_ensemble_has_a_limit() -> None:
    class Large(Wells):
        size = 10**7  # type: ignore

    with pytest.raises(SettingError, match=r"^line.count: 50 given; .* from 2 to 3, for 10,000,000"):
        Ensemble().choose(Large(), Course.of(path(1, 2)))


# ---- parabola and barrier -------------------------------------------------------------------------------------------


@every
def test_the_parabola_is_the_quadratic_form_of_the_hessian(kind: type[LineKind]) -> None:
    params = path(9)
    line = kind().line(OBJECTIVE, params)
    parabola = quadratic(OBJECTIVE, line, params[-1])
    matrix = hessian(OBJECTIVE, params[-1])
    assert parabola.curvature == pytest.approx(line.direction @ matrix @ line.direction, rel=1e-9, abs=1e-12)
    assert parabola.value == pytest.approx(float(OBJECTIVE.loss(params[-1])), rel=1e-12)
    h = 1e-5
    ahead, behind = (float(OBJECTIVE.loss(params[-1] + step * line.direction)) for step in (h, -h))
    assert parabola.slope == pytest.approx((ahead - behind) / (2 * h), rel=1e-5, abs=1e-8)
    at = line.project(params[-1])
    assert float(parabola.height(at)) == float(parabola.tangent(at)) == parabola.value


def test_a_parabola_by_hand() -> None:
    """x⁴ - 2x² + 1 at x = 2, along a direction twice as long as its unit: 9, 2·24, 4·44."""
    line = Line(np.zeros(2), np.array([2.0, 0.0]), (-1.0, 1.0), "x")
    parabola = quadratic(WELLS, line, np.array([2.0, 0.0]))
    assert parabola == (1.0, 9.0, 48.0, 176.0)
    assert parabola.tangent(np.array(3.0)) == 105.0 and parabola.height(np.array(3.0)) == 457.0


def test_the_barrier_between_two_wells_is_one() -> None:
    assert barrier(profile(WELLS, between(LEFT, RIGHT))) == 1.0
    assert barrier(profile(WELLS, between(RIGHT, LEFT), 3)) == 1.0


def test_the_barrier_is_above_the_line_between_unequal_ends() -> None:
    """From x = 0 (loss 1) to 1 (loss 0): largest of (x² - 1)² - (1 - x), which is at 4x³ - 4x + 1 = 0."""
    [x] = [root.real for root in np.roots([4.0, 0.0, -4.0, 1.0]) if 0 < root.real < 0.5]
    height = barrier(profile(WELLS, between(np.zeros(2), RIGHT), 2001))
    assert height == pytest.approx((x * x - 1) ** 2 - (1 - x), abs=1e-6)


@pytest.mark.parametrize("ends", [([0.0, 3.0], [0.0, -1.0]), ([0.0, 0.0], [0.0, 5.0])])
def test_a_bowl_has_no_barrier(ends: Any) -> None:
    first, second = map(np.array, ends)
    assert barrier(profile(WELLS, between(first, second))) == pytest.approx(0.0, abs=1e-12)


def test_a_loss_that_is_not_finite_is_no_way_through() -> None:
    class Hole(Wells):
        """√(x² - ¼), which is no number between -½ and ½."""

        def loss(self, params: Array) -> Array:
            return np.asarray(np.sqrt(params[..., 0] ** 2 - 0.25))

    shown = profile(Hole(), between(LEFT, RIGHT))
    np.testing.assert_array_equal(np.isfinite(shown.loss), np.abs(shown.t - 0.5) >= 0.25)
    assert barrier(shown) == np.inf


# ---- what is no line ------------------------------------------------------------------------------------------------

IMPOSSIBLE = [
    (AlongGradient(), WELLS, LEFT[None], "line: 'no gradient'"),
    (AlongStep(), WELLS, LEFT[None], "line: 'no last step'"),
    (AlongStep(), WELLS, np.stack([LEFT, LEFT]), "line: 'no last step'"),
    (AlongParameter(number=2), WELLS, LEFT[None], "line.number: 2"),
    (AlongEigenvector(number=3), WELLS, LEFT[None], "line.number: 3"),
    (BetweenStates(), WELLS, LEFT[None], "line: 'the same state twice'"),
    (BetweenStates(second=4), WELLS, np.stack([LEFT, RIGHT]), "line.second: 4"),
    (BetweenStates(second=1), WELLS, np.stack([LEFT, np.full(2, np.nan)]), "line.second: 1"),
]


@pytest.mark.parametrize(("kind", "objective", "params", "message"), IMPOSSIBLE)
def test_a_line_that_there_is_not_is_refused(kind: LineKind, objective: Any, params: Array, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        kind.line(objective, params)
    assert str(caught.value).startswith(message) and "\n" not in str(caught.value)


@every
def test_a_run_without_a_finite_state_is_refused(kind: type[LineKind]) -> None:
    with pytest.raises(SettingError, match=r"^run: 'no finite state'"):
        kind().line(OBJECTIVE, np.full((2, OBJECTIVE.size), np.nan))


@every
@pytest.mark.parametrize("beyond", [np.nan, np.inf, 1e39])
def test_states_that_cannot_be_drawn_are_left_out(kind: type[LineKind], beyond: float) -> None:
    params = path(5)
    spoilt = np.vstack([params, np.full((2, OBJECTIVE.size), beyond)])
    line, expected = kind().line(OBJECTIVE, spoilt), kind().line(OBJECTIVE, params)
    np.testing.assert_array_equal(line.direction, expected.direction)
    assert line.bounds == expected.bounds


@pytest.mark.parametrize("direction", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 0.0]])
def test_a_line_has_a_direction(direction: list[float]) -> None:
    with pytest.raises(SettingError, match=r"^line: 'a direction that is zero or not finite'"):
        Line(np.zeros(2), np.array(direction), (0.0, 1.0), "")


@pytest.mark.parametrize("bounds", [(0.0, 0.0), (1.0, -1.0), (np.nan, 1.0), (0.0, np.inf)])
def test_a_line_has_a_length(bounds: tuple[float, float]) -> None:
    with pytest.raises(SettingError, match=r"^line: "):
        Line(np.zeros(2), RIGHT, bounds, "")


def test_between_needs_two_states_of_one_network() -> None:
    for second in (np.zeros(3), LEFT, np.array([np.inf, 0.0])):
        with pytest.raises(SettingError, match=r"^line: "):
            between(LEFT, second)
    with pytest.raises(SettingError, match=r"^count: 1 "):
        profile(WELLS, between(LEFT, RIGHT), 1)


@every
@pytest.mark.parametrize("function", FUNCTIONS, ids=kind_of)
def test_every_line_can_be_drawn_on_every_function(kind: type[LineKind], function: Any) -> None:
    start = np.array([function().x, function().y])
    params = start + np.array([[0.3, -0.2], [0.1, 0.1]])
    try:
        line = kind().line(function().objective, params)
    except SettingError as error:  # a plane has neither slope nor curvature
        assert kind in (AlongGradient, AlongEigenvector) and "no " in str(error)
    else:
        assert len(profile(function().objective, line, 11).loss) == 11
