"""Both ends of the spectrum, λ_max and λ_min, followed along a descent for a few products each time."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

import numpy as np

from model.arrays import Array
from model.curvature.matrix import DENSE, overflow_is_expected
from model.objective import Objective, Product

KEPT = 2  # eigenvectors kept at either end: where the outermost two change places, the other one is at hand
ROOM = 40  # vectors of a basis; then its best are kept and the rest forgotten
SCOUTS = 8  # products for a fresh random vector, which sees what the vectors kept cannot lead to
BUDGET = 400  # products after which the answer is given as good as it is
# Of residuals, whose squares an eigenvalue's own error is of the order of, where the next one is far away.
ACCURACY = 1e-3  # as a share of the largest |λ|
OWN_ACCURACY = 0.03  # at the other end, where many lie close together, as a share of that end's own |λ| ...
FINEST = 1e-4  # ... but no finer than this share of the largest
ROUNDING = 1e-13  # of the largest |λ|: no sign can be told below


@dataclass(frozen=True, eq=False)
class Extremes:
    """The largest and the smallest eigenvalue, NaN where the Hessian is not finite.

    `vectors` `(k, P)` are unit eigenvectors of the outermost few, `vectors[0]` of the largest, `vectors[-1]` of the
    smallest; none (k = 0) where there are no numbers. Within `errors` `(2,)` of the two values lies an eigenvalue for
    certain: residuals, and rounding. `products` counts the products H·v that it took; `exact` says that
    all eigenvalues were found.
    """

    largest: float
    smallest: float
    vectors: Array
    errors: tuple[float, float]
    products: int
    exact: bool = False

    @property
    def sign(self) -> int:
        """Whether the smallest eigenvalue is below (−1) or above 0 (1), as far as that is sure; 0: as good as level.

        `smallest` is y·Hy for a unit vector y, and the true one is no larger: below 0, there is a direction down. That
        there is none is sure only where all eigenvalues were found.
        """
        rounding = ROUNDING * max(abs(self.largest), abs(self.smallest))
        return int(self.exact and self.smallest > rounding) - int(self.smallest < -rounding)


@overflow_is_expected
def extremes(
    objective: Objective,
    params: Array,
    warm: Array | None = None,
    metric: Array | None = None,
    decay: float = 0.0,
) -> Extremes:
    """λ_max and λ_min of the Hessian at parameters `(P,)`; exact up to `DENSE` parameters.

    `warm` `(k, P)` are the `vectors` of a moment ago, which spare most of the work; those of another size are ignored.
    Where a symmetry holds them in a subspace that the Hessian never leaves, a random vector, another one at every
    place, looks for what lies outside: in `SCOUTS` products it finds what is far from the rest, if not all.
    With a `metric` m `(P,)`, all positive, of M⁻¹(H + decay·I) with M = diag(m), whose eigenvalues are those of the
    symmetric M^(−½)(H + decay·I)M^(−½) and whose `vectors` are its.
    """
    scale = np.ones(objective.size) if metric is None else 1.0 / np.sqrt(metric)
    if not (np.isfinite(params).all() and np.isfinite(scale).all()):
        return _nothing(objective.size, 0)
    hessian_product = objective.hessian_at(params)

    def product(vector: Array) -> Array:
        stretched = scale * vector
        return np.asarray(scale * (hessian_product(stretched) + decay * stretched))

    if objective.size <= DENSE:
        return _exact(product, objective.size)
    rng = np.random.default_rng(zlib.crc32(params.tobytes()))
    if warm is None or warm.shape[1:] != (objective.size,) or not (np.isfinite(warm).all() and warm.any()):
        warm = rng.normal(size=(2 * KEPT, objective.size))
    return _followed(product, warm, rng.normal(size=objective.size))


def _nothing(size: int, products: int) -> Extremes:
    return Extremes(math.nan, math.nan, np.empty((0, size)), (math.nan, math.nan), products)


def _exact(product: Product, size: int) -> Extremes:
    matrix = np.stack([product(unit) for unit in np.eye(size)])
    if not np.isfinite(matrix).all():
        return _nothing(size, size)
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    return Extremes(float(values[-1]), float(values[0]), vectors.T[_outer(size)], (0.0, 0.0), size, exact=True)


def _outer(count: int, kept: int = KEPT) -> Array:
    """The numbers of the outermost of `count` ascending values, the largest first."""
    return np.arange(count)[::-1] if count <= 2 * kept else np.r_[count - 1 : count - 1 - kept : -1, kept - 1 : -1 : -1]


def _followed(product: Product, start: Array, scout: Array | None) -> Extremes:
    """Rayleigh–Ritz on a growing basis: as long as an end is not good enough, its residual joins (Davidson 1975).

    From a block of vectors without a preconditioner this is block Lanczos that works on what is still wrong alone. A
    residual r = Hy − θy, with |y| = 1, bounds the error of θ: some eigenvalue lies within |r| (Parlett 1998, 4.5), but
    not the outermost one, unless the basis knows of it. So a `scout` `(P,)`, if any, and what the Hessian makes of it
    time and again, s ← Hs, join as well.
    """
    size, products, scouted = start.shape[1], 0, 0
    basis, images = np.empty((0, size)), np.empty((0, size))
    new = start
    while True:
        new = _orthonormal(new, basis)
        scouts = np.empty((0, size)) if scout is None else _orthonormal(scout[None], np.vstack([basis, new]))
        new = np.vstack([new, scouts])
        new_images = np.array([product(vector) for vector in new]).reshape(-1, size)
        products, scouted = products + len(new), scouted + len(scouts)
        if not np.isfinite(new_images).all():
            return _nothing(size, products)
        scout = new_images[-1] if len(scouts) and scouted < SCOUTS else None
        basis, images = np.vstack([basis, new]), np.vstack([images, new_images])
        small = basis @ images.T
        values, mix = np.linalg.eigh((small + small.T) / 2)
        ends = mix[:, [-1, 0]].T
        residuals = ends @ images - values[[-1, 0], None] * (ends @ basis)
        errors = np.linalg.norm(residuals, axis=1)
        wrong = errors > _allowed(values)
        # Nothing new also means that the basis holds all that the start vectors can lead to.
        if (scout is None and not wrong.any()) or not len(new) or products >= BUDGET:
            vectors = mix[:, _outer(len(values))].T @ basis
            return Extremes(
                float(values[-1]), float(values[0]), vectors, (float(errors[0]), float(errors[1])), products
            )
        new = residuals[wrong]
        if len(basis) + len(new) >= ROOM:
            best = mix[:, _outer(len(values), ROOM // 4)].T
            basis, images = best @ basis, best @ images


def _allowed(values: Array) -> Array:
    """The residuals `(2,)` that are good enough, for the largest and the smallest of ascending `values`."""
    ends = np.abs(values[[-1, 0]])
    return np.minimum(ACCURACY * ends.max(), np.maximum(OWN_ACCURACY * ends, FINEST * ends.max()))


def _orthonormal(vectors: Array, basis: Array) -> Array:
    """What is new in `vectors` `(k, P)` beside an orthonormal `basis` `(m, P)`, as orthonormal rows."""
    known, whole = len(basis), basis
    for vector in vectors:
        length = np.linalg.norm(vector)
        for _ in range(2):  # twice is enough (Giraud et al. 2005)
            vector = vector - (whole @ vector) @ whole
        rest = np.linalg.norm(vector)
        if rest > 1e-8 * length:
            whole = np.vstack([whole, vector / rest])
    return whole[known:]
