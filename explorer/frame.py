"""Frame: everything a view may know at one moment, and pure functions from it to what can be drawn. No Qt.

A frame is immutable. The arrays of a run only ever grow behind it, so a frame keeps its `length` and looks no further.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from model import OPTIMIZERS, Experiment, Flow, Objective, Optimizer, Plane, Probe, State, Surface, Trajectory
from model.arrays import Array
from model.objective import flow
from model.running import Bridge

MOST_ENDED = 12  # ended runs that are kept: as many as there are ordinary styles to tell them apart
MOST_POINTS = 600
MOST_DRAWN = 401  # points per side
FARTHEST = 1e290  # losses beyond are drawn as that
EXACT = 5_000_000  # samples times parameters: some ten milliseconds


@dataclass(frozen=True)
class Change:
    """A setting that was switched while the run went on: after which step, and what, in words."""

    step: int
    text: str


@dataclass(frozen=True, eq=False)
class Run:
    """One descent as far as this frame knows it: N = `length` states, `first` being the first one's step number.

    `coords` `(N, 2)` on the plane drawn; `losses` `(N,)` as recorded; `heights` `(N,)` under the objective drawn, which
    differ for the first `switched` states: those were recorded before the loss or activation was switched.
    `batch_losses` and `test_losses` `(N,)` as recorded: on the mini-batch of each step, and on held-out data (or NaN).
    `changes` are for the eye, a slider's drag being one; `segments` are exact: (step, experiment from there on),
    and have a number each in `gestures`, the same for those of one drag.
    `number` tells it from the session's other runs, whatever they are called, and `slot` says in which of the styles
    for ended runs it is drawn. A `hidden` run is listed, not drawn; one that is `elsewhere` belongs to another
    landscape (other layers, another function), so that only its losses can be drawn.
    """

    label: str
    experiment: Experiment
    trajectory: Trajectory
    length: int
    coords: Array
    losses: Array
    heights: Array
    batch_losses: Array | None = None
    test_losses: Array | None = None
    changes: tuple[Change, ...] = ()
    segments: tuple[tuple[int, Experiment], ...] = ()
    gestures: tuple[int, ...] = ()
    switched: int = 0
    number: int = 0
    slot: int = 0
    hidden: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, eq=False)
class Frame:
    """What is shown: runs (the last is the active one), the cursor on its states, a plane and its surface.

    `until` is the step at which training will pause; `probe` what was found out last about a state under the cursor;
    `bridge` the ways between two runs, if the plane was chosen for them; `removed` the run that could be brought back.
    """

    runs: tuple[Run, ...] = ()
    cursor: int = 0
    surface: Surface | None = None
    objective: Objective | None = None
    probe: Probe | None = None
    bridge: Bridge | None = None
    removed: str = ""
    logarithmic: bool = True
    until: int = 0
    training: bool = False
    following: bool = True
    playing: bool = False
    surveying: bool = False

    @property
    def run(self) -> Run | None:
        """The active run, once it has a state."""
        return self.runs[-1] if self.runs and self.runs[-1].length else None

    @property
    def compared(self) -> tuple[Run, ...]:
        """The ended runs whose losses are drawn."""
        return tuple(run for run in self.runs[:-1] if not run.hidden)

    @property
    def ghosts(self) -> tuple[Run, ...]:
        """Those of them whose paths are drawn, on the land of the active one."""
        return tuple(run for run in self.compared if not run.elsewhere)

    @property
    def plane(self) -> Plane | None:
        """The plane that is drawn."""
        return self.surface.plane if self.surface else None

    @cached_property
    def state(self) -> State | None:
        """The state under the cursor."""
        return self.run.trajectory[self.cursor] if self.run else None

    @cached_property
    def here(self) -> tuple[float, Array] | None:
        """Loss and gradient at the cursor under the objective drawn: as recorded, or taken anew after a switch, where
        that takes next to no time."""
        if self.state is None or self.run is None or self.objective is None:
            return None
        if self.cursor >= self.run.switched:
            return self.state.loss, self.state.gradient
        if not self.exact:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return self.objective.loss_and_gradient(self.state.params)

    @property
    def height(self) -> float:
        """The loss at the cursor under the objective drawn, as a survey found it out; NaN as long as none has."""
        return float(self.run.heights[self.cursor]) if self.run is not None else np.nan

    @cached_property
    def flow(self) -> Flow | None:
        """The gradient at the cursor layer by layer, under the objective drawn, where that takes next to no time."""
        if self.state is None or self.objective is None or not self.exact:
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            return flow(self.objective, self.state.params)

    @cached_property
    def sheet(self) -> float | None:
        """The loss of the plane's point nearest to the state under the cursor; see `loss_on_plane`."""
        if self.state is None or self.plane is None:
            return None
        return self.loss_on_plane(self.plane.project(self.state.params))

    @property
    def whole(self) -> bool:
        """Whether the plane is all there is: of one or two parameters nothing lies off it, and the picture is exact."""
        return self.objective is not None and self.objective.size <= 2

    @cached_property
    def exact(self) -> bool:
        """Whether losses on the plane are computed, and not read off the grid: where that takes no time to speak of."""
        return self.objective is not None and self.objective.samples * self.objective.size <= EXACT

    def loss_on_plane(self, coords: Array) -> float | None:
        """The loss at coordinates `(2,)` of the plane drawn, computed if that is cheap, else between grid points."""
        if self.surface is None or self.objective is None:
            return None
        if not self.exact:
            return float(sheet_height(self.surface, coords[None])[0])
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.objective.loss(self.surface.plane.point(coords)))

    @cached_property
    def arrow(self) -> Array | None:
        """The direction of −gradient within the plane; see `descent_arrow`."""
        return descent_arrow(self)

    @cached_property
    def scale(self) -> Scale | None:
        """How losses become heights and colours."""
        return scale_of(self)


