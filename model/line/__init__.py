"""Lines: the loss along one direction of parameter space, and the barrier on the way between two vectors.

A line holds the vectors θ = origin + t·direction. Along it the loss is computed in float64, for its numbers are read.
"""

from model.line.kinds import (
    LINES,
    AlongEigenvector,
    AlongGradient,
    AlongParameter,
    AlongStep,
    BetweenStates,
    Ensemble,
    LineKind,
    LocalLine,
)  # fmt: skip
from model.line.line import Line, Parabola, Profile, barrier, between, profile, quadratic

__all__ = [
    "LINES", "AlongEigenvector", "AlongGradient", "AlongParameter", "AlongStep", "BetweenStates", "Ensemble", "Line",
    "LineKind", "LocalLine", "Parabola", "Profile", "barrier", "between", "profile", "quadratic",
]  # fmt: skip
