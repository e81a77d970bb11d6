"""The dialog of a race, by mouse and keyboard: it runs, stops, sorts, exports, and leaves no thread behind."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from explorer.actions import ACTIONS
from explorer.race.dialog import RaceDialog
from explorer.race.tables import COLUMNS, Results, cell, texts
from explorer.session import Session
from explorer.style import DARK, LIGHT, Style, ghost_pen
from explorer.window import Window
from model import ACTIVATIONS, OPTIMIZERS, Experiment, Function, Network, with_field
from model.functions import Bowl, Himmelblau
from model.race import KINDS, Attempt, Entry, Race, Result, race, results
from tests.clock import stop_clock
from tests.harness import settle, show, until

NAMES = list(KINDS)
Key = Qt.Key


def racing() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "race"]


@pytest.fixture
def session(open_session: Callable[[Experiment], Session], small: Experiment) -> Session:
    session = open_session(small)
    settle(session)
    return session


@pytest.fixture
def dialog(session: Session, qtbot: QtBot) -> Iterator[RaceDialog]:
    made = RaceDialog(session, Style(DARK))
    qtbot.addWidget(made)
    show(made)
    yield made
    made.close()
    assert not racing()


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def type_into(dialog: RaceDialog, name: str, text: str) -> None:
    line: Any = dialog.choice.form.editor(name)
    line.line.setFocus()
    line.line.selectAll()
    QTest.keyClicks(line.line, text)
    QTest.keyClick(line.line, Key.Key_Return)


def tick(dialog: RaceDialog, name: str) -> None:
    """Click into the box of an optimizer."""
    table = dialog.choice.entrants
    box = table.visualItemRect(cell(table, NAMES.index(name), 0))
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(box.left() + 10, box.center().y()))


def run(dialog: RaceDialog) -> None:
    click(dialog.start)
    assert dialog.start.text() == "&Stop"
    until(lambda: dialog.start.text() == "&Start")


def raced(experiment: Experiment, settings: Race) -> list[Result]:
    done = [item for item in race(experiment, settings) if item is not None and item.done]
    return results(done, settings)


def shown(table: Results) -> list[tuple[str, ...]]:
    return [tuple(cell(table, row, i).text() for i in range(len(COLUMNS))) for row in range(table.rowCount())]


def test_a_race_by_mouse_is_the_race_itself(dialog: RaceDialog, session: Session) -> None:
    tick(dialog, "sgd")
    tick(dialog, "adagrad")
    type_into(dialog, "budget", "40")
    type_into(dialog, "rates", "3")
    type_into(dialog, "threshold", "0.55")
    run(dialog)
    rows = raced(session.experiment, Race("heavy-ball; adagrad; adam", budget=40, rates=3, threshold=0.55))
    assert shown(dialog.table) == [texts(row) for row in sorted(rows, key=lambda row: row.loss)]
    best = min(rows, key=lambda row: row.loss)
    assert dialog.news.text().startswith(f"{best.optimizer} got lowest")
    assert dialog.progress.value() == dialog.progress.maximum()


def test_a_race_by_keyboard_alone(dialog: RaceDialog, session: Session) -> None:
    table = dialog.choice.entrants
    assert table.hasFocus()
    keys = [Key.Key_Space, Key.Key_Down, Key.Key_Space]  # neither gradient descent nor the heavy ball
    for key in (*keys, *[Key.Key_Down] * (NAMES.index("adam") - 1), Key.Key_Right):
        QTest.keyClick(table, key)
    QTest.keyClicks(table, "0")  # which opens the cell, and is the first character in it
    editor = QApplication.focusWidget()
    assert isinstance(editor, QLineEdit)
    QTest.keyClicks(editor, ".02")
    QTest.keyClick(editor, Key.Key_Return)
    until(lambda: table.hasFocus())
    visited = []
    while (focus := QApplication.focusWidget()) is not dialog.start and len(visited) < 30:
        visited.append(focus)
        QTest.keyClick(focus, Key.Key_Tab)
    assert dialog.table in visited and len(visited) == len(set(visited))
    QTest.keyClick(dialog.start, Key.Key_Space)
    until(lambda: dialog.start.text() == "&Start" and dialog.table.rowCount() == 1)
    assert shown(dialog.table) == [texts(raced(session.experiment, Race("adam=0.02"))[0])]


def test_stop_keeps_what_was_run_and_late_answers_are_dropped(dialog: RaceDialog) -> None:
    tick(dialog, "heavy-ball")
    type_into(dialog, "budget", "3000")
    type_into(dialog, "rates", "30")
    click(dialog.start)
    until(lambda: dialog.table.rowCount() == 1)
    assert 0 < dialog.progress.value() < dialog.progress.maximum()
    click(dialog.start)
    assert dialog.start.text() == "&Start" and "Stopped" in dialog.news.text()
    rows, share = shown(dialog.table), dialog.progress.value()
    QApplication.processEvents()
    assert shown(dialog.table) == rows and dialog.progress.value() == share
    type_into(dialog, "budget", "20")
    type_into(dialog, "rates", "1")
    run(dialog)
    assert dialog.table.rowCount() == 2


def test_a_long_race_says_how_long_it_will_take(dialog: RaceDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that is moved by ten seconds: a share p of the runs took them, so the others take 10 (1 − p)/p."""
    type_into(dialog, "budget", "2000")
    type_into(dialog, "rates", "30")
    clock = stop_clock(monkeypatch, "explorer.race.progress")
    click(dialog.start)
    assert "left" not in dialog.progress.text()
    clock.now += 10
    until(lambda: "left" in dialog.progress.text() and dialog.progress.value() > 20)  # or it is rounded too much
    share, left = dialog.progress.text().removesuffix(" left").split(" %, about ")
    seconds = float(left.split()[0]) * {"s": 1, "min": 60, "h": 3600}[left.split()[1]]
    assert 0 < float(share) < 100
    assert seconds == pytest.approx(10 * (100 / float(share) - 1), rel=0.1)
    click(dialog.start)
    assert "left" not in dialog.progress.text() and 0 < dialog.progress.value() < dialog.progress.maximum()


