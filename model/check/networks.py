"""Networks and their training: losses that are known, least squares, mini-batches, vanishing gradients, the edge."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np

from model.arrays import Array
from model.check.case import Result, path, worst
from model.check.quadratics import least_squares, linear_model
from model.curvature import eigenpairs, hessian
from model.datasets import Cars, Dataset
from model.descent import Descent, begin, descend
from model.initializers import GlorotNormal, LeCunUniform
from model.losses import (
    BinaryCrossEntropy,
    Hinge,
    LogCosh,
    Loss,
    MeanAbsolute,
    MeanSquared,
    SoftmaxCrossEntropy,
    SquaredHinge,
)
from model.network import Network
from model.objective import Fit
from model.optimizers import SGD, HeavyBall
from model.schedules import Constant


def losses_at_zero() -> Iterator[Result]:
    """With all parameters 0 every output is 0, and no class is more likely than another (Karpathy, CS231n).

    Two classes cost ln 2, K classes ln K, a margin of 0 costs 1, and values cost what they are.
    """
    inputs, values = np.ones((30, 2)), np.linspace(-1.0, 3.0, 30)[:, None]
    numbers = Dataset("values", inputs, values)
    yield _at_zero("mse: mean y²", numbers, 1, MeanSquared(), float(np.mean(values**2)))
    yield _at_zero("log-cosh: mean ln cosh y", numbers, 1, LogCosh(), float(np.mean(np.log(np.cosh(values)))))
    yield _at_zero("mae: mean |y|", numbers, 1, MeanAbsolute(), float(np.mean(np.abs(values))))
    halves = Dataset("two classes", inputs, np.arange(30) % 2, 2)
    yield _at_zero("bce: ln 2", halves, 1, BinaryCrossEntropy(), math.log(2.0))
    yield _at_zero("hinge: 1", halves, 1, Hinge(), 1.0)
    yield _at_zero("squared hinge: 1", halves, 1, SquaredHinge(), 1.0)
    for classes in (3, 5, 10):
        data = Dataset("classes", inputs, np.arange(30) % classes, classes)
        yield _at_zero(f"softmax: ln {classes}", data, classes, SoftmaxCrossEntropy(), math.log(classes))


def _at_zero(name: str, data: Dataset, outputs: int, loss: Loss, theory: float) -> Result:
    fit = Fit(data, Network((2, 4, outputs)), loss)
    return Result(name, theory, float(fit.loss(np.zeros(fit.size))), 1e-12)


def linear_regression() -> Iterator[Result]:
    """A linear model's descent ends at the least squares solution (Gauss 1809), here as NumPy's lstsq has it."""
    fit, matrix = linear_model(samples=60, inputs=5)
    theory = least_squares(fit, matrix)
    yield worst("5 inputs and a bias: parameters", theory, _end(fit), 1e-9, np.abs(theory).max())


def polynomial_regression() -> Iterator[Result]:
    """With powers of x as inputs the same descent ends at NumPy's polyfit."""
    x = np.linspace(-1.0, 1.0, 30)
    data = Dataset("exponential", x[:, None], np.exp(x)[:, None])
    for degree in (1, 2, 3):
        fit = Fit(data, Network((1, 1), degree=degree), MeanSquared())
        # polyfit has the highest power first and the constant last; θ has the powers ascending, then the bias.
        *powers, constant = np.polyfit(x, np.exp(x), degree)
        yield worst(f"exp x by powers up to {degree}: parameters", np.array([*powers[::-1], constant]), _end(fit), 1e-9)


def known_line() -> Iterator[Result]:
    """The stopping distances of cars lie about −17.5791 + 3.9324·speed (R's lm(dist ~ speed) on its `cars`)."""
    fit = Fit(Cars().load(), Network((1, 1)), MeanSquared())
    line = fit.user_units(_end(fit))
    if line is None:
        raise ValueError("the data were standardised, but parameters in their own units are missing")
    slope, intercept = line
    yield Result("cars, standardised: slope, feet per mph", 3.9324, float(slope), 5e-5)
    yield Result("cars, standardised: intercept, feet", -17.5791, float(intercept), 5e-5)


