"""Style: colours, pens, fonts and colour maps. The only place for them.

A `Style` is a theme at a scale: exports draw the same picture k times larger, pens and letters included.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QFontMetricsF, QIcon, QPainter, QPalette, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QApplication, QWidget

from explorer.style.ghosts import GHOSTS


@dataclass(frozen=True)
class Theme:
    """Colours by their role. `ink` and `muted` have a contrast of at least 4.5 to 1 on `window` and `panel`."""

    name: str
    window: str
    panel: str
    raised: str
    line: str
    ink: str
    muted: str
    accent: str
    on_accent: str
    halo: str
    start: str
    iso: tuple[int, int, int, int]
    dark: bool


DARK = Theme(
    "dark", "#14161b", "#1b1e25", "#252a34", "#39404d", "#e3e6ec", "#a3abb8", "#ffa24a", "#1b1206", "#0a0c10",
    "#ffffff", (0, 0, 0, 95), True,
)  # fmt: skip
LIGHT = Theme(
    "light", "#f4f5f7", "#ffffff", "#e9ebef", "#c9ced6", "#1c2027", "#555d6b", "#c2500a", "#ffffff", "#ffffff",
    "#ffffff", (0, 0, 0, 90), False,
)  # fmt: skip
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

# On the landscape itself, whatever the theme: the colour map is the same in both.
PATH = "#ff9d3c"
PATH_OLD = "#e8a869"
PATH_HALO = "#101216"


# The ways between two runs.
WAYS = {"way": Qt.PenStyle.DashLine, "straight": Qt.PenStyle.DotLine}


@dataclass(frozen=True)
class Style:
    """A theme at a scale."""

    theme: Theme = DARK
    scale: float = 1.0

    def pen(self, color: object, width: float = 1.0, dash: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """A pen of `width` pixels at scale 1, round at its ends and joints."""
        ink = color.getRgb() if isinstance(color, QColor) else color
        return QPen(_pen(ink, width * self.scale, dash))

    def font(self, points: float = 9.0, bold: bool = False) -> QFont:
        """The application's font; size in points at scale 1 and 96 dots per inch, so exports look the same."""
        font = QFont("DejaVu Sans")
        font.setStyleHint(QFont.StyleHint.SansSerif)
        font.setPixelSize(max(1, round(points * 96 / 72 * self.scale)))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font


@cache
def _pen(color: object, width: float, dash: Qt.PenStyle) -> QPen:
    pen = pg.mkPen(color, width=width, style=dash)  # reads its colour from text, some ten times in every frame
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    return pen


def palette(theme: Theme) -> QPalette:
    """The Qt palette of a theme, for the Fusion style."""
    roles = QPalette.ColorRole
    colors = {
        roles.Window: theme.window, roles.Base: theme.panel, roles.AlternateBase: theme.raised,
        roles.Button: theme.raised, roles.WindowText: theme.ink, roles.Text: theme.ink, roles.ButtonText: theme.ink,
        roles.ToolTipBase: theme.raised, roles.ToolTipText: theme.ink, roles.PlaceholderText: theme.muted,
        roles.Highlight: theme.accent, roles.HighlightedText: theme.on_accent, roles.Link: theme.accent,
        roles.BrightText: theme.accent, roles.Light: theme.line, roles.Midlight: theme.raised,
        roles.Mid: theme.line, roles.Dark: theme.line, roles.Shadow: theme.halo, roles.Accent: theme.accent,
    }  # fmt: skip
    made = QPalette()
    for role, color in colors.items():
        made.setColor(role, QColor(color))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        faded = QColor(theme.muted)
        faded.setAlphaF(0.55)
        made.setColor(QPalette.ColorGroup.Disabled, role, faded)
    made.setColor(QPalette.ColorGroup.Disabled, roles.Highlight, QColor(theme.line))
    return made


def set_theme(theme: Theme) -> None:
    """Give all widgets the theme's colours; native frames follow where the platform lets them."""
    QApplication.setPalette(palette(theme))
    QApplication.styleHints().setColorScheme(Qt.ColorScheme.Dark if theme.dark else Qt.ColorScheme.Light)
    pg.setConfigOptions(background=theme.panel, foreground=theme.muted)


@cache
def _table(name: str) -> np.ndarray:
    return pg.colormap.get(name).getLookupTable(0.0, 1.0, 512, mode=pg.ColorMap.FLOAT)[:, :3].astype(np.float32)


def colors(heights: np.ndarray, name: str = "viridis") -> np.ndarray:
    """Colours `(..., 3)` in [0, 1] for heights in [0, 1]; not finite heights get the first one."""
    table = _table(name)
    return table[np.clip(np.nan_to_num(heights) * (len(table) - 1), 0, len(table) - 1).astype(int)]