@pytest.mark.parametrize("way", ["escape", "button", "window"])
def test_closing_in_the_middle_ends_the_thread(way: str, dialog: RaceDialog) -> None:
    type_into(dialog, "budget", "100000")
    click(dialog.start)
    until(lambda: dialog.progress.value() > 0)
    assert len(racing()) == 1
    if way == "escape":
        QTest.keyClick(dialog, Key.Key_Escape)
    elif way == "button":
        click(dialog.leave)
    else:
        dialog.close()
    assert not racing() and not dialog.isVisible()
    dialog.show()
    assert dialog.start.text() == "&Start" and dialog.news.text().startswith("Stopped when this window was closed")
    type_into(dialog, "budget", "20")
    run(dialog)
    assert dialog.table.rowCount() == 3


def open_race(window: Window) -> RaceDialog:
    window.activateWindow()
    window.map.setFocus()
    QApplication.processEvents()  # until the window is the active one again
    QTest.keyClick(window, Key(ord(ACTIONS["race"][2])))
    (dialog,) = window.findChildren(RaceDialog)
    assert dialog.isVisible() and not dialog.isModal()
    return dialog


def test_the_window_has_one_dialog_which_keeps_everything_while_it_is_hidden(
    open_window: Callable[..., Window], small: Experiment
) -> None:
    window = open_window(small)
    dialog = open_race(window)
    tick(dialog, "nesterov")
    type_into(dialog, "budget", "30")
    type_into(dialog, "rates", "2")
    cell(dialog.choice.entrants, NAMES.index("adam"), 1).setText("0.02")
    run(dialog)

    def state() -> tuple[object, ...]:
        curves = [item for item in dialog.curves.plot.getPlotItem().items if isinstance(item, pg.PlotCurveItem)]
        form = dialog.choice.form.value, dialog.choice.entrants.names, dialog.choice.form.editor("lowest").isEnabled()
        return shown(dialog.table), len(curves), form, dialog.news.text(), dialog.progress.value()

    before = state()
    for way in (lambda: QTest.keyClick(dialog, Key.Key_Escape), lambda: click(dialog.leave)):
        way()
        assert not dialog.isVisible() and not racing()
        assert open_race(window) is dialog and state() == before
    click(dialog.show_)
    until(lambda: len(window.session.frame.ghosts) == 4)


def test_a_race_that_closing_stops_keeps_what_was_run(open_window: Callable[..., Window], small: Experiment) -> None:
    window = open_window(small)
    dialog = open_race(window)
    type_into(dialog, "budget", "3000")
    type_into(dialog, "rates", "30")
    click(dialog.start)
    until(lambda: dialog.table.rowCount() == 1)
    QTest.keyClick(dialog, Key.Key_Escape)
    assert not racing() and "stopped" in window.notice.text()
    assert open_race(window).table.rowCount() == 1


