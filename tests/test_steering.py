"""Steering through the window's own widgets: forks, starts, lines and zoom by the mouse, undo and redo, and a storm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QVector3D
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from explorer.drawing import scene
from explorer.form import KindEditor
from explorer.form.editors import NumberEditor
from explorer.frame import Frame, Run, number
from explorer.history import GESTURE
from explorer.session import MOST_ENDED, Session
from explorer.views.map import ContourView
from explorer.window import Window
from model import Experiment, begin, with_field, with_text
from model.activations import Array
from model.optimizers import Adam, HeavyBall, Nesterov
from tests.clock import Clock, stop_clock
from tests.harness import (
    LEFT,
    NONE,
    SHIFT,
    area,
    at_share,
    drag,
    editor,
    heard,
    length,
    move,
    pick_by_mouse,
    pixel,
    plot,
    press,
    run_of,
    settle,
    trained,
    turn_wheel,
    type_into,
    until,
    viewport,
)

Open = Callable[..., Window]
OpenSession = Callable[[Experiment], Session]
Replay = Callable[[list[tuple[int, Experiment]], int], Array]

RATE = "descent.schedule.learning_rate"


@pytest.fixture
def window(open_window: Open, small: Experiment) -> Window:
    """A window with sixty steps made."""
    window = open_window(small)
    window.session.set_pace(0)
    trained(window.session)
    window.map.setFocus()
    return window


def type_rate(window: Window) -> None:
    type_into(editor(window, RATE).line, "0.0375")


def slide_rate(window: Window) -> None:
    found = editor(window, RATE)
    assert isinstance(found, NumberEditor)
    found.slider.setFocus()
    QTest.keyClick(found.slider, Qt.Key.Key_PageUp)


def check_fork(parent: Run, before: Array, ghost: Run, fork: Run, place: int) -> None:
    """What holds of every fork: it begins in the parent's state, bit for bit, and the parent is as it was."""
    assert ghost.trajectory is parent.trajectory and ghost.label == parent.label
    np.testing.assert_array_equal(ghost.trajectory.params(0, len(before)), before)
    origin, first = parent.trajectory[place], fork.trajectory[0]
    np.testing.assert_array_equal(first.params, origin.params)
    assert first.step == origin.step == fork.trajectory.first
    assert f"from step {origin.step:,}" in fork.label and fork.label.startswith("run ")


# ---- forks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [type_rate, slide_rate], ids=["typed", "slid"])
@pytest.mark.parametrize("place", [0, 1, 37, 59])
def test_scrubbed_back_a_changed_rate_begins_a_fork(
    window: Window, small: Experiment, heavy_ball: Replay, act: Any, place: int
) -> None:
    parent, before = run_of(window), run_of(window).trajectory.params()
    window.timeline.field.setFocus()
    window.timeline.field.selectAll()
    QTest.keyClicks(window.timeline.field, str(place))
    QTest.keyClick(window.timeline.field, Qt.Key.Key_Return)
    act(window)
    changed = window.session.experiment
    assert changed.descent.schedule.learning_rate != small.descent.schedule.learning_rate  # type: ignore[attr-defined]
    frame = settle(window.session)
    ghost, fork = frame.runs
    check_fork(parent, before, ghost, fork, place)
    assert fork.label == f"run 2 from step {place}" and fork.experiment == changed
    # As many steps as ever from where it begins, the velocity kept: the run whose rate was changed at that step.
    assert fork.length == 61 and frame.cursor == 60 and frame.following
    np.testing.assert_array_equal(
        fork.trajectory.params(), heavy_ball([(0, small), (place, changed)], place + 60)[place:]
    )
    assert window.timeline.field.value() == place + 60
    np.testing.assert_array_equal(ghost.losses[: ghost.length], small.run(60).losses())


def test_a_fork_may_begin_past_the_steps_that_are_asked_for(
    window: Window, small: Experiment, heavy_ball: Replay
) -> None:
    trained(window.session)
    assert length(window.session) == 121
    window.session.seek(100)
    type_rate(window)
    fork = settle(window.session).run
    assert fork is not None and fork.length == 61
    np.testing.assert_array_equal(
        fork.trajectory.params(), heavy_ball([(0, small), (100, window.session.experiment)], 160)[100:]
    )


