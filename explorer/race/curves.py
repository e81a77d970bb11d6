"""The curves of a race: of each optimizer the median of its best runs, and as a band everything that it tried."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.drawing.axes import label, plot
from explorer.frame import extremes, racing_slot
from explorer.style import Style, ghost_pen
from model.race import Attempt, Entry

POINTS = 600  # of a curve
DECADES = 32.0  # that the axis shows at most, below the highest loss shown: then squares of rounding errors are left


class Curves(QWidget):
    """Losses against gradient evaluations: medians over the starts, thinly each start, a band over all rates. Final."""

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._style = style
        self.plot = plot(style)
        self.plot.setAccessibleName("Loss of each optimizer against gradient evaluations")
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.plot.setMouseEnabled(False, False)
        self.plot.showGrid(x=True, y=True, alpha=0.12)
        label(self.plot.getAxis("bottom"), "gradient evaluations", style)
        label(self.plot.getAxis("left"), "loss", style)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.plot)

    def show_entries(self, entries: list[Entry], budget: int) -> None:
        """Draw these entries, each of which has tried a rate, and nothing else."""
        self.plot.clear()
        best = [attempt.losses for entry in entries for attempt in entry.best]
        known = _ends(best)
        log = bool(len(known)) and bool(known.min() >= 0 < known.max())
        if log and not known.min():
            known = _ends([np.where(losses > 0, losses, np.nan) for losses in best])
        self.plot.getAxis("left").logarithmic = log
        for entry in entries:
            self._draw_band(entry, log, min(28, 100 // len(entries)))  # many veils would make one grey
        for entry in entries:
            self._draw_starts(entry, log)
        for entry in entries:
            self._draw_curve(*_median(entry.best), self._pen(entry), log)
        self._fit(np.clip(known, -1e300, 1e300), max((float(losses[0]) for losses in best), default=0.0), log, budget)
        self.plot.viewport().update()

    def _pen(self, entry: Entry) -> QPen:
        return ghost_pen(racing_slot(type(entry.optimizer)), self._style, 2.0)

    def _draw_starts(self, entry: Entry, log: bool) -> None:
        """Thin and plain, or with many of them nobody would find the medians."""
        if len(entry.best) > 1:
            ink = self._pen(entry).color()
            ink.setAlpha(90)
            for attempt in entry.best:
                index = extremes(attempt.losses, POINTS)
                self._draw_curve(index, attempt.losses[index], self._style.pen(ink), log)

    def _draw_curve(self, steps: np.ndarray, losses: np.ndarray, line: QPen, log: bool) -> None:
        curve = pg.PlotCurveItem(steps, _bent(losses, log), pen=line, connect="finite")
        curve.setSegmentedLineMode("off")  # drawn piece by piece, dashes would begin anew at every point
        self.plot.addItem(curve)

    def _draw_band(self, entry: Entry, log: bool, opacity: int) -> None:
        if entry.band is None or len(entry.attempts) < 2:
            return
        low, high = entry.band
        there = np.flatnonzero(np.isfinite(low))
        if len(there) < 2:
            return
        index = np.unique(np.linspace(0, there[-1], POINTS).astype(int))
        veil = QColor(self._pen(entry).color())
        veil.setAlpha(opacity)
        sides = (np.clip(side[index], 1e-300 if log else -1e300, 1e300) for side in (low, high))
        self.plot.addItem(
            pg.FillBetweenItem(*(pg.PlotCurveItem(index, _bent(side, log)) for side in sides), brush=veil)
        )

    def _fit(self, known: np.ndarray, start: float, log: bool, budget: int) -> None:
        """Show the best runs as far as they are not ten times above the start; what leaps higher is cut."""
        low, high = 0.0, 1.0
        if len(known):
            highest = float(known.max())
            ends = _bent(np.array([known.min(), min(highest, 10.0 * start) if start > 0 else highest]), log)
            low, high = float(ends[0]), float(ends[1])
            low = max(low, high - DECADES) if log else low
        margin = 0.05 * max(high - low, 1e-9 * max(abs(high), 1.0))
        self.plot.setRange(xRange=(0, budget), yRange=(low - margin, high + margin), padding=0.01)


def _median(attempts: tuple[Attempt, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Steps, and the median loss of all starts after each of them; of one start everything that it did."""
    if len(attempts) == 1:
        index = extremes(attempts[0].losses, POINTS)
        return index, attempts[0].losses[index]
    index = np.unique(np.linspace(0, len(attempts[0].losses) - 1, POINTS).astype(int))
    losses = np.array([attempt.losses[index] for attempt in attempts])
    losses[np.isnan(losses)] = np.inf  # diverged, which is worse than any loss
    with np.errstate(invalid="ignore"):
        middle = np.median(losses, axis=0)
    return index, np.where(np.isfinite(middle), middle, np.nan)


def _ends(curves: list[np.ndarray]) -> np.ndarray:
    """The lowest and the highest of each, where they are finite."""
    ends = np.array([reduce(losses) for losses in curves for reduce in (np.fmin.reduce, np.fmax.reduce)])
    return ends[np.isfinite(ends)]


def _bent(losses: np.ndarray, log: bool) -> np.ndarray:
    if not log:
        return losses
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(losses > 0, np.log10(losses), np.nan)
