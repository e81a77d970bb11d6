"""Honesty: how far the picture of a plane may be trusted, in figures and in one plain sentence.

The path lies in all P dimensions, the picture in two. Under each state θ lies the point of the plane that is nearest to
it, and the sheet that is drawn has the loss of that point, not of θ. The difference is the gap. A large share of the
path's variance in the plane does not make it small: even a random walk has 76 % of its own in its best plane.
"""

from model.honesty.gaps import Gaps, compared
from model.honesty.trust import Trust, judge, trust
from model.honesty.variance import explained, inside, random_walk

__all__ = ["Gaps", "Trust", "compared", "explained", "inside", "judge", "random_walk", "trust"]
