"""Ghosts: how ended runs are drawn, each told apart by colour and by dash, for whoever sees few colours by dash alone.

A run has a slot. The first `MOST_ENDED` are the ordinary ones; after them each optimizer has one of its own, which it
keeps in a race and wherever its run is drawn afterwards. Colours were chosen so that optimizers of the same dash, and
those that usually race each other, differ most, also as seen without red or green receptors; none is near the accent.
An optimizer for which nobody has chosen yet gets a style by the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from model import OPTIMIZERS
from model.settings import kind_of

Dash = Qt.PenStyle


class Ghost(NamedTuple):
    """A style: its `ink` on the landscape, where lines have a dark halo, and on dark panels; its `shade` on light ones.

    Both have a contrast of at least 3 to 1 where they are drawn.
    """

    ink: str
    shade: str
    dash: Qt.PenStyle


ORDINARY = (
    Ghost("#8fd3ff", "#2b7fb5", Dash.DashLine),
    Ghost("#ffb3d1", "#bb5580", Dash.DotLine),
    Ghost("#c9f29b", "#5d8a2c", Dash.DashDotLine),
    Ghost("#ffffff", "#5b6270", Dash.DashDotDotLine),
    Ghost("#d3bdff", "#7a5bc7", Dash.DashLine),
    Ghost("#ffe08a", "#927013", Dash.DashLine),
    Ghost("#7ff0dd", "#1d8775", Dash.DashDotDotLine),
    Ghost("#ff9b8a", "#b8523f", Dash.DashDotLine),
    Ghost("#a8c0ff", "#4a66b8", Dash.DashDotLine),
    Ghost("#f0d0a8", "#92693a", Dash.DotLine),
    Ghost("#8fe08f", "#3a8a3a", Dash.DashLine),
    Ghost("#f7a8ff", "#a23fae", Dash.DashDotDotLine),
)
RACERS = {
    "sgd": Ghost("#4cc3ff", "#0077be", Dash.SolidLine),
    "heavy-ball": Ghost("#ff5fae", "#c2186f", Dash.DashLine),
    "nesterov": Ghost("#a9ec7d", "#3f7d0a", Dash.DashDotDotLine),
    "qhm": Ghost("#b685ff", "#7a3fd1", Dash.DotLine),
    "adagrad": Ghost("#e9f4f2", "#3c4650", Dash.DashDotLine),
    "rmsprop": Ghost("#7f9cff", "#2038b0", Dash.DashLine),
    "adadelta": Ghost("#ff8170", "#a81f14", Dash.SolidLine),
    "adam": Ghost("#ffe75e", "#946c00", Dash.DashDotLine),
    "adamw": Ghost("#1fc7a0", "#007a6c", Dash.DotLine),
    "qhadam": Ghost("#e3b7e0", "#8f4f8b", Dash.DashDotDotLine),
}

# For those that are not there: all hues but orange, which is the active run's, in tones for an ink and for its shade.
HUES = [degrees / 360 for degrees in range(60, 360, 15)]
TONES = ((0.6, 0.2), (0.7, 0.25), (0.75, 0.35), (0.8, 0.3), (0.9, 0.38))
DASHES = (Dash.SolidLine, Dash.DashLine, Dash.DotLine, Dash.DashDotLine, Dash.DashDotDotLine)
LEAST, MOST = 0.68, 0.63  # lightness from which an ink has its contrast, and up to which a shade has


def racers(kinds: Sequence[str]) -> tuple[Ghost, ...]:
    """The styles of optimizers by their names: as chosen or, in their order, as far from those before as can be."""
    styles = {kind: RACERS[kind] for kind in kinds if kind in RACERS}
    for place, kind in enumerate(kinds):
        if kind not in styles:
            beside = {styles[other].dash for other in kinds[max(place - 1, 0) : place + 2] if other in styles}
            styles[kind] = _further([*styles.values()], [dash for dash in DASHES if dash not in beside])
    return tuple(styles[kind] for kind in kinds)


def _further(taken: Sequence[Ghost], dashes: Sequence[Qt.PenStyle]) -> Ghost:
    """A style with one of these dashes: that which differs most from those taken that have the same."""

    def gap(ghost: Ghost) -> float:
        return min((_apart(ghost, other) for other in taken if other.dash == ghost.dash), default=math.inf)

    return max((Ghost(*colors, dash) for colors in _colors() for dash in dashes), key=gap)


def _colors() -> Iterator[tuple[str, str]]:
    """Inks with their shades."""
    for hue, full, (light, dark) in product(HUES, (1.0, 0.6, 0.3), TONES):
        ink, shade = (QColor.fromHslF(hue, full, tone).name() for tone in (light, dark))
        if _seen(ink)[0] > LEAST and _seen(shade)[0] < MOST:
            yield ink, shade


def _apart(one: Ghost, other: Ghost) -> float:
    return min(math.dist(_seen(one.ink), _seen(other.ink)), math.dist(_seen(one.shade), _seen(other.shade)))


@cache
def _seen(color: str) -> tuple[float, float]:
    """What everybody sees of a colour: how light it is, and how blue or yellow.

    OKLab (Ottosson 2020) of an eye to which red and green are one, with its small terms left out.
    """
    parts = QColor(color).redF(), QColor(color).greenF(), QColor(color).blueF()
    red, green, blue = (((part + 0.055) / 1.055) ** 2.4 for part in parts)
    light = math.cbrt(0.22 * red + 0.68 * green + 0.1 * blue)
    return light, 0.8 * (light - math.cbrt(0.09 * red + 0.28 * green + 0.63 * blue))


# By its slot.
GHOSTS = (*ORDINARY, *racers([kind_of(kind) for kind in OPTIMIZERS]))
