"""Views: the same frame gives the same pixels, whatever came before; and nothing that a frame may hold upsets them.

Each test runs for every view of the registry; the 3-D one under a display with OpenGL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from explorer.drawing import scene
from explorer.drawing.view import View
from explorer.export import LARGEST
from explorer.export.picture import frame_at
from explorer.frame import MOST_ENDED, Change, Frame
from explorer.session import PROBED
from explorer.style import DARK, GHOSTS, LIGHT, PATH, THEMES, Style, Theme, palette
from explorer.views import VIEWS
from explorer.views import loss as curves
from explorer.views import map as contour
from explorer.views import surface as surface3d
from explorer.views.loss import LossCurve
from explorer.views.map import ContourView
from explorer.views.slice import SliceView
from model import (
    FUNCTIONS,
    Constant,
    Experiment,
    Fit,
    Line,
    Look,
    Network,
    Profile,
    Surface,
    Trajectory,
    probe,
    with_field,
)
from model.activations import Array
from model.curvature import Point, hessian
from model.datasets import Linear
from model.line import BetweenStates, Ensemble
from model.running import Bridge
from tests.harness import LEFT, NONE, area, pixel, plot, viewport

SIZE = 420, 340
EACH = [pytest.param(name, marks=pytest.mark.gl if view.spatial else ()) for name, view in VIEWS.items()]
FLAT = [name for name, view in VIEWS.items() if not view.spatial]
Open = Callable[..., View]


@pytest.fixture
def open_view(qapp: Any, qtbot: QtBot) -> Iterator[Open]:
    made: list[View] = []

    def open_(name: str, theme: Theme = DARK, scale: float = 1.0, size: tuple[int, int] = SIZE) -> View:
        view = VIEWS[name](Style(theme, scale))
        view.setPalette(palette(theme))
        view.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        view.resize(*size)
        view.show()
        made.append(view)
        return view

    yield open_
    for view in made:
        view.close()
        view.deleteLater()


@pytest.fixture(scope="module")
def base(small: Experiment) -> Frame:
    """Sixty steps of a real run, by the model alone."""
    return replace(frame_at(small, None), probe=None)


def with_run(frame: Frame, **changed: Any) -> Frame:
    assert frame.run is not None
    return replace(frame, runs=(*frame.runs[:-1], replace(frame.run, **changed)))


def with_losses(frame: Frame, losses: np.ndarray) -> Frame:
    assert frame.surface is not None
    x, y = (np.linspace(*ends, n) for ends, n in zip(frame.surface.plane.bounds, losses.shape, strict=True))
    return replace(frame, surface=Surface(frame.surface.plane, x, y, losses))


def diverging(frame: Frame) -> Frame:
    assert frame.run is not None
    coords, losses = frame.run.coords.copy(), frame.run.losses.copy()
    far = 10.0 ** np.linspace(0, 150, 30)
    coords[31:] = np.column_stack([far, -far])
    losses[31:] = far**2
    coords[-1], losses[-2:] = np.nan, 1.7e308
    return with_run(frame, coords=coords, losses=losses, heights=losses)


def holed(frame: Frame) -> Frame:
    losses = frame.surface.loss.copy()  # type: ignore[union-attr]
    losses[3:9, 4:15], losses[10, 10], losses[-1] = np.nan, np.inf, np.inf
    return with_losses(frame, losses)


def ghostly(frame: Frame) -> Frame:
    run = frame.run
    assert run is not None
    ghosts = [
        replace(run, label=f"run {n}", coords=run.coords + 0.2 * n, length=run.length - 5 * n, slot=n)
        for n in (1, 2, 3)
    ]
    return replace(frame, runs=(*ghosts, run))


@cache
def of_two() -> Frame:
    """A descent in two parameters, off which there is nothing."""
    return frame_at(with_field(Experiment(title="Saddle", steps=40, resolution=15), "function", "saddle"), None)


def probed(frame: Frame, line: Any = True, **changed: Any) -> Frame:
    """The frame with what is found out about its state, along a line or the experiment's."""
    assert frame.run is not None and frame.plane is not None
    experiment, length = frame.run.experiment, frame.run.length
    experiment = experiment if isinstance(line, bool) else with_field(experiment, "line", line)
    look = Look(experiment, frame.run.trajectory, length, now=frame.cursor)
    *_, found = probe(look, frame.plane, line=line is not False, spectral=line is not False)
    assert found is not None
    return replace(frame, probe=replace(found, **changed))


def sliced(frame: Frame, losses: Array, **changed: Any) -> Frame:
    """The frame with a slice along which the loss takes these values."""
    line = Line(np.zeros(2), np.array([1.0, 0.0]), (-1.0, 1.0), "by hand")
    along = Profile(line, np.linspace(-1.0, 1.0, len(losses)), losses)
    return probed(frame, False, profile=along, **changed)


def bridged(frame: Frame) -> Frame:
    t = np.linspace(0.0, 1.0, 21)
    coords = np.stack([t, t * (1 - t)], axis=1)
    bridge = Bridge(t, 0.5 + t * (1 - t), 0.5 + 0.1 * t, (0.25, 0.0), coords, ("run 1", "run 2"))
    return replace(probed(frame), bridge=bridge)


HOLES = np.array([1.0, 2.0, np.nan, np.inf, 1e308, 3.0, -np.inf, 1.5, 0.7])


def with_batches(small: Experiment, size: int) -> Experiment:
    return with_field(small, "descent", msgspec.structs.replace(small.descent, batch_size=size))


