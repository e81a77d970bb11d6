"""The numerics against theory: what a formula predicts beside what the program computes, line by line.

A check is a function that yields results; what it states is its docstring's first line. The theory in it is written
from the formula, never by the code that it checks.
"""

from __future__ import annotations

from collections.abc import Iterator

from model.check.case import Check, Result
from model.check.derivatives import (
    functions,
    gradients,
    hessian_products,
    least_squares_curvature,
    symmetry,
    taylor,
)
from model.check.networks import (
    batch_gradients,
    edge_of_stability,
    epochs,
    known_line,
    linear_regression,
    losses_at_zero,
    polynomial_regression,
    vanishing_gradient,
)
from model.check.pictures import announced_limits, ends_and_traces, gaps, random_walks
from model.check.quadratics import best_rates, closed_form, decoupled_decay, first_steps, stability_limits

__all__ = ["CHECKS", "Check", "Result", "report"]

CHECKS: tuple[Check, ...] = (
    closed_form, stability_limits, announced_limits, best_rates, first_steps, decoupled_decay,
    taylor, gradients, hessian_products, functions, symmetry, least_squares_curvature, ends_and_traces,
    losses_at_zero, linear_regression, polynomial_regression, known_line, epochs, batch_gradients,
    vanishing_gradient, edge_of_stability, random_walks, gaps,
)  # fmt: skip


def report(checks: tuple[Check, ...] = CHECKS) -> Iterator[tuple[str, bool]]:
    """Yield the report line by line as the checks are made, and with each line whether it is in order.

    A check that raises is a line with its error, and the next check follows.
    """
    yield f"{'':64} {'theory':>14} {'measured':>14} {'within':>8}", True
    counts = {True: 0, False: 0}
    for check in checks:
        yield (check.__doc__ or check.__name__).splitlines()[0], True
        for line, passed in _lines(check):
            counts[passed] += 1
            yield line, passed
    yield f"{counts[True]} passed, {counts[False]} failed", True


def _lines(check: Check) -> Iterator[tuple[str, bool]]:
    try:
        for result in check():
            mark = "ok" if result.passed else "FAILED"
            numbers = f"{result.theory:14.8g} {result.measured:14.8g} {result.tolerance:8.1e}"
            yield f"  {result.name:62} {numbers}  {mark}", result.passed
    except Exception as error:  # whatever it is: the other checks are wanted all the same
        yield f"  {check.__name__}: {type(error).__name__}: {error}  FAILED", False
