"""The timeline: it shows where the cursor is without a word, and says where a person wants it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyle, QStyleOptionSlider
from pytestqt.qtbot import QtBot

from explorer.export.picture import frame_at
from explorer.frame import Change, Frame
from explorer.style import Style
from explorer.timeline import PACES, SPEEDS, Timeline
from model import Experiment

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
    with qtbot.waitExposed(timeline):
        timeline.show()
    return timeline


def heard(timeline: Timeline) -> list[Any]:
    values: list[Any] = []
    for signal in (timeline.sought, timeline.sped, timeline.paced):
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
