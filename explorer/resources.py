"""Files that come with the application: presets and icons."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from explorer.link import from_link
from model import Experiment, SettingError, from_json, with_text

_HERE = Path(__file__).resolve().parent
# In a checkout they lie beside the packages; in an installed one, inside this package.
FOLDER = next((f for f in (_HERE.parent / "resources", _HERE / "resources") if f.is_dir()), _HERE / "resources")


def presets() -> dict[str, Path]:
    """The preset experiments by name, in the order in which they are offered; the first is the default."""
    found = sorted((FOLDER / "presets").glob("*.json"))
    return {path.stem.split("-", 1)[1]: path for path in found}


def icon_file(name: str) -> Path:
    """The SVG of an icon."""
    return FOLDER / "icons" / f"{name.replace(' ', '-')}.svg"


def load_experiment(given: str | None = None, changes: Iterable[str] = ()) -> Experiment:
    """A preset by its name, an experiment file by its path, or a link; the default preset for None.

    `changes` are made to it one after another: "descent.schedule.learning_rate=0.3". Raises `SettingError`, one line,
    for what does not exist or is not an experiment.
    """
    experiment = _read(given)
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals:
            raise SettingError("--set", change, "PATH=VALUE, such as descent.schedule.learning_rate=0.3")
        experiment = with_text(experiment, path.strip(), value.strip())
    return experiment


def _read(given: str | None) -> Experiment:
    if given is not None and given.startswith("lle:"):
        return from_link(given)
    known = presets()
    if given is None:
        given = next(iter(known))
    path = known.get(given, Path(given))
    if given not in known and path.suffix != ".json" and not path.exists():
        close = difflib.get_close_matches(given, known, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise SettingError("experiment", given, f"a .json file, or a preset: {', '.join(known)}{hint}")
    try:
        if given == "" or (path.exists() and not path.is_file()):
            raise SettingError("experiment", given, "a .json file, or a preset")
        text = path.read_bytes()
    except OSError as error:
        raise SettingError("experiment", str(path), f"a file that can be read ({error.strerror})") from None
    try:
        return from_json(text)
    except SettingError as error:
        raise SettingError(f"{path.name}: {error.field}", error.given, error.allowed) from None
