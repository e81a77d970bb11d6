"""The window, by mouse and keyboard: a run is steered at full speed, and focused widgets keep their keys."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QMenu, QToolButton, QWidget

from explorer.actions import letter
from explorer.export.dialog import ExportDialog
from explorer.form import KindEditor
from explorer.form.editors import NumberEditor
from explorer.frame import Frame
from explorer.resources import load_experiment, presets
from explorer.session import PROBED
from explorer.style import LIGHT
from explorer.views import VIEWS
from explorer.window import Window
from model import (
    DATASETS,
    FUNCTIONS,
    INITIALIZERS,
    LINES,
    LOSSES,
    OPTIMIZERS,
    PLANES,
    SCHEDULES,
    Experiment,
    HeavyBall,
    Network,
    NetworkLoss,
    Settings,
    fields_of,
    from_json,
    with_field,
)
from model.activations import Array
from model.datasets import Blobs, Moons
from tests.clock import Clock
from tests.harness import editor, length, pick_by_mouse, press, run_of, settle, trained, type_into, until

ROOT = Path(__file__).parent.parent
Open = Callable[..., Window]
Replay = Callable[[list[tuple[int, Experiment]], int], Array]


@pytest.fixture(scope="module")
def brisk() -> Experiment:
    """Without end, so that a run at full speed is still on its way when a person turns a knob."""
    return Experiment(
        title="Brisk", dataset=Moons(samples=200, seed=3), network=Network((2, 16, 16, 1)), steps=400_000, resolution=31
    )


def pick_by_keys(box: QComboBox, data: object) -> None:
    box.setFocus()
    wanted = box.findData(data)
    for _ in range(box.count()):
        if box.currentIndex() != wanted:
            QTest.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < wanted else Qt.Key.Key_Up)
    assert box.currentIndex() == wanted


def switch_loss(window: Window) -> None:
    found = editor(window, "loss")
    assert isinstance(found, KindEditor)
    found.box.setFocus()
    QTest.keyClick(found.box, Qt.Key.Key_Up)  # a single press, so that no loss between was in force for a moment
    assert found.box.currentData() == "log-cosh"


def switch_activation(window: Window) -> None:
    box = editor(window, "network.activation").box
    pick_by_mouse(box, box.findData("sigmoid"))


def switch_rate(window: Window) -> None:
    type_into(editor(window, "descent.schedule.learning_rate").line, "0.0875")


def switch_momentum(window: Window) -> None:
    found = editor(window, "descent.optimizer.momentum")
    assert isinstance(found, NumberEditor)
    found.slider.setFocus()
    QTest.keyClick(found.slider, Qt.Key.Key_Left)


@pytest.mark.qt_log_ignore("This plugin does not support")  # raising a popup, without a display
@pytest.mark.parametrize(
    ("act", "path", "again"),
    [
        (switch_loss, "loss", True),
        (switch_activation, "network.activation", True),
        (switch_rate, "descent.schedule.learning_rate", False),
        (switch_momentum, "descent.optimizer.momentum", False),
    ],
    ids=["loss", "activation", "learning rate", "momentum"],
)
def test_a_live_switch_is_one_run_without_a_gap(
    open_window: Open, brisk: Experiment, heavy_ball: Replay, act: Any, path: str, again: bool
) -> None:
    window = open_window(brisk)
    before = window.session.frame.surface
    pick_by_keys(window.timeline.pace, 0)
    assert window.session.pace == 0
    window.map.setFocus()
    QTest.keyClick(window.map, Qt.Key.Key_T)
    until(lambda: length(window.session) > 50)
    act(window)
    switched = window.session.experiment
    assert window.session.training and switched != brisk
    until(lambda: bool(window.session.frame.run and window.session.frame.run.changes))
    (marker,) = window.session.frame.run.changes  # type: ignore[union-attr]
    until(lambda: length(window.session) > marker.step + 50)
    window.session.stop()
    frame = settle(window.session)
    run = frame.run
    assert run is not None and 50 <= marker.step < run.length - 1
    title = window.controls.editor(path).accessibleName()
    assert title in marker.text and "→" in marker.text
    # One trajectory, θ and the velocity bit-equal across the switch, the very next step under the new setting.
    np.testing.assert_array_equal(
        run.trajectory.params(0, run.length), heavy_ball([(0, brisk), (marker.step, switched)], run.length - 1)
    )
    assert (frame.surface is not before) >= again
    assert frame.surface is not None and frame.plane is not None and frame.objective is not None
    if not again and all(frame.plane.contains(c) for c in run.coords[: run.length]):
        assert frame.surface is before
    grid = np.stack(np.meshgrid(frame.surface.x, frame.surface.y, indexing="ij"), axis=-1)
    exact = switched.objective.loss(frame.plane.point(grid))
    np.testing.assert_allclose(frame.surface.loss, exact, rtol=1e-4, atol=1e-6)
    assert frame.objective is switched.objective
    assert str(marker.step) in window.timeline.marks.accessibleDescription().replace(",", "")


# ---- keys -------------------------------------------------------------------------------------------------------


@pytest.fixture
def window(open_window: Open, small: Experiment) -> Window:
    """A window with sixty steps made."""
    window = open_window(small)
    window.session.set_pace(0)
    trained(window.session)
    window.map.setFocus()
    return window


def button(window: Window, name: str) -> QToolButton:
    buttons = window.timeline.findChildren(QToolButton)
    return next(b for b in buttons if b.defaultAction() and b.defaultAction().objectName() == name)


def test_keys_move_the_cursor(window: Window) -> None:
    for key, modifier, place in (
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 59),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier, 49),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 50),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 60),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, 60),
    ):
        press(window, key, modifier)
        assert window.session.frame.cursor == place
        assert window.timeline.slider.value() == window.timeline.field.value() == place


def test_keys_play_train_and_start_anew(window: Window, pacer: Clock) -> None:
    press(window, Qt.Key.Key_Space)
    assert window.session.frame.playing
    press(window, Qt.Key.Key_Space)
    assert not window.session.frame.playing
    window.session.set_pace(60)
    press(window, Qt.Key.Key_T)
    assert window.session.training and button(window, "train").text() == "Stop"
    press(window, Qt.Key.Key_T)
    assert not window.session.training
    window.session.set_pace(0)
    press(window, Qt.Key.Key_N)
    settle(window.session)
    assert [run.label for run in window.session.frame.runs] == ["run 1", "run 2"]


def test_space_on_a_focused_button_presses_it(window: Window) -> None:
    button(window, "first").setFocus()
    assert QApplication.focusWidget() is button(window, "first")
    press(window, Qt.Key.Key_Space)
    assert window.session.frame.cursor == 0 and not window.session.frame.playing


def test_arrows_in_a_slider_move_the_slider_alone(window: Window) -> None:
    slider = editor(window, "descent.optimizer.momentum").slider
    slider.setFocus()
    before = slider.value()
    for key, moved in ((Qt.Key.Key_Left, -1), (Qt.Key.Key_Left, -2), (Qt.Key.Key_Right, -1)):
        press(window, key)
        assert slider.value() == before + moved
    press(window, Qt.Key.Key_Home)
    assert slider.value() == slider.minimum()
    assert window.session.frame.cursor == 60


def test_arrows_and_letters_in_a_line_belong_to_the_line(window: Window) -> None:
    line = editor(window, "network.widths").line
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, "tn1")
    press(window, Qt.Key.Key_Left)
    press(window, Qt.Key.Key_Home)
    assert line.text() == "tn1" and line.cursorPosition() == 0
    assert not window.session.training and window.session.frame.cursor == 60
    assert len(window.session.frame.runs) == 1


def test_the_timeline_s_slider_scrubs_by_keys_and_by_mouse(window: Window) -> None:
    slider = window.timeline.slider
    slider.setFocus()
    press(window, Qt.Key.Key_Home)
    press(window, Qt.Key.Key_Right)
    assert window.session.frame.cursor == 1 == slider.value()
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, slider.height() // 2))
    window.session.tick()
    assert window.session.frame.cursor > 1


@pytest.mark.parametrize("name", ["map", "surface", "both"])
def test_the_parts_to_see_are_chosen_by_number(window: Window, name: str) -> None:
    press(window, {"map": Qt.Key.Key_1, "surface": Qt.Key.Key_2, "both": Qt.Key.Key_3}[name])
    shown = {part for part in ("map", "surface") if window.views[part].isVisible()}
    assert shown == ({"map", "surface"} if name == "both" else {name})


def test_heights_are_linear_or_logarithmic(window: Window) -> None:
    press(window, Qt.Key.Key_L)
    assert not window.session.frame.logarithmic and not window.actions_["logarithmic"].isChecked()
    press(window, Qt.Key.Key_L)
    assert window.session.frame.logarithmic


# ---- menus, files, themes ---------------------------------------------------------------------------------------


def test_without_opengl_the_window_works_and_says_so(window: Window) -> None:
    if window.surface.canvas.isValid():
        pytest.skip("there is OpenGL here")
    words = [
        child.text() for child in window.surface.findChildren(QWidget) if hasattr(child, "text") and child.isVisible()
    ]
    assert any("3-D" in text for text in words)
    window.actions_["surface"].trigger()
    window.actions_["copy"].trigger()
    assert "3-D" in window.notice.text()
    window.actions_["turn left"].trigger()
    window.actions_["reset"].trigger()


def test_every_preset_opens_and_trains(window: Window) -> None:
    for name in presets():
        window.open(name)
        experiment = load_experiment(name)
        assert window.session.experiment == experiment and window.session.training, name
        assert experiment.title in window.windowTitle()

        def trains(experiment: Experiment = experiment) -> bool:
            return length(window.session) > 3 and run_of(window).experiment == experiment

        until(trains)


def test_what_cannot_be_opened_is_said_and_changes_nothing(window: Window, tmp_path: Path) -> None:
    before = window.session.experiment
    (tmp_path / "other.json").write_text('{"name": "a package"}', encoding="utf-8")
    for given in ("moonz", str(tmp_path / "other.json"), str(tmp_path / "absent.json")):
        window.notice.clear()
        window.open(given)
        assert "allowed" in window.notice.text()
        assert window.session.experiment == before


def test_an_experiment_is_saved_and_opened_again(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    window.actions_["save"].trigger()
    assert from_json(path.read_bytes()) == window.session.experiment
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "no" / "mine.json"), ""))
    window.actions_["save"].trigger()
    assert "Not saved" in window.notice.text()
    assert [p.name for p in tmp_path.glob("*.json")] == ["mine.json"]


def test_a_picture_is_exported_by_the_dialog(window: Window, tmp_path: Path) -> None:
    window.actions_["export"].trigger()
    (dialog,) = window.findChildren(ExportDialog)
    dialog.view.setCurrentIndex(dialog.view.findData("map"))
    dialog.wide.setValue(300)
    dialog.high.setValue(250)
    dialog.path.setText(str(tmp_path / "no" / "map"))
    dialog.accept()
    assert dialog.isVisible() and "Not saved" in dialog.problem.text()
    dialog.path.setText(str(tmp_path / "map"))
    dialog.accept()
    assert not dialog.isVisible() and (tmp_path / "map.png").is_file()
    assert "map.png" in window.notice.text()


def test_another_theme_keeps_the_run_and_is_remembered(window: Window, stored: Any) -> None:
    run, cursor = window.session.frame.run, window.session.frame.cursor
    window.set_theme(LIGHT)
    assert window.session.frame.run is run and window.timeline.slider.value() == cursor
    assert QApplication.palette().window().color().name() == LIGHT.window
    assert stored.value("theme") == "light"
    press(window, Qt.Key.Key_Home)
    assert window.session.frame.cursor == 0 == window.timeline.slider.value()


def test_another_network_through_the_form_is_another_run(window: Window, small: Experiment) -> None:
    type_into(editor(window, "network.widths").line, "2-6-1")
    frame = settle(window.session)
    assert window.session.experiment == with_field(small, "network", Network((2, 6, 1)))
    assert frame.run is not None and frame.run.length == 1
    assert "new run" in window.notice.text()


def menus(window: Window) -> list[QMenu]:
    """The menus of the menu bar; those within them, presets and recent files, are lists of files."""
    bar = window.menuBar()
    return [menu for menu in bar.findChildren(QMenu) if menu.menuAction() in bar.actions()]


def test_every_entry_of_every_menu_has_a_letter_of_its_own(window: Window) -> None:
    bars = [letter(action) for action in window.menuBar().actions()]
    assert "" not in bars and len(set(bars)) == len(bars) == len(menus(window)) == 6
    for playing in (False, True):  # two entries say what they would do now
        if playing:
            window.session.set_pace(1)
            window.session.train()
            window.session.tick()
            texts = [window.actions_[name].text() for name in ("train", "play")]
            assert texts == ["S&top", "&Pause"]
        for menu in menus(window):
            entries = [action for action in menu.actions() if action.text()]
            letters = {action.text(): letter(action) for action in entries}
            assert all(letters.values()), letters
            assert len(set(letters.values())) == len(letters), letters


@pytest.mark.qt_log_ignore("This plugin does not support")  # raising a popup, without a display
def test_an_entry_is_chosen_by_its_letter(window: Window) -> None:
    for text, pressed, name in (("&View", Qt.Key.Key_M, "map"), ("&View", Qt.Key.Key_A, "both")):
        (menu,) = (menu for menu in menus(window) if menu.title() == text)
        menu.popup(QPoint(0, 0))
        until(menu.isVisible)
        QTest.keyClick(menu, pressed)
        assert window.actions_[name].isChecked() and not menu.isVisible()


def test_the_marks_of_letters_are_seen_in_menus_alone(window: Window) -> None:
    window.session.tick()
    buttons = [found for found in window.timeline.findChildren(QToolButton) if found.defaultAction()]
    assert len(buttons) == 7
    for shown in buttons:
        assert "&" not in shown.text() + shown.toolTip() + shown.accessibleName()
        interface = QAccessible.queryAccessibleInterface(shown)
        assert "&" not in interface.text(QAccessible.Text.Name)
    for action in window.findChildren(QAction):
        assert "&" not in action.toolTip()
    for name in ("experiment", "runs", *(name for name, view in VIEWS.items() if view.docked)):
        assert "&" not in window.dock(name).windowTitle()


# ---- every kind of every registry -------------------------------------------------------------------------------


def steps_down(open_window: Open, small: Experiment, path: str) -> Iterator[tuple[type[Settings], Frame, list[str]]]:
    """Each kind of a field in turn, chosen by the keyboard and trained for some steps; what was said meanwhile."""
    window = open_window(msgspec.structs.replace(small, steps=8, resolution=9))
    window.dock("layers").show()
    window.session.set_pace(0)
    said: list[str] = []
    window.session.noticed.connect(said.append)
    window.controls.refused.connect(said.append)
    found = editor(window, path)
    assert isinstance(found, KindEditor)
    for index in range(found.box.count()):
        found.box.setFocus()
        if index == 0:
            QTest.keyClick(found.box, Qt.Key.Key_Home)
        else:
            QTest.keyClick(found.box, Qt.Key.Key_Down)
        assert found.box.currentIndex() == index
        frame = trained(window.session)
        experiment = window.session.experiment
        assert frame.run is not None and frame.run.experiment == experiment
        yield type(at(experiment, path)), frame, said
        said.clear()


def at(settings: Any, path: str) -> Any:
    for name in path.split("."):
        settings = getattr(settings, name)
    return settings


@pytest.fixture
def classes(small: Experiment) -> Experiment:
    """Three classes, which every loss can measure."""
    return with_field(small, "dataset", Blobs(classes=3, samples=45))


REGISTRIES: dict[str, tuple[type[Settings], ...]] = {
    "function": (NetworkLoss, *FUNCTIONS),
    "dataset": DATASETS,
    "initializer": INITIALIZERS,
    "loss": LOSSES,
    "descent.optimizer": OPTIMIZERS,
    "descent.schedule": SCHEDULES,
    "plane": PLANES,
    "line": LINES,
}


@pytest.mark.parametrize("path", REGISTRIES)
def test_every_kind_can_be_chosen_and_trained(open_window: Open, classes: Experiment, path: str) -> None:
    seen = []
    for kind, frame, said in steps_down(open_window, classes, path):
        seen.append(kind)
        run = frame.run
        assert run is not None and run.length > 8, f"{kind.__name__}: {said}"
        assert np.isfinite(run.losses[: run.length]).all(), kind
        words = " ".join(said)
        assert "Error" not in words and "allowed" not in words and "not finite" not in words, f"{kind.__name__}: {said}"
        np.testing.assert_array_equal(
            run.losses[run.length - 1],
            frame.objective.loss(run.trajectory[run.length - 1].params),  # type: ignore
        )
    assert tuple(seen) == REGISTRIES[path]


def test_no_registry_of_an_experiment_is_forgotten() -> None:
    def fields(kind: type[Settings], path: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
        for field in fields_of(kind):
            if field.kinds:
                yield path + field.name, field.kinds
            elif isinstance(field.type, type) and issubclass(field.type, Settings):
                yield from fields(field.type, f"{path}{field.name}.")

    assert dict(fields(Experiment)) == REGISTRIES


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_function_does_not_diverge_with_the_rate_that_comes_with_it(small: Experiment, kind: Any) -> None:
    for momentum in (0.0, 0.9):
        descent = msgspec.structs.replace(small.descent, optimizer=HeavyBall(momentum=momentum))
        experiment = with_field(with_field(small, "descent", descent), "function", kind())
        assert experiment.descent.schedule.learning_rate <= small.descent.schedule.learning_rate
        losses = experiment.run(40).losses()
        if kind.minima:  # others may well go down forever
            assert len(losses) == 41 and np.isfinite(losses).all() and losses.max() <= 1.5 * losses[0] + 1.0
        assert losses[1] <= losses[0]


# ---- the gradient per layer -------------------------------------------------------------------------------------


def test_the_layers_open_and_close_from_the_view_menu_and_show_the_frame_of_now(window: Window) -> None:
    dock, view = window.dock("layers"), window.views["layers"]
    action = dock.toggleViewAction()
    (menu,) = (menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == "&View")
    assert action in menu.actions() and not action.isChecked() and not view.isVisible()

    def told(index: int) -> bool:
        """Whether it shows the state of that number, by the norm of the last layer's gradient."""
        run = window.session.frame.run
        assert run is not None
        layer = run.experiment.network.layers[-1]
        norm = float(np.linalg.norm(run.trajectory[index].gradient[layer.start : layer.stop]))
        rows = view.accessibleDescription().replace("−", "-").split("; ")
        return len(rows) == 2 and float(rows[-1].split()[1]) == pytest.approx(norm, rel=6e-3)

    action.trigger()
    until(view.isVisible)
    assert action.isChecked() and told(60)
    press(window, Qt.Key.Key_Home)
    assert told(0) and not told(60)
    action.trigger()
    until(lambda: not view.isVisible())
    press(window, Qt.Key.Key_End)
    action.trigger()
    until(view.isVisible)
    assert told(60)


