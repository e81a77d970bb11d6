"""Geometry of the 3-D view: arrays of vertices, faces and colours, made from a frame. No widgets, no OpenGL.

The box has x and y in [−1, 1]; losses stand between z = 0 and z = TOP; the floor, the map once more, lies at FLOOR.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import contourpy
import numpy as np

from explorer.frame import Frame, Run, Scale, sheet_height, shown
from explorer.style import colors
from model import Surface

TOP = 0.85
FLOOR = -0.55
LIFT = 0.004
LIGHT = np.array([-0.45, -0.35, 0.82]) / np.linalg.norm([-0.45, -0.35, 0.82])


class Mesh(NamedTuple):
    """Vertices `(V, 3)`, triangles `(F, 3)` and vertex colours `(V, 4)`."""

    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray


def to_box(coords: np.ndarray, bounds) -> np.ndarray:
    """Plane coordinates `(..., 2)` to the box."""
    low, high = np.array(bounds).T
    return (coords - low) / (high - low) * 2.0 - 1.0


def sheet(surface: Surface, scale: Scale) -> tuple[Mesh, Mesh]:
    """The lit surface, and the map on the floor. Squares with a corner that is not finite are left out: holes."""
    heights = scale(surface.loss)
    tall = TOP * heights
    (x0, x1), (y0, y1) = surface.plane.bounds
    x, y = (2 * surface.x - x0 - x1) / (x1 - x0), (2 * surface.y - y0 - y1) / (y1 - y0)
    points = np.empty((*heights.shape, 3), np.float32)
    points[..., 0], points[..., 1], points[..., 2] = x[:, None], y[None, :], np.nan_to_num(tall)
    rgba = np.ones((*heights.shape, 4), np.float32)
    rgba[..., :3] = colors(heights)
    # The floor is dark and flat: half as many points a side do for it, if the edges are among them.
    every = 2 if min(heights.shape) > 60 and all(n % 2 for n in heights.shape) else 1
    ground, shade = points[::every, ::every].copy(), rgba[::every, ::every].copy()
    ground[..., 2] = FLOOR
    shade[..., :3] *= 0.55
    rgba[..., :3] = _lit(rgba[..., :3], points)
    finite = np.isfinite(heights)
    return _mesh(points, rgba, finite), _mesh(ground, shade, finite[::every, ::every])


def _mesh(points: np.ndarray, rgba: np.ndarray, finite: np.ndarray) -> Mesh:
    return Mesh(points.reshape(-1, 3), _faces(finite), rgba.reshape(-1, 4))


def _lit(rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Light baked into the colours: ambient, diffuse and a little shine."""
    along_x, along_y = np.gradient(points[..., 2], points[:, 0, 0], points[0, :, 1])
    normals = np.dstack([-along_x, -along_y, np.ones_like(along_x)])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    half = LIGHT + np.array([0.0, -0.5, 0.6])
    half /= np.linalg.norm(half)
    diffuse = np.clip(normals @ LIGHT, 0, 1)[..., None]
    shine = np.clip(normals @ half, 0, 1)[..., None] ** 40
    return np.clip(rgb * (0.42 + 0.68 * diffuse) + 0.10 * shine, 0, 1)


def _faces(finite: np.ndarray) -> np.ndarray:
    columns = finite.shape[1]
    whole = finite[:-1, :-1] & finite[1:, :-1] & finite[:-1, 1:] & finite[1:, 1:]
    i, j = np.nonzero(whole)
    a = i * columns + j
    b, c, d = a + 1, a + columns, a + columns + 1
    return np.stack([np.stack([a, c, d], 1), np.stack([a, d, b], 1)], 1).reshape(-1, 3).astype(np.uint32)


def iso_lines(surface: Surface, scale: Scale) -> tuple[np.ndarray, np.ndarray]:
    """Line segments `(2N, 3)` of the levels: on the sheet, and on the floor."""
    heights = scale(surface.loss)
    grid = contourpy.contour_generator(surface.x, surface.y, np.ma.masked_invalid(heights.T))
    high, low = [np.empty((0, 3))], [np.empty((0, 3))]
    for level in scale(scale.levels):
        if not 0 < level < 1:
            continue
        for line in grid.lines(level):
            flat = to_box(np.asarray(line), surface.plane.bounds)
            pairs = np.repeat(flat, 2, axis=0)[1:-1]
            high.append(np.c_[pairs, np.full(len(pairs), TOP * level + LIFT)])
            low.append(np.c_[pairs, np.full(len(pairs), FLOOR + LIFT)])
    return np.concatenate(high), np.concatenate(low)


class Path(NamedTuple):
    """A run in the box: points at the true loss `(N, 3)`, the sheet's height under each `(N,)`, where drawable."""

    points: np.ndarray
    sheet: np.ndarray
    states: np.ndarray


def path(frame: Frame, run: Run, upto: int) -> Path:
    """The points of a run that are drawn, up to a state, without those that are not finite."""
    index = shown(run.length, upto)
    assert frame.scale is not None and frame.surface is not None
    flat = to_box(run.coords[index], frame.surface.plane.bounds)
    tall = TOP * frame.scale(run.heights[index])
    # The drawn sheet is flat between its corners in height, not in loss.
    drawn = replace(frame.surface, loss=frame.scale(frame.surface.loss))
    under = TOP * sheet_height(drawn, run.coords[index])
    # What lies outside the box (a path beside a plane that moves with it) would hang in the air beside the land.
    keep = np.isfinite(tall) & np.isfinite(flat).all(axis=1) & (np.abs(flat) < 1.03).all(axis=1)
    points = np.column_stack([flat[keep], tall[keep] + LIFT])
    return Path(points, under[keep], index[keep])


