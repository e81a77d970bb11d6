"""Forms: a widget for any `Settings` class, made from its fields.

A form shows a value and emits `edited` with the whole new value as soon as a person has changed one field to something
allowed. A wrong entry stays where it is, with one line beside it that says what would be right; nothing is lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QLabel, QWidget

from explorer.form.editors import CheckEditor, ChoiceEditor, Editor, FileEditor, NumberEditor, TextEditor, combo, offer
from model.settings import Field, SettingError, Settings, fields_of, kind_of

CAPTION = 104


class Form(QWidget):
    """One row for each field of a settings value; fields that are settings themselves have their rows inline. Final."""

    edited = Signal(object)
    refused = Signal(str)
    held = Signal(bool)  # a slider is being dragged, or was let go

    def __init__(
        self,
        value: Settings,
        names: tuple[str, ...] = (),
        replace: Callable[[Any, str, Any], Any] | None = None,
        heading: str = "",
    ) -> None:
        """`names` picks fields; `replace` puts a field into the value.

        A field whose title is the `heading` already shown above the form needs no caption.
        """
        super().__init__()
        self._value, self._names, self._heading = value, names, heading
        self._replace = replace or (lambda value, name, part: msgspec.structs.replace(value, **{name: part}))
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setVerticalSpacing(6)
        self._rows.setHorizontalSpacing(10)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self.editors: dict[str, Any] = {}
        self._build()

    @property
    def value(self) -> Settings:
        """The settings shown."""
        return self._value

    def show_value(self, value: Settings) -> None:
        """Show other settings, without emitting anything."""
        if value == self._value:
            return
        before, self._value = self._value, value
        rebuild = type(value) is not type(before)
        if rebuild:
            while self._rows.rowCount():
                self._rows.removeRow(0)
            self.editors = {}
            self._build()
        for name, editor in self.editors.items():
            part = getattr(value, name)
            wrong = isinstance(editor, Editor) and not editor.problem.isHidden()
            if rebuild or wrong or part is not getattr(before, name):  # a slider that is dragged is one field of dozens
                editor.show_value(part)

    def disable(self, name: str, choice: str, reason: str) -> None:
        """Offer a choice of a field no longer, and say why in its tooltip; with an empty reason, offer it again."""
        self.editors[name].disable(choice, reason)

    def editor(self, path: str) -> QWidget:
        """The editor of a field, by its path from this form: "schedule.learning_rate"."""
        head, _, rest = path.partition(".")
        editor = self.editors[head]
        return editor.editor(rest) if rest else editor

    def _build(self) -> None:
        for field in fields_of(type(self._value)):
            if self._names and field.name not in self._names:
                continue
            value = getattr(self._value, field.name)
            editor = _editor(field, value, self._heading)
            editor.setAccessibleName(field.title)
            editor.setToolTip(field.help)
            editor.edited.connect(self._take)
            editor.held.connect(self.held)
            editor.setObjectName(field.name)
            self.editors[field.name] = editor
            if isinstance(editor, (Form, KindEditor)):
                editor.refused.connect(self.refused)
                self._rows.addRow(editor)
            else:
                add_row(self._rows, field, editor, self._heading)

    def _take(self, part: object) -> None:
        name = self.sender().objectName()
        try:
            self._value = self._replace(self._value, name, part)
        except SettingError as error:
            self.editors[name].complain(str(error))
            self.refused.emit(str(error))
            return
        self.editors[name].complain("")
        self.edited.emit(self._value)

    def complain(self, message: str) -> None:
        """Say what is wrong with the settings as a whole, beside the field that the message names."""
        name = message.split(":")[0].split(".")[-1]
        for key, editor in self.editors.items():
            if key == name or isinstance(editor, (Form, KindEditor)):
                editor.complain(message)


class KindEditor(QWidget):
    """One class of a registry of settings, and the form of its fields below. Final."""

    edited = Signal(object)
    refused = Signal(str)
    held = Signal(bool)

    def __init__(self, field: Field, value: Settings, heading: str) -> None:
        super().__init__()
        self.field = field
        self._kinds = {kind_of(kind): kind for kind in field.kinds}
        self.rows = QFormLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setVerticalSpacing(6)
        self.box = combo()
        for name, kind in self._kinds.items():
            self.box.addItem(kind.caption or name, name)
        self.box.setAccessibleName(field.title)
        self.box.setToolTip(field.help)
        add_row(self.rows, field, self.box, heading)
        self.form = Form(value)
        self.form.edited.connect(self.edited)
        self.form.refused.connect(self.refused)
        self.form.held.connect(self.held)
        self.rows.addRow(self.form)
        self.box.activated.connect(self._choose)
        if len(self._kinds) == 1:  # nothing to choose
            self.rows.setRowVisible(0, False)
        else:
            self.setFocusProxy(self.box)  # to a hidden one, Tab would come to a halt
        self.show_value(value)

    def editor(self, path: str) -> QWidget:
        """The editor of a field of the chosen kind."""
        return self.form.editor(path)

    def show_value(self, value: Settings) -> None:
        """Show a value of the field."""
        self.box.setCurrentIndex(self.box.findData(kind_of(value)))
        self.form.show_value(value)
        self.form.setVisible(bool(fields_of(type(value))))

    def complain(self, message: str) -> None:
        """Hand a line about a wrong entry to the form below."""
        self.form.complain(message)

    def disable(self, choice: str, reason: str) -> None:
        """Grey a kind out, with the reason as its tooltip; with an empty reason, offer it again."""
        offer(self.box, choice, reason)

    def _choose(self, index: int) -> None:
        kind = self._kinds[self.box.itemData(index)]
        if kind is not type(self.form.value):
            value = adopted(kind, self.form.value)
            self.show_value(value)
            self.edited.emit(value)


def adopted(kind: type[Settings], before: Settings) -> Settings:
    """A value of a kind by its defaults, but with what was chosen before in fields of the same name and limits."""
    known = {field.name: field for field in fields_of(type(before))}
    chosen = {}
    for field in fields_of(kind):
        old = known.get(field.name)
        value = getattr(before, field.name, None)
        if old is not None and old.allowed == field.allowed and value != old.default:
            chosen[field.name] = value
    return kind(**chosen)


def add_row(rows: QFormLayout, field: Field, editor: QWidget, heading: str) -> None:
    """A caption and its editor; captions are as wide everywhere, so that forms under each other line up."""
    if field.title == heading:
        rows.addRow(editor)
        return
    caption = QLabel(field.title)
    caption.setToolTip(field.help)
    caption.setBuddy(editor)
    caption.setMinimumWidth(CAPTION)
    rows.addRow(caption, editor)


def _editor(field: Field, value: Any, heading: str) -> Any:
    if field.choices:
        return ChoiceEditor(field, value)
    if field.kinds:
        return KindEditor(field, value, heading)
    if isinstance(field.type, type) and issubclass(field.type, Settings):
        return Form(value)
    if field.type is bool:
        return CheckEditor(field, value)
    if field.file:
        return FileEditor(field, value)
    if field.slider is not None or (field.type is float and math.isfinite(field.low) and math.isfinite(field.high)):
        return NumberEditor(field, value)
    return TextEditor(field, value)