@pytest.mark.parametrize("name", [name for name, view in VIEWS.items() if view.docked])
def test_what_a_dock_shows_can_be_exported(window: Window, tmp_path: Path, name: str) -> None:
    window.actions_["export"].trigger()
    (dialog,) = window.findChildren(ExportDialog)
    dialog.view.setCurrentIndex(dialog.view.findData(name))
    assert dialog.view.currentText() == VIEWS[name].caption
    dialog.path.setText(str(tmp_path / name))
    dialog.accept()
    assert (tmp_path / f"{name}.png").is_file()


SIDE = ("trust", "slice", "spectrum", "layers")


def heights(window: Window) -> dict[str, int]:
    QApplication.processEvents()
    return {name: window.dock(name).height() for name in SIDE if not window.dock(name).isHidden()}


def open_in_turn(window: Window, *names: str) -> None:
    for name in names:
        assert window.dock(name).isHidden()
        window.dock(name).toggleViewAction().trigger()
        QApplication.processEvents()


@pytest.fixture
def column(window: Window) -> Window:
    """A window whose right column is empty."""
    for name in SIDE:
        window.dock(name).hide()
    window.resize(window.width(), window._room().height())
    QApplication.processEvents()
    return window


def test_docks_of_the_view_menu_share_their_column_evenly(column: Window) -> None:
    for count in (2, 3):
        open_in_turn(column, *[name for name in SIDE[:count] if column.dock(name).isHidden()])
        shares = heights(column)
        assert len(shares) == count and max(shares.values()) - min(shares.values()) <= 2


