"""What goes on beside the training at full speed: surveys around the moving state, and probes of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from explorer.application import SWITCH_INTERVAL
from model import Experiment, Look, Step, Trajectory, Worker, landscape, probe, train
from model.running import recorded
from model.worker import undisturbed
from tests.benchmarks import Row, alternate, at_least

SECONDS = 1.5
PROBES = 0.25  # as the window's


def rows() -> list[Row]:
    """Surveys a second with a plane that follows, and what probing four times a second leaves of the training."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    alone, probed, surveys, beside = alternate(
        lambda: _training(None), lambda: _training(_Probes()), _surveys, _training_beside, rounds=3
    )
    assert alone is not None and probed is not None and surveys is not None and beside is not None
    return [
        at_least("surveys 31×31 along gradient and top eigenvector, training beside", 1 / surveys, 30, "/s"),
        Row("training beside 30 such surveys a second / alone", f"{1 / beside:,.0f}/s", f"{1 / alone:,.0f}/s"),
        at_least("training with λmax, trust and forecast live / without", alone / probed, 0.9, ""),
    ]


def _start(experiment: Experiment) -> tuple[Worker[Step], Trajectory]:
    worker, trajectory = Worker[Step]("benchmark"), Trajectory()
    worker.start(lambda: recorded(trajectory, train(experiment, None, 10**6)))
    while not trajectory:
        time.sleep(0.001)
    return worker, trajectory


def _training(beside: Callable[[Experiment, Trajectory], None] | None) -> float:
    """Seconds per step, looked at sixty times a second."""
    experiment = Experiment()
    worker, trajectory = _start(experiment)
    begin, first = time.perf_counter(), len(trajectory)
    while time.perf_counter() - begin < SECONDS:
        if beside is not None:
            beside(experiment, trajectory)
        worker.take()
        time.sleep(0.016)
    seconds, steps = time.perf_counter() - begin, len(trajectory) - first
    worker.close()
    return seconds / steps


class _Probes:
    """Probes now and then, each from the eigenvectors of the one before."""

    def __init__(self) -> None:
        self._last, self._found = 0.0, None

    def __call__(self, experiment: Experiment, trajectory: Trajectory) -> None:
        if time.perf_counter() - self._last < PROBES:
            return
        self._last = time.perf_counter()
        plane = experiment.plane.plane(experiment.objective, trajectory.params(0, 3))
        *_, self._found = probe(Look(experiment, trajectory, len(trajectory)), plane, self._found)


def _surveys() -> float:
    """Seconds per survey of the plane along gradient and most curved direction at the newest state."""
    return _beside(0.0)[0]


def _training_beside() -> float:
    """Seconds per step with 30 such surveys a second."""
    return _beside(1 / 30)[1]


def _beside(every: float) -> tuple[float, float]:
    """Seconds per survey and per step, with a survey begun so many seconds after the one before."""
    experiment = Experiment(plane="steepest")  # type: ignore[arg-type]
    worker, trajectory = _start(experiment)
    begin, first, plane, number = time.perf_counter(), len(trajectory), None, 0
    while time.perf_counter() - begin < SECONDS:
        look = Look(experiment, trajectory, len(trajectory), before=plane, moving=True)
        *_, land = undisturbed(landscape(look), (worker,))
        assert land is not None
        plane, number = land.surface.plane, number + 1
        worker.take()
        time.sleep(max(begin + number * every - time.perf_counter(), 0.0))
    seconds, steps = time.perf_counter() - begin, len(trajectory) - first
    worker.close()
    return seconds / number, seconds / steps
