"""Forms: every settings class of an experiment can be seen and changed by keyboard, and nothing wrong gets in."""

from __future__ import annotations

import itertools
import math
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QSlider, QWidget
from pytestqt.qtbot import QtBot

from explorer.form import Form, KindEditor, adopted
from explorer.form.editors import (
    CheckEditor,
    ChoiceEditor,
    FileEditor,
    NumberEditor,
    TextEditor,
    TypedEditor,
    read,
    written,
)
from model import (
    FUNCTIONS,
    LOSSES,
    OPTIMIZERS,
    SCHEDULES,
    Experiment,
    Field,
    SettingError,
    Settings,
    fields_of,
    with_field,
)
from model.initializers import Constant
from model.settings import kind_of, setting
from tests.harness import show


def reachable(kind: type[Settings]) -> Iterator[type[Settings]]:
    """A settings class and all that its fields may hold."""
    yield kind
    for field in fields_of(kind):
        inner = [field.type] if isinstance(field.type, type) and issubclass(field.type, Settings) else []
        for part in field.kinds or inner:
            yield from reachable(part)


class Reader(Settings, frozen=True):
    """A setting of the kind that no experiment needs to have: a file."""

    path: Annotated[str, setting("Table", "where it is", zero="none", file="Tables (*.csv *.tsv)", effect="view")] = ""


CLASSES = [*dict.fromkeys(reachable(Experiment)), Reader]
# Fields that are described alike, such as the start of every function, have the same editor: each is tested once.
_ALIKE = {
    (*(getattr(field, key) for key in Field.__struct_fields__ if key not in ("default", "help")),): (kind, field)
    for kind in reversed(CLASSES)
    for field in reversed(fields_of(kind))
}
FIELDS = [pytest.param(kind, field, id=f"{kind.__name__}.{field.name}") for kind, field in reversed(_ALIKE.values())]


def is_leaf(field: Field) -> bool:
    return not field.kinds and not (isinstance(field.type, type) and issubclass(field.type, Settings))


def is_number(field: Field) -> bool:
    return is_leaf(field) and not field.choices and field.type in (int, float)


def is_typed(field: Field) -> bool:
    return is_leaf(field) and not field.choices and field.type is not bool


def choosing(wanted: Any) -> list[Any]:
    return [param for param in FIELDS if wanted(param.values[1])]


TYPED = choosing(is_typed)
CHECKED = choosing(lambda f: f.type is bool)
SLID = choosing(lambda f: is_number(f) and (f.slider or (f.type is float and math.isfinite(f.high - f.low))))


def shown(qtbot: QtBot, value: Settings, **more: Any) -> Form:
    form = Form(value, **more)
    form.setMinimumSize(320, 40)  # some have no fields
    qtbot.addWidget(form)
    show(form)
    return form


def rescalable(value: Settings) -> Settings:
    """An experiment whose network may be rescaled; anything else as it is."""
    if not isinstance(value, Experiment):
        return value
    return with_field(value, "network", msgspec.structs.replace(value.network, activation="relu"))


def with_one_input(value: Settings) -> Settings:
    """A network of one input may have powers of it."""
    fits = hasattr(value, "degree") and hasattr(value, "widths")
    return msgspec.structs.replace(value, widths=(1, 4, 1)) if fits else value


def goes_not_with(value: Settings, field: Field, part: Any) -> bool:
    """Whether a value that the field allows is refused by the other fields."""
    try:
        msgspec.structs.replace(value, **{field.name: part})
    except SettingError:
        return True
    return False


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
    if field.type is bool:
        return [not value]
    if field.type is str:
        return ["(x + y)^2" if field.name == "text" else "another text"]
    if typing.get_origin(field.type) is tuple:
        return [(*value[:-1], 5, value[-1])]
    near = [value + 1, value * 2, value / 2, value - 1, 0.25, 1]
    fits = []
    for other in near:
        other = field.type(f"{other:g}") if field.type is float else int(other)  # as many digits as are shown
        try:
            field.check(other)
        except SettingError:
            continue
        fits.append(other)
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
    if isinstance(editor, CheckEditor):
        return editor.box.isChecked()
    if isinstance(editor, KindEditor):
        return editor.box.currentData(), {name: said(part) for name, part in editor.form.editors.items()}
    assert isinstance(editor, Form)
    return {name: said(part) for name, part in editor.editors.items()}


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.slow
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
    start = rescalable(with_one_input(kind()))
    form = shown(qtbot, start)
    editor = form.editor(field.name)
    assert isinstance(editor, TypedEditor)
    for value in others(field, getattr(start, field.name)):
        if goes_not_with(start, field, value):
            continue
        values = heard(form)
        type_into(editor, written(value))
        assert [getattr(edited, field.name) for edited in values] == [value]
        assert type(getattr(form.value, field.name)) is type(value)
        assert not editor.problem.isVisible()


