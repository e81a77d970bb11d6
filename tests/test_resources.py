"""Resources: every file that the application names is there and can be used."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from explorer.resources import FOLDER, icon_file, load_experiment, presets
from model import Experiment, SettingError, to_json
from model.losses import BinaryCrossEntropy


def test_presets_are_offered_by_the_numbers_in_their_file_names() -> None:
    numbers = [int(path.stem.split("-")[0]) for path in presets().values()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", name) for name in presets())


def test_the_default_is_the_first_preset_and_is_two_moons() -> None:
    default = load_experiment()
    assert default == load_experiment(next(iter(presets())))
    assert (default.dataset.samples, default.dataset.noise) == (200, 0.15)  # type: ignore[attr-defined]
    assert default.network.widths == (2, 16, 16, 1) and default.network.activation == "tanh"
    assert default.loss == BinaryCrossEntropy() and default.descent.optimizer.momentum == 0.9  # type: ignore[attr-defined]


def test_an_experiment_comes_from_a_file(small: Experiment, tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(to_json(small), encoding="utf-8")
    assert load_experiment(str(path)) == small


@pytest.mark.parametrize(
    ("given", "words"),
    [("moonz", "did you mean moons?"), ("nowhere.json", "No such file"), ("", "allowed"), (".", "a .json file")],
)
def test_what_is_not_there_is_named_in_one_line(given: str, words: str) -> None:
    with pytest.raises(SettingError, match=words.replace("?", r"\?")) as caught:
        load_experiment(given)
    assert "\n" not in str(caught.value)


def test_an_error_in_a_file_names_the_file_and_the_field(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text('{"descent": {"schedule": {"kind": "constant", "learning_rate": -1}}}', encoding="utf-8")
    with pytest.raises(
        SettingError, match=r"mine\.json: descent\.schedule\.learning_rate: -1(\.0)? given; allowed: .*above 0"
    ):
        load_experiment(str(path))


def test_all_icons_are_pictures_in_the_theme_s_ink() -> None:
    pytest.importorskip("PySide6.QtWidgets")
    from explorer.window import ACTIONS

    names = {icon for *_, icon in ACTIONS.values() if icon} | {"stop", "pause"}
    for name in names:
        text = icon_file(name).read_text(encoding="utf-8")
        assert ElementTree.fromstring(text).tag.endswith("svg")
        assert "currentColor" in text
    assert {icon_file(name) for name in names} == set((FOLDER / "icons").glob("*.svg"))
