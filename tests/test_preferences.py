"""Preferences: texts that come back, and files that are in nobody's way."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from explorer.playback import Playback
from explorer.preferences import MOST_BYTES, Preferences
from explorer.recent import last_speed


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    stored = Preferences(tmp_path / "deeper" / "window.json")
    stored.keep("theme", "light")
    stored.keep("words", "ä θ \n \x00 \ud83d".encode("utf-8", "replace").decode())
    again = Preferences(stored.path)
    assert again.value("theme") == "light" and again.value("words") == stored.value("words")
    assert again.value("nothing") == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1, 2]", b"null", b"\xff\xfe", b'{"theme": 3, "x": [], "y": null}', b"[" * 100_000, b"1" * 10_000],
)
def test_a_file_that_is_wrong_is_passed_over(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "window.json"
    path.write_bytes(content)
    stored = Preferences(path)
    assert stored.value("theme") == "" and stored.value("y") == ""
    stored.keep("theme", "dark")
    assert Preferences(path).value("theme") == "dark"


def test_a_file_too_large_and_a_folder_are_passed_over(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_text(json.dumps({"theme": "x" * MOST_BYTES}))
    assert Preferences(large).value("theme") == ""
    assert Preferences(tmp_path).value("theme") == ""
    Preferences(tmp_path).keep("theme", "dark")  # which cannot be written, and nothing is lost but that


def test_no_code_in_a_file_is_run(tmp_path: Path) -> None:
    """An object of Python, as Qt's own settings write it, is a text like any other: it is not even looked at."""
    ran = tmp_path / "ran"

    class Trapped:
        def __reduce__(self) -> tuple[object, tuple[str, str]]:
            return open, (str(ran), "w")

    before = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    before.setValue("theme", pickle.dumps(Trapped()))
    before.sync()
    path = tmp_path / "window.json"
    path.write_bytes((tmp_path / "window.ini").read_bytes())
    assert Preferences(path).value("theme") == "" and not ran.exists()


@pytest.mark.parametrize(
    "kept", ["[[], [], [], []]", "[{}, {}, {}, {}]", "[1, 2]", "{}", "[" * 50_000, "[null, 1, 1, 1]"]
)
def test_values_that_cannot_be_used_are_dropped(tmp_path: Path, kept: str) -> None:
    """Also those that cannot even be looked up, and those that are too deep."""
    stored, playback = Preferences(tmp_path / "window.json"), Playback()
    before = playback.speed, playback.end, playback.every
    stored.keep("playback", kept)
    assert last_speed(stored, playback, 60.0) == 60.0
    assert (playback.speed, playback.end) == before[:2]
