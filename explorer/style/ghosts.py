"""Ghosts: how ended runs are drawn, each told apart by colour and by dash, for whoever sees few colours by dash alone.

A run has a slot. The first `MOST_ENDED` are the ordinary ones; after them each optimizer has one of its own, which it
keeps in a race and wherever its run is drawn afterwards. Colours were chosen so that optimizers of the same dash, and
those that usually race each other, differ most, also as seen without red or green receptors; none is near the accent.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Qt

from model import OPTIMIZERS

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
# In the order of the registry: gradient descent, heavy ball, Nesterov, QHM, AdaGrad, RMSProp, AdaDelta, Adam, ...
RACERS = (
    Ghost("#4cc3ff", "#0077be", Dash.SolidLine),
    Ghost("#ff5fae", "#c2186f", Dash.DashLine),
    Ghost("#a9ec7d", "#3f7d0a", Dash.DashDotDotLine),
    Ghost("#b685ff", "#7a3fd1", Dash.DotLine),
    Ghost("#e9f4f2", "#3c4650", Dash.DashDotLine),
    Ghost("#7f9cff", "#2038b0", Dash.DashLine),
    Ghost("#ff8170", "#a81f14", Dash.SolidLine),
    Ghost("#ffe75e", "#946c00", Dash.DashDotLine),
    Ghost("#1fc7a0", "#007a6c", Dash.DotLine),
    Ghost("#e3b7e0", "#8f4f8b", Dash.DashDotDotLine),
)
# By its slot. An optimizer that is new to the registry shares a style until it gets one.
GHOSTS = (*ORDINARY, *(RACERS[place % len(RACERS)] for place in range(len(OPTIMIZERS))))
