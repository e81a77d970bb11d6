"""The same grid of a plane by others, in float32 and by its bare matrix products.

Each function is given a case and a plane and makes a contestant: called, it says how many seconds the grid took.
Compiled, warmed up, samples as rows or as columns, in chunks, whichever was fastest; the losses have to be ours.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from model import Plane, survey
from model.activations import Array
from tests.benchmarks.cases import Case, Contestant
from tests.benchmarks.peers import torch_module, torch_problem

SIDE = 51
CHUNKS = (4, 8, 16, 32, 64, 256, 2601)
Evaluation = Callable[[Array], Array]
Forward = Callable[[Case, Any, Any, Callable[[Any], Any]], Any]


def vmap_of_torch(case: Case, plane: Plane) -> Contestant:
    """`torch.func.vmap` over coordinates."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    inputs, targets, _ = torch_problem(case)
    inputs, functional = inputs.float(), torch.nn.functional
    targets = targets if targets.dtype == torch.int64 else targets.float()
    origin, directions = (torch.tensor(part, dtype=torch.float32) for part in (plane.origin, plane.directions))
    measure = functional.binary_cross_entropy_with_logits if _binary(case) else functional.cross_entropy

    def evaluation(forward: Forward) -> Evaluation:
        grid = torch.func.vmap(
            lambda coords: measure(forward(case, origin + coords @ directions, inputs, torch.tanh), targets)
        )

        def evaluate(coords: Array) -> Array:
            with torch.no_grad():
                return np.asarray(grid(torch.from_numpy(coords)).numpy())

        return evaluate

    return _at_its_best(evaluation, case, plane)


def vmap_of_jax(case: Case, plane: Plane) -> Contestant:
    """JAX's `jit(vmap(...))`."""
    jax: Any = import_module("jax")
    numpy, data = jax.numpy, case.objective.dataset
    inputs, targets = (numpy.asarray(part, "float32") for part in (data.inputs, case.objective.targets))
    origin, directions = (numpy.asarray(part, "float32") for part in (plane.origin, plane.directions))

    def evaluation(forward: Forward) -> Evaluation:
        def loss(coords: Any) -> Any:
            z = forward(case, origin + coords @ directions, inputs, numpy.tanh)
            if _binary(case):
                return numpy.mean(numpy.logaddexp(z, 0.0) - targets * z)
            return numpy.mean(jax.nn.logsumexp(z, axis=-1) - numpy.sum(targets * z, axis=-1))

        grid = jax.jit(jax.vmap(loss))
        return lambda coords: np.asarray(grid(coords))

    return _at_its_best(evaluation, case, plane)


def loss_landscapes(case: Case, params: Array, precision: str) -> Contestant:
    """`loss_landscapes.random_plane`. Its plane is another one, whose choice is part of the time."""
    torch: Any = import_module("torch")
    peer: Any = import_module("loss_landscapes")
    torch.set_num_threads(1)
    dtype = getattr(torch, precision)
    inputs, targets, measure = torch_problem(case)
    targets = targets if targets.dtype == torch.int64 else targets.to(dtype)
    metric = peer.metrics.Loss(measure, inputs.to(dtype), targets)

    def plane() -> float:
        model = torch_module(case.objective.network, params, dtype)
        begin = time.perf_counter()
        losses = peer.random_plane(model, metric, distance=1, steps=SIDE)
        seconds = time.perf_counter() - begin
        assert losses.shape == (SIDE, SIDE)
        return seconds

    return plane


def bare(case: Case) -> Contestant:
    """Only the matrix products and activations that the grid needs, in place, on the chunks that a survey takes.

    No biases but the first layer's, which are part of one product with the plane; no loss, no coordinates.
    """
    objective, network = case.objective, case.objective.network
    first, *rest = network.layers
    rng, count = np.random.default_rng(0), objective._block
    coords, basis = (
        rng.normal(size=size).astype(np.float32) for size in ((count, 3), (3, first.fan_out * objective.samples))
    )
    weights = [rng.normal(size=(count, layer.fan_out, layer.fan_in)).astype(np.float32) / 4 for layer in rest]
    rooms = [np.empty((count, layer.fan_out, objective.samples), np.float32) for layer in network.layers]

    def grid() -> float:
        begin = time.perf_counter()
        for start in range(0, SIDE * SIDE, count):
            now = min(count, SIDE * SIDE - start)
            np.matmul(coords[:now], basis, out=rooms[0][:now].reshape(now, -1))
            for matrices, entering, leaving in zip(weights, rooms, rooms[1:], strict=False):
                network.phi.value(entering[:now], out=entering[:now])
                np.matmul(matrices[:now], entering[:now], out=leaving[:now])
        return time.perf_counter() - begin

    return grid


def _binary(case: Case) -> bool:
    return case.objective.network.widths[-1] == 1


def _rows(case: Case, theta: Any, inputs: Any, tanh: Callable[[Any], Any]) -> Any:
    """The outputs `(n, K)`, in either library, samples as rows."""
    network, a = case.objective.network, inputs
    for layer in network.layers:
        matrix = network.matrix(theta, layer)
        z = a @ matrix[:, :-1].T + matrix[:, -1]
        a = tanh(z)
    return z


def _columns(case: Case, theta: Any, inputs: Any, tanh: Callable[[Any], Any]) -> Any:
    """The same, samples as columns."""
    network, a = case.objective.network, inputs.T
    for layer in network.layers:
        matrix = network.matrix(theta, layer)
        z = matrix[:, :-1] @ a + matrix[:, -1:]
        a = tanh(z)
    return z.T


def _at_its_best(evaluation: Callable[[Forward], Evaluation], case: Case, plane: Plane) -> Contestant:
    """With the order of numbers and the size of chunks whose second of two rounds takes least.

    Those that give other losses are left out: with JAX 0.10.2 on one machine, batches of more than 32.
    """
    *_, surface = survey(case.objective, plane, (SIDE, SIDE))
    coords = np.stack(np.meshgrid(surface.x, surface.y, indexing="ij"), axis=-1).reshape(-1, 2).astype(np.float32)

    def contestant(evaluate: Evaluation, chunk: int) -> Contestant:
        def grid() -> float:
            begin = time.perf_counter()
            losses = np.concatenate([evaluate(coords[start : start + chunk]) for start in range(0, len(coords), chunk)])
            seconds = time.perf_counter() - begin
            return seconds if np.allclose(losses, surface.loss.ravel(), rtol=1e-3, atol=0) else math.inf

        return grid

    contestants = [contestant(evaluation(forward), chunk) for forward in (_rows, _columns) for chunk in CHUNKS]
    best = min(contestants, key=lambda grid: [grid(), grid()][1])
    assert best() < math.inf, f"{case.name}: not the same surface"
    return best
