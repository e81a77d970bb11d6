"""How the real window answers to whoever steers it: a slider dragged while a network trains flat out, the scrubber over
a long recording, a switch of the loss, and the first start.

A frame counts when it has been painted: the session hands it out, and the window paints it before others hear of it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from model import with_field
from tests.benchmarks import Row, at_least, at_most
from tests.benchmarks.frames import Run, begin_anew, displayed, opened

DRAGGED, UNDISTURBED = 50.0, 0.8  # frames a second while a slider is dragged, and how much of the training goes on
SCRUBBED = 59.5  # of the 60 frames a second that the session aims at
COARSE, STARTED = 50.0, 1.5
RECORDED, BEFORE, STEPS = 100_000, 300, 400_000
ROUNDS, SECONDS, WARM, SWITCHES = 5, 4.0, 1.0, 9
MOVES = 16  # milliseconds between two moves of the mouse
PLACES = 180, 260  # of the slider's 400: rates from 0.018 to 0.18 of the default preset, none of which diverges


def rows() -> list[Row]:
    """A drag, a scrub, a switch, and a start."""
    if not displayed():
        return [Row("steering the real window", "needs a display", "")]
    with opened() as (window, run):
        dragged = _drags(window, run)
        waits = [_wait_for_surface(window, run) for _ in range(SWITCHES)]
        scrubbed = _scrub(window, run)
    on_map, in_3d = (statistics.median(part) for part in zip(*waits, strict=True))
    return [
        *dragged,
        at_least(f"frames while {RECORDED:,} recorded steps are scrubbed, a new cursor each", scrubbed, SCRUBBED, "/s"),
        at_most("from a switch of the loss to its coarse surface on the map", on_map, COARSE, "ms"),
        at_most("from a switch of the loss to its coarse surface in 3-D", in_3d, COARSE, "ms"),
        _start(),
    ]


# ---- a slider ---------------------------------------------------------------------------------------------------


def _drags(window, run: Run) -> list[Row]:
    """Training at full speed, left alone and with the learning rate's slider dragged to and fro, in turns."""
    rounds = [(*_training(window, run, None), *_training(window, run, _Drag(window))) for _ in range(ROUNDS)]
    frames_alone, steps_alone, frames, steps = (statistics.median(part) for part in zip(*rounds, strict=True))
    share = statistics.median(dragged / alone for _, alone, _, dragged in rounds)
    words = f"{steps:,.0f}/s", f"{steps_alone:,.0f}/s", f"{share:.2f}", f"≥ {UNDISTURBED:g}"
    return [
        Row("frames while a slider is dragged, training flat out / left alone", f"{frames:.1f}/s",
            f"{frames_alone:.1f}/s", f"{frames / frames_alone:.2f}", f"≥ {DRAGGED:g}/s", frames >= DRAGGED),
        Row("training while a slider is dragged / left alone", *words, share >= UNDISTURBED),
    ]  # fmt: skip


def _training(window, run: Run, drag: _Drag | None) -> tuple[float, float]:
    """Frames and steps a second, of a run that begins anew: the longer it is, the longer each frame takes."""
    from PySide6.QtCore import Qt, QTimer

    session, painted = window.session, []
    _train_before(window, run, BEFORE)
    session.change(with_field(session.experiment, "steps", STEPS))
    session.train()
    run(WARM)
    mover = QTimer()
    mover.setTimerType(Qt.TimerType.PreciseTimer)
    if drag is not None:
        drag.press()
        mover.timeout.connect(drag.move)
        mover.start(MOVES)
    note = painted.append
    session.frame_changed.connect(note)
    began, first = time.perf_counter(), session.frame.run.length
    run(SECONDS)
    seconds, steps = time.perf_counter() - began, session.frame.run.length - first
    session.frame_changed.disconnect(note)
    mover.stop()
    assert session.training, "the run ended before the measurement did"
    session.stop()
    if drag is not None:
        drag.release()
    return len(painted) / seconds, steps / seconds


def _train_before(window, run: Run, steps: int) -> None:
    """A run of so many steps, and its surface all there: quickly, as nothing is drawn while they are made."""
    session = window.session
    before = session.frame.runs[-1].trajectory
    begin_anew(window, steps)
    session.train()
    while session.frame.runs[-1].trajectory is before:
        run(0.02)
    trajectory = session.frame.runs[-1].trajectory
    while len(trajectory) <= steps:
        time.sleep(0.01)
    run(0.1)
    while session.training or session.surveying:
        run(0.1)


