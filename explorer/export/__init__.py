"""Pictures and films, drawn by the same views as the window's. What there is to be drawn is known without Qt."""

from explorer.views import VIEWS

KINDS = (*VIEWS, "both")
LARGEST = 8192  # pixels on a side
