"""Training steps, every state emitted, beside PyTorch in eager mode, JAX compiled, and scikit-learn's MLP.

*State emitted*: after each step θ and the gradient are there as one vector each, to be kept, beside the loss as a
number. Ours always does that. *Loss alone* spares the peer the vectors.
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


def _rows(case: Case) -> list[Row]:
    torch_there, jax_there, sklearn_there = (installed(package) for package in ("torch", "jax", "sklearn"))
    small = case is FIRST
    torch_bar = 3.5 if small else 1.0
    peers: list[tuple[str, float | None, Contestant | None]] = [
        ("PyTorch, state emitted", torch_bar, pytorch(case, emits=True) if torch_there else None),
        ("PyTorch, loss alone", torch_bar, pytorch(case, emits=False) if torch_there else None),
        ("JAX lists, loss alone", 1.8 if small else None, jax(case, flat=False) if jax_there else None),
        ("JAX flat, state emitted", 1.8 if small else None, jax(case, flat=True) if jax_there else None),
        ("scikit-learn, loss alone", None, scikit_learn(case) if sklearn_there else None),
    ]
    if not small:
        del peers[0]
    contestants = [lambda: _direct(case), _through_worker if small else None, *(peer for *_, peer in peers)]
    direct, worker, *others = alternate(*contestants)
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
