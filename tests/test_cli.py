"""The command line, as a program of its own: bad input is one line and exit code 2, and nothing is written."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PIL import Image

from explorer.resources import presets
from model import Experiment, from_json, to_json
from model.losses import Huber

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.slow


def program(folder: Path, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Python without a display, to which a warning is an error."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`loss-explorer` without a display."""
    return program(folder, "-m", "explorer", *arguments)


def changed(small: Experiment, **fields: Any) -> str:
    return json.dumps(json.loads(to_json(small)) | fields)


BAD: dict[str, tuple[list[str], list[str]]] = {
    "misspelt preset": (["export", "moonz", "--out", "a.png"], ["experiment", "'moonz'", "did you mean moons?"]),
    "missing file": (["export", "absent.json", "--out", "a.png"], ["absent.json", "allowed"]),
    "misspelt key": (["export", "key.json", "--out", "a.png"], ["resolutoin", "did you mean resolution?"]),
    "misspelt value": (["export", "value.json", "--out", "a.png"], ["loss", "'bcee'", "did you mean bce?"]),
    "negative rate": (["export", "rate.json", "--out", "a.png"], ["learning_rate", "-1", "above 0"]),
    "foreign": (["export", "foreign.json", "--out", "a.png"], ["name", "allowed"]),
    "no JSON": (["export", "noise.json", "--out", "a.png"], ["noise.json", "allowed"]),
    "no size": (["export", "moons", "--size", "0x0", "--out", "a.png"], ["--size", "'0x0'", "64"]),
    "huge size": (["export", "moons", "--size", "99999x99999", "--out", "a.png"], ["--size", "8192"]),
    "view": (["export", "moons", "--view", "mapp", "--out", "a.png"], ["--view", "mapp", "surface"]),
    "negative step": (["export", "moons", "--step", "-1", "--out", "a.png"], ["--step"]),
    "far step": (["export", "wild.json", "--view", "map", "--step", "70", "--out", "a.png"], ["--step", "70", "0 to"]),
    "unwritable": (["export", "moons", "--out", "no/a.png"], ["--out", "no/a.png", "allowed"]),
    "not a png": (["export", "moons", "--out", "a.jpg"], ["--out", "a.jpg", ".png"]),
    "no out": (["export", "moons"], ["--out"]),
    "window": (["moonz"], ["moonz", "did you mean moons?"]),
    "no display": (["open"], ["display"]),
    "showcase": (["showcase", "--out", "rate.json"], ["--out", "rate.json", "folder"]),
}  # fmt: skip


IN_TURN = """
import contextlib, io, json, os, sys
from pathlib import Path
from explorer.__main__ import main

def files():
    return {path.name: path.read_bytes().hex() for path in Path().iterdir()}

def code(arguments):
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code

before = files()
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        answer = code(arguments)
    print(json.dumps([answer, out.getvalue(), err.getvalue(), files() == before]))
"""


def test_bad_input_is_one_line_and_nothing_is_written(small: Experiment, tmp_path: Path) -> None:
    """All of it in one process, and the first of it in one of its own."""
    (tmp_path / "key.json").write_text(changed(small, resolutoin=21))
    (tmp_path / "value.json").write_text(changed(small, loss="bcee"))
    (tmp_path / "rate.json").write_text('{"descent": {"schedule": {"kind": "constant", "learning_rate": -1}}}')
    (tmp_path / "foreign.json").write_text('{"name": "some-package", "version": "1.0.0"}')
    (tmp_path / "noise.json").write_bytes(bytes(range(256)))
    wild = {
        "dataset": {"kind": "sine"}, "network": {"widths": [1, 4, 1], "activation": "relu"}, "loss": "mse",
        "descent": {"schedule": {"kind": "constant", "learning_rate": 1e6}},
    }  # fmt: skip
    (tmp_path / "wild.json").write_text(json.dumps(wild))
    given = json.dumps([arguments for arguments, _ in BAD.values()])
    done = program(tmp_path, "-c", IN_TURN, given=given)
    assert (done.returncode, done.stderr) == (0, "")
    for (name, (_, words)), line in zip(BAD.items(), done.stdout.splitlines(), strict=True):
        code, out, err, untouched = json.loads(line)
        assert (code, out, untouched) == (2, "", True), f"{name}: {err}"
        assert err.count("\n") == 1 and err.startswith("loss-explorer") and all(word in err for word in words), name
    first = next(iter(BAD.values()))[0]
    alone = run(tmp_path, *first)
    assert [alone.returncode, alone.stdout, alone.stderr] == json.loads(done.stdout.splitlines()[0])[:3]


