"""Gallery, welcome, presenter mode, files that are dropped or opened again: by real widgets, mouse and keyboard."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QGraphicsView, QLabel, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from explorer import gallery as module
from explorer.__main__ import main
from explorer.actions import ACTIONS
from explorer.gallery import SIZE, Gallery, first_sentence, fitted, portrait, save_thumbnails, thumbnail_file
from explorer.notice import BETWEEN, Notice
from explorer.notice import fitted as fitted_parts
from explorer.preferences import Preferences
from explorer.presenter import CLICKER, SCALE
from explorer.recent import MOST, RecentFiles, dropped_file, experiment_from, last_experiment
from explorer.resources import FOLDER, load_experiment, presets
from explorer.style import LIGHT
from explorer.welcome import LINES, Welcome, welcome
from explorer.window import Window
from model import Experiment, SettingError, to_json, with_field
from model.plane import Principal
from tests.harness import length, settle, trained, until, until_seen

Open = Callable[..., Window]

TABLE = "a,b,kind\n" + "".join(f"{i},{i * i % 7},{'xy'[i % 2]}\n" for i in range(12))


@pytest.fixture
def window(open_window: Open, small: Experiment) -> Window:
    return open_window(small)


@pytest.fixture
def shown(qtbot: QtBot, qapp: QApplication) -> Iterator[Gallery]:
    gallery = Gallery()
    gallery.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(gallery)
    gallery.open()
    until_seen(gallery)
    gallery.cards.setFocus()
    yield gallery


def columns(gallery: Gallery) -> int:
    cards = gallery.cards
    tops = [cards.visualItemRect(cards.item(row)).top() for row in range(cards.count())]
    return tops.count(tops[0])


# ---- thumbnails -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets())
def test_every_preset_has_its_thumbnail(name: str) -> None:
    with Image.open(thumbnail_file(name)) as image:
        assert image.format == "PNG" and image.size == (SIZE.width(), SIZE.height())
        pixels = np.asarray(image.convert("RGB")).astype(int)
    halves = pixels[:, : SIZE.height()], pixels[:, SIZE.height() :]
    for half in halves:  # a map and a surface, not a background
        assert len(np.unique(half.reshape(-1, 3) // 8, axis=0)) > 60


def test_no_thumbnail_is_without_a_preset() -> None:
    assert {path.stem for path in (FOLDER / "thumbnails").glob("*")} == set(presets())


def test_a_portrait_shows_two_runs_where_the_plane_is_chosen_for_all(qapp: QApplication, small: Experiment) -> None:
    """And the ways between their ends, on a plane that both ends lie in."""
    alone = portrait(small)
    assert len(alone.runs) == 1 and alone.bridge is None
    frame = portrait(with_field(small, "plane", Principal(runs="all runs")))
    assert frame.bridge is not None and frame.plane is not None and len(frame.runs) == 2
    for run, end in zip(frame.runs, frame.bridge.coords[[0, -1]], strict=True):
        np.testing.assert_allclose(run.coords[-1], end, atol=1e-9)
        assert frame.plane.distance(run.trajectory[-1].params) < 1e-9
    assert (frame.runs[0].trajectory[0].params != frame.runs[1].trajectory[0].params).any()
    np.testing.assert_array_equal(frame.runs[0].trajectory.params(), small.run().params())
    assert frame.cursor == small.steps and frame.objective is not None


@pytest.mark.gl
def test_the_command_draws_them_all(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Experiment
) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text(to_json(small), encoding="utf-8")
    found = {name: tmp_path / f"{name}.json" for name in ("one", "two")}
    monkeypatch.setattr(module, "presets", lambda: found)
    monkeypatch.setattr(module, "load_experiment", lambda name: load_experiment(str(found[name])))
    folder = tmp_path / "out"
    folder.mkdir()
    drawn = list(save_thumbnails(folder))
    assert drawn == [folder / "one.png", folder / "two.png"]
    one, two = (np.asarray(Image.open(path).convert("RGB")) for path in drawn)
    np.testing.assert_array_equal(one, two)
    assert one.shape == (SIZE.height(), SIZE.width(), 3) and one.std() > 20


def test_the_command_needs_a_folder(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    assert main(["thumbnails", "--out", str(tmp_path / "file")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "allowed: a folder" in said


# ---- the gallery ------------------------------------------------------------------------------------------------


def test_the_gallery_shows_every_preset_in_their_order(shown: Gallery) -> None:
    cards = shown.cards
    titles = [cards.item(row).text() for row in range(cards.count())]
    assert titles == [load_experiment(name).title for name in presets()]
    assert cards.accessibleName()
    for row, name in enumerate(presets()):
        item = cards.item(row)
        assert item.data(Qt.ItemDataRole.AccessibleTextRole) == load_experiment(name).title
        assert item.data(Qt.ItemDataRole.AccessibleDescriptionRole) == load_experiment(name).about


def test_arrows_move_and_enter_chooses(shown: Gallery) -> None:
    names, wide = list(presets()), columns(shown)
    assert shown.cards.currentRow() == 0 and wide > 1
    for key, row in (("Right", 1), ("Down", 1 + wide), ("Left", wide), ("Up", 0), ("Right", 1)):
        QTest.keyClick(shown.cards, getattr(Qt.Key, f"Key_{key}"))
        assert shown.cards.currentRow() == row
    chosen: list[str] = []
    shown.chosen.connect(chosen.append)
    QTest.keyClick(shown.cards, Qt.Key.Key_Return)
    assert chosen == [names[1]] and not shown.isVisible()


def test_a_click_chooses_once_and_a_double_click_too(shown: Gallery) -> None:
    chosen: list[str] = []
    shown.chosen.connect(chosen.append)
    spot = shown.cards.visualItemRect(shown.cards.item(2)).center()
    QTest.mouseClick(shown.cards.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseDClick(shown.cards.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert chosen == [list(presets())[2]] and not shown.isVisible()


def test_escape_chooses_nothing(shown: Gallery, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(shown.chosen):
        QTest.keyClick(shown.cards, Qt.Key.Key_Escape)
    assert not shown.isVisible()


def test_cards_without_thumbnails_are_drawn(
    qtbot: QtBot, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "thumbnail_file", lambda name: tmp_path / f"{name}.png")
    gallery = Gallery()
    gallery.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(gallery)
    assert gallery.cards.count() == len(presets())
    image = gallery.cards.item(0).data(Qt.ItemDataRole.UserRole + 1).toImage()
    assert image.size() == SIZE
    middle, corner = image.pixelColor(120, 80), image.pixelColor(0, 0)
    assert middle.lightness() < corner.lightness()  # a bowl, seen from above


def test_a_preset_is_opened_and_trained_by_keys_alone(window: Window) -> None:
    QTest.keyClick(window, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    gallery = window.findChild(Gallery)
    until(gallery.isVisible)
    QTest.keyClick(gallery.cards, Qt.Key.Key_Right)
    QTest.keyClick(gallery.cards, Qt.Key.Key_Return)
    assert window.session.experiment == load_experiment(list(presets())[1])
    until(lambda: length(window.session) > 3)
    window.session.stop()
    settle(window.session)
    until(lambda: window.findChild(Gallery) is None)  # closed is gone
    assert window.recent.paths == []  # presets are not files of one's own


@pytest.mark.parametrize(
    ("about", "first"),
    [
        ("One. Two.", "One."), ("A rate of 0.3 is large. Yes.", "A rate of 0.3 is large."),
        ("Why? So.", "Why?"), ("No end", "No end"), ("", ""), ("It is so: always. Ever.", "It is so: always."),
    ],
)  # fmt: skip
def test_the_first_sentence(about: str, first: str) -> None:
    assert first_sentence(about) == first


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_words_that_do_not_fit_end_in_an_ellipsis(qapp: QApplication, lines: int) -> None:
    from PySide6.QtCore import QRect, QSize

    font = QFont("DejaVu Sans", 9)
    metrics = QFontMetrics(font)
    words = "the quick brown fox jumps over the lazy dog " * 4
    room = QSize(metrics.horizontalAdvance("the quick brown fox jumps"), lines * metrics.height())
    text = fitted(words.strip(), font, room)
    box = metrics.boundingRect(QRect(0, 0, room.width(), 9999), Qt.TextFlag.TextWordWrap.value, text)
    assert text.endswith("…") and words.startswith(text[:-1]) and box.height() <= room.height()
    assert len(text) > lines * len("the quick brown")
    assert fitted("short", font, room) == "short"


# ---- the welcome ------------------------------------------------------------------------------------------------


def say_welcome(window: Window, stored: Preferences) -> Welcome:
    card = welcome(window.splitter, window.actions_, stored)
    assert card is not None and card.isVisible()
    return card


def test_the_welcome_names_the_keys_that_the_window_has(window: Window, stored: Preferences) -> None:
    card = say_welcome(window, stored)
    text = " ".join(label.text() for label in card.findChildren(QLabel))
    for name in LINES:
        assert ACTIONS[name][2].split("; ")[0] in text
    assert len(LINES) == 4
    inside = window.splitter.rect().translated(window.splitter.mapTo(window, QPoint()))
    assert inside.contains(card.geometry()) and window.splitter.count() == 2


@pytest.mark.parametrize("chosen", [True, False])
def test_the_first_start_shows_the_gallery_and_then_the_keys(window: Window, stored: Preferences, chosen: bool) -> None:
    window.begin()
    (gallery,) = window.findChildren(Gallery)
    assert gallery.isVisible() and not window.findChildren(Welcome)
    if chosen:
        gallery.cards.setCurrentRow(4)
        QTest.keyClick(gallery.cards, Qt.Key.Key_Return)
    else:
        gallery.reject()
    until(lambda: bool(window.findChildren(Welcome)))
    assert (window.session.experiment == load_experiment(list(presets())[4])) is chosen
    assert stored.value("welcomed")
    window.session.stop()


def test_the_welcome_comes_once(window: Window, stored: Preferences) -> None:
    say_welcome(window, stored).close()
    assert welcome(window.splitter, window.actions_, Preferences(stored.path)) is None


def test_any_key_ends_the_welcome_and_does_what_it_does(window: Window, stored: Preferences) -> None:
    card = say_welcome(window, stored)
    gone: list[bool] = []
    card.destroyed.connect(lambda: gone.append(True))
    QTest.keyClick(window.map, Qt.Key.Key_T)
    assert window.session.training
    until(lambda: len(gone) == 1)
    window.session.stop()
    settle(window.session)


def test_any_click_ends_the_welcome_and_reaches_what_is_below(window: Window, stored: Preferences) -> None:
    card = say_welcome(window, stored)
    gone: list[bool] = []
    card.destroyed.connect(lambda: gone.append(True))
    centre = card.geometry().center()
    below = window.childAt(centre)
    assert below is not None and below is not card and not card.isAncestorOf(below)
    QTest.mouseClick(window.controls, Qt.MouseButton.LeftButton)
    until(lambda: len(gone) == 1)


def test_a_window_by_itself_has_no_welcome(window: Window) -> None:
    assert window.findChild(Welcome) is None


# ---- presenter mode ---------------------------------------------------------------------------------------------


def looks(window: Window) -> dict[str, Any]:
    labels = {id(label): label.font().toString() for label in window.controls.findChildren(QLabel)}
    lines = {id(line): line.font().toString() for line in window.controls.findChildren(QLineEdit)}
    return {
        "font": QApplication.font().toString(),
        "labels": labels | lines,
        "keys": {name: [key.toString() for key in action.shortcuts()] for name, action in window.actions_.items()},
        "scale": {
            view.look.scale for view in window.views.values()
        },  # of those that are there: more come when asked for
        "size": (window.width(), window.height()),
        "status": (window.readout.size().toTuple(), window.progress.size().toTuple()),
        "docks": {name: window.dock(name).isVisible() for name in ("experiment", "loss", "timeline", "trust")},
        "widths": (window.controls.minimumWidth(), window.dock("experiment").width(), tuple(window.splitter.sizes())),
        "corner": window.corner(Qt.Corner.BottomLeftCorner),
    }


def toggle(window: Window) -> None:
    QTest.keyClick(window.map, Qt.Key.Key_F5)
    QApplication.processEvents()


def test_presenter_mode_is_larger_and_goes_back_exactly(window: Window) -> None:
    QApplication.processEvents()
    before, points = looks(window), QApplication.font().pointSizeF()
    toggle(window)
    assert window.actions_["presenter"].isChecked()
    assert QApplication.font().pointSizeF() == pytest.approx(1.4 * points) and SCALE == 1.4
    assert window.controls.font().pointSizeF() == pytest.approx(1.4 * points)
    assert {view.look.scale for view in window.views.values()} == {1.4}
    during = looks(window)
    toggle(window)
    until(lambda: looks(window) == before)
    toggle(window)
    QApplication.processEvents()
    assert looks(window) == during
    toggle(window)
    until(lambda: looks(window) == before)


def test_a_clicker_steps_while_presenting(window: Window) -> None:
    session = window.session
    session.set_pace(0)
    trained(session)
    session.seek(30)
    steps = []
    for presenting in (False, True, False):
        for key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            QTest.keyClick(window.map, key)
            session.tick()
            steps.append(session.frame.cursor)
        if presenting or len(steps) == 3:
            toggle(window)
    assert steps == [30, 30, 30, 31, 32, 31, 31, 31, 31]
    assert set(CLICKER) == {"back", "forward"}


def test_a_theme_may_change_while_presenting(window: Window) -> None:
    toggle(window)
    window.set_theme(LIGHT)
    assert {(view.look.scale, view.look.theme) for view in window.views.values()} == {(1.4, LIGHT)}
    toggle(window)
    assert {(view.look.scale, view.look.theme) for view in window.views.values()} == {(1.0, LIGHT)}


def test_closing_ends_presenter_mode(window: Window) -> None:
    font = QApplication.font().toString()
    toggle(window)
    window.close()
    assert QApplication.font().toString() == font


SCREENS = [(1280, 764), (1600, 964), (1920, 1044)]


def seen(window: Window) -> list[QWidget]:
    """What has to be seen whole: all that is in the timeline and in the status bar, docks and pictures."""
    parts = (window.timeline, window.statusBar(), *(window.dock(name) for name in ("experiment", "loss", "trust")))
    inside = [*window.timeline.findChildren(QWidget), window.notice, window.readout, window.progress]
    return [part for part in (*parts, *inside, window.map, window.surface) if part.isVisible()]


@pytest.mark.parametrize("size", SCREENS)
def test_presenter_mode_keeps_to_the_screen_and_leaves_room_for_the_pictures(
    window: Window, size: tuple[int, int]
) -> None:
    window.resize(*size)
    for name in ("trust", "experiment"):
        window.dock(name).show()
    QApplication.processEvents()
    before = looks(window)
    toggle(window)
    assert (window.width(), window.height()) == size
    for part in seen(window):
        corner = part.mapTo(window, part.rect().bottomRight())
        assert window.rect().contains(corner) and window.rect().contains(part.mapTo(window, QPoint(0, 0))), part
        assert part.width() >= part.minimumSizeHint().width() or part is window.notice
    assert min(window.map.width(), window.surface.width()) >= 450 and window.map.height() >= 400
    assert window.notice.width() >= 250
    shown = [name for name in ("experiment", "trust") if window.dock(name).isVisible()]
    assert shown == {1280: [], 1600: ["experiment"], 1920: ["experiment", "trust"]}[size[0]]
    assert ("(View menu)" in window.notice.text()) == (len(shown) < 2)
    toggle(window)
    until(lambda: looks(window) == before)


def test_what_presenter_mode_hides_can_be_had_one_side_at_a_time(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "_room", lambda: QSize(1280, 764))
    window.resize(1280, 764)
    toggle(window)
    for name, other in (("experiment", "trust"), ("trust", "experiment"), ("experiment", "trust")):
        window.dock(name).toggleViewAction().trigger()
        QApplication.processEvents()
        assert window.dock(name).isVisible() and not window.dock(other).isVisible()
        assert (window.width(), window.height()) == (1280, 764)
        assert min(window.map.width(), window.surface.width()) > 350


def test_the_key_to_the_settings_brings_them_back_while_presenting(
    window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "_room", lambda: QSize(1280, 764))
    window.resize(1280, 764)
    toggle(window)
    window.dock("trust").toggleViewAction().trigger()
    assert not window.dock("experiment").isVisible()
    QTest.keyClick(window.map, Qt.Key.Key_F6)
    until(lambda: window.controls.isAncestorOf(QApplication.focusWidget() or window))
    assert window.dock("experiment").isVisible() and not window.dock("trust").isVisible()
    assert window.width() == 1280


def test_one_picture_leaves_room_for_the_settings(window: Window) -> None:
    window.resize(1280, 764)
    window.actions_["map"].trigger()
    toggle(window)
    assert window.dock("experiment").isVisible() and window.map.width() > 800


def test_titles_of_docks_grow_as_well(window: Window) -> None:
    """Qt writes them in the application's font of the start, unless the dock has another one."""
    dock, font = window.dock("loss"), window.dock("loss").font()
    toggle(window)
    assert dock.font().pointSizeF() == QApplication.font().pointSizeF() and dock.font() != QApplication.font()
    toggle(window)
    assert dock.font() == font == QApplication.font()


