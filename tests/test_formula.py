"""Formulas against Python's own arithmetic, their derivatives against differences, and what is refused, by column."""

from __future__ import annotations

import cmath
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from model import SettingError
from model.formula import Formula, parse
from model.formula.expression import ELEMENTARY, Program
from model.formula.parser import DEEPEST, LONGEST
from model.functions import TypedFormula

NAMES = [function.name for function in ELEMENTARY]

# Texts without more parentheses than they happen to have: who binds stronger is what is compared. Python has the same
# rules for ** and signs.
leaves = st.sampled_from(["x", "y", "pi", "e", "2", "3.", ".5", "1e-3", "0.25", "7"])
texts = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "^", " ** ", " - "]), inner).map("".join),
        st.tuples(st.sampled_from(["-", "+"]), inner).map("".join),
        inner.map("({})".format),
        st.tuples(st.sampled_from(NAMES), inner).map(lambda call: f"{call[0]}({call[1]})"),
    ),
    max_leaves=10,
)
coordinates = st.floats(0.3, 1.7) | st.floats(-1.7, -0.3)


def by_python(text: str, x: float, y: float) -> float:
    """What Python makes of it, with every number one of NumPy's."""
    spelled = re.sub(r"\b[0-9]+\.?[0-9]*(e-[0-9]+)?|\.[0-9]+", r"number(\g<0>)", text.replace("^", "**"))
    known: dict[str, Any] = {name: getattr(np, name, None) for name in NAMES}
    known |= dict(asin=np.arcsin, acos=np.arccos, atan=np.arctan, ln=np.log, number=np.float64)
    known |= dict(pi=np.float64(math.pi), e=np.float64(math.e), x=np.float64(x), y=np.float64(y))
    with np.errstate(all="ignore"):
        return float(eval(spelled, {"__builtins__": {}}, known))


@given(texts, coordinates, coordinates)
@example("-x^2", 1.5, 1.0)
@example("2^-x^2^y", 1.5, 0.5)
@example("9^9^9^9/x", 1.0, 1.0)
def test_value_is_python_s(text: str, x: float, y: float) -> None:
    np.testing.assert_array_equal(Formula(text).at(x, y)[0], by_python(text, x, y))


def slope(function: Any, at: float) -> float:
    """f′ by central differences and one step of extrapolation, where two widths agree; else the example is given up."""
    wide, narrow = ((function(at + h) - function(at - h)) / (2 * h) for h in (2e-4, 1e-4))
    assume(math.isfinite(wide) and math.isfinite(narrow))
    assume(abs(wide - narrow) <= 1e-5 * (1.0 + abs(narrow)))
    return float(narrow + (narrow - wide) / 3.0)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(texts, coordinates, coordinates)
@example("x^3*y^2", 0.5, -1.5)
@example("(-2)^x", 0.5, 1.0)
@example("abs(x)^y", -0.7, 1.3)
def test_first_derivatives(text: str, x: float, y: float) -> None:
    assume(abs(by_python(text, x, y)) < 1e3)  # or differences round away what they are to show
    _, by_x, by_y = Formula(text).at(x, y)
    assume(math.isfinite(by_x) and math.isfinite(by_y))  # √u at a u that happens to be 0
    assert by_x == pytest.approx(slope(lambda x: by_python(text, x, y), x), rel=1e-4, abs=1e-4)
    assert by_y == pytest.approx(slope(lambda y: by_python(text, x, y), y), rel=1e-4, abs=1e-4)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(texts, coordinates, coordinates)
@example("x^3*y^2 + exp(x*y)", 0.5, -1.5)
@example("x^y", 0.7, 1.3)
def test_second_derivatives(text: str, x: float, y: float) -> None:
    formula = Formula(text)
    assume(all(abs(number) < 1e3 for number in formula.at(x, y)))
    hessian = formula.hessian(x, y)
    assume(np.isfinite(hessian).all())
    for column in (0, 1):
        by_x = slope(lambda x, k=column: formula.at(x, y)[1 + k], x)
        by_y = slope(lambda y, k=column: formula.at(x, y)[1 + k], y)
        np.testing.assert_allclose(hessian[:, column], [by_x, by_y], rtol=1e-4, atol=1e-4)


