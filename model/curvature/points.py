"""What kind of place a point is: a minimum, a saddle and of which index, a plateau, or still a slope."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from model.arrays import Array
from model.curvature.ends import Extremes, extremes
from model.curvature.matrix import MOST, hessian, overflow_is_expected
from model.curvature.words import shown
from model.objective import Objective

STILL = 1e-4  # |∇L| ≤ STILL · max|λ|: along the most curved direction no more than this from where it is 0
LEVEL = 1e-6  # |λ| ≤ LEVEL · max|λ|: as good as no curvature
AWAY = 0.1  # by Newton's step: no farther from a critical point than this, in the parameters' own unit
FLAT = 1e-6  # |∇L| and max|λ| ≤ FLAT · max(1, |L|): as good as nothing within a distance of 1
NEAR, FARTHER = 1e-6, 1e-4  # how far around the loss is looked at, for a kink of first and of second derivatives


@dataclass(frozen=True)
class Point:
    """`kind`: "slope", "minimum", "saddle", "maximum", "valley", "plateau", "kink", or "diverged".

    `index`: the number of eigenvalues of the Hessian below zero, None where it was not counted. `gradient`: |∇L|.
    `sentence`: all of it in words.
    """

    kind: str
    index: int | None
    gradient: float
    sentence: str


@overflow_is_expected
def critical(objective: Objective, params: Array, gradient: Array | None = None) -> Point:
    """The kind of point that parameters `(P,)` are, by the gradient of the loss `(P,)` on all data and the Hessian.

    A slope is where |∇L| > STILL · max|λ|. Elsewhere eigenvalues decide, LEVEL · max|λ| and less counting as 0: all
    above, a minimum; all below, a maximum; some below, a saddle, whose index is their number; none below and some 0,
    the floor of a valley, of which second derivatives cannot tell whether it goes down. All but saddles are slopes
    still, if Newton's step from here is longer than AWAY. Where gradient and curvature are both nothing beside the
    loss (FLAT), it is a plateau. Where 0 was taken for derivatives that do not exist, the loss close by differs from
    what they say: then it is a kink, unless it is a minimum all the more, or a maximum.

    Above `MOST` parameters λ_max and λ_min alone are looked at, which can tell a saddle but no minimum: between them
    hundreds of level directions may lie. Then it is a valley, as far as is known.
    """
    loss = float(objective.loss(params))
    slope = objective.loss_and_gradient(params)[1] if gradient is None else gradient
    steepness = float(np.linalg.norm(slope))
    ends = extremes(objective, params)
    if not (math.isfinite(loss) and math.isfinite(steepness) and math.isfinite(ends.largest)):
        return Point("diverged", None, steepness, "The loss or its derivatives are not finite here.")
    most, unit = max(abs(ends.largest), abs(ends.smallest)), max(1.0, abs(loss))
    away = 0.0
    if max(steepness, most) <= FLAT * unit:
        level = f"A plateau: the gradient is {shown(steepness)}, and there is next to no curvature to lead on."
        point = Point("plateau", None, steepness, level)
    elif steepness > STILL * most:
        return Point("slope", None, steepness, f"A slope: the gradient is still {shown(steepness)}.")
    elif objective.size > MOST:
        point = _by_ends(objective.size, ends, steepness)
        away = steepness / max(min(abs(ends.largest), abs(ends.smallest)), LEVEL * most)
    else:
        values, vectors = np.linalg.eigh(hessian(objective, params))
        point = _by_spectrum(values, steepness)
        away = float(np.linalg.norm(slope @ vectors / np.maximum(np.abs(values), LEVEL * most)))
    if point.kind in ("minimum", "maximum", "valley") and away > AWAY:
        far = f"A slope: the gradient is only {shown(steepness)}, but so is the curvature where it leads."
        return Point("slope", None, steepness, far)
    below, above = _kinked(objective, params, loss, slope, most)
    if {"minimum": below, "maximum": above, "slope": False}.get(point.kind, below or above):
        lead = " It goes down from here." if below else ""
        return Point("kink", None, steepness, f"A kink: the loss has no derivative here, for which 0 is taken.{lead}")
    return point


def _by_spectrum(values: Array, steepness: float) -> Point:
    least, size = LEVEL * np.abs(values).max(), len(values)
    down, level = int(np.sum(values < -least)), int(np.sum(np.abs(values) <= least))
    gradient = f"the gradient is {shown(steepness)}"
    if down == size:
        return Point("maximum", down, steepness, f"A maximum: {gradient}, and {_all(size)} down.")
    if down:
        sentence = f"A saddle: {gradient}, but {down:,} of {size:,} directions {_go(down)} down."
        return Point("saddle", down, steepness, sentence)
    if level:
        sentence = (
            f"The floor of a valley: {gradient}, no direction curves down, but {level:,} of {size:,} "
            f"{'is' if level == 1 else 'are'} level, and may lead on."
        )
        return Point("valley", 0, steepness, sentence)
    return Point("minimum", 0, steepness, f"A minimum: {gradient}, and {_all(size)} up.")


def _by_ends(size: int, ends: Extremes, steepness: float) -> Point:
    gradient = f"the gradient is {shown(steepness)}"
    if ends.sign < 0 and ends.smallest < -LEVEL * abs(ends.largest):
        if ends.largest > LEVEL * abs(ends.smallest):
            sentence = f"A saddle: {gradient}, but at least one of {size:,} directions goes down."
            return Point("saddle", None, steepness, sentence)
        return Point(
            "maximum", None, steepness, f"A maximum, as far as two curvatures tell: {gradient}, and both go down."
        )
    sentence = (
        f"The floor of a valley, as far as two curvatures tell: {gradient}, and no direction is known to curve down; "
        f"how many of {size:,} are level was not counted."
    )
    return Point("valley", None, steepness, sentence)


def _kinked(objective: Objective, params: Array, loss: float, slope: Array, most: float) -> tuple[bool, bool]:
    """Whether the loss around is below, and above, what derivatives have it, in proportion to the distance."""
    around = np.random.default_rng(0).normal(size=(16, objective.size))
    around *= NEAR / np.linalg.norm(around, axis=1, keepdims=True)
    around = np.vstack([around, -around])
    change, halfway = (objective.loss(params + part * around) - loss - part * around @ slope for part in (1.0, 0.5))
    rounding = 1000.0 * np.finfo(float).eps * max(abs(loss), float(np.abs(around @ slope).max()))
    seen = rounding + most * NEAR * NEAR
    straight = ~(np.abs(halfway) <= 0.4 * np.abs(change))  # what higher derivatives do falls by a fourth and more
    below, above = (straight & ~(change >= -seen)).any(), (straight & ~(change <= seen)).any()
    # The same of second derivatives, farther away: what they leave out may be as large as they are, as of |x|·|y|.
    around *= FARTHER / NEAR
    product = objective.hessian_at(params)
    curved = np.array([d @ product(d) for d in around]) / 2.0
    change, halfway = (
        objective.loss(params + part * around) - loss - part * around @ slope - part**2 * curved for part in (1.0, 0.5)
    )
    seen = 1000.0 * np.finfo(float).eps * max(abs(loss), FARTHER) + 0.01 * most * FARTHER**2
    bent = (np.abs(change) > seen) & (np.abs(halfway / np.where(change == 0.0, 1.0, change) - 0.25) < 0.05)
    return bool(below or (bent & (change < 0)).any()), bool(above or (bent & (change > 0)).any())


def _all(count: int) -> str:
    return {1: "the only direction goes", 2: "both directions go"}.get(count, f"all {count:,} directions go")


def _go(count: int) -> str:
    return "goes" if count == 1 else "go"
