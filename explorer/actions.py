"""Actions: everything the window can be told by menu, key or button, as one table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QWidget

from explorer.resources import icon_file
from explorer.style import Theme

# name: (menu, words, keys, icon). What an action does is connected by the window.
ACTIONS: dict[str, tuple[str, str, str, str]] = {
    "gallery": ("File", "&Gallery…", "Ctrl+G", ""),
    "open": ("File", "&Open experiment…", "Ctrl+O", "open"),
    "save": ("File", "&Save experiment…", "Ctrl+S", ""),
    "save run": ("File", "Save &run with all its steps…", "Ctrl+Shift+S", ""),
    "export": ("File", "&Export picture…", "Ctrl+E", "export"),
    "copy": ("File", "&Copy picture", "Ctrl+C", ""),
    "copy link": ("Edit", "Copy link to this experiment", "Ctrl+Shift+C", ""),
    "paste link": ("Edit", "Open copied link", "Ctrl+V", ""),
    "undo": ("Edit", "Undo", "Ctrl+Z", ""),
    "redo": ("Edit", "Redo", "Ctrl+Shift+Z; Ctrl+Y", ""),
    "quit": ("File", "&Quit", "Ctrl+Q", ""),
    "train": ("Run", "Train", "T", "train"),
    "new start": ("Run", "New start", "N", "new start"),
    "play": ("Run", "Play", "Space; K", "play"),
    "race": ("Run", "Race of optimizers…", "G", ""),
    "first": ("Run", "First step", "Home", "first"),
    "back": ("Run", "Step back", "Left", "back"),
    "forward": ("Run", "Step forward", "Right", "forward"),
    "back 10": ("Run", "Ten steps back", "Shift+Left", ""),
    "forward 10": ("Run", "Ten steps forward", "Shift+Right", ""),
    "last change": ("Run", "Back to the change before", "Ctrl+Left", ""),
    "next change": ("Run", "On to the next change", "Ctrl+Right", ""),
    "newest": ("Run", "Newest step (follow)", "End", "newest"),
    "slower": ("Run", "Slower playback", "[", ""),
    "faster": ("Run", "Faster playback", "]", ""),
    "recompute": ("Surface", "Recompute plane and surface", "R", "recompute"),
    "connect": ("Surface", "Connect the last two runs", "J", ""),
    "cancel": ("Surface", "Cancel survey", "Esc", ""),
    "logarithmic": ("Surface", "Logarithmic heights", "L", ""),
    "map": ("View", "Map", "1", ""),
    "surface": ("View", "Surface", "2", ""),
    "both": ("View", "Map and surface", "3", ""),
    "reset": ("View", "Reset view", "0", ""),
    "turn left": ("View", "Turn left", "Alt+Left", ""),
    "turn right": ("View", "Turn right", "Alt+Right", ""),
    "turn up": ("View", "Turn up", "Alt+Up", ""),
    "turn down": ("View", "Turn down", "Alt+Down", ""),
    "settings": ("View", "To the settings, and back", "F6", ""),
    "full screen": ("View", "Full screen", "F11", ""),
    "presenter": ("View", "Presenter mode", "F5", ""),
    "layout": ("View", "Reset layout", "", ""),
    "keys": ("Help", "Keys", "F1; Ctrl+/", ""),
}
CHECKABLE = ("logarithmic", "map", "surface", "both", "full screen", "presenter")


def make_actions(window: QWidget) -> dict[str, QAction]:
    """The actions by name, with their keys at work in the whole window; tooltips name the keys."""
    made = {}
    for name, (_, words, keys, _) in ACTIONS.items():
        action = QAction(words, window)
        action.setShortcuts([QKeySequence(key) for key in keys.split("; ") if key])
        action.setCheckable(name in CHECKABLE)
        action.setToolTip(words.replace("&", "") + (f" ({shown_keys(action)})" if action.shortcuts() else ""))
        action.setObjectName(name)
        window.addAction(action)
        made[name] = action
    return made


def shown_keys(action: QAction) -> str:
    """An action's keys in words."""
    return " or ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())


def icon(name: str, theme: Theme) -> QIcon:
    """A bundled icon in the theme's ink."""
    svg = icon_file(name).read_text().replace("currentColor", theme.ink)
    pixmap = QPixmap(48, 48)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(svg.encode()).render(painter)
    painter.end()
    return QIcon(pixmap)
