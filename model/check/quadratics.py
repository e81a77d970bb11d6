"""Descents on quadratics, where theory knows everything: paths, stability limits, the best rates; and first steps.

Along a direction of curvature λ a quadratic is ½λθ² and its gradient λθ, so that a step of gradient descent, with
momentum or without, is a fixed linear map. It is stable while the eigenvalues of that map lie inside the unit circle.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from model.arrays import Array
from model.check.case import Result, path, worst
from model.datasets import Dataset
from model.functions import Bowl, Ravine
from model.losses import MeanSquared
from model.network import Network
from model.objective import Fit
from model.optimizers import QHM, SGD, AdaDelta, AdaGrad, Adam, AdamW, HeavyBall, Nesterov, Optimizer, QHAdam, RMSProp


def closed_form() -> Iterator[Result]:
    """Gradient descent on a quadratic is θₜ − θ* = (I − ηH)ᵗ (θ₀ − θ*) (Cauchy 1847; Goh 2017, Distill)."""
    start, steps = np.array([2.5, -1.5]), 100
    for function, curvatures in ((Bowl(), (1.0, 1.0)), (Ravine(condition=20.0), (1.0, 20.0))):
        theory = (1.0 - 0.09 * np.array(curvatures)) ** steps * start
        measured = path(function.objective, SGD(), 0.09, start, steps)[-1]
        yield worst(f"{function.caption}, η = 0.09, θ after {steps} steps", theory, measured, 1e-12)
    fit, matrix = linear_model(samples=40, inputs=12)
    hessian = 2.0 / len(matrix) * matrix.T @ matrix
    rate, end = 1.0 / np.linalg.eigvalsh(hessian)[-1], least_squares(fit, matrix)
    start = np.linspace(-1.0, 1.0, fit.size)
    theory = end + np.linalg.matrix_power(np.eye(fit.size) - rate * hessian, steps) @ (start - end)
    measured = path(fit, SGD(), rate, start, steps)[-1]
    name = f"linear model, {fit.size} parameters, θ after {steps} steps"
    yield worst(name, theory, measured, 1e-12, np.abs(theory).max())


def linear_model(samples: int, inputs: int) -> tuple[Fit, Array]:
    """Linear regression on random numbers, and its matrix `(n, P)`: the inputs beside a column of ones."""
    rng = np.random.default_rng(0)
    data = Dataset("random numbers", rng.normal(size=(samples, inputs)), rng.normal(size=(samples, 1)))
    return Fit(data, Network((inputs, 1)), MeanSquared()), np.column_stack([data.inputs, np.ones(samples)])


def least_squares(fit: Fit, matrix: Array) -> Array:
    """The parameters `(P,)` at which the mean squared error of a linear model is least, by NumPy's solver."""
    return np.linalg.lstsq(matrix, fit.dataset.targets[:, 0], rcond=None)[0]


def stability_limits() -> Iterator[Result]:
    """Above a certain ηλ a descent on a quadratic grows; below it shrinks (Polyak 1964; Cohen et al. 2021, section 2).

    At the limit an eigenvalue of the step is −1, so that 1 + trace + determinant of its matrix is 0. With s = ηλ:

        heavy ball   r² − (1 + β − s)r + β                            2 + 2β − s = 0
        Nesterov     r² − (1 + β)(1 − s)r + β(1 − s)                  1 + (1 + 2β)(1 − s) = 0
        QHM          [[1 − s(1 − νβ), −sνβ], [1 − β, β]] on (θ, d/λ): trace 1 + β − s(1 − νβ),
                     determinant β − sβ(1 − ν)                        2 + 2β − s(1 + β − 2νβ) = 0
    """
    yield _limit("gradient descent: 2/λ", SGD(), 2.0)
    for beta in (0.5, 0.9, 0.99):
        yield _limit(f"heavy ball, β = {beta}: (2 + 2β)/λ", HeavyBall(beta), 2.0 + 2.0 * beta)
    for beta in (0.5, 0.9, 0.99):
        yield _limit(f"Nesterov, β = {beta}: (2 + 2β)/((1 + 2β)λ)", Nesterov(beta), (2 + 2 * beta) / (1 + 2 * beta))
    for beta, nu in ((0.5, 0.7), (0.9, 0.3), (0.9, 0.7)):
        limit = 2.0 * (1.0 + beta) / (1.0 + beta * (1.0 - 2.0 * nu))
        yield _limit(f"QHM, β = {beta}, ν = {nu}: 2(1 + β)/((1 + β − 2νβ)λ)", QHM(beta, nu), limit)


def _limit(name: str, optimizer: Optimizer, limit: float) -> Result:
    curvature = 20.0
    theory = limit / curvature
    return Result(f"{name}, λ = 20", theory, _largest_stable_rate(optimizer, curvature), 1e-3 * theory)


