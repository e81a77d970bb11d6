"""Running: an experiment as generators, which is what the threads of a window pull.

One trains, state by state; one surveys the land around the path, coarse to fine. Both go on from a given state, so a
change of settings is a new generator, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from model.arrays import Array
from model.connection import Connection, connect
from model.descent import State, descend, resume
from model.experiment import Experiment
from model.plane import Course, Plane
from model.settings import SettingError
from model.surface import Surface, survey
from model.trajectory import Trajectory


class Step(NamedTuple):
    """A state, and the experiment under whose settings it was reached."""

    experiment: Experiment
    state: State


def train(
    experiment: Experiment,
    state: State | None,
    until: int,
    origin: State | None = None,
    under: Experiment | None = None,
) -> Iterator[Step]:
    """Go on from `state` under the settings of `experiment`, to step `until` or as far as the loss is finite.

    Without a state it begins at `origin`, or at the experiment's start, which is then the first that it yields. Where
    it is known `under` which experiment the state was reached, its loss and gradient may serve as they are.
    """
    if state is None:
        state = experiment.begin() if origin is None else resume(experiment.objective, experiment.descent, origin)
        yield Step(experiment, state)
    else:
        before = None if under is None else (under.objective, under.descent)
        state = resume(experiment.objective, experiment.descent, state, before)
    states = descend(experiment.objective, experiment.descent, state)
    for following in islice(states, max(until - state.step, 0)):
        yield Step(experiment, following)


def recorded(trajectory: Trajectory, steps: Iterator[Step]) -> Iterator[Step]:
    """The same steps, each written into `trajectory` before it is handed on, if its loss is finite."""
    for step in steps:
        if math.isfinite(step.state.loss):
            trajectory.append(step.state)
        yield step


MOST_NUMBERS = 2**24  # in the states that a plane is chosen for, of the path so far
CHUNK = 256  # states at a time, so that nobody waits long for the interpreter
LATELY, RECENT = 64, 2000  # states for which a local plane is chosen, and that are drawn on a moving one
AHEAD = 2000  # steps that a rehearsal looks ahead
GLANCE = 31  # points per side, while a plane moves


@dataclass(frozen=True, eq=False)
class Bridge:
    """Two ways from one run's state to another's: straight, and along a curve of low loss.

    `t` `(n,)` from 0 to 1; the losses `straight` and `curved` `(n,)` there and how high each rises above the line
    between both ends, `barriers`; `coords` `(n, 2)` of the curve on the plane through it, `names` of the two runs.
    """

    t: Array
    straight: Array
    curved: Array
    barriers: tuple[float, float]
    coords: Array
    names: tuple[str, str]


class Landscape(NamedTuple):
    """A surface and, for the first N states of a path, what belongs to it.

    `coords` `(M, 2)` on its plane, of the path as it has grown by then; `heights` `(N,)`, the loss of the first N under
    the experiment's objective; `others` the losses that were asked for of other runs' states, once they are known;
    `bridge` the ways between two runs, if it was chosen to show them.
    """

    surface: Surface
    coords: Array
    heights: Array
    others: tuple[Array, ...] = ()
    bridge: Bridge | None = None


@dataclass(frozen=True, eq=False)
class Look:
    """What is to be surveyed: the land around the first `count` ≥ 1 states of a path.

    The current state is number `now`, or the newest if None. Without a `plane` the experiment's is chosen; `others` are
    the trajectories of other runs, for kinds that look at them. The first `under` states were recorded under another
    objective, and so were the states of other runs that are `foreign`: a trajectory and the numbers of states in it,
    whose losses under this one are wanted. `moving` says that the plane goes with the current state, away from
    `before`, and is only glanced at.
    """

    experiment: Experiment
    trajectory: Trajectory
    count: int
    plane: Plane | None = None
    under: int = 0
    now: int | None = None
    others: tuple[Trajectory, ...] = ()
    before: Plane | None = None
    moving: bool = False
    foreign: tuple[tuple[Trajectory, Array], ...] = ()

    @property
    def current(self) -> int:
        """The number of the current state."""
        return self.count - 1 if self.now is None else min(self.now, self.count - 1)

    @property
    def resolution(self) -> int:
        """Points per side of the finest surface."""
        return min(self.experiment.resolution, GLANCE) if self.moving else self.experiment.resolution


def landscape(look: Look) -> Iterator[Landscape | None]:
    """Survey the land around a path, coarse to fine.

    A plane is chosen for the path so far and as it will go on to `experiment.steps` if nothing is changed: a descent
    is deterministic, so a rehearsal shows the future, and the plane goes through its end. A local plane is chosen for
    the last few states. Heights of states that were recorded under another objective are NaN at first and then taken
    anew, the others are their recorded losses; coordinates beside a moving plane are those of the last states, and NaN
    before. Yields None, where it can be stopped, while there is nothing to show yet.
    """
    experiment, trajectory, under, plane = look.experiment, look.trajectory, look.under, look.plane
    for chosen in _choose(look) if plane is None else ():
        plane = chosen
        yield None
    assert plane is not None
    heights = trajectory.losses(0, look.count)
    heights[:under] = np.nan
    known = max(look.count - RECENT, 0) if look.moving else 0
    parts, foreign, others = [np.full((known, 2), np.nan)], look.foreign, list[Array]()
    for surface in survey(experiment.objective, plane, (look.resolution, look.resolution)):
        while known < len(trajectory):  # which may grow meanwhile
            parts.append(plane.project(trajectory.params(known, known + CHUNK)))
            known += len(parts[-1])
            yield None
        coords = np.concatenate(parts)
        yield Landscape(surface, coords, heights, tuple(others))
        if under or foreign:  # after the first, coarse surface, which somebody is waiting for
            heights = heights.copy()
            for start in range(0, under, CHUNK):
                stop = min(start + CHUNK, under)
                heights[start:stop] = experiment.objective.loss(trajectory.params(start, stop))
                yield None
            for other, states in foreign:
                losses = np.empty(len(states))
                for place, index in enumerate(states.tolist()):
                    losses[place] = experiment.objective.loss(other[index].params)
                    yield None
                others.append(losses)
            yield Landscape(surface, coords, heights, tuple(others))
            under, foreign = 0, ()


def joined(look: Look, other: Array, names: tuple[str, str]) -> Iterator[Landscape | None]:
    """Find a curve of low loss from parameters `other` `(P,)` to the current state, and survey the plane through it."""
    objective, here = look.experiment.objective, look.trajectory[look.current].params
    for found in connect(objective, other, here):
        connection = found
        yield None
    straight, t = Connection.straight(other, here), np.linspace(0.0, 1.0, 101)
    barriers = straight.barrier(objective), connection.barrier(objective)
    plane = connection.plane()
    bridge = Bridge(
        t, straight.losses(objective), connection.losses(objective), barriers, plane.project(connection.point(t)), names
    )
    for land in landscape(replace(look, plane=plane, moving=False)):
        yield land and land._replace(bridge=bridge)


def plane_of(experiment: Experiment, trajectory: Trajectory) -> Plane:
    """The plane that a window draws for the states of a run, the newest of which is the current one: see `landscape`.

    Raises `SettingError` where the experiment's kind of plane cannot be chosen for it.
    """
    if not len(trajectory):
        raise _no_state()
    *_, plane = _choose(Look(experiment, trajectory, len(trajectory)))
    assert plane is not None
    return plane


def _choose(look: Look) -> Iterator[Plane | None]:
    """The experiment's plane, after None wherever it can be stopped. The only way to one."""
    experiment, trajectory, kind = look.experiment, look.trajectory, look.experiment.plane
    if kind.local and experiment.objective.size > 2:  # of two parameters there is one plane, whatever the kind
        near = range(max(look.current - LATELY, 0), look.current + 1)
        states: Iterator[State] = (trajectory[index] for index in near)
    else:
        states = _sample(experiment, trajectory, look.count, look.under)
    path, steps = [], []
    for state in states:
        path.append(state.params)
        steps.append(state.step)
        yield None
    params, factors = np.stack(path), experiment.factors
    others = [_some(other, experiment.objective.size) for other in look.others]
    rest = np.concatenate([np.empty((0, experiment.objective.size)), *others])
    before = None if look.before is None else look.before.directions
    if factors is not None:
        params, rest = params * factors, rest * factors
    course = Course(trajectory, look.current, params, rest, np.array(steps), before, factors)
    yield replace(kind.plane(experiment.objective, course), scale=factors)


