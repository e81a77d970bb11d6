"""Settings: limits stated once, checked whenever a value is made, and errors of one line that say what is allowed."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec
import pytest

from model import (
    DATASETS,
    FUNCTIONS,
    INITIALIZERS,
    LINES,
    LOSSES,
    OPTIMIZERS,
    PLANES,
    SCHEDULES,
    Descent,
    Experiment,
    Field,
    Network,
    NetworkLoss,
    SettingError,
    Settings,
    fields_of,
)
from model.settings import build, kind_named, kind_of, setting, value_of
from tests.cases import in_turn

REGISTRIES: list[tuple[type[Settings], ...]] = [
    DATASETS, FUNCTIONS, INITIALIZERS, LINES, LOSSES, OPTIMIZERS, PLANES, SCHEDULES,
]  # fmt: skip
REGISTERED = [kind for registry in REGISTRIES for kind in registry]
ALL: list[type[Settings]] = [*REGISTERED, NetworkLoss, Descent, Network, Experiment]
FIELDS = [(kind, field) for kind in ALL for field in fields_of(kind)]

every_class = in_turn("kind", ALL, ids=lambda kind: kind.__name__)
every_field = in_turn(("kind", "field"), FIELDS, ids=lambda case: f"{case[0].__name__}.{case[1].name}")


class Shape(Settings, frozen=True, tag_field="kind"):
    """A registry for these tests."""


class Circle(Shape, frozen=True, tag="circle"):
    """One entry."""

    radius: Annotated[float, setting("Radius", "how large", gt=0, le=10, effect="view")] = 1.0


class Square(Shape, frozen=True, tag="square"):
    """Another."""

    side: Annotated[int, setting("Side", ge=1, lt=5, effect="view")] = 1


class Drawing(Settings, frozen=True):
    """One field of every type."""

    name: Annotated[str, setting("Name", effect="view")]
    shape: Annotated[Shape, setting("Shape", kinds=(Circle, Square), effect="view")] = Circle()
    colour: Annotated[str, setting("Colour", choices=["red", "green"], effect="view")] = "red"
    filled: Annotated[bool, setting("Filled", effect="view")] = False
    sizes: Annotated[tuple[int, ...], setting("Sizes", ge=1, le=9, effect="view")] = (1, 2)
    paper: Annotated[str, setting("Paper", zero="none", file="Pictures (*.png)", effect="view")] = ""


@every_class
def test_fields_are_described_in_order(kind: type[Settings]) -> None:
    fields = fields_of(kind)
    assert tuple(field.name for field in fields) == kind.__struct_fields__
    for field in fields:
        assert field.title and field.allowed
        assert field.default is not msgspec.NODEFAULT
        field.check(field.default)


@every_class
def test_defaults_are_equal_and_hashable(kind: type[Settings]) -> None:
    assert kind() == kind() and hash(kind()) == hash(kind())


@pytest.mark.parametrize("registry", REGISTRIES)
def test_entries_have_names_and_words_of_their_own(registry: tuple[type[Settings], ...]) -> None:
    for what in (kind_of, lambda kind: kind.caption, lambda kind: kind.__doc__):
        said = [what(kind) for kind in registry]
        assert all(said) and len(set(said)) == len(said)


@every_class
def test_settings_are_frozen(kind: type[Settings]) -> None:
    for field in fields_of(kind):
        with pytest.raises(AttributeError):
            setattr(kind(), field.name, field.default)


def beyond(field: Field) -> list[Any]:
    """Values that this field must not take."""
    values: list[Any] = [None, b"bytes", {}, [1.5]]
    if field.type in (int, float):
        values += [True, "1", math.nan, math.inf, -math.inf]
        values += [math.nextafter(limit, limit * 2) for limit in [field.high] if math.isfinite(limit) and limit > 0]
        values += [field.low if field.open_low else field.low - 1] if math.isfinite(field.low) else []
        values += [field.high if field.open_high else field.high + 1] if math.isfinite(field.high) else []
        values += [10**400, -(10**400)] if math.isfinite(field.high) else []
    if field.type is int:
        values += [0.5, 1.0]
    if field.type is str:
        values += [1, True]
    if field.type is bool:
        values += [0, 1, "true", 1.0]
    if field.kinds:
        values += ["", "no such kind", field.kinds[0], Drawing("a")]
    if field.choices:
        values += ["", "no such choice"]
    return values


@every_field
def test_what_is_not_allowed_is_refused_in_one_line(kind: type[Settings], field: Field) -> None:
    for value in beyond(field):
        with pytest.raises(SettingError) as caught:
            kind(**{field.name: value})
        message = str(caught.value)
        allowed = field.allowed.removeprefix("kind ")
        assert message.startswith(f"{field.name}: ") and allowed in message and "\n" not in message
        assert repr(value)[:20] in message
        assert (caught.value.field, caught.value.given) == (field.name, value)


@every_field
def test_limits_themselves_are_allowed_when_closed(kind: type[Settings], field: Field) -> None:
    if field.type in (int, float):
        for limit, is_open in ((field.low, field.open_low), (field.high, field.open_high)):
            if math.isfinite(limit) and not is_open:
                field.check(field.type(limit))


@every_field
def test_a_slider_offers_what_is_allowed(kind: type[Settings], field: Field) -> None:
    if field.slider is not None:
        low, high = field.slider
        assert low < high
        field.check(field.type(low))
        field.check(field.type(high))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"radius": 0.0}, "radius: 0.0 given; allowed: a finite number above 0 to 10"),
        ({"radius": math.nan}, "radius: nan given; allowed: a finite number above 0 to 10"),
        ({"radius": "wide"}, "radius: 'wide' given; allowed: a finite number above 0 to 10"),
    ],
)
def test_message_by_hand(value: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as caught:
        Circle(**value)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ({"name": "a"}, Drawing("a")),
        ({"name": "a", "shape": {"kind": "square", "side": 4}}, Drawing("a", Square(4))),
        ({"name": "a", "shape": {"kind": "circle", "radius": 2}}, Drawing("a", Circle(2.0))),
        ({"name": "", "filled": True, "sizes": [9], "colour": "green"}, Drawing("", Circle(), "green", True, (9,))),
        ({"name": "a", "shape": "square"}, Drawing("a", Square(1))),
        ({"name": "a", "paper": "a.png"}, Drawing("a", paper="a.png")),
    ],
)
def test_build(plain: Any, expected: Drawing) -> None:
    assert build(Drawing, plain) == expected


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ({}, "name: None given; allowed: a text"),
        ([], "experiment: [] given; allowed: an object { ... }"),
        ({"name": 3}, "name: 3 given; allowed: a text"),
        (
            {"name": "a", "nmae": "b"},
            "nmae: 'b' given; allowed: name, shape, colour, filled, sizes, paper (did you mean name?)",
        ),
        ({"name": "a", "kind": "b"}, "kind: 'b' given; allowed: name, shape, colour, filled, sizes, paper"),
        ({"name": "a", "colour": "gren"}, "colour: 'gren' given; allowed: red, green (did you mean green?)"),
        ({"name": "a", "filled": 1}, "filled: 1 given; allowed: true or false"),
        ({"name": "a", "sizes": [0]}, "sizes: (0,) given; allowed: a list of whole numbers from 1 to 9"),
        ({"name": "a", "sizes": "12"}, "sizes: '12' given; allowed: a list of whole numbers from 1 to 9"),
        ({"name": "a", "shape": 3}, "shape: 3 given; allowed: an object with kind circle, square"),
        ({"name": "a", "shape": ["circle"]}, "shape: ['circle'] given; allowed: an object with kind circle, square"),
        ({"name": "a", "shape": "cirle"}, "shape: 'cirle' given; allowed: circle, square (did you mean circle?)"),
        ({"name": "a", "shape": ""}, "shape: '' given; allowed: circle, square"),
        ({"name": "a", "filled": "true"}, "filled: 'true' given; allowed: true or false"),
        ({"name": "a", "filled": None}, "filled: None given; allowed: true or false"),
        ({"name": "a", "paper": 7}, "paper: 7 given; allowed: a text"),
        ({"name": "a", "shape": {}}, "shape.kind: None given; allowed: circle, square"),
        (
            {"name": "a", "shape": {"kind": "cirle"}},
            "shape.kind: 'cirle' given; allowed: circle, square (did you mean circle?)",
        ),
        ({"name": "a", "shape": {"kind": ["circle"]}}, "shape.kind: ['circle'] given; allowed: circle, square"),
        (
            {"name": "a", "shape": {"kind": "square", "side": 5}},
            "shape.side: 5 given; allowed: a whole number from 1 below 5",
        ),
        (
            {"name": "a", "shape": {"kind": "square", "side": 10**400}},
            f"shape.side: 1{26 * '0'} ... {28 * '0'} given; allowed: a whole number from 1 below 5",
        ),
        (
            {"name": "a", "shape": {"kind": "circle", "radius": 10**400}},
            f"shape.radius: 1{26 * '0'} ... {28 * '0'} given; allowed: a finite number above 0 to 10",
        ),
        ({"name": "a", "shape": {"kind": "square", "radius": 1}}, "shape.radius: 1 given; allowed: side"),
    ],
)
def test_build_refuses(plain: Any, message: str) -> None:
    with pytest.raises(SettingError) as caught:
        build(Drawing, plain)
    assert str(caught.value) == message


@every_field
def test_a_kind_may_be_given_by_its_name(kind: type[Settings], field: Field) -> None:
    """In Python as in JSON, and it is the entry as it is by default."""
    for entry in field.kinds:
        assert kind_named(field, kind_of(entry), field.name) is entry
        by_name, by_object = ({field.name: value} for value in (kind_of(entry), {"kind": kind_of(entry)}))
        made, expected = (outcome(lambda plain=plain: build(kind, plain)) for plain in (by_name, by_object))
        assert made == expected == outcome(lambda by_name=by_name: kind(**by_name))
        if not isinstance(expected, str):
            assert getattr(expected, field.name) == entry()


def outcome(make: Any) -> Any:
    """What is made, or what is said where it does not go with the other defaults."""
    try:
        return make()
    except SettingError as error:
        return str(error)


def test_a_kind_by_name_is_equal_to_the_value_and_hashes_alike() -> None:
    assert Drawing("a", "square") == Drawing("a", Square())  # type: ignore[arg-type]
    assert hash(Drawing("a", "square")) == hash(Drawing("a", Square()))  # type: ignore[arg-type]
    assert isinstance(Drawing("a", "circle").shape, Circle)  # type: ignore[arg-type]
    assert isinstance(msgspec.structs.replace(Drawing("a"), shape="square").shape, Square)


def test_a_kind_is_not_guessed() -> None:
    with pytest.raises(SettingError) as caught:
        Drawing("a", "Circle")  # type: ignore[arg-type]
    assert str(caught.value) == "shape: 'Circle' given; allowed: circle, square (did you mean circle?)"


@pytest.mark.parametrize("value", [True, False])
def test_a_switch_is_true_or_false(value: bool) -> None:
    field = {field.name: field for field in fields_of(Drawing)}["filled"]
    assert field.allowed == "true or false"
    field.check(value)
    assert value_of(field, value, "filled") is value
    assert build(Drawing, {"name": "a", "filled": value}).filled is value


def test_a_file_says_of_which_kind() -> None:
    fields = {field.name: field for field in fields_of(Drawing)}
    assert (fields["paper"].file, fields["paper"].zero, fields["paper"].allowed) == (
        "Pictures (*.png)",
        "none",
        "a text",
    )
    assert not any(field.file for name, field in fields.items() if name != "paper")


@pytest.mark.parametrize("key", ["two\nlines", "x" * 10_000, "\r\x1b[31m", "\u2028", ""])
def test_a_wild_key_does_not_spoil_the_line(key: str) -> None:
    with pytest.raises(SettingError) as caught:
        build(Drawing, {"name": "a", key: 1})
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and message.isprintable() and len(message) < 300


def test_an_error_seen_from_outside() -> None:
    inner = SettingError("radius", 0, "more")
    assert str(inner.inside("shape").inside("drawing")) == "drawing.shape.radius: 0 given; allowed: more"


def test_a_long_value_is_cut() -> None:
    assert len(str(SettingError("name", "x" * 10_000, "less"))) < 100
