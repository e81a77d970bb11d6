"""A line through parameter space: the loss along it, its parabola at a point, and the barrier between its ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from model.arrays import Array, kept
from model.objective import Objective
from model.plane import unit
from model.settings import SettingError

_far_away = np.errstate(over="ignore", invalid="ignore")  # after a divergence not finite is an answer


@dataclass(frozen=True, eq=False)
class Line:
    """`origin`, `direction` `(P,)`; `bounds` is the part to draw; `label` names the axis.

    `fan` `(K, P)`: directions of an ensemble through the same origin, of which `direction` is the first.
    """

    origin: Array
    direction: Array
    bounds: tuple[float, float]
    label: str
    fan: Array | None = None

    def __post_init__(self) -> None:
        for name in ("origin", "direction", "fan"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, kept(getattr(self, name)))
        low, high = self.bounds
        if not np.isfinite(self.origin).all() or unit(self.direction) is None:
            raise SettingError("line", "a direction that is zero or not finite", "a finite point and direction")
        if not -np.inf < low < high < np.inf:
            raise SettingError("line", self.bounds, "two finite bounds, the lower one first")

    @_far_away
    def point(self, t: Array) -> Array:
        """Parameters `(..., P)` at positions `(...)`."""
        return np.asarray(self.origin + np.asarray(t)[..., None] * self.direction)

    @_far_away
    def project(self, params: Array) -> Array:
        """Positions `(...)` of the points of the line nearest to parameters `(..., P)`."""
        largest = np.abs(self.direction).max()  # its square is in range, whatever the length
        short = self.direction / largest
        return np.asarray((params - self.origin) @ short / (short @ short) / largest)

    @_far_away
    def distance(self, params: Array) -> Array:
        """How far parameters `(..., P)` lie off the line, `(...)`, in the units of the parameters."""
        return np.asarray(np.linalg.norm(params - self.point(self.project(params)), axis=-1))


@dataclass(frozen=True, eq=False)
class Profile:
    """The loss along a line, `loss[i]` at position `t[i]`; not finite where the loss is not.

    `band` `(3, n)`: the least, median and largest loss at each position over the directions of an ensemble.
    """

    line: Line
    t: Array
    loss: Array
    band: Array | None = None


class Parabola(NamedTuple):
    """The loss along a line to second order about the position `at`: its tangent and its osculating parabola."""

    at: float
    value: float
    slope: float
    curvature: float

    def tangent(self, t: Array) -> Array:
        """Heights `(...)` at positions `(...)`, to first order."""
        return np.asarray(self.value + self.slope * (t - self.at))

    def height(self, t: Array) -> Array:
        """Heights `(...)` at positions `(...)`, to second order."""
        return np.asarray(self.tangent(t) + self.curvature / 2 * (t - self.at) ** 2)


def profile(objective: Objective, line: Line, count: int = 201) -> Profile:
    """The loss at `count` ≥ 2 positions, both ends of the line's bounds and its middle (for odd counts) among them."""
    if count < 2:
        raise SettingError("count", count, "a whole number from 2")
    low, high = line.bounds
    weight = np.arange(count) / (count - 1)
    t = low * (1 - weight) + high * weight  # precisely the ends, and the middle where it is a number
    if line.fan is None:
        return Profile(line, t, _losses(objective, line.origin, line.direction, t))
    losses = np.stack([_losses(objective, line.origin, direction, t) for direction in line.fan])
    known = np.where(np.isnan(losses), np.inf, losses)  # what is no number is off every scale
    band = np.sort(known, axis=0)
    lower, upper = band[(len(band) - 1) // 2], band[len(band) // 2]
    median = np.where(lower == upper, lower, lower / 2 + upper / 2)
    return Profile(line, t, losses[0], np.stack([band[0], median, band[-1]]))


def _losses(objective: Objective, origin: Array, direction: Array, t: Array) -> Array:
    losses = np.empty(len(t))
    with np.errstate(over="ignore", invalid="ignore"):  # far away the loss is not finite, which is no mistake
        for start in range(0, len(t), objective.chunk):  # the vectors of a large network do not fit in memory at once
            part = slice(start, start + objective.chunk)
            losses[part] = objective.loss(origin + t[part, None] * direction)
    return losses


def barrier(profile: Profile) -> float:
    """How high the loss rises on the way from one end of a profile to the other, above the straight line between them.

    max over a in [0, 1] of L((1 - a)θ₀ + aθ₁) - ((1 - a)L(θ₀) + aL(θ₁)), after Entezari et al. 2022, definition 2.1.
    Frankle et al. 2020, §2, subtract the mean of both ends' losses instead, which is the same where they are equal.
    Never negative, as both ends count; infinite where the loss on the way is not finite; as fine as the profile.
    """
    share = (profile.t - profile.t[0]) / (profile.t[-1] - profile.t[0])
    loss = profile.loss
    if not np.isfinite(loss).all():
        return float("inf")
    return float((loss - ((1 - share) * loss[0] + share * loss[-1])).max())


def quadratic(objective: Objective, line: Line, params: Array) -> Parabola:
    """Value L, slope g·d and curvature d·H·d of the loss at parameters `(P,)` in the line's direction d.

    Exact derivatives, per unit of the line's position. Where `params` lies off the line, they are those of the parallel
    line through it.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        value, gradient = objective.loss_and_gradient(params)
        bend = objective.hessian_at(params)(line.direction)
        slope, curvature = float(gradient @ line.direction), float(bend @ line.direction)
    return Parabola(float(line.project(params)), value, slope, curvature)


def between(first: Array, second: Array, label: str = "first → second") -> Line:
    """The line from one vector `(P,)`, at 0, to another of the same length, at 1. Raises `SettingError`."""
    if first.shape != second.shape:
        raise SettingError("line", f"{first.size} and {second.size} parameters", "two states of the same network")
    if not np.isfinite([first, second]).all():
        raise SettingError("line", "a state that is not finite", "two finite states")
    if (first == second).all():
        raise SettingError("line", "the same state twice", "two states that differ")
    return Line(first, second - first, (0.0, 1.0), label)