def ways(frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    """Segments `(2N, 3)` of the two ways between two runs, on the sheet: the curve in dashes, the straight one in dots.

    Both lie in the plane that is drawn, so their own losses are its heights.
    """
    bridge, scale, surface = frame.bridge, frame.scale, frame.surface
    if bridge is None or scale is None or surface is None:
        return np.empty((0, 3)), np.empty((0, 3))
    ends = bridge.coords[[0, -1]]
    straight = ends[0] + bridge.t[:, None] * (ends[1] - ends[0])
    drawn = []
    for coords, losses, period in ((bridge.coords, bridge.curved, 4), (straight, bridge.straight, 2)):
        points = np.column_stack([to_box(coords, surface.plane.bounds), TOP * scale(losses) + LIFT])
        pieces = np.stack([points[:-1], points[1:]], axis=1)
        inked = np.arange(len(pieces)) % period < period / 2
        drawn.append(pieces[inked & np.isfinite(pieces).all(axis=(1, 2))].reshape(-1, 3))
    return drawn[0], drawn[1]


def hit(frame: Frame, near: np.ndarray, far: np.ndarray, count: int = 800) -> tuple[float, float] | None:
    """Where a ray from `near` to `far` `(3,)` first meets the sheet, in plane coordinates; None where it does not."""
    assert frame.scale is not None and frame.surface is not None
    with np.errstate(divide="ignore", invalid="ignore"):  # the part of the ray over the floor of the box
        walls = np.sort((np.array([[-1.0], [1.0]]) - near[:2]) / (far - near)[:2], axis=0)
    begin, end = max(0.0, float(np.nanmax(walls[0]))), min(1.0, float(np.nanmin(walls[1])))
    if not begin < end:
        return None
    points = near + np.linspace(begin, end, count)[:, None] * (far - near)
    low, high = np.array(frame.surface.plane.bounds).T
    coords = low + (points[:, :2] + 1.0) / 2.0 * (high - low)
    drawn = replace(frame.surface, loss=frame.scale(frame.surface.loss))
    above = points[:, 2] - TOP * sheet_height(drawn, coords)
    crossed = np.flatnonzero(np.isfinite(above[:-1]) & np.isfinite(above[1:]) & (above[:-1] * above[1:] <= 0))
    if not len(crossed):
        return None
    first = int(crossed[0])
    gap = above[first] - above[first + 1]
    share = above[first] / gap if gap else 0.0
    x, y = (coords[first] + share * (coords[first + 1] - coords[first])).tolist()
    return x, y


def tube(points: np.ndarray, radii: np.ndarray, rgb: np.ndarray, sides: int = 8) -> Mesh | None:
    """A round tube along points `(N, 3)`, lit, with a radius and a colour at each; None if it has no length.

    Wide OpenGL lines would do, were they not one pixel wide on some drivers.
    """
    keep = np.r_[True, np.linalg.norm(np.diff(points, axis=0), axis=1) > 2e-4]
    points, radii, rgb = points[keep], radii[keep], rgb[keep]
    if len(points) < 2:
        return None
    tangent = np.gradient(points, axis=0)
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True) + 1e-12
    first = np.cross(tangent, [0.0, 0.0, 1.0])
    first = np.where(np.linalg.norm(first, axis=1, keepdims=True) < 1e-6, [1.0, 0.0, 0.0], first)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(tangent, first)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None, :, None]
    ring = np.cos(angle) * first[:, None] + np.sin(angle) * second[:, None]
    vertices = points[:, None] + radii[:, None, None] * ring
    shade = 0.5 + 0.5 * np.clip(ring @ LIGHT, 0, 1)
    rgba = np.ones((*shade.shape, 4))
    rgba[..., :3] = rgb[:, None] * shade[..., None]
    base = np.arange(len(points) - 1)[:, None] * sides
    here, there = np.arange(sides)[None], (np.arange(sides)[None] + 1) % sides
    a, b, c, d = base + here, base + there, base + sides + here, base + sides + there
    faces = np.concatenate([np.stack([a, b, c], 2).reshape(-1, 3), np.stack([b, d, c], 2).reshape(-1, 3)])
    return Mesh(
        vertices.reshape(-1, 3).astype(np.float32), faces.astype(np.uint32), rgba.reshape(-1, 4).astype(np.float32)
    )


def sticks(path: Path, least: float = 0.02, every: int = 12) -> np.ndarray:
    """Segments `(2N, 3)` from the sheet to the true loss, for some states where they differ visibly, and the last."""
    gap = np.abs(path.points[:, 2] - path.sheet) > least
    chosen = np.zeros(len(gap), bool)
    chosen[:: max(1, len(gap) // (4 * every))] = True
    chosen[: 2 * every : 2] = True  # the start moves fastest
    chosen[-1:] = True
    pick = np.nonzero(gap & chosen & np.isfinite(path.sheet))[0]
    foot = path.points[pick].copy()
    foot[:, 2] = path.sheet[pick]
    return np.stack([foot, path.points[pick]], 1).reshape(-1, 3)
