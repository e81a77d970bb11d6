"""A narrow widget beside a plot, for a legend or a colour bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.guard import guarded, painting, say_so
from explorer.style import Style


def stacked(view: QWidget, legend: QWidget, plot: QWidget, style: Style) -> None:
    """Lay a legend over a plot, as the whole of a view."""
    column = QVBoxLayout(view)
    column.setContentsMargins(*(round(m * style.scale) for m in (2, 4, 4, 2)))
    column.setSpacing(0)
    column.addWidget(legend)
    column.addWidget(plot, 1)


class Strip(QWidget):
    """A narrow widget beside the plot, painted by a function `(painter, rect)`."""

    def __init__(self, paint, style: Style, width: int | None = None, height: int | None = None) -> None:
        super().__init__()
        self._paint, self._style = paint, style
        if width:
            self.setFixedWidth(round(width * style.scale))
        if height:
            self.setFixedHeight(round(height * style.scale))

    def fit(self, height: float) -> None:
        self.setFixedHeight(max(round(height), round(22 * self._style.scale)))
        self.update()

    @guarded(say_so)
    def paintEvent(self, event) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), QColor(self._style.theme.window))
            self._paint(painter, QRectF(self.rect()))
