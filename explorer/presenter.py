"""Presenter mode: larger letters and pens, and the keys of a clicker; afterwards everything is as it was."""

from __future__ import annotations

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import QApplication

SCALE = 1.4
CLICKER = {"back": "PgUp", "forward": "PgDown"}  # what a clicker sends


class Presenter:
    """Keeps what presenter mode changes: the application's font, two keys, and the window's layout. Final."""

    def __init__(self) -> None:
        self._font: QFont | None = None
        self._layout = QByteArray()

    @property
    def scale(self) -> float:
        """By what letters and pens are larger now."""
        return SCALE if self._font is not None else 1.0

    def begin(self, actions: dict[str, QAction], layout: QByteArray) -> None:
        """Larger type for everybody; the clicker steps."""
        if self._font is None:
            self._font, self._layout = QApplication.font(), layout
            QApplication.setFont(_larger(self._font))
            for name, key in CLICKER.items():
                actions[name].setShortcuts([*actions[name].shortcuts(), QKeySequence(key)])

    def end(self, actions: dict[str, QAction]) -> QByteArray:
        """Everything as it was; returns the layout to go back to."""
        if self._font is not None:
            QApplication.setFont(self._font)
            self._font = None
            for name, key in CLICKER.items():
                actions[name].setShortcuts([old for old in actions[name].shortcuts() if old != QKeySequence(key)])
        return self._layout


def _larger(font: QFont) -> QFont:
    larger = QFont(font)
    if font.pointSizeF() > 0:
        larger.setPointSizeF(font.pointSizeF() * SCALE)
    else:
        larger.setPixelSize(round(font.pixelSize() * SCALE))
    return larger
