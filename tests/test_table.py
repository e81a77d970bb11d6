"""CSV files: what is written is what is read, and a wrong file is refused in one line that says where it is wrong."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model import Dataset, SettingError
from model.datasets import Cars, Csv, Iris, bundled
from model.datasets.columns import standardized
from model.datasets.table import number, read_table

Load = Callable[..., Dataset]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Reads a text, or bytes, as a CSV file; in a person's units unless told otherwise."""

    def load_(content: str | bytes, **fields: Any) -> Dataset:
        path = tmp_path / "mine.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return Csv(path=str(path), **({"standardize": False} | fields)).load()

    return load_


def refusal(load: Callable[[], Dataset]) -> str:
    """The one line by which data are refused."""
    with pytest.raises(SettingError) as caught:
        load()
    message = str(caught.value)
    assert len(message.splitlines()) == 1 and len(message) < 300
    return message


# --- what can be read


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "BOM"])
def test_separators_line_ends_and_marks(load: Load, delimiter: str, newline: str, mark: bytes) -> None:
    lines = [("width", "é", "y"), ("1", "-2.5", "0.25"), ("3e2", ".5", "1.75")]
    data = load(mark + newline.join(delimiter.join(line) for line in lines).encode())
    np.testing.assert_array_equal(data.inputs, [[1, -2.5], [300, 0.5]])
    np.testing.assert_array_equal(data.targets, [[0.25], [1.75]])
    assert (data.columns, data.labels, data.classes) == (("width", "é"), ("y",), 0)


@pytest.mark.parametrize(
    ("content", "columns", "label"),
    [
        ("a,b\n1,2.5\n3,4\n", ("a",), "b"),
        ("1,2.5\n3,4\n", ("x1",), "x2"),
        ('"","b"\n1,2.5\n3,4\n', ("x1",), "b"),
        (' a , "b"\n 1, 2.5 \n3,4\n', ("a",), "b"),
        ("\n\na,b\n\n1,2.5\n,\n3,4\n\n", ("a",), "b"),
        ('"a\nb",c\n1,2.5\n3,4\n', ("a b",), "c"),
        ('"say ""a""","b,c"\n1,2.5\n3,4\n', ('say "a"',), "b,c"),
        ('"a;b",c\n1,2.5\n3,4\n', ("a;b",), "c"),
        ("1,5;2\n3;4\n", ("x1",), "x2"),
    ],
    ids=["header", "none", "R", "blanks", "empty rows", "line in quotes", "quotes", "semicolon in quotes", "commas"],
)  # fmt: skip
def test_headers(load: Load, content: str, columns: tuple[str, ...], label: str) -> None:
    data = load(content, targets_are="values")
    assert data.columns == columns and data.labels == (label,)
    assert len(data.inputs) == 2


def test_decimal_commas_between_semicolons(load: Load) -> None:
    data = load("a;b;c\n1,5;2.5;0,1\n-2;3;,2\n")
    np.testing.assert_array_equal(data.inputs, [[1.5, 2.5], [-2.0, 3.0]])
    np.testing.assert_array_equal(data.targets, [[0.1], [0.2]])


def test_words_become_columns_of_nought_and_one(load: Load) -> None:
    data = load("colour,size,y\nred,1,0.5\nblue,2,0.25\nred,3,0.75\n")
    assert data.columns == ("colour=blue", "colour=red", "size")
    np.testing.assert_array_equal(data.inputs, [[0, 1, 1], [1, 0, 2], [0, 1, 3]])


