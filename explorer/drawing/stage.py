"""A stage for OpenGL items: drawn into a buffer of its own, shown as an ordinary image.

pyqtgraph's `GLViewWidget` is a QOpenGLWidget. One of those in a window makes Qt compose the *whole* window with OpenGL
at every repaint, and where OpenGL is a program on the processor that costs more than the scene itself (measured: 62 ms
a frame against 24 in all). This stage has the same items and camera, one context for all stages (so that a second
window or a floated dock shares its programs), keeps what stands still, and looks the same on screen and in pictures.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from OpenGL import GL
from pyqtgraph.opengl import GLMeshItem
from pyqtgraph.opengl.GLViewWidget import GLViewMixin
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication, QImage, QOffscreenSurface, QOpenGLContext
from PySide6.QtOpenGL import QOpenGLFramebufferObject, QOpenGLFramebufferObjectFormat
from PySide6.QtWidgets import QWidget

SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "software")


@cache
def _context() -> tuple[QOpenGLContext, QOffscreenSurface] | None:
    """The application's one context, and a surface to make it current on; None without OpenGL 2.1."""
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        return None
    application = QCoreApplication.instance()
    context, surface = QOpenGLContext(application), QOffscreenSurface(None, application)
    surface.create()
    if not context.create() or not context.makeCurrent(surface) or context.format().version() < (2, 1):
        return None
    context.doneCurrent()
    return context, surface


@cache
def samples() -> int:
    """Samples a pixel on screen: four cost a card nothing, but a processor two thirds of its frames."""
    made = _context()
    if made is None or not made[0].makeCurrent(made[1]):
        return 0
    renderer = str(made[0].functions().glGetString(GL.GL_RENDERER))
    made[0].doneCurrent()
    return 0 if any(name in renderer.lower() for name in SOFTWARE) else 4


class Stage(GLViewMixin, QWidget):
    """Items and a camera. A subclass says which items move from frame to frame, and what is painted over them."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Any]
        self.opts: dict[str, Any]
        self._still: tuple[Any, QOpenGLFramebufferObject] | None = None
        self._begun = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        # A triangle of no size, before all else. Mesa's software renderer, once it has smoothed lines without
        # multisampling, draws the first lines with it ragged, until it meets a triangle; and a land may have none.
        first = GLMeshItem(vertexes=np.zeros((1, 3)), faces=np.zeros((1, 3), np.uint32), computeNormals=False)
        first.setDepthValue(-1)
        self.addItem(first)

    def isValid(self) -> bool:
        """Whether there is OpenGL to draw with."""
        return _context() is not None

    def context(self) -> QOpenGLContext | None:
        """The context that is drawn in."""
        made = _context()
        return made[0] if made else None

    def drawn(self, size: tuple[int, int], moving: list, scene: object, many: int) -> QImage:
        """The stage in pixels. Everything but `moving` is kept for as long as `scene`, size and camera stay the same.

        Raises `RuntimeError` without OpenGL.
        """
        made = _context()
        if made is None or not made[0].makeCurrent(made[1]):
            raise RuntimeError("3-D pictures need OpenGL 2.1")
        if not self._begun:
            self.initializeGL()
            self._begun = True
        still = [item for item in self.items if item not in moving]
        key = (size, many, scene, *(str(value) for value in self.opts.values()))
        if self._still is None or self._still[0] != key:
            buffer = self._still[1] if self._still and self._still[0][:2] == key[:2] else _buffer(size, many)
            self._still = key, buffer
            self._draw(buffer, still, size, clear=True)
        if QOpenGLFramebufferObject.hasOpenGLFramebufferBlit():
            frame = _buffer(size, many)
            both = GL.GL_COLOR_BUFFER_BIT | GL.GL_DEPTH_BUFFER_BIT
            QOpenGLFramebufferObject.blitFramebuffer(frame, self._still[1], both, GL.GL_NEAREST)
            self._draw(frame, moving, size, clear=False)
        else:
            frame = _buffer(size, many)
            self._draw(frame, self.items, size, clear=True)
        image = frame.toImage()
        made[0].doneCurrent()
        return image

    def _draw(self, buffer: QOpenGLFramebufferObject, items: list, size: tuple[int, int], clear: bool) -> None:
        everything, self.items = self.items, items
        region = (0, 0, *size)
        buffer.bind()
        GL.glViewport(*region)
        try:
            if clear:
                self.paint(region=region, viewport=region)
            else:
                self.setProjection(region, region)
                self.setModelview()
                self.drawItemTree()
        finally:
            self.items = everything
            buffer.release()


def _buffer(size: tuple[int, int], many: int) -> QOpenGLFramebufferObject:
    made = QOpenGLFramebufferObjectFormat()
    made.setAttachment(QOpenGLFramebufferObject.Attachment.CombinedDepthStencil)
    made.setSamples(many)
    return QOpenGLFramebufferObject(*size, made)
