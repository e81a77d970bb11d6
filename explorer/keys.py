"""The keys: every key and gesture on one sheet, in columns that fit the screen, beside the window and not before it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from explorer.actions import ACTIONS, shown_keys

Rows = list[tuple[str, str]]

# What no action stands for, because it means something in one place only.
GESTURES: dict[str, Rows] = {
    "On the map": [
        ("Click", "a new start there"),
        ("Drag the start ring", "move the start"),
        ("Shift+drag", "a line: the loss along it is the slice"),
        ("Wheel", "zoom"),
        ("Drag", "move"),
    ],
    "On the surface": [("Click", "a new start there"), ("Drag", "turn"), ("Wheel", "zoom")],
    "In a form": [
        ("Enter", "apply, and back to the picture"),
        ("Esc", "as it was"),
    ],
    "In the list of runs": [
        ("F2", "rename"),
        ("Delete", "remove"),
        ("Space", "hide or show"),
        ("F3", "sort by this column"),
        ("Enter", "make it the active run"),
    ],
    "On the timeline": [("Scrub back", "then change a setting: a fork begins there")],
}
MOST = 3  # columns


def groups(actions: dict[str, QAction]) -> dict[str, Rows]:
    """All keys and what they do, by menu and then by place."""
    found: dict[str, Rows] = {}
    for name, (menu, words, *_rest) in ACTIONS.items():
        if actions[name].shortcuts():
            found.setdefault(menu, []).append((shown_keys(actions[name]), words.replace("&", "").rstrip("…")))
    return found | GESTURES


class Keys(QDialog):
    """The sheet of keys. Esc and Enter close it; the window beside it goes on. Final."""

    def __init__(self, actions: dict[str, QAction], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._groups = groups(actions)
        self._pages = QScrollArea()
        self._pages.setWidgetResizable(True)
        self._pages.setFrameShape(QFrame.Shape.NoFrame)
        self._pages.setAccessibleName(self.tr("Keys"))
        rows = (f"{key}: {words}" for group in self._groups.values() for key, words in group)
        self._pages.setAccessibleDescription("; ".join(rows))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._buttons.rejected.connect(self.reject)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setIcon(QIcon())  # the style's is made for light windows
        close.setDefault(True)  # what Enter presses
        column = QVBoxLayout(self)
        column.addWidget(self._pages, 1)
        column.addWidget(self._buttons)
        self._lay_out()
        self._pages.setFocus()  # arrows and page keys scroll it

    def _lay_out(self) -> None:
        """As many columns as the screen is wide enough for."""
        for many in range(MOST, 0, -1):
            self._page = _page(self._groups, many)
            self._pages.setWidget(self._page)
            if self._wanted().width() <= self._room().width():
                break
        self.resize(self.sizeHint())

    def _room(self) -> QSize:
        frame = QSize(24, 60)  # what the desktop may put around a window
        return self.screen().availableSize() - frame

    def _wanted(self) -> QSize:
        """The size at which nothing has to be scrolled."""
        bar, below = self._pages.verticalScrollBar().sizeHint().width(), self._buttons.sizeHint().height()
        return self._page.sizeHint() + QSize(bar + 24, below + 36)

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return self._wanted().boundedTo(self._room())


def _page(sheet: dict[str, Rows], many: int) -> QWidget:
    """The groups in so many columns of about the same height, in reading order."""
    page = QWidget()
    row = QHBoxLayout(page)
    row.setContentsMargins(12, 8, 12, 8)
    row.setSpacing(36)
    whole = sum(map(_height, sheet.values()))
    columns: list[QGridLayout] = []
    above = 0
    for title, rows in sheet.items():
        # A group stands in the column in which its middle would be, were all columns one.
        wanted = min(int(many * (above + _height(rows) / 2) / whole), many - 1)
        while len(columns) <= wanted:
            columns.append(_column(row))
        _write(columns[-1], title, rows)
        above += _height(rows)
    for grid in columns:
        grid.setRowStretch(grid.rowCount(), 1)
    return page


def _height(rows: Rows) -> int:
    return len(rows) + 2  # a heading, and a gap


def _column(row: QHBoxLayout) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(3)
    grid.setColumnStretch(1, 1)
    row.addLayout(grid, 1)
    return grid


def _write(grid: QGridLayout, title: str, rows: Rows) -> None:
    line = grid.rowCount()
    heading = QLabel(title)
    heading.setForegroundRole(heading.palette().ColorRole.Highlight)
    heading.setContentsMargins(0, 10 if line > 1 else 0, 0, 2)
    grid.addWidget(heading, line, 0, 1, 2)
    for number, (key, words) in enumerate(rows, line + 1):
        name = QLabel(f"<b>{key}</b>")
        name.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(name, number, 0)
        grid.addWidget(QLabel(words), number, 1)
