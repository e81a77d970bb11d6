"""The slice: the loss along one line, with the tangent and the parabola that touch it at the current state."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from explorer.drawing.axes import label, plot
from explorer.drawing.strip import Strip, stacked
from explorer.drawing.view import View, rendered
from explorer.frame import Frame, number
from explorer.style import Style, curve_pen, draw_legend, legend_height
from model import Profile
from model.line import barrier
from model.running import Bridge


class SliceView(View):
    """Loss against the position on a line; a band where many lines were looked at; the barrier between two states."""

    name, caption = "slice", "Slice"
    design = (560, 420)
    probes = ("slice",)

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        theme = style.theme
        self._profile: Profile | None = None
        self._entries: list[tuple[str, str]] = []
        self._plot = plot(style)
        self._plot.setAccessibleName("Loss along a line")
        self._plot.setMouseEnabled(False, False)
        self._plot.showGrid(x=True, y=True, alpha=0.12)
        ink = QColor(theme.accent)
        ink.setAlpha(60)
        edges = [pg.PlotCurveItem(pen=None) for _ in range(2)]
        self._band = pg.FillBetweenItem(*edges, brush=ink)
        self._edges = edges
        self._loss = pg.PlotCurveItem(pen=curve_pen("solid", style), connect="finite")
        self._parabola = pg.PlotCurveItem(pen=curve_pen("dashed", style), connect="finite")
        self._tangent = pg.PlotCurveItem(pen=curve_pen("dotted", style), connect="finite")
        for item in (self._parabola, self._tangent):
            item.setSegmentedLineMode("off")
        self._now = pg.ScatterPlotItem(size=9 * style.scale, brush=theme.accent, pen=style.pen(theme.window, 1.5))
        for item in (self._band, *edges, self._parabola, self._tangent, self._loss, self._now):
            self._plot.addItem(item, ignoreBounds=True)
        label(self._plot.getAxis("left"), "loss", style)
        self._legend = Strip(self._paint_legend, style, height=20)
        stacked(self, self._legend, self._plot, style)

    def show_frame(self, frame: Frame) -> None:
        profile = frame.probe.profile if frame.probe is not None else None
        if frame.bridge is not None:
            self._show_bridge(frame.bridge)
            return
        if profile is self._profile and profile is not None:
            return
        self._profile = profile
        shown = profile is not None
        for item in (self._band, self._loss, self._parabola, self._tangent, self._now):
            item.setVisible(shown)
        self._plot.viewport().update()
        self._legend.update()
        if profile is None or frame.probe is None:
            missing = frame.probe.missing if frame.probe is not None else ""
            self._entries = [("", missing or "no slice yet")]
            self._plot.setRange(xRange=(-1, 1), yRange=(0, 1), padding=0)
            label(self._plot.getAxis("bottom"), "", self.look)
            self._legend.fit(legend_height(self.width() - 8 * self.look.scale, self._entries, self.look))
            self.setAccessibleDescription(missing or "no slice yet")
            return
        low, high = self._span(profile)
        self._plot.setRange(xRange=profile.line.bounds, yRange=(low, high), padding=0)
        label(self._plot.getAxis("bottom"), profile.line.label, self.look)
        self._draw(profile, frame, low, high)
        self._legend.fit(legend_height(self.width() - 8 * self.look.scale, self._entries, self.look))
        self.setAccessibleDescription(f"{profile.line.label}: " + ", ".join(words for _, words in self._entries))

    def _show_bridge(self, bridge: Bridge) -> None:
        """Both ways between two runs: the straight one and the curve of low loss."""
        self._profile = None
        for item in (self._band, self._tangent, self._now):
            item.setVisible(False)
        for item, values in ((self._loss, bridge.curved), (self._parabola, bridge.straight)):
            item.setVisible(True)
            item.setData(bridge.t, np.where(np.isfinite(values), values, np.nan))
        both = np.concatenate([bridge.curved, bridge.straight])
        both = both[np.isfinite(both)]
        low, high = (float(both.min()), float(both.max())) if len(both) else (0.0, 1.0)
        room = max(high - low, 1e-9)
        self._plot.setRange(xRange=(0, 1), yRange=(low - 0.08 * room, high + 0.08 * room), padding=0)
        label(self._plot.getAxis("bottom"), " → ".join(bridge.names), self.look)
        straight, curved = (number(barrier) for barrier in bridge.barriers)
        self._entries = [("solid", f"curve, barrier {curved}"), ("dashed", f"straight, barrier {straight}")]
        self._legend.fit(legend_height(self.width() - 8 * self.look.scale, self._entries, self.look))
        self.setAccessibleDescription("; ".join(words for _, words in self._entries))
        self._plot.viewport().update()

    def picture(self) -> QImage:
        return rendered(self)

    def _draw(self, profile: Profile, frame: Frame, low: float, high: float) -> None:
        t, touching = profile.t, frame.probe.parabola if frame.probe is not None else None
        self._entries = [("solid", "loss")]
        middle = profile.loss if profile.band is None else profile.band[1]
        self._loss.setData(t, _held(middle, low, high))
        self._band.setVisible(profile.band is not None)
        if profile.band is not None:
            for edge, values in zip(self._edges, (profile.band[0], profile.band[2]), strict=True):
                edge.setData(t, np.clip(np.nan_to_num(values, nan=high, posinf=high), low, high))
            self._entries = [("solid", "median loss"), ("band", "least to largest")]
        for item in (self._parabola, self._tangent, self._now):
            item.setVisible(touching is not None)
        if touching is not None:
            self._parabola.setData(t, _held(touching.height(t), low, high))
            self._tangent.setData(t, _held(touching.tangent(t), low, high))
            self._now.setData([touching.at], [touching.value])
            self._entries += [("dotted", "tangent"), ("dashed", f"parabola, curvature {number(touching.curvature)}")]
        if profile.line.bounds == (0.0, 1.0):
            self._entries.append(("", f"barrier {number(barrier(profile))}"))

    def _span(self, profile: Profile) -> tuple[float, float]:
        values = profile.loss if profile.band is None else profile.band.ravel()
        finite = values[np.isfinite(values)]
        if not len(finite):
            return 0.0, 1.0
        finite = np.sort(np.clip(finite, -1e300, 1e300))  # beyond that nothing can be drawn
        low, middle, high = (float(finite[index]) for index in (0, len(finite) // 2, -1))
        cut = low + 20 * (middle - low)  # a wall does not press flat what lies before it
        high = cut if low < cut < high else high
        room = max(high - low, 1e-9 * max(1.0, abs(high)))
        return low - 0.08 * room, high + 0.08 * room

    def _paint_legend(self, painter, rect) -> None:
        draw_legend(painter, rect.adjusted(6 * self.look.scale, 0, 0, 0), self._entries, self.look)


def _held(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values that a painter can count to: what lies far off the picture is left out."""
    far = 3 * (high - low)
    return np.where((values > low - far) & (values < high + far), values, np.nan)


VIEW = SliceView
