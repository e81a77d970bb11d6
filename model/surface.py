"""Surfaces: the loss on a grid of a plane, from coarse to fine.

A grid is symmetric about the centre of the plane's bounds: x(i) = c + h·(2i − n + 1)/(n − 1), so that for an odd number
of points the middle one is c itself, to the last digit.
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from model.arrays import Array
from model.objective import Objective, Slice
from model.plane import Plane
from model.settings import SettingError

STRIDES = (1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
BYTES = 24  # per point of the finest grid: its loss, its number, three marks, the grid before; rounded up
TASK = 2  # chunks that are handed to an executor at a time: some milliseconds, beside which handing over is little
IN_FLIGHT = 256  # tasks handed over and not yet fetched, so that a large grid does not fill the memory with them

LEVEL = 1e-3  # a surface that differs by less than this share of its losses is drawn in float64
PROOFS = 16  # losses of each grid, the lowest and as many taken by chance, that are looked at in both precisions
LATTICE = 6  # points a side, with the corners, that are of the first
GLANCED = 128  # points a side at most, among which the lowest are looked for
PROVEN = 1.5e-6  # relative error of these from which on all is drawn in float64: the largest of all is some times it

Evaluated = Generator[tuple[Array, Array], None, None]


@dataclass(frozen=True, eq=False)
class Surface:
    """A survey of a plane: `loss[i, j]` belongs to `(x[i], y[j])`. Not finite where the loss is not.

    `progress` is the share of the finest grid that has been evaluated by now, which may be more than is shown here.
    `centre` is x, y and loss in the middle of the plane's bounds, in float64; where both sides are odd it is a point of
    the finest grid.
    """

    plane: Plane
    x: Array
    y: Array
    loss: Array
    progress: float = 1.0
    centre: tuple[float, float, float] | None = None

    @cached_property
    def spread(self) -> tuple[float, float, float] | None:
        """The lowest, the middle (median) and the highest loss of this grid, where it is finite."""
        finite = self.loss[np.isfinite(self.loss)]
        if not len(finite):
            return None
        # Halved, as the sum of two of them may overflow.
        return float(finite.min()), 2.0 * float(np.median(finite / 2.0)), float(finite.max())

    @cached_property
    def lowest(self) -> tuple[float, float, float] | None:
        """x, y and loss at the lowest point of this grid (not "the minimum": only this slice was looked at)."""
        finite = np.where(np.isfinite(self.loss), self.loss, np.inf)
        i, j = np.unravel_index(finite.argmin(), finite.shape)
        if not np.isfinite(finite[i, j]):
            return None
        return float(self.x[i]), float(self.y[j]), float(self.loss[i, j])


def check_shape(shape: tuple[int, int], free: int | None = None) -> None:
    """Raise `SettingError` for a grid without points, or of more than `free` bytes of memory hold (None: ask)."""
    given = shape[0] if shape[0] == shape[1] else "x".join(map(str, shape))
    if min(shape) < 1:
        raise SettingError("resolution", given, "1 point a side or more")
    free = free_memory() if free is None else free
    if _bytes(shape) > free:
        side = (math.isqrt(64**2 + BYTES * max(free, 0)) - 64) // BYTES  # BYTES·n² + 2·64·n = free
        most = f"at most {side:,} points a side on a square"
        needed = f"{_bytes(shape) / 1e9:,.3g} GB of memory would be needed, {free / 1e9:,.3g} GB are free"
        raise SettingError("resolution", given, f"{most} ({needed})")


def free_memory() -> int:
    """Bytes that can still be had: what the system says, or else all that is built in, or else 2 GB."""
    try:
        lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
        return 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):  # not Linux
        try:
            return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, OSError, ValueError):  # Windows
            return 2 * 10**9


def survey(
    objective: Objective, plane: Plane, shape: tuple[int, int] = (101, 101), executor: Executor | None = None
) -> Generator[Surface, None, None]:
    """Evaluate the loss on a grid of `shape` points, coarse to fine; the last surface is the finest.

    Yields after every chunk, so that whoever pulls can stop at any time: the finest grid complete by then, with the
    progress of the whole. Each grid takes every s-th point of the finest, and the last one of a side; no point is
    evaluated for two of them. Losses are drawn in float32 as long as
    samples of each grid, taken in both precisions, show a relative error far below 5e-5; all in float64 where they do
    not, because large numbers cancel. Where the whole plane differs by less than a thousandth of the loss, as in a
    close-up, all is in float64 too: the error would be seen.

    An `executor` of threads, processes or a cluster takes `TASK` chunks at a time; the surfaces are the same to the
    last digit. Its exceptions are raised here, and when this generator is closed no task is left waiting or running.

    Raises `SettingError` for bounds that are not finite, and for more points than the memory holds.
    """
    check_shape(shape)
    x, y = (float(axis(*bounds, 1)[0]) for bounds in plane.bounds)
    centre = x, y, float(_losses(objective, plane, exact=True)(np.array([[x, y]]))[0])
    progress, shape_shown = 0.0, None
    grids = _grids(objective, plane, shape, centre, executor, exact=False)
    with closing(grids):
        for surface in grids:
            if surface.loss.shape != shape_shown and _rough(objective, surface, whole=shape_shown is None):
                break
            yield surface
            progress, shape_shown = surface.progress, surface.loss.shape
        else:
            return
    for surface in _grids(objective, plane, shape, centre, executor, exact=True):
        if surface.progress > progress:  # nothing that has been shown becomes coarser again
            yield surface


def axis(low: float, high: float, count: int) -> Array:
    """`count` evenly spaced places from `low` to `high` `(count,)`, symmetric about their middle; one alone is there.

    Raises `SettingError` for ends that are not finite.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise SettingError("range", (low, high), "two finite numbers")
    places = np.arange(1 - count, count + 1, 2) / max(count - 1, 1)
    places *= high / 2 - low / 2
    places += low / 2 + high / 2
    if count > 1:
        places[0], places[-1] = low, high
    return places


