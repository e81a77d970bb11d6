"""Forms: every settings class of an experiment can be seen and changed by keyboard, and nothing wrong gets in."""

from __future__ import annotations

import itertools
import math
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QSlider, QWidget
from pytestqt.qtbot import QtBot

from explorer.form import Form, KindEditor
from explorer.form.editors import ChoiceEditor, NumberEditor, TextEditor, TypedEditor, read, written
from model import Experiment, Field, SettingError, Settings, fields_of


def reachable(kind: type[Settings]) -> Iterator[type[Settings]]:
    """A settings class and all that its fields may hold."""
    yield kind
    for field in fields_of(kind):
        inner = [field.type] if isinstance(field.type, type) and issubclass(field.type, Settings) else []
        for part in field.kinds or inner:
            yield from reachable(part)


CLASSES = list(dict.fromkeys(reachable(Experiment)))
FIELDS = [
    pytest.param(kind, field, id=f"{kind.__name__}.{field.name}") for kind in CLASSES for field in fields_of(kind)
]


def is_leaf(field: Field) -> bool:
    return not field.kinds and not (isinstance(field.type, type) and issubclass(field.type, Settings))


def is_number(field: Field) -> bool:
    return is_leaf(field) and not field.choices and field.type in (int, float)


def choosing(wanted: Any) -> list[Any]:
    return [param for param in FIELDS if wanted(param.values[1])]


TYPED = choosing(lambda f: is_leaf(f) and not f.choices and f.type is not str)
SLID = choosing(lambda f: is_number(f) and (f.slider or (f.type is float and math.isfinite(f.high - f.low))))


def shown(qtbot: QtBot, value: Settings, **more: Any) -> Form:
    form = Form(value, **more)
    form.setMinimumSize(320, 40)  # some have no fields
    qtbot.addWidget(form)
    with qtbot.waitExposed(form):
        form.show()
    form.activateWindow()
    return form


def heard(form: Form) -> list[Any]:
    values: list[Any] = []
    form.edited.connect(values.append)
    return values


def type_into(editor: TypedEditor, text: str) -> None:
    editor.line.setFocus()
    editor.line.selectAll()
    QTest.keyClicks(editor.line, text)
    QTest.keyClick(editor.line, Qt.Key.Key_Return)


def others(field: Field, value: Any) -> list[Any]:
    """Other values that a leaf may have."""
    if field.choices:
        return [choice for choice in field.choices if choice != value]
    if field.type is str:
        return ["another text"]
    if typing.get_origin(field.type) is tuple:
        return [(*value[:-1], 5, value[-1])]
    near = [value + 1, value * 2, value / 2, value - 1, 0.25, 1]
    fits = []
    for other in near:
        try:
            field.check(field.type(other))
        except SettingError:
            continue
        fits.append(field.type(other))
    return [other for other in dict.fromkeys(fits) if other != value][:2]


# ---- what there is ----------------------------------------------------------------------------------------------


def in_popup(control: QWidget) -> bool:
    """Whether it is a part of a combo box, whose name counts."""
    above = control.parentWidget()
    while above is not None and not isinstance(above, QComboBox):
        above = above.parentWidget()
    return above is not None


@pytest.mark.parametrize("kind", CLASSES)
def test_every_field_has_an_editor_with_a_name(qtbot: QtBot, kind: type[Settings]) -> None:
    form = shown(qtbot, kind())
    assert list(form.editors) == [field.name for field in fields_of(kind)]
    for field in fields_of(kind):
        editor = form.editor(field.name)
        assert editor.accessibleName() == field.title and editor.toolTip() == field.help
        for control in editor.findChildren(QWidget):
            if control.focusPolicy() & Qt.FocusPolicy.TabFocus and not in_popup(control):
                assert control.accessibleName(), f"{control} in {field.name} has no name"


def test_the_form_of_an_experiment_goes_all_the_way_down(qtbot: QtBot) -> None:
    form = shown(qtbot, Experiment())
    for path in ("descent.schedule.learning_rate", "descent.optimizer.momentum", "network.activation", "loss"):
        editor = form.editor(path)
        assert editor.isVisible() and editor.objectName() == path.split(".")[-1]


# ---- showing ----------------------------------------------------------------------------------------------------


def said(editor: QWidget) -> object:
    """What an editor shows, read off its controls."""
    if isinstance(editor, TypedEditor):
        return editor.line.text()
    if isinstance(editor, ChoiceEditor):
        return editor.box.currentData()
    if isinstance(editor, KindEditor):
        return editor.box.currentData(), {name: said(part) for name, part in editor.form.editors.items()}
    assert isinstance(editor, Form)
    return {name: said(part) for name, part in editor.editors.items()}


