"""Links: an experiment as one line of text that can be sent and pasted: `lle:1?loss=...&network=...`. No Qt."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote

import msgspec

from model import Experiment, SettingError, from_json

PREFIX = "lle:1?"


def to_link(experiment: Experiment) -> str:
    """What differs from the defaults, field by field, as a link."""
    plain, usual = (msgspec.to_builtins(value) for value in (experiment, Experiment()))
    parts = [
        f"{name}={quote(msgspec.json.encode(value).decode(), safe=':,')}"
        for name, value in plain.items()
        if value != usual[name]
    ]
    return PREFIX + "&".join(parts)


def from_link(link: str) -> Experiment:
    """The experiment of a link. Raises `SettingError`, one line with the field, what was given and what is allowed."""
    text = link.strip()
    if not text.startswith(PREFIX):
        raise SettingError("link", text, f"a text that begins with {PREFIX}")
    try:
        parts = parse_qsl(text.removeprefix(PREFIX), keep_blank_values=True, strict_parsing=bool(text != PREFIX))
        fields = {name: msgspec.json.decode(value) for name, value in parts}
    except (ValueError, RecursionError):
        raise SettingError("link", text, "NAME=VALUE pairs with & between them, each value as JSON") from None
    return from_json(msgspec.json.encode(fields))
