"""Styles: ended runs are told apart, whatever somebody sees of their colours, and stand out from their ground."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon

from explorer.frame import MOST_ENDED, racing_slot
from explorer.style import DARK, LIGHT, PATH_HALO, THEMES, Style, ghost_pen, swatch
from explorer.style.ghosts import GHOSTS, ORDINARY, RACERS, racers
from model import OPTIMIZERS
from model.activations import Array
from model.optimizers import SGD, Adam, HeavyBall
from model.settings import kind_of

# Machado, Oliveira and Fernandes (2009), severity 1: linear RGB as seen without the green and the red receptors.
EYES = {
    "all receptors": np.eye(3),
    "no green": np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881],
    ]),
    "no red": np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998],
    ]),
}  # fmt: skip
# Ottosson (2020), OKLab: from linear RGB to receptors, and from their cube roots to lightness, green-red, blue-yellow.
TO_RECEPTORS = np.array([
    [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
])  # fmt: skip
TO_LAB = np.array([
    [0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.808675766],
])  # fmt: skip


def linear(color: QColor) -> Array:
    parts = np.array(color.getRgbF()[:3])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(color: QColor, ground: QColor) -> float:
    """WCAG 2.1."""
    light, dark = sorted((float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (color, ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def apart(one: QColor, other: QColor, eyes: str) -> float:
    seen = [np.clip(EYES[eyes] @ linear(color), 0.0, 1.0) for color in (one, other)]
    labs = [TO_LAB @ np.cbrt(TO_RECEPTORS @ each) for each in seen]
    return float(np.linalg.norm(labs[0] - labs[1]))


def test_there_is_a_style_for_every_run_that_is_kept_and_for_every_optimizer() -> None:
    assert len(ORDINARY) == MOST_ENDED and GHOSTS[:MOST_ENDED] == ORDINARY
    styles = {kind_of(kind): GHOSTS[racing_slot(kind)] for kind in OPTIMIZERS}
    assert {kind: styles[kind] for kind in RACERS} == RACERS


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("place", [0, 1, 5, len(RACERS)])
def test_optimizers_that_are_new_get_styles_of_their_own_and_change_no_other(place: int, eyes: str) -> None:
    """Six of them, one after another, wherever they stand in the registry."""
    kinds = list(RACERS)
    kinds[place:place] = [f"new {number}" for number in range(6)]
    styles = racers(kinds)
    assert {kind: style for kind, style in zip(kinds, styles, strict=True) if kind in RACERS} == RACERS
    for one, other in pairwise(styles):
        assert one.dash != other.dash
    for one, other in combinations(styles, 2):
        if one.dash == other.dash:
            assert apart(QColor(one.ink), QColor(other.ink), eyes) > 0.11
            assert apart(QColor(one.shade), QColor(other.shade), eyes) > 0.11
    for style in styles:
        assert contrast(QColor(style.ink), QColor(PATH_HALO)) >= 6
        assert min(contrast(QColor(style.ink), QColor(ground)) for ground in (DARK.window, DARK.panel)) >= 3
        assert min(contrast(QColor(style.shade), QColor(ground)) for ground in (LIGHT.window, LIGHT.panel)) >= 3


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_ended_runs_are_told_apart_and_stand_out(theme: Any) -> None:
    pens = [ghost_pen(slot, Style(theme)) for slot in range(len(GHOSTS))]
    assert len({(line.color().name(), line.style()) for line in pens}) == len(GHOSTS)
    for line in pens:  # WCAG 2.1, 1.4.11: 3 to 1 for graphics
        for ground in (theme.window, theme.panel):
            assert contrast(line.color(), QColor(ground)) >= 3
    for ghost in GHOSTS:  # whatever colour the landscape has there, a line has its dark halo on both sides
        assert contrast(QColor(ghost.ink), QColor(PATH_HALO)) >= 6


@pytest.mark.parametrize("eyes", EYES)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_optimizers_of_the_same_dash_differ_in_colour_for_everybody(theme: Any, eyes: str) -> None:
    lines = [ghost_pen(racing_slot(kind), Style(theme)) for kind in OPTIMIZERS]
    for one, other in combinations(lines, 2):
        if one.style() == other.style():
            assert apart(one.color(), other.color(), eyes) > 0.11
    for one, other in pairwise(lines):
        assert one.style() != other.style()
    usual = [ghost_pen(racing_slot(kind), Style(theme)) for kind in (SGD, HeavyBall, Adam)]
    assert len({line.style() for line in usual}) == 3
    for one, other in combinations(usual, 2):
        assert apart(one.color(), other.color(), eyes) > 0.09


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("kind", ["path", "ghost0", "ended13"])
def test_a_sample_of_a_line_is_the_same_in_a_selected_row(qapp: Any, theme: Any, kind: str) -> None:
    icon = swatch(kind, Style(theme), 2.0)
    images = [icon.pixmap(QSize(28, 18), 2.0, mode).toImage() for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected)]
    plain, selected = ([image.pixelColor(x, 18) for x in range(image.width())] for image in images)
    inked = [x for x, pixel in enumerate(plain) if pixel.alpha() > 250]
    assert len(inked) > 10 and all(apart(selected[x], plain[x], "all receptors") < 0.01 for x in inked)
    if kind.startswith("ended"):  # where there is no halo, the ground is the one on which the colour stands out
        assert selected[2] == QColor(theme.panel)
