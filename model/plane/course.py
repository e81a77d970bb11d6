"""A course: what a plane or a line is chosen for: the states of a run, where it stands now, other runs beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from model.arrays import Array
from model.descent import State
from model.settings import SettingError
from model.trajectory import Trajectory

NEWEST, HALFWAY = -1, -2


def _nobody() -> Array:
    return np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class Course:
    """A run's recorded states, and those that a picture of it has to show.

    `trajectory`: the states recorded; `now`: the index in it of the current one, which local planes touch.
    `params` `(N, P)`: states that a plane is chosen for, the newest last: a sample of the recorded ones, and where the
    descent will go from there, if that is known. `others` `(M, P)`: states of other runs. `steps` `(N,)`: the step
    numbers of `params`, by which a state yet to come can be asked for. `before` `(2, P)`: the directions of the plane
    that this one follows, so that it does not flip over. `scale` `(P,)`: factors by which recorded states are
    multiplied before they are looked at; `params` and `others` have been already (see `rescale`).
    """

    trajectory: Trajectory
    now: int
    params: Array
    others: Array = field(default_factory=_nobody)
    steps: Array | None = None
    before: Array | None = None
    scale: Array | None = None

    @classmethod
    def of(cls, params: Array, others: Array | None = None) -> Course:
        """The course through parameters `(N, P)` alone, at steps 0 to N - 1, which stands at the last of them."""
        params, nothing = np.asarray(params, float), np.empty(0)
        states = (State(step, row, nothing, np.nan, np.nan, ()) for step, row in enumerate(params))
        return cls(Trajectory(states), len(params) - 1, params, _nobody() if others is None else others)

    def drawable(self) -> Course:
        """The course without the states of a diverged run that lie beyond float32, in which surfaces are drawn.

        Raises `SettingError` where none is left.
        """
        near = within_float32(self.params) if len(self.params) else np.zeros(0, bool)
        if not near.any():
            raise SettingError("run", "no finite state", "a run with at least one finite state")
        others = self.others if len(self.others) else np.empty((0, self.params.shape[1]))
        steps = None if self.steps is None else self.steps[near]
        return replace(self, params=self.params[near], others=others[within_float32(others)], steps=steps)

    @property
    def start(self) -> Array:
        """θ `(P,)` of the first state recorded."""
        return self._recorded(0) if len(self.trajectory) else self.params[0]

    def _recorded(self, index: int) -> Array:
        params = self.trajectory[index].params
        return params if self.scale is None else params * self.scale

    @property
    def here(self) -> Array:
        """θ `(P,)` of the current state; after a divergence, of the newest state before it that can be drawn."""
        return self._recorded(self._place)

    @property
    def last_step(self) -> Array:
        """The step `(P,)` that led here; zero at the start."""
        place = self._place
        return self._recorded(place) - self._recorded(max(place - 1, 0))

    @property
    def _place(self) -> int:
        for index in range(self.now, -1, -1):
            if within_float32(self.trajectory[index].params[None])[0]:
                return index
        raise SettingError("run", "no finite state", "a run with at least one finite state")

    def at_step(self, step: int, setting: str) -> tuple[Array, str]:
        """θ `(P,)` at a step that was recorded or is known to come, and what to call it.

        -1 is the newest of all, -2 the one halfway there; a step before the first recorded one is that one. Raises
        `SettingError` under the name `setting` where there is none, or where it cannot be drawn.
        """
        if step == NEWEST:
            return self.params[-1], "newest"
        if step == HALFWAY:
            return self.params[(len(self.params) - 1) // 2], "halfway"
        first, newest = self.trajectory.first, self.trajectory.first + len(self.trajectory) - 1
        step = max(step, first)
        known = step <= newest
        if not known and self.steps is not None and step in self.steps:
            return self.params[np.flatnonzero(self.steps == step)[0]], f"step {step}"
        if not known:
            raise SettingError(setting, step, f"a step of the run, {first} to {newest} by now, or -1 for the newest")
        params = self._recorded(step - first)
        if not within_float32(params[None])[0]:
            raise SettingError(setting, step, "a step before the run diverged")
        return params, f"step {step}"


def within_float32(params: Array) -> Array:
    """Which of parameters `(N, P)` are finite and within the range of float32, `(N,)`."""
    return np.asarray(np.abs(params).max(axis=1, initial=0.0) <= np.finfo(np.float32).max)
