"""Files that a person brings along: what they are opened as, and which were opened last."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtWidgets import QMenu, QWidget

from explorer.playback import ENDS, PACES, SPEEDS, Playback
from explorer.preferences import Preferences
from explorer.resources import load_experiment
from explorer.run_files import SUFFIX
from model import DATASETS, Experiment, NetworkLoss, SettingError, from_json, to_json, with_field
from model.settings import kind_of

MOST = 8
TABLES = (".csv", ".tsv")


def experiment_from(given: str, current: Experiment) -> Experiment:
    """A preset, an experiment file or a link; for a table, the current experiment with the table as its data.

    Raises `SettingError`, one line, for what cannot be opened.
    """
    path = Path(given)
    if path.suffix.lower() not in TABLES:
        return load_experiment(given)
    csv = next(kind for kind in DATASETS if kind_of(kind) == "csv")
    experiment = current if current.learns else with_field(current, "function", NetworkLoss())
    try:
        experiment = with_field(experiment, "dataset", csv(path=str(path)))
    except SettingError as error:
        raise SettingError(f"{path.name}: {error.field}", error.given, error.allowed) from None
    about = f"The table {path.name}; its last column is predicted. Data, Target chooses another."
    return with_field(with_field(experiment, "title", path.stem), "about", about)


def dropped_file(data: QMimeData) -> str:
    """The one file that is being dropped. Raises `SettingError` for anything else."""
    files = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    allowed = "one experiment (.json), run (.npz) or table (.csv) at a time"
    if len(files) != 1:
        raise SettingError("drop", f"{len(files)} files", allowed)
    if Path(files[0]).suffix.lower() not in (".json", SUFFIX, *TABLES):
        raise SettingError("drop", Path(files[0]).name, allowed)
    return files[0]


class RecentFiles(QMenu):
    """The files opened or saved last, newest first, as a menu. Final."""

    chosen = Signal(str)

    def __init__(self, stored: Preferences, parent: QWidget | None = None) -> None:
        super().__init__("Open &recent", parent)
        self._stored = stored
        self._show()
        self.triggered.connect(lambda action: self.chosen.emit(action.toolTip()))

    @property
    def paths(self) -> list[str]:
        """Newest first."""
        try:
            found = json.loads(self._stored.value("recent"))
        except (ValueError, RecursionError):
            found = []
        return [path for path in found if isinstance(path, str)][:MOST] if isinstance(found, list) else []

    def note(self, given: str) -> None:
        """This file was opened: it comes first from now on."""
        path = str(Path(given).absolute())
        self._keep([path, *(other for other in self.paths if other != path)][:MOST])

    def forget(self, given: str) -> None:
        """This file could not be opened."""
        self._keep([path for path in self.paths if path != str(Path(given).absolute())])

    def _keep(self, paths: list[str]) -> None:
        self._stored.keep("recent", json.dumps(paths))
        self._show()

    def _show(self) -> None:
        self.clear()
        for number, path in enumerate(self.paths, 1):
            name = Path(path).name.replace("&", "&&")
            self.addAction(f"&{number}  {name}").setToolTip(path)
        self.setToolTipsVisible(True)
        self.setEnabled(bool(self.paths))


def keep_last(stored: Preferences, experiment: Experiment) -> None:
    """Remember what to begin with next time."""
    stored.keep("experiment", to_json(experiment))


def last_experiment(stored: Preferences) -> Experiment | None:
    """What the window showed when it was last closed; None when it never was, or when it can no longer be opened."""
    try:
        return from_json(stored.value("experiment"))
    except SettingError:
        return None


def keep_speed(stored: Preferences, playback: Playback, pace: float) -> None:
    """Remember how fast training and playback go, and how playback ends."""
    stored.keep("playback", json.dumps([pace, playback.speed, playback.end, playback.every]))


def last_speed(stored: Preferences, playback: Playback, pace: float) -> float:
    """Set a playback to what was kept; returns the pace that was, or the one there is. Nonsense is passed over."""
    try:
        kept = json.loads(stored.value("playback"))
    except (ValueError, RecursionError):
        return pace
    if not isinstance(kept, list) or len(kept) != 4:
        return pace
    known, speed, end, every = kept
    playback.speed = speed if speed in list(SPEEDS) else playback.speed
    playback.end = end if end in list(ENDS) else playback.end
    playback.every = every if isinstance(every, bool) else playback.every
    return known if known in list(PACES) else pace
