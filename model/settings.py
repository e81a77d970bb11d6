"""Settings: frozen values that a person chooses, which check themselves and say in one line what is wrong.

Every choice in the program, from the learning rate to the data, is a field of a `Settings` class. A field states its
limits once, where it is defined, and what a change of it means; forms, JSON, the command line and the session all read
that from there through `fields_of`.
"""

from __future__ import annotations

import difflib
import math
import sys
import typing
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, Literal, TypeVar

import msgspec

Effect = Literal["structure", "objective", "step", "view"]
EFFECTS: tuple[Effect, ...] = typing.get_args(Effect)
"""What a change of a field means for a run, the farthest-reaching first: another run, as data, start or parameters are
others; another loss of the same parameters; another way to the next step; nothing but how it is looked at."""


class SettingError(ValueError):
    """A setting that cannot be used. The message is one line: which field, what was given, what is allowed."""

    def __init__(self, field: str, given: object, allowed: str) -> None:
        super().__init__(f"{field}: {_shown(given)} given; allowed: {allowed}")
        self.field, self.given, self.allowed = field, given, allowed

    def inside(self, outer: str) -> SettingError:
        """The same error, seen from the settings that contain the field."""
        return SettingError(f"{outer}.{self.field}", self.given, self.allowed)


class Settings(msgspec.Struct, frozen=True):
    """Base of all settings. Equal when their values are equal; checked whenever one is made.

    A subclass that is one entry of a registry carries `tag="its-name"`, which JSON shows as `kind`. Where an entry is
    wanted as it is by default, its name will do, in Python as in JSON: `loss="huber"`.
    """

    caption: ClassVar[str] = ""

    def __post_init__(self) -> None:
        for field in fields_of(type(self)):
            value = getattr(self, field.name)
            if field.kinds and isinstance(value, str):
                msgspec.structs.force_setattr(self, field.name, kind_named(field, value, field.name)())
            else:
                field.check(value)


class Field(msgspec.Struct, frozen=True):
    """What is known of one field of a `Settings` class: enough to check it and to build a widget for it."""

    name: str
    type: Any
    title: str
    help: str
    default: Any
    effect: Effect
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    choices: tuple[str, ...] = ()
    kinds: tuple[Any, ...] = ()
    slider: tuple[float, float] | None = None
    zero: str = ""
    file: str = ""

    @property
    def allowed(self) -> str:
        """The limits in words."""
        if self.choices:
            return ", ".join(self.choices)
        if self.kinds:
            return "kind " + ", ".join(kind_of(kind) for kind in self.kinds)
        if self.type is bool:
            return "true or false"
        if self.type is str:
            return "a text"
        noun = {int: "a whole number", float: "a finite number"}.get(self.type, "a list of whole numbers")
        low = f"above {self.low:g}" if self.open_low else f"from {self.low:g}"
        high = f"below {self.high:g}" if self.open_high else f"to {self.high:g}"
        limits = [low] * math.isfinite(self.low) + [high] * math.isfinite(self.high)
        return " ".join([noun, *limits])

    def check(self, value: object) -> None:
        """Raise `SettingError` unless `value` is allowed here."""
        if not self._fits(value):
            raise SettingError(self.name, value, self.allowed + _hint(value, self.choices))

    def _fits(self, value: object) -> bool:
        if self.choices:
            return value in self.choices
        if self.kinds:
            return isinstance(value, self.kinds)
        if typing.get_origin(self.type) is tuple:
            return isinstance(value, tuple) and all(self._in_range(item, int) for item in value)
        if self.type in (int, float):
            return self._in_range(value, self.type)
        return isinstance(value, self.type)

    def _in_range(self, value: object, kind: type) -> bool:
        if isinstance(value, bool) or not isinstance(value, (int, kind)) or not abs(value) < math.inf:
            return False
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below


def setting(
    title: str,
    help: str = "",
    *,
    effect: Effect,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    choices: Iterable[str] = (),
    kinds: tuple[Any, ...] = (),
    slider: tuple[float, float] | None = None,
    zero: str = "",
    file: str = "",
) -> msgspec.Meta:
    """Describe a field, for use in `Annotated[type, setting(...)]`: words for the form, limits for everybody.

    `effect` is what a change of it means: see `EFFECTS`. `ge`, `gt`, `le`, `lt` bound it; `choices` names the entries
    of a registry of values, `kinds` the classes of a registry of settings; `slider` is the range a slider offers,
    logarithmic if it lies above 0, and values outside it may be typed; `zero` is the word that a form shows for 0 or an
    empty text, where that has a meaning of its own; `file` says that a text is the path of a file, and of which:
    "Tables (*.csv *.tsv)".
    """
    extra: dict[str, Any] = dict(
        effect=effect, choices=tuple(choices), kinds=kinds, slider=slider, zero=zero, file=file
    )
    if ge is not None or gt is not None:
        extra |= dict(low=ge if gt is None else gt, open_low=gt is not None)
    if le is not None or lt is not None:
        extra |= dict(high=le if lt is None else lt, open_high=lt is not None)
    return msgspec.Meta(title=title, description=help, extra=extra)


