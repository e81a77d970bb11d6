"""The list of runs, by mouse and keyboard: what it lists, and what its wishes do to the pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu, QPushButton

from explorer.frame import Frame, Run
from explorer.race.tables import VALUE, cell
from explorer.runs import DASHES, NAME, SHOWN, TITLES, Row
from explorer.session import LONGEST_NAME
from explorer.style import GHOSTS, PATH
from explorer.views import map as contour
from explorer.views import surface as surface3d
from explorer.window import Window
from model import Experiment, with_text
from tests.harness import settle, trained, until

Key = Qt.Key
RATE = "descent.schedule.learning_rate"


@pytest.fixture
def window(open_window: Callable[..., Window], small: Experiment) -> Window:
    """Run 1 trained; run 2 forked from its step 20 at another rate; run 3 a new start: the active one."""
    window = open_window(small)
    session = window.session
    session.set_pace(0)
    trained(session)
    session.seek(20)
    session.change(with_text(small, RATE, "0.02"))
    settle(window.session)
    window.map.setFocus()
    QTest.keyClick(window, Key.Key_N)
    settle(window.session)
    window.dock("runs").toggleViewAction().trigger()
    until(lambda: window.runs.isVisible() and window.runs.table.rowCount() == 3)
    return window


def column(window: Window, name: str) -> list[str]:
    table = window.runs.table
    return [cell(table, row, Row._fields.index(name)).text() for row in range(table.rowCount())]


def run_of(window: Window, number: int) -> Run:
    return next(run for run in window.session.frame.runs if run.number == number)


def legends(frame: Frame) -> list[list[str]]:
    """The words of both legends."""
    return [[words for _, words in view._entries(frame)] for view in (contour, surface3d)]


def apart(one: QColor, other: QColor) -> int:
    return sum(abs(a - b) for a, b in zip(one.getRgb()[:3], other.getRgb()[:3], strict=True))  # type: ignore[index]


def click(window: Window, row: int, column: int, x: int | None = None, twice: bool = False) -> None:
    table = window.runs.table
    table.scrollToItem(cell(table, row, column))
    box = table.visualItemRect(cell(table, row, column))
    spot = QPoint(box.center().x() if x is None else box.left() + x, box.center().y())
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    if twice:
        QTest.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=spot)


def type_name(text: str) -> None:
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    editor.selectAll()
    QTest.keyClicks(editor, text)
    QTest.keyClick(editor, Key.Key_Return)
    QApplication.processEvents()  # Qt takes what was typed a moment later


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_dock_is_hidden_at_first_and_in_the_view_menu(
    open_window: Callable[..., Window], small: Experiment
) -> None:
    window = open_window(small)
    assert window.dock("runs").isHidden()
    (menu,) = (menu for menu in window.menuBar().findChildren(QMenu) if menu.title() == "&View")
    assert window.dock("runs").toggleViewAction() in menu.actions()


def test_forks_and_new_starts_are_listed_with_where_they_got(window: Window) -> None:
    assert column(window, "number") == ["1", "2", "3"]
    assert column(window, "name") == ["run 1", "run 2 from step 20", "run 3"]
    assert column(window, "state") == ["ended", "ended", "active"]
    assert column(window, "shown") == ["shown", "shown", "always"]
    assert column(window, "steps") == ["60", "60", "60"]
    small = window.session.experiment
    assert column(window, "rate") == ["0.1", "0.02", "0.02"]
    assert column(window, "optimizer") == [small.descent.optimizer.caption] * 3
    assert column(window, "loss") == [small.loss.caption] * 3
    for row, run in enumerate(window.session.frame.runs):
        losses = [float(run.experiment.objective.loss(state.params)) for state in run.trajectory]
        for name, truth in (("newest", losses[-1]), ("lowest", min(losses))):
            item = cell(window.runs.table, row, Row._fields.index(name))
            assert item.data(VALUE) == pytest.approx(truth, rel=1e-12)
            assert float(item.text().replace("−", "-")) == pytest.approx(truth, rel=1e-3)


def test_swatches_have_the_colours_of_the_legend(window: Window) -> None:
    inks = [QColor(ink) for ink in (GHOSTS[0][0], GHOSTS[1][0], PATH)]
    for row, ink in enumerate(inks):
        image = cell(window.runs.table, row, 0).icon().pixmap(28, 18).toImage()
        pixels = [image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height())]
        brightest = max(pixels, key=lambda pixel: pixel.value() * pixel.alphaF())
        assert min(inks, key=lambda other: apart(other, brightest)) == ink
    tips = [cell(window.runs.table, row, 0).toolTip() for row in range(3)]
    assert [tip.split(",")[0] for tip in tips] == ["drawn dashed", "drawn dotted", "drawn solid"]


def test_a_swatch_goes_with_its_run_while_others_come_and_go(window: Window) -> None:
    window.session.remove_run(1)
    for _ in range(4):  # so that every dash has its turn
        window.session.new_start()
        settle(window.session)
    window.runs.table.clearSelection()
    runs = window.session.frame.runs[:-1]
    until(lambda: window.runs.table.rowCount() == len(runs) + 1)
    assert [run.slot for run in runs] == [1, 0, 2, 3, 4]
    for row, run in enumerate(runs):
        dash = DASHES[GHOSTS[run.slot].dash]
        assert cell(window.runs.table, row, 0).toolTip() == f"drawn {dash}, as in the legend"


def test_a_name_typed_by_mouse_survives_further_frames(window: Window) -> None:
    for row, name in ((0, "the old one"), (2, "the  new   one ")):
        click(window, row, NAME, twice=True)
        type_name(name)
    trained(window.session)
    until(lambda: column(window, "steps")[2] == "120")
    names = ["the old one", "run 2 from step 20", "the new one"]
    assert column(window, "name") == names == [run.label for run in window.session.frame.runs]
    for words in legends(window.session.frame):
        assert "the old one" in words and "run 1" not in words
    window.session.new_start()  # the name goes with the run when it ends
    settle(window.session)
    assert [run.label for run in window.session.frame.runs] == [*names, "run 4"]


@pytest.mark.parametrize(("typed", "kept"), [("   ", "run 1"), ("x" * 99, "x" * LONGEST_NAME)])
def test_names_are_neither_empty_nor_endless(window: Window, typed: str, kept: str) -> None:
    click(window, 0, NAME, twice=True)
    type_name(typed)
    until(lambda: column(window, "name")[0] == kept)
    assert run_of(window, 1).label == kept


def test_nothing_is_refreshed_while_a_name_is_typed(window: Window) -> None:
    click(window, 0, NAME, twice=True)
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    editor.setText("half a na")
    refreshes: list[None] = []
    timer_of(window).timeout.connect(lambda: refreshes.append(None))
    trained(window.session)
    until(lambda: len(refreshes) > 2)
    assert window.runs.table.editing and QApplication.focusWidget() is editor and editor.text() == "half a na"
    assert column(window, "steps")[2] == "60"
    QTest.keyClick(editor, Key.Key_Escape)
    until(lambda: column(window, "steps")[2] == "120")
    assert column(window, "name")[0] == "run 1"


def timer_of(window: Window) -> QTimer:
    """It keeps the list from being made anew with every frame."""
    (timer,) = window.runs.findChildren(QTimer)
    return timer


def test_a_table_that_is_seen_is_refreshed_four_times_a_second_at_most(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many frames come: with the first of them, and with the last when the timer has run out."""
    table, timer, filled, frame = window.runs.table, timer_of(window), list[int](), window.session.frame
    true = table.show_runs
    monkeypatch.setattr(table, "show_runs", lambda runs: (filled.append(len(runs)), true(runs)))

    def come() -> None:
        for cursor in range(30):
            window.runs.show_frame(replace(frame, cursor=cursor))

    assert timer.interval() >= 1000 / 4
    until(lambda: not timer.isActive())
    come()
    assert len(filled) == 1
    until(lambda: not timer.isActive())
    assert len(filled) == 2
    window.dock("runs").hide()
    come()
    assert len(filled) == 2
    window.dock("runs").show()
    assert len(filled) == 3


