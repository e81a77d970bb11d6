"""The next step as gradient and Hessian predict it, and whether the rate is one that the curvature allows."""

from __future__ import annotations

import math
from dataclasses import dataclass

from model.arrays import Array
from model.curvature.ends import Extremes, extremes
from model.curvature.matrix import overflow_is_expected
from model.curvature.words import told_apart
from model.descent import Descent, State
from model.objective import Flow, Objective, flow


@dataclass(frozen=True, eq=False)
class Forecast:
    """What the next step will do to the loss on all data.

    `predicted`: g·Δ + ½Δ·HΔ. `actual`: L(θ + Δ) − L(θ). `ends` are the outermost curvatures as the optimizer sees
    them: of the Hessian, with the weight decay that is added to the gradient, by the optimizer's own metric where it
    has one. `limit` is the curvature at which it becomes unstable. `warning` is a sentence or two, empty where all is
    well.
    """

    predicted: float
    actual: float
    ends: Extremes
    limit: float
    warning: str

    @property
    def sharpness(self) -> float:
        """λ_max, to be compared with `limit`."""
        return self.ends.largest


@overflow_is_expected
def forecast(objective: Objective, descent: Descent, state: State, warm: Array | None = None) -> Forecast:
    """What `descent` will do at `state`, by the optimizer's own next step Δ; not finite where the state is not.

    `warm` are the `ends.vectors` of a forecast of a moment ago. The limit is that of descents on all data with a metric
    that stays as it is (Cohen et al. 2021; 2022); on mini-batches a descent is less stable.
    """
    params, rate, optimizer = state.params, descent.schedule.rate(state.step), descent.optimizer
    adjusted = descent.adjusted(state.gradient, params)
    step, _ = optimizer.update(adjusted, state.memory, params, rate)
    loss, gradient = objective.loss_and_gradient(params)
    predicted = float(gradient @ step + 0.5 * (step @ objective.hessian_at(params)(step)))
    actual = float(objective.loss(params + step)) - loss
    metric = optimizer.metric(adjusted, state.memory)
    ends = extremes(objective, params, warm, metric, descent.weight_decay)
    limit = optimizer.limit(rate)
    warning = _warning(descent, loss, actual, ends.largest, limit, metric is not None)
    return Forecast(
        predicted, actual, ends, limit, " ".join(filter(None, [warning, dead_units(flow(objective, params))]))
    )


def dead_units(flow: Flow) -> str:
    """A dying ReLU in words: how many units no gradient passes on any row, in which layer; empty where none."""
    parts = [
        f"{dead:,} of {units:,} units of layer {layer}"
        for layer, (dead, units) in enumerate(zip(flow.dead.tolist(), flow.units.tolist(), strict=True), 1)
        if dead
    ]
    return f"Dead: {', '.join(parts)}; on no row does a gradient pass them." if parts else ""


def _warning(descent: Descent, loss: float, actual: float, sharpness: float, limit: float, scaled: bool) -> str:
    if not math.isfinite(loss):
        return "The loss is not finite: the descent has diverged."
    if not math.isfinite(actual):
        return "The next step diverges: the loss after it is not finite."
    if not sharpness > limit:
        return ""
    high, low = told_apart(sharpness, limit)
    name = "λmax, by the scale of each parameter," if scaled else "λmax"
    until = ", until the clip norm holds it" if descent.clip_norm else ""
    return (
        f"{name} = {high} is above {descent.optimizer.stability} = {low}: along that direction the descent overshoots "
        f"more with every step{until}."
    )
