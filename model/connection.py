"""Connections: a curve between two parameter vectors along which the loss stays low.

Between two networks that were trained from different starts the straight line climbs over a barrier; a curve with one
free point between them mostly need not (Garipov et al. 2018; Draxler et al. 2018). It is the quadratic Bézier curve

    γ(t) = (1 − t)²·a + 2t(1 − t)·c + t²·b,    0 ≤ t ≤ 1,

whose bend c minimises the mean loss over t (Garipov et al., equation 2). Of the two shapes in that paper it is the
smooth one: three vectors and no corner, its speed never jumps, and a round valley is followed more closely than by a
chain of two straight pieces (along x² + y² = 1 with five times less loss at the worst place).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from model.arrays import Array
from model.descent import Descent
from model.objective import Objective, Product, Slice, Space
from model.optimizers import Memory
from model.optimizers.adam import Adam
from model.plane import UNIT, Plane
from model.schedules import Cosine
from model.settings import SettingError, Settings, setting

NODES = 64  # values of t that stand for all of them
BATCH = 2  # of these, the gradient of one step
OFFSET = 0.1  # of the bend from the straight line at the start, in lengths of that line


@dataclass(frozen=True, eq=False)
class Connection:
    """The quadratic Bézier curve from `a` to `b` `(P,)`, drawn towards `bend` `(P,)`, which lies beside it.

    Raises `SettingError` where the three are no vectors of one size with numbers that float32 can hold, or where the
    ends are equal.
    """

    a: Array
    bend: Array
    b: Array

    def __post_init__(self) -> None:
        for name in ("a", "b", "bend"):
            vector = np.array(getattr(self, name), float)
            if vector.shape != np.shape(self.a) or vector.ndim != 1:
                raise SettingError(f"connection.{name}", vector.shape, "vectors of the same size")
            if not (np.abs(vector) <= np.finfo(np.float32).max).all():
                raise SettingError(
                    f"connection.{name}", "a diverged state", "finite parameters, within float32's range"
                )
            vector.flags.writeable = False
            object.__setattr__(self, name, vector)
        if np.linalg.norm(self.b - self.a) < 1e-150:  # its square has no float
            raise SettingError("connection.b", "the same parameters as at the other end", "two ends that differ")

    @classmethod
    def straight(cls, a: Array, b: Array) -> Connection:
        """The straight line from a to b `(P,)` at constant speed: the bend is the middle."""
        if np.shape(a) != np.shape(b):
            raise SettingError("connection.b", np.shape(b), f"parameters of the other end's shape, {np.shape(a)}")
        return cls(a, 0.5 * np.asarray(a) + 0.5 * np.asarray(b), b)

    def point(self, t: Array | float) -> Array:
        """Parameters `(..., P)` at t `(...)`; at 0 and 1 the ends to the last bit."""
        t = np.asarray(t, float)[..., None]
        return np.asarray((1 - t) ** 2 * self.a + 2 * t * (1 - t) * self.bend + t**2 * self.b)

    def losses(self, objective: Objective, count: int = 101) -> Array:
        """The loss `(count,)` at evenly spaced t from 0 to 1, both included."""
        if count < 2:
            raise SettingError("count", count, "2 points or more")
        return objective.loss(self.point(np.linspace(0.0, 1.0, count)))

    def barrier(self, objective: Objective, count: int = 101) -> float:
        """How far the loss rises on the way: max over t of L(γ(t)) − (1 − t)·L(a) − t·L(b), so never below 0.

        After Entezari et al. 2022, there of straight lines. Infinite where a loss on the way is not finite.
        """
        losses, t = self.losses(objective, count), np.linspace(0.0, 1.0, count)
        if not np.isfinite(losses).all():
            return float("inf")
        return float(np.max(losses - ((1 - t) * losses[0] + t * losses[-1])))

    def plane(self) -> Plane:
        """The plane through a, b and the bend, in which the whole curve lies; a at (0, 0), b on the x axis.

        The orthonormal directions of Garipov et al. (figure 1): u along b − a, v to the bend's side. Raises
        `SettingError` where the bend lies on the straight line, which leaves the plane open.
        """
        along, aside = self.b - self.a, self.bend - self.a
        u = along / np.linalg.norm(along)
        v = aside - (aside @ u) * u
        v -= (v @ u) * u  # once more: what rounding left along u (Giraud et al. 2005)
        if np.linalg.norm(v) <= 1e-10 * max(np.linalg.norm(along), np.linalg.norm(aside)):
            raise SettingError("connection.bend", "a point of the straight line", "a bend beside it, for a plane")
        v /= np.linalg.norm(v)
        plane = Plane(self.a, u, v, UNIT, ("along the straight line", "towards the bend"))
        return plane.around(self.point(np.linspace(0.0, 1.0, 101)), least=0.0)


class BendLoss(Objective):
    """The mean loss along the curve from `a` to `b` `(P,)`, as a function of its bend: M(c) = mean of L(γ(tᵢ)). Final.

    The tᵢ are the middles of `nodes` equal parts of [0, 1]. To a descent they are samples, from which it draws
    mini-batches: Garipov et al. (§3.1) draw one t for each step. Since γ is affine in c with the factor
    s = 2t(1 − t), ∇M = mean of sᵢ·∇L(γ(tᵢ)), and the Hessian is the mean of sᵢ²·H(γ(tᵢ)).
    """

    def __init__(self, whole: Objective, a: Array, b: Array, nodes: int = NODES) -> None:
        t = (np.arange(nodes) + 0.5) / nodes
        self.whole, self.factors = whole, 2 * t * (1 - t)
        self.fixed = Connection(a, np.zeros_like(a), b).point(t)
        self.test = BendLoss(whole.test, a, b, nodes) if whole.test is not None else None

    @property
    def space(self) -> Space:
        return replace(self.whole.space, of=("bend", self.whole.space.of), region=None)

    @property
    def samples(self) -> int:
        return len(self.factors)

    @property
    def chunk(self) -> int:
        return self.whole.chunk

    def _loss(self, params: Array) -> Array:
        losses = (self.whole.loss(start + s * params) for start, s in zip(self.fixed, self.factors, strict=True))
        return np.asarray(sum(losses) / self.samples)

    def _loss_and_gradient(self, params: Array, rows: Array | None) -> tuple[float, Array]:
        chosen = range(self.samples) if rows is None else rows
        mean, gradient = 0.0, np.zeros(self.size)
        for node in chosen:
            s = self.factors[node]
            loss, slope = self.whole.loss_and_gradient(self.fixed[node] + s * params)
            mean += loss / len(chosen)
            gradient += (s / len(chosen)) * slope
        return mean, gradient

    def _hessian_at(self, params: Array) -> Product:
        products = [
            self.whole.hessian_at(start + s * params) for start, s in zip(self.fixed, self.factors, strict=True)
        ]

        def product(vector: Array) -> Array:
            parts = (s * s * product(vector) for s, product in zip(self.factors, products, strict=True))
            return np.asarray(sum(parts) / self.samples)

        return product

    def _slice(self, origin: Array, directions: Array) -> Slice:
        nodes = zip(self.fixed, self.factors, strict=True)
        slices = [self.whole.slice(start + s * origin, s * directions) for start, s in nodes]
        return lambda coords: np.asarray(sum(losses(coords) for losses in slices) / len(slices))


class Search(Settings, frozen=True):
    """How a connection's bend is looked for."""

    steps: Annotated[int, setting("Steps", "of the search for the curve", ge=1, le=1_000_000, effect="view")] = 2000
    rate: Annotated[
        float,
        setting(
            "Rate",
            "how far each parameter of the bend goes at a step, as a share of the ends' root mean square difference; "
            "it falls to 0 by the last step",
            gt=0,
            le=1,
            slider=(1e-3, 1.0),
            effect="view",
        ),
    ] = 0.05
    seed: Annotated[int, setting("Seed", "another seed, another curve", ge=0, le=2**31, effect="view")] = 0


