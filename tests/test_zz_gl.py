import sys
import numpy as np, pytest
from tests import test_views as tv
from tests.test_views import open_view, base, cases, pixels, SIZE
from pyqtgraph import opengl
@pytest.mark.parametrize("before", [*tv.CASES])
def test_it(open_view, cases, before):
    fresh, used = open_view("surface"), open_view("surface")
    case = cases["holes only"]
    fresh.show_frame(case); e = pixels(fresh.picture())
    used.show_frame(cases[before]); used.picture(); used.show_frame(case)
    u = pixels(used.picture())
    print(before, (u!=e).any(-1).sum())
    if (u!=e).any():
        from PySide6.QtGui import QImage
        used.picture().save("/tmp/scratch_tests/used.png"); fresh.picture().save("/tmp/scratch_tests/fresh.png")
        u2 = pixels(used.picture()); e2 = pixels(fresh.picture())
        print("  again: used same", (u2==u).all(), "fresh same", (e2==e).all())
