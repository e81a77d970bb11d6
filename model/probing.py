"""Probing: what is to be known of the current state besides the picture, as a generator that a thread pulls.

How far the picture may be trusted there, how the loss is curved, what the next step will do, and the loss along a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from model.arrays import Array
from model.curvature import MOST, Extremes, Forecast, Point, critical, extremes, forecast, spectrum
from model.descent import resume
from model.honesty import Trust, trust
from model.line import Line, Parabola, Profile, profile, quadratic
from model.plane import Course, Plane
from model.running import LATELY, Look
from model.settings import SettingError

SAMPLE = 101  # states of the path at which the sheet is compared with the true loss
STILL = 1e-3  # a gradient of this share of λ_max is small enough to ask what kind of point it is


@dataclass(frozen=True, eq=False)
class Probe:
    """What was found out at `step`, on `plane`.

    `trust` in the picture; the outermost curvatures, `ends`, of the Hessian and `forecast` of the next step; what kind
    of `point` it is, where the gradient is small enough to ask; the loss along a line, `profile`, where one was wanted,
    and the `parabola` that touches it at the current state, if that lies on it; all eigenvalues, `spectrum`, if wanted;
    why there is no such line here, in words, is `missing`.
    """

    step: int
    plane: Plane
    trust: Trust
    ends: Extremes
    forecast: Forecast
    point: Point | None
    profile: Profile | None = None
    parabola: Parabola | None = None
    spectrum: Array | None = None
    missing: str = ""


def probe(
    look: Look, plane: Plane, before: Probe | None = None, line: Line | bool = False, spectral: bool = False
) -> Iterator[Probe | None]:
    """Find out about the current state of a path, on the plane that is drawn.

    `before` is the probe of a moment ago, whose eigenvectors spare most of the work. `line` is a line to follow, or
    whether the experiment's is to be; `spectral` asks for all eigenvalues, where there are no more than `MOST`. Yields
    None wherever it can be stopped, then the probe.
    """
    experiment, objective = look.experiment, look.experiment.objective
    factors = experiment.factors
    with np.errstate(over="ignore", invalid="ignore"):  # a diverged state has figures that are not finite
        state = resume(objective, experiment.descent, look.trajectory[look.current])
        gradient = objective.loss_and_gradient(state.params)[1]
        steepness = float(np.linalg.norm(gradient))
    yield None
    indices = np.unique(np.append(np.linspace(0, look.count - 1, SAMPLE).round().astype(int), look.current))
    states = [look.trajectory[int(index)] for index in indices]
    params, steps = np.stack([s.params for s in states]), np.array([s.step for s in states])
    with np.errstate(over="ignore", invalid="ignore"):
        losses = objective.loss(params)
    yield None
    now = int(np.flatnonzero(indices == look.current)[0])
    if plane.scale is None:
        trusted = trust(objective, plane, params, losses, now, gradient, steps)
    else:  # what is looked at is D·θ, where the loss is the same and its gradient D⁻¹·g
        seen, slope = params * plane.scale, gradient / plane.scale
        trusted = trust(objective, replace(plane, scale=None), seen, losses, now, slope, steps)
    yield None
    here = state.params if factors is None else state.params * factors
    ends = extremes(objective, here, None if before is None else before.ends.vectors)
    yield None
    ahead = forecast(objective, experiment.descent, state, None if before is None else before.forecast.ends.vectors)
    yield None
    found = Probe(state.step, plane, trusted, ends, ahead, None)
    if not steepness > STILL * abs(ends.largest):
        found = replace(found, point=critical(objective, here, gradient if factors is None else gradient / factors))
        yield None
    if spectral and objective.size <= MOST:
        found = replace(found, spectrum=spectrum(objective, here))
        yield None
    yield _along(found, look, line) if line is not False else found


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
