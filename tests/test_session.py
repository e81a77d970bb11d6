"""The session: whatever is wished, in whatever order and however fast, one run without a gap and a frame that fits."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from explorer.frame import Frame, shown, summary
from explorer.session import MOST_ENDED, PROBED, Session
from explorer.session import probing as probing_module
from explorer.session import surveying as surveying_module
from model import (
    PLANES,
    Experiment,
    Look,
    Network,
    Probe,
    RandomNormalized,
    SettingError,
    TwoParameters,
    landscape,
    probe,
    with_field,
)
from model.activations import Array
from model.datasets import Moons, Sine
from model.optimizers import Adam, HeavyBall, Nesterov
from model.plane import Steepest
from model.settings import kind_of
from tests.clock import Clock, stop_clock
from tests.harness import PATIENCE, heard, length, settle, trained, until

Replay = Callable[[list[tuple[int, Experiment]], int], Array]


@pytest.fixture
def session(open_session: Callable[[Experiment], Session], small: Experiment) -> Session:
    """A session at its start, surveyed, at full speed."""
    session = open_session(small)
    session.set_pace(0)
    settle(session)
    return session


def rate(experiment: Experiment, value: float) -> Experiment:
    schedule = msgspec.structs.replace(experiment.descent.schedule, learning_rate=value)
    return with_field(experiment, "descent", msgspec.structs.replace(experiment.descent, schedule=schedule))


def check(frame: Frame) -> None:
    """What holds of every frame."""
    assert frame.runs
    for run in frame.runs:
        assert len(run.coords) >= run.length and len(run.losses) >= run.length and len(run.heights) >= run.length
        np.testing.assert_array_equal(run.losses[: run.length], run.trajectory.losses(0, run.length))
        assert np.isfinite(run.losses[: run.length]).all()
        if run.elsewhere:
            assert run is not frame.run and np.isnan(run.coords).all() and run not in frame.ghosts
        elif frame.plane is not None and run.length:
            expected, coords = frame.plane.project(run.trajectory.params(0, run.length)), run.coords[: run.length]
            known = np.isfinite(coords).all(axis=1)
            # Ended runs are not drawn beside a plane that moves, nor until the next one rests.
            assert known.all() or (run is not frame.run and not known.any())
            np.testing.assert_allclose(coords[known], expected[known], rtol=1e-6, atol=1e-9)
    if frame.run is not None:
        assert 0 <= frame.cursor < frame.run.length
        assert frame.state is not None and frame.state.step == frame.run.trajectory.first + frame.cursor


# ---- training ---------------------------------------------------------------------------------------------------


def test_a_session_begins_at_the_experiment_s_start(session: Session, small: Experiment) -> None:
    frame = session.frame
    check(frame)
    assert frame.run is not None and frame.run.length == 1 and not frame.training
    np.testing.assert_array_equal(frame.run.trajectory[0].params, small.begin().params)


def test_training_makes_the_steps_asked_for_and_says_so(
    session: Session, small: Experiment, heavy_ball: Replay
) -> None:
    notices = heard(session)
    frame = trained(session)
    check(frame)
    assert frame.run is not None and frame.run.length == 61 and frame.cursor == 60
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball([(0, small)], 60))
    assert "60" in notices[-1] and "T trains on" in notices[-1]
    frame = trained(session)
    assert frame.run is not None and frame.run.length == 121
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball([(0, small)], 120))


def test_stopping_keeps_every_state_and_training_goes_on_from_there(
    session: Session, pacer: Clock, small: Experiment, heavy_ball: Replay
) -> None:
    session.set_pace(200)
    notices = heard(session)
    session.train()
    pacer.now += 1.0
    until(lambda: length(session) > 5)
    session.toggle_training()
    assert not session.training and "stopped" in notices[-1]
    frame = settle(session)
    assert frame.run is not None
    stopped = frame.run.length
    assert 5 < stopped < 61
    session.set_pace(0)
    session.toggle_training()
    frame = settle(session)
    assert frame.run is not None and frame.run.length == stopped + 60
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball([(0, small)], stopped + 59))


def test_pace_is_steps_a_second(session: Session, pacer: Clock) -> None:
    """By a clock that is moved by hand: after it has made up for a tenth of a second, so many as are due."""
    session.set_pace(100)
    session.train()
    pacer.now += 1.0
    until(lambda: length(session) > 10)
    pacer.now += 0.005
    for expected in (12, 19, 26, 33):
        until(lambda expected=expected: length(session) == expected)
        pacer.now += 0.07
    session.set_pace(0)
    assert session.pace == 0
    settle(session)


def test_a_divergence_ends_the_run_with_the_reason_and_keeps_all_finite_states(
    open_session: Callable[[Experiment], Session], heavy_ball: Replay
) -> None:
    # A quadratic, so that a run that has gone far away can be brought back by a smaller rate.
    line = Experiment(
        dataset=Sine(), network=Network((1, 1)), loss="mse", steps=4000, resolution=11, plane=TwoParameters()
    )
    session = open_session(rate(line, 30.0))
    session.set_pace(0)
    settle(session)
    notices = heard(session)
    frame = trained(session)
    check(frame)
    assert frame.run is not None and 10 < frame.run.length < 4000
    assert "not finite" in notices[-1] or "no longer finite" in notices[-1]
    assert "learning rate" in notices[-1] and "\n" not in notices[-1]
    last = frame.run.length - 1
    with np.errstate(over="ignore", invalid="ignore"):
        expected = heavy_ball([(0, rate(line, 30.0))], last + 1)
        assert not np.isfinite(line.objective.loss(expected[-1]))
    np.testing.assert_array_equal(frame.run.trajectory.params(), expected[:-1])
    session.change(rate(line, 0.01))
    frame = trained(session)
    assert frame.run is not None
    recovered = frame.run.trajectory
    assert len(recovered) == last + 1 + 4000
    assert recovered[-1].loss < 1e-9 * recovered[last].loss
    assert [change.step for change in frame.run.changes] == [last]


# ---- switching --------------------------------------------------------------------------------------------------

SWITCHES: dict[str, Callable[[Experiment], Experiment]] = {
    "loss": lambda e: with_field(e, "loss", "mse"),
    "activation": lambda e: with_field(e, "network", msgspec.structs.replace(e.network, activation="sigmoid")),
    "learning rate": lambda e: rate(e, 0.05),
    "momentum": lambda e: with_field(
        e, "descent", msgspec.structs.replace(e.descent, optimizer=type(e.descent.optimizer)(momentum=0.5))
    ),
}


@pytest.mark.parametrize("name", SWITCHES)
@pytest.mark.parametrize("while_training", [True, False])
def test_the_very_next_step_goes_by_the_new_settings(
    session: Session, pacer: Clock, small: Experiment, heavy_ball: Replay, name: str, while_training: bool
) -> None:
    switched = SWITCHES[name](small)
    if while_training:
        session.set_pace(300)
        session.train()
        pacer.now += 1.0
        until(lambda: length(session) > 10)
        assert session.training
    else:
        trained(session)
    session.change(switched)
    session.set_pace(0)
    session.train()
    frame = settle(session)
    check(frame)
    assert frame.run is not None and session.experiment == switched
    (marker,) = frame.run.changes
    assert 10 <= marker.step < 60 if while_training else marker.step == 60
    assert name.split()[0] in marker.text.lower() and "→" in marker.text
    last = frame.run.length - 1
    assert last == (60 if while_training else 120)
    np.testing.assert_array_equal(
        frame.run.trajectory.params(), heavy_ball([(0, small), (marker.step, switched)], last)
    )
    np.testing.assert_allclose(
        frame.run.heights[: last + 1], switched.objective.loss(frame.run.trajectory.params()), rtol=1e-9
    )


def test_many_switches_are_still_one_run(
    session: Session, monkeypatch: pytest.MonkeyPatch, small: Experiment, heavy_ball: Replay
) -> None:
    """A slider that is dragged: a new rate at every frame."""
    stop_clock(monkeypatch, "explorer.history")
    session.set_pace(500)
    session.train()
    given = {0: small}
    for number in range(40):
        wanted = rate(small, round(0.1 + 0.001 * number, 3))
        session.change(wanted)
        given[number] = wanted
        session.tick()
    session.set_pace(0)
    frame = settle(session)
    assert frame.run is not None
    assert len(frame.run.changes) == 1  # one gesture, and yet exactly recorded
    assert len({step for step, _ in frame.run.segments}) == len(frame.run.segments)
    parts = list(frame.run.segments)
    assert parts[0][0] == 0
    assert parts[-1][1] == session.experiment == given[39]
    last = frame.run.length - 1
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball(parts, last))


def test_another_network_begins_another_run(session: Session, small: Experiment) -> None:
    trained(session)
    session.new_start()
    settle(session)
    notices = heard(session)
    wider = with_field(session.experiment, "network", Network((2, 7, 1)))
    session.change(wider)
    assert any("new run" in words for words in notices)
    frame = settle(session)
    check(frame)
    assert frame.run is not None and frame.run.length == 1 and not frame.run.changes
    np.testing.assert_array_equal(frame.run.trajectory[0].params, wider.begin().params)
    assert frame.objective is not None and frame.objective.size == wider.network.size
    # The runs before are kept to be compared, but their paths lead through other parameters.
    assert [run.length for run in frame.runs] == [61, 61, 1] and all(run.elsewhere for run in frame.runs[:-1])
    assert frame.ghosts == () and len(frame.compared) == 2
    assert all(np.isnan(run.coords).all() for run in frame.compared)


def test_a_drag_through_structures_leaves_one_run_and_not_a_row_of_them(session: Session, small: Experiment) -> None:
    trained(session)
    session.hold(True)
    for samples in range(41, 50):
        session.change(with_field(session.experiment, "dataset", Moons(samples=samples, seed=1)))
        trained(session)
    session.hold(False)
    assert [run.label for run in session.frame.runs] == ["run 1", "run 2"]
    session.change(with_field(session.experiment, "dataset", Moons(samples=60, seed=1)))
    assert [run.label for run in settle(session).runs] == ["run 1", "run 2", "run 3"]


def test_undo_of_another_structure_goes_back_to_the_very_run(session: Session, small: Experiment) -> None:
    old = trained(session).run
    wider = with_field(session.experiment, "network", Network((2, 7, 1)))
    session.change(wider)
    new = trained(session).run
    assert old is not None and new is not None
    for act, run, settings in ((session.undo, old, small), (session.redo, new, wider), (session.undo, old, small)):
        act()
        frame = settle(session)
        check(frame)
        assert session.experiment == settings and frame.run is not None and len(frame.runs) == 2
        assert frame.run.trajectory is run.trajectory and frame.run.length == 61 and frame.cursor == 60
        np.testing.assert_allclose(frame.run.heights, run.losses)
        assert frame.plane is not None
        np.testing.assert_allclose(frame.run.coords, frame.plane.project(run.trajectory.params()))


@pytest.mark.parametrize("switch", ["loss", "learning rate", None])
def test_an_ended_run_can_be_gone_back_to_and_trained_on(
    session: Session, small: Experiment, heavy_ball: Replay, switch: str | None
) -> None:
    trained(session)
    session.new_start()
    settle(session)
    if switch is not None:
        session.change(SWITCHES[switch](session.experiment))
    settle(session)
    notices = heard(session)
    session.activate_run(1)
    frame = settle(session)
    check(frame)
    assert [run.number for run in frame.runs] == [2, 1] and session.experiment == small and "run 1" in notices[-1]
    assert frame.run is not None and frame.plane is not None and frame.surface is not None
    np.testing.assert_allclose(frame.surface.loss, exact(frame), rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(frame.run.heights, frame.run.losses)
    np.testing.assert_allclose(frame.run.coords, frame.plane.project(frame.run.trajectory.params()))
    ghost = frame.runs[0]
    drawn = np.isfinite(ghost.heights)
    assert drawn[[0, -1]].all()
    expected = small.objective.loss(ghost.trajectory.params(0, ghost.length))
    np.testing.assert_allclose(ghost.heights[drawn], expected[drawn])
    frame = trained(session)
    assert frame.run is not None and frame.run.length == 121
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball([(0, small)], 120))
    session.undo()
    assert session.experiment != small
    settle(session)


def test_a_click_keeps_the_plane_so_that_the_start_is_where_it_was_clicked(session: Session) -> None:
    plane = trained(session).plane
    session.set_pace(20)
    session.start_at((0.1, 0.2))
    until(lambda: session.frame.run is not None and len(session.frame.runs) == 2)
    frame = session.frame
    assert frame.plane is plane and frame.run is not None
    np.testing.assert_allclose(frame.run.coords[0], (0.1, 0.2), atol=1e-9)


def test_a_start_that_is_dragged_is_one_run_and_one_gesture(
    open_session: Callable[[Experiment], Session], small: Experiment, pacer: Clock
) -> None:
    before = with_field(small, "function", "himmelblau")
    session = open_session(before)
    session.set_pace(0)
    trained(session)
    session.set_pace(5)
    session.hold(True)
    for x in np.linspace(-1.0, 1.0, 9):
        session.start_at((float(x), 0.5))
        until(lambda: not session.training)  # as fast as it goes, whatever the pace
        assert session.frame.run is not None or session.tick() is None
    session.hold(False)
    frame = settle(session)
    assert [run.number for run in frame.runs] == [1, 2] and frame.run is not None
    assert frame.run.label == "run 2 at (1, 0.5)"
    np.testing.assert_array_equal(frame.run.trajectory[0].params, [1.0, 0.5])
    session.undo()
    assert session.experiment == before
    settle(session)


def test_another_network_while_training_trains_on(session: Session, pacer: Clock, small: Experiment) -> None:
    session.set_pace(100)
    session.train()
    pacer.now += 1.0
    until(lambda: length(session) > 3)
    session.change(with_field(small, "dataset", Moons(samples=30)))
    assert session.training
    session.set_pace(0)
    frame = settle(session)
    assert frame.run is not None and frame.run.length == 61
    np.testing.assert_array_equal(frame.run.trajectory[0].params, session.experiment.begin().params)


def test_a_new_start_leaves_the_old_run_as_a_ghost(session: Session, small: Experiment) -> None:
    before = trained(session)
    assert before.run is not None
    starts = MOST_ENDED + 2  # the first two are forgotten
    for _ in range(starts):
        session.new_start()
        frame = trained(session)
        check(frame)
    assert [run.label for run in frame.runs] == [f"run {number}" for number in range(3, starts + 2)]
    assert [run.experiment.seed for run in frame.runs] == [small.seed + number for number in range(2, starts + 1)]
    np.testing.assert_array_equal(
        frame.run.trajectory[0].params,  # type: ignore[union-attr]
        msgspec.structs.replace(small, seed=small.seed + starts).begin().params,
    )
    assert frame.runs[0].length == 61


def test_a_new_start_on_a_function_is_another_point_of_its_region(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    experiment = with_field(small, "function", "himmelblau")
    session = open_session(experiment)
    session.set_pace(0)
    trained(session)
    notices, points = heard(session), [(0.0, 0.0)]
    (left, right), (bottom, top) = experiment.objective.space.region  # type: ignore[misc]
    for _ in range(3):
        session.new_start()
        frame = settle(session)
        check(frame)
        assert frame.run is not None
        x, y = frame.run.trajectory[0].params.tolist()
        assert left <= x <= right and bottom <= y <= top
        assert any(f"start at ({x:g}, {y:g})" in words for words in notices)
        points.append((x, y))
    assert len(set(points)) == 4
    assert [run.trajectory[0].params.tolist() for run in frame.runs] == [list(point) for point in points]


def with_optimizer(experiment: Experiment, optimizer: Any) -> Experiment:
    return with_field(experiment, "descent", msgspec.structs.replace(experiment.descent, optimizer=optimizer))


def test_a_velocity_is_handed_on_and_other_memories_begin_anew(session: Session, small: Experiment) -> None:
    """v ← βv + g. Nesterov's next step uses the heavy ball's v, η(g + βv); Adam's first step is as long as η."""
    rate = small.descent.schedule.learning_rate
    session.change(with_optimizer(small, HeavyBall(momentum=0.8)))
    before = trained(session).run
    assert before is not None
    session.change(with_optimizer(session.experiment, Nesterov(momentum=0.8)))
    run = trained(session).run
    assert run is not None and run.changes[-1].text.endswith("(its memory kept)")
    velocity = np.zeros(small.network.size)
    for step in range(61):  # one for each gradient up to that of the switch
        velocity = 0.8 * velocity + run.trajectory[step].gradient
    state, following = run.trajectory[60], run.trajectory[61]
    expected = state.params - rate * (state.gradient + 0.8 * velocity)
    np.testing.assert_allclose(following.params, expected, rtol=1e-10, atol=1e-13)
    session.change(with_optimizer(session.experiment, Adam()))
    run = trained(session).run
    assert run is not None and run.changes[-1].text.endswith("(its memory begun anew)")
    state, following = run.trajectory[120], run.trajectory[121]
    signs = np.sign(state.gradient)
    assert np.abs(state.gradient).min() > 1e-5  # far above Adam's ε
    np.testing.assert_allclose(following.params, state.params - rate * signs, rtol=0, atol=rate * 2e-3)


