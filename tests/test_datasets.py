"""Data sets: the shapes that their descriptions promise, reproducible and read-only."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from model import DATASETS, Dataset, SettingError, Source
from model.datasets import (
    Blobs,
    Cars,
    Chebyshev,
    Circles,
    Iris,
    Linear,
    Moons,
    Polynomial,
    Scaling,
    Sine,
    Spirals,
    Step,
    Xor,
)
from tests.cases import in_turn

every = in_turn("kind", DATASETS, ids=lambda kind: kind.__name__)
DRAWN: list[Any] = [kind for kind in DATASETS if "samples" in kind.__struct_fields__]
NOISY: list[Any] = [kind for kind in DRAWN if "noise" in kind.__struct_fields__]
# Those of whose shape we know more than that it is some.
CLOUDS: list[Any] = [Moons, Circles, Xor, Spirals, Blobs]
CURVES: list[Any] = [Linear, Polynomial, Sine, Step, Chebyshev]


@every
def test_shapes_and_kinds(kind: type[Source]) -> None:
    data = kind().load()
    assert data.inputs.ndim == 2 and len(data.inputs) == len(data.targets)
    assert np.isfinite(data.inputs).all()
    assert len(data.columns) == data.inputs.shape[1]
    assert len(data.labels) == (data.classes or data.targets.shape[1])
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


@pytest.mark.parametrize("kind", NOISY)
def test_another_seed_draws_other_noise(kind: Any) -> None:
    first, other = kind(seed=0).load(), kind(seed=1).load()
    assert not (np.array_equal(first.inputs, other.inputs) and np.array_equal(first.targets, other.targets))


@pytest.mark.parametrize("kind", DRAWN)
@pytest.mark.parametrize("samples", [2, 3, 77, 200])
def test_as_many_as_asked(kind: Any, samples: int) -> None:
    data = kind(samples=samples).load()
    assert len(data.inputs) == len(data.targets) == samples
    assert np.isfinite(data.inputs).all() and np.isfinite(data.targets).all()


def off_the_curve(kind: Any, data: Dataset) -> Any:
    """How far each sample is from where it would be without noise, by the formula in the docstring written out anew."""
    if not data.classes:
        x, y = data.inputs[:, 0], data.targets[:, 0]
        wanted = {
            Linear: 2.0 * x + 1.0,
            Polynomial: 2.0 * x * x * x - x,
            Sine: np.sin(np.pi * x),
            Step: (np.sign(x) + 1.0) / 2.0,  # an even number of points: none at 0
            Chebyshev: 8.0 * x * x * x * x - 8.0 * x * x + 1.0,
        }[kind]
        return y - wanted
    z, k = data.inputs @ [1.0, 1.0j], data.targets
    if kind is Moons:
        return np.abs(z - k * (1.0 + 0.5j)) - 1.0
    if kind is Circles:
        return np.abs(z) - np.where(k == 0, 1.0, 0.5)
    if kind is Xor:
        return np.abs(np.abs(z.real) - 1.0) + np.abs(z.real * z.imag - np.where(k == 1, -1.0, 1.0))
    if kind is Spirals:  # unwound by their own radius, the arms are the two roots of 1
        return z / np.abs(z) * np.exp(-2.0j * np.pi * np.abs(z)) - np.where(k == 1, -1.0, 1.0)
    return z - np.exp(2.0j * np.pi * k / 3.0)


@pytest.mark.parametrize("kind", [*CLOUDS, *CURVES])
def test_without_noise_all_lie_on_the_defining_curve(kind: Any) -> None:
    silent = {"noise": 0.0} if kind in NOISY else {}
    np.testing.assert_allclose(off_the_curve(kind, kind(samples=200, **silent).load()), 0.0, atol=1e-12)


@pytest.mark.parametrize("kind", [kind for kind in (*CLOUDS, *CURVES) if kind in NOISY])
def test_with_noise_they_do_not(kind: Any) -> None:
    assert np.abs(off_the_curve(kind, kind(samples=200, noise=0.5).load())).max() > 0.1


@pytest.mark.parametrize("kind", CLOUDS)
def test_classes_are_as_many_as_each_other(kind: Any) -> None:
    data = kind(samples=200).load()
    counts = np.bincount(data.targets, minlength=data.classes)
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("kind", CURVES)
def test_curves_are_sampled_evenly(kind: Any) -> None:
    x = kind(samples=5).load().inputs[:, 0]
    np.testing.assert_allclose(x, [-1.0, -0.5, 0.0, 0.5, 1.0])


def test_spirals_have_arms_and_turns() -> None:
    data = Spirals(samples=30, arms=3, turns=0.5, noise=0.0).load()
    z = data.inputs @ [1.0, 1.0j]
    ends = z[np.abs(z) > 0.999]
    np.testing.assert_allclose(ends, np.exp(1.0j * (np.pi + 2.0 * np.pi * np.arange(3) / 3.0)), atol=1e-12)
    assert np.abs(z).min() == pytest.approx(0.1)


@pytest.mark.parametrize("degree", range(1, 21))
def test_chebyshev_obeys_its_recurrence(degree: int) -> None:
    """T₀ = 1, T₁ = x, Tₖ₊₁ = 2x Tₖ − Tₖ₋₁."""
    data = Chebyshev(degree=degree, samples=33).load()
    x = data.inputs
    before, value = np.ones_like(x), x
    for _ in range(degree - 1):
        before, value = value, 2.0 * x * value - before
    np.testing.assert_allclose(data.targets, value, atol=1e-12)


def test_chebyshev_is_that_of_the_edge_of_stability() -> None:
    assert (Chebyshev().degree, len(Chebyshev().load().inputs)) == (4, 20)


def test_a_step_is_up_at_zero() -> None:
    np.testing.assert_array_equal(Step(samples=5, noise=0.0).load().targets[:, 0], [0, 0, 1, 1, 1])


@pytest.mark.parametrize(
    ("text", "at_half"), [("3", 3.0), ("1, 2", 2.0), ("1,2,4", 3.0), ("0 0 0 8", 1.0), ("-1e2,", -100.0)]
)
def test_coefficients_of_a_polynomial(text: str, at_half: float) -> None:
    data = Polynomial(coefficients=text, samples=5, noise=0.0).load()
    assert data.targets[3, 0] == pytest.approx(at_half)


@pytest.mark.parametrize("text", ["", ",", "x", "1;2", "nan", "inf", "1001", "0 " * 21])
def test_what_is_no_list_of_coefficients_is_refused(text: str) -> None:
    with pytest.raises(SettingError, match=r"^coefficients: .* given; allowed: 1 to 20 numbers"):
        Polynomial(coefficients=text)


@pytest.mark.parametrize("standardize", [False, True])
def test_iris_is_fisher_s(standardize: bool) -> None:
    data = Iris(standardize).load()
    assert data.inputs.shape == (150, 4) and data.labels == ("setosa", "versicolor", "virginica")
    np.testing.assert_array_equal(np.bincount(data.targets), [50, 50, 50])
    inputs = data.scaling.inputs_back(data.inputs) if data.scaling else data.inputs
    np.testing.assert_allclose(inputs.mean(axis=0), [5.8433, 3.0573, 3.758, 1.1993], atol=5e-5)
    # Fisher (1936), table II: the means of each species.
    np.testing.assert_allclose(inputs[data.targets == 0].mean(axis=0), [5.006, 3.428, 1.462, 0.246], atol=1e-12)
    np.testing.assert_allclose(inputs[data.targets == 1].mean(axis=0), [5.936, 2.770, 4.260, 1.326], atol=1e-12)
    np.testing.assert_allclose(inputs[data.targets == 2].mean(axis=0), [6.588, 2.974, 5.552, 2.026], atol=1e-12)


@pytest.mark.parametrize("standardize", [False, True])
def test_cars_have_ezekiel_s_line(standardize: bool) -> None:
    """R's lm(dist ~ speed, cars): intercept −17.5791, slope 3.9324."""
    data = Cars(standardize).load()
    speed, distance = data.inputs, data.targets
    if data.scaling:
        speed, distance = data.scaling.inputs_back(speed), data.scaling.targets_back(distance)
    assert speed.shape == distance.shape == (50, 1)
    slope, intercept = np.polyfit(speed[:, 0], distance[:, 0], 1)
    assert (round(slope, 4), round(intercept, 4)) == (3.9324, -17.5791)


