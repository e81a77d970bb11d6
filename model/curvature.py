"""Curvature: what the Hessian H of the loss says about a point, from exact products H·v.

The largest eigenvalue λ_max is the curvature of the steepest-walled direction, which decides how large a step may be:
gradient descent on a quadratic is stable for η < 2/λ_max.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import LinearOperator, eigsh

from model.activations import Array
from model.objective import Objective

DENSE = 64  # parameters up to which the whole matrix is the quickest way


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