def _largest_stable_rate(optimizer: Optimizer, curvature: float) -> float:
    """By bisection between 0 and 8/λ."""
    low, high = 0.0, 8.0 / curvature
    for _ in range(16):
        middle = (low + high) / 2.0
        low, high = (low, middle) if _grows(optimizer, curvature, middle) else (middle, high)
    return (low + high) / 2.0


def _grows(optimizer: Optimizer, curvature: float, rate: float, steps: int = 600) -> bool:
    """Whether the distance from the minimum is larger at the end than in the middle, or has overflowed."""
    objective = Ravine(condition=curvature).objective
    distances = np.abs(path(objective, optimizer, rate, np.array([0.0, 1.0]), steps)[:, 1])
    middle = steps // 2
    shrinks = len(distances) > steps and distances[-20:].max() <= distances[middle - 20 : middle].max()
    return not shrinks


def best_rates() -> Iterator[Result]:
    """The best rates shrink the error by (κ−1)/(κ+1) a step, with momentum by (√κ−1)/(√κ+1) (Polyak 1964, theorem 9).

    η = 2/(L + μ) makes the slowest and the fastest direction equally slow. With η = 4/(√L + √μ)² and β the square of
    (√κ−1)/(√κ+1) every eigenvalue has that size ρ. At both ends it is double, so that the error is (a + bt)ρᵗ, which
    between steps t and 2t shrinks by 2ρᵗ when t is large. Here μ = 1 and L = κ.
    """
    for condition in (10.0, 100.0):
        root = math.sqrt(condition)
        theory = (condition - 1.0) / (condition + 1.0)
        measured = _contraction(condition, SGD(), 2.0 / (condition + 1.0), 100)
        yield Result(f"gradient descent, κ = {condition:g}: (κ−1)/(κ+1)", theory, measured, 1e-12)
        theory = (root - 1.0) / (root + 1.0)
        measured = _contraction(condition, HeavyBall(theory**2), 4.0 / (root + 1.0) ** 2, 400) / 2.0 ** (1.0 / 400)
        yield Result(f"heavy ball, κ = {condition:g}: (√κ−1)/(√κ+1)", theory, measured, 1e-4 * theory)


def _contraction(condition: float, optimizer: Optimizer, rate: float, steps: int) -> float:
    """The factor per step by which the error shrinks over the second half of 2·`steps` steps; ∞ if it overflows."""
    params = path(Ravine(condition=condition).objective, optimizer, rate, np.array([1.0, 1.0]), 2 * steps)
    distances = np.abs(params).max(axis=1)
    if len(distances) <= 2 * steps:
        return math.inf
    return float((distances[2 * steps] / distances[steps]) ** (1.0 / steps))


def first_steps() -> Iterator[Result]:
    """The first step of an adaptive optimizer is known in closed form, of any gradient (Kingma & Ba 2015, section 2.1).

    Adam's means are corrected to g and g² exactly, so that its step is −ηg/(|g| + ε), about −η·sign(g), whatever β₁
    and β₂; AdaGrad's sum is g². RMSProp's mean square and AdaDelta's are uncorrected, (1 − α)g².
    """
    rate, gradient = 0.1, np.array([1e-9, -1e-3, 0.5, -3.0, 1e4])
    size, rmsprop, adadelta = np.abs(gradient), RMSProp(), AdaDelta()
    for optimizer in (Adam(), AdamW(weight_decay=0.0), QHAdam(), AdaGrad()):
        theory = -rate * gradient / (size + optimizer.eps)
        measured = _first_step(optimizer, gradient, rate)
        yield worst(f"{type(optimizer).__name__}: −ηg/(|g| + ε)", theory, measured, 1e-12)
    theory = -rate * gradient / (math.sqrt(1.0 - rmsprop.alpha) * size + rmsprop.eps)
    yield worst("RMSProp: −ηg/(√(1 − α)|g| + ε)", theory, _first_step(rmsprop, gradient, rate), 1e-12)
    theory = -rate * gradient * np.sqrt(adadelta.eps / ((1.0 - adadelta.rho) * gradient**2 + adadelta.eps))
    yield worst("AdaDelta: −ηg·√(ε/((1 − ρ)g² + ε))", theory, _first_step(adadelta, gradient, rate), 1e-12)


def _first_step(optimizer: Optimizer, gradient: Array, rate: float) -> Array:
    params = np.zeros_like(gradient)
    return optimizer.update(gradient, optimizer.init(params), params, rate)[0]


def decoupled_decay() -> Iterator[Result]:
    """Where the gradient is zero, AdamW's decay alone is left: θₜ = (1 − ηλ)ᵗ θ₀ (Loshchilov & Hutter 2019)."""
    optimizer, start, rate, steps = AdamW(weight_decay=0.2), np.array([3.0, -0.5]), 0.05, 200
    params, memory = start, optimizer.init(start)
    for _ in range(steps):
        step, memory = optimizer.update(np.zeros(2), memory, params, rate)
        params = params + step
    yield worst(f"AdamW, ηλ = 0.01, θ after {steps} steps", 0.99**steps * start, params, 1e-12)
