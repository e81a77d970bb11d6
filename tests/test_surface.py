"""Surveys: the right number at the right place, coarse to fine, each point once."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model import (
    ACTIVATIONS,
    FUNCTIONS,
    LOSSES,
    PLANES,
    Experiment,
    Fit,
    Loss,
    Network,
    Objective,
    Plane,
    PlaneKind,
    SettingError,
    Surface,
    survey,
)
from model.activations import Array
from model.datasets import Dataset
from model.losses import LogCosh, MeanAbsolute, MeanSquared
from model.objective import Flow
from model.settings import kind_of
from model.surface import BYTES, axis, check_shape, estimate, free_memory, strides


class Forgetful(list[tuple[float, float]]):
    """Keeps nothing, so that memory can be measured."""

    def __iadd__(self, other: Any) -> Forgetful:  # type: ignore[misc, override]
        return self


class Function(Objective):
    """f(θ₀, θ₁), which writes down where it was asked."""

    def __init__(self, function: Callable[[Array, Array], Array], chunk: int = 16) -> None:
        self.function, self._chunk, self.asked = function, chunk, list[tuple[float, float]]()

    @property
    def size(self) -> int:
        return 2

    @property
    def names(self) -> tuple[str, ...]:
        return ("θ₀", "θ₁")

    @property
    def filters(self) -> tuple[slice, ...]:
        return ()

    @property
    def region(self) -> None:
        return None

    @property
    def samples(self) -> int:
        return 1

    @property
    def test(self) -> None:
        return None

    @property
    def chunk(self) -> int:
        return self._chunk

    def loss(self, params: Array) -> Array:
        return self.function(params[..., 0], params[..., 1])

    def loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        raise NotImplementedError

    def hessian_at(self, params: Array) -> Any:
        raise NotImplementedError

    def flow(self, params: Array) -> Flow:
        raise NotImplementedError

    def slice(self, origin: Array, directions: Array) -> Any:
        def losses(coords: Array) -> Array:
            assert len(coords) <= self._chunk
            self.asked += [(x, y) for x, y in coords.tolist()]
            return self.loss(origin + coords @ directions)

        return losses


def flat(bounds: Any = ((-1.0, 2.0), (3.0, 5.0))) -> Plane:
    """The plane of θ itself."""
    return Plane(np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), bounds, ("x", "y"))


def lopsided(x: Array, y: Array) -> Array:
    """No symmetry: every place has a value of its own."""
    return np.asarray(10.0 * x + np.exp(y))


SHAPES = [(3, 3), (7, 4), (2, 9), (31, 21), (51, 51), (101, 41), (24, 37)]


@pytest.mark.parametrize("shape", SHAPES)
def test_orientation(shape: tuple[int, int]) -> None:
    """loss[i, j] belongs to (x[i], y[j]), on the last grid and on all before it."""
    for surface in survey(Function(lopsided), flat(), shape):
        assert surface.loss.shape == (len(surface.x), len(surface.y))
        expected = [[10.0 * x + np.exp(y) for y in surface.y] for x in surface.x]
        np.testing.assert_allclose(surface.loss, expected, rtol=1e-12)
    assert surface.loss.shape == shape


@pytest.mark.parametrize("shape", SHAPES)
def test_grids_reach_from_edge_to_edge(shape: tuple[int, int]) -> None:
    for surface in survey(Function(lopsided), flat(), shape):
        assert (surface.x[0], surface.x[-1]) == (-1.0, 2.0) and (surface.y[0], surface.y[-1]) == (3.0, 5.0)
        for places in (surface.x, surface.y):  # even steps, and at most a shorter one to the far edge
            gaps = np.diff(places)
            np.testing.assert_allclose(gaps[:-1], gaps[0])
            assert 0 < gaps[-1] <= gaps[0] * (1 + 1e-12)
    np.testing.assert_allclose(np.diff(surface.x), 3.0 / (shape[0] - 1))
    np.testing.assert_allclose(np.diff(surface.y), 2.0 / (shape[1] - 1))


@pytest.mark.parametrize("shape", SHAPES)
def test_coarse_grids_are_part_of_the_finest(shape: tuple[int, int]) -> None:
    *coarse, finest = survey(Function(lopsided), flat(), shape)
    for surface in coarse:
        columns, rows = np.searchsorted(finest.x, surface.x), np.searchsorted(finest.y, surface.y)
        np.testing.assert_array_equal(finest.x[columns], surface.x)
        np.testing.assert_array_equal(finest.y[rows], surface.y)
        np.testing.assert_array_equal(finest.loss[np.ix_(columns, rows)], surface.loss)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_point_is_asked_for_once(shape: tuple[int, int]) -> None:
    function = Function(lopsided)
    *_, finest = survey(function, flat(), shape)
    assert sorted(function.asked) == sorted((x, y) for x in finest.x.tolist() for y in finest.y.tolist())


@pytest.mark.parametrize("shape", SHAPES)
def test_progress_rises_to_one(shape: tuple[int, int]) -> None:
    """It is the share of points asked for so far, whatever is shown."""
    function, before = Function(lopsided), 0.0
    for surface in survey(function, flat(), shape):
        assert surface.progress == len(function.asked) / (shape[0] * shape[1])
        assert before < surface.progress
        before = surface.progress
    assert before == 1.0


@pytest.mark.parametrize("side", [11, 41, 51, 101, 201, 401, 97, 98, 1001, 10_001])
def test_the_first_grid_is_coarse_but_not_too_coarse(side: int) -> None:
    coarsest, *_ = strides((side, side))
    assert 10 <= (side - 1) // coarsest <= 25
    assert coarsest > 1 or side < 21
    assert strides((side, side))[-1] == 1
    assert list(strides((side, side))) == sorted(strides((side, side)), reverse=True)


def test_what_was_handed_over_stays_as_it_was() -> None:
    seen = [(surface, surface.loss.copy()) for surface in survey(Function(lopsided), flat(), (51, 51))]
    for surface, loss in seen:
        np.testing.assert_array_equal(surface.loss, loss)


def test_it_can_be_left_at_any_time() -> None:
    function = Function(lopsided, chunk=4)
    surveying = survey(function, flat(), (51, 51))
    surface, asked = next(surveying), len(function.asked)
    assert len(function.asked) == surface.loss.size == 121
    next(surveying)
    assert len(function.asked) == asked + 4
    surveying.close()
    assert len(function.asked) == asked + 4


def test_what_is_not_finite_stays_so() -> None:
    def hole(x: Array, y: Array) -> Array:
        return np.where(x > 1.0, np.nan, np.where(y > 4.0, np.inf, x))

    *_, finest = survey(Function(hole), flat(), (31, 21))
    x, y = np.meshgrid(finest.x, finest.y, indexing="ij")
    np.testing.assert_array_equal(finest.loss, hole(x, y))
    assert finest.lowest == (-1.0, 3.0, -1.0)


def test_lowest() -> None:
    surface = Surface(flat(), np.array([1.0, 2.0]), np.array([5.0, 6.0, 7.0]), np.array([[3.0, 2, 4], [9, 8, np.nan]]))
    assert surface.lowest == (1.0, 6.0, 2.0)
    nowhere = Surface(flat(), np.array([1.0]), np.array([5.0, 6.0]), np.array([[np.nan, np.inf]]))
    assert nowhere.lowest is None


@pytest.mark.parametrize("kind", PLANES, ids=kind_of)
def test_surface_of_a_network_is_its_loss(kind: type[PlaneKind]) -> None:
    experiment = Experiment(plane=kind())
    trajectory = experiment.run(steps=30)
    plane = experiment.slice_of(trajectory)
    *_, surface = survey(experiment.objective, plane, (21, 13))
    grid = np.stack(np.meshgrid(surface.x, surface.y, indexing="ij"), axis=-1)
    np.testing.assert_allclose(surface.loss, experiment.objective.loss(plane.point(grid)), rtol=1e-5)


@pytest.mark.parametrize("kind", FUNCTIONS, ids=kind_of)
def test_surface_of_a_function_is_the_function(kind: Any) -> None:
    experiment = Experiment(function=kind())
    plane = experiment.slice_of(experiment.run(steps=3))
    *_, surface = survey(experiment.objective, plane, (21, 13))
    x, y = np.meshgrid(surface.x, surface.y, indexing="ij")
    np.testing.assert_allclose(surface.loss, experiment.objective.loss(np.stack([x, y], axis=-1)), rtol=1e-9)


@pytest.mark.parametrize("loss", LOSSES, ids=kind_of)
def test_surface_of_some_parameters_is_that_of_the_whole_with_the_others_held(loss: type[Loss]) -> None:
    """Of the weights of one neuron: exact, because there is nothing else to leave out."""
    network = Network((2, 5, 2))
    experiment = Experiment(network=network, loss=loss(), trained="2-3")
    plane = experiment.slice_of(experiment.run(steps=5))
    *_, surface = survey(experiment.objective, plane, (7, 9))
    whole, params = Experiment(network=network, loss=loss()).objective, network.begin(experiment.initializer, 0)
    for i, j in np.ndindex(7, 9):
        params[2:4] = surface.x[i], surface.y[j]
        assert surface.loss[i, j] == pytest.approx(float(whole.loss(params)), rel=1e-5)


@pytest.mark.parametrize("reach", [1e3, 1e20, 1e60, 1e200])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_far_away_nothing_warns(reach: float, activation: str) -> None:
    """Beyond the range of float32 the surface has holes, and nobody is told off: a warning would be an error."""
    experiment = Experiment(network=Network(activation=activation))
    u, v = np.random.default_rng(0).normal(size=(2, experiment.objective.size))
    bounds = ((-reach, reach), (-reach, reach))
    *_, surface = survey(experiment.objective, Plane(reach * u, u, v, bounds, ("", "")), (11, 11))
    assert surface.loss.shape == (11, 11) and surface.progress == 1.0


# ---- the centre -------------------------------------------------------------------------------------------------

BOUNDS = [
    ((-1.0, 2.0), (3.0, 5.0)),
    ((-0.3, 0.9), (0.1, 0.2)),
    ((-1.0, 1.0), (-1e-9, 1e-9)),
    ((1e300, 1.6e308), (0, 1)),
]


@pytest.mark.parametrize("bounds", BOUNDS)
@pytest.mark.parametrize("count", [1, 2, 3, 10, 51, 52, 101])
def test_an_axis_is_symmetric_about_its_middle(bounds: Any, count: int) -> None:
    for low, high in bounds:
        places = axis(low, high, count)
        middle = low / 2 + high / 2
        assert len(places) == count and (count == 1 or (places[0], places[-1]) == (low, high))
        assert count % 2 == 0 or places[count // 2] == middle
        ends = max(abs(low), abs(high))
        np.testing.assert_allclose(places / 2 + places[::-1] / 2, middle, rtol=0, atol=4e-16 * ends)
        assert (np.diff(places) > 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2), (3, 4), (7, 7), (10, 10), (31, 21)])
def test_the_centre_is_the_loss_itself(shape: tuple[int, int]) -> None:
    """In the middle of the bounds, where the run is: float32 would be off by 1e-8."""
    experiment = Experiment()
    params = experiment.run(steps=30)[-1].params
    u, v = np.random.default_rng(0).normal(size=(2, len(params)))
    plane = Plane(params, u, v, ((-0.5, 0.5), (-0.2, 0.2)), ("", ""))
    expected = float(experiment.objective.loss(params))
    for surface in survey(experiment.objective, plane, shape):
        assert surface.centre is not None
        assert surface.centre[:2] == (0.0, 0.0)
        assert surface.centre[2] == pytest.approx(expected, rel=1e-12)
    if shape[0] % 2 and shape[1] % 2:
        i, j = shape[0] // 2, shape[1] // 2
        assert (surface.x[i], surface.y[j], surface.loss[i, j]) == surface.centre


def test_one_point_is_the_centre() -> None:
    (surface,) = survey(Function(lopsided), flat(), (1, 1))
    assert (surface.x.tolist(), surface.y.tolist()) == ([0.5], [4.0])
    assert surface.loss.tolist() == [[lopsided(np.array(0.5), np.array(4.0))]]


def test_one_row_is_a_line_through_the_centre() -> None:
    *coarse, surface = survey(Function(lopsided), flat(), (1, 101))
    assert coarse and surface.loss.shape == (1, 101)
    np.testing.assert_allclose(surface.loss[0], lopsided(np.array(0.5), np.linspace(3.0, 5.0, 101)), rtol=1e-14)


def test_a_range_of_zero_is_a_picture_of_one_place() -> None:
    *_, surface = survey(Function(lopsided), flat(((1.0, 1.0), (4.0, 4.0))), (3, 3))
    np.testing.assert_array_equal(surface.loss, lopsided(np.array(1.0), np.array(4.0)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_range_that_is_no_number_is_refused(bad: float) -> None:
    with pytest.raises(SettingError, match=r"range: .* allowed: two finite numbers"):
        next(survey(Function(lopsided), flat(((0.0, bad), (0.0, 1.0))), (3, 3)))


# ---- float32 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES, ids=kind_of)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.slow
def test_drawn_in_float32_the_error_is_below_1e_5(loss: type[Loss], activation: str) -> None:
    """Around a trained network, where losses are small, and far from it, where logits are large."""
    experiment = Experiment(network=Network((2, 8, 8, 2), activation=activation), loss=loss())
    params = experiment.run(steps=300)[-1].params
    u, v = np.random.default_rng(1).normal(size=(2, len(params)))
    for reach in (0.01, 0.3, 3.0):
        plane = Plane(params, u, v, ((-reach, reach), (-reach, reach)), ("", ""))
        *_, surface = survey(experiment.objective, plane, (16, 16))
        grid = np.stack(np.meshgrid(surface.x, surface.y, indexing="ij"), axis=-1)
        exact = experiment.objective.loss(plane.point(grid))
        np.testing.assert_allclose(surface.loss, exact, rtol=1e-5, atol=0, err_msg=f"reach {reach}")


@pytest.mark.parametrize("scale", [1e-3, 1e-8])
@pytest.mark.parametrize("kind", [MeanSquared, MeanAbsolute, LogCosh])
def test_losses_near_zero_keep_their_digits(kind: type[Loss], scale: float) -> None:
    """w·x against y = 2x: with w = 2 + s·c the errors are s·c·x, which float32 would have lost beside 2x."""
    x = np.linspace(-1.0, 1.0, 21)[:, None]
    objective = Fit(Dataset("line", x, 2.0 * x), Network((1, 1), bias=True), kind())
    plane = Plane(
        np.array([2.0, 0.0]), np.array([scale, 0.0]), np.array([0.0, 1.0]), ((-1.0, 1.0), (0.0, 0.0)), ("", "")
    )
    *_, surface = survey(objective, plane, (20, 1))
    error = np.abs((2.0 + scale * surface.x) - 2.0)
    expected = {
        MeanSquared: error**2 * np.mean(x**2),
        MeanAbsolute: error * np.mean(np.abs(x)),
        LogCosh: error**2 * np.mean(x**2) / 2,
    }
    np.testing.assert_allclose(surface.loss[:, 0], expected[kind], rtol=1e-6)


def test_a_close_up_is_not_float32_noise() -> None:
    """Over a millionth of the parameters the loss is a plane: its second differences are far below float32's error."""
    experiment = Experiment()
    u, v = np.random.default_rng(0).normal(size=(2, experiment.objective.size))
    plane = Plane(experiment.start, u, v, ((-1e-7, 1e-7), (-1e-7, 1e-7)), ("", ""))
    *_, surface = survey(experiment.objective, plane, (21, 21))
    spread = np.ptp(surface.loss)
    assert 0 < spread < 1e-5
    assert np.abs(np.diff(surface.loss, n=2, axis=0)).max() < 1e-5 * spread