@pytest.mark.parametrize("act", [type_rate, slide_rate], ids=["typed", "slid"])
def test_a_fork_while_training_leaves_every_recorded_state_to_its_parent(
    open_window: Open, small: Experiment, heavy_ball: Replay, act: Any
) -> None:
    endless = msgspec.structs.replace(small, steps=100_000)
    window = open_window(endless)
    window.session.set_pace(300)
    window.session.train()
    until(lambda: length(window.session) > 40)
    parent = run_of(window)
    window.session.seek(25)
    before = parent.trajectory.params(0, parent.length)
    assert window.session.training
    act(window)
    changed = window.session.experiment
    until(lambda: len(window.session.frame.runs) == 2 and length(window.session) > 0)
    ended = len(parent.trajectory)
    until(lambda: length(window.session) > 30)
    assert window.session.training and window.session.frame.following
    window.session.stop()
    ghost, fork = settle(window.session).runs
    check_fork(parent, before, ghost, fork, 25)
    assert ghost.length >= parent.length
    assert len(ghost.trajectory) == ended  # it is not trained any more
    np.testing.assert_array_equal(
        ghost.trajectory.params(0, ghost.length), heavy_ball([(0, endless)], ghost.length - 1)
    )
    last = 25 + fork.length - 1
    np.testing.assert_array_equal(
        fork.trajectory.params(0, fork.length), heavy_ball([(0, endless), (25, changed)], last)[25:]
    )


def with_optimizer(experiment: Experiment, optimizer: Any) -> Experiment:
    return with_field(experiment, "descent", msgspec.structs.replace(experiment.descent, optimizer=optimizer))


def test_a_fork_to_another_kind_with_the_same_memory_keeps_it(open_session: OpenSession, small: Experiment) -> None:
    """Nesterov's first step is by the heavy ball's velocity v of that state: −η(g + βv) with v ← βv + g."""
    session = open_session(with_optimizer(small, HeavyBall(momentum=0.8)))
    session.set_pace(0)
    parent = trained(session).run
    assert parent is not None
    session.seek(20)
    session.change(with_optimizer(session.experiment, Nesterov(momentum=0.8)))
    fork = settle(session).run
    assert fork is not None
    velocity = np.zeros(small.network.size)
    for state in list(parent.trajectory)[:21]:
        velocity = 0.8 * velocity + state.gradient
    first, second = fork.trajectory[0], fork.trajectory[1]
    rate = small.descent.schedule.rate(0)
    expected = first.params - rate * (first.gradient + 0.8 * velocity)
    np.testing.assert_allclose(second.params, expected, rtol=1e-10, atol=1e-13)


def test_a_fork_to_another_kind_begins_its_memory_anew(window: Window, small: Experiment) -> None:
    """Chosen in the form. Adam (Kingma & Ba 2015, algorithm 1), with t counted from the fork."""
    notices, parent = heard(window.session), run_of(window)
    before = parent.trajectory.params()
    window.session.seek(33)
    found = editor(window, "descent.optimizer")
    assert isinstance(found, KindEditor)
    names = [found.box.itemData(index) for index in range(found.box.count())]
    found.box.setCurrentIndex(names.index("adam"))
    found.box.activated.emit(found.box.currentIndex())
    frame = settle(window.session)
    ghost, fork = frame.runs
    check_fork(parent, before, ghost, fork, 33)
    assert any("begun anew" in words and "run 2 from step 33" in words for words in notices)
    adam, rate = window.session.experiment.descent.optimizer, small.descent.schedule.rate(0)
    assert isinstance(adam, Adam)
    params = fork.trajectory[0].params.copy()
    mean = squares = np.zeros_like(params)
    for t in range(1, 21):
        gradient = small.objective.loss_and_gradient(params)[1]
        mean = adam.beta1 * mean + (1 - adam.beta1) * gradient
        squares = adam.beta2 * squares + (1 - adam.beta2) * gradient**2
        corrected = np.sqrt(squares / (1 - adam.beta2**t)) + adam.eps
        params = params - rate * mean / (1 - adam.beta1**t) / corrected
        np.testing.assert_allclose(fork.trajectory[t].params, params, rtol=1e-8, atol=1e-11)


def test_a_fork_may_be_forked_again(window: Window, small: Experiment, heavy_ball: Replay) -> None:
    window.session.seek(10)
    type_rate(window)
    settle(window.session)
    second = window.session.experiment
    window.session.seek(5)  # step 15
    slide_rate(window)
    frame = settle(window.session)
    assert [run.label for run in frame.runs] == ["run 1", "run 2 from step 10", "run 3 from step 15"]
    parts = [(0, small), (10, second), (15, window.session.experiment)]
    np.testing.assert_array_equal(frame.runs[-1].trajectory.params(), heavy_ball(parts, 75)[15:])


