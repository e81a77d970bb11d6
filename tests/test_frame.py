"""Frames: from losses to heights, levels, points and words, on numbers whose answers are known beforehand."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from explorer.frame import (
    Frame,
    Run,
    Scale,
    descent_arrow,
    log_levels,
    number,
    round_levels,
    scale_of,
    sheet_height,
    shown,
    summary,
    time_left,
)
from model import Experiment, Look, Network, Plane, Surface, Trajectory, TwoParameters, landscape, with_field
from model.arrays import Array
from model.functions import Bowl

POSITIVE = st.floats(1e-9, 1e9)


def flat_plane() -> Plane:
    u, v = np.eye(3)[:2]
    return Plane(np.zeros(3), u, v, ((-1.0, 2.0), (0.0, 4.0)), ("u", "v"))


def surface_of(losses: np.ndarray) -> Surface:
    plane = flat_plane()
    x, y = (np.linspace(*ends, n) for ends, n in zip(plane.bounds, losses.shape, strict=True))
    return Surface(plane, x, y, losses)


def run_of(experiment: Experiment, heights: np.ndarray) -> Run:
    return Run("run 1", experiment, Trajectory(), len(heights), np.zeros((len(heights), 2)), heights, heights)


def frame_of(small: Experiment, sheet: Any, path: Any = (), logarithmic: bool = True) -> Frame:
    surface = surface_of(np.asarray(sheet, float))
    return Frame((run_of(small, np.asarray(path, float)),), surface=surface, logarithmic=logarithmic)


# ---- levels -----------------------------------------------------------------------------------------------------


@given(POSITIVE, st.floats(1e-6, 1e9), st.integers(3, 30))
def test_round_levels_are_multiples_of_one_two_or_five(low: float, span: float, about: int) -> None:
    high = low + span
    assume(span > 1e-6 * high)
    levels = round_levels(low, high, about)
    step = (levels[-1] - levels[0]) / (len(levels) - 1)
    mantissa = step / 10.0 ** np.floor(np.log10(step) + 1e-6)
    assert np.isclose([1, 2, 5], mantissa, rtol=1e-4).any()
    assert np.allclose(levels / step, np.round(levels / step), atol=1e-4)
    assert (np.diff(levels) > 0).all()
    assert levels[0] >= low - 1e-9 * high and levels[-1] <= high * (1 + 1e-9)
    assert about / 2 - 1 <= len(levels) <= 2 * about + 1


def test_round_levels_as_one_would_write_them() -> None:
    assert round_levels(0.13, 1.02, 9).tolist() == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert round_levels(-1.0, 1.0, 4).tolist() == [-1.0, -0.5, 0.0, 0.5, 1.0]


@given(POSITIVE, st.floats(1.01, 1e12), st.integers(3, 20))
def test_log_levels_are_round_ascending_and_inside(low: float, ratio: float, about: int) -> None:
    high = low * ratio
    levels = log_levels(low, high, about)
    assert len(levels) >= (2 if about >= 6 else 1)
    assert (np.diff(levels) > 0).all()
    assert levels[0] >= low * (1 - 1e-6) and levels[-1] <= high * (1 + 1e-6)
    if np.log10(ratio) >= 0.7:
        assert np.allclose(levels, [float(f"{level:.2g}") for level in levels], rtol=1e-9)
    assert len(levels) <= 4 * about


# ---- scale ------------------------------------------------------------------------------------------------------


@given(POSITIVE, st.floats(1.001, 1e9), st.booleans(), st.lists(st.floats(0, 1e20), min_size=2, max_size=20))
def test_scale_is_monotone_from_nought_to_one(low: float, ratio: float, log: bool, losses: list[float]) -> None:
    scale = Scale(low, low * ratio, log, False)
    heights = scale(np.sort(losses))
    assert (np.diff(heights) >= 0).all() and heights.min() >= 0 and heights.max() <= 1
    assert scale(np.array([low, low * ratio])).tolist() == pytest.approx([0, 1])


def test_scale_puts_the_geometric_or_the_arithmetic_middle_halfway() -> None:
    assert float(Scale(0.01, 1.0, True, False)(np.array(0.1))) == pytest.approx(0.5)
    assert float(Scale(0.0, 4.0, False, False)(np.array(2.0))) == pytest.approx(0.5)


@pytest.mark.parametrize("logarithmic", [True, False])
def test_holes_stay_holes(logarithmic: bool) -> None:
    heights = Scale(0.1, 2.0, logarithmic, False)(np.array([0.1, np.nan, np.inf, -np.inf, 2.0]))
    assert np.isnan(heights).tolist() == [False, True, True, True, False]


@pytest.mark.parametrize("logarithmic", [True, False])
@pytest.mark.parametrize(
    ("sheet", "path"),
    [
        (np.full((3, 3), 0.7), [0.7]),
        (np.zeros((3, 3)), [0.0, 0.0]),
        (np.array([[0.0, 1.0], [2.0, 3.0]]), [0.0]),
        (np.full((2, 2), np.nan), [0.5]),
        (np.full((2, 2), np.inf), [0.5, np.inf]),
        (np.array([[1e300, np.inf], [np.nan, 1e-300]]), [1.0, 1.7e308]),
        (np.full((2, 2), 3e38), [1.7e308]),  # surfaces are surveyed in float32, runs are not
        (np.array([[1e-12, 1e-12], [1e-12, 1.0000001e-12]]), [1e-12]),
    ],
    ids=["constant", "all zero", "zero among others", "only holes", "only walls", "huge", "hugest", "tiny"],
)
def test_odd_surfaces_have_a_scale_and_levels(small: Experiment, sheet: Any, path: Any, logarithmic: bool) -> None:
    frame = frame_of(small, sheet, path, logarithmic)
    scale = frame.scale
    assert scale is not None and scale.low < scale.high
    heights = scale(sheet)
    assert (np.isnan(heights) == ~np.isfinite(sheet)).all()
    assert np.nanmin([*heights.ravel(), 0.0]) >= 0
    for levels in (scale.levels, scale.ticks):
        assert np.isfinite(levels).all() and len(levels) < 100
        assert (np.diff(levels) > 0).all()


def test_there_is_no_scale_where_nothing_is_finite(small: Experiment) -> None:
    assert Frame().scale is None
    assert frame_of(small, np.full((2, 2), np.nan), [np.inf]).scale is None


def test_a_wall_is_cut_so_that_the_valley_of_the_path_stays_visible(small: Experiment) -> None:
    sheet = np.full((5, 5), 0.5)
    sheet[4, 4] = 1e6
    scale = frame_of(small, sheet, [1.0, 0.1]).scale
    assert scale is not None and scale.cuts
    # The ends may be rounded outward.
    assert (
        0.05 < scale.low <= 0.1 and 10.0 <= scale.high < 15
    )  # the path's height, once more above it, on a logarithmic axis
    linear = frame_of(small, sheet, [1.0, 0.1], logarithmic=False).scale
    assert linear is not None and 1.9 <= linear.high < 2.2
    assert float(scale(np.array(1e6))) == 1.0


def test_the_scale_is_logarithmic_only_when_asked(small: Experiment) -> None:
    frame = frame_of(small, [[1.0, 2.0], [3.0, 4.0]])
    assert scale_of(frame).logarithmic  # type: ignore[union-attr]
    assert not scale_of(replace(frame, logarithmic=False)).logarithmic  # type: ignore[union-attr]


# ---- points -----------------------------------------------------------------------------------------------------


@given(st.integers(1, 5000), st.data())
def test_shown_keeps_the_first_the_cursor_and_not_many_more(length: int, data: st.DataObject) -> None:
    cursor = data.draw(st.integers(0, length + 5))
    index = shown(length, cursor, 100)
    assert index[0] == 0 and index[-1] == min(cursor, length - 1)
    assert (np.diff(index) > 0).all()
    assert len(index) <= 101


@given(st.integers(0, 5000))
def test_shown_points_stay_where_they_are_while_a_path_grows(cursor: int) -> None:
    before, after = shown(10_000, cursor, 100), shown(10_000, cursor + 1, 100)
    assert set(after[:-1].tolist()) - {cursor} <= set(before.tolist())


@pytest.mark.parametrize("length", [100, 101, 300, 301, 2000, 100_000])
def test_a_zigzag_is_drawn_as_a_zigzag_however_long_it_is(length: int) -> None:
    """Of a path that is on one side at even steps and on the other at odd ones, neighbouring points are on both."""
    sides = shown(length, length, 100)[:-1] % 2  # the cursor's own state may be of either kind
    assert len(sides) >= 33 and (np.diff(sides) != 0).all()


def test_sheet_height_is_exact_on_a_bilinear_function() -> None:
    x, y = np.linspace(-1, 2, 7), np.linspace(0, 4, 5)
    rng = np.random.default_rng(0)
    spots = np.concatenate([rng.uniform([-1, 0], [2, 4], (200, 2)), [[-1, 0], [2, 4], [-1, 4], [2, 0], [0.5, 1]]])

    def height(x: Any, y: Any) -> Any:
        return 3 - 2 * x + 0.5 * y + 0.25 * x * y

    surface = Surface(flat_plane(), x, y, height(x[:, None], y[None, :]))
    np.testing.assert_allclose(sheet_height(surface, spots), height(*spots.T), rtol=0, atol=1e-12)


def test_sheet_height_is_nan_outside_beside_holes_and_for_points_nowhere() -> None:
    losses = np.ones((4, 5))
    losses[0, 0] = np.nan
    surface = surface_of(losses)
    spots = np.array([[-1.01, 1], [2.01, 1], [0, -0.1], [0, 4.1], [np.nan, 1], [-0.9, 0.1], [1.5, 3.0]])
    assert np.isnan(sheet_height(surface, spots)).tolist() == [True] * 6 + [False]


# ---- a frame of a real run --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(small: Experiment) -> Frame:
    """A frame on the plane of parameters 3 and 7, by the model alone."""
    trajectory = small.run(20)
    plane = TwoParameters(first=3, second=7).plane(small.objective, trajectory.params())
    x, y = (np.linspace(*ends, 5) for ends in plane.bounds)
    losses = small.objective.loss(plane.point(np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)))
    coords, recorded = plane.project(trajectory.params()), trajectory.losses()
    run = Run("run 1", small, trajectory, 21, coords, recorded, recorded)
    return Frame((run,), 12, Surface(plane, x, y, losses), small.objective)


def test_the_arrow_is_the_negative_gradient_in_the_plane(real: Frame) -> None:
    state = real.state
    assert state is not None and state.step == 12
    expected = -state.gradient[[3, 7]] / np.linalg.norm(state.gradient[[3, 7]])
    np.testing.assert_allclose(descent_arrow(real), expected, atol=1e-12)


def test_the_arrow_points_where_a_small_step_leads_also_on_a_rescaled_plane(small: Experiment) -> None:
    """Of what is looked at, D·θ, the step −ηg is −ηD·g; by least squares, two steps apart."""
    network = Network((2, 4, 1), "relu")
    experiment = with_field(with_field(small, "network", network), "rescale", 5.0)
    trajectory = experiment.run(20)
    *_, land = landscape(Look(experiment, trajectory, 21))
    assert land is not None
    run = Run("run 1", experiment, trajectory, 21, land.coords, land.heights, land.heights)
    frame = Frame((run,), 12, land.surface, experiment.objective)
    state, factors, plane = frame.state, experiment.factors, frame.plane
    assert state is not None and factors is not None and plane is not None
    moved = np.linalg.lstsq(plane.directions.T, -factors * state.gradient, rcond=None)[0]
    np.testing.assert_allclose(descent_arrow(frame), moved / np.linalg.norm(moved), atol=1e-9)


@pytest.mark.parametrize(("x", "drawn"), [(1.0, True), (1e-4, True), (1e-7, False), (1e-300, False), (0.0, False)])
def test_at_a_minimum_there_is_no_arrow(x: float, drawn: bool) -> None:
    """Of ½(x² + y²) the slope at (x, 0) is x; on [−3, 3]² it reaches 9, a millionth of which over 8.5 is 1e-6."""
    experiment = with_field(Experiment(), "function", Bowl(x=x, y=0.0))
    trajectory = experiment.run(0)
    *_, land = landscape(Look(experiment, trajectory, 1))
    assert land is not None and land.surface.loss.max() == pytest.approx(9.0)
    run = Run("run 1", experiment, trajectory, 1, land.coords, land.heights, land.heights)
    arrow = descent_arrow(Frame((run,), 0, land.surface, experiment.objective, logarithmic=False))
    assert (None if arrow is None else arrow.tolist()) == (pytest.approx([-1.0, 0.0]) if drawn else None)


@pytest.mark.parametrize(("share", "drawn"), [(2.0, True), (0.5, False)])
def test_the_arrow_goes_where_the_slope_is_a_thousandth_of_the_loss_over_the_diagonal(
    real: Frame, share: float, drawn: bool
) -> None:
    """Not that of the whole gradient, most of which points off a plane of two parameters."""
    assert real.here is not None and real.plane is not None
    loss, gradient = real.here
    (x0, x1), (y0, y1) = real.plane.bounds
    in_plane = np.linalg.norm(gradient[[3, 7]]) * np.hypot(x1 - x0, y1 - y0)
    frame = replace(real)
    frame.__dict__["here"] = loss, gradient * share * 1e-3 * loss / in_plane
    assert (descent_arrow(frame) is not None) is drawn


def test_the_sheet_under_the_state_is_evaluated_not_interpolated(real: Frame, small: Experiment) -> None:
    state, last = real.state, real.run.trajectory[20]  # type: ignore[union-attr]
    assert state is not None
    point = last.params.copy()  # the plane holds all other parameters at the newest state
    point[[3, 7]] = state.params[[3, 7]]
    assert real.sheet == pytest.approx(float(small.objective.loss(point)), rel=1e-12)


def test_the_summary_names_step_and_loss(real: Frame) -> None:
    assert real.state is not None
    words = summary(real)
    said = re.search(r"step 12\b.*\bloss (\S+)", words)
    assert said and float(said[1]) == pytest.approx(real.state.loss, rel=1e-4)
    assert summary(Frame()) == "No state yet"


@pytest.mark.parametrize(("size", "drawn"), [(1e150, True), (1e160, False), (1e200, False), (1e307, False)])
def test_a_state_so_far_away_that_no_number_says_how_far_is_told_without_a_warning(
    real: Frame, size: float, drawn: bool
) -> None:
    """As the last ones before a descent has diverged."""
    frame = replace(real)
    frame.__dict__["here"] = 1e100, size * np.sign(real.here[1])  # type: ignore[index]
    arrow = descent_arrow(frame)
    assert (None if arrow is None else np.linalg.norm(arrow)) == (pytest.approx(1.0) if drawn else None)
    assert "loss 1e+100" in summary(frame)


def test_an_empty_frame_answers_everything() -> None:
    frame = Frame()
    assert frame.run is None and frame.state is None and frame.plane is None and frame.sheet is None
    assert descent_arrow(frame) is None


@pytest.mark.parametrize(("value", "words"), [(0.0, "0"), (-0.0, "0"), (-0.5, "−0.5"), (0.12345, "0.123")])
def test_numbers_are_written_with_three_digits_and_a_true_minus(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.slow
def test_frames_need_no_qt() -> None:
    code = "import sys, explorer.frame; print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pyqtgraph')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")


@pytest.mark.parametrize(
    ("spent", "share", "says"),
    [(1.0, 0.5, ""), (5.0, 0.5, "5 s left"), (60.0, 0.25, "3 min left"), (60.0, 0.005, "3.3 h left"), (9.0, 1.0, "")],
)
def test_how_long_something_will_take_is_said_in_a_fitting_unit(spent: float, share: float, says: str) -> None:
    assert time_left(spent, share) == says


# ---- scales over all floats -------------------------------------------------------------------------------------

floats = st.floats(allow_nan=False, allow_infinity=False)


def over(losses: Array, logarithmic: bool) -> Frame:
    """A frame with a surface of such losses, and nothing else."""
    plane = Plane(np.zeros(2), np.eye(2)[0], np.eye(2)[1], ((0.0, 1.0), (0.0, 1.0)), ("", ""))
    x, y = np.linspace(0.0, 1.0, losses.shape[0]), np.linspace(0.0, 1.0, losses.shape[1])
    return Frame(surface=Surface(plane, x, y, losses), logarithmic=logarithmic)


@given(losses=st.lists(floats, min_size=4, max_size=4), logarithmic=st.booleans())
@example([-1e35, -1e35, -1e35, np.nextafter(-1e35, 0.0)], False)
@example([1.7e308, -1.7e308, 0.0, 5e-324], False)
@example([1.7e308, 1.7e308, 1.7e308, 1e308], True)
@example([0.0, 5e-324, 1e-310, 1e-300], True)
def test_a_scale_holds_over_all_floats(losses: list[float], logarithmic: bool) -> None:
    """A saddle that ran away, a typed formula: heights from 0 to 1 in order, and a few round levels; no warning."""
    values = np.sort(np.array(losses)).reshape(2, 2)
    scale = over(values, logarithmic).scale
    assert scale is not None and scale.low < scale.high
    heights = scale(values).ravel()
    assert ((heights >= 0.0) & (heights <= 1.0)).all() and (np.diff(heights) >= 0.0).all()
    for levels in (scale.levels, scale.ticks):
        assert len(levels) <= 60 and np.isfinite(levels).all() and (np.diff(levels) > 0).all()
        room = 1e-6 * max(abs(scale.low), abs(scale.high))
        assert not len(levels) or (levels[0] >= scale.low - room and levels[-1] <= scale.high + room)
    assert np.isnan(scale(np.array([np.inf, -np.inf, np.nan]))).all()


def test_after_a_switch_nothing_is_computed_for_large_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shown was found out by a survey, or is not known yet: a frame takes no time for it."""
    before, after = Experiment(steps=4, resolution=5), Experiment(steps=4, resolution=5, loss="mse")
    trajectory = before.run()
    losses = trajectory.losses()
    heights = after.objective.loss(trajectory.params())
    monkeypatch.setattr("explorer.frame.EXACT", 10)
    for known in (heights, np.full(5, np.nan)):
        run = Run("run", after, trajectory, 5, np.zeros((5, 2)), losses, known, switched=5)
        frame = Frame(runs=(run,), cursor=2, objective=after.objective)
        assert frame.here is None and frame.arrow is None and frame.flow is None
        shown = f"{known[2]:.5g}".replace("nan", "–")
        assert f"loss {shown} (recorded {losses[2]:.4g})" in summary(frame) and "gradient" not in summary(frame)
    frame = replace(frame, cursor=2, runs=(replace(run, switched=0),))
    assert frame.here is not None and "gradient" in summary(frame)