def test_the_status_bar_leaves_out_what_there_is_no_room_for(qapp: QApplication, qtbot: QtBot) -> None:
    label, words = QLabel(), BETWEEN.join(("step 7", "loss 0.5", "a third part"))
    qtbot.addWidget(label)
    for room, parts in ((1000, 3), (label.fontMetrics().horizontalAdvance(words) - 1, 2), (1, 1)):
        label.setFixedWidth(room)
        assert fitted_parts(words, label) == BETWEEN.join(words.split(BETWEEN)[:parts])
    notice = Notice()
    qtbot.addWidget(notice)
    notice.setText("A long line, of which no more than the beginning can be seen")
    notice.resize(120, 20)
    short = notice.grab().toImage()
    assert notice.text().endswith("can be seen")
    notice.setText(notice.fontMetrics().elidedText(notice.text(), Qt.TextElideMode.ElideRight, 120))
    assert notice.text().endswith("…") and notice.grab().toImage() == short


# ---- files ------------------------------------------------------------------------------------------------------


def drop(onto: QWidget, *paths: Path) -> bool:
    """Drag files over a widget and let them go, as Qt would do it; returns whether anything took them."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    taker: QWidget | None = onto
    while taker is not None:
        if taker.acceptDrops():
            enter = QDragEnterEvent(QPoint(5, 5), copy, data, buttons, keys)
            enter.ignore()
            QApplication.sendEvent(taker, enter)
            if enter.isAccepted():
                break
        taker = taker.parentWidget()
    if taker is None:
        return False
    QApplication.sendEvent(taker, QDropEvent(QPointF(5, 5), copy, data, buttons, keys))
    return True


def test_an_experiment_is_dropped_on_the_picture(window: Window, small: Experiment, tmp_path: Path) -> None:
    other = with_field(with_field(small, "title", "Dropped"), "steps", 12)
    path = tmp_path / "mine, too.json"
    path.write_text(to_json(other), encoding="utf-8")
    assert drop(window.map.findChild(QGraphicsView).viewport(), path)
    assert window.session.experiment == other and window.session.training
    assert window.recent.paths == [str(path)]
    window.session.stop()
    settle(window.session)


@pytest.mark.parametrize("landscape", ["network", "ravine"])
def test_a_table_that_is_dropped_becomes_the_data(window: Window, tmp_path: Path, landscape: str) -> None:
    window.session.change(with_field(window.session.experiment, "function", landscape))
    path = tmp_path / "Mine.CSV"
    path.write_text(TABLE, encoding="utf-8")
    assert drop(window.surface, path)
    experiment: Any = window.session.experiment
    assert experiment.learns and experiment.dataset.path == str(path) and experiment.title == "Mine"
    assert experiment.dataset.load().inputs.shape == (12, 2) and experiment.network.widths[0] == 2
    assert window.session.training and window.recent.paths == [str(path)]
    window.session.stop()
    settle(window.session)


BAD = {
    "table": ("bad.csv", "a,b\n1,2\n1\n", ["bad.csv"]),
    "empty": ("empty.csv", "", ["empty.csv"]),
    "experiment": ("bad.json", '{"steps": 0}', ["bad.json", "steps", "from 1"]),
    "picture": ("bad.gif", "GIF", ["bad.gif", ".json", ".csv"]),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_opened_is_refused_in_one_line(window: Window, tmp_path: Path, name: str) -> None:
    file, text, words = BAD[name]
    (tmp_path / file).write_text(text, encoding="utf-8")
    before = window.session.experiment
    assert drop(window.map, tmp_path / file)
    said = window.notice.text()
    assert all(word in said for word in words) and "allowed" in said and "\n" not in said
    assert window.session.experiment is before and window.recent.paths == []


def test_files_are_dropped_one_at_a_time(window: Window, tmp_path: Path) -> None:
    drop(window.map, tmp_path / "a.json", tmp_path / "b.json")
    assert "2 files" in window.notice.text() and "one" in window.notice.text()
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/a.json")])
    with pytest.raises(SettingError, match="0 files"):
        dropped_file(data)


def test_text_that_is_dragged_is_left_alone(window: Window) -> None:
    data = QMimeData()
    data.setText("moons")
    enter = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    enter.ignore()
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_recent_files_are_the_last_ones_newest_first_and_kept(
    stored: Preferences, tmp_path: Path, qtbot: QtBot
) -> None:
    menu = RecentFiles(stored)
    qtbot.addWidget(menu)
    assert menu.paths == [] and not menu.isEnabled()
    names = [str(tmp_path / f"{number} & co, {number}.json") for number in range(MOST + 3)]
    for name in names:
        menu.note(name)
    menu.note(names[5])  # again
    expected = [names[5], *(name for name in reversed(names) if name != names[5])][:MOST]
    assert menu.paths == expected and len(menu.actions()) == MOST == 8 and menu.isEnabled()
    again = RecentFiles(Preferences(stored.path))
    qtbot.addWidget(again)
    assert again.paths == expected
    chosen: list[str] = []
    again.chosen.connect(chosen.append)
    again.actions()[2].trigger()
    assert chosen == [expected[2]]
    again.forget(expected[0])
    assert again.paths == expected[1:]


@pytest.mark.parametrize("text", ["", "{", "3", '{"a": 1}', "[1, null]"])
def test_recent_files_survive_a_broken_preference(stored: Preferences, qtbot: QtBot, text: str) -> None:
    stored.keep("recent", text)
    menu = RecentFiles(stored)
    qtbot.addWidget(menu)
    assert menu.paths == []


def test_a_recent_file_that_went_away_is_forgotten(window: Window, small: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(to_json(small), encoding="utf-8")
    window.open(str(path))
    window.session.stop()
    settle(window.session)
    assert window.recent.paths == [str(path)]
    path.unlink()
    window.recent.actions()[0].trigger()
    assert "No such file" in window.notice.text() and window.recent.paths == []


def test_a_table_keeps_the_rest_of_the_experiment(small: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text(TABLE.replace(",", "\t"), encoding="utf-8")
    made = experiment_from(str(path), small)
    assert made.descent == small.descent and made.steps == small.steps and made.seed == small.seed
    assert made.network.activation == small.network.activation


# ---- the last experiment ----------------------------------------------------------------------------------------


def test_the_last_experiment_is_kept(window: Window, small: Experiment, stored: Preferences) -> None:
    assert last_experiment(stored) is None
    changed = with_field(small, "steps", 17)
    window.session.change(changed)
    window.close()
    assert last_experiment(Preferences(stored.path)) == changed


@pytest.mark.parametrize("text", ["", "{", json.dumps({"steps": 0})])
def test_a_last_experiment_that_cannot_be_opened_is_none(stored: Preferences, text: str) -> None:
    stored.keep("experiment", text)
    assert last_experiment(stored) is None


@pytest.mark.parametrize(
    ("arguments", "chosen"), [([], False), (["moons"], True), (["open"], False), (["--set", "steps=5"], True)]
)
def test_the_last_experiment_gives_way_to_one_that_is_chosen(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], chosen: bool
) -> None:
    import explorer.__main__ as command
    import explorer.application as application

    asked: list[bool] = []
    monkeypatch.setattr(command, "_has_display", lambda: True)
    monkeypatch.setattr(application, "run_window", lambda experiment, theme, chosen, run: asked.append(chosen))
    assert main(arguments) == 0
    assert asked == [chosen]
