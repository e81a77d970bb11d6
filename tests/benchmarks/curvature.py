"""The exact Hessian product H·v, beside one gradient and beside PyTorch's double backward.

*From scratch* is one product at a new θ, *prepared once* one of many at the same θ, as Lanczos takes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks import Row, alternate, installed, times_faster
from tests.benchmarks.cases import CASES, Case, Contestant
from tests.benchmarks.peers import torch_module, torch_problem

BAR = 4.0  # gradients that a product may cost
SECONDS = 0.03  # of one round, about


def rows() -> list[Row]:
    """The three networks on 200 rows, in float64."""
    return [row for case in CASES if case.objective.samples == 200 for row in _rows(case)]


def _rows(case: Case) -> list[Row]:
    objective, params = case.objective, case.start
    vector = np.random.default_rng(1).normal(size=objective.size)
    product = objective.hessian_at(params)
    ours = (lambda: product(vector), lambda: objective.hessian_at(params)(vector))
    theirs = _double_backward(case, vector, product(vector)) if installed("torch") else (None, None)
    seconds = alternate(*map(_timed, (lambda: objective.loss_and_gradient(params), *ours, *theirs)))
    gradient, *products = seconds
    assert gradient is not None
    rows = []
    for what, own, other in zip(("prepared once", "from scratch"), products[:2], products[2:], strict=True):
        assert own is not None
        name, ratio = f"Hessian product {what}, {case.name}", own / gradient
        rows += [
            Row(f"{name} / a gradient", _us(own), _us(gradient), f"{ratio:.2f}", f"≤ {BAR:g}", ratio <= BAR),
            times_faster(f"{name} / PyTorch's", own, other, None, _us),
        ]
    return rows


def _us(seconds: float) -> str:
    return f"{1e6 * seconds:,.0f} µs"


def _timed(call: Callable[[], object] | None) -> Contestant | None:
    """Measures the seconds of one call, in rounds of about `SECONDS`."""
    if call is None:
        return None
    begin = time.perf_counter()
    for _ in range(10):
        call()
    count = max(1, int(10 * SECONDS / (time.perf_counter() - begin)))

    def measure() -> float:
        begin = time.perf_counter()
        for _ in range(count):
            call()
        return (time.perf_counter() - begin) / count

    return measure


def _double_backward(case: Case, vector: Any, expected: Any) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """∇(∇L·v): prepared, the graph of the gradient is kept; from scratch it is built for each product."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    inputs, targets, measure = torch_problem(case)
    model = torch_module(case.objective.network, case.start, torch.float64)
    params = list(model.parameters())
    network = case.objective.network
    matrices = [network.matrix(torch.tensor(vector), layer) for layer in network.layers]
    along = [part.contiguous() for matrix in matrices for part in (matrix[:, :-1], matrix[:, -1])]

    def gradient() -> Any:
        return torch.autograd.grad(measure(model(inputs), targets), params, create_graph=True)

    kept = gradient()

    def prepared() -> Any:
        return torch.autograd.grad(kept, params, along, retain_graph=True)

    def scratch() -> Any:
        return torch.autograd.grad(gradient(), params, along)

    for product in (prepared(), scratch()):
        pairs = zip(product[::2], product[1::2], strict=True)  # weights and biases
        flat = [torch.column_stack(pair).reshape(-1) for pair in pairs]
        np.testing.assert_allclose(torch.cat(flat), expected, rtol=1e-8, atol=1e-12)
    return prepared, scratch