def test_a_hidden_run_leaves_legends_and_scale_and_stays_listed(window: Window) -> None:
    session, before = window.session, window.session.frame
    pictured = window.map.picture()
    click(window, 1, SHOWN, x=10)
    until(lambda: column(window, "shown") == ["shown", "hidden", "always"])
    frame = session.frame
    assert len(frame.runs) == 3 and run_of(window, 2).hidden
    for words, old in zip(legends(frame), legends(before), strict=True):
        assert set(old) - set(words) == {"run 2 from step 20"}
    assert [kind for kind, _ in contour._entries(frame) if kind.startswith("ghost")] == ["ghost0"]
    assert window.map.picture() != pictured
    drawn = [item.visible() for item in window.surface.canvas._ghosts[:2]]
    assert not window.surface.canvas.isValid() or drawn == [True, False]
    click(window, 1, SHOWN, x=10)
    until(lambda: column(window, "shown") == ["shown", "shown", "always"])
    assert window.map.picture() == pictured


def test_the_scale_looks_at_shown_runs_only(window: Window) -> None:
    frame = window.session.frame
    low = replace(frame.runs[0], heights=np.full(frame.runs[0].length, 1e-6))
    with_low = replace(frame, runs=(low, *frame.runs[1:]))
    hidden = replace(frame, runs=(replace(low, hidden=True), *frame.runs[1:]))
    without = replace(frame, runs=frame.runs[1:])
    assert with_low.scale is not None and with_low.scale.low <= 1e-6
    assert hidden.scale == without.scale != with_low.scale


