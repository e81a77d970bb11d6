"""Columns: what the text of a table means to a network. Numbers, words as categories, and targets."""

from __future__ import annotations

import csv
import math

import numpy as np

from model.arrays import Array
from model.datasets.dataset import Dataset, Scaling, moments
from model.datasets.table import LARGEST, Table, listed, number
from model.settings import SettingError

MOST_WORDS = 100  # different ones in a column, and classes
MOST_INPUTS = 1_000
MOST_NUMBERS = 10_000_000  # in the inputs
FEW = 20  # different whole numbers, that are taken for classes


def dataset_from(
    table: Table, name: str, standardize: bool, target: str = "", columns: str = "", targets_are: str = "auto"
) -> Dataset:
    """The data set in a table; `target`, `columns` and `targets_are` as in `Csv`. Raises `SettingError`.

    A column is one of numbers when most of its cells are, and then all have to be; otherwise each of its words becomes
    an input of its own, colour=red, that is 1 in its rows and 0 in the others.
    """
    aim = table.find("target", target) if target else len(table.names) - 1
    chosen = _chosen(table, columns, aim)
    if len(table.rows) * len(chosen) > MOST_NUMBERS:
        raise _too_many(len(table.rows), len(chosen))
    inputs, names = _inputs(table, chosen)
    targets, labels = _targets(table, aim, targets_are)
    classes = len(labels) if targets.ndim == 1 else 0
    scaling = None
    if standardize:
        inputs, input_mean, input_scale = standardized(inputs, names)
        target_mean = target_scale = np.empty(0)
        if not classes:
            targets, target_mean, target_scale = standardized(targets, labels)
        scaling = Scaling(input_mean, input_scale, target_mean, target_scale)
    return Dataset(name, inputs, targets, classes, names, labels, scaling)


def standardized(values: Array, names: tuple[str, ...]) -> tuple[Array, Array, Array]:
    """Columns `(n, K)` with mean 0 and standard deviation 1 (divided by n), and the mean and scale `(K,)` they had.

    Raises `SettingError` for a column that is constant.
    """
    for name, column in zip(names, values.T, strict=True):
        if column.min() == column.max():
            allowed = "different values; a constant cannot be standardised, choose other columns or do without"
            raise SettingError(f"path: column {name}", f"only {column[0]:g}", allowed)
    mean, scale = moments(values)
    return (values - mean) / scale, mean, scale


def _chosen(table: Table, columns: str, aim: int) -> list[int]:
    """The columns that are inputs."""
    if not columns.strip():
        return [column for column in range(len(table.names)) if column != aim]
    try:
        (given,) = csv.reader([columns], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise SettingError("columns", columns, "names or numbers of columns, separated by commas") from None
    chosen = [table.find("columns", each.strip()) for each in given]
    if aim in chosen:
        allowed = f"columns other than the target, {table.names[aim]}"
        raise SettingError("columns", given[chosen.index(aim)].strip(), allowed)
    for place, column in enumerate(chosen):
        if column in chosen[:place]:
            raise SettingError("columns", given[place].strip(), "each column once")
    return chosen


def _inputs(table: Table, chosen: list[int]) -> tuple[Array, tuple[str, ...]]:
    parts: list[Array] = []
    names: list[str] = []
    for column in chosen:
        values = numbers(table, column)
        if values is None:
            codes, words = _categories(table, column)
            parts.append(codes[:, None] == np.arange(len(words)))
            names += [f"{table.names[column]}={word}" for word in words]
        else:
            parts.append(values[:, None])
            names.append(table.names[column])
        if len(names) > MOST_INPUTS or len(table.rows) * len(names) > MOST_NUMBERS:
            raise _too_many(len(table.rows), len(names))
    return np.concatenate(parts, axis=1, dtype=float), tuple(names)


def _targets(table: Table, column: int, targets_are: str) -> tuple[Array, tuple[str, ...]]:
    """Classes `(n,)` and their labels, or values `(n, 1)` and the name of their column."""
    values = None if targets_are == "classes" else numbers(table, column, targets_are == "values")
    if values is None or (targets_are == "auto" and _few_whole(values)):
        return _categories(table, column)
    return values[:, None], (table.names[column],)


def _few_whole(values: Array) -> bool:
    different = len(np.unique(values))
    return bool((values == np.round(values)).all()) and different <= FEW and len(values) >= 2 * different


def numbers(table: Table, column: int, needed: bool = False) -> Array | None:
    """The numbers `(n,)` of a column; None when less than half of its cells are any and they are not `needed`.

    Raises `SettingError` for the first cell that is empty, or is no number in a column where it should be.
    """
    cells = _filled(table, column)
    values = np.array([number(cell) for cell in cells])
    if np.isfinite(values).all():
        return values
    if any("," in cell for cell in cells):
        values = _with_commas(table, column, values)
    if not needed and not _mostly_numbers(values):
        return None
    wrong = np.flatnonzero(np.isnan(values))
    if len(wrong):
        why = "because targets are values" if needed else "like most of this column"
        raise table.wrong(column, int(wrong[0]), f"a number within ±{LARGEST:g}, {why}")
    return values


def _with_commas(table: Table, column: int, values: Array) -> Array:
    """The numbers of a column, NaN elsewhere, now with decimal commas if that makes numbers of most of its cells."""
    cells = table.cells[column]
    commas = np.array([number(cell, comma=True) for cell in cells])
    decimal = [place for place, cell in enumerate(cells) if "," in cell and np.isfinite(commas[place])]
    if not decimal or not _mostly_numbers(commas):
        return values
    if not table.decimal_comma:
        raise table.wrong(column, decimal[0], "a decimal point; a decimal comma only where semicolons separate columns")
    return commas


def _filled(table: Table, column: int) -> tuple[str, ...]:
    """The cells of a column of which none is empty."""
    cells = table.cells[column]
    if "" in cells:
        raise table.wrong(column, cells.index(""), "a value in every row; delete rows or columns with missing ones")
    return cells


def _mostly_numbers(values: Array) -> bool:
    return bool(2 * np.count_nonzero(np.isfinite(values)) > len(values))


def _categories(table: Table, column: int) -> tuple[Array, tuple[str, ...]]:
    """Numbers `(n,)` for the different words of a column, and the words: numbers by their size, others sorted."""
    cells = _filled(table, column)
    value = {word: number(word, table.decimal_comma and "," in word) for word in set(cells)}
    if not any(map(math.isnan, value.values())):  # 1 and 1.0 are the same class
        cells = tuple(f"{value[cell]:.15g}" for cell in cells)
        words = sorted(set(cells), key=float)
    else:
        words = sorted(value)
    if not 2 <= len(words) <= MOST_WORDS:
        given = f"only {words[0]}" if len(words) == 1 else f"{len(words)} different ones: {listed(words)}"
        raise SettingError(f"path: column {table.names[column]}", given, f"2 to {MOST_WORDS} different values")
    place = {word: index for index, word in enumerate(words)}
    return np.array([place[cell] for cell in cells]), tuple(words)


def _too_many(rows: int, inputs: int) -> SettingError:
    allowed = f"at most {MOST_INPUTS:,} inputs, and {MOST_NUMBERS:,} numbers in all; choose columns"
    return SettingError("columns", f"{rows:,} rows of {inputs:,} inputs", allowed)
