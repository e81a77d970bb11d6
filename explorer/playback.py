"""Playback: where the cursor is among the recorded states, and how it moves. No Qt, no clock of its own."""

from __future__ import annotations

from dataclasses import dataclass

STATES = 60.0  # a second at speed 1
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
PACES = (1, 5, 20, 60, 200, 1000, 0)  # of training, in steps a second; 0 is as fast as it goes
ENDS = {"once": "once", "loop": "loop", "there and back": "there and back"}
TIMES = {"real time": False, "every step": True}  # whether late frames make it skip states, or never


@dataclass
class Playback:
    """A cursor that is paused, playing at its own speed, or following the newest state; of `following` and `playing`
    at most one is true. At the newest state it stops, or begins anew (`end` is "loop"), or turns round ("there and
    back"). With `every`, no state is skipped when frames come late: it goes on by at most one a frame."""

    cursor: int = 0
    following: bool = True
    playing: bool = False
    speed: float = 1.0
    end: str = "once"
    every: bool = False
    _back: bool = False  # on the way back
    _position: float = 0.0  # in states; the cursor is its whole part

    def begin(self) -> None:
        """Back to the first state of a new run, following it."""
        self.following, self.playing = True, False
        self._place(0)

    def seek(self, index: int, length: int) -> None:
        """Pause on a state of `length`, or the nearest there is."""
        self.following = self.playing = self._back = False
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
        """Play for so long; at the newest state it pauses, or follows while more are being made, or goes on as `end`
        says."""
        last, by = max(length - 1, 0), seconds * STATES * self.speed
        position = self._position + (min(by, 1.0) if self.every else by) * (-1.0 if self._back else 1.0)
        if position >= last and self.end == "there and back":
            self._back, position = True, float(last)
        elif position >= last and self.end == "loop":  # the newest state is seen for as long as any other
            position = position if position < last + 1 else 0.0
        elif position >= last:
            self.playing, self.following, position = False, training, float(last)
        elif position <= 0.0 and self._back:
            self._back, position = False, 0.0
        self._position, self.cursor = position, int(position)

    def _place(self, index: int) -> None:
        self.cursor, self._position = index, float(index)
