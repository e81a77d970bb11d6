"""Controls: the experiment as forms. What they emit is a whole experiment; what cannot be is refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

from explorer.controls import SECTIONS, Controls
from explorer.form import KindEditor
from explorer.form.editors import CheckEditor, NumberEditor, TextEditor, TypedEditor
from explorer.resources import load_experiment, presets
from model import FUNCTIONS, LOSSES, Experiment, fields_of, with_field
from model.datasets import Blobs, Sine
from model.losses import MeanSquared
from model.settings import kind_of
from tests.harness import show

Open = Callable[[Experiment], Controls]


@pytest.fixture
def open_controls(qtbot: QtBot) -> Open:
    def open_(experiment: Experiment) -> Controls:
        controls = Controls(experiment)
        qtbot.addWidget(controls)
        show(controls)
        return controls

    return open_


def heard(controls: Controls) -> tuple[list[Experiment], list[str]]:
    edited: list[Any] = []
    refused: list[str] = []
    controls.edited.connect(edited.append)
    controls.refused.connect(refused.append)
    return edited, refused


def pick(box: QComboBox, data: str) -> None:
    """Choose an entry of a box by the keyboard."""
    box.setFocus()
    index = box.findData(data)
    for _ in range(box.count()):
        if box.currentIndex() == index:
            return
        QTest.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < index else Qt.Key.Key_Up)
    raise AssertionError(f"{data} cannot be chosen")


def test_every_setting_that_defines_a_run_is_in_a_section() -> None:
    offered = {name for names in SECTIONS.values() for name in names}
    assert offered == {field.name for field in fields_of(Experiment)} - {"title", "about"}


@pytest.mark.parametrize("name", presets())
def test_a_preset_is_shown_as_it_is(open_controls: Open, small: Experiment, name: str) -> None:
    controls, preset = open_controls(small), load_experiment(name)
    edited, refused = heard(controls)
    controls.show_experiment(preset)
    assert not edited and not refused
    rate = controls.editor("descent.schedule.learning_rate")
    widths, loss = controls.editor("network.widths"), controls.editor("loss")
    assert isinstance(rate, NumberEditor) and isinstance(widths, TextEditor) and isinstance(loss, KindEditor)
    assert float(rate.line.text()) == preset.descent.schedule.learning_rate  # type: ignore[attr-defined]
    assert widths.line.text() == "-".join(map(str, preset.network.widths))
    assert loss.box.currentData() == kind_of(preset.loss)


def test_each_edit_is_a_whole_experiment_that_differs_in_that_field(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(small)
    edited, _ = heard(controls)
    pick(controls.editor("network.activation").box, "relu")  # type: ignore[attr-defined]
    expected = with_field(small, "network", msgspec.structs.replace(small.network, activation="relu"))
    assert edited == [expected]
    controls.show_experiment(edited[-1])
    pick(controls.editor("loss").box, "mse")  # type: ignore[attr-defined]
    assert edited[-1] == msgspec.structs.replace(expected, loss=MeanSquared())
    assert all(msgspec.structs.replace(edit, loss=expected.loss) == expected for edit in edited)  # on the way there


def test_edits_follow_each_other_even_before_anybody_shows_the_result(open_controls: Open, small: Experiment) -> None:
    """The section of one field has to know what was changed in another."""
    controls = open_controls(small)
    edited, _ = heard(controls)
    controls.edited.connect(controls.show_experiment)
    pick(controls.editor("loss").box, "mse")  # type: ignore[attr-defined]
    pick(controls.editor("network.activation").box, "relu")  # type: ignore[attr-defined]
    assert edited[-1].loss == MeanSquared() and edited[-1].network.activation == "relu"


def test_losses_that_do_not_suit_the_data_are_greyed_out_and_say_why(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(with_field(small, "dataset", Sine()))
    loss = controls.editor("loss")
    assert isinstance(loss, KindEditor)
    model = loss.box.model()
    assert isinstance(model, QStandardItemModel)

    def enabled() -> dict[str, bool]:
        return {kind_of(kind): model.item(loss.box.findData(kind_of(kind))).isEnabled() for kind in LOSSES}

    # Values as targets: what is measured by classes, and only that, cannot be chosen.
    assert enabled() == {kind_of(kind): not kind.labels for kind in LOSSES}
    for kind in LOSSES:
        assert ("classes" in model.item(loss.box.findData(kind_of(kind))).toolTip()) is kind.labels
    controls.show_experiment(small)  # two classes in one column: too few for a softmax
    assert enabled() == {kind_of(kind): kind_of(kind) != "softmax" for kind in LOSSES}
    assert "softmax needs 2" in model.item(loss.box.findData("softmax")).toolTip()
    controls.show_experiment(with_field(small, "dataset", Blobs(classes=3)))
    assert all(enabled().values()) and not model.item(loss.box.findData("softmax")).toolTip()


def test_a_loss_that_is_greyed_out_is_passed_over_by_the_keys(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(with_field(small, "dataset", Sine()))
    edited, refused = heard(controls)
    controls.edited.connect(controls.show_experiment)
    loss = controls.editor("loss")
    assert isinstance(loss, KindEditor)
    loss.box.setFocus()
    QTest.keyClick(loss.box, Qt.Key.Key_Home)
    for _ in LOSSES:
        QTest.keyClick(loss.box, Qt.Key.Key_Down)
    assert {type(experiment.loss) for experiment in edited} <= {kind for kind in LOSSES if not kind.labels}
    assert len(edited) == sum(not kind.labels for kind in LOSSES) - 1 and not refused


def test_a_loss_brings_its_own_fields(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(with_field(small, "dataset", Sine()))
    edited, _ = heard(controls)
    loss = controls.editor("loss")
    assert isinstance(loss, KindEditor)
    pick(loss.box, "huber")
    delta = controls.editor("loss.delta")
    assert isinstance(delta, NumberEditor) and delta.isVisible()
    delta.slider.setFocus()
    QTest.keyClick(delta.slider, Qt.Key.Key_Home)
    low, _ = delta.field.slider  # type: ignore[misc]
    assert edited[-1].loss.delta == low  # type: ignore[attr-defined]


def test_biases_are_ticked_off(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(small)
    edited, _ = heard(controls)
    bias = controls.editor("network.bias")
    assert isinstance(bias, CheckEditor) and bias.box.isChecked()
    bias.box.setFocus()
    QTest.keyClick(bias.box, Qt.Key.Key_Space)
    (experiment,) = edited
    assert experiment.network.size == 2 * 4 + 4 * 1 < small.network.size


# ---- functions of x and y ---------------------------------------------------------------------------------------


def notes(controls: Controls) -> list[str]:
    return [label.text() for label in controls.findChildren(QLabel) if label.isVisible() and "Not used" in label.text()]


def uses(controls: Controls, path: str) -> bool:
    """Whether a field can be seen and changed; one that is scrolled out of sight can."""
    found: QWidget = controls.editor(path)
    return found.isVisibleTo(controls) and found.isEnabled()


LEARNING = (
    "dataset",
    "holdout",
    "split_seed",
    "network.widths",
    "network.bias",
    "initializer",
    "seed",
    "trained",
    "loss",
)
ALWAYS = ("function", "descent.schedule.learning_rate", "descent.optimizer", "steps", "plane", "resolution", "line")


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_what_a_function_does_not_use_says_so_and_comes_back(
    open_controls: Open, small: Experiment, qapp: QApplication, kind: Any
) -> None:
    controls = open_controls(small)
    edited, refused = heard(controls)
    controls.edited.connect(controls.show_experiment)
    landscape = controls.editor("function")
    assert isinstance(landscape, KindEditor)
    assert all(uses(controls, path) for path in (*LEARNING, *ALWAYS, "descent.batch_size", "descent.seed"))
    assert not notes(controls)
    pick(landscape.box, kind_of(kind))
    qapp.processEvents()  # new rows are shown by then
    assert type(edited[-1].function) is kind and not refused
    assert not any(uses(controls, path) for path in (*LEARNING, "descent.batch_size", "descent.seed"))
    assert [path for path in (*ALWAYS, "function.x", "function.y") if not uses(controls, path)] == []
    assert len(notes(controls)) == 3 and all(kind.caption in note for note in notes(controls))
    assert "no data" in controls.editor("descent.batch_size").toolTip()
    pick(landscape.box, "network")
    assert all(uses(controls, path) for path in (*LEARNING, *ALWAYS, "descent.batch_size", "descent.seed"))
    assert not notes(controls) and "no data" not in controls.editor("descent.batch_size").toolTip()
    same = {name: getattr(edited[-1], name) for name in small.__struct_fields__ if name != "descent"}
    assert same == {name: getattr(small, name) for name in same}


def test_other_data_bring_the_network_s_ends_and_a_loss_that_suits(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(small)
    edited, refused = heard(controls)
    data = controls.editor("dataset")
    assert isinstance(data, KindEditor)
    pick(data.box, "sine")
    assert not refused
    assert edited[-1].network.widths == (1, 4, 1) and edited[-1].loss == MeanSquared()


def test_a_file_of_one_s_own_is_typed_and_what_is_wrong_with_it_stands_beside_it(
    open_controls: Open, small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text("a,b,c\n" + "".join(f"{n},{n * n},{3 * n + 1}.5\n" for n in range(12)))
    controls = open_controls(with_field(small, "dataset", "csv"))
    edited, refused = heard(controls)
    controls.edited.connect(controls.show_experiment)

    def enter(name: str, text: str) -> TypedEditor:
        found = controls.editor(f"dataset.{name}")
        assert isinstance(found, TypedEditor)
        found.line.setFocus()
        found.line.selectAll()
        QTest.keyClicks(found.line, text)
        QTest.keyClick(found.line, Qt.Key.Key_Return)
        return found

    path = enter("path", "none.csv")
    assert len(refused) == 1 and not edited and path.problem.isVisible() and "none.csv" in path.problem.text()
    path = enter("path", "mine.csv")
    assert not path.problem.isVisible() and len(refused) == 1
    assert edited[-1].network.widths == (2, 4, 1)  # a and b to c
    target = enter("target", "z")
    assert len(refused) == 2 and target.problem.isVisible() and "'z'" in target.problem.text()
    enter("target", "a")
    assert not target.problem.isVisible() and edited[-1].dataset.target == "a"  # type: ignore[attr-defined]
    assert edited[-1].objective.samples == 12


def test_widths_that_do_not_go_with_the_data_are_refused_in_one_line(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(small)
    edited, refused = heard(controls)
    widths = controls.editor("network.widths")
    assert isinstance(widths, TextEditor)
    widths.line.setFocus()
    widths.line.selectAll()
    QTest.keyClicks(widths.line, "5-4-1")
    QTest.keyClick(widths.line, Qt.Key.Key_Return)
    assert not edited and len(refused) == 1 and "\n" not in refused[0] and "5" in refused[0]
    assert widths.problem.isVisible()
