"""The status bar's texts: each keeps its place, and what there is no room for is left out where it can be seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from explorer.guard import guarded, painting

BETWEEN = "  ·  "  # two parts of a read-out


class Notice(QLabel):
    """A line in whatever room is left; a longer one ends in an ellipsis. Final."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setTextFormat(Qt.TextFormat.PlainText)

    @guarded()
    def paintEvent(self, event) -> None:
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        with painting(self) as painter:
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)


def fitted(words: str, label: QLabel) -> str:
    """As many parts of a read-out, from the first on, as a label of fixed size has room for."""
    parts, room = words.split(BETWEEN), label.width() - 4
    while len(parts) > 1 and label.fontMetrics().horizontalAdvance(BETWEEN.join(parts)) > room:
        parts.pop()
    return BETWEEN.join(parts)
