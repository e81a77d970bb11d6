"""Reading a formula by a whitelisted grammar. Nothing of Python is evaluated.

sum     = product { ("+" | "-") product }          power = operand [ ("^" | "**") signed ]      right associative
product = signed { ("*" | "/") signed }            operand = number | name | function "(" sum ")" | "(" sum ")"
signed  = ("-" | "+") signed | power               so -x^2 is -(x^2), and 2^-x is 2^(-x)
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from model.formula.expression import ELEMENTARY, VARIABLES, Expression, apply, number
from model.settings import SettingError

LONGEST = 1000  # characters
DEEPEST = 50  # parentheses, functions, signs and powers inside one another
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": np.pi, "π": np.pi, "e": np.e})
NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})
FUNCTION_NAMES = tuple(function.name for function in ELEMENTARY)


def parse(text: str, constants: Mapping[str, float] = NO_CONSTANTS) -> Expression:
    """Read a formula in x, y, pi, e and the constants given.

    Raises `SettingError` for the field `formula`, with the column (from 1) and what is allowed there.
    """
    if not text.strip():
        raise SettingError("formula", text, "a formula in x and y, such as x^2 + y^2")
    if len(text) > LONGEST:
        raise SettingError("formula", text, f"at most {LONGEST:,} characters; these are {len(text):,}")
    return _Parser(text, {**CONSTANTS, **constants}).whole()


class _Token(NamedTuple):
    kind: str
    text: str
    column: int


_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_\u0370-\u03ff][A-Za-z0-9_\u0370-\u03ff]*)"
    r"|(?P<sign>\*\*|[-+*/^()−·×])|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)
_SPELLINGS = {"**": "^", "−": "-", "·": "*", "×": "*"}
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}
_OF_SIGN = 3  # binds weaker than a power, stronger than a product


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), _SPELLINGS.get(match[0], match[0]), match.start() + 1)
    yield _Token("end", "", len(text) + 1)


class _Parser:
    """Precedence climbing (Richards 1979) over the tokens; `next` is the one that is looked at."""

    def __init__(self, text: str, constants: Mapping[str, float]) -> None:
        self.text, self.constants, self.depth = text, constants, 0
        self.tokens = _tokens(text)
        self.next = next(self.tokens)

    def whole(self) -> Expression:
        result = self.operations(1)
        if self.next.kind != "end":
            raise self.expected("an operator or the end")
        return result

    def operations(self, weakest: int) -> Expression:
        """Operands joined by operators that bind at least as strongly as `weakest`."""
        result = self.operand()
        while _PRECEDENCE.get(self.next.text, 0) >= weakest:
            sign = self.take().text
            strength = _PRECEDENCE[sign]
            right = self.inside(strength) if sign == "^" else self.operations(strength + 1)
            result = apply(sign, result, right)
        if self.next.kind in ("number", "name") or self.next.text == "(":
            raise self.expected("an operator (write * to multiply)")
        return result

    def operand(self) -> Expression:
        token = self.next
        if token.kind == "number":
            return self.number()
        if token.kind == "name":
            return self.name()
        if token.text not in ("(", "-", "+"):
            raise self.expected("a number, a name or an opening parenthesis")
        self.take()
        if token.text == "(":
            return self.closed()
        result = self.inside(_OF_SIGN)
        return apply("negative", result) if token.text == "-" else result

    def number(self) -> Expression:
        value = float(self.next.text)
        if not np.isfinite(value):
            raise self.expected("a number up to 1.8e308")
        self.take()
        return number(value)

    def name(self) -> Expression:
        name, known = self.next.text, (*VARIABLES, *self.constants, *FUNCTION_NAMES)
        if name not in known:
            close = difflib.get_close_matches(name.lower(), known, n=1)
            raise self.expected(", ".join(known), f" (did you mean {close[0]}?)" if close else "")
        self.take()
        if name in VARIABLES:
            return Expression(name)
        if name in self.constants:
            return number(self.constants[name])
        if self.next.text != "(":
            raise self.expected(f"an opening parenthesis after {name}")
        self.take()
        return apply(name, self.closed())

    def closed(self) -> Expression:
        """What is between parentheses, of which the first has been taken."""
        result = self.inside(1)
        if self.next.text != ")":
            raise self.expected("a closing parenthesis")
        self.take()
        return result

    def inside(self, weakest: int) -> Expression:
        """Operations one level deeper, which is as far as a formula's depth and Python's stack have limits."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.expected(f"at most {DEEPEST} parentheses, functions, signs and powers inside one another")
        result = self.operations(weakest)
        self.depth -= 1
        return result

    def take(self) -> _Token:
        token, self.next = self.next, next(self.tokens, self.next)
        return token

    def expected(self, what: str, hint: str = "") -> SettingError:
        """The error that something else was expected at the next token."""
        column = self.next.column
        start = max(0, column - 40) if len(self.text) > 50 else 0
        part = "…" * (start > 0) + self.text[start : start + 50] + "…" * (start + 50 < len(self.text))
        found = f", not {self.next.text!r}" if self.next.text else ""
        return SettingError("formula", part, f"column {column}: {what}{found}{hint}")
