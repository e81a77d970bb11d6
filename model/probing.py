"""Probing: what is to be known of the current state besides the picture, as a generator that a thread pulls.

How far the picture may be trusted there, how the loss is curved, what the next step will do, and the loss along a line.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np

from model.arrays import Array
from model.curvature import MOST, Extremes, Forecast, Point, critical, extremes, forecast, spectrum
from model.descent import resume
from model.honesty import Gaps, Trust, judge
from model.line import Line, Parabola, Profile, profile, quadratic
from model.plane import Course, Plane
from model.running import LATELY, Look
from model.settings import SettingError

SAMPLE = 101  # states of the path at which the sheet is compared with the true loss at first
Result = TypeVar("Result")
STRIDES = (256, 64, 16, 4, 1)  # every so manieth state is looked at then
STILL = 1e-3  # a gradient of this share of λ_max is small enough to ask what kind of point it is


@dataclass(frozen=True, eq=False)
class Probe:
    """What was found out at `step`, on `plane`, of the path in `look`.

    `trust` in the picture; the outermost curvatures, `ends`, of the Hessian and `forecast` of the next step; what kind
    of `point` it is, where the gradient is small enough to ask; the loss along a line, `profile`, where one was wanted,
    and the `parabola` that touches it at the current state, if that lies on it; all eigenvalues, `spectrum`, if wanted;
    why there is no such line here, in words, is `missing`.
    """

    step: int
    plane: Plane
    look: Look
    trust: Trust
    ends: Extremes
    forecast: Forecast
    point: Point | None
    profile: Profile | None = None
    parabola: Parabola | None = None
    spectrum: Array | None = None
    missing: str = ""


def probe(
    look: Look,
    plane: Plane,
    before: Probe | None = None,
    line: Line | bool = False,
    spectral: bool = False,
    thorough: bool = True,
) -> Iterator[Probe | None]:
    """Find out about the current state of a path, on the plane that is drawn.

    `before` is the probe of a moment ago, whose eigenvectors and gaps spare most of the work. `line` is a line to
    follow, or whether the experiment's is to be; `spectral` asks for all eigenvalues, where there are no more than
    `MOST`. Yields None wherever it can be stopped, then the probe, whose gaps are those of some states. Then, if it is
    to be `thorough`, it looks at all the others, and yields the probe again whenever it has looked at four times as
    many, at last at all: the worst gap is the worst of all states.
    """
    experiment, objective = look.experiment, look.experiment.objective
    factors = experiment.factors
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged state has figures that are not finite
        state = resume(objective, experiment.descent, look.trajectory[look.current])
        gradient = objective.loss_and_gradient(state.params)[1]
        steepness = float(np.linalg.norm(gradient))
    yield None
    path = _Path(look, plane, gradient, before)
    for _ in path.compare(path.sample):
        yield None
    trusted = path.trust()
    yield None
    here = state.params if factors is None else state.params * factors
    # Where there is time for it, from random vectors: then λmin has a sign for sure.
    ends = extremes(objective, here, None if before is None or thorough else before.ends.vectors)
    yield None
    ahead = forecast(objective, experiment.descent, state, None if before is None else before.forecast.ends.vectors)
    yield None
    seen = replace(look, others=(), foreign=(), before=None)  # of other runs nothing is kept
    found = Probe(state.step, plane, seen, trusted, ends, ahead, None)
    if not steepness > STILL * abs(ends.largest):
        slope = gradient if factors is None else gradient / factors
        point = yield from _aside(lambda: critical(objective, here, slope))
        found = replace(found, point=point)
    if spectral and objective.size <= MOST:
        values = yield from _aside(lambda: spectrum(objective, here))
        found = replace(found, spectrum=values)
    found = _along(found, look, line) if line is not False else found
    yield found
    for stride in STRIDES if thorough and objective.size > 2 else ():
        rest = path.unseen(stride)
        for _ in path.compare(rest):
            yield None
        if len(rest):
            yield replace(found, trust=path.trust())


@cache
def _thread() -> Executor:
    return ThreadPoolExecutor(1, "aside")


def _aside(task: Callable[[], Result]) -> Generator[None, None, Result]:
    """What a task gives, which may take seconds and cannot be stopped: on a thread of its own, while others go on."""
    future = _thread().submit(task)
    while not future.done():
        wait([future], timeout=0.001)
        yield None
    return future.result()


class _Path:
    """The states of a path beside the plane: some are compared at first, all in the end."""

    def __init__(self, look: Look, plane: Plane, gradient: Array, before: Probe | None) -> None:
        self.look, self.gradient, count = look, gradient, look.count
        # What is looked at is D·θ, where the loss is the same and its gradient D⁻¹·g.
        self.factors, self.plane = plane.scale, replace(plane, scale=None)
        if self.factors is not None:
            self.gradient = gradient / self.factors
        again = before is not None and before.plane is plane and _same_land(before.look, look)
        self.gaps = before.trust.gaps.grown(count) if before is not None and again else Gaps.none(count)
        self.sample = np.unique(np.append(np.linspace(0, count - 1, SAMPLE).round().astype(int), look.current))

    def unseen(self, stride: int) -> Array:
        """The numbers of every so manieth state, of those that were not looked at."""
        states = np.arange(0, self.look.count, stride)
        return states[~self.gaps.seen[states]]

    def compare(self, states: Array) -> Iterator[None]:
        """Look at the states with these numbers, some milliseconds at a time, those known already left out."""
        objective, trajectory = self.look.experiment.objective, self.look.trajectory
        states = states[~self.gaps.seen[states]]
        for start in range(0, len(states), objective.chunk):
            part = states[start : start + objective.chunk]
            params, losses = self._params(part), trajectory.losses_of(part)
            before = part < self.look.under  # recorded under another objective
            if before.any():
                with np.errstate(over="ignore", invalid="ignore"):
                    losses[before] = objective.loss(np.stack([trajectory[index].params for index in part[before]]))
            self.gaps.look(objective, self.plane, part, params, losses)
            yield

    def trust(self) -> Trust:
        """What is to be said by now."""
        count, now = self.look.count, self.look.current
        here, start = self._params(np.array([now, 0]))
        sample = self._params(self.sample[self.gaps.finite[self.sample]])
        steps = self.look.trajectory.first + np.arange(count)
        return judge(self.plane, self.gaps.grown(count), sample, here, start, self.gradient, now, steps)

    def _params(self, states: Array) -> Array:
        """θ `(n, P)` of states, as they are looked at."""
        found = [self.look.trajectory[index].params for index in states.tolist()]
        params = np.array(found).reshape(-1, len(self.plane.origin))
        return params if self.factors is None else params * self.factors


def _same_land(one: Look, other: Look) -> bool:
    """Whether what is known of a state's true loss, and of the sheet below it, holds for both."""
    return (
        one.trajectory is other.trajectory
        and one.experiment.objective is other.experiment.objective
        and one.under == other.under
    )


@np.errstate(over="ignore", invalid="ignore")
def _along(found: Probe, look: Look, line: Line | bool) -> Probe:
    objective, trajectory, factors = look.experiment.objective, look.trajectory, look.experiment.factors
    if isinstance(line, bool):
        near = [trajectory[index].params for index in range(max(look.current - LATELY, 0), look.current + 1)]
        steps = trajectory.first + np.arange(max(look.current - LATELY, 0), look.current + 1)
        try:
            params = np.stack(near) if factors is None else np.stack(near) * factors
            course = Course(trajectory, look.current, params, steps=steps, scale=factors)
            line = look.experiment.line.line(objective, course)
        except SettingError as error:  # at the start there is no last step: no reason to keep the rest back
            return replace(found, missing=str(error))
    along = profile(objective, line)
    here = trajectory[look.current].params
    here = here if factors is None else here * factors
    touches = line.fan is None and line.distance(here) <= 1e-6 * max(1.0, float(np.linalg.norm(here)))
    touching = quadratic(objective, line, here) if touches else None
    return replace(found, profile=along, parabola=touching)
