"""Kinds of planes: what all of them share, which is how wide they are drawn and what they do with few parameters."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar

import numpy as np

from model.arrays import Array
from model.objective import Objective
from model.plane.course import Course
from model.plane.plane import PARALLEL, UNIT, Plane, middle_of, square, unit, whole_plane
from model.settings import SettingError, Settings, setting


class PlaneKind(Settings, frozen=True, kw_only=True, tag_field="kind"):
    """A way to choose a plane for a run."""

    local: ClassVar[bool] = False  # whether it touches the current state, and so can follow it

    reach: Annotated[
        float,
        setting(
            "Range",
            "half the width of what is drawn, in units of the axes; auto shows the whole path",
            ge=0,
            le=1e9,
            zero="auto",
            effect="view",
        ),
    ] = 0.0

    def plane(self, objective: Objective, course: Course | Array) -> Plane:
        """The plane for a course, or for the states `(N, P)` of one, the newest last.

        States of a diverged run that lie beyond the range of float32, in which surfaces are drawn, are left out; at
        least one has to remain. Where there are only two parameters, every kind is the plane of these two; where there
        is one, the loss is drawn over a second direction in which nothing changes. Raises `SettingError`.
        """
        course = (Course.of(course) if isinstance(course, np.ndarray) else course).drawable()
        if objective.size > 2:
            self.check_kind(objective)
            plane = self.choose(objective, course)
        else:
            plane = whole_plane(objective, course.params)
        return self._drawn(plane, course) if self.reach else plane

    def _drawn(self, plane: Plane, course: Course) -> Plane:
        """The plane as wide as `reach` says: around the current state if it touches that, else around the path."""
        middle = plane.project(course.here) if self.local else middle_of(plane.project(course.params))[0]
        least = 1e-9 * max(1.0, float(np.abs(middle).max()))  # far above what float64 can tell apart
        if self.reach < least:
            raise SettingError("plane.reach", self.reach, f"0, which is automatic, or a number from {least:g} up")
        return replace(plane, bounds=square(middle, self.reach))

    def check(self, objective: Objective) -> None:
        """Raise `SettingError` for an objective that this kind cannot be chosen for."""
        if objective.size > 2:  # otherwise every kind is the same
            self.check_kind(objective)

    @abstractmethod
    def check_kind(self, objective: Objective) -> None:
        """Raise `SettingError` where `choose` could not."""

    @abstractmethod
    def choose(self, objective: Objective, course: Course) -> Plane:
        """The plane for a drawable course with N ≥ 1 and P > 2, wide enough for its path."""


def spanned(origin: Array, wanted: Sequence[tuple[str, Array]]) -> Plane:
    """The plane through `origin` `(P,)` of the first two different directions among those `wanted`, with their names.

    Its axes are orthonormal, by Gram and Schmidt: the first lies along the first direction, the second along what the
    next adds to it. So lengths and angles on the plane are those of parameter space. A direction that is zero, not
    finite, or along one already taken is passed over; random ones, always the same, fill the gap and are called so.
    """
    taken: list[tuple[str, Array]] = []
    rng = np.random.default_rng(0)
    fill = [(f"random direction {number}", rng.normal(size=len(origin))) for number in (1, 2, 3)]
    for name, direction in [*wanted, *fill]:
        across = _across(direction, [axis for _, axis in taken])
        if across is not None and len(taken) < 2:
            taken.append((name, across))
    (x_name, u), (y_name, v) = taken
    return Plane(origin, u, v, UNIT, (x_name, y_name))


def _across(direction: Array, axes: list[Array]) -> Array | None:
    """The unit vector along what a direction adds to orthonormal `axes`; None where that is nothing."""
    rest = unit(direction)
    for axis in axes:
        if rest is not None:
            rest = rest - (rest @ axis) * axis
            rest = unit(rest) if np.linalg.norm(rest) > PARALLEL else None
    for axis in axes:  # twice is enough: what rounding left of the axis is as small against what is kept now
        rest = None if rest is None else unit(rest - (rest @ axis) * axis)
    return rest


def signed(direction: Array, before: Array | None = None) -> Array:
    """A direction `(P,)` or its opposite: the one nearer to `before`, or the one whose largest entry is positive."""
    lead = direction @ before if before is not None else direction[np.abs(direction).argmax()]
    return -direction if lead < 0.0 else direction
