"""Honesty: how far the picture of a plane may be trusted, in figures and in one plain sentence.

The path lies in all P dimensions, the picture in two. Under each state θ lies the point of the plane that is nearest to
it, and the sheet that is drawn has the loss of that point, not of θ. The difference is the gap. A large share of the
path's variance in the plane does not make it small: even a random walk has 76 % of its own in its best plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from model.arrays import Array, kept
from model.curvature.words import shown
from model.objective import Objective
from model.plane import Plane

VISIBLE = 0.01  # a gap is spoken of from this share of the losses' range on: less is not seen in a picture
ROUNDING = 1e-9  # of a loss, or of 1: exact, as far as anybody is concerned
LEAVING = 0.5  # a smaller share of the gradient in the plane is spoken of


@dataclass(frozen=True, eq=False)
class Trust:
    """What is known of a plane as a picture of a path of N states, of which one is the current one.

    `distance` of the current state off the plane, `travelled` by it from the first state in a straight line, and
    `off` = distance / travelled: 0 where both are 0, infinite where only the latter is. (The length of the path would
    grow with noise, and shrink with the number of states that were sampled.) `share` of the gradient's norm that lies
    in the plane, NaN for a gradient of 0. `true` loss of the current state, loss `sheet` of the point of the plane
    below it, and `gap` = sheet − true. `losses`, `sheets` and `distances` `(N,)` are the same of the whole path;
    `worst` is the index of the largest `worst_gap` in it, None where there is no state to compare. `explained` is the
    share of the path's variance inside the plane, NaN where the states coincide, and `walk` what the best plane of a
    pure random walk of as many states has on average. Whatever a diverged state lacks is NaN.
    """

    distance: float
    travelled: float
    off: float
    share: float
    true: float
    sheet: float
    gap: float
    losses: Array
    sheets: Array
    distances: Array
    worst: int | None
    worst_gap: float
    explained: float
    walk: float
    sentence: str


@np.errstate(over="ignore", invalid="ignore")  # of diverged states, whose figures are not finite
def trust(
    objective: Objective,
    plane: Plane,
    params: Array,
    losses: Array,
    now: int = -1,
    gradient: Array | None = None,
    steps: Array | None = None,
) -> Trust:
    """How far `plane` may be trusted for a path `params` `(N, P)` with true `losses` `(N,)` under `objective`.

    `now` is the index of the current state; states after it may be a rehearsed future. `gradient` `(P,)` is that of
    the loss there, computed if not given; `steps` `(N,)` are step numbers, for the sentence. All in float64. States
    beyond the range of float32, in which surfaces are drawn, count as diverged.
    Raises `IndexError` where there is no such state.
    """
    now, params, losses = range(len(params))[now], np.asarray(params, float), kept(losses)
    finite = (np.abs(params).max(axis=1) <= np.finfo(np.float32).max) & np.isfinite(losses)
    sheets, distances = np.full((2, len(params)), np.nan)
    path = params[finite]
    sheets[finite] = objective.loss(plane.point(plane.project(path)))
    distances[finite] = plane.distance(path)
    distances[distances <= 1e-12 * np.linalg.norm(params, axis=1)] = 0.0  # rounding
    gaps = np.where(finite, sheets - losses, np.nan)
    worst = int(np.argmax(np.where(finite, np.nan_to_num(np.abs(gaps), nan=np.inf), -1.0))) if finite.any() else None
    if gradient is None:
        gradient = objective.loss_and_gradient(params[now])[1]
    travelled = float(np.linalg.norm(params[now] - params[0]))
    share = inside(plane, gradient)
    account = _Account(objective.size, now, finite, losses, gaps, distances, share, steps)
    return Trust(
        distance=float(distances[now]),
        travelled=travelled,
        off=_quotient(float(distances[now]), travelled),
        share=share,
        true=float(losses[now]),
        sheet=float(sheets[now]),
        gap=float(gaps[now]),
        losses=losses,
        sheets=sheets,
        distances=distances,
        worst=worst,
        worst_gap=math.nan if worst is None else float(gaps[worst]),
        explained=explained(plane, path),
        walk=random_walk(len(path), objective.size),
        sentence=account.sentence(worst),
    )


def _quotient(distance: float, travelled: float) -> float:
    if travelled:
        return distance / travelled
    return math.inf if distance else distance


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

    some 0.4/P for long walks. NaN for a single state, which has no variance.
    """
    if states < 2:
        return math.nan
    if states <= 3 or size <= 2:
        return 1.0
    values = 0.25 / np.sin(np.pi * np.arange(1, states) / (2 * states)) ** 2
    values /= values.sum()
    first, rest = values[:2], values[2:]
    share = first.sum()
    repelled = np.sum(first[:, None] * rest / (first[:, None] - rest))
    growth = repelled - 2.0 * np.sum(first**2) + 2.0 * share * np.sum(values**2)
    return float(min(share + growth / size, 1.0))


