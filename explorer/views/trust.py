"""How far to trust the picture: the gap between sheet and true loss, what the plane leaves out, and the curvature that
decides what the next step does."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from explorer.drawing.page import Page, Row
from explorer.drawing.strip import Strip
from explorer.drawing.view import View
from explorer.frame import Frame, number
from explorer.style import Style
from model import Probe
from model.curvature import Extremes


class TrustView(View):
    """One plain sentence, the figures behind it, and λmax beside the limit of the optimizer in use. Final."""

    name, caption = "trust", "How far to trust this picture"
    design = (360, 480)
    probes = ("trust",)

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        self._probe: Probe | None = None
        self._stability = ""
        self._strip = Strip(self._paint, style)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setMinimumSize(1, 1)  # pictures may be smaller than Qt finds sensible
        self._area.setWidget(self._strip)
        self._area.setAccessibleName(self.caption)
        self.setFocusProxy(self._area)  # arrows and page keys scroll it
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._area)

    def show_frame(self, frame: Frame) -> None:
        stability = frame.run.experiment.descent.optimizer.stability if frame.run is not None else ""
        if frame.probe is self._probe and self._probe is not None and stability == self._stability:
            return
        self._probe, self._stability = frame.probe, stability
        self.setAccessibleDescription(self._words())
        self._fit()
        self._strip.update()

    def picture(self) -> QImage:
        """The page from its top, without a bar to scroll it by."""
        image = QImage(self.size(), QImage.Format.Format_RGB32)
        image.fill(QColor(self.look.theme.window))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        try:
            self._page(self.width()).paint(painter)
        finally:  # an image that goes while it is painted on takes the program with it
            painter.end()
        return image

    def sizeHint(self) -> QSize:
        return QSize(290, round(370 * self.look.scale))

    def _words(self) -> str:
        """All of it as a text."""
        if self._probe is None:
            return "Nothing is known yet."
        rows = [": ".join(row) for row in (*picture_rows(self._probe), *curvature_rows(self._probe, self._stability))]
        return " ".join([_dated(self._probe), *rows, *_sentences(self._probe)])

    def _page(self, width: float) -> Page:
        theme, page = self.look.theme, Page(width, self.look)
        if self._probe is None:
            page.write("Looking at the state under the cursor …", theme.muted)
            return page
        page.write(_dated(self._probe), theme.ink, 9.5, bold=True)
        page.rows(f"picture, step {self._probe.step:,}", picture_rows(self._probe))
        page.rows("curvature of the loss", curvature_rows(self._probe, self._stability))
        page.meter(self._probe.forecast.sharpness, self._probe.forecast.limit, self._stability)
        for sentence in _sentences(self._probe):
            page.write(sentence, theme.ink if sentence.startswith("⚠") else theme.muted)
        return page

    def _paint(self, painter: QPainter, rect: QRectF) -> None:
        self._page(rect.width()).paint(painter)

    def _fit(self) -> None:
        """Make the page as high as it has to be, in the width that a bar to scroll it leaves."""
        high = self._page(self.width()).height
        if high > self.height():
            high = self._page(self.width() - self._area.verticalScrollBar().sizeHint().width()).height
        self._strip.setMinimumHeight(math.ceil(high))

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit()


def _dated(probe: Probe) -> str:
    """The sentence, of the step that it is about: the window may be some steps ahead."""
    step = f"at step {probe.step:,}"
    return probe.trust.sentence.replace("At this state", step.capitalize()).replace("at this state", step)


def picture_rows(probe: Probe) -> list[Row]:
    """What the picture leaves out, as names and values."""
    trust = probe.trust
    rows = [
        ("true loss", number(trust.true, 4)),
        ("on the sheet", f"{number(trust.sheet, 4)} ({_signed(trust.gap)})"),
        ("off the plane", f"{number(trust.distance)} ({_share(trust.off)} of the way)"),
        ("gradient inside it", f"{_share(trust.share)} of its norm"),
        ("path inside it", f"{_share(trust.explained)} of its variance"),
        ("a random walk's", f"{_share(trust.walk)} in its best plane"),
    ]
    return [(name, value.replace("nan", "–")) for name, value in rows]


def curvature_rows(probe: Probe, stability: str) -> list[Row]:
    """The outermost curvatures, the optimizer's limit, and the next step, as names and values."""
    ahead, ends = probe.forecast, probe.ends
    scaled = [] if math.isclose(ahead.sharpness, ends.largest, rel_tol=0.02) else [
        ("λmax to the optimizer", number(ahead.sharpness))
    ]  # fmt: skip
    rows = [
        ("λmax", number(ends.largest)),
        *scaled,
        ("limit", f"{number(ahead.limit)} = {stability}"),
        ("λmin", _smallest(ends)),
        ("next step", f"{_signed(ahead.predicted)} expected"),
        ("", f"{_signed(ahead.actual)} in fact"),
    ]
    return [(name, value.replace("nan", "–")) for name, value in rows]


def _smallest(ends: Extremes) -> str:
    """λmin as far as it is sure: y·Hy for any unit vector y is an upper bound."""
    if ends.sign or not math.isfinite(ends.smallest):
        return number(ends.smallest)
    level = ends.exact or ends.smallest <= ends.errors[1]
    return f"level (± {number(ends.errors[1])})" if level else f"at most {number(ends.smallest)}"


def _sentences(probe: Probe) -> list[str]:
    warning = [f"⚠ {probe.forecast.warning}"] if probe.forecast.warning else []
    return [*warning, *([probe.point.sentence] if probe.point is not None else [])]


def _share(share: float) -> str:
    if not math.isfinite(share):
        return "–"
    if 0 < share < 0.001:
        return "< 0.1%"
    return f"{share:.1%}" if share < 9.995 else f"{number(100 * share)}%"


def _signed(value: float) -> str:
    return number(value) if value < 0 or not math.isfinite(value) else f"+{number(value)}"


VIEW = TrustView
