"""The loss of that network on a 51×51 plane, beside `loss_landscapes.random_plane`, and the wait for the first grid."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from model import RandomNormalized, survey
from model.activations import Array
from tests.benchmarks import Row, alternate, at_most, installed, times_faster
from tests.benchmarks.cases import EXPERIMENT
from tests.benchmarks.peers import torch_module

SIDE = 51


def rows() -> list[Row]:
    """Around the trained network. The choice of the random directions is part of it on both sides."""
    params = EXPERIMENT.run()[-1].params
    there = installed("loss_landscapes") and installed("torch")
    peers = [_loss_landscapes(params, precision) if there else None for precision in ("float64", "float32")]
    whole, first, *others = alternate(lambda: _survey(params, None), lambda: _survey(params, 1), *peers)
    assert whole is not None and first is not None
    return [
        *(
            times_faster(
                f"surface {SIDE}×{SIDE}, survey / loss_landscapes {precision}", whole, other, 4.0, _milliseconds
            )
            for precision, other in zip(("float64", "float32"), others, strict=True)
        ),
        at_most("surface, first coarse grid", 1e3 * first, 16.0, "ms"),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.1f} ms"


def _survey(params: Array, count: int | None) -> float:
    """Seconds until the finest grid, or until so many grids."""
    begin = time.perf_counter()
    plane = RandomNormalized().plane(EXPERIMENT.objective, params[None])
    for number, _ in enumerate(survey(EXPERIMENT.objective, plane, (SIDE, SIDE)), 1):
        if number == count:
            break
    return time.perf_counter() - begin


def _loss_landscapes(params: Array, precision: str) -> Callable[[], float]:
    torch: Any = import_module("torch")
    peer: Any = import_module("loss_landscapes")
    torch.set_num_threads(1)
    dtype = getattr(torch, precision)
    inputs = torch.tensor(EXPERIMENT.objective.dataset.inputs, dtype=dtype)
    targets = torch.tensor(EXPERIMENT.objective.targets, dtype=dtype)
    metric = peer.metrics.Loss(torch.nn.BCEWithLogitsLoss(), inputs, targets)

    def plane() -> float:
        model = torch_module(EXPERIMENT.network, params, dtype)
        begin = time.perf_counter()
        losses = peer.random_plane(model, metric, distance=1, steps=SIDE)
        seconds = time.perf_counter() - begin
        assert losses.shape == (SIDE, SIDE)
        return seconds

    return plane
