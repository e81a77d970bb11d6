"""What every check is made of: results, each a number that theory predicts beside the same number as measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from model.arrays import Array
from model.descent import Descent, begin, descend
from model.objective import Objective
from model.optimizers import Optimizer
from model.schedules import Constant


class Result(NamedTuple):
    """One line of the report; `tolerance` is how far the two numbers may lie apart, in their own unit."""

    name: str
    theory: float
    measured: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether they agree; NaN and infinity agree with nothing."""
        return abs(self.measured - self.theory) <= self.tolerance


Check = Callable[[], Iterator[Result]]


def worst(name: str, theory: Array, measured: Array, relative: float, scale: float | None = None) -> Result:
    """The entry in which two arrays of one shape differ most, measured by `scale`, or each by its own size.

    Raises `ValueError` where the shapes differ.
    """
    theory, measured = np.asarray(theory, float), np.asarray(measured, float)
    if theory.shape != measured.shape:
        raise ValueError(f"shape {measured.shape}, by theory {theory.shape}")
    tolerances = relative * (np.abs(theory) if scale is None else np.full(theory.shape, scale))
    index = np.unravel_index(np.argmax(np.abs(measured - theory) / tolerances), theory.shape)  # NaN counts as most
    return Result(name, float(theory[index]), float(measured[index]), float(tolerances[index]))


def path(objective: Objective, optimizer: Optimizer, rate: float, start: Array, steps: int) -> Array:
    """The parameters `(steps + 1, P)` of a descent at a constant rate, start first; fewer rows where it overflows."""
    descent = Descent(optimizer, Constant(rate))
    first = begin(objective, descent, np.array(start, float))
    return np.array([first.params, *(state.params for state in islice(descend(objective, descent, first), steps))])
