"""The surface: the sheet in three dimensions, lit, with the path where its true loss is."""

from __future__ import annotations

import math
import time

import numpy as np
import pyqtgraph.opengl as gl
from OpenGL import GL
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMatrix4x4, QPainter, QVector3D
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from explorer.drawing import scene
from explorer.drawing.letters import Letters
from explorer.drawing.stage import Stage, samples
from explorer.drawing.view import View
from explorer.frame import Frame
from explorer.guard import guarded, painting, say_so
from explorer.style import GHOSTS, PATH, PATH_HALO, WAY_ENTRIES, Entry, Style, draw_legend

SOLID = {
    GL.GL_DEPTH_TEST: True,
    GL.GL_BLEND: False,
    GL.GL_CULL_FACE: False,
    GL.GL_POLYGON_OFFSET_FILL: False,
}
# A little further away than it is, so that lines that lie on it are not broken where it is nearer by rounding.
LAND = SOLID | {GL.GL_POLYGON_OFFSET_FILL: True, "glPolygonOffset": (2.0, 2.0)}
# Only the far side of a slightly thicker, dark tube: an outline around the path.
OUTLINE = SOLID | {GL.GL_CULL_FACE: True, "glCullFace": (GL.GL_FRONT,)}
XRAY = SOLID | {
    GL.GL_DEPTH_TEST: False,
    GL.GL_BLEND: True,
    "glBlendFunc": (GL.GL_SRC_ALPHA, GL.GL_ONE_MINUS_SRC_ALPHA),
}
CAMERA = dict(elevation=42, azimuth=-66)


STILL = 4  # pixels that a click may move