@pytest.mark.parametrize("view", ["map", "loss", "layers"])
def test_a_flat_picture_needs_no_display(small: Experiment, tmp_path: Path, view: str) -> None:
    (tmp_path / "mine.json").write_text(to_json(small), encoding="utf-8")
    done = run(tmp_path, "export", "mine.json", "--view", view, "--size", "320x240", "--step", "5", "--out", "a.png")
    said = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
    assert (done.returncode, said) == (0, []) and "step 5" in done.stdout
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (320, 240)
        assert from_json(image.text["Experiment"]) == small  # type: ignore[attr-defined]
    assert sorted(os.listdir(tmp_path)) == ["a.png", "mine.json"]


@pytest.mark.gl
@pytest.mark.parametrize("view", ["surface", "both"])
def test_a_picture_in_three_dimensions_makes_its_own_display(small: Experiment, tmp_path: Path, view: str) -> None:
    (tmp_path / "mine.json").write_text(to_json(small), encoding="utf-8")
    done = run(tmp_path, "export", "mine.json", "--view", view, "--size", "320x240", "--out", "a.png")
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (320, 240)
        assert len(image.convert("RGB").getcolors(10**6)) > 200  # type: ignore[arg-type]


@pytest.mark.gl
def test_the_showcase_is_a_picture_and_a_film(tmp_path: Path) -> None:
    done = run(tmp_path, "showcase", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path / "out")) == ["descent.gif", "descent.png"]
    with Image.open(tmp_path / "out" / "descent.gif") as film:
        assert film.n_frames > 20  # type: ignore[attr-defined]


def test_presets_are_listed(tmp_path: Path) -> None:
    done = run(tmp_path, "presets")
    assert done.returncode == 0 and done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(presets())


def test_the_version_needs_no_qt(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert done.returncode == 0 and done.stdout.startswith("loss-explorer ")


WITHOUT_QT = (
    "import sys; sys.modules['PySide6'] = None; from explorer.__main__ import main; sys.exit(main(sys.argv[1:]))"
)


@pytest.mark.parametrize("command", ["run", "kinds", "presets", "export --help"])
def test_numbers_and_lists_need_no_qt(tmp_path: Path, command: str) -> None:
    done = program(tmp_path, "-c", WITHOUT_QT, *command.split())
    assert (done.returncode, done.stderr) == (0, "") and done.stdout


def test_a_setting_is_changed_for_a_picture_and_kept_in_it(small: Experiment, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(to_json(small), encoding="utf-8")
    changes = ["--set", "loss=huber", "--set", "loss.delta=0.5", "--set", "steps=4"]
    done = run(tmp_path, "export", "mine.json", *changes, "--view", "map", "--size", "100x100", "--out", "a.png")
    assert done.returncode == 0 and "step 4" in done.stdout
    with Image.open(tmp_path / "a.png") as image:
        kept = from_json(image.text["Experiment"])  # type: ignore[attr-defined]
    assert kept == msgspec.structs.replace(small, loss=Huber(delta=0.5), steps=4)


def test_the_numerics_are_checked_against_theory(tmp_path: Path) -> None:
    done = run(tmp_path, "check")
    found = re.search(r"^(\d+) passed, (\d+) failed$", done.stdout, re.MULTILINE)
    assert found is not None and int(found[1]) > 50 and int(found[2]) == 0
    assert (done.returncode, done.stderr) == (0, "")