@dataclass(frozen=True)
class Scale:
    """From losses to heights in [0, 1], linear or logarithmic, cut at `high` (which is marked where it cuts)."""

    low: float
    high: float
    logarithmic: bool
    cuts: bool

    def __call__(self, losses: Array) -> Array:
        """Heights of losses of any shape: 0 at `low`, 1 at `high` and above; not finite stays not finite."""
        low, high, values = self._bent(self.low), self._bent(self.high), self._bent(within(losses))
        with np.errstate(over="ignore", invalid="ignore"):  # beyond the range of numbers is above `high`, too
            height = np.clip((values - low) / (high - low), 0.0, 1.0)
        return np.where(np.isfinite(losses), height, np.nan)

    def _bent(self, losses: Array | float) -> Array:
        if not self.logarithmic:
            return np.asarray(losses, float)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(np.maximum(losses, self.low if self.low > 0 else 1e-300))

    @cached_property
    def levels(self) -> Array:
        """Round losses between `low` and `high` at which to draw a line, ascending: about a dozen."""
        if self.logarithmic:
            return log_levels(self.low, self.high, about=14)
        return round_levels(self.low, self.high, about=14)

    @cached_property
    def ticks(self) -> Array:
        """A few of the levels, for the numbers on an axis."""
        if self.logarithmic:
            return log_levels(self.low, self.high, about=6)
        return round_levels(self.low, self.high, about=6)


def racing_slot(kind: type[Optimizer]) -> int:
    """The slot of an optimizer in a race, which is its own: after the ordinary ones, by its place in the registry."""
    return MOST_ENDED + OPTIMIZERS.index(kind)


def scale_of(frame: Frame) -> Scale | None:
    """The scale for a frame's surface and paths; None while there is nothing to draw.

    Walls that rise far above everything the path has seen would flatten the valley in which all the interest lies, so
    the scale ends one path's height (or the sheet's own median, if more) above the path.
    """
    return _scale(frame.surface, (*frame.ghosts, *frame.runs[-1:]), frame.logarithmic)


