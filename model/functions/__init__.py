"""Analytic objectives: functions of x and y in which one difficulty of descending can be seen by itself.

Each is an entry of `FUNCTIONS`: its formula, the region worth drawing, its minima and where the descent starts. Most
are test functions of the literature; Jamil & Yang (2013, Int. J. Math. Modelling and Num. Optimisation 4, 150) list
them with their sources.
"""

from __future__ import annotations

import math
from typing import Annotated

from model.functions.analytic import Analytic, Function, Minimum, StartX, StartY
from model.settings import SettingError, setting

__all__ = ["FUNCTIONS", "Analytic", "Function", "Minimum"]


class Bowl(Function, frozen=True, tag="bowl"):
    """½(x² + y²), the model of every well-conditioned minimum, at (0, 0).

    Teaches: the negative gradient points to the minimum, and the error shrinks by the factor |1 − η| in a step.
    """

    caption = "Bowl"
    formula = "(x^2 + y^2)/2"
    region = ((-3.0, 3.0), (-3.0, 3.0))
    minima = ((0.0, 0.0, 0.0),)

    x: StartX = 2.5
    y: StartY = 1.5


class Ravine(Function, frozen=True, tag="ravine"):
    """½(x² + κy²) with its minimum at (0, 0) (Boyd & Vandenberghe, Convex Optimization, 2004, §9.3.2).

    Teaches: the steep direction limits the learning rate to 2/κ while the flat one needs κ times as many steps, unless
    momentum helps.
    """

    caption = "Ravine"
    formula = "(x^2 + condition*y^2)/2"
    region = ((-3.0, 3.0), (-1.5, 1.5))
    minima = ((0.0, 0.0, 0.0),)

    x: StartX = -2.5
    y: StartY = 1.0
    condition: Annotated[
        float,
        setting(
            "Condition number κ", "largest over smallest curvature", ge=1, le=1e6, slider=(1, 1000), effect="structure"
        ),
    ] = 20.0


class Saddle(Function, frozen=True, tag="saddle"):
    """½(x² − y²), stationary at (0, 0) and without a minimum (Dauphin et al. 2014, on saddles of networks).

    Teaches: near a saddle a descent lingers; the smallest part along the falling direction grows until it escapes.
    """

    caption = "Saddle"
    formula = "(x^2 - y^2)/2"
    region = ((-2.0, 2.0), (-2.0, 2.0))
    minima = ()

    x: StartX = 1.8
    y: StartY = 0.001


class MonkeySaddle(Function, frozen=True, tag="monkey-saddle"):
    """x³ − 3xy², stationary at (0, 0), where its Hessian is 0 (Hilbert & Cohn-Vossen, Anschauliche Geometrie, 1932).

    Teaches: where all curvatures vanish, second derivatives tell nothing and a descent slows down more than any saddle
    makes it.
    """

    caption = "Monkey saddle"
    formula = "x^3 - 3*x*y^2"
    region = ((-1.5, 1.5), (-1.5, 1.5))
    minima = ()

    x: StartX = 1.0
    y: StartY = 0.01


class Rosenbrock(Function, frozen=True, tag="rosenbrock"):
    """(1 − x)² + b(y − x²)² with its minimum at (1, 1) (Rosenbrock 1960, whose start and b = 100 these are).

    Teaches: finding a curved valley is easy, following its floor is slow.
    """

    caption = "Rosenbrock's banana"
    formula = "(1 - x)^2 + b*(y - x^2)^2"
    region = ((-2.0, 2.0), (-1.0, 3.0))
    minima = ((1.0, 1.0, 0.0),)

    x: StartX = -1.2
    y: StartY = 1.0
    b: Annotated[
        float, setting("Steepness b", "of the valley's walls", gt=0, le=1e6, slider=(1, 1000), effect="structure")
    ] = 100.0


