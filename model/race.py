"""Race: several optimizers go down from the same start, each with the same number of gradients to spend.

A budget of B gradient evaluations pays for B steps: each spends the gradient of the state it leaves. Which learning
rate suits an optimizer is part of the question, so each may try k of them, a sweep even in log η, and is judged by the
best; the others show how much the choice matters. With several starts the medians over them are compared.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import msgspec
import numpy as np

from model.arrays import Array
from model.changes import another_start
from model.curvature import extremes
from model.experiment import MOST_BYTES, Experiment
from model.optimizers import OPTIMIZERS, Optimizer
from model.running import recorded, train
from model.settings import SettingError, Settings, kind_of, setting
from model.trajectory import Trajectory

KINDS: dict[str, type[Optimizer]] = {kind_of(kind): kind for kind in OPTIMIZERS}
NAMES = f"names between semicolons, each once and with its own rate if it has one (adam=0.01): {', '.join(KINDS)}"


class Race(Settings, frozen=True):
    """Who races, how far, at which learning rates, and what counts as having arrived."""

    optimizers: Annotated[
        str,
        setting(
            "Optimizers",
            "names between semicolons, with a learning rate if it has its own: sgd; adam=0.01",
            effect="view",
        ),
    ] = "sgd; heavy-ball; adam"
    budget: Annotated[
        int,
        setting(
            "Budget",
            "gradient evaluations that every run may spend, one a step",
            ge=1,
            le=1_000_000,
            slider=(10, 10_000),
            effect="view",
        ),
    ] = 300
    rates: Annotated[
        int,
        setting(
            "Rates tried k",
            "learning rates that each optimizer tries, evenly in log η, to be judged by the best; "
            "1 is each one's own rate alone",
            ge=1,
            le=30,
            effect="view",
        ),
    ] = 1
    lowest: Annotated[
        float,
        setting(
            "Lowest rate",
            "where the sweep begins; with one rate it does not matter",
            ge=0,
            le=1e6,
            zero="η/10",
            effect="view",
        ),
    ] = 0.0
    highest: Annotated[
        float,
        setting(
            "Highest rate",
            "where the sweep ends; with one rate it does not matter",
            ge=0,
            le=1e6,
            zero="10 η",
            effect="view",
        ),
    ] = 0.0
    starts: Annotated[
        int,
        setting(
            "Starts",
            "the experiment's own and further random ones; with more of them, luck decides less",
            ge=1,
            le=100,
            effect="view",
        ),
    ] = 1
    threshold: Annotated[
        float,
        setting("Goal", "the loss to be reached: the steps until then are counted", effect="view"),
    ] = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        entered = self.entered
        if not entered or len(set(entered)) < len(entered):
            raise SettingError("optimizers", self.optimizers, NAMES)
        if self.lowest and self.highest and self.lowest >= self.highest:
            raise SettingError("lowest", self.lowest, f"below the highest rate, {self.highest:g}")

    @property
    def entered(self) -> tuple[tuple[type[Optimizer], float | None], ...]:
        """The kinds that race, each with its own learning rate, or None for that of the experiment."""
        return tuple(_entrant(part.strip()) for part in self.optimizers.split(";") if part.strip())

    @property
    def runs(self) -> int:
        """How many descents it takes in all."""
        return len(self.entered) * self.rates * self.starts


def _entrant(text: str) -> tuple[type[Optimizer], float | None]:
    name, equals, given = (part.strip() for part in text.partition("="))
    rate = math.nan
    with contextlib.suppress(ValueError):
        rate = float(given.replace(",", "."))
    if name not in KINDS or (equals and not 0 < rate <= 1e6):
        raise SettingError("optimizers", text, NAMES)
    return KINDS[name], rate if equals else None


@dataclass(frozen=True, eq=False)
class Attempt:
    """One descent: `losses` `(budget + 1,)` at its start and after each step, NaN from where they are not finite on."""

    rate: float
    losses: Array

    @property
    def diverged(self) -> bool:
        """Whether its loss was no longer finite before the budget was spent."""
        return not math.isfinite(self.losses[-1])

    @property
    def loss(self) -> float:
        """The loss when the budget was spent; infinite if it diverged."""
        return math.inf if self.diverged else float(self.losses[-1])

    def steps_to(self, threshold: float) -> float:
        """After how many steps the loss was first at or below the threshold; infinite for never."""
        there = np.flatnonzero(self.losses <= threshold)
        return float(there[0]) if len(there) else math.inf


@dataclass(frozen=True, eq=False)
class Entry:
    """One optimizer's race as far as it has been run: all attempts, rate by rate, and within a rate start by start.

    `number` is its place among the entrants. `band` is the lowest and the highest loss of all attempts after each step,
    `(budget + 1,)` each, without those that have diverged by then; NaN where none is left. `experiment` is the one of
    the best rate that was tried from every start, `trajectory` its descent from the experiment's own start and
    `sharpness` the λ_max at its end (NaN until the entry is `done`, and where that descent diverged).
    """

    number: int
    optimizer: Optimizer
    starts: int
    attempts: tuple[Attempt, ...] = ()
    band: tuple[Array, Array] | None = None
    experiment: Experiment | None = None
    trajectory: Trajectory | None = None
    sharpness: float = math.nan
    done: bool = False

    @property
    def best(self) -> tuple[Attempt, ...]:
        """The attempts at the best rate, one for each start: with the lowest median loss at the budget.

        Of equal rates that which diverges less often, then the lower one. Only rates tried from every start count.
        """
        tried = len(self.attempts) // self.starts
        rates = [self.attempts[i * self.starts : (i + 1) * self.starts] for i in range(tried)]
        return min(rates, key=_rank, default=())

    def after(self, attempt: Attempt) -> Entry:
        """The entry with one more attempt."""
        low, high = self.band or (attempt.losses, attempt.losses)
        band = np.fmin(low, attempt.losses), np.fmax(high, attempt.losses)
        return replace(self, attempts=(*self.attempts, attempt), band=band)


def _rank(attempts: tuple[Attempt, ...]) -> tuple[float, int, float]:
    diverged = sum(attempt.diverged for attempt in attempts)
    return float(np.median([attempt.loss for attempt in attempts])), diverged, attempts[0].rate


class Result(NamedTuple):
    """A row of the table: medians over the starts at the best rate, infinite where most starts diverged or never came.

    `steps` is None where the threshold was never reached. `diverged` is the share of all attempts, whatever their rate.
    """

    optimizer: str
    rate: float
    loss: float
    steps: float | None
    sharpness: float
    diverged: float


def results(entries: list[Entry], settings: Race) -> list[Result]:
    """The table of a race, in the order of the entries; those that have not tried one rate yet are left out."""
    rows = []
    for entry in entries:
        best = entry.best
        if best:
            loss = float(np.median([attempt.loss for attempt in best]))
            steps = float(np.median([attempt.steps_to(settings.threshold) for attempt in best]))
            diverged = sum(attempt.diverged for attempt in entry.attempts) / len(entry.attempts)
            reached = steps if math.isfinite(steps) else None
            rows.append(Result(entry.optimizer.caption, best[0].rate, loss, reached, entry.sharpness, diverged))
    return rows


def race(experiment: Experiment, settings: Race) -> Iterator[Entry | None]:
    """Let one optimizer after another go down; yields its entry after each of its descents, the last time `done`.

    After each state, where it can be stopped, it yields None. Everything but the optimizer and its learning rate is the
    experiment's; an optimizer of the experiment's own kind keeps its numbers. Raises `SettingError` for rates that
    cannot be, and for budgets that memory does not hold.
    """
    entrants = [_entered(experiment, kind, rate) for kind, rate in settings.entered]
    _check_memory(entrants, settings)
    sweeps = [swept(settings, entrant.descent.schedule.learning_rate) for entrant in entrants]
    for number, (entrant, sweep) in enumerate(zip(entrants, sweeps, strict=True)):
        entry = Entry(number, entrant.descent.optimizer, settings.starts)
        for rate in sweep:
            entry = yield from _tried(entry, at_rate(entrant, rate, settings.budget), settings)
        yield replace(entry, sharpness=_sharpness(entry), done=True)


def _tried(entry: Entry, own: Experiment, settings: Race) -> Generator[Entry | None, None, Entry]:
    """Run an experiment from every start; returns the entry with these attempts."""
    trajectory, start = Trajectory(), own
    for number in range(settings.starts):
        losses = np.full(settings.budget + 1, np.nan)
        steps = train(start, None, settings.budget)
        for index, step in enumerate(steps if number else recorded(trajectory, steps)):
            losses[index] = step.state.loss if math.isfinite(step.state.loss) else np.nan
            yield None
        losses.flags.writeable = False
        attempt = Attempt(own.descent.schedule.learning_rate, losses)
        entry = entry.after(attempt)
        if number == settings.starts - 1 and entry.best[-1] is attempt:
            entry = replace(entry, experiment=own, trajectory=trajectory)
        yield entry
        start = another_start(start)[0]
    return entry


def _sharpness(entry: Entry) -> float:
    if entry.experiment is None or entry.trajectory is None or entry.best[0].diverged:
        return math.nan
    return extremes(entry.experiment.objective, entry.trajectory[-1].params).largest


def swept(settings: Race, rate: float) -> list[float]:
    """The learning rates that an optimizer tries whose own is `rate`: k of them, evenly in their logarithms.

    From a tenth of it to ten times as much where no limits are given; an odd number of them contains the rate itself.
    """
    if settings.rates == 1:
        return [rate]
    if not settings.lowest and not settings.highest:
        return [float(rate * factor) for factor in 10.0 ** np.linspace(-1.0, 1.0, settings.rates)]
    low, high = settings.lowest or rate / 10.0, settings.highest or rate * 10.0
    if low >= high:
        raise SettingError("lowest", low, f"below the highest rate, {high:g}")
    return [float(one) for one in np.geomspace(low, high, settings.rates)]


def at_rate(experiment: Experiment, rate: float, steps: int) -> Experiment:
    """The experiment at another learning rate and length; its schedule and all else stay."""
    schedule = msgspec.structs.replace(experiment.descent.schedule, learning_rate=rate)
    descent = msgspec.structs.replace(experiment.descent, schedule=schedule)
    return msgspec.structs.replace(experiment, descent=descent, steps=steps)


def _entered(experiment: Experiment, kind: type[Optimizer], rate: float | None) -> Experiment:
    own = experiment.descent.optimizer
    descent = msgspec.structs.replace(experiment.descent, optimizer=own if type(own) is kind else kind())
    entrant = msgspec.structs.replace(experiment, descent=descent)
    return entrant if rate is None else at_rate(entrant, rate, experiment.steps)


def _check_memory(entrants: list[Experiment], settings: Race) -> None:
    """Of every run the losses are kept, of every optimizer the states of one run, and one more meanwhile."""
    size = entrants[0].objective.size
    states = [16 * size + sum(a.nbytes for a in entrant.descent.optimizer.init(np.zeros(size))) for entrant in entrants]
    most = MOST_BYTES // (8 * settings.runs + sum(states) + max(states))
    if settings.budget > most:
        raise SettingError(
            "budget", settings.budget, f"1 to {most:,}, for {settings.runs:,} runs in {size:,} parameters"
        )
