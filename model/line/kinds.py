"""Kinds of lines: along what the derivatives say, along a parameter, between two states, and many at random."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Annotated

import numpy as np
from scipy.sparse.linalg import ArpackError

from model.arrays import Array
from model.curvature import eigenpairs
from model.line.line import Line, between
from model.objective import Objective
from model.plane import HALFWAY, NEWEST, Course, filter_normalized, gradient_at, signed, square, unit
from model.settings import SettingError, Settings, setting

MOST_NUMBERS = 2**25  # in the directions of an ensemble


class LineKind(Settings, frozen=True, tag_field="kind"):
    """A way to choose a line for a run."""

    def line(self, objective: Objective, course: Course | Array) -> Line:
        """The line for a course, or for the states `(N, P)` of one, the newest last.

        Raises `SettingError` where there is none: a gradient of zero, no step before the start, one state twice.
        """
        return self.choose(objective, (Course.of(course) if isinstance(course, np.ndarray) else course).drawable())

    @abstractmethod
    def choose(self, objective: Objective, course: Course) -> Line:
        """The line for a drawable course."""


class LocalLine(LineKind, frozen=True, kw_only=True):
    """A line through the current state, with that in the middle. Directions are unit vectors unless they say more."""

    reach: Annotated[
        float,
        setting(
            "Range",
            "half the length of what is drawn; auto shows the whole path",
            ge=0,
            le=1e9,
            zero="auto",
            effect="view",
        ),
    ] = 0.0

    def _through(self, course: Course, direction: Array, label: str, missing: str) -> Line:
        """The line through the current state along a direction; `missing` says what has to be there for one."""
        along = unit(direction)
        if along is None:
            raise SettingError("line", f"no {label}", missing)
        return self._drawn(Line(course.here, along, (-1.0, 1.0), label), course, least=0.5)

    def _drawn(self, line: Line, course: Course, least: float) -> Line:
        """The line as long as `reach` says, or as the path needs and `least` beyond it; the state in the middle."""
        middle = float(line.project(course.here))
        extent = float(np.abs(line.project(course.params) - middle).max())
        half = self.reach or max(1.2 * extent, extent + least)
        lowest = 1e-9 * max(1.0, abs(middle))  # far above what float64 can tell apart
        if half < lowest:
            raise SettingError("line.reach", self.reach, f"0, which is automatic, or a number from {lowest:g} up")
        return replace(line, bounds=square(np.full(2, middle), half)[0])


class AlongGradient(LocalLine, frozen=True, tag="gradient"):
    """Along the gradient of the loss on all data, which points uphill."""

    caption = "Along the gradient"

    def choose(self, objective: Objective, course: Course) -> Line:
        gradient = gradient_at(objective, course.here)
        return self._through(course, gradient, "gradient", "a state at which the loss has a finite slope")


class AlongStep(LocalLine, frozen=True, tag="last-step"):
    """Along the step that led to the current state."""

    caption = "Along the last step"

    def choose(self, objective: Objective, course: Course) -> Line:
        return self._through(course, course.last_step, "last step", "a state that a step has led to")


class AlongParameter(LocalLine, frozen=True, tag="parameter"):
    """Along one of the parameters; the position is its own value."""

    caption = "Along a parameter"

    number: Annotated[int, setting("Parameter", "its number in θ, from 0", ge=0, le=10**6, effect="view")] = 0

    def choose(self, objective: Objective, course: Course) -> Line:
        if self.number >= objective.size:
            raise SettingError("line.number", self.number, f"a number from 0 to {objective.size - 1}")
        origin, direction = course.here.copy(), np.zeros(objective.size)
        origin[self.number], direction[self.number] = 0.0, 1.0
        return self._drawn(Line(origin, direction, (-1.0, 1.0), objective.space.names[self.number]), course, least=1.0)


class AlongEigenvector(LocalLine, frozen=True, tag="eigenvector"):
    """Along an eigenvector of the Hessian at the current state, its largest entry positive.

    Number 1 belongs to the largest eigenvalue, or to the smallest: at a saddle, that is the steepest way down.
    """

    caption = "Along an eigenvector"

    number: Annotated[int, setting("Eigenvector", "1 is the most curved", ge=1, le=100, effect="view")] = 1
    smallest: Annotated[bool, setting("From the smallest", "1 is the most curved downwards", effect="view")] = False

    def choose(self, objective: Objective, course: Course) -> Line:
        if self.number > objective.size:
            raise SettingError("line.number", self.number, f"a number from 1 to {objective.size}")
        allowed = "a state at which the loss has a finite Hessian whose eigenvectors can be told apart"
        probe = np.random.default_rng(0).normal(size=objective.size)
        with np.errstate(over="ignore", invalid="ignore"):
            bend = objective.hessian_at(course.here)(probe)
            if not np.isfinite(bend).all() or not bend.any():
                raise SettingError("line", "no eigenvector", allowed)
            try:
                values, vectors = eigenpairs(objective, course.here, self.number, smallest=self.smallest)
            except (ArpackError, np.linalg.LinAlgError):
                raise SettingError("line", "no eigenvector", allowed) from None
        return self._through(course, signed(vectors[-1]), f"eigenvector, λ = {values[-1]:.3g}", allowed)


class BetweenStates(LineKind, frozen=True, tag="between-states"):
    """Straight from one state of the run, at 0, to another, at 1. What the path went around shows as a barrier."""

    caption = "Between two states"

    first: Annotated[
        int, setting("From step", "-1 is the newest, -2 the one halfway there", ge=HALFWAY, le=10**6, effect="view")
    ] = 0
    second: Annotated[
        int, setting("To step", "-1 is the newest, -2 the one halfway there", ge=HALFWAY, le=10**6, effect="view")
    ] = NEWEST

    def choose(self, objective: Objective, course: Course) -> Line:
        (first, start), (second, end) = (
            course.at_step(getattr(self, name), f"line.{name}") for name in ("first", "second")
        )
        return between(first, second, f"{start} → {end}")


class Ensemble(LocalLine, frozen=True, tag="ensemble"):
    """Many random filter-normalised directions through the current state at once, as a band of losses.

    One unit is a step as long as the weights themselves (Li et al. 2018, §4). A function without neurons is left as
    it is drawn, each direction a unit vector.
    """

    caption = "Many random directions"

    count: Annotated[int, setting("Directions", ge=2, le=1000, effect="view")] = 50
    seed: Annotated[int, setting("Direction seed", "another seed, other directions", ge=0, le=2**31, effect="view")] = 0

    def choose(self, objective: Objective, course: Course) -> Line:
        here, rng, most = course.here, np.random.default_rng(self.seed), MOST_NUMBERS // objective.size
        if self.count > most:
            allowed = f"a whole number from 2 to {most}, for {objective.size:,} parameters"
            raise SettingError("line.count", self.count, allowed)
        fan = rng.normal(size=(self.count, objective.size))
        if objective.space.filters:
            fan = np.stack([filter_normalized(objective, direction, here) for direction in fan])
        else:
            fan /= np.linalg.norm(fan, axis=1, keepdims=True)
        line = Line(here, fan[0], (-1.0, 1.0), f"{self.count} random directions", fan)
        return self._drawn(line, course, least=1.0) if self.reach else line


LINES: tuple[type[LineKind], ...] = (
    AlongGradient,
    AlongStep,
    AlongParameter,
    AlongEigenvector,
    BetweenStates,
    Ensemble,
)
