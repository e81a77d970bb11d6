"""Planes by chance: random directions."""

from __future__ import annotations

from typing import Annotated

import numpy as np

from model.arrays import Array
from model.objective import Objective
from model.plane.course import Course
from model.plane.kind import PlaneKind
from model.plane.plane import UNIT, Plane, differ
from model.settings import SettingError, setting


class RandomNormalized(PlaneKind, frozen=True, tag="random"):
    """Two random Gaussian directions through the last of the states given, as a rule scaled neuron by neuron.

    Filter normalisation, d ← d·‖θ_f‖/‖d_f‖ for the incoming weights f of each neuron (Li et al. 2018, §4), makes the
    picture the same for all networks that compute the same by rescaled ReLU layers. Without it the directions are as
    they were drawn, and the picture is not. Biases are directions of size zero, as in that paper, or each is a filter
    of one number: ±|b|.
    """

    caption = "Random directions"

    seed: Annotated[int, setting("Direction seed", "another seed, another plane", ge=0, le=2**31, effect="view")] = 0
    normalize: Annotated[
        str,
        setting("Normalised", "whether each neuron's weights set the unit", choices=("neuron", "none"), effect="view"),
    ] = "neuron"
    biases: Annotated[
        str,
        setting(
            "Biases", "held, as Li et al. do, or varied like the weights", choices=("held", "varied"), effect="view"
        ),
    ] = "held"

    def check_kind(self, objective: Objective) -> None:
        if self.biases == "held" and sum(part.stop - part.start for part in objective.space.filters) < 2:
            raise SettingError("plane", "random", "a network with two or more weights, for two random directions")

    def choose(self, objective: Objective, course: Course) -> Plane:
        origin, rng = course.params[-1], np.random.default_rng(self.seed)
        u, v = (self._direction(objective, rng, origin) for _ in range(2))
        for _ in range(64):  # neurons with one weight each leave little to chance
            if differ(u, v):
                break
            v = self._direction(objective, rng, origin)
        labels = ("random direction 1", "random direction 2")
        # One unit is a step as long as the weights themselves: that far is always shown.
        return Plane(origin, u, v, UNIT, labels).around(course.params, least=1.0)

    def _direction(self, objective: Objective, rng: np.random.Generator, params: Array) -> Array:
        drawn = rng.normal(size=objective.size)
        if self.normalize == "neuron":
            return filter_normalized(objective, drawn, params, biases=self.biases == "varied")
        return drawn if self.biases == "varied" else np.where(is_weight(objective), drawn, 0.0)


def filter_normalized(objective: Objective, direction: Array, params: Array, biases: bool = False) -> Array:
    """`direction` `(P,)` with the norm of every neuron's incoming weights that of `params` there.

    Biases are zero, or of the size that they have in `params`. Where all is zero there is nothing to go by: then the
    direction keeps its own norms.
    """
    parts = list(objective.space.filters)
    if biases:
        parts += [slice(index, index + 1) for index in np.flatnonzero(~is_weight(objective)).tolist()]
    scaled, weightless = np.zeros_like(direction), not any(params[part].any() for part in parts)
    for part in parts:
        length = 1.0 if weightless else np.linalg.norm(params[part]) / np.linalg.norm(direction[part])
        scaled[part] = direction[part] * length
    return scaled


def is_weight(objective: Objective) -> Array:
    """Which of the P parameters are incoming weights of a neuron, `(P,)`; the others are biases."""
    weights = np.zeros(objective.size, bool)
    for part in objective.space.filters:
        weights[part] = True
    return weights


CHANCE: tuple[type[PlaneKind], ...] = (RandomNormalized,)
