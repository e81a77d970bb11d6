"""The views, in the order of the View menu. A new view is a file in this folder and one line here."""

from explorer.views.base import View
from explorer.views.contour import ContourView
from explorer.views.curves import LossCurve
from explorer.views.layers import LayersView
from explorer.views.slice import SliceView
from explorer.views.spectrum import SpectrumView
from explorer.views.surface3d import SurfaceView
from explorer.views.trust import TrustView

VIEWS: dict[str, type[View]] = {
    view.name: view for view in (ContourView, SurfaceView, LossCurve, TrustView, SliceView, SpectrumView, LayersView)
}

__all__ = [
    "VIEWS",
    "ContourView",
    "LayersView",
    "LossCurve",
    "SliceView",
    "SpectrumView",
    "SurfaceView",
    "TrustView",
    "View",
]
