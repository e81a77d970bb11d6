"""Runs saved and opened by the window: what comes back is what was there; a file that is none loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

from explorer.__main__ import main
from explorer.frame import Run
from explorer.window import Window
from model import Experiment, Network, SettingError, load_run, with_field, with_text
from tests.harness import length, settle, trained, until

Open = Callable[..., Window]
RATE = "descent.schedule.learning_rate"


def steered(window: Window) -> Run:
    """A run with a drag, a loss and an optimizer switched on the way."""
    session = window.session
    session.set_pace(0)
    trained(session)
    session.hold(True)
    for rate in ("0.11", "0.12", "0.13"):
        session.change(with_text(session.experiment, RATE, rate))
        trained(session)
    session.hold(False)
    for path, value in (("loss", "mse"), ("descent.optimizer", "adam")):
        session.change(with_text(session.experiment, path, value))
        trained(session)
    assert session.frame.run is not None
    return session.frame.run


def save(window: Window, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(path), ""))
    window.actions_["save run"].trigger()
    until(lambda: window.notice.text().startswith("Saved"))


def test_a_run_comes_back_as_it_was_and_goes_on_as_if_never_closed(
    open_window: Open, small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(small)
    run = steered(window)
    save(window, tmp_path / "mine", monkeypatch)
    assert window.recent.paths == [str(tmp_path / "mine.npz")]
    settings = window.session.experiment
    window.open("moons")
    settle(window.session)
    window.session.stop()
    window.open(str(tmp_path / "mine.npz"))
    until(lambda: window.notice.text().startswith("Opened mine.npz: 360 steps"))
    settle(window.session)
    frame = window.session.frame
    again = frame.run
    assert again is not None and len(frame.runs) == 1 and window.session.experiment == settings
    assert (again.label, again.changes, again.segments, again.switched, again.length) == (
        run.label, run.changes, run.segments, run.switched, run.length
    )  # fmt: skip
    assert len(again.changes) == 3 and len(again.segments) == 6  # a drag is one mark, and yet exactly kept
    for one, other in zip(run.trajectory, again.trajectory, strict=True):
        for name in ("params", "gradient", "loss", "step"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for mine, its in zip(one.memory, other.memory, strict=True):
            np.testing.assert_array_equal(mine, its)
    np.testing.assert_allclose(again.heights, settings.objective.loss(again.trajectory.params()), rtol=1e-9)
    # From its newest state, and by a fork from an earlier one.
    trained(window.session)
    assert window.session.frame.run is not None and window.session.frame.run.length == 421
    window.session.seek(30)
    window.session.change(with_text(window.session.experiment, RATE, "0.01"))
    settle(window.session)
    fork = window.session.frame.run
    assert fork is not None
    np.testing.assert_array_equal(fork.trajectory[0].params, run.trajectory[30].params)


def test_a_file_that_is_no_run_changes_nothing(open_window: Open, small: Experiment, tmp_path: Path) -> None:
    window, path = open_window(small), tmp_path / "broken.npz"
    path.write_bytes(b"PK\3\4 and nothing more")
    before = window.session.frame.run
    window.recent.note(str(path))
    window.open(str(path))
    until(lambda: "broken.npz" in window.notice.text())
    assert "allowed" in window.notice.text() and window.recent.paths == []
    assert window.session.experiment == small and before is not None
    assert window.session.frame.run is not None and window.session.frame.run.trajectory is before.trajectory


def test_what_cannot_be_written_is_said(
    open_window: Open, small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, path = open_window(small), tmp_path / "absent" / "run.npz"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *given: (str(path), ""))
    window.actions_["save run"].trigger()
    until(lambda: str(path) in window.notice.text())
    assert not window.notice.text().startswith("Saved") and not path.exists()


def test_a_run_may_be_trained_on_while_it_is_saved(
    open_window: Open, small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(with_field(with_field(small, "network", Network((2, 40, 1))), "steps", 200_000))
    window.session.set_pace(0)
    window.session.train()
    until(lambda: length(window.session) > 300)
    save(window, tmp_path / "run.npz", monkeypatch)
    assert window.session.training
    window.session.stop()
    settle(window.session)
    saved, run = load_run(tmp_path / "run.npz"), window.session.frame.run
    assert run is not None and 300 < len(saved.trajectory) < run.length
    np.testing.assert_array_equal(saved.trajectory.losses(), run.losses[: len(saved.trajectory)])


def test_the_command_line_opens_a_run(
    open_window: Open, small: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import explorer.__main__ as command
    import explorer.application as application

    window = open_window(small)
    settle(window.session)
    save(window, tmp_path / "run.npz", monkeypatch)
    asked: list[Any] = []
    monkeypatch.setattr(command, "_has_display", lambda: True)
    monkeypatch.setattr(application, "run_window", lambda *given: asked.append(given))
    assert main([str(tmp_path / "run.npz")]) == 0
    experiment, _, chosen, (stored, path) = asked[0]
    assert experiment == small == stored.experiment and chosen and path == str(tmp_path / "run.npz")


@pytest.mark.parametrize("given", [["absent.npz"], ["absent.npz", "--set", "steps=5"]])
def test_the_command_line_refuses_in_one_line(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(given) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1 and "allowed" in told.err and not told.out


def test_a_run_that_is_no_run_is_refused_before_a_window_is_made(tmp_path: Path) -> None:
    (tmp_path / "table.npz").write_bytes(b"")
    with pytest.raises(SettingError):
        load_run(tmp_path / "table.npz")
