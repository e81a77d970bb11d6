"""A plane: two directions through a point of parameter space, on which the loss can be drawn.

It holds the vectors θ = origin + x·u + y·v. Directions are neither unit vectors nor orthogonal in general (two random
ones in a small network are far from it), so coordinates are found by least squares: c = G⁻¹ [u; v]·(θ − origin) with
the Gram matrix G. What lies off the plane is not hidden: `distance` says how far.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from model.arrays import Array, kept
from model.objective import Bounds, Objective
from model.settings import SettingError

_far_away = np.errstate(over="ignore", invalid="ignore")  # after a divergence not finite is an answer
UNIT: Bounds = ((-1.0, 1.0), (-1.0, 1.0))
PARALLEL = 1e-12  # the sine of an angle below which two directions are one, but for rounding


def unit(direction: Array) -> Array | None:
    """The unit vector along a direction `(P,)`; None where it is zero or not finite."""
    largest = np.abs(direction).max(initial=0.0)
    if not 0.0 < largest < np.inf:
        return None
    direction = direction / largest  # first, as squares of the far too large or small have no finite or positive sum
    return np.asarray(direction / np.linalg.norm(direction))


def differ(one: Array, other: Array) -> bool:
    """Whether two directions `(P,)` are neither zero nor parallel, however different their lengths."""
    along, beside = unit(one), unit(other)
    if along is None or beside is None:
        return False
    return bool(np.linalg.norm(beside - (along @ beside) * along) > PARALLEL)


@dataclass(frozen=True, eq=False)
class Plane:
    """`origin`, `u`, `v` `(P,)`, of which it keeps copies; `bounds` ((x0, x1), (y0, y1)) is the part to draw; `labels`
    name the axes.

    `scale` `(P,)`, if any, are factors by which parameters are multiplied before they are looked at: see `rescale`.
    """

    origin: Array
    u: Array
    v: Array
    bounds: Bounds
    labels: tuple[str, str]
    explained: float | None = None
    scale: Array | None = None

    def __post_init__(self) -> None:
        for name in ("origin", "u", "v", "scale"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, kept(getattr(self, name)))
        if not np.isfinite(self.directions).all():
            raise SettingError("plane", "directions that are not finite", "two directions that are")
        alone = len(self.origin) == 1  # one parameter: drawn over a second direction in which nothing changes
        if not (self.u.any() if alone else differ(self.u, self.v)):
            raise SettingError("plane", "directions that are zero or parallel", "two directions that differ")

    @cached_property
    def directions(self) -> Array:
        """u and v as the rows of `(2, P)`."""
        return np.stack([self.u, self.v])

    @cached_property
    def units(self) -> Array:
        """The directions of u and v at length 1, `(2, P)`; 0 for a direction in which nothing changes."""
        found = [unit(direction) for direction in self.directions]
        return np.stack([np.zeros_like(self.u) if each is None else each for each in found])

    @cached_property
    def _dual(self) -> Array:
        # G⁻¹ [u; v], without squaring the condition number as G does, and of unit vectors: one axis may be far longer.
        lengths = np.abs(np.einsum("ij,ij->i", self.units, self.directions))[:, None]
        dual = np.linalg.pinv(self.units).T
        return np.divide(dual, lengths, out=np.zeros_like(dual), where=lengths > 0.0)

    def inside(self, vectors: Array) -> Array:
        """The part of `vectors` `(..., P)` that lies in the plane's directions, whatever their angle and lengths."""
        return np.asarray(vectors @ self.units.T @ np.linalg.pinv(self.units).T)

    @property
    def centre(self) -> tuple[float, float]:
        """The middle of the part to draw."""
        (x0, x1), (y0, y1) = self.bounds
        return (x0 + x1) / 2, (y0 + y1) / 2

    def point(self, coords: Array) -> Array:
        """Parameters `(..., P)` at coordinates `(..., 2)`."""
        return np.asarray(self.origin + coords @ self.directions)

    @_far_away
    def project(self, params: Array) -> Array:
        """Coordinates `(..., 2)` of the point of the plane nearest to parameters `(..., P)`."""
        return np.asarray((self._scaled(params) - self.origin) @ self._dual.T)

    def _scaled(self, params: Array) -> Array:
        return params if self.scale is None else params * self.scale

    @_far_away
    def distance(self, params: Array) -> Array:
        """How far parameters `(..., P)` lie off the plane, `(...)`, in the units of the parameters."""
        return np.asarray(np.linalg.norm(self._scaled(params) - self.point(self.project(params)), axis=-1))

    def around(self, params: Array, least: float) -> Plane:
        """This plane, drawn so wide that it shows parameters `(N, P)` and at least `least` on every side of them."""
        return replace(self, bounds=bounds_around(self.project(params), least=least))

    def centred(self, params: Array, least: float) -> Plane:
        """As `around`, but with the origin in the middle."""
        coords = self.project(params)
        return replace(self, bounds=bounds_around(np.vstack([coords, -coords]), least=least))

    def contains(self, coords: Array) -> bool:
        """Whether coordinates `(2,)` lie in the part that is drawn."""
        return all(low <= c <= high for c, (low, high) in zip(coords, self.bounds, strict=True))


def bounds_around(coords: Array, margin: float = 0.2, least: float = 0.5) -> Bounds:
    """Bounds that hold coordinates `(N, 2)`: equal sides, a margin of that share of them, and at least `least`.

    Sides are equal so that both directions are seen equally far, however straight the path.
    """
    middle, half = middle_of(coords)
    return square(middle, max(half * (1 + 2 * margin), half + least))


def middle_of(coords: Array) -> tuple[Array, float]:
    """The middle `(2,)` of finite coordinates `(N, 2)`, and half their larger extent."""
    finite = coords[np.isfinite(coords).all(axis=1)]
    low, high = (finite.min(axis=0), finite.max(axis=0)) if len(finite) else (np.zeros(2), np.zeros(2))
    return low / 2 + high / 2, float((high / 2 - low / 2).max())


def square(middle: Array, half: float) -> Bounds:
    """Bounds `half` to either side of `middle` `(2,)`, whose own middle is an exact number.

    Both are rounded to a multiple of 2⁻³⁰ of the width, the width upwards, so that their sum and difference are exact
    and a grid of odd size has a point precisely there.
    """
    unit = 2.0 ** (np.floor(np.log2(half or 1.0)) - 30)
    middle, half = np.round(middle / unit) * unit, np.ceil((half or 1.0) / unit) * unit
    (x0, x1), (y0, y1) = np.stack([middle - half, middle + half], axis=1).tolist()
    return (x0, x1), (y0, y1)


def whole_plane(objective: Objective, params: Array) -> Plane:
    """The plane of the only parameters there are, one or two: it leaves nothing out.

    Drawn is what holds the path `(N, P)` and the objective's region, if that is known.
    """
    u, v = np.eye(2)[:, : objective.size]
    labels = (*objective.space.names, "no second parameter")[:2]
    plane = Plane(np.zeros(objective.size), u, v, UNIT, (labels[0], labels[1]), 1.0)
    if objective.space.region is None:
        return plane.around(params, least=1.0)
    corners = np.array(objective.space.region).T
    return replace(plane, bounds=bounds_around(np.vstack([params, corners]), margin=0.0, least=0.0))
