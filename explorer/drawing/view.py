"""What every view is: a widget that can show a frame and give a picture of itself."""

from __future__ import annotations

import math
import time
from abc import abstractmethod
from typing import ClassVar, cast

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt, Slot
from PySide6.QtGui import QImage, QPen
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from explorer.frame import Frame
from explorer.guard import guarded, painting, report
from explorer.style import Style


class View(QWidget):
    """A view holds no state but what it was last shown: the same frame gives the same pixels, whatever came before.

    It never changes what it is given. It may keep a frame's parts to see, by identity, what is new in the next one.
    Views that are `docked` have a dock of their own, the others stand in the centre. `name` is that of the file and, on
    the command line, of the picture; `caption` that of the dock. `design` is the width and height, in pixels, at which
    pens and letters of a picture have their plain size: a larger one is drawn so many times larger. `probes` is what
    the view wants to have found out about the state under the cursor, of what can be `PROBED` by a session. A view that
    is `spatial` needs OpenGL.
    """

    name: ClassVar[str]
    caption: ClassVar[str]
    design: ClassVar[tuple[int, int]]
    probes: ClassVar[tuple[str, ...]] = ()
    docked: ClassVar[bool] = True
    spatial: ClassVar[bool] = False
    share: ClassVar[float] = 1.0
    """Of the time, that it may take to show and paint frames while others want to be shown as well; 1: all of them."""

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = style
        self.setAccessibleName(self.caption)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.ringed = False
        self._cost = self._spent = 0.0  # seconds: for a frame by and by, and for the latest so far
        self._taken = -math.inf
        self._failed = QLabel(self)  # in the place of what cannot be drawn
        self._failed.setTextFormat(Qt.TextFormat.PlainText)
        self._failed.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._failed.setWordWrap(True)
        self._failed.setAutoFillBackground(True)
        self._failed.hide()
        cast(QApplication, QApplication.instance()).focusChanged.connect(self._ring)

    @Slot(QWidget, QWidget)
    def _ring(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Show who has the keyboard: what is in a view paints over it, but for a narrow rim."""
        ringed = now is not None and (now is self or self.isAncestorOf(now))
        if ringed != self.ringed:
            self.ringed = ringed
            self.update()

    def due(self, now: float) -> bool:
        """Whether it is its turn to take a frame. Without a graphics card the surface takes longer to draw than all
        else, and would keep everything waiting; so it gets its share of the time, and with a card every frame."""
        return now - self._taken >= self._cost / self.share or self.share == 1.0

    def take(self, frame: Frame) -> None:
        """Show a frame, and note what it costs."""
        self._taken = time.perf_counter()
        self._cost += 0.3 * (self._spent - self._cost)
        self._spent = 0.0
        try:
            self.show_frame(frame)
            self._failed.hide()
        except Exception as error:  # the other views go on, and so does this one with the next frame
            report(f"{type(self).__name__}.show_frame", error)
            self._failed.setText(f"{self.caption} cannot be drawn: {error}")
            self._failed.setGeometry(self.rect())
            self._failed.raise_()
            self._failed.show()
        self.charge(time.perf_counter() - self._taken)

    def charge(self, seconds: float) -> None:
        """So long it took to paint a part of the latest frame."""
        self._spent += seconds

    @abstractmethod
    def show_frame(self, frame: Frame) -> None:
        """Show this frame, and nothing of an earlier one."""

    @abstractmethod
    def picture(self) -> QImage:
        """What the view shows, in its own size in pixels."""

    def reset_view(self) -> None:
        """Back to the view's own range or camera; views without one do nothing."""

    # ---- Qt -----------------------------------------------------------------------------------------------------

    @guarded()
    def paintEvent(self, event) -> None:
        if self.ringed:
            with painting(self) as painter:
                painter.setPen(QPen(self.palette().highlight(), 1))
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))


def rendered(widget: View) -> QImage:
    """A raster view's pixels, one for one, without its rim. Rendered twice: axes find their widths while painting."""
    ringed, widget.ringed = widget.ringed, False
    image = QImage(widget.size(), QImage.Format.Format_RGB32)
    for _ in range(2):
        # A legend may just have got another row, and no event loop need be running.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
        image.fill(widget.palette().window().color())
        with painting(image) as painter:
            widget.render(painter, QPoint(0, 0))
    widget.ringed = ringed
    return image
