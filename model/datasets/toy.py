"""Drawn data sets: small, from a seed, so that every run can be repeated to the last bit.

The clouds and curves in the plane are two or more classes; the curves y = f(x) on [−1, 1] are regressions of one input.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np

from model.arrays import Array
from model.datasets.dataset import Dataset, Source
from model.settings import SettingError, setting

Samples = Annotated[int, setting("Points", "how many samples", ge=2, le=100_000, slider=(10, 2000), effect="structure")]
Noise = Annotated[
    float, setting("Noise", "standard deviation of the jitter", ge=0, le=10, slider=(0.01, 1), effect="structure")
]
Seed = Annotated[int, setting("Seed", "the same seed draws the same numbers", ge=0, le=2**31, effect="structure")]


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


class Circles(Source, frozen=True, tag="circles"):
    """One circle inside another, |x| = 1 and |x| = factor: without a hidden layer nothing can be learnt.

    Of the two classes neither lies on one side of any line, and both have the same mean.
    """

    caption = "Circles"

    samples: Samples = 200
    factor: Annotated[
        float, setting("Inner radius", "that of the outer circle is 1", ge=0.05, le=0.95, effect="structure")
    ] = 0.5
    noise: Noise = 0.1
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        angle = rng.uniform(0.0, 2.0 * np.pi, self.samples)
        labels = (np.arange(self.samples) >= self.samples // 2).astype(int)
        radius = np.where(labels, self.factor, 1.0)
        points = radius[:, None] * _directions(angle) + self.noise * rng.normal(size=(self.samples, 2))
        return Dataset(self.caption, points, labels, classes=2)


class Xor(Source, frozen=True, tag="xor"):
    """Clouds around (±1, ±1), class 1 where the signs differ: the exclusive or, which no line computes.

    The classical limit of networks without a hidden layer (Minsky and Papert, Perceptrons, 1969).
    """

    caption = "Exclusive or"

    samples: Samples = 200
    noise: Noise = 0.3
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        corners = np.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
        corner = np.arange(self.samples) % 4
        points = corners[corner] + self.noise * rng.normal(size=(self.samples, 2))
        return Dataset(self.caption, points, corner % 2, classes=2)


class Spirals(Source, frozen=True, tag="spirals"):
    """Spirals, one class each, turned against each other: hard for small networks, whose loss is flat at first.

    Arm k of K is the points at radius r in [0.1, 1], evenly spaced, and angle 2π (turns · r + k / K); after the two
    spirals of Lang and Witbrock (1988).
    """

    caption = "Spirals"

    samples: Samples = 200
    arms: Annotated[int, setting("Arms", "how many spirals, one class each", ge=2, le=20, effect="structure")] = 2
    turns: Annotated[float, setting("Turns", "of each arm around the middle", ge=0.25, le=4, effect="structure")] = 1.0
    noise: Noise = 0.03
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        place, labels = np.divmod(np.arange(self.samples), self.arms)
        radius = 0.1 + 0.9 * place / max(place[-1], 1)
        angle = 2.0 * np.pi * (self.turns * radius + labels / self.arms)
        points = radius[:, None] * _directions(angle) + self.noise * rng.normal(size=(self.samples, 2))
        return Dataset(self.caption, points, labels, classes=self.arms)


class Blobs(Source, frozen=True, tag="blobs"):
    """Clouds around points on a circle, one class each."""

    caption = "Blobs"

    samples: Samples = 200
    classes: Annotated[int, setting("Classes", "how many clouds", ge=2, le=20, effect="structure")] = 3
    noise: Noise = 0.4
    seed: Seed = 0

    def draw(self, rng: np.random.Generator) -> Dataset:
        labels = np.arange(self.samples) % self.classes
        centres = _directions(2.0 * np.pi * labels / self.classes)
        points = centres + self.noise * rng.normal(size=(self.samples, 2))
        return Dataset(self.caption, points, labels, classes=self.classes)


def _directions(angle: Array) -> Array:
    """Unit vectors `(n, 2)` at the angles `(n,)`."""
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


class Curve(Source, frozen=True):
    """A regression of one input: y = f(x) + jitter, at evenly spaced x on [−1, 1]. `value` is f."""

    samples: Samples = 100
    noise: Noise = 0.1
    seed: Seed = 0

    @abstractmethod
    def value(self, x: Array) -> Array:
        """f, elementwise on arrays of any shape."""

    def draw(self, rng: np.random.Generator) -> Dataset:
        x = np.linspace(-1.0, 1.0, self.samples)[:, None]
        return Dataset(self.caption, x, self.value(x) + self.noise * rng.normal(size=x.shape))


class Linear(Curve, frozen=True, tag="linear"):
    """A line, y = slope · x + intercept, with jitter on [−1, 1].

    A network 1-1 without hidden layer has these two parameters and no others: its squared error is an exact bowl, and
    without jitter the bottom is at (slope, intercept).
    """

    caption = "Line"

    slope: Annotated[float, setting("Slope", "rise of the line per unit of x", ge=-10, le=10, effect="structure")] = 2.0
    intercept: Annotated[
        float, setting("Intercept", "height of the line at x = 0", ge=-10, le=10, effect="structure")
    ] = 1.0

    def value(self, x: Array) -> Array:
        return self.slope * x + self.intercept


class Polynomial(Curve, frozen=True, tag="polynomial"):
    """A polynomial a₀ + a₁x + a₂x² + … with jitter on [−1, 1]: the textbook's example of fitting too much.

    Few points, much jitter and a large network show it best.
    """

    caption = "Polynomial"

    coefficients: Annotated[
        str, setting("Coefficients", "a₀, a₁, a₂, …, lowest power first: 0, -1, 0, 2 is 2x³ − x", effect="structure")
    ] = "0, -1, 0, 2"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.numbers()

    def numbers(self) -> tuple[float, ...]:
        """a₀, a₁, a₂, … Raises `SettingError` for a text that is not 1 to 20 numbers, each from −1000 to 1000."""
        try:
            numbers = tuple(float(part) for part in self.coefficients.replace(",", " ").split())
        except ValueError:
            numbers = ()
        if not 1 <= len(numbers) <= 20 or not all(abs(number) <= 1000.0 for number in numbers):
            allowed = "1 to 20 numbers from -1000 to 1000, separated by commas, lowest power first"
            raise SettingError("coefficients", self.coefficients, allowed)
        return numbers

    def value(self, x: Array) -> Array:
        return np.asarray(np.polynomial.polynomial.polyval(x, self.numbers()))


class Sine(Curve, frozen=True, tag="sine"):
    """One period of a sine on [−1, 1] with jitter: the smallest regression that is not a line."""

    caption = "Sine"

    def value(self, x: Array) -> Array:
        return np.asarray(np.sin(np.pi * x))


class Step(Curve, frozen=True, tag="step"):
    """A step, y = 0 for x < 0 and 1 from there on, with jitter: the steeper the fit, the sharper its valley."""

    caption = "Step"

    def value(self, x: Array) -> Array:
        return np.where(x < 0.0, 0.0, 1.0)


class Chebyshev(Source, frozen=True, tag="chebyshev"):
    """The Chebyshev polynomial T(x) = cos(degree · arccos x) at evenly spaced x on [−1, 1], without jitter.

    With 20 points, and full-batch gradient descent, the example of the edge of stability: the largest eigenvalue of the
    Hessian rises to 2/η and stays there (Cohen, Kaur, Li, Kolter and Talwalkar, ICLR 2021).
    """

    caption = "Chebyshev polynomial"

    samples: Samples = 20
    degree: Annotated[int, setting("Degree", "number of zeros on [−1, 1]", ge=1, le=20, effect="structure")] = 4

    def draw(self, rng: np.random.Generator) -> Dataset:
        x = np.linspace(-1.0, 1.0, self.samples)[:, None]
        return Dataset(self.caption, x, np.cos(self.degree * np.arccos(x)))


TOYS: tuple[type[Source], ...] = (
    Moons, Circles, Xor, Spirals, Blobs,
    Linear, Polynomial, Sine, Step, Chebyshev,
)  # fmt: skip