def test_derivatives_by_hand() -> None:
    """x³y² + e^{xy}: finite everywhere, so nothing can be given up."""
    x, y = np.meshgrid(np.linspace(-2, 2, 5), np.linspace(-2, 2, 5))
    formula, exp = Formula("x^3*y^2 + exp(x*y)"), np.exp(x * y)
    gradient = [3 * x**2 * y**2 + y * exp, 2 * x**3 * y + x * exp]
    mixed = 6 * x**2 * y + (1 + x * y) * exp
    hessian = [[6 * x * y**2 + y**2 * exp, mixed], [mixed, 2 * x**3 + x**2 * exp]]
    np.testing.assert_allclose(formula.gradient(x, y), gradient, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(formula.hessian(x, y), hessian, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(
    ("text", "expected"),  # at x = 2, y = 3
    [
        ("-x^2", -4.0), ("(-x)^2", 4.0), ("2^3^2", 512.0), ("(2^3)^2", 64.0), ("2^-x", 0.25), ("2^-x*y", 0.75),
        ("-2^-x", -0.25), ("10 - 4 - 3", 3.0), ("16/4/2", 2.0), ("12/4*3", 9.0), ("2 + 3*x^2", 14.0), ("x*-y", -6.0),
        ("x - -y", 5.0), ("x--y", 5.0), ("+x", 2.0), ("- + -x", 2.0), ("x**y", 8.0), ("x ^ y", 8.0), ("x−y", -1.0),
        ("x·y", 6.0), ("x×y", 6.0), ("−x", -2.0), (".5*x", 1.0), ("1.e1", 10.0), ("1e-3", 0.001), ("2.5E+2", 250.0),
        ("((x))", 2.0), ("\tx\n+ y ", 5.0), ("abs(-x)", 2.0), ("ln(exp(y))", 3.0), ("sign(-y)", -1.0), ("e^0", 1.0),
        ("cos(π)", -1.0), ("cos(pi)", -1.0), ("sqrt(x*8)", 4.0), ("-x^2^0.5*y", -3.0 * 2.0**2.0**0.5),
    ],
)  # fmt: skip
def test_who_binds_stronger(text: str, expected: float) -> None:
    assert Formula(text).at(2.0, 3.0)[0] == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("abs", "sign")])
def test_elementary_function(name: str) -> None:
    """Its derivative is Im f(u + ih)/h, which loses no digit (Squire & Trapp 1998), by the standard library's f."""
    function, formula = getattr(cmath, "log" if name == "ln" else name), Formula(f"{name}(x)")
    for u in (0.1, 0.45, 0.9):
        value, by_x, by_y = formula.at(u, 0.0)
        assert value == pytest.approx(function(u).real, rel=1e-14)
        assert by_x == pytest.approx(function(complex(u, 1e-20)).imag / 1e-20, rel=1e-13)
        assert by_y == 0.0


