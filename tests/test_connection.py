"""Connections: curves of low loss, against a valley whose best curve is known, and between two networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from model import Descent, Experiment, Fit, Network, Objective, Restricted, SettingError, descend
from model.activations import Array
from model.connection import BendLoss, Connection, Search, connect
from model.datasets import Moons
from model.descent import begin
from model.functions import TypedFormula
from model.losses import BinaryCrossEntropy
from model.optimizers.adam import Adam
from model.schedules import Constant

RING = TypedFormula(text="(x^2 + y^2 - 1)^2").objective
LEFT, RIGHT = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
SMALL = Fit(Moons(samples=30, seed=1).load(), Network((2, 3, 1)), BinaryCrossEntropy())


def vectors(objective: Objective, count: int, seed: int = 0) -> Array:
    return np.asarray(np.random.default_rng(seed).normal(size=(count, objective.size)))


def found(objective: Objective, a: Array, b: Array, **search: Any) -> Connection:
    """The last curve of the search."""
    *_, last = connect(objective, a, b, Search(**search))
    return last


def trained(activation: str, seed: int) -> tuple[Objective, Array]:
    """A small network on moons, and where Adam has brought it from that seed."""
    experiment = Experiment(
        dataset=Moons(samples=100), network=Network((2, 16, 16, 1), activation), seed=seed, steps=500,
        descent=Descent(Adam(), Constant(0.01)),
    )  # fmt: skip
    return experiment.objective, experiment.run()[-1].params


def test_a_curve_by_hand() -> None:
    """De Casteljau's construction: half-way along both legs, then half-way between these."""
    curve = Connection(np.array([0.0, 0.0, 4.0]), np.array([2.0, 8.0, 0.0]), np.array([8.0, 0.0, 0.0]))
    np.testing.assert_allclose(curve.point(0.5), [3.0, 4.0, 1.0])
    np.testing.assert_allclose(curve.point(0.25), [(9 * 0 + 6 * 2 + 8) / 16, 6 * 8 / 16, 9 * 4 / 16])
    assert curve.point(np.zeros((4, 6))).shape == (4, 6, 3)


def test_the_straight_line_has_constant_speed() -> None:
    a, b = vectors(SMALL, 2)
    t = np.linspace(0.0, 1.0, 9)
    np.testing.assert_allclose(Connection.straight(a, b).point(t), a + t[:, None] * (b - a), atol=1e-14)


def test_ends_are_exact() -> None:
    """To the last bit, whatever the sizes."""
    for a, bend, b in vectors(SMALL, 30).reshape(10, 3, -1) * np.logspace(-8, 8, 10)[:, None, None]:
        curve = Connection(a, bend, b)
        np.testing.assert_array_equal(curve.point(np.array([0.0, 1.0])), [a, b])
        losses = curve.losses(SMALL, 5)
        assert (losses[0], losses[-1]) == pytest.approx((float(SMALL.loss(a)), float(SMALL.loss(b))), rel=1e-14)


def test_barrier_of_the_ring_by_hand() -> None:
    """Across the ring the loss is 1 in the middle; along the curve with bend (0, h), q²(1 − qh²/4)² with q = 4t(1 − t).

    For h = 2, q²(1 − q)² has its maximum 1/16 at q = 1/2, which is t = ½ ± √⅛.
    """
    assert Connection.straight(LEFT, RIGHT).barrier(RING, 3) == pytest.approx(1.0)
    curve = Connection(LEFT, np.array([0.0, 2.0]), RIGHT)
    assert curve.barrier(RING, 2001) == pytest.approx(1 / 16, rel=1e-5)
    assert curve.barrier(RING, 3) == pytest.approx(0.0, abs=1e-15)  # the middle lies on the ring


def test_barrier_is_above_the_line_between_the_losses() -> None:
    """Of a plane's function, x + y, nothing is; of 4xy on the way from (0, 0) to (1, 1), nothing either: 4t² ≤ 4t."""
    slope, product = TypedFormula(text="x + y").objective, TypedFormula(text="4*x*y").objective
    line = Connection.straight(np.zeros(2), np.ones(2))
    assert line.barrier(slope) == pytest.approx(0.0, abs=1e-15)
    assert line.barrier(product) == 0.0
    dome = TypedFormula(text="4*x - 2*x^2").objective  # 2t(2 − t) − 2t at t = ½
    assert line.barrier(dome) == pytest.approx(0.5)


def test_barrier_is_infinite_where_a_loss_is_not_finite() -> None:
    assert Connection.straight(LEFT, RIGHT).barrier(TypedFormula(text="1/(x^2 + y^2)", x=1.0).objective) == np.inf


