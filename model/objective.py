"""Objectives: what is minimised. One function of one flat vector.

`Fit` is the one that matters: the loss of a network on data, L(θ) = mean over samples of ℓ(f(x; θ), y). `Restricted`
is any of them with some parameters held, as a function of the others alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from model.arrays import Array, kept, vector, vectors
from model.datasets import Dataset
from model.losses import Loss
from model.network import Network, Tape
from model.settings import SettingError, kind_of

Slice = Callable[[Array], Array]
Product = Callable[[Array], Array]
Bounds = tuple[tuple[float, float], tuple[float, float]]


class Flow(NamedTuple):
    """How much of the gradient reaches each of the L layers, first to last.

    `gradients` `(L,)`: the norm of the gradient in that layer's weights and biases. `signals` `(L,)`: the norm of
    ∂L/∂z there, the running product of backpropagation; the quotient of two neighbours is one layer's factor. `dead`
    `(L,)`: how many of the `units` `(L,)` of a layer have a slope of 0 on all rows, so that no gradient passes them and
    none changes what enters them: of ReLU, those that are never above 0. The last layer has no activation, and none.
    """

    gradients: Array
    signals: Array
    dead: Array = np.empty(0, int)
    units: Array = np.empty(0, int)


@dataclass(frozen=True)
class Space:
    """What the P = `size` parameters of an objective are. Equal where states of one are at home on the land of another.

    `of` is what they belong to: a network's layers, a formula, and those that are held. `region`, for two parameters:
    the part of their plane that is worth drawing, where that is known. `naming` and `filtering` are only called where
    somebody wants to know: of a million parameters there are as many names.
    """

    size: int
    of: Hashable
    region: Bounds | None = None
    naming: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False)
    filtering: Callable[[], tuple[slice, ...]] = field(default=tuple, compare=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each of the P parameters is called."""
        return self.naming()

    @cached_property
    def filters(self) -> tuple[slice, ...]:
        """Where the incoming weights of each neuron lie in θ; empty where there are no neurons."""
        return self.filtering()


class Objective(ABC):
    """A loss over vectors of P parameters. Holds no state that changes.

    Whoever implements one says how to compute; this class sees to what comes in. Numbers become floats, other shapes
    than those of P parameters raise `SettingError`, and what is kept of a caller's arrays is a copy. `test` is the same
    loss on data that were held out, None where none were.
    """

    test: Objective | None = None

    @property
    @abstractmethod
    def space(self) -> Space:
        """What its parameters are."""

    @property
    @abstractmethod
    def samples(self) -> int:
        """How many rows a mini-batch can be drawn from."""

    @property
    def size(self) -> int:
        """P, the number of parameters."""
        return self.space.size

    def loss(self, params: npt.ArrayLike) -> Array:
        """The loss on all data, `(...)` for any stack of parameters `(..., P)`."""
        return self._loss(vectors(params, self.size))

    def loss_and_gradient(self, params: npt.ArrayLike, rows: Array | None = None) -> tuple[float, Array]:
        """Loss and gradient `(P,)` at one vector `(P,)`; on all data, or on the rows given by number."""
        return self._loss_and_gradient(vector(params, self.size), rows)

    def hessian_at(self, params: npt.ArrayLike) -> Product:
        """The function v `(P,)` → H·v `(P,)`, with the exact Hessian H of the loss at `params` `(P,)`.

        Where a second derivative does not exist, the value is taken that the activation's or the loss's `note` says.
        """
        product = self._hessian_at(kept(vector(params, self.size)))
        return lambda along: product(vector(along, self.size, "vector"))

    def slice(self, origin: npt.ArrayLike, directions: npt.ArrayLike) -> Slice:
        """The loss on the flat `origin + coords @ directions`, with `directions` of shape `(k, P)`.

        Returns a function from coordinates `(M, k)` to losses `(M,)` that is much faster than `loss` on many points:
        it works in float32, for drawing, where that has the digits. It has not where large numbers cancel; `survey`
        looks whether they do. Not finite only where `loss` is not.
        """
        along = kept(vectors(directions, self.size, "directions"))
        losses = self._slice(kept(vector(origin, self.size, "origin")), along)
        return lambda coords: losses(vectors(coords, len(along), "coords"))

    @abstractmethod
    def _loss(self, params: Array) -> Array:
        """`loss`, of floats of the right shape; and so with the others."""

    @abstractmethod
    def _loss_and_gradient(self, params: Array, rows: Array | None) -> tuple[float, Array]: ...

    @abstractmethod
    def _hessian_at(self, params: Array) -> Product: ...

    @abstractmethod
    def _slice(self, origin: Array, directions: Array) -> Slice: ...

    @property
    @abstractmethod
    def chunk(self) -> int:
        """How many vectors to evaluate at a time, so that the intermediate arrays stay in the cache."""


