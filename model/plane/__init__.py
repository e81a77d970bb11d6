"""Planes: two directions through a point of parameter space, on which the loss is drawn, and ways to choose them."""

from model.objective import Bounds
from model.plane.chance import CHANCE, RandomNormalized, filter_normalized, is_weight
from model.plane.course import HALFWAY, NEWEST, Course, within_float32
from model.plane.kind import PlaneKind, signed, spanned
from model.plane.local import LOCAL, Curvature, LocalKind, Momentum, Steepest, curved, gradient_at
from model.plane.parameters import PARAMETERS, TwoParameters
from model.plane.path import STATES, Ends, Principal, ThreeStates
from model.plane.plane import UNIT, Plane, bounds_around, differ, square, unit, whole_plane

# Each file ends with those that it defines.
PLANES: tuple[type[PlaneKind], ...] = (Principal, *CHANCE, *PARAMETERS, *LOCAL, *STATES)

__all__ = [
    "HALFWAY", "NEWEST", "PLANES", "UNIT", "Bounds", "Course", "Curvature", "Ends", "LocalKind", "Momentum",
    "Plane", "PlaneKind", "Principal", "RandomNormalized", "Steepest", "ThreeStates", "TwoParameters",
    "bounds_around", "curved", "differ", "filter_normalized", "gradient_at", "is_weight", "signed", "spanned", "square",
    "unit", "whole_plane", "within_float32",
]  # fmt: skip
