"""The window: docks, menus and keys. It connects the pieces and holds no state of its own."""

from __future__ import annotations

import html
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast
from zlib import crc32

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFileDialog,
    QGraphicsView,
    QLabel,
    QMainWindow,
    QSplitter,
    QTabWidget,
    QWidget,
)

from explorer.actions import ACTIONS, give_mnemonics, icon, make_actions, tip
from explorer.controls import Controls
from explorer.drawing.view import View
from explorer.export.dialog import ExportDialog, may_replace
from explorer.export.picture import DESIGN, picture
from explorer.frame import Frame, number, summary, time_left
from explorer.gallery import Gallery
from explorer.keys import Keys
from explorer.link import to_link
from explorer.notice import BETWEEN, Notice, fitted
from explorer.preferences import Preferences
from explorer.presenter import SCALE, Presenter
from explorer.race.dialog import RaceDialog
from explorer.recent import RecentFiles, dropped_file, experiment_from, keep_last, keep_speed, last_speed
from explorer.resources import load_experiment, presets
from explorer.run_files import SUFFIX, RunFiles
from explorer.runs import RunsPanel
from explorer.session import Session
from explorer.style import THEMES, Style, Theme, freeze, set_theme
from explorer.timeline import Timeline
from explorer.views import VIEWS
from explorer.views.map import ContourView
from explorer.views.surface import SurfaceView
from explorer.welcome import welcome
from model import Experiment, SettingError, StoredRun, to_json
from model.storage import replacing

DOCKED = tuple(view for view in VIEWS.values() if view.docked)  # the first is open at first
SIDES = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
WIDE = 1500  # pixels of a screen on which forms and timeline fit side by side
SOON = 100  # milliseconds without another frame, after which views that were passed over are shown the last one
PICTURE = 480  # pixels that a picture should be wide in presenter mode
SAID = 340  # and the line in the status bar
# A number for these docks, so that an old layout is not restored over others; raise the 4 when it changes otherwise.
LAYOUT = crc32(f"4 {[view.name for view in DOCKED]}".encode()) >> 1


class _Views(dict[str, View]):
    """Views by name, each made when it is asked for first: the window is there sooner without those nobody sees."""

    def __init__(self, make: Callable[[str], View]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: str) -> View:
        self[name] = self._make(name)
        return self[name]


