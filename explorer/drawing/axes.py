"""Plots with our own look: fonts and pens that scale, and an axis that numbers logarithms well."""

from __future__ import annotations

import time

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QGraphicsItem

from explorer.frame import log_levels, numbers, round_levels
from explorer.guard import guarded, say_so
from explorer.style import Style


class NumberAxis(pg.AxisItem):
    """An axis with round numbers; when `logarithmic`, its positions are log₁₀ of what it says."""

    logarithmic = False

    @guarded(fallback=())
    def tickValues(self, minVal, maxVal, size):
        low, high = sorted((minVal, maxVal))
        if not high > low:
            return []
        about = max(3, size / (65 if self.orientation in ("bottom", "top") else 42) / self.spread)
        if self.logarithmic:
            low, high = max(low, -300.0), min(high, 300.0)  # a margin may reach beyond the range of numbers
            levels = np.log10(log_levels(10.0**low, 10.0**high, round(about))) if high > low else np.empty(0)
        else:
            levels = round_levels(low, high, round(about))
        return [(1.0, levels.tolist())]

    @guarded(fallback=lambda axis, values, *_: [""] * len(values))
    def tickStrings(self, values, scale, spacing):
        return numbers([10.0**value if self.logarithmic else round(value, 12) for value in values])

    spread = 1.0


class Plot(pg.PlotWidget):
    """A plot that says how long it took to paint it."""

    spent = Signal(float)  # seconds

    @guarded(say_so)
    def paintEvent(self, event) -> None:
        began = time.perf_counter()
        super().paintEvent(event)
        self.spent.emit(time.perf_counter() - began)


def plot(style: Style) -> Plot:
    """An empty plot widget in our look; wheel zooms, drag pans, no menus."""
    axes = {side: NumberAxis(side) for side in ("left", "bottom")}
    for axis in axes.values():
        axis.spread = style.scale
        axis.setPen(style.pen(style.theme.line))
        axis.setTextPen(style.theme.muted)
        axis.setStyle(
            tickFont=style.font(8.5), tickLength=round(-4 * style.scale), tickTextOffset=round(5 * style.scale),
            autoExpandTextSpace=True, tickTextHeight=round(18 * style.scale),
        )  # fmt: skip
        axis.enableAutoSIPrefix(False)
        axis.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)  # numbers take longer to write than a path
    # Fixed, so that a plot does not breathe while its numbers change.
    axes["left"].setWidth(round(58 * style.scale))
    axes["bottom"].setHeight(round(40 * style.scale))
    widget = Plot(axisItems=axes, background=style.theme.window)
    item = widget.getPlotItem()
    item.hideButtons()
    item.setMenuEnabled(False)
    item.setContentsMargins(*(round(m * style.scale) for m in (4, 4, 10, 2)))
    widget.setFrameShape(pg.QtWidgets.QFrame.Shape.NoFrame)
    # A scene tells its view of changes one by one and late, so that a frame would be painted in pieces. Views ask for
    # one whole repaint for each frame instead; so do zooming and panning.
    widget.setViewportUpdateMode(widget.ViewportUpdateMode.NoViewportUpdate)
    item.vb.sigRangeChanged.connect(widget.viewport().update)
    widget.setMinimumSize(1, 1)  # pictures may be smaller than Qt finds sensible for a window
    return widget


def label(axis: pg.AxisItem, text: str, style: Style) -> None:
    """Name an axis."""
    if axis.labelText != text:
        size = style.font(9).pixelSize()
        axis.setLabel(text, **{"color": style.theme.muted, "font-size": f"{size}px"})
        axis.resizeEvent()  # centres it, which pyqtgraph would put off until the axis changes its size


class Painted(pg.GraphicsObject):
    """Something painted over a whole plot by a function `(painter, item)`, in the plot's coordinates."""

    def __init__(self, paint, cached: bool = False) -> None:
        super().__init__()
        self._paint = paint
        if cached:
            self.setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    @guarded(fallback=lambda *_: QRectF())
    def boundingRect(self) -> QRectF:
        return self.viewRect()

    def viewRangeChanged(self):
        self.prepareGeometryChange()
        self.update()

    @guarded()
    def paint(self, painter, *args):
        self._paint(painter)
