"""The guard: what Qt calls lets no exception out, and every painter ends."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QTableWidget, QWidget
from pytestqt.qtbot import QtBot

from explorer import guard
from explorer.drawing.view import View
from explorer.frame import Frame
from explorer.guard import guarded, painting, say_so
from explorer.race.tables import VALUE, Cell
from explorer.style import DARK, Style
from explorer.views import VIEWS
from explorer.window import Window
from model import Experiment


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was reported, in words."""
    words: list[str] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: words.append(f"{kind.__name__}: {error}"))
    monkeypatch.setattr(guard, "_reported", set())
    yield words


class Broken(QWidget):
    """Fails in the middle of painting, and leaves its painter to whoever ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.used: list[QPainter] = []

    @guarded(say_so)
    def paintEvent(self, event: Any) -> None:
        with painting(self) as painter:
            self.used.append(painter)
            raise OverflowError("too far")


def pixels(widget: QWidget) -> Any:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.array(image.constBits()).reshape(image.height(), -1).copy()


def test_what_cannot_be_painted_says_so_in_its_place_and_once(qtbot: QtBot, heard: list[str]) -> None:
    widget = Broken()
    qtbot.addWidget(widget)
    widget.resize(300, 60)
    empty = QWidget()
    qtbot.addWidget(empty)
    empty.resize(300, 60)
    for _ in range(5):
        assert (pixels(widget) != pixels(empty)).any()
    assert heard == ["OverflowError: too far"]
    assert len(widget.used) >= 5 and not any(painter.isActive() for painter in widget.used)


def test_another_error_is_reported_too(heard: list[str]) -> None:
    errors = iter([ValueError("one"), ValueError("one"), ValueError("two"), KeyError("one")])

    @guarded(fallback=7)
    def fails() -> int:
        raise next(errors)

    assert [fails() for _ in range(4)] == [7, 7, 7, 7]
    assert heard == ["ValueError: one", "KeyError: 'one'"]  # of one kind at one place, whatever numbers it names


def test_rows_are_sorted_whatever_is_in_them(qapp: QApplication) -> None:
    """Numbers, words, and nothing, as a row has that was added a moment ago."""
    values = ["b", None, 3.0, float("nan"), "a", -1, 2]
    table = QTableWidget(len(values), 1)
    for row, value in enumerate(values):
        cell = Cell()
        if value is not None:
            cell.setData(VALUE, value)
        table.setItem(row, 0, cell)
    for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
        table.sortItems(0, order)
        found = [table.item(row, 0).data(VALUE) for row in range(len(values))]  # type: ignore[union-attr]
        known = [value for value in found if value is not None and value == value]
        assert known == [-1, 2, 3.0, "a", "b"][:: 1 if order == Qt.SortOrder.AscendingOrder else -1]


@pytest.mark.parametrize("name", [name for name in VIEWS if not VIEWS[name].spatial])
def test_a_view_that_fails_says_so_and_shows_the_next_frame(
    qtbot: QtBot, heard: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = VIEWS[name](Style(DARK))
    qtbot.addWidget(view)
    view.resize(300, 200)
    before, show = pixels(view), view.show_frame

    def fails(frame: Frame) -> None:
        raise ArithmeticError("no such number")

    monkeypatch.setattr(view, "show_frame", fails)
    for _ in range(3):
        view.take(Frame())
    assert heard == ["ArithmeticError: no such number"]
    assert view._failed.isVisibleTo(view) and "cannot be drawn: no such number" in view._failed.text()
    monkeypatch.setattr(view, "show_frame", show)
    view.take(Frame())
    assert not view._failed.isVisibleTo(view) and pixels(view).shape == before.shape


def test_a_view_that_fails_does_not_keep_the_others(
    open_window: Callable[..., Window], small: Experiment, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(small)

    def fails(frame: Frame) -> None:
        raise ArithmeticError("no such number")

    monkeypatch.setattr(window.map, "show_frame", fails)
    window.session.set_logarithmic(False)
    window.session.tick()
    assert window.map._failed.isVisibleTo(window.map) and heard == ["ArithmeticError: no such number"]
    others = [view for view in window.findChildren(View) if view is not window.map and view.isVisible()]
    assert others and not any(view._failed.isVisibleTo(view) for view in others)
