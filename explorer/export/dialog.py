"""The dialog that saves a picture: which view, how large, where to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QSpinBox,
    QWidget,
)

from explorer.export import KINDS, LARGEST
from explorer.export.picture import DESIGN, picture, save
from explorer.frame import Frame
from explorer.style import Theme
from explorer.views import VIEWS

WORDS = {name: view.caption for name, view in VIEWS.items()} | {"both": "Map and surface"}
SIZES = ("as designed, 1×", "2×", "4×", "1920 × 1080", "3840 × 2160")


class ExportDialog(QDialog):
    """Saves the frame it was opened with. Emits `saved` with a line that says where."""

    saved = Signal(str)

    def __init__(self, frame: Frame, theme: Theme, camera: dict, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frame, self._theme, self._camera = frame, theme, camera
        self.setWindowTitle("Export picture")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)  # it holds a frame, and so a run
        self.view = QComboBox()
        for kind in sorted(KINDS, key=lambda kind: kind != "both"):
            self.view.addItem(WORDS[kind], kind)
        self.size_ = QComboBox()
        self.size_.addItems(SIZES)
        self.wide, self.high = QSpinBox(), QSpinBox()
        for box, words in ((self.wide, "Width"), (self.high, "Height")):
            box.setRange(64, LARGEST)
            box.setSuffix(" px")
            box.setAccessibleName(words)
        across = QHBoxLayout()
        for widget in (self.wide, QLabel("×"), self.high):
            across.addWidget(widget)
        across.addStretch(1)
        self.path = QLineEdit(str(Path.cwd() / self._suggested()))
        self.path.setMinimumWidth(340)
        self.path.setAccessibleName("File")
        browse = QPushButton("Browse…")
        browse.clicked.connect(self._browse)
        where = QHBoxLayout()
        where.addWidget(self.path, 1)
        where.addWidget(browse)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        rows = QFormLayout(self)
        rows.addRow("&View", self.view)
        rows.addRow("&Size", self.size_)
        rows.addRow("Pixels", across)
        rows.addRow("File", where)
        rows.addRow(self.problem)
        rows.addRow(buttons)
        self.view.activated.connect(self._resize)
        self.size_.activated.connect(self._resize)
        self._resize()

    def _suggested(self) -> str:
        run, state = self._frame.run, self._frame.state
        title = run.experiment.title if run else "landscape"
        plain = "".join(c if c.isalnum() else "-" for c in title.lower()).strip("-")
        return f"{plain}-step{state.step if state else 0}.png"

    def _resize(self) -> None:
        wide, high = DESIGN[self.view.currentData()]
        sizes = [(wide, high), (2 * wide, 2 * high), (4 * wide, 4 * high), (1920, 1080), (3840, 2160)]
        wide, high = sizes[self.size_.currentIndex()]
        self.wide.setValue(wide)
        self.high.setValue(high)

    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export picture", self.path.text(), "PNG pictures (*.png)")
        if path:
            self.path.setText(path)

    def accept(self) -> None:
        size = self.wide.value(), self.high.value()
        try:
            path = Path(self.path.text()).expanduser()
            path = path if path.suffix.lower() == ".png" else path.with_name(path.name + ".png")
            if not path.parent.is_dir():
                raise OSError(f"{path.parent} is not a folder")
            if path.exists() and not may_replace(self, path):
                return
            save(picture(self._frame, self.view.currentData(), size, self._theme, self._camera), path)
        except (OSError, RuntimeError, ValueError) as error:
            self.problem.setText(f"Not saved: {error}")
            return
        self.saved.emit(f"Saved {path} ({size[0]} × {size[1]})")
        super().accept()


def may_replace(parent: QWidget, path: Path) -> bool:
    """Ask whether a file that is there may go."""
    buttons = QMessageBox.StandardButton.Yes | QMessageBox.StandardButton.No
    return QMessageBox.question(parent, "Replace?", f"{path.name} exists. Replace it?", buttons) == buttons.Yes