@pytest.mark.parametrize(
    ("targets", "targets_are", "expected", "labels"),
    [
        ("b a b c", "auto", [1, 0, 1, 2], ("a", "b", "c")),
        ("10 9 9 10", "auto", [1, 0, 0, 1], ("9", "10")),
        ("-1 1.0 1 -1", "auto", [0, 1, 1, 0], ("-1", "1")),
        ("10 9 9 10", "values", [[10.0], [9.0], [9.0], [10.0]], ("y",)),
        ("10 9 8 10", "auto", [[10.0], [9.0], [8.0], [10.0]], ("y",)),
        ("10 9 8 10", "classes", [2, 1, 0, 2], ("8", "9", "10")),
        ("0.5 1 1 0.5", "auto", [[0.5], [1.0], [1.0], [0.5]], ("y",)),
        ("0.5 1 1 0.5", "classes", [0, 1, 1, 0], ("0.5", "1")),
        ("1 2 3 x", "classes", [0, 1, 2, 3], ("1", "2", "3", "x")),
    ],
)
def test_classes_or_values(load: Load, targets: str, targets_are: str, expected: Any, labels: tuple[str, ...]) -> None:
    content = "x,y\n" + "".join(f"{place},{target}\n" for place, target in enumerate(targets.split()))
    data = load(content, targets_are=targets_are)
    np.testing.assert_array_equal(data.targets, expected)
    assert data.labels == labels
    assert data.classes == (len(labels) if data.targets.ndim == 1 else 0)


@pytest.mark.parametrize(("different", "rows", "classes"), [(20, 40, 20), (20, 39, 0), (21, 42, 0), (21, 400, 0)])
def test_few_whole_numbers_are_classes(load: Load, different: int, rows: int, classes: int) -> None:
    """At most 20 different ones, each twice on average."""
    assert load("".join(f"{place},{place % different}\n" for place in range(rows))).classes == classes


TABLE = "id,colour,size,y\n7,red,1,0.5\n8,blue,2,0.25\n9,red,3,0.75\n"


@pytest.mark.parametrize(
    ("target", "columns", "inputs", "label"),
    [
        ("", "", ("id", "colour=blue", "colour=red", "size"), "y"),
        ("y", "size,id", ("size", "id"), "y"),
        ("4", " 3 , 1 ", ("size", "id"), "y"),
        ("size", "y", ("y",), "size"),
        ("1", "", ("colour=blue", "colour=red", "size", "y"), "id"),
        ("y", '"size","1"', ("size", "id"), "y"),
    ],
)
def test_columns_by_name_or_number(load: Load, target: str, columns: str, inputs: tuple[str, ...], label: str) -> None:
    data = load(TABLE, target=target, columns=columns, targets_are="values")
    assert data.columns == inputs and data.labels == (label,)


def test_columns_that_are_not_used_may_be_wrong(load: Load) -> None:
    data = load("a,b,y\n1,,0.5\n2,x,1.5\n", columns="a")
    np.testing.assert_array_equal(data.inputs, [[1], [2]])


# Not NUL, which is refused; no blanks around, no empty ones; and at least one letter, lest it be a number.
words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6).map(lambda text: f"w{text}w")
finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)


@given(
    st.lists(st.tuples(words, finite, finite), min_size=2, max_size=12),
    st.lists(words, min_size=3, max_size=3, unique_by=lambda name: " ".join(name.split())),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
@pytest.mark.slow
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: Any, names: list[str], delimiter: str, newline: str, quoting: Any
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, quoting=quoting)
    writer.writerows([names, *rows])
    path = tmp_path_factory.mktemp("written") / "mine.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    table = read_table(path)
    assert table.names == tuple(" ".join(name.split()) for name in names), "of one line each"
    assert table.cells[0] == tuple(word for word, *_ in rows)
    for column in (1, 2):
        assert [number(cell) for cell in table.cells[column]] == [row[column] for row in rows]
    assert table.rows == tuple(range(2, len(rows) + 2))


@given(st.lists(finite, min_size=2, max_size=20).filter(lambda column: len(set(column)) > 1))
def test_standardised_and_back(column: list[float]) -> None:
    values = np.array(column)[:, None]
    z, mean, scale = standardized(values, ("x",))
    assert scale[0] > 0.0 and np.abs(z).max() <= np.sqrt(len(column)) * (1.0 + 1e-12), "Samuelson's bound"
    np.testing.assert_allclose(z * scale + mean, values, rtol=1e-12, atol=1e-12 * np.abs(values).max())