def test_results_say_of_which_experiment_they_are(dialog: RaceDialog, session: Session, small: Experiment) -> None:
    session.change(with_field(small, "steps", 70))
    assert "results" not in dialog.news.text()  # there are none
    type_into(dialog, "budget", "10")
    run(dialog)
    said = dialog.news.text()
    session.change(with_field(session.experiment, "resolution", 15))  # which is nothing to a race
    assert dialog.news.text() == said
    dialog.close()
    session.change(with_field(session.experiment, "loss", "mse"))
    dialog.show()
    assert dialog.news.text().startswith(f"{said} These results are of “Small moons” before a change: Loss ")
    session.undo()
    assert dialog.news.text() == said
    session.open(Experiment(title="A bowl", function=Bowl(x=1.0, y=1.0)))
    assert dialog.news.text() == f"{said} These results are of “Small moons”; “A bowl” is open now."


def headings_are_whole(dialog: RaceDialog) -> bool:
    """Whether every heading has room for its words."""
    for table in (dialog.choice.entrants, dialog.table):
        header = table.horizontalHeader()
        for column in range(table.columnCount()):
            words = str(table.model().headerData(column, Qt.Orientation.Horizontal))
            if header.sectionSize(column) < header.fontMetrics().horizontalAdvance(words) + 6:
                return False
    return True


def test_the_dialog_follows_theme_and_presenter_mode(open_window: Callable[..., Window], small: Experiment) -> None:
    window = open_window(small)
    dialog = open_race(window)
    type_into(dialog, "budget", "10")
    run(dialog)
    rows, size = shown(dialog.table), dialog.size()

    def looks() -> tuple[str, int, int]:
        axis = dialog.curves.plot.getAxis("left")
        ground = dialog.curves.plot.backgroundBrush().color().name()
        return ground, axis.style["tickFont"].pixelSize(), dialog.choice.entrants.rowHeight(0)

    before = looks()
    assert headings_are_whole(dialog)
    dialog.close()
    window.set_theme(LIGHT)
    assert open_race(window) is dialog and looks() == (LIGHT.window, *before[1:])
    window.actions_["presenter"].trigger()
    QApplication.processEvents()
    assert looks()[1] > 1.3 * before[1] and looks()[2] > 1.3 * before[2]
    assert headings_are_whole(dialog) and shown(dialog.table) == rows
    assert sum(isinstance(item, pg.PlotCurveItem) for item in dialog.curves.plot.getPlotItem().items) == 3
    window.actions_["presenter"].trigger()
    window.set_theme(DARK)
    QApplication.processEvents()
    assert looks() == before and dialog.size() == size


def test_closing_the_window_ends_a_race(open_window: Callable[..., Window], small: Experiment) -> None:
    window = open_window(small)
    dialog = open_race(window)
    assert open_race(window) is dialog
    type_into(dialog, "budget", "100000")
    click(dialog.start)
    until(lambda: dialog.progress.value() > 0)
    window.close()
    assert not racing()


def test_the_exported_table_is_the_one_that_is_seen(
    dialog: RaceDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not dialog.export.isEnabled()
    type_into(dialog, "budget", "30")
    type_into(dialog, "threshold", "0.5")
    tick(dialog, "rmsprop")
    run(dialog)
    outcome = dialog.news.text()
    assert "got lowest" in outcome
    header = dialog.table.horizontalHeader()
    for column in (0, 3, 4):
        spot = QPoint(header.sectionViewportPosition(column) + header.sectionSize(column) // 2, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        path = tmp_path / f"by-{column}.csv"
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, path=path: (str(path)[:-4], ""))
        click(dialog.export)
        with path.open(encoding="utf-8", newline="") as file:
            names, *rows = csv.reader(file)
        assert tuple(names) == (*COLUMNS[:-1], "Diverged (share)")
        assert not any(number.endswith(".0") for row in rows for number in row)
        read = [
            Result(
                row[0], float(row[1]), float(row[2]), float(row[3]) if row[3] else None, float(row[4]), float(row[5])
            )
            for row in rows
        ]
        assert [texts(row) for row in read] == shown(dialog.table)
        values = [np.inf if row[column] is None else row[column] for row in read]
        assert values == sorted(values)
    assert dialog.news.text() == f"{outcome} Saved {path}"


def test_a_table_that_cannot_be_saved_says_so(
    dialog: RaceDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    type_into(dialog, "budget", "5")
    run(dialog)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / "no" / "race.csv"), ""))
    click(dialog.export)
    assert dialog.news.text().startswith("Not saved: ")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: ("", ""))
    click(dialog.export)
    assert not list(tmp_path.iterdir())


