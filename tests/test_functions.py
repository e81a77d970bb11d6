"""Functions of x and y: their closed forms in NumPy, derivatives by differences, minima of the literature."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy.optimize import minimize

from model import FUNCTIONS, Descent, Function, SettingError, begin, descend, fields_of
from model.activations import Array
from model.functions import (
    Ackley,
    Analytic,
    Beale,
    Booth,
    Himmelblau,
    Plateau,
    Rastrigin,
    Ravine,
    Rosenbrock,
    StyblinskiTang,
    ThreeHumpCamel,
    TypedFormula,
)
from model.objective import flow
from model.settings import build, kind_of
from tests.cases import in_turn

every = in_turn("kind", FUNCTIONS, ids=kind_of)


def ackley(x: Array, y: Array) -> Array:
    distance, waves = np.sqrt(0.5 * (x**2 + y**2)), 0.5 * (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y))
    return -20 * np.exp(-0.2 * distance) - np.exp(waves) + np.e + 20


CLOSED: dict[str, Callable[[Array, Array], Array]] = {
    "bowl": lambda x, y: 0.5 * (x**2 + y**2),
    "ravine": lambda x, y: 0.5 * (x**2 + 20 * y**2),
    "saddle": lambda x, y: 0.5 * (x - y) * (x + y),
    "monkey-saddle": lambda x, y: ((x + 1j * y) ** 3).real,
    "rosenbrock": lambda x, y: 100 * (y - x**2) ** 2 + (1 - x) ** 2,
    "himmelblau": lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
    "beale": lambda x, y: (1.5 - x * (1 - y)) ** 2 + (2.25 - x * (1 - y**2)) ** 2 + (2.625 - x * (1 - y**3)) ** 2,
    "booth": lambda x, y: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2,
    "rastrigin": lambda x, y: 20 + sum(t**2 - 10 * np.cos(2 * np.pi * t) for t in (x, y)),
    "ackley": ackley,
    "styblinski-tang": lambda x, y: 0.5 * sum(t**4 - 16 * t**2 + 5 * t for t in (x, y)),
    "three-hump-camel": lambda x, y: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2,
    "plateau": lambda x, y: -np.expm1(-0.5 * (x**2 + y**2)),
    "formula": lambda x, y: (x**2 + y**2) / 10 + np.sin(2 * x) * np.cos(y),
}


def closed_form(kind: type[Function]) -> Callable[[Array, Array], Array]:
    """As it is above, or else as Python and NumPy understand the formula."""
    text = kind().formula.replace("^", "**")
    fields = {name: getattr(kind(), name) for name in kind.__struct_fields__}
    return CLOSED.get(kind_of(kind)) or (lambda x, y: eval(text, vars(np) | fields | {"x": x, "y": y}))


def some_points(kind: type[Function], count: int) -> Array:
    """Anywhere in the region, `(count, 2)`."""
    (x0, x1), (y0, y1) = kind().region
    return np.random.default_rng(5).uniform([x0, y0], [x1, y1], (count, 2))


def analytic(function: Function) -> Analytic:
    objective = function.objective
    assert isinstance(objective, Analytic)
    return objective


@every
def test_value_is_the_closed_form(kind: type[Function]) -> None:
    points = some_points(kind, 200)
    losses = kind().objective.loss(points)
    np.testing.assert_allclose(losses, closed_form(kind)(*points.T), rtol=1e-11, atol=1e-11)
    for point, loss in zip(points[:20], losses[:20], strict=True):
        assert kind().objective.loss_and_gradient(point)[0] == pytest.approx(loss, rel=1e-12, abs=1e-12)


@every
def test_gradient(kind: type[Function], central_differences: Any) -> None:
    closed = closed_form(kind)
    for point in some_points(kind, 20):
        gradient = kind().objective.loss_and_gradient(point)[1]
        expected = central_differences(lambda p: float(closed(*p)), point)
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, atol=1e-5)


@every
def test_hessian(kind: type[Function]) -> None:
    """Column by column against differences of gradients, and linear in the vector."""
    objective, h = kind().objective, 1e-6
    for point in some_points(kind, 20):
        product = objective.hessian_at(point)
        for unit in np.eye(2):
            ahead, behind = (objective.loss_and_gradient(point + step * unit)[1] for step in (h, -h))
            np.testing.assert_allclose(product(unit), (ahead - behind) / (2 * h), rtol=1e-6, atol=1e-4)
        np.testing.assert_allclose(
            product(np.array([2.0, -3.0])), 2 * product(np.eye(2)[0]) - 3 * product(np.eye(2)[1])
        )


@every
def test_minima_are_minima(kind: type[Function]) -> None:
    """Value as stated, gradient zero, Hessian positive definite; and nothing around them is lower."""
    objective, closed = kind().objective, closed_form(kind)
    angles = np.linspace(0, 2 * np.pi, 37)
    for x, y, value in kind().minima:
        at = np.array([x, y])
        scale = 1.0 + abs(value)
        loss, gradient = objective.loss_and_gradient(at)
        assert loss == pytest.approx(value, abs=1e-14 * scale)
        assert float(closed(np.float64(x), np.float64(y))) == pytest.approx(value, abs=1e-14 * scale)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-12 * scale)
        for radius in (1e-3, 0.05):
            assert (closed(x + radius * np.cos(angles), y + radius * np.sin(angles)) > value).all()
        product = objective.hessian_at(at)
        curvatures = np.linalg.eigvalsh(np.column_stack([product(unit) for unit in np.eye(2)]))
        if kind is Ackley:  # a tip: no second derivatives, and 0 is taken
            np.testing.assert_array_equal(curvatures, 0.0)
        else:
            assert curvatures.min() > 0.0


@pytest.mark.parametrize("kind", [Himmelblau, StyblinskiTang, ThreeHumpCamel, Booth, Rosenbrock], ids=kind_of)
def test_no_minimum_is_missing(kind: type[Function]) -> None:
    """SciPy's descents on the closed form, from a grid of starts, end in all the minima stated and in no other."""
    closed, (xs, ys) = closed_form(kind), kind().region
    ends = []
    for start in [(x, y) for x in np.linspace(*xs, 6) for y in np.linspace(*ys, 6)]:
        ends.append(minimize(lambda p: float(closed(*p)), start, method="Nelder-Mead", options=dict(xatol=1e-7)).x)
    distances = np.linalg.norm(np.array(ends)[:, None] - np.array(kind().minima)[None, :, :2], axis=-1)
    assert distances.min(axis=1).max() < 1e-3  # each end is one that is stated
    assert distances.min(axis=0).max() < 1e-3  # each one stated is an end


