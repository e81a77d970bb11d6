"""Run files, saved and loaded on a thread of their own: a long run takes a second for each few hundred megabytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from explorer.frame import Run
from model import SettingError, StoredRun, Worker, load_run, save_run

SUFFIX = ".npz"
POLL = 30  # milliseconds between looks at the thread


class RunFiles(QObject):
    """One file at a time. Emits `loaded` with a run and its path, `saved` with a path, `refused` with a path and the
    reason, `said` with a line of news."""

    loaded = Signal(object, str)
    saved = Signal(str)
    refused = Signal(str, str)
    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Worker[float | StoredRun] = Worker("file")
        self._path = Path()
        self._timer = QTimer(self)
        self._timer.setInterval(POLL)
        self._timer.timeout.connect(self._look)

    def save(self, run: Run, path: Path) -> None:
        """Write a run as far as it goes now; it may be trained on meanwhile."""
        stored, length = StoredRun(run.label, run.segments, run.trajectory, run.gestures), run.length
        self._start(path, lambda: save_run(path, stored, length))

    def load(self, path: Path) -> None:
        """Read a run; what is none is refused in one line."""
        self._start(path, lambda: _loading(path))

    def _start(self, path: Path, make) -> None:
        if self._timer.isActive():
            self.said.emit(f"Busy with {self._path.name}; try again in a moment.")
            return
        self._path = path
        self._worker.start(make)
        self._timer.start()

    @Slot()
    def _look(self) -> None:
        batch = self._worker.take()
        for item in batch.items:
            if isinstance(item, StoredRun):
                self.loaded.emit(item, str(self._path))
            elif item < 1.0:
                self.said.emit(f"Saving {self._path.name}: {100 * item:.0f} %")
            else:
                self.saved.emit(str(self._path))
        if not batch.running:
            self._timer.stop()
        if batch.error is not None:
            self.refused.emit(str(self._path), _words(batch.error, self._path))

    def close(self) -> bool:
        """End the thread; a file that is not whole by then is not there. True if it ended."""
        self._timer.stop()
        self._worker.stop()
        return self._worker.close()


def _loading(path: Path) -> Iterator[StoredRun]:
    yield load_run(path)


def _words(error: Exception, path: Path) -> str:
    if isinstance(error, SettingError):
        return str(error)
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    return f"{type(error).__name__}: {error}"