def strides(shape: tuple[int, int]) -> tuple[int, ...]:
    """The strides whose grids have at least 11 points on the longer side, coarse to fine; at the end, 1."""
    return tuple(s for s in STRIDES if s == 1 or (max(shape) - 1) // s >= 10)


def _grids(
    objective: Objective,
    plane: Plane,
    shape: tuple[int, int],
    centre: tuple[float, float, float],
    executor: Executor | None,
    exact: bool,
) -> Generator[Surface, None, None]:
    """The surfaces of `survey`, drawn in float32 or all in float64."""
    x, y = (axis(*bounds, count) for bounds, count in zip(plane.bounds, shape, strict=True))
    if executor is None:
        evaluated = partial(_one_by_one, objective, plane, exact)
    else:
        evaluated = partial(_handed_over, executor, objective, plane, exact)
    loss, count = np.empty(shape), 0
    surface: Surface | None = None
    batches = list(_batches(shape))
    stream = evaluated(x, y, [numbers for _, numbers in batches])
    with closing(stream):
        for taken, numbers in batches:
            last = numbers[-1]
            for part, losses in stream:
                loss.flat[part] = losses
                count += len(part)
                if part[-1] == last:
                    break
                if surface is not None:
                    yield Surface(plane, surface.x, surface.y, surface.loss, count / loss.size, centre)
            if shape[0] % 2 and shape[1] % 2:
                loss[shape[0] // 2, shape[1] // 2] = centre[-1]
            i, j = taken
            drawn = loss if count == loss.size else loss[np.ix_(i, j)]
            surface = Surface(plane, x[i], y[j], drawn, count / loss.size, centre)
            yield surface


def _batches(shape: tuple[int, int]) -> Iterator[tuple[list[Array], Array]]:
    """Of each grid, coarse to fine: its rows and columns in the finest, and the numbers of the points it adds."""
    done = np.zeros(shape, bool)
    for stride in strides(shape):
        taken = [_every(stride, count) for count in shape]
        before = done.copy()
        done[np.ix_(*taken)] = True
        yield taken, np.flatnonzero(done ^ before)


def _every(stride: int, count: int) -> Array:
    """Every `stride`-th number below `count`, and the last; more of them on a side with few."""
    return np.append(np.arange(0, count - 1, min(stride, max((count - 1) // 10, 1))), count - 1)


def _rough(objective: Objective, drawn: Surface, whole: bool) -> bool:
    """Whether losses in float32 are not good enough: they differ by little beside their size, or are off by too much.

    That is measured, as bounds on what rounding can do to a network are hundreds of times what it does: where losses
    are lowest, which are small beside what made them, on a lattice over the `whole` of the first grid, and by chance.
    """
    finite = np.isfinite(drawn.loss)
    if not finite.any():
        return False
    losses = drawn.loss if finite.all() else np.where(finite, drawn.loss, np.inf)
    low, high = float(losses.min()), float(losses.max(where=finite, initial=-np.inf))
    if high - low < LEVEL * max(abs(low), abs(high)):
        return True
    stride = 1 + math.isqrt(losses.size) // GLANCED
    some = losses[::stride, ::stride]
    some = np.where(some == 0.0, np.inf, some)  # where all is fitted nothing is off; at the rim of that, much may be
    lowest = np.unravel_index(some.argpartition(min(PROOFS, some.size) - 1, axis=None)[:PROOFS], some.shape)
    if whole:
        sides = (np.linspace(0, count - 1, LATTICE).round().astype(int) for count in losses.shape)
        spread = np.ravel_multi_index(np.meshgrid(*sides), losses.shape).ravel()
    else:
        spread = np.random.default_rng(losses.size).integers(losses.size, size=PROOFS)
    proofs = np.append(np.ravel_multi_index([stride * index for index in lowest], losses.shape), spread)
    proofs = proofs[finite.flat[proofs]]
    exact = _losses(objective, drawn.plane, exact=True)(_coords(drawn.x, drawn.y, proofs))
    return bool((np.abs(losses.flat[proofs] - exact) > PROVEN * np.abs(exact)).any())


def _bytes(shape: tuple[int, int]) -> int:
    return BYTES * math.prod(shape) + 64 * sum(shape)


def _losses(objective: Objective, plane: Plane, exact: bool) -> Slice:
    """The loss `(M,)` at coordinates `(M, 2)`."""

    def point_by_point(coords: Array) -> Array:
        return objective.loss(plane.point(coords))

    with np.errstate(over="ignore", invalid="ignore"):
        losses = point_by_point if exact else objective.slice(plane.origin, plane.directions)
    return np.errstate(over="ignore", invalid="ignore")(losses)  # far away not finite is an answer


def _coords(x: Array, y: Array, numbers: Array) -> Array:
    """Coordinates `(M, 2)` of points of the grid, which are numbered row by row."""
    coords = np.empty((len(numbers), 2))
    i, j = np.divmod(numbers, len(y))
    coords[:, 0], coords[:, 1] = x[i], y[j]
    return coords


def _parts(batches: list[Array], size: int) -> Iterator[Array]:
    """Each batch in parts of that size."""
    return (batch[start : start + size] for batch in batches for start in range(0, len(batch), size))


def _one_by_one(objective: Objective, plane: Plane, exact: bool, x: Array, y: Array, batches: list[Array]) -> Evaluated:
    """Numbers of points and their losses, a chunk at a time, batch after batch."""
    losses = _losses(objective, plane, exact)
    for part in _parts(batches, objective.chunk):
        yield part, losses(_coords(x, y, part))


def _handed_over(
    executor: Executor, objective: Objective, plane: Plane, exact: bool, x: Array, y: Array, batches: list[Array]
) -> Evaluated:
    """The same by an executor: in the same chunks, as some numbers depend on who shares a matrix product with whom."""
    waiting: deque[tuple[Array, Future[Array]]] = deque()
    try:
        for part in _parts(batches, TASK * objective.chunk):
            if len(waiting) == IN_FLIGHT:
                yield _fetched(*waiting.popleft())
            waiting.append((part, executor.submit(_task, objective, plane, exact, _coords(x, y, part))))
        while waiting:
            yield _fetched(*waiting.popleft())
    finally:
        for _, future in waiting:
            future.cancel()
        wait([future for _, future in waiting])


def _fetched(part: Array, future: Future[Array]) -> tuple[Array, Array]:
    return part, future.result()


def _task(objective: Objective, plane: Plane, exact: bool, coords: Array) -> Array:
    """What an executor does: the losses `(M,)` at coordinates `(M, 2)`, chunk by chunk."""
    losses, chunk = _losses(objective, plane, exact), objective.chunk
    return np.concatenate([losses(coords[start : start + chunk]) for start in range(0, len(coords), chunk)])
