"""Gaps: sheet beside true loss, state by state, for as many states as there was time for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model.arrays import Array
from model.objective import Objective
from model.plane import Plane, within_float32


@dataclass(frozen=True, eq=False)
class Gaps:
    """What is known of the N states of a path on a plane: of those that were looked at, and NaN of the others.

    True `losses`, losses `sheets` of the points of the plane below them, `distances` off it, and whether they were
    `seen` `(N,)`. Of a diverged state there is no more than its loss: one beyond the range of float32, in which
    surfaces are drawn, or with a loss that is not finite.
    """

    losses: Array
    sheets: Array
    distances: Array
    seen: Array

    @classmethod
    def none(cls, count: int) -> Gaps:
        """Nothing is known of so many states."""
        losses, sheets, distances = np.full((3, count), np.nan)
        return cls(losses, sheets, distances, np.zeros(count, bool))

    def grown(self, count: int) -> Gaps:
        """The same of the first `count` states, of which others may be new: arrays of their own, to be filled."""
        more = Gaps.none(count)
        for mine, its in zip(self.columns, more.columns, strict=True):
            its[: len(mine)] = mine[:count]
        return more

    @property
    def columns(self) -> tuple[Array, Array, Array, Array]:
        return self.losses, self.sheets, self.distances, self.seen

    @property
    def finite(self) -> Array:
        """Which of the states `(N,)` were looked at and have not diverged."""
        return ~np.isnan(self.distances)

    @property
    def gaps(self) -> Array:
        """How much the sheet is too high `(N,)`."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.sheets - self.losses)

    @property
    def worst(self) -> int | None:
        """The number of the state with the largest gap of those looked at, None where there is none to compare."""
        finite = self.finite
        if not finite.any():
            return None
        return int(np.argmax(np.where(finite, np.nan_to_num(np.abs(self.gaps), nan=np.inf), -1.0)))

    def look(self, objective: Objective, plane: Plane, states: Array, params: Array, losses: Array) -> None:
        """Fill in what is to be known of the states with these numbers `(n,)`, their θ `(n, P)` and true losses `(n,)`.

        In float64.
        """
        self.seen[states], self.losses[states] = True, losses
        finite = within_float32(params) & np.isfinite(losses)
        states, params = states[finite], params[finite]
        with np.errstate(over="ignore", invalid="ignore"):
            self.sheets[states] = objective.loss(plane.point(plane.project(params)))
            distances = plane.distance(params)
            distances[distances <= 1e-12 * np.linalg.norm(params, axis=1)] = 0.0  # rounding
        self.distances[states] = distances


def compared(objective: Objective, plane: Plane, params: Array, losses: Array) -> Gaps:
    """All there is to know of a path `(N, P)` with true `losses` `(N,)`."""
    gaps = Gaps.none(len(params))
    gaps.look(objective, plane, np.arange(len(params)), params, losses)
    return gaps
