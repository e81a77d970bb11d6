"""What CONTRIBUTING prints: each of its examples is one entry in one file, and passes the tests of its registry.

All are added to one copy of the program, in which those tests run then, as programs of their own.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COPIED = ("explorer", "model", "resources", "tests", "pyproject.toml")
EXAMPLE = re.compile(r"^### [^\n]*`(\S+)`\n.*?^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EXAMPLES: dict[str, str] = dict(EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8")))
NAMES = {
    "ACTIVATIONS": "softsign", "LOSSES": "cauchy", "INITIALIZERS": "orthogonal", "SCHEDULES": "inverse-root",
    "OPTIMIZERS": "aggmo", "DATASETS": "checkers", "PLANES": "radial", "LINES": "so-far", "FUNCTIONS": "matyas",
    "VIEWS": "histogram",
}  # fmt: skip
# Tests of registries, all of them; and those beside them that have an example in their name, by its tag or its class.
ALL = (
    "activations", "losses", "initializers", "schedules", "optimizers", "datasets", "plane", "line", "functions",
    "settings", "commands", "style",
)  # fmt: skip
BESIDE = ("experiment", "objective", "descent", "running", "check", "views", "picture")
FILES = [f"tests/test_{name}.py" for name in (*ALL, *BESIDE)]
CHOSEN = " or ".join([*(f"test_{name}.py" for name in ALL), *NAMES.values(), "InverseRoot", "AlongWay"])

# Packages are those of the working directory, and the tests' too, which come to have them imported already.
TESTS = f"""
import sys, pathlib, pytest, explorer, model
from explorer.views import VIEWS
from model.settings import kind_of
for package in (explorer, model):
    assert pathlib.Path(package.__file__).is_relative_to(pathlib.Path.cwd()), package.__file__
for registry, name in {NAMES}.items():
    kinds = VIEWS if registry == "VIEWS" else getattr(model, registry)
    assert name in [kind if isinstance(kind, str) else kind_of(kind) for kind in kinds], name
sys.exit(pytest.main(["-q", "-m", "not gl", "-p", "no:cacheprovider", "-k", {CHOSEN!r}, *{FILES}]))
"""
CONTRACTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"


def with_entry(text: str, code: str) -> str:
    """A file's text with an example's code above the tuple that the example ends with, NAME = (..., entry)."""
    printed = ast.parse(code).body[-1]
    assert isinstance(printed, ast.Assign) and isinstance(printed.value, ast.Tuple)
    entry = ast.get_source_segment(code, printed.value.elts[1])
    [registry] = (node for node in ast.parse(text).body if assigned(node) == assigned(printed))
    assert isinstance(registry, (ast.Assign, ast.AnnAssign)) and isinstance(registry.value, ast.Tuple)
    last, lines = registry.value.elts[-1], text.encode().splitlines(keepends=True)
    assert last.end_lineno is not None and last.end_col_offset is not None
    row, column = last.end_lineno - 1, last.end_col_offset  # in bytes
    lines[row] = lines[row][:column] + f", {entry}".encode() + lines[row][column:]
    lines[registry.lineno - 1 : registry.lineno - 1] = code.encode().splitlines(keepends=True)[: printed.lineno - 1]
    return b"".join(lines).decode()


def assigned(node: ast.stmt) -> str:
    """The name that a statement gives to a value, or none."""
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.target)
    return ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else ""


def files(root: Path) -> dict[str, bytes]:
    """What is in the sources under a folder."""
    paths = [path for name in ("explorer", "model") for path in (root / name).rglob("*.py")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """A Python program in a folder, without a display, and without what this run of tests was told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {name: value for name, value in kept.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with all examples in it."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", Path(__file__).name)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    for name, code in EXAMPLES.items():
        path = folder / name
        path.write_text(with_entry(path.read_text("utf-8"), code) if path.exists() else code, "utf-8")
    return folder


def test_there_is_an_example_for_every_kind_and_each_is_in_one_file(copy: Path) -> None:
    before, after = files(ROOT), files(copy)
    assert {name for name in before | after if before.get(name) != after.get(name)} == set(EXAMPLES)
    assert len(EXAMPLES) == len(NAMES)


def test_examples_pass_the_tests_of_their_registries(copy: Path) -> None:
    done = run(copy, TESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_examples_keep_the_contracts_and_a_view_that_knows_another_does_not(copy: Path) -> None:
    done = run(copy, CONTRACTS)
    assert done.returncode == 0, done.stdout + done.stderr
    nosy = copy / "explorer" / "views" / "nosy.py"
    nosy.write_text("from explorer.views.histogram import HistogramView\n", "utf-8")
    done = run(copy, CONTRACTS)
    nosy.unlink()
    assert done.returncode == 1 and "explorer.views.nosy -> explorer.views.histogram" in done.stdout