def test_a_file_is_standardised_and_can_be_taken_back(load: Load) -> None:
    content = "a,b,y\n1,red,10\n2,blue,20.5\n6,red,60\n"
    data, plain = load(content, standardize=True), load(content)
    assert data.scaling is not None
    np.testing.assert_allclose(data.inputs.mean(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(data.scaling.input_mean, [3.0, 1 / 3, 2 / 3])
    np.testing.assert_allclose(data.scaling.input_scale, [math.sqrt(14 / 3), math.sqrt(2) / 3, math.sqrt(2) / 3])
    np.testing.assert_allclose(data.scaling.inputs_back(data.inputs), plain.inputs, atol=1e-14)
    np.testing.assert_allclose(data.scaling.targets_back(data.targets), plain.targets, rtol=1e-14)


@pytest.mark.parametrize("values", ["1e-300 3e-300", "1e-320 3e-320", "1e100 -1e100", "1e16 10000000000000004"])
def test_numbers_of_any_size_are_standardised(load: Load, values: str) -> None:
    """Two different ones are −1 and 1, whatever they are."""
    first, other = values.split()
    data = load(f"a,b\n{first},0.5\n{other},1.5\n", standardize=True)
    np.testing.assert_allclose(sorted(data.inputs[:, 0]), [-1.0, 1.0])


# --- which file, and which of its states


def test_the_default_is_the_bundled_iris() -> None:
    ours, theirs = Csv().load(), Iris().load()
    np.testing.assert_array_equal(ours.inputs, theirs.inputs)
    np.testing.assert_array_equal(ours.targets, theirs.targets)


def test_bundled_tables_are_had_by_name_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in bundled.FOLDER.glob("*.csv"):
        assert Csv(path.name).file == path
    np.testing.assert_array_equal(Csv("cars.csv", targets_are="values").load().inputs, Cars().load().inputs)


def test_a_file_here_comes_before_a_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = Csv("iris.csv").load()
    (tmp_path / "iris.csv").write_text("a,b\n1,2.5\n3,4\n")
    assert len(before.inputs) == 150 and len(Csv("iris.csv").load().inputs) == 2
    assert "No such file" in refusal(Csv("nowhere/iris.csv").load)


def test_a_file_is_read_once_and_again_when_it_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    source = Csv(str(path), standardize=False)
    path.write_text("a,b\n1,2.5\n3,4\n")
    first = source.load()
    assert Csv(str(path), standardize=False).load() is first
    path.write_text("a,b\n1,2.5\n9,4\n")  # as long as before
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))
    assert source.load().inputs[1, 0] == 9.0
    path.write_text("a,b\n1,2.5\n9,4\n5,5\n")
    assert len(source.load().inputs) == 3
    path.unlink()
    assert "No such file" in refusal(source.load)
    assert len(first.inputs) == 2


# --- what cannot

