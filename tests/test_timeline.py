"""The timeline: it shows where the cursor is without a word, and says where a person wants it."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from explorer.export.picture import frame_at
from explorer.frame import Change, Frame, Run
from explorer.playback import ENDS, TIMES, Playback
from explorer.style import Style
from explorer.timeline import PACES, SPEEDS, Timeline
from model import Experiment, Trajectory, descend
from tests.harness import show

NAMES = ("train", "new start", "first", "back", "play", "forward", "newest")


@pytest.fixture(scope="module")
def frame(small: Experiment) -> Frame:
    frame = frame_at(small, None)
    assert frame.run is not None
    run = replace(frame.run, changes=(Change(15, "Loss a → b"), Change(45, "Learning rate η 1 → 2")))
    return replace(frame, runs=(run,))


@pytest.fixture
def timeline(qtbot: QtBot) -> Timeline:
    timeline = Timeline(Style(), {name: QAction(name) for name in NAMES})
    qtbot.addWidget(timeline)
    timeline.resize(900, 90)
    show(timeline)
    return timeline


def heard(timeline: Timeline) -> list[Any]:
    values: list[Any] = []
    for signal in (timeline.sought, timeline.sped, timeline.paced, timeline.ended, timeline.timed):
        signal.connect(values.append)
    return values


def test_it_shows_a_frame_and_keeps_quiet(timeline: Timeline, frame: Frame) -> None:
    wishes = heard(timeline)
    for cursor in (60, 0, 17):
        timeline.show_frame(replace(frame, cursor=cursor))
        assert timeline.slider.value() == timeline.field.value() == cursor
    assert timeline.slider.maximum() == 60 and "60" in timeline.total.text()
    timeline.show_frame(Frame())
    assert timeline.slider.maximum() == 0
    assert not wishes


def test_the_slider_and_the_field_seek(timeline: Timeline, frame: Frame) -> None:
    timeline.show_frame(replace(frame, cursor=30))
    wishes = heard(timeline)
    timeline.slider.setFocus()
    QTest.keyClick(timeline.slider, Qt.Key.Key_Right)
    timeline.field.setFocus()
    timeline.field.selectAll()
    QTest.keyClicks(timeline.field, "7")
    QTest.keyClick(timeline.field, Qt.Key.Key_Return)
    assert wishes == [31, 7]


def test_a_flag_stands_over_the_place_of_its_step_and_can_be_chosen(timeline: Timeline, frame: Frame) -> None:
    assert frame.run is not None
    wishes = heard(timeline)
    for change in frame.run.changes:
        timeline.show_frame(replace(frame, cursor=change.step))
        option = QStyleOptionSlider()
        timeline.slider.initStyleOption(option)
        handle = timeline.slider.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, timeline.slider
        )
        at = QPoint(handle.center().x(), 6)
        QTest.mouseMove(timeline.marks, at)
        QTest.mouseClick(timeline.marks, Qt.MouseButton.LeftButton, pos=at)
        assert wishes[-1] == change.step and change.text in timeline.marks.toolTip()
        assert change.text in timeline.marks.accessibleDescription()
    count = len(wishes)
    QTest.mouseClick(timeline.marks, Qt.MouseButton.LeftButton, pos=QPoint(timeline.width() // 2, 6))
    assert len(wishes) == count


def test_speed_and_pace_are_said(timeline: Timeline) -> None:
    wishes = heard(timeline)
    for box in (timeline.speed, timeline.pace):
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        QTest.keyClick(box, Qt.Key.Key_End)
    assert wishes == [SPEEDS[0], SPEEDS[-1], PACES[0], PACES[-1]]


BOXES: dict[str, list[Any]] = {
    "speed": list(SPEEDS), "pace": list(PACES), "end": list(ENDS.values()), "time": list(TIMES.values())
}  # fmt: skip


@pytest.mark.parametrize("name", BOXES)
def test_every_entry_of_a_box_is_chosen_by_the_keyboard_and_said(timeline: Timeline, name: str) -> None:
    box, wishes = getattr(timeline, name), heard(timeline)
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Home)
    for _ in BOXES[name][1:]:
        QTest.keyClick(box, Qt.Key.Key_Down)
    QTest.keyClick(box, Qt.Key.Key_Down)  # there is no more
    # One that is chosen already is said again, or not: both are right.
    assert wishes[-len(BOXES[name]) + 1 :] == BOXES[name][1:] and set(wishes) <= set(BOXES[name])
    assert box.accessibleName() and box.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_boxes_are_reached_one_after_another_by_tab(timeline: Timeline) -> None:
    timeline.activateWindow()
    timeline.pace.setFocus()
    reached = [timeline.focusWidget()]
    for _ in range(3):
        QTest.keyClick(timeline.focusWidget(), Qt.Key.Key_Tab)
        reached.append(timeline.focusWidget())
    assert reached == [timeline.pace, timeline.speed, timeline.end, timeline.time]


@pytest.mark.parametrize("end", ENDS.values())
@pytest.mark.parametrize("every", TIMES.values())
def test_a_timeline_made_anew_shows_how_it_plays(qtbot: QtBot, end: str, every: bool) -> None:
    playback = Playback(speed=4.0, end=end, every=every)
    timeline = Timeline(Style(), {name: QAction(name) for name in NAMES}, 200, playback)
    qtbot.addWidget(timeline)
    shown = [getattr(timeline, name).currentData() for name in BOXES]
    assert shown == [4.0, 200, end, every]


def test_a_fork_counts_its_steps_from_where_it_began(timeline: Timeline, small: Experiment) -> None:
    """Slider 0 is its first state, the field says that state's own number."""
    state = small.run(25)[20]
    fork = Trajectory([state, *islice(descend(small.objective, small.descent, state), 10)])
    run = Run("run 2", small, fork, 11, np.zeros((11, 2)), fork.losses(), fork.losses())
    wishes = heard(timeline)
    timeline.show_frame(Frame(runs=(run,), cursor=4))
    assert (timeline.slider.value(), timeline.slider.maximum(), timeline.field.value()) == (4, 10, 24)
    assert timeline.total.text() == "/ 30" and not wishes
    timeline.field.setFocus()
    timeline.field.selectAll()
    QTest.keyClicks(timeline.field, "27")
    QTest.keyClick(timeline.field, Qt.Key.Key_Return)
    assert wishes == [7]