@cache
def fields_of(settings: type[Settings]) -> tuple[Field, ...]:
    """The fields of a `Settings` class, in the order in which they are written.

    Raises `TypeError` for one that is not described by `setting`.
    """
    hints = typing.get_type_hints(settings, include_extras=True)
    fields = []
    for info in msgspec.structs.fields(settings):
        hint = hints[info.name]
        kind, meta = (typing.get_args(hint) if hasattr(hint, "__metadata__") else (hint, None))[:2]
        if not isinstance(meta, msgspec.Meta) or not meta.extra:
            raise TypeError(
                f"{settings.__name__}.{info.name}: setting(...) is to say what it is, and what a change means"
            )
        field = Field(info.name, kind, meta.title or info.name, meta.description or "", info.default, **meta.extra)
        fields.append(field)
    return tuple(fields)


def kind_of(settings: Any) -> str:
    """The name by which a registry's class, or a value of it, is called in JSON."""
    return str(settings.__struct_config__.tag)


Kind = TypeVar("Kind", bound=Settings)


def build(settings: type[Kind], plain: object, where: str = "") -> Kind:
    """Make settings from what JSON gave: dictionaries, lists, numbers, texts.

    Raises `SettingError` naming the field by its whole path (`descent.schedule.learning_rate`), what was given and
    what is allowed there; unknown fields are refused, missing ones take their default.
    """
    if not isinstance(plain, dict):
        raise SettingError(where or "experiment", plain, "an object { ... }")
    prefix = f"{where}." if where else ""
    fields = {field.name: field for field in fields_of(settings)}
    known = {*fields, "kind"} if settings.__struct_config__.tag else fields
    for key in plain:
        if key not in known:
            name = key if key.isidentifier() and len(key) < 60 else _shown(key)
            raise SettingError(prefix + name, plain[key], (", ".join(fields) or "no fields") + _hint(key, fields))
    try:
        values = {name: value_of(field, plain[name], prefix + name) for name, field in fields.items() if name in plain}
        for name, field in fields.items():
            if name not in plain and field.default is msgspec.NODEFAULT:
                raise SettingError(name, None, field.allowed)
        return settings(**values)
    except SettingError as error:
        raise (error if error.field.startswith(prefix) else error.inside(where)) from None


def value_of(field: Field, plain: object, where: str) -> Any:
    """The value of one field from what JSON gave; raises `SettingError` for the parts of it that are settings."""
    if isinstance(plain, Settings):
        return plain
    if field.kinds and isinstance(plain, str):
        return build(kind_named(field, plain, where), {}, where)
    if field.kinds:
        return build(_kind(field, plain, where), plain, where)
    if isinstance(field.type, type) and issubclass(field.type, Settings):
        return build(field.type, plain, where)
    if typing.get_origin(field.type) is tuple and isinstance(plain, list):
        return tuple(plain)
    if field.type is float and type(plain) is int and abs(plain) <= sys.float_info.max:
        return float(plain)
    return plain


def _kind(field: Field, plain: object, where: str) -> type[Settings]:
    """The class that a tagged object asks for; a registry with one entry needs no tag."""
    if not isinstance(plain, dict):
        raise SettingError(where, plain, f"an object with {field.allowed}")
    wanted = plain.get("kind", None if len(field.kinds) > 1 else kind_of(field.kinds[0]))
    return kind_named(field, wanted, f"{where}.kind")


def kind_named(field: Field, name: object, where: str) -> type[Settings]:
    """The class of that name among a field's kinds; raises `SettingError` where there is none."""
    kinds: dict[object, type[Settings]] = {kind_of(kind): kind for kind in field.kinds}
    if not isinstance(name, str) or name not in kinds:
        raise SettingError(where, name, ", ".join(map(str, kinds)) + _hint(name, kinds))
    return kinds[name]


def _hint(given: object, known: Iterable[object]) -> str:
    names = [str(name) for name in known] if isinstance(given, str) else []
    close = difflib.get_close_matches(str(given), names, n=1)
    return f" (did you mean {close[0]}?)" if close else ""


def _shown(given: object) -> str:
    """On one line, printable and short, whatever it is."""
    shown = repr(given)
    return shown if len(shown) <= 60 else f"{shown[:27]} ... {shown[-28:]}"  # of a path, the end says most