def test_a_hole_is_one_in_float64_too() -> None:
    """Squares of 1e25 overflow in float32 but not in float64: they are taken again; 1e200 squared is a hole."""
    objective = Fit(Dataset("one", np.ones((1, 1)), np.zeros((1, 1))), Network((1, 1)), MeanSquared())
    plane = Plane(np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]), ((-1.0, 1.0), (0.0, 0.0)), ("", ""))
    for reach, expected in ((1e25, 1e50), (1e200, np.inf)):
        *_, surface = survey(objective, replace(plane, bounds=((-reach, reach), (0.0, 0.0))), (3, 1))
        np.testing.assert_allclose(surface.loss[:, 0], [expected, 0.0, expected], rtol=1e-12)


# ---- size -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(10**6, 10**6), (10**9, 10**9), (1, 10**14)])
def test_more_than_the_memory_holds_is_refused_at_once(shape: tuple[int, int]) -> None:
    tracemalloc.start()
    with pytest.raises(SettingError) as caught:
        next(survey(Function(lopsided), flat(), shape))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.field == "resolution" and len(str(caught.value).splitlines()) == 1
    assert peak < 10**6


def test_the_refusal_says_what_would_fit() -> None:
    free = BYTES * 500**2 + 64 * 1000
    check_shape((500, 500), free)
    with pytest.raises(SettingError) as caught:
        check_shape((10_001, 10_001), free)
    words = "at most 500 points a side on a square (2.4 GB of memory would be needed, 0.00606 GB are free)"
    assert str(caught.value) == f"resolution: 10001 given; allowed: {words}"


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (-1, -1)])
def test_no_points_are_refused(shape: tuple[int, int]) -> None:
    with pytest.raises(SettingError, match=r"resolution: .*1 point a side or more"):
        next(survey(Function(lopsided), flat(), shape))