@pytest.mark.parametrize(("kind", "field"), choosing(lambda f: is_typed(f) and f.type is not str))
def test_a_wrong_entry_is_explained_beside_it_and_changes_nothing(
    qtbot: QtBot, kind: type[Settings], field: Field
) -> None:
    form = shown(qtbot, kind())
    values, before = heard(form), form.value
    editor = form.editor(field.name)
    assert isinstance(editor, TypedEditor)
    wrong = ["abc", "nan", "1e999"]
    if is_number(field):
        wrong += [f"{field.low - 1:.0f}"] * (field.low > -1e300) + [f"{field.high * 2 + 1:.0f}"] * (field.high < 1e300)
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
    form = shown(qtbot, rescalable(kind()))
    editor = form.editor(field.name)
    assert isinstance(editor, NumberEditor)
    low, high = field.slider  # type: ignore[misc]
    below = low / 2 if low > 0 else low * 2 - 1
    for value, end in ((below, editor.slider.minimum()), (high * 2, editor.slider.maximum())):
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
    value: Any = "7" if field.type is str else 7 if field.high > 7 else 0.5
    type_into(editor, str(value))
    type_into(editor, field.zero)
    nought = "" if field.type is str else 0
    assert [getattr(value, field.name) for value in values] == [value, nought]
    assert editor.line.text() == field.zero


def test_lists_may_be_typed_with_commas_or_spaces() -> None:
    (widths,) = (f for kind in CLASSES for f in fields_of(kind) if f.name == "widths")
    assert read(widths, "2-3-1") == read(widths, "2, 3, 1") == read(widths, "2 3 1") == (2, 3, 1)


def test_a_minus_may_be_typed_as_it_is_written_on_the_screen() -> None:
    """U+2212, which is what one copies from a text or a readout."""
    (value,) = (field for field in fields_of(Constant) if field.name == "value")
    assert read(value, "−1,5") == read(value, "-1.5") == -1.5
    (text,) = (field for field in fields_of(Experiment) if field.name == "title")
    assert read(text, "a − b") == "a − b"


# ---- sliders, boxes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), SLID)
def test_arrows_in_a_slider_change_the_value(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, rescalable(kind()))
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
    assert form.focusWidget() is editor.box  # hasFocus() would ask for a window manager too
    QTest.keyClick(editor.box, Qt.Key.Key_Home)
    for _ in field.choices:
        QTest.keyClick(editor.box, Qt.Key.Key_Down)
    seen = [getattr(value, field.name) for value in values]
    assert seen and set(seen) <= set(field.choices) and len(set(seen)) >= len(field.choices) - 1