def test_the_best_runs_come_onto_the_map(dialog: RaceDialog, session: Session) -> None:
    type_into(dialog, "budget", "30")
    run(dialog)
    before = session.frame.run
    click(dialog.show_)
    until(lambda: len(session.frame.runs) == 4)
    listed = [(run.number, run.label, run.slot) for run in session.frame.runs]
    session.hide_run(3, True)
    click(dialog.show_)  # once more: they are there already, and the hidden one is drawn again
    session.tick()
    assert [(run.number, run.label, run.slot) for run in session.frame.runs] == listed
    assert not any(run.hidden for run in session.frame.runs)
    assert "3 runs are on the map" in dialog.news.text()
    *ghosts, now = session.frame.runs
    assert len(ghosts) == 3 and before is not None and now.trajectory is before.trajectory
    plane = session.frame.plane
    assert plane is not None
    for ghost in ghosts:
        run_alone = ghost.experiment.run(30)
        np.testing.assert_array_equal(ghost.trajectory.params(), run_alone.params())
        np.testing.assert_allclose(ghost.coords, plane.project(run_alone.params()), rtol=1e-9, atol=1e-12)
        assert ghost.label.startswith(ghost.experiment.descent.optimizer.caption)


def test_an_optimizer_looks_the_same_in_the_race_and_on_the_map(dialog: RaceDialog, session: Session) -> None:
    for name in NAMES:
        if name not in ("sgd", "heavy-ball", "adam"):
            tick(dialog, name)
    type_into(dialog, "budget", "20")
    run(dialog)
    click(dialog.show_)
    until(lambda: len(session.frame.ghosts) == len(OPTIMIZERS))
    items = dialog.curves.plot.getPlotItem().items
    curves = [item.opts["pen"] for item in items if isinstance(item, pg.PlotCurveItem)]
    for ghost, line in zip(session.frame.ghosts, curves, strict=True):
        pen = ghost_pen(ghost.slot, Style(DARK))
        assert (pen.color(), pen.style()) == (line.color(), line.style())


def test_a_run_of_the_race_that_is_trained_on_is_not_shown_twice(dialog: RaceDialog, session: Session) -> None:
    type_into(dialog, "budget", "20")
    run(dialog)
    click(dialog.show_)
    until(lambda: len(session.frame.runs) == 4)
    session.activate_run(session.frame.runs[0].number)
    click(dialog.show_)
    session.tick()
    assert len({id(run.trajectory) for run in session.frame.runs}) == len(session.frame.runs) == 4


def test_a_run_that_was_removed_and_is_shown_again_is_there_once(dialog: RaceDialog, session: Session) -> None:
    type_into(dialog, "budget", "20")
    run(dialog)
    click(dialog.show_)
    until(lambda: len(session.frame.runs) == 4)
    session.remove_run(session.frame.runs[1].number)
    click(dialog.show_)
    session.bring_back_run()
    session.tick()
    assert len({id(run.trajectory) for run in session.frame.runs}) == len(session.frame.runs) == 4


def test_a_second_race_gets_styles_that_are_free(dialog: RaceDialog, session: Session) -> None:
    type_into(dialog, "budget", "20")
    for _ in range(2):
        run(dialog)
        click(dialog.show_)
    until(lambda: len(session.frame.ghosts) == 6)
    slots = [ghost.slot for ghost in session.frame.ghosts]
    assert len(set(slots)) == 6 and slots[3:] == [0, 1, 2]


def test_runs_of_another_landscape_stay_off_the_map(dialog: RaceDialog, session: Session) -> None:
    type_into(dialog, "budget", "10")
    run(dialog)
    session.change(with_field(session.experiment, "network", Network((2, 9, 1))))
    click(dialog.show_)
    session.tick()
    assert dialog.news.text().startswith("None shown") and len(session.frame.runs) == 1


