"""A line to type into that knows what it goes back to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLineEdit, QMainWindow


class Line(QLineEdit):
    """Enter takes what is typed, Esc brings back what was there. Final.

    In a main window both then leave the line, so that letters are the window's keys again. In a dialog it keeps the
    keyboard, and Esc in a line as it was closes the dialog.
    """

    def __init__(self) -> None:
        super().__init__()
        self.kept = ""

    @property
    def _leaves(self) -> bool:
        return isinstance(self.window(), QMainWindow)

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:  # the window has one, too
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape and (self.text() != self.kept or self._leaves):
            self.setText(self.kept)
            self.editingFinished.emit()
        else:
            super().keyPressEvent(event)
        if key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._leaves:
            self.clearFocus()
