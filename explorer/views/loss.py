"""The loss curve: what the descents achieved step by step, and what the drawn sheet claims for the same states."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from explorer.drawing.axes import Painted, label, plot
from explorer.drawing.strip import Strip, stacked
from explorer.drawing.view import View, rendered
from explorer.frame import Change, Frame, Run, extremes, sheet_height, within
from explorer.style import GHOSTS, Style, curve_pen, draw_legend, draw_text, ghost_pen, legend_height

POINTS = 600


class LossCurve(View):
    """Loss against step, as recorded and on the sheet; the ended runs beside it; the cursor; what was switched when.
    Final."""

    name, caption = "loss", "Loss curve"
    design = (720, 420)
    share = 0.12

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        theme = style.theme
        self._plot = plot(style)
        self._plot.spent.connect(self.charge)
        self._plot.setAccessibleName("Loss against step")
        self._plot.setMouseEnabled(False, False)
        self._plot.showGrid(x=True, y=True, alpha=0.12)
        self._sheet = pg.PlotCurveItem(pen=curve_pen("dashed", style), connect="finite")
        self._true = pg.PlotCurveItem(pen=curve_pen("solid", style), connect="finite")
        self._cursor = pg.InfiniteLine(angle=90, pen=style.pen(theme.ink, 1))
        self._now = pg.ScatterPlotItem(size=9 * style.scale, brush=theme.accent, pen=style.pen(theme.window, 1.5))
        self._batch = pg.PlotCurveItem(pen=curve_pen("faint", style), connect="finite")
        self._test = pg.PlotCurveItem(pen=curve_pen("dotted", style), connect="finite")
        self._ended = [pg.PlotCurveItem(pen=ghost_pen(slot, style), connect="finite") for slot in range(len(GHOSTS))]
        self._drawn: list[tuple] = [()] * len(GHOSTS)  # which run each of them shows, and how far
        for item in (self._sheet, self._test, *self._ended):
            item.setSegmentedLineMode("off")  # drawn piece by piece, dashes would begin anew at every point
        for item in (self._batch, *self._ended, self._sheet, self._true, self._test, self._cursor, self._now):
            self._plot.addItem(item)
        self._changes: tuple[Change, ...] = ()
        self._shown: tuple = ()  # what the curves are of
        self._plot.addItem(Painted(self._paint_changes), ignoreBounds=True)
        self._entries = [("solid", "true loss")]
        label(self._plot.getAxis("bottom"), "step", style)
        label(self._plot.getAxis("left"), "loss", style)
        self._legend = Strip(self._paint_legend, style, height=22)
        stacked(self, self._legend, self._plot, style)

    def show_frame(self, frame: Frame) -> None:
        run = frame.run
        self._changes = run.changes if run else ()
        self._plot.viewport().update()
        drawn = (frame.runs, frame.surface, frame.logarithmic, frame.whole, frame.training, frame.until)
        if drawn != self._shown:  # while somebody scrubs, only the cursor moves
            self._shown = drawn
            self._show_curves(frame, run)
        if run is not None:
            step, loss = run.trajectory.first + frame.cursor, run.losses[frame.cursor : frame.cursor + 1]
            self._cursor.setValue(step)
            self._now.setData([step], _bent(loss, self._plot.getAxis("left").logarithmic))

    def _show_curves(self, frame: Frame, run: Run | None) -> None:
        for item in (self._cursor, self._now, self._true):
            item.setVisible(run is not None)
        for item in (self._sheet, self._batch, self._test):
            item.setVisible(False)  # until there is something to draw: a curve of no points takes as long as any other
        if run is None:
            self._show_ended((), False)
            self._name([])
            self._plot.getAxis("left").logarithmic = False
            self._plot.setRange(xRange=(0, 10), yRange=(0, 1), padding=0.01)
            return
        index = extremes(run.losses, POINTS)
        seen = [other.losses for other in (*frame.compared, run)]
        least, most = min(float(np.min(losses, initial=0.0)) for losses in seen), float(np.max(run.losses, initial=0.0))
        log = frame.logarithmic and most > 0 and least >= 0
        self._plot.getAxis("left").logarithmic = log
        steps = index + run.trajectory.first
        true = _bent(run.losses[index], log)
        self._true.setData(steps, true)
        sheet = np.full(len(index), np.nan)
        if frame.surface is not None and not frame.whole:
            sheet = _bent(sheet_height(frame.surface, run.coords[index]), log)
            sheet[index < run.switched] = np.nan  # recorded under another loss, which the sheet does not show
        self._sheet.setData(steps, sheet)
        ended = self._show_ended(frame.compared, log)
        batch, test = self._show_others(run, index, steps, log, sheet, frame.compared)
        self._fit(steps, np.concatenate([true, sheet, batch, test]), frame, ended)

    def _show_ended(self, runs: tuple[Run, ...], log: bool) -> list[tuple[np.ndarray, np.ndarray]]:
        """The curves of ended runs, which change only when one comes or goes; returns steps and losses of each."""
        shown = {run.slot: run for run in runs if run.length}
        for slot, item in enumerate(self._ended):
            run = shown.get(slot)
            drawn = () if run is None else (run.trajectory, run.length, log)
            if drawn != self._drawn[slot]:
                self._drawn[slot] = drawn
                index = np.empty(0, int) if run is None else extremes(run.losses, POINTS)
                first = 0 if run is None else run.trajectory.first
                item.setData(index + first, np.empty(0) if run is None else _bent(run.losses[index], log))
        return [self._ended[slot].getData() for slot in shown]

    def _show_others(
        self, run: Run, index: np.ndarray, steps: np.ndarray, log: bool, sheet: np.ndarray, ended: tuple[Run, ...]
    ) -> tuple[np.ndarray, np.ndarray]:
        """The losses on the mini-batches and on held-out data, where there are any; the legend names what is drawn."""
        curves = list[np.ndarray]()
        for item, losses in ((self._batch, run.batch_losses), (self._test, run.test_losses)):
            values = np.full(len(index), np.nan) if losses is None else _bent(losses[index], log)
            if item is self._batch and losses is not None and np.array_equal(losses[index], run.losses[index]):
                values = np.full(len(index), np.nan)  # every batch is all data
            item.setData(steps, values)
            curves.append(values)
        drawn = [bool(np.isfinite(values).any()) for values in (sheet, *curves)]
        for item, is_drawn in zip((self._sheet, self._batch, self._test), drawn, strict=True):
            item.setVisible(is_drawn)
        words = ("dashed", "on the sheet"), ("faint", "on the mini-batch"), ("dotted", "on held-out data")
        names = [word for word, is_drawn in zip(words, drawn, strict=True) if is_drawn]
        self._name([*names, *((f"ended{other.slot}", other.label) for other in ended)])
        return curves[0], curves[1]

    def _name(self, others: list[tuple[str, str]]) -> None:
        """In the legend: the recorded loss, and what else is drawn."""
        entries = [("solid", "true loss"), *others]
        if entries != self._entries:
            self._entries = entries
            self._legend.fit(legend_height(self._room, entries, self.look))

    @property
    def _room(self) -> float:
        """For the legend, from side to side."""
        return self.width() - 14 * self.look.scale

    def picture(self) -> QImage:
        return rendered(self)

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._legend.fit(legend_height(self._room, self._entries, self.look))

    def _fit(
        self, steps: np.ndarray, values: np.ndarray, frame: Frame, ended: list[tuple[np.ndarray, np.ndarray]]
    ) -> None:
        # Following a run, the axis reaches to the step where training will pause, so that it does not breathe.
        last = max(int(steps[-1]), frame.until if frame.training else 0, 10, *(int(others[-1]) for others, _ in ended))
        first = min(int(steps[0]), *(int(others[0]) for others, _ in ended), int(steps[0]))
        finite = np.clip(values[np.isfinite(values)], -1e300, 1e300)  # with room for a margin
        # An ended run that has diverged shall not press the others flat: it leaves the picture.
        others = np.concatenate([np.empty(0), *(losses for _, losses in ended)])
        reach = 1.0 if self._plot.getAxis("left").logarithmic else float(np.ptp(finite)) if len(finite) else 0.0
        finite = np.append(finite, others[others <= finite.max(initial=-np.inf) + reach])
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        # In eighths of the height, so that the axis stays while a curve creeps lower.
        step = 2.0 ** np.floor(np.log2(max(high - low, 1e-12) / 8))
        low, high = np.floor(low / step - 0.3) * step, np.ceil(high / step + 0.3) * step
        self._plot.setXRange(first, last, padding=0.01)
        self._plot.setYRange(low, high, padding=0)

    def _paint_changes(self, painter: QPainter) -> None:
        """A dotted line where a setting was changed, and what was changed in the first row that has room for it; where
        none has, the number of the change, as on the timeline's flag."""
        k, theme, letters = self.look.scale, self.look.theme, QFontMetricsF(self.look.font(8))
        to_screen, box = painter.worldTransform(), self._plot.getPlotItem().vb.viewRect()
        room = to_screen.mapRect(box)
        pitch = letters.height() + 3 * k
        ends = [-np.inf] * max(int(0.8 * room.height() / pitch), 1)  # how far each row is taken
        painter.save()
        painter.resetTransform()
        for number, change in enumerate(self._changes, 1):
            x = to_screen.map(QPointF(change.step, box.center().y())).x()
            painter.setPen(self.look.pen(theme.muted, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, room.top()), QPointF(x, room.bottom()))
            width = letters.horizontalAdvance(change.text) + 8 * k
            left = max(min(x + 2 * k, room.right() - width), room.left())
            row = next((row for row, end in enumerate(ends) if end < left), None)
            words = change.text if row is not None else str(number)
            if row is None:
                row, left, width = len(ends) - 1, x + 2 * k, letters.horizontalAdvance(words) + 8 * k
            ends[row] = max(ends[row], left + width)
            label_ = QRectF(left, room.top() + 2 * k + row * pitch, width, pitch - k)
            painter.fillRect(label_, QColor(theme.raised))
            draw_text(painter, label_.center(), words, self.look, theme.ink, 8)
        painter.restore()

    def _paint_legend(self, painter, rect) -> None:
        k = self.look.scale
        draw_legend(painter, rect.adjusted(6 * k, 0, 0, 0), self._entries, self.look)


def _bent(losses: np.ndarray, log: bool) -> np.ndarray:
    if not log:
        return within(losses)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(losses > 0, np.log10(losses), np.nan)


VIEW = LossCurve
