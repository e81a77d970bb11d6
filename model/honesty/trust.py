"""Trust: all that is to be said of a plane as a picture of a path."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from model.arrays import Array
from model.honesty.gaps import Gaps, compared
from model.honesty.sentence import Account
from model.honesty.variance import explained, inside, random_walk
from model.objective import Objective
from model.plane import Plane


@dataclass(frozen=True, eq=False)
class Trust:
    """What is known of a plane as a picture of a path of N states, of which one is the current one.

    `distance` of the current state off the plane, `travelled` by it from the first state in a straight line, and
    `off` = distance / travelled: 0 where both are 0, infinite where only the latter is. (The length of the path would
    grow with noise, and shrink with the number of states that were sampled.) `share` of the gradient's norm that lies
    in the plane, NaN for a gradient of 0. `true` loss of the current state, loss `sheet` of the point of the plane
    below it, and `gap` = sheet − true. `gaps` are the same of the whole path, as far as it was looked at; `worst` is
    the number of the state with the largest `worst_gap` of these, None where there is none to compare. `explained` is
    the share of the path's variance inside the plane, NaN where the states coincide, and `walk` what the best plane of
    a pure random walk of as many states has on average. Whatever a diverged state lacks is NaN.
    """

    distance: float
    travelled: float
    off: float
    share: float
    true: float
    sheet: float
    gap: float
    gaps: Gaps
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
    now, params = range(len(params))[now], np.asarray(params, float)
    gaps = compared(objective, plane, params, losses)
    if gradient is None:
        gradient = objective.loss_and_gradient(params[now])[1]
    return judge(plane, gaps, params[gaps.finite], params[now], params[0], gradient, now, steps)


@np.errstate(over="ignore", invalid="ignore")
def judge(
    plane: Plane,
    gaps: Gaps,
    sample: Array,
    here: Array,
    start: Array,
    gradient: Array,
    now: int,
    steps: Array | None = None,
) -> Trust:
    """The same by what is known so far: the `gaps` of a path, and a `sample` `(n, P)` of its finite states.

    `here` and `start` `(P,)` are the current and the first state, the former of which has been looked at; `gradient`
    `(P,)` is that of the loss on all data there.
    """
    travelled, worst, share = float(np.linalg.norm(here - start)), gaps.worst, inside(plane, gradient)
    return Trust(
        distance=float(gaps.distances[now]),
        travelled=travelled,
        off=_quotient(float(gaps.distances[now]), travelled),
        share=share,
        true=float(gaps.losses[now]),
        sheet=float(gaps.sheets[now]),
        gap=float(gaps.gaps[now]),
        gaps=gaps,
        worst=worst,
        worst_gap=math.nan if worst is None else float(gaps.gaps[worst]),
        explained=explained(plane, sample),
        walk=random_walk(len(sample), plane.origin.size),
        sentence=Account(plane.origin.size, now, gaps, share, steps).sentence(worst),
    )


def _quotient(distance: float, travelled: float) -> float:
    if travelled:
        return distance / travelled
    return math.inf if distance else distance