@pytest.mark.parametrize("way", ["button", "Delete"])
def test_an_ended_run_is_removed(window: Window, way: str) -> None:
    click(window, 0, NAME)
    assert window.runs.remove.isEnabled()
    press(window.runs.remove) if way == "button" else QTest.keyClick(window.runs.table, Key.Key_Delete)
    until(lambda: column(window, "number") == ["2", "3"])
    assert [run.number for run in window.session.frame.runs] == [2, 3]
    assert all("run 1" not in words for words in legends(window.session.frame))
    window.session.new_start()  # numbers are not given twice
    settle(window.session)
    assert [run.number for run in window.session.frame.runs] == [2, 3, 4]


def test_the_active_run_cannot_be_removed_or_hidden(window: Window) -> None:
    click(window, 2, NAME)
    assert not window.runs.remove.isEnabled() and "active run cannot" in window.runs.remove.toolTip()
    QTest.keyClick(window.runs.table, Key.Key_Delete)
    window.session.tick()
    assert "active run cannot be removed" in window.notice.text()
    click(window, 2, SHOWN, x=10)
    window.session.hide_run(3, True)
    window.session.tick()
    assert "always shown" in window.notice.text()
    assert [run.number for run in window.session.frame.runs] == [1, 2, 3]
    assert not any(run.hidden for run in window.session.frame.runs)


def test_csv_and_clipboard_are_the_table_as_it_is_sorted(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, path = window.runs.table, tmp_path / "runs.csv"
    header, lowest = table.horizontalHeader(), Row._fields.index("lowest")
    table.scrollToItem(cell(table, 0, lowest))
    spot = QPoint(header.sectionViewportPosition(lowest) + 20, header.height() // 2)
    QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path)[:-4], ""))
    press(window.runs.export)
    assert window.notice.text() == f"Saved {path}"
    with path.open(encoding="utf-8", newline="") as file:
        titles, *rows = csv.reader(file)
    assert tuple(titles) == TITLES
    best = sorted(window.session.frame.runs, key=lambda run: float(run.losses.min()))
    assert [int(row[0]) for row in rows] == [run.number for run in best]
    assert [float(row[lowest]) for row in rows] == [float(run.losses.min()) for run in best]
    for place, name in enumerate(Row._fields):
        if name in ("name", "state", "shown", "optimizer", "loss"):
            assert [row[place] for row in rows] == column(window, name)
    press(window.runs.copy)
    copied = list(csv.reader(io.StringIO(QApplication.clipboard().text()), delimiter="\t"))
    assert copied == [titles, *rows]


def test_a_table_that_cannot_be_saved_says_so(window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "no" / "runs.csv"), ""))
    press(window.runs.export)
    assert window.notice.text().startswith("Not saved: ")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: ("", ""))
    press(window.runs.export)
    assert not list(tmp_path.iterdir())


