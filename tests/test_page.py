"""The page of the trust dock: whatever it says can be read, in a narrow dock and in a wide one, and scrolled to."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from explorer.drawing.page import COLUMN, Page
from explorer.export.picture import frame_at
from explorer.frame import Frame
from explorer.presenter import SCALE
from explorer.style import THEMES, Style, Theme, palette
from explorer.views.trust import TrustView, curvature_rows, picture_rows
from model import OPTIMIZERS, Experiment, Probe
from tests.harness import show, until

LEAST = 280  # pixels that the dock is wide at least


@pytest.fixture(scope="module")
def frame(small: Experiment) -> Frame:
    return frame_at(small, None)


def longest(frame: Frame) -> Probe:
    """Figures that need as many letters as figures ever do."""
    probe = frame.probe
    assert probe is not None
    trust = replace(probe.trust, true=0.00012345, sheet=0.00023456, distance=0.000363, off=0.0005, walk=0.0001)
    seen = replace(probe.forecast, ends=replace(probe.forecast.ends, largest=2434.0), limit=1900.0)
    return replace(probe, step=100_000, trust=trust, forecast=seen)


@pytest.mark.parametrize("scale", [1.0, SCALE])
@pytest.mark.parametrize("width", [LEAST, 400])
@pytest.mark.parametrize("stability", sorted({kind.stability for kind in OPTIMIZERS}))
def test_nothing_is_cut_off_and_nothing_lies_over_anything(
    qapp: Any, frame: Frame, stability: str, width: int, scale: float
) -> None:
    probe, page = longest(frame), Page(width * scale, Style(scale=scale))
    page.write(probe.trust.sentence, "#ffffff", 9.5, bold=True)
    rows = [*picture_rows(probe), *curvature_rows(probe, stability)]
    assert ("λmax to the optimizer", "2,434") in rows and ("off the plane", "0.000363 (< 0.1% of the way)") in rows
    page.rows("all figures", rows)
    page.meter(2434.0, 1900.0, stability)
    paper = QRectF(0, 0, width * scale, page.height)
    for box, text, _, font, flags in page.words:
        written = QFontMetricsF(font).boundingRect(QRectF(box.left(), box.top(), box.width(), 1e4), flags, text)
        assert paper.contains(box) and written.height() <= box.height() + 0.01 and written.width() <= box.width(), text
    for one, other in combinations(page.words, 2):
        assert not one.box.intersects(other.box), (one.text, other.text)
    names = [words for words in page.words if words.text in dict(rows) and words.text]
    values = [words for words in page.words if words.box.left() > COLUMN * width * scale]
    assert len(names) == len(rows) - 1 and len(values) == len(rows)
    gap = min(value.box.left() for value in values) - max(name.box.right() for name in names)
    assert gap >= 8 * scale


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_what_a_low_dock_does_not_show_is_scrolled_to_by_keys(
    qapp: Any, qtbot: QtBot, frame: Frame, theme: Theme
) -> None:
    view = TrustView(Style(theme))
    view.setPalette(palette(theme))
    qtbot.addWidget(view)
    view.resize(LEAST, 150)
    show(view)
    view.show_frame(frame)
    (area,) = view.findChildren(QScrollArea)
    bar = area.verticalScrollBar()
    until(bar.isVisible)
    assert area.widget().width() == area.viewport().width() < LEAST
    page = view._page(area.viewport().width())
    assert area.widget().height() >= page.height
    view.setFocus()
    for _ in range(9):
        QTest.keyClick(area, Qt.Key.Key_PageDown)
    assert bar.value() == bar.maximum() > 0
    view.resize(LEAST, 600)
    until(lambda: not bar.isVisible())


def test_its_picture_has_no_bar(qapp: Any, qtbot: QtBot, frame: Frame) -> None:
    view = TrustView(Style())
    qtbot.addWidget(view)
    view.resize(LEAST, 150)
    view.show_frame(frame)
    low = view.picture()
    view.resize(LEAST, 600)
    assert low == view.picture().copy(0, 0, LEAST, 150)
