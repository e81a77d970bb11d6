"""The guard: no exception leaves what Qt calls. Two of them inside one call of Qt's end the program."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPaintDevice, QPainter
from PySide6.QtWidgets import QWidget

Method = TypeVar("Method", bound=Callable[..., Any])
_reported: set[tuple[str, str, int]] = set()


def guarded(fallback: Any = None) -> Callable[[Method], Method]:
    """An override of Qt's that answers `fallback` where it fails, a value or what a function makes of its arguments.

    The error is reported once, as any other would be: what paints fails sixty times a second.
    """

    def decorate(method: Method) -> Method:
        @wraps(method)
        def safe(*arguments: Any) -> Any:
            try:
                return method(*arguments)
            except Exception as error:
                report(method.__qualname__, error)
                return fallback(*arguments, error) if callable(fallback) else fallback

        return cast(Method, safe)

    return decorate


def report(place: str, error: Exception) -> None:
    """Say that something failed there, unless the same has been said."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    known = place, type(error).__name__, 0 if trace is None else trace.tb_lineno
    if known not in _reported:
        _reported.add(known)
        sys.excepthook(type(error), error, error.__traceback__)


@contextmanager
def painting(device: QPaintDevice) -> Iterator[QPainter]:
    """A painter that ends, whatever happens: one that stays open takes the program with it."""
    painter = QPainter(device)
    try:
        yield painter
    finally:
        painter.end()


def say_so(widget: QWidget, _event: object, error: Exception) -> None:
    """One line in the place of what cannot be painted."""
    with painting(widget) as painter:
        painter.fillRect(widget.rect(), widget.palette().window())
        painter.setPen(widget.palette().windowText().color())
        words = painter.fontMetrics().elidedText(
            f"This cannot be drawn: {error}", Qt.TextElideMode.ElideRight, max(widget.width() - 16, 0)
        )
        painter.drawText(QRectF(widget.rect()).adjusted(8, 4, -8, -4), Qt.AlignmentFlag.AlignCenter, words)