@lru_cache(maxsize=2)  # while somebody scrubs, it is asked for the same runs sixty times a second
def _scale(surface: Surface | None, runs: tuple[Run, ...], wish: bool) -> Scale | None:
    path = np.concatenate([np.empty(0), *(run.heights[: run.length] for run in runs)])
    path, sheet = within(path[np.isfinite(path)]), None
    if surface is not None and surface.spread is not None:
        sheet = within(np.array(surface.spread)).tolist()
    # A path that has diverged is off the scale; it shall not press the land flat.
    near = path if sheet is None else path[path <= sheet[2] + 9 * (max(sheet[2], 0.0) - min(sheet[0], 0.0))]
    beyond, path = len(near) < len(path), near
    known = np.append(path, sheet if sheet is not None else ())
    if not len(known):
        return None
    low, high = float(known.min()), float(known.max())
    logarithmic = wish and high > 0 and low >= 0
    if logarithmic:
        low = max(low, high * 1e-9)
    reach = max(float(path.max(initial=low)), sheet[1] if sheet is not None else low)
    if logarithmic:
        cap = float(np.exp(min(np.log(high), 2 * np.log(max(reach, low)) - np.log(low))))
    else:
        cap = min(high, reach + (reach - low))
    cuts = cap < high * (1 - 1e-6) and cap > low
    high = cap if cuts else high
    cuts |= beyond
    if high - low <= 1e-9 * max(abs(low), abs(high)) + 1e-300:  # all the same: a flat sheet halfway up
        span = max(abs(low) * 0.5, 1e-6)
        return Scale(low - span if not logarithmic else low / 1.5, high + span, logarithmic, beyond)
    return Scale(*_outward(low, high, logarithmic), logarithmic, cuts)


def within(losses: Array) -> Array:
    """Losses as far as a scale goes, whose ends may be multiplied and taken from each other."""
    return np.clip(losses, -FARTHEST, FARTHEST)


def _outward(low: float, high: float, logarithmic: bool) -> tuple[float, float]:
    """The ends of a scale, moved out to the next of a coarse set: a path that creeps lower changes no colours."""
    if logarithmic:
        return float(10 ** (np.floor(8 * np.log10(low)) / 8)), float(10 ** (np.ceil(8 * np.log10(high)) / 8))
    step = 2.0 ** np.floor(np.log2((high - low) / 16))
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step)


def round_levels(low: float, high: float, about: int) -> Array:
    """Multiples of 1, 2 or 5 times a power of ten, between `low` and `high`; none where no number lies between."""
    raw = (high - low) / max(about, 1)
    if not 1e-300 < raw < np.inf or raw < 1e-14 * max(abs(low), abs(high)):
        return np.empty(0)
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * min((1, 2, 5, 10), key=lambda m: abs(np.log(m * power / raw)))
    first, last = np.ceil(low / step), np.floor(high / step)
    return np.asarray((first + np.arange(int(last - first) + 1)) * step)


def log_levels(low: float, high: float, about: int) -> Array:
    """Round numbers with even spacing on a logarithmic axis, between `low` and `high`."""
    decades = np.log10(high) - np.log10(low)
    choices = ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8))
    if decades < 0.7:  # too little for decades to matter
        return round_levels(low, high, about)
    mantissas = np.array(min(choices, key=lambda m: abs(len(m) * decades - about)))
    powers = 10.0 ** np.arange(np.floor(np.log10(low)), min(np.ceil(np.log10(high)), 307) + 1)
    stride = max(1, round(decades / about))
    levels = np.sort((powers[::stride, None] * mantissas).ravel())
    return levels[(levels >= low * (1 - 1e-9)) & (levels <= high * (1 + 1e-9))]


def number(value: float, digits: int = 3) -> str:
    """A loss or coordinate as a reader likes it: three digits, no needless zeros or powers of ten."""
    text = f"{value + 0.0:.{digits}g}"
    if "e" in text and 1 <= abs(value) < 1e5:
        text = f"{value:,.0f}"
    mantissa, power, exponent = text.partition("e")
    return f"{mantissa}{power}{int(exponent) if power else ''}".replace("-", "−")


def time_left(spent: float, share: float) -> str:
    """How long it will take yet of which a share is done after some seconds; empty if that is a moment."""
    left = spent * (1 - share) / max(share, 1e-6)
    if left > 5400:
        return f"{left / 3600:.1f} h left"
    return f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left" if left > 3 else ""


def numbers(values: Iterable[float]) -> list[str]:
    """Several values with as many digits as it takes to tell them apart."""
    values = list(values)
    for digits in range(3, 9):
        texts = [number(value, digits) for value in values]
        if len(set(texts)) == len(texts):
            break
    return texts


def shown(length: int, cursor: int, most: int = MOST_POINTS) -> Array:
    """Which states up to the cursor to draw: every 3ᵏ-th, at most about `most`, and always the cursor's.

    The stride is a power of one number so that points stay where they are while a path grows; of an odd one so that a
    path that jumps to and fro at every step is drawn jumping, and not as a smooth curve on one side of the valley.
    """
    last, stride = min(cursor, length - 1), 1
    while last + 1 > most * stride:
        stride *= 3
    return np.append(np.arange(0, last, stride), last)


