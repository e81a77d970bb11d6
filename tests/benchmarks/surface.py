"""The loss of two networks on a 51×51 plane beside others, and beside the matrix products that it needs at least; the
wait for the first grid; two threads; and principal components of a long path."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

import numpy as np

from model import Fit, Network, Plane, Principal, RandomNormalized, survey
from model.activations import Array
from model.datasets import Dataset
from model.losses import SoftmaxCrossEntropy
from tests.benchmarks import Row, alternate, at_most, installed, times_faster
from tests.benchmarks.cases import CASES, EXPERIMENT, FIRST, Case
from tests.benchmarks.grids import SIDE, bare, loss_landscapes, vmap_of_jax, vmap_of_torch


def rows() -> list[Row]:
    """Around trained networks. The choice of random directions is part of what is beside loss_landscapes."""
    first = EXPERIMENT.run()[-1].params
    large = _large()
    return [
        *_beside_others(FIRST, first, (6.0, 1.5)),
        *_beside_others(large, large.states(200)[-1].params, (1.0, 1.0)),
        _two_threads(large),
        at_most("surface, first coarse grid", 1e3 * _median(lambda: _survey(FIRST, first, count=1)), 16.0, "ms"),
        at_most("principal plane of 10,000 states of 1,000", _median(_principal, rounds=3), 1.0, "s"),
    ]


def _large() -> Case:
    """4-32-32-3 on 1,000 rows: half of the case with 2,000."""
    case = next(case for case in CASES if case.name == "4-32-32-3, 2,000 rows")
    data = case.objective.dataset
    half = Dataset(data.name, data.inputs[:1000].copy(), data.targets[:1000].copy(), classes=data.classes)
    return case._replace(objective=Fit(half, case.objective.network, case.objective.measure))


def _beside_others(case: Case, params: Array, bars: tuple[float, float]) -> list[Row]:
    plane = RandomNormalized().plane(case.objective, params[None])
    torch, jax = installed("torch"), installed("jax")
    there = torch and installed("loss_landscapes")
    peers = {
        "loss_landscapes float64": (bars[0], loss_landscapes(case, params, "float64") if there else None),
        "loss_landscapes float32": (bars[0], loss_landscapes(case, params, "float32") if there else None),
        "torch.func.vmap": (bars[1], vmap_of_torch(case, plane) if torch else None),
        "JAX jit(vmap)": (bars[1], vmap_of_jax(case, plane) if jax else None),
    }
    chosen, own, least, *others = alternate(
        lambda: _survey(case, params), lambda: _survey(case, plane), bare(case), *(peer for _, peer in peers.values())
    )
    assert chosen is not None and own is not None and least is not None
    name, ratio = f"surface {SIDE}×{SIDE}, {case.name}", own / least
    words = _milliseconds(own), _milliseconds(least)
    return [
        *(
            times_faster(f"{name} / {peer}", chosen if "landscapes" in peer else own, other, bar, _milliseconds)
            for (peer, (bar, _)), other in zip(peers.items(), others, strict=True)
        ),
        Row(f"{name} / bare products", *words, f"{ratio:.2f}", "≤ 1.7", ratio <= 1.7),
    ]


def _two_threads(case: Case) -> Row:
    plane = RandomNormalized().plane(case.objective, case.start[None])
    with ThreadPoolExecutor(2) as executor:
        one, two = alternate(lambda: _survey(case, plane), lambda: _survey(case, plane, executor), rounds=25)
    assert one is not None and two is not None
    return times_faster(f"surface {SIDE}×{SIDE}, {case.name}, two threads / one", two, one, 1.6, _milliseconds)


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms"


def _median(measure: Callable[[], float], rounds: int = 9) -> float:
    (seconds,) = alternate(measure, rounds=rounds)
    assert seconds is not None
    return seconds


def _survey(case: Case, plane: Plane | Array, executor: Executor | None = None, count: int = -1) -> float:
    """Seconds until the finest grid, or until so many grids; given parameters `(P,)` it has to choose a plane first."""
    begin = time.perf_counter()
    if not isinstance(plane, Plane):
        plane = RandomNormalized().plane(case.objective, plane[None])
    for number, _ in enumerate(survey(case.objective, plane, (SIDE, SIDE), executor), 1):
        if number == count:
            break
    return time.perf_counter() - begin


def _principal() -> float:
    """Seconds for the plane of a random walk."""
    rng, network = np.random.default_rng(0), Network((10, 50, 10), bias=False)
    objective = Fit(
        Dataset("any", rng.normal(size=(20, 10)), np.arange(20) % 10, classes=10), network, SoftmaxCrossEntropy()
    )
    path = rng.normal(size=(10_000, objective.size)).cumsum(axis=0)
    begin = time.perf_counter()
    Principal().plane(objective, path)
    return time.perf_counter() - begin