class SurfaceView(View):
    """The loss as a sheet over the plane, with the path at its true loss and sticks to the sheet. Final."""

    name, caption = "surface", "Surface"
    design = (860, 640)
    docked, spatial, share = False, True, 0.2

    picked = Signal(object)  # coordinates (x, y) of the point of the sheet under a click

    def __init__(self, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(style, parent)
        self._frame = Frame()
        self._pressed: QPointF | None = None
        self._canvas = Canvas(style)
        self._canvas.spent.connect(self.charge)
        self._canvas.installEventFilter(self)
        self._canvas.setAccessibleName("Surface of the loss over the plane, in three dimensions")
        if self._canvas.isValid():
            self.setFocusProxy(self._canvas)
        self._missing = QLabel("3-D needs OpenGL 2.1, which is not to be had here.\nThe map shows the same surface.")
        self._missing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        stack = QStackedLayout(self)
        stack.setContentsMargins(2, 2, 2, 2)
        stack.addWidget(self._canvas if self._canvas.isValid() else self._missing)

    @property
    def canvas(self) -> Canvas:
        """The OpenGL widget, for its camera."""
        return self._canvas

    def show_frame(self, frame: Frame) -> None:
        self._frame = frame
        self._canvas.show_frame(frame)

    def reset_view(self) -> None:
        self._canvas.reset_camera()

    def eventFilter(self, watched, event) -> bool:
        """A click, other than a drag, picks the point of the sheet under it."""
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
        elif event.type() == QEvent.Type.MouseButtonRelease and self._pressed is not None:
            moved = (event.position() - self._pressed).manhattanLength()
            self._pressed = None
            spot = self._canvas.spot(event.position()) if moved < STILL else None
            if spot is not None:
                self.picked.emit(spot)
        return False

    def picture(self) -> QImage:
        """Drawn anew, smoothed, into a buffer of its own. Raises `RuntimeError` without OpenGL."""
        return self._canvas.picture()


class Canvas(Stage):
    """The scene and its camera. Letters are painted over it in one pass, so that nothing covers them."""

    spent = Signal(float)  # seconds, on a picture

    def __init__(self, style: Style) -> None:
        super().__init__()
        self._look = style
        self._frame = Frame()
        self._drawn: tuple = ()
        self._painted: tuple[tuple, QImage] | None = None
        self._written: tuple[tuple, QImage] | None = None
        self._axes_side: tuple = ()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(round(160 * style.scale), round(120 * style.scale))
        self.setBackgroundColor(style.theme.window)
        self._make_items()
        self.reset_camera()

    def _make_items(self) -> None:
        theme, k = self._look.theme, self._look.scale

        def mesh(options, depth=0):
            item = gl.GLMeshItem(smooth=True, computeNormals=False, glOptions=options)
            item.setDepthValue(depth)
            self.addItem(item)
            return item

        def lines(rgba, width=1.0, mode="lines", options="translucent", depth=1):
            item = gl.GLLinePlotItem(mode=mode, color=rgba, width=width * k, antialias=True, glOptions=options)
            item.setGLOptions(options)
            item.setDepthValue(depth)
            self.addItem(item)
            return item

        muted, ink = _rgb(theme.muted), _rgb(theme.ink)
        path = _rgb(PATH)
        self._walls = lines((*muted, 0.28))
        self._ground, self._sheet = mesh(LAND), mesh(LAND)
        self._iso_low = lines((1, 1, 1, 0.20), 1.0)
        self._iso = lines((0, 0, 0, 0.40), 1.2)
        self._shadow = lines((*path, 0.95), 2.0, mode="line_strip", depth=2)
        self._outline, self._tube = mesh(OUTLINE, 3), mesh(SOLID, 4)
        self._sticks = lines((*ink, 0.75) if theme.dark else (0.05, 0.06, 0.08, 0.75), 1.4, depth=5)
        self._balls = [self._ball(0.024, "#ffffff"), self._ball(0.034, PATH)]
        self._xray = lines((*path, 0.5), 2.0, mode="line_strip", options=XRAY, depth=50)
        self._ghosts = [lines((*_rgb(ink), 0.9), 2.0, options=XRAY, depth=40) for ink, *_ in GHOSTS]
        # Both ways between two runs, each white on a dark line, to be seen on every colour.
        self._ways = [
            [lines((*_rgb(ink), 0.9), width, options=XRAY, depth=depth) for _ in range(2)]
            for ink, width, depth in ((PATH_HALO, 4.0, 41), ("#ffffff", 2.0, 42))
        ]
        for item in self.items:
            item.setVisible(False)

    def _ball(self, radius: float, ink: str) -> gl.GLMeshItem:
        data = gl.MeshData.sphere(14, 20, radius=radius)
        item = gl.GLMeshItem(meshdata=data, smooth=True, color=QColor(ink).getRgbF(), shader="shaded", glOptions=SOLID)
        item.setDepthValue(6)
        self.addItem(item)
        return item

    def show_frame(self, frame: Frame) -> None:
        """Give the items what changed; painting follows when Qt asks for it."""
        self._frame = frame
        drawable = frame.surface is not None and frame.scale is not None
        for item in self.items:
            item.setVisible(drawable)
        drawn = (frame.surface, frame.scale)
        if drawable and (not self._drawn or drawn[0] is not self._drawn[0] or drawn[1] != self._drawn[1]):
            self._show_sheet(frame)
        self._drawn = drawn if drawable else ()
        if drawable:
            self._show_paths(frame)
        self.update()

    def _show_sheet(self, frame: Frame) -> None:
        assert frame.surface is not None and frame.scale is not None
        sheet, ground = scene.sheet(frame.surface, frame.scale)
        for item, mesh in ((self._sheet, sheet), (self._ground, ground)):
            _set_mesh(item, mesh)
        high, low = scene.iso_lines(frame.surface, frame.scale)
        self._iso.setData(pos=high)
        self._iso_low.setData(pos=low)
        self._axes_side = ()
        self._show_walls()

    def _show_paths(self, frame: Frame) -> None:
        ghosts = {run.slot: run for run in frame.ghosts}
        for slot, item in enumerate(self._ghosts):
            run = ghosts.get(slot)
            item.setVisible(run is not None)  # drawing a line of no points costs as much as drawing one
            if run is not None:
                points = scene.path(frame, run, run.length).points
                item.setData(pos=points[: len(points) // 2 * 2])  # every second piece: dashes
        for pair in self._ways:
            for item, points in zip(pair, scene.ways(frame), strict=True):
                item.setVisible(bool(len(points)))
                item.setData(pos=points)
        items = (self._outline, self._tube, self._shadow, self._sticks, self._xray, *self._balls)
        path = scene.path(frame, frame.run, frame.cursor) if frame.run else None
        if path is None or not len(path.points):
            for item in items:
                item.setVisible(False)
            return
        points = path.points
        age = np.linspace(0.0, 1.0, len(points))[:, None]
        rgb = np.array([0.93, 0.62, 0.36]) * (1 - age) + np.array([1.0, 0.60, 0.20]) * age
        radius = 0.0085 + 0.006 * age[:, 0] ** 3
        dark = np.tile(_rgb(PATH_HALO), (len(points), 1))
        for item, mesh in (
            (self._tube, scene.tube(points, radius, rgb)),
            (self._outline, scene.tube(points, radius + 0.0055, dark)),
        ):
            item.setVisible(mesh is not None)
            if mesh is not None:
                _set_mesh(item, mesh)
        self._xray.setData(pos=points)
        floor = points.copy()
        floor[:, 2] = scene.FLOOR + 2 * scene.LIFT
        self._shadow.setData(pos=floor)
        self._sticks.setData(pos=scene.sticks(path))
        now_shown = path.states[-1] == frame.cursor
        for item, spot, there in zip(
            self._balls, (points[0], points[-1]), (path.states[0] == 0, now_shown), strict=True
        ):
            item.setVisible(bool(there))
            item.resetTransform()
            item.translate(*spot)

    # ---- camera -------------------------------------------------------------------------------------------------

    def reset_camera(self) -> None:
        """The camera as at the beginning."""
        self.setCameraPosition(pos=QVector3D(0, 0, 0.0), distance=4.7, **CAMERA)

    def _widen(self, width: float, height: float) -> None:
        """A field of view (pyqtgraph's is horizontal) that holds the box in wide and in tall windows."""
        k = self._look.scale
        tall = math.tan(math.radians(20)) * _crowded(height / k, 420) * width / max(height, 1)
        half = max(tall, math.tan(math.radians(23.5)) * _crowded(width / k, 340))
        self.opts["fov"] = math.degrees(2 * math.atan(half))

    def _show_walls(self) -> None:
        """Lines on the two walls behind the sheet, which depend on where the camera stands."""
        x, y = self._back()
        frame = self._frame
        if frame.scale is None or self._axes_side == (x, y):
            return
        self._axes_side = (x, y)
        lines = []
        for z in [0.0, *scene.TOP * frame.scale(frame.scale.ticks)]:
            lines += [(x, -1, z), (x, 1, z), (-1, y, z), (1, y, z)]
        for corner in ((x, -y), (x, y), (-x, y)):
            lines += [(*corner, scene.FLOOR), (*corner, scene.TOP)]
        self._walls.setData(pos=np.array(lines, float))

    def _back(self) -> tuple[float, float]:
        azimuth = math.radians(self.opts["azimuth"])
        return -math.copysign(1, math.cos(azimuth)), -math.copysign(1, math.sin(azimuth))

    # ---- painting -----------------------------------------------------------------------------------------------

    def picture(self) -> QImage:
        """The scene at the widget's size, four samples a pixel, letters included."""
        image = self._image(self.width(), self.height(), 4).convertToFormat(QImage.Format.Format_RGB32)
        painter = QPainter(image)
        self._paint_letters(painter, self.width(), self.height())
        painter.end()
        return image

    def _image(self, width: int, height: int, many: int) -> QImage:
        self._widen(width, height)
        self._show_walls()
        moving = [self._outline, self._tube, self._shadow, self._sticks, self._xray, *self._balls, *self._ghosts]
        moving += [item for pair in self._ways for item in pair]
        return self.drawn((width, height), moving, (self._drawn, self._axes_side), many)

    def _paint_letters(self, painter: QPainter, width: int, height: int) -> None:
        frame, k = self._frame, self._look.scale
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if frame.surface is not None and frame.scale is not None:
            project = self._projection(width, height)

            def place(x: float, y: float, z: float) -> QPointF:
                return project.map(QVector3D(x, y, z)).toPointF()

            letters = Letters(painter, place, self._back(), self._look, QRectF(0, 0, width, height))
            letters.height_axis(frame.scale)
            letters.floor_axes(frame.surface.plane)
        draw_legend(painter, QRectF(10 * k, 4 * k, width - 20 * k, height), _entries(frame), self._look, True)

    def _projection(self, width: int, height: int) -> QMatrix4x4:
        """From the box to pixels, and to a depth from 0 to 1."""
        screen, region = QMatrix4x4(), (0, 0, width, height)
        screen.viewport(0, height, width, -height)
        return screen * self.projectionMatrix(region, region) * self.viewMatrix()

    def spot(self, position: QPointF) -> tuple[float, float] | None:
        """The plane coordinates of the point of the sheet that is seen at a place of the widget; None beside it."""
        if self._frame.surface is None or self._frame.scale is None:
            return None
        back, invertible = self._projection(self.width(), self.height()).inverted()
        if not invertible:
            return None
        ends = (back.map(QVector3D(position.x(), position.y(), depth)) for depth in (0.0, 1.0))
        near, far = (np.array([end.x(), end.y(), end.z()]) for end in ends)
        return scene.hit(self._frame, near, far)

    # ---- Qt -----------------------------------------------------------------------------------------------------

    @guarded(say_so)
    def paintEvent(self, event) -> None:
        # Qt also asks when nothing has changed, a neighbour's layout perhaps: then the last picture serves again.
        ratio = self.devicePixelRatioF()
        size = round(self.width() * ratio), round(self.height() * ratio)
        key = (self._frame, size, self._camera())
        began = time.perf_counter()
        if self._painted is None or self._painted[0] != key:
            image = QImage(*size, QImage.Format.Format_RGB32)
            image.fill(self._look.theme.window)
            image.setDevicePixelRatio(ratio)
            with painting(image) as painter:
                if self._drawn:
                    painter.drawImage(self.rect(), self._image(*size, samples()))
                painter.drawImage(self.rect(), self._letters(ratio))
            self._painted = key, image
        with painting(self) as painter:
            painter.drawImage(0, 0, self._painted[1])
        self.spent.emit(time.perf_counter() - began)

    def _letters(self, ratio: float) -> QImage:
        """What is written over the scene, kept while it stays the same: writing takes as long as drawing the scene."""
        key = (self._drawn, tuple(_entries(self._frame)), self.size(), ratio, self._camera())
        if self._written is None or self._written[0] != key:
            image = QImage(self.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
            image.fill(Qt.GlobalColor.transparent)
            image.setDevicePixelRatio(ratio)
            painter = QPainter(image)
            try:
                self._paint_letters(painter, self.width(), self.height())
            finally:
                painter.end()
            self._written = key, image
        return self._written[1]

    def _camera(self) -> tuple[str, ...]:
        return tuple(str(value) for value in self.opts.values())


def _crowded(size: float, enough: float, margin: float = 50) -> float:
    """How much further away the box has to be in a view of this size, so that the letters around it keep their room;
    1 where the view is large enough. In pixels at scale 1."""
    share = max(1 - 2 * margin / max(size, 1), 0.3)
    return max(1.0, (1 - 2 * margin / enough) / share)


def _rgb(name: str) -> tuple[float, float, float]:
    color = QColor(name)
    return color.redF(), color.greenF(), color.blueF()


def _set_mesh(item: gl.GLMeshItem, mesh: scene.Mesh) -> None:
    item.setMeshData(meshdata=gl.MeshData(vertexes=mesh.vertices, faces=mesh.faces, vertexColors=mesh.colors))


def _entries(frame: Frame) -> list[Entry]:
    entries: list[Entry] = []
    if frame.run is not None and frame.surface is not None:
        entries = [
            ("path", "path at its true loss"),
            ("start", "start"),
            ("now", "now"),
            ("stick", "from the sheet to the true loss"),
        ]
    entries += [(f"ghost{run.slot}", run.label) for run in frame.ghosts]
    entries += WAY_ENTRIES * (frame.bridge is not None and frame.surface is not None)
    if frame.surface is not None and not np.isfinite(frame.surface.loss).all():
        entries.append(("hole", "no sheet: loss not finite"))
    return entries


VIEW = SurfaceView
