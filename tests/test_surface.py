"""Surveys: the right number at the right place, coarse to fine, each point once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from model import (
    ACTIVATIONS,
    FUNCTIONS,
    LOSSES,
    PLANES,
    Experiment,
    Loss,
    Network,
    Objective,
    Plane,
    PlaneKind,
    Surface,
    survey,
)
from model.activations import Array
from model.objective import Flow
from model.settings import kind_of
from model.surface import strides


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
        for axis in (surface.x, surface.y):  # even steps, and at most a shorter one to the far edge
            gaps = np.diff(axis)
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


@pytest.mark.parametrize("side", [11, 41, 51, 101, 201, 401, 97, 98])
def test_the_first_grid_is_coarse_but_not_too_coarse(side: int) -> None:
    coarsest, *_ = strides((side, side))
    assert (side - 1) // coarsest >= 10
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
    surveying.close()  # type: ignore[attr-defined]
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
