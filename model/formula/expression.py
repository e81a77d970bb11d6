"""Expressions: graphs of shared nodes, differentiated exactly and evaluated as a list of operations.

Derivatives follow from the chain rule, ∂f/∂x = Σᵢ ∂f/∂uᵢ · ∂uᵢ/∂x over the operands uᵢ of a node. Because nodes are
shared, a derivative stays of the size of the formula (Griewank & Walther, Evaluating Derivatives, 2008, ch. 3).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

VARIABLES = ("x", "y")


@dataclass(frozen=True, eq=False, slots=True)
class Expression:
    """A node of a formula's graph: a number, a variable, or an operation on other nodes. Compared by identity.

    Its arithmetic simplifies what is plain: 0 + u, 0·u, 1·u, u/1, u⁰, u¹, and operations on numbers alone. So a
    derivative may be finite where the formula is not: d(0·log x)/dx is 0 everywhere.
    """

    operation: str
    operands: tuple[Expression, ...] = field(default=(), repr=False)
    value: Any = None
    steep: bool = False  # whether it may be infinite where its operands are not

    def derivative(self, variable: str) -> Expression:
        """∂/∂variable, by the chain rule: the sum of each operand's derivative times the partial by that operand."""
        slopes: dict[Expression, Expression] = {}
        for node in in_order(self):
            slope = ONE if node.operation == variable else ZERO
            for index, inner in enumerate(node.operands):
                partial = OPERATIONS[node.operation].partials[index](node, *node.operands)
                slope += slopes[inner].times(partial)  # 0 times it is dropped: x^2 never takes the logarithm of x
            slopes[node] = slope
        return slopes[self]

    def equals(self, number: float) -> bool:
        return self.operation == "number" and bool(self.value == number)

    def __add__(self, other: Expression) -> Expression:
        return other if self.equals(0.0) else self if other.equals(0.0) else apply("+", self, other)

    def __sub__(self, other: Expression) -> Expression:
        return self if other.equals(0.0) else apply("-", self, other)

    def __neg__(self) -> Expression:
        return apply("negative", self)

    def __mul__(self, other: Expression) -> Expression:
        if self.equals(0.0) or other.equals(0.0):
            return ZERO
        return other if self.equals(1.0) else self if other.equals(1.0) else apply("*", self, other)

    def times(self, other: Expression) -> Expression:
        """The product in a chain of derivatives: what is 0 stays so, be the rest of the chain infinite.

        ∂(x^y)/∂y = x^y·log x is 0 at x = 0, and that of √x² has its two slopes' mean there, as |x| has.
        """
        product = self * other
        if product.operation == "*" and product.steep:
            return Expression("chained", product.operands, steep=True)
        return product

    def __truediv__(self, other: Expression) -> Expression:
        return ZERO if self.equals(0.0) else self if other.equals(1.0) else apply("/", self, other)

    def __pow__(self, other: Expression) -> Expression:
        return ONE if other.equals(0.0) else self if other.equals(1.0) else apply("^", self, other)


@np.errstate(all="ignore")
def apply(operation: str, *operands: Expression) -> Expression:
    """The node of an operation on other nodes; of numbers it is the number at once (in floats: 9^9^9^9 is ∞)."""
    if all(inner.operation == "number" for inner in operands):
        return number(OPERATIONS[operation].evaluate(*(inner.value for inner in operands)))
    steep = operation in STEEP and not (
        operation == "^" and operands[1].operation == "number" and operands[1].value >= 1
    )
    return Expression(operation, operands, steep=steep or any(inner.steep for inner in operands))


def number(value: float) -> Expression:
    return Expression("number", value=np.float64(value))  # not a float of Python, whose 1/0 is an exception


ZERO, HALF, ONE = number(0.0), number(0.5), number(1.0)


@dataclass(frozen=True, eq=False)
class Operation:
    """What a formula may do: `evaluate(*operands)` on NumPy's numbers and arrays.

    `partials` holds, for each operand, the partial derivative by it as a function of the node and its operands.
    """

    name: str
    evaluate: Callable[..., Any]
    partials: tuple[Callable[..., Expression], ...]


def _chained(u: Any, v: Any) -> Any:
    product = u * v
    lost = np.isnan(product) & ((u == 0.0) & np.isinf(v) | np.isinf(u) & (v == 0.0))
    return np.where(lost, 0.0, product) if np.any(lost) else product


