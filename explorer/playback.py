"""Playback: where the cursor is among the recorded states, and how it moves. No Qt, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass

STATES = 60.0  # a second at speed 1


@dataclass
class Playback:
    """A cursor that is paused, playing at its own speed, or following the newest state; of `following` and `playing`
    at most one is true."""

    cursor: int = 0
    following: bool = True
    playing: bool = False
    speed: float = 1.0
    _position: float = 0.0  # in states; the cursor is its whole part

    def begin(self) -> None:
        """Back to the first state of a new run, following it."""
        self.following, self.playing = True, False
        self._place(0)

    def seek(self, index: int, length: int) -> None:
        """Pause on a state of `length`, or the nearest there is."""
        self.following = self.playing = False
        self._place(min(max(index, 0), max(length - 1, 0)))

    def follow(self, length: int) -> None:
        """Go to the newest state and stay with it."""
        self.following, self.playing = True, False
        self._place(max(length - 1, 0))

    def toggle(self, length: int, training: bool) -> None:
        """Play on from the cursor (from the start, if it is at the end), or pause."""
        if self.playing or (self.following and training):
            self.following = self.playing = False
        else:
            self.following, self.playing = False, True
            self._position = 0.0 if self.cursor >= length - 1 else float(self.cursor)

    def advance(self, seconds: float, length: int, training: bool) -> None:
        """Play for so long; at the newest state it pauses, or follows while more are being made."""
        last = max(length - 1, 0)
        position = self._position + seconds * STATES * self.speed
        if position >= last:
            self.playing, self.following, position = False, training, float(last)
        self._position, self.cursor = position, int(position)

    def _place(self, index: int) -> None:
        self.cursor, self._position = index, float(index)
