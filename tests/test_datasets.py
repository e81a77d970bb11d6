"""Data sets: the shapes that their descriptions promise, reproducible and read-only."""

from __future__ import annotations

import numpy as np
import pytest

from model import DATASETS, Dataset, SettingError, Source
from model.datasets import Blobs, Moons, Sine

every = pytest.mark.parametrize("kind", DATASETS, ids=lambda kind: kind.__name__)


@every
def test_shapes_and_kinds(kind: type[Source]) -> None:
    data = kind().load()
    assert data.inputs.ndim == 2 and len(data.inputs) == len(data.targets)
    assert np.isfinite(data.inputs).all()
    if data.classes:
        assert data.targets.shape == (len(data.inputs),)
        assert set(data.targets.tolist()) == set(range(data.classes))
    else:
        assert data.targets.ndim == 2 and np.isfinite(data.targets).all()


@every
def test_same_settings_same_data(kind: type[Source]) -> None:
    source = kind()
    assert source.load() is kind().load()
    first, again = source.draw(np.random.default_rng(3)), source.draw(np.random.default_rng(3))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.targets, again.targets)


@every
def test_read_only(kind: type[Source]) -> None:
    data = kind().load()
    with pytest.raises(ValueError, match="read-only"):
        data.inputs[0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        data.targets[0] = 0


@pytest.mark.parametrize("kind", [Moons, Blobs, Sine])
def test_another_seed_draws_other_noise(kind: type[Moons] | type[Blobs] | type[Sine]) -> None:
    first, other = kind(seed=0).load(), kind(seed=1).load()
    assert not (np.array_equal(first.inputs, other.inputs) and np.array_equal(first.targets, other.targets))


@pytest.mark.parametrize("kind", [Moons, Blobs, Sine])
@pytest.mark.parametrize("samples", [2, 3, 77, 200])
def test_as_many_as_asked(kind: type[Moons] | type[Blobs] | type[Sine], samples: int) -> None:
    assert len(kind(samples=samples).load().inputs) == samples


@pytest.mark.parametrize("samples", [200, 201])
def test_moons_without_noise_are_half_circles(samples: int) -> None:
    data = Moons(samples=samples, noise=0.0).load()
    upper, lower = data.inputs[data.targets == 0], data.inputs[data.targets == 1]
    assert abs(len(upper) - len(lower)) <= 1
    np.testing.assert_allclose(np.hypot(*upper.T), 1.0)
    assert (upper[:, 1] >= 0.0).all()
    np.testing.assert_allclose(np.hypot(*(lower - [1.0, 0.5]).T), 1.0)
    assert (lower[:, 1] <= 0.5).all()


def test_blobs_without_noise_are_points_on_a_circle() -> None:
    data = Blobs(samples=12, classes=4, noise=0.0).load()
    corners = np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
    np.testing.assert_allclose(data.inputs, corners[data.targets], atol=1e-15)


def test_sine_without_noise_is_a_sine() -> None:
    data = Sine(samples=5, noise=0.0).load()
    np.testing.assert_allclose(data.inputs[:, 0], [-1.0, -0.5, 0.0, 0.5, 1.0])
    np.testing.assert_allclose(data.targets[:, 0], [0.0, -1.0, 0.0, 1.0, 0.0], atol=1e-15)


def test_noise_is_a_standard_deviation() -> None:
    n = 20_000
    residual = Sine(samples=n, noise=0.3).load().targets - Sine(samples=n, noise=0.0).load().targets
    assert residual.std() == pytest.approx(0.3, rel=5.0 / np.sqrt(2 * n))


def test_targets_for_two_classes() -> None:
    data = Dataset("two", np.zeros((3, 1)), np.array([0, 1, 1]), classes=2)
    assert data.outputs == (1, 2)
    np.testing.assert_array_equal(data.targets_for(1), [[0.0], [1.0], [1.0]])
    np.testing.assert_array_equal(data.targets_for(2), [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])


def test_targets_for_three_classes() -> None:
    data = Dataset("three", np.zeros((3, 1)), np.array([2, 0, 1]), classes=3)
    assert data.outputs == (3,)
    np.testing.assert_array_equal(data.targets_for(3), [[0, 0, 1], [1, 0, 0], [0, 1, 0]])


def test_targets_for_values_are_the_values() -> None:
    values = np.array([[1.0, 2.0], [3.0, 4.0]])
    data = Dataset("values", np.zeros((2, 1)), values)
    assert data.outputs == (2,)
    np.testing.assert_array_equal(data.targets_for(2), values)


@every
def test_outputs_that_do_not_fit_are_refused(kind: type[Source]) -> None:
    data = kind().load()
    with pytest.raises(SettingError, match=r"network\.widths: 99 given; allowed: .*at the end"):
        data.targets_for(99)