def test_abs_and_sign() -> None:
    """The slope of abs is sign, 0 at 0; that of sign is 0."""
    x = np.array([-2.0, 0.0, 3.0])
    np.testing.assert_array_equal(Formula("abs(x)").gradient(x, x), [[-1.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(Formula("sign(x)").value(x, x), [-1.0, 0.0, 1.0])
    np.testing.assert_array_equal(Formula("sign(x)").gradient(x, x), np.zeros((2, 3)))


def test_powers_of_what_is_not_positive() -> None:
    """u^n with a constant n never takes a logarithm: d(x³)/dx = 3x² at −2 and 0."""
    x = np.array([-2.0, 0.0, 2.0])
    np.testing.assert_array_equal(Formula("x^3").gradient(x, x)[0], [12.0, 0.0, 12.0])
    np.testing.assert_array_equal(Formula("x^3").hessian(x, x)[0, 0], [-12.0, 0.0, 12.0])
    np.testing.assert_array_equal(Formula("x^1 + x^0").gradient(x, x)[0], [1.0, 1.0, 1.0])
    assert Formula("y^x").at(3.0, -2.0)[2] == 12.0


def test_shapes() -> None:
    x, y = np.linspace(-1, 1, 3)[:, None], np.linspace(0, 2, 4)
    for text in ("x*y", "x", "3", "1/0"):
        formula = Formula(text)
        assert formula.value(x, y).shape == (3, 4)
        assert formula.gradient(x, y).shape == (2, 3, 4)
        assert formula.hessian(x, y).shape == (2, 2, 3, 4)
    np.testing.assert_array_equal(Formula("x*y").value(x, y), x * y)
    np.testing.assert_array_equal(Formula("x/2").value(np.array([1, 2]), np.array(0)), [0.5, 1.0])


@pytest.mark.parametrize("text", ["x^y - log(x)", "tanh(x*y)/sqrt(y)", "abs(x - y)^3", "asin(x)*atan(y) + e^-x"])
def test_arrays_are_the_single_points(text: str) -> None:
    formula, points = Formula(text), np.random.default_rng(0).uniform(0.1, 0.9, (2, 30))
    singly = np.array([formula.at(x, y) for x, y in points.T]).T
    np.testing.assert_allclose(formula.value(*points), singly[0], rtol=1e-11)
    np.testing.assert_allclose(formula.gradient(*points), singly[1:], rtol=1e-11)


def test_values_are_nobody_else_s() -> None:
    x = np.zeros(3)
    value = Formula("x").value(x, x)
    value += 1.0
    assert not x.any()


def test_constants() -> None:
    formula = Formula("(x^2 + k*y^2)/κ", {"k": 10.0, "κ": 2.0})
    assert formula.at(1.0, 2.0) == (20.5, 1.0, 20.0)
    with pytest.raises(SettingError, match=r"column 8: x, y, pi, π, e, sin, .*not 'k'"):
        parse("(x^2 + k*y^2)")


OPERAND = "a number, a name or an opening parenthesis"


@pytest.mark.parametrize(
    ("text", "column", "wanted"),
    [
        ("x + (y", 7, "a closing parenthesis"),
        ("sin(x", 6, "a closing parenthesis"),
        ("x +", 4, OPERAND),
        ("x + * y", 5, OPERAND),
        ("x^", 3, OPERAND),
        ("*x", 1, OPERAND),
        ("()", 2, OPERAND),
        ("sin()", 5, OPERAND),
        ("x)", 2, "an operator or the end, not ')'"),
        ("x y", 3, "an operator (write * to multiply), not 'y'"),
        ("2x", 2, "an operator (write * to multiply), not 'x'"),
        ("2 (x)", 3, "an operator (write * to multiply), not '('"),
        ("x(y)", 2, "an operator (write * to multiply), not '('"),
        ("(x)(y)", 4, "an operator (write * to multiply), not '('"),
        ("(x y)", 4, "an operator (write * to multiply), not 'y'"),
        ("1.2.3", 4, "an operator (write * to multiply), not '.3'"),
        ("1e", 2, "an operator (write * to multiply), not 'e'"),
        ("1_000", 2, "an operator (write * to multiply), not '_000'"),
        ("x $ y", 3, "an operator or the end, not '$'"),
        ("x,y", 2, "an operator or the end, not ','"),
        ("x²", 2, "an operator or the end, not '²'"),
        ("$", 1, OPERAND + ", not '$'"),
        ("sin x", 5, "an opening parenthesis after sin, not 'x'"),
        ("x + cos", 8, "an opening parenthesis after cos"),
        ("x + sinn(y)", 5, "x, y, pi, π, e, sin, cos"),
        ("X", 1, "not 'X' (did you mean x?)"),
        ("x + sinn(y)", 5, "not 'sinn' (did you mean sin?)"),
        ("Exp(x)", 1, "not 'Exp' (did you mean exp?)"),
        ("pow(x, 2)", 1, "not 'pow'"),
        ("x + 1e400", 5, "a number up to 1.8e308, not '1e400'"),
    ],
)
def test_what_is_refused_and_where(text: str, column: int, wanted: str) -> None:
    with pytest.raises(SettingError) as caught:
        parse(text)
    assert caught.value.field == "formula" and caught.value.given == text
    assert caught.value.allowed.startswith(f"column {column}: ")
    assert wanted in caught.value.allowed


def test_the_whole_line() -> None:
    with pytest.raises(SettingError) as caught:
        parse("x + (y")
    assert str(caught.value) == "formula: 'x + (y' given; allowed: column 7: a closing parenthesis"


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_nothing_is_no_formula(text: str) -> None:
    with pytest.raises(SettingError, match=r"allowed: a formula in x and y"):
        parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "x.__class__", "lambda: 0", "x if y else 1", "x; y", "x = 1", "[x]", "{x}", "x == y", "'x'",
        "x // y", "x % y", "~x", "x @ y", "exec(x)", "eval(x)", "0x10", "1j", "True", "x and y", "x[0]", "# x", "\x00",
        "\ud800", "x\\", "sin.x", "x...y", "print(x)", "x := 1", "inf", "nan",
    ],
)  # fmt: skip
def test_nothing_of_python_is_read(text: str) -> None:
    with pytest.raises(SettingError):
        parse(text)


@given(st.text() | st.text(alphabet="xy12.e+-*/^() sincopt", max_size=30))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        Formula(text).hessian(0.5, 0.25)
    except SettingError as error:
        assert error.field == "formula"
        assert str(error).isprintable()


def nested(opening: str, closing: str, depth: int) -> str:
    return opening * depth + "x" + closing * depth


NESTS = [("(", ")"), ("-", ""), ("abs(", ")"), ("x^", ""), ("1+(", ")"), ("1-2*(", ")")]


@pytest.mark.parametrize(("opening", "closing"), NESTS)
def test_nested_as_deep_as_is_allowed(opening: str, closing: str) -> None:
    formula = Formula(nested(opening, closing, DEEPEST))
    assert np.isfinite(formula.hessian(0.5, 0.5)).all()
    with pytest.raises(SettingError, match=rf"column {len(opening) * (DEEPEST + 1) + 1}: at most {DEEPEST} "):
        parse(nested(opening, closing, DEEPEST + 1))


@pytest.mark.parametrize(("opening", "closing"), NESTS)
def test_nested_far_too_deep(opening: str, closing: str) -> None:
    with pytest.raises(SettingError, match=r"at most 1,000 characters; these are"):
        parse(nested(opening, closing, 10_000))
    with pytest.raises(SettingError, match=f"at most {DEEPEST} "):
        parse(opening * 160)


def test_long_is_shown_around_the_column() -> None:
    text = "x+" * 300 + "zebra" + "+y" * 150
    with pytest.raises(SettingError) as caught:
        parse(text)
    assert "column 601: " in caught.value.allowed
    assert "zebra" in str(caught.value.given) and len(str(caught.value.given)) < 60


def test_as_long_as_is_allowed() -> None:
    text = "x+" * (LONGEST // 2 - 1) + "x "
    assert len(text) == LONGEST
    assert Formula(text).at(1.0, 0.0) == (LONGEST / 2, LONGEST / 2, 0.0)
    with pytest.raises(SettingError, match=r"at most 1,000 characters; these are 1,001"):
        parse(text + " ")


def test_long_products_by_hand() -> None:
    """x⁴⁹⁹ as a product, and x/y/x/y/.../x = x⁻²⁴⁸ y⁻²⁴⁹: their derivatives by the rules for powers."""
    np.testing.assert_allclose(Formula("*".join("x" * 499)).hessian(1.0, 1.0), [[499 * 498, 0], [0, 0]], rtol=1e-12)
    formula, n = Formula("/".join("xy" * 250)[:-2]), 248
    x, y = 1.01, 0.99
    value = x**-n * y ** -(n + 1)
    assert formula.at(x, y)[0] == pytest.approx(value, rel=1e-12)
    mixed = n * (n + 1) * value / (x * y)
    expected = [[n * (n + 1) * value / x**2, mixed], [mixed, (n + 1) * (n + 2) * value / y**2]]
    np.testing.assert_allclose(formula.hessian(x, y), expected, rtol=1e-11)


@pytest.mark.parametrize(
    "text",
    [
        "*".join(["x"] * 499), "*".join(["x^y"] * 249), "/".join(["x", "y"] * 249), "*".join(["tan(x)"] * 142),
        nested("sin(", ")", DEEPEST - 1).replace("x", "*".join("xy" * 180)), "+".join(["x^x^x"] * 166),
        "*".join(["asin(x/y)"] * 99),
    ],
)  # fmt: skip
def test_second_derivatives_stay_small(text: str) -> None:
    """Linear in the formula's length. Written out as trees they would be some thousand times as long, and slow."""
    assert len(text) <= LONGEST
    formula = parse(text)
    slopes = [formula.derivative(name) for name in "xy"]
    curvatures = [slope.derivative(name) for slope in slopes for name in "xy"]
    assert len(Program(formula, *slopes, *curvatures).steps) < 25 * len(text)


def test_what_occurs_twice_is_done_once() -> None:
    assert len(Program(parse("sin(x*y)^2 + sin(x*y) + cos(2)")).steps) == 5  # x·y, sin, ², +, +


@pytest.mark.parametrize(
    ("text", "expected"),  # at x = 0
    [
        ("1/x", np.inf), ("-1/x", -np.inf), ("x/x", np.nan), ("log(x)", -np.inf), ("log(x - 1)", np.nan),
        ("sqrt(x - 1)", np.nan), ("asin(x + 2)", np.nan), ("(x - 8)^(1/3)", np.nan), ("exp(x + 1000)", np.inf),
        ("10^(x + 400)", np.inf), ("1/0", np.inf), ("0/0", np.nan), ("0/0*x", np.nan), ("0*log(x)", np.nan),
        ("9^9^9^9", np.inf), ("9^9^9^9 - 9^9^9^9", np.nan), ("exp(exp(exp(exp(9))))", np.inf), ("(-8)^0.5", np.nan),
    ],
)  # fmt: skip
def test_holes_are_silent(text: str, expected: float) -> None:
    """Warnings are errors here."""
    formula = Formula(text)
    np.testing.assert_array_equal(formula.at(0.0, 0.0)[0], expected)
    np.testing.assert_array_equal(formula.value(np.zeros(3), np.zeros(3)), np.full(3, expected))
    formula.gradient(np.zeros(3), np.zeros(3))
    formula.hessian(np.zeros(3), np.zeros(3))


@pytest.mark.parametrize(
    ("text", "x", "y", "gradient", "hessian"),
    [
        ("x^y + y", 0.0, 2.0, [0.0, 1.0], [[2.0, 0.0], [0.0, 0.0]]),
        ("x^y + y^2 + 3*x", 0.0, 3.0, [3.0, 6.0], [[0.0, 0.0], [0.0, 2.0]]),
        ("(x*y)^y + x*y", 0.0, 2.0, [2.0, 0.0], [[8.0, 1.0], [1.0, 0.0]]),
        ("x^(y + 1) - 5*y^2", 0.0, 2.0, [0.0, -20.0], [[0.0, 0.0], [0.0, -10.0]]),
        ("(x^2)^y + sin(y)", 0.0, 2.0, [0.0, math.cos(2.0)], [[0.0, 0.0], [0.0, -math.sin(2.0)]]),
    ],
)
def test_a_power_of_zero_leaves_the_other_terms_alone(
    text: str, x: float, y: float, gradient: list[float], hessian: list[list[float]]
) -> None:
    """∂(x^y)/∂y = x^y·log x → 0 as x → 0, and so do all that contain the logarithm, if y is large enough."""
    formula = Formula(text)
    np.testing.assert_allclose(formula.at(x, y)[1:], gradient, atol=1e-15)
    np.testing.assert_allclose(formula.gradient(np.array(x), np.array(y)), gradient, atol=1e-15)
    np.testing.assert_allclose(formula.hessian(np.array(x), np.array(y)), hessian, atol=1e-15)


def test_a_slope_that_does_not_exist_leaves_the_others_alone() -> None:
    objective = TypedFormula(text="sqrt(x^2) + 3*x + y^2").objective
    np.testing.assert_array_equal(objective.loss_and_gradient(np.array([0.0, 2.0]))[1], [3.0, 4.0])