CASES: dict[str, Callable[[Frame], Frame]] = {
    "frame 3": lambda f: replace(f, cursor=3),
    "frame 59": lambda f: replace(f, cursor=59),
    "three states only": lambda f: replace(with_run(f, length=3), cursor=2),
    "one state": lambda f: replace(with_run(f, length=1), cursor=0),
    "no state": lambda f: replace(with_run(f, length=0, trajectory=Trajectory()), cursor=0),
    "no run": lambda f: replace(f, runs=(), cursor=0),
    "no surface": lambda f: replace(f, surface=None),
    "nothing": lambda f: Frame(),
    "another surface": lambda f: with_losses(f, 0.5 + np.random.default_rng(0).random((11, 17))),
    "holes and walls": holed,
    "holes only": lambda f: with_losses(f, np.full((11, 11), np.nan)),
    "a flat surface": lambda f: with_losses(f, np.full((11, 11), 0.25)),
    "a surface of noughts": lambda f: with_losses(f, np.zeros((11, 11))),
    "linear heights": lambda f: replace(f, logarithmic=False),
    "a diverging path": diverging,
    "a diverging path, linear": lambda f: replace(diverging(f), logarithmic=False),
    "ghosts": ghostly,
    "changes": lambda f: with_run(f, changes=tuple(Change(n, f"Learning rate η {n} → {n + 1}") for n in (0, 20, 60))),
    "mini-batches": lambda f: with_run(f, batch_losses=f.run.losses * np.random.default_rng(1).uniform(0.5, 2, 61)),
    "held-out data": lambda f: with_run(f, test_losses=np.linspace(0.9, 0.6, 61)),
    "a function of x and y": lambda f: of_two(),
    "a probe": probed,
    "a probe alone": lambda f: replace(probed(f, False), runs=(), surface=None, cursor=0),
    "a probe without a slice": lambda f: probed(replace(f, cursor=3), False),
    "a probe of a function": lambda f: probed(of_two()),
    "no such line": lambda f: probed(replace(f, cursor=0), BetweenStates()),
    "a band": lambda f: probed(f, Ensemble(count=5)),
    "a barrier": lambda f: probed(f, BetweenStates()),
    "a slice with holes": lambda f: sliced(f, HOLES),
    "a slice of holes": lambda f: sliced(f, np.full(5, np.nan), spectrum=np.full(3, np.nan)),
    "a flat slice": lambda f: sliced(f, np.zeros(5), spectrum=np.zeros(3)),
    "a bridge": bridged,
    "while training": lambda f: replace(f, training=True, until=200, surveying=True),
}  # fmt: skip


@pytest.fixture(scope="module")
def cases(base: Frame) -> dict[str, Frame]:
    return {name: make(base) for name, make in CASES.items()}


def arrays(frame: Frame) -> list[np.ndarray]:
    """What a view is shown and might write into."""
    surface = () if frame.surface is None else (frame.surface.x, frame.surface.y, frame.surface.loss)
    return [*surface, *(array for run in frame.runs for array in (run.coords, run.losses, run.heights))]


@pytest.mark.parametrize("name", EACH)
@pytest.mark.slow
def test_the_same_frame_gives_the_same_pixels_whatever_came_before_and_is_not_changed(
    open_view: Open, cases: dict[str, Frame], name: str
) -> None:
    """In a fresh view each; then in one view, in two orders, and in the second with frames that nobody painted."""
    kept = {case: [array.copy() for array in arrays(frame)] for case, frame in cases.items()}
    expected = {}
    for case, frame in cases.items():
        fresh = open_view(name)
        fresh.show_frame(frame)
        expected[case] = fresh.picture()
        assert expected[case].size().toTuple() == SIZE, case
    used, before, rng = open_view(name), "nothing yet", np.random.default_rng(0)
    for unpainted in (False, True):
        for case in rng.permutation(list(cases)).tolist():
            if unpainted:
                before = str(rng.choice(list(cases)))
                used.show_frame(cases[before])
            used.show_frame(cases[case])
            differing = np.argwhere((pixels(used.picture()) != pixels(expected[case])).any(axis=-1))
            assert not len(differing), f"{case} after {before}: {len(differing)} pixels, one at {differing[0]}"
            before = case
    for case, frame in cases.items():
        for array, copy in zip(arrays(frame), kept[case], strict=True):
            np.testing.assert_array_equal(array, copy, err_msg=case)


@pytest.mark.parametrize("name", EACH)
def test_frame_3_after_frame_59_on_the_screen_itself(open_view: Open, base: Frame, qapp: Any, name: str) -> None:
    """Painted in between, as in a window, not only when a picture is asked for."""
    fresh, used = open_view(name), open_view(name)
    for cursor in (0, 59, 3):
        used.show_frame(replace(base, cursor=cursor))
        used.repaint()
        qapp.processEvents()
    fresh.show_frame(replace(base, cursor=3))
    assert used.picture() == fresh.picture()


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("name", EACH)
@pytest.mark.slow
def test_a_view_shows_something_in_both_themes_and_at_any_size(
    open_view: Open, base: Frame, name: str, theme: Theme
) -> None:
    for size, scale in (((64, 64), 0.1), ((200, 500), 1.0), ((900, 200), 1.0)):
        view = open_view(name, theme, scale, size)
        view.show_frame(base)
        image = pixels(view.picture())
        assert image.shape[:2] == size[::-1]
        assert len(np.unique(image @ (1, 256, 65536))) > 5


@pytest.mark.parametrize("name", EACH)
def test_a_view_has_a_name_for_those_who_cannot_see_it(open_view: Open, name: str) -> None:
    view = open_view(name)
    assert view.accessibleName() == view.caption and view.name == name


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_says_how_large_its_picture_is_and_what_it_wants_to_know(view: type[View]) -> None:
    assert all(100 <= side <= LARGEST for side in view.design)
    assert set(view.probes) <= PROBED


