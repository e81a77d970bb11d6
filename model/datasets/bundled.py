"""Bundled data sets: small real ones that come with the program, each with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np

from model.datasets.columns import dataset_from
from model.datasets.dataset import Dataset, Source
from model.datasets.table import read_table
from model.settings import setting

_MODEL = Path(__file__).resolve().parent.parent
# In a checkout they lie beside this package; in an installed one, inside it.
_PLACES = (_MODEL.parent / "resources" / "datasets", _MODEL / "resources" / "datasets")
FOLDER = next((folder for folder in _PLACES if folder.is_dir()), _PLACES[-1])

Standardize = Annotated[
    bool,
    setting(
        "Standardise",
        "shift and scale each input, and target values, to mean 0 and standard deviation 1",
        effect="structure",
    ),
]


class Iris(Source, frozen=True, tag="iris"):
    """Iris: length and width of sepals and petals, in cm, of 50 flowers of each of three species.

    One species stands apart, the other two touch. E. Anderson, "The irises of the Gaspé Peninsula", Bulletin of the
    American Iris Society 59 (1935); R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of
    Eugenics 7 (1936), table I.
    """

    caption = "Iris"

    standardize: Standardize = True

    def draw(self, rng: np.random.Generator) -> Dataset:
        return dataset_from(read_table(FOLDER / "iris.csv"), self.caption, self.standardize)


class Cars(Source, frozen=True, tag="cars"):
    """Cars: the distance, in feet, that 50 cars of the 1920s took to stop from a speed in miles per hour.

    The least-squares line is distance = 3.93 speed − 17.6. M. Ezekiel, Methods of Correlation Analysis, Wiley (1930);
    known as `cars` in R.
    """

    caption = "Cars"

    standardize: Standardize = True

    def draw(self, rng: np.random.Generator) -> Dataset:
        return dataset_from(read_table(FOLDER / "cars.csv"), self.caption, self.standardize, targets_are="values")


BUNDLED: tuple[type[Source], ...] = (Iris, Cars)
