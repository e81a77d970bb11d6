"""Races: equal budgets, the best of k rates, bands and tables, each against single descents run by themselves."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from model import OPTIMIZERS, Constant, Descent, Experiment, HeavyBall, Optimizer, SettingError, another_start
from model.curvature import hessian
from model.functions import Bowl, Rosenbrock
from model.objective import Fit
from model.race import Entry, Race, at_rate, race, results, swept
from model.settings import kind_of

NAMES = [kind_of(kind) for kind in OPTIMIZERS]


def finished(experiment: Experiment, settings: Race) -> list[Entry]:
    entries = [item for item in race(experiment, settings) if item is not None and item.done]
    assert [entry.number for entry in entries] == list(range(len(settings.entered)))
    return entries


def alone(experiment: Experiment, optimizer: Optimizer, rate: float, steps: int) -> np.ndarray:
    """The losses of one descent by itself, `(steps + 1,)`, infinite from where they are not finite on."""
    descent = Descent(optimizer=optimizer, schedule=Constant(learning_rate=rate))
    states = msgspec.structs.replace(experiment, descent=descent).run(steps)
    losses = np.full(steps + 1, np.inf)
    losses[: len(states)] = np.nan_to_num(states.losses(), nan=np.inf)
    return losses


@pytest.mark.parametrize("name", NAMES)
def test_one_optimizer_at_its_own_rate_is_the_experiment_bit_for_bit(name: str, small: Experiment) -> None:
    kind = OPTIMIZERS[NAMES.index(name)]
    descent = Descent(optimizer=kind(), batch_size=16, schedule=Constant(learning_rate=0.02))
    experiment = msgspec.structs.replace(small, descent=descent)
    (entry,) = finished(experiment, Race(name, budget=25))
    run = experiment.run(25)
    assert entry.trajectory is not None
    np.testing.assert_array_equal(entry.trajectory.params(), run.params())
    np.testing.assert_array_equal(entry.attempts[0].losses, run.losses())
    np.testing.assert_array_equal(entry.trajectory.losses(), run.losses())


def test_every_run_spends_the_same_number_of_gradients(small: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    spent, true = [], Fit.loss_and_gradient

    def counted(self: Fit, params: Any, rows: Any = None) -> Any:
        spent.append(params)
        return true(self, params, rows)

    monkeypatch.setattr(Fit, "loss_and_gradient", counted)
    settings = Race("; ".join(NAMES), budget=7, rates=3, lowest=1e-4, highest=1e-3, starts=2)
    counts, before = [], 0
    for item in race(small, settings):
        if item is not None and not item.done:
            counts.append(len(spent) - before)
            before = len(spent)
    # One gradient for each of 7 steps; with the loss at the end comes one more, that no step uses.
    assert counts == [8] * (len(NAMES) * 3 * 2)
    assert settings.runs == len(counts)


def test_nothing_is_computed_before_it_is_asked_for(small: Experiment) -> None:
    running = race(small, Race("sgd; adam", budget=50))
    assert [next(running) for _ in range(51)] == [None] * 51
    first = next(running)
    assert first is not None and len(first.attempts) == 1 and not first.done


def test_the_same_race_is_run_twice(small: Experiment) -> None:
    settings = Race("sgd; qhadam", budget=12, rates=2, starts=2)
    for one, other in zip(finished(small, settings), finished(small, settings), strict=True):
        assert one.sharpness == other.sharpness
        for mine, its in zip(one.attempts, other.attempts, strict=True):
            np.testing.assert_array_equal(mine.losses, its.losses)


@pytest.mark.parametrize("name", NAMES)
def test_the_best_of_k_rates_is_the_lowest_of_k_runs(name: str, small: Experiment) -> None:
    kind = OPTIMIZERS[NAMES.index(name)]
    rates = [0.001, 0.01, 0.1, 1.0]
    (entry,) = finished(
        msgspec.structs.replace(small, descent=Descent(optimizer=HeavyBall(0.5))),
        Race(name, budget=30, rates=4, lowest=0.001, highest=1.0),
    )
    optimizer = HeavyBall(0.5) if kind is HeavyBall else kind()  # one of the experiment's kind keeps its numbers
    np.testing.assert_allclose([attempt.rate for attempt in entry.attempts], rates, rtol=1e-12)
    losses = [alone(small, optimizer, attempt.rate, 30) for attempt in entry.attempts]
    best = int(np.argmin([curve[-1] for curve in losses]))
    assert entry.best == (entry.attempts[best],)
    assert entry.best[0].loss == losses[best][-1]
    assert entry.experiment is not None and entry.experiment.descent.schedule.learning_rate == entry.best[0].rate
    assert entry.trajectory is not None
    np.testing.assert_array_equal(entry.trajectory.losses(), losses[best])


def test_the_band_bounds_every_curve_and_touches_one_at_each_step(small: Experiment) -> None:
    for entry in finished(small, Race("sgd; adam", budget=20, rates=3, starts=3)):
        assert entry.band is not None
        low, high = entry.band
        curves = [attempt.losses.tolist() for attempt in entry.attempts]
        assert len(curves) == 9
        for step, (least, most) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            at = [curve[step] for curve in curves]
            assert (least, most) == (min(at), max(at))


def test_starts_are_those_that_new_start_would_take(small: Experiment) -> None:
    (entry,) = finished(small, Race("heavy-ball", budget=5, starts=3))
    own = at_rate(small, 0.1, 5)
    for attempt in entry.attempts:
        np.testing.assert_array_equal(attempt.losses, own.run().losses())
        own = another_start(own)[0]
    middle = sorted(attempt.loss for attempt in entry.attempts)[1]
    (row,) = results([entry], Race("heavy-ball", budget=5, starts=3))
    assert row.loss == middle


def test_a_rate_is_judged_by_the_median_over_the_starts(small: Experiment) -> None:
    settings = Race("sgd", budget=8, rates=3, starts=3)
    (entry,) = finished(small, settings)
    by_rate: dict[float, list[float]] = {}
    for attempt in entry.attempts:
        by_rate.setdefault(attempt.rate, []).append(attempt.loss)
    medians = {rate: sorted(losses)[1] for rate, losses in by_rate.items()}
    (row,) = results([entry], settings)
    assert row.rate == min(medians, key=lambda rate: medians[rate])
    assert row.loss == medians[row.rate]


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.62, 5.0])
def test_steps_to_the_threshold_by_a_scan(threshold: float, small: Experiment) -> None:
    settings = Race("sgd; adam=0.05", budget=60, threshold=threshold)
    for row, entry in zip(results(entries := finished(small, settings), settings), entries, strict=True):
        steps = None
        for step, loss in enumerate(entry.attempts[0].losses.tolist()):
            if loss <= threshold:
                steps = step
                break
        assert row.steps == steps


def bowl(x: float, y: float, rate: float) -> Experiment:
    return Experiment(function=Bowl(x=x, y=y), descent=Descent(schedule=Constant(learning_rate=rate)))


def test_what_diverges_loses_and_is_counted() -> None:
    experiment = bowl(1.0, 1.0, 0.1)
    curvature = float(np.linalg.eigvalsh(hessian(experiment.objective, experiment.start))[-1])
    stable, unstable = 1.0 / curvature, 1e6  # plain descent multiplies the error by 1 − ηλ: by 0, or by about −10⁶λ
    settings = Race("sgd", budget=200, rates=2, lowest=stable, highest=unstable, threshold=1e-9)
    (entry,) = finished(experiment, settings)
    calm, wild = entry.attempts
    assert not calm.diverged and wild.diverged and wild.loss == math.inf
    assert np.isnan(wild.losses[-1]) and np.isfinite(wild.losses[:3]).all()
    assert entry.best == (calm,)
    assert entry.band is not None
    low, high = entry.band
    gone = np.isnan(wild.losses)
    assert gone.any()
    np.testing.assert_array_equal(low[gone], calm.losses[gone])
    np.testing.assert_array_equal(high[gone], calm.losses[gone])
    (row,) = results([entry], settings)
    assert row.diverged == 0.5 and row.rate == stable


def test_where_all_diverge_there_is_no_loss_and_no_curvature() -> None:
    settings = Race("sgd", budget=200, rates=2, lowest=1e5, highest=1e6, threshold=-1.0)
    (entry,) = finished(bowl(1.0, 1.0, 0.1), settings)
    (row,) = results([entry], settings)
    assert row.rate == entry.attempts[0].rate == 1e5
    assert (row.loss, row.steps, row.diverged) == (math.inf, None, 1.0)
    assert math.isnan(row.sharpness)


def test_the_curvature_is_that_at_the_end_of_the_best_run(small: Experiment) -> None:
    settings = Race("heavy-ball", budget=40, rates=3)
    (entry,) = finished(small, settings)
    end = at_rate(small, entry.best[0].rate, 40).run()[-1].params
    largest = np.linalg.eigvalsh(hessian(small.objective, end))[-1]
    assert entry.sharpness == pytest.approx(largest, rel=1e-3)


def test_each_at_its_own_rate() -> None:
    experiment = Experiment(function=Rosenbrock(), descent=Descent(schedule=Constant(learning_rate=1e-4)))
    entries = finished(experiment, Race("sgd; adam=0.05; adam=0.01", budget=10))
    assert [entry.best[0].rate for entry in entries] == [1e-4, 0.05, 0.01]
    np.testing.assert_array_equal(
        entries[2].attempts[0].losses, alone(experiment, OPTIMIZERS[NAMES.index("adam")](), 0.01, 10)
    )


@pytest.mark.parametrize("k", [1, 3, 5, 11, 29])
def test_an_odd_sweep_contains_the_rate_itself(k: int) -> None:
    rates = swept(Race(rates=k), 0.03)
    assert len(rates) == k and rates[k // 2] == 0.03
    if k > 1:
        np.testing.assert_allclose(np.diff(np.log10(rates)), 2.0 / (k - 1), rtol=1e-12)


def test_a_sweep_between_limits() -> None:
    np.testing.assert_allclose(swept(Race(rates=4, lowest=0.1, highest=0.8), 5.0), [0.1, 0.2, 0.4, 0.8], rtol=1e-12)
    np.testing.assert_allclose(swept(Race(rates=3, highest=0.9), 0.9), [0.09, 0.09 * 10**0.5, 0.9], rtol=1e-12)


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("optimizers", dict(optimizers="")),
        ("optimizers", dict(optimizers="sgd; magic")),
        ("optimizers", dict(optimizers="sgd; sgd")),
        ("optimizers", dict(optimizers="sgd=")),
        ("optimizers", dict(optimizers="sgd=-1")),
        ("optimizers", dict(optimizers="sgd=fast")),
        ("optimizers", dict(optimizers="sgd=nan")),
        ("budget", dict(budget=0)),
        ("rates", dict(rates=0)),
        ("starts", dict(starts=0)),
        ("threshold", dict(threshold=math.nan)),
        ("lowest", dict(lowest=1.0, highest=0.5)),
    ],
)
def test_what_cannot_be_raced(field: str, fields: dict[str, Any]) -> None:
    with pytest.raises(SettingError) as caught:
        Race(**fields)
    assert caught.value.field == field and "\n" not in str(caught.value)


def test_what_cannot_be_raced_from_here(small: Experiment) -> None:
    with pytest.raises(SettingError, match=r"^lowest: 3\.0 given"):
        next(race(small, Race("sgd", rates=2, lowest=3.0)))  # the sweep would end at ten times 0.1
    with pytest.raises(SettingError, match=r"^budget: 1000000 given"):
        next(race(small, Race("; ".join(NAMES), budget=1_000_000, rates=30, starts=100)))
