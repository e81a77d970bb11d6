"""Undo and redo of settings: exactly what was, in order; a gesture is one step."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest

from explorer import history as module
from explorer.history import GESTURE, MOST, History
from model import Experiment


class Clock:
    """A clock that goes on when it is told to."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock.monotonic))
    return clock


def numbered(seed: int, resolution: int = 101) -> Experiment:
    return msgspec.structs.replace(Experiment(), seed=seed, resolution=resolution)


def changed(history: History, clock: Clock, *states: Experiment, pause: float = 2 * GESTURE) -> None:
    """Note the changes from each of these settings to the next, so long after each other."""
    for before, after in pairwise(states):
        clock.now += pause
        history.note(before, after)


def test_without_a_change_there_is_nothing_to_go_back_to() -> None:
    history = History()
    assert history.back(numbered(0)) is None and history.forth(numbered(0)) is None


def test_back_and_forth_give_what_was_in_order(clock: Clock) -> None:
    history, states = History(), [numbered(seed) for seed in range(5)]
    changed(history, clock, *states)
    for before, current in zip(states[-2::-1], states[:0:-1], strict=True):
        assert history.back(current) is before
    assert history.back(states[0]) is None
    for current, after in pairwise(states):
        assert history.forth(current) is after
    assert history.forth(states[-1]) is None


def test_a_drag_is_one_step_however_long_it_takes(clock: Clock) -> None:
    history, states = History(), [numbered(seed) for seed in range(40)]
    changed(history, clock, *states, pause=0.9 * GESTURE)
    assert history.back(states[-1]) is states[0] and history.back(states[0]) is None
    assert history.forth(states[0]) is states[-1]


@pytest.mark.parametrize("pause", [0.5 * GESTURE, 1.5 * GESTURE])
@pytest.mark.parametrize("same", [True, False])
def test_only_a_quick_change_of_the_same_field_joins_the_last(clock: Clock, pause: float, same: bool) -> None:
    history = History()
    states = [numbered(0), numbered(1), numbered(2) if same else numbered(1, resolution=51)]
    changed(history, clock, *states, pause=pause)
    joined = same and pause < GESTURE
    assert history.back(states[2]) is (states[0] if joined else states[1])
    assert (history.back(states[1]) is None) == joined


def test_a_change_right_after_undo_is_a_step_of_its_own_and_clears_the_future(clock: Clock) -> None:
    history, (one, two, three) = History(), (numbered(1), numbered(2), numbered(3))
    changed(history, clock, one, two)
    assert history.back(two) is one
    changed(history, clock, one, three, pause=0.0)  # the same field, at once
    assert history.forth(three) is None
    assert history.back(three) is one and history.back(one) is None


def test_a_change_right_after_redo_is_a_step_of_its_own(clock: Clock) -> None:
    history, (one, two, three) = History(), (numbered(1), numbered(2), numbered(3))
    changed(history, clock, one, two)
    assert history.back(two) is one and history.forth(one) is two
    changed(history, clock, two, three, pause=0.0)
    assert history.back(three) is two and history.back(two) is one


def test_so_many_steps_are_remembered_and_the_oldest_is_forgotten(clock: Clock) -> None:
    assert MOST == 200
    history, states = History(), [numbered(seed) for seed in range(MOST + 50)]
    changed(history, clock, *states)
    current, steps = states[-1], 0
    while (before := history.back(current)) is not None:
        current, steps = before, steps + 1
    assert steps == MOST and current is states[-1 - MOST]


def test_what_changes_nothing_is_no_step_and_keeps_the_future(clock: Clock) -> None:
    history, (one, two) = History(), (numbered(1), numbered(2))
    changed(history, clock, one, two)
    assert history.back(two) is one
    changed(history, clock, one, numbered(1))
    assert history.forth(one) is two


@pytest.mark.parametrize("seed", range(5))
def test_any_order_of_changes_is_that_of_a_list_with_a_place_in_it(clock: Clock, seed: int) -> None:
    rng, history = np.random.default_rng(seed), History()
    states, place = [numbered(0)], 0
    for number in range(1, 150):
        clock.now += 2 * GESTURE
        wish = rng.integers(3)
        if wish == 0:
            after = numbered(number)
            history.note(states[place], after)
            states, place = [*states[: place + 1], after], place + 1
        elif wish == 1:
            assert history.back(states[place]) is (states[place - 1] if place else None)
            place = max(place - 1, 0)
        else:
            assert history.forth(states[place]) is (states[place + 1] if place + 1 < len(states) else None)
            place = min(place + 1, len(states) - 1)


def test_what_is_held_is_one_step_whatever_it_touches_and_however_long(clock: Clock) -> None:
    history, gestures = History(), []
    states = [numbered(0), numbered(1), numbered(1, resolution=51), numbered(2, resolution=51)]
    history.hold(True)
    for before, after in pairwise(states):
        clock.now += 100 * GESTURE
        history.note(before, after)
        gestures.append(history.gesture)
    history.hold(False)
    assert len(set(gestures)) == 1 and history.gesture not in gestures
    assert history.back(states[-1]) is states[0] and history.back(states[0]) is None


def test_two_holds_in_a_moment_are_two_steps(clock: Clock) -> None:
    history, states = History(), [numbered(0), numbered(1), numbered(2)]
    for before, after in pairwise(states):
        history.hold(True)
        history.note(before, after)
        history.hold(False)
    assert history.back(states[2]) is states[1] and history.back(states[1]) is states[0]
