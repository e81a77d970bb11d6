"""Tables: a CSV file as columns of text, or one line that says in which row and column it is wrong.

Rows are counted as a spreadsheet counts them: from 1, with the header and empty rows. What the text of a column means
is decided in `columns`.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import math
import stat
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from model.settings import SettingError

MOST_BYTES = 50_000_000  # 50 MB: such a file is read in seconds
MOST_ROWS = 100_000
MOST_COLUMNS = 1_000
MOST_CHARACTERS = 1_000_000  # in one line
MOST_LETTERS = 100  # in the name of a column
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
LARGEST = 1e100  # of numbers, so that their squares can still be added up


class Table(NamedTuple):
    """The cells of a table, column by column, as texts without blanks around them.

    `names` and `cells` have one entry for each column; names are one line each, x1, x2, ... where there are
    none. `rows` is the number in the file of every row below the header. `decimal_comma` says that 1,5 may be a number.
    """

    names: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    rows: tuple[int, ...]
    decimal_comma: bool

    def find(self, field: str, given: str) -> int:
        """The column meant by a name or by a number from 1; raises `SettingError`, for this field, if there is none."""
        if given in self.names:
            return self.names.index(given)
        if given.isascii() and given.isdigit() and 1 <= int(given[:9]) <= len(self.names):
            return int(given) - 1
        close = difflib.get_close_matches(given, self.names, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise SettingError(field, given, f"1 to {len(self.names)}, or {listed(self.names)}{hint}")

    def wrong(self, column: int, place: int, allowed: str) -> SettingError:
        """The error of one cell, `place` rows below the header."""
        where = f"path: row {self.rows[place]}, column {self.names[column]}"
        return SettingError(where, self.cells[column][place], allowed)


def listed(names: Iterable[str]) -> str:
    """Names in a row, as many as one line of a message can take."""
    return textwrap.shorten(", ".join(islice(names, 50)), 120, placeholder=" ...")


def counted(count: int, noun: str) -> str:
    """1 row, 2 rows."""
    return f"{count} {noun}{'s' * (count != 1)}"


SWAPPED = str.maketrans(",.", ".,")


def number(cell: str, comma: bool = False) -> float:
    """The number in a cell, with a decimal comma if so; NaN for anything else, also for the words nan and inf."""
    try:
        value = float(cell.translate(SWAPPED) if comma else cell)
    except ValueError:
        return float("nan")
    return value if abs(value) <= LARGEST and "_" not in cell else float("nan")


def read_table(path: Path) -> Table:
    """Read a CSV file: UTF-8; columns separated by commas, semicolons, tabs or bars; quotes as in RFC 4180.

    The separator is the first of ; tab | , that gives the first rows equally many columns, two or more. With semicolons
    the comma in 1,5 is a decimal comma. The first row is the header when none of its cells is a number. Raises
    `SettingError` for what cannot be read; a file over `MOST_BYTES` is refused by its size, before it is read.
    """
    content = _content(path)
    delimiter = _delimiter(content)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for place, cells in _rows(content, delimiter):
        _check(place, cells, rows, numbers, delimiter)
        numbers.append(place)
        rows.append(cells)
    comma = delimiter == ";"
    header = bool(rows) and all(math.isnan(number(cell)) and math.isnan(number(cell, comma)) for cell in rows[0])
    if len(rows) - header < 2:
        what = "only a header" if header and len(rows) == 1 else counted(len(rows) - header, "row")
        raise SettingError("path", what, "2 or more rows; the first is taken for a header if it has no numbers")
    names = _names(rows[0] if header else [""] * len(rows[0]), numbers[0])
    return Table(names, tuple(zip(*rows[header:], strict=True)), tuple(numbers[header:]), comma)


def _content(path: Path) -> bytes:
    """The bytes of a file of UTF-8 text, without a byte-order mark."""
    try:
        status = path.stat()
        usable = stat.S_ISREG(status.st_mode) and status.st_size <= MOST_BYTES
        content = path.read_bytes() if usable else b""
    except OSError as error:
        raise SettingError("path", str(path), f"a CSV file that can be read ({error.strerror})") from None
    except ValueError:  # a zero byte, or half a surrogate
        raise SettingError("path", str(path), "the path of a CSV file") from None
    if not stat.S_ISREG(status.st_mode):
        raise SettingError("path", str(path), "a CSV file, not a folder or device")
    if not usable:
        raise SettingError("path", f"{status.st_size / 1e6:.1f} MB", f"a CSV file of at most {MOST_BYTES // 10**6} MB")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise SettingError("path", "UTF-16", "UTF-8 text; save the file as CSV UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    if not content.strip():
        raise SettingError("path", "an empty file", "a CSV file with 2 or more rows of data")
    _check_text(content)
    return content


def _check_text(content: bytes) -> None:
    wrong = content.find(b"\0")
    try:
        if wrong < 0:
            content.decode()
    except UnicodeDecodeError as error:
        wrong = error.start
    if wrong >= 0:
        line = content.count(b"\n", 0, wrong) + 1
        raise SettingError(
            f"path: line {line}, byte {wrong + 1} of the file",
            content[wrong : wrong + 1],
            "UTF-8 text; save the file as CSV UTF-8",
        )


def _lines(content: bytes) -> Iterator[str]:
    for place, line in enumerate(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", newline=""), start=1):
        if len(line) > MOST_CHARACTERS:
            raise SettingError(f"path: line {place}", f"{len(line)} characters", f"at most {MOST_CHARACTERS:,} of them")
        yield line


def _rows(content: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with its number."""
    reader = csv.reader(_lines(content), delimiter=delimiter, skipinitialspace=True, strict=True)
    place = 0
    try:
        for place, row in enumerate(reader, start=1):
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield place, cells
    except csv.Error as error:
        allowed = f"quotes in pairs, and cells of at most {csv.field_size_limit():,} characters"
        raise SettingError(f"path: row {place + 1}", str(error), allowed) from None


