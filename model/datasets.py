"""Data sets: small ones that are drawn from a seed, so that every run can be repeated to the last bit."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np

from model.activations import Array
from model.settings import SettingError, Settings, setting


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs `(n, D)` and targets: class numbers `(n,)` when `classes` > 0, else values `(n, K)`. Read-only."""

    name: str
    inputs: Array
    targets: Array
    classes: int = 0

    def __post_init__(self) -> None:
        self.inputs.flags.writeable = False
        self.targets.flags.writeable = False

    @property
    def outputs(self) -> tuple[int, ...]:
        """The numbers of network outputs that these targets can be compared with."""
        if not self.classes:
            return (self.targets.shape[1],)
        return (1, 2) if self.classes == 2 else (self.classes,)

    def targets_for(self, outputs: int) -> Array:
        """Targets as floats `(n, outputs)`: two classes as one column of 0 and 1, or any number of them one-hot."""
        if outputs not in self.outputs:
            raise SettingError("network.widths", outputs, f"{_either(self.outputs)} at the end, for {self.name}")
        if not self.classes:
            return self.targets
        if outputs == 1:
            return self.targets.astype(float)[:, None]
        return np.eye(outputs)[self.targets]


def _either(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))


Samples = Annotated[int, setting("Points", "how many samples", ge=2, le=100_000, slider=(10, 2000))]
Noise = Annotated[float, setting("Noise", "standard deviation of the jitter", ge=0, le=10, slider=(0.01, 1))]
Seed = Annotated[int, setting("Seed", "the same seed draws the same numbers", ge=0, le=2**31)]


class Source(Settings, frozen=True, tag_field="kind"):
    """Where data come from."""

    def load(self) -> Dataset:
        """The data; the same object for equal settings."""
        return _load(self)

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Dataset:
        """Make the data set from a generator."""


@lru_cache(maxsize=16)
def _load(source: Source) -> Dataset:
    return source.draw(np.random.default_rng(getattr(source, "seed", 0)))


class Moons(Source, frozen=True, tag="moons"):
    """Two half circles, one in the other's hollow: two classes that no straight line separates."""

    caption = "Two moons"

    samples: Samples = 200
    noise: Noise = 0.15
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        first = self.samples // 2
        angle = rng.uniform(0.0, np.pi, self.samples)
        labels = (np.arange(self.samples) >= first).astype(int)
        x = np.where(labels, 1.0 - np.cos(angle), np.cos(angle))
        y = np.where(labels, 0.5 - np.sin(angle), np.sin(angle))
        points = np.stack([x, y], axis=1) + self.noise * rng.normal(size=(self.samples, 2))
        return Dataset(self.caption, points, labels, classes=2)


class Blobs(Source, frozen=True, tag="blobs"):
    """Clouds around points on a circle, one class each."""

    caption = "Blobs"

    samples: Samples = 200
    classes: Annotated[int, setting("Classes", "how many clouds", ge=2, le=20)] = 3
    noise: Noise = 0.4
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        labels = np.arange(self.samples) % self.classes
        angle = 2.0 * np.pi * labels / self.classes
        centres = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        points = centres + self.noise * rng.normal(size=(self.samples, 2))
        return Dataset(self.caption, points, labels, classes=self.classes)


class Sine(Source, frozen=True, tag="sine"):
    """One period of a sine on [−1, 1] with jitter: the smallest regression that is not a line."""

    caption = "Sine"

    samples: Samples = 100
    noise: Noise = 0.1
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        x = np.linspace(-1.0, 1.0, self.samples)[:, None]
        return Dataset(self.caption, x, np.sin(np.pi * x) + self.noise * rng.normal(size=x.shape))


DATASETS: tuple[type[Source], ...] = (Moons, Blobs, Sine)