def test_opening_forgets_everything(session: Session, small: Experiment) -> None:
    trained(session)
    session.new_start()
    session.open(small)
    frame = settle(session)
    assert len(frame.runs) == 1 and frame.run is not None and frame.run.length == 1 and frame.cursor == 0


# ---- the cursor -------------------------------------------------------------------------------------------------


def cursor_at(session: Session, index: int) -> None:
    until(lambda: session.frame.cursor == index)
    check(session.frame)


def test_seeking_goes_to_the_state_and_no_further_than_the_ends(session: Session) -> None:
    trained(session)
    for wish, place in ((5, 5), (-3, 0), (10**9, 60), (7, 7)):
        session.seek(wish)
        cursor_at(session, place)
    session.step(1)
    cursor_at(session, 8)
    session.step(-10)
    cursor_at(session, 0)
    assert not session.frame.following
    session.follow()
    cursor_at(session, 60)
    assert session.frame.following


def test_a_scrubbed_cursor_stays_while_training_goes_on(session: Session, pacer: Clock) -> None:
    session.set_pace(200)
    session.train()
    pacer.now += 1.0
    until(lambda: length(session) > 10)
    session.seek(4)
    seen = length(session)
    pacer.now += 0.1
    until(lambda: length(session) > seen + 10)
    assert session.frame.cursor == 4 and session.training
    session.follow()
    until(lambda: session.frame.cursor > 10)
    session.set_pace(0)
    assert settle(session).cursor == 60