def _no_state() -> SettingError:
    return SettingError("run", "no finite state", "a run with at least one finite state")


def _some(trajectory: Trajectory, size: int) -> Array:
    """Some hundred states of another run, if it has as many parameters."""
    indices = np.unique(np.linspace(0, len(trajectory) - 1, 300).round().astype(int))
    states = [trajectory[int(index)].params for index in indices] if len(trajectory) else []
    return np.array([params for params in states if len(params) == size]).reshape(-1, size)


def _sample(experiment: Experiment, trajectory: Trajectory, count: int, under: int) -> Iterator[State]:
    """The states that a plane is chosen for: of the path so far some hundred at most, then of what is to come."""
    losses = trajectory.losses(0, count)
    near = np.flatnonzero(np.append(within_reach(losses[:under]), within_reach(losses[under:])))
    if not len(near):
        raise _no_state()
    most = int(np.clip(MOST_NUMBERS // experiment.objective.size, 16, 400))
    stride = -(-len(near) // most)
    for index in near[len(near) - 1 :: -stride][::-1]:
        yield trajectory[int(index)]
    if near[-1] == count - 1:
        newest = trajectory[count - 1]
        stride = max(-(-min(experiment.steps - newest.step, AHEAD) // most), 1)
        yield from islice(rehearsal(experiment, newest), None, None, stride)


def within_reach(losses: Array) -> Array:
    """Which states of a path, by their losses `(N,)`, a plane is chosen for: not those of a divergence.

    Past ten times the first loss a path has left the land that it was meant to explore, often by many powers of ten; a
    plane fitted to that would show nothing else.
    """
    return np.isfinite(losses) & (losses <= max(10.0 * float(losses[0]), 1e-12)) if len(losses) else np.empty(0, bool)


def rehearsal(experiment: Experiment, state: State) -> Iterator[State]:
    """Where the descent will go from here to `experiment.steps`.

    It ends where the descent diverges, and after `AHEAD` steps at the latest.
    """
    state = resume(experiment.objective, experiment.descent, state)
    start, steps = state.loss, min(max(experiment.steps - state.step, 0), AHEAD)
    for ahead in islice(descend(experiment.objective, experiment.descent, state), steps):
        if not within_reach(np.array([start, ahead.loss]))[1]:
            return
        yield ahead
