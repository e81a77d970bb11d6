"""The timeline: train, play, step, scrub; with a mark wherever a setting was switched."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer.form.editors import combo
from explorer.frame import Change, Frame
from explorer.guard import guarded, painting
from explorer.playback import ENDS, PACES, SPEEDS, TIMES, Playback
from explorer.style import Style, freeze


class Scrubber(QSlider):
    """A slider that jumps to where it is clicked, and is dragged from there. Final."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def handle(self) -> QRect:
        """Where its handle is."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )

    def mousePressEvent(self, event) -> None:
        handle = self.handle()
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(event.position().toPoint()):
            left, room = round(event.position().x()) - handle.width() // 2, self.width() - handle.width()
            self.setValue(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), left, room))
        super().mousePressEvent(event)


class Marks(QWidget):
    """A strip over the slider with a numbered flag for each change; its tooltip says what changed. Final."""

    chosen = Signal(int)

    def __init__(self, slider: Scrubber, style: Style) -> None:
        super().__init__()
        self._slider, self._style = slider, style
        self._changes: tuple[Change, ...] = ()
        self._first = 0
        self.setFixedHeight(15)
        self.setMouseTracking(True)
        self.setAccessibleName("Changes of settings")

    def show_changes(self, changes: tuple[Change, ...], first: int) -> None:
        """Show these, for a slider whose 0 is step number `first`."""
        if changes != self._changes:
            self.setAccessibleDescription("; ".join(f"step {c.step}: {c.text}" for c in changes))
        self._changes, self._first = changes, first
        self.update()

    def _x(self, change: Change) -> float:
        handle = self._slider.handle()
        room = self._slider.width() - handle.width()
        span = max(self._slider.maximum() - self._slider.minimum(), 1)
        return handle.width() / 2 + room * (change.step - self._first) / span

    def _at(self, x: float) -> Change | None:
        return next((c for c in reversed(self._changes) if abs(self._x(c) - x) < 8), None)

    def mouseMoveEvent(self, event) -> None:
        change = self._at(event.position().x())
        self.setToolTip(f"Step {change.step:,}: {change.text}" if change else "")
        self.setCursor(Qt.CursorShape.PointingHandCursor if change else Qt.CursorShape.ArrowCursor)

    def mousePressEvent(self, event) -> None:
        change = self._at(event.position().x())
        if change is not None:
            self.chosen.emit(change.step - self._first)

    @guarded()
    def paintEvent(self, event) -> None:
        with painting(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            theme = self._style.theme
            painter.setFont(self._style.font(7, bold=True))
            for number, change in enumerate(self._changes, 1):
                x = self._x(change)
                painter.setPen(QColor(theme.accent))
                painter.drawLine(int(x), 10, int(x), self.height())
                box = QRectF(x - 7, 0, 14, 12)
                painter.setBrush(QColor(theme.accent))
                painter.drawRoundedRect(box, 3, 3)
                painter.setPen(QColor(theme.on_accent))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))


class Timeline(QWidget):
    """Buttons, scrubber and read-out. Emits wishes; shows what a frame says. Final."""

    sought = Signal(int)
    sped = Signal(float)
    ended = Signal(str)
    timed = Signal(bool)
    paced = Signal(float)

    def __init__(self, style: Style, actions: dict, pace: float = 60.0, playback: Playback | None = None) -> None:
        """`actions` are the window's, by name: the buttons do what the menus and keys do."""
        playback = playback or Playback()
        super().__init__()
        self.slider = Scrubber()
        self.slider.setAccessibleName("Step")
        self.slider.setToolTip("Scrub through the recorded steps (← →, Shift for ten; Ctrl from change to change)")
        self.slider.setTracking(True)
        self.marks = Marks(self.slider, style)
        self.field = QSpinBox()
        self.field.setAccessibleName("Step number")
        self.field.setKeyboardTracking(False)
        self.field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        freeze(self.field, "1,000,000  ")
        self.total = QLabel("/ 0")
        freeze(self.total, "/ 1,000,000")
        self.speed = _menu("Playback speed", [(f"{s:g}×", s) for s in SPEEDS], playback.speed)
        self.pace = _menu("Training pace", [(f"{p:,} steps/s" if p else "full speed", p) for p in PACES], pace)
        self.end = _menu("At the end of playback", list(ENDS.items()), playback.end)
        self.time = _menu("Playback in", list(TIMES.items()), playback.every)
        self.now = QLabel("paused")
        self.now.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        freeze(self.now, "training · following")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 8)
        column.setSpacing(2)
        column.addWidget(self.marks)
        column.addWidget(self.slider)
        column.addSpacing(4)
        column.addLayout(self._row(actions))
        self.slider.valueChanged.connect(self.sought)
        self.marks.chosen.connect(self.sought)
        self._first = 0
        self.field.valueChanged.connect(self._seek_step)
        self.field.editingFinished.connect(self.field.clearFocus)
        self.speed.activated.connect(lambda: self.sped.emit(float(self.speed.currentData())))
        self.end.activated.connect(lambda: self.ended.emit(str(self.end.currentData())))
        self.time.activated.connect(lambda: self.timed.emit(bool(self.time.currentData())))
        self.pace.activated.connect(lambda: self.paced.emit(float(self.pace.currentData())))

    def _row(self, actions: dict) -> QHBoxLayout:
        """Buttons at the left, where the cursor is at the right; captions are the controls' buddies."""
        row = QHBoxLayout()
        row.setSpacing(4)
        for name in ("train", "new start", "|", "first", "back", "play", "forward", "newest"):
            if name == "|":
                row.addSpacing(10)
                continue
            row.addWidget(_button(actions[name], words=name in ("train", "new start")))
        row.addSpacing(10)
        for words, box in (("Pace", self.pace), ("Playback", self.speed), ("", self.end), ("", self.time)):
            if words:
                caption = QLabel(words)
                caption.setBuddy(box)
                row.addWidget(caption)
            row.addWidget(box)
        row.addStretch(1)
        row.addWidget(self.now)
        row.addSpacing(12)
        caption = QLabel("Step")
        caption.setBuddy(self.field)
        for widget in (caption, self.field, self.total):
            row.addWidget(widget)
        return row

    def show_frame(self, frame: Frame) -> None:
        """Show where the cursor is."""
        run = frame.run
        last = run.length - 1 if run else 0
        self._first = run.trajectory.first if run else 0
        with QSignalBlocker(self.slider), QSignalBlocker(self.field):
            self.slider.setRange(0, last)
            self.slider.setValue(frame.cursor)
            self.field.setRange(self._first, self._first + last)
            if not self.field.hasFocus():  # somebody may be typing
                self.field.setValue(self._first + frame.cursor)
        self.total.setText(f"/ {self._first + last:,}")
        state = "training" if frame.training else "playing" if frame.playing else "paused"
        self.now.setText(state + (" · following" if frame.following and frame.training else ""))
        self.marks.show_changes(run.changes if run else (), self._first)

    def _seek_step(self, step: int) -> None:
        self.sought.emit(step - self._first)


def _button(action, words: bool) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAutoRaise(not words)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    if words:
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    return button


def _menu(name: str, entries: list, chosen: object) -> QComboBox:
    box = combo()
    box.setMinimumContentsLength(0)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    for words, value in entries:
        box.addItem(words, value)
    box.setCurrentIndex(box.findData(chosen))
    box.setAccessibleName(name)
    box.setToolTip(name)
    return box
