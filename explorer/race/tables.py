"""The two tables of a race: the optimizers to choose from, and what came of them."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from explorer.frame import number, racing_slot
from explorer.style import Style, swatch
from model import Optimizer, SettingError
from model.race import KINDS, Entry, Race, Result, results
from model.storage import replacing

COLUMNS = ("Optimizer", "Rate η", "Loss at budget", "Steps to goal", "λmax at end", "Diverged")
OWN = "as set"  # the experiment's learning rate
ROW = 25  # pixels
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
VALUE = Qt.ItemDataRole.UserRole


class Entrants(QTableWidget):
    """A check list of all optimizers; beside each its learning rate, to be typed over. Final."""

    def __init__(self, chosen: Race, style: Style) -> None:
        super().__init__(len(KINDS), 2)
        self.setAccessibleName("Optimizers that race")
        self.setHorizontalHeaderLabels(["Optimizer", "Rate η"])
        rates = dict(chosen.entered)
        for row, kind in enumerate(KINDS.values()):
            item = QTableWidgetItem(_sample(kind, style), kind.caption)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if kind in rates else Qt.CheckState.Unchecked)
            item.setToolTip("Space or a click lets it race, or not")
            rate = QTableWidgetItem(f"{rates[kind]:g}" if rates.get(kind) else OWN)
            rate.setToolTip(f"Its own learning rate, to be typed; “{OWN}” is that of the experiment")
            rate.setTextAlignment(RIGHT)
            self.setItem(row, 0, item)
            self.setItem(row, 1, rate)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.AnyKeyPressed | triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        _dress(self)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(1, 84)
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + len(KINDS) * ROW + 4)

    @property
    def names(self) -> str:
        """Those that are checked, as `Race` reads them; raises `SettingError` if none is."""
        parts = []
        for row, name in enumerate(KINDS):
            rate = cell(self, row, 1).text().strip()
            if cell(self, row, 0).checkState() == Qt.CheckState.Checked:
                parts.append(name if rate in ("", OWN) else f"{name}={rate}")
        if not parts:
            raise SettingError("optimizers", "none", "at least one, checked in the list")
        return "; ".join(parts)


class Results(QTableWidget):
    """The results so far, one optimizer a row; a click on a heading sorts by it. Final."""

    def __init__(self, style: Style) -> None:
        super().__init__(0, len(COLUMNS))
        self._style = style
        self.setAccessibleName("Result of the race")
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        _dress(self)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Fixed)
        self.setColumnWidth(0, 172)
        self.setSortingEnabled(True)
        self.sortByColumn(2, Qt.SortOrder.AscendingOrder)

    def show_entries(self, entries: list[Entry], settings: Race) -> None:
        """Show the results of these entries, each of which has tried a rate, sorted as before."""
        rows = results(entries, settings)
        self.setSortingEnabled(False)  # or rows would move while they are being filled
        self.setRowCount(len(rows))
        for row, (entry, result) in enumerate(zip(entries, rows, strict=True)):
            for column, (value, words) in enumerate(zip(result, texts(result), strict=True)):
                item = Cell(words)
                item.setData(VALUE, value)
                item.setToolTip(f"{COLUMNS[column]}: {words}")
                if column:
                    item.setTextAlignment(RIGHT)
                else:
                    item.setIcon(_sample(type(entry.optimizer), self._style))
                self.setItem(row, column, item)
        self.setSortingEnabled(True)
        self.setAccessibleDescription("; ".join(", ".join(texts(result)) for result in rows))

    def save(self, path: Path) -> None:
        """Write the table as CSV, rows as they are sorted, numbers in full; empty for never. Raises `OSError`."""
        rows = [
            [cell(self, row, column).data(VALUE) for column in range(len(COLUMNS))] for row in range(self.rowCount())
        ]
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *rows])


class Cell(QTableWidgetItem):
    """A cell that is sorted by its value; where there is no number it comes last."""

    def __lt__(self, other: QTableWidgetItem) -> bool:
        mine, others = self.data(VALUE), other.data(VALUE)
        return mine < others if isinstance(mine, str) else _sortable(mine) < _sortable(others)


def _sortable(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value


def texts(result: Result) -> tuple[str, ...]:
    """The cells of a row."""
    return (
        result.optimizer,
        number(result.rate),
        number(result.loss, 4) if math.isfinite(result.loss) else "diverged",
        "never" if result.steps is None else f"{result.steps:,.10g}",
        number(result.sharpness) if math.isfinite(result.sharpness) else "–",
        f"{100 * result.diverged:.0f} %",
    )


def _sample(kind: type[Optimizer], style: Style) -> QIcon:
    """A piece of an optimizer's curve, sharp on any screen."""
    return swatch(f"ended{racing_slot(kind)}", style, ratio=3.0)


def cell(table: QTableWidget, row: int, column: int) -> QTableWidgetItem:
    """An item that is there."""
    item = table.item(row, column)
    assert item is not None, (row, column)
    return item


def _dress(table: QTableWidget) -> None:
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW)
    table.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
    table.setShowGrid(False)
    table.setIconSize(QSize(28, 18))