def test_heights_that_somebody_chose_stay_until_another_dock_comes(column: Window) -> None:
    open_in_turn(column, "trust", "slice")
    column.resizeDocks([column.dock("trust"), column.dock("slice")], [300, 140], Qt.Orientation.Vertical)
    chosen = heights(column)
    assert chosen["trust"] > chosen["slice"] + 50
    column.session.seek(3)
    column.session.tick()
    column.set_theme(LIGHT)
    column.map.lined.emit(((0.0, 0.0), (0.5, 0.5)))  # the slice is there already
    column.dock("loss").toggleViewAction().trigger()
    column.dock("loss").toggleViewAction().trigger()
    assert heights(column) == chosen
    open_in_turn(column, "spectrum")
    shares = heights(column)
    assert len(shares) == 3 and max(shares.values()) - min(shares.values()) <= 2


def test_a_dock_for_which_the_screen_has_no_room_comes_as_a_tab(column: Window) -> None:
    size = column.size()
    open_in_turn(column, *SIDE)
    assert column.size() == size
    tabbed = column.tabifiedDockWidgets(column.dock("layers"))
    assert tabbed and column.views["layers"].isVisible()
    assert all(not column.dock(name).isHidden() for name in SIDE)
    column.actions_["layout"].trigger()
    assert not column.tabifiedDockWidgets(column.dock("layers"))


