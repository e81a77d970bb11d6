"""The dialog of a race: who runs, how far, at which rates. The race has a thread of its own; nobody waits for it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from explorer.export.dialog import may_replace
from explorer.frame import number
from explorer.race.choice import Choice
from explorer.race.curves import Curves
from explorer.race.news import aged, verdict
from explorer.race.progress import Progress
from explorer.race.tables import Results
from explorer.session import Session
from explorer.style import Style
from model import Experiment, SettingError, Worker
from model.race import Entry, Race, race

POLL = 50  # milliseconds between looks at the thread


class RaceDialog(QDialog):
    """Races the experiment that the session has when Start is pressed. Emits `said` with a line of news.

    Closing hides it: when it is shown again, settings and results are as they were. Then it has no thread.
    """

    said = Signal(str)

    def __init__(self, session: Session, style: Style, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._style, self._race = session, style, Race()
        self._worker: Worker[Entry | None] | None = None
        self._raced: Experiment | None = None
        self._entries = dict[int, Entry]()
        self._racing, self._steps, self._counted, self._room = False, 0, 0, QSize(1120, 720)  # at scale 1
        self.setWindowTitle("Race of optimizers")
        self._timer = QTimer(self)
        self._timer.setInterval(POLL)
        self._timer.timeout.connect(self._look)
        self.choice = Choice(self._race, style)
        self.choice.refused.connect(self._say)
        self.curves, self.table, self.progress = Curves(style), Results(style), Progress()
        self._outcome = self._words = (
            "Each optimizer goes down from the same start, with the same number of gradients to spend."
        )
        self.news = QLabel(self._words)
        self.news.setWordWrap(True)
        self.news.setTextFormat(Qt.TextFormat.PlainText)
        self.start = self._button("&Start", "run the race, or stop it where it is", self._toggle)
        self.export = self._button("&Export table…", "save the table as CSV", self._export)
        self.show_ = self._button("Show on the &map", "draw the best run of each optimizer on the map", self._show)
        self.leave = self._button("&Close", "stop the race and close; G shows its results again (Esc)", self.close)
        self._lay_out()
        self._refresh()
        session.experiment_changed.connect(self._show_age)
        self.choice.entrants.setCurrentCell(0, 0)
        self.choice.entrants.setFocus()

    def _button(self, words: str, effect: str, slot) -> QPushButton:
        button = QPushButton(words)
        button.setAutoDefault(False)  # Enter belongs to the line that is being typed
        button.setAccessibleName(words.replace("&", ""))
        button.setAccessibleDescription(effect)
        button.setToolTip(effect)
        button.clicked.connect(lambda: slot())
        return button

    def _lay_out(self) -> None:
        self._right = right = QVBoxLayout()
        upper, below = QHBoxLayout(), QHBoxLayout()
        right.addWidget(self.curves, 3)
        right.addWidget(self.table, 2)
        right.addWidget(self.progress)
        upper.setSpacing(14)
        upper.addWidget(self.choice)
        upper.addLayout(right, 1)
        for button in (self.start, self.export, self.show_):
            below.addWidget(button)
        below.addStretch(1)
        below.addWidget(self.leave)
        column = QVBoxLayout(self)
        column.addLayout(upper, 1)
        column.addWidget(self.news)
        column.addLayout(below)
        self._fit()

    def _fit(self) -> None:
        """Room for letters of the style's scale, as far as the screen has it."""
        self.resize((self._room * self._style.scale).boundedTo(self.screen().availableSize()))

    def show_style(self, style: Style) -> None:
        """Draw everything in another theme, or larger."""
        grown, self._style = style.scale / self._style.scale, style
        if grown > 1.0:
            self._room = self.size()
        before, self.curves = self.curves, Curves(style)
        self._right.replaceWidget(before, self.curves)
        before.deleteLater()
        self.choice.show_style(style)
        self.table.show_style(style)
        self._refresh()
        if grown != 1.0:
            self._fit()

    # ---- racing -------------------------------------------------------------------------------------------------

    def _toggle(self) -> None:
        self._stop("Stopped; the table shows what was run.") if self._racing else self._begin()

    def _begin(self) -> None:
        self.start.setFocus()  # what is still being typed counts, even if a key started the race
        try:
            self._race = self.choice.taken()
        except SettingError as error:
            self._say(f"Not started. {self.choice.named(error)}")
            return
        self._raced, settings = self._session.experiment, self._race
        experiment = self._raced
        self._entries, self._steps, self._counted, self._racing = {}, 0, 0, True
        self._worker = self._worker or Worker("race")
        self._worker.start(lambda: race(experiment, settings))
        self._timer.start()
        self.progress.begin()
        self._say(f"Racing “{experiment.title}”: {settings.runs:,} runs of {settings.budget:,} gradient evaluations.")
        self._refresh()

    def _stop(self, words: str) -> None:
        if self._worker is not None:
            self._worker.stop()
            self._take()
        self._timer.stop()
        self._racing, self._outcome = False, words
        self._say(words)
        self._refresh()

    @Slot()
    def _look(self) -> None:
        """Take in what the thread has found out since the last look; it waits meanwhile, for the drawing's sake."""
        worker = self._worker
        if worker is None:
            return
        worker.conductor.hold()
        try:
            self._take_in()
        finally:
            worker.conductor.release()

    def _take_in(self) -> None:
        changed, running, error = self._take()
        if error is not None:
            self._stop(
                self.choice.named(error) if isinstance(error, SettingError) else f"{type(error).__name__}: {error}"
            )
        elif not running:
            self._stop(verdict(self._tried, self._race))
        elif changed:
            self._refresh()
        else:
            self._show_progress()

    def _take(self) -> tuple[bool, bool, Exception | None]:
        assert self._worker is not None
        batch, pulled = self._worker.take(), self._worker.pulled
        for entry in batch.items:
            self._entries[entry.number], self._counted = entry, pulled
        self._steps = pulled - self._counted
        return bool(batch.items), batch.running, batch.error

    @property
    def _tried(self) -> list[Entry]:
        """The entries, as far as they have tried a rate, in the order in which they run."""
        return [entry for _, entry in sorted(self._entries.items()) if entry.best]

    # ---- showing ------------------------------------------------------------------------------------------------

    @Slot(str)
    def _say(self, words: str) -> None:
        self._words = words
        self._show_age()

    @Slot()
    def _show_age(self) -> None:
        """The news, and whether somebody has changed the experiment since it was raced."""
        age = aged(self._raced, self._session.experiment) if self._raced is not None else ""
        self.news.setText(f"{self._words} {age}".strip())

    def _refresh(self) -> None:
        words = "&Stop" if self._racing else "&Start"
        self.start.setText(words)
        self.start.setAccessibleName(words.replace("&", ""))
        entries = self._tried
        for button in (self.export, self.show_):
            button.setEnabled(bool(entries))
        self.curves.show_entries(entries, self._race.budget)
        self.table.show_entries(entries, self._race)
        self._show_progress()

    def _show_progress(self) -> None:
        done = sum(len(entry.attempts) for entry in self._entries.values())
        share = (done + self._steps / (self._race.budget + 2)) / self._race.runs
        self.progress.show_share(min(share, 1.0), self._racing)

    # ---- handing on ---------------------------------------------------------------------------------------------

    def _show(self) -> None:
        runs = []
        for entry in self._tried:
            if entry.experiment is not None and entry.trajectory:
                rate = entry.experiment.descent.schedule.learning_rate
                runs.append((f"{entry.optimizer.caption}, η {number(rate)}", entry.experiment, entry.trajectory))
        words = self._session.show_race(runs)
        self._say(words)
        self.said.emit(words)

    def _export(self) -> None:
        given, _ = QFileDialog.getSaveFileName(self, "Export table", "race.csv", "Tables (*.csv)")
        if not given:
            return
        path = Path(given) if given.endswith(".csv") else Path(given + ".csv")
        if str(path) != given and path.exists() and not may_replace(self, path):  # Qt has asked about `given`
            return
        try:
            self.table.save(path)
        except OSError as error:
            self._say(f"Not saved: {error.strerror or error}")
            return
        self._say(f"{self._outcome} Saved {path}")

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def done(self, result: int) -> None:
        if self._racing:
            self._stop("Stopped when this window was closed; the table shows what was run.")
            self.said.emit("The race has been stopped. What was run is kept: G shows it.")
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        super().done(result)