@pytest.mark.parametrize(("speed", "start"), [(0.5, 40), (8.0, 60)])
def test_playing_goes_through_the_states_at_its_speed_and_ends_at_the_newest(
    session: Session, monkeypatch: pytest.MonkeyPatch, speed: float, start: int
) -> None:
    """By a clock that is moved by hand: at speed 1, sixty states a second; at the end it begins at the start."""
    trained(session)
    session.seek(start)
    session.set_speed(speed)
    clock = stop_clock(monkeypatch, "explorer.session")
    session.toggle_play()
    begin = start if start < 60 else 0
    for frame in range(1, 200):
        clock.now += 0.9 / 60
        session.tick()
        expected = min(begin + 0.9 * frame * speed, 60.0)
        assert expected - 1.001 < session.frame.cursor < expected + 0.001
        assert session.frame.playing == (expected < 60.0)
    assert settle(session).cursor == 60


def test_play_pauses_where_it_is(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    trained(session)
    session.set_speed(0.5)
    clock = stop_clock(monkeypatch, "explorer.session")
    session.toggle_play()
    clock.now += 0.2
    until(lambda: session.frame.playing and session.frame.cursor > 2)
    session.toggle_play()
    paused = settle(session).cursor
    assert 2 < paused < 60
    session.toggle_play()
    clock.now += 0.2
    until(lambda: session.frame.cursor > paused)
    assert session.frame.playing


def test_pausing_while_following_keeps_training(session: Session, pacer: Clock) -> None:
    session.set_pace(100)
    session.train()
    pacer.now += 1.0
    until(lambda: session.frame.cursor > 3)
    session.toggle_play()
    until(lambda: not session.frame.following)
    place, seen = session.frame.cursor, length(session)
    pacer.now += 0.1
    until(lambda: length(session) > seen + 5)
    assert session.frame.cursor == place and session.training


# ---- the surface ------------------------------------------------------------------------------------------------


def exact(frame: Frame) -> Array:
    """The objective's loss at each point of the surface's grid, by evaluation in float64."""
    assert frame.surface is not None and frame.objective is not None
    grid = np.stack(np.meshgrid(frame.surface.x, frame.surface.y, indexing="ij"), axis=-1)
    return frame.objective.loss(frame.surface.plane.point(grid))


@pytest.mark.parametrize(
    ("name", "again"), [("loss", True), ("activation", True), ("learning rate", False), ("momentum", False)]
)
def test_the_surface_belongs_to_the_objective_in_force(
    session: Session, small: Experiment, name: str, again: bool
) -> None:
    before = trained(session)
    session.change(SWITCHES[name](small))
    assert session.surveying or not again
    session.tick()
    frame = settle(session)
    assert frame.surface is not None and before.surface is not None
    assert (frame.surface is not before.surface) == again
    assert frame.plane is before.plane  # the picture stays where it was
    assert frame.surface.loss.shape == (21, 21)
    np.testing.assert_allclose(frame.surface.loss, exact(frame), rtol=1e-4, atol=1e-6)


def test_a_surface_is_shown_coarse_before_it_is_fine(
    open_session: Callable[[Experiment], Session], small: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = threading.Event()

    def not_too_fast(look: Look) -> Any:
        for land in landscape(look):
            yield land
            assert land is None or seen.wait(PATIENCE)

    monkeypatch.setattr(surveying_module, "landscape", not_too_fast)
    session = open_session(msgspec.structs.replace(small, resolution=201))
    sizes, shares = list[int](), list[float]()
    session.frame_changed.connect(lambda frame: sizes.append(len(frame.surface.x) if frame.surface else 0))
    session.frame_changed.connect(lambda frame: seen.set() if frame.surface else None)
    session.progressed.connect(shares.append)
    settle(session)
    assert sizes == sorted(sizes) and sizes[-1] == 201 and any(0 < size < 201 for size in sizes)
    assert shares == sorted(shares) and shares[-1] == 1.0


def test_late_answers_for_an_earlier_plane_are_dropped(session: Session, small: Experiment) -> None:
    frame = settle(session)
    assert frame.run is not None
    trajectory = frame.run.trajectory
    for seed in range(1, 12):
        session.change(with_field(small, "plane", RandomNormalized(seed=seed)))
        if seed % 2:
            session.tick()
    drawn, planes = session.frame.plane, []
    session.frame_changed.connect(lambda frame: planes.append(frame.plane))
    frame = settle(session)
    answers = landscape(Look(session.experiment, trajectory, 1))
    expected = next(answer for answer in answers if answer is not None).surface.plane
    assert {id(plane) for plane in planes} <= {id(drawn), id(frame.plane)}
    np.testing.assert_array_equal(frame.plane.u, expected.u)  # type: ignore[union-attr]
    check(frame)


def test_a_plane_asked_for_is_not_forgotten_when_the_loss_follows_at_once(session: Session, small: Experiment) -> None:
    session.change(with_field(small, "plane", RandomNormalized(seed=4)))
    session.change(with_field(session.experiment, "loss", "mse"))
    frame = settle(session)
    assert frame.plane is not None and frame.surface is not None and "random" in frame.plane.labels[0]
    np.testing.assert_allclose(frame.surface.loss, exact(frame), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("training", [True, False])
def test_a_switch_before_the_start_is_made_is_no_switch(
    open_session: Callable[[Experiment], Session], small: Experiment, heavy_ball: Replay, training: bool
) -> None:
    session = open_session(small)
    session.set_pace(0)
    if training:
        session.train()
    session.change(SWITCHES["loss"](small))
    assert session.training == training
    frame = settle(session)
    check(frame)
    assert frame.run is not None and frame.run.length == (61 if training else 1)
    assert all(change.step == 0 for change in frame.run.changes)
    np.testing.assert_array_equal(
        frame.run.trajectory.params(), heavy_ball([(0, session.experiment)], frame.run.length - 1)
    )
    np.testing.assert_allclose(
        frame.run.heights[: frame.run.length],
        session.experiment.objective.loss(frame.run.trajectory.params()),
        rtol=1e-9,
    )


def test_stopping_before_the_start_is_made_still_shows_the_start(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    session = open_session(small)
    for _ in range(20):
        session.open(small)
        session.train()
        session.stop()
        frame = settle(session)
        assert frame.run is not None and frame.run.length >= 1


def show_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that a survey would keep waiting for a moment, because something better is on its way."""
    for name in ("AWHILE", "FIRST"):
        monkeypatch.setattr(surveying_module, name, 0.0)


def widened(experiment: Experiment) -> Experiment:
    return with_field(experiment, "network", Network((2, 7, 1)))


LEAVING: dict[str, Callable[[Session], object]] = {
    "another network": lambda session: session.change(widened(session.experiment)),
    "another network and back": lambda session: (session.change(widened(session.experiment)), session.undo()),
    "a run of another network": lambda session: session.activate_run(1),
    "another function": lambda session: session.change(with_field(session.experiment, "function", "bowl")),
    "other parameters held": lambda session: session.change(with_field(session.experiment, "trained", "0-9")),
    "others held at another start": Session.new_start,
}


@pytest.mark.parametrize("way", LEAVING)
def test_a_run_that_is_on_no_land_has_no_place_even_before_another_is_surveyed(
    session: Session, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    trained(session)
    session.change(widened(session.experiment) if way == "a run of another network" else session.experiment)
    if way == "others held at another start":
        session.change(with_field(session.experiment, "trained", "0-9"))
    trained(session)
    frames, gate = list[Frame](), threading.Event()

    def late(look: Look) -> Any:
        while not gate.is_set():
            yield None
        yield from landscape(look)

    monkeypatch.setattr(surveying_module, "landscape", late)
    show_every_frame(monkeypatch)
    session.frame_changed.connect(check)
    session.frame_changed.connect(frames.append)
    LEAVING[way](session)
    session.tick()
    until(lambda: session.surveying)
    session.tick()
    assert all(frame.surface is None for frame in frames) or way == "another network and back"
    gate.set()
    assert settle(session).surface is frames[-1].surface is not None


def test_a_survey_for_a_run_that_is_gone_is_dropped(session: Session, small: Experiment) -> None:
    session.recompute()
    session.change(with_field(small, "network", Network((2, 9, 1))))
    frame = settle(session)
    assert frame.plane is not None and len(frame.plane.u) == session.experiment.network.size
    check(frame)


def test_cancelling_keeps_what_is_drawn(open_session: Callable[[Experiment], Session], small: Experiment) -> None:
    big = msgspec.structs.replace(small, dataset=Moons(samples=2000), network=Network((2, 16, 16, 1)), resolution=401)
    session = open_session(big)
    until(lambda: session.frame.surface is not None and session.frame.surveying)
    notices = heard(session)
    session.cancel()
    session.cancel()
    assert len(notices) == 1 and "cancel" in notices[0].lower()
    frame = settle(session)
    assert frame.surface is not None
    size = frame.surface.loss.shape[0]
    assert size < 401
    np.testing.assert_allclose(frame.surface.loss, exact(frame), rtol=1e-4, atol=1e-6)
    session.seek(0)
    ticks: list[Frame] = []
    session.frame_changed.connect(ticks.append)
    for _ in range(5):
        session.seek(0)
        session.tick()
    assert all(tick.surface is frame.surface for tick in ticks) and len(ticks) == 5
    session.change(msgspec.structs.replace(big, resolution=21))
    assert settle(session).surface.loss.shape == (21, 21)  # type: ignore[union-attr]


def test_the_loss_at_a_point_is_exact(session: Session, small: Experiment) -> None:
    plane = session.frame.plane
    assert plane is not None
    params = plane.origin + 0.25 * plane.u - 0.5 * plane.v
    assert session.loss_at((0.25, -0.5)) == pytest.approx(float(small.objective.loss(params)), rel=1e-12)


def test_a_plane_that_cannot_be_is_refused_before_it_comes_to_a_session(small: Experiment) -> None:
    with pytest.raises(SettingError, match=r"plane\.second: 999 given; allowed: a number from 0 to 16"):
        with_field(small, "plane", TwoParameters(first=0, second=999))


# ---- what is found out about the state under the cursor ----------------------------------------------------------


def found_out(session: Session, cursor: int) -> Probe:
    """What is found out about a state, once it has come for the plane that is drawn."""
    session.seek(cursor)

    def told() -> bool:
        found, frame = session.frame.probe, session.frame
        return found is not None and frame.cursor == cursor == found.step and found.plane is frame.plane

    until(told)
    assert session.frame.probe is not None
    return session.frame.probe


def test_the_state_under_the_cursor_is_probed_if_somebody_looks(session: Session) -> None:
    frame = trained(session)
    session.set_probing({"map", "trust"})
    for cursor in (60, 0, 17):
        found = found_out(session, cursor)
        assert frame.run is not None and found.trust.true == pytest.approx(frame.run.losses[cursor], rel=1e-12)
        assert found.profile is None and found.spectrum is None
    session.set_probing({"slice", "spectrum"})
    until(lambda: session.frame.probe is not None and session.frame.probe.profile is not None)
    probe = session.frame.probe
    assert probe is not None and probe.step == 17 and probe.profile is not None and probe.spectrum is not None
    assert len(probe.spectrum) == session.experiment.network.size


@pytest.mark.parametrize("wanted", [set(), {"map", "loss", "layers"}], ids=["nothing", "no view that shows it"])
def test_nothing_is_probed_that_nobody_looks_at(session: Session, asked: list[int], wanted: set[str]) -> None:
    session.set_probing(wanted)
    trained(session)
    session.seek(5)
    session.tick()
    assert session.frame.cursor == 5 and session.frame.probe is None
    session.set_probing({"trust"})
    until(lambda: session.frame.probe is not None)
    session.set_probing(wanted)
    session.seek(40)
    for _ in range(5):
        session.tick()
    session.set_probing({"trust"})
    found_out(session, 20)
    assert asked == [5, 20]


def test_what_is_known_is_not_asked_again(session: Session, asked: list[int]) -> None:
    trained(session)
    session.set_probing({"trust"})
    found_out(session, 30)
    before = len(asked)
    for _ in range(5):
        session.tick()
    found_out(session, 20)
    assert asked[before - 1 :] == [30, 20]


def test_while_it_trains_new_states_are_probed_now_and_then(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probing_module, "EVERY", 0.0)
    session.change(msgspec.structs.replace(session.experiment, steps=100_000))
    session.set_pace(200)
    session.set_probing({"trust"})
    session.train()
    seen: set[int] = set()
    session.frame_changed.connect(lambda frame: seen.add(frame.probe.step) if frame.probe else None)
    until(lambda: len(seen) > 3)
    assert session.training
    session.stop()
    found_out(session, session.frame.cursor)


ANEW: dict[str, Callable[[Session], object]] = {
    "a new start": Session.new_start,
    "another network": lambda session: session.change(with_field(session.experiment, "network", Network((2, 7, 1)))),
    "another experiment": lambda session: session.open(msgspec.structs.replace(session.experiment, seed=77)),
}


@pytest.mark.parametrize("anew", ANEW)
def test_what_is_found_out_too_late_is_dropped(session: Session, monkeypatch: pytest.MonkeyPatch, anew: str) -> None:
    """The prober is still at work for the run before when another begins."""
    trained(session)
    entered, gate, old = threading.Event(), threading.Event(), session.frame.run
    assert old is not None

    def slow(look: Look, *rest: Any) -> Any:
        if look.trajectory is old.trajectory:
            entered.set()
            gate.wait(PATIENCE)
        yield from probe(look, *rest)

    monkeypatch.setattr(probing_module, "probe", slow)
    session.set_probing({"trust"})
    until(entered.is_set)
    ANEW[anew](session)
    frames: list[Frame] = []
    session.frame_changed.connect(frames.append)
    gate.set()
    settle(session)
    until(lambda: session.frame.probe is not None)
    start = session.experiment.begin().loss
    for frame in frames:
        assert frame.probe is None or frame.probe.trust.gaps.losses[0] == pytest.approx(start, rel=1e-12)


def test_closing_while_something_is_found_out_ends_the_threads(
    open_session: Callable[[Experiment], Session], small: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, entered = open_session(small), threading.Event()

    def endless(*look: Any) -> Any:
        while True:
            entered.set()
            yield None

    monkeypatch.setattr(probing_module, "probe", endless)
    session.set_probing({"trust"})
    until(entered.is_set)
    assert session.close()


def test_a_drawn_line_is_sliced_until_another_kind_is_chosen(session: Session) -> None:
    trained(session)
    session.set_probing({"slice"})
    assert found_out(session, 60).profile.line.label == "gradient"  # type: ignore[union-attr]

    def label() -> str:
        found = session.frame.probe
        return found.profile.line.label if found is not None and found.profile is not None else ""

    session.draw_line((0.0, 0.25), (0.5, -0.25))
    until(lambda: label() == "drawn on the map")
    plane, found = session.frame.plane, session.frame.probe
    assert plane is not None and found is not None and found.profile is not None
    ends = session.experiment.objective.loss(plane.point(np.array([[0.0, 0.25], [0.5, -0.25]])))
    np.testing.assert_allclose(found.profile.loss[[0, -1]], ends, rtol=1e-12)
    notices = heard(session)
    session.draw_line((0.1, 0.1), (0.1, 0.1))
    assert len(notices) == 1 and "two states that differ" in notices[0]
    session.change(with_field(session.experiment, "line", "last-step"))
    until(lambda: label() == "last step")


# ---- planes that move -------------------------------------------------------------------------------------------


def following(experiment: Experiment, kind: Any, **fields: Any) -> Experiment:
    return msgspec.structs.replace(with_field(experiment, "plane", kind), **fields)


def at_origin(frame: Frame) -> int:
    """The number of the state that the plane goes through, bit for bit."""
    assert frame.run is not None and frame.plane is not None
    params = frame.run.trajectory.params(0, frame.run.length)
    (found,) = np.flatnonzero((params == frame.plane.origin).all(axis=1))
    return int(found)


LOCAL = [kind for kind in PLANES if kind.local]


@pytest.mark.parametrize("kind", LOCAL, ids=kind_of)
def test_a_plane_goes_with_the_state_while_it_trains(
    open_session: Callable[[Experiment], Session], small: Experiment, kind: Any
) -> None:
    session = open_session(following(small, kind(), steps=100_000, resolution=41))
    session.set_pace(200)
    first = settle(session)
    assert first.surface is not None and first.surface.loss.shape == (41, 41) and at_origin(first) == 0
    frames: list[Frame] = []

    def collect(frame: Frame) -> None:
        if frame.training and (not frames or frame.plane is not frames[-1].plane):
            frames.append(frame)

    session.frame_changed.connect(collect)
    session.frame_changed.connect(check)
    session.train()
    until(lambda: len(frames) > 8)
    assert session.training
    places = [at_origin(frame) for frame in frames]
    assert places == sorted(set(places)) and places[-1] > places[0]
    for place, frame in zip(places[1:], frames[1:], strict=True):
        assert place <= frame.cursor
        assert frame.surface is not None and frame.surface.loss.shape <= (31, 31)
        state = frame.run.trajectory[place]  # type: ignore[union-attr]
        assert frame.loss_on_plane(frame.plane.project(state.params)) == pytest.approx(state.loss)  # type: ignore
    session.stop()
    last = session.frame.run.length  # type: ignore[union-attr]

    def rests() -> bool:
        """As fine as asked for, at the newest state."""
        frame = session.frame
        return not frame.training and frame.surface is not None and frame.surface.loss.shape == (41, 41)

    until(rests)
    frame = settle(session)
    assert frame.run is not None and frame.run.length >= last and at_origin(frame) == frame.run.length - 1
    check(frame)
    for _ in range(5):
        session.tick()
        assert not session.surveying and session.frame.surface is frame.surface


def test_a_glance_becomes_a_survey_when_training_pauses_though_the_state_stays(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    session = open_session(following(small, Steepest(), steps=100_000, resolution=41))
    session.set_pace(200)
    settle(session)
    session.train()
    until(lambda: length(session) > 10)
    session.seek(3)

    def drawn(points: int) -> bool:
        surface = session.frame.surface
        return surface is not None and surface.loss.shape == (points, points) and at_origin(session.frame) == 3

    until(lambda: drawn(31))
    assert session.training and session.frame.cursor == 3
    session.stop()
    until(lambda: drawn(41))


def test_a_plane_that_follows_goes_with_the_cursor(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    session = open_session(following(small, Steepest()))
    session.set_pace(0)
    trained(session)
    for place in (12, 40, 0):
        session.seek(place)
        until(lambda place=place: not session.frame.surveying and at_origin(session.frame) == place)
        assert session.frame.surface.loss.shape == (21, 21)  # type: ignore[union-attr]
    session.set_speed(0.5)
    session.toggle_play()
    until(lambda: session.frame.playing and at_origin(session.frame) > 5)
    session.toggle_play()
    until(lambda: at_origin(session.frame) == session.frame.cursor)


STILL = [kind(reach=50.0) for kind in PLANES if not kind.local]
STILL += [kind(reach=50.0, follow=False) for kind in LOCAL]


@pytest.mark.parametrize("kind", STILL, ids=kind_of)
def test_other_planes_stay_where_they_are(
    open_session: Callable[[Experiment], Session], small: Experiment, kind: Any
) -> None:
    session = open_session(following(small, kind))
    session.set_pace(0)
    surface = settle(session).surface
    frames: list[Frame] = []
    session.frame_changed.connect(frames.append)
    trained(session)
    session.seek(3)
    until(lambda: session.frame.cursor == 3)
    assert len(frames) > 1 and all(frame.surface is surface for frame in frames)


def test_of_two_parameters_there_is_one_plane_which_stays(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    session = open_session(following(with_field(small, "function", "bowl"), Steepest()))
    session.set_pace(0)
    surface = settle(session).surface
    assert trained(session).surface is surface


def test_ended_runs_are_drawn_again_when_the_plane_rests(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    session = open_session(following(small, Steepest(), steps=100_000))
    session.set_pace(0)
    session.train()
    until(lambda: length(session) > 20)
    session.stop()
    settle(session)
    session.frame_changed.connect(check)
    session.set_pace(100)
    session.new_start()

    def moves() -> bool:
        frame = session.frame
        return len(frame.runs) == 2 and frame.training and bool(np.isnan(frame.runs[0].coords).all())

    until(moves)
    session.stop()
    until(lambda: bool(np.isfinite(session.frame.runs[0].coords).all()))
    check(settle(session))


def test_a_rescaled_network_is_surveyed_anew_and_trains_as_before(
    session: Session, small: Experiment, heavy_ball: Replay
) -> None:
    relu = with_field(small, "network", Network((2, 4, 1), "relu"))
    session.open(relu)
    before = trained(session)
    session.change(with_field(relu, "rescale", 3.0))
    frame = settle(session)
    check(frame)
    assert frame.plane is not None and before.plane is not None and frame.run is not None
    assert frame.plane is not before.plane and frame.plane.scale is not None and not frame.run.changes
    np.testing.assert_array_equal(frame.plane.scale, session.experiment.factors)
    frame = trained(session)
    check(frame)
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball([(0, relu)], 120))  # type: ignore


def test_another_part_of_the_plane_is_surveyed_until_a_plane_is_chosen_anew(session: Session) -> None:
    before = trained(session)
    session.zoom(((0.1, 0.3), (-0.2, 0.0)))
    frame = settle(session)
    assert frame.plane is not None and before.plane is not None and frame.surface is not None
    assert frame.plane.bounds == ((0.1, 0.3), (-0.2, 0.0)) and frame.surface.loss.shape == (21, 21)
    np.testing.assert_array_equal(frame.plane.directions, before.plane.directions)
    np.testing.assert_allclose(frame.surface.loss, exact(frame), rtol=1e-4, atol=1e-6)
    check(frame)
    session.unzoom()
    frame = settle(session)
    assert frame.plane is not None and frame.plane.bounds == before.plane.bounds


def test_two_runs_are_connected_and_the_barriers_are_those_of_both_ways(session: Session) -> None:
    notices = heard(session)
    session.connect_runs()
    assert len(notices) == 1 and "Two runs" in notices[0]
    first = trained(session)
    session.new_start()
    settle(session)
    session.connect_runs()
    until(lambda: session.frame.bridge is not None and not session.frame.surveying)
    bridge, objective, run = session.frame.bridge, session.experiment.objective, session.frame.run
    assert bridge is not None and first.run is not None and run is not None
    ends = first.run.trajectory[60].params, run.trajectory[run.length - 1].params
    np.testing.assert_allclose(bridge.straight[[0, -1]], objective.loss(np.stack(ends)), rtol=1e-9)
    np.testing.assert_allclose(bridge.curved[[0, -1]], objective.loss(np.stack(ends)), rtol=1e-9)
    straight = objective.loss(ends[0] + bridge.t[:, None] * (ends[1] - ends[0]))
    np.testing.assert_allclose(bridge.straight, straight, rtol=1e-9)
    assert bridge.curved.mean() < bridge.straight.mean()  # which is what is made small on the way
    for barrier, losses in zip(bridge.barriers, (bridge.straight, bridge.curved), strict=True):
        level = losses[0] + bridge.t * (losses[-1] - losses[0])
        assert barrier == pytest.approx((losses - level).max(), abs=1e-9)
    assert bridge.names == ("run 1", "run 2")


# ---- everything at once -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("hasty", [False, True], ids=["frames that wait for the land", "frames without"])
def test_wishes_in_any_order_and_at_any_time(
    session: Session, small: Experiment, qapp: Any, monkeypatch: pytest.MonkeyPatch, hasty: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    if hasty:
        show_every_frame(monkeypatch)
    session.frame_changed.connect(check)

    def change(make: Callable[[Experiment], Experiment]) -> None:
        session.change(make(session.experiment))

    wishes: list[Callable[[], object]] = [
        session.train, session.stop, session.toggle_training, session.follow, session.toggle_play, session.recompute,
        session.cancel, session.new_start, session.tick, session.tick,
        lambda: session.seek(int(rng.integers(-5, 200))),
        lambda: session.step(int(rng.integers(-10, 11))),
        lambda: session.set_speed(float(rng.choice([0.25, 1, 8]))),
        lambda: session.set_pace(float(rng.choice([0, 5, 60, 1000]))),
        lambda: session.set_logarithmic(bool(rng.integers(2))),
        lambda: session.loss_at((0.1, 0.2)),
        lambda: change(lambda e: rate(e, float(rng.choice([0.01, 0.1, 1.0, 1e5])))),
        lambda: change(lambda e: with_field(e, "loss", str(rng.choice(["mse", "bce"])))),
        lambda: change(SWITCHES["activation"]),
        lambda: change(lambda e: with_field(e, "plane", RandomNormalized(seed=int(rng.integers(100))))),
        lambda: change(lambda e: with_field(e, "plane", TwoParameters(second=int(rng.integers(1, 9))))),
        lambda: change(lambda e: with_field(e, "network", Network((2, int(rng.integers(2, 6)), 1)))),
        lambda: change(lambda e: with_field(e, "plane", str(rng.choice(["steepest", "momentum", "curvature"])))),
        lambda: change(lambda e: with_field(e, "line", str(rng.choice(["gradient", "last-step", "ensemble"])))),
        lambda: session.set_probing({str(name) for name in rng.choice(["map", *PROBED], 2)}),
        lambda: session.zoom(((-0.5, 0.25), (0.0, 0.75))),
        session.unzoom,
        lambda: session.draw_line((0.0, 0.0), (0.25, float(rng.integers(2)))),
        lambda: change(lambda e: with_field(e, "resolution", int(rng.choice([3, 11, 41])))),
        lambda: session.open(small),
    ]  # fmt: skip
    for _ in range(300):
        wishes[rng.integers(len(wishes))]()
        if rng.random() < 0.3:
            qapp.processEvents()
    session.stop()
    session.set_speed(8.0)
    session.recompute()  # perhaps somebody has cancelled the very first survey
    frame = settle(session)
    check(frame)
    for run in (*frame.ghosts, frame.run):
        assert run is not None and np.isfinite(run.coords[: run.length]).all()


def test_frames_are_values_that_later_steps_do_not_change(session: Session) -> None:
    session.set_pace(500)
    session.train()
    until(lambda: length(session) > 10)
    frame = session.frame
    run = frame.run
    assert run is not None
    before = run.length, frame.cursor, run.coords[: run.length].copy(), run.losses[: run.length].copy()
    session.set_pace(0)
    settle(session)
    assert (run.length, frame.cursor) == before[:2]
    np.testing.assert_array_equal(run.coords[: run.length], before[2])
    np.testing.assert_array_equal(run.losses[: run.length], before[3])


def test_a_closed_session_is_silent_and_its_threads_are_gone(
    open_session: Callable[[Experiment], Session], small: Experiment, qapp: Any
) -> None:
    session = open_session(msgspec.structs.replace(small, steps=100_000))
    session.set_pace(0)
    session.train()
    until(lambda: length(session) > 10)
    assert session.close()
    seen: list[Frame] = []
    session.frame_changed.connect(seen.append)
    qapp.processEvents()
    assert not seen


class Emitter(QObject):
    sent = Signal(object)
    said = Signal(bool)


@pytest.mark.slow
def test_signals_give_back_what_they_borrow(session: Session, qapp: Any) -> None:
    """PySide6 6.12.0 drops a reference to True at each emission, until Python dies."""
    emitter = Emitter()
    taken: list[object] = []
    session.frame_changed.connect(lambda frame: taken.clear())
    emitter.sent.connect(lambda value: taken.clear())
    emitter.said.connect(lambda value: taken.clear())
    gc.collect()
    before = sys.getrefcount(True), sys.getrefcount(None)
    for _ in range(1000):
        session.frame_changed.emit(session.frame)
        emitter.sent.emit(None)
        emitter.sent.emit(True)
        emitter.said.emit(True)
    gc.collect()
    after = sys.getrefcount(True), sys.getrefcount(None)
    assert abs(after[0] - before[0]) < 100 and abs(after[1] - before[1]) < 100


# ---- once wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pace", [0, 20])
def test_a_divergence_is_told_at_any_pace(session: Session, small: Experiment, pace: float) -> None:
    words = heard(session)
    session.change(msgspec.structs.replace(with_field(small, "loss", "mse"), network=Network((2, 4, 1), "identity")))
    session.change(rate(session.experiment, 1e6))
    session.set_pace(pace)
    trained(session)
    assert "not finite" in words[-1] and session.frame.run is not None and session.frame.run.length < 61


def test_stop_recompute_train_keeps_every_coordinate_with_its_state(session: Session) -> None:
    session.set_pace(0)
    for _ in range(5):
        seen = length(session)
        session.train()
        until(lambda seen=seen: length(session) > seen)
        session.stop()
        session.recompute()
        check(settle(session))
    check(trained(session))


def test_numbers_at_the_cursor_belong_to_the_loss_that_is_drawn(session: Session) -> None:
    """Also where a state was recorded under another one, which is said too."""
    frame = trained(session)
    assert frame.state is not None
    recorded = frame.state.loss
    session.change(with_field(session.experiment, "loss", "mse"))
    frame = settle(session)
    loss, gradient = frame.here  # type: ignore[misc]
    expected = session.experiment.objective.loss_and_gradient(frame.state.params)  # type: ignore[union-attr]
    assert loss == expected[0] != recorded
    np.testing.assert_array_equal(gradient, expected[1])
    assert f"{loss:.5g}" in summary(frame) and f"{recorded:.4g}" in summary(frame)
    np.testing.assert_allclose(
        frame.run.heights[: frame.run.length],  # type: ignore[union-attr]
        session.experiment.objective.loss(frame.run.trajectory.params(0, frame.run.length)),  # type: ignore[union-attr]
    )


def test_a_drag_of_a_slider_is_one_mark_and_nothing_if_it_comes_back(session: Session) -> None:
    trained(session)
    for value in (0.11, 0.12, 0.13):
        session.change(rate(session.experiment, value))
    frame = settle(session)
    assert [change.text for change in frame.run.changes] == ["Learning rate η 0.1 → 0.13"]  # type: ignore[union-attr]
    session.change(rate(session.experiment, 0.1))
    assert settle(session).run.changes == ()  # type: ignore[union-attr]


def test_playing_before_there_is_a_state_leaves_the_cursor_where_it_is(
    open_session: Callable[[Experiment], Session], small: Experiment
) -> None:
    session = open_session(small)
    session.toggle_play()
    session.tick()
    assert settle(session).cursor == 0


@pytest.mark.parametrize("fork", [False, True])
def test_ended_runs_stand_at_heights_of_the_loss_that_is_drawn(session: Session, fork: bool) -> None:
    """Whether the loss is switched on the way or by a fork; what was recorded stays as it was."""
    recorded = trained(session).run
    session.new_start()
    settle(session)
    if fork:
        session.seek(20)
    session.change(with_field(session.experiment, "loss", "mse"))
    frame = settle(session)
    assert recorded is not None and frame.objective is not None and len(frame.runs) == 2 + fork
    for run in frame.ghosts:
        expected = frame.objective.loss(run.trajectory.params(0, run.length))
        drawn = shown(run.length, run.length)
        np.testing.assert_allclose(run.heights[drawn], expected[drawn], rtol=1e-9)
        assert np.isnan(np.delete(run.heights, drawn)).all()
    np.testing.assert_array_equal(frame.runs[0].losses, recorded.losses)


def test_an_error_in_a_frame_does_not_end_the_frames(session: Session, qtbot: QtBot) -> None:
    trained(session)

    def broken(frame: Frame) -> None:
        raise ValueError("a view that cannot")

    session.frame_changed.connect(broken)
    with qtbot.captureExceptions() as errors:
        session.seek(3)
        until(lambda: bool(errors))
        session.frame_changed.disconnect(broken)
        session.seek(5)
        until(lambda: session.frame.cursor == 5)
    assert {kind for kind, *_ in errors} == {ValueError}


def test_a_surface_is_taken_from_a_batch_that_ends_with_nothing_to_show(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between surfaces the surveyor yields None, so as to be stopped there."""
    frame = trained(session)
    assert frame.run is not None and frame.surface is not None
    after = with_field(session.experiment, "loss", "mse")
    answers = landscape(Look(after, frame.run.trajectory, frame.run.length, frame.plane))
    land = next(answer for answer in answers if answer is not None)
    monkeypatch.setattr(surveying_module, "landscape", lambda look: iter([None, land, None]))
    session.recompute()
    until(lambda: session.frame.surface is land.surface)


def test_training_on_a_run_that_was_gone_back_to_takes_nothing_from_the_other(
    session: Session, small: Experiment, heavy_ball: Replay
) -> None:
    """Both at the same step, and the other's loss chosen anew: its first step is by this run's own gradient."""
    mse = with_field(small, "loss", "mse")
    trained(session)
    session.new_start()
    settle(session)
    session.open(mse)
    trained(session)
    session.change(with_field(mse, "network", Network((2, 5, 1))))
    session.undo()
    settle(session)
    session.change(small)
    frame = trained(session)
    assert frame.run is not None
    np.testing.assert_array_equal(frame.run.trajectory.params(), heavy_ball([(0, mse), (60, small)], 120))


def test_after_another_experiment_a_structure_keeps_the_run_before_it(session: Session, small: Experiment) -> None:
    session.change(with_field(small, "network", Network((2, 5, 1))))
    session.open(small)
    trained(session)
    session.change(with_field(small, "network", Network((2, 6, 1))))
    assert [run.label for run in settle(session).runs] == ["run 1", "run 2"]


@pytest.mark.parametrize("field, value", [("loss", "mse"), ("network", Network((2, 4, 1), activation="relu"))])
def test_a_loss_switched_and_stopped_before_a_step_measures_all_states_anew(
    session: Session, small: Experiment, field: str, value: Any
) -> None:
    """Also those that were recorded and not yet seen when it was switched."""
    session.set_pace(0)
    session.train()
    until(lambda: len(session.frame.runs) and session._run.trajectory and len(session._run.trajectory) > 20)
    after = with_field(small, field, value)
    session.change(after)
    session.stop()
    frame = settle(session)
    assert frame.run is not None and frame.run.experiment == session.experiment == after
    expected = after.objective.loss(frame.run.trajectory.params(0, frame.run.length))
    np.testing.assert_allclose(frame.run.heights, expected, rtol=1e-12)


def test_what_was_found_out_under_another_loss_is_not_shown(session: Session, small: Experiment) -> None:
    """A probe is of a step and of a loss: it names the one, and goes with the other."""
    trained(session)
    session.set_probing({"trust"})
    until(lambda: session.frame.probe is not None)
    frames: list[Frame] = []
    session.frame_changed.connect(frames.append)
    session.change(with_field(small, "loss", "mse"))
    objective = session.experiment.objective
    until(lambda: session.frame.objective is objective and session.frame.probe is not None)
    for frame in frames:
        assert frame.probe is None or frame.probe.look.experiment.objective is frame.objective
    assert session.frame.probe is not None
    assert session.frame.probe.trust.true == pytest.approx(float(objective.loss(session.frame.state.params)))  # type: ignore[union-attr]
