"""Data sets: drawn from a seed, bundled with the program, or a person's own in a CSV file."""

from model.datasets.bundled import BUNDLED, Cars, Iris
from model.datasets.csv_file import Csv
from model.datasets.dataset import Dataset, Scaling, Source
from model.datasets.toy import (
    TOYS,
    Blobs,
    Chebyshev,
    Circles,
    Curve,
    Linear,
    Moons,
    Noise,
    Polynomial,
    Samples,
    Seed,
    Sine,
    Spirals,
    Step,
    Xor,
)

# Each file ends with those that it defines.
DATASETS: tuple[type[Source], ...] = (*TOYS, *BUNDLED, Csv)

__all__ = [
    "DATASETS", "Blobs", "Cars", "Chebyshev", "Circles", "Csv", "Curve", "Dataset", "Iris", "Linear", "Moons", "Noise",
    "Polynomial", "Samples", "Scaling", "Seed", "Sine", "Source", "Spirals", "Step", "Xor",
]  # fmt: skip