def test_data_without_rows_have_no_surface() -> None:
    with pytest.raises(SettingError, match=r"^dataset: 'none with 0 rows' given; allowed: 1 row or more$"):
        Fit(Dataset("none", np.empty((0, 1)), np.empty((0, 1))), Network((1, 1)), MeanSquared())


def test_free_memory_is_some() -> None:
    assert 10**7 < free_memory() < 10**15


@pytest.mark.parametrize("shape", [(301, 301), (1, 100_000), (512, 200)])
@pytest.mark.slow
def test_the_bytes_estimated_are_those_taken(shape: tuple[int, int]) -> None:
    """Never fewer, so that a refusal comes before the memory is gone; and not ten times as many."""
    function = Function(lopsided, chunk=64)
    expected = estimate(function, flat(), shape, clock=lambda: 0.0)
    function.asked = Forgetful()
    tracemalloc.start()
    surfaces = survey(function, flat(), shape)
    surface = next(surfaces)
    for surface in surfaces:  # noqa: B007, the last is wanted
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert surface.loss.nbytes < peak < expected.bytes + 10**5 < 10 * peak


def test_the_seconds_estimated_are_those_of_the_points() -> None:
    """By a clock that goes on by one for each point asked for: the survey takes as many seconds as it has points."""
    function = Function(lopsided)
    assert estimate(function, flat(), (200, 50), lambda: len(function.asked)).seconds == 10_000
    assert estimate(function, flat(), (2, 3), lambda: len(function.asked)).seconds == 6