def color(height: float, name: str = "viridis") -> QColor:
    """One colour of the map."""
    return QColor.fromRgbF(*(float(c) for c in colors(np.array(height), name)))


def freeze(widget: QWidget, sample: str = "") -> None:
    """Fix a widget's size, to that of a sample text if given.

    A label that changes sixty times a second and may change its size makes its whole window be laid out as often.
    """
    size = widget.sizeHint()
    if sample:
        size.setWidth(round(QFontMetricsF(widget.font()).horizontalAdvance(sample)) + 12)
    widget.setFixedSize(size)


def draw_text(painter: QPainter, at: QPointF, text: str, style: Style, ink: str, points: float = 8.5, halo: str = "",
              align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignCenter) -> QRectF:  # fmt: skip
    """Write a line centred at, left of or right of a point, with a halo if over a picture. Returns its box."""
    font = style.font(points)
    painter.setFont(font)
    box = QFontMetricsF(font).boundingRect(text)
    box.moveCenter(at)
    if align & Qt.AlignmentFlag.AlignLeft:
        box.moveLeft(at.x())
    elif align & Qt.AlignmentFlag.AlignRight:
        box.moveRight(at.x())
    box.adjust(-2, -1, 2, 1)
    if halo:
        painter.setPen(QColor(halo))
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            painter.drawText(box.translated(dx * style.scale, dy * style.scale), Qt.AlignmentFlag.AlignCenter, text)
    painter.setPen(QColor(ink))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    return box


def draw_marker(painter: QPainter, at: QPointF, kind: str, style: Style) -> None:
    """One of the marks on the landscape: `start` (ring), `now` (disc), `lowest` (diamond); told apart by shape."""
    k = style.scale
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    if kind == "lowest":
        painter.setPen(style.pen(PATH_HALO, 1.5))
        painter.setBrush(QColor("#ffffff"))
        r = 6.0 * k
        painter.drawPolygon(QPolygonF([at + QPointF(*p) for p in ((0, -r), (r, 0), (0, r), (-r, 0))]))
        return
    radius, brush = (5.0, "#ffffff") if kind == "start" else (6.5, PATH)
    painter.setPen(style.pen(PATH_HALO, 2.0))
    painter.setBrush(QBrush(QColor(brush)))
    painter.drawEllipse(at, radius * k, radius * k)
    if kind == "start":
        painter.setBrush(QColor(PATH_HALO))
        painter.drawEllipse(at, 1.6 * k, 1.6 * k)


def ghost_pen(slot: int, style: Style, width: float = 1.6) -> QPen:
    """The pen of an ended run's curve on the panel of the theme: on a light one, of a darker colour."""
    ghost = GHOSTS[slot]
    return style.pen(ghost.ink if style.theme.dark else ghost.shade, width, ghost.dash)


@cache
def swatch(kind: str, style: Style, ratio: float = 1.0) -> QIcon:
    """A piece of a line as legends draw it: `path`, `ghost0` on the landscape, `ended0` on a panel, and so on.

    With `ratio` pixels to a dot. Where its row is selected it has the same colour, for which it stands (Qt would tint
    it): on a piece of the panel, if it has no halo of its own.
    """
    look = Style(style.theme, style.scale * ratio)  # pens are as wide in pixels, whatever those are
    icon, box = QIcon(), QRectF(QPointF(0, 0), QSizeF(28, 18) * look.scale)
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        pixmap = QPixmap(box.size().toSize())
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if mode is QIcon.Mode.Selected and kind.startswith("ended"):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(style.theme.panel))
            painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), 3 * look.scale, 3 * look.scale)
        draw_legend(painter, box.translated(3 * look.scale, 0), [(kind, "")], look)
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        icon.addPixmap(pixmap, mode)
    return icon


Entry = tuple[str, str]
WAY_ENTRIES: list[Entry] = [("way", "way of low loss"), ("straight", "straight line")]


CURVES = {
    "solid": ("accent", 2.2, Qt.PenStyle.SolidLine),
    "dashed": ("muted", 1.5, Qt.PenStyle.DashLine),
    "dotted": ("ink", 1.6, Qt.PenStyle.DotLine),
    "faint": ("muted", 0.8, Qt.PenStyle.SolidLine),
}


def curve_pen(kind: str, style: Style) -> QPen:
    """The pen of a curve, of one of the `CURVES`: colour of the theme, width, dash."""
    ink, width, dash = CURVES[kind]
    return style.pen(getattr(style.theme, ink), width, dash)


