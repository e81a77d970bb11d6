"""Films: a descent as an animated GIF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtGui import QColor, QImage

from explorer.export.picture import Studio
from explorer.frame import Frame
from explorer.style import PATH, PATH_HALO, PATH_OLD
from model.storage import replacing

PER_SECOND = 20


def save_gif(frame: Frame, kind: str, size: tuple[int, int], path: Path, frames: int = 60) -> None:
    """Write the run of a frame, from its start to its cursor, in so many pictures; the last one stays for a while.

    All pictures share one palette without dither, so that nothing flickers and the file stays small.
    """
    studio = Studio(kind, size)
    try:
        cursors = np.unique(np.linspace(0, frame.cursor, frames).round().astype(int))
        images = [_pillow(studio.picture(replace(frame, cursor=int(cursor)))) for cursor in cursors]
    finally:
        studio.close()
    palette = _palette(images[-1])
    flat = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
    times = [1000 // PER_SECOND] * (len(flat) - 1) + [1500]
    with replacing(path) as temporary:
        flat[0].save(temporary, "GIF", save_all=True, append_images=flat[1:], duration=times, loop=0, optimize=False)


def _palette(image: Image.Image) -> Image.Image:
    """256 colours for all pictures: those of one of them, and for sure the few of the marks, small as these are."""
    colors = [QColor(name) for name in ("#ffffff", "#000000", PATH, PATH_OLD, PATH_HALO)]
    marks = [(color.red(), color.green(), color.blue()) for color in colors]
    found = image.quantize(colors=256 - len(marks), method=Image.Quantize.MEDIANCUT).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette([*found[: 3 * (256 - len(marks))], *(part for mark in marks for part in mark)])
    return palette


def _pillow(image: QImage) -> Image.Image:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    data = bytes(image.constBits())
    return Image.frombytes("RGB", (image.width(), image.height()), data, "raw", "RGB", image.bytesPerLine())