@pytest.mark.parametrize("kind", [Iris, Cars])
def test_standardised_have_mean_nought_and_deviation_one(kind: Any) -> None:
    data, plain = kind().load(), kind(standardize=False).load()
    assert data.scaling is not None and plain.scaling is None
    parts = [data.inputs] if data.classes else [data.inputs, data.targets]
    for part in parts:
        np.testing.assert_allclose(part.mean(axis=0), 0.0, atol=1e-14)
        np.testing.assert_allclose(part.std(axis=0), 1.0, rtol=1e-14)
    assert len(data.scaling.target_mean) == (0 if data.classes else 1)
    with pytest.raises(ValueError, match="read-only"):
        data.scaling.input_mean[0] = 0.0


def test_scaling_by_hand() -> None:
    scaling = Scaling(np.array([10.0, -1.0]), np.array([2.0, 0.5]), np.array([100.0]), np.array([10.0]))
    np.testing.assert_array_equal(scaling.inputs_back(np.array([[[0.0, 0.0]], [[1.0, 2.0]]])), [[[10, -1]], [[12, 0]]])
    np.testing.assert_array_equal(scaling.targets_back(np.array([[-3.0]])), [[70.0]])


def test_names_when_none_are_given() -> None:
    assert Moons().load().columns == ("x1", "x2") and Moons().load().labels == ("0", "1")
    assert Sine().load().columns == ("x",) and Sine().load().labels == ("y",)