def connect(
    objective: Objective, a: Array, b: Array, search: Search | None = None, every: int = 20
) -> Iterator[Connection]:
    """Look for a curve of low loss from `a` to `b` `(P,)`; yields one to begin with, then one after `every` steps.

    The last one yielded is the result; it comes early where the search leaves float32's range. Begun beside the middle
    of the straight line, where a symmetric valley would show no slope to either side, the bend descends by Adam on a
    few values of t at a time, drawn anew for each step. The same few for all steps would do on smooth functions, but
    networks learn them by heart: of eight pairs of small networks on moons, one had a barrier of 0.4 between 8 Gauss
    nodes in the end; with drawn ones, after as many gradients, all barriers were below 0.03.

    Raises `SettingError` at once where a and b are no ends of a connection, have not the objective's size, or where
    the loss between them is not finite.
    """
    search = search or Search()
    straight = Connection.straight(a, b)
    if straight.a.size != objective.size:
        raise SettingError("connection.a", straight.a.size, f"{objective.size} parameters")
    if every < 1:
        raise SettingError("every", every, "1 step or more")
    begun = Connection(straight.a, straight.bend + _aside(straight, search.seed), straight.b)
    mean = BendLoss(objective, straight.a, straight.b)
    with np.errstate(over="ignore", invalid="ignore"):
        height = float(mean.loss(begun.bend))
    if not np.isfinite(height):
        raise SettingError("connection", height, "ends between which the loss is finite")
    return _descend(mean, begun, search, every)


def _aside(straight: Connection, seed: int) -> Array:
    """A random vector `(P,)`, perpendicular to the line where there is room for that."""
    along = straight.b - straight.a
    length = float(np.linalg.norm(along))
    aside: Array = np.random.default_rng(seed).normal(size=along.size)
    if along.size > 1:
        aside -= (aside @ along) / length * (along / length)
    return np.asarray(OFFSET * length / np.linalg.norm(aside) * aside)


def _descend(mean: BendLoss, begun: Connection, search: Search, every: int) -> Iterator[Connection]:
    difference = begun.b - begun.a
    # The search is the same in any units of the parameters: the ends' difference sets the scale.
    rate = search.rate * float(np.linalg.norm(difference)) / np.sqrt(difference.size)
    schedule = Cosine(float(np.clip(rate, np.finfo(float).tiny, 1e6)), period=search.steps, lowest=0.0)
    descent = Descent(Adam(), schedule, batch_size=BATCH, seed=search.seed)
    bend, memory = begun.bend, descent.optimizer.init(begun.bend)
    yield begun
    for start in range(0, search.steps, every):
        steps = range(start, min(start + every, search.steps))
        bend, memory = _steps(mean, descent, steps, bend, memory)
        if not (np.abs(bend) <= np.finfo(np.float32).max).all():
            return
        yield Connection(begun.a, bend, begun.b)


@np.errstate(over="ignore", invalid="ignore")  # who pulls looks at the bend
def _steps(mean: BendLoss, descent: Descent, steps: range, bend: Array, memory: Memory) -> tuple[Array, Memory]:
    """The bend and the optimizer's memory some steps on.

    Not by `descend`, whose states know the loss on all samples: here it would take thirty times as long as the steps.
    """
    for step in steps:
        _, gradient = mean.loss_and_gradient(bend, descent.rows(step, mean.samples))
        update, memory = descent.optimizer.update(gradient, memory, bend, descent.schedule.rate(step))
        bend = bend + update
    return bend, memory