# ---- what is found out about the state under the cursor ----------------------------------------------------------


def told(window: Window, name: str, step: int) -> bool:
    """Whether a dock's view tells what was found out about a state."""
    found = window.session.frame.probe
    if found is None or found.step != step:
        return False
    expected = {
        "trust": lambda: found.trust.sentence,
        "slice": lambda: found.profile.line.label if found.profile is not None else "no profile",
        "spectrum": lambda: f"{(found.spectrum > 0).sum()} up" if found.spectrum is not None else "no eigenvalues",
    }
    return expected[name]() in window.views[name].accessibleDescription()


@pytest.mark.parametrize("name", sorted(PROBED))
def test_a_dock_of_the_view_menu_starts_and_ends_the_looks_at_the_state(
    window: Window, asked: list[int], name: str
) -> None:
    def go(*places: int) -> None:
        for place in places:
            window.session.seek(place)
            window.session.tick()

    for other in PROBED:
        window.dock(other).hide()
    go(7, 20)
    action = window.dock(name).toggleViewAction()
    (menu,) = (menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == "&View")
    assert action in menu.actions() and not action.isChecked()
    action.trigger()
    until(lambda: told(window, name, 20))
    assert action.isChecked() and window.views[name].isVisible()
    press(window, Qt.Key.Key_Home)
    until(lambda: told(window, name, 0))
    action.trigger()
    go(33, 44)
    action.trigger()
    until(lambda: told(window, name, 44))
    assert [place for place in asked if place < 60] == [20, 0, 44]


