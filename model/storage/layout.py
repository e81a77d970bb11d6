"""What lies in a run file: its columns, their shapes, and the text beside them. Both directions check it here."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, NamedTuple

import msgspec
import numpy as np

from model.arrays import Array
from model.experiment import MOST_BYTES, Experiment
from model.optimizers import Memory
from model.settings import SettingError, kind_of
from model.trajectory import Piece, Trajectory

VERSION = 1
MOST_TEXT = 2**26  # bytes of JSON: some ten thousand segments
LONGEST_LABEL = 200
LOSSES = "losses", "batch_losses", "test_losses"
AT_ONCE = 2**20  # bytes that are written or read at a time

Segments = tuple[tuple[int, Experiment], ...]
MOST = 2**53  # up to which doubles count exactly


@dataclass(frozen=True, eq=False)
class StoredRun:
    """One run: what it is called, its settings segment by segment, its states.

    `segments` are (step, the experiment under which steps are made from that step's state on); the first one is
    (`trajectory.first`, the experiment it began under), and no step is smaller than the one before it. `gestures` has a
    number for each of them, the same for those that came of one drag of a slider; without any, each is one by itself.
    """

    label: str
    segments: Segments
    trajectory: Trajectory
    gestures: tuple[int, ...] = ()

    @property
    def experiment(self) -> Experiment:
        """The settings in force at the end."""
        return self.segments[-1][1]


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A segment in JSON."""

    step: Annotated[int, msgspec.Meta(ge=0, le=MOST)]
    experiment: dict[str, Any]
    gesture: int


class Stretch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many states in a row with memories as that kind of optimizer has them."""

    optimizer: str
    states: Annotated[int, msgspec.Meta(ge=1, le=MOST)]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run file says in JSON."""

    version: int
    label: str
    segments: list[Segment]
    memories: list[Stretch]


class Column(NamedTuple):
    """An array of a run file: name, shape and type; state number `start` is its first; how to take it `of` states."""

    name: str
    shape: tuple[int, ...]
    of: Callable[[Piece], Array]
    start: int = 0
    dtype: str = "<f8"

    @property
    def nbytes(self) -> int:
        """Bytes that its numbers take."""
        return 8 * math.prod(self.shape)


def check_label(label: str) -> None:
    """Raises `SettingError` for what does not go into one line."""
    if label.splitlines() not in ([], [label]) or len(label) > LONGEST_LABEL:
        raise SettingError("label", label, f"one line of at most {LONGEST_LABEL} letters")


def size_of(segments: Segments, first: int, count: int) -> int:
    """P, the same in all segments; raises `SettingError` unless they belong to `count` states from step `first` on."""
    steps = [step for step, _ in segments]
    if steps[:1] != [first] or steps != sorted(steps) or steps[-1] >= first + count:
        raise SettingError("segments", steps, f"ascending steps, the first {first}, none after {first + count - 1}")
    sizes = sorted({experiment.objective.size for _, experiment in segments})
    if len(sizes) > 1:
        raise SettingError("segments", sizes, "experiments with the same number of parameters")
    return sizes[0]


def memories_of(segments: Segments, size: int) -> dict[str, Memory]:
    """What the optimizers of a run remember before their first step, by kind: a pattern of every memory in it."""
    optimizers = {kind_of(experiment.descent.optimizer): experiment.descent.optimizer for _, experiment in segments}
    return {kind: optimizer.init(np.zeros(size)) for kind, optimizer in optimizers.items()}


def stretches_of(pieces: Iterable[Piece], patterns: dict[str, Memory], size: int) -> list[Stretch]:
    """Where the kind of memory changes in these states; raises `SettingError` for what could not be gone on from."""
    found: list[Stretch] = []
    for piece in pieces:
        if piece.params.shape[1:] != (size,) or piece.gradients.shape[1:] != (size,):
            raise SettingError("params", piece.params.shape[1:], f"states of {size} parameters")
        check_losses(piece)
        kind = next((kind for kind, pattern in patterns.items() if _fits(piece.memory, pattern)), None)
        if kind is None:
            raise SettingError("memory", type(piece.memory).__name__, f"as remembered by {', '.join(patterns)}")
        before = found.pop().states if found and found[-1].optimizer == kind else 0
        found.append(Stretch(kind, before + len(piece.losses)))
    return found


def check_losses(piece: Piece) -> None:
    """Raises `SettingError` for a loss from which no descent goes on."""
    for index in np.flatnonzero(~np.isfinite(piece.losses))[:1]:
        raise SettingError("losses", float(piece.losses[index]), f"finite numbers, also at step {piece.step + index}")


def _fits(memory: Memory, pattern: Memory) -> bool:
    shapes = [array.shape[1:] for array in memory]
    return type(memory) is type(pattern) and shapes == [array.shape for array in pattern]


def columns_of(stretches: list[Stretch], patterns: dict[str, Memory], size: int) -> list[Column]:
    """All arrays but the JSON; raises `SettingError` where they take more than the memory of one training."""
    count = sum(stretch.states for stretch in stretches)
    columns = [Column("steps", (count,), _steps, dtype="<i8")]
    columns += [Column(name, (count,), attrgetter(name)) for name in LOSSES]
    columns += [Column(name, (count, size), attrgetter(name)) for name in ("params", "gradients")]
    start = 0
    for number, stretch in enumerate(stretches):
        pattern = patterns[stretch.optimizer]
        for name, array in zip(fields(pattern), pattern, strict=True):
            shape = stretch.states, *array.shape
            columns.append(Column(f"memory{number}_{name}", shape, attrgetter(f"memory.{name}"), start))
        start += stretch.states
    taken = sum(column.nbytes for column in columns) - 32 * count  # without step and losses
    most = MOST_BYTES + taken // count  # an experiment's limit counts steps, and its start is one state more
    if taken > most:
        raise SettingError("states", f"{count:,} in {taken:,} bytes", f"as many as take {most:,} at most")
    return columns


def fields(memory: Memory) -> tuple[str, ...]:
    """The names of what is remembered."""
    return getattr(memory, "_fields", ())


def _steps(piece: Piece) -> Array:
    return np.arange(piece.step, piece.step + len(piece.losses))