@pytest.mark.parametrize(
    ("kind", "stated"),
    [
        (Himmelblau, [(3.0, 2.0, 0), (-2.805118, 3.131312, 0), (-3.779310, -3.283186, 0), (3.584428, -1.848126, 0)]),
        (Beale, [(3.0, 0.5, 0)]),
        (Booth, [(1.0, 3.0, 0)]),
        (Rosenbrock, [(1.0, 1.0, 0)]),
        (Ackley, [(0.0, 0.0, 0)]),
        (Rastrigin, [(0.0, 0.0, 0)]),
        (StyblinskiTang, [(-2.903534, -2.903534, -39.16617 * 2)]),
        (ThreeHumpCamel, [(0.0, 0.0, 0), (1.7476, -0.8738, 0.2986), (-1.7476, 0.8738, 0.2986)]),
    ],
    ids=lambda value: kind_of(value) if isinstance(value, type) else "",
)
def test_minima_of_the_literature(kind: type[Function], stated: list[tuple[float, float, float]]) -> None:
    ours = np.array(kind().minima)[: len(stated)]
    digits = 1e-4 if kind is ThreeHumpCamel else 3e-5
    np.testing.assert_allclose(ours, stated, rtol=0, atol=digits)


@every
def test_region_holds_start_and_minima(kind: type[Function]) -> None:
    function = kind()
    (x0, x1), (y0, y1) = function.region
    for x, y in [(function.x, function.y), *((x, y) for x, y, _ in function.minima)]:
        assert x0 < x < x1 and y0 < y < y1
    assert function.objective.space.region == function.region


@every
def test_a_descent_goes_down_from_the_start(kind: type[Function]) -> None:
    objective, function = kind().objective, kind()
    start = begin(objective, Descent(), np.array([function.x, function.y]))
    assert np.linalg.norm(start.gradient) > 1e-4
    small = start.params - 1e-4 * start.gradient / np.linalg.norm(start.gradient)
    assert float(objective.loss(small)) < start.loss
    assert len(list(islice(descend(objective, Descent(), start), 3))) >= 1


@every
def test_is_an_objective_of_two_parameters(kind: type[Function]) -> None:
    objective = kind().objective
    assert (objective.size, objective.samples, objective.space.names) == (2, 1, ("x", "y"))
    assert (objective.space.filters, objective.test) == ((), None)
    layers = flow(objective, np.zeros(2))
    assert len(layers.gradients) == len(layers.signals) == 0
    assert objective is kind().objective


@every
def test_stacks_and_slices(kind: type[Function]) -> None:
    """More than a chunk, in any shape; a slice along any two vectors."""
    objective = kind().objective
    points = some_points(kind, 3 * 2000)
    stack = objective.loss(points.reshape(3, 2000, 2))
    assert stack.shape == (3, 2000) and stack.dtype == np.float64 and objective.chunk < 6000
    np.testing.assert_allclose(stack.ravel(), closed_form(kind)(*points.T), rtol=1e-11, atol=1e-11)
    assert objective.loss(points[0]).shape == ()

    origin, coords = points[0], np.random.default_rng(1).normal(size=(50, 2)).astype(np.float32)
    for directions in (np.array([[0.3, 0.1]]), np.array([[0.3, 0.1], [-0.2, 0.4]])):
        part = coords[:, : len(directions)].astype(float)
        expected = objective.loss(origin + part @ directions)
        losses = objective.slice(origin, directions)(part.astype(np.float32))
        np.testing.assert_allclose(losses, expected, rtol=1e-12)


