"""Pictures: a frame, shown to views that nobody sees, at any size. The only path from a view to a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage, QImageWriter, QPainter

from explorer.drawing.view import View
from explorer.frame import Frame, Run
from explorer.style import DARK, Style, Theme, palette
from explorer.views import VIEWS
from model import Experiment, Look, SettingError, Trajectory, landscape, probe, to_json, train
from model.running import recorded
from model.storage import replacing

DESIGN = {name: view.design for name, view in VIEWS.items()} | {"both": (1400, 640)}
PATIENCE = 3.0  # seconds of a survey after which it is said how long it will take


class Studio:
    """The views of one kind of picture, kept from frame to frame. Final."""

    def __init__(self, kind: str, size: tuple[int, int], theme: Theme = DARK, camera: dict | None = None) -> None:
        """`kind` is a view's name or "both" (map and surface); `size` in pixels; `camera` that of the 3-D view."""
        width, height = size
        scale = min(width / DESIGN[kind][0], height / DESIGN[kind][1])
        split = round(width * 0.46)
        places = {"map": (0, split), "surface": (split, width - split)} if kind == "both" else {kind: (0, width)}
        self._size, self._theme = size, theme
        self._views: list[tuple[int, View]] = []
        for name, (left, wide) in places.items():
            view = VIEWS[name](Style(theme, scale))
            view.setPalette(palette(theme))
            view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
            view.resize(wide, height)
            view.show()
            if camera is not None and name == "surface":
                view.canvas.setCameraParams(**{k: v for k, v in camera.items() if k != "fov"})
            self._views.append((left, view))

    def picture(self, frame: Frame) -> QImage:
        """The frame as an image of the size asked for. Raises `RuntimeError` where 3-D is not to be had."""
        image = QImage(*self._size, QImage.Format.Format_RGB32)
        image.fill(self._theme.window)
        painter = QPainter(image)
        try:
            for left, view in self._views:
                view.show_frame(frame)
                painter.drawImage(QPoint(left, 0), view.picture())
        finally:
            painter.end()
        return image

    def close(self) -> None:
        """Take the views down."""
        for _, view in self._views:
            view.close()
            view.deleteLater()
        self._views = []


def picture(frame: Frame, kind: str, size: tuple[int, int], theme: Theme = DARK, camera: dict | None = None) -> QImage:
    """One picture of a frame; see `Studio`. The experiment is kept in the image's text, as JSON."""
    studio = Studio(kind, size, theme, camera)
    try:
        image = studio.picture(frame)
    finally:
        studio.close()
    if frame.run is not None:
        image.setText("Software", "loss-landscape-explorer")
        image.setText("Experiment", to_json(frame.run.experiment))
        if frame.run.changes:
            image.setText("Changes", "; ".join(f"step {c.step}: {c.text}" for c in frame.run.changes))
    return image


def save(image: QImage, path: Path) -> None:
    """Write a PNG beside its place under another name, then move it there: never half a file, nothing lost.

    Raises `OSError` where that cannot be done.
    """
    with replacing(path) as temporary:
        writer = QImageWriter(str(temporary), b"PNG")
        if not writer.write(image):
            raise OSError(f"{path}: cannot be written ({writer.errorString()})")


def frame_at(
    experiment: Experiment, step: int | None, logarithmic: bool = True, tell: Callable[[str], object] = print
) -> Frame:
    """The frame that a window would show after training the experiment, with the cursor on a step (None: the last).

    A survey that will take a while is announced through `tell`. Raises `SettingError` for a step that the run does not
    reach.
    """
    trajectory, last = Trajectory(), max(experiment.steps, step or 0)
    for _ in recorded(trajectory, train(experiment, None, last)):
        pass
    length = len(trajectory)
    if not length:
        raise SettingError("experiment", "a start with a loss that is not finite", "settings with a finite one")
    cursor = length - 1 if step is None else step
    if not 0 <= cursor < length:
        why = " (then its loss is no longer finite)" if length <= last else ""
        raise SettingError("--step", step, f"0 to {length - 1}{why}")
    land, began, told = None, time.monotonic(), False
    for found in landscape(Look(experiment, trajectory, length, now=cursor)):
        land = found or land
        spent = time.monotonic() - began
        if land is not None and spent > PATIENCE and not told and (share := land.surface.progress) < 0.5:
            told = True
            side = f"{experiment.resolution:,}"
            tell(f"Surveying {side} × {side} points: about {spent / share:,.0f} s")
    assert land is not None
    losses = trajectory.losses(0, length)
    others = trajectory.batch_losses(0, length), trajectory.test_losses(0, length)
    run = Run(experiment.title, experiment, trajectory, length, land.coords, losses, land.heights, *others)
    look = Look(experiment, trajectory, length, now=cursor)
    *_, known = probe(look, land.surface.plane, line=True, spectral=True)
    return Frame((run,), cursor, land.surface, experiment.objective, known, logarithmic=logarithmic, until=length - 1)
