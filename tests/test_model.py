"""The package as a whole: its public names, and that it needs no window."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import model

ROOT = Path(__file__).parent.parent


def test_public_names_exist_and_are_documented() -> None:
    assert len(set(model.__all__)) == len(model.__all__)
    for name in model.__all__:
        public = getattr(model, name)
        if callable(public):
            assert public.__doc__, name


def test_nothing_public_is_left_out() -> None:
    """What model/__init__.py imports is what it offers."""
    imported = {
        name for name, value in vars(model).items() if not name.startswith("_") and not hasattr(value, "__path__")
    }
    modules = {path.stem for path in (ROOT / "model").glob("*.py")}
    assert imported - modules == set(model.__all__) - modules


@pytest.mark.slow
def test_it_imports_no_qt() -> None:
    program = "import sys, model; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(ran.stdout.split())
    assert "numpy" in loaded
    assert not loaded & {"PySide6", "PyQt5", "PyQt6", "shiboken6", "pyqtgraph", "OpenGL", "matplotlib", "PIL"}


def test_the_ten_lines_of_the_readme(capsys: pytest.CaptureFixture[str]) -> None:
    """They run, they are ten, and what they print of the plane is what a window draws."""
    [code] = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 10
    names: dict[str, Any] = {}
    exec(code, names)
    *_, land = model.landscape(model.Look(names["experiment"], names["path"], len(names["path"])))
    assert names["surface"].lowest == land.surface.lowest
    assert str(land.surface.lowest) in capsys.readouterr().out


def test_train_survey_and_look_in_ten_lines() -> None:
    experiment = model.Experiment(steps=50)
    trajectory = experiment.run()
    plane = model.plane_of(experiment, trajectory)
    *_, surface = model.survey(experiment.objective, plane, (31, 31))
    assert surface.lowest is not None
    x, y, lowest = surface.lowest
    assert lowest <= trajectory[-1].loss + 0.05
    assert plane.bounds[0][0] <= x <= plane.bounds[0][1] and plane.bounds[1][0] <= y <= plane.bounds[1][1]