class Window(QMainWindow):
    """Map and surface in the middle, forms on the left, the loss curve and the timeline below."""

    report = Signal(str)

    def __init__(self, experiment: Experiment, theme: Theme, stored: Preferences) -> None:
        super().__init__()
        self.setWindowTitle("Loss Landscape Explorer")
        self.session = Session(experiment, self)
        self._stored, self._theme = stored, theme
        self.session.set_pace(last_speed(stored, self.session.playback, self.session.pace))
        self._shown, self._pointed = Frame(), ""
        self._behind: list[View] = []  # have not been shown the latest frame
        self._catching_up = QTimer(self)
        self._catching_up.setSingleShot(True)
        self._catching_up.timeout.connect(self._catch_up)
        self._presenter = Presenter()
        self._files = RunFiles(self)
        self.setAcceptDrops(True)
        self.actions_ = make_actions(self)
        self.controls = Controls(experiment)
        self._make_menus()
        self._make_status()
        self.setDockOptions(QMainWindow.DockOption.AllowNestedDocks)
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setCorner(Qt.Corner.BottomLeftCorner, self._corner())
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.setCentralWidget(self.splitter)
        self._dock("Experiment", "experiment", Qt.DockWidgetArea.LeftDockWidgetArea).setWidget(self.controls)
        for view in DOCKED:
            self._dock(view.caption, view.name, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.runs = RunsPanel()
        self._dock("Runs", "runs", Qt.DockWidgetArea.BottomDockWidgetArea).setWidget(self.runs)
        give_mnemonics(self._docks_menu)
        bottom = self._dock("Timeline", "timeline", Qt.DockWidgetArea.BottomDockWidgetArea)
        bottom.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        bottom.setTitleBarWidget(QWidget())
        self._build_views()
        self._connect()
        self._arrange()
        self._show_experiment(experiment)
        self.map.setFocus()  # where the window's keys mean the window

    # ---- building -----------------------------------------------------------------------------------------------

    def _make_menus(self) -> None:
        menus = {}
        for name, (menu, *_rest) in ACTIONS.items():
            if menu not in menus:
                menus[menu] = self.menuBar().addMenu(self.tr(f"&{menu}"))
                if menu == "File":
                    offered = menus[menu].addMenu(self.tr("&Presets"))
                    for preset, path in presets().items():
                        offered.addAction(load_experiment(str(path)).title).setObjectName(preset)
                    offered.triggered.connect(self._open_preset)
                    self.recent: RecentFiles = RecentFiles(self._stored, self)
                    self.recent.chosen.connect(self.open)
                    menus[menu].addMenu(self.recent)
            menus[menu].addAction(self.actions_[name])
        themes = QActionGroup(self)
        menus["View"].addSeparator()
        for theme in THEMES.values():
            action = themes.addAction(f"{theme.name.capitalize()} theme")
            action.setCheckable(True)
            action.setChecked(theme is self._theme)
            action.setObjectName(theme.name)
            menus["View"].addAction(action)
        themes.triggered.connect(self._choose_theme)
        views = QActionGroup(self)
        for name in ("map", "surface", "both"):
            views.addAction(self.actions_[name])
        self.actions_["both"].setChecked(True)
        self.actions_["logarithmic"].setChecked(True)
        menus["View"].addSeparator()
        self._docks_menu = menus["View"]

    def _make_status(self) -> None:
        bar = self.statusBar()
        bar.setSizeGripEnabled(False)
        bar.setContentsMargins(8, 0, 8, 0)
        self.notice = Notice()
        self.readout = QLabel()
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.progress = QLabel()
        self._freeze_status()
        self._surveyed = time.monotonic(), 1.0  # when the survey began, and how much of it was done at last
        bar.addWidget(self.notice, 1)
        bar.addPermanentWidget(self.progress)
        bar.addPermanentWidget(self.readout)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.timeout.connect(self.notice.clear)

    def _freeze_status(self) -> None:
        losses = "loss 0.012345 (recorded 0.01234)", "on the sheet 0.0000123"
        longest = BETWEEN.join(("step 100,000", *losses, "0.123 off the plane", "‖gradient‖ 0.00123"))
        for label, sample in ((self.readout, longest), (self.progress, "surveying 100 %, 100 min left")):
            now = label.text()
            label.setText("step")  # letters of other fonts, such as ‖, may be higher
            label.setMinimumSize(0, 0)  # or it could only grow
            freeze(label, sample)
            label.setText(now)
        if self._presenter.scale > 1:  # large letters leave some room for what is said all the same
            room = self.width() - self.progress.width() - SAID
            self.readout.setFixedWidth(min(self.readout.width(), max(room, SAID)))

    def _dock(self, caption: str, name: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(self.tr(caption), self)
        dock.setObjectName(name)
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetMovable | QDockWidget.DockWidgetFeature.DockWidgetClosable
        )
        self.addDockWidget(area, dock)
        dock.visibilityChanged.connect(self._show_again)
        if name != "timeline":
            self._docks_menu.addAction(dock.toggleViewAction())
            dock.toggleViewAction().triggered.connect(lambda shown, dock=dock: self._fit_in(dock))
        return dock

    def dock(self, name: str) -> QDockWidget:
        """A dock by its name."""
        found = self.findChild(QDockWidget, name)
        assert found is not None, name
        return found

    def _open_dock(self, name: str) -> None:
        if self.dock(name).isHidden():
            self.dock(name).toggleViewAction().trigger()

    def _fit_in(self, chosen: QDockWidget) -> None:
        """Give a dock that the View menu has shown its place among the others."""
        if self._presenter.scale > 1 and not chosen.isHidden() and self.dockWidgetArea(chosen) in SIDES:
            self._make_room(chosen)
        self._share_column(chosen)

    def _share_column(self, chosen: QDockWidget) -> None:
        """A dock that comes gets as much of its column as those that are there, or is a tab of another one where the
        screen is too small for both. Only then: otherwise heights are what somebody made of them."""
        self._fill_docks()
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)  # or what was just made has no size yet
        area = self.dockWidgetArea(chosen)
        others = [dock for dock in self.findChildren(QDockWidget) if self.dockWidgetArea(dock) == area]
        others = [dock for dock in others if not (dock is chosen or dock.isHidden() or dock.isFloating())]
        if chosen.isHidden() or chosen.isFloating() or not others or area not in SIDES:
            return
        room = self._room()
        if self.minimumSizeHint().height() > room.height():
            self.tabifyDockWidget(others[-1], chosen)
            chosen.raise_()
            self._shrink(self.size().boundedTo(room))  # it has grown at once
        else:
            column = [*others, chosen]
            self.resizeDocks(column, [self.height()] * len(column), Qt.Orientation.Vertical)

    def _shrink(self, size: QSize) -> None:
        if not self.isFullScreen() and not self.isMaximized():
            # Laid out now, or it would keep to the least size that it had before.
            QApplication.sendEvent(self, QEvent(QEvent.Type.LayoutRequest))
            self.resize(size)

    def _build_views(self) -> None:
        """Make everything that depends on the theme: icons, views, timeline."""
        style = Style(self._theme, self._presenter.scale)
        for name, (_, words, _, image) in ACTIONS.items():
            if image:
                self.actions_[name].setText(words)
                self.actions_[name].setIcon(icon(image, self._theme))
        self.views = _Views(self._make_view)
        self.map = cast(ContourView, self.views["map"])
        self.surface = cast(SurfaceView, self.views["surface"])
        for name in ("map", "surface"):
            self.splitter.addWidget(self.views[name])
        self.splitter.setSizes([460, 540])
        self.timeline = Timeline(style, self.actions_, self.session.pace, self.session.playback)
        presenting = self._presenter.scale > 1.0
        self.timeline.now.setVisible(not presenting)  # the button says whether it trains
        for box in (self.timeline.end, self.timeline.time):  # chosen beforehand
            box.setVisible(not presenting or self.width() >= WIDE)
        self.dock("timeline").setWidget(self.timeline)
        self.timeline.sought.connect(self.session.seek)
        self.timeline.sped.connect(self.session.set_speed)
        self.timeline.ended.connect(self.session.set_end)
        self.timeline.timed.connect(self.session.set_every)
        self.timeline.paced.connect(self.session.set_pace)
        self.map.pointed.connect(self._point_at)
        self.map.picked.connect(self.session.start_at)
        self.map.held.connect(self.session.hold)
        self.surface.picked.connect(self.session.start_at)
        self.map.zoomed.connect(self.session.zoom)
        self.map.lined.connect(self._draw_line)
        self._show_parts()

    def _make_view(self, name: str) -> View:
        view = VIEWS[name](Style(self._theme, self._presenter.scale))
        if view.docked:
            self.dock(name).setWidget(view)
            view.setMinimumSize(QSize(280, 130) * self._presenter.scale)
            view.show()
        for canvas in view.findChildren(QGraphicsView):  # a scene takes what is dropped on it, whatever it is
            canvas.setAcceptDrops(False)
        return view

    def _fill_docks(self) -> None:
        """Make the views of all docks that are to be seen."""
        for view in DOCKED:
            if not self.dock(view.name).isHidden():
                self.views[view.name]

    def _connect(self) -> None:
        session = self.session
        does = {
            "gallery": self._show_gallery, "presenter": self._present,
            "open": self._open, "save": self._save, "save run": self._save_run,
            "export": self._export, "copy": self._copy, "quit": self.close,
            "undo": session.undo, "redo": session.redo, "copy link": self._copy_link, "paste link": self._paste_link,
            "train": session.toggle_training, "new start": session.new_start, "play": session.toggle_play,
            "first": lambda: session.seek(0), "newest": session.follow,
            "back": lambda: session.step(-1), "forward": lambda: session.step(1),
            "last change": lambda: session.seek_change(-1), "next change": lambda: session.seek_change(1),
            "settings": self._swap_keyboard,
            "back 10": lambda: session.step(-10), "forward 10": lambda: session.step(10),
            "slower": lambda: self._change_speed(-1), "faster": lambda: self._change_speed(1),
            "recompute": session.recompute, "cancel": session.cancel, "connect": self._connect_runs,
            "race": self._open_race,
            "logarithmic": lambda: session.set_logarithmic(self.actions_["logarithmic"].isChecked()),
            "map": self._show_parts, "surface": self._show_parts, "both": self._show_parts,
            "reset": self._reset_views,
            "turn left": lambda: self._turn(-6, 0), "turn right": lambda: self._turn(6, 0),
            "turn up": lambda: self._turn(0, 6), "turn down": lambda: self._turn(0, -6),
            "full screen": self._full_screen, "layout": self._reset_layout, "keys": self._show_keys,
        }  # fmt: skip
        for name, slot in does.items():
            self.actions_[name].triggered.connect(lambda checked=False, slot=slot: slot())
        self.controls.edited.connect(session.change)
        self.controls.held.connect(session.hold)
        self.controls.refused.connect(self.say)
        self.runs.renamed.connect(session.rename_run)
        self.runs.hid.connect(session.hide_run)
        self.runs.removed.connect(session.remove_run)
        self.runs.brought_back.connect(session.bring_back_run)
        self.runs.activated.connect(session.activate_run)
        self.runs.said.connect(self.say)
        self._files.loaded.connect(self.open_run)
        self._files.saved.connect(self._note_saved)
        self._files.refused.connect(self._refuse)
        self._files.said.connect(self.say)
        session.frame_changed.connect(self._show_frame)
        session.experiment_changed.connect(self._show_experiment)
        session.noticed.connect(self.say)
        session.progressed.connect(self._show_progress)
        self.report.connect(self.say)

    # ---- showing ------------------------------------------------------------------------------------------------

    @Slot(object)
    def _show_frame(self, frame: Frame) -> None:
        for view in self._next_views(frame):
            view.take(frame)
        self.timeline.show_frame(frame)
        self.runs.show_frame(frame)
        self.readout.setText(self._pointed or fitted(summary(frame), self.readout))
        moving = frame.playing or (frame.following and frame.training)
        self._show_doing("train", ("S&top", "stop") if frame.training else ("&Train", "train"))
        self._show_doing("play", ("&Pause", "pause") if moving else ("&Play", "play"))
        if not frame.training and not frame.playing:
            for view in (self.map, self.surface.canvas):
                view.setAccessibleDescription(summary(frame))
        # Paint now, in one piece, while the workers wait; Qt would come to it some milliseconds later.
        QApplication.sendEvent(self, QEvent(QEvent.Type.UpdateRequest))

    def _next_views(self, frame: Frame) -> list[View]:
        """The views to show a frame: those whose turn it is, and the others soon. The 3-D view, which takes longest to
        build a new land, builds it one frame after the map: so that no frame has to wait for both."""
        before, self._shown = self._shown, frame
        rebuilds = frame.surface is not before.surface or frame.scale != before.scale
        now, seen = time.perf_counter(), [view for view in self.views.values() if view.isVisible()]
        late = [self.surface] if rebuilds and self.surface not in self._behind else []
        taken = [view for view in seen if view not in late and view.due(now)]
        self._behind = [view for view in seen if view not in taken]
        if self._behind:  # no frame need follow by itself
            self._catching_up.start(0 if late and not frame.training else SOON)
        return taken

    @Slot()
    def _catch_up(self) -> None:
        for view in self._behind:
            view.take(self.session.frame)
        self._behind = []

    def _show_doing(self, name: str, looks: tuple[str, str]) -> None:
        """Let an action say what it would do now."""
        action = self.actions_[name]
        if action.text() != looks[0]:
            action.setText(looks[0])
            action.setToolTip(tip(action))
            action.setIcon(icon(looks[1], self._theme))

    @Slot(object)
    def _show_experiment(self, experiment: Experiment) -> None:
        self.controls.show_experiment(experiment)
        self.setWindowTitle(f"{experiment.title} – Loss Landscape Explorer")

    @Slot(float)
    def _show_progress(self, share: float) -> None:
        if share < self._surveyed[1]:  # another survey
            self._surveyed = time.monotonic(), share
        self._surveyed = self._surveyed[0], share
        rest = time_left(time.monotonic() - self._surveyed[0], share)
        words = ", ".join(filter(None, (f"surveying {20 * int(5 * share)} %", rest))) if share < 1 else ""
        if self.progress.text() != words:
            self.progress.setText(words)

    @Slot(str)
    def say(self, words: str) -> None:
        """Show a line in the status bar for a while."""
        self.notice.setText(words)
        self.notice.setToolTip(html.escape(words))
        self._fade.start(15_000)

    @Slot(object)
    def _point_at(self, coords) -> None:
        loss = self.session.loss_at(coords) if coords is not None else None
        x, y = coords or (0.0, 0.0)
        self._pointed = "" if loss is None else f"under the pointer ({number(x)}, {number(y)}): {loss:.5g} on the sheet"
        self.readout.setText(self._pointed or fitted(summary(self.session.frame), self.readout))

    @Slot(bool)
    def _show_again(self, visible: bool) -> None:
        """A dock that comes back shows the frame of now, not that of when it went."""
        views = getattr(self, "views", {}) if self.isVisible() else {}
        if views:
            self._fill_docks()
        for view in views.values() if visible else ():
            if view.docked and view.isVisible():
                view.show_frame(self.session.frame)
        if views:
            seen = [view for view in DOCKED if not self.dock(view.name).isHidden()]
            self.session.set_probing({wanted for view in seen for wanted in view.probes})

    def _show_parts(self) -> None:
        for name in ("map", "surface"):
            alone = self.actions_["map" if name == "surface" else "surface"].isChecked()
            self.views[name].setVisible(not alone)
        for view in self.views.values():
            view.show_frame(self.session.frame)

    # ---- doing --------------------------------------------------------------------------------------------------

    def _swap_keyboard(self) -> None:
        """Between the settings and the picture."""
        if self.controls.isAncestorOf(QApplication.focusWidget() or self):
            (self.map if self.map.isVisible() else self.surface).setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self._open_dock("experiment")
            self.controls.take_keyboard()

    def _connect_runs(self) -> None:
        self.session.connect_runs()
        self._open_dock("slice")

    def _open_race(self) -> None:
        dialog = self.findChild(RaceDialog)
        if dialog is None:
            dialog = RaceDialog(self.session, Style(self._theme, self._presenter.scale), self)
            dialog.said.connect(self.say)
        dialog.show()
        dialog.activateWindow()

    @Slot(object)
    def _draw_line(self, ends) -> None:
        self.session.draw_line(*ends)
        self._open_dock("slice")

    def _reset_views(self) -> None:
        self.session.unzoom()
        for view in self.views.values():
            view.reset_view()

    def _turn(self, azimuth: float, elevation: float) -> None:
        self.surface.canvas.orbit(azimuth, elevation)

    def _change_speed(self, by: int) -> None:
        box = self.timeline.speed
        box.setCurrentIndex(min(max(box.currentIndex() + by, 0), box.count() - 1))
        self.session.set_speed(float(box.currentData()))

    def _open_preset(self, action: QAction) -> None:
        self.open(action.objectName())

    def _open(self) -> None:
        kinds = f"Experiments, runs and tables (*.json *{SUFFIX} *.csv *.tsv)"
        path, _ = QFileDialog.getOpenFileName(self, self.tr("Open"), "", kinds)
        if path:
            self.open(path)

    def open(self, given: str) -> None:
        """Open a preset, a file or a link and train it; a line in the status bar when that cannot be done."""
        if given.lower().endswith(SUFFIX):
            self._files.load(Path(given))
            return
        try:
            experiment = experiment_from(given, self.session.experiment)
        except SettingError as error:
            self._refuse(given, str(error))
            return
        if given not in presets() and not given.startswith("lle:"):
            self.recent.note(given)
        self.session.open(experiment)
        self.session.train()
        self.say(f"Opened: {experiment.title}")

    @Slot(object, str)
    def open_run(self, stored: StoredRun, path: str) -> None:
        """Show a run that was saved, at its newest state."""
        self.recent.note(path)
        self.session.open_run(stored)
        self.say(f"Opened {Path(path).name}: {len(stored.trajectory) - 1:,} steps; T trains on from the newest.")

    @Slot(str, str)
    def _refuse(self, path: str, words: str) -> None:
        self.recent.forget(path)
        self.say(words)

    @Slot(str)
    def _note_saved(self, path: str) -> None:
        self.recent.note(path)
        self.say(f"Saved {path}")

    def _show_gallery(self) -> Gallery:
        gallery = Gallery(self)
        gallery.chosen.connect(self.open)
        gallery.open()
        return gallery

    @Slot()
    def begin(self) -> None:
        """Somebody is here for the first time: the gallery, and then the main keys."""
        self._show_gallery().finished.connect(lambda: welcome(self.splitter, self.actions_, self._stored))

    def _save(self) -> None:
        path = self._ask_where(self.tr("Save experiment"), "experiment", ".json", "Experiments (*.json)")
        if path is None:
            return
        try:
            with replacing(path) as temporary:
                temporary.write_text(to_json(self.session.experiment), encoding="utf-8")
        except OSError as error:
            self.say(f"Not saved: {error.strerror or error}")
            return
        self._note_saved(str(path))

    def _save_run(self) -> None:
        run = self.session.frame.run
        if run is None:
            self.say("There is no step to be saved yet.")
            return
        path = self._ask_where(self.tr("Save run"), "run", SUFFIX, f"Runs (*{SUFFIX})")
        if path is not None:
            self._files.save(run, path)

    def _ask_where(self, words: str, name: str, suffix: str, kinds: str) -> Path | None:
        """Where to save a file; with the suffix, and nothing is replaced unasked."""
        given, _ = QFileDialog.getSaveFileName(self, words, name + suffix, kinds)
        if not given:
            return None
        path = Path(given) if given.endswith(suffix) else Path(given + suffix)
        if str(path) != given and path.exists() and not may_replace(self, path):  # Qt has asked about `given`
            return None
        return path

    def _export(self) -> None:
        dialog = ExportDialog(self.session.frame, self._theme, self.surface.canvas.cameraParams(), self)
        dialog.saved.connect(self.say)
        dialog.open()

    def _copy(self) -> None:
        kind = next(name for name in ("map", "surface", "both") if self.actions_[name].isChecked())
        camera = self.surface.canvas.cameraParams()
        try:
            image = picture(self.session.frame, kind, DESIGN[kind], self._theme, camera)
        except RuntimeError as error:
            self.say(str(error))
            return
        QApplication.clipboard().setImage(image)
        self.say("Picture copied.")

    def _copy_link(self) -> None:
        QApplication.clipboard().setText(to_link(self.session.experiment))
        self.say("Link copied. It opens with Edit, Open copied link, or on the command line.")

    def _paste_link(self) -> None:
        self.open(QApplication.clipboard().text().strip() or "lle:")

    def _choose_theme(self, action: QAction) -> None:
        self.set_theme(THEMES[action.objectName()])

    def set_theme(self, theme: Theme) -> None:
        """Switch all colours."""
        self._theme = theme
        set_theme(theme)
        self._rebuild_views()
        self._stored.keep("theme", theme.name)

    def _rebuild_views(self) -> None:
        """Views are made anew: they hold nothing but the frame."""
        camera = {k: v for k, v in self.surface.canvas.cameraParams().items() if k != "fov"}
        sizes = self.splitter.sizes()
        self._behind = []
        for widget in (*self.views.values(), self.timeline):
            widget.setParent(None)
            widget.deleteLater()
        self._build_views()
        self._fill_docks()
        for dialog in self.findChildren(RaceDialog):
            dialog.show_style(Style(self._theme, self._presenter.scale))
        self.surface.canvas.setCameraParams(**camera)
        self.splitter.setSizes(sizes)
        self._show_frame(self.session.frame)
        self.map.setFocus()

    def _corner(self) -> Qt.DockWidgetArea:
        """Who has the lower left corner: the forms, or on a narrow screen the timeline, which needs all the width."""
        wide = self.screen().availableSize().width() >= WIDE
        return Qt.DockWidgetArea.LeftDockWidgetArea if wide else Qt.DockWidgetArea.BottomDockWidgetArea

    def _present(self) -> None:
        """Letters, pens and room for them grow together, and shrink to what they were."""
        presenting = self.actions_["presenter"].isChecked()
        if presenting:
            sizes = self.splitter.sizes()
            self._presenter.begin(self.actions_, (self.saveState(LAYOUT), self.size(), sizes))
            self._make_room()
        else:
            layout, size, sizes = self._presenter.end(self.actions_)
        for dock in self.findChildren(QDockWidget):
            dock.setFont(self._presenter.title_font())
        below = Qt.DockWidgetArea.BottomDockWidgetArea
        self.setCorner(Qt.Corner.BottomLeftCorner, below if presenting else self._corner())
        self._freeze_status()
        self.controls.setMinimumWidth(round(300 * self._presenter.scale))
        self._rebuild_views()
        if presenting:
            beside = [self.dock(name) for name in ("experiment", "trust")]
            self.resizeDocks(beside, [round(300 * SCALE), round(280 * SCALE)], Qt.Orientation.Horizontal)
            lower = min(round(190 * SCALE), self.height() // 4)
            self.resizeDocks([self.dock("loss")], [lower], Qt.Orientation.Vertical)
        else:
            self._shrink(size)
            self.restoreState(layout, LAYOUT)
        QTimer.singleShot(0, self.splitter, lambda: self.splitter.setSizes(sizes))  # when it is known how much room

    def _make_room(self, chosen: QDockWidget | None = None) -> None:
        """In presenter mode what stands at the sides goes where the pictures would get too little: the figures at the
        right first, then the settings, but not beside what was chosen just now. It comes back with the mode's end."""
        pictures = 2 if self.actions_["both"].isChecked() else 1
        docks = [dock for dock in self.findChildren(QDockWidget) if not (dock.isHidden() or dock.isFloating())]
        columns = [[dock for dock in docks if self.dockWidgetArea(dock) == side] for side in reversed(SIDES)]
        columns, gone = [column for column in columns if column], []
        # For what was chosen, the window may have grown beyond the screen already.
        size = self.size() if chosen is None else self.size().boundedTo(self._room())
        for column in tuple(columns):
            room = size.width() - len(columns) * round(300 * SCALE)
            if room < pictures * PICTURE and chosen not in column:
                columns.remove(column)
                gone += column
        for dock in gone:
            dock.hide()
        if gone:
            self._shrink(size)
            self.say(f"Hidden: {', '.join(dock.windowTitle() for dock in gone)} (View menu)")

    def _full_screen(self) -> None:
        self.showFullScreen() if self.actions_["full screen"].isChecked() else self.showNormal()

    def _show_keys(self) -> None:
        dialog = self.findChild(Keys) or Keys(self.actions_, self)
        dialog.show()
        dialog.activateWindow()

    # ---- layout -------------------------------------------------------------------------------------------------

    def _room(self) -> QSize:
        """The screen without what desktops keep of it, and without a title bar."""
        return self.screen().availableSize() - QSize(0, 36)

    def _arrange(self) -> None:
        self.resize(QSize(1600, 1000).boundedTo(self._room()))
        self._default_layout()
        geometry, state = self._stored.value("geometry"), self._stored.value(f"layout{LAYOUT}")
        self.restoreGeometry(QByteArray.fromBase64(geometry.encode()))
        self.restoreState(QByteArray.fromBase64(state.encode()), LAYOUT)
        self._fill_docks()

    def _default_layout(self) -> None:
        """The loss curve lies over the timeline, step above step, and leaves the width to the pictures."""
        loss, bottom = self.dock("loss"), self.dock("timeline")
        for dock in (self.dock("experiment"), loss):
            dock.show()
        for view in DOCKED[1:]:
            self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self.dock(view.name))
            self.dock(view.name).setVisible(view.name == "trust" and self.width() >= 1400)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, loss)
        self.splitDockWidget(loss, bottom, Qt.Orientation.Vertical)
        self.splitDockWidget(loss, self.dock("runs"), Qt.Orientation.Horizontal)
        self.dock("runs").hide()
        self._fill_docks()
        self.resizeDocks([loss], [max(170, self.height() // 5)], Qt.Orientation.Vertical)
        self.resizeDocks([self.dock("experiment")], [310], Qt.Orientation.Horizontal)

    def _reset_layout(self) -> None:
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.dock("experiment"))
        self._default_layout()
        self.splitter.setSizes([460, 540])

    # ---- Qt -----------------------------------------------------------------------------------------------------

    def sizeHint(self) -> QSize:
        return QSize(1600, 1000)

    def dragEnterEvent(self, event) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event) -> None:
        event.acceptProposedAction()
        try:
            self.open(dropped_file(event.mimeData()))
        except SettingError as error:
            self.say(str(error))

    def closeEvent(self, event) -> None:
        if self.actions_["presenter"].isChecked():
            self.actions_["presenter"].trigger()
        keep_last(self._stored, self.session.experiment)
        keep_speed(self._stored, self.session.playback, self.session.pace)
        self._stored.keep("geometry", self.saveGeometry().toBase64().toStdString())
        self._stored.keep(f"layout{LAYOUT}", self.saveState(LAYOUT).toBase64().toStdString())
        for dialog in self.findChildren(RaceDialog):
            dialog.close()
        self._files.close()
        self.session.close()
        super().closeEvent(event)