class Himmelblau(Function, frozen=True, tag="himmelblau"):
    """(x² + y − 11)² + (x + y² − 7)² (Himmelblau, Applied Nonlinear Programming, 1972), 0 at (3, 2) and three others.

    Inserting y = 11 − x² gives the others: the roots x of x³ + 3x² − 13x − 38.
    Teaches: which of equally good minima is found is decided by the start.
    """

    caption = "Himmelblau"
    formula = "(x^2 + y - 11)^2 + (x + y^2 - 7)^2"
    region = ((-6.0, 6.0), (-6.0, 6.0))
    minima = (
        (3.0, 2.0, 0.0),
        (-2.8051180869527449, 3.1313125182505730, 0.0),
        (-3.7793102533777469, -3.2831859912861694, 0.0),
        (3.5844283403304917, -1.8481265269644036, 0.0),
    )

    x: StartX = 0.0
    y: StartY = 0.0


class Beale(Function, frozen=True, tag="beale"):
    """(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)² with its minimum 0 at (3, 0.5) (Beale 1958).

    Teaches: one learning rate cannot suit cliffs at the rim, more than 10⁵ high, and the flat floor between them.
    """

    caption = "Beale"
    formula = "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2"
    region = ((-4.5, 4.5), (-4.5, 4.5))
    minima = ((3.0, 0.5, 0.0),)

    x: StartX = 1.0
    y: StartY = 1.0


class Booth(Function, frozen=True, tag="booth"):
    """(x + 2y − 7)² + (2x + y − 5)² with its minimum 0 at (1, 3) (Jamil & Yang 2013).

    Teaches: least squares of two linear equations is a bowl with oblique axes, of curvatures 2 and 18.
    """

    caption = "Booth"
    formula = "(x + 2*y - 7)^2 + (2*x + y - 5)^2"
    region = ((-10.0, 10.0), (-10.0, 10.0))
    minima = ((1.0, 3.0, 0.0),)

    x: StartX = -8.0
    y: StartY = -5.0


class Rastrigin(Function, frozen=True, tag="rastrigin"):
    """20 + x² + y² − 10(cos 2πx + cos 2πy) (Rastrigin 1974), 0 at (0, 0), a local minimum near other pairs of integers.

    Of these minima only the lowest is stated. Teaches: a descent ends in the nearest dip, whatever lies beyond.
    """

    caption = "Rastrigin"
    formula = "20 + x^2 + y^2 - 10*(cos(2*pi*x) + cos(2*pi*y))"
    region = ((-5.12, 5.12), (-5.12, 5.12))
    minima = ((0.0, 0.0, 0.0),)

    x: StartX = 2.3
    y: StartY = -1.6


class Ackley(Function, frozen=True, tag="ackley"):
    """20 + e − 20·exp(−0.2·√(½(x² + y²))) − exp(½(cos 2πx + cos 2πy)) (Ackley 1987), 0 at (0, 0), the tip of a cone.

    There no gradient exists, and 0 is taken. Of the local minima only the lowest is stated.
    Teaches: dents everywhere on a plain hide the funnel in the middle, unless momentum carries a descent across them.
    """

    caption = "Ackley"
    formula = "20 + e - 20*exp(-0.2*sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2)"
    region = ((-5.0, 5.0), (-5.0, 5.0))
    minima = ((0.0, 0.0, 0.0),)

    x: StartX = 3.3
    y: StartY = 2.4


_LOW, _HIGH = -2.9035340277711771, 2.7468027709908370  # the outer roots t of 4t³ − 32t + 5; the middle one is a maximum
_LOWEST, _HIGHER = -39.166165703771415, -25.029446655283943  # ½(t⁴ − 16t² + 5t) there


