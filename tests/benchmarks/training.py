"""Training steps, every state emitted, beside PyTorch in eager mode, JAX compiled, and scikit-learn's MLP.

*State emitted*: each step leaves θ and the gradient as one vector each, to be kept, beside the loss as a number. Ours
always does that. *Loss alone* spares the peer the vectors. All are in this one process and take turns.
"""

from __future__ import annotations

import time

from model import State, Worker, begin, descend
from tests.benchmarks import Row, alternate, installed, times_faster
from tests.benchmarks.cases import CASES, DESCENT, FIRST, Case, Contestant
from tests.benchmarks.peers import jax, pytorch, scikit_learn


def rows() -> list[Row]:
    """Each size against its peers; the smallest also on the worker's thread."""
    return [row for case in CASES for row in _rows(case)]


def _peers(case: Case) -> list[tuple[str, float | None, Contestant | None]]:
    """Name, bar and contestant of each; None for who is not installed."""
    torch_bar, jax_bar = (3.5, 1.8) if case is FIRST else (1.0, None)
    with_torch, with_jax, with_sklearn = map(installed, ("torch", "jax", "sklearn"))
    peers: list[tuple[str, float | None, Contestant | None]] = [
        ("PyTorch, loss alone", torch_bar, pytorch(case, emits=False) if with_torch else None),
        ("JAX on lists, loss alone", jax_bar, jax(case, flat=False) if with_jax else None),
        ("JAX on one vector, state emitted", jax_bar, jax(case, flat=True) if with_jax else None),
        ("scikit-learn, loss alone", None, scikit_learn(case) if with_sklearn else None),
    ]
    if case is FIRST:  # where a step is so short that two copies are felt
        peers.insert(0, ("PyTorch, state emitted", torch_bar, pytorch(case, emits=True) if with_torch else None))
    return peers


def _rows(case: Case) -> list[Row]:
    peers = _peers(case)
    through_worker = _through_worker if case is FIRST else None
    direct, worker, *others = alternate(lambda: _direct(case), through_worker, *(peer for *_, peer in peers))
    assert direct is not None
    rows = [
        times_faster(f"step, {case.name} / {name}", direct, other, bar, _steps_per_second)
        for (name, bar, _), other in zip(peers, others, strict=True)
    ]
    if worker is not None:
        rows += [
            times_faster(f"step through Worker, {case.name} / {name}", worker, other, 3.0, _steps_per_second)
            for (name, *_), other in zip(peers[:2], others[:2], strict=True)
        ]
    return rows


def _steps_per_second(seconds: float) -> str:
    return f"{1.0 / seconds:,.0f}/s"


def _direct(case: Case) -> float:
    """Seconds per step of the bare generator."""
    start = time.perf_counter()
    states = case.states(case.steps)
    return (time.perf_counter() - start) / len(states)


def _through_worker() -> float:
    """Seconds per step of the smallest case on the worker's thread, looked at as often as a window does."""
    worker, states = Worker[State]("benchmark"), list[State]()
    objective, start = FIRST.objective, time.perf_counter()
    worker.start(lambda: descend(objective, DESCENT, begin(objective, DESCENT, FIRST.start)))
    while time.perf_counter() - start < 0.2:
        time.sleep(0.016)
        states += worker.take().items
    seconds = time.perf_counter() - start
    worker.close()
    return seconds / len(states)
