"""Preferences: what is remembered from start to start, as plain texts in a file. No Qt.

Qt's own settings can hold any object of Python, which runs whatever code a file says when it is read. Here a value is a
text or nothing; what is wrong with a file is passed over, and never in the way of a start.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from model.storage import replacing

MOST_BYTES = 1_000_000  # of a file; there is no reason for as much


class Preferences:
    """Texts by name, in a JSON file that is written whenever one changes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._texts = _read(path)

    def value(self, name: str) -> str:
        """What is remembered under a name; empty for nothing."""
        return self._texts.get(name, "")

    def keep(self, name: str, text: str) -> None:
        """Remember a text. A folder that cannot be written to keeps nobody from his work."""
        if self._texts.get(name) == text:
            return
        self._texts[name] = text
        with contextlib.suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(self.path) as temporary:
                temporary.write_text(json.dumps(self._texts, indent=1), encoding="utf-8")


def _read(path: Path) -> dict[str, str]:
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return {}
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    texts = found.items() if isinstance(found, dict) else ()
    return {name: text for name, text in texts if isinstance(text, str)}
