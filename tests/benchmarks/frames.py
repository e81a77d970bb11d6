"""Frames of the real window: how even they are while a network trains flat out.

*Idle* is the application with nothing to compute that draws all the same: it plays a recorded run, so every view is
painted in every frame. *Loaded* it draws the same views while it trains as fast as it can and surveys without a pause.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tests.benchmarks import Row

BAR = 1.3
ROUNDS, SECONDS, WARM = 3, 4.0, 1.0
Run = Callable[[float], None]


def rows() -> list[Row]:
    """Gaps between frames, idle and loaded in turns; steps while drawing."""
    if not displayed():
        return [Row("frames of the real window", "needs a display", "")]
    with opened() as (window, run):
        rounds = [(_idle(window, run), *_loaded(window, run)) for _ in range(ROUNDS)]
    idle, loaded, steps = (statistics.median(part) for part in zip(*rounds, strict=True))
    name = "frame gap p99, training flat out and surveying / idle (playing)"
    ratio = loaded / idle
    return [
        Row(name, f"{loaded:.1f} ms", f"{idle:.1f} ms", f"{ratio:.2f}", f"≤ {BAR:g}", ratio <= BAR),
        Row("steps while drawing and surveying", f"{steps:,.0f}/s", ""),
    ]


def displayed() -> bool:
    """Whether there is a display to open windows on."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def opened() -> Iterator[tuple[Any, Run]]:
    """The window of the default experiment on a display, and what lets it run for so many seconds."""
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QGuiApplication

    from explorer.application import SWITCH_INTERVAL, make_application
    from explorer.preferences import Preferences
    from explorer.resources import load_experiment
    from explorer.style import DARK
    from explorer.window import Window

    application = make_application()
    sys.setswitchinterval(SWITCH_INTERVAL)
    assert QGuiApplication.platformName() not in ("offscreen", "minimal")
    with tempfile.TemporaryDirectory() as folder:
        stored = Preferences(Path(folder) / "window.json")
        window = Window(load_experiment(), DARK, stored)
        window.resize(1600, 1000)
        window.show()

        def run(seconds: float) -> None:
            QTimer.singleShot(int(1000 * seconds), lambda: application.exit(0))
            application.exec()

        run(1.0)
        yield window, run
        window.close()


def _gaps(window, run: Run) -> float:
    """The 99th percentile of the times between frames, in milliseconds, after a moment to settle."""
    times: list[float] = []
    note = lambda frame: times.append(time.perf_counter())  # noqa: E731
    run(WARM)
    window.session.frame_changed.connect(note)
    run(SECONDS)
    window.session.frame_changed.disconnect(note)
    return float(np.percentile(np.diff(times), 99) * 1e3)


def begin_anew(window, steps: int) -> None:
    """The default experiment at its start, to be trained for so many steps as fast as it goes."""
    from explorer.resources import load_experiment

    window.session.stop()
    window.session.open(msgspec.structs.replace(load_experiment(), steps=steps))
    window.session.set_pace(0)


def _idle(window, run: Run) -> float:
    session = window.session
    begin_anew(window, 1000)
    session.train()
    run(1.5)
    session.seek(0)
    session.toggle_play()
    return _gaps(window, run)


def _loaded(window, run: Run) -> tuple[float, float]:
    session = window.session
    begin_anew(window, 400_000)
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
