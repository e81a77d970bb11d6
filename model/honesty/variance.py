"""Variance: what share of a path, or of its gradient, lies in the plane; and what share a random walk would have."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from model.arrays import Array
from model.plane import Plane

FEW = 24  # dimensions up to which chance decides how much a plane holds, and is simulated
LONG = 200  # states from which on a walk is as good as endless: its modes' shares differ by less than 1e-4
MODES = 60  # of a walk that are drawn; the others together have 1 % of its variance
DRAWN = 2_000_000  # random numbers for a simulation: it takes some hundredths of a second


def inside(plane: Plane, vector: Array) -> float:
    """The share of the norm of a vector `(P,)` that lies in the plane's directions, 0 to 1; NaN for a zero vector.

    |D⁺D·g| / |g| with D = [u; v]: the orthogonal projection.
    """
    size = np.abs(vector).max()
    if not 0.0 < size < math.inf:
        return math.nan
    unit = vector / size  # squares of very small and very large numbers are neither
    return min(float(np.linalg.norm(plane.inside(unit)) / np.linalg.norm(unit)), 1.0)


def explained(plane: Plane, params: Array) -> float:
    """The share of the variance of states `(N, P)` that lies in the plane's directions; NaN where all coincide."""
    if len(params) < 2:
        return math.nan
    spread = params - params[-1]  # before the mean, whose rounding would make equal states differ
    spread = spread - spread.mean(axis=0)
    total = float(np.einsum("ij,ij->", spread, spread))
    if not 0.0 < total < math.inf:
        return math.nan
    part = plane.inside(spread)
    return min(float(np.einsum("ij,ij->", part, part)) / total, 1.0)


def random_walk(states: int, size: int) -> float:
    """The share of its variance that a random walk of N states in P dimensions has in its best two, on average.

    The centred walk Y is D⁺ times its steps, with D the differences of neighbours, so that for many dimensions YYᵀ/P
    is the pseudo-inverse of DᵀD, the Laplacian of a path: eigenvalues λₖ = 1/(4 sin²(πk/2N)) for k = 1 ... N − 1, whose
    sum is (N² − 1)/6 (Antognini & Sohl-Dickstein 2018). The first two have (1 + 1/4)·6/π² = 76 % for N → ∞. In few
    dimensions chance favours a plane: to first order in 1/P, by perturbation theory with steps z of variance 1/P, the
    share s = (λ₁ + λ₂)/Λ grows by

        [Σ_{i≤2<j} λᵢλⱼ/(λᵢ − λⱼ)/Λ − 2(λ₁² + λ₂²)/Λ² + 2s·Σλ²/Λ²] / P,    Λ = Σλ,

    some 0.4/P for long walks. In up to `FEW` dimensions that is not enough (3 too little in 100 for P = 3): there the
    walk's modes √λₖ·zₖ are drawn, always the same, to a standard error below 0.002. NaN for a single state, which has
    no variance.
    """
    if states < 2:
        return math.nan
    if states <= 3 or size <= 2:
        return 1.0
    if size <= FEW:
        return _simulated(min(states, LONG), size)
    values = _modes(states)
    first, rest = values[:2], values[2:]
    share = first.sum()
    repelled = np.sum(first[:, None] * rest / (first[:, None] - rest))
    growth = repelled - 2.0 * np.sum(first**2) + 2.0 * share * np.sum(values**2)
    return float(min(share + growth / size, 1.0))


def _modes(states: int) -> Array:
    """The shares `(N − 1,)` that a walk's modes have in its variance, the largest first."""
    values: Array = 0.25 / np.sin(np.pi * np.arange(1, states) / (2 * states)) ** 2
    return values / values.sum()


@lru_cache(maxsize=256)
def _simulated(states: int, size: int) -> float:
    values = _modes(states)
    drawn, rest = values[:MODES], values[MODES:].sum()
    walks = DRAWN // (len(drawn) * size)
    z = np.random.default_rng(0).normal(size=(walks, len(drawn), size)) * np.sqrt(drawn)[:, None]
    spreads = np.linalg.eigvalsh(np.swapaxes(z, 1, 2) @ z + rest * np.eye(size))
    return float(np.mean((spreads[:, -1] + spreads[:, -2]) / spreads.sum(axis=1)))
