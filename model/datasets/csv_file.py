"""A person's own data: a CSV file, and which of its columns are what."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Annotated

import numpy as np

from model.datasets.bundled import FOLDER, Standardize
from model.datasets.columns import dataset_from
from model.datasets.dataset import Dataset, Source
from model.datasets.table import read_table
from model.settings import setting


class Csv(Source, frozen=True, tag="csv"):
    """A CSV file of your own: one row for each sample, one column for each input and one for the target.

    Columns of words become one input for each word, colour=red. Targets are classes when they are words, or whole
    numbers of which each comes twice on average and at most 20 differ; otherwise they are values. The file is read
    again when it has changed. Wrong files are refused with row and column; nothing is guessed or left out.
    """

    caption = "CSV file"

    path: Annotated[
        str,
        setting(
            "File",
            "where it is; iris.csv and cars.csv come with the program, unless there is such a file here",
            file="Tables (*.csv *.tsv *.txt)",
            effect="structure",
        ),
    ] = "iris.csv"
    target: Annotated[
        str, setting("Target", "name or number of the column to be predicted; empty: the last", effect="structure")
    ] = ""
    columns: Annotated[
        str,
        setting(
            "Inputs", "names or numbers of columns, separated by commas; empty: all but the target", effect="structure"
        ),
    ] = ""
    targets_are: Annotated[
        str,
        setting(
            "Targets are",
            "auto: classes if they are words, or at most 20 different whole numbers, half as many as rows or fewer",
            choices=("auto", "classes", "values"),
            effect="structure",
        ),
    ] = "auto"
    standardize: Standardize = True

    @property
    def file(self) -> Path:
        """The file meant by `path`: from the working directory, or else, for a bare name, a bundled one."""
        path = Path(self.path)
        bundled = FOLDER / path.name
        try:
            bare = self.path == path.name and not path.exists() and bundled.is_file()
        except (OSError, ValueError):  # a zero byte, a name that is too long: told when it is read
            bare = False
        return bundled if bare else path

    def version(self) -> Hashable:
        try:
            path = self.file.resolve()
            status = path.stat()
        except (OSError, ValueError, RuntimeError):  # a loop of links is a RuntimeError
            return None
        return str(path), status.st_size, status.st_mtime_ns

    def draw(self, rng: np.random.Generator) -> Dataset:
        path = self.file
        table = read_table(path)
        return dataset_from(table, path.name, self.standardize, self.target, self.columns, self.targets_are)