STEEP = ("/", "^", "log", "ln", "sqrt")


ARITHMETIC = (
    Operation("+", operator.add, (lambda f, u, v: ONE, lambda f, u, v: ONE)),
    Operation("-", operator.sub, (lambda f, u, v: ONE, lambda f, u, v: -ONE)),
    Operation("*", operator.mul, (lambda f, u, v: v, lambda f, u, v: u)),
    Operation("/", operator.truediv, (lambda f, u, v: ONE / v, lambda f, u, v: -(f / v))),
    Operation("^", operator.pow, (lambda f, u, v: v.times(u ** (v - ONE)), lambda f, u, v: f.times(apply("log", u)))),
    Operation("negative", operator.neg, (lambda f, u: -ONE,)),
    Operation("chained", _chained, (lambda f, u, v: v, lambda f, u, v: u)),
)
# What a formula can call. The slope of abs is sign, 0 at 0; that of sign is 0, also at its jump.
ELEMENTARY = (
    Operation("sin", np.sin, (lambda f, u: apply("cos", u),)),
    Operation("cos", np.cos, (lambda f, u: -apply("sin", u),)),
    Operation("tan", np.tan, (lambda f, u: ONE + f * f,)),
    Operation("asin", np.arcsin, (lambda f, u: ONE / apply("sqrt", ONE - u * u),)),
    Operation("acos", np.arccos, (lambda f, u: -(ONE / apply("sqrt", ONE - u * u)),)),
    Operation("atan", np.arctan, (lambda f, u: ONE / (ONE + u * u),)),
    Operation("sinh", np.sinh, (lambda f, u: apply("cosh", u),)),
    Operation("cosh", np.cosh, (lambda f, u: apply("sinh", u),)),
    Operation("tanh", np.tanh, (lambda f, u: ONE - f * f,)),
    Operation("exp", np.exp, (lambda f, u: f,)),
    Operation("log", np.log, (lambda f, u: ONE / u,)),
    Operation("ln", np.log, (lambda f, u: ONE / u,)),
    Operation("sqrt", np.sqrt, (lambda f, u: HALF / f,)),
    Operation("abs", np.abs, (lambda f, u: apply("sign", u),)),
    Operation("sign", np.sign, (lambda f, u: ZERO,)),
)
OPERATIONS = {operation.name: operation for operation in (*ARITHMETIC, *ELEMENTARY)}


def in_order(*roots: Expression) -> Iterator[Expression]:
    """Every node under the roots once, after its operands. No recursion: x+x+x+... is as deep as it is long."""
    done: set[Expression] = set()
    waiting = [(root, False) for root in reversed(roots)]
    while waiting:
        node, ready = waiting.pop()
        if ready:
            yield node
        elif node not in done:
            done.add(node)
            waiting.append((node, True))
            waiting.extend((inner, False) for inner in reversed(node.operands))


class Program:
    """Expressions as one list of operations, each done once however often it occurs in them."""

    def __init__(self, *roots: Expression) -> None:
        nodes = list(in_order(*roots))
        numbers = {repr(node.value): node.value for node in nodes if node.operation == "number"}
        self.numbers = tuple(numbers.values())
        self.steps: list[tuple[Callable[..., Any], int, int]] = []
        slots: dict[tuple[Any, ...], int] = {key: i for i, key in enumerate([("x",), ("y",), *zip(numbers)])}
        where: dict[Expression, int] = {}
        for node in nodes:
            inner = [where[operand] for operand in node.operands]
            key = (repr(node.value),) if node.operation == "number" else (node.operation, *inner)
            if key not in slots:
                slots[key] = len(slots)
                self.steps.append((OPERATIONS[node.operation].evaluate, inner[0], inner[1] if inner[1:] else -1))
            where[node] = slots[key]
        self.roots = [where[root] for root in roots]

    @np.errstate(all="ignore")
    def __call__(self, x: Any, y: Any) -> list[Any]:
        """The values of the roots at x and y, both NumPy arrays or both NumPy numbers; not finite where undefined."""
        values = [x, y, *self.numbers]
        for evaluate, first, second in self.steps:
            values.append(evaluate(values[first]) if second < 0 else evaluate(values[first], values[second]))
        return [values[root] for root in self.roots]
