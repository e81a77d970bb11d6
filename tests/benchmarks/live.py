"""What goes on beside the training at full speed, in turns on one thread: surveys of the moving state, and probes."""

from __future__ import annotations

import sys
import time

from explorer.application import SWITCH_INTERVAL
from model import (
    Conductor,
    Experiment,
    Landscape,
    Look,
    Plane,
    Probe,
    Step,
    Trajectory,
    Worker,
    landscape,
    probe,
    train,
)
from model.running import recorded
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
        at_least("training beside 30 such surveys a second / alone", alone / beside, 0.5, ""),
        at_least("training with λmax, trust and forecast live / without", alone / probed, 0.93, ""),
    ]


def _start(experiment: Experiment) -> tuple[Worker[Step], Trajectory]:
    worker, trajectory = Worker[Step]("benchmark"), Trajectory()
    worker.start(lambda: recorded(trajectory, train(experiment, None, 10**6)))
    while not trajectory:
        time.sleep(0.001)
    return worker, trajectory


def _training(beside: _Probes | None) -> float:
    """Seconds per step, looked at sixty times a second."""
    experiment = Experiment()
    worker, trajectory = _start(experiment)
    begin, first = time.perf_counter(), len(trajectory)
    while time.perf_counter() - begin < SECONDS:
        if beside is not None:
            beside.look(experiment, trajectory, worker.conductor)
        worker.take()
        time.sleep(0.016)
    seconds, steps = time.perf_counter() - begin, len(trajectory) - first
    worker.close()
    return seconds / steps


class _Probes:
    """Probes now and then, each from the eigenvectors of the one before."""

    def __init__(self) -> None:
        self._last = 0.0
        self._worker: Worker[Probe] | None = None
        self._found: Probe | None = None

    def look(self, experiment: Experiment, trajectory: Trajectory, conductor: Conductor) -> None:
        self._worker = self._worker or Worker[Probe]("probe", conductor)
        batch = self._worker.take()
        self._found = batch.items[-1] if batch.items else self._found
        if batch.running or time.perf_counter() - self._last < PROBES:
            return
        self._last = time.perf_counter()
        plane = experiment.plane.plane(experiment.objective, trajectory.params(0, 3))
        look, before = Look(experiment, trajectory, len(trajectory)), self._found
        self._worker.start(lambda: probe(look, plane, before, thorough=False))


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
    surveyor = Worker[Landscape]("survey", worker.conductor)
    begin, first, number = time.perf_counter(), len(trajectory), 0
    plane: Plane | None = None
    while time.perf_counter() - begin < SECONDS:
        look = Look(experiment, trajectory, len(trajectory), before=plane, moving=True)
        surveyor.start(lambda look=look: landscape(look), urgent=True)  # type: ignore[misc]
        land: Landscape | None = None
        running = True
        while running:
            batch = surveyor.take()
            land, running = (batch.items[-1] if batch.items else land), batch.running
            time.sleep(0.0005)
        assert land is not None
        plane, number = land.surface.plane, number + 1
        worker.take()
        time.sleep(max(begin + number * every - time.perf_counter(), 0.0))
    seconds, steps = time.perf_counter() - begin, len(trajectory) - first
    worker.close()
    return seconds / number, seconds / steps