@pytest.mark.parametrize("kind", CLASSES)
def test_a_form_shows_what_it_is_given_and_keeps_quiet(qtbot: QtBot, kind: type[Settings]) -> None:
    value = kind()
    form = shown(qtbot, value)
    values = heard(form)
    for field in fields_of(kind):
        options = others(field, getattr(value, field.name)) if is_leaf(field) else [part() for part in field.kinds]
        for option in options:
            try:
                other = msgspec.structs.replace(value, **{field.name: option})
            except SettingError:  # does not go with the other fields
                continue
            form.show_value(other)
            assert form.value == other
            fresh = shown(qtbot, other)
            assert said(form) == said(fresh)
    form.show_value(value)
    assert said(form) == said(shown(qtbot, value))
    assert not values


def test_leaving_a_field_untouched_changes_nothing_even_where_fewer_digits_are_shown(qtbot: QtBot) -> None:
    experiment = Experiment()
    schedule = msgspec.structs.replace(experiment.descent.schedule, learning_rate=0.123456789123)
    form = shown(qtbot, schedule)
    values = heard(form)
    editor = form.editor("learning_rate")
    assert isinstance(editor, NumberEditor)
    for line in (editor.line, editor.slider):
        line.setFocus()
        QTest.keyClick(line, Qt.Key.Key_Return)
        QTest.keyClick(line, Qt.Key.Key_Tab)
    assert not values and form.value == schedule


# ---- typing -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), TYPED)
def test_a_typed_value_is_taken(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, TypedEditor)
    for value in others(field, getattr(kind(), field.name)):
        values = heard(form)
        type_into(editor, written(value))
        assert [getattr(edited, field.name) for edited in values] == [value]
        assert type(getattr(form.value, field.name)) is type(value)
        assert not editor.problem.isVisible()


@pytest.mark.parametrize(("kind", "field"), TYPED)
def test_a_wrong_entry_is_explained_beside_it_and_changes_nothing(
    qtbot: QtBot, kind: type[Settings], field: Field
) -> None:
    form = shown(qtbot, kind())
    values, before = heard(form), form.value
    editor = form.editor(field.name)
    assert isinstance(editor, TypedEditor)
    wrong = ["abc", "nan", "1e999"]
    if is_number(field):
        wrong += [f"{field.low - 1:g}"] * (field.low > -1e300) + [f"{field.high * 2 + 1:.0f}"] * (field.high < 1e300)
    for text in wrong:
        editor.line.setFocus()
        editor.line.clear()
        type_into(editor, text)
        assert editor.problem.isVisible(), text
        assert field.allowed in editor.problem.text() and "\n" not in editor.problem.text()
        assert editor.line.text() == text
        assert not values and form.value == before
    type_into(editor, written(getattr(before, field.name), field.zero))
    assert not editor.problem.isVisible() and not values


@pytest.mark.parametrize(("kind", "field"), choosing(lambda f: f.slider is not None))
def test_what_a_slider_does_not_reach_may_be_typed(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, NumberEditor)
    low, high = field.slider  # type: ignore[misc]
    for value, end in ((low / 2, editor.slider.minimum()), (high * 2, editor.slider.maximum())):
        try:
            field.check(field.type(value))
        except SettingError:
            continue
        values = heard(form)
        type_into(editor, written(field.type(value)))
        assert getattr(values[-1], field.name) == field.type(value)
        assert editor.slider.value() == end


@pytest.mark.parametrize(("kind", "field"), choosing(lambda f: bool(f.zero)))
def test_a_nought_with_a_name_is_written_and_read_by_it(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, TypedEditor)
    values = heard(form)
    type_into(editor, "7")
    type_into(editor, field.zero)
    assert [getattr(value, field.name) for value in values] == [7, 0]
    assert editor.line.text() == field.zero


def test_lists_may_be_typed_with_commas_or_spaces() -> None:
    (widths,) = (f for kind in CLASSES for f in fields_of(kind) if f.name == "widths")
    assert read(widths, "2-3-1") == read(widths, "2, 3, 1") == read(widths, "2 3 1") == (2, 3, 1)


