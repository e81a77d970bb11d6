"""Surfaces, curvature, honesty and probing beside a second implementation that was written from the formulas alone.

`Twin` is a network with its losses and gradients; Hessians are differences of its gradients, nearest points are least
squares, random walks are walked. What is a quadratic or a formula has its answer in closed form.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import erf, expit

import model
from model import (
    Dataset,
    Experiment,
    Fit,
    Look,
    Network,
    Objective,
    Plane,
    SettingError,
    Trajectory,
    another_start,
    landscape,
    losses,
    plane_of,
    probe,
    survey,
    with_text,
)
from model.curvature import critical, eigenpairs, extremes, forecast, hessian, spectrum, trace
from model.datasets import Cars
from model.functions import TypedFormula
from model.honesty import Gaps, compared, explained, inside, judge, random_walk, trust
from model.objective import Space, flow
from model.surface import axis, check_shape, strides

Array = np.ndarray

LOSSES = {
    "mse": losses.MeanSquared(),
    "mae": losses.MeanAbsolute(),
    "huber": losses.Huber(delta=0.7),
    "log-cosh": losses.LogCosh(),
    "bce": losses.BinaryCrossEntropy(),
    "softmax": losses.SoftmaxCrossEntropy(),
    "hinge": losses.Hinge(),
    "squared-hinge": losses.SquaredHinge(),
}
OF_CLASSES = ("bce", "softmax", "hinge", "squared-hinge")
SMOOTH = ("tanh", "sigmoid", "identity", "softplus", "silu", "gelu")
SQUARE = ((-1.0, 1.0), (-1.0, 1.0))
DRAWN = 5e-5  # the relative error that `survey` allows itself


# --- a second implementation -----------------------------------------------------------------------------------------


def _normal(z: Array) -> Array:
    return 0.5 * (1.0 + erf(z / math.sqrt(2.0)))


def _density(z: Array) -> Array:
    return np.exp(-0.5 * np.minimum(z * z, 1400.0)) / math.sqrt(2.0 * math.pi)


PHI: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: (z > 0) * 1.0),
    "sigmoid": (expit, lambda z: expit(z) * expit(-z)),
    "identity": (lambda z: z, np.ones_like),
    "leaky-relu": (lambda z: np.maximum(z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    "elu": (
        lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0.0))),
        lambda z: np.exp(np.minimum(z, 0.0)),
    ),
    "softplus": (lambda z: np.logaddexp(0.0, z), expit),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1.0 + z * expit(-z))),
    "gelu": (lambda z: z * _normal(z), lambda z: _normal(z) + z * _density(z)),
}


def _measure(kind: str, z: Array, y: Array) -> tuple[Array, Array]:
    """The loss `(...)` of outputs `(..., n, K)`, and its slope; small losses keep their digits."""
    error, sign = z - y, 2.0 * y - 1.0
    size, lack = y.size, np.maximum(0.0, 1.0 - sign * z)
    if kind == "softmax":
        rest = np.where(y > 0.5, -np.inf, z - (y * z).sum(-1, keepdims=True))
        most = np.maximum(rest.max(-1), 0.0)
        others = np.exp(rest - most[..., None]).sum(-1)
        terms = np.where(most > 0, most + np.log(np.exp(-most) + others), np.log1p(others))
        shares = np.exp(z - z.max(-1, keepdims=True))
        return terms.mean(-1), (shares / shares.sum(-1, keepdims=True) - y) / len(y)
    terms, slope = {
        "mse": lambda: (error**2, 2.0 * error),
        "mae": lambda: (np.abs(error), np.sign(error)),
        "huber": lambda: (
            np.where(np.abs(error) <= 0.7, 0.5 * error**2, 0.7 * (np.abs(error) - 0.35)),
            np.clip(error, -0.7, 0.7),
        ),
        "log-cosh": lambda: (_log_cosh(np.abs(error)), np.tanh(error)),
        "bce": lambda: (np.logaddexp(0.0, -sign * z), expit(z) - y),
        "hinge": lambda: (lack, -sign * (lack > 0)),
        "squared-hinge": lambda: (lack**2, -2.0 * sign * lack),
    }[kind]()
    return terms.mean((-2, -1)), slope / size


def _log_cosh(size: Array) -> Array:
    near = 0.5 * np.log1p(np.sinh(np.minimum(size, 1.0)) ** 2)
    return np.where(size < 1.0, near, size + np.log1p(np.exp(-2.0 * size)) - math.log(2.0))


class Twin:
    """A network on data: layer by layer and neuron by neuron, incoming weights and then the bias."""

    def __init__(self, widths: tuple[int, ...], activation: str, bias: bool, data: Dataset, kind: str) -> None:
        self.kind, self.bias, (self.phi, self.slope) = kind, bias, PHI[activation]
        self.inputs, self.targets = data.inputs, data.targets_for(widths[-1])
        self.shapes = [(out, into + bias) for into, out in pairwise(widths)]
        self.size = sum(rows * columns for rows, columns in self.shapes)

    def layers(self, params: Array) -> list[Array]:
        """Its matrices `(..., fan_out, fan_in + 1)`."""
        ends = np.cumsum([rows * columns for rows, columns in self.shapes])[:-1]
        parts = np.split(params, ends, axis=-1)
        return [part.reshape(*params.shape[:-1], *shape) for part, shape in zip(parts, self.shapes, strict=True)]

    def outputs(self, params: Array) -> Array:
        layers, a = self.layers(params), self.inputs
        for number, layer in enumerate(layers):
            weights = layer[..., :-1] if self.bias else layer
            z = a @ np.swapaxes(weights, -1, -2)
            if self.bias:
                z = z + layer[..., None, :, -1]
            a = z if number == len(layers) - 1 else self.phi(z)
        return a

    def loss(self, params: Array) -> Array:
        """At any stack of parameters `(..., P)`."""
        flat = np.asarray(params, float).reshape(-1, self.size)
        with np.errstate(all="ignore"):
            some = [_measure(self.kind, self.outputs(part), self.targets)[0] for part in _parts(flat, 128)]
        return np.concatenate(some).reshape(np.shape(params)[:-1])

    def gradient(self, params: Array) -> Array:
        layers, a, entered, sums = self.layers(params), self.inputs, [], []
        for number, layer in enumerate(layers):
            entered.append(np.hstack([a, np.ones((len(a), 1))]) if self.bias else a)
            sums.append(entered[-1] @ layer.T)
            a = sums[-1] if number == len(layers) - 1 else self.phi(sums[-1])
        delta, parts = _measure(self.kind, a, self.targets)[1], []
        for number in reversed(range(len(layers))):
            parts.append((delta.T @ entered[number]).ravel())
            if number:
                weights = layers[number][:, :-1] if self.bias else layers[number]
                delta = (delta @ weights) * self.slope(sums[number - 1])
        return np.concatenate(parts[::-1])

    def hessian(self, params: Array, h: float = 1e-4) -> Array:
        """By differences of the gradient, whose error is of the order of h⁴."""
        rows = []
        for along in np.eye(self.size) * h:
            near = self.gradient(params + along) - self.gradient(params - along)
            far = self.gradient(params + 2 * along) - self.gradient(params - 2 * along)
            rows.append((8.0 * near - far) / (12.0 * h))
        return (np.array(rows) + np.array(rows).T) / 2.0


def _parts(rows: Array, size: int) -> Iterator[Array]:
    return (rows[start : start + size] for start in range(0, max(len(rows), 1), size))


def network(
    rng: np.random.Generator, widths: tuple[int, ...], activation: str, kind: str, rows: int = 40, bias: bool = True
) -> tuple[Fit, Twin]:
    """The same network on the same random data, twice."""
    inputs, outputs = rng.normal(size=(rows, widths[0])), widths[-1]
    if kind in OF_CLASSES:
        classes = max(outputs, 2)
        data = Dataset("drawn", inputs, rng.integers(0, classes, rows), classes=classes)
    else:
        data = Dataset("drawn", inputs, rng.normal(size=(rows, outputs)))
    fit = Fit(data, Network(widths=widths, activation=activation, bias=bias), LOSSES[kind])
    return fit, Twin(widths, activation, bias, data, kind)


def twin_of(experiment: Experiment) -> Twin:
    net, data = experiment.network, experiment.dataset.load()
    kind = next(name for name, loss in LOSSES.items() if type(loss) is type(experiment.loss))
    return Twin(net.widths, net.activation, net.bias, data, kind)


class Given(Objective):
    """Any function of P parameters, as it is given; and what was asked of it."""

    space, samples, chunk = Space(0, "given"), 1, 16

    def __init__(
        self,
        size: int,
        loss: Callable[[Array], Array],
        gradient: Callable[[Array], Array] = np.zeros_like,
        product: Callable[[Array], Array] = np.zeros_like,
        drawn: Callable[[Array], Array] | None = None,
    ) -> None:
        self.space = Space(size, "given", naming=lambda: tuple(f"number {i}" for i in range(size)))
        self.value, self.steepness, self.product = loss, gradient, product
        self.drawn = loss if drawn is None else drawn
        self.asked: list[Array] = []

    def _loss(self, params: Array) -> Array:
        return self.value(params)

    def _loss_and_gradient(self, params: Array, rows: Array | None) -> tuple[float, Array]:
        return float(self.value(params)), self.steepness(params)

    def _hessian_at(self, params: Array) -> Callable[[Array], Array]:
        return self.product

    def _slice(self, origin: Array, directions: Array) -> Callable[[Array], Array]:
        def drawn(coords: Array) -> Array:
            self.asked.append(np.array(coords))
            return self.drawn(origin + coords @ directions)

        return drawn


def quadratic(matrix: Array) -> Given:
    return Given(
        len(matrix),
        lambda params: 0.5 * ((params @ matrix) * params).sum(-1),
        lambda params: matrix @ params,
        lambda along: matrix @ along,
    )


def turned(rng: np.random.Generator, values: Array) -> tuple[Array, Array]:
    """A symmetric matrix with these eigenvalues, and their vectors as rows."""
    vectors, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    matrix = (vectors * values) @ vectors.T
    return (matrix + matrix.T) / 2.0, vectors.T


def formula(text: str, x: float = 0.0, y: float = 0.0) -> Objective:
    return TypedFormula(x=x, y=y, text=text).objective


def settings(**fields: object) -> Experiment:
    """An experiment with some fields changed; two underscores are a dot."""
    experiment = Experiment()
    for name, value in fields.items():
        experiment = with_text(experiment, name.replace("__", "."), str(value))
    return experiment


def points(surface: model.Surface) -> Array:
    """Parameters `(n, m, P)` of all its points."""
    coords = np.stack(np.meshgrid(surface.x, surface.y, indexing="ij"), -1)
    plane = surface.plane
    return plane.origin + coords[..., :1] * plane.u + coords[..., 1:] * plane.v


def last(surfaces: Iterator[model.Surface]) -> model.Surface:
    *_, surface = surfaces
    return surface


def relative_error(surface: model.Surface, true: Array) -> float:
    """The largest of all points; a loss of 0 has to be drawn as such."""
    assert np.array_equal(np.isfinite(surface.loss), np.isfinite(true))
    seen = np.isfinite(true)
    error, size = np.abs(surface.loss - true)[seen], np.abs(true)[seen]
    assert np.all(error[size == 0] == 0)
    return float(np.max(error[size > 0] / size[size > 0], initial=0.0))


def some_plane(rng: np.random.Generator, origin: Array, reach: float = 1.0) -> Plane:
    u, v = rng.normal(size=(2, origin.size)) * reach
    return Plane(origin, u, v, SQUARE, ("u", "v"))


def nearest(plane: Plane, params: Array) -> Array:
    """The points of a plane nearest to parameters `(N, P)`, by least squares in unit directions."""
    units = np.stack([plane.u / np.linalg.norm(plane.u), plane.v / np.linalg.norm(plane.v)], 1)
    coords = np.linalg.lstsq(units, (params - plane.origin).T, rcond=None)[0]
    return plane.origin + (units @ coords).T


# --- surfaces --------------------------------------------------------------------------------------------------------


def _any_network(rng: np.random.Generator) -> tuple[Fit, Plane, tuple[int, int]]:
    kind = str(rng.choice(list(LOSSES)))
    hidden = rng.integers(1, 40, rng.integers(0, 4))
    widths = (int(rng.integers(1, 5)), *map(int, hidden), int(rng.integers(2, 4)))
    fit, _ = network(
        rng, widths, str(rng.choice(list(PHI))), kind, rows=int(rng.integers(1, 90)), bias=bool(rng.integers(2))
    )
    shape = (int(rng.integers(1, 36)), int(rng.integers(1, 36)))
    return fit, some_plane(rng, rng.normal(size=fit.size), 10 ** rng.uniform(-2, 1)), shape


def _in_a_new_thread(work: Callable[[], list[Array]]) -> list[Array]:
    found: list[list[Array]] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_a_surface_depends_on_its_arguments_alone() -> None:
    """One thread that has surveyed networks of all shapes gets the digits of a thread that has surveyed nothing.

    So it does when surveys of several networks go on in turns, with gradients and Hessian products between them.
    """
    rng = np.random.default_rng(20)
    for _ in range(12):
        cases = [_any_network(rng) for _ in range(5)]
        alone = [_in_a_new_thread(lambda case=case: [s.loss for s in survey(*case)]) for case in cases]
        running = [survey(*case) for case in cases]
        found: list[list[Array]] = [[] for _ in cases]
        waiting = list(range(len(cases)))
        while waiting:
            turn = int(rng.choice(waiting))
            try:
                found[turn].append(next(running[turn]).loss)
            except StopIteration:
                waiting.remove(turn)
            other, plane, _ = cases[int(rng.integers(len(cases)))]
            other.loss_and_gradient(plane.origin)
            other.hessian_at(plane.origin)(plane.u)
        for ours, theirs in zip(found, alone, strict=True):
            assert len(ours) == len(theirs)
            assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("kind", LOSSES)
def test_the_relative_error_is_small_at_every_point(kind: str) -> None:
    """For every loss with every activation, near and far, on planes of any size."""
    rng = np.random.default_rng(3)
    for activation in PHI:
        for reach in (0.1, 1.0, 10.0):
            fit, twin = network(rng, (2, 7, 5, 2), activation, kind)
            surface = last(survey(fit, some_plane(rng, rng.normal(size=fit.size), reach), (21, 19)))
            assert relative_error(surface, twin.loss(points(surface))) < DRAWN, (activation, reach)


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_the_relative_error_is_small_where_large_weights_cancel(kind: str, activation: str) -> None:
    """Two neurons that are nearly the same, with output weights of some hundreds that are nearly opposite."""
    rng = np.random.default_rng(4)
    for size, apart, reach in ((150, 1e-2, 0.1), (400, 1e-3, 0.03), (900, 1e-4, 0.01), (900, 1e-1, 1.0)):
        fit, twin = network(rng, (2, 8, 2), activation, kind)
        params = rng.normal(size=fit.size)
        first, second = twin.layers(params)
        first[1] = first[0] + apart * rng.normal(size=first[0].size)
        second[:, 0], second[:, 1] = second[:, 0] + size, second[:, 1] - size
        params = np.concatenate([first.ravel(), second.ravel()])
        surface = last(survey(fit, some_plane(rng, params, reach), (21, 21)))
        assert relative_error(surface, twin.loss(points(surface))) < DRAWN, (size, apart)


def test_the_relative_error_is_small_at_the_rim_of_a_loss_of_zero() -> None:
    """Four points without noise, learnt by the hinge: 200 rows that round in the same way."""
    experiment = settings(
        dataset="xor",
        dataset__noise=0.0,
        network__activation="gelu",
        loss="hinge",
        plane="random",
        seed=1,
        steps=150,
        descent__schedule__learning_rate=0.5,
    )
    surface = last(survey(experiment.objective, plane_of(experiment, experiment.run()), (51, 51)))
    assert relative_error(surface, twin_of(experiment).loss(points(surface))) < DRAWN


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 30), (20, 21), (101, 101), (12, 150), (400, 3)])
def test_grids_go_from_coarse_to_fine(shape: tuple[int, int]) -> None:
    """Each takes points of the finest, both ends among them, none is drawn for two, and progress ends at 1."""
    bowl = Given(3, lambda params: (params**2).sum(-1) + 0.1)
    plane = Plane(np.zeros(3), np.eye(3)[0], np.eye(3)[1], ((-1.0, 1.0), (-2.0, 5.0)), ("x", "y"))
    surfaces = list(survey(bowl, plane, shape))
    finest = surfaces[-1]
    drawn = np.concatenate(bowl.asked)
    assert finest.loss.shape == shape
    assert len(drawn) == len(np.unique(drawn, axis=0)) == shape[0] * shape[1]
    for before, after in pairwise(surfaces):
        assert before.progress <= after.progress <= 1.0
        assert before.loss.size <= after.loss.size
    assert finest.progress == 1.0
    assert len(surfaces[0].x) >= min(11, shape[0]) or len(surfaces[0].y) >= min(11, shape[1])
    for surface in surfaces:
        rows, columns = np.searchsorted(finest.x, surface.x), np.searchsorted(finest.y, surface.y)
        assert np.array_equal(finest.x[rows], surface.x) and np.array_equal(finest.y[columns], surface.y)
        assert {rows[0], rows[-1]} == {0, shape[0] - 1} and {columns[0], columns[-1]} == {0, shape[1] - 1}
        assert np.array_equal(finest.loss[np.ix_(rows, columns)], surface.loss)
        assert surface.lowest is not None and surface.lowest[2] == surface.loss.min()


def test_strides_have_eleven_points_on_the_longer_side() -> None:
    for count in (1, 11, 21, 51, 101, 201, 501, 1001, 4001):
        found = strides((count, 3))
        assert found == tuple(sorted(found, reverse=True)) and found[-1] == 1
        assert all((count - 1) // stride + 1 >= 11 for stride in found[:-1])


@pytest.mark.parametrize("late", [0, 600])
def test_all_is_float64_where_drawing_is_too_rough(late: int) -> None:
    """However late it shows: a thousandth too high, from the first point on or from the six hundredth."""

    def loss(params: Array) -> Array:
        return (params[..., 0] - 0.3) ** 2 + (params[..., 1] - 0.1) ** 2 + 1e-3

    def drawn(params: Array) -> Array:
        return loss(params) * (1.001 if sum(map(len, bad.asked)) > late else 1.0)

    bad = Given(3, loss, drawn=drawn)
    surface = last(survey(bad, Plane(np.zeros(3), np.eye(3)[0], np.eye(3)[1], SQUARE, ("x", "y")), (51, 51)))
    assert np.array_equal(surface.loss, loss(points(surface)))


def test_a_close_up_is_float64() -> None:
    """Where all of the plane differs by less than a thousandth of the loss, steps of float32 would be seen."""
    experiment = settings(steps=100)
    here, rng = experiment.run()[-1].params, np.random.default_rng(0)
    for half in (1e-4, 1e-6, 1e-9):
        u, v = rng.normal(size=(2, here.size))
        plane = Plane(here, u, v, ((-half, half), (-half, half)), ("u", "v"))
        surface = last(survey(experiment.objective, plane, (25, 25)))
        true = twin_of(experiment).loss(points(surface))
        assert true.max() - true.min() < 1e-3 * true.max()
        assert relative_error(surface, true) < 1e-12


def test_the_centre_is_exact() -> None:
    """In float64, in the middle of the bounds, which is a point of a grid of odd sides to the last digit."""
    rng = np.random.default_rng(5)
    fit, twin = network(rng, (2, 5, 2), "tanh", "bce")
    for shape in ((11, 21), (10, 21), (31, 3)):
        low, high = np.sort(rng.normal(size=(2, 2)), axis=0)
        u, v = rng.normal(size=(2, fit.size))
        plane = Plane(rng.normal(size=fit.size), u, v, tuple(zip(low, high, strict=True)), ("u", "v"))
        surface = last(survey(fit, plane, shape))
        assert surface.centre is not None
        x, y, loss = surface.centre
        assert (x, y) == ((low[0] + high[0]) / 2, (low[1] + high[1]) / 2)
        assert loss == pytest.approx(float(twin.loss(plane.origin + x * plane.u + y * plane.v)), rel=1e-13)
        for side, middle in ((surface.x, x), (surface.y, y)):
            assert len(side) % 2 == 0 or side[len(side) // 2] == middle
            assert np.allclose(side + side[::-1], 2 * middle, rtol=0, atol=1e-15 * (1 + abs(side).max()))


def test_there_are_holes_where_the_loss_is_not_finite_and_nowhere_else() -> None:
    """Networks that overflow in float32 alone, or in float64 too; and formulas that are not defined everywhere."""
    rng, holes = np.random.default_rng(6), 0
    for _ in range(150):
        kind, activation = str(rng.choice(list(LOSSES))), str(rng.choice(list(PHI)))
        fit, twin = network(rng, (2, 5, 4, 2), activation, kind, rows=10)
        u, v = rng.normal(size=(2, fit.size)) * 10 ** rng.uniform(-5, 75, (2, 1))
        surface = last(survey(fit, Plane(rng.normal(size=fit.size), u, v, SQUARE, ("u", "v")), (12, 9)))
        true = twin.loss(points(surface))
        assert np.array_equal(np.isfinite(surface.loss), np.isfinite(true)), (kind, activation)
        holes += not np.isfinite(true).all()
    assert holes > 10
    half = last(survey(formula("sqrt(x) + y^2", 1.0), Plane([0, 0], [1, 0], [0, 1], SQUARE, ("x", "y")), (21, 5)))
    assert np.array_equal(np.isfinite(half.loss[:, 0]), half.x >= 0)


def test_axes_may_differ_by_ten_powers_of_ten() -> None:
    """One direction of length 1e-5, one of 1e5, at any angle."""
    rng = np.random.default_rng(7)
    for kind in LOSSES:
        fit, twin = network(rng, (2, 6, 2), "tanh", kind)
        u, v = rng.normal(size=(2, fit.size))
        short = 1e-5 * (v + 0.1 * u)
        plane = Plane(rng.normal(size=fit.size), short, 1e5 * v, ((-1e5, 1e5), (-1e-5, 1e-5)), ("u", "v"))
        surface = last(survey(fit, plane, (15, 15)))
        assert relative_error(surface, twin.loss(points(surface))) < DRAWN
        coords = rng.uniform(-1, 1, (20, 2)) * [1e5, 1e-5]
        assert np.allclose(plane.project(plane.point(coords)), coords, rtol=1e-6, atol=1e-9 * np.array([1e5, 1e-5]))


class Watched(ThreadPoolExecutor):
    """Threads, and all that was handed to them."""

    def __init__(self) -> None:
        super().__init__(2)
        self.futures: list[Future] = []

    def submit(self, *args, **kwargs) -> Future:  # type: ignore[no-untyped-def, override]
        self.futures.append(super().submit(*args, **kwargs))
        return self.futures[-1]


def test_an_executor_makes_the_same_surfaces() -> None:
    """To the last digit; nothing is left waiting or running when the generator is closed."""
    rng = np.random.default_rng(8)
    with Watched() as threads:
        for _ in range(10):
            fit, plane, shape = _any_network(rng)
            for ours, theirs in zip(
                {s.loss.shape: s.loss for s in survey(fit, plane, shape, threads)}.items(),
                {s.loss.shape: s.loss for s in survey(fit, plane, shape)}.items(),
                strict=True,
            ):
                assert ours[0] == theirs[0] and np.array_equal(ours[1], theirs[1], equal_nan=True)
        fit, plane, _ = _any_network(rng)
        surfaces = survey(fit, plane, (301, 301), threads)
        next(surfaces)
        surfaces.close()
        assert threads.futures and all(future.done() for future in threads.futures)


def test_the_exceptions_of_an_executor_are_raised() -> None:
    def drawn(params: Array) -> Array:
        raise ArithmeticError("no loss today")

    plane = Plane(np.zeros(3), np.eye(3)[0], np.eye(3)[1], SQUARE, ("x", "y"))
    with Watched() as threads, pytest.raises(ArithmeticError, match="no loss today"):
        list(survey(Given(3, lambda params: params.sum(-1), drawn=drawn), plane, (31, 31), threads))
    assert all(future.done() for future in threads.futures)


def test_what_cannot_be_surveyed_is_refused() -> None:
    """Bounds that are not finite, grids without points, and grids that no memory holds."""
    bowl = Given(3, lambda params: (params**2).sum(-1))
    for bounds in (((0.0, np.inf), (0.0, 1.0)), ((0.0, 1.0), (np.nan, 1.0))):
        with pytest.raises(SettingError):
            last(survey(bowl, Plane(np.zeros(3), np.eye(3)[0], np.eye(3)[1], bounds, ("x", "y")), (5, 5)))
    plane = Plane(np.zeros(3), np.eye(3)[0], np.eye(3)[1], SQUARE, ("x", "y"))
    for shape in ((0, 5), (5, -1), (10**8, 10**8)):
        with pytest.raises(SettingError):
            last(survey(bowl, plane, shape))
        with pytest.raises(SettingError):
            check_shape(shape)
    with pytest.raises(SettingError):
        axis(-np.inf, 1.0, 5)
    assert list(axis(2.0, 5.0, 1)) == [3.5]


# --- curvature -------------------------------------------------------------------------------------------------------


def _holds(found: model.curvature.Extremes, matrix: Array, accuracy: float) -> None:
    """Both ends, against all eigenvalues: how far off they are, and what their errors and vectors promise."""
    values = np.linalg.eigvalsh(matrix)
    scale = np.abs(values).max()
    noise = 1e-8 * scale
    assert 0 <= values[-1] - found.largest + noise <= accuracy * scale + 2 * noise
    assert 0 <= found.smallest - values[0] + noise <= accuracy * scale + 2 * noise
    for value, vector, error in zip(
        (found.largest, found.smallest), (found.vectors[0], found.vectors[-1]), found.errors, strict=True
    ):
        assert np.abs(values - value).min() <= error + noise
        assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-9)
        assert vector @ matrix @ vector == pytest.approx(value, abs=noise)
        assert np.linalg.norm(matrix @ vector - value * vector) <= error + 1e-6 * scale
    if found.sign:
        assert found.sign == np.sign(found.smallest)


@pytest.mark.parametrize("kind", ["mse", "log-cosh", "bce", "softmax"])
@pytest.mark.parametrize("activation", SMOOTH)
def test_small_hessians_have_exact_ends(activation: str, kind: str) -> None:
    """Up to 64 parameters; plain, with a decay, and by a metric: M^(−½)(H + decay·I)M^(−½)."""
    rng = np.random.default_rng(9)
    fit, twin = network(rng, (2, 5, 3, 2), activation, kind)
    params = 0.6 * rng.normal(size=fit.size)
    matrix, one = twin.hessian(params), np.eye(fit.size)
    assert np.allclose(hessian(fit, params), matrix, rtol=0, atol=1e-8 * np.abs(matrix).max())
    _holds(extremes(fit, params), matrix, 1e-8)
    _holds(extremes(fit, params, decay=0.3), matrix + 0.3 * one, 1e-8)
    metric = 10 ** rng.uniform(-2, 2, fit.size)
    scaled = (matrix + 0.3 * one) / np.sqrt(metric) / np.sqrt(metric)[:, None]
    _holds(extremes(fit, params, metric=metric, decay=0.3), scaled, 1e-8)
    values = np.linalg.eigvalsh(matrix)
    assert np.allclose(spectrum(fit, params), values, rtol=0, atol=1e-8 * np.abs(values).max())
    assert trace(fit, params).value == pytest.approx(np.trace(matrix), rel=1e-7, abs=1e-9)


def test_larger_hessians_have_ends_within_a_thousandth() -> None:
    """Above 64 parameters, where they are found by products alone."""
    rng = np.random.default_rng(10)
    for widths, activation, kind in (
        ((2, 10, 5, 1), "tanh", "bce"),
        ((3, 14, 3), "gelu", "softmax"),
        ((1, 9, 8, 1), "softplus", "mse"),
        ((4, 8, 6, 2), "sigmoid", "log-cosh"),
    ):
        fit, twin = network(rng, widths, activation, kind)
        params = 0.8 * rng.normal(size=fit.size)
        matrix = twin.hessian(params)
        assert fit.size > 64
        _holds(extremes(fit, params), matrix, 1e-3)
        metric = 10 ** rng.uniform(-1, 1, fit.size)
        scaled = (matrix + 0.1 * np.eye(fit.size)) / np.sqrt(metric) / np.sqrt(metric)[:, None]
        _holds(extremes(fit, params, metric=metric, decay=0.1), scaled, 1e-3)


def test_known_spectra_have_known_ends() -> None:
    """Alone at an end, crowded, all equal, all zero, over fifteen powers of ten."""
    rng = np.random.default_rng(11)
    for values in (
        np.r_[np.zeros(149), 1e-3],
        np.r_[-1.0, np.zeros(149)],
        np.r_[np.linspace(0, 1, 149), 1.001],
        np.r_[-0.01, np.linspace(0, 1, 149)],
        10 ** np.linspace(-12, 3, 150),
        np.ones(150),
        -np.ones(150),
    ):
        matrix, _ = turned(rng, values)
        _holds(extremes(quadratic(matrix), np.zeros(150)), matrix, 1e-3)
    nothing = extremes(quadratic(np.zeros((150, 150))), np.zeros(150))
    assert (nothing.largest, nothing.smallest, nothing.sign) == (0.0, 0.0, 0)
    undefined = extremes(quadratic(np.full((150, 150), np.nan)), np.zeros(150))
    assert math.isnan(undefined.largest) and math.isnan(undefined.smallest) and len(undefined.vectors) == 0


@pytest.mark.parametrize("start", ["glorot-normal", "constant", "zeros"])
@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_ends_are_followed_along_a_descent(activation: str, start: str) -> None:
    """From the vectors of the state before, and not lost where all neurons of a layer are the same."""
    experiment = settings(
        network__widths="2-9-6-1",
        network__activation=activation,
        initializer=start,
        steps=60,
        descent__schedule__learning_rate=0.05,
    )
    objective, twin, found = experiment.objective, twin_of(experiment), None
    products = []
    for state in experiment.run():
        found = extremes(objective, state.params, None if found is None else found.vectors)
        products.append(found.products)
        if state.step % 20 == 0:
            _holds(found, twin.hessian(state.params), 1e-2)
    assert np.mean(products) < 40
    other = extremes(objective, experiment.start, np.eye(7)[:2])  # of another size: ignored
    assert other.largest == extremes(objective, experiment.start).largest


def test_a_random_vector_finds_what_lies_outside_a_symmetry() -> None:
    experiment = settings(
        dataset="spirals",
        network__widths="2-8-8-1",
        network__activation="softplus",
        loss="mse",
        initializer="constant",
        initializer__value=-0.5,
    )
    found = extremes(experiment.objective, experiment.start)
    _holds(found, twin_of(experiment).hessian(experiment.start), 1e-2)


def test_a_random_vector_looks_for_what_lies_outside_the_vectors_of_a_moment_ago() -> None:
    """From vectors that the matrix never leaves it finds both ends in nine cases of ten, those far outside always."""
    rng, missed = np.random.default_rng(12), list[float]()
    for _ in range(100):
        values = np.sort(np.r_[0.05 * rng.normal(size=95), rng.uniform(-1, 3, 5)])
        matrix, vectors = turned(rng, values)
        found = extremes(quadratic(matrix), rng.normal(size=100), warm=vectors[[-2, -3, 2, 1]])
        missed.append(max(values[-1] - found.largest, found.smallest - values[0]) / np.abs(values).max())
        far = np.r_[values[:-1], 10.0]
        matrix, vectors = turned(rng, far)
        found = extremes(quadratic(matrix), rng.normal(size=100), warm=vectors[[-2, -3, 2, 1]])
        assert found.largest == pytest.approx(10.0, rel=1e-3)
    assert np.mean(np.array(missed) > 0.01) < 0.1


def test_the_sign_of_the_smallest_eigenvalue_is_sure() -> None:
    rng = np.random.default_rng(641)
    data = Dataset("drawn", rng.normal(size=(10, 2)), rng.integers(0, 2, 10), classes=2)
    fit = Fit(data, Network(widths=(2, 12, 10, 2), activation="gelu", bias=False), LOSSES["softmax"])
    params = np.full(fit.size, -0.5)
    true = np.linalg.eigvalsh(Twin((2, 12, 10, 2), "gelu", False, data, "softmax").hessian(params))[0] + 0.019
    assert true < -0.007
    assert extremes(fit, params, decay=0.019).sign <= 0


def test_the_sign_is_right_where_all_eigenvalues_are_known() -> None:
    rng = np.random.default_rng(13)
    for least, sign in ((-1e-3, -1), (1e-3, 1), (0.0, 0)):
        matrix, _ = turned(rng, np.r_[least, np.linspace(0.1, 5.0, 29)])
        assert extremes(quadratic(matrix), np.zeros(30)).sign == sign


@pytest.mark.parametrize(
    ("text", "place", "kind", "index"),
    [
        ("x^2 + 3*y^2", (0, 0), "minimum", 0),
        ("x^2 - y^2", (0, 0), "saddle", 1),
        ("-x^2 - 3*y^2", (0, 0), "maximum", 2),
        ("x^2 + 0*y", (0, 7), "valley", 0),
        ("x^4 + y^2", (0, 0), "valley", 0),
        ("x^3 - 3*x*y^2 + 1", (0, 0), "plateau", None),
        ("1 - exp(-(x^2 + y^2)/2)", (20, 20), "plateau", None),
        ("x^2 + y^2", (1e-3, 0), "slope", None),  # |g| = 2e-3 > 1e-4 · 2
        ("x^2 + y^2", (0.9e-4, 0), "minimum", 0),  # |g| = 1.8e-4
        ("(1e4*x^2 + 0.1*y^2)/2", (0, 5), "slope", None),  # Newton's step is 5 long
        ("(1e4*x^2 + 0.1*y^2)/2", (0, 0.05), "minimum", 0),
        ("(1e4*x^2 - 0.1*y^2)/2", (0, 5), "saddle", 1),  # saddles are, however far
        ("x^2 + y^2 - abs(x)", (0, 0), "kink", None),
        ("x^2 + y^2 - abs(x)", (0.5, 0), "minimum", 0),
        ("x^2 + y^2 - abs(x)", (1e-9, 0), "slope", None),
        ("x^2 + y^2 - 0.001*abs(x + 2*y)", (0, 0), "kink", None),
        ("1e4 + x^2 + y^2 - abs(y)", (0, 0), "kink", None),
        ("x^2 + y^2 + abs(x - y)", (0, 0), "minimum", 0),
        ("-x^2 - y^2 - abs(x)", (0, 0), "maximum", 2),
        ("abs(x) - abs(y)", (0, 0), "kink", None),
        ("x^2 - y^2 + abs(x)", (0, 0), "kink", None),
        ("log(x) + y", (-1, 0), "diverged", None),
    ],
)
def test_kinds_of_points_are_told_apart(text: str, place: tuple[float, float], kind: str, index: int | None) -> None:
    found = critical(formula(text, 1.0), np.array(place, float))
    assert (found.kind, found.index) == (kind, index)
    assert found.kind in found.sentence.lower() or found.kind == "diverged"


# What is compared is in proportion to the distance: where first derivatives exist and second ones do not, nothing
# differs in that proportion, and the Hessian, of which 0 was taken, is believed.
@pytest.mark.parametrize(
    ("text", "down"),
    [
        ("x^2 + y^2 - 3*abs(x)*abs(y)", (1.0, 1.0)),
        ("x^2 + y^2 - 5*abs(x*y)", (1.0, 1.0)),
        ("x^2 + y^2 + 3*x*abs(y)", (-1.0, 1.0)),
    ],
)
def test_it_is_a_kink_where_second_derivatives_do_not_exist(text: str, down: tuple[float, float]) -> None:
    function = formula(text)
    below = [float(function.loss(t * np.array(down))) for t in (1e-6, 1e-3, 1.0)]
    assert max(below) < 0 == function.loss(np.zeros(2))
    assert critical(function, np.zeros(2)).kind == "kink"


# The same with a network: of w₂·relu(w₁x) as of x·|y|. tanh, leaky ReLU and ELU are saddles there.
def test_a_relu_network_of_zeros_is_no_plateau() -> None:
    inputs = np.array([[-1.0], [0.5], [1.0], [2.0]])
    fit = Fit(Dataset("line", inputs, inputs), Network(widths=(1, 1, 1), activation="relu", bias=False), LOSSES["mse"])
    for t in (1e-3, 1e-2, 1e-1):
        assert fit.loss([0.0, 0.0]) - fit.loss([t, t]) > t * t
    assert critical(fit, np.zeros(2)).kind == "kink"


def test_two_eigenvalues_tell_a_saddle_but_no_minimum() -> None:
    """Above 1,500 parameters hundreds of level directions may lie between λ_min and λ_max."""
    least = {-1.0: ("saddle", None), -1e-2: ("saddle", None), 1e-1: ("valley", None)}
    for value, expected in least.items():
        values = np.r_[value, np.linspace(1.0, 3.0, 1600)]
        bowl = Given(1601, lambda p, w=values: (w * p * p).sum(-1) / 2, product=lambda v, w=values: w * v)
        found = critical(bowl, np.zeros(1601))
        assert (found.kind, found.index) == expected
    few = np.r_[1e-1, np.linspace(1.0, 3.0, 299)]
    assert critical(Given(300, lambda p: (few * p * p).sum(-1) / 2, product=lambda v: few * v), np.zeros(300)).kind == (
        "minimum"
    )
    tip = Given(1601, lambda p: (p * p).sum(-1) - 0.01 * np.abs(p[..., 5]), product=lambda v: 2 * v)
    assert critical(tip, np.zeros(1601)).kind == "kink"


def test_the_index_is_the_number_of_directions_down() -> None:
    rng = np.random.default_rng(14)
    for down in (1, 17, 120):
        matrix, _ = turned(rng, np.r_[-rng.uniform(0.1, 1, down), rng.uniform(0.1, 1, 121 - down)])
        found = critical(quadratic(matrix), np.zeros(121))
        assert (found.kind, found.index) == ("saddle", down)


Rule = Callable[[float, float, float], tuple[float, float]]

RULES: dict[str, Rule] = {  # θ, g and what is remembered, at a rate of 0.05
    "sgd": lambda at, g, v: (at - 0.05 * g, 0.0),
    "heavy-ball": lambda at, g, v: (at - 0.05 * (0.9 * v + g), 0.9 * v + g),
    "nesterov": lambda at, g, v: (at - 0.05 * (g + 0.9 * (0.9 * v + g)), 0.9 * v + g),
    "qhm": lambda at, g, v: (at - 0.05 * (0.3 * g + 0.7 * (0.999 * v + 0.001 * g)), 0.999 * v + 0.001 * g),
    "adagrad": lambda at, g, v: (at - 0.05 * g, 0.0),
    "rmsprop": lambda at, g, v: (at - 0.05 * g, 0.0),
    "adadelta": lambda at, g, v: (at - 0.05 * g, 0.0),
    "adam": lambda at, g, v: (at - 0.05 * (0.9 * v + 0.1 * g), 0.9 * v + 0.1 * g),
}


def _limit(rule: Rule) -> float:
    """The curvature from which on the map of (θ, v) on a parabola has an eigenvalue below −1, by bisection."""
    low, high = 0.0, 1e5
    for _ in range(100):
        curvature = (low + high) / 2
        columns = [rule(at, curvature * at, v) for at, v in ((1.0, 0.0), (0.0, 1.0))]
        values = np.linalg.eigvals(np.array(columns).T)
        beyond = any(abs(value.imag) < 1e-12 and value.real < -1 for value in values)
        low, high = (low, curvature) if beyond else (curvature, high)
    return low


@pytest.mark.parametrize("optimizer", RULES)
@pytest.mark.parametrize(("decay", "clip", "batch"), [(0.0, 0.0, 0), (0.2, 0.05, 0), (0.1, 0.0, 32)])
def test_the_next_step_is_foretold(optimizer: str, decay: float, clip: float, batch: int) -> None:
    """g·Δ + ½Δ·HΔ and L(θ + Δ) − L(θ) on all data, for the very step that is taken then; ends as the metric sees."""
    experiment = settings(
        network__widths="2-6-1",
        steps=13,
        descent__optimizer=optimizer,
        descent__weight_decay=decay,
        descent__clip_norm=clip,
        descent__batch_size=batch,
        descent__schedule__learning_rate=0.05,
    )
    path, twin = experiment.run(), twin_of(experiment)
    state, step = path[12], path[13].params - path[12].params
    found = forecast(experiment.objective, experiment.descent, state)
    matrix, gradient = twin.hessian(state.params), twin.gradient(state.params)
    assert found.predicted == pytest.approx(gradient @ step + 0.5 * step @ matrix @ step, rel=1e-7)
    assert found.actual == pytest.approx(float(twin.loss(path[13].params) - twin.loss(state.params)), rel=1e-9)
    assert found.limit == pytest.approx(_limit(RULES[optimizer]), rel=1e-9)
    taken = experiment.descent.adjusted(state.gradient, state.params)
    metric = experiment.descent.optimizer.metric(taken, state.memory)
    seen = matrix + decay * np.eye(len(matrix))
    if metric is not None:
        seen = seen / np.sqrt(metric) / np.sqrt(metric)[:, None]
    _holds(found.ends, seen, 1e-6)
    assert found.sharpness == found.ends.largest


@pytest.mark.parametrize("rate", [0.19, 0.21])
def test_a_rate_beyond_the_limit_is_warned_of(rate: float) -> None:
    """λmax is 10: 2/η is 10.5 or 9.5."""
    bowl = formula("5*x^2 + y^2", 1.0, 1.0)
    descent = settings(descent__optimizer="sgd", descent__schedule__learning_rate=rate).descent
    state = model.begin(bowl, descent, np.array([1.0, 1.0]))
    found = forecast(bowl, descent, state)
    assert found.sharpness == pytest.approx(10.0) and found.limit == pytest.approx(2.0 / rate)
    assert (found.warning != "") == (rate > 0.2)


def test_dead_units_are_counted_by_layer() -> None:
    """A unit whose pre-activation is above 0 on no row."""
    rng = np.random.default_rng(15)
    fit, twin = network(rng, (2, 6, 5, 1), "relu", "bce")
    params = rng.normal(size=fit.size)
    first, second, _ = twin.layers(params)
    first[[2, 4]] = [0.0, 0.0, -0.1]
    second[1] = np.r_[np.zeros(6), -3.0]
    layers = fit.flow(params)
    z = twin.inputs @ first[:, :2].T + first[:, 2]
    below = np.maximum(z, 0) @ second[:, :6].T + second[:, 6]
    dead = [int(np.all(part <= 0, axis=0).sum()) for part in (z, below)]
    assert list(layers.dead) == [*dead, 0] and dead[0] >= 2 and dead[1] >= 1
    descent = settings(descent__schedule__learning_rate=1e-3).descent
    warning = forecast(fit, descent, model.begin(fit, descent, params)).warning
    assert f"{dead[0]} of 6 units of layer 1" in warning and f"{dead[1]} of 5 units of layer 2" in warning


def test_spectrum_trace_and_pairs_of_a_known_matrix() -> None:
    """Exact up to as many parameters as samples; beyond it off by the error that is told, no more and no less."""
    rng = np.random.default_rng(16)
    values = 3.0 * rng.normal(size=100)
    matrix, _ = turned(rng, values)
    known, ascending = quadratic(matrix), np.sort(values)
    assert np.allclose(spectrum(known, np.zeros(100)), ascending, atol=1e-12)
    exact = trace(known, np.zeros(100), samples=100)
    assert exact.error == 0 and exact.value == pytest.approx(values.sum(), abs=1e-11)
    guesses = [trace(known, np.zeros(100), samples=50, seed=seed) for seed in range(200)]
    scores = [(guess.value - values.sum()) / guess.error for guess in guesses]
    assert abs(np.mean(scores)) < 0.25 and 0.8 < np.std(scores) < 1.25
    for count, smallest, expected in ((3, False, ascending[:-4:-1]), (2, True, ascending[:2])):
        found, vectors = eigenpairs(known, np.zeros(100), count, smallest)
        assert np.allclose(found, expected, rtol=1e-6)
        assert np.allclose(vectors @ matrix, found[:, None] * vectors, atol=1e-4)
    inner = np.linalg.eigh(matrix)[1][:, 40]  # a subspace that the matrix never leaves
    assert eigenpairs(known, np.zeros(100), start=inner)[0][0] == pytest.approx(ascending[-1], rel=1e-6)
    assert np.isnan(spectrum(quadratic(np.full((5, 5), np.nan)), np.zeros(5))).all()
    with pytest.raises(SettingError):
        trace(known, np.zeros(100), samples=1)
    with pytest.raises(SettingError):
        spectrum(Given(1501, lambda params: params.sum(-1)), np.zeros(1501))


# --- honesty ---------------------------------------------------------------------------------------------------------

NUMBER = r"([\d.,]+(?:e[+-]?\d+)?)"


def _number(text: str) -> float:
    return float(text.replace(",", "").rstrip("."))


def _sentence_agrees(text: str, gaps: Array, distances: Array, losses: Array, now: int, worst: int | None) -> None:
    """Whatever number a sentence names, to the two digits that it gives; step numbers are those of the states."""

    def same(shown: str, true: float) -> bool:
        return abs(_number(shown) - abs(true)) <= 0.051 * abs(true)

    def right(shown: str, word: str, state: int) -> bool:
        return same(shown, gaps[state]) and (word == "low") == (gaps[state] < 0)

    ours = np.abs(gaps) <= 1e-8 * np.maximum(1.0, np.abs(losses))
    for shown, word, where in re.findall(NUMBER + r" too (low|high) (at the start|at this state)", text):
        assert right(shown, word, 0 if where == "at the start" else now), text
        assert where != "at the start" or worst == 0
    for shown, word in re.findall(r"[Aa]t this state (?:it|the sheet) is " + NUMBER + r" too (low|high)", text):
        assert right(shown, word, now), text
    for step, shown, word, off in re.findall(
        rf"at step {NUMBER} it is {NUMBER} too (low|high): there the path lies {NUMBER} off", text
    ):
        assert int(_number(step)) == worst and right(shown, word, worst) and same(off, distances[worst]), text
    for shown in re.findall(r"agrees with the true loss to " + NUMBER + " along", text):
        assert np.abs(gaps).max() <= _number(shown) * (1 + 1e-9), text
    for shown in re.findall(r"at this state, which lies " + NUMBER + " off", text):
        assert same(shown, distances[now]), text
    assert "At this state the sheet is exact" not in text or ours[now], text
    assert "exact along" not in text or ours.all(), text


def test_figures_and_sentence_agree_with_least_squares() -> None:
    """Paths of several optimizers on planes of all kinds and on any two directions, seen from any of their states."""
    rng = np.random.default_rng(17)
    kinds = ("principal", "random", "two-parameters", "curvature", "momentum", "steepest", "three-states", "ends")
    sentences = set()
    for number in range(64):
        experiment = settings(
            network__widths="2-5-1",
            network__activation=str(rng.choice(["tanh", "relu"])),
            loss=str(rng.choice(["bce", "mse", "hinge"])),
            plane=kinds[number % len(kinds)],
            seed=number,
            steps=int(rng.choice([1, 8, 50])),
            descent__optimizer=str(rng.choice(["sgd", "adam", "heavy-ball"])),
            descent__schedule__learning_rate=float(10 ** rng.uniform(-3, -0.7)),
        )
        path, twin = experiment.run(), twin_of(experiment)
        params, true = path.params(), path.losses()
        plane = plane_of(experiment, path)
        if number % 3 == 0:  # directions at a small angle, of very different lengths
            u, v = rng.normal(size=(2, twin.size))
            plane = Plane(params[-1], 1e3 * u, 1e-2 * (u + 0.05 * v), SQUARE, ("u", "v"))
        now = int(rng.integers(len(params)))
        found = trust(experiment.objective, plane, params, true, now, steps=np.arange(len(params)))
        below = nearest(plane, params)
        gaps, distances = twin.loss(below) - twin.loss(params), np.linalg.norm(params - below, axis=1)
        travelled, gradient = np.linalg.norm(params[now] - params[0]), twin.gradient(params[now])
        share = np.linalg.norm(nearest(plane, plane.origin + gradient[None]) - plane.origin) / np.linalg.norm(gradient)

        assert np.allclose(found.gaps.gaps, gaps, atol=1e-8) and np.allclose(found.gaps.distances, distances, atol=1e-7)
        assert found.gaps.seen.all() and found.gaps.finite.all()
        assert abs(found.worst_gap) == pytest.approx(np.abs(gaps).max(), abs=1e-8)
        assert found.worst is not None and abs(gaps[found.worst]) == pytest.approx(np.abs(gaps).max(), abs=1e-8)
        assert found.distance == pytest.approx(distances[now], abs=1e-7)
        assert found.travelled == pytest.approx(travelled)
        assert found.off == pytest.approx(distances[now] / travelled if travelled else found.off, abs=1e-6)
        assert (found.true, found.sheet) == pytest.approx((true[now], true[now] + gaps[now]), abs=1e-8)
        assert found.share == pytest.approx(share, abs=1e-6)
        assert inside(plane, gradient) == pytest.approx(share, abs=1e-6)
        middle = params - params.mean(0)
        spread = nearest(plane, plane.origin + middle) - plane.origin
        assert found.explained == pytest.approx((spread**2).sum() / (middle**2).sum(), abs=1e-6)
        assert found.walk == pytest.approx(random_walk(len(params), twin.size))
        _sentence_agrees(found.sentence, gaps, distances, true, now, found.worst)
        percent = re.search(r"only (\d+)% of the gradient", found.sentence)
        assert percent is None or abs(int(percent[1]) - 100 * share) <= 0.51
        sentences.add(re.sub(NUMBER, "#", found.sentence))

        again = judge(plane, found.gaps, params, params[now], params[0], gradient, now, np.arange(len(params)))
        assert again.sentence == found.sentence and again.explained == pytest.approx(found.explained)
        assert compared(experiment.objective, plane, params, true).worst == found.worst
    assert len(sentences) > 4


def test_gaps_grow_with_the_path() -> None:
    """What is known stays known, what is new is not, and the worst is the worst of those looked at."""
    rng = np.random.default_rng(18)
    fit, twin = network(rng, (2, 4, 1), "tanh", "mse")
    path = rng.normal(size=(9, fit.size))
    plane, true = some_plane(rng, path[3]), twin.loss(path)
    few = Gaps.none(6)
    assert few.worst is None and not few.seen.any() and np.isnan(few.gaps).all()
    few.look(fit, plane, np.array([1, 4]), path[[1, 4]], true[[1, 4]])
    gaps = twin.loss(nearest(plane, path)) - true
    assert list(np.flatnonzero(few.seen)) == [1, 4] and few.worst == [1, 4][int(abs(gaps[4]) > abs(gaps[1]))]
    more = few.grown(9)
    more.look(fit, plane, np.array([7]), path[[7]], true[[7]])
    assert list(np.flatnonzero(more.seen)) == [1, 4, 7] and list(np.flatnonzero(few.seen)) == [1, 4]
    assert np.allclose(more.gaps[[1, 4, 7]], gaps[[1, 4, 7]])
    assert more.worst == max((1, 4, 7), key=lambda state: abs(gaps[state]))


def test_a_plane_of_two_parameters_is_exact() -> None:
    """Where there are no others, nothing lies off the plane; a path that stands still has no variance."""
    bowl = formula("x^2 + 3*y^2 + x*y", 1.0, 1.0)
    path = np.random.default_rng(19).normal(size=(12, 2))
    plane = Plane([0, 0], [1, 0], [0, 1], SQUARE, ("x", "y"))
    found = trust(bowl, plane, path, bowl.loss(path))
    assert (found.distance, found.off, found.share) == pytest.approx((0.0, 0.0, 1.0), abs=1e-12)
    assert found.explained == pytest.approx(1.0) and abs(found.worst_gap) < 1e-12 and "exact" in found.sentence
    still = np.ones((5, 2))
    same = trust(bowl, plane, still, bowl.loss(still))
    assert math.isnan(same.explained) and (same.distance, same.travelled, same.off) == (0.0, 0.0, 0.0)
    assert math.isnan(explained(plane, still)) and math.isnan(inside(plane, np.zeros(2)))
    assert math.isnan(trust(bowl, plane, np.zeros((1, 2)), np.zeros(1)).share)
    beside = Plane([0, 0, 0], [1, 0, 0], [0, 1, 0], SQUARE, ("x", "y"))
    at_once = trust(Given(3, lambda p: (p**2).sum(-1), lambda p: 2 * p), beside, [[0.0, 0.0, 2.0]], np.array([4.0]))
    assert at_once.off == math.inf and at_once.gap == -4.0
    for number in (12, -13):
        with pytest.raises(IndexError):
            trust(bowl, plane, path, bowl.loss(path), number)


def test_diverged_states_have_no_more_than_their_loss() -> None:
    """Beyond float32, or with a loss that is not finite; the others are compared as if these were not there."""
    rng = np.random.default_rng(20)
    fit, twin = network(rng, (2, 4, 1), "tanh", "bce")
    path = rng.normal(size=(6, fit.size))
    true = twin.loss(path)
    path[4, 0], path[5], true[5] = 1e39, np.nan, np.nan
    plane = some_plane(rng, path[2])
    gaps = twin.loss(nearest(plane, path[:4])) - true[:4]
    found = trust(fit, plane, path, true, 5)
    assert np.allclose(found.gaps.gaps[:4], gaps) and np.isnan(found.gaps.gaps[4:]).all()
    assert list(found.gaps.finite) == [True] * 4 + [False] * 2 and found.gaps.losses[4] == true[4]
    assert found.worst == int(np.argmax(np.abs(gaps)))
    assert "diverged" in found.sentence
    assert all(math.isnan(value) for value in (found.distance, found.share, found.sheet, found.gap))
    middle = path[:4] - path[:4].mean(0)
    spread = nearest(plane, plane.origin + middle) - plane.origin
    assert found.explained == pytest.approx((spread**2).sum() / (middle**2).sum())


@pytest.mark.parametrize("size", [3, 4, 5, 7, 10, 16, 24, 25, 30])
def test_a_random_walk_is_what_it_is_said_to_be(size: int) -> None:
    """Walked fifteen hundred times, for few states and many."""
    rng = np.random.default_rng(size)
    for states in (4, 10, 60):
        walks = np.cumsum(rng.normal(size=(1500, states, size)), axis=1)
        walks -= walks.mean(axis=1, keepdims=True)
        turned_over = walks.transpose(0, 2, 1) @ walks if size < states else walks @ walks.transpose(0, 2, 1)
        values = np.linalg.eigvalsh(turned_over)
        shares = values[:, -2:].sum(1) / values.sum(1)
        chance = 4 * shares.std() / math.sqrt(len(shares))
        assert abs(random_walk(states, size) - shares.mean()) < chance + 0.003


def test_a_random_walk_in_many_dimensions_has_a_closed_form() -> None:
    for states in (5, 50, 500):
        k = np.arange(1, states)
        values = 1.0 / (4.0 * np.sin(np.pi * k / (2 * states)) ** 2)
        assert values.sum() == pytest.approx((states**2 - 1) / 6)
        assert random_walk(states, 10**9) == pytest.approx(values[:2].sum() / values.sum(), abs=1e-6)
    assert random_walk(10**6, 10**6) == pytest.approx(1.25 * 6 / math.pi**2, abs=1e-5)
    assert math.isnan(random_walk(1, 10)) and random_walk(3, 10) == pytest.approx(1.0)


# --- probing ---------------------------------------------------------------------------------------------------------


def _probes(look: Look, plane: Plane, before: model.Probe | None = None, **wanted: bool) -> list[model.Probe]:
    return [found for found in probe(look, plane, before, **wanted) if found is not None]


@pytest.fixture(scope="module")
def long_path() -> tuple[Experiment, Trajectory]:
    """Three thousand steps of Adam at a rate at which it leaps now and then."""
    experiment = settings(steps=3000, descent__optimizer="adam", descent__schedule__learning_rate=0.1)
    return experiment, experiment.run()


def test_the_last_probe_knows_the_worst_of_all_states(long_path: tuple[Experiment, Trajectory]) -> None:
    """The first ones miss it on this path; they are right about what they have seen, and say how much that is."""
    experiment, path = long_path
    plane, twin = plane_of(experiment, path), twin_of(experiment)
    gaps = twin.loss(nearest(plane, path.params())) - twin.loss(path.params())
    found = _probes(Look(experiment, path, len(path)), plane)
    seen = [int(one.trust.gaps.seen.sum()) for one in found]
    assert seen == sorted(set(seen)) and seen[-1] == len(path) == 3001
    for one, count in zip(found, seen, strict=True):
        known = one.trust.gaps.seen
        assert abs(one.trust.worst_gap) == pytest.approx(np.abs(gaps[known]).max(), rel=1e-9)
        assert one.trust.worst in np.flatnonzero(known)
        assert np.isnan(one.trust.gaps.gaps[~known]).all()
        assert (f"{count:,} of 3,001" in one.trust.sentence) == (count < len(path))
    assert abs(found[0].trust.worst_gap) < 0.9 * np.abs(gaps).max()
    assert found[-1].trust.worst == np.argmax(np.abs(gaps))
    assert found[-1].trust.explained == pytest.approx(explained(plane, path.params()), abs=0.01)
    [hasty] = _probes(Look(experiment, path, len(path)), plane, thorough=False)
    assert hasty.trust.sentence == found[0].trust.sentence


def test_the_probe_before_spares_most_of_the_work(long_path: tuple[Experiment, Trajectory]) -> None:
    """And changes nothing: all states are known at once, at whatever state one stands."""
    experiment, path = long_path
    plane = plane_of(experiment, path)
    *_, known = _probes(Look(experiment, path, len(path)), plane)
    for now in (2999, 1500, 0):
        [found] = _probes(Look(experiment, path, len(path), now=now), plane, known)
        fresh = _probes(Look(experiment, path, len(path), now=now), plane)[-1]
        assert found.trust.gaps.seen.all() and found.trust.sentence == fresh.trust.sentence
        assert found.step == now == path[now].step
        assert found.ends.largest == pytest.approx(fresh.ends.largest, rel=1e-3)
        following = experiment.objective.loss(path[now + 1].params)
        assert found.forecast.actual == pytest.approx(following - path[now].loss, rel=1e-6, abs=1e-12)


def test_probes_of_other_places_are_not_believed() -> None:
    """Chains of probes over runs, planes, objectives and lengths in any order, each begun from any one before.

    Among them are paths whose first states were recorded under another loss, and rescaled ReLU networks, whose true
    losses are those of the factors times the recorded parameters.
    """
    rng, before = np.random.default_rng(21), None
    runs = []
    for number in range(8):
        experiment = settings(
            network__widths="2-5-1",
            network__activation="relu" if number % 2 else "tanh",
            rescale=3.0 if number in (3, 7) else 1.0,
            loss=("bce", "mse")[number // 4],
            seed=number // 2 % 2,
            steps=400,
            descent__optimizer="adam",
        )
        runs.append((experiment, experiment.run()))
    for _ in range(80):
        number = int(rng.integers(len(runs)))
        (experiment, path), under = runs[number], 0
        count = int(rng.choice([1, 2, 90, 102, 150, 401]))
        if rng.random() < 0.3:  # the same states under the other loss
            experiment, under = runs[(number + 4) % 8][0], count
        experiment = with_text(experiment, "plane", str(rng.choice(["principal", "random", "ends", "steepest"])))
        factors = 1.0 if experiment.factors is None else experiment.factors
        params, twin = path.params(0, count) * factors, twin_of(experiment)
        plane = plane_of(experiment, Trajectory(path[i] for i in range(count)))
        now = int(rng.integers(count))
        found = _probes(Look(experiment, path, count, under=under, now=now), plane, before)
        below, true = nearest(plane, params), twin.loss(params)
        gaps, gradient = twin.loss(below) - true, twin.gradient(params[now])
        for one in found:
            known = one.trust.gaps.seen
            assert np.allclose(one.trust.gaps.losses[known], true[known], rtol=1e-9)
            assert np.allclose(one.trust.gaps.gaps[known], gaps[known], atol=1e-8)
        last_one = found[-1].trust
        assert last_one.gaps.seen.all()
        assert abs(last_one.worst_gap) == pytest.approx(np.abs(gaps).max(), abs=1e-8)
        assert last_one.distance == pytest.approx(np.linalg.norm(params[now] - below[now]), abs=1e-7)
        assert last_one.travelled == pytest.approx(np.linalg.norm(params[now] - params[0]), abs=1e-9)
        assert last_one.true == pytest.approx(true[now])
        along = nearest(plane, plane.origin + gradient[None]) - plane.origin
        assert last_one.share == pytest.approx(np.linalg.norm(along) / np.linalg.norm(gradient), abs=1e-6)
        _sentence_agrees(last_one.sentence, gaps, np.linalg.norm(params - below, axis=1), true, now, last_one.worst)
        before = found[int(rng.integers(len(found)))]


def test_a_rescaled_network_is_looked_at_where_it_is_drawn_and_forecast_where_it_is_trained() -> None:
    """λmax of the picture is that of D⁻¹HD⁻¹; the next step and its limit are those of the run itself."""
    plain = settings(network__widths="2-6-1", network__activation="relu", steps=80)
    scaled = with_text(plain, "rescale", "5.0")
    path, twin = scaled.run(), twin_of(scaled)
    assert np.array_equal(path.params(), plain.run().params())
    *_, found = _probes(Look(scaled, path, len(path)), plane_of(scaled, path))
    factors = scaled.factors
    assert factors is not None and set(np.round(factors, 12)) == {0.2, 1.0, 5.0}
    assert float(twin.loss(path[-1].params * factors)) == pytest.approx(path[-1].loss)
    raw = hessian(scaled.objective, path[-1].params)
    values = np.linalg.eigvalsh(raw / factors / factors[:, None])
    assert (found.ends.largest, found.ends.smallest) == pytest.approx((values[-1], values[0]), rel=1e-6)
    assert found.forecast.sharpness == pytest.approx(np.linalg.eigvalsh(raw)[-1], rel=1e-6)
    following = model.advance(scaled.objective, scaled.descent, path[-1])
    assert found.forecast.actual == pytest.approx(following.loss - path[-1].loss, rel=1e-6)


@pytest.mark.parametrize("rate", [3.0, 30.0, 300.0])
def test_a_diverged_run_is_probed_to_its_end(rate: float) -> None:
    """Its last state has no picture and no next step; the gaps are those of the states that can be drawn."""
    experiment = settings(
        loss="mse",
        network__widths="2-5-1",
        network__activation="relu",
        steps=200,
        descent__optimizer="sgd",
        descent__schedule__learning_rate=rate,
    )
    path = experiment.run()
    assert not math.isfinite(path[-1].loss)
    plane = plane_of(experiment, path)
    *_, found = _probes(Look(experiment, path, len(path)), plane, spectral=True)
    assert "diverged" in found.trust.sentence and "diverged" in found.forecast.warning
    assert not math.isfinite(found.forecast.actual) and math.isnan(found.trust.gap)
    params, true = path.params(), path.losses()
    drawable = np.isfinite(true) & (np.abs(params).max(1) < np.finfo(np.float32).max)
    assert np.array_equal(found.trust.gaps.finite, drawable) and found.trust.gaps.seen.all()
    *_, start = _probes(Look(experiment, path, len(path), now=0), plane)
    gaps = twin_of(experiment).loss(nearest(plane, params[drawable])) - true[drawable]
    assert start.trust.gap == pytest.approx(gaps[0], abs=1e-6 * (1 + abs(gaps[0])))
    assert start.forecast.actual == pytest.approx(true[1] - true[0])


# Trust, forecast and curvatures keep quiet about numbers of 1e220; the line and the landscape do not.
def test_a_line_through_a_diverged_run_is_no_surprise() -> None:
    experiment = settings(
        loss="mse",
        network__widths="2-5-1",
        network__activation="relu",
        steps=200,
        descent__optimizer="sgd",
        descent__schedule__learning_rate=300.0,
    )
    path = experiment.run()
    assert _probes(Look(experiment, path, len(path)), plane_of(experiment, path), line=True)


def test_a_landscape_of_a_diverged_run_is_no_surprise() -> None:
    experiment = settings(
        loss="huber",
        network__widths="2-1",
        steps=150,
        resolution=11,
        plane="random",
        descent__weight_decay=100.0,
        descent__schedule__learning_rate=700.0,
    )
    path = experiment.run()
    *_, drawn = [part for part in landscape(Look(experiment, path, len(path))) if part is not None]
    assert np.isfinite(drawn.surface.loss).any()


def test_spectrum_and_line_come_where_they_are_wanted() -> None:
    """Along the gradient: the loss there, and the parabola that touches it; or, in words, why there is none."""
    experiment = settings(network__widths="2-5-1", steps=30)
    path, twin = experiment.run(), twin_of(experiment)
    plane, here = plane_of(experiment, path), path[-1].params
    bare = _probes(Look(experiment, path, len(path)), plane)[-1]
    assert bare.profile is None and bare.parabola is None and bare.spectrum is None
    found = _probes(Look(experiment, path, len(path)), plane, line=True, spectral=True)[-1]
    assert found.profile is not None and found.parabola is not None and found.spectrum is not None
    matrix, gradient = twin.hessian(here), twin.gradient(here)
    assert np.allclose(found.spectrum, np.linalg.eigvalsh(matrix), atol=1e-8)
    along = gradient / np.linalg.norm(gradient)
    assert found.parabola.value == pytest.approx(float(twin.loss(here)))
    assert found.parabola.slope == pytest.approx(gradient @ along) and found.parabola.at == pytest.approx(0.0)
    assert found.parabola.curvature == pytest.approx(along @ matrix @ along, rel=1e-6)
    assert np.allclose(found.profile.loss, twin.loss(here + found.profile.t[:, None] * along), rtol=1e-10)
    start = with_text(experiment, "line", "last-step")
    nowhere = _probes(Look(start, path, len(path), now=0), plane, line=True)[-1]
    assert nowhere.profile is None and nowhere.missing


KINDS = ("principal", "random", "two-parameters", "curvature", "momentum", "steepest", "three-states", "ends")


@pytest.mark.parametrize("kind", KINDS)
def test_the_plane_of_a_run_is_the_one_that_its_landscape_has(kind: str) -> None:
    """With what is known of the future at step 15 of 60, and at the end; heights are the true losses."""
    experiment = settings(network__widths="2-5-1", plane=kind, steps=60, resolution=11)
    for steps in (15, 60):
        path = experiment.run(steps)
        ours = plane_of(experiment, path)
        *_, drawn = [part for part in landscape(Look(experiment, path, len(path))) if part is not None]
        theirs = drawn.surface.plane
        assert all(np.array_equal(getattr(ours, name), getattr(theirs, name)) for name in ("origin", "u", "v"))
        assert (ours.bounds, ours.labels, ours.explained) == (theirs.bounds, theirs.labels, theirs.explained)
        assert np.allclose(drawn.heights, twin_of(experiment).loss(path.params()), rtol=1e-12)
        back = ours.origin + drawn.coords[:, :1] * ours.u + drawn.coords[:, 1:] * ours.v
        assert np.allclose(back, nearest(ours, path.params()), atol=1e-8)


def test_heights_recorded_under_another_loss_are_taken_anew() -> None:
    """NaN at first, then the loss that is drawn."""
    before, after = settings(steps=40, resolution=21), settings(steps=40, resolution=21, loss="mse")
    path = before.run()
    found = [part for part in landscape(Look(after, path, 41, under=30)) if part is not None]
    assert np.isnan(found[0].heights[:30]).all()
    assert np.allclose(found[-1].heights[:30], twin_of(after).loss(path.params(0, 30)), rtol=1e-12)
    assert np.array_equal(found[-1].heights[30:], path.losses(30))  # recorded ones stay as they were


# --- the door, and held-out data -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "objective",
    [settings(network__widths="2-3-1").objective, settings(trained="0-3").objective, formula("x^2 + y^4", 1.0)],
    ids=["network", "restricted", "function"],
)
def test_objectives_take_numbers_of_the_right_shape_and_leave_them_alone(objective: Objective) -> None:
    size = objective.size
    one = [objective.loss_and_gradient, objective.hessian_at, partial(flow, objective)]
    for bad in (np.zeros(size + 1), np.zeros(size - 1), np.zeros((size, 1)), 0.0, [], [[0.0] * (size + 1)] * size):
        for method in [objective.loss, *one]:
            with pytest.raises(SettingError):
                method(bad)
    for method in one:
        with pytest.raises(SettingError):
            method(np.zeros((2, size)))
    with pytest.raises(SettingError):
        objective.slice(np.zeros(size + 1), np.eye(size)[:2])
    with pytest.raises(SettingError):
        objective.slice(np.zeros(size), np.eye(size + 1)[:2])

    whole = np.arange(size) - size // 2
    loss, gradient = objective.loss_and_gradient(list(map(int, whole)))
    assert loss == objective.loss(whole.astype(float)) == objective.loss(whole.astype(np.int8))
    assert gradient.dtype == float
    huge = np.zeros(size, dtype=np.int64)
    huge[:2] = 25**9  # whose square is no whole number of 64 bits
    assert objective.loss(huge) == objective.loss(huge.astype(float))

    given, along = np.linspace(-1.0, 1.0, size), np.eye(size)[:2].copy()
    kept = given.copy()
    product, drawn = objective.hessian_at(given), objective.slice(given, along)
    first, at = product(np.ones(size)), drawn(np.array([[0.5, -0.5]]))
    objective.loss(given), objective.loss_and_gradient(given), flow(objective, given)
    assert np.array_equal(given, kept) and given.flags.writeable and along.flags.writeable
    given[:], along[:] = 9.0, 9.0
    assert np.array_equal(product(np.ones(size)), first)
    assert np.array_equal(drawn(np.array([[0.5, -0.5]])), at)


def test_planes_and_data_keep_copies() -> None:
    origin, u, v = np.zeros(3), np.eye(3)[0].copy(), np.eye(3)[1].copy()
    plane = Plane(origin, u, v, SQUARE, ("u", "v"))
    inputs, targets = np.ones((4, 2)), np.ones((4, 1))
    data = Dataset("given", inputs, targets)
    for array in (origin, u, v, inputs, targets):
        assert array.flags.writeable
        array[:] = 7.0
    assert np.array_equal(plane.point([1.0, 2.0]), [1.0, 2.0, 0.0])
    assert (data.inputs == 1).all() and (data.targets == 1).all()
    for kept in (plane.origin, data.inputs, data.targets):
        with pytest.raises(ValueError):
            kept[0] = 3.0


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_a_split_is_drawn_by_its_own_seed_and_scaled_by_the_training_rows(share: float) -> None:
    """Every row is on one side, in the order of the whole; the test rows are shifted by what others are like."""
    whole = Cars().load()
    assert whole.scaling is not None
    speed, way = whole.scaling.inputs_back(whole.inputs), whole.scaling.targets_back(whole.targets)
    rows = np.hstack([speed, way])
    drawn = set()
    for seed in range(6):
        train, test = whole.split(share, seed)
        assert len(test.inputs) == round(share * len(rows)) and len(train.inputs) + len(test.inputs) == len(rows)
        assert train.inputs.mean() == pytest.approx(0, abs=1e-12) and train.inputs.std() == pytest.approx(1)
        assert train.targets.mean() == pytest.approx(0, abs=1e-12) and train.targets.std() == pytest.approx(1)
        back = []
        for part in (train, test):
            assert part.scaling is not None
            back.append(np.hstack([part.scaling.inputs_back(part.inputs), part.scaling.targets_back(part.targets)]))
        assert np.allclose(sorted(map(tuple, np.vstack(back))), sorted(map(tuple, rows)))
        assert all(np.all(np.diff(part[:, 0]) >= -1e-9) for part in back)  # the file is ordered by speed
        mean, scale = back[0].mean(0), back[0].std(0)
        assert np.allclose(np.hstack([test.inputs, test.targets]), (back[1] - mean) / scale)
        assert np.array_equal(whole.split(share, seed)[1].inputs, test.inputs)
        drawn.add(tuple(test.inputs[:, 0]))
    assert len(drawn) > 1


def test_a_split_leaves_a_row_on_either_side() -> None:
    data = Dataset("numbers", np.arange(5.0)[:, None], np.arange(5.0)[:, None])
    for share, held in ((0.001, 1), (0.999, 4)):
        train, test = data.split(share, 0)
        assert (len(train.inputs), len(test.inputs)) == (5 - held, held)
    for share in (0.0, 1.0, -0.2, math.nan):
        with pytest.raises(SettingError):
            data.split(share, 0)
    with pytest.raises(SettingError):
        Dataset("one", np.ones((1, 1)), np.ones((1, 1))).split(0.5, 0)


def test_another_start_keeps_the_split() -> None:
    """Another seed of the weights learns the same rows and is tested on the same ones; another split seed does not."""
    experiment = settings(dataset="cars", holdout=0.3, network__widths="1-4-1")
    other, _ = another_start(experiment)
    params = experiment.start
    assert not np.array_equal(other.start, params)
    assert other.objective.loss(params) == experiment.objective.loss(params)
    assert other.objective.test is not None and experiment.objective.test is not None
    assert other.objective.test.loss(params) == experiment.objective.test.loss(params)
    split = with_text(experiment, "split_seed", "1")
    assert np.array_equal(split.start, params) and split.objective.loss(params) != experiment.objective.loss(params)
    train, test = experiment.dataset.load().split(0.3, 0)
    ours = Twin((1, 4, 1), "tanh", True, train, "mse"), Twin((1, 4, 1), "tanh", True, test, "mse")
    state = experiment.run(3)[3]
    assert (state.loss, state.test_loss) == pytest.approx([float(twin.loss(state.params)) for twin in ours])