VIEWED = {"plane": "random", "resolution": 11, "line": "last-step", "steps": 90, "title": "Another"}


@pytest.mark.parametrize("name", VIEWED)
def test_another_look_is_no_fork(window: Window, name: str) -> None:
    before, params = run_of(window), run_of(window).trajectory.params()
    window.session.seek(20)
    window.session.change(with_field(window.session.experiment, name, VIEWED[name]))
    assert getattr(window.session.experiment, name) != getattr(before.experiment, name)
    frame = settle(window.session)
    assert len(frame.runs) == 1 and frame.run is not None and frame.cursor == 20 and not frame.run.changes
    assert frame.run.trajectory is before.trajectory and len(frame.run.trajectory) == 61
    np.testing.assert_array_equal(frame.run.trajectory.params(), params)


@pytest.mark.parametrize("place", [60, None])
def test_at_the_newest_state_a_change_is_no_fork(window: Window, place: int | None) -> None:
    if place is not None:
        window.session.seek(place)  # which is the newest, but nobody follows it
    type_rate(window)
    frame = settle(window.session)
    assert len(frame.runs) == 1 and frame.run is not None and [c.step for c in frame.run.changes] == [60]


def test_so_many_ended_runs_stay_and_the_oldest_goes(window: Window) -> None:
    for fork in range(MOST_ENDED + 3):
        window.session.seek(10 + fork)
        window.session.change(with_text(window.session.experiment, RATE, f"0.{fork + 11}"))
        frame = settle(window.session)
        assert len(frame.runs) == min(fork + 2, MOST_ENDED + 1)
    assert MOST_ENDED == 12
    assert [run.label.split(" from")[0] for run in frame.runs] == [f"run {n}" for n in range(4, 17)]


# ---- the map, by mouse ------------------------------------------------------------------------------------------


def per_pixel(window: Window) -> float:
    """So much of the plane's coordinates is one pixel."""
    (x0, x1), _ = area(window.map).viewRange()
    return float((x1 - x0) / area(window.map).sceneBoundingRect().width())


def picked(view: Any) -> list[tuple[float, float]]:
    spots: list[tuple[float, float]] = []
    view.picked.connect(spots.append)
    return spots


def check_start(frame: Frame, plane: Any, coords: tuple[float, float]) -> None:
    """The run begins at θ = origin + x·u + y·v of the plane that was drawn."""
    assert frame.run is not None
    start = frame.run.trajectory[0]
    np.testing.assert_array_equal(start.params, plane.point(np.array(coords)))
    u, v = plane.directions
    np.testing.assert_allclose(start.params, plane.origin + coords[0] * u + coords[1] * v, rtol=1e-13, atol=1e-13)
    assert start.step == 0


@pytest.mark.parametrize("share", [(0.5, 0.5), (0.1, 0.85), (0.93, 0.2)])
@pytest.mark.parametrize("while_training", [True, False])
def test_a_click_on_the_map_is_a_start_exactly_there(
    window: Window, small: Experiment, pacer: Clock, share: tuple[float, float], while_training: bool
) -> None:
    parent, spots, notices = run_of(window), picked(window.map), heard(window.session)
    before = parent.trajectory.params(0, 61)
    if while_training:
        window.session.set_pace(100)
        window.session.train()
        pacer.now += 1.0
        until(lambda: length(window.session) > 65)
    plane, wanted = window.session.frame.plane, at_share(window.session, *share)
    window.session.set_pace(0)
    QTest.mouseClick(viewport(window.map), LEFT, pos=pixel(window.map, wanted))
    (spot,) = spots
    assert spot == pytest.approx(wanted, abs=1.01 * per_pixel(window))
    where = f"at ({number(spot[0])}, {number(spot[1])})"
    assert window.session.training and where in notices[-1]
    frame = settle(window.session)
    assert len(frame.runs) == 2 and frame.run is not None and frame.run.length == 61
    assert frame.run.label == f"run 2 {where}"
    check_start(frame, plane, spot)
    assert frame.runs[0].trajectory is parent.trajectory
    np.testing.assert_array_equal(parent.trajectory.params(0, 61), before)
    # A momentum that begins at rest there: what one finds who starts there without a window.
    params, velocity = frame.run.trajectory[0].params, np.zeros(small.network.size)
    for state in frame.run.trajectory:
        np.testing.assert_array_equal(state.params, params)
        velocity = small.descent.optimizer.momentum * velocity + small.objective.loss_and_gradient(params)[1]  # type: ignore
        params = params + -small.descent.schedule.rate(0) * velocity


