"""The Hessian as a matrix: all of it, its outermost eigenvalues, its spectrum and its trace."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from model.arrays import Array
from model.objective import Objective
from model.settings import SettingError

DENSE = 64  # parameters up to which the whole matrix is the quickest way
MOST = 1500  # parameters up to which the whole matrix is had in seconds
# After a divergence what is asked for is not finite: that is an answer, and no reason to warn.
overflow_is_expected = np.errstate(over="ignore", invalid="ignore", divide="ignore")


def hessian(objective: Objective, params: Array) -> Array:
    """The Hessian `(P, P)` at parameters `(P,)`, made of P products; meant for P up to some hundreds."""
    product = objective.hessian_at(params)
    matrix = np.stack([product(unit) for unit in np.eye(objective.size)])
    return (matrix + matrix.T) / 2  # symmetric to the last bit


def eigenpairs(
    objective: Objective, params: Array, count: int = 1, smallest: bool = False, start: Array | None = None
) -> tuple[Array, Array]:
    """The `count` largest (or smallest) eigenvalues `(count,)` of the Hessian and their unit vectors `(count, P)`.

    The outermost comes first. Implicitly restarted Lanczos (Lehoucq, Sorensen & Yang 1998), to a relative accuracy of
    1e-6, from the vector `start` `(P,)`: the eigenvector of a moment ago spares most of the work.
    Raises `ArpackNoConvergence` where it does not find them.
    """
    size = objective.size
    count = min(count, size)
    if size <= max(DENSE, count + 1):
        values, vectors = np.linalg.eigh(hessian(objective, params))
        ends = slice(None, count) if smallest else slice(None, -count - 1, -1)
        return values[ends], vectors.T[ends]
    operator = LinearOperator((size, size), matvec=objective.hessian_at(params), dtype=float)
    begin = np.random.default_rng(0).normal(size=size) if start is None else start
    values, vectors = eigsh(operator, count, which="SA" if smallest else "LA", v0=begin, tol=1e-6)
    order = np.argsort(values if smallest else -values)
    return values[order], vectors.T[order]


@overflow_is_expected
def spectrum(objective: Objective, params: Array) -> Array:
    """All eigenvalues of the Hessian `(P,)`, ascending; NaN, all of them, where it is not finite.

    Raises `SettingError` for more than `MOST` parameters: time grows as their cube, memory as their square.
    """
    size = objective.size
    if size > MOST:
        raise SettingError(
            "spectrum", f"{size:,} parameters", f"at most {MOST:,}; λ_max, λ_min and trace have no limit"
        )
    matrix = hessian(objective, params)
    return np.linalg.eigvalsh(matrix) if np.isfinite(matrix).all() else np.full(size, np.nan)


class Trace(NamedTuple):
    """The sum of all eigenvalues, and the standard error of the estimate: 0 where it is exact."""

    value: float
    error: float


@overflow_is_expected
def trace(objective: Objective, params: Array, samples: int = 100, seed: int = 0) -> Trace:
    """The trace of the Hessian from at most `samples` products; NaN where it is not finite.

    With P ≤ `samples` it is exact, Σ eᵢ·Heᵢ. Otherwise the mean of z·Hz over vectors z of random signs, which is
    unbiased: E[zzᵀ] = I (Hutchinson 1990). Raises `SettingError` for fewer than two samples, which tell no error.
    """
    if samples < 2:
        raise SettingError("samples", samples, "a whole number from 2")
    product, size = objective.hessian_at(params), objective.size
    exact = size <= samples
    signs = np.eye(size) if exact else np.random.default_rng(seed).choice([-1.0, 1.0], size=(samples, size))
    values = np.array([z @ product(z) for z in signs])
    if exact:
        return Trace(float(values.sum()), 0.0 if np.isfinite(values).all() else math.nan)
    return Trace(float(values.mean()), float(values.std(ddof=1)) / math.sqrt(samples))
