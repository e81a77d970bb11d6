"""A page: sentences, rows of a name and a value, and a meter, one below the other, in a given width.

It is laid out before it is painted: so its height is known, and nothing is cut off or lies over anything else.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from explorer.style import Style

LINE, GAP = 19, 9  # pixels at scale 1: from row to row, between two blocks
COLUMN = 0.46  # of the width: where values begin
WRAPPED = int(Qt.TextFlag.TextWordWrap)

Row = tuple[str, str]


class Words(NamedTuple):
    """A text and where it is written."""

    box: QRectF
    text: str
    ink: str
    font: QFont
    flags: int


class Page:
    """Is written from top to bottom, then painted. Final."""

    def __init__(self, width: float, style: Style) -> None:
        k = style.scale
        self.words: list[Words] = []
        self._style, self._left, self._width, self._y = style, 12 * k, width - 24 * k, 10 * k
        self._rules: list[float] = []
        self._meters: list[tuple[QRectF, float]] = []

    @property
    def height(self) -> float:
        """How high it is with what was written so far."""
        return self._y

    def write(self, text: str, ink: str, points: float = 8.5, bold: bool = False) -> None:
        """A sentence, on as many lines as it needs."""
        self._y = self._place(text, self._left, self._width, ink, self._style.font(points, bold)).bottom()
        self._y += GAP * self._style.scale

    def rows(self, heading: str, rows: list[Row]) -> None:
        """Names and values in two columns under a heading. What does not fit into its column goes on below."""
        theme, k, plain = self._style.theme, self._style.scale, self._style.font(8.5)
        self._rules.append(self._y)
        self._row([(heading, self._left, self._width, theme.muted, self._style.font(7.5))])
        begin = COLUMN * self._width
        for name, value in rows:
            left = name, self._left, begin - GAP * k, theme.muted, plain
            self._row([left, (_breakable(value), self._left + begin, self._width - begin, theme.ink, plain)])
        self._y += GAP * k

    def meter(self, value: float, limit: float, name: str) -> None:
        """How near a value is to its limit: a bar, full at twice the limit, which is marked."""
        if not (math.isfinite(value) and math.isfinite(limit) and limit > 0):
            return
        k = self._style.scale
        bar = QRectF(self._left, self._y, self._width, 9 * k)
        self._meters.append((bar, min(max(value / limit, 0.0), 2.0) / 2.0))
        self._y = bar.bottom() + 6 * k
        words = _breakable(f"unstable beyond {name}")
        flags = WRAPPED | int(Qt.AlignmentFlag.AlignHCenter)
        font = self._style.font(7.5)
        self._y = self._place(words, self._left, self._width, self._style.theme.muted, font, flags).bottom() + GAP * k

    def paint(self, painter: QPainter) -> None:
        """Paint all of it."""
        style, theme, k = self._style, self._style.theme, self._style.scale
        painter.setPen(style.pen(theme.line, 1))
        for y in self._rules:
            painter.drawLine(QPointF(self._left, y), QPointF(self._left + self._width, y))
        for bar, share in self._meters:
            painter.fillRect(bar, QColor(theme.line))
            painter.fillRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()), QColor(theme.accent))
            painter.setPen(style.pen(theme.ink, 2))
            middle = bar.center().x()
            painter.drawLine(QPointF(middle, bar.top() - 3 * k), QPointF(middle, bar.bottom() + 3 * k))
        for box, text, ink, font, flags in self.words:
            painter.setFont(font)
            painter.setPen(QColor(ink))
            painter.drawText(box, flags, text)

    def _row(self, cells: list[tuple[str, float, float, str, QFont]]) -> None:
        """Texts side by side, and the next row below the highest of them."""
        k, top = self._style.scale, self._y
        self._y += 3 * k
        below = max(self._place(*cell).bottom() for cell in cells)
        self._y = max(top + LINE * k, below + 2 * k)

    def _place(self, text: str, left: float, width: float, ink: str, font: QFont, flags: int = WRAPPED) -> QRectF:
        room = QRectF(left, self._y, width, 1e4)
        box = QFontMetricsF(font).boundingRect(room, flags, text)
        # As wide as the room: a box as wide as its text would have to be broken anew for a rounded-off pixel.
        box = QRectF(left, self._y, width, math.ceil(box.height()))
        self.words.append(Words(box, text, ink, font, flags))
        return box


def _breakable(text: str) -> str:
    """A formula that is broken after a stroke, and not at its signs."""
    for sign in "+−":
        text = text.replace(f" {sign} ", f"\u00a0{sign}\u00a0")
    return text.replace("/", "/\u200b")
