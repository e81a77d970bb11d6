"""Trajectory: the states of a run so far, in growing columns.

It only ever grows. Numbers lie in blocks, each an eighth as long as all before it, so that nothing is copied when it
grows and little memory lies waiting: from some dozens of states on, they cost at most 1.13 times their own bytes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from model.activations import Array
from model.descent import State
from model.optimizers import Memory


class _Block(NamedTuple):
    """Room for some states in a row; `vectors[i]` holds θ, the gradient and the memory of one, `(2 + m, P)`."""

    start: int
    vectors: Array
    numbers: Array
    memory: Callable[[Iterable[Array]], Memory]

    def fits(self, state: State) -> bool:
        """Whether states of this shape, with this kind of memory, belong here."""
        shape = 2 + len(state.memory), len(state.params)
        return self.vectors.shape[1:] == shape and self.memory == _maker(state.memory)


def _maker(memory: Memory) -> Callable[[Iterable[Array]], Memory]:
    """What makes a memory of this class from its arrays."""
    return getattr(type(memory), "_make", tuple)


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
        row = self._length - block.start
        block.vectors[row, 0] = state.params
        block.vectors[row, 1] = state.gradient
        for index, memory in enumerate(state.memory, 2):
            block.vectors[row, index] = memory
        block.numbers[row] = state.loss, state.batch_loss
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
        vectors = block.vectors[index - block.start]
        vectors.flags.writeable = False
        loss, batch_loss = block.numbers[index - block.start].tolist()
        memory = block.memory(vectors[2:])
        return State(self.first + index, vectors[0], vectors[1], loss, batch_loss, memory)

    def __iter__(self) -> Iterator[State]:
        return (self[index] for index in range(self._length))

    def params(self, start: int = 0, stop: int | None = None) -> Array:
        """θ of the states `start:stop`, counted as in a list, as a matrix `(N, P)`: a copy."""
        return self._column(start, stop, lambda block: block.vectors[:, 0])

    def losses(self, start: int = 0, stop: int | None = None) -> Array:
        """The recorded losses on all data of the states `start:stop`, `(N,)`: a copy."""
        return self._column(start, stop, lambda block: block.numbers[:, 0])

    @property
    def nbytes(self) -> int:
        """Memory that the recorded numbers and the room beside them take."""
        return sum(block.vectors.nbytes + block.numbers.nbytes for block in self._blocks)

    def _column(self, start: int, stop: int | None, of: Callable[[_Block], Array]) -> Array:
        start, stop, _ = slice(start, stop).indices(self._length)
        parts = [of(block)[max(start - block.start, 0) : max(stop - block.start, 0)] for block in self._blocks]
        return np.concatenate(parts) if parts else np.empty(0)

    def _room_for(self, state: State) -> _Block:
        if self._blocks:
            block = self._blocks[-1]
            used = self._length - block.start
            if block.fits(state) and used < len(block.numbers):
                return block
            if used < len(block.numbers):  # another optimizer, another memory: no room is left behind
                vectors, numbers = block.vectors[:used].copy(), block.numbers[:used].copy()
                self._blocks[-1] = block._replace(vectors=vectors, numbers=numbers)
        rows = max(8, self._length // 8)
        vectors = np.empty((rows, 2 + len(state.memory), len(state.params)))
        self._blocks.append(_Block(self._length, vectors, np.empty((rows, 2)), _maker(state.memory)))
        return self._blocks[-1]
