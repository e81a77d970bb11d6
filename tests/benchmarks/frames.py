"""Frames of the real window: how even they are while a network trains flat out, and how soon a new surface is seen.

*Idle* is the application with nothing to compute that draws all the same: it plays a recorded run, so every view is
painted in every frame. *Loaded* it draws the same views while it trains as fast as it can and surveys without a pause.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from model import with_field
from model.settings import kind_of
from tests.benchmarks import Row, at_most

BAR, COARSE_BAR = 1.3, 16.0
ROUNDS, SECONDS, WARM = 3, 4.0, 1.0


def rows() -> list[Row]:
    """Gaps between frames, idle and loaded in turns; steps while drawing; the wait for a new surface."""
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtGui import QGuiApplication

    from explorer.application import SWITCH_INTERVAL, make_application
    from explorer.resources import load_experiment
    from explorer.style import DARK
    from explorer.window import Window

    if sys.platform == "linux" and not _display():
        return [Row("frames of the real window", "needs a display", "")]
    application = make_application()
    sys.setswitchinterval(SWITCH_INTERVAL)
    assert QGuiApplication.platformName() not in ("offscreen", "minimal")
    with tempfile.TemporaryDirectory() as folder:
        stored = QSettings(str(Path(folder) / "window.ini"), QSettings.Format.IniFormat)
        window = Window(load_experiment(), DARK, stored)
        window.resize(1600, 1000)
        window.show()

        def run(seconds: float) -> None:
            QTimer.singleShot(int(1000 * seconds), lambda: application.exit(0))
            application.exec()

        run(1.0)
        rounds = [(_idle(window, run), *_loaded(window, run)) for _ in range(ROUNDS)]
        waits = [_wait_for_surface(window, run) for _ in range(9)]
        on_map, in_3d = (statistics.median(part) for part in zip(*waits, strict=True))
        window.close()
    idle, loaded, steps = (statistics.median(part) for part in zip(*rounds, strict=True))
    name = "frame gap p99, training flat out and surveying / idle (playing)"
    ratio = loaded / idle
    return [
        Row(name, f"{loaded:.1f} ms", f"{idle:.1f} ms", f"{ratio:.2f}", f"≤ {BAR:g}", ratio <= BAR),
        Row("steps while drawing and surveying", f"{steps:,.0f}/s", ""),
        at_most("from a switch of the loss to its coarse surface on the map", on_map, COARSE_BAR, "ms"),
        at_most("from a switch of the loss to its coarse surface in 3-D", in_3d, COARSE_BAR, "ms"),
    ]


def _display() -> bool:
    import os

    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _gaps(window, run: Callable[[float], None]) -> float:
    """The 99th percentile of the times between frames, in milliseconds, after a moment to settle."""
    times: list[float] = []
    note = lambda frame: times.append(time.perf_counter())  # noqa: E731
    run(WARM)
    window.session.frame_changed.connect(note)
    run(SECONDS)
    window.session.frame_changed.disconnect(note)
    return float(np.percentile(np.diff(times), 99) * 1e3)


def _begin(window, steps: int) -> None:
    window.session.stop()
    window.session.open(msgspec.structs.replace(window.session.experiment, steps=steps))
    window.session.set_pace(0)


def _idle(window, run: Callable[[float], None]) -> float:
    session = window.session
    _begin(window, 1000)
    session.train()
    run(1.5)
    session.seek(0)
    session.toggle_play()
    return _gaps(window, run)


def _loaded(window, run: Callable[[float], None]) -> tuple[float, float]:
    session = window.session
    _begin(window, 400_000)
    session.train()

    def again(frame) -> None:
        if not frame.surveying:
            session.recompute()

    session.frame_changed.connect(again)
    before = time.perf_counter()
    gap = _gaps(window, run)
    steps = session.frame.runs[-1].length / (time.perf_counter() - before)
    session.frame_changed.disconnect(again)
    session.stop()
    return gap, steps


def _wait_for_surface(window, run: Callable[[float], None]) -> tuple[float, float]:
    """Milliseconds from a switch of the loss to its first coarse surface painted on the map, and in 3-D."""
    session, canvas = window.session, window.surface.canvas
    _begin(window, 300)
    session.train()
    run(1.0)
    session.stop()
    run(0.5)
    seen, drawn, old, show = [], [], session.frame.surface, window.surface.show_frame

    def note(frame) -> None:  # called after the window's own slot, which paints
        if frame.surface is not old and not seen:
            seen.append(time.perf_counter() - asked)

    def note_3d(frame) -> None:
        show(frame)
        if frame.surface is not old and not drawn:
            canvas.repaint()
            drawn.append(time.perf_counter() - asked)

    session.frame_changed.connect(note)
    window.surface.show_frame = note_3d
    other = "mse" if kind_of(session.experiment.loss) == "bce" else "bce"
    asked = time.perf_counter()
    session.change(with_field(session.experiment, "loss", other))
    run(0.5)
    session.frame_changed.disconnect(note)
    del window.surface.show_frame
    return 1e3 * seen[0], 1e3 * drawn[0]