def _delimiter(content: bytes) -> str:
    """The separator: one that suits the first twenty rows, or else the one that splits the first row most."""
    best, most = ",", 1
    for delimiter in DELIMITERS:
        widths: list[int] = []
        with suppress(SettingError):  # to be raised when it is read for good
            widths.extend(len(cells) for _, cells in islice(_rows(content, delimiter), 20))
        if widths and widths[0] > 1 and len(set(widths)) == 1:
            return delimiter
        if widths and widths[0] > most:
            best, most = delimiter, widths[0]
    return best


def _check(place: int, cells: list[str], rows: list[list[str]], numbers: list[int], delimiter: str) -> None:
    """Refuse a row, with what was read before it, as soon as it is too much or does not fit."""
    if not rows and not 2 <= len(cells) <= MOST_COLUMNS:
        allowed = f"2 to {MOST_COLUMNS:,} columns, separated by {', '.join(DELIMITERS.values())}"
        raise SettingError(f"path: row {place}", counted(len(cells), "column"), allowed)
    if rows and len(cells) != len(rows[0]):
        allowed = f"{len(rows[0])} as in row {numbers[0]}, separated by {DELIMITERS[delimiter]}"
        raise SettingError(f"path: row {place}", counted(len(cells), "column"), allowed)
    if len(rows) == MOST_ROWS:
        raise SettingError("path", f"more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,} rows, the header included")


def _names(given: list[str], row: int) -> tuple[str, ...]:
    """The names in a header, of one line each and different."""
    names = tuple(" ".join(name.split()) or f"x{place}" for place, name in enumerate(given, start=1))
    for place, name in enumerate(names):
        where = f"path: row {row}, column {place + 1}"
        if len(name) > MOST_LETTERS:
            raise SettingError(where, name, f"a name of at most {MOST_LETTERS} characters")
        if name in names[:place]:
            raise SettingError(where, name, f"another name than that of column {names.index(name) + 1}")
    return names
