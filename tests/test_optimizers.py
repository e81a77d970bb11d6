"""Optimizers: pure methods, and the heavy ball against a sequence worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from model import OPTIMIZERS, HeavyBall, Optimizer
from model.activations import Array

every = pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)


def frozen(*numbers: float) -> Array:
    array = np.array(numbers)
    array.flags.writeable = False
    return array


@every
def test_update_is_pure(kind: type[Optimizer]) -> None:
    """Read-only arguments, the same answer twice, and nothing of it shared with what went in."""
    optimizer, params, gradient = kind(), frozen(1.0, -2.0), frozen(0.5, 3.0)
    memory = optimizer.init(params)
    for array in memory:
        array.flags.writeable = False
    first, later = optimizer.update(gradient, memory, params, 0.1)
    again, _ = optimizer.update(gradient, memory, params, 0.1)
    np.testing.assert_array_equal(first, again)
    for made in (first, *later):
        assert not any(np.shares_memory(made, given) for given in (params, gradient, *memory))


@every
def test_memory_is_of_the_class_it_says(kind: type[Optimizer]) -> None:
    optimizer, params = kind(), frozen(1.0, -2.0)
    memory = optimizer.init(params)
    assert isinstance(memory, optimizer.remembers)
    _, memory = optimizer.update(params, memory, params, 0.1)
    assert isinstance(memory, optimizer.remembers)
    assert all(array.shape == params.shape for array in memory)


@every
def test_first_step_goes_downhill(kind: type[Optimizer]) -> None:
    params, gradient = frozen(1.0, -2.0), frozen(0.5, 3.0)
    step, _ = kind().update(gradient, kind().init(params), params, 0.1)
    assert step @ gradient < 0.0


def test_heavy_ball_by_hand() -> None:
    """f(θ) = θ²/2 from θ = 1 with η = 0.1, β = 0.5: v ← v/2 + θ, θ ← θ − v/10."""
    optimizer, theta = HeavyBall(momentum=0.5), np.array([1.0])
    memory, path = optimizer.init(theta), []
    for _ in range(4):
        step, memory = optimizer.update(theta, memory, theta, 0.1)
        theta = theta + step
        path.append((float(theta[0]), float(memory[0][0])))
    expected = [(0.9, 1.0), (0.76, 1.4), (0.614, 1.46), (0.4796, 1.344)]
    np.testing.assert_allclose(path, expected, rtol=1e-14)


def test_without_momentum_it_is_gradient_descent() -> None:
    optimizer = HeavyBall(momentum=0.0)
    gradient, memory = frozen(2.0, -4.0), (frozen(100.0, 100.0),)
    step, _ = optimizer.update(gradient, memory, frozen(0.0, 0.0), 0.25)
    np.testing.assert_array_equal(step, [-0.5, 1.0])
