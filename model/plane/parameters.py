"""The plane of two of the parameters themselves."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from model.objective import Objective
from model.plane.course import Course
from model.plane.kind import PlaneKind
from model.plane.plane import UNIT, Plane
from model.settings import SettingError, setting


class TwoParameters(PlaneKind, frozen=True, tag="two-parameters"):
    """Two of the parameters themselves, all others held at the last of the states given."""

    caption = "Two parameters"

    first: Annotated[int, setting("Parameter on x", "its number in θ, from 0", ge=0, le=10**6, effect="view")] = 0
    second: Annotated[int, setting("Parameter on y", "its number in θ, from 0", ge=0, le=10**6, effect="view")] = 1

    def check_kind(self, objective: Objective) -> None:
        for name in ("first", "second"):
            if getattr(self, name) >= objective.size:
                raise SettingError(f"plane.{name}", getattr(self, name), f"a number from 0 to {objective.size - 1}")
        if self.first == self.second:
            raise SettingError("plane.second", self.second, "another parameter than the first")

    def choose(self, objective: Objective, course: Course) -> Plane:
        u, v = np.zeros((2, objective.size))
        u[self.first] = v[self.second] = 1.0
        origin = course.params[-1].copy()
        origin[[self.first, self.second]] = 0.0  # so that the axes show the parameters' own values
        names = objective.space.names
        labels = names[self.first], names[self.second]
        return Plane(origin, u, v, UNIT, labels).around(course.params, least=1.0)


PARAMETERS: tuple[type[PlaneKind], ...] = (TwoParameters,)