# ---- boxes to tick, files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "field"), CHECKED)
def test_a_box_is_ticked_by_mouse_and_by_keyboard(qtbot: QtBot, kind: type[Settings], field: Field) -> None:
    form = shown(qtbot, kind())
    editor = form.editor(field.name)
    assert isinstance(editor, CheckEditor)
    before, values = getattr(kind(), field.name), heard(form)
    assert editor.box.isChecked() is before
    editor.setFocus()
    assert form.focusWidget() is editor.box  # hasFocus() would ask for a window manager too
    QTest.keyClick(editor.box, Qt.Key.Key_Space)
    QTest.mouseClick(editor.box, Qt.MouseButton.LeftButton, pos=QPoint(8, editor.box.height() // 2))
    assert [getattr(value, field.name) for value in values] == [not before, before]
    assert editor.box.accessibleName() == field.title


def test_all_yes_and_no_of_an_experiment_is_ticked() -> None:
    """So that the test above has something to test: biases, and standardised data."""
    assert {param.values[1].name for param in CHECKED} >= {"bias", "standardize"}


def reader(qtbot: QtBot) -> tuple[Form, FileEditor]:
    form = shown(qtbot, Reader())
    editor = form.editor("path")
    assert isinstance(editor, FileEditor)
    return form, editor


def test_a_file_is_typed(qtbot: QtBot) -> None:
    form, editor = reader(qtbot)
    values = heard(form)
    assert editor.line.text() == "none"
    type_into(editor, "data/mine.csv")
    type_into(editor, "none")
    assert [value.path for value in values] == ["data/mine.csv", ""]


def test_a_file_is_looked_for_by_a_button(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form, editor = reader(qtbot)
    values, asked = heard(form), []

    def answer(_parent: QWidget, *question: str) -> tuple[str, str]:
        asked.append(question)
        return chosen, ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)
    chosen = str(tmp_path / "mine.csv")
    QTest.mouseClick(editor.button, Qt.MouseButton.LeftButton)
    assert [value.path for value in values] == [chosen] and editor.line.text() == chosen
    assert asked[0][0] == "Table" and asked[0][2] == "Tables (*.csv *.tsv)"
    chosen = ""  # the dialog was closed without a choice
    editor.button.setFocus()
    QTest.keyClick(editor.button, Qt.Key.Key_Space)
    assert len(asked) == 2 and len(values) == 1 and form.value == values[0]


# ---- kinds ------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("kind", SCHEDULES)
@pytest.mark.parametrize("before", SCHEDULES)
def test_another_schedule_keeps_the_rate_that_was_chosen(before: type[Settings], kind: type[Settings]) -> None:
    chosen = before(learning_rate=0.37, warmup=5)
    assert adopted(kind, chosen) == kind(learning_rate=0.37, warmup=5)


@pytest.mark.parametrize("registry", [FUNCTIONS, LOSSES, OPTIMIZERS, SCHEDULES], ids=lambda kinds: kinds[0].__name__)
def test_what_nobody_touched_becomes_the_new_kind_s_own(registry: tuple[type[Settings], ...]) -> None:
    for before, after in itertools.product(registry, repeat=2):
        assert adopted(after, before()) == after()


def test_a_start_that_was_chosen_stays_where_it_is_and_other_fields_are_not_taken_for_it() -> None:
    ravine, rosenbrock, bowl = (next(f for f in FUNCTIONS if kind_of(f) == n) for n in ("ravine", "rosenbrock", "bowl"))
    assert adopted(rosenbrock, ravine(x=1.5)) == rosenbrock(x=1.5)
    assert adopted(rosenbrock, ravine(condition=7.0)) == rosenbrock()
    assert adopted(bowl, rosenbrock(x=0.25, y=-2.0, b=3.0)) == bowl(x=0.25, y=-2.0)


def test_fields_of_the_same_name_but_other_limits_are_not_carried_over() -> None:
    class Wide(Settings, frozen=True, tag="wide"):
        share: Annotated[float, setting("Share", ge=0, le=10, effect="view")] = 1.0

    class Narrow(Settings, frozen=True, tag="narrow"):
        share: Annotated[float, setting("Share", ge=0, le=1, effect="view")] = 0.5

    assert adopted(Narrow, Wide(share=7.0)) == Narrow()
    assert adopted(Wide, Wide(share=7.0)) == Wide(share=7.0)


def test_the_form_itself_carries_the_rate_over(qtbot: QtBot) -> None:
    form = shown(qtbot, Experiment())
    rate = form.editor("descent.schedule.learning_rate")
    assert isinstance(rate, NumberEditor)
    type_into(rate, "0.042")
    schedule = form.editor("descent.schedule")
    assert isinstance(schedule, KindEditor)
    values = heard(form)
    schedule.box.setFocus()
    QTest.keyClick(schedule.box, Qt.Key.Key_Down)
    assert type(values[-1].descent.schedule) is SCHEDULES[1]
    assert values[-1].descent.schedule.learning_rate == 0.042
    again = form.editor("descent.schedule.learning_rate")
    assert isinstance(again, NumberEditor) and again.line.text() == "0.042"


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


def test_a_complaint_about_a_choice_goes_once_another_is_taken(qtbot: QtBot) -> None:
    def replace(value: Any, name: str, part: Any) -> Any:
        if part == "values":
            raise SettingError(name, part, "anything else")
        return msgspec.structs.replace(value, **{name: part})

    source = next(kind for kind in CLASSES if kind.__name__ == "Csv")
    form = shown(qtbot, source(), replace=replace)
    editor = form.editor("targets_are")
    assert isinstance(editor, ChoiceEditor)
    values = heard(form)
    editor.box.setFocus()
    QTest.keyClick(editor.box, Qt.Key.Key_End)
    assert editor.problem.isVisible() and "anything else" in editor.problem.text() and not values
    QTest.keyClick(editor.box, Qt.Key.Key_Up)
    assert not editor.problem.isVisible() and values[-1].targets_are == "classes"


def test_a_form_can_be_walked_through_with_tab(qtbot: QtBot) -> None:
    form = shown(qtbot, Experiment())
    first = form.editor("title")
    first.setFocus()
    seen = []
    for _ in range(90):
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
