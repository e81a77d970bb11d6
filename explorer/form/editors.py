"""Editors: a control for one field of a settings class, and below it a line on what is wrong with the entry."""

from __future__ import annotations

import math
import typing
from abc import abstractmethod
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QPalette, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from explorer.form.line import Line
from model.settings import Field, SettingError

STEPS = 400


class Editor(QWidget):
    """One field: a control, and below it room for a line on what is wrong with the entry."""

    edited = Signal(object)
    held = Signal(bool)  # a slider is being dragged, or was let go

    def __init__(self, field: Field) -> None:
        super().__init__()
        self.field = field
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        self._row = QHBoxLayout()
        self._row.setSpacing(6)
        column.addLayout(self._row)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setForegroundRole(QPalette.ColorRole.BrightText)
        self.problem.hide()
        column.addWidget(self.problem)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def hold(self, control: QWidget, stretch: int = 1) -> None:
        """Put a control into the row; the first one takes the keyboard for all."""
        self._row.addWidget(control, stretch)
        control.setAccessibleName(self.field.title)
        control.setAccessibleDescription(self.field.help)
        control.setToolTip(self.field.help)
        if self._row.count() == 1:
            self.setFocusProxy(control)

    def complain(self, message: str) -> None:
        """Show a line about a wrong entry; an empty one takes it away."""
        self.problem.setText(f"⚠ {message}" if message else "")
        self.problem.setAccessibleName(message)
        self.problem.setVisible(bool(message))


class TypedEditor(Editor):
    """A field with a line to type into."""

    def __init__(self, field: Field) -> None:
        super().__init__(field)
        self.line = Line()
        self.line.editingFinished.connect(self._finish)

    @abstractmethod
    def show_value(self, value: Any) -> None:
        """Show a value of the field."""

    def _finish(self) -> None:
        text = self.line.text().strip()
        if text == self.line.kept:
            self.complain("")
            return
        try:
            value = read(self.field, text)
        except SettingError as error:
            self.complain(str(error))
            return
        self.show_value(value)
        self.edited.emit(value)

    def _write(self, value: Any) -> None:
        self.line.kept = written(value, self.field.zero)
        if self.line.text() != self.line.kept:
            self.line.setText(self.line.kept)
        self.complain("")


class TextEditor(TypedEditor):
    """Anything that is only typed: texts, whole numbers, lists such as 2-16-16-1. Final."""

    def __init__(self, field: Field, value: Any) -> None:
        super().__init__(field)
        self.hold(self.line)
        self.show_value(value)

    def show_value(self, value: Any) -> None:
        self._write(value)


class FileEditor(TypedEditor):
    """The path of a file, typed or looked for. Final."""

    def __init__(self, field: Field, value: Any) -> None:
        super().__init__(field)
        self.hold(self.line)
        self.button = QPushButton("Open…")
        self.hold(self.button, 0)
        self.button.setAccessibleName(f"{field.title}: open")
        self.button.clicked.connect(self._look)
        self.show_value(value)

    def show_value(self, value: Any) -> None:
        self._write(value)

    def _look(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.field.title, self.line.text(), self.field.file)
        if path:
            self.line.setText(path)
            self._finish()


class CheckEditor(Editor):
    """Yes or no. Final."""

    def __init__(self, field: Field, value: bool) -> None:
        super().__init__(field)
        self.box = QCheckBox()
        self.hold(self.box)
        self.box.clicked.connect(lambda checked: self.edited.emit(bool(checked)))
        self.show_value(value)

    def show_value(self, value: bool) -> None:
        """Show a value of the field."""
        self.box.setChecked(value)


class NumberEditor(TypedEditor):
    """A number with a slider for its usual range; any allowed value may be typed. Final."""

    def __init__(self, field: Field, value: float) -> None:
        super().__init__(field)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setPageStep(STEPS // 20)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # as with lists: after a drag Home is the first step
        self.line.setFixedWidth(64)
        self.hold(self.slider)
        self.hold(self.line, 0)
        self.slider.valueChanged.connect(self._slide)
        self.slider.sliderPressed.connect(lambda: self.held.emit(True))
        self.slider.sliderReleased.connect(lambda: self.held.emit(False))
        self.show_value(value)

    def show_value(self, value: Any) -> None:
        self._write(value)
        with QSignalBlocker(self.slider):
            self.slider.setValue(self._place(value))

    def _ends(self) -> tuple[float, float, bool]:
        """The slider's ends, and whether it is logarithmic between them: where both are above 0 by a stated range."""
        if self.field.slider is not None:
            return (*self.field.slider, self.field.slider[0] > 0)
        return self.field.low, self.field.high, False

    def _place(self, value: float) -> int:
        low, high, log = self._ends()
        share = math.log(max(value, low) / low) / math.log(high / low) if log else (value - low) / (high - low)
        return round(min(max(share, 0.0), 1.0) * STEPS)

    def _slide(self, place: int) -> None:
        low, high, log = self._ends()
        share = place / STEPS
        value = low * (high / low) ** share if log else low + (high - low) * share
        if self.field.open_high and value >= self.field.high:
            value = self.field.high - (high - low) / STEPS
        value = float(f"{value:.3g}") if self.field.type is float else round(value)
        self._write(value)
        self.edited.emit(value)


class ChoiceEditor(Editor):
    """One entry of a registry of named values. Final."""

    def __init__(self, field: Field, value: str) -> None:
        super().__init__(field)
        self.box = combo()
        for choice in field.choices:
            self.box.addItem(choice, choice)
        self.hold(self.box)
        self.box.activated.connect(lambda index: self.edited.emit(self.box.itemData(index)))
        self.show_value(value)

    def show_value(self, value: str) -> None:
        """Show a value of the field."""
        self.box.setCurrentIndex(self.box.findData(value))

    def disable(self, choice: str, reason: str) -> None:
        """Grey a choice out, with the reason as its tooltip; with an empty reason, offer it again."""
        offer(self.box, choice, reason)


def offer(box: QComboBox, choice: str, reason: str) -> None:
    """Grey an entry out that cannot be chosen for a reason, which its tooltip tells; without one, offer it."""
    model = box.model()
    assert isinstance(model, QStandardItemModel)
    item = model.item(box.findData(choice))
    item.setEnabled(not reason)
    item.setToolTip(reason)


def written(value: object, zero: str = "") -> str:
    """A value as a person types it; `zero` is the word for a nought, or for nothing, that means something else."""
    if zero and not value:
        return zero
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def read(field: Field, text: str) -> Any:
    """What a person typed, as a value of the field; raises `SettingError`."""
    if field.zero and text == field.zero:
        text = "" if field.type is str else "0"
    if field.type is not str:
        text = text.replace("−", "-")  # as this program writes it
    try:
        if typing.get_origin(field.type) is tuple:
            value: Any = tuple(int(part) for part in text.replace(",", "-").replace(" ", "-").split("-") if part)
        else:
            value = field.type(text.replace(",", ".") if field.type is float else text)
    except ValueError:
        raise SettingError(field.title, text, field.allowed) from None
    field.check(value)
    return value


def combo() -> QComboBox:
    """A combo box that the wheel does not change while one scrolls past it. A choice by the mouse leaves the keyboard
    where it was: the next arrow key is meant for the picture, not for the list."""
    box = QComboBox()
    box.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(10)
    return box