def test_a_click_on_a_function_s_map_is_its_start_in_the_form_too_and_can_be_undone(
    open_window: Open, small: Experiment
) -> None:
    experiment = with_field(small, "function", "himmelblau")
    window = open_window(experiment)
    window.session.set_pace(0)
    settle(window.session)
    spots, plane = picked(window.map), window.session.frame.plane
    QTest.mouseClick(viewport(window.map), LEFT, pos=pixel(window.map, at_share(window.session, 0.3, 0.7)))
    frame = settle(window.session)
    check_start(frame, plane, spots[0])
    function: Any = window.session.experiment.function
    np.testing.assert_array_equal([function.x, function.y], frame.run.trajectory[0].params)  # type: ignore[union-attr]
    np.testing.assert_array_equal(window.session.experiment.start, frame.run.trajectory[0].params)  # type: ignore
    assert window.controls.editor("function.x").line.text() == f"{function.x:g}"
    started = window.session.experiment
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.session.experiment == experiment
    press(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert window.session.experiment == started
    settle(window.session)


def test_a_click_beside_the_land_starts_nothing(window: Window) -> None:
    spots, there, axis = picked(window.map), viewport(window.map), plot(window.map).getAxis("left")
    (x0, x1), (y0, y1) = window.session.frame.plane.bounds  # type: ignore[union-attr]
    area(window.map).setRange(
        xRange=(x0 - (x1 - x0), x1 + (x1 - x0)), yRange=(y0 - (y1 - y0), y1 + (y1 - y0)), padding=0
    )
    QApplication.processEvents()
    for share in ((-0.3, 0.5), (1.3, 0.5), (0.5, -0.3), (0.5, 1.3)):
        QTest.mouseClick(there, LEFT, pos=pixel(window.map, at_share(window.session, *share)))
    QTest.mouseClick(there, LEFT, pos=plot(window.map).mapFromScene(axis.sceneBoundingRect().center()))
    QTest.mouseClick(there, Qt.MouseButton.MiddleButton, pos=pixel(window.map, at_share(window.session, 0.5, 0.5)))
    frame = settle(window.session)
    assert not spots and len(frame.runs) == 1 and not frame.training
    QTest.mouseClick(there, LEFT, pos=pixel(window.map, at_share(window.session, 0.5, 0.5)))  # but inside it does
    assert len(spots) == 1
    settle(window.session)


def test_a_drag_moves_the_map_and_starts_nothing(window: Window) -> None:
    before, spots = window.session.frame.plane, picked(window.map)
    (left, _), (bottom, _) = area(window.map).viewRange()
    first, last = (pixel(window.map, at_share(window.session, *share)) for share in ((0.6, 0.5), (0.4, 0.3)))
    drag(viewport(window.map), first, last)
    until(lambda: window.session.frame.plane is not before)
    frame = settle(window.session)
    assert not spots and len(frame.runs) == 1 and frame.plane is not None and before is not None
    # The land went to the left and down with the mouse: what is seen, and surveyed now, lies to the right and above.
    assert frame.plane.bounds[0][0] > left and frame.plane.bounds[1][0] > bottom
    np.testing.assert_array_equal(frame.plane.directions, before.directions)


def test_shift_and_a_drag_draw_a_line_that_the_slice_follows(window: Window) -> None:
    spots, ends = picked(window.map), []
    window.map.lined.connect(ends.append)
    window.dock("slice").hide()
    plane, objective = window.session.frame.plane, window.session.experiment.objective
    for shares in (((0.2, 0.3), (0.8, 0.6)), ((0.7, 0.2), (0.3, 0.9))):
        wanted = [at_share(window.session, *share) for share in shares]
        first, last = (pixel(window.map, coords) for coords in wanted)
        drag(viewport(window.map), first, last, SHIFT)
        drawn = ends[-1]
        np.testing.assert_allclose(drawn, wanted, atol=1.01 * per_pixel(window))
        assert window.views["slice"].isVisible()
        expected = objective.loss(plane.point(np.array(drawn)))  # type: ignore[union-attr]

        def follows(expected: Array = expected) -> bool:
            profile = window.session.frame.probe and window.session.frame.probe.profile
            return bool(profile) and np.allclose(profile.loss[[0, -1]], expected, rtol=1e-9, atol=0)  # type: ignore

        until(follows)
        assert window.views["slice"].accessibleDescription().startswith("drawn on the map")
    frame = settle(window.session)
    assert not spots and len(frame.runs) == 1 and frame.plane is plane and len(ends) == 2


@pytest.mark.parametrize("notches", [4, -4])
def test_the_wheel_surveys_what_is_seen_and_0_brings_back_the_whole(window: Window, notches: int) -> None:
    whole = window.session.frame.plane
    assert whole is not None
    turn_wheel(viewport(window.map), pixel(window.map, at_share(window.session, 0.6, 0.4)), notches)
    until(lambda: window.session.frame.plane is not whole)
    frame = settle(window.session)
    plane, surface = frame.plane, frame.surface
    assert plane is not None and surface is not None
    np.testing.assert_array_equal(plane.bounds, area(window.map).viewRange())
    (x0, x1), (w0, w1) = plane.bounds[0], whole.bounds[0]
    assert (x1 - x0 < w1 - w0) == (notches > 0)
    np.testing.assert_array_equal(plane.directions, whole.directions)
    grid = np.stack(np.meshgrid(surface.x, surface.y, indexing="ij"), axis=-1)
    exact = window.session.experiment.objective.loss(whole.point(grid))
    np.testing.assert_allclose(surface.loss, exact, rtol=1e-4, atol=1e-6)
    window.map.setFocus()
    press(window, Qt.Key.Key_0)
    frame = settle(window.session)
    assert frame.plane is not None and frame.plane.bounds == whole.bounds and len(frame.runs) == 1
    for seen, bounds in zip(area(window.map).viewRange(), whole.bounds, strict=True):
        assert seen[0] <= bounds[0] + 1e-9 and seen[1] >= bounds[1] - 1e-9


def test_a_start_in_a_part_of_the_plane_keeps_that_part_in_view(window: Window) -> None:
    turn_wheel(viewport(window.map), pixel(window.map, at_share(window.session, 0.6, 0.4)), 3)
    whole = window.session.frame.plane
    until(lambda: window.session.frame.plane is not whole)
    plane, spots = settle(window.session).plane, picked(window.map)
    QTest.mouseClick(viewport(window.map), LEFT, pos=pixel(window.map, at_share(window.session, 0.25, 0.25)))
    check_start(settle(window.session), plane, spots[0])


# ---- the surface, by mouse --------------------------------------------------------------------------------------


@pytest.mark.gl
@pytest.mark.parametrize("elevation", [90, 42])
def test_a_click_on_the_surface_is_a_start_exactly_there(window: Window, elevation: int) -> None:
    canvas = window.surface.canvas
    assert canvas.isValid()
    canvas.setCameraParams(elevation=elevation, azimuth=-66)
    canvas.repaint()
    spots, frame = picked(window.surface), window.session.frame
    plane, scale = frame.plane, frame.scale
    assert plane is not None and scale is not None and frame.surface is not None
    project = canvas._projection(canvas.width(), canvas.height())

    def place(coords: tuple[float, float]) -> QPoint:
        """The pixel of the sheet's point over coordinates of the plane."""
        x, y = scene.to_box(np.array(coords), plane.bounds)
        height = scene.TOP * float(scale(np.array(window.session.loss_at(coords))))
        return project.map(QVector3D(x, y, height)).toPointF().toPoint()

    wanted = place(at_share(window.session, 0.35, 0.6))
    QTest.mouseClick(canvas, LEFT, pos=wanted)
    (spot,) = spots
    assert (place(spot) - wanted).manhattanLength() <= 6  # on the sheet, under the pointer
    if elevation == 90:  # from above no fold hides another
        assert spot == pytest.approx(at_share(window.session, 0.35, 0.6), abs=0.03 * np.ptp(plane.bounds[0]))
    check_start(settle(window.session), plane, spot)
    before = len(window.session.frame.runs)
    QTest.mouseClick(canvas, LEFT, pos=QPoint(3, canvas.height() - 3))  # beside the sheet
    drag(canvas, wanted, wanted + QPoint(40, 25))
    frame = settle(window.session)
    assert len(spots) == 1 and len(frame.runs) == before and not frame.training


# ---- undo and redo ----------------------------------------------------------------------------------------------

CHANGES: dict[str, tuple[str, str]] = {
    "widths": ("network.widths", "2-6-1"),
    "data": ("dataset.samples", "50"),
    "seed": ("seed", "9"),
    "loss": ("loss", "mse"),
    "activation": ("network.activation", "sigmoid"),
    "optimizer": ("descent.optimizer", "adam"),
    "momentum": ("descent.optimizer.momentum", "0.35"),
    "rate": (RATE, "0.123"),
    "schedule": ("descent.schedule", "cosine"),
    "batch": ("descent.batch_size", "8"),
    "plane": ("plane", "steepest"),
    "grid": ("resolution", "15"),
    "slice": ("line", "last-step"),
    "function": ("function", "saddle"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_kind_of_change_is_undone_and_redone_by_the_keyboard(window: Window, name: str) -> None:
    path, value = CHANGES[name]
    before, notices = window.session.experiment, heard(window.session)
    after = with_text(before, path, value)
    assert after != before
    window.session.change(after)
    settle(window.session)
    for key, expected, word in (
        (Qt.Key.Key_Z, before, "Undo: "),
        (Qt.Key.Key_Y, after, "Redo: "),
        (Qt.Key.Key_Z, before, "Undo: "),
    ):
        window.map.setFocus()
        press(window, key, Qt.KeyboardModifier.ControlModifier)
        assert window.session.experiment == expected and notices[-1].startswith(word) and "→" in notices[-1]
        frame = settle(window.session)
        assert frame.run is not None and frame.run.experiment == expected
        assert frame.objective is expected.objective
    window.map.setFocus()
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert notices[-1] == "Nothing to undo." and window.session.experiment == before


def test_a_row_of_changes_is_undone_in_order(open_session: OpenSession, small: Experiment) -> None:
    session = open_session(small)
    session.set_pace(0)
    trained(session)
    states = [small]
    for path, value in CHANGES.values():
        if path != "descent.optimizer.momentum":  # Adam has none
            session.change(with_text(session.experiment, path, value))
            states.append(session.experiment)
    assert len(set(map(repr, states))) == len(states) > 12
    for expected in states[-2::-1]:
        session.undo()
        assert session.experiment == expected
    for expected in states[1:]:
        session.redo()
        assert session.experiment == expected
    notices = heard(session)
    session.redo()
    assert notices == ["Nothing to redo."]
    settle(session)


def test_a_drag_of_a_slider_is_undone_at_once(window: Window, small: Experiment) -> None:
    slider = editor(window, RATE).slider
    slider.setFocus()
    for _ in range(10):
        QTest.keyClick(slider, Qt.Key.Key_Left)
    assert window.session.experiment != small
    window.session.undo()
    assert window.session.experiment == small
    assert window.controls.editor(RATE).line.text() == f"{small.descent.schedule.rate(0):g}"
    settle(window.session)


@pytest.mark.parametrize("function", ["network", "rosenbrock"])
def test_new_starts_are_undone_one_after_another(
    open_session: OpenSession, small: Experiment, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    session = open_session(with_field(small, "function", function))
    session.set_pace(0)
    states, clock = [session.experiment], stop_clock(monkeypatch, "explorer.history")
    for _ in range(2):
        clock.now += 1.1 * GESTURE  # those that follow quickly are one gesture
        session.new_start()
        states.append(session.experiment)
        settle(session)
    for expected in states[-2::-1]:
        session.undo()
        assert session.experiment == expected
        start = settle(session).run.trajectory[0].params  # type: ignore[union-attr]
        np.testing.assert_array_equal(start, expected.start)


# ---- at the edges -----------------------------------------------------------------------------------------------


def test_a_start_beside_what_a_function_takes_is_refused_or_made(open_session: OpenSession, small: Experiment) -> None:
    """A start may be clicked wherever one has zoomed to."""
    session = open_session(with_field(small, "function", "bowl"))
    session.set_pace(0)
    settle(session)
    session.start_at((3e3, -4e3))
    frame = settle(session)
    assert frame.run is not None
    expected = begin(session.experiment.objective, session.experiment.descent, np.array([3e3, -4e3]))
    np.testing.assert_allclose(frame.run.trajectory[0].params, expected.params, rtol=1e-12)
    assert frame.run.losses[0] == pytest.approx(12.5e6)
    notices = heard(session)
    session.start_at((3e9, 0.0))
    assert len(notices) == 1 and "3000000000" in notices[0] and "allowed" in notices[0]
    assert settle(session).runs == frame.runs


def test_zooming_from_a_wide_land_into_a_corner_of_it(open_window: Callable[..., Window]) -> None:
    """Its lowest point then lies thousands of pixels outside; an exception while painting would end the program."""
    window = open_window(Experiment(function="saddle", steps=40, resolution=21))  # type: ignore[arg-type]
    session = window.session
    for bounds in (((-200.0, 200.0), (-2.0, 400.0)), ((-0.5, 0.25), (0.0, 0.75))):
        session.zoom(bounds)
        until(lambda wanted=bounds: shows(session, wanted))


def shows(session: Session, bounds: Any) -> bool:
    """Whether that part of the plane is drawn, whole."""
    frame = session.frame
    return frame.plane is not None and frame.plane.bounds == bounds and not frame.surveying


# ---- the start, dragged -----------------------------------------------------------------------------------------


def pull(view: ContourView, first: QPoint, last: QPoint, steps: int = 6) -> list[tuple[float, float]]:
    """Press and move as hands do, each move being taken up before the next; gives back where, at each, the start was.

    The mouse is not let go."""
    spots = picked(view)
    QTest.mousePress(viewport(view), LEFT, NONE, first)
    for part in range(1, steps + 1):
        move(viewport(view), first + (last - first) * (part / steps))
        until(lambda part=part: len(spots) == part)
    return spots


@pytest.mark.parametrize("function", ["network", "himmelblau"])
def test_the_start_is_dragged_on_the_map_and_its_path_goes_with_it(
    open_window: Open, small: Experiment, pacer: Clock, function: str
) -> None:
    before = with_field(small, "function", function)
    window = open_window(before)
    session = window.session
    session.set_pace(0)
    parent = trained(session).run
    assert parent is not None
    plane, (left, _) = session.frame.plane, area(window.map).viewRange()[0]
    session.set_pace(1)  # a path that is dragged is made as fast as it goes all the same
    wanted = at_share(session, 0.5, 0.4)
    first, last = pixel(window.map, tuple(parent.coords[0])), pixel(window.map, wanted)
    spots = pull(window.map, first, last)
    until(lambda: session.frame.runs[-1].number == 2 and length(session) > 5)  # at its pace none would be due
    QTest.mouseRelease(viewport(window.map), LEFT, NONE, last)
    assert len(spots) == 6
    assert spots[-1] == pytest.approx(wanted, abs=1.01 * per_pixel(window))
    session.set_pace(0)
    frame = settle(session)
    assert [run.number for run in frame.runs] == [1, 2] and frame.runs[0].trajectory is parent.trajectory
    check_start(frame, plane, spots[-1])
    assert area(window.map).viewRange()[0][0] == left  # the map did not move with it
    window.map.setFocus()
    press(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert session.experiment == before
    settle(session)


def test_a_press_on_the_start_that_does_not_move_does_nothing(window: Window) -> None:
    QTest.mouseClick(viewport(window.map), LEFT, pos=pixel(window.map, tuple(run_of(window).coords[0])))
    assert len(settle(window.session).runs) == 1 and not window.session.training


def test_the_pointer_says_what_can_be_taken_hold_of(window: Window) -> None:
    for coords, shape in (
        (run_of(window).coords[0], "OpenHandCursor"),
        (at_share(window.session, 0.02, 0.02), "ArrowCursor"),
    ):
        move(viewport(window.map), pixel(window.map, tuple(coords)), held=Qt.MouseButton.NoButton)
        assert viewport(window.map).cursor().shape() == getattr(Qt.CursorShape, shape)


# ---- gestures ---------------------------------------------------------------------------------------------------


def test_a_drag_that_pauses_is_still_one_step_back_and_one_mark(
    window: Window, small: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    slider, clock = editor(window, RATE).slider, stop_clock(monkeypatch, "explorer.history")
    handle = QPoint(slider.width() * slider.value() // slider.maximum(), slider.height() // 2)
    QTest.mousePress(slider, LEFT, NONE, handle)
    assert slider.isSliderDown()
    for pixels in (4, 8):
        move(slider, handle + QPoint(pixels, 0))
        clock.now += 1.1 * GESTURE
    QTest.mouseRelease(slider, LEFT, NONE, handle + QPoint(8, 0))
    assert window.session.experiment != small and len(settle(window.session).runs[-1].changes) == 1
    QTest.keyClick(slider, Qt.Key.Key_Right)  # at once, and yet another gesture
    window.session.undo()
    assert window.session.experiment != small
    window.session.undo()
    assert window.session.experiment == small
    settle(window.session)


def test_two_starts_in_a_moment_are_two_steps_back(window: Window, small: Experiment) -> None:
    for _ in range(2):
        press(window, Qt.Key.Key_N)
    assert window.session.experiment.seed == small.seed + 2
    window.session.undo()
    assert window.session.experiment.seed == small.seed + 1
    settle(window.session)


def test_control_and_arrows_go_from_change_to_change(window: Window, small: Experiment) -> None:
    session = window.session
    for rate in ("0.05", "0.2"):
        session.hold(False)  # another gesture, though at once
        session.change(with_text(session.experiment, RATE, rate))
        trained(session)
    control, places, notices = Qt.KeyboardModifier.ControlModifier, [], heard(session)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Right):
        press(window, key, control)
        places.append(session.frame.cursor)
    assert places == [120, 60, 60, 120, 120] and len(notices) == 2 and "No setting was changed" in notices[0]


# ---- whose keys they are ----------------------------------------------------------------------------------------


def test_after_enter_letters_are_the_window_s_keys_again(window: Window, pacer: Clock) -> None:
    type_rate(window)
    line = window.controls.editor(RATE).line  # type: ignore[attr-defined]
    assert not line.hasFocus() and window.session.experiment.descent.schedule.rate(0) == 0.0375
    window.session.set_pace(1)
    press(window, Qt.Key.Key_T)
    assert window.session.training and line.text() == "0.0375"
    window.session.set_pace(0)
    settle(window.session)


@pytest.mark.parametrize("typed", ["0.5", "nonsense"])
def test_escape_brings_back_what_was_there_and_leaves(window: Window, small: Experiment, typed: str) -> None:
    found = editor(window, RATE)
    before = found.line.text()
    found.line.setFocus()
    found.line.selectAll()
    QTest.keyClicks(found.line, typed)
    QTest.keyClick(found.line, Qt.Key.Key_Escape)
    assert found.line.text() == before and not found.line.hasFocus() and found.problem.isHidden()
    assert window.session.experiment == small


def test_a_closed_list_leaves_letters_to_the_window_and_arrows_to_itself(
    window: Window, small: Experiment, pacer: Clock
) -> None:
    box = editor(window, "network.activation").box
    box.setFocus()
    assert box.hasFocus()
    window.session.set_pace(1)
    press(window, Qt.Key.Key_T)
    assert window.session.training and window.session.experiment == small
    window.session.set_pace(0)
    settle(window.session)
    press(window, Qt.Key.Key_Down)
    assert window.session.experiment.network.activation != small.network.activation
    settle(window.session)


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # a popup without a display
def test_a_choice_by_the_mouse_leaves_the_keyboard_where_it_was(window: Window) -> None:
    box = editor(window, "network.activation").box
    window.map.setFocus()
    pick_by_mouse(box, 2)
    assert window.session.experiment.network.activation == box.itemData(2)
    assert not box.hasFocus()


def test_f6_goes_to_the_settings_and_back(window: Window) -> None:
    line = editor(window, RATE).line
    line.setFocus()
    for expected in (window.map, line, window.map, line):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_F6)
        assert expected.hasFocus() or expected.isAncestorOf(QApplication.focusWidget() or window)


def test_what_has_the_keyboard_in_the_settings_is_in_sight(window: Window) -> None:
    bar = window.controls.verticalScrollBar()
    bar.setValue(bar.maximum())
    first = window.controls.editor("function").focusProxy()
    assert first is not None
    first.setFocus(Qt.FocusReason.TabFocusReason)
    top = first.mapTo(window.controls.viewport(), QPoint(0, 0)).y()
    assert 0 <= top < window.controls.viewport().height()


def test_a_click_on_the_scrubber_goes_there(window: Window) -> None:
    slider = window.timeline.slider
    for share in (0.25, 0.8, 0.5):
        QTest.mouseClick(slider, LEFT, pos=QPoint(round(share * slider.width()), slider.height() // 2))
        window.session.tick()
        assert window.session.frame.cursor == pytest.approx(60 * share, abs=1.5)


# ---- remembered -------------------------------------------------------------------------------------------------


def test_speeds_are_remembered(open_window: Open, small: Experiment) -> None:
    window = open_window(small)
    for box, index in ((window.timeline.speed, 4), (window.timeline.pace, 5), (window.timeline.end, 2),
                       (window.timeline.time, 1)):  # fmt: skip
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(index):
            QTest.keyClick(box, Qt.Key.Key_Down)
    said = window.session.pace, window.session.playback.speed, window.session.playback.end
    assert window.session.playback.every
    window.close()
    again = open_window(small)
    assert (again.session.pace, again.session.playback.speed, again.session.playback.end) == said == (
        1000, 4.0, "there and back"
    )  # fmt: skip
    assert again.session.playback.every and again.timeline.pace.currentData() == 1000


@pytest.mark.parametrize("kept", ["", "nonsense", "[1, 2]", '[17, "fast", "never", 3]', "null"])
def test_nonsense_that_was_kept_is_passed_over(open_window: Open, small: Experiment, stored: Any, kept: str) -> None:
    stored.keep("playback", kept)
    session = open_window(small).session
    assert (session.pace, session.playback.speed, session.playback.end) == (60, 1.0, "once")
