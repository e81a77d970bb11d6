"""The QApplication: what has to be set before the first window, in the order in which it has to be."""

from __future__ import annotations

import faulthandler
import gc
import sys
import traceback
from pathlib import Path

import pyqtgraph as pg
from PySide6 import __version_info__ as qt_version
from PySide6.QtCore import QEvent, QObject, QStandardPaths, Qt, QTimer, qInstallMessageHandler
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QAbstractSlider, QApplication, QComboBox, QMainWindow

from explorer.preferences import Preferences
from explorer.style import DARK, THEMES, Theme, set_theme
from model import Experiment, StoredRun

# Of CPython's threads, the one that computes gives way to the one that draws after this long. At the default of 5 ms
# a worker at full speed makes every third frame late; at 0.2 ms none, and the worker is no slower.
SWITCH_INTERVAL = 0.0002

FIRST_LOOK = 1500  # milliseconds of a moving picture before the gallery opens, at the first start

KEYS_OF_WIDGETS = {Qt.Key.Key_Space, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End}
STEERED_BY_KEYS = (QAbstractButton, QAbstractSlider, QComboBox, QAbstractItemView)


def make_application(theme: Theme = DARK) -> QApplication:
    """The one QApplication, ready for windows. Exits with one line on a Qt that cannot work here."""
    if sys.version_info < (3, 12) and tuple(qt_version[:3]) == (6, 12, 0):
        sys.exit("loss-explorer: PySide6 6.12.0 crashes Python 3.11; install PySide6-Essentials 6.10.3")
    application = QApplication.instance() or QApplication([sys.argv[0]])
    assert isinstance(application, QApplication)
    if application.platformName() == "offscreen":
        qInstallMessageHandler(_without_noise)
    application.setApplicationName("loss-landscape-explorer")
    application.setApplicationDisplayName("Loss Landscape Explorer")
    application.setStyle("Fusion")
    pg.setConfigOptions(antialias=True, segmentedLineMode="on", imageAxisOrder="row-major")
    set_theme(theme)
    return application


def _without_noise(kind, context, message: str) -> None:
    """Qt's messages as ever, but for one that it gives for every picture made without a display."""
    if "propagateSizeHints" not in message and sys.stderr is not None:
        print(message, file=sys.stderr)


class KeyGuard(QObject):
    """Leaves Space, arrows, Home and End to a focused widget, and letters to a list that has popped up or stands in a
    dialog; shortcuts would take them. A closed list in the window lets letters through: T trains, wherever one is."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(watched, STEERED_BY_KEYS)
            and not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
            and (event.key() in KEYS_OF_WIDGETS or _finds_entries(watched, event))
        ):
            event.accept()
            return True
        return False


def _finds_entries(watched: QObject, event: QEvent) -> bool:
    """Letters look up the entries of a list that has the keyboard."""
    inside = isinstance(watched, QAbstractItemView) and not isinstance(watched.window(), QMainWindow)
    return inside and event.text().isalnum()


def preferences() -> Preferences:
    """What is remembered from start to start."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppConfigLocation)
    return Preferences(Path(folder) / "window.json")


def run_window(
    experiment: Experiment, theme_name: str | None, chosen: bool = True, run: tuple[StoredRun, str] | None = None
) -> int:
    """Open the window and stay until it is closed: on the experiment if it was chosen, or else on the last one; or on a
    run and the path of its file."""
    gc.disable()  # what is made while the program starts is no garbage, and to look for some takes a tenth of a second
    application = make_application()
    stored = preferences()
    theme = THEMES.get(theme_name or stored.value("theme"), DARK)
    set_theme(theme)
    sys.setswitchinterval(SWITCH_INTERVAL)
    from explorer.recent import last_experiment
    from explorer.welcome import is_first_start
    from explorer.window import Window

    last = None if chosen else last_experiment(stored)
    window = Window(last or experiment, theme, stored)
    guard = KeyGuard(application)
    application.installEventFilter(guard)
    _report_errors(window)
    window.show()
    if is_first_start(stored):
        QTimer.singleShot(FIRST_LOOK, window.begin)
    if run is None:
        window.session.train()
    else:
        window.open_run(*run)
    gc.freeze()
    gc.enable()
    return application.exec()


def _report_errors(window) -> None:
    """Crashes leave a trace in the terminal; errors in our own code also say so in the window, and it goes on."""
    if sys.stderr is not None:  # as it is in a program without a terminal on Windows
        faulthandler.enable()

    def report(kind, error, trace) -> None:
        traceback.print_exception(kind, error, trace)
        window.report.emit(f"{kind.__name__}: {error}")

    sys.excepthook = report