@pytest.mark.parametrize("seed", range(4))
def test_the_ring_has_a_known_best_curve(seed: int) -> None:
    """With k = h²/4, the mean of q²(1 − kq)² over t is least for k = (16/35)/(128/315) = 9/8: means of qⁿ by Wallis.

    So the bend is (0, ±√4.5), and the highest loss on the way is 1/16k² = 4/81, where the straight line has 1.
    """
    curve = found(RING, LEFT, RIGHT, seed=seed)
    np.testing.assert_allclose(np.abs(curve.bend), [0.0, np.sqrt(4.5)], atol=0.01)
    assert curve.barrier(RING, 1001) == pytest.approx(4 / 81, abs=5e-4)
    assert curve.barrier(RING, 1001) < 0.05 < Connection.straight(LEFT, RIGHT).barrier(RING)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_search_is_the_same_in_any_units(scale: float) -> None:
    """Found in a ring of another size, divided by that size: the same curve, but for Adam's ε."""
    ring = TypedFormula(text=f"(({1 / scale!r}*x)^2 + ({1 / scale!r}*y)^2 - 1)^2", x=0.0, y=0.0).objective
    curve = found(ring, scale * LEFT, scale * RIGHT, steps=300)
    np.testing.assert_allclose(curve.bend / scale, found(RING, LEFT, RIGHT, steps=300).bend, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.slow
def test_two_networks_are_connected(activation: str) -> None:
    """From two starts: on the straight line a barrier, along the curve less than a tenth of it."""
    (objective, a), (_, b) = trained(activation, 0), trained(activation, 1)
    line, curve = Connection.straight(a, b).barrier(objective), found(objective, a, b).barrier(objective, 1001)
    assert line > 0.2
    assert curve < line / 10
    assert objective.loss(np.stack([a, b])).max() < 0.2 * line  # neither end is itself high up


def test_the_search_is_reproducible() -> None:
    a, b = vectors(SMALL, 2)
    once, again = ([curve.bend for curve in connect(SMALL, a, b, Search(steps=50, seed=3))] for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert not np.array_equal(found(SMALL, a, b, steps=50, seed=4).bend, once[-1])


@pytest.mark.parametrize(("steps", "every", "count"), [(40, 20, 3), (41, 20, 4), (1, 20, 2), (5, 1, 6)])
def test_progress_is_yielded(steps: int, every: int, count: int) -> None:
    """One curve to begin with, one after every so many steps, and the last; how often does not change what is found."""
    a, b = vectors(SMALL, 2)
    curves = list(connect(SMALL, a, b, Search(steps=steps), every))
    assert len(curves) == count
    np.testing.assert_array_equal(curves[-1].bend, found(SMALL, a, b, steps=steps).bend)
    for curve in curves:
        np.testing.assert_array_equal(curve.point(np.array([0.0, 1.0])), [a, b])
    aside = curves[0].bend - (a + b) / 2
    assert np.linalg.norm(aside) == pytest.approx(0.1 * np.linalg.norm(b - a))
    assert aside @ (b - a) == pytest.approx(0.0, abs=1e-12)


def test_the_ends_are_left_alone() -> None:
    a, b = vectors(SMALL, 2)
    before = a.copy(), b.copy()
    curve = found(SMALL, a, b, steps=20)
    np.testing.assert_array_equal([a, b], before)
    assert a.flags.writeable and not any(array.flags.writeable for array in (curve.a, curve.bend, curve.b))


def test_one_parameter_has_curves_too() -> None:
    objective = Fit(Moons(samples=10).load(), Network((2, 1), bias=False), BinaryCrossEntropy())
    single = Restricted(objective, np.array([0]), np.zeros(2))
    assert np.isfinite(found(single, np.array([-1.0]), np.array([1.0]), steps=20).barrier(single))


def test_plane_holds_the_curve() -> None:
    a, bend, b = vectors(SMALL, 3)
    curve = Connection(a, bend, b)
    plane = curve.plane()
    points = curve.point(np.linspace(0.0, 1.0, 33))
    np.testing.assert_allclose(plane.distance(np.vstack([points, bend])), 0.0, atol=1e-13)
    length = float(np.linalg.norm(b - a))
    np.testing.assert_allclose(plane.project(np.stack([a, b])), [[0.0, 0.0], [length, 0.0]], atol=1e-13)
    assert plane.project(bend)[1] > 0
    np.testing.assert_allclose(plane.directions @ plane.directions.T, np.eye(2), atol=1e-14)
    assert all(plane.contains(coords) for coords in plane.project(points))


def test_plane_needs_a_bend_beside_the_line() -> None:
    a, b = vectors(SMALL, 2)
    for bend in (a, b, (a + b) / 2, 3 * a - 2 * b):
        with pytest.raises(SettingError, match=r"connection\.bend: .* straight line"):
            Connection(a, bend, b).plane()


@pytest.mark.parametrize("rows", [None, [0], [5, 60, 5]])
def test_gradient_of_the_mean_loss(
    rows: Any, central_differences: Callable[[Callable[[Array], float], Array], Array]
) -> None:
    a, bend, b = vectors(SMALL, 3)
    mean = BendLoss(SMALL, a, b)
    t = (np.arange(64)[slice(None) if rows is None else rows] + 0.5) / 64

    def by_hand(bend: Array) -> float:
        return float(np.mean([float(SMALL.loss(Connection(a, bend, b).point(value))) for value in t]))

    loss, gradient = mean.loss_and_gradient(bend, None if rows is None else np.array(rows))
    assert loss == pytest.approx(by_hand(bend), rel=1e-12)
    np.testing.assert_allclose(gradient, central_differences(by_hand, bend), atol=1e-8)


def test_hessian_of_the_mean_loss() -> None:
    a, bend, b = vectors(SMALL, 3)
    mean, h = BendLoss(SMALL, a, b), 1e-5
    product = mean.hessian_at(bend)
    for along in vectors(SMALL, 3, seed=1):
        ahead, behind = (mean.loss_and_gradient(bend + step * along)[1] for step in (h, -h))
        np.testing.assert_allclose(product(along), (ahead - behind) / (2 * h), atol=1e-8)


def test_the_mean_loss_is_an_objective_like_any_other() -> None:
    """It takes stacks, can be drawn, and any descent goes down on it."""
    a, b, *bends = vectors(SMALL, 8)
    mean, stack = BendLoss(SMALL, a, b), np.array(bends)
    np.testing.assert_allclose(mean.loss(stack), [mean.loss_and_gradient(bend)[0] for bend in stack], rtol=1e-12)
    coords = np.random.default_rng(2).normal(size=(5, 2))
    drawn = mean.slice(stack[0], stack[1:3])(coords)
    np.testing.assert_allclose(drawn, mean.loss(stack[0] + coords @ stack[1:3]), rtol=1e-5)
    assert (mean.size, mean.space.names, mean.space.filters) == (SMALL.size, SMALL.space.names, SMALL.space.filters)
    states = descend(mean, Descent(), begin(mean, Descent(), stack[0]))
    losses = [next(states).loss for _ in range(20)]
    assert losses[-1] < losses[0]


def test_the_mean_is_that_of_the_integral() -> None:
    """Over the ring with bend (0, 2) the integral of f = q²(1 − q)² is 8/15 − 2·16/35 + 128/315, by Wallis.

    The mean over the middles of parts of length h is off by 7h⁴/5760 · (f‴(1) − f‴(0)) (Euler and Maclaurin), as f' is
    0 at both ends, where f‴ is 960 and −960.
    """
    off = float(BendLoss(RING, LEFT, RIGHT).loss(np.array([0.0, 2.0]))) - (8 / 15 - 32 / 35 + 128 / 315)
    assert off == pytest.approx(7 / 5760 / 64**4 * 1920, rel=1e-2)


A, B = vectors(SMALL, 2)


@pytest.mark.parametrize(
    ("a", "b", "field", "allowed"),
    [
        (A, A, "connection.b", "two ends that differ"),
        (A, A + 1e-300, "connection.b", "two ends that differ"),
        (1e-200 * A, 1e-200 * B, "connection.b", "two ends that differ"),
        (A, B[:-1], "connection.b", "shape"),
        (A[:-1], B[:-1], "connection.a", f"{SMALL.size} parameters"),
        (np.stack([A, A]), np.stack([B, B]), "connection.a", "vectors"),
        (np.where(np.arange(SMALL.size) == 2, np.nan, A), B, "connection.a", "finite"),
        (A, np.where(np.arange(SMALL.size) == 2, -np.inf, B), "connection.b", "finite"),
        (A, 1e39 * B, "connection.b", "finite"),
    ],
)
def test_what_is_no_pair_of_ends_is_refused(a: Array, b: Array, field: str, allowed: str) -> None:
    """At once, in one line, before anything is pulled."""
    with pytest.raises(SettingError) as caught:
        connect(SMALL, a, b)
    assert caught.value.field == field
    assert allowed in caught.value.allowed and "\n" not in str(caught.value)


def test_a_loss_that_is_not_finite_between_is_refused() -> None:
    hole = TypedFormula(text="log(x^2 + y^2 - 0.5)", x=1.0, y=1.0).objective
    with pytest.raises(SettingError, match="between which the loss is finite"):
        connect(hole, LEFT, RIGHT)


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: Search(steps=0), "steps"),
        (lambda: Search(rate=0.0), "rate"),
        (lambda: Search(rate=float("nan")), "rate"),
        (lambda: Search(seed=-1), "seed"),
        (lambda: connect(SMALL, A, B, every=0), "every"),
        (lambda: Connection.straight(A, B).losses(SMALL, 1), "count"),
    ],
)
def test_settings_of_the_search_are_checked(make: Callable[[], object], field: str) -> None:
    with pytest.raises(SettingError) as caught:
        make()
    assert caught.value.field == field


@pytest.mark.parametrize("scale", [1e-140, 1e-12, 1e9, 1e37])
def test_ends_of_any_size_are_searched(scale: float) -> None:
    """Far out and close by, no warning and no hang: whatever the curve is worth, its numbers are finite."""
    curves = list(connect(SMALL, scale * A, scale * B, Search(steps=30)))
    assert np.isfinite(curves[-1].bend).all()
