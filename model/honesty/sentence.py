"""The sentence: what the figures say of a picture, in one plain sentence."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from model.arrays import Array
from model.curvature.words import shown
from model.honesty.gaps import Gaps

VISIBLE = 0.01  # a gap is spoken of from this share of the losses' range on: less is not seen in a picture
ROUNDING = 1e-9  # of a loss, or of 1: exact, as far as anybody is concerned
LEAVING = 0.5  # a smaller share of the gradient in the plane is spoken of


@dataclass(eq=False)
class Account:
    """The figures that the sentence is chosen by. The rules are read from the top; the first that applies speaks."""

    size: int
    now: int
    known: Gaps
    share: float
    steps: Array | None

    def __post_init__(self) -> None:
        self.finite, self.gaps = self.known.finite, self.known.gaps
        self.losses, self.distances = self.known.losses, self.known.distances

    def sentence(self, worst: int | None) -> str:
        """What is to be said; and, where only a part of the path was looked at, that it was."""
        seen, count = int(self.known.seen.sum()), len(self.known.seen)
        part = f" So far {seen:,} of {count:,} states were compared." if seen < count and self.size > 2 else ""
        return self._judgement(worst) + part

    def _judgement(self, worst: int | None) -> str:
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
        if self._gap(self.now) == self._gap(worst):
            return f"The sheet is {self._gap(self.now)} {self._place(self.now)}, which lies {self._off(self.now)}."
        here, there = (
            f"At this state the sheet is {self._gap(self.now)}",
            f"{self._place(worst)} it is {self._gap(worst)}",
        )
        return f"{here}; {there}: there the path lies {self._off(worst)}."

    def _agreement(self, worst: int) -> str:
        within = ROUNDING * np.maximum(1.0, np.abs(self.losses[self.finite]))
        exact = bool((np.abs(self.gaps[self.finite]) <= within).all())
        sheet = "is exact" if exact else f"agrees with the true loss to {_up(abs(self.gaps[worst]))}"
        where = (
            "along the whole path" if self.finite[self.known.seen].all() else "along the path, as far as it is finite"
        )
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
