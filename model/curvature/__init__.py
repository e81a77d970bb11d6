"""Curvature: what the Hessian H of the loss says about a point, from exact products H·v.

The largest eigenvalue λ_max is the curvature of the steepest-walled direction, which decides how large a step may be:
gradient descent on a quadratic is stable for η < 2/λ_max. The smallest, λ_min, says whether some direction still goes
down where the gradient has gone.
"""

from model.curvature.ends import Extremes, extremes
from model.curvature.matrix import DENSE, MOST, Trace, eigenpairs, hessian, spectrum, trace
from model.curvature.outlook import Forecast, forecast
from model.curvature.points import Point, critical

__all__ = [
    "DENSE", "MOST", "Extremes", "Forecast", "Point", "Trace", "critical", "eigenpairs", "extremes", "forecast",
    "hessian", "spectrum", "trace",
]  # fmt: skip
