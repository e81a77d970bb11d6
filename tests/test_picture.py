"""Pictures: exactly the size asked for, whole or not at all, and with the experiment inside."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage

from explorer.export import KINDS
from explorer.export.picture import frame_at, picture, save
from explorer.frame import Change, Frame
from explorer.style import LIGHT, PATH
from explorer.views import VIEWS
from model import Experiment, Look, SettingError, from_json, probe, with_field
from model.datasets import Sine
from model.storage import replacing

EACH = [pytest.param(kind, marks=pytest.mark.gl if kind == "both" or VIEWS[kind].spatial else ()) for kind in KINDS]


@pytest.fixture(scope="module")
def frame(small: Experiment) -> Frame:
    frame = frame_at(small, None)
    assert frame.run is not None and frame.plane is not None
    *_, found = probe(Look(small, frame.run.trajectory, frame.run.length), frame.plane, line=True, spectral=True)
    return replace(frame, probe=found)


def array(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.mark.parametrize("kind", EACH)
@pytest.mark.parametrize("size", [(64, 64), (333, 777), (1280, 720)])
@pytest.mark.slow
def test_a_picture_has_exactly_the_size_asked_for(
    qapp: Any, frame: Frame, tmp_path: Path, kind: str, size: tuple[int, int]
) -> None:
    save(picture(frame, kind, size), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == size and image.format == "PNG"
    assert len(np.unique(array(tmp_path / "a.png") @ (1, 256, 65536))) > 20


@pytest.mark.parametrize("kind", EACH)
def test_a_picture_holds_its_experiment(qapp: Any, frame: Frame, small: Experiment, tmp_path: Path, kind: str) -> None:
    save(picture(frame, kind, (300, 300), LIGHT), tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert from_json(image.text["Experiment"]) == small  # type: ignore[attr-defined]


def test_a_picture_of_a_steered_run_says_what_was_changed(qapp: Any, frame: Frame, tmp_path: Path) -> None:
    assert frame.run is not None
    changed = replace(frame.run, changes=(Change(3, "Learning rate η 0.1 → 0.3"), Change(9, "Loss a → b")))
    save(picture(replace(frame, runs=(changed,)), "map", (200, 160)), tmp_path / "map.png")
    with Image.open(tmp_path / "map.png") as image:
        assert image.text["Changes"] == "step 3: Learning rate η 0.1 → 0.3; step 9: Loss a → b"  # type: ignore


@pytest.mark.slow
def test_lines_are_as_many_times_thicker_as_the_picture_is_larger(qapp: Any, frame: Frame, tmp_path: Path) -> None:
    """The orange line of the path: its area in pixels grows with the square of the size, so its width with the size."""
    areas = []
    for k in (1, 4):
        save(picture(frame, "loss", (720 * k, 420 * k)), tmp_path / "a.png")
        pixels = array(tmp_path / "a.png")
        wanted = np.array([int(PATH[i : i + 2], 16) for i in (1, 3, 5)])
        areas.append(int((np.abs(pixels - wanted) < 40).all(axis=-1).sum()))
    assert areas[0] > 300
    assert 12 < areas[1] / areas[0] < 22


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match=r"a\.png"):
        save(QImage(), path)  # an empty image cannot be written
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]


def test_an_error_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]


def test_a_folder_that_is_not_there_is_an_error_that_can_be_told(qapp: Any, tmp_path: Path) -> None:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    with pytest.raises(OSError):
        save(image, tmp_path / "no" / "a.png")
    assert not os.listdir(tmp_path)


def test_a_saved_picture_may_be_read_like_any_other_file(qapp: Any, tmp_path: Path) -> None:
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(0)
    save(image, tmp_path / "a.png")
    (tmp_path / "plain").touch()
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_frame_at_a_step_is_the_run_up_to_its_end_with_the_cursor_there(small: Experiment) -> None:
    frame = frame_at(small, 17)
    assert frame.state is not None and frame.run is not None and frame.surface is not None
    np.testing.assert_array_equal(frame.state.params, small.run(17)[-1].params)
    assert frame.run.length == small.steps + 1
    assert frame.surface.loss.shape == (small.resolution, small.resolution)
    assert frame_at(small, small.steps + 20).cursor == small.steps + 20  # further than the experiment asks for


def test_a_step_after_a_divergence_is_refused(small: Experiment) -> None:
    wild = with_field(with_field(small, "dataset", Sine()), "loss", "mse")
    schedule = type(wild.descent.schedule)(learning_rate=1e6)
    descent = type(wild.descent)(wild.descent.optimizer, schedule)
    wild = with_field(with_field(wild, "descent", descent), "network", type(wild.network)((1, 4, 1), "relu"))
    with pytest.raises(SettingError, match=r"--step: 60 given; allowed: 0 to \d+"):
        frame_at(wild, 60)
