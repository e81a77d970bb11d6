"""Controls: the experiment as forms, one section after another."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGroupBox, QScrollArea, QVBoxLayout, QWidget

from explorer.form import Form
from model import LOSSES, Experiment, unsuited, with_field

SECTIONS: dict[str, tuple[str, ...]] = {
    "Data": ("dataset",),
    "Network": ("network", "initializer", "seed"),
    "Loss": ("loss",),
    "Optimizer": ("descent", "steps"),
    "Plane": ("plane", "resolution"),
}
WORDS = {"loss": {name: loss.title for name, loss in LOSSES.items()}}


class Controls(QScrollArea):
    """The left dock. Emits `edited` with the whole new experiment, `refused` with the reason why there is none."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, experiment: Experiment, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumWidth(300)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(10, 6, 12, 10)
        column.setSpacing(8)
        self._forms = {}
        for caption, names in SECTIONS.items():
            box = QGroupBox(caption)
            rows = QVBoxLayout(box)
            rows.setContentsMargins(10, 6, 10, 8)
            form = Form(experiment, names, WORDS, with_field, caption)
            form.edited.connect(self.edited)
            form.refused.connect(self.refused)
            rows.addWidget(form)
            column.addWidget(box)
            self._forms.update(dict.fromkeys(names, form))
        column.addStretch(1)
        self.setWidget(inside)
        self.show_experiment(experiment)

    def show_experiment(self, experiment: Experiment) -> None:
        """Show these settings, without emitting anything."""
        for form in self._forms.values():
            form.show_value(experiment)
        for loss in LOSSES:
            reason = unsuited(loss, experiment.dataset.load(), experiment.network)
            self._forms["loss"].disable("loss", loss, f"Needs {reason}" if reason else "")

    def editor(self, path: str) -> QWidget:
        """The editor of a field, by its path in the experiment: "descent.schedule.learning_rate"."""
        return self._forms[path.split(".")[0]].editor(path)
