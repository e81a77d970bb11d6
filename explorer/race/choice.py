"""What is chosen for a race: who runs, at which rates, how far. A wrong entry keeps it from starting."""

from __future__ import annotations

from typing import cast

import msgspec
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.form import Form
from explorer.form.editors import read, written
from explorer.race.tables import Entrants
from explorer.style import Style
from model import SettingError
from model.race import Race

FIELDS = ("budget", "rates", "lowest", "highest", "starts", "threshold")
WIDTH = 320


class Choice(QWidget):
    """The list of optimizers, and below it the form. Emits `refused` with a line on a wrong entry. Final."""

    refused = Signal(str)

    def __init__(self, race: Race, style: Style) -> None:
        super().__init__()
        self.entrants, self.form = Entrants(race, style), Form(race, FIELDS)
        self.form.refused.connect(self.refused)
        self.form.edited.connect(self._offer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self.entrants)
        column.addWidget(self.form)
        column.addStretch(1)
        self._offer(race)
        self.show_style(style)

    def show_style(self, style: Style) -> None:
        """In another theme, or with room for larger letters."""
        self.setFixedWidth(round(WIDTH * style.scale))
        self.entrants.show_style(style)

    def taken(self) -> Race:
        """What is seen, all of it allowed. Raises `SettingError` and goes to an entry that is not."""
        try:
            chosen = msgspec.structs.replace(self.form.value, optimizers=self.entrants.names, **self._untaken())
        except SettingError as error:
            self._point_to(error)
            raise
        self.form.show_value(chosen)
        self._offer(cast(Race, chosen))
        return cast(Race, chosen)

    def named(self, error: SettingError) -> str:
        """The error in words, with the name of its field as the form has it."""
        titles = {name: editor.field.title for name, editor in self.form.editors.items()}
        return f"{titles.get(error.field, error.field.capitalize())}: {str(error).partition(': ')[2]}"

    def _untaken(self) -> dict[str, object]:
        """What stands in the form and was wrong when it was typed. Raises `SettingError` if it still is."""
        entered = {}
        for name, editor in self.form.editors.items():
            text = editor.line.text().strip()
            if editor.isEnabled() and text != written(getattr(self.form.value, name), editor.field.zero):
                entered[name] = read(editor.field, text)
        return entered

    def _point_to(self, error: SettingError) -> None:
        for name, editor in self.form.editors.items():
            if error.field in (name, editor.field.title):
                editor.complain(self.named(error))
                editor.line.setFocus()

    @Slot(object)
    def _offer(self, chosen: Race) -> None:
        """Let the ends of the sweep be chosen where there is one; their tooltips say when there is."""
        for name in ("lowest", "highest"):
            self.form.editor(name).setEnabled(chosen.rates > 1)