def draw_legend(
    painter: QPainter, rect: QRectF, entries: list[Entry], style: Style, over_picture: bool = False
) -> None:
    """A row (or rows) of marks and words, from the left; `entries` are (kind, words). Over a picture it has a veil
    behind it, or its words would be lost in the picture's colours."""
    k, boxes = style.scale, _legend_boxes(rect.width(), entries, style)
    if over_picture and boxes:
        veil = QColor(style.theme.window)
        veil.setAlphaF(0.82)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(veil)
        right, bottom = max(box.right() for box in boxes), boxes[-1].bottom()
        around = QRectF(rect.left() - 4 * k, rect.top(), right + 4 * k, bottom)
        painter.drawRoundedRect(around, 4 * k, 4 * k)
    ink = style.theme.ink if over_picture else style.theme.muted
    metrics = QFontMetricsF(style.font(8.5))
    for (kind, words), box in zip(entries, boxes, strict=True):
        at = rect.topLeft() + QPointF(box.left(), box.center().y())
        _legend_mark(painter, at + QPointF(11 * k, 0), kind, style)
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, box.width() - 28 * k)
        draw_text(painter, at + QPointF(26 * k, 0), words, style, ink, 8.5, align=Qt.AlignmentFlag.AlignLeft)


def legend_height(width: float, entries: list[Entry], style: Style) -> float:
    """How high the rows of `draw_legend` are in a given width."""
    boxes = _legend_boxes(width, entries, style)
    return boxes[-1].bottom() if boxes else 18 * style.scale


def _legend_boxes(width: float, entries: list[Entry], style: Style) -> list[QRectF]:
    """Where each entry goes: in rows, from the left."""
    metrics, k = QFontMetricsF(style.font(8.5)), style.scale
    boxes: list[QRectF] = []
    x, y, line = 0.0, 0.0, 18 * k
    for _, words in entries:
        wide = min(metrics.horizontalAdvance(words) + 46 * k, width)
        if x + wide > width and x > 0:
            x, y = 0.0, y + line
        boxes.append(QRectF(x, y, wide, line))
        x += wide
    return boxes


def _legend_mark(painter: QPainter, at: QPointF, kind: str, style: Style) -> None:
    k = style.scale
    ends = at - QPointF(9 * k, 0), at + QPointF(9 * k, 0)
    if kind in ("start", "now", "lowest"):
        draw_marker(painter, at, kind, style)
    elif kind == "path":
        painter.setPen(style.pen(PATH_HALO, 5))
        painter.drawLine(*ends)
        painter.setPen(style.pen(PATH, 2.6))
        painter.drawLine(*ends)
    elif kind == "gradient":
        draw_arrow(painter, ends[0], ends[1], style)
    elif kind == "stick":
        painter.setPen(style.pen(style.theme.ink, 1.2))
        painter.drawLine(at - QPointF(0, 7 * k), at + QPointF(0, 7 * k))
    elif kind == "hole":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(QColor(style.theme.muted), Qt.BrushStyle.BDiagPattern))
        painter.drawRect(QRectF(at.x() - 9 * k, at.y() - 6 * k, 18 * k, 12 * k))
    elif kind in ("up", "down"):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(style.theme.accent if kind == "up" else style.theme.ink))
        if kind == "up":
            painter.drawEllipse(at, 3.5 * k, 3.5 * k)
        else:
            painter.drawPolygon(QPolygonF([at + QPointF(dx * k, dy * k) for dx, dy in ((-5, -4), (5, -4), (0, 5))]))
    elif kind == "band":
        veil = QColor(style.theme.accent)
        veil.setAlpha(60)
        painter.fillRect(QRectF(at.x() - 9 * k, at.y() - 5 * k, 18 * k, 10 * k), veil)
    elif kind in CURVES or kind.startswith("ended"):
        painter.setPen(curve_pen(kind, style) if kind in CURVES else ghost_pen(int(kind[5:]), style))
        painter.drawLine(*ends)
    elif kind.startswith("ghost") or kind in WAYS:
        ink, dash = ("#ffffff", WAYS[kind]) if kind in WAYS else GHOSTS[int(kind[5:])][::2]
        for pen in (style.pen(PATH_HALO, 4), style.pen(ink, 2, dash)):
            painter.setPen(pen)
            painter.drawLine(*ends)


def draw_arrow(painter: QPainter, tail: QPointF, head: QPointF, style: Style) -> None:
    """A white arrow with a dark rim: the direction of steepest descent."""
    along = head - tail
    length = max((along.x() ** 2 + along.y() ** 2) ** 0.5, 1e-9)
    unit = along / length
    side, k = QPointF(-unit.y(), unit.x()), style.scale
    neck = head - unit * 7 * k
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for ink, width in ((PATH_HALO, 4.5), ("#ffffff", 2.0)):
        painter.setPen(style.pen(ink, width))
        painter.setBrush(QColor(ink))
        painter.drawLine(tail, neck)
        painter.drawPolygon(QPolygonF([head, neck + side * 3.5 * k, neck - side * 3.5 * k]))
