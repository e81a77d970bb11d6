"""Planes through the current state, along what its derivatives say: they touch the path, and so can follow it.

Directions that a state does not have (a gradient of zero, a last step at the start, a gradient and a step that are
parallel, derivatives that are not finite) are replaced by random ones, which are called so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar

import numpy as np
from scipy.sparse.linalg import ArpackError

from model.arrays import Array
from model.curvature import eigenpairs
from model.objective import Objective
from model.plane.course import Course
from model.plane.kind import PlaneKind, signed, spanned
from model.plane.plane import Plane
from model.settings import setting

Named = tuple[str, Array]


class LocalKind(PlaneKind, frozen=True, kw_only=True):
    """A kind of plane through the current state, which is its origin, with a picture centred there."""

    local: ClassVar[bool] = True

    follow: Annotated[bool, setting("Follow", "the plane moves with the current state", effect="view")] = True

    def check_kind(self, objective: Objective) -> None:
        pass  # every loss has derivatives


class Curvature(LocalKind, frozen=True, tag="curvature"):
    """The two directions in which the loss is most curved upwards: top two eigenvectors of the Hessian, λ₁ ≥ λ₂.

    Each has its largest entry positive; while the plane follows a state, each keeps the side that it was on.
    """

    caption = "Most curved directions"

    def choose(self, objective: Objective, course: Course) -> Plane:
        return _through(course, curved(objective, course, 2))


class Momentum(LocalKind, frozen=True, tag="momentum"):
    """The gradient of the loss on all data, and the step that led here, as far as it is not along the gradient."""

    caption = "Gradient and last step"

    def choose(self, objective: Objective, course: Course) -> Plane:
        gradient = ("gradient", gradient_at(objective, course.here))
        return _through(course, [gradient, ("last step", course.last_step)])


class Steepest(LocalKind, frozen=True, tag="steepest"):
    """The gradient of the loss on all data, and the most curved direction, as far as it is not along the gradient.

    The two directions that decide what the next step does: one it goes along, in the other it may overshoot.
    """

    caption = "Steepest and most curved"

    def choose(self, objective: Objective, course: Course) -> Plane:
        gradient = ("gradient", gradient_at(objective, course.here))
        return _through(course, [gradient, *curved(objective, course, 1)])


def _through(course: Course, wanted: Sequence[Named]) -> Plane:
    return spanned(course.here, wanted).centred(course.params, least=0.5)


def gradient_at(objective: Objective, params: Array) -> Array:
    """The gradient `(P,)` of the loss on all data at parameters `(P,)`; not finite where the loss is not."""
    # The state of a divergence may be within float32 and its derivatives not: an answer, and no reason to warn.
    with np.errstate(over="ignore", invalid="ignore"):
        return objective.loss_and_gradient(params)[1]


def curved(objective: Objective, course: Course, count: int) -> list[Named]:
    """The `count` largest eigenvalues' vectors `(P,)` at the current state, named; none where there is no finite one.

    The axes of the plane before, where there is one, are where the search starts and decide the signs.
    """
    params, before = course.here, course.before
    start = None if before is None or count > len(before) else before[-count:].sum(axis=0)
    probe = np.random.default_rng(0).normal(size=objective.size)
    with np.errstate(over="ignore", invalid="ignore"):
        bend = objective.hessian_at(params)(probe)
        if not np.isfinite(bend).all() or not bend.any():  # a Hessian of zero has no curved directions
            return []
        try:
            values, vectors = eigenpairs(objective, params, count, start=start)
        except (ArpackError, np.linalg.LinAlgError):
            return []
    sides = [None] * count if before is None else before[-count:]
    names = ["most curved"] if count == 1 else [f"curvature {number}" for number in range(1, count + 1)]
    return [
        (f"{name} (λ = {value:.3g})", signed(vector, side))
        for name, value, vector, side in zip(names, values, vectors, sides, strict=True)
    ]


LOCAL: tuple[type[PlaneKind], ...] = (Curvature, Momentum, Steepest)