def test_another_theme_tells_what_was_found_out(window: Window) -> None:
    for name in PROBED:
        window.dock(name).show()
    until(lambda: all(told(window, name, 60) for name in PROBED))
    window.set_theme(LIGHT)
    assert all(told(window, name, 60) for name in PROBED)


def test_a_line_drawn_on_the_map_opens_the_slice(window: Window) -> None:
    window.dock("slice").hide()
    window.map.lined.emit(((0.0, 0.0), (0.5, 0.5)))
    until(window.views["slice"].isVisible)
    until(lambda: window.views["slice"].accessibleDescription().startswith("drawn on the map"))


# ---- the end ----------------------------------------------------------------------------------------------------

CLOSING = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMainWindow
from explorer.application import make_application, run_window
from explorer.resources import load_experiment
from model import with_text

application = make_application()

def watch():
    (window,) = (w for w in application.topLevelWidgets() if isinstance(w, QMainWindow))
    session, frames = window.session, []

    def note(frame):
        frames.append(frame)
        if len(frames) == 10:
            session.set_pace(0)
            session.recompute()
        if len(frames) == 20:
            assert session.training
            window.close()

    session.frame_changed.connect(note)

QTimer.singleShot(0, watch)
sys.exit(run_window(with_text(load_experiment(), "steps", "100000"), None))
"""


@pytest.mark.parametrize("platform", ["offscreen", pytest.param("xcb", marks=pytest.mark.gl)])
@pytest.mark.slow
def test_closing_the_window_while_it_trains_at_full_speed_ends_well(tmp_path: Path, platform: str) -> None:
    environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path), "QT_QPA_PLATFORM": platform, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", CLOSING], env=environment, capture_output=True, text=True, timeout=300, cwd=tmp_path
    )
    said = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
    assert (done.returncode, said) == (0, [])


def test_the_step_field_can_be_typed_into_while_frames_arrive(window: Window) -> None:
    field = window.timeline.field
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "1")
    window.session.frame_changed.emit(window.session.frame)
    QTest.keyClicks(field, "2")
    window.session.frame_changed.emit(window.session.frame)
    QTest.keyClick(field, Qt.Key.Key_Return)
    window.session.tick()
    assert window.session.frame.cursor == 12 and field.value() == 12 and not field.hasFocus()


def test_the_read_out_keeps_away_from_the_window_s_edge(window: Window) -> None:
    QApplication.processEvents()
    right = window.readout.mapTo(window, window.readout.rect().topRight()).x()
    assert window.width() - right >= 8 and window.notice.mapTo(window, QPoint(0, 0)).x() >= 8
