"""Actions: everything the window can be told by menu, key or button, as one table."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QMenu, QWidget

from explorer.resources import icon_file
from explorer.style import Theme

# name: (menu, words, keys, icon). What an action does is connected by the window. The letter after & chooses the entry
# once its menu is open.
ACTIONS: dict[str, tuple[str, str, str, str]] = {
    "gallery": ("File", "&Gallery…", "Ctrl+G", ""),
    "open": ("File", "&Open experiment…", "Ctrl+O", "open"),
    "save": ("File", "&Save experiment…", "Ctrl+S", ""),
    "save run": ("File", "Save r&un with all its steps…", "Ctrl+Shift+S", ""),
    "export": ("File", "&Export picture…", "Ctrl+E", "export"),
    "copy": ("File", "&Copy picture", "Ctrl+C", ""),
    "copy link": ("Edit", "&Copy link to this experiment", "Ctrl+Shift+C", ""),
    "paste link": ("Edit", "&Open copied link", "Ctrl+V", ""),
    "undo": ("Edit", "&Undo", "Ctrl+Z", ""),
    "redo": ("Edit", "&Redo", "Ctrl+Shift+Z; Ctrl+Y", ""),
    "quit": ("File", "&Quit", "Ctrl+Q", ""),
    "train": ("Run", "&Train", "T", "train"),
    "new start": ("Run", "&New start", "N", "new start"),
    "play": ("Run", "&Play", "Space; K", "play"),
    "race": ("Run", "&Race of optimizers…", "G", ""),
    "first": ("Run", "&First step", "Home", "first"),
    "back": ("Run", "Step &back", "Left", "back"),
    "forward": ("Run", "Step for&ward", "Right", "forward"),
    "back 10": ("Run", "Ten steps b&ack", "Shift+Left", ""),
    "forward 10": ("Run", "Ten steps forwar&d", "Shift+Right", ""),
    "last change": ("Run", "Back to the c&hange before", "Ctrl+Left", ""),
    "next change": ("Run", "&On to the next change", "Ctrl+Right", ""),
    "newest": ("Run", "Newest step (fo&llow)", "End", "newest"),
    "slower": ("Run", "&Slower playback", "[", ""),
    "faster": ("Run", "Fast&er playback", "]", ""),
    "recompute": ("Surface", "&Recompute plane and surface", "R", "recompute"),
    "connect": ("Surface", "&Connect the last two runs", "J", ""),
    "cancel": ("Surface", "C&ancel survey", "Esc", ""),
    "logarithmic": ("Surface", "&Logarithmic heights", "L", ""),
    "map": ("View", "&Map", "1", ""),
    "surface": ("View", "&Surface", "2", ""),
    "both": ("View", "Map &and surface", "3", ""),
    "reset": ("View", "Reset &view", "0", ""),
    "turn left": ("View", "Turn &left", "Alt+Left", ""),
    "turn right": ("View", "Turn rig&ht", "Alt+Right", ""),
    "turn up": ("View", "Turn &up", "Alt+Up", ""),
    "turn down": ("View", "Turn &down", "Alt+Down", ""),
    "settings": ("View", "&To the settings, and back", "F6", ""),
    "full screen": ("View", "&Full screen", "F11", ""),
    "presenter": ("View", "&Presenter mode", "F5", ""),
    "layout": ("View", "Reset lay&out", "", ""),
    "keys": ("Help", "&Keys", "F1; Ctrl+/", ""),
}
CHECKABLE = ("logarithmic", "map", "surface", "both", "full screen", "presenter")


def make_actions(window: QWidget) -> dict[str, QAction]:
    """The actions by name, with their keys at work in the whole window; tooltips name the keys."""
    made = {}
    for name, (_, words, keys, _) in ACTIONS.items():
        action = QAction(words, window)
        action.setShortcuts([QKeySequence(key) for key in keys.split("; ") if key])
        action.setCheckable(name in CHECKABLE)
        action.setToolTip(tip(action))
        action.setObjectName(name)
        window.addAction(action)
        made[name] = action
    return made


def shown_keys(action: QAction) -> str:
    """An action's keys in words."""
    return " or ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())


def tip(action: QAction) -> str:
    """An action's tooltip: its words, and the keys that do the same."""
    words = action.text().replace("&", "")
    return f"{words} ({shown_keys(action)})" if action.shortcuts() else words


def give_mnemonics(menu: QMenu) -> None:
    """A letter for each entry of a menu that has none yet, such as those of docks; no two entries share one.

    Whoever finds all its letters taken asks the takers to choose another one: a matching by augmenting paths.
    """
    by_hand = {letter(action) for action in menu.actions()}
    chosen: dict[str, QAction] = {}

    def choose(action: QAction, asked: set[str]) -> bool:
        for index in _places(action.text()):
            mark = action.text()[index].lower()
            if mark not in by_hand | asked:
                asked.add(mark)
                if mark not in chosen or choose(chosen[mark], asked):
                    chosen[mark] = action
                    return True
        return False

    for action in menu.actions():
        if action.text() and not letter(action):
            choose(action, set())
    for mark, action in chosen.items():
        words = action.text()
        index = next(index for index in _places(words) if words[index].lower() == mark)
        action.setText(f"{words[:index]}&{words[index:]}")


def _places(words: str) -> list[int]:
    """Where a letter may be marked, the beginnings of words first."""
    places = [index for index, mark in enumerate(words) if mark.isalpha()]
    return sorted(places, key=lambda index: index > 0 and words[index - 1] != " ")


def letter(action: QAction) -> str:
    """The letter that chooses an entry in its open menu, or nothing."""
    _, _, after = action.text().partition("&")
    return after[:1].lower()


def icon(name: str, theme: Theme) -> QIcon:
    """A bundled icon in the theme's ink."""
    svg = icon_file(name).read_text().replace("currentColor", theme.ink)
    pixmap = QPixmap(48, 48)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(svg.encode()).render(painter)
    painter.end()
    return QIcon(pixmap)
