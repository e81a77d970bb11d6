"""The gallery: every preset with a thumbnail that the application has drawn itself, its title and a first sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from explorer.export.picture import frame_at, picture, save
from explorer.frame import Frame, Run
from explorer.guard import guarded
from explorer.resources import FOLDER, load_experiment, presets
from explorer.style import color
from model import Experiment, Look, another_start
from model.plane import Principal
from model.running import joined

SIZE = QSize(320, 160)  # of a thumbnail's file, in pixels
SHOWN = QSize(256, 128)
GAP = 8
LINES = 3  # of words below a title
# Pictures of these sizes hold these squares, in pixels, without axes and legends: left, top, side.
PARTS = {"map": ((720, 680), (66, 45, 572)), "surface": ((860, 640), (160, 30, 520))}

Index = QModelIndex | QPersistentModelIndex


# ---- thumbnails -------------------------------------------------------------------------------------------------


def thumbnail_file(name: str) -> Path:
    """Where a preset's thumbnail lies, if there is one."""
    return FOLDER / "thumbnails" / f"{name}.png"


def thumbnail(experiment: Experiment) -> QImage:
    """Map and surface after the training, side by side. Raises `RuntimeError` where 3-D is not to be had."""
    frame = portrait(experiment)
    image, high = QImage(SIZE, QImage.Format.Format_RGB32), SIZE.height()
    painter = QPainter(image)
    try:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for number, (kind, (size, (left, top, side))) in enumerate(PARTS.items()):
            part = picture(frame, kind, size).copy(left, top, side, side)
            painter.drawImage(QRect(number * high, 0, high, high), part)
    finally:
        painter.end()
    return image


def portrait(experiment: Experiment) -> Frame:
    """The frame after the training. Where the plane is chosen for all runs there are two, and the ways between them."""
    if not isinstance(experiment.plane, Principal) or experiment.plane.runs != "all runs":
        return frame_at(experiment, None)
    first, (again, _) = experiment.run(), another_start(experiment)
    frame = frame_at(again, None)
    assert frame.run is not None
    second = frame.run.trajectory
    lands = joined(Look(again, second, len(second)), first[-1].params, ("run 1", "run 2"))
    *_, land = (land for land in lands if land is not None)
    plane, losses = land.surface.plane, first.losses()
    ghost = Run("run 1", experiment, first, len(first), plane.project(first.params()), losses, losses)
    runs = ghost, replace(frame.run, label="run 2", coords=plane.project(second.params()))
    return replace(frame, runs=runs, surface=land.surface, bridge=land.bridge, probe=None)


def save_thumbnails(folder: Path) -> Iterator[Path]:
    """Draw the thumbnails of all presets into a folder; yields the files, one after another."""
    for name in presets():
        path = folder / f"{name}.png"
        save(thumbnail(load_experiment(name)), path)
        yield path


def placeholder(index: int) -> QPixmap:
    """Contours of a bowl, for a preset that has no thumbnail yet; no two neighbours have theirs in the same place."""
    pixmap = QPixmap(SIZE)
    pixmap.fill(color(0.75))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    middle = QRect(0, 0, SIZE.width(), SIZE.height()).center()
    middle.setX(middle.x() + 40 * (index % 3 - 1))
    for ring in range(7):
        painter.setBrush(color(0.65 - 0.1 * ring))
        painter.drawEllipse(middle, 154 - 22 * ring, 77 - 11 * ring)
    painter.end()
    return pixmap


# ---- the dialog -------------------------------------------------------------------------------------------------


