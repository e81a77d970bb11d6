"""What a data set is: inputs and targets, their names and units. And what a source of one has to do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from model.arrays import Array, kept
from model.settings import SettingError, Settings


@dataclass(frozen=True, eq=False)
class Scaling:
    """How a person's units became standard ones, z = (x − mean) / scale, column by column. Read-only.

    `input_mean` and `input_scale` are `(D,)`, `target_mean` and `target_scale` `(K,)`; classes are not scaled, K is 0.
    Mean and standard deviation (divided by n) are those of the rows that are trained on: all, or those of a split.
    """

    input_mean: Array
    input_scale: Array
    target_mean: Array
    target_scale: Array

    def __post_init__(self) -> None:
        for name in ("input_mean", "input_scale", "target_mean", "target_scale"):
            object.__setattr__(self, name, kept(getattr(self, name)))

    def inputs_back(self, z: Array) -> Array:
        """Standardised inputs `(..., D)` in a person's units."""
        return np.asarray(z * self.input_scale + self.input_mean)

    def targets_back(self, z: Array) -> Array:
        """Standardised target values, or a network's outputs, `(..., K)` in a person's units."""
        return np.asarray(z * self.target_scale + self.target_mean)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Inputs `(n, D)` and targets: class numbers `(n,)` when `classes` > 0, else values `(n, K)`. Read-only copies.

    `columns` names the inputs, `labels` the classes or the target columns; x1, x2, ... and 0, 1, ... or y1, y2, ...
    where none are given. `scaling` is how inputs and targets were standardised, None if they were not.
    """

    name: str
    inputs: Array
    targets: Array
    classes: int = 0
    columns: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", kept(self.inputs))
        object.__setattr__(self, "targets", kept(self.targets, int if self.classes else float))
        if not self.columns:
            object.__setattr__(self, "columns", _numbered("x", self.inputs.shape[1]))
        if not self.labels:
            labels = tuple(map(str, range(self.classes))) or _numbered("y", self.targets.shape[1])
            object.__setattr__(self, "labels", labels)

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

    def split(self, share: float, seed: int) -> tuple[Dataset, Dataset]:
        """A training and a test set: a seeded permutation puts round(share · n) rows into the test set, 1 to n − 1.

        Both keep the order and the names of the whole. Where that was standardised, they are so by the training rows
        alone: nothing of the test set is known in training. What is constant in these is only shifted. Classes are not
        stratified: a rare one may be missing on either side. Raises `SettingError` for a share outside (0, 1) and for
        fewer than two rows.
        """
        n = len(self.inputs)
        if not 0.0 < share < 1.0:
            raise SettingError("holdout", share, "a finite number above 0 below 1")
        if n < 2:
            raise SettingError("holdout", share, f"nothing to split: {self.name} needs 2 or more samples, it has {n}")
        held = min(max(round(share * n), 1), n - 1)
        # A stream of its own: a set drawn from the same seed must not decide who is held out.
        order = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,))).permutation(n)
        training, test = np.sort(order[held:]), np.sort(order[:held])
        whole = self if self.scaling is None else self._standardized_by(training, self.scaling)
        return whole._only(training), whole._only(test)

    def _only(self, rows: Array) -> Dataset:
        return replace(self, inputs=self.inputs[rows], targets=self.targets[rows])

    def _standardized_by(self, rows: Array, scaling: Scaling) -> Dataset:
        mean, scale = moments(self.inputs[rows])
        inputs, targets = (self.inputs - mean) / scale, self.targets
        of_inputs = scaling.inputs_back(mean), scaling.input_scale * scale
        of_targets = scaling.target_mean, scaling.target_scale
        if not self.classes:
            mean, scale = moments(targets[rows])
            targets, of_targets = (targets - mean) / scale, (scaling.targets_back(mean), scaling.target_scale * scale)
        return replace(self, inputs=inputs, targets=targets, scaling=Scaling(*of_inputs, *of_targets))


def moments(values: Array) -> tuple[Array, Array]:
    """Mean and standard deviation (divided by n) `(K,)` of columns `(n, K)`; of a constant, 1 for the deviation."""
    mean = values.mean(axis=0)
    apart = values - mean
    largest = np.abs(apart).max(axis=0)  # taken out, or the squares of tiny numbers would vanish
    level = np.ptp(values, axis=0) == 0.0
    largest[level] = 1.0
    scale = largest * np.sqrt(np.mean((apart / largest) ** 2, axis=0))
    scale[level] = 1.0
    return mean, scale


def _numbered(letter: str, count: int) -> tuple[str, ...]:
    return tuple(f"{letter}{i}" for i in range(1, count + 1)) if count > 1 else (letter,) * count


def _either(numbers: tuple[int, ...]) -> str:
    return " or ".join(map(str, numbers))


class Source(Settings, frozen=True, tag_field="kind"):
    """Where data come from."""

    def load(self) -> Dataset:
        """The data; the same object for equal settings, as long as `version` stays the same.

        Raises `SettingError` for data that cannot be had, naming the field as the experiment knows it, `dataset.…`.
        """
        try:
            return _load(self, self.version())
        except SettingError as error:
            raise error.inside("dataset") from None

    def version(self) -> Hashable:
        """What the data depend on besides the settings; nothing, unless they are in a file that can change."""
        return None

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Dataset:
        """Make the data set, from a generator where there is something to draw."""


@lru_cache(maxsize=16)
def _load(source: Source, version: Hashable) -> Dataset:
    return source.draw(np.random.default_rng(getattr(source, "seed", 0)))
