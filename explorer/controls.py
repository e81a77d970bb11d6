"""Controls: the experiment as forms, one section after another."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QGroupBox, QLabel, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from explorer.form import Form
from model import LOSSES, Experiment, unsuited, with_field
from model.settings import kind_of

SECTIONS: dict[str, tuple[str, ...]] = {
    "Landscape": ("function",),
    "Data": ("dataset", "holdout", "split_seed"),
    "Network": ("network", "initializer", "seed", "trained"),
    "Loss": ("loss",),
    "Optimizer": ("descent", "steps"),
    "Plane": ("plane", "rescale", "resolution"),
    "Slice": ("line",),
}
LEARNING = ("Data", "Network", "Loss")
DECISIVE = ("title", "about", "function", "dataset", "network", "loss")  # for what can be chosen, and what is said
WITH_NETWORK = ("descent.batch_size", "descent.seed", "rescale")


class Controls(QScrollArea):
    """The left dock. Emits `edited` with the whole new experiment, `refused` with the reason why there is none."""

    edited = Signal(object)
    refused = Signal(str)
    held = Signal(bool)  # a slider is being dragged, or was let go

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
        self._about = QLabel()
        self._about.setWordWrap(True)
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._about.setAccessibleName("About this experiment")
        column.addWidget(self._about)
        self._forms: dict[str, Form] = {}
        self._unused: dict[str, QLabel] = {}
        for caption, names in SECTIONS.items():
            box = QGroupBox(caption)
            rows = QVBoxLayout(box)
            rows.setContentsMargins(10, 6, 10, 8)
            form = Form(experiment, names, with_field, caption)
            form.edited.connect(self.edited)
            form.refused.connect(self.refused)
            form.held.connect(self.held)
            rows.addWidget(form)
            if caption in LEARNING:
                self._unused[caption] = QLabel()
                self._unused[caption].setWordWrap(True)
                rows.addWidget(self._unused[caption])
            column.addWidget(box)
            self._forms.update(dict.fromkeys(names, form))
        column.addStretch(1)
        self.setWidget(inside)
        self._shown: Experiment | None = None
        self._last: QWidget | None = None  # had the keyboard
        cast(QApplication, QApplication.instance()).focusChanged.connect(self._follow)
        self.show_experiment(experiment)

    def show_experiment(self, experiment: Experiment) -> None:
        """Show these settings, without emitting anything."""
        before, self._shown = self._shown, experiment
        if before is not None and before.title != experiment.title:
            self.verticalScrollBar().setValue(0)  # where it says what it is about
        for form in self._forms.values():
            form.show_value(experiment)
        if before is not None and all(getattr(before, name) is getattr(experiment, name) for name in DECISIVE):
            return
        self._about.setText(experiment.about)
        self._about.setVisible(bool(experiment.about))
        for caption in LEARNING:
            self._forms[SECTIONS[caption][0]].setVisible(experiment.learns)
            self._unused[caption].setVisible(not experiment.learns)
            self._unused[caption].setText(f"Not used: {experiment.function.caption} has none.")
        for path in WITH_NETWORK:
            editor = self.editor(path)
            editor.setEnabled(experiment.learns)
            why = "" if experiment.learns else f"Not used: {experiment.function.caption} has no data and no layers. "
            editor.setToolTip(why + editor.field.help)
        if experiment.learns:
            for loss in LOSSES:
                reason = unsuited(loss, experiment.dataset.load(), experiment.network)
                self._forms["loss"].disable("loss", kind_of(loss), f"Needs {reason}" if reason else "")

    def take_keyboard(self) -> None:
        """Give the keyboard to the control that had it last, or to the first."""
        last = self._last
        if last is None or not isValid(last) or not last.isVisible():
            last = self.editor("function")
        last.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot(QWidget, QWidget)
    def _follow(self, _before: QWidget | None, now: QWidget | None) -> None:
        """Keep the control that has the keyboard in sight."""
        if now is not None and self.isAncestorOf(now):
            self._last = now
            self.ensureWidgetVisible(now, 0, 40)

    def editor(self, path: str) -> QWidget:
        """The editor of a field, by its path in the experiment: "descent.schedule.learning_rate"."""
        return self._forms[path.split(".")[0]].editor(path)