# ---- sliders, boxes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), SLID)
def test_arrows_in_a_slider_change_the_value(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, NumberEditor)
    editor.slider.setFocus()
    values = heard(form)
    QTest.keyClick(editor.slider, Qt.Key.Key_End)
    QTest.keyClick(editor.slider, Qt.Key.Key_Home)
    for _ in range(120):
        QTest.keyClick(editor.slider, Qt.Key.Key_Right)
    assert values, "the slider does not answer to keys"
    rising = [getattr(value, field.name) for value in values]
    rising = rising[1:] if rising[0] == max(rising) else rising  # End, if it was not there already
    assert all(a <= b for a, b in itertools.pairwise(rising)) and rising[-1] > rising[0]
    for value in rising:
        field.check(value)
    assert written(rising[-1]) == editor.line.text()
    QTest.keyClick(editor.slider, Qt.Key.Key_Left)
    QTest.keyClick(editor.slider, Qt.Key.Key_PageDown)
    assert getattr(form.value, field.name) < rising[-1]


def test_a_slider_and_its_line_agree(qtbot: QtBot) -> None:
    """A logarithmic slider: its middle is the geometric mean of its ends."""
    form = shown(qtbot, Experiment())
    editor = form.editor("descent.schedule.learning_rate")
    assert isinstance(editor, NumberEditor) and isinstance(editor.slider, QSlider)
    low, high = editor.field.slider  # type: ignore[misc]
    editor.slider.setValue((editor.slider.minimum() + editor.slider.maximum()) // 2)
    middle = form.value.descent.schedule.learning_rate  # type: ignore[attr-defined]
    assert middle == pytest.approx((low * high) ** 0.5, rel=0.02)
    assert float(editor.line.text()) == middle


@pytest.mark.parametrize(("kind", "field"), choosing(lambda f: bool(f.choices)))
def test_choices_by_keyboard(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, ChoiceEditor)
    values = heard(form)
    editor.setFocus()
    assert editor.box.hasFocus()
    QTest.keyClick(editor.box, Qt.Key.Key_Home)
    for _ in field.choices:
        QTest.keyClick(editor.box, Qt.Key.Key_Down)
    seen = [getattr(value, field.name) for value in values]
    assert seen and set(seen) <= set(field.choices) and len(set(seen)) >= len(field.choices) - 1


@pytest.mark.parametrize(("kind", "field"), choosing(lambda f: len(f.kinds) > 1))
def test_kinds_switch_and_bring_their_own_fields(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, KindEditor) and isinstance(editor.box, QComboBox)
    editor.box.setFocus()
    QTest.keyClick(editor.box, Qt.Key.Key_Home)
    for index, part in enumerate(field.kinds):
        value = msgspec.structs.replace(kind(), title="") if kind is Experiment else kind()
        form.show_value(value)
        values, refused = heard(form), []
        form.refused.connect(refused.append)
        while editor.box.currentIndex() != index:
            QTest.keyClick(editor.box, Qt.Key.Key_Down if editor.box.currentIndex() < index else Qt.Key.Key_Up)
        assert type(editor.form.value) is part
        assert list(editor.form.editors) == [inner.name for inner in fields_of(part)]
        if type(getattr(value, field.name)) is not part:
            assert refused or type(getattr(values[-1], field.name)) is part


def test_a_single_kind_needs_no_box(qtbot: QtBot) -> None:
    for param in choosing(lambda f: len(f.kinds) == 1):
        kind, field = param.values
        form = shown(qtbot, kind())
        editor = form.editor(field.name)
        assert isinstance(editor, KindEditor) and not editor.box.isVisible()


def test_what_does_not_go_together_is_refused_beside_the_field(qtbot: QtBot) -> None:
    form = shown(qtbot, Experiment())
    values, refused = heard(form), []
    form.refused.connect(refused.append)
    editor = form.editor("network.widths")
    assert isinstance(editor, TextEditor)
    type_into(editor, "3-4-1")
    assert not values and len(refused) == 1 and "widths" in refused[0]
    assert editor.problem.isVisible() and refused[0] in editor.problem.text()
    assert form.value == Experiment()
    type_into(editor, "2-4-1")
    assert values[-1].network.widths == (2, 4, 1) and not editor.problem.isVisible()


def test_a_form_can_be_walked_through_with_tab(qtbot: QtBot) -> None:
    form = shown(qtbot, Experiment())
    first = form.editor("title")
    first.setFocus()
    seen = []
    for _ in range(60):
        focus = QApplication.focusWidget()
        assert focus is not None
        if focus.accessibleName() in seen and focus.accessibleName() == first.accessibleName():
            break
        seen.append(focus.accessibleName())
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    default = Experiment()
    parts = (default, default.dataset, default.network, default.descent, default.descent.optimizer)
    titles = {field.title for part in parts for field in fields_of(type(part)) if is_leaf(field)}
    assert titles <= set(seen) and "Learning rate η" in seen and "Plane" in seen
