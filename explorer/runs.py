"""The list of runs as a table: what each is called, where it got, how; shown, hidden, removed, compared, exported."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QItemSelectionModel, QSignalBlocker, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from explorer.export.dialog import may_replace
from explorer.frame import Frame, Run, number
from explorer.race.tables import RIGHT, VALUE, Cell, cell
from explorer.style import GHOSTS, Style, swatch
from model.storage import replacing

EVERY = 250  # milliseconds between two refreshes: a table that changes at every frame lays out its window as often
DASHES = {
    Qt.PenStyle.SolidLine: "solid", Qt.PenStyle.DashLine: "dashed", Qt.PenStyle.DotLine: "dotted",
    Qt.PenStyle.DashDotLine: "dash-dotted", Qt.PenStyle.DashDotDotLine: "dash-dot-dotted",
}  # fmt: skip
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
Flag, Key = Qt.ItemFlag, Qt.Key


class Row(NamedTuple):
    """What the table says about a run. Losses are those under its latest loss function, as recorded."""

    number: int
    name: str
    state: str
    shown: str
    steps: int
    newest: float
    lowest: float
    optimizer: str
    rate: float
    loss: str
    changes: str


TITLES = (
    "No.", "Run", "State", "Shown", "Steps", "Newest loss", "Lowest loss", "Optimizer", "Rate η", "Loss function",
    "Changes",
)  # fmt: skip
SAMPLES = (
    "____ 88", "run 2 from step 10,000", "elsewhere", "__ always", "100,000", "0.001234", "0.001234",
    "Gradient descent", "0.00123", "Softmax cross-entropy", "12 · Learning rate η 0.001 → 0.002",
)  # fmt: skip
NAME, STATE, SHOWN, CHANGES = (Row._fields.index(name) for name in ("name", "state", "shown", "changes"))
STATES = {
    "active": "this run is scrubbed, and trained on with T",
    "ended": "Enter makes it the active run again",
    "elsewhere": "it belongs to another landscape: only its losses are drawn. Enter goes back to it",
}
NUMBERS = [Row._fields.index(name) for name in ("steps", "newest", "lowest", "rate")]


def row_of(run: Run, active: bool) -> Row:
    """A run in one row; losses are NaN before its first state."""
    experiment, descent = run.experiment, run.experiment.descent
    losses = run.losses[min(run.switched, max(run.length - 1, 0)) : run.length]
    finite = losses[np.isfinite(losses)]
    state, shown = ("active", "always") if active else ("ended", "hidden" if run.hidden else "shown")
    state = "elsewhere" if run.elsewhere else state
    return Row(
        run.number, run.label, state, shown,
        max(run.length - 1, 0),
        float(losses[-1]) if len(losses) else math.nan, float(finite.min()) if len(finite) else math.nan,
        descent.optimizer.caption, descent.schedule.learning_rate,
        experiment.loss.caption if experiment.learns else experiment.function.caption,
        "\n".join(f"step {change.step:,}: {change.text}" for change in run.changes),
    )  # fmt: skip


def texts(row: Row) -> tuple[str, ...]:
    """The cells of a row."""
    newest, lowest = (number(loss, 4) if math.isfinite(loss) else "–" for loss in (row.newest, row.lowest))
    steps, rate = f"{row.steps:,}", number(row.rate)
    changes = row.changes.splitlines()
    latest = f"{len(changes)} · {changes[-1].partition(': ')[2]}" if changes else "–"
    return (
        str(row.number), row.name, row.state, row.shown, steps, newest, lowest, row.optimizer, rate, row.loss, latest,
    )  # fmt: skip


class RunsTable(QTableWidget):
    """One run a row, sorted by a click on a heading or by F3 in its column. Final.

    Cells follow their run, by its number, wherever sorting puts them.
    """

    renamed = Signal(int, str)
    hid = Signal(int, bool)
    removed = Signal(int)
    activated_ = Signal(int)

    def __init__(self) -> None:
        super().__init__(0, len(TITLES))
        self._cells: dict[int, list[Cell]] = {}
        self.setAccessibleName("Runs")
        self.setHorizontalHeaderLabels(TITLES)
        for column, title in enumerate(TITLES):
            heading = self.horizontalHeaderItem(column)
            assert heading is not None
            heading.setToolTip(f"{title}: a click here, or F3 in this column, sorts by it")
            heading.setTextAlignment(RIGHT if column in NUMBERS else LEFT)
        triggers = QAbstractItemView.EditTrigger  # letters are the window's keys
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self._fit()
        self.itemChanged.connect(self._tell)

    @property
    def editing(self) -> bool:
        """Whether a name is being typed."""
        return self.state() == QAbstractItemView.State.EditingState

    @property
    def chosen(self) -> int | None:
        """The number of the run whose row is the current one."""
        row = self.currentRow()
        return None if row < 0 else int(cell(self, row, 0).data(VALUE))

    def rows(self) -> list[list[object]]:
        """What the table says, as it is sorted: the titles, then a list of values a run; None where there is none."""
        values = [[cell(self, r, column).data(VALUE) for column in range(len(TITLES))] for r in range(self.rowCount())]
        blank = [[None if isinstance(v, float) and math.isnan(v) else v for v in row] for row in values]
        return [list(TITLES), *blank]

    def show_runs(self, runs: tuple[Run, ...]) -> None:
        """List these runs, the last being the active one."""
        with QSignalBlocker(self):  # only a person's changes are wishes
            for gone in set(self._cells) - {run.number for run in runs}:
                self.removeRow(self.row(self._cells.pop(gone)[0]))
            for run in runs:
                active = run is runs[-1]
                if run.number not in self._cells:
                    self._add(run.number)
                self._fill(self._cells[run.number], row_of(run, active), "path" if active else f"ghost{run.slot}")
        said = [", ".join(cells[column].text() for column in range(NAME, 6)) for cells in self._cells.values()]
        self.setAccessibleDescription("; ".join(said))

    def _add(self, number: int) -> None:
        cells = [Cell() for _ in TITLES]
        cells[0].setData(VALUE, number)
        self.setSortingEnabled(False)  # or the row would move while it is being filled
        self.insertRow(0)
        for column, item in enumerate(cells):
            item.setFlags(Flag.ItemIsEnabled | Flag.ItemIsSelectable)
            if column in NUMBERS:
                item.setTextAlignment(RIGHT)
            self.setItem(0, column, item)
        cells[NAME].setFlags(cells[NAME].flags() | Flag.ItemIsEditable)
        self.setSortingEnabled(True)
        self._cells[number] = cells

    def _fill(self, cells: list[Cell], row: Row, kind: str) -> None:
        for item, title, value, words in zip(cells, TITLES, row, texts(row), strict=True):
            if item.text() != words or item.data(VALUE) != value:
                item.setData(VALUE, value)
                item.setText(words)
                item.setToolTip(f"{title}: {words}")
        cells[CHANGES].setToolTip(row.changes or "no setting was changed while it trained")
        cells[STATE].setToolTip(STATES[row.state])
        dash = "solid" if kind == "path" else DASHES[GHOSTS[int(kind[5:])].dash]
        cells[0].setIcon(swatch(kind, Style(scale=self.iconSize().height() / 18), self.devicePixelRatioF()))
        cells[0].setToolTip(f"drawn {dash}, as in the legend")
        cells[NAME].setToolTip(f"{row.name}: F2 or a double click to rename")
        shown, ended = cells[SHOWN], row.state != "active"
        flags = Flag.ItemIsEnabled | Flag.ItemIsSelectable
        shown.setFlags(flags | Flag.ItemIsUserCheckable if ended else flags)
        shown.setCheckState(Qt.CheckState.Unchecked if row.shown == "hidden" else Qt.CheckState.Checked)
        shown.setToolTip("Space or a click shows or hides it" if ended else "the active run is always shown")

    @Slot(QTableWidgetItem)
    def _tell(self, item: QTableWidgetItem) -> None:
        number = int(cell(self, item.row(), 0).data(VALUE))
        if item.column() == NAME:
            self.renamed.emit(number, item.text())
        elif item.column() == SHOWN:
            self.hid.emit(number, item.checkState() == Qt.CheckState.Unchecked)

    def _fit(self) -> None:
        """Heights and widths for the letters there are, so that nothing moves while numbers change."""
        letters = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(round(1.7 * letters.height()))
        self.setIconSize(QSize(28, 18) * (letters.height() / 16))
        for column, (title, sample) in enumerate(zip(TITLES, SAMPLES, strict=True)):
            width = max(letters.horizontalAdvance(words) for words in (title, sample))
            self.setColumnWidth(column, width + 2 * letters.horizontalAdvance("n"))

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event) -> None:
        if event.key() in (Key.Key_Delete, Key.Key_Backspace):
            if self.chosen is not None:
                self.removed.emit(self.chosen)
        elif event.key() in (Key.Key_Return, Key.Key_Enter) and not self.editing:
            if self.chosen is not None:
                self.activated_.emit(self.chosen)
        elif event.key() == Key.Key_F3 and self.currentColumn() >= 0:
            header, column = self.horizontalHeader(), self.currentColumn()
            again = header.sortIndicatorSection() == column
            ascending = not again or header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder
            self.sortByColumn(column, Qt.SortOrder.AscendingOrder if ascending else Qt.SortOrder.DescendingOrder)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event) -> None:
        super().focusInEvent(event)
        if self.currentRow() < 0 and self.rowCount():
            self.setCurrentCell(0, NAME, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def sizeHint(self) -> QSize:
        """All columns and a few rows."""
        return QSize(self.horizontalHeader().length() + 24, 6 * self.verticalHeader().defaultSectionSize())

    def changeEvent(self, event) -> None:
        super().changeEvent(event)
        if event.type() == event.Type.FontChange:
            self._fit()


class RunsPanel(QWidget):
    """The table of runs and its buttons. It says what a person wishes; the next frames say what came of it. Final."""

    renamed = Signal(int, str)
    hid = Signal(int, bool)
    removed = Signal(int)
    brought_back = Signal()
    activated = Signal(int)
    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame, self._listed = Frame(), Frame()
        self.table = RunsTable()
        self.setFocusProxy(self.table)
        self.activate = self._button("Make &active", self._activate)
        self.remove = self._button("Remo&ve", self._remove)
        self.back = self._button("&Bring back", self._bring_back)
        self.copy = self._button("Cop&y as table", self._copy, "copy the table, for a spreadsheet")
        self.export = self._button("E&xport…", self._export, "save the table as CSV")
        below = QHBoxLayout()
        for button in (self.activate, self.remove, self.back, self.copy, self.export):
            below.addWidget(button)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.addWidget(self.table, 1)
        column.addLayout(below)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self._refresh)
        table = self.table
        wishes = {
            table.renamed: self.renamed, table.hid: self.hid, table.removed: self.removed,
            table.activated_: self.activated,
        }  # fmt: skip
        for wish, handed_on in wishes.items():
            wish.connect(self._timer.stop)  # what came of it is seen with the very next frame
            wish.connect(handed_on)
        self.table.currentCellChanged.connect(self._offer)
        self._offer()

    def show_frame(self, frame: Frame) -> None:
        """List a frame's runs, soon."""
        self._frame = frame
        if self.isVisible() and not self._timer.isActive():
            self._refresh()

    @Slot()
    def _refresh(self) -> None:
        if self._frame is self._listed or not self.isVisible():
            return
        if not self.table.editing:
            self._listed = self._frame
            self.table.show_runs(self._frame.runs)
            self._offer()
        self._timer.start()

    def _button(self, words: str, slot, effect: str = "") -> QPushButton:
        button = QPushButton(words)
        button.setAccessibleName(words.replace("&", ""))
        button.setAccessibleDescription(effect)
        button.setToolTip(effect)
        button.clicked.connect(lambda: slot())
        return button

    @Slot()
    def _offer(self) -> None:
        """Offer what can be done with the current row's run, or say why not."""
        chosen, runs, gone = self.table.chosen, self._listed.runs, self._listed.removed
        active, first = bool(runs) and chosen == runs[-1].number, "choose a run in the table first"
        go_on = "the settings become its own, and T trains it on (Enter)"
        forget = "take the chosen run away (Delete)"
        for button, able, effect in (
            (self.activate, chosen is not None and not active, "it is active" if active else go_on),
            (self.remove, chosen is not None and not active,
             "the active run cannot be removed; N begins another one" if active else forget),
            (self.back, bool(gone), f"list {gone} again" if gone else "no run was removed"),
        ):  # fmt: skip
            effect = first if chosen is None and button is not self.back else effect
            button.setEnabled(able)
            button.setToolTip(effect)
            button.setAccessibleDescription(effect)

    def _activate(self) -> None:
        if self.table.chosen is not None:
            self.table.activated_.emit(self.table.chosen)

    def _remove(self) -> None:
        if self.table.chosen is not None:
            self.table.removed.emit(self.table.chosen)

    def _bring_back(self) -> None:
        self._timer.stop()  # what came of it is seen with the very next frame
        self.brought_back.emit()

    def _text(self, dialect: str) -> str:
        written = io.StringIO(newline="")
        csv.writer(written, dialect).writerows(self.table.rows())
        return written.getvalue()

    def _copy(self) -> None:
        QApplication.clipboard().setText(self._text("excel-tab"))
        self.said.emit("Table copied.")

    def _export(self) -> None:
        given, _ = QFileDialog.getSaveFileName(self, "Export table", "runs.csv", "Tables (*.csv)")
        if not given:
            return
        path = Path(given) if given.endswith(".csv") else Path(given + ".csv")
        if str(path) != given and path.exists() and not may_replace(self, path):  # Qt has asked about `given`
            return
        try:
            with replacing(path) as temporary:
                temporary.write_text(self._text("excel"), encoding="utf-8", newline="")
        except OSError as error:
            self.said.emit(f"Not saved: {error.strerror or error}")
            return
        self.said.emit(f"Saved {path}")

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._refresh()
