"""Controls: the experiment as forms. What they emit is a whole experiment; what cannot be is refused with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from explorer.controls import SECTIONS, Controls
from explorer.form import KindEditor
from explorer.form.editors import ChoiceEditor, NumberEditor, TextEditor
from explorer.resources import load_experiment, presets
from model import LOSSES, Experiment, fields_of, with_field
from model.datasets import Blobs, Sine

Open = Callable[[Experiment], Controls]


@pytest.fixture
def open_controls(qtbot: QtBot) -> Open:
    def open_(experiment: Experiment) -> Controls:
        controls = Controls(experiment)
        qtbot.addWidget(controls)
        with qtbot.waitExposed(controls):
            controls.show()
        controls.activateWindow()
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
    assert isinstance(rate, NumberEditor) and isinstance(widths, TextEditor) and isinstance(loss, ChoiceEditor)
    assert float(rate.line.text()) == preset.descent.schedule.learning_rate  # type: ignore[attr-defined]
    assert widths.line.text() == "-".join(map(str, preset.network.widths))
    assert loss.box.currentData() == preset.loss


def test_each_edit_is_a_whole_experiment_that_differs_in_that_field(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(small)
    edited, _ = heard(controls)
    pick(controls.editor("network.activation").box, "relu")  # type: ignore[attr-defined]
    expected = with_field(small, "network", msgspec.structs.replace(small.network, activation="relu"))
    assert edited == [expected]
    controls.show_experiment(edited[-1])
    pick(controls.editor("loss").box, "mse")  # type: ignore[attr-defined]
    assert edited[1:] == [msgspec.structs.replace(expected, loss="mse")]


def test_edits_follow_each_other_even_before_anybody_shows_the_result(open_controls: Open, small: Experiment) -> None:
    """The section of one field has to know what was changed in another."""
    controls = open_controls(small)
    edited, _ = heard(controls)
    controls.edited.connect(controls.show_experiment)
    pick(controls.editor("loss").box, "mse")  # type: ignore[attr-defined]
    pick(controls.editor("network.activation").box, "relu")  # type: ignore[attr-defined]
    assert edited[-1].loss == "mse" and edited[-1].network.activation == "relu"


def test_losses_that_do_not_suit_the_data_are_greyed_out_and_say_why(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(with_field(small, "dataset", Sine()))
    loss = controls.editor("loss")
    assert isinstance(loss, ChoiceEditor)
    model = loss.box.model()
    assert isinstance(model, QStandardItemModel)

    def enabled() -> dict[str, bool]:
        return {name: model.item(loss.box.findData(name)).isEnabled() for name in LOSSES}

    assert enabled() == {"mse": True, "bce": False, "softmax": False}
    assert "classes" in model.item(loss.box.findData("bce")).toolTip()
    controls.show_experiment(with_field(small, "dataset", Blobs(classes=3)))
    assert enabled()["softmax"] and not model.item(loss.box.findData("softmax")).toolTip()


def test_other_data_bring_the_network_s_ends_and_a_loss_that_suits(open_controls: Open, small: Experiment) -> None:
    controls = open_controls(small)
    edited, refused = heard(controls)
    data = controls.editor("dataset")
    assert isinstance(data, KindEditor)
    pick(data.box, "sine")
    assert not refused
    assert edited[-1].network.widths == (1, 4, 1) and edited[-1].loss == "mse"


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
