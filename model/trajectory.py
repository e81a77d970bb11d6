"""Trajectory: the states of a run so far, in growing columns.

It only ever grows. Numbers lie in blocks, each an eighth as long as all before it, so that nothing is copied when it
grows and little memory lies waiting: from some dozens of states on, they cost at most 1.13 times their own bytes.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from model.arrays import Array
from model.descent import State
from model.optimizers import Memory


class _Block(NamedTuple):
    """Room for some states in a row.

    `rows[i]` holds the arrays of one, ravelled one after another: θ, the gradient and the memory, of these `shapes`.
    `numbers[i]` holds its three losses.
    """

    start: int
    rows: Array
    numbers: Array
    shapes: tuple[tuple[int, ...], ...]
    memory: Callable[[Iterable[Array]], Memory]

    def fits(self, state: State) -> bool:
        """Whether states of these shapes, with this kind of memory, belong here."""
        return self.shapes == _shapes(state) and self.memory == maker(state.memory)

    def arrays(self, rows: Array) -> list[Array]:
        """The arrays that lie in a row, or in each of several `(N, ...)`, as views."""
        views, start = [], 0
        for shape in self.shapes:
            stop = start + math.prod(shape)
            views.append(rows[..., start:stop].reshape(rows.shape[:-1] + shape))
            start = stop
        return views


def _shapes(state: State) -> tuple[tuple[int, ...], ...]:
    return tuple(array.shape for array in (state.params, state.gradient, *state.memory))


def maker(memory: Memory) -> Callable[[Iterable[Array]], Memory]:
    """What makes a memory of this class from its arrays."""
    return getattr(type(memory), "_make", tuple)


class Piece(NamedTuple):
    """N states in a row, the first of them at `step`, column by column: read-only views.

    θ and the gradients `(N, P)`, the losses `(N,)`; `memory` is of the class that all of them have, each of its arrays
    having N rows, one for each state.
    """

    step: int
    params: Array
    gradients: Array
    losses: Array
    batch_losses: Array
    test_losses: Array
    memory: Memory


class Trajectory:
    """States with consecutive step numbers, from whichever step the first one has. Append-only."""

    def __init__(self, states: Iterable[State] = ()) -> None:
        self.first = 0
        self._length = 0
        self._blocks: list[_Block] = []
        self.extend(states)

    def append(self, state: State) -> None:
        """Record one state, whose step number has to follow the newest one's. Its arrays are copied."""
        if not self._length:
            self.first = state.step
        elif state.step != self.first + self._length:
            raise ValueError(f"step {self.first + self._length} expected, {state.step} given")
        block = self._room_for(state)
        index = self._length - block.start
        np.concatenate((state.params, state.gradient, *state.memory), axis=None, out=block.rows[index])
        block.numbers[index] = state.loss, state.batch_loss, state.test_loss
        self._length += 1

    def extend(self, states: Iterable[State]) -> None:
        """Record states in a row."""
        for state in states:
            self.append(state)

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: int) -> State:
        """The state recorded as number `index` (negative: from the newest). Its arrays are read-only views."""
        if not -self._length <= index < self._length:
            raise IndexError(f"state {index} of {self._length}")
        index %= self._length
        block = self._blocks[bisect_right(self._blocks, index, key=lambda block: block.start) - 1]
        row = block.rows[index - block.start]
        row.flags.writeable = False
        params, gradient, *memory = block.arrays(row)
        loss, batch_loss, test_loss = block.numbers[index - block.start].tolist()
        return State(self.first + index, params, gradient, loss, batch_loss, block.memory(memory), test_loss)

    def __iter__(self) -> Iterator[State]:
        return (self[index] for index in range(self._length))

    def params(self, start: int = 0, stop: int | None = None) -> Array:
        """θ of the states `start:stop`, counted as in a list, as a matrix `(N, P)`: a copy."""
        return self._column(start, stop, lambda block: block.rows[:, : block.shapes[0][0]])

    def losses(self, start: int = 0, stop: int | None = None) -> Array:
        """The recorded losses on all data of the states `start:stop`, `(N,)`: a copy."""
        return self._column(start, stop, lambda block: block.numbers[:, 0])

    def losses_of(self, states: Array) -> Array:
        """The recorded losses on all data of the states with these numbers `(n,)`, from 0: a copy."""
        return np.array([self[index].loss for index in states.tolist()])

    def batch_losses(self, start: int = 0, stop: int | None = None) -> Array:
        """The recorded losses on the mini-batches of the states `start:stop`, `(N,)`: a copy."""
        return self._column(start, stop, lambda block: block.numbers[:, 1])

    def test_losses(self, start: int = 0, stop: int | None = None) -> Array:
        """The recorded losses on held-out data of the states `start:stop`, `(N,)`, NaN where there are none: a copy."""
        return self._column(start, stop, lambda block: block.numbers[:, 2])

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[Piece]:
        """The states `start:stop`, counted as in a list, some in a row at a time and without a copy.

        Two pieces may have memories of different classes. The trajectory may grow meanwhile.
        """
        start, stop, _ = slice(start, stop).indices(self._length)
        for block in tuple(self._blocks):
            near, far = max(start - block.start, 0), max(stop - block.start, 0)
            rows, numbers = block.rows[near:far], block.numbers[near:far]
            if len(rows):
                rows.flags.writeable = numbers.flags.writeable = False
                params, gradients, *memory = block.arrays(rows)
                losses, batch_losses, test_losses = numbers.T
                step = self.first + block.start + near
                yield Piece(step, params, gradients, losses, batch_losses, test_losses, block.memory(memory))

    @property
    def nbytes(self) -> int:
        """Memory that the recorded numbers and the room beside them take."""
        return sum(block.rows.nbytes + block.numbers.nbytes for block in self._blocks)

    def _column(self, start: int, stop: int | None, of: Callable[[_Block], Array]) -> Array:
        start, stop, _ = slice(start, stop).indices(self._length)
        # A long run has many blocks, and a window asks for its newest states sixty times a second.
        first = max(bisect_right(self._blocks, start, key=lambda block: block.start) - 1, 0)
        blocks = [
            self._blocks[i] for i in range(first, len(self._blocks)) if i == first or self._blocks[i].start < stop
        ]
        parts = [of(block)[max(start - block.start, 0) : max(stop - block.start, 0)] for block in blocks]
        return np.concatenate(parts) if parts else np.empty(0)

    def _room_for(self, state: State) -> _Block:
        if self._blocks:
            block = self._blocks[-1]
            used = self._length - block.start
            if block.fits(state) and used < len(block.numbers):
                return block
            if used < len(block.numbers):  # another optimizer, another memory: no room is left behind
                self._blocks[-1] = block._replace(rows=block.rows[:used].copy(), numbers=block.numbers[:used].copy())
        room, shapes = max(8, self._length // 8), _shapes(state)
        rows = np.empty((room, sum(map(math.prod, shapes))))
        self._blocks.append(_Block(self._length, rows, np.empty((room, 3)), shapes, maker(state.memory)))
        return self._blocks[-1]