@dataclass(frozen=True, eq=False)
class _Account:
    """The figures that the sentence is chosen by. The rules are read from the top; the first that applies speaks."""

    size: int
    now: int
    finite: Array
    losses: Array
    gaps: Array
    distances: Array
    share: float
    steps: Array | None

    def sentence(self, worst: int | None) -> str:
        if worst is None or not self.finite[self.now]:
            return "The descent has diverged: no picture can show its current state."
        if self.size <= 2:
            parameters = "is only one parameter" if self.size == 1 else "are only two parameters"
            return f"The picture is exact: there {parameters}."
        if not math.isfinite(self.gaps[worst]):
            return f"The sheet is not finite {self._place(worst)}, though the true loss is {shown(self.losses[worst])}."
        if abs(self.gaps[worst]) <= self._small():
            return self._agreement(worst)
        if worst == 0 and self._comes_from_outside():
            return f"The sheet is {self._gap(0)} at the start: the path comes from outside this plane{self._and_now()}."
        if abs(self.gaps[self.now]) >= 0.5 * abs(self.gaps[worst]):
            return f"The sheet is {self._gap(self.now)} {self._place(self.now)}, which lies {self._off(self.now)}."
        here, there = (
            f"At this state the sheet is {self._gap(self.now)}",
            f"{self._place(worst)} it is {self._gap(worst)}",
        )
        return f"{here}; {there}: there the path lies {self._off(worst)}."

    def _agreement(self, worst: int) -> str:
        exact = all(self._exact(index) for index in np.flatnonzero(self.finite).tolist())
        sheet = "is exact" if exact else f"agrees with the true loss to {_up(abs(self.gaps[worst]))}"
        where = "along the whole path" if self.finite.all() else "along the path, as far as it is finite"
        if self.finite.sum() == 1:
            where = "at this state"
        if not self.share < LEAVING:
            return f"The sheet {sheet} {where}."
        share = f"{self.share:.0%} of the gradient lies in the plane"
        return f"The sheet {sheet} {where}, but only {share}: the slope leads out of it."

    def _small(self) -> float:
        losses = self.losses[self.finite]
        return max(VISIBLE * float(losses.max() - losses.min()), ROUNDING * max(1.0, float(np.abs(losses).max())))

    def _exact(self, index: int) -> bool:
        return bool(abs(self.gaps[index]) <= ROUNDING * max(1.0, abs(self.losses[index])))

    def _comes_from_outside(self) -> bool:
        newest = np.flatnonzero(self.finite)[-1]
        return bool(self.distances[newest] <= 0.5 * self.distances[0])

    def _and_now(self) -> str:
        if self.now == 0 or abs(self.gaps[self.now]) <= self._small():
            return ""
        return f", and at this state it is {self._gap(self.now)}"

    def _gap(self, index: int) -> str:
        gap = self.gaps[index]
        if self._exact(index):
            return "exact"
        return f"{shown(abs(gap))} too {'low' if gap < 0 else 'high'}"

    def _off(self, index: int) -> str:
        return f"{shown(self.distances[index])} off this plane"

    def _place(self, index: int) -> str:
        if index == 0:
            return "at the start"
        if index == self.now:
            return "at this state"
        if self.steps is not None:
            return f"at step {int(self.steps[index]):,}"
        apart = abs(self.now - index)
        states = f"{apart:,} state{'s' * (apart > 1)}"
        return f"{states} ago" if index < self.now else f"in {states}"


def _up(number: float) -> str:
    """Rounded up to one digit: what is said to agree to it does."""
    unit = 10.0 ** math.floor(math.log10(number))
    return shown(math.ceil(number / unit - 1e-9) * unit, 1)
