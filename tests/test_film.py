"""Films: a GIF as Pillow reads it back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence

from explorer.export.film import save_gif
from explorer.export.picture import frame_at
from model import Experiment


@pytest.mark.parametrize("kind", ["map", "loss", pytest.param("both", marks=pytest.mark.gl)])
def test_a_film_has_its_frames_one_palette_and_starts_again(
    qapp: Any, small: Experiment, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "a.gif"
    save_gif(frame_at(small, None), kind, (240, 200), path, frames=12)
    with Image.open(path) as film:
        assert film.size == (240, 200) and film.info["loop"] == 0
        assert film.n_frames == 12  # type: ignore[attr-defined]
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(film)]
        assert times[:-1] == [50] * 11 and times[-1] >= 1000
        film.seek(0)
        shown = {image.convert("RGB").tobytes() for image in ImageSequence.Iterator(film)}
        assert len(shown) == 12
    # One palette for all, so that nothing flickers: together they have no more colours than one palette holds.
    with Image.open(path) as film:
        colors = {color for image in ImageSequence.Iterator(film) for _, color in image.convert("RGB").getcolors(10**6)}
    assert 20 < len(colors) <= 256
    assert kind == "loss" or (255, 255, 255) in colors  # of the marks, small as they are
    assert os.listdir(tmp_path) == ["a.gif"]


def test_a_film_of_one_state_is_one_picture(qapp: Any, small: Experiment, tmp_path: Path) -> None:
    save_gif(frame_at(small, 0), "map", (240, 200), tmp_path / "a.gif", frames=12)
    with Image.open(tmp_path / "a.gif") as film:
        assert getattr(film, "n_frames", 1) == 1
