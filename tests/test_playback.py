"""The cursor: playing takes the time it says, and ends where it should."""

from __future__ import annotations

import pytest

from explorer.playback import STATES, Playback


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
