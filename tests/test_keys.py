"""The sheet of keys: it fits the screen, tells every key there is, and is closed by the keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea

from explorer.actions import ACTIONS, shown_keys
from explorer.keys import GESTURES, Keys, _page, groups
from explorer.window import Window
from model import Experiment
from tests.harness import until

Open = Callable[..., Window]


@pytest.fixture
def window(open_window: Open, small: Experiment) -> Window:
    return open_window(small)


def opened(window: Window) -> Keys:
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(window.map, Qt.Key.Key_F1)
    (dialog,) = window.findChildren(Keys)
    until(lambda: dialog.isActiveWindow() and QApplication.focusWidget() is not None)
    return dialog


def texts(dialog: Keys) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


def test_every_action_with_a_key_and_every_gesture_is_on_the_sheet(window: Window) -> None:
    written = texts(opened(window))
    for name, action in window.actions_.items():
        words = ACTIONS[name][1].replace("&", "").rstrip("…")
        assert (f"<b>{shown_keys(action)}</b>" in written and words in written) or not action.shortcuts()
    for title, rows in GESTURES.items():
        assert title in written
        assert {words for _, words in rows} <= set(written) and {f"<b>{key}</b>" for key, _ in rows} <= set(written)


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_esc_and_enter_close_it(window: Window, key: Qt.Key) -> None:
    dialog = opened(window)
    assert dialog.isAncestorOf(QApplication.focusWidget())
    QTest.keyClick(QApplication.focusWidget(), key)
    until(lambda: not window.findChildren(Keys))


def test_the_window_beside_it_goes_on_and_there_is_only_one(window: Window) -> None:
    dialog = opened(window)
    assert not dialog.isModal()
    window.activateWindow()
    until(window.isActiveWindow)
    QTest.keyClick(window.map, Qt.Key.Key_N)
    until(lambda: len(window.session.frame.runs) == 2)
    assert dialog.isVisible() and opened(window) is dialog


@pytest.mark.parametrize("presenting", [False, True])
def test_it_fits_the_screen_and_the_rest_can_be_scrolled_to(window: Window, presenting: bool) -> None:
    if presenting:
        window.actions_["presenter"].trigger()
    dialog = opened(window)
    room = dialog.screen().availableSize()
    assert dialog.width() <= room.width() and dialog.height() <= room.height()
    (pages,) = dialog.findChildren(QScrollArea)
    hidden = pages.widget().height() - pages.viewport().height()
    assert pages.verticalScrollBar().maximum() == max(hidden, 0)
    QTest.keyClick(pages, Qt.Key.Key_PageDown)
    assert (pages.verticalScrollBar().value() > 0) == (hidden > 0)
    assert pages.widget().minimumSizeHint().width() <= pages.viewport().width()


def test_it_is_larger_while_presenting(window: Window) -> None:
    before = opened(window).fontMetrics().height()
    window.findChildren(Keys)[0].close()
    until(lambda: not window.findChildren(Keys))
    window.actions_["presenter"].trigger()
    assert opened(window).fontMetrics().height() > 1.2 * before


def is_heading(label: QLabel) -> bool:
    return label.foregroundRole() == label.palette().ColorRole.Highlight


@pytest.mark.parametrize("many", [1, 2, 3])
def test_columns_are_about_equally_high_and_nothing_covers_anything(window: Window, many: int) -> None:
    page = _page(groups(window.actions_), many)
    page.resize(page.sizeHint())
    page.ensurePolished()
    page.layout().activate()
    boxes = [QRect(label.mapTo(page, label.rect().topLeft()), label.size()) for label in page.findChildren(QLabel)]
    assert not any(one.intersects(other) for i, one in enumerate(boxes) for other in boxes[:i])
    headings = [box.left() for label, box in zip(page.findChildren(QLabel), boxes, strict=True) if is_heading(label)]
    lefts = sorted(set(headings))
    assert len(lefts) == many
    ends = [*lefts[1:], page.width()]
    columns = [[box for box in boxes if left <= box.left() < end] for left, end in zip(lefts, ends, strict=True)]
    lowest = [max(box.bottom() for box in column) for column in columns]
    assert min(lowest) > 0.6 * max(lowest)
