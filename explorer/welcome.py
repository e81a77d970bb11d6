"""The welcome: four lines with the main keys over the picture, at the very first start and never again."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QFrame, QGridLayout, QLabel, QWidget

from explorer.actions import shown_keys
from explorer.preferences import Preferences

LINES = {
    "train": "train and stop",
    "play": "play what was recorded; ← → go step by step",
    "new start": "another start; a click on the map starts there",
    "gallery": "the gallery: more landscapes; G races optimizers on them",
}
# A key that is somebody's shortcut is never pressed as far as widgets know: they are only asked for it before.
KEYS = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
ENDED_BY = (*KEYS, QEvent.Type.MouseButtonPress, QEvent.Type.Wheel, QEvent.Type.TouchBegin)


class Welcome(QFrame):
    """A card over a part of the window, through which the mouse reaches what is below. Any key or click ends it, and
    still does what it would have done. Final."""

    def __init__(self, over: QWidget, actions: dict[str, QAction]) -> None:
        super().__init__(over.window())  # a splitter would make room for it
        self._over = over
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setAccessibleName("Main keys")
        grid = QGridLayout(self)
        grid.setContentsMargins(24, 18, 24, 18)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        for row, (name, words) in enumerate(LINES.items()):
            key = QLabel(f"<b>{shown_keys(actions[name])}</b>")
            key.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(key, row, 0)
            grid.addWidget(QLabel(words), row, 1)
        cast(QApplication, QApplication.instance()).installEventFilter(self)
        self._centre()
        self.show()
        self.raise_()

    def _centre(self) -> None:
        self.adjustSize()
        room = self._over.size() - self.size()
        corner = QPoint(room.width() // 2, round(room.height() * 0.85))
        self.move(self._over.mapTo(self._over.window(), corner))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in ENDED_BY and isinstance(watched, QWidget):
            cast(QApplication, QApplication.instance()).removeEventFilter(self)
            self.close()
        elif event.type() in (QEvent.Type.Resize, QEvent.Type.Move) and watched is self._over:
            self._centre()
        return False


def is_first_start(stored: Preferences) -> bool:
    """Whether nobody has been welcomed yet."""
    return not stored.value("welcomed")


def welcome(over: QWidget, actions: dict[str, QAction], stored: Preferences) -> Welcome | None:
    """Welcome whoever starts the application for the first time; None for everybody else."""
    if not is_first_start(stored):
        return None
    stored.keep("welcomed", "yes")
    return Welcome(over, actions)
