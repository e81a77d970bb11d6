"""Training steps of a 2-16-16-1 tanh network on two moons, every state emitted, beside PyTorch in eager mode."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from itertools import islice
from typing import Any

from model import Experiment, State, Worker, descend
from model.activations import Array
from model.network import layout
from tests.benchmarks import Row, alternate, installed, times_faster

EXPERIMENT = Experiment()  # 200 points, binary cross-entropy, learning rate 0.1, momentum 0.9
STEPS = 1000


def rows() -> list[Row]:
    """Against PyTorch with everything that one of our states holds, and against the bare step."""
    peers = [
        (f"PyTorch {precision}, {what}", _torch(precision, emits) if installed("torch") else None)
        for precision in ("float64", "float32")
        for emits, what in ((True, "state emitted"), (False, "loss alone"))
    ]
    direct, worker, *others = alternate(_direct, _through_worker, *(peer for _, peer in peers))
    assert direct is not None and worker is not None
    return [
        times_faster(f"training step, {ours} / {name}", seconds, other, 3.0, _steps_per_second)
        for ours, seconds in (("descend", direct), ("Worker", worker))
        for (name, _), other in zip(peers, others, strict=True)
    ]


def _steps_per_second(seconds: float) -> str:
    return f"{1.0 / seconds:,.0f}/s"


def _direct() -> float:
    """Seconds per step of the bare generator."""
    states: list[State] = []
    begin = time.perf_counter()
    states.extend(islice(descend(EXPERIMENT.objective, EXPERIMENT.descent, EXPERIMENT.begin()), STEPS))
    return (time.perf_counter() - begin) / len(states)


def _through_worker() -> float:
    """Seconds per step on the worker's thread, looked at as often as a window does."""
    worker, states = Worker[State]("benchmark"), list[State]()
    begin = time.perf_counter()
    worker.start(lambda: descend(EXPERIMENT.objective, EXPERIMENT.descent, EXPERIMENT.begin()))
    while time.perf_counter() - begin < 0.2:
        time.sleep(0.016)
        states += worker.take().items
    seconds = time.perf_counter() - begin
    worker.close()
    return seconds / len(states)


def _torch(precision: str, emits: bool) -> Callable[[], float]:
    """The same descent in PyTorch: from the same weights, and by the first round's losses the same path.

    Every step reads the loss as a number; with `emits` also θ and the gradient, each as one vector.
    """
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    dtype = getattr(torch, precision)
    inputs = torch.tensor(EXPERIMENT.objective.inputs, dtype=dtype)
    targets = torch.tensor(EXPERIMENT.objective.targets, dtype=dtype)
    measure = torch.nn.BCEWithLogitsLoss()
    expected = list(islice(descend(EXPERIMENT.objective, EXPERIMENT.descent, EXPERIMENT.begin()), 50))

    def descent() -> float:
        model = network(EXPERIMENT.begin().params, dtype)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        params, states = list(model.parameters()), list[Any]()
        begin = time.perf_counter()
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = measure(model(inputs), targets)
            loss.backward()
            optimizer.step()
            states.append(loss.item())
            if emits:
                with torch.no_grad():
                    theta = torch.cat([part.reshape(-1) for part in params])
                    gradient = torch.cat([part.grad.reshape(-1) for part in params])
                states[-1] = (states[-1], theta, gradient)
        seconds = (time.perf_counter() - begin) / STEPS
        last = states[50][0] if emits else states[50]
        assert abs(last - expected[49].loss) < 1e-4 * last, "not the same descent"
        return seconds

    return descent


def network(theta: Array, dtype: Any) -> Any:
    """The experiment's network with these parameters, as a PyTorch module."""
    torch: Any = import_module("torch")
    params, parts = torch.tensor(theta, dtype=dtype), list[Any]()
    for start, bias, stop, fan_in, fan_out in layout(EXPERIMENT.network.widths):
        linear = torch.nn.Linear(fan_in, fan_out, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(params[start:bias].reshape(fan_out, fan_in))
            linear.bias.copy_(params[bias:stop])
        parts += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*parts[:-1])