def _end(fit: Fit) -> Array:
    """Where a descent on a quadratic ends, with the rate and the momentum that are best for it (Polyak 1964)."""
    curvatures = np.linalg.eigvalsh(hessian(fit, np.zeros(fit.size)))
    low, high = np.sqrt(curvatures[[0, -1]])
    momentum, rate = ((high - low) / (high + low)) ** 2, 4.0 / (high + low) ** 2
    return path(fit, HeavyBall(float(momentum)), float(rate), np.zeros(fit.size), 2000)[-1]


def epochs() -> Iterator[Result]:
    """In an epoch every row is drawn exactly once, whatever the size of the mini-batches."""
    samples = 100
    for size in (1, 7, 32, 99):
        descent, batches = Descent(batch_size=size), -(-samples // size)
        for epoch in (0, 3):
            steps = range(epoch * batches, (epoch + 1) * batches)
            rows = [descent.rows(step, samples) for step in steps]
            drawn = np.concatenate([part for part in rows if part is not None])
            once = int(np.sum(np.bincount(drawn, minlength=samples) == 1))
            yield Result(f"{samples} rows by {size}, epoch {epoch}: rows drawn once", samples, once, 0.0)


def batch_gradients() -> Iterator[Result]:
    """Mini-batch gradients are unbiased: over an epoch of equal batches their mean is ∇L (Robbins & Monro 1951)."""
    rng = np.random.default_rng(1)
    data = Dataset("values", rng.normal(size=(60, 2)), rng.normal(size=(60, 1)))
    fit = Fit(data, Network((2, 8, 1)), MeanSquared())
    params = fit.network.begin(GlorotNormal(), 0)
    theory = fit.loss_and_gradient(params)[1]
    for size in (1, 12, 30):
        descent = Descent(batch_size=size, seed=4)
        parts = [fit.loss_and_gradient(params, descent.rows(step, 60))[1] for step in range(60 // size)]
        yield worst(f"60 rows by {size}: mean gradient", theory, np.mean(parts, axis=0), 1e-12, np.abs(theory).max())


def vanishing_gradient() -> Iterator[Result]:
    """Down a chain of neurons the signal is multiplied by w·σ'(z) at each of them (Hochreiter 1991).

    σ' is at most ¼, so that ten neurons with |w| = 1 leave at most 4⁻¹⁰ of it.
    """
    data = Dataset("one point", np.array([[0.5]]), np.array([[2.0]]))
    for weight in (1.0, -2.0, 4.0):
        fit = Fit(data, Network((1,) * 12, "sigmoid"), MeanSquared())
        params = np.zeros(fit.size)
        params[0::2] = weight  # each layer is one weight and one bias
        factor, activation = 1.0, 0.5
        for _ in range(10):
            activation = 1.0 / (1.0 + math.exp(-weight * activation))
            factor *= abs(weight) * activation * (1.0 - activation)
        signals = fit.flow(params).signals
        name = f"ten sigmoid neurons, w = {weight:g}: share of the signal left"
        yield Result(name, factor, float(signals[0] / signals[-1]), 1e-12 * factor)


def edge_of_stability() -> Iterator[Result]:
    """Full-batch descent sharpens until λ_max is 2/η, and stays there (Cohen et al. 2021, section 3).

    As there, a network learns a Chebyshev polynomial: T₄ on 20 points, 1-50-50-1, tanh, mean squared error.
    """
    for rate in (0.05, 0.02):
        theory = 2.0 / rate
        yield Result(f"η = {rate}: mean λ_max, steps 6,000–12,000", theory, _sharpness(rate), 0.01 * theory)


def _sharpness(rate: float) -> float:
    """The mean of λ_max over every hundredth step from 6,000 to 12,000."""
    x = np.linspace(-1.0, 1.0, 20)[:, None]
    fit = Fit(Dataset("T₄", x, 8.0 * x**4 - 8.0 * x**2 + 1.0), Network((1, 50, 50, 1)), MeanSquared())
    descent = Descent(SGD(), Constant(rate))
    states = descend(fit, descent, begin(fit, descent, fit.network.begin(LeCunUniform(), 0)))
    values, vector = [], None
    for state in islice(states, 5999, 12_000, 100):
        (value,), (vector,) = eigenpairs(fit, state.params, start=vector)
        values.append(value)
    return float(np.mean(values))