@every
@pytest.mark.parametrize("share", [0.001, 0.2, 0.5, 0.999])
def test_split_holds_out_a_share_of_the_rows(kind: type[Source], share: float) -> None:
    data = kind().load()
    n = len(data.inputs)
    train, test = data.split(share, seed=3)
    assert len(test.inputs) == len(test.targets) == min(max(round(share * n), 1), n - 1)

    def rows(part: Dataset) -> list[tuple[float, ...]]:
        inputs, targets = part.inputs, part.targets
        if part.scaling is not None:
            inputs = part.scaling.inputs_back(inputs)
            targets = targets if part.classes else part.scaling.targets_back(targets)
        return [(*x, *np.atleast_1d(y)) for x, y in zip(inputs.round(9).tolist(), targets.tolist(), strict=True)]

    found = np.array(sorted(rows(train) + rows(test)))
    np.testing.assert_allclose(found, sorted(rows(data)), rtol=1e-12, err_msg="each row is in one of them")
    for part in (train, test):
        assert (part.name, part.classes, part.columns, part.labels) == (
            data.name,
            data.classes,
            data.columns,
            data.labels,
        )
        assert part.scaling is (None if data.scaling is None else train.scaling)
        assert not part.inputs.flags.writeable and not part.targets.flags.writeable


@pytest.mark.parametrize("kind", [Cars, Iris])
@pytest.mark.parametrize("share", [0.2, 0.9])
def test_what_is_held_out_has_no_part_in_the_standardisation(kind: Any, share: float) -> None:
    """Columns of the training rows, and these alone, have mean 0 and deviation 1; other test rows change nothing."""
    raw, data = kind(standardize=False).load(), kind().load()
    for seed in range(5):
        train, test = data.split(share, seed)
        plain, held = raw.split(share, seed)
        mean, deviation = plain.inputs.mean(axis=0), plain.inputs.std(axis=0)
        np.testing.assert_allclose(train.inputs, (plain.inputs - mean) / deviation, atol=1e-12)
        np.testing.assert_allclose(test.inputs, (held.inputs - mean) / deviation, atol=1e-12)
        assert train.scaling is not None
        np.testing.assert_allclose(train.scaling.inputs_back(test.inputs), held.inputs, rtol=1e-12)
        if not data.classes:
            mean, deviation = plain.targets.mean(axis=0), plain.targets.std(axis=0)
            np.testing.assert_allclose(test.targets, (held.targets - mean) / deviation, atol=1e-12)
            np.testing.assert_allclose(train.scaling.targets_back(train.targets), plain.targets, rtol=1e-12)


def test_a_column_that_is_constant_in_training_is_only_shifted() -> None:
    inputs = np.array([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0], [4.0, 9.0]])
    none = np.zeros(2)
    data = Dataset("rows", inputs, inputs, scaling=Scaling(none, none + 1, none, none + 1))
    train, test = next(both for both in (data.split(0.25, seed) for seed in range(50)) if both[1].inputs[0, 1] == 4.0)
    np.testing.assert_array_equal(train.inputs[:, 1], 0.0)
    assert np.isfinite(test.inputs).all() and np.isfinite(test.targets).all()


def test_split_follows_from_its_seed() -> None:
    data = Sine().load()
    held = [tuple(data.split(0.3, seed)[1].inputs[:, 0]) for seed in (0, 0, 1)]
    assert held[0] == held[1] != held[2]
    assert list(held[0]) == sorted(held[0]), "in their old order"


def test_split_is_fair() -> None:
    """Every row is held out about as often: 2000 seeds, share 1/4, five standard deviations of a binomial."""
    data = Dataset("rows", np.arange(8.0)[:, None], np.zeros((8, 1)))
    counts = sum(np.isin(np.arange(8.0), data.split(0.25, seed)[1].inputs) for seed in range(2000))
    np.testing.assert_allclose(counts, 500, atol=5 * np.sqrt(2000 * 0.25 * 0.75))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5, float("nan")])
def test_a_share_that_cannot_be_split_off(share: float) -> None:
    with pytest.raises(
        SettingError, match=rf"^holdout: {re.escape(repr(share))} given; allowed: a finite number above 0"
    ):
        Moons().load().split(share, 0)


def test_one_row_cannot_be_split() -> None:
    with pytest.raises(SettingError, match="one needs 2 or more samples, it has 1"):
        Dataset("one", np.zeros((1, 1)), np.zeros((1, 1))).split(0.5, 0)


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
