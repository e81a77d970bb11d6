"""Surfaces: the loss on a grid of a plane, from coarse to fine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from model.activations import Array
from model.objective import Objective
from model.plane import Plane

STRIDES = (5, 2, 1)


@dataclass(frozen=True, eq=False)
class Surface:
    """A survey of a plane: `loss[i, j]` belongs to `(x[i], y[j])`. Not finite where the loss is not.

    `progress` is the share of the finest grid that has been evaluated by now, which may be more than is shown here.
    """

    plane: Plane
    x: Array
    y: Array
    loss: Array
    progress: float = 1.0

    @property
    def lowest(self) -> tuple[float, float, float] | None:
        """x, y and loss at the lowest point of this grid (not "the minimum": only this slice was looked at)."""
        finite = np.where(np.isfinite(self.loss), self.loss, np.inf)
        i, j = np.unravel_index(finite.argmin(), finite.shape)
        if not np.isfinite(finite[i, j]):
            return None
        return float(self.x[i]), float(self.y[j]), float(self.loss[i, j])


def survey(objective: Objective, plane: Plane, shape: tuple[int, int] = (101, 101)) -> Iterator[Surface]:
    """Evaluate the loss on a grid of `shape` points, coarse to fine; the last surface is the finest.

    Yields after every chunk, so that whoever pulls can stop at any time: the finest grid complete by then, with the
    progress of the whole. No point is evaluated twice: each grid takes every s-th point of the finest, and the last
    one of a side. Losses are computed in float32, for drawing.
    """
    x, y = (np.linspace(*bounds, count) for bounds, count in zip(plane.bounds, shape, strict=True))
    with np.errstate(over="ignore", invalid="ignore"):  # far away the loss is not finite, which is no mistake
        losses = objective.slice(plane.origin, plane.directions)
    loss, done, count = np.empty(shape), np.zeros(shape, bool), 0
    surface: Surface | None = None
    for stride in strides(shape):
        taken = np.ix_(*(np.append(np.arange(0, n - 1, stride), n - 1) for n in shape))
        wanted = np.zeros(shape, bool)
        wanted[taken] = True
        rows, columns = np.nonzero(wanted & ~done)
        for start in range(0, len(rows), objective.chunk):
            i, j = rows[start : start + objective.chunk], columns[start : start + objective.chunk]
            with np.errstate(over="ignore", invalid="ignore"):
                loss[i, j] = losses(np.stack([x[i], y[j]], axis=1))
            count += len(i)
            if surface is not None and start + objective.chunk < len(rows):
                yield Surface(plane, surface.x, surface.y, surface.loss, count / loss.size)
        done |= wanted
        i, j = taken[0].ravel(), taken[1].ravel()
        surface = Surface(plane, x[i], y[j], loss[taken], count / loss.size)
        yield surface


def strides(shape: tuple[int, int]) -> tuple[int, ...]:
    """The strides whose grids have at least 11 points a side, coarse to fine; at the end, 1."""
    return tuple(s for s in STRIDES if s == 1 or (min(shape) - 1) // s >= 10)