class Cards(QStyledItemDelegate):
    """Draws an entry as a card: picture, title, and as much of the sentence as there is room for. Final."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        lines = QFontMetrics(_bold(option.font)).height() + LINES * QFontMetrics(option.font).height()
        return QSize(SHOWN.width() + 2 * GAP, SHOWN.height() + lines + 4 * GAP)

    @guarded()
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        palette, box = option.palette, option.rect.adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        pointed = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        edge = palette.color(QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.Mid)
        painter.setPen(QPen(edge, 2 if chosen else 1))
        raised = QPalette.ColorRole.Button if chosen or pointed else QPalette.ColorRole.Base
        painter.setBrush(palette.color(raised))
        painter.drawRoundedRect(box, 5, 5)
        inside = box.adjusted(GAP // 2, GAP // 2, -GAP // 2, -GAP // 2)
        image = QRect(inside.topLeft(), QSize(inside.width(), round(inside.width() * SIZE.height() / SIZE.width())))
        painter.drawPixmap(image, index.data(Qt.ItemDataRole.UserRole + 1))
        self._write(painter, inside.adjusted(4, image.height() + GAP // 2, -4, 0), option, index)
        painter.restore()

    def _write(self, painter: QPainter, room: QRect, option: QStyleOptionViewItem, index: Index) -> None:
        title, words = index.data(Qt.ItemDataRole.DisplayRole), index.data(Qt.ItemDataRole.UserRole + 2)
        bold = _bold(option.font)
        high = QFontMetrics(bold).height()
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        painter.setFont(bold)
        painter.drawText(room, 0, QFontMetrics(bold).elidedText(title, Qt.TextElideMode.ElideRight, room.width()))
        below = room.adjusted(0, high + 2, 0, 0)
        below.setHeight(LINES * QFontMetrics(option.font).height())
        faint = QColor(option.palette.color(QPalette.ColorRole.Text))
        faint.setAlphaF(0.78)
        painter.setPen(faint)
        painter.setFont(option.font)
        painter.drawText(below, Qt.TextFlag.TextWordWrap.value, fitted(words, option.font, below.size()))


def fitted(words: str, font: QFont, room: QSize) -> str:
    """As many of the words as can be written into the room, with an ellipsis where some had to go."""
    metrics, flags = QFontMetrics(font), Qt.TextFlag.TextWordWrap.value

    def fits(text: str) -> bool:
        return metrics.boundingRect(QRect(0, 0, room.width(), 10_000), flags, text).height() <= room.height()

    parts, shown = words.split(" "), words
    while parts and not fits(shown):
        parts.pop()
        shown = " ".join(parts).rstrip(",;:–.") + "…"
    return shown


def first_sentence(about: str) -> str:
    """All up to the first full stop, question or exclamation mark at the end of a word."""
    found = re.match(r".+?[.?!](?=\s|$)", about)
    return found[0] if found else about


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold


class Gallery(QDialog):
    """All presets as cards. A click or Enter emits `chosen` with the preset's name, and closes it. Final."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Gallery"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.cards = QListWidget()
        self.cards.setAccessibleName("Presets")
        self.cards.setItemDelegate(Cards(self.cards))
        self.cards.setViewMode(QListView.ViewMode.IconMode)
        self.cards.setResizeMode(QListView.ResizeMode.Adjust)
        self.cards.setMovement(QListView.Movement.Static)
        self.cards.setUniformItemSizes(True)
        self.cards.setMouseTracking(True)
        self.cards.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.cards.verticalScrollBar().setSingleStep(40)
        self.cards.setFrameShape(QListView.Shape.NoFrame)
        for index, name in enumerate(presets()):
            self.cards.addItem(_card(name, index))
        self.cards.setCurrentRow(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP, GAP, GAP, GAP)
        column.addWidget(self.cards)
        self.resize(self.sizeHint())  # by itself a dialog takes two thirds of the screen at most
        self.cards.itemClicked.connect(self._choose)
        self.cards.itemActivated.connect(self._choose)  # Enter; on some desktops a click as well

    def _choose(self, item: QListWidgetItem) -> None:
        if self.isVisible():
            self.accept()
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))

    def sizeHint(self) -> QSize:
        card = self.cards.sizeHintForIndex(self.cards.model().index(0, 0))
        bar = self.cards.verticalScrollBar().sizeHint().width()
        room = self.screen().availableSize() * 0.92
        columns = max(1, min(5, (room.width() - bar - 4 * GAP) // max(card.width(), 1)))
        rows = -(-self.cards.count() // columns)
        high = min(rows * card.height() + 4 * GAP, room.height() - 40)
        return QSize(columns * card.width() + bar + 4 * GAP, high)


def _card(name: str, index: int) -> QListWidgetItem:
    experiment = load_experiment(name)
    item = QListWidgetItem(experiment.title)
    drawn = QPixmap(str(thumbnail_file(name)))
    item.setData(Qt.ItemDataRole.UserRole, name)
    item.setData(Qt.ItemDataRole.UserRole + 1, placeholder(index) if drawn.isNull() else drawn)
    item.setData(Qt.ItemDataRole.UserRole + 2, first_sentence(experiment.about))
    item.setData(Qt.ItemDataRole.AccessibleTextRole, experiment.title)
    item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, experiment.about)
    item.setToolTip(f"<p>{experiment.about}</p>")
    return item