def test_runs_under_another_activation_stand_on_the_land_there_is(dialog: RaceDialog, session: Session) -> None:
    type_into(dialog, "budget", "10")
    run(dialog)
    activation = next(name for name in ACTIVATIONS if name != session.experiment.network.activation)
    network = msgspec.structs.replace(session.experiment.network, activation=activation)
    session.change(msgspec.structs.replace(session.experiment, network=network))
    click(dialog.show_)
    until(lambda: len(session.frame.ghosts) == 3 and not session.frame.surveying)
    for ghost in session.frame.ghosts:
        expected = session.experiment.objective.loss(ghost.trajectory.params())
        np.testing.assert_allclose(ghost.heights, expected, rtol=1e-9)


@pytest.mark.parametrize(("other", "count"), [(Bowl(x=0.5, y=0.25), 3), (Himmelblau(), 0)])
def test_a_function_is_the_same_land_from_wherever_one_begins(
    other: Function, count: int, open_session: Callable[[Experiment], Session]
) -> None:
    session = open_session(Experiment(function=other))
    settle(session)
    done = [item for item in race(Experiment(function=Bowl(x=1.0, y=1.0)), Race(budget=5)) if item and item.done]
    session.show_race((entry.optimizer.caption, entry.experiment, entry.trajectory) for entry in done)  # type: ignore[misc]
    session.tick()
    assert len(session.frame.runs) == count + 1


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [("budget", "0", "from 1"), ("rates", "31", "to 30"), ("threshold", "nan", "finite"), ("starts", "x", "whole")],
)
def test_a_wrong_entry_is_explained_beside_it(name: str, text: str, says: str, dialog: RaceDialog) -> None:
    type_into(dialog, name, text)
    editor: Any = dialog.choice.form.editor(name)
    assert says in editor.problem.text() and editor.problem.isVisible()


def test_a_race_does_not_start_until_a_wrong_entry_is_mended(dialog: RaceDialog) -> None:
    for name, wrong, right in (("starts", "1e9", "2"), ("threshold", "low", "0.5"), ("budget", "0", "15")):
        type_into(dialog, name, wrong)
        click(dialog.start)
        editor: Any = dialog.choice.form.editor(name)
        assert dialog.start.text() == "&Start"
        assert dialog.news.text().startswith(f"Not started. {editor.field.title}: ") and wrong in dialog.news.text()
        assert editor.line.hasFocus() and wrong in editor.problem.text()
        type_into(dialog, name, right)
    run(dialog)
    assert dialog._race == Race(budget=15, starts=2, threshold=0.5)


def test_what_is_still_being_typed_counts(dialog: RaceDialog) -> None:
    line: Any = dialog.choice.form.editor("budget")
    for text, starts in (("7x", False), ("17", True)):
        line.line.setFocus()
        line.line.selectAll()
        QTest.keyClicks(line.line, text)
        QTest.keyClick(dialog, Key.Key_S, Qt.KeyboardModifier.AltModifier)
        until(lambda text=text: text in line.problem.text() or dialog._race.budget == 17)
        assert (dialog._race.budget == 17) is starts
    until(lambda: dialog.start.text() == "&Start")


def test_entries_that_are_wrong_only_together_are_judged_together(dialog: RaceDialog) -> None:
    type_into(dialog, "budget", "5")
    type_into(dialog, "rates", "2")
    type_into(dialog, "highest", "0.5")
    type_into(dialog, "lowest", "7")
    lowest: Any = dialog.choice.form.editor("lowest")
    QTest.keyClick(lowest.line, Key.Key_Return)  # once more, and it stands there without a warning
    click(dialog.start)
    assert dialog.news.text().startswith("Not started. Lowest rate: 7")
    type_into(dialog, "highest", "8")
    run(dialog)
    assert (dialog._race.lowest, dialog._race.highest) == (7.0, 8.0) and not lowest.problem.isVisible()
    type_into(dialog, "lowest", "x")
    type_into(dialog, "rates", "1")  # for which it does not matter
    run(dialog)


def test_nobody_checked_or_an_impossible_rate_is_explained(dialog: RaceDialog) -> None:
    for name in ("sgd", "heavy-ball", "adam"):
        tick(dialog, name)
    click(dialog.start)
    assert "at least one" in dialog.news.text() and dialog.start.text() == "&Start"
    tick(dialog, "adam")
    cell(dialog.choice.entrants, NAMES.index("adam"), 1).setText("fast")
    click(dialog.start)
    assert "adam=fast" in dialog.news.text() and dialog.start.text() == "&Start"
    cell(dialog.choice.entrants, NAMES.index("adam"), 1).setText("")
    type_into(dialog, "rates", "2")
    type_into(dialog, "lowest", "7")  # the sweep would end at ten times the experiment's 0.1
    click(dialog.start)
    until(lambda: "Lowest rate: 7" in dialog.news.text())
    assert dialog.start.text() == "&Start"


