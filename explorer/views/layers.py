"""Gradient per layer: how much of it reaches each, as numbers and bars, so that a gradient that vanishes or explodes on
its way back is seen."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.drawing.strip import Strip
from explorer.drawing.view import View, rendered
from explorer.frame import Frame, number
from explorer.style import Style, draw_text
from model import Flow

ROW, LEAST_ROW, HEAD = 42, 27, 42
COLUMNS = {"layer": 0.0, "▬ ‖gradient‖": 0.26, "○ ‖∂L/∂z‖": 0.56, "× next": 0.84}  # and where each begins


class LayersView(View):
    """One row for each layer: the gradient's norm as a bar, the running product of backpropagation as a ring. Final."""

    name, caption = "layers", "Gradient per layer"
    design = (480, 420)

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        self._flow: Flow | None = None
        self._strip = Strip(self._paint, style)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._strip)

    def show_frame(self, frame: Frame) -> None:
        self._flow = frame.flow
        self.setAccessibleDescription("; ".join(" ".join(row) for row in self._rows()) or self._why_empty())
        self._strip.update()

    def picture(self) -> QImage:
        return rendered(self)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """The numbers of each layer as texts: which it is, with its dead units, ‖gradient‖, ‖∂L/∂z‖, and that as a
        multiple of the next."""
        if self._flow is None or not len(self._flow.signals):
            return []
        gradients, signals, dead, _ = self._flow
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            factors = signals[:-1] / signals[1:]
        shown = [*(number(factor, 2) if np.isfinite(factor) else "" for factor in factors), ""]
        names = [f"{layer} · {count} dead" if count else str(layer) for layer, count in enumerate(dead.tolist(), 1)]
        return list(zip(names, map(number, gradients.tolist()), map(number, signals.tolist()), shown, strict=True))

    def _why_empty(self) -> str:
        return "No layers here: a function of x and y." if self._flow is not None else "No state yet."

    def _paint(self, painter: QPainter, rect: QRectF) -> None:
        style, k, rows = self.look, self.look.scale, self._rows()
        left = Qt.AlignmentFlag.AlignLeft
        if not rows:
            draw_text(painter, QPointF(12 * k, 20 * k), self._why_empty(), style, style.theme.muted, align=left)
            return
        assert self._flow is not None
        columns = [12 * k + share * (rect.width() - 24 * k) for share in COLUMNS.values()]
        for words, x in zip(COLUMNS, columns, strict=True):
            draw_text(painter, QPointF(x, 18 * k), words, style, style.theme.muted, 8.5, align=left)
        bar, places = QRectF(12 * k, 0, rect.width() - 24 * k, 0), _places(np.stack(self._flow[:2]))
        row_height = min(max((rect.height() - HEAD * k) / len(rows), LEAST_ROW * k), ROW * k)
        for index, row in enumerate(rows):
            y = HEAD * k + row_height * index
            for text, x in zip(row, columns, strict=True):
                draw_text(painter, QPointF(x, y), text, style, style.theme.ink, align=left)
            self._bar(painter, bar, y + 15 * k, places[:, index])

    def _bar(self, painter: QPainter, bar: QRectF, y: float, places: np.ndarray) -> None:
        theme, k = self.look.theme, self.look.scale
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.line))
        painter.drawRect(QRectF(bar.left(), y - 1 * k, bar.width(), 2 * k))
        painter.setBrush(QColor(theme.accent))
        painter.drawRect(QRectF(bar.left(), y - 4 * k, bar.width() * places[0], 8 * k))
        painter.setBrush(QColor(theme.window))
        painter.setPen(self.look.pen(theme.ink, 1.6))
        painter.drawEllipse(QPointF(bar.left() + bar.width() * places[1], y), 4.5 * k, 4.5 * k)


def _places(values: np.ndarray) -> np.ndarray:
    """Where values lie in [0, 1] on a logarithmic axis of whole decades that holds them all; 0 for nought."""
    positive = values[(values > 0) & np.isfinite(values)]
    if not len(positive):
        return np.zeros(values.shape)
    low, high = np.floor(np.log10(positive.min())) - 1, np.ceil(np.log10(positive.max()))
    with np.errstate(divide="ignore", invalid="ignore"):
        places = (np.log10(values) - low) / max(high - low, 1.0)
    return np.clip(np.nan_to_num(places, posinf=1.0, neginf=0.0), 0.0, 1.0)


VIEW = LayersView
