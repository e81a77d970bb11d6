"""The map: filled contours of the surface, and the path seen from above."""

from __future__ import annotations

import math
from itertools import pairwise

import contourpy
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from explorer.drawing.axes import Painted, label, plot
from explorer.drawing.strip import Strip
from explorer.drawing.view import View, rendered
from explorer.frame import Frame, Run, Scale, number, numbers, shown
from explorer.style import (
    GHOSTS,
    PATH,
    PATH_HALO,
    PATH_OLD,
    WAY_ENTRIES,
    WAYS,
    Entry,
    Style,
    color,
    draw_arrow,
    draw_legend,
    draw_marker,
    draw_text,
    legend_height,
)
from model import Surface

FARTHEST = 20_000  # pixels that a land may be wide: beyond, it takes long to paint, and next to nothing is seen of it
REACH = 10  # pixels around the start within which it is taken hold of
DRAGGED = 16  # milliseconds
MARK = 7.5  # pixels from a mark's middle to its rim
SETTLED = 250  # milliseconds without another move, after which a part of the plane is what somebody wants to see


MOUSE = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove, QEvent.Type.MouseButtonRelease)


class ContourView(View):
    """Loss over the plane as filled contours with labelled levels, a colour bar, the path, and −gradient. Final."""

    name, caption = "map", "Map"
    design = (720, 600)
    docked = False

    pointed = Signal(object)  # coordinates (x, y) under the mouse, or None
    zoomed = Signal(object)  # bounds of what is seen, after somebody moved or scaled it
    picked = Signal(object)  # coordinates (x, y) of a click, or of where the start is dragged to
    held = Signal(bool)  # the start is being dragged, or was let go
    lined = Signal(object)  # two ends (x, y) of a line that was drawn with Shift and the mouse

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        self._frame = Frame()
        self._terrain: _Terrain | None = None
        self._plot = plot(style)
        self._plot.setAspectLocked(True)
        self._plot.setAccessibleName("Map of the loss on the plane")
        self._land = Painted(self._paint_land, cached=True)
        self._marks = Painted(self._paint_marks)
        for item in (self._land, self._marks):
            self._plot.addItem(item, ignoreBounds=True)
        self._bar = Strip(self._paint_bar, style, width=62)
        self._legend = Strip(self._paint_legend, style, height=22)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self._plot, 1)
        row.addWidget(self._bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(round(m * style.scale) for m in (2, 4, 4, 2)))
        column.setSpacing(0)
        column.addWidget(self._legend)
        column.addLayout(row, 1)
        self._plot.scene().sigMouseMoved.connect(self._point_at)
        self._plot.scene().sigMouseClicked.connect(self._pick)
        self._line: list[tuple[float, float]] = []
        self._dragged = QTimer(self)  # once a frame is often enough, however often the mouse says that it moved
        self._dragged.setSingleShot(True)
        self._dragged.setInterval(DRAGGED)
        self._dragged.timeout.connect(self._drag_start)
        self._drags, self._target = False, (0.0, 0.0)
        self._plot.viewport().installEventFilter(self)
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(SETTLED)
        self._settled.timeout.connect(self._tell_bounds)
        self._plot.getPlotItem().vb.sigRangeChangedManually.connect(self._settled.start)
        self.reset_view()

    def show_frame(self, frame: Frame) -> None:
        before, self._frame = self._frame, frame
        surface, scale = frame.surface, frame.scale
        if surface is not before.surface or scale != before.scale:
            self._terrain = _Terrain(surface, scale) if surface is not None and scale is not None else None
            if frame.plane is not before.plane:
                self.reset_view()
                words = frame.plane.labels if frame.plane is not None else ("", "")
                for side, text in zip(("bottom", "left"), words, strict=True):
                    label(self._plot.getAxis(side), text, self.look)
            self._land.update()  # its cached picture is out of date
            self._bar.update()
        if _entries(frame) != _entries(before):
            self._fit_legend()
        self._plot.viewport().update()

    def reset_view(self) -> None:
        plane = self._frame.plane
        (x0, x1), (y0, y1) = plane.bounds if plane is not None else ((-1.0, 1.0), (-1.0, 1.0))
        self._plot.setRange(QRectF(x0, y0, x1 - x0, y1 - y0), padding=0)

    def picture(self) -> QImage:
        return rendered(self)

    def _point_at(self, position: QPointF) -> None:
        box = self._plot.getPlotItem().vb
        inside = self._frame.plane is not None and box.sceneBoundingRect().contains(position)
        spot = box.mapSceneToView(position) if inside else None
        self.pointed.emit((spot.x(), spot.y()) if spot is not None else None)

    def _pick(self, event) -> None:
        box, plane = self._plot.getPlotItem().vb, self._frame.plane
        if plane is None or event.button() != Qt.MouseButton.LeftButton or event.double():
            return
        spot = box.mapSceneToView(event.scenePos())
        if box.sceneBoundingRect().contains(event.scenePos()) and plane.contains(np.array([spot.x(), spot.y()])):
            self.picked.emit((spot.x(), spot.y()))

    @Slot()
    def _tell_bounds(self) -> None:
        (x0, x1), (y0, y1) = self._plot.getPlotItem().vb.viewRange()
        self.zoomed.emit(((x0, x1), (y0, y1)))

    def eventFilter(self, watched, event) -> bool:
        """Shift and the left button draw a line; the start is dragged; everything else is the plot's."""
        kind = event.type()
        if kind == QEvent.Type.Leave:
            self.pointed.emit(None)
        if kind == QEvent.Type.MouseMove and not event.buttons():
            over = self._over_start(event.position())
            watched.setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor)
            return False
        if kind in MOUSE and (self._drags or kind == QEvent.Type.MouseButtonPress) and self._take_start(kind, event):
            return True
        if kind == QEvent.Type.MouseButtonPress and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._line = [self._spot(event.position())] * 2
        elif kind == QEvent.Type.MouseMove and self._line:
            self._line[1] = self._spot(event.position())
            self._plot.viewport().update()
        elif kind == QEvent.Type.MouseButtonRelease and self._line:
            ends, self._line = tuple(self._line), []
            self._plot.viewport().update()
            if ends[0] != ends[1]:
                self.lined.emit(ends)
        else:
            return False
        return True

    def _over_start(self, position: QPointF) -> bool:
        """Whether the active run's start is under the pointer."""
        run = self._frame.run
        if run is None or not np.isfinite(run.coords[0]).all():
            return False
        at = self._plot.mapFromScene(self._plot.getPlotItem().vb.mapViewToScene(QPointF(*run.coords[0])))
        return (QPointF(at) - position).manhattanLength() < REACH * self.look.scale

    def _take_start(self, kind: QEvent.Type, event) -> bool:
        """Begin, go on with, or end a drag of the start; False for what has nothing to do with one."""
        if kind == QEvent.Type.MouseButtonPress:
            plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
            self._drags = plain and self._over_start(event.position())
            if self._drags:
                self.held.emit(True)
            return self._drags
        if kind == QEvent.Type.MouseMove:
            self._target = self._spot(event.position())
            if not self._dragged.isActive():
                self._dragged.start()
        else:
            if self._dragged.isActive():
                self._dragged.stop()
                self._drag_start()
            self._drags = False
            self._fit_legend()
            self.held.emit(False)
        return True

    @Slot()
    def _drag_start(self) -> None:
        plane = self._frame.plane
        if plane is not None and plane.contains(np.array(self._target)):
            self.picked.emit(self._target)

    def _spot(self, position: QPointF) -> tuple[float, float]:
        spot = self._plot.getPlotItem().vb.mapSceneToView(self._plot.mapToScene(position.toPoint()))
        return spot.x(), spot.y()

    def _paint_land(self, painter: QPainter) -> None:
        if self._terrain is not None and self._terrain.fits(painter):
            self._terrain.paint(painter, self.look)

    def _paint_marks(self, painter: QPainter) -> None:
        frame, to_screen = self._frame, painter.worldTransform()
        if frame.plane is None:
            return
        low, high = np.array(frame.plane.bounds).T
        painter.save()
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

        matrix = np.array([[to_screen.m11(), to_screen.m12()], [to_screen.m21(), to_screen.m22()]])
        origin = np.array([to_screen.dx(), to_screen.dy()])

        def lay(coords: np.ndarray) -> np.ndarray:
            # What lies many maps away (a diverging run) is more than a painter can count to.
            near = (np.abs(coords - low) < 20 * (high - low)).all(axis=1)
            return coords[near] @ matrix + origin

        def place(coords: np.ndarray) -> list[QPointF]:
            return [QPointF(*spot) for spot in lay(coords).tolist()]

        ghosts = [(run, _line(lay(run.coords[shown(run.length, run.length)]))) for run in frame.ghosts]
        for _, line in ghosts:
            self._paint_line(painter, line, self.look.pen(PATH_HALO, 4))
        if frame.run is not None:
            self._paint_path(painter, lay(frame.run.coords[shown(frame.run.length, frame.cursor)]))
        for run, line in ghosts:  # over the path, which is thicker: neither hides the other where they coincide
            self._paint_line(painter, line, self.look.pen(GHOSTS[run.slot].ink, 2, GHOSTS[run.slot].dash))
        for run, _ in ghosts:
            self._paint_end(painter, place(run.coords[run.length - 1 : run.length]), GHOSTS[run.slot].ink)
        if frame.run is not None:
            self._paint_markers(painter, place, frame.run, to_screen.mapRect(self._marks.boundingRect()))
        if frame.bridge is not None:
            self._paint_way(painter, lay(frame.bridge.coords[[0, -1]]), WAYS["straight"])
            self._paint_way(painter, lay(frame.bridge.coords), WAYS["way"])
        if self._line:
            self._paint_way(painter, lay(np.array(self._line)), Qt.PenStyle.DashLine)
        painter.restore()

    def _paint_line(self, painter: QPainter, line: QPolygonF, pen: QPen) -> None:
        painter.setPen(pen)
        painter.drawPolyline(line)

    def _paint_way(self, painter: QPainter, points: np.ndarray, dash: Qt.PenStyle) -> None:
        self._paint_line(painter, _line(points), self.look.pen(PATH_HALO, 4))
        self._paint_line(painter, _line(points), self.look.pen("#ffffff", 1.8, dash))

    def _paint_end(self, painter: QPainter, spots: list[QPointF], ink: str) -> None:
        """A disc where a run has ended, so that even a stump is seen."""
        painter.setPen(self.look.pen(PATH_HALO, 1.5))
        painter.setBrush(QColor(ink))
        for spot in spots:
            painter.drawEllipse(spot, 4.0 * self.look.scale, 4.0 * self.look.scale)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_path(self, painter: QPainter, points: np.ndarray) -> None:
        pen = self.look.pen
        line, recent = _line(points), _line(points[-max(2, len(points) // 6) :])
        for part, ink, width in (
            (line, PATH_HALO, 5.5),
            (line, PATH_OLD, 2.2),
            (recent, PATH_HALO, 6.5),
            (recent, PATH, 3.4),
        ):
            stroke = pen(ink, width)
            stroke.setJoinStyle(Qt.PenJoinStyle.BevelJoin)  # hundreds of sharp corners take twice as long if round
            painter.setPen(stroke)
            painter.drawPolyline(part)

    def _paint_markers(self, painter: QPainter, place, run: Run, seen: QRectF) -> None:
        frame = self._frame
        lowest = frame.surface.lowest if frame.surface else None
        for spot in place(np.array([lowest[:2]])) if lowest is not None else ():
            draw_marker(painter, _whole(spot, seen, MARK * self.look.scale), "lowest", self.look)
        start, now = place(run.coords[:1]), place(run.coords[frame.cursor : frame.cursor + 1])
        arrow = frame.arrow
        if arrow is not None and now and frame.plane is not None:
            ahead = place(run.coords[frame.cursor : frame.cursor + 1] + arrow * 1e-3 * np.ptp(frame.plane.bounds[0]))
            along = ahead[0] - now[0] if ahead else QPointF(1.0, 0.0)
            length = max((along.x() ** 2 + along.y() ** 2) ** 0.5, 1e-12)
            draw_arrow(painter, now[0], now[0] + along / length * 36 * self.look.scale, self.look)
        for points_, kind in ((start, "start"), (now, "now")):
            if points_:
                draw_marker(painter, points_[0], kind, self.look)

    def _paint_bar(self, painter: QPainter, rect: QRectF) -> None:
        scale, k = self._frame.scale, self.look.scale
        if scale is None or self._frame.surface is None:
            return
        axis = self._plot.getAxis("bottom").height()
        bar = QRectF(rect.left() + 4 * k, rect.top() + 26 * k, 12 * k, rect.height() - axis - 34 * k)
        theme = self.look.theme
        title = "loss (log)" if scale.logarithmic else "loss"
        draw_text(painter, QPointF(rect.left() + 2 * k, rect.top() + 11 * k), title, self.look, theme.muted,
                  align=Qt.AlignmentFlag.AlignLeft)  # fmt: skip
        heights = scale(np.array([scale.low, *scale.levels, scale.high]))
        painter.setPen(Qt.PenStyle.NoPen)
        for low, high in pairwise(heights):
            top, bottom = bar.bottom() - high * bar.height(), bar.bottom() - low * bar.height()
            painter.setBrush(color((low + high) / 2))
            painter.drawRect(QRectF(bar.left(), top, bar.width(), bottom - top + 0.5))
        # Below the word for the cut, which is no place for another number.
        clear = bar.top() + QFontMetricsF(self.look.font(8.5)).height() if scale.cuts else -math.inf
        for tick, words in zip(scale.ticks, numbers(scale.ticks), strict=True):
            y = bar.bottom() - float(scale(np.array(tick))) * bar.height()
            painter.setPen(self.look.pen(theme.muted))
            painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + 3 * k, y))
            if y > clear:
                draw_text(painter, QPointF(bar.right() + 5 * k, y), words, self.look, theme.muted,
                          align=Qt.AlignmentFlag.AlignLeft)  # fmt: skip
        if scale.cuts:
            draw_text(painter, QPointF(bar.right() + 5 * k, bar.top() - 1 * k), f"≥{number(scale.high)}", self.look,
                      theme.ink, align=Qt.AlignmentFlag.AlignLeft)  # fmt: skip

    def _paint_legend(self, painter: QPainter, rect: QRectF) -> None:
        k = self.look.scale
        draw_legend(painter, rect.adjusted(6 * k, 0, 0, 0), _entries(self._frame), self.look)

    def _fit_legend(self) -> None:
        if not self._drags:  # or the map would move away under the pointer
            self._legend.fit(legend_height(self.width() - 12 * self.look.scale, _entries(self._frame), self.look))

    def resizeEvent(self, event) -> None:
        super().resizeEvent(event)
        self._fit_legend()  # which may need another row now


def _line(points: np.ndarray) -> QPolygonF:
    """A line through points `(N, 2)` in pixels. Of those that rest in one pixel the first and the last do: a descent
    that has arrived would be hundreds of strokes on one spot."""
    if not len(points):
        return QPolygonF()
    moves = (np.diff(np.floor(points), axis=0) != 0).any(axis=1)
    kept = points[np.r_[True, moves[:-1] | moves[1:], True]] if len(points) > 2 else points
    return pg.functions.arrayToQPolygonF(kept[:, 0], kept[:, 1])


def _entries(frame: Frame) -> list[Entry]:
    """What the legend explains: only what is there."""
    if frame.surface is None:
        return []
    entries: list[Entry] = []
    if frame.run is not None:
        entries += [("path", "path"), ("start", "start"), ("now", "now")]
        entries += [("gradient", "−gradient")] * (frame.arrow is not None)
    entries += [(f"ghost{run.slot}", run.label) for run in frame.ghosts]
    entries += WAY_ENTRIES * (frame.bridge is not None)
    if frame.surface.lowest is not None:
        entries.append(("lowest", "lowest point of this slice"))
    if not np.isfinite(frame.surface.loss).all():
        entries.append(("hole", "loss not finite"))
    return entries


def _whole(spot: QPointF, seen: QRectF, radius: float) -> QPointF:
    """Where to draw a mark: there, or where it is not cut by the edge of what is seen; out of sight is out of sight."""
    if not seen.contains(spot):
        return spot
    room = seen.adjusted(radius, radius, -radius, -radius)
    return QPointF(min(max(spot.x(), room.left()), room.right()), min(max(spot.y(), room.top()), room.bottom()))


class _Terrain:
    """The land of one surface at one scale: bands of colour, lines between them, numbers on the lines."""

    def __init__(self, surface: Surface, scale: Scale) -> None:
        (x0, x1), (y0, y1) = surface.plane.bounds
        self._rect = QRectF(x0, y0, x1 - x0, y1 - y0)
        heights = scale(surface.loss)
        grid = contourpy.contour_generator(
            surface.x, surface.y, np.ma.masked_invalid(heights.T), line_type="ChunkCombinedNan",
            fill_type="ChunkCombinedOffset", corner_mask=False,
        )  # fmt: skip
        self._holes = bool(np.isnan(heights).any())
        levels = scale(scale.levels)
        # Each band is painted over all that lies above its lower edge, so that no seam shows between two bands.
        edges = np.unique(np.concatenate([[0.0], levels[(levels > 0) & (levels < 1)]]))
        uppers = np.append(edges[1:], 1.0)
        self._bands = [
            (_filled(grid.filled(low if low > 0 else -1.0, 2.0)), color((low + high) / 2))
            for low, high in zip(edges, uppers, strict=True)
        ]
        self._lines, self._labels, self._lowest = QPainterPath(), [], surface.lowest
        words = dict(zip(scale.ticks.tolist(), numbers(scale.ticks), strict=True))
        for level, loss in zip(levels, scale.levels.tolist(), strict=True):
            points = grid.lines(level)[0][0] if 0 < level < 1 else None
            if points is not None and len(points) > 1:
                self._lines.addPath(pg.arrayToQPath(points[:, 0], points[:, 1], connect="finite"))
                label_ = next((word for tick, word in words.items() if math.isclose(tick, loss)), None)
                if label_ is not None:
                    self._labels.append((points, label_))

    def fits(self, painter: QPainter) -> bool:
        """Whether a painter can count to the land's edges. Zoomed far in, the old land waits for the new one."""
        box = painter.worldTransform().mapRect(self._rect)
        return max(box.width(), box.height()) < FARTHEST

    def paint(self, painter: QPainter, style: Style) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._holes:
            self._paint_holes(painter, style)
        painter.setPen(Qt.PenStyle.NoPen)
        for path, ink in self._bands:
            painter.setBrush(ink)
            painter.drawPath(path)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(style.pen(style.theme.iso, 1.0))
        painter.drawPath(self._lines)
        self._paint_labels(painter, style)

    def _paint_holes(self, painter: QPainter, style: Style) -> None:
        painter.save()
        box = painter.worldTransform().mapRect(self._rect)
        painter.resetTransform()
        painter.fillRect(box, QColor(style.theme.panel))
        painter.fillRect(box, QBrush(QColor(style.theme.muted), Qt.BrushStyle.BDiagPattern))
        painter.restore()

    def _paint_labels(self, painter: QPainter, style: Style) -> None:
        """A number on each line, where it does not meet another number, the lowest point or the edge."""
        painter.save()
        to_screen = painter.worldTransform()
        painter.resetTransform()
        k = style.scale
        room = to_screen.mapRect(self._rect).adjusted(24 * k, 14 * k, -24 * k, -14 * k)
        taken: list[QRectF] = []
        if self._lowest is not None:
            at = to_screen.map(QPointF(*self._lowest[:2]))
            taken.append(QRectF(at.x() - 30 * k, at.y() - 10 * k, 60 * k, 20 * k))
        for points, text in self._labels:
            finite = points[np.isfinite(points).all(axis=1)]
            for share in (0.25, 0.6, 0.85, 0.05, 0.4):
                at = to_screen.map(QPointF(*finite[int(share * (len(finite) - 1))]))
                box = QRectF(at.x() - 22 * k, at.y() - 12 * k, 44 * k, 24 * k)
                if room.contains(at) and not any(box.intersects(other) for other in taken):
                    taken.append(box)
                    draw_text(painter, at, text, style, "#ffffff", 8, halo="#26303a")
                    break
        painter.restore()


def _filled(pieces) -> QPainterPath:
    """contourpy's polygons with holes as one path."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    points, offsets = pieces[0][0], pieces[1][0]
    if points is None:
        return path
    connect = np.ones(len(points), dtype=np.int32)
    connect[offsets[1:] - 1] = 0
    path = pg.arrayToQPath(points[:, 0], points[:, 1], connect=connect)
    path.setFillRule(Qt.FillRule.OddEvenFill)
    return path


VIEW = ContourView