def test_rename_hide_sort_and_remove_by_keyboard_alone(window: Window) -> None:
    table = window.runs.table
    before, visited = QApplication.focusWidget(), 0
    while QApplication.focusWidget() is not table and visited < 200:
        QTest.keyClick(QApplication.focusWidget() or window, Key.Key_Tab)
        visited += 1
    assert table.hasFocus() and before is not table and table.currentRow() == 0
    cursor = window.session.frame.cursor
    table.setCurrentCell(0, 0)
    QTest.keyClick(table, Key.Key_Right)
    QTest.keyClick(table, Key.Key_F2)
    type_name("first")
    until(lambda: column(window, "name")[0] == "first" and table.hasFocus())
    for key in (Key.Key_Down, Key.Key_Right, Key.Key_Right, Key.Key_Space):
        QTest.keyClick(table, key)
    until(lambda: column(window, "shown") == ["shown", "hidden", "always"])
    assert run_of(window, 2).hidden and not window.session.frame.playing
    assert window.session.frame.cursor == cursor  # arrows and Space were the table's
    QTest.keyClick(table, Key.Key_Left)
    QTest.keyClick(table, Key.Key_Left)
    QTest.keyClick(table, Key.Key_F3)
    assert column(window, "name") == ["first", "run 2 from step 20", "run 3"]
    QTest.keyClick(table, Key.Key_F3)
    assert column(window, "name") == ["run 3", "run 2 from step 20", "first"]
    assert table.chosen == 2  # the current row goes with its run
    QTest.keyClick(table, Key.Key_Delete)
    until(lambda: column(window, "number") == ["3", "1"])


def test_another_experiment_begins_another_list(window: Window, small: Experiment) -> None:
    window.session.open(small)
    until(lambda: column(window, "name") == ["run 1"])
    assert column(window, "state") == ["active"] and column(window, "steps") == ["0"]


def test_enter_goes_back_to_a_run_and_its_settings(window: Window, small: Experiment) -> None:
    table = window.runs.table
    table.setFocus()
    table.setCurrentCell(0, NAME)
    QTest.keyClick(table, Key.Key_Return)
    settle(window.session)
    frame = window.session.frame
    assert frame.runs[-1].number == 1 and window.session.experiment == small and frame.cursor == 60
    until(lambda: column(window, "state") == ["active", "ended", "ended"])
    assert window.controls.editor(RATE).line.text() == "0.1"  # type: ignore[attr-defined]
    QTest.keyClick(table, Key.Key_T)  # letters are the window's keys here, too
    assert window.session.training
    settle(window.session)
    assert run_of(window, 1).length == 121
    np.testing.assert_array_equal(run_of(window, 1).trajectory.params(), small.run(120).params())


def test_what_was_removed_is_brought_back_newest_first(window: Window) -> None:
    kept = {number: run_of(window, number) for number in (1, 2)}
    assert not window.runs.back.isEnabled()
    for number in (1, 2):
        window.session.remove_run(number)
    settle(window.session)
    until(window.runs.back.isEnabled)
    for numbers in ((2, 3), (2, 1, 3)):
        press(window.runs.back)
        settle(window.session)
        assert tuple(run.number for run in window.session.frame.runs) == numbers
    for number, run in kept.items():
        assert run_of(window, number).trajectory is run.trajectory
        np.testing.assert_allclose(run_of(window, number).heights, run.heights)
    until(lambda: not window.runs.back.isEnabled())


def test_changes_have_a_column_with_all_of_them_in_its_tooltip_and_in_the_file(window: Window) -> None:
    session = window.session
    for path, value in ((RATE, "0.05"), ("loss", "mse")):
        session.change(with_text(session.experiment, path, value))
        trained(session)
    loss = "Loss Binary cross-entropy → Mean squared error (outputs read as they are)"
    until(lambda: column(window, "changes")[-1] == f"2 · {loss}")
    assert column(window, "changes")[:2] == ["–", "–"]
    row, place = window.runs.table.rowCount() - 1, Row._fields.index("changes")
    every = f"step 60: Learning rate η 0.02 → 0.05\nstep 120: {loss}"
    assert cell(window.runs.table, row, place).toolTip() == every
    press(window.runs.copy)
    assert every in next(iter(list(csv.reader(io.StringIO(QApplication.clipboard().text()), "excel-tab"))[-1:]))[place]
