"""What several test files need."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from model.activations import Array

Gradient = Callable[[Callable[[Array], float], Array], Array]


@pytest.fixture(scope="session")
def central_differences() -> Gradient:
    """The gradient of a function of an array of any shape, (f(x + h) − f(x − h)) / 2h for each number in it."""

    def gradient(function: Callable[[Array], float], at: Array, h: float = 1e-6) -> Array:
        result = np.empty(at.shape)
        for index in np.ndindex(at.shape):
            ahead, behind = at.astype(float), at.astype(float)
            ahead[index] += h
            behind[index] -= h
            result[index] = (function(ahead) - function(behind)) / (2 * h)
        return result

    return gradient
