"""Letters: the axes of the 3-D view, painted over the scene where its corners come to lie on the screen."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QLinearGradient, QPainter, QTransform

from explorer.drawing.scene import FLOOR, TOP
from explorer.frame import Scale, number, numbers, round_levels
from explorer.style import Style, color, draw_text
from model import Plane


class Letters:
    """Axes with numbers and names, along the edges of the box that nothing covers from where one looks. Final.

    `place(x, y, z)` puts a point of the box on the screen; `back` are the x and y of the corner furthest away; `room`
    is where one may write.
    """

    def __init__(
        self,
        painter: QPainter,
        place: Callable[[float, float, float], QPointF],
        back: tuple[float, float],
        style: Style,
        room: QRectF,
    ) -> None:
        self._painter, self._place, self._back, self._style, self._room = painter, place, back, style, room
        self._taken: list[QRectF] = []

    def floor_axes(self, plane: Plane) -> None:
        """Both axes of the plane, along the front edges of the floor."""
        x, y = self._back
        self._floor_axis(plane.labels[0], plane.bounds[0], lambda t: (t, -y))
        self._floor_axis(plane.labels[1], plane.bounds[1], lambda t: (-x, t))

    def height_axis(self, scale: Scale) -> None:
        """The loss on the box's left edge: a strip of the map's own colours with numbers."""
        painter, style, place, k = self._painter, self._style, self._place, self._style.scale
        x, y = self._back
        left, right = (x, -y), (-x, y)
        corner = left if place(*left, 0.5).x() < place(*right, 0.5).x() else right
        foot, top = place(*corner, 0.0), place(*corner, TOP)
        painter.setPen(style.pen(style.theme.line, 1))
        painter.drawLine(place(*corner, FLOOR), foot)
        blend = QLinearGradient(foot, top)
        for share in np.linspace(0, 1, 12):
            blend.setColorAt(float(share), color(float(share)))
        pen = style.pen(style.theme.ink, 6)
        pen.setBrush(blend)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLine(foot, top)
        for tick, words in zip(scale.ticks, numbers(scale.ticks), strict=True):
            spot = place(*corner, TOP * float(scale(np.array(tick))))
            painter.setPen(style.pen(style.theme.muted, 1.2))
            painter.drawLine(spot - QPointF(3 * k, 0), spot - QPointF(8 * k, 0))
            self._write(spot - QPointF(11 * k, 0), words, align=Qt.AlignmentFlag.AlignRight)
        self._write(top - QPointF(0, 18 * k), "loss (log)" if scale.logarithmic else "loss", style.theme.ink)
        if scale.cuts:
            self._write(top - QPointF(0, 34 * k), f"cut at {number(scale.high)}")

    def _floor_axis(self, words: str, bounds: tuple[float, float], at: Callable[[float], tuple[float, float]]) -> None:
        """One axis, its numbers and name outside the box."""
        painter, style, place, k = self._painter, self._style, self._place, self._style.scale
        ends, middle = (place(*at(-1.0), FLOOR), place(*at(1.0), FLOOR)), place(0, 0, FLOOR)
        painter.setPen(style.pen(style.theme.muted, 1.2))
        painter.drawLine(*ends)
        along = ends[1] - ends[0]
        normal = QPointF(-along.y(), along.x()) * (1 / max(math.hypot(along.x(), along.y()), 1e-6))
        away = ends[0] + along * 0.5 - middle
        if normal.x() * away.x() + normal.y() * away.y() < 0:
            normal = -normal
        low, high = bounds
        values = round_levels(low, high, 5)
        for value, words_ in zip(values, numbers([round(value, 12) for value in values.tolist()]), strict=True):
            spot = place(*at((2 * value - low - high) / (high - low)), FLOOR)
            painter.setPen(style.pen(style.theme.muted, 1.2))
            painter.drawLine(spot, spot + normal * 4 * k)
            self._write(spot + normal * 15 * k, words_)
        self._write_along(ends[0] + along * 0.5 + normal * 36 * k, along, words)

    def _write(
        self, at: QPointF, text: str, ink: str = "", align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignCenter
    ) -> None:
        """A label, unless it would lie over another."""
        reach = 11 * self._style.scale
        box = QRectF(at.x() - reach, at.y() - 0.6 * reach, 2 * reach, 1.2 * reach)
        if not any(box.intersects(other) for other in self._taken):
            ink = ink or self._style.theme.muted
            self._taken.append(draw_text(self._painter, at, text, self._style, ink, align=align))

    def _write_along(self, at: QPointF, along: QPointF, words: str) -> None:
        """An axis name, turned to lie along its axis, never upside down, and never cut off by an edge of the room."""
        angle = math.degrees(math.atan2(along.y(), along.x()))
        angle = angle - 180 if angle > 90 else angle + 180 if angle < -90 else angle
        written = QFontMetricsF(self._style.font(9)).boundingRect(words)
        turned = QTransform().rotate(angle).mapRect(QRectF(0, 0, written.width() + 6, written.height() + 4))
        half = QPointF(turned.width() / 2, turned.height() / 2)
        low, high = self._room.topLeft() + half, self._room.bottomRight() - half
        at = QPointF(min(max(at.x(), low.x()), high.x()), min(max(at.y(), low.y()), high.y()))
        self._painter.save()
        self._painter.translate(at)
        self._painter.rotate(angle)
        draw_text(self._painter, QPointF(0, 0), words, self._style, self._style.theme.ink, 9)
        self._painter.restore()