CANCELLED = 0.02
"""A loss below this share of that of outputs that are all 0 is drawn in float64: outputs and targets cancel, and
float32 would lose a digit or more of the six that are wanted."""

# Far away, or after a divergence, what is asked for is not finite: that is an answer, and no reason to warn.
_overflow_is_expected = np.errstate(over="ignore", invalid="ignore")


class Fit(Objective):
    """The loss of `network` on `dataset`; `held_out` data, if any, are for the test loss alone. Final."""

    def __init__(self, dataset: Dataset, network: Network, loss: Loss, held_out: Dataset | None = None) -> None:
        if network.widths[0] != dataset.inputs.shape[1]:
            allowed = f"{dataset.inputs.shape[1]} at the start, for {dataset.name}"
            raise SettingError("network.widths", network.widths[0], allowed)
        if not len(dataset.inputs):
            raise SettingError("dataset", f"{dataset.name} with 0 rows", "1 row or more")
        self.dataset, self.network, self.measure = dataset, network, loss
        self.features = network.features(dataset.inputs)
        # In the order in which the outputs come: all samples of one output side by side.
        self.targets = np.asfortranarray(dataset.targets_for(network.widths[-1]))
        reason = unsuited(loss, dataset, network)
        if reason:
            raise SettingError("loss", kind_of(loss), reason)
        self.test = Fit(held_out, network, loss) if held_out is not None else None

    @cached_property
    def space(self) -> Space:
        network = self.network
        names, filters = (partial(getattr, network, name) for name in ("names", "filters"))
        return Space(network.size, ("network", network.layers, network.degree), naming=names, filtering=filters)

    @property
    def samples(self) -> int:
        return len(self.targets)

    @cached_property
    def chunk(self) -> int:
        # Enough that what is done once for a chunk does not weigh, and some milliseconds at most.
        return int(np.clip(2**21 // (self.samples * max(self.network.widths[1:])), 1, 64))

    @cached_property
    def _block(self) -> int:
        """How many vectors go through the layers at a time, so that a layer's numbers stay in the cache."""
        # 2¹⁸ numbers of float32 are 1 MiB. With fewer, threads wait for each other between the many short calls.
        return int(np.clip(2**18 // (self.samples * max(self.network.widths[1:])), 1, 32))

    @_overflow_is_expected
    def _loss(self, params: Array) -> Array:
        stack = params.reshape(-1, self.size)
        losses = np.empty(len(stack))
        for start in range(0, len(stack), self._block):
            part = slice(start, start + self._block)
            outputs = self.network.forward(stack[part], self.features)
            losses[part] = self.measure.value(outputs, self.targets)
        return losses.reshape(params.shape[:-1])

    def _loss_and_gradient(self, params: Array, rows: Array | None) -> tuple[float, Array]:
        features, targets = self.features, self.targets
        if rows is not None:
            features, targets = features.take(rows, axis=1), targets[rows]
        tape = self.network.record(params, features)
        slope = self.measure.slope(tape.outputs, targets)
        loss = float(self.measure.value(tape.outputs, targets))
        return loss, self.network.backward(params, tape, slope)

    @_overflow_is_expected
    def _hessian_at(self, params: Array) -> Product:
        tape, slope = self._pass(params)

        def curvature(along: Array) -> Array:
            return self.measure.curvature(tape.outputs, self.targets, along)

        return _overflow_is_expected(self.network.hessian_at(params, tape, slope, curvature))

    @_overflow_is_expected
    def flow(self, params: npt.ArrayLike) -> Flow:
        """The gradient layer by layer."""
        params = vector(params, self.size)
        tape, slope = self._pass(params)
        deltas = list(self.network.deltas(params, tape, slope))[::-1]
        gradient = self.network.backward(params, tape, slope)
        gradients = [np.linalg.norm(gradient[layer.start : layer.stop]) for layer in self.network.layers]
        slopes = self.network.slopes(tape)
        dead = np.array([*((slope == 0.0).all(axis=1).sum() for slope in slopes), 0])
        dead *= bool(np.isfinite(tape.outputs).all())  # after a divergence nothing is known of them
        units = np.array([layer.fan_out for layer in self.network.layers])
        return Flow(np.array(gradients), np.array([np.linalg.norm(delta) for delta in deltas]), dead, units)

    def user_units(self, params: npt.ArrayLike) -> Array | None:
        """Parameters `(P,)` that do the same to data as they were before standardisation; None where there are none.

        With x = (X − m)/s the first layer's W·x + b is (W/s)·X + (b − (W/s)·m); targets y = (Y − m)/s stretch and
        shift the last layer in the same way. A layer without biases cannot be shifted, nor powers of x.
        """
        scaling, network = self.dataset.scaling, self.network
        if scaling is None or not network.bias or network.degree > 1:
            return None
        result = vector(params, self.size).copy()
        first, last = network.layers[0], network.layers[-1]
        weights, biases = network.weights(result, first), network.biases(result, first)
        weights /= scaling.input_scale
        biases -= (weights @ scaling.input_mean)[:, None]
        if not self.dataset.classes:
            rows, biases = network.matrix(result, last), network.biases(result, last)
            rows *= scaling.target_scale[:, None]
            biases += scaling.target_mean[:, None]
        return result

    def _pass(self, params: Array) -> tuple[Tape, Array]:
        tape = self.network.record(params, self.features)
        return tape, self.measure.slope(tape.outputs, self.targets)

    def _slice(self, origin: Array, directions: Array) -> Slice:
        """As `Objective.slice`: in float32 where that has the digits, in float64 where it has not.

        It has not where it overflows, and where the loss is small beside that of outputs that are all 0: then outputs
        and targets cancel.
        """
        drawn = self._drawn(origin, directions)
        least = CANCELLED * float(self.measure.value(np.zeros_like(self.targets), self.targets))

        @_overflow_is_expected
        def losses(coords: Array) -> Array:
            result = np.empty(len(coords))
            for start in range(0, len(coords), self.chunk):
                part, near = result[start : start + self.chunk], coords[start : start + self.chunk]
                part[:] = drawn(near)
                rough = ~((part >= least) & (part < np.inf))  # NaN as well
                if rough.any():
                    part[rough] = self._loss(origin + near[rough] @ directions)
            return result

        return losses

    @_overflow_is_expected
    def _drawn(self, origin: Array, directions: Array) -> Slice:
        """The loss on the same flat in float32, for a chunk of coordinates at most."""
        network, flat = self.network, np.vstack([origin, directions])
        first, *rest = network.layers
        # The first layer's pre-activation is affine in θ, hence in the coordinates c: z(c) = z₀ + Σ cₖ zₖ. One small
        # product replaces the whole first layer at every point.
        basis = (network.matrix(flat, first) @ self.features).reshape(len(flat), -1).astype(np.float32)
        flat, targets = flat.astype(np.float32), self.targets.astype(np.float32)
        # Below the neurons of a layer is the row of ones that the next one multiplies by its biases.
        heights = [layer.fan_out + network.bias for layer in network.layers[:-1]]

        def block(weights: Array, params: Array, rooms: list[Array], into: Array) -> None:
            entering, *others = (*(room[: len(weights)] for room in rooms), into)
            np.matmul(weights, basis, out=entering.reshape(len(weights), -1)[:, : basis.shape[1]])
            z = entering[:, : first.fan_out]
            for layer, room in zip(rest, others, strict=True):
                network.phi.value(z, out=z)
                entering[:, layer.fan_in :] = 1.0
                z = np.matmul(network.matrix(params, layer), entering, out=room[:, : layer.fan_out])
                entering = room

        def losses(coords: Array) -> Array:
            weights = np.ones((len(coords), len(flat)), np.float32)
            weights[:, 1:] = coords
            params, into = weights @ flat, np.empty((len(coords), network.widths[-1], self.samples), np.float32)
            # Made anew for every call, so that nothing is left of an earlier one, and written over by every block.
            rooms = [np.empty((self._block, height, self.samples), np.float32) for height in heights]
            for start in range(0, len(coords), self._block):
                part = slice(start, start + self._block)
                block(weights[part], params[part], rooms, into[part])
            return self.measure.value(np.swapaxes(into, -1, -2), targets)

        return losses


class Restricted(Objective):
    """`whole` as a function of the parameters numbered `free` `(F,)` alone; the others stay as in `held` `(P,)`. Final.

    What is drawn of it is exact where F is 2: there is nothing outside the plane of two parameters.
    """

    def __init__(self, whole: Objective, free: Array, held: Array) -> None:
        self.whole, self.free, self.held = whole, kept(free, int), kept(vector(held, whole.size, "held"))
        if (np.diff(self.free, prepend=-1, append=whole.size) <= 0).any():
            raise SettingError("free", self.free.tolist(), f"numbers from 0 to {whole.size - 1}, ascending")
        self.test = Restricted(whole.test, free, held) if whole.test is not None else None

    @cached_property
    def space(self) -> Space:
        others = np.delete(self.held, self.free)
        of = self.whole.space.of, self.free.tobytes(), others.tobytes()
        return Space(len(self.free), of, naming=self._names, filtering=self._filters)

    def _names(self) -> tuple[str, ...]:
        names = self.whole.space.names
        return tuple(names[index] for index in self.free)

    def _filters(self) -> tuple[slice, ...]:
        # Free parameters keep their order, so those of one neuron still lie side by side.
        parts = self.whole.space.filters
        ends = [np.searchsorted(self.free, [part.start, part.stop]).tolist() for part in parts]
        return tuple(slice(start, stop) for start, stop in ends if stop > start)

    def complete(self, params: Array) -> Array:
        """All P parameters `(..., P)` of the whole, from the free ones `(..., F)`."""
        return self._put(vectors(params, self.size), self.held)

    def _put(self, params: Array, into: Array | float) -> Array:
        full = np.empty((*params.shape[:-1], self.whole.size))
        full[...] = into
        full[..., self.free] = params
        return full

    @property
    def samples(self) -> int:
        return self.whole.samples

    @property
    def chunk(self) -> int:
        return self.whole.chunk

    def _loss(self, params: Array) -> Array:
        return self.whole.loss(self.complete(params))

    def _loss_and_gradient(self, params: Array, rows: Array | None) -> tuple[float, Array]:
        loss, gradient = self.whole.loss_and_gradient(self.complete(params), rows)
        return loss, gradient[self.free]

    def _hessian_at(self, params: Array) -> Product:
        product = self.whole.hessian_at(self.complete(params))
        return lambda vector: product(self._put(vector, 0.0))[self.free]

    def _slice(self, origin: Array, directions: Array) -> Slice:
        return self.whole.slice(self.complete(origin), self._put(directions, 0.0))


def flow(objective: Objective, params: npt.ArrayLike) -> Flow:
    """The gradient at parameters `(P,)` layer by layer; empty where there are no layers."""
    params = vector(params, objective.size)
    if isinstance(objective, Restricted):
        return flow(objective.whole, objective.complete(params))
    return objective.flow(params) if isinstance(objective, Fit) else Flow(np.empty(0), np.empty(0))


def chosen(names: tuple[str, ...], text: str) -> Array:
    """The numbers `(F,)`, ascending, of the parameters that a text names: "0; 5-7; layer 2, bias 1; weights".

    Raises `SettingError` where an item is no number, no range, and no name or beginning of one.
    """
    found: set[int] = set()
    items = [part.strip().replace("->", "→") for part in text.split(";")]
    for item in filter(None, items) if any(items) else items:
        low, dash, high = item.partition("-")
        if low.isdecimal() and (high.isdecimal() or not dash):
            numbers = set(range(int(low[:9]), min(int((high or low)[:9]), len(names)) + 1))
        else:
            kind = {"weights": "weight", "biases": "bias"}.get(item, "\0")
            numbers = {
                number
                for number, name in enumerate(names)
                if item and (name == item or name.startswith((f"{item},", f"{item} ")) or f" {kind} " in name)
            }
        if not numbers or max(numbers) >= len(names):
            allowed = (
                f"numbers from 0 to {len(names) - 1}, ranges, or names such as {names[0]!r}, layer 1, weights, biases"
            )
            raise SettingError("trained", item, allowed)
        found |= numbers
    return np.array(sorted(found))


def unsuited(loss: Loss | type[Loss], dataset: Dataset, network: Network) -> str:
    """Why this loss cannot be used with these data and this network; empty when it can."""
    if loss.labels and not dataset.classes:
        return f"mse or another loss for values: {dataset.name} has values as targets, not classes"
    if network.widths[-1] < loss.fewest:
        return f"a loss for {network.widths[-1]} output; softmax needs {loss.fewest} or more"
    return ""