# ---- executors --------------------------------------------------------------------------------------------------


class Failing(Function):
    """Fails beyond x = 1."""

    def loss(self, params: Array) -> Array:
        if (params[..., 0] > 1.0).any():
            raise ZeroDivisionError("beyond 1")
        return super().loss(params)


class Counting(ThreadPoolExecutor):
    """Keeps what was handed over."""

    def __init__(self) -> None:
        super().__init__(2)
        self.futures = list[Future[Any]]()

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.futures.append(super().submit(*args, **kwargs))
        return self.futures[-1]


@pytest.mark.parametrize("pool", [ThreadPoolExecutor, ProcessPoolExecutor])
def test_an_executor_changes_no_bit(pool: Any) -> None:
    """In float32, where it is made good in float64, and all in float64; for networks, parts of them and functions."""
    network = Experiment()
    cases = [
        (network, 0.5),
        (network, 1e-8),
        (Experiment(trained="0-9"), 1.0),
        (Experiment(function=FUNCTIONS[0]()), 1.0),
    ]
    with pool(2) as executor:
        for experiment, reach in cases:
            objective, params = experiment.objective, experiment.run(steps=20)[-1].params
            u, v = np.random.default_rng(0).normal(size=(2, objective.size))
            plane = Plane(params, u, v, ((-reach, reach), (-reach, reach)), ("", ""))
            *_, serial = survey(objective, plane, (38, 31))
            *_, parallel = survey(objective, plane, (38, 31), executor)
            np.testing.assert_array_equal(parallel.loss, serial.loss)
            assert parallel.centre == serial.centre and parallel.progress == 1.0


