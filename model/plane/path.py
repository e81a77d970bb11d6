"""Planes through the path: where it spreads most, through three of its states, and through its two ends."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import numpy as np
from scipy.sparse.linalg import ArpackError, eigsh

from model.arrays import Array
from model.curvature import DENSE
from model.objective import Objective
from model.plane.course import HALFWAY, NEWEST, Course
from model.plane.kind import PlaneKind, spanned
from model.plane.plane import UNIT, Plane
from model.settings import setting


class Principal(PlaneKind, frozen=True, tag="principal"):
    """The two directions along which the run itself spreads most, through the last of the states given.

    Principal components of the trajectory (Li et al. 2018, §7), each with its largest entry positive. `explained` is
    their share of the variance: 1 would mean that the path lies in a plane. It says nothing about the loss. Those of
    all runs are of their states together, about their common mean.
    """

    caption = "Principal directions of the path"

    runs: Annotated[str, setting("Path of", "whose states decide", choices=("this run", "all runs"), effect="view")] = (
        "this run"
    )

    def check_kind(self, objective: Objective) -> None:
        pass  # any path spans one

    def choose(self, objective: Objective, course: Course) -> Plane:
        origin = course.params[-1]
        params = np.vstack([course.others, course.params]) if self.runs == "all runs" else course.params
        spread = params - origin  # before the mean, whose rounding would make equal states differ
        spread -= spread.mean(axis=0)
        values, vectors = _top_two(spread)
        total = float(np.einsum("ij,ij->", spread, spread))
        if len(params) < 3 or values[1] <= 1e-14 * total or not total:
            vectors = _completed(vectors, values, total)
            values = values * (values > 1e-14 * total)
        vectors = vectors * np.sign(vectors[np.arange(2), np.abs(vectors).argmax(axis=1)])[:, None]
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
    values, vectors = _outermost(gram)
    if n < p:
        vectors = np.linalg.qr((vectors @ spread).T)[0].T
    return values, vectors


def _outermost(gram: Array) -> tuple[Array, Array]:
    """The two largest eigenvalues (2,) and their vectors (2, n), largest first: of a large matrix these alone."""
    if len(gram) > DENSE and gram.any():
        with suppress(ArpackError):  # it does not find them where they are not apart
            values, vectors = eigsh(gram, 2, v0=np.random.default_rng(0).normal(size=len(gram)))
            return np.maximum(values[::-1], 0.0), vectors.T[::-1]
    values, vectors = np.linalg.eigh(gram)
    return np.maximum(values[:-3:-1], 0.0), vectors.T[:-3:-1]


def _completed(vectors: Array, values: Array, total: float) -> Array:
    """Two orthonormal directions where the path has fewer: random ones fill the gap, always the same."""
    known = [v for v, value in zip(vectors, values, strict=True) if value > 1e-14 * total]
    rng = np.random.default_rng(0)
    fill = [rng.normal(size=vectors.shape[1]) for _ in range(2 - len(known))]
    basis, _ = np.linalg.qr(np.stack([*known, *fill]).T)
    return np.asarray(basis.T)


class ThreeStates(PlaneKind, frozen=True, tag="three-states"):
    """The plane through three states of the run, on which the loss at each of them is exact.

    The first state is the origin, the x axis goes to the second, and y is at right angles to it, towards the third,
    as in Garipov et al. 2018, appendix A.1: lengths are those of parameter space. Where the states lie on one line or
    coincide, a random direction takes the place of the one that is missing.
    """

    caption = "Through three states"

    first: Annotated[
        int,
        setting(
            "First step", "the origin; -1 is the newest, -2 the one halfway there", ge=HALFWAY, le=10**6, effect="view"
        ),
    ] = 0
    second: Annotated[
        int,
        setting(
            "Second step",
            "on the x axis; -1 is the newest, -2 the one halfway there",
            ge=HALFWAY,
            le=10**6,
            effect="view",
        ),
    ] = NEWEST
    third: Annotated[
        int,
        setting(
            "Third step",
            "off that axis; -1 is the newest, -2 the one halfway there",
            ge=HALFWAY,
            le=10**6,
            effect="view",
        ),
    ] = HALFWAY

    def check_kind(self, objective: Objective) -> None:
        pass  # which steps there are is known when there is a run

    def choose(self, objective: Objective, course: Course) -> Plane:
        steps = {"first": self.first, "second": self.second, "third": self.third}
        anchors = [course.at_step(step, f"plane.{name}") for name, step in steps.items()]
        (origin, start), *others = anchors
        plane = spanned(origin, [(f"{start} → {name}", params - origin) for params, name in others])
        return plane.around(np.vstack([course.params, *(params for params, _ in anchors)]), least=0.5)


class Ends(PlaneKind, frozen=True, tag="ends"):
    """The plane from the start of the run to its newest state, and on to the state that lies farthest off that line.

    Both ends and that state lie on it. The x axis is the distance covered, y how far the path swings out. A straight
    path swings nowhere, and one that returns has covered no distance: a random direction fills the gap.
    """

    caption = "From start to end"

    def check_kind(self, objective: Objective) -> None:
        pass  # any path has ends

    def choose(self, objective: Objective, course: Course) -> Plane:
        start = course.start
        apart = course.params - start
        covered = apart[-1]
        length = np.linalg.norm(covered)
        along = covered / length if length else covered
        across = apart - np.outer(apart @ along, along)
        farthest = apart[np.linalg.norm(across, axis=1).argmax()]
        plane = spanned(start, [("start → newest", covered), ("start → farthest off", farthest)])
        return plane.around(np.vstack([course.params, start]), least=0.5)


STATES: tuple[type[PlaneKind], ...] = (ThreeStates, Ends)  # without `Principal`, which comes first of all
