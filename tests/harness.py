"""Drives the application for the tests: sessions and the threads behind them, windows, mouse and keys.

What has to arrive is waited for, that very thing, for as long as it takes. `clock` is for what is about time itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from explorer.frame import Frame, Run
from explorer.session import Session
from explorer.window import Window

PATIENCE = 60.0  # seconds until something is taken for lost; on a busy machine much that is bound to happen takes long

NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def until(holds: Callable[[], object]) -> None:
    """Let Qt and the threads go on until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {PATIENCE:.0f} seconds"
        QTest.qWait(1)


def show(widget: QWidget) -> None:
    """Show a window, wait until it is there, and make it the active one."""
    widget.show()
    until_seen(widget)


def until_seen(widget: QWidget) -> None:
    """The same for a window that was shown just now."""
    until(lambda: (handle := widget.windowHandle()) is not None and handle.isExposed())
    widget.activateWindow()


# ---- sessions ---------------------------------------------------------------------------------------------------


def settle(session: Session) -> Frame:
    """The frame when nothing moves any more."""
    session.tick()  # what was wished a moment ago is not in the frame yet

    def still() -> bool:
        frame = session.frame
        moving = session.training or session.surveying or frame.training or frame.playing or frame.surveying
        return not moving and frame.surface is not None and frame.run is not None

    until(still)
    return session.frame


def trained(session: Session) -> Frame:
    """The frame when all the steps that are asked for have been made."""
    session.train()
    assert session.training
    return settle(session)


def length(session: Session) -> int:
    """How many states of the active run there are to be seen."""
    return session.frame.run.length if session.frame.run is not None else 0


def heard(session: Session) -> list[str]:
    """The notices from now on."""
    words: list[str] = []
    session.noticed.connect(words.append)
    return words


def run_of(window: Window) -> Run:
    """The active run."""
    run = window.session.frame.run
    assert run is not None
    return run


# ---- keys and forms ---------------------------------------------------------------------------------------------


def press(window: Window, key: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
    """Press a key wherever the keyboard is; what came of it is in the frame."""
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)
    window.session.tick()


def editor(window: Window, path: str) -> Any:
    """The editor of a field, in sight."""
    found = window.controls.editor(path)
    window.controls.ensureWidgetVisible(found)
    return found


def type_into(line: QWidget, text: str) -> None:
    """Replace what stands in a line."""
    line.setFocus()
    line.selectAll()  # type: ignore[attr-defined]
    QTest.keyClicks(line, text)
    QTest.keyClick(line, Qt.Key.Key_Return)


def pick_by_mouse(box: QComboBox, index: int) -> None:
    """Open a list by a click and click an entry."""
    QTest.mouseClick(box, LEFT)
    view = box.view()
    until(view.isVisible)
    spot = view.visualRect(box.model().index(index, 0)).center()
    # Without a way between, a list takes a release so soon for the end of the click that opened it.
    move(view.viewport(), spot, held=Qt.MouseButton.NoButton)
    QTest.mouseClick(view.viewport(), LEFT, pos=spot)
    until(lambda: not view.isVisible())


# ---- the mouse --------------------------------------------------------------------------------------------------


def plot(view: QWidget) -> Any:
    """The plot of a view that has one."""
    return view.findChild(pg.PlotWidget)


def viewport(view: QWidget) -> QWidget:
    """What the mouse meets of a view's plot."""
    return plot(view).viewport()


def area(view: QWidget) -> Any:
    """The area of a view's plot between its axes."""
    return plot(view).getPlotItem().vb


def pixel(view: QWidget, coords: tuple[float, float]) -> QPoint:
    """Where a point of a view's plot is in its viewport; not where it was before its legend got another row."""
    QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
    return plot(view).mapFromScene(area(view).mapViewToScene(QPointF(*coords)))


def at_share(session: Session, x: float, y: float) -> tuple[float, float]:
    """Coordinates of a point of the plane drawn, by its share of both sides."""
    assert session.frame.plane is not None
    (x0, x1), (y0, y1) = session.frame.plane.bounds
    return x0 + x * (x1 - x0), y0 + y * (y1 - y0)


def move(widget: QWidget, spot: QPoint, modifier: Qt.KeyboardModifier = NONE, held: Qt.MouseButton = LEFT) -> None:
    """Move the mouse with a button held down, which QTest cannot say."""
    places, none = (QPointF(spot), QPointF(widget.mapToGlobal(spot))), Qt.MouseButton.NoButton
    QApplication.sendEvent(widget, QMouseEvent(QEvent.Type.MouseMove, *places, none, held, modifier))


def drag(widget: QWidget, first: QPoint, last: QPoint, modifier: Qt.KeyboardModifier = NONE) -> None:
    """Press, move in some steps, let go."""
    QTest.mousePress(widget, LEFT, modifier, first)
    for share in (0.25, 0.5, 0.75, 1.0):
        move(widget, first + (last - first) * share, modifier)
    QTest.mouseRelease(widget, LEFT, modifier, last)


def turn_wheel(widget: QWidget, spot: QPoint, notches: int) -> None:
    """Turn the wheel over a spot."""
    places, turned, none = (QPointF(spot), QPointF(widget.mapToGlobal(spot))), QPoint(0, 120 * notches), QPoint()
    rest = Qt.MouseButton.NoButton, NONE, Qt.ScrollPhase.NoScrollPhase, False
    QApplication.sendEvent(widget, QWheelEvent(*places, none, turned, *rest))
