"""What is said of a picture and of the curvature below it: walks, gaps, ends of a spectrum, traces, limits."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from model.check.case import Result
from model.check.quadratics import linear_model
from model.curvature import extremes, trace
from model.datasets import Dataset
from model.honesty import random_walk, trust
from model.losses import MeanSquared
from model.network import Network
from model.objective import Fit
from model.optimizers import QHM, SGD, Adam, HeavyBall, Nesterov
from model.plane import Plane, Principal


def random_walks() -> Iterator[Result]:
    """A random walk has (1 + ¼)·6/π² = 76% of its variance in its best plane (Antognini & Sohl-Dickstein 2018).

    Of N states in many dimensions it is what the covariance min(s, t) of a walk, centred, has in its two largest
    eigenvalues.
    """
    yield Result("share for many states: (1 + ¼)·6/π²", 7.5 / math.pi**2, random_walk(10**5, 10**9), 1e-6)
    states, size = 100, 1000
    times, centre = np.arange(states), np.eye(states) - 1.0 / states
    values = np.linalg.eigvalsh(centre @ np.minimum.outer(times, times) @ centre)
    theory = float(values[-2:].sum() / values.sum())
    yield Result(f"share for {states} states", theory, random_walk(states, 10**9), 1e-8)
    rng, (fit, _) = np.random.default_rng(0), linear_model(samples=2, inputs=size - 1)
    walks = [np.cumsum(rng.normal(size=(states, size)), axis=0) for _ in range(20)]
    shares = [Principal().plane(fit, walk).explained or math.nan for walk in walks]
    yield Result(
        f"explained by principal planes, 20 walks in {size:,} dimensions", theory, float(np.mean(shares)), 5e-3
    )


def gaps() -> Iterator[Result]:
    """Below (a, b, c) the sheet of a² + b² + c² over the plane of a and b is c² too low (Pythagoras)."""
    data = Dataset("three points", math.sqrt(3.0) * np.eye(3), np.zeros((3, 1)))
    objective = Fit(data, Network((3, 1), bias=False), MeanSquared())
    oblique = Plane(np.zeros(3), np.array([1.0, 0.0, 0.0]), np.array([3.0, 0.1, 0.0]), ((-1, 1), (-1, 1)), ("a", "b"))
    params = np.array([[2.0, 1.0, 2.0], [1.0, -1.0, 0.7]])
    told = trust(objective, oblique, params, np.sum(params**2, axis=1))
    yield Result("gap at c = 0.7: −c²", -0.49, told.gap, 1e-12)
    yield Result("largest gap of the path, at c = 2: −c²", -4.0, told.worst_gap, 1e-12)
    yield Result("distance off the plane: c", 0.7, told.distance, 1e-12)
    yield Result("share of the gradient: √(a² + b²)/√(a² + b² + c²)", math.sqrt(2.0 / 2.49), told.share, 1e-12)


def ends_and_traces() -> Iterator[Result]:
    """Of 2XᵀX/n, the outermost eigenvalues are 2σ²/n, and zᵀHz is the trace on average (Hutchinson 1990).

    With random signs its variance is 2(|H|² − Σ Hᵢᵢ²).
    """
    fit, matrix = linear_model(samples=150, inputs=80)
    params, samples, hessian = np.zeros(fit.size), 50, 2.0 / len(matrix) * matrix.T @ matrix
    singular, ends = np.linalg.svd(matrix, compute_uv=False), extremes(fit, params)
    for name, sigma, measured in (("largest", singular[0], ends.largest), ("smallest", singular[-1], ends.smallest)):
        theory = float(2.0 / len(matrix) * sigma**2)
        yield Result(
            f"{name} curvature, followed: 2σ²/n", theory, measured, 1e-4 * 2.0 / len(matrix) * singular[0] ** 2
        )
    theory = float(2.0 / len(matrix) * np.sum(matrix**2))
    error = math.sqrt(2.0 * (np.sum(hessian**2) - np.sum(np.diag(hessian) ** 2)) / samples)
    estimate = trace(fit, params, samples)
    yield Result(f"trace by {samples} products: 2|X|²/n, within 4 standard errors", theory, estimate.value, 4.0 * error)
    yield Result("its standard error", error, estimate.error, 0.4 * error)  # of 50 samples: 10% itself
    exact = trace(fit, params, fit.size)
    yield Result(f"trace by {fit.size} products", theory, exact.value, 1e-12 * theory)


def announced_limits() -> Iterator[Result]:
    """The limits that optimizers announce are those at which their steps begin to grow (Cohen et al. 2021, 2022)."""
    rate, beta, nu = 0.05, 0.8, 0.4
    for name, optimizer, theory in (
        ("gradient descent: 2/η", SGD(), 2.0),
        ("heavy ball: (2 + 2β)/η", HeavyBall(beta), 2.0 + 2.0 * beta),
        ("Nesterov: (2 + 2β)/((1 + 2β)η)", Nesterov(beta), (2.0 + 2.0 * beta) / (1.0 + 2.0 * beta)),
        ("QHM: 2(1 + β)/((1 + β − 2νβ)η)", QHM(beta, nu), 2.0 * (1.0 + beta) / (1.0 + beta - 2.0 * nu * beta)),
        ("Adam: (2 + 2β₁)/((1 − β₁)η)", Adam(beta1=beta), (2.0 + 2.0 * beta) / (1.0 - beta)),
    ):
        yield Result(f"{name}, η = {rate}", theory / rate, optimizer.limit(rate), 1e-12 * theory / rate)
