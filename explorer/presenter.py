"""Presenter mode: larger letters and pens, and the keys of a clicker; afterwards everything is as it was."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QSize
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import QApplication

SCALE = 1.4
CLICKER = {"back": "PgUp", "forward": "PgDown"}  # what a clicker sends
# The kinds of widgets to which a desktop may give fonts of their own, which go when the application's font is set.
KINDS = (
    "QMenu", "QMenuBar", "QMessageBox", "QLabel", "QTipLabel", "QStatusBar", "QTitleBar", "QDockWidgetTitle",
    "QPushButton", "QCheckBox", "QRadioButton", "QToolButton", "QAbstractItemView", "QListView", "QHeaderView",
    "QComboMenuItem", "QComboLineEdit",
)  # fmt: skip


Room = tuple[QByteArray, QSize, list[int]]  # a window's layout, its size, and those of the pictures in its middle


class Presenter:
    """Keeps what presenter mode changes: the application's font, two keys, and the window's layout. Final."""

    def __init__(self) -> None:
        self._fonts: dict[str, QFont] = {}
        self._room: Room = QByteArray(), QSize(), []

    @property
    def scale(self) -> float:
        """By what letters and pens are larger now."""
        return SCALE if self._fonts else 1.0

    def title_font(self) -> QFont:
        """For docks. They write their titles as large as at the start of the application, unless they have a font of
        their own, that is, one that is not equal to the application's."""
        font = QFont()
        if self._fonts:
            font.setPointSizeF(QApplication.font().pointSizeF())
            font.setStyleStrategy(QFont.StyleStrategy.PreferAntialias)  # which all fonts are
        return font

    def begin(self, actions: dict[str, QAction], room: Room) -> None:
        """Larger type for everybody; the clicker steps."""
        if not self._fonts:
            self._fonts, self._room = {"": QApplication.font()}, room
            kinds = {kind: QApplication.font(kind) for kind in KINDS}  # type: ignore[call-overload] # stubs say bytes
            self._fonts |= {kind: font for kind, font in kinds.items() if font != self._fonts[""]}
            _set({kind: _larger(font) for kind, font in self._fonts.items()})
            for name, key in CLICKER.items():
                actions[name].setShortcuts([*actions[name].shortcuts(), QKeySequence(key)])

    def end(self, actions: dict[str, QAction]) -> Room:
        """Everything as it was; returns what to give the window back."""
        if self._fonts:
            _set(self._fonts)
            self._fonts = {}
            for name, key in CLICKER.items():
                actions[name].setShortcuts([old for old in actions[name].shortcuts() if old != QKeySequence(key)])
        return self._room


def _set(fonts: dict[str, QFont]) -> None:
    QApplication.setFont(fonts[""])
    for kind, font in fonts.items():
        if kind:
            QApplication.setFont(font, kind)  # type: ignore[arg-type]
    # Widgets hear of it later, by an event; labels that are to be measured now have to know now.
    QApplication.sendPostedEvents(None, QEvent.Type.ApplicationFontChange.value)


def _larger(font: QFont) -> QFont:
    larger = QFont(font)
    if font.pointSizeF() > 0:
        larger.setPointSizeF(font.pointSizeF() * SCALE)
    else:
        larger.setPixelSize(round(font.pixelSize() * SCALE))
    return larger
