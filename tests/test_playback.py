"""The cursor: playing takes the time it says, and ends where it should."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from explorer.playback import ENDS, STATES, TIMES, Playback


@pytest.mark.parametrize("speed", [0.25, 1.0, 8.0])
@pytest.mark.parametrize("frames", [1, 7, 60])
def test_a_second_plays_as_many_states_however_many_frames_it_has(speed: float, frames: int) -> None:
    playback = Playback(speed=speed)
    playback.seek(0, 10_000)
    playback.toggle(10_000, training=False)
    for _ in range(frames):
        playback.advance(1.0 / frames, 10_000, training=False)
    assert playback.playing and abs(playback.cursor - STATES * speed) <= 1


@pytest.mark.parametrize("training", [True, False])
def test_at_the_newest_state_it_pauses_or_follows(training: bool) -> None:
    playback = Playback()
    playback.seek(3, 10)
    playback.toggle(10, training)
    playback.advance(100.0, 10, training)
    assert (playback.cursor, playback.playing, playback.following) == (9, False, training)


@pytest.mark.parametrize(("index", "length", "cursor"), [(-5, 10, 0), (4, 10, 4), (99, 10, 9), (3, 0, 0)])
def test_it_stays_among_the_states_there_are(index: int, length: int, cursor: int) -> None:
    playback = Playback()
    playback.seek(index, length)
    assert playback.cursor == cursor and not playback.following


def test_played_again_from_the_end_it_begins_at_the_start() -> None:
    playback = Playback()
    playback.follow(10)
    playback.toggle(10, training=False)
    playback.advance(0.0, 10, training=False)
    assert playback.cursor == 0 and playback.playing


def played(playback: Playback, length: int, frames: int, seconds: float = 1 / STATES) -> list[int]:
    """Where the cursor is after each of so many frames."""
    cursors = []
    for _ in range(frames):
        playback.advance(seconds, length, training=False)
        cursors.append(playback.cursor)
    return cursors


def playing(length: int, **settings: Any) -> Playback:
    """From the first of so many states on."""
    playback = Playback(**settings)
    playback.seek(0, length)
    playback.toggle(length, training=False)
    assert playback.playing
    return playback


# Five states, one a frame, by hand.
ORDERS = {
    "once": [1, 2, 3, 4, 4, 4, 4, 4, 4, 4, 4],
    "loop": [1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1],
    "there and back": [1, 2, 3, 4, 3, 2, 1, 0, 1, 2, 3],
}


@pytest.mark.parametrize("every", TIMES.values(), ids=list(TIMES))
@pytest.mark.parametrize("end", ENDS.values())
def test_at_the_end_it_stops_begins_anew_or_turns_round(end: str, every: bool) -> None:
    playback = playing(5, end=end, every=every)
    assert played(playback, 5, 11) == ORDERS[end]
    assert playback.playing == (end != "once") and not playback.following


@pytest.mark.parametrize("end", ENDS.values())
@pytest.mark.parametrize("speed", [0.25, 1.0, 8.0])
def test_every_step_is_seen_however_late_the_frames_are(end: str, speed: float) -> None:
    playback = playing(9, end=end, every=True, speed=speed)
    cursors = [0, *played(playback, 9, 60, 1.0)]
    steps = set(np.diff(cursors).tolist())
    assert set(cursors) == set(range(9))
    assert steps <= {"once": {0, 1}, "loop": {1, -8}, "there and back": {1, -1}}[end]


def test_in_real_time_late_frames_skip_states() -> None:
    playback = playing(1000)
    assert played(playback, 1000, 3, 0.5) == [30, 60, 90]


@pytest.mark.parametrize("place", [0, 2, 4])
def test_seeking_on_the_way_back_forgets_the_way_back(place: int) -> None:
    playback = playing(10, end="there and back", every=True)
    played(playback, 10, 12)
    assert playback.playing and playback.cursor == 6  # on its way back
    playback.seek(place, 10)
    playback.toggle(10, training=False)
    assert played(playback, 10, 3) == [place + 1, place + 2, place + 3]


def test_a_pause_on_the_way_back_goes_on_back() -> None:
    playback = playing(10, end="there and back", every=True)
    played(playback, 10, 12)
    for _ in range(2):
        playback.toggle(10, training=False)
    assert played(playback, 10, 2) == [5, 4]


@pytest.mark.parametrize("end", ENDS.values())
@pytest.mark.parametrize("length", [0, 1, 2, 3])
@pytest.mark.parametrize("training", [True, False])
def test_few_states_are_no_trouble(end: str, length: int, training: bool) -> None:
    playback = Playback(end=end)
    playback.toggle(length, training=False)
    for _ in range(50):
        playback.advance(0.3, length, training)
        assert 0 <= playback.cursor < max(length, 1)
        assert not (playback.playing and playback.following)


@pytest.mark.parametrize("end", ENDS.values())
def test_where_playing_began_while_training_it_comes_to_follow_or_goes_on(end: str) -> None:
    playback, seen = playing(5, end=end), []
    for length in range(5, 60):  # the run grows more slowly than it is played
        playback.advance(4 / STATES, length, training=True)
        seen.append(playback.cursor)
        assert playback.cursor < length
    assert playback.following == (end == "once") and playback.playing == (end != "once")
    assert min(np.diff(seen)) < 0 if end != "once" else min(np.diff(seen)) >= 0
