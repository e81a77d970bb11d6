"""Planes: two directions through a point of parameter space, on which the loss can be drawn.

A plane holds the vectors θ = origin + x·u + y·v. Directions are neither unit vectors nor orthogonal in general (two
random ones in a small network are far from it), so coordinates are found by least squares: c = G⁻¹ [u; v]·(θ − origin)
with the Gram matrix G. What lies off the plane is not hidden: `distance` says how far.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated

import numpy as np

from model.activations import Array
from model.objective import Bounds, Objective
from model.settings import SettingError, Settings, setting

UNIT: Bounds = ((-1.0, 1.0), (-1.0, 1.0))


@dataclass(frozen=True, eq=False)
class Plane:
    """`origin`, `u`, `v` `(P,)`; `bounds` ((x0, x1), (y0, y1)) is the part to draw; `labels` name the axes."""

    origin: Array
    u: Array
    v: Array
    bounds: Bounds
    labels: tuple[str, str]
    explained: float | None = None

    def __post_init__(self) -> None:
        if np.linalg.matrix_rank(self.directions) < min(2, len(self.origin)):
            raise SettingError("plane", "directions that are zero or parallel", "two directions that differ")

    @cached_property
    def directions(self) -> Array:
        """u and v as the rows of `(2, P)`."""
        return np.stack([self.u, self.v])

    @cached_property
    def _dual(self) -> Array:
        # G⁻¹ [u; v], without squaring the condition number as G does.
        return np.linalg.pinv(self.directions).T

    def point(self, coords: Array) -> Array:
        """Parameters `(..., P)` at coordinates `(..., 2)`."""
        return np.asarray(self.origin + coords @ self.directions)

    def project(self, params: Array) -> Array:
        """Coordinates `(..., 2)` of the point of the plane nearest to parameters `(..., P)`."""
        return np.asarray((params - self.origin) @ self._dual.T)

    def distance(self, params: Array) -> Array:
        """How far parameters `(..., P)` lie off the plane, `(...)`, in the units of the parameters."""
        return np.asarray(np.linalg.norm(params - self.point(self.project(params)), axis=-1))

    def around(self, params: Array, least: float) -> Plane:
        """This plane, drawn so wide that it shows parameters `(N, P)` and at least `least` on every side of them."""
        return replace(self, bounds=bounds_around(self.project(params), least=least))

    def contains(self, coords: Array) -> bool:
        """Whether coordinates `(2,)` lie in the part that is drawn."""
        return all(low <= c <= high for c, (low, high) in zip(coords, self.bounds, strict=True))


def bounds_around(coords: Array, margin: float = 0.2, least: float = 0.5) -> Bounds:
    """Bounds that hold coordinates `(N, 2)`: equal sides, a margin of that share of them, and at least `least`.

    Sides are equal so that both directions are seen equally far, however straight the path.
    """
    finite = coords[np.isfinite(coords).all(axis=1)]
    low, high = (finite.min(axis=0), finite.max(axis=0)) if len(finite) else (np.zeros(2), np.zeros(2))
    middle, half = (low + high) / 2, float((high - low).max()) / 2
    half = max(half * (1 + 2 * margin), half + least)
    (x0, x1), (y0, y1) = np.stack([middle - half, middle + half], axis=1).tolist()
    return (x0, x1), (y0, y1)


class PlaneKind(Settings, frozen=True, tag_field="kind"):
    """A way to choose a plane for a run."""

    def plane(self, objective: Objective, params: Array) -> Plane:
        """The plane for the run's states so far, `(N, P)`, the newest last.

        States of a diverged run that lie beyond the range of float32, in which surfaces are drawn, are left out; at
        least one has to remain. Where there are only two parameters, every kind is the plane of these two; where there
        is one, the loss is drawn over a second direction in which nothing changes.
        """
        drawable = params[np.abs(params).max(axis=1) <= np.finfo(np.float32).max]
        return whole_plane(objective, drawable) if objective.size <= 2 else self.choose(objective, drawable)

    def check(self, objective: Objective) -> None:
        """Raise `SettingError` for an objective that this kind cannot be chosen for."""
        if objective.size > 2:  # otherwise every kind is the same
            self.check_kind(objective)

    @abstractmethod
    def check_kind(self, objective: Objective) -> None:
        """Raise `SettingError` where `choose` could not."""

    @abstractmethod
    def choose(self, objective: Objective, params: Array) -> Plane:
        """The plane for finite states `(N, P)` with N ≥ 1 and P > 2, the newest last."""


def whole_plane(objective: Objective, params: Array) -> Plane:
    """The plane of the only parameters there are, one or two: it leaves nothing out.

    Drawn is what holds the path `(N, P)` and the objective's region, if that is known.
    """
    u, v = np.eye(2)[:, : objective.size]
    labels = (*objective.names, "no second parameter")[:2]
    plane = Plane(np.zeros(objective.size), u, v, UNIT, (labels[0], labels[1]), 1.0)
    if objective.region is None:
        return plane.around(params, least=1.0)
    corners = np.array(objective.region).T
    return replace(plane, bounds=bounds_around(np.vstack([params, corners]), margin=0.0, least=0.0))


class Principal(PlaneKind, frozen=True, tag="principal"):
    """The two directions along which the run itself spreads most, through the last of the states given.

    Principal components of the trajectory (Li et al. 2018, §7), each with its largest entry positive. `explained` is
    their share of the variance: 1 would mean that the path lies in a plane. It says nothing about the loss.
    """

    caption = "Principal directions of the path"

    def check_kind(self, objective: Objective) -> None:
        pass  # any path spans one

    def choose(self, objective: Objective, params: Array) -> Plane:
        spread = params - params[-1]  # before the mean, whose rounding would make equal states differ
        spread -= spread.mean(axis=0)
        values, vectors = _top_two(spread)
        total = float(np.einsum("ij,ij->", spread, spread))
        if len(params) < 3 or values[1] <= 1e-14 * total or not total:
            vectors = _completed(vectors, values, total)
            values = values * (values > 1e-14 * total)
        vectors = vectors * np.sign(vectors[np.arange(2), np.abs(vectors).argmax(axis=1)])[:, None]
        origin = params[-1]
        labels = ("principal direction 1", "principal direction 2")
        explained = float(values.sum() / total) if total else None
        u, v = vectors
        return Plane(origin, u, v, UNIT, labels, explained).around(params, least=0.5)


def _top_two(spread: Array) -> tuple[Array, Array]:
    """Sums of squares (2,) and orthonormal directions (2, P), largest first, by the smaller Gram matrix."""
    n, p = spread.shape
    if n == 1:
        return np.zeros(2), np.zeros((2, p))
    gram = spread @ spread.T if n < p else spread.T @ spread
    # NumPy's finds all pairs, unlike SciPy's, but lets other threads run meanwhile: one of them draws a window.
    values, vectors = np.linalg.eigh(gram)
    values, vectors = np.maximum(values[:-3:-1], 0.0), vectors.T[:-3:-1]
    if n < p:
        vectors = np.linalg.qr((vectors @ spread).T)[0].T
    return values, vectors


def _completed(vectors: Array, values: Array, total: float) -> Array:
    """Two orthonormal directions where the path has fewer: random ones fill the gap, always the same."""
    known = [v for v, value in zip(vectors, values, strict=True) if value > 1e-14 * total]
    rng = np.random.default_rng(0)
    fill = [rng.normal(size=vectors.shape[1]) for _ in range(2 - len(known))]
    basis, _ = np.linalg.qr(np.stack([*known, *fill]).T)
    return np.asarray(basis.T)


class RandomNormalized(PlaneKind, frozen=True, tag="random"):
    """Two random directions through the last of the states given, scaled neuron by neuron to the weights there.

    Filter normalisation, d ← d·‖θ_f‖/‖d_f‖ for the incoming weights f of each neuron (Li et al. 2018, §4). Biases are
    directions of size zero, as there.
    """

    caption = "Random, filter-normalised"

    seed: Annotated[int, setting("Direction seed", "another seed, another plane", ge=0, le=2**31)] = 0

    def check_kind(self, objective: Objective) -> None:
        if sum(part.stop - part.start for part in objective.filters) < 2:
            raise SettingError("plane", "random", "a network with two or more weights, for two random directions")

    def choose(self, objective: Objective, params: Array) -> Plane:
        origin = params[-1]
        rng = np.random.default_rng(self.seed)
        u, v = (filter_normalized(objective, rng.normal(size=objective.size), origin) for _ in range(2))
        for _ in range(64):  # neurons with one weight each leave little to chance
            if np.linalg.matrix_rank(np.stack([u, v])) == 2:
                break
            v = filter_normalized(objective, rng.normal(size=objective.size), origin)
        labels = ("random direction 1", "random direction 2")
        # One unit is a step as long as the weights themselves: that far is always shown.
        return Plane(origin, u, v, UNIT, labels).around(params, least=1.0)


def filter_normalized(objective: Objective, direction: Array, params: Array) -> Array:
    """`direction` `(P,)` with the norm of every neuron's incoming weights that of `params` there, and no biases.

    Where all weights are zero there is nothing to go by: then they keep the direction's own norms.
    """
    scaled, weightless = np.zeros_like(direction), not any(params[part].any() for part in objective.filters)
    for part in objective.filters:
        length = 1.0 if weightless else np.linalg.norm(params[part]) / np.linalg.norm(direction[part])
        scaled[part] = direction[part] * length
    return scaled


class TwoParameters(PlaneKind, frozen=True, tag="two-parameters"):
    """Two of the parameters themselves, all others held at the last of the states given."""

    caption = "Two parameters"

    first: Annotated[int, setting("Parameter on x", "its number in θ, from 0", ge=0, le=10**6)] = 0
    second: Annotated[int, setting("Parameter on y", "its number in θ, from 0", ge=0, le=10**6)] = 1

    def check_kind(self, objective: Objective) -> None:
        for name in ("first", "second"):
            if getattr(self, name) >= objective.size:
                raise SettingError(f"plane.{name}", getattr(self, name), f"a number from 0 to {objective.size - 1}")
        if self.first == self.second:
            raise SettingError("plane.second", self.second, "another parameter than the first")

    def choose(self, objective: Objective, params: Array) -> Plane:
        self.check_kind(objective)
        u, v = np.zeros((2, objective.size))
        u[self.first] = v[self.second] = 1.0
        origin = params[-1].copy()
        origin[[self.first, self.second]] = 0.0  # so that the axes show the parameters' own values
        names = objective.names
        labels = names[self.first], names[self.second]
        return Plane(origin, u, v, UNIT, labels).around(params, least=1.0)


PLANES: tuple[type[PlaneKind], ...] = (Principal, RandomNormalized, TwoParameters)