@every
def test_far_away_is_silent(kind: type[Function]) -> None:
    """A descent that diverges is no reason to warn: warnings are errors here."""
    for far in (1e10, 1e160, -1e300, np.inf, np.nan):
        point = np.array([far, -far])
        loss, gradient = kind().objective.loss_and_gradient(point)
        assert isinstance(loss, float) and gradient.shape == (2,) and gradient.dtype == np.float64
        np.testing.assert_allclose(kind().objective.loss(point), loss)
        kind().objective.hessian_at(point)(point)


@every
def test_settings_round_trip(kind: type[Function]) -> None:
    function = kind(x=0.5, y=-0.25)
    assert build(kind, msgspec.json.decode(msgspec.json.encode(function))) == function
    assert [field.name for field in fields_of(kind)][:2] == ["x", "y"]
    assert kind.caption and kind.__doc__ and "Teaches: " in kind.__doc__
    for name in ("x", "y"):
        for bad in (float("nan"), float("inf"), 1.1e6, -1.1e6, "1", True):
            with pytest.raises(SettingError, match=rf"^{name}: "):
                kind(**{name: bad})  # type: ignore[arg-type]


def test_ackley_s_tip() -> None:
    """No gradient exists there: one-sided slopes are ±2√2 along an axis. 0 lies between them and is taken."""
    ahead = float(ackley(np.float64(1e-9), np.float64(0.0))) / 1e-9
    assert ahead == pytest.approx(2 * np.sqrt(2), rel=1e-5)
    loss, gradient = Ackley().objective.loss_and_gradient(np.zeros(2))
    assert loss == pytest.approx(0.0, abs=1e-14)
    np.testing.assert_array_equal(gradient, [0.0, 0.0])
    np.testing.assert_array_equal(Ackley().objective.hessian_at(np.zeros(2))(np.ones(2)), [0.0, 0.0])


def test_where_only_one_slope_is_missing() -> None:
    """√(x²) + y² at (0, 1): ∂/∂x does not exist, ∂/∂y is 2."""
    objective = TypedFormula(text="sqrt(x^2) + y^2").objective
    np.testing.assert_array_equal(objective.loss_and_gradient(np.array([0.0, 1.0]))[1], [0.0, 2.0])
    np.testing.assert_array_equal(objective.hessian_at(np.array([0.0, 1.0]))(np.ones(2)), [0.0, 2.0])


def test_where_there_is_no_value_there_is_no_slope() -> None:
    loss, gradient = TypedFormula(text="sqrt(x) + y").objective.loss_and_gradient(np.array([-1.0, 0.0]))
    assert np.isnan(loss) and np.isnan(gradient[0])


def test_infinitely_steep_is_not_flat() -> None:
    _, gradient = TypedFormula(text="sqrt(x) + y").objective.loss_and_gradient(np.array([0.0, 0.0]))
    np.testing.assert_array_equal(gradient, [np.inf, 1.0])


@pytest.mark.parametrize("condition", [1.0, 7.5, 1e6])
def test_condition_number(condition: float) -> None:
    product = Ravine(condition=condition).objective.hessian_at(np.array([0.3, -0.2]))
    np.testing.assert_array_equal([product(unit) for unit in np.eye(2)], [[1.0, 0.0], [0.0, condition]])


def test_steepness_of_rosenbrock() -> None:
    assert float(Rosenbrock(b=3.0).objective.loss(np.array([2.0, 1.0]))) == 1.0 + 3.0 * 9.0


def test_plateau_is_flat_far_out() -> None:
    _, gradient = Plateau().objective.loss_and_gradient(np.array([5.0, 5.0]))
    np.testing.assert_allclose(gradient, 5.0 * np.exp(-25.0), rtol=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x + (y", r"^text: 'x \+ \(y' given; allowed: column 7: a closing parenthesis$"),
        ("2x", r"^text: '2x' given; allowed: column 2: an operator"),
        ("", r"^text: '' given; allowed: a formula in x and y"),
        ("k*x", r"^text: 'k\*x' given; allowed: column 1: "),
        ("text", r"^text: 'text' given; allowed: column 1: "),
        ("1/(x - 2)", r"^text: .* finite at the start, x = 2, y = -3; there it is inf$"),
        ("log(y)", r"^text: .* finite at the start, x = 2, y = -3; there it is nan$"),
        ("9^9^9^9", r"^text: .* finite at the start, x = 2, y = -3; there it is inf$"),
    ],
)
def test_typed_formula_is_checked(text: str, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TypedFormula(text=text, x=2.0, y=-3.0)


def test_typed_formula_names_its_field_in_a_file() -> None:
    with pytest.raises(SettingError, match=r"^function\.text: 'x\+' given; allowed: column 3: "):
        build(TypedFormula, {"kind": "formula", "text": "x+"}, "function")
    with pytest.raises(SettingError, match=r"^text: 5 given; allowed: a text"):
        TypedFormula(text=5)  # type: ignore[arg-type]


def test_start_decides_whether_a_formula_can_be_used() -> None:
    assert float(TypedFormula(text="log(y)", y=1.0).objective.loss(np.array([0.0, np.e]))) == pytest.approx(1.0)
