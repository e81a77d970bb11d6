"""What is trained: three sizes of network on 200 and on 2,000 rows, whole batches, heavy ball, float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

import numpy as np

from model import Descent, Experiment, Fit, Network, State, begin, descend
from model.activations import Array
from model.datasets import Dataset, Moons
from model.initializers import GlorotNormal
from model.losses import BinaryCrossEntropy, SoftmaxCrossEntropy

RATE, MOMENTUM = 0.1, 0.9
DESCENT = Descent()
EXPERIMENT = Experiment()  # two moons, 200 points, 2-16-16-1
COMPARED = 50  # steps after which all contestants have to have the same loss
Contestant = Callable[[], float]


class Case(NamedTuple):
    """A loss, the parameters `(P,)` to start from, and how many steps one round of the measurement makes."""

    objective: Fit
    start: Array
    steps: int

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.objective.network.widths))}, {self.objective.samples:,} rows"

    def states(self, steps: int) -> list[State]:
        """The start's followers, by our own descent."""
        return list(islice(descend(self.objective, DESCENT, begin(self.objective, DESCENT, self.start)), steps))

    def check(self, loss: float, tolerance: float = 1e-6) -> None:
        """Raise an `AssertionError` unless this is the loss after `COMPARED` steps, to a relative tolerance."""
        expected = self.states(COMPARED)[-1].loss
        assert abs(loss - expected) <= tolerance * expected, f"{self.name}: not the same descent, {loss} for {expected}"


def _case(widths: tuple[int, ...], samples: int, steps: int) -> Case:
    network, loss = Network(widths), BinaryCrossEntropy() if widths[-1] == 1 else SoftmaxCrossEntropy()
    data = Moons(samples=samples).load() if widths[0] == 2 else _clouds(samples, widths[0], max(2, widths[-1]))
    return Case(Fit(data, network, loss), network.begin(GlorotNormal(), seed=0), steps)


def _clouds(samples: int, inputs: int, classes: int) -> Dataset:
    """Overlapping normal clouds in as many dimensions as the network has inputs, so that no descent ends early."""
    rng, labels = np.random.default_rng(0), np.arange(samples) % classes
    points = rng.normal(size=(classes, inputs))[labels] + rng.normal(size=(samples, inputs))
    return Dataset("Clouds", points, labels, classes=classes)


FIRST = Case(EXPERIMENT.objective, EXPERIMENT.start, 1000)
CASES = (
    FIRST,
    _case((2, 16, 16, 1), 2000, 150),
    _case((4, 32, 32, 3), 200, 500),
    _case((4, 32, 32, 3), 2000, 80),
    _case((10, 64, 64, 64, 1), 200, 150),
    _case((10, 64, 64, 64, 1), 2000, 60),
)
"""Rounds of about a tenth of a second."""
