"""What several test files need."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from model import Experiment, Look, Network
from model.activations import Array
from tests.clock import Clock, stop_clock

if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # or Qt aborts; `make test` sets it itself

if TYPE_CHECKING:  # the model's tests need no Qt
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

    from explorer.preferences import Preferences
    from explorer.session import Session
    from explorer.style import Theme
    from explorer.window import Window

pytest.register_assert_rewrite("tests.harness")
# The same examples in every run, however slow the machine.
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

Gradient = Callable[[Callable[[Array], float], Array], Array]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever opens a window is slow."""
    for item in items:
        if "open_window" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def central_differences() -> Gradient:
    """The gradient of a function of an array of any shape, (f(x + h) − f(x − h)) / 2h for each number in it."""

    def gradient(function: Callable[[Array], float], at: Array, h: float = 1e-6) -> Array:
        result = np.empty(at.shape)
        for index in np.ndindex(at.shape):
            ahead, behind = at.astype(float), at.astype(float)
            ahead[index] += h
            behind[index] -= h
            result[index] = (function(ahead) - function(behind)) / (2 * h)
        return result

    return gradient


@pytest.fixture(scope="session")
def qapp() -> Iterator[QApplication]:
    """The application as `loss-explorer` makes it: pytest-qt's own would miss what has to be set before it."""
    from PySide6.QtCore import QStandardPaths

    from explorer.application import SWITCH_INTERVAL, make_application

    QStandardPaths.setTestModeEnabled(True)
    before = sys.getswitchinterval()
    application = make_application()
    sys.setswitchinterval(SWITCH_INTERVAL)
    yield application
    sys.setswitchinterval(before)


@pytest.fixture(scope="session")
def small() -> Experiment:
    """An experiment whose steps take microseconds and whose survey takes one frame."""
    from model.datasets import Moons

    return Experiment(
        title="Small moons", dataset=Moons(samples=40, seed=1), network=Network((2, 4, 1)), seed=2, steps=60,
        resolution=21,
    )  # fmt: skip


@pytest.fixture
def pacer(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which threads keep their pace stands still: no run ends before a test is done with it."""
    return stop_clock(monkeypatch, "model.worker")


@pytest.fixture
def open_session(qapp: QApplication) -> Iterator[Callable[[Experiment], Session]]:
    """Makes sessions, which are closed afterwards; their threads have to end."""
    from explorer.session import Session

    made: list[Session] = []

    def open_(experiment: Experiment) -> Session:
        made.append(Session(experiment))
        return made[-1]

    yield open_
    for session in made:
        assert session.close()
        session.deleteLater()
    assert not workers()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the states that a session asks about, which it does as often as somebody wants to know."""
    from explorer.session import probing

    places, true = list[int](), probing.probe

    def noted(look: Look, *rest: Any) -> Any:
        places.append(look.current)
        return true(look, *rest)

    monkeypatch.setattr(probing, "probe", noted)
    monkeypatch.setattr(probing, "EVERY", 0.0)
    return places


@pytest.fixture
def stored(tmp_path: Path) -> Preferences:
    """Preferences that nobody else has."""
    from explorer.preferences import Preferences

    return Preferences(tmp_path / "preferences" / "window.json")


@pytest.fixture
def open_window(qtbot: QtBot, stored: Preferences) -> Iterator[Callable[..., Window]]:
    """Makes windows, shown and with the application's key guard; closed afterwards, and their threads have to end."""
    from PySide6.QtWidgets import QApplication

    from explorer.application import KeyGuard
    from explorer.style import DARK, set_theme
    from explorer.window import Window
    from tests.harness import settle, show

    application = QApplication.instance()
    assert isinstance(application, QApplication)
    guard = KeyGuard(application)
    application.installEventFilter(guard)
    made: list[Window] = []

    def open_(experiment: Experiment, theme: Theme = DARK) -> Window:
        window = Window(experiment, theme, stored)
        made.append(window)
        qtbot.addWidget(window)
        show(window)
        settle(window.session)
        return window

    yield open_
    application.removeEventFilter(guard)
    for window in made:
        window.close()
        assert window.session.close()
    set_theme(DARK)
    assert not workers()


def workers() -> list[threading.Thread]:
    """The threads of sessions that are still alive."""
    return [thread for thread in threading.enumerate() if thread.name in ("compute", "file", "race")]


@pytest.fixture(scope="session")
def heavy_ball() -> Callable[[list[tuple[int, Experiment]], int], Array]:
    """What a run has to be: θ `(until + 1, P)`, by v ← βv + ∇L(θ), θ ← θ − ηv written out once more.

    Parts are (step, experiment): from that step's state on, the steps are made under that experiment.
    """

    def params_of(parts: list[tuple[int, Experiment]], until: int) -> Array:
        rest = list(parts)
        params = rest[0][1].begin().params
        rows, velocity = [params], np.zeros_like(params)
        for step in range(until):
            while rest and rest[0][0] == step:
                _, experiment = rest.pop(0)
            descent: Any = experiment.descent
            velocity = descent.optimizer.momentum * velocity + experiment.objective.loss_and_gradient(params)[1]
            params = params + -descent.schedule.learning_rate * velocity
            rows.append(params)
        return np.array(rows)

    return params_of
