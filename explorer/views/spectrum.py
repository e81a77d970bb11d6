"""The spectrum: all eigenvalues of the Hessian at the current state, upward and downward curvatures told apart."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from explorer.drawing.axes import label, plot
from explorer.drawing.strip import Strip, stacked
from explorer.drawing.view import View, rendered
from explorer.frame import Frame, number
from explorer.style import Style, draw_legend, legend_height

DECADES = 9  # below the largest: what is smaller is rounding


class SpectrumView(View):
    """|λ| of every eigenvalue, largest λ first: a disc where the loss curves up, a triangle where down. Final."""

    name, caption = "spectrum", "Spectrum of the Hessian"
    design = (560, 420)
    probes = ("spectrum",)

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        theme = style.theme
        self._values: np.ndarray | None = None
        self._entries: list[tuple[str, str]] = []
        self._plot = plot(style)
        self._plot.setAccessibleName("Eigenvalues of the Hessian")
        self._plot.setMouseEnabled(False, False)
        self._plot.showGrid(x=True, y=True, alpha=0.12)
        self._plot.getAxis("left").logarithmic = True
        size, rim = 5 * style.scale, style.pen(theme.window, 0.5)
        self._up = pg.ScatterPlotItem(size=size, brush=theme.accent, pen=rim)
        self._down = pg.ScatterPlotItem(size=1.4 * size, symbol="t", brush=theme.ink, pen=rim)
        for item in (self._up, self._down):
            self._plot.addItem(item, ignoreBounds=True)
        label(self._plot.getAxis("left"), "|λ|", style)
        label(self._plot.getAxis("bottom"), "rank", style)
        self._legend = Strip(self._paint_legend, style, height=20)
        stacked(self, self._legend, self._plot, style)

    def show_frame(self, frame: Frame) -> None:
        values = frame.probe.spectrum if frame.probe is not None else None
        if values is self._values and values is not None:
            return
        self._values = values
        self._plot.viewport().update()
        if values is None or not np.isfinite(values).all():
            self._entries = [("", "no spectrum yet, or too many parameters for one")]
            self._up.setData([], [])
            self._down.setData([], [])
            self._plot.setRange(xRange=(0, 1), yRange=(-1, 0), padding=0.01)
        else:
            self._draw(np.sort(values)[::-1])
        self._legend.fit(legend_height(self.width() - 8 * self.look.scale, self._entries, self.look))
        self.setAccessibleDescription("; ".join(words for _, words in self._entries))

    def picture(self) -> QImage:
        return rendered(self)

    def _draw(self, values: np.ndarray) -> None:
        size = np.abs(values)
        top = np.log10(max(float(size.max()), 1e-300))
        with np.errstate(divide="ignore"):
            heights = np.log10(size)
        rank, level = np.arange(1, len(values) + 1), heights <= top - DECADES
        up, down = (values > 0) & ~level, (values < 0) & ~level
        for item, part in ((self._up, up), (self._down, down)):
            item.setData(rank[part], heights[part])
        lowest = float(heights[~level].min()) if not level.all() else top - 1
        self._plot.setRange(xRange=(0, len(values) + 1), yRange=(lowest - 0.3, top + 0.3), padding=0.01)
        self._entries = [
            ("up", f"{up.sum():,} up"), ("down", f"{down.sum():,} down"), ("", f"{level.sum():,} level"),
            ("", f"trace {number(float(values.sum()))}"),
        ]  # fmt: skip

    def _paint_legend(self, painter, rect) -> None:
        draw_legend(painter, rect.adjusted(6 * self.look.scale, 0, 0, 0), self._entries, self.look)


VIEW = SpectrumView
