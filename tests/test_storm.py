"""A thousand things that two people may do, in an order that nobody planned: no exception, and nothing left behind.

By keys, by mouse and through the session.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from explorer.gallery import Gallery
from explorer.session import MOST_ENDED, Session
from explorer.style import THEMES
from explorer.window import DOCKED, Window
from model import Experiment, Network, SettingError, Surface, Trajectory, with_text
from model.datasets import Moons
from tests.harness import LEFT, NONE, SHIFT, drag, pixel, settle, trained, turn_wheel, until, viewport

CTRL = Qt.KeyboardModifier.ControlModifier
RATE = "descent.schedule.learning_rate"
ACTIONS = 500

STRUCTURES = (("network.widths", "2-3-1"), ("network.widths", "2-4-3-1"), ("dataset.samples", "30"), ("seed", "4"))
NUMBERS = ((RATE, "0.02"), (RATE, "0.3"), (RATE, "50"), ("descent.batch_size", "8"), ("descent.batch_size", "0"),
           ("descent.weight_decay", "0.01"), ("descent.clip_norm", "0.5"), ("steps", "40"))  # fmt: skip
OBJECTIVES = (("loss", "mse"), ("loss", "bce"), ("network.activation", "sigmoid"), ("network.activation", "relu"),
              ("descent.optimizer", "adam"), ("descent.optimizer", "heavy-ball"), ("descent.schedule", "cosine"),
              ("function", "saddle"), ("function", "network"))  # fmt: skip
LOOKS = (("plane", "random"), ("plane", "steepest"), ("plane", "principal"), ("resolution", "11"),
         ("line", "last-step"), ("resolution", "21"), ("line", "gradient"))  # fmt: skip
KEYS = (Qt.Key.Key_N, Qt.Key.Key_0, Qt.Key.Key_R, Qt.Key.Key_L, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_1,
        Qt.Key.Key_3, Qt.Key.Key_Escape, Qt.Key.Key_Left, Qt.Key.Key_BracketRight, Qt.Key.Key_F6)  # fmt: skip


class Person:
    """Somebody at a window, with a hand on the mouse and one on the keys."""

    def __init__(self, window: Window, rng: np.random.Generator) -> None:
        self.window, self.session, self.rng = window, window.session, rng

    def wishes(self) -> Iterator[Callable[[], object]]:
        """What a person may do, once or a few times each."""
        rng, session, window = self.rng, self.session, self.window
        for group in (STRUCTURES[int(rng.integers(len(STRUCTURES))) :][:1], NUMBERS, OBJECTIVES, LOOKS):
            for path, text in group:
                yield lambda path=path, text=text: self.change(path, text)  # type: ignore[misc]
        for _ in range(4):
            yield from (self.click, self.fork, self.drag_start, self.drag_rate, self.scrub)
            for key in (Qt.Key.Key_T, Qt.Key.Key_Space):
                yield lambda key=key: self.key(key)  # type: ignore[misc]
            yield lambda: self.key(Qt.Key.Key_Z, CTRL)
        for name in KEYS:
            yield lambda name=name: self.key(name)  # type: ignore[misc]
        for name in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            yield lambda name=name: self.key(name, CTRL)  # type: ignore[misc]
        yield from (self.line, self.wheel, self.wheel, self.type_rate, self.gallery)
        yield from (self.activate, self.remove, session.bring_back_run, self.hide, self.rename)
        yield from (window.actions_["connect"].trigger, session.cancel, session.redo, session.redo, self.save_run)
        yield lambda: session.set_pace(float(rng.choice([0, 20, 1000])))
        yield lambda: session.set_end(str(rng.choice(["once", "loop", "there and back"])))
        yield lambda: session.set_every(bool(rng.integers(2)))
        yield self.change_theme
        for dock in (*(view.name for view in DOCKED), "runs"):
            yield lambda name=dock: window.dock(name).setVisible(window.dock(name).isHidden())  # type: ignore[misc]

    # ---- one thing at a time ------------------------------------------------------------------------------------

    def change(self, path: str, text: str) -> None:
        try:
            experiment = with_text(self.session.experiment, path, text)
        except SettingError:
            return  # a form would have refused it
        self.session.change(experiment)

    def key(self, name: Qt.Key, modifier: Qt.KeyboardModifier = NONE) -> None:
        self.window.map.setFocus()
        QTest.keyClick(self.window.map, name, modifier)

    def spot(self, low: float = -0.2, high: float = 1.2) -> QPoint:
        (x0, x1), (y0, y1) = self.session.frame.plane.bounds  # type: ignore[union-attr]
        x, y = self.rng.uniform(low, high, 2)
        return pixel(self.window.map, (x0 + x * (x1 - x0), y0 + y * (y1 - y0)))

    @property
    def sees_land(self) -> bool:
        return self.session.frame.plane is not None and self.window.map.isVisible()

    def click(self) -> None:
        if self.sees_land:
            QTest.mouseClick(viewport(self.window.map), LEFT, pos=self.spot())

    def line(self) -> None:
        if self.sees_land:
            drag(viewport(self.window.map), self.spot(0.1, 0.9), self.spot(0.1, 0.9), SHIFT)

    def drag_start(self) -> None:
        run = self.session.frame.run
        if self.sees_land and run is not None and np.isfinite(run.coords[0]).all():
            drag(viewport(self.window.map), pixel(self.window.map, tuple(run.coords[0])), self.spot(0.1, 0.9))

    def wheel(self) -> None:
        if self.sees_land:
            turn_wheel(viewport(self.window.map), self.spot(0.4, 0.6), int(self.rng.choice([-2, 2])))

    def drag_rate(self) -> None:
        slider = self.window.controls.editor(RATE).slider  # type: ignore[attr-defined]
        slider.setSliderDown(True)
        for place in self.rng.integers(slider.maximum() // 2, size=3):
            slider.setSliderPosition(int(place))
            self.session.tick()
        slider.setSliderDown(False)

    def type_rate(self) -> None:
        line = self.window.controls.editor(RATE).line  # type: ignore[attr-defined]
        line.setFocus()
        line.selectAll()
        QTest.keyClicks(line, str(self.rng.choice(["0.05", "-1", "nonsense", "1e9"])))
        QTest.keyClick(line, (Qt.Key.Key_Return, Qt.Key.Key_Escape)[int(self.rng.integers(2))])

    def scrub(self) -> None:
        self.window.timeline.slider.setValue(int(self.rng.integers(self.window.timeline.slider.maximum() + 1)))

    def fork(self) -> None:
        self.scrub()
        self.change(RATE, f"{self.rng.uniform(0.01, 0.2):.3f}")

    def number(self) -> int:
        return int(self.rng.choice([run.number for run in self.session.frame.runs]))

    def activate(self) -> None:
        self.session.activate_run(self.number())

    def remove(self) -> None:
        self.session.remove_run(self.number())

    def hide(self) -> None:
        self.session.hide_run(self.number(), bool(self.rng.integers(2)))

    def rename(self) -> None:
        self.session.rename_run(self.number(), str(self.rng.choice(["", "mine", "a name that is " + "very " * 20])))

    def change_theme(self) -> None:
        """Which makes all views anew, and takes longer than anything that steers: it is no stall here."""
        self.window.set_theme(THEMES[str(self.rng.choice(list(THEMES)))])
        QApplication.processEvents()

    def gallery(self) -> None:
        self.window.actions_["gallery"].trigger()
        for gallery in self.window.findChildren(Gallery):
            gallery.reject()

    def save_run(self) -> None:
        self.window.actions_["save run"].trigger()


def check_frame(session: Session) -> None:
    """What holds of every frame, whatever somebody did."""
    frame, playback = session.frame, session.playback
    assert not (playback.following and playback.playing)
    assert len(frame.runs) <= MOST_ENDED + 1
    assert len({run.number for run in frame.runs}) == len(frame.runs)
    assert len({run.slot for run in frame.runs[:-1]}) == len(frame.runs) - 1
    assert 0 <= frame.cursor < max(frame.runs[-1].length, 1)
    assert not frame.runs[-1].elsewhere and not frame.runs[-1].hidden
    for each in frame.runs:
        columns = (each.losses, each.coords, each.heights, each.batch_losses, each.test_losses)
        assert all(column is not None and len(column) == each.length for column in columns)
        assert len(each.trajectory) >= each.length
        assert np.isfinite(each.losses).all() and np.isfinite(each.trajectory.params(0, each.length)).all()
        steps = [change.step for change in each.changes]
        assert steps == sorted(steps) and all(step >= each.trajectory.first for step in steps)
        assert len(each.segments) == len(each.gestures)
        assert [step for step, _ in each.segments] == sorted({step for step, _ in each.segments})


def alive(kind: type) -> int:
    gc.collect()
    return sum(type(thing) is kind for thing in gc.get_objects())


@pytest.mark.parametrize("seed", [5, 6])
def test_hundreds_of_wishes_leave_a_window_that_answers_and_nothing_else(
    open_window: Callable[..., Window],
    small: Experiment,
    qapp: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    window = open_window(small)
    session, done = window.session, 0
    person = Person(window, rng)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(tmp_path / "run.npz"), ""))
    widgets = len(window.findChildren(QWidget))
    others = alive(Trajectory), alive(Surface)  # other tests may keep some
    while done < ACTIONS:
        wishes = list(person.wishes())
        for index in rng.permutation(len(wishes))[: ACTIONS - done]:
            wishes[index]()
            done += 1
            if rng.random() < 0.5:
                qapp.processEvents()
            session.tick()
            check_frame(session)

    session.set_end("once")
    session.set_speed(8.0)
    session.set_pace(0)
    session.stop()
    session.follow()
    session.recompute()  # somebody may have cancelled the very first survey of a land
    settle(session)
    # Beside the runs: those that were removed, what the threads did last, and the runs of the two frames whose scale
    # is kept. Views of other themes go, with what they showed, when Qt comes to it, and a file when it is written.
    most = len(session.frame.runs) + MOST_ENDED + 6 + 2 * (MOST_ENDED + 1)
    until(lambda: alive(Trajectory) - others[0] <= most and alive(Surface) - others[1] <= 12)
    assert len(window.findChildren(QWidget)) <= 1.3 * widgets  # other kinds have more fields

    # It still does what it is told, and does it right.
    fresh = Experiment(dataset=Moons(samples=40, seed=2), network=Network((2, 3, 1)), steps=30, resolution=11)
    session.open(fresh)
    frame = trained(session)
    assert frame.run is not None and len(frame.runs) == 1
    np.testing.assert_array_equal(frame.run.trajectory.params(), fresh.run().params())
    assert window.timeline.slider.maximum() == 30 and window.windowTitle().startswith(fresh.title)