def extremes(values: Array, most: int) -> Array:
    """Which of many values to draw as a curve: of every stretch the lowest and highest, so that no spike is lost."""
    if len(values) <= most:
        return np.arange(len(values))
    width = -(-2 * len(values) // most)
    whole = len(values) // width * width
    rows = np.nan_to_num(values[:whole].reshape(-1, width), posinf=1e300)
    starts = np.arange(0, whole, width)
    chosen = [starts + rows.argmin(axis=1), starts + rows.argmax(axis=1), np.arange(whole, len(values)), [0]]
    return np.unique(np.concatenate(chosen))


def thinned(surface: Surface, most: int = MOST_DRAWN) -> Surface:
    """The surface, or of a finer one than can be drawn every k-th point, and the last one of each side."""
    if max(surface.loss.shape) <= most:
        return surface
    strides = (-(-(count - 1) // (most - 1)) for count in surface.loss.shape)
    kept = [np.unique(np.append(np.arange(0, n, k), n - 1)) for n, k in zip(surface.loss.shape, strides, strict=True)]
    x, y = (axis[index] for axis, index in zip((surface.x, surface.y), kept, strict=True))
    return replace(surface, x=x, y=y, loss=surface.loss[np.ix_(*kept)])


def sheet_height(surface: Surface, coords: Array) -> Array:
    """The drawn sheet's loss at coordinates `(N, 2)`, between its grid points linearly; NaN outside."""
    spots = []
    for axis, values in ((surface.x, coords[:, 0]), (surface.y, coords[:, 1])):
        spots.append(np.interp(values, axis, np.arange(len(axis)), left=np.nan, right=np.nan))
    i, j = (np.clip(np.nan_to_num(s).astype(int), 0, n - 2) for s, n in zip(spots, surface.loss.shape, strict=True))
    a, b = spots[0] - i, spots[1] - j
    loss = surface.loss
    with np.errstate(invalid="ignore", over="ignore"):
        near = loss[i, j] * (1 - b) + loss[i, j + 1] * b
        far = loss[i + 1, j] * (1 - b) + loss[i + 1, j + 1] * b
        return near * (1 - a) + far * a


@np.errstate(over="ignore", invalid="ignore")  # of a descent that diverges
def descent_arrow(frame: Frame) -> Array | None:
    """The direction of −gradient within the plane, as coordinates `(2,)` of length 1; None where it is negligible.

    It is where a step along −gradient leads on the plane, by least squares. An arrow claims a slope, whatever its
    length, so there is none at a minimum: none where the slope within the plane, times the diagonal of what is drawn,
    is less than a thousandth of the loss or less than a millionth of the scale's range.
    """
    if frame.here is None or frame.plane is None or frame.state is None or frame.scale is None:
        return None
    (loss, gradient), plane, params = frame.here, frame.plane, frame.state.params
    arrow = plane.project(params - gradient) - plane.project(params)
    length = float(np.linalg.norm(arrow))
    diagonal = np.ptp(np.array(plane.bounds), axis=1) @ plane.directions
    fall = float(np.linalg.norm(arrow @ plane.directions) * np.linalg.norm(diagonal))
    least = max(1e-3 * abs(loss), 1e-6 * (frame.scale.high - frame.scale.low))
    return arrow / length if np.isfinite(length) and length > 0 and fall > least else None


@np.errstate(over="ignore", invalid="ignore")
def summary(frame: Frame) -> str:
    """The picture in one line of words, for the status bar and for those who cannot see it."""
    state = frame.state
    if state is None:
        return "No state yet"
    loss, gradient = frame.here or (frame.height, None)
    recorded = "" if loss == state.loss else f" (recorded {state.loss:.4g})"
    parts = [f"step {state.step:,}", f"loss {loss:.5g}{recorded}".replace("nan", "–")]
    if frame.sheet is not None:
        parts.append(f"on the sheet {'' if frame.exact else '≈ '}{frame.sheet:.5g}")
    if frame.plane is not None:
        parts.append(f"{number(float(frame.plane.distance(state.params)))} off the plane")
    if gradient is not None:
        parts.append(f"‖gradient‖ {float(np.linalg.norm(gradient)):.3g}")
    return "  ·  ".join(parts)