BROKEN: list[tuple[str, str | bytes, str, str, str]] = [
    ("empty", b"", "path", "'an empty file'", "2 or more rows"),
    ("blank", b" \n\r\n ", "path", "'an empty file'", "2 or more rows"),
    ("commas", ",,\n,,\n", "path", "'0 rows'", "2 or more rows"),
    ("only a header", "a,b\n", "path", "'only a header'", "2 or more rows"),
    ("one row", "a,b\n1,2\n", "path", "'1 row'", "2 or more rows"),
    ("one row, no header", "1,2\n", "path", "'1 row'", "2 or more rows"),
    ("ragged", "a,b\n1,2\n\n3,4,5\n", "path: row 4", "'3 columns'", "2 as in row 1, separated by commas"),
    ("ragged late", "a;b\n" + "1;2\n" * 50 + "1\n", "path: row 52", "'1 column'", "2 as in row 1"),
    ("one column", "a\n1\n2\n", "path: row 1", "'1 column'", "semicolons, tabs, bars, commas"),
    ("blanks between", "a b\n1 2\n3 4\n", "path: row 1", "'1 column'", "2 to 1,000 columns, separated by"),
    ("1001 columns", ",".join("1" * 1001), "path: row 1", "'1001 columns'", "2 to 1,000 columns"),
    ("100,001 rows", "1,2\n" * 100_001, "path", "'more than 100,000 rows'", "at most 100,000 rows"),
    ("long line", "1," * 600_000, "path: line 1", "'1200000 characters'", "1,000,000"),
    ("word", "a,b\n1,2\n3,4\nabc,5\n", "path: row 4, column a", "'abc'", "a number"),
    ("word after lines in quotes", 'a,b\n"1\n",2\n3,4\nabc,5\n', "path: row 4, column a", "'abc'", "a number"),
    ("word in the target", "a,b\n1,2\n3,x\n5,5\n", "path: row 3, column b", "'x'", "a number"),
    ("nan", "a,b\n1,2\n3,4\nnan,5\n", "path: row 4, column a", "'nan'", "a number"),
    ("inf", "a,b\n1,2\n3,-inf\n4,5\n", "path: row 3, column b", "'-inf'", "a number"),
    ("huge number", "a,b\n1,2\n3,4\n1e101,5\n", "path: row 4, column a", "'1e101'", "within ±1e+100"),
    ("underscore", "a,b\n1,2\n3,4\n1_000,5\n", "path: row 4, column a", "'1_000'", "a number"),
    ("missing", "a,b\n1,2\n3,\n4,5\n", "path: row 3, column b", "''", "a value in every row"),
    ("missing word", "a,b\nx,2\n,3\ny,5\n", "path: row 3, column a", "''", "a value in every row"),
    ("NA", "a,b\n1,2\nNA,3\n4,5\n", "path: row 3, column a", "'NA'", "a number"),
    ("numbers as names", "a,2020\n1,2\n3,4\n", "path: row 1, column x1", "'a'", "a number"),
    ("names twice", "a,b,a\n1,2,3\n3,4,5\n", "path: row 1, column 3", "'a'", "than that of column 1"),
    ("long name", f"a,{'b' * 101}\n1,2\n3,4\n", "path: row 1, column 2", "'bbb", "at most 100 characters"),
    ("decimal comma", "a\tb\n1,5\t2\n2,5\t3\n", "path: row 2, column a", "'1,5'", "a decimal point"),
    ("thousands", "a;b\n1,5;2\n2,5;3\n1.000,5;4\n", "path: row 4, column a", "'1.000,5'", "a number"),
    ("Latin-1", b"a,b\n1,2\n\xe9,3\n", "path: line 3, byte 9 of the file", r"b'\xe9'", "UTF-8"),
    ("zero byte", b"a,b\n1,\x002\n3,4\n", "path: line 2, byte 7 of the file", r"b'\x00'", "UTF-8"),
    ("UTF-16", "a,b\n1,2\n3,4\n".encode("utf-16"), "path", "'UTF-16'", "UTF-8"),
    ("open quote", 'a,b\n1,2\n"3,4\n5,6\n', "path: row 3", "'unexpected end of data'", "quotes in pairs"),
    ("huge field", f'a,b\n1,2\n"{"x" * 131_073}",4\n', "path: row 3", "'field larger", "at most 131,072 characters"),
    ("constant words", "a,b\nx,1\nx,2.5\n", "path: column a", "'only x'", "2 to 100 different values"),
    ("one class", "a,b\n1,x\n2,x\n", "path: column b", "'only x'", "2 to 100 different values"),
    ("one whole number", "a,b\n1,7\n2,7\n", "path: column b", "'only 7'", "2 to 100 different values"),
    ("names of people", "a,b\n" + "".join(f"n{i},{i}\n" for i in range(101)), "path: column a", "'101 ", "2 to 100"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "field", "given", "allowed"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_wrong_file_is_refused_with_the_place(
    load: Load, content: str | bytes, field: str, given: str, allowed: str
) -> None:
    message = refusal(lambda: load(content))
    assert message.startswith(f"dataset.{field}: {given}")
    assert allowed in message.partition(" given; allowed: ")[2]


@pytest.mark.parametrize(
    ("fields", "field", "given", "allowed"),
    [
        ({"target": "colr"}, "target", "'colr'", "id, colour, size, y (did you mean colour?)"),
        ({"target": "5"}, "target", "'5'", "1 to 4"),
        ({"target": "0"}, "target", "'0'", "1 to 4"),
        ({"target": "-1"}, "target", "'-1'", "1 to 4"),
        ({"target": "9" * 5000}, "target", "'999", "1 to 4"),
        ({"target": "²"}, "target", "'²'", "1 to 4"),
        ({"columns": "id,siz"}, "columns", "'siz'", "did you mean size?"),
        ({"columns": "id,,size"}, "columns", "''", "1 to 4"),
        ({"columns": "id,y"}, "columns", "'y'", "columns other than the target, y"),
        ({"columns": "id,4"}, "columns", "'4'", "columns other than the target, y"),
        ({"columns": "id,1"}, "columns", "'1'", "each column once"),
        ({"columns": 'id,"size'}, "columns", "'id,\"size'", "separated by commas"),
        ({"columns": "id\nsize"}, "columns", r"'id\nsize'", "separated by commas"),
        ({"target": "colour", "targets_are": "values"}, "path: row 2, column colour", "'red'", "targets are values"),
    ],
)
def test_wrong_columns_are_refused(load: Load, fields: dict[str, str], field: str, given: str, allowed: str) -> None:
    message = refusal(lambda: load(TABLE, **fields))
    assert message.startswith(f"dataset.{field}: {given}")
    assert allowed in message.partition(" given; allowed: ")[2]


@pytest.mark.parametrize(("content", "column"), [("a,b\n3,1.5\n3,2\n", "a"), ("a,b\n3,1.5\n4,1.5\n", "b")])
def test_a_constant_cannot_be_standardised(load: Load, content: str, column: str) -> None:
    message = refusal(lambda: load(content, standardize=True))
    assert message.startswith(f"dataset.path: column {column}: 'only ")
    assert len(load(content, standardize=False).inputs) == 2


@pytest.mark.parametrize("path", ["nowhere.csv", "", ".", "/", "x" * 300, "a\0b", "\ud800", "iris.csv/iris.csv"])
def test_what_is_no_file_is_refused(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refusal(Csv(path).load).startswith("dataset.path: ")


@pytest.mark.parametrize(
    ("path", "why"),
    [(".", "not a folder or device"), ("", "not a folder"), ("nowhere.csv", "No such file"), ("a\0b", "the path of")],
)
def test_why_it_is_no_file(path: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert why in refusal(Csv(path).load)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a folder or device" in refusal(Csv(str(tmp_path / "pipe.csv")).load)


def test_a_file_that_must_not_be_read(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:  # the superuser may read everything, so that no mode forbids it
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "a CSV file that can be read (Permission denied)" in refusal(lambda: load("a,b\n1,2\n3,4\n"))


def test_over_50_mb_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(50_000_001)
    with monkeypatch.context() as patch:
        patch.delattr(Path, "read_bytes")
        assert refusal(Csv(str(path)).load) == "dataset.path: '50.0 MB' given; allowed: a CSV file of at most 50 MB"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    assert "line 1, byte 1 of the file" in refusal(Csv(str(path)).load), "zero bytes, this time read"


@pytest.mark.parametrize("line", ["1,2\n", "w,x\n", '"', "1," * 1000 + "\n", "\n"])
@pytest.mark.slow
def test_49_mb_are_refused(tmp_path: Path, line: str) -> None:
    """Which takes a moment: were it quadratic in the length of the file, or of a line, it would take hours."""
    path = tmp_path / "large.csv"
    path.write_bytes(line.encode() * (49_000_000 // len(line)))
    assert refusal(Csv(str(path)).load).startswith("dataset.")


@pytest.mark.slow
def test_too_many_numbers_are_refused_before_there_are_any(load: Load) -> None:
    words = [f"a{place % 100},b{place // 100 % 100},{place % 2}\n" for place in range(60_000)]
    message = refusal(lambda: load("".join(words)))
    assert message.startswith("dataset.columns: '60,000 rows of 200 inputs' given") and "10,000,000" in message


@given(st.binary(max_size=80) | st.text('01.,;"\n\r\t|ab é', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "mine.csv"
    path.write_bytes(content)
    try:
        data = Csv(str(path)).load()
    except SettingError as error:
        assert str(error).startswith("dataset.") and len(str(error).splitlines()) == 1
    else:
        assert np.isfinite(data.inputs).all() and np.isfinite(data.targets).all()
        assert len(data.inputs) == len(data.targets) >= 2
