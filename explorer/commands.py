"""Commands that need no window: a run as numbers, what can be set, and the check against theory."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from model import ACTIVATIONS, Experiment, Field, Fit, Objective, Restricted, Settings, State, fields_of
from model.descent import descend
from model.objective import flow
from model.settings import kind_of
from model.storage import replacing

LINES = 12  # of a run, on the screen
FEW = 12  # parameters that are shown one by one


def run(experiment: Experiment, table: Path | None) -> Iterator[str]:
    """Train, and yield lines of text: some of the steps, then what came out. `table` takes every step as CSV."""
    objective, start = experiment.objective, experiment.begin()
    shown = {round(step) for step in np.linspace(0, experiment.steps, LINES)}
    rows: list[list[float]] = []
    yield f"{experiment.title}: {objective.size:,} parameters"
    yield f"{'step':>8}  {'loss':>11}  {'batch loss':>11}  {'test loss':>11}  {'‖gradient‖':>11}  by layer"
    last = start
    for last in _states(experiment, start):
        rows.append(_row(last))
        if last.step in shown or not math.isfinite(last.loss):
            yield _line(objective, last)
    if not math.isfinite(last.loss):
        yield f"The loss is not finite from step {last.step:,} on: the descent diverged."
    elif objective.size <= FEW:
        yield from _parameters(objective, last)
    if table is not None:
        _write(table, ["step", "loss", "batch loss", "test loss", "gradient norm", *objective.space.names], rows)
        yield f"{table}: {len(rows):,} states"


def _states(experiment: Experiment, start: State) -> Iterator[State]:
    yield start
    for state in descend(experiment.objective, experiment.descent, start):
        yield state
        if state.step >= experiment.steps:
            return


def _row(state: State) -> list[float]:
    return [state.step, state.loss, state.batch_loss, state.test_loss, _norm(state), *state.params.tolist()]


@np.errstate(over="ignore", invalid="ignore")  # of a descent that diverges
def _norm(state: State) -> float:
    return float(np.linalg.norm(state.gradient))


def _line(objective: Objective, state: State) -> str:
    with np.errstate(over="ignore", invalid="ignore"):
        norms = " ".join(f"{norm:9.3g}" for norm in flow(objective, state.params).gradients)
    numbers = (state.loss, state.batch_loss, state.test_loss, _norm(state))
    columns = "  ".join("          –" if math.isnan(number) else f"{number:11.5g}" for number in numbers)
    return f"{state.step:8,}  {columns}  {norms}"


def _parameters(objective: Objective, state: State) -> Iterator[str]:
    """The parameters by name; where the data were standardised, also in the user's units."""
    whole = objective.whole if isinstance(objective, Restricted) else objective
    params = objective.complete(state.params) if isinstance(objective, Restricted) else state.params
    own = whole.user_units(params) if isinstance(whole, Fit) else None
    if whole.size > FEW:  # only the trained ones are few
        whole, params, own = objective, state.params, None
    for index, name in enumerate(whole.space.names):
        units = "" if own is None else f"   {own[index]:.6g} in the units of the data"
        yield f"{name:>24} = {params[index]:.6g}{units}"


def _write(table: Path, heading: list[str], rows: Iterable[list[float]]) -> None:
    with replacing(table) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(heading)
        writer.writerows([["" if math.isnan(value) else repr(value) for value in row] for row in rows])


def kinds() -> Iterator[str]:
    """Everything that can be set, as lines of text: by path, what is allowed, and what each kind is."""
    yield from _fields(Experiment, "")
    yield ""
    yield "Activations"
    for activation in ACTIVATIONS.values():
        note = f" ({activation.note})" if activation.note else ""
        yield f"    {activation.name:12} {activation.formula}{note}"


def _fields(settings: type[Settings], path: str) -> Iterator[str]:
    for field in fields_of(settings):
        inner = isinstance(field.type, type) and issubclass(field.type, Settings)
        if inner and not field.kinds:
            yield from _fields(field.type, f"{path}{field.name}.")
            continue
        yield f"{path}{field.name}: {field.title}{_default(field)}"
        yield f"    {field.help or field.allowed}" if field.kinds else f"    {field.help}  [{field.allowed}]".rstrip()
        for kind in field.kinds:
            yield f"    {kind_of(kind):18} {(kind.__doc__ or '').strip().splitlines()[0]}"
            for part in fields_of(kind):
                yield f"        {path}{field.name}.{part.name}: {part.title}{_default(part)}  [{part.allowed}]"


def _default(field: Field) -> str:
    default = kind_of(field.default) if field.kinds else field.default
    return f" = {'-'.join(map(str, default)) if isinstance(default, tuple) else default}"
