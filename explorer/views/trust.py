"""How far to trust the picture: the gap between sheet and true loss, what the plane leaves out, and the curvature that
decides what the next step does."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.frame import Frame, number
from explorer.style import Style, draw_text
from explorer.views.base import View, rendered
from explorer.views.strip import Strip
from model import Probe

LINE, GAP = 19, 9
Row = tuple[str, str]


class TrustView(View):
    """One plain sentence, the figures behind it, and λmax beside the limit of the optimizer in use. Final."""

    name, caption = "trust", "How far to trust this picture"

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        self._probe: Probe | None = None
        self._stability = ""
        self._strip = Strip(self._paint, style)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._strip)

    def show_frame(self, frame: Frame) -> None:
        stability = frame.run.experiment.descent.optimizer.stability if frame.run is not None else ""
        if frame.probe is self._probe and self._probe is not None and stability == self._stability:
            return
        self._probe, self._stability = frame.probe, stability
        self.setAccessibleDescription(self._words())
        self._strip.update()

    def picture(self) -> QImage:
        return rendered(self)

    def sizeHint(self) -> QSize:
        return QSize(290, round(370 * self.look.scale))

    def _words(self) -> str:
        """All of it as a text."""
        if self._probe is None:
            return "Nothing is known yet."
        rows = [": ".join(row) for row in (*picture_rows(self._probe), *curvature_rows(self._probe, self._stability))]
        return " ".join([self._probe.trust.sentence, *rows, *_sentences(self._probe)])

    def _paint(self, painter: QPainter, rect: QRectF) -> None:
        k, theme = self.look.scale, self.look.theme
        page = _Page(painter, rect.adjusted(12 * k, 10 * k, -12 * k, 0), self.look)
        if self._probe is None:
            page.write("Looking at the state under the cursor …", theme.muted)
            return
        page.write(self._probe.trust.sentence, theme.ink, 9.5, bold=True)
        page.rows(f"picture, step {self._probe.step:,}", picture_rows(self._probe))
        page.rows("curvature of the loss", curvature_rows(self._probe, self._stability))
        page.meter(self._probe.forecast.sharpness, self._probe.forecast.limit, self._stability)
        for sentence in _sentences(self._probe):
            page.write(sentence, theme.ink if sentence.startswith("⚠") else theme.muted)


class _Page:
    """Writes downwards in a rectangle: sentences that wrap, rows of a name and a value, a meter."""

    def __init__(self, painter: QPainter, rect: QRectF, style: Style) -> None:
        self._painter, self._rect, self._style, self._y = painter, rect, style, rect.top()

    def write(self, text: str, ink: str, points: float = 8.5, bold: bool = False) -> None:
        font = self._style.font(points, bold)
        room = QRectF(self._rect.left(), self._y, self._rect.width(), 1e4)
        flags = int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignLeft)
        box = QFontMetricsF(font).boundingRect(room, flags, text)
        self._painter.setFont(font)
        self._painter.setPen(QColor(ink))
        self._painter.drawText(box, flags, text)
        self._y = box.bottom() + GAP * self._style.scale

    def rows(self, heading: str, rows: list[Row]) -> None:
        style, k, left = self._style, self._style.scale, Qt.AlignmentFlag.AlignLeft
        self._line(heading)
        for name, value in rows:
            y = self._y + LINE / 2 * k
            draw_text(self._painter, QPointF(self._rect.left(), y), name, style, style.theme.muted, align=left)
            at = QPointF(self._rect.left() + 0.46 * self._rect.width(), y)
            draw_text(self._painter, at, value, style, style.theme.ink, align=left)
            self._y += LINE * k
        self._y += GAP * k

    def _line(self, heading: str) -> None:
        style, k = self._style, self._style.scale
        self._painter.setPen(style.pen(style.theme.line, 1))
        self._painter.drawLine(QPointF(self._rect.left(), self._y), QPointF(self._rect.right(), self._y))
        at = QPointF(self._rect.left(), self._y + LINE / 2 * k)
        draw_text(self._painter, at, heading, style, style.theme.muted, 7.5, align=Qt.AlignmentFlag.AlignLeft)
        self._y += LINE * k

    def meter(self, value: float, limit: float, name: str) -> None:
        """How near a curvature is to its limit: a bar, full at twice the limit, which is marked."""
        if not (math.isfinite(value) and math.isfinite(limit) and limit > 0):
            return
        style, k, theme = self._style, self._style.scale, self._style.theme
        bar = QRectF(self._rect.left(), self._y, self._rect.width(), 9 * k)
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(QColor(theme.line))
        self._painter.drawRect(bar)
        share = min(max(value / limit, 0.0), 2.0) / 2.0
        self._painter.setBrush(QColor(theme.accent))
        self._painter.drawRect(QRectF(bar.left(), bar.top(), bar.width() * share, bar.height()))
        middle = bar.center().x()
        self._painter.setPen(style.pen(theme.ink, 2))
        self._painter.drawLine(QPointF(middle, bar.top() - 3 * k), QPointF(middle, bar.bottom() + 3 * k))
        draw_text(
            self._painter, QPointF(middle, bar.bottom() + 12 * k), f"unstable beyond {name}", style, theme.muted, 7.5
        )
        self._y = bar.bottom() + (LINE + GAP) * k


def picture_rows(probe: Probe) -> list[Row]:
    """What the picture leaves out, as names and values."""
    trust = probe.trust
    rows = [
        ("true loss", number(trust.true, 4)),
        ("on the sheet", f"{number(trust.sheet, 4)} ({_signed(trust.gap)})"),
        ("off the plane", f"{number(trust.distance)} ({_share(trust.off)} of the way)"),
        ("gradient inside it", f"{_share(trust.share)} of its norm"),
        ("path inside it", f"{_share(trust.explained)} of its variance"),
        ("a random walk's", f"{_share(trust.walk)} in its best plane"),
    ]
    return [(name, value.replace("nan", "–")) for name, value in rows]


def curvature_rows(probe: Probe, stability: str) -> list[Row]:
    """The outermost curvatures, the optimizer's limit, and the next step, as names and values."""
    ahead, ends = probe.forecast, probe.ends
    scaled = [] if math.isclose(ahead.sharpness, ends.largest, rel_tol=0.02) else [
        ("λmax to the optimizer", number(ahead.sharpness))
    ]  # fmt: skip
    rows = [
        ("λmax", number(ends.largest)),
        *scaled,
        ("limit", f"{number(ahead.limit)} = {stability}"),
        ("λmin", number(ends.smallest)),
        ("next step", f"{_signed(ahead.predicted)} expected"),
        ("", f"{_signed(ahead.actual)} in fact"),
    ]
    return [(name, value.replace("nan", "–")) for name, value in rows]


def _sentences(probe: Probe) -> list[str]:
    warning = [f"⚠ {probe.forecast.warning}"] if probe.forecast.warning else []
    return [*warning, *([probe.point.sentence] if probe.point is not None else [])]


def _share(share: float) -> str:
    if not math.isfinite(share):
        return "–"
    if 0 < share < 0.001:
        return "< 0.1%"
    return f"{share:.1%}" if share < 9.995 else f"{number(100 * share)}%"


def _signed(value: float) -> str:
    return number(value) if value < 0 or not math.isfinite(value) else f"+{number(value)}"