def test_an_executor_goes_from_coarse_to_fine_too() -> None:
    with ThreadPoolExecutor(2) as executor:
        shapes = [surface.loss.shape for surface in survey(Function(lopsided), flat(), (101, 101), executor)]
    assert shapes == sorted(shapes) and list(dict.fromkeys(shapes)) == [(11, 11), (21, 21), (51, 51), (101, 101)]


def test_left_early_nothing_is_left_running() -> None:
    """Nor waiting, though the first picture is shown while hundreds of tasks are to do."""
    cancelled = threading.Event()

    class Slow(Counting):
        """Makes what the first picture takes at once, and the rest when some of it has been cancelled."""

        def submit(self, task: Any, *given: Any) -> Any:  # type: ignore[override]
            first = len(self.futures) < 40  # of 31 tasks for 121 points
            return super().submit(lambda: (first or cancelled.wait(60)) and task(*given))

    with Slow() as executor:
        surveying = survey(Function(lopsided, chunk=2), flat(), (101, 101), executor)
        next(surveying)
        for future in executor.futures:
            future.add_done_callback(lambda done: cancelled.set() if done.cancelled() else None)
        surveying.close()
        assert len(executor.futures) > 100 and all(future.done() for future in executor.futures)
        assert any(future.cancelled() for future in executor.futures)


@pytest.mark.parametrize("pool", [Counting, ProcessPoolExecutor])
def test_exceptions_reach_the_caller(pool: Any) -> None:
    with pool() as executor:
        with pytest.raises(ZeroDivisionError, match="beyond 1"):
            list(survey(Failing(lopsided), flat(), (31, 31), executor))
        assert all(future.done() for future in getattr(executor, "futures", ()))