class _Drag:
    """The mouse on the learning rate's slider: held down on its handle, moved a pixel or two at a time."""

    def __init__(self, window) -> None:
        self._slider = window.controls.editor("descent.schedule.learning_rate").slider
        self._at = self._sign = 0

    def press(self) -> None:
        from PySide6.QtCore import QEvent

        self._slider.setValue(sum(PLACES) // 2)
        handle = self._handle()
        self._at, self._y, self._sign = handle.center().x(), handle.center().y(), 1
        self._send(QEvent.Type.MouseButtonPress)
        assert self._slider.isSliderDown()

    def move(self) -> None:
        from PySide6.QtCore import QEvent

        low, high = PLACES
        value = self._slider.value()
        self._sign = 1 if value <= low else -1 if value >= high else self._sign
        self._at += self._sign
        self._send(QEvent.Type.MouseMove)

    def release(self) -> None:
        from PySide6.QtCore import QEvent

        self._send(QEvent.Type.MouseButtonRelease)

    def _handle(self) -> Any:
        from PySide6.QtWidgets import QStyle, QStyleOptionSlider

        option = QStyleOptionSlider()
        self._slider.initStyleOption(option)
        parts = QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self._slider
        return self._slider.style().subControlRect(*parts)

    def _send(self, kind: Any) -> None:
        from PySide6.QtCore import QEvent, QPointF, Qt
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtWidgets import QApplication

        spot, none, left = QPointF(self._at, self._y), Qt.MouseButton.NoButton, Qt.MouseButton.LeftButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        place = QPointF(self._slider.mapToGlobal(spot))
        event = QMouseEvent(kind, spot, place, button, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(self._slider, event)


# ---- the scrubber -----------------------------------------------------------------------------------------------


def _scrub(window, run: Run) -> float:
    """Frames a second, each with another state under the cursor, while the scrubber leaps at every turn of the loop."""
    from PySide6.QtCore import QTimer

    session, slider = window.session, window.timeline.slider
    _train_before(window, run, RECORDED)
    run(WARM)
    assert session.frame.run.length == RECORDED + 1
    rng, painted = np.random.default_rng(0), list[int]()
    hand = QTimer()
    hand.timeout.connect(lambda: slider.setValue(int(rng.integers(RECORDED + 1))))

    def note(frame) -> None:
        if not painted or frame.cursor != painted[-1]:
            painted.append(frame.cursor)

    session.frame_changed.connect(note)
    hand.start(0)
    began = time.perf_counter()
    run(SECONDS)
    seconds = time.perf_counter() - began
    hand.stop()
    session.frame_changed.disconnect(note)
    return len(painted) / seconds


# ---- another surface --------------------------------------------------------------------------------------------


def _wait_for_surface(window, run: Run) -> tuple[float, float]:
    """Milliseconds from a switch of the loss to its first coarse surface painted on the map, and in 3-D."""
    session, canvas = window.session, window.surface.canvas
    _train_before(window, run, BEFORE)
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
    asked = time.perf_counter()
    session.change(with_field(session.experiment, "loss", "mse"))
    run(0.5)
    session.frame_changed.disconnect(note)
    del window.surface.show_frame
    return 1e3 * seen[0], 1e3 * drawn[0]


# ---- the start --------------------------------------------------------------------------------------------------

FIRST_STEPS = 3
SEEN = "seen"  # what a child says when its picture is there
EMPTY = f"""
import numpy, scipy, scipy.linalg, scipy.sparse.linalg, scipy.special
from PySide6 import QtCore, QtGui, QtOpenGL, QtSvg, QtWidgets
import pyqtgraph, pyqtgraph.opengl

class Window(QtWidgets.QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print({SEEN!r}, flush=True)

application = QtWidgets.QApplication([])
window = Window()
window.resize(1600, 1000)
window.show()
application.exec()
"""
OURS = f"""
import explorer.__main__, explorer.application
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

make = explorer.application.make_application

def attach():
    [window] = (widget for widget in QApplication.topLevelWidgets() if hasattr(widget, "session"))

    def note(seconds):  # the 3-D view has been painted, which comes a frame after the map
        frame = window.session.frame
        if window.surface.canvas._drawn and frame.run.length > {FIRST_STEPS}:
            print({SEEN!r}, flush=True)

    window.surface.canvas.spent.connect(note)

def made():
    QTimer.singleShot(0, attach)  # in the event loop, when the window is there
    return make()

explorer.application.make_application = made
explorer.__main__.main([])
"""


def _start() -> Row:
    """From the start of the process to a picture that moves: both views with the surface, and the path's first steps.

    Beside it a process that imports the same libraries and paints an empty window. A first start: nothing is stored;
    files, fonts and shaders are in the system's caches.
    """
    rounds = [(_seconds(OURS), _seconds(EMPTY)) for _ in range(ROUNDS + 1)][1:]
    ours, empty = (statistics.median(part) for part in zip(*rounds, strict=True))
    ratio = statistics.median(one / other for one, other in rounds)
    words = f"{ours:.2f} s", f"{empty:.2f} s", f"{ratio:.2f}×", f"≤ {STARTED:g}×"
    return Row("first start to a moving picture / an empty window with the same libraries", *words, ratio <= STARTED)


def _seconds(program: str) -> float:
    """From the start of a process to the first line that it says."""
    with tempfile.TemporaryDirectory() as folder:
        places = {f"XDG_{kind}_HOME": folder for kind in ("CONFIG", "DATA")}
        began = time.perf_counter()
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, env=os.environ | places, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = child.stdout.readline()
            seconds = time.perf_counter() - began
            child.kill()
    assert said.strip() == SEEN, said
    return seconds
