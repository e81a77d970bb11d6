"""What comes in: floats of the right size, and copies of what is kept."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

from model import (
    FUNCTIONS,
    OPTIMIZERS,
    Descent,
    Experiment,
    Fit,
    Line,
    Network,
    Objective,
    Plane,
    Restricted,
    SettingError,
    Trajectory,
    begin,
    descend,
    survey,
)
from model.arrays import Array, kept
from model.connection import BendLoss
from model.datasets import Dataset
from model.datasets.dataset import Scaling
from model.functions import TypedFormula
from model.honesty import trust
from model.losses import MeanSquared
from model.objective import flow
from model.settings import kind_of

NETWORK = Network((1, 3, 1), activation="tanh")


def fit(network: Network = NETWORK) -> Fit:
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(9, network.widths[0])), rng.normal(size=(9, 1))
    ones, none = np.ones(1), np.zeros(1)
    return Fit(Dataset("points", inputs, targets, scaling=Scaling(none, ones, none, ones)), network, MeanSquared())


def objectives() -> dict[str, Objective]:
    """One of each class."""
    whole = fit()
    held, ends = np.arange(10.0), np.random.default_rng(1).normal(size=(2, 10))
    return {
        "network": whole,
        "some parameters": Restricted(whole, np.array([1, 4, 5]), held),
        "a connection": BendLoss(whole, *ends, nodes=4),
        **{kind_of(kind): kind().objective for kind in FUNCTIONS},
    }


OBJECTIVES = objectives()
METHODS: dict[str, Callable[[Any, Any], object]] = {
    "loss": lambda objective, params: objective.loss(params),
    "loss of many": lambda objective, params: objective.loss(np.stack([params, params])),
    "gradient": lambda objective, params: objective.loss_and_gradient(params),
    "hessian": lambda objective, params: objective.hessian_at(params),
    "product": lambda objective, params: objective.hessian_at(np.ones(objective.size))(params),
    "flow": lambda objective, params: flow(objective, params),
    "slice": lambda objective, params: objective.slice(params, np.ones((2, objective.size))),
    "directions": lambda objective, params: objective.slice(np.ones(objective.size), np.stack([params, params])),
    "begin": lambda objective, params: begin(objective, Descent(), params),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OBJECTIVES)
def test_other_shapes_are_refused(name: str, method: str) -> None:
    """Also twice as many numbers, which could be taken for two vectors, and more than are needed, of which the first
    would do."""
    objective = OBJECTIVES[name]
    METHODS[method](objective, np.ones(objective.size))
    for wrong in (objective.size - 1, objective.size + 1, 2 * objective.size):
        with pytest.raises(SettingError, match=r"given; allowed: (a|the) shape"):
            METHODS[method](objective, np.ones(wrong))


def test_a_network_refuses_other_shapes_itself() -> None:
    """As do a fit's parameters in a person's units."""
    features = NETWORK.features(np.ones((5, 1)))
    for wrong in (NETWORK.size - 1, NETWORK.size + 1, 2 * NETWORK.size):
        for method in (NETWORK.forward, NETWORK.record):
            with pytest.raises(SettingError, match="params"):
                method(np.ones(wrong), features)
        with pytest.raises(SettingError, match="params"):
            fit().user_units(np.ones(wrong))


# ---- whole numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OBJECTIVES)
def test_whole_numbers_are_floats_inside(name: str) -> None:
    objective = OBJECTIVES[name]
    whole = np.arange(objective.size) % 3
    exact, doubles = objective.loss(whole), whole.astype(float)
    assert exact == objective.loss(doubles)
    loss, gradient = objective.loss_and_gradient(whole)
    assert loss == pytest.approx(float(exact)) and gradient.dtype == float
    np.testing.assert_array_equal(gradient, objective.loss_and_gradient(doubles)[1])
    products = objective.hessian_at(whole)(whole), objective.hessian_at(doubles)(doubles)
    np.testing.assert_array_equal(*products)
    assert begin(objective, Descent(), whole).params.dtype == float


def test_whole_numbers_do_not_overflow() -> None:
    """25¹⁴ has 66 bits."""
    network = Network((1, 1), degree=14)
    np.testing.assert_array_equal(network.features(np.array([[25]]))[:14, 0], [25.0**power for power in range(1, 15)])
    data = Dataset("points", np.array([[25], [-25]]), np.array([[10**15], [1]]))
    objective = Fit(data, network, MeanSquared())
    assert float(objective.loss(np.zeros(15))) == (1e30 + 1.0) / 2
    steep = TypedFormula(text="x^14").objective
    assert float(steep.loss(np.array([25, 0]))) == 25.0**14
    assert steep.loss_and_gradient(np.array([25, 0]))[0] == 25.0**14


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=kind_of)
def test_a_descent_from_whole_numbers_is_the_one_from_floats(kind: Any) -> None:
    objective, descent = OBJECTIVES["bowl"], Descent(optimizer=kind())
    for given in (np.array([2, 1]), np.array([2, 1], np.int8), [2, 1]):
        states = descend(objective, descent, begin(objective, descent, given))  # type: ignore[arg-type]
        exact = descend(objective, descent, begin(objective, descent, np.array([2.0, 1.0])))
        for _ in range(5):
            np.testing.assert_array_equal(next(states).params, next(exact).params)


def test_planes_and_lines_of_whole_numbers() -> None:
    plane = Plane(np.array([1, 2, 3]), np.array([1, 0, 0]), np.array([0, 2, 0]), ((-1, 1), (-1, 1)), ("", ""))
    np.testing.assert_array_equal(plane.point(np.array([0.5, 0.25])), [1.5, 2.5, 3.0])
    line = Line(np.array([1, 2, 3]), np.array([0, 0, 2]), (0, 1), "")
    np.testing.assert_array_equal(line.point(np.array(0.25)), [1.0, 2.0, 3.5])


# ---- what a caller hands over stays the caller's ----------------------------------------------------------------


def handed_over() -> dict[str, tuple[list[Array], Callable[..., Callable[[], object]]]]:
    """Of each taker: what it is given, and how to make from that something whose numbers can be asked for."""
    rng = np.random.default_rng(3)
    p, u, v = rng.normal(size=(3, 10))
    objective, bounds = fit(), ((-1.0, 1.0), (-1.0, 1.0))
    coords = rng.normal(size=(5, 2))

    def a_plane(p: Array, u: Array, v: Array, scale: Array) -> Callable[[], object]:
        plane = Plane(p, u, v, bounds, ("", ""), scale=scale)
        return lambda: (
            plane.point(coords),
            plane.project(np.ones(10)),
            list(survey(objective, plane, (3, 3)))[-1].loss,
        )

    def a_fit(inputs: Array, targets: Array, *scaling: Array) -> Callable[[], object]:
        made = Fit(Dataset("points", inputs, targets, scaling=Scaling(*scaling)), NETWORK, MeanSquared())
        return lambda: (made.loss(p), made.loss_and_gradient(p), made.user_units(p), made.dataset.targets)

    def a_descent(p: Array) -> Callable[[], object]:
        start = begin(objective, Descent(), p)
        return lambda: (start.params, [state.params for state in islice(descend(objective, Descent(), start), 2)])

    def a_line(p: Array, u: Array, fan: Array) -> Callable[[], object]:
        line = Line(p, u, (-1.0, 1.0), "", fan)
        return lambda: (line.point(np.array([0.5])), line.fan)

    def a_product(p: Array) -> Callable[[], object]:
        product = objective.hessian_at(p)
        return lambda: product(np.ones(10))

    def a_slice(p: Array, directions: Array) -> Callable[[], object]:
        drawn = objective.slice(p, directions)
        return lambda: drawn(coords)

    def a_part(free: Array, held: Array) -> Callable[[], object]:
        part = Restricted(objective, free, held)
        return lambda: (part.loss(np.ones(2)), part.complete(np.ones(2)))

    def a_trajectory(p: Array) -> Callable[[], object]:
        trajectory = Trajectory([begin(objective, Descent(), p)])
        return trajectory.params

    def a_judgement(path: Array, losses: Array) -> Callable[[], object]:
        told = trust(objective, Plane(p, u, v, bounds, ("", "")), path, losses)
        return lambda: (told.gaps.losses, told.gaps.sheets)

    def a_course(path: Array) -> Callable[[], object]:
        chosen = Experiment().plane.plane(objective, path)
        return lambda: (chosen.origin, chosen.directions)

    return {
        "plane": ([p, u, v, rng.uniform(1, 2, 10)], a_plane),
        "data": ([rng.normal(size=(9, 1)), rng.normal(size=(9, 1)), *rng.uniform(1, 2, (4, 1))], a_fit),
        "descent": ([p], a_descent),
        "line": ([p, u, rng.normal(size=(2, 10))], a_line),
        "product": ([p], a_product),
        "slice": ([p, np.stack([u, v])], a_slice),
        "part": ([np.array([2, 3]), p], a_part),
        "trajectory": ([p], a_trajectory),
        "judgement": ([rng.normal(size=(4, 10)), rng.normal(size=4)], a_judgement),
        "course": ([rng.normal(size=(4, 10))], a_course),
    }


HANDED_OVER = handed_over()


def numbers(asked: object) -> list[Array]:
    if isinstance(asked, (tuple, list)):
        return [array for part in asked for array in numbers(part)]
    return [] if asked is None else [np.array(asked)]


@pytest.mark.parametrize("through", ["the array itself", "a view of a larger one", "a read-only view"])
@pytest.mark.parametrize("taker", HANDED_OVER)
def test_what_is_handed_over_stays_the_caller_s(taker: str, through: str) -> None:
    """It is neither changed nor frozen, and what its owner does with it afterwards is not seen."""
    given, make = HANDED_OVER[taker]
    owned = [np.stack([array, array]) if through != "the array itself" else array.copy() for array in given]
    arguments = owned if through == "the array itself" else [array[0] for array in owned]
    if through == "a read-only view":
        for view in arguments:
            view.flags.writeable = False
    asked = make(*arguments)
    before = numbers(asked())
    for array, original in zip(owned, given, strict=True):
        mine = array if through == "the array itself" else array[0]
        np.testing.assert_array_equal(mine, original)
        assert array.flags.writeable
        array[...] = 1  # of any kind: numbers of rows are to stay such
    for now, then in zip(numbers(asked()), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_a_view_that_was_there_before_the_array_was_frozen_changes_nothing() -> None:
    array = np.zeros(3)
    view = array[:]
    array.flags.writeable = False
    plane = Plane(array, np.eye(3)[0], np.eye(3)[1], ((-1, 1), (-1, 1)), ("", ""))
    view[0] = 5.0
    assert plane.origin[0] == 0.0
    with pytest.raises(ValueError, match="WRITEABLE"):
        plane.origin.flags.writeable = True


def test_numbers_that_are_not_whole_are_no_class_and_no_parameter() -> None:
    with pytest.raises(SettingError, match="whole numbers"):
        Dataset("points", np.zeros((2, 1)), np.array([0.9, 1.2]), classes=2)
    for free in ([0.7, 2.9], [3, 1], [1, 1], [-1, 2], [2, 10]):
        with pytest.raises(SettingError):
            Restricted(fit(), np.array(free), np.zeros(10))
    with pytest.raises(SettingError, match="coords"):
        fit().slice(np.zeros(10), np.ones((2, 10)))(np.zeros((4, 1)))


def test_a_copy_is_made_once() -> None:
    """What is read-only already, and nobody's view, is as good as a copy: a plane that is moved copies nothing."""
    first = kept(np.arange(3.0))
    assert kept(first) is first and not first.flags.writeable
    assert kept(first[:2]) is not first[:2] and kept(first, int).dtype == int
    plane = Plane(first, np.eye(3)[0], np.eye(3)[1], ((-1, 1), (-1, 1)), ("", ""))
    assert plane.around(np.ones((2, 3)), least=1.0).u is plane.u