class StyblinskiTang(Function, frozen=True, tag="styblinski-tang"):
    """½(x⁴ − 16x² + 5x + y⁴ − 16y² + 5y) (Styblinski & Tang 1990), four minima, the lowest at (−2.9035, −2.9035).

    Teaches: minima differ, and a descent cannot know that the next valley is deeper.
    """

    caption = "Styblinski–Tang"
    formula = "(x^4 - 16*x^2 + 5*x + y^4 - 16*y^2 + 5*y)/2"
    region = ((-5.0, 5.0), (-5.0, 5.0))
    minima = (
        (_LOW, _LOW, 2.0 * _LOWEST),
        (_LOW, _HIGH, _LOWEST + _HIGHER),
        (_HIGH, _LOW, _LOWEST + _HIGHER),
        (_HIGH, _HIGH, 2.0 * _HIGHER),
    )

    x: StartX = 0.3
    y: StartY = 0.0


_CAMEL = math.sqrt(2.1 + math.sqrt(0.91))  # the largest root x of x⁴ − 4.2x² + 3.5, where y = −x/2 is stationary


class ThreeHumpCamel(Function, frozen=True, tag="three-hump-camel"):
    """2x² − 1.05x⁴ + x⁶/6 + xy + y² (Branin 1972): 0 at (0, 0), 0.29864 at two higher minima ±(1.7476, −0.8738).

    Teaches: three basins side by side, of which momentum may leave the higher ones.
    """

    caption = "Three-hump camel"
    formula = "2*x^2 - 1.05*x^4 + x^6/6 + x*y + y^2"
    region = ((-2.5, 2.5), (-2.5, 2.5))
    minima = (
        (0.0, 0.0, 0.0),
        (_CAMEL, -_CAMEL / 2.0, 0.29863844223685982),
        (-_CAMEL, _CAMEL / 2.0, 0.29863844223685982),
    )

    x: StartX = -2.0
    y: StartY = -1.5


class Plateau(Function, frozen=True, tag="plateau"):
    """1 − exp(−½(x² + y²)), a Gaussian well with its minimum 0 at (0, 0) in a plain of height 1.

    Teaches: far out the gradient vanishes though the loss is high, as that of a saturated unit does; steps that are
    normalised by its size (Adam, RMSProp) still walk.
    """

    caption = "Plateau with a well"
    formula = "1 - exp(-(x^2 + y^2)/2)"
    region = ((-5.0, 5.0), (-5.0, 5.0))
    minima = ((0.0, 0.0, 0.0),)

    x: StartX = 3.0
    y: StartY = 2.0


class TypedFormula(Function, frozen=True, tag="formula"):
    """A formula that somebody typed. Nothing is known of its minima. Teaches: whatever you ask it.

    Raises `SettingError` for `text`, with the column, unless it can be read; and unless it is finite at the start.
    """

    caption = "Formula"
    region = ((-5.0, 5.0), (-5.0, 5.0))
    minima = ()

    x: StartX = 2.5
    y: StartY = 2.0
    text: Annotated[
        str,
        setting(
            "Formula",
            "in x, y, pi and e, with + - * / ^ and sin, cos, tan, exp, log, sqrt, abs, tanh and others",
            effect="structure",
        ),
    ] = "(x^2 + y^2)/10 + sin(2*x)*cos(y)"

    @property
    def formula(self) -> str:
        return self.text

    def __post_init__(self) -> None:
        super().__post_init__()
        try:
            value = self.objective.formula.at(self.x, self.y)[0]
        except SettingError as error:
            raise SettingError("text", error.given, error.allowed) from None
        if not math.isfinite(value):
            allowed = f"a formula that is finite at the start, x = {self.x:g}, y = {self.y:g}; there it is {value:g}"
            raise SettingError("text", self.text, allowed)


FUNCTIONS: tuple[type[Function], ...] = (
    Bowl, Ravine, Saddle, MonkeySaddle, Rosenbrock, Himmelblau, Beale, Booth, Rastrigin, Ackley, StyblinskiTang,
    ThreeHumpCamel, Plateau, TypedFormula,
)  # fmt: skip
