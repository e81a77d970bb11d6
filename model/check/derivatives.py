"""Derivatives: gradients and Hessians against differences of what they are the derivatives of, for all registries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from model.activations import ACTIVATIONS
from model.arrays import Array
from model.check.case import Result, worst
from model.check.quadratics import linear_model
from model.curvature import eigenpairs, hessian
from model.datasets import Dataset
from model.functions import FUNCTIONS
from model.losses import LOSSES, Loss
from model.network import Network
from model.objective import Fit, Objective, unsuited
from model.settings import kind_of

Measure = Callable[[Fit, Array], float]
TOLERANCE = 1e-7  # of differences: they themselves are off by some 1e-10
H = 1e-5  # half the distance over which differences are taken


def taylor() -> Iterator[Result]:
    """What Taylor's first k terms leave of a change ε of the parameters is of order k + 1 in ε (Taylor 1715).

    L(θ + εd) − L(θ) − εg·d is O(ε²), and minus ½ε²d·Hd it is O(ε³): slopes of 2 and 3 on logarithmic axes.
    """
    for kind in ("mse", "softmax"):
        fit = next(fit for fit in fits(["tanh"], [loss for loss in LOSSES if kind_of(loss) == kind]))
        params, along = _place(fit)
        (loss, gradient), eps = fit.loss_and_gradient(params), np.geomspace(1e-3, 1e-2, 6)
        first = fit.loss(params + eps[:, None] * along) - loss - eps * (gradient @ along)
        second = first - 0.5 * eps**2 * (along @ fit.hessian_at(params)(along))
        for order, known, rest in ((2, "the gradient leaves", first), (3, "gradient and Hessian leave", second)):
            slope = np.polyfit(np.log(eps), np.log(np.abs(rest)), 1)[0]
            yield Result(f"{kind}, tanh: order of what {known}", order, float(slope), 0.05)


def gradients() -> Iterator[Result]:
    """Backpropagation is the gradient: (L(θ + h) − L(θ − h))/2h, parameter by parameter (Rumelhart et al. 1986)."""
    yield from _over_registries("gradient", gradient_error)


def hessian_products() -> Iterator[Result]:
    """Products with the Hessian are the change of the gradient along v (Pearlmutter 1994)."""
    yield from _over_registries("Hessian product", product_error)


def _over_registries(name: str, measure: Measure) -> Iterator[Result]:
    for activation in ACTIVATIONS:
        yield _worst_fit(f"{name}, {activation}: relative error, all losses", measure, fits([activation], LOSSES))
    for loss in LOSSES:
        yield _worst_fit(
            f"{name}, {kind_of(loss)}: relative error, all activations", measure, fits(ACTIVATIONS, [loss])
        )


def _worst_fit(name: str, measure: Measure, cases: Iterator[Fit]) -> Result:
    errors = [measure(fit, _place(fit)[0]) for fit in cases]
    return Result(name, 0.0, float(np.max(errors)), TOLERANCE)  # of NaN and others NumPy's maximum is NaN


def fits(activations: Iterable[str], losses: Iterable[type[Loss]]) -> Iterator[Fit]:
    """Networks 2-5-4-K with and without biases, on values and on classes, wherever the loss suits."""
    rng = np.random.default_rng(2)
    inputs, values = rng.normal(size=(12, 2)), rng.normal(size=(12, 2))
    labels = np.arange(12)
    kinds = (
        (Dataset("values", inputs, values), 2),
        (Dataset("two classes", inputs, labels % 2, 2), 1),
        (Dataset("three classes", inputs, labels % 3, 3), 3),
    )
    for data, outputs in kinds:
        for activation in activations:
            for loss in losses:
                for bias in (True, False):
                    network = Network((2, 5, 4, outputs), activation, bias)
                    if not unsuited(loss, data, network):
                        yield Fit(data, network, loss())


def _place(objective: Objective) -> tuple[Array, Array]:
    """Parameters `(P,)` and a direction `(P,)` of length 1, both random."""
    params, along = np.random.default_rng(5).normal(size=(2, objective.size))
    params *= 0.5  # so that no hinge is satisfied throughout, and there is a gradient to speak of
    return params, along / np.linalg.norm(along)


def gradient_error(objective: Objective, params: Array) -> float:
    """How far the gradient is from central differences of the loss, as a share of its largest number."""
    ahead, behind = (objective.loss(params + step) for step in (H * np.eye(len(params)), -H * np.eye(len(params))))
    gradient = objective.loss_and_gradient(params)[1]
    return _share(gradient - (ahead - behind) / (2.0 * H), gradient)


def product_error(objective: Objective, params: Array) -> float:
    """How far H·v is from central differences of the gradient, as a share of the largest number in these or in ∇L."""
    along = _place(objective)[1]
    ahead, behind = (objective.loss_and_gradient(params + step)[1] for step in (H * along, -H * along))
    differences = (ahead - behind) / (2.0 * H)
    # By both: with ReLU and the hinge, H is 0 in many places, and differences of the gradient are rounding.
    return _share(objective.hessian_at(params)(along) - differences, np.concatenate([differences, ahead]))


def _share(error: Array, whole: Array) -> float:
    return float(np.abs(error).max() / np.abs(whole).max())


def functions() -> Iterator[Result]:
    """The derivatives of the functions of x and y are the slopes of their values, and of each other."""
    rng = np.random.default_rng(3)
    for kind in FUNCTIONS:
        function = kind()
        objective, ((left, right), (low, high)) = function.objective, function.region
        points = rng.uniform((left, low), (right, high), size=(10, 2))
        slopes = np.array([objective.loss_and_gradient(point)[1] for point in points])
        steps = H * np.eye(2)
        differences = np.stack([objective.loss(points + step) - objective.loss(points - step) for step in steps], 1)
        scale = np.abs(slopes).max()
        yield worst(f"{kind.caption}: gradient at 10 points", differences / (2.0 * H), slopes, TOLERANCE, scale)
        bends = np.array([hessian(objective, point) for point in points])
        changes = [[_gradient_change(objective, point, step) for step in steps] for point in points]
        scale = np.abs(bends).max()
        yield worst(f"{kind.caption}: Hessian at 10 points", np.array(changes), bends, TOLERANCE, scale)


def _gradient_change(objective: Objective, point: Array, step: Array) -> Array:
    ahead, behind = objective.loss_and_gradient(point + step)[1], objective.loss_and_gradient(point - step)[1]
    return (ahead - behind) / (2.0 * H)


def symmetry() -> Iterator[Result]:
    """A Hessian is symmetric: u·Hv = v·Hu for all u and v (Schwarz 1873)."""
    for activation in ACTIVATIONS:
        shares = []
        for fit in fits([activation], LOSSES):
            params, u = _place(fit)
            v = np.roll(u, 1)
            product = fit.hessian_at(params)
            terms = np.abs(u * product(v)).sum() + np.abs(fit.loss_and_gradient(params)[1]).max()
            shares.append(abs(u @ product(v) - v @ product(u)) / terms)
        yield Result(f"u·Hv − v·Hu, {activation}: as a share, all losses", 0.0, float(np.max(shares)), 1e-12)


def least_squares_curvature() -> Iterator[Result]:
    """A linear model's mean squared error has the Hessian 2XᵀX/n: trace 2|X|²/n, largest eigenvalue 2σ₁²/n."""
    fit, matrix = linear_model(samples=150, inputs=80)
    count, params = len(matrix), np.zeros(fit.size)
    trace = float(np.trace(hessian(fit, params)))
    theory = float(2.0 / count * np.sum(matrix**2))
    yield Result(f"trace, {fit.size} parameters: 2|X|²/n", theory, trace, 1e-12 * theory)
    theory = float(2.0 / count * np.linalg.svd(matrix, compute_uv=False)[0] ** 2)
    largest = float(eigenpairs(fit, params)[0][0])
    yield Result("largest curvature by Lanczos: 2σ₁²/n", theory, largest, 1e-6 * theory)