def test_only_a_sweep_has_ends(dialog: RaceDialog) -> None:
    ends = [dialog.choice.form.editor(name) for name in ("lowest", "highest")]
    assert not any(end.isEnabled() for end in ends)
    type_into(dialog, "rates", "2")
    assert all(end.isEnabled() for end in ends)


def test_bands_and_curves_are_those_of_the_entries(dialog: RaceDialog) -> None:
    type_into(dialog, "budget", "25")
    type_into(dialog, "rates", "3")
    type_into(dialog, "starts", "2")
    run(dialog)
    items = dialog.curves.plot.getPlotItem().items
    assert sum(isinstance(item, pg.FillBetweenItem) for item in items) == 3
    curves = [item for item in items if isinstance(item, pg.PlotCurveItem)]
    assert len(curves) == 3 * (2 + 1)  # one for each start, and their median, which is thicker and comes last
    losses = [10.0 ** curve.getData()[1] for curve in curves]
    for place, middle in enumerate(losses[6:]):
        np.testing.assert_allclose(middle, np.median(losses[2 * place : 2 * place + 2], axis=0), rtol=1e-9)
    assert min(curve.opts["pen"].widthF() for curve in curves[6:]) > max(c.opts["pen"].widthF() for c in curves[:6])


def test_a_median_ends_where_most_starts_have_diverged(dialog: RaceDialog) -> None:
    ends = 4.0, 8.0, 6.0
    entry = Entry(0, OPTIMIZERS[0](), 3)
    for number, end in enumerate(ends):
        losses = np.array([2.0, end, np.nan if number < 2 else 1.0, 1.0 if number else np.nan])
        entry = entry.after(Attempt(0.1, losses))
    dialog.curves.show_entries([entry], 3)
    *_, median = (item for item in dialog.curves.plot.getPlotItem().items if isinstance(item, pg.PlotCurveItem))
    np.testing.assert_allclose(10.0 ** median.getData()[1], [2.0, 6.0, np.nan, 1.0], rtol=1e-9)


@pytest.mark.parametrize("losses", [[0.0, 0.0], [-1.0, -2.0], [1.0, 1e308], [2.0, np.nan], [np.nan, np.nan]])
def test_losses_of_any_kind_are_drawn(losses: list[float], dialog: RaceDialog) -> None:
    entry = Entry(0, OPTIMIZERS[0](), 1)
    for curve in (losses, losses[::-1]):
        entry = entry.after(Attempt(0.1, np.array(curve)))
    dialog.curves.show_entries([entry], 1)
    dialog.table.show_entries([entry], Race("sgd"))
    low, high = dialog.curves.plot.viewRange()[1]
    assert np.isfinite([low, high]).all() and low < high
    dialog.grab()
    assert dialog.table.rowCount() == 1


@pytest.mark.parametrize("least", [1e-13, 1e-30, 0.0])
def test_a_curve_that_gets_very_low_stays_in_the_picture(least: float, dialog: RaceDialog) -> None:
    losses = np.append(np.geomspace(24.2, max(least, 1e-25), 50), least)
    dialog.curves.show_entries([Entry(0, OPTIMIZERS[0](), 1).after(Attempt(0.1, losses))], 50)
    low, high = dialog.curves.plot.viewRange()[1]
    assert dialog.curves.plot.getAxis("left").logarithmic
    lowest = np.log10(losses[losses > 0].min())
    assert low < lowest < low + 0.1 * (high - low) and high == pytest.approx(np.log10(24.2), rel=0.05, abs=2)


def test_every_control_has_a_name(dialog: RaceDialog) -> None:
    for button in dialog.findChildren(QPushButton):
        assert button.accessibleName() and button.toolTip() and not button.autoDefault()
    for widget in (dialog.choice.entrants, dialog.table, dialog.curves.plot, dialog.progress):
        assert widget.accessibleName()
    for editor in dialog.choice.form.editors.values():
        assert editor.accessibleName() and editor.toolTip()