@pytest.mark.parametrize("name", EACH)
def test_a_run_that_grows_is_shown_like_one_that_was_there_at_once(open_view: Open, base: Frame, name: str) -> None:
    growing, fresh = open_view(name), open_view(name)
    assert base.run is not None
    for length in range(1, 62, 4):
        frame = replace(with_run(base, length=length), cursor=length - 1)
        growing.show_frame(frame)
    fresh.show_frame(frame)
    assert growing.picture() == fresh.picture()


# ---- the map ----------------------------------------------------------------------------------------------------


def pixels(image: QImage) -> np.ndarray:
    """An image as (height, width, 3), red first."""
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(bytes(image.constBits()), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def spot(image: QImage, ink: str, below: int = 40) -> tuple[float, float]:
    """The middle of all pixels of a colour, x and y, below the legend."""
    wanted = QColor(ink).getRgb()[:3]
    y, x = np.nonzero((np.abs(pixels(image)[below:] - wanted) <= 6).all(axis=-1))
    assert len(x), f"nothing of {ink} in the picture"
    return float(x.mean()), float(y.mean()) + below


@pytest.mark.parametrize(("axis", "x", "y"), [(0, 1, 0), (1, 0, -1)], ids=["x goes right", "y goes up"])
def test_the_map_lies_the_right_way_round(open_view: Open, base: Frame, axis: int, x: int, y: int) -> None:
    """Loss that grows along one axis only: brighter there, the same across; with more columns than rows."""
    along = np.linspace(1.0, 2.0, 15 if axis == 0 else 11)
    losses = np.repeat(along[:, None], 11, 1) if axis == 0 else np.repeat(along[None, :], 15, 0)
    view = open_view("map")
    view.show_frame(replace(with_losses(base, losses), runs=(), logarithmic=False))
    light = pixels(view.picture()).sum(axis=-1)
    middle_x, middle_y, reach = 210, 160, 80

    def near(dx: int, dy: int) -> float:
        """Median over a patch, so that lines and letters do not count."""
        cx, cy = middle_x + dx * reach, middle_y + dy * reach
        return float(np.median(light[cy - 12 : cy + 13, cx - 12 : cx + 13]))

    assert near(x, y) > near(0, 0) > near(-x, -y)
    assert abs(near(y, x) - near(-y, -x)) < 30


def test_the_state_is_where_its_coordinates_are(open_view: Open, base: Frame) -> None:
    assert base.plane is not None and base.run is not None
    (x0, x1), (y0, y1) = base.plane.bounds
    view = open_view("map")
    places = {}
    for share_x, share_y in ((0.5, 0.5), (0.75, 0.5), (0.5, 0.75)):
        coords = np.array([[x0 + share_x * (x1 - x0), y0 + share_y * (y1 - y0)]])
        view.show_frame(replace(with_run(base, length=1, coords=coords), cursor=0))
        places[share_x, share_y] = spot(view.picture(), PATH)
    middle, right, up = places.values()
    assert right[0] - middle[0] > 40 and abs(right[1] - middle[1]) < 1.5
    assert middle[1] - up[1] == pytest.approx(right[0] - middle[0], abs=2)  # the same scale both ways
    assert abs(up[0] - middle[0]) < 1.5


def test_pointing_at_the_map_tells_the_coordinates(open_view: Open, base: Frame, qtbot: QtBot) -> None:
    view = open_view("map")
    assert isinstance(view, ContourView) and base.plane is not None
    view.show_frame(base)
    view.picture()
    heard: list[Any] = []
    view.pointed.connect(heard.append)
    scene = plot(view).scene()
    box = area(view).sceneBoundingRect()
    for at in (
        box.center(),
        box.center() + QPointF(40, 0),
        box.center() - QPointF(0, 40),
        box.topLeft() - QPointF(9, 9),
    ):
        scene.sigMouseMoved.emit(at)
    middle, right, up, outside = heard
    (x0, x1), (y0, y1) = base.plane.bounds
    assert middle == pytest.approx(((x0 + x1) / 2, (y0 + y1) / 2), abs=0.01 * (x1 - x0))
    assert right[0] > middle[0] and right[1] == pytest.approx(middle[1], abs=1e-9)
    assert up[1] > middle[1] and up[0] == pytest.approx(middle[0], abs=1e-9)
    assert outside is None


def test_a_lowest_point_at_the_edge_is_drawn_whole(open_view: Open, base: Frame) -> None:
    """As many white pixels as in the middle; and where its place is out of sight there is nothing of it."""
    view = open_view("map")
    assert isinstance(view, ContourView)
    box, whites = area(view), []
    for i, j in ((7, 7), (0, 7), (14, 0), (7, 14), (0, 0)):
        losses = np.ones((15, 15))
        losses[i, j] = 0.5
        frame = with_losses(base, losses)
        view.show_frame(frame)
        image = pixels(view.picture())
        x, y, _ = frame.surface.lowest  # type: ignore[union-attr]
        at = viewport(view).mapTo(view, pixel(view, (x, y)))
        near = image[max(at.y() - 16, 0) : at.y() + 17, max(at.x() - 16, 0) : at.x() + 17]
        whites.append(int((near == 255).all(axis=-1).sum()))
    assert whites[0] > 20 and min(whites) > 0.9 * whites[0]
    (x0, x1), (y0, y1) = base.plane.bounds  # type: ignore[union-attr]
    box.setRange(xRange=((x0 + x1) / 2, x1), yRange=((y0 + y1) / 2, y1), padding=0)  # the lowest is at x0, y0
    corner = pixels(view.picture())[-80:-40, 60:100]
    assert not (corner == 255).all(axis=-1).any()


@pytest.mark.parametrize("highest", [31.0, 45.0, 80.0, 99.0, 140.0, 800.0])
@pytest.mark.parametrize("size", [SIZE, (420, 900)])
def test_no_number_of_the_colour_bar_lies_over_another(
    open_view: Open, base: Frame, monkeypatch: pytest.MonkeyPatch, highest: float, size: tuple[int, int]
) -> None:
    """Least of all over the one that says where the scale is cut."""
    losses = np.full((15, 15), 0.5)
    losses[3, 4] = 1e7
    heights = np.geomspace(np.sqrt(0.5 * highest), 0.5, 61)
    view, boxes = open_view("map", size=size), dict[str, Any]()
    view.show_frame(with_run(with_losses(base, losses), heights=heights))
    true = contour.draw_text

    def noted(painter: Any, at: QPointF, text: str, *rest: Any, **more: Any) -> Any:
        box = true(painter, at, text, *rest, **more)
        if more:  # on the bar, where words are aligned
            boxes[text] = box
        return box

    monkeypatch.setattr(contour, "draw_text", noted)
    view.picture()
    (cut,) = (text for text in boxes if "≥" in text)
    assert float(cut.lstrip("≥").replace(",", "")) >= highest * 0.99 and len(boxes) >= 4
    for (one, first), (other, second) in pairwise(sorted(boxes.items(), key=lambda each: each[1].top())):
        assert not first.adjusted(2, 2, -2, -2).intersects(second.adjusted(2, 2, -2, -2)), (one, other)


def test_the_ways_between_two_runs_are_drawn_and_named_on_the_map(open_view: Open, base: Frame) -> None:
    view = open_view("map", size=(1400, 700))
    named = {"way of low loss", "straight line"}
    view.show_frame(base)
    before = pixels(view.picture())
    with_ways = replace(base, bridge=bridged(base).bridge)
    view.show_frame(with_ways)
    changed = (pixels(view.picture()) != before).any(axis=-1)
    assert {words for _, words in contour._entries(with_ways)} - {words for _, words in contour._entries(base)} == named
    drawn = np.zeros_like(changed)
    for x in np.linspace(0.0, 1.0, 400):
        for y in (0.0, x * (1 - x)):
            at = viewport(view).mapTo(view, pixel(view, (x, y)))
            drawn[max(at.y() - 4, 0) : at.y() + 5, max(at.x() - 4, 0) : at.x() + 5] = True
    drawn[:30] = True  # the legend
    assert changed[30:].sum() > 300 and not (changed & ~drawn).any()
    view.show_frame(base)
    assert (pixels(view.picture()) == before).all()


# ---- the surface ------------------------------------------------------------------------------------------------


def test_the_ways_between_two_runs_lie_on_the_sheet_at_their_own_losses(base: Frame) -> None:
    frame = bridged(base)
    assert frame.bridge is not None and frame.plane is not None and frame.scale is not None
    (x0, x1), (y0, y1) = frame.plane.bounds
    for segments, losses, bend in zip(
        scene.ways(frame), (frame.bridge.curved, frame.bridge.straight), (1, 0), strict=True
    ):
        t = x0 + (segments[:, 0] + 1) / 2 * (x1 - x0)  # of this bridge, x is t
        np.testing.assert_allclose(y0 + (segments[:, 1] + 1) / 2 * (y1 - y0), bend * t * (1 - t), atol=1e-9)
        expected = scene.TOP * frame.scale(np.interp(t, frame.bridge.t, losses)) + scene.LIFT
        np.testing.assert_allclose(segments[:, 2], expected, atol=1e-9)
        assert len(segments) == 2 * 10 and t.min() == pytest.approx(0.0, abs=1e-9)  # half of its 20 pieces are inked
    broken = replace(frame.bridge, curved=np.where(frame.bridge.t < 0.5, np.inf, frame.bridge.curved))
    curve, straight = scene.ways(replace(frame, bridge=broken))
    assert 0 < len(curve) < 20 == len(straight)
    assert [len(segments) for segments in scene.ways(base)] == [0, 0]


@pytest.mark.gl
def test_the_ways_between_two_runs_are_drawn_and_named_on_the_surface(open_view: Open, base: Frame) -> None:
    view = open_view("surface", size=(1400, 700))
    with_ways = replace(base, bridge=bridged(base).bridge)
    pictures = []
    for frame in (base, with_ways, base):
        view.show_frame(frame)
        pictures.append(pixels(view.picture()))
    changed = (pictures[0] != pictures[1]).any(axis=-1)
    assert changed[40:].sum() > 300 and (pictures[1][40:][changed[40:]] > 200).all(axis=-1).sum() > 50
    assert (pictures[0] == pictures[2]).all()
    entries = [{words for _, words in surface3d._entries(frame)} for frame in (base, with_ways)]
    assert entries[1] - entries[0] == {"way of low loss", "straight line"}


def test_ended_runs_are_seen_where_they_lie_on_the_path_and_where_they_are_stumps(open_view: Open, base: Frame) -> None:
    assert base.run is not None and base.plane is not None
    covered = replace(base.run, slot=MOST_ENDED, label="the same way")  # which is drawn solid
    (x0, x1), (y0, y1) = base.plane.bounds
    aside = np.array([[x0 + 0.75 * (x1 - x0), (y0 + y1) / 2]])
    stump = replace(base.run, slot=1, label="a stump", coords=aside, length=1)
    view = open_view("map")

    def count(ink: str) -> int:
        near = np.abs(pixels(view.picture())[40:] - np.array(QColor(ink).getRgb()[:3])) <= 6
        return int(near.all(axis=-1).sum())

    view.show_frame(base)
    inks = [GHOSTS[ghost.slot].ink for ghost in (covered, stump)]
    before = [count(ink) for ink in (*inks, PATH)]
    view.show_frame(replace(base, runs=(covered, stump, base.run)))
    line, disc, path = (count(ink) - old for ink, old in zip((*inks, PATH), before, strict=True))
    assert line > 40 and 20 < disc < 80
    assert path + before[-1] > 0.5 * before[-1]  # the path is seen beside it
    middle, _ = spot(view.picture(), inks[1])
    box = area(view).sceneBoundingRect()
    assert middle > box.center().x() + 40


# ---- the loss curve ---------------------------------------------------------------------------------------------


def test_the_cursor_line_of_the_loss_curve_stands_at_its_step(open_view: Open, base: Frame) -> None:
    view = open_view("loss", LIGHT)

    def column(cursor: int) -> int:
        view.show_frame(replace(base, cursor=cursor))
        ink = QColor(LIGHT.ink).getRgb()[:3]
        dark = (np.abs(pixels(view.picture()) - ink) < 150).all(axis=-1)
        return int(dark.sum(axis=0).argmax())

    first, middle, last = column(0), column(30), column(60)
    assert last - first > 200 and middle == pytest.approx((first + last) / 2, abs=2)


def test_the_loss_curve_is_low_where_the_loss_is_low(open_view: Open, base: Frame) -> None:
    """The dot at the cursor: its height is linear in log₁₀ of the loss."""
    assert base.run is not None
    losses = np.geomspace(1.0, 0.01, 61)
    view = open_view("loss")
    heights = []
    for cursor in (0, 30, 60):
        view.show_frame(replace(with_run(base, losses=losses, heights=losses), cursor=cursor, surface=None))
        image = pixels(view.picture())
        accent = (np.abs(image - QColor(DARK.accent).getRgb()[:3]) <= 6).all(axis=-1)
        accent[:40] = False
        columns = np.nonzero(accent.any(axis=0))[0]
        width = columns[0] + round((columns[-1] - columns[0]) * cursor / 60)
        rows = np.nonzero(accent[:, max(width - 1, 0) : width + 2].any(axis=1))[0]
        heights.append(rows.mean())
    top, middle, bottom = heights
    assert bottom - top > 100 and middle == pytest.approx((top + bottom) / 2, abs=4)


def curve(open_view: Open, frame: Frame) -> LossCurve:
    view = open_view("loss")
    assert isinstance(view, LossCurve)
    view.show_frame(frame)
    return view


def named(view: LossCurve) -> list[str]:
    return [words for _, words in view._entries]


def test_the_loss_curve_shows_and_names_only_what_there_is(open_view: Open, small: Experiment, base: Frame) -> None:
    sheet = ["true loss", "on the sheet"]
    view = curve(open_view, base)
    assert named(view) == sheet  # every batch is all data, and none are held out
    batches = frame_at(with_batches(small, 7), None)
    view.show_frame(batches)
    assert named(view) == [*sheet, "on the mini-batch"]
    held = frame_at(with_field(with_batches(small, 7), "holdout", 0.25), None)
    view.show_frame(held)
    assert named(view) == [*sheet, "on the mini-batch", "on held-out data"]
    assert held.run is not None
    for item, losses in ((view._batch, held.run.batch_losses), (view._test, held.run.test_losses)):
        steps, values = item.getData()
        assert losses is not None
        np.testing.assert_allclose(10.0**values, losses[steps], rtol=1e-12)
    view.show_frame(frame_at(with_field(small, "holdout", 0.25), None))
    assert named(view) == [*sheet, "on held-out data"]
    view.show_frame(Frame())
    assert named(view) == ["true loss"] and not view._batch.isVisible() and not view._test.isVisible()


def test_ended_runs_are_compared_in_the_loss_curve(open_view: Open, base: Frame) -> None:
    """Those of another landscape, too; not those that are hidden; and one that has diverged leaves the picture."""
    run = base.run
    assert run is not None
    other = replace(run, label="other layers", losses=0.5 * run.losses, slot=2, elsewhere=True)
    wild = replace(run, label="wild", losses=run.losses * np.logspace(0, 200, len(run.losses)), slot=5)
    hidden = replace(run, label="hidden", slot=7, hidden=True)
    view = curve(open_view, base)
    (_, high) = area(view).viewRange()[1]
    view = curve(open_view, replace(base, runs=(other, wild, hidden, run)))
    assert {"other layers", "wild"} < set(named(view)) and "hidden" not in named(view)
    steps, losses = view._ended[2].getData()
    np.testing.assert_allclose(10**losses, other.losses[steps], rtol=1e-9)
    assert len(view._ended[7].getData()[0]) == 0
    assert area(view).viewRange()[1][1] < high + 2  # decades
    view.show_frame(base)
    assert "wild" not in named(view) and len(view._ended[5].getData()[0]) == 0


def test_changes_of_settings_do_not_cover_each_other(open_view: Open, base: Frame) -> None:
    """Eight of them at one step, in a low dock: each has a row of its own, or is a number."""
    run = base.run
    assert run is not None
    view, drawn = curve(open_view, base), list[Any]()
    changes = tuple(Change(10, f"Learning rate η {n} → {n + 1}") for n in range(8))
    before = curves.draw_text
    curves.draw_text = lambda painter, at, words, *rest: (
        drawn.append((at.y(), words)) or before(painter, at, words, *rest)
    )
    try:
        view.resize(420, 190)
        view.show_frame(replace(base, runs=(replace(run, changes=changes),)))
        view.picture()
    finally:
        curves.draw_text = before
    written = {(y, words) for y, words in drawn if "Learning rate" in words}
    assert written and len({y for y, _ in written}) == len({words for _, words in written})
    texts = {words for _, words in drawn}
    assert all(change.text in texts or str(number) in texts for number, change in enumerate(changes, 1))


def test_the_held_out_curve_is_the_loss_on_what_was_not_trained_on(open_view: Open, small: Experiment) -> None:
    """Trained and held-out losses, weighted by their shares of the samples, are the loss on all of them."""
    experiment = with_field(small, "holdout", 0.25)
    view = curve(open_view, replace(frame_at(experiment, None), logarithmic=False))
    steps, test = view._test.getData()
    _, train = view._true.getData()
    trajectory = experiment.run()
    whole = small.objective.loss(trajectory.params())
    np.testing.assert_allclose(0.75 * train + 0.25 * test, whole[steps], rtol=1e-9)


@pytest.mark.parametrize("size", [1, 2])
def test_nothing_is_said_of_the_sheet_where_it_is_all_there_is(open_view: Open, base: Frame, size: int) -> None:
    experiment = with_field(Experiment(title="Few", steps=20, resolution=11), "dataset", Linear(samples=20))
    experiment = with_field(experiment, "network", Network((1, 1), bias=size == 2))
    frame = frame_at(experiment, None)
    assert frame.objective is not None and frame.objective.size == size
    view = curve(open_view, base)
    view.show_frame(frame)
    assert named(view) == ["true loss"]
    values = view._sheet.getData()[1]
    assert values is None or not np.isfinite(values).any()


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_functions_have_no_sheet_beside_them_and_no_layers(open_view: Open, small: Experiment, kind: Any) -> None:
    frame = frame_at(msgspec.structs.replace(with_field(small, "function", kind()), steps=5, resolution=5), None)
    assert named(curve(open_view, frame)) == ["true loss"]
    layers = open_view("layers")
    layers.show_frame(frame)
    assert layers.accessibleDescription() == "No layers here: a function of x and y."


# ---- the layers -------------------------------------------------------------------------------------------------


def rows_of(view: View) -> list[list[float]]:
    """The numbers that are told to those who cannot see the view."""
    told = view.accessibleDescription().replace("−", "-").replace(",", "")
    return [[float(word) for word in row.split()] for row in told.split("; ")]


@pytest.mark.parametrize("cursor", [0, 3, 59])
def test_the_layers_tell_the_gradient_at_the_cursor(open_view: Open, small: Experiment, cursor: int) -> None:
    experiment = with_field(small, "network", Network((2, 5, 4, 3, 1)))
    frame = replace(frame_at(experiment, None), cursor=cursor)
    view = open_view("layers")
    view.show_frame(frame)
    rows, objective, state = rows_of(view), experiment.objective, experiment.run(cursor)[-1]
    assert isinstance(objective, Fit)
    assert [row[0] for row in rows] == [1, 2, 3, 4]
    # The gradient of the step itself, cut into layers; the product of backpropagation begins with the loss's own slope.
    norms = [np.linalg.norm(state.gradient[layer.start : layer.stop]) for layer in experiment.network.layers]
    np.testing.assert_allclose([row[1] for row in rows], norms, rtol=6e-3)
    outputs = experiment.network.forward(state.params[None], objective.features)[0]
    slope = objective.measure.slope(outputs, objective.targets)
    assert rows[-1][2] == pytest.approx(float(np.linalg.norm(slope)), rel=6e-3)
    np.testing.assert_allclose([row[2] for row in rows], objective.flow(state.params).signals, rtol=6e-3)
    for row, following in pairwise(rows):
        assert row[3] == pytest.approx(row[2] / following[2], rel=0.07)  # two digits of it
    assert len(rows[-1]) == 3  # the last has no next


def test_the_layers_of_a_saturated_network_tell_that_its_gradient_vanishes(open_view: Open, small: Experiment) -> None:
    """Sigmoids with small weights pass on at most a quarter of what reaches them, times the weights between."""
    network = Network((2, 4, 4, 4, 4, 1), activation="sigmoid")
    frame = frame_at(with_field(small, "network", network), 0)
    view = open_view("layers")
    view.show_frame(frame)
    rows, network = rows_of(view), frame.run.experiment.network  # type: ignore[union-attr]
    params = frame.state.params  # type: ignore[union-attr]
    for row, above in zip(rows, network.layers[1:], strict=False):
        most = 0.25 * np.linalg.norm(network.weights(params, above), 2)
        assert row[3] <= 1.05 * most


def test_the_layers_without_a_state_say_so(open_view: Open, base: Frame) -> None:
    view = open_view("layers")
    view.show_frame(base)
    assert rows_of(view)
    view.show_frame(Frame())
    assert view.accessibleDescription() == "No state yet."


# ---- how far to trust the picture -------------------------------------------------------------------------------


def told(open_view: Open, name: str, frame: Frame) -> str:
    """What is told to those who cannot see the view; minus signs as computers write them."""
    view = open_view(name)
    view.show_frame(frame)
    return view.accessibleDescription().replace("−", "-")


def test_the_sentence_and_the_figures_are_told(open_view: Open, base: Frame) -> None:
    frame = probed(replace(base, cursor=0))
    words, found = told(open_view, "trust", frame), frame.probe
    assert found is not None and base.run is not None and base.objective is not None and base.plane is not None
    assert found.trust.sentence in words
    start = base.run.trajectory[0]
    sheet = float(base.objective.loss(base.plane.point(base.plane.project(start.params))))
    values = np.linalg.eigvalsh(hessian(base.objective, start.params))
    for name, value in {
        "true loss": start.loss,
        "on the sheet": sheet,
        "off the plane": float(base.plane.distance(start.params)),
        "λmax": values[-1],
        "λmin": values[0],
        "limit": 2 * (1 + 0.9) / 0.1,
    }.items():
        told_value = words.partition(f"{name}: ")[2].split()[0]
        assert float(told_value) == pytest.approx(value, rel=6e-3), name
    assert f"({sheet - start.loss:+.3g})" in words
    assert "limit: 38 = (2 + 2β)/η" in words


def test_a_warning_and_the_kind_of_point_are_told(open_view: Open, base: Frame) -> None:
    frame = probed(base)
    assert frame.probe is not None
    warned = replace(frame.probe.forecast, warning="It overshoots.")
    flat = Point("saddle", 1, 0.0, "A saddle: so it is.")
    words = told(open_view, "trust", replace(frame, probe=replace(frame.probe, forecast=warned, point=flat)))
    assert words.endswith("⚠ It overshoots. A saddle: so it is.")


def test_of_two_parameters_it_is_said_that_the_picture_is_exact(open_view: Open) -> None:
    assert told(open_view, "trust", probed(of_two())).startswith("The picture is exact: ")


@pytest.mark.parametrize("name", ["trust", "slice", "spectrum"])
def test_without_a_probe_it_is_said_that_there_is_none(open_view: Open, base: Frame, name: str) -> None:
    """Also where there was one a moment ago."""
    view = open_view(name)
    view.show_frame(probed(base))
    before = view.accessibleDescription()
    view.show_frame(base)
    assert view.accessibleDescription() != before
    assert view.accessibleDescription() == told(open_view, name, base)


def test_figures_of_a_diverged_state_are_dashes(open_view: Open, small: Experiment) -> None:
    wild = with_field(with_field(small, "loss", "mse"), "network", Network((2, 4, 1), "relu"))
    wild = with_field(wild, "descent", msgspec.structs.replace(wild.descent, schedule=Constant(1e6)))
    frame = probed(frame_at(wild, None), False)
    words = told(open_view, "trust", frame)
    assert words.startswith("The descent has diverged") and "nan" not in words and "on the sheet: –" in words
    open_view("trust").show_frame(frame)


# ---- the slice --------------------------------------------------------------------------------------------------


def slice_of(open_view: Open, frame: Frame) -> SliceView:
    view = open_view("slice")
    assert isinstance(view, SliceView)
    view.show_frame(frame)
    return view


def test_the_slice_is_the_loss_along_the_line_with_what_touches_it(open_view: Open, base: Frame) -> None:
    """Along the gradient from the state: value, slope and curvature there are those of the drawn curves."""
    view, state = slice_of(open_view, probed(base)), base.state
    assert state is not None and base.objective is not None
    up = state.gradient / np.linalg.norm(state.gradient)
    t, loss = view._loss.getData()
    drawn = np.isfinite(loss)
    assert drawn.sum() > 50
    np.testing.assert_allclose(loss[drawn], base.objective.loss(state.params + t[drawn, None] * up), rtol=1e-9)
    ((at,), (height,)) = view._now.getData()
    assert at == pytest.approx(0.0, abs=1e-9) and height == pytest.approx(state.loss)
    slope, curvature = float(np.linalg.norm(state.gradient)), float(up @ hessian(base.objective, state.params) @ up)
    for item, bend in ((view._tangent, 0.0), (view._parabola, curvature)):
        places, heights = item.getData()
        drawn = np.isfinite(heights)
        assert drawn.sum() > 5
        np.testing.assert_allclose(
            heights[drawn], (state.loss + slope * places + bend / 2 * places**2)[drawn], rtol=1e-6
        )
    words = view.accessibleDescription().replace("−", "-")
    assert words.startswith("gradient: ")
    assert float(words.rpartition("curvature ")[2]) == pytest.approx(curvature, rel=6e-3)


def test_where_there_is_no_slice_the_reason_is_told(open_view: Open, base: Frame) -> None:
    frame = probed(replace(base, cursor=0), BetweenStates())
    words = told(open_view, "slice", frame)
    assert frame.probe is not None and words == frame.probe.missing and "the same state twice" in words


def test_the_barrier_between_two_states_is_told(open_view: Open, base: Frame) -> None:
    run, objective = base.run, base.objective
    assert run is not None and objective is not None
    first, last = run.trajectory[0].params, run.trajectory[60].params
    share = np.linspace(0.0, 1.0, 201)
    losses = objective.loss(first + share[:, None] * (last - first))
    expected = float((losses - ((1 - share) * losses[0] + share * losses[-1])).max())
    words = told(open_view, "slice", probed(base, BetweenStates()))
    assert float(words.rpartition("barrier ")[2]) == pytest.approx(expected, rel=6e-3, abs=1e-12)


def test_a_band_is_drawn_between_the_least_and_the_largest(open_view: Open, base: Frame) -> None:
    frame = probed(base, Ensemble(count=9))
    view = slice_of(open_view, frame)
    assert view._band.isVisible() and not view._parabola.isVisible() and not view._now.isVisible()
    profile = frame.probe.profile  # type: ignore[union-attr]
    assert profile is not None and profile.band is not None
    _, bottom = view._edges[0].getData()
    _, top = view._edges[1].getData()
    _, middle = view._loss.getData()
    inside = np.isfinite(middle)
    assert (bottom[inside] <= middle[inside]).all() and (middle <= top + 1e-12)[inside].all()
    np.testing.assert_allclose(bottom, profile.band[0])
    assert "median loss" in view.accessibleDescription()
    view.show_frame(probed(base))
    assert not view._band.isVisible()


@pytest.mark.parametrize(
    "losses",
    [
        np.linspace(-80.0, -20.0, 61),
        np.linspace(-1.0, 1.0, 61),
        np.abs(np.linspace(-3.0, 3.0, 61)) * (np.abs(np.linspace(-3.0, 3.0, 61)) > 2.9),
        np.array([1e299, 1.7e299, 1e299, 1.2e299]),
    ],
    ids=["below nought", "about nought", "nought nearly everywhere", "immense"],
)
def test_a_slice_fills_its_height(open_view: Open, base: Frame, losses: Array) -> None:
    """Whatever the sign of the loss: most of it is in the picture, which is not much higher than that."""
    view = slice_of(open_view, sliced(base, losses))
    low, high = area(view).viewRange()[1]
    inside = losses[(losses >= low) & (losses <= high)]
    assert len(inside) > 0.5 * len(losses)
    assert np.ptp(inside) > 0.5 * (high - low)


@pytest.mark.parametrize("losses", [HOLES, np.full(7, np.nan), np.full(7, np.inf)], ids=["some", "all", "walls"])
def test_what_is_not_finite_is_a_gap_in_the_slice(open_view: Open, base: Frame, losses: Array) -> None:
    view = slice_of(open_view, sliced(base, losses))
    low, high = area(view).viewRange()[1]
    assert np.isfinite([low, high]).all() and low < high
    _, drawn = view._loss.getData()
    assert not np.isfinite(drawn[~np.isfinite(losses)]).any()


def test_the_ways_between_two_runs_are_told(open_view: Open, base: Frame) -> None:
    words = told(open_view, "slice", bridged(base))
    assert "curve, barrier 0" in words and "straight, barrier 0.25" in words


# ---- the spectrum -----------------------------------------------------------------------------------------------


def test_the_spectrum_tells_how_many_directions_go_down(open_view: Open, base: Frame) -> None:
    state = base.state
    assert state is not None and base.objective is not None
    values = np.linalg.eigvalsh(hessian(base.objective, state.params))
    least = 1e-9 * np.abs(values).max()
    up, down = int((values > least).sum()), int((values < -least).sum())
    words = told(open_view, "spectrum", probed(base))
    assert words.startswith(f"{up} up; {down} down; {len(values) - up - down} level; trace ")
    assert float(words.rpartition("trace ")[2]) == pytest.approx(values.sum(), rel=6e-3)


def test_the_map_s_legend_gets_the_rows_that_it_needs_when_the_map_gets_narrower(open_view: Open, base: Frame) -> None:
    view: Any = open_view("map", size=(900, 500))
    view.show_frame(base)
    one = view._legend.height()
    for width in (260, 900):
        view.resize(width, 500)
        fresh: Any = open_view("map", size=(width, 500))
        fresh.show_frame(base)
        assert view._legend.height() == fresh._legend.height()
        assert (view._legend.height() > one) == (width == 260)
        assert view.picture() == fresh.picture()


def test_a_map_that_is_held_by_its_start_stays_where_it_is(open_view: Open, cases: dict[str, Frame]) -> None:
    """Whatever its legend would have to explain meanwhile: a run without a state yet, other runs, a way between two."""
    view = open_view("map", size=(300, 400))
    view.show_frame(cases["ghosts"])
    rendered, start = view.picture(), cases["ghosts"].run.coords[0]  # type: ignore[union-attr]

    def place() -> tuple[QPoint, QRectF]:
        return viewport(view).mapTo(view, pixel(view, tuple(start))), area(view).sceneBoundingRect()

    before, others = place(), [cases[name] for name in ("no state", "no run", "frame 3", "a bridge")]
    QTest.mousePress(viewport(view), LEFT, NONE, pixel(view, tuple(start)))
    for frame in others:
        view.show_frame(frame)
        assert place() == before
    QTest.mouseRelease(viewport(view), LEFT, NONE, pixel(view, tuple(start)))
    for frame in (*others, cases["ghosts"]):
        fresh = open_view("map", size=(300, 400))
        for each in (view, fresh):
            each.show_frame(frame)
        assert view.picture() == fresh.picture()
    assert view.picture() == rendered and place() == before


# ---- letters over the surface -----------------------------------------------------------------------------------


@pytest.mark.gl
@pytest.mark.parametrize(
    ("size", "scale"), [((860, 640), 1.0), ((520, 470), 1.0), ((640, 400), 1.4), ((475, 358), 1.4), ((250, 420), 1.4)]
)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_no_letter_of_the_surface_is_cut_off(
    open_view: Open, base: Frame, theme: Theme, size: tuple[int, int], scale: float
) -> None:
    view = open_view("surface", theme, scale, size)
    view.show_frame(base)
    image = pixels(view.picture())[..., :3]
    for edge in (image[:2], image[-2:], image[:, :2], image[:, -2:]):
        assert len(np.unique(edge.reshape(-1, 3), axis=0)) == 1


@pytest.mark.gl
@pytest.mark.parametrize("name", ["frame 3", "ghosts", "a bridge"])
def test_lines_of_a_picture_are_smoothed_alike_whatever_the_screen_showed(
    open_view: Open, cases: dict[str, Frame], name: str
) -> None:
    """A screen may have fewer samples a pixel; and where there is no land, lines are the first that is drawn."""
    bare, pictures = replace(cases[name], surface=cases["holes only"].surface), []
    for on_screen in (False, True):
        other, fresh = open_view("surface"), open_view("surface")
        other.show_frame(cases["frame 59"])
        other.picture()
        if on_screen:
            other.grab()
        fresh.show_frame(bare)
        pictures.append(fresh.picture())
    assert pictures[0] == pictures[1]


@pytest.mark.gl
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_the_legend_of_the_surface_is_read_over_the_sheet(open_view: Open, base: Frame, theme: Theme) -> None:
    """Zoomed in until the sheet is everywhere: behind the words there is next to nothing of its colours."""
    view: Any = open_view("surface", theme, 1.0, (420, 340))
    view.canvas.setCameraPosition(distance=1.2)
    view.show_frame(base)
    image = pixels(view.picture())[..., :3].astype(int)
    window = QColor(theme.window)
    paper = np.array([window.red(), window.green(), window.blue()])
    beside = np.abs(image[10:34, 8:10] - paper).max(axis=2)  # within the veil, beside the marks
    assert image[200:, :].std() > 10 and np.median(beside) < 60
