"""The two tables of a race: the optimizers to choose from, and what came of them."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from explorer.frame import number, racing_slot
from explorer.guard import guarded
from explorer.style import Style, swatch
from model import Optimizer, SettingError
from model.race import KINDS, Entry, Race, Result, results
from model.storage import replacing

COLUMNS = ("Optimizer", "Rate η", "Loss at budget", "Steps to goal", "λmax at end", "Diverged")
SAVED = (*COLUMNS[:-1], "Diverged (share)")  # where the cells have no unit beside them
OWN = "as set"  # the experiment's learning rate
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
            item = QTableWidgetItem(_sample(kind, style, self), kind.caption)
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
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        _dress(self)
        self._fit()

    def show_style(self, style: Style) -> None:
        """Draw the samples of the curves as they are drawn in another style."""
        self.setIconSize(QSize(28, 18) * style.scale)
        for row, kind in enumerate(KINDS.values()):
            cell(self, row, 0).setIcon(_sample(kind, style, self))

    def _fit(self) -> None:
        """Room for the letters there are; all optimizers are seen at once."""
        self.setColumnWidth(1, _fitted(self, ["Rate η", OWN]))
        self.setFixedHeight(self.horizontalHeader().sizeHint().height() + len(KINDS) * _fit_rows(self) + 4)

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

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.FontChange:
            self._fit()


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
        self.setSortingEnabled(True)
        self.sortByColumn(2, Qt.SortOrder.AscendingOrder)
        self._fit()

    def show_style(self, style: Style) -> None:
        """Draw the samples of the curves that will be shown as in another style."""
        self._style = style
        self.setIconSize(QSize(28, 18) * style.scale)

    def _fit(self) -> None:
        """Room for the letters there are: no heading is cut off."""
        _fit_rows(self)
        self.horizontalHeader().setMinimumSectionSize(_fitted(self, COLUMNS[1:]))
        self.setColumnWidth(0, _fitted(self, [kind.caption for kind in KINDS.values()]) + self.iconSize().width())

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
                    item.setIcon(_sample(type(entry.optimizer), self._style, self))
                self.setItem(row, column, item)
        self.setSortingEnabled(True)
        self.setAccessibleDescription("; ".join(", ".join(texts(result)) for result in rows))

    def save(self, path: Path) -> None:
        """Write the table as CSV, rows as they are sorted, numbers in full; empty for never. Raises `OSError`."""
        rows = [
            [_plain(cell(self, row, column).data(VALUE)) for column in range(len(COLUMNS))]
            for row in range(self.rowCount())
        ]
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([SAVED, *rows])

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.FontChange:
            self._fit()


class Cell(QTableWidgetItem):
    """A cell that is sorted by its value: numbers, then words, and what has neither comes last."""

    @guarded(fallback=False)
    def __lt__(self, other: QTableWidgetItem) -> bool:
        return _sortable(self.data(VALUE)) < _sortable(other.data(VALUE))


def _plain(value: object) -> object:
    """A whole number without the ".0" that it has as a median."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value


def _sortable(value: object) -> tuple[int, float, str]:
    """What puts values of all kinds in one order: a new row of a table has none until it is filled."""
    if isinstance(value, str):
        return 1, 0.0, value
    number = float(value) if isinstance(value, (int, float)) else math.nan
    return (2, 0.0, "") if math.isnan(number) else (0, number, "")


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


def _sample(kind: type[Optimizer], style: Style, table: QTableWidget) -> QIcon:
    """A piece of an optimizer's curve, as sharp as the screen."""
    return swatch(f"ended{racing_slot(kind)}", style, table.devicePixelRatioF())


def cell(table: QTableWidget, row: int, column: int) -> QTableWidgetItem:
    """An item that is there."""
    item = table.item(row, column)
    assert item is not None, (row, column)
    return item


def _dress(table: QTableWidget) -> None:
    table.verticalHeader().hide()
    table.horizontalHeader().setHighlightSections(False)  # headings would become bold, and too long
    table.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
    table.setShowGrid(False)
    table.setIconSize(QSize(28, 18))


def _fit_rows(table: QTableWidget) -> int:
    """Make the rows as high as its letters need; returns how many pixels that is."""
    height = round(1.6 * table.fontMetrics().height())
    table.verticalHeader().setDefaultSectionSize(height)
    return height


def _fitted(table: QTableWidget, words: Iterable[str]) -> int:
    """How wide a column has to be for any of these words, and a mark of sorting beside them."""
    letters = table.fontMetrics()
    return max(letters.horizontalAdvance(each) for each in words) + 3 * letters.horizontalAdvance("n")
