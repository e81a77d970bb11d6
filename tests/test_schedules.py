"""Schedules: learning rates in closed form that depend on the step alone, and the warm-up in front of them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from model.schedules import SCHEDULES, Constant, Cosine, Exponential, InverseTime, Schedule, StepDecay

every = pytest.mark.parametrize("kind", SCHEDULES, ids=lambda kind: kind.__name__)
DECAYS = [Constant, StepDecay, Exponential, Cosine, InverseTime]  # a schedule may also rise, or end at 0
every_decay = pytest.mark.parametrize("kind", DECAYS, ids=lambda kind: kind.__name__)

LONG = [*range(2000), 10**4, 10**5, 10**6 - 1, 10**6]


@every
@pytest.mark.parametrize("warmup", [0, 1, 100])
def test_rates_are_finite_and_repeatable(kind: type[Schedule], warmup: int) -> None:
    rates = [kind(warmup=warmup).rate(step) for step in LONG]
    assert all(type(rate) is float and math.isfinite(rate) and rate >= 0.0 for rate in rates)
    assert rates == [kind(warmup=warmup).rate(step) for step in LONG]


@every_decay
def test_rates_are_positive(kind: type[Schedule]) -> None:
    """To a million steps, with numbers that do not multiply down below the smallest float, 5e-324."""
    mild: dict[type[Schedule], dict[str, float]] = {StepDecay: {"every": 1000}, Exponential: {"gamma": 0.9999}}
    schedule = kind(**mild.get(kind, {}))  # type: ignore[arg-type]
    assert min(schedule.rate(step) for step in LONG) > 0.0


@pytest.mark.parametrize("schedule", [StepDecay(every=1, gamma=0.1), Exponential(gamma=0.1)], ids=repr)
def test_below_the_smallest_float_the_rate_is_zero(schedule: Schedule) -> None:
    assert schedule.rate(300) > 0.0
    assert schedule.rate(400) == schedule.rate(10**6) == 0.0


@every
def test_a_rate_begins_at_the_learning_rate(kind: type[Schedule]) -> None:
    assert kind(learning_rate=0.3).rate(0) == kind(learning_rate=0.3, warmup=9).rate(9) == 0.3


@every_decay
def test_a_rate_never_rises(kind: type[Schedule]) -> None:
    rates = [kind(learning_rate=0.3).rate(step) for step in LONG]
    assert all(after <= before for before, after in pairwise(rates))


@every
def test_the_learning_rate_is_a_factor(kind: type[Schedule]) -> None:
    small, large = kind(learning_rate=0.125, warmup=20), kind(learning_rate=1.0, warmup=20)
    np.testing.assert_allclose(
        [8.0 * small.rate(step) for step in LONG], [large.rate(step) for step in LONG], rtol=1e-14
    )


FORMS: dict[str, tuple[Schedule, Any]] = {
    "constant": (Constant(learning_rate=0.25), lambda t: 0.25 + 0.0 * t),
    "step": (StepDecay(learning_rate=0.5, every=7, gamma=0.8), lambda t: 0.5 * 0.8 ** np.floor(t / 7)),
    "exponential": (Exponential(learning_rate=2.0, gamma=0.99), lambda t: 2.0 * np.exp(t * np.log(0.99))),
    "cosine": (  # by the half angle: (1 + cos 2x)/2 = cos² x
        Cosine(learning_rate=0.4, period=150, lowest=0.1),
        lambda t: 0.04 + 0.36 * np.cos(np.pi * np.minimum(t, 150) / 300) ** 2,
    ),
    "inverse-time": (InverseTime(learning_rate=0.3, decay=0.05), lambda t: 6.0 / (20.0 + t)),
}


@pytest.mark.parametrize(("schedule", "form"), FORMS.values(), ids=FORMS)
def test_closed_forms(schedule: Schedule, form: Any) -> None:
    steps = np.arange(400)
    np.testing.assert_allclose([schedule.rate(int(step)) for step in steps], form(steps), rtol=1e-12)


@pytest.mark.parametrize(("schedule", "form"), FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("warmup", [1, 4, 99])
def test_warm_up_rises_evenly_and_then_the_clock_starts(schedule: Any, form: Any, warmup: int) -> None:
    fields = {name: getattr(schedule, name) for name in schedule.__struct_fields__} | {"warmup": warmup}
    warmed = type(schedule)(**fields)
    rates = np.array([warmed.rate(step) for step in range(warmup + 200)])
    rise = np.linspace(0.0, schedule.learning_rate, warmup + 2)
    np.testing.assert_allclose(rates[: warmup + 1], rise[1:], rtol=1e-12)
    np.testing.assert_allclose(rates[warmup:], form(np.arange(200)), rtol=1e-12)


def test_known_values() -> None:
    stairs, cosine = StepDecay(learning_rate=8.0, every=10, gamma=0.5), Cosine(learning_rate=1.0, period=6, lowest=0.0)
    assert [stairs.rate(step) for step in (0, 9, 10, 19, 20, 30)] == [8.0, 8.0, 4.0, 4.0, 2.0, 1.0]
    np.testing.assert_allclose(
        [cosine.rate(step) for step in (0, 2, 3, 4, 6, 60)], [1, 0.75, 0.5, 0.25, 0, 0], atol=1e-15
    )


TORCH: dict[type[Schedule], Any] = {
    StepDecay: lambda lr, o, s: lr.StepLR(o, s.every, s.gamma),
    Exponential: lambda lr, o, s: lr.ExponentialLR(o, s.gamma),
    Cosine: lambda lr, o, s: lr.CosineAnnealingLR(o, s.period, eta_min=s.lowest * s.learning_rate),
}


@pytest.mark.parametrize("name", ["step", "exponential", "cosine"])
def test_as_pytorch_has_them(name: str) -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch comes with the bench extra")
    schedule: Any = FORMS[name][0]
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=schedule.learning_rate)
    peer, rates = TORCH[type(schedule)](torch.optim.lr_scheduler, optimizer, schedule), []
    for _ in range(151):  # to the end of the cosine's period, where PyTorch's turns
        rates.append(peer.get_last_lr()[0])
        optimizer.step()
        peer.step()
    np.testing.assert_allclose([schedule.rate(step) for step in range(151)], rates, rtol=1e-10)
