"""The checks against theory: each passes, and each fails when what it checks is made wrong on purpose."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import model.check.pictures
import model.optimizers.adam
from model.activations import ACTIVATIONS, Activation
from model.check import CHECKS, Check, Result, report
from model.check.case import worst
from model.check.derivatives import functions, gradients, hessian_products, least_squares_curvature, symmetry, taylor
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
from model.descent import Descent
from model.functions import FUNCTIONS, Analytic
from model.losses import (
    LOSSES,
    BinaryCrossEntropy,
    Hinge,
    LogCosh,
    Loss,
    MeanAbsolute,
    MeanSquared,
    SoftmaxCrossEntropy,
    SquaredHinge,
)
from model.network import Network
from model.objective import Fit
from model.optimizers import QHM, SGD, AdaDelta, AdaGrad, Adam, AdamW, HeavyBall, Nesterov, QHAdam, RMSProp
from model.plane import Plane
from model.settings import kind_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_check(check: Check) -> None:
    results = list(check())
    assert results
    assert [result for result in results if not result.passed] == []


# Wrong implementations. Each replaces one function of a class or module by one that is wrong in a way that somebody
# could have written it, and names the check that has to see it.

Patch = Callable[[pytest.MonkeyPatch], None]


def scaled(owner: Any, name: str, factor: float = 1.01, part: int | None = None) -> Patch:
    """What `owner.name` returns, or one part of it, times a factor."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        right = getattr(owner, name)

        def wrong(*given: Any, **named: Any) -> Any:
            answer = right(*given, **named)
            if part is None:
                return factor * answer
            return tuple(factor * each if index == part else each for index, each in enumerate(answer))

        monkeypatch.setattr(owner, name, wrong)

    return patch


def replaced(owner: Any, name: str, wrong: Any) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, wrong)


def product_scaled(owner: Any) -> Patch:
    """All products with the Hessian times 1.001."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        right = owner.hessian_at

        def wrong(*given: Any) -> Any:
            product = right(*given)
            return lambda vector: 1.001 * product(vector)

        monkeypatch.setattr(owner, "hessian_at", wrong)

    return patch


def product_oblique(monkeypatch: pytest.MonkeyPatch) -> None:
    """The products of the first parameter's direction lose a millionth: a matrix that is not symmetric."""
    right = Network.hessian_at

    def wrong(*given: Any) -> Any:
        product = right(*given)
        return lambda vector: product(np.concatenate([vector[:1] * (1.0 - 1e-6), vector[1:]]))

    monkeypatch.setattr(Network, "hessian_at", wrong)


def bias_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backward pass leaves the biases' part of the gradient 0."""
    right = Network.backward

    def wrong(self: Network, *given: Any) -> Any:
        gradient = right(self, *given)
        for layer in self.layers:
            self.biases(gradient, layer)[...] = 0.0
        return gradient

    monkeypatch.setattr(Network, "backward", wrong)


def wrong_derivative(name: str, part: str, wrong: Any) -> Patch:
    """A wrong slope or curvature in the registry of activations."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        right = ACTIVATIONS[name]
        parts = dict(slope=right.slope, curvature=right.curvature) | {part: wrong}
        monkeypatch.setitem(ACTIVATIONS, name, Activation(name, right.formula, right.value, **parts))

    return patch


def slightly_decayed(self: Descent, gradient: Any, params: Any) -> Any:
    return gradient + 1e-6 * params


def powers_from_two(self: Network, inputs: Any) -> Any:
    """x², x³, … where x, x², … are meant; the row of ones stays."""
    return np.vstack([inputs.T ** np.arange(2, self.degree + 2)[:, None], np.ones((1, len(inputs)))])


def with_replacement(self: Descent, step: int, samples: int) -> Any:
    return np.random.default_rng((self.seed, step)).integers(0, samples, self.batch_size)


def decay_without_rate(self: AdamW, gradient: Any, memory: Any, params: Any, rate: float) -> Any:
    step, memory = Adam(self.beta1, self.beta2, self.eps).update(gradient, memory, params, rate)
    return step - self.weight_decay * params, memory


def squared_gate(self: RMSProp, gradient: Any, memory: Any, params: Any, rate: float) -> Any:
    squares = self.alpha * memory[0] + (1.0 - self.alpha) * gradient**2
    return -rate * gradient / np.sqrt(squares + self.eps), memory  # ε below the root


def heavy_ball_as_mean(self: HeavyBall, gradient: Any, memory: Any, params: Any, rate: float) -> Any:
    velocity = self.momentum * memory[0] + (1.0 - self.momentum) * gradient
    return -rate * velocity, type(memory)(velocity)


WRONG: tuple[tuple[str, Patch, Check], ...] = (
    ("a step of 1.001 η", scaled(SGD, "update", 1.001, part=0), closed_form),
    ("the mean squared error with ½", scaled(MeanSquared, "slope", 0.5), closed_form),
    ("momentum as a mean", replaced(HeavyBall, "update", heavy_ball_as_mean), stability_limits),
    ("Nesterov as heavy ball", replaced(Nesterov, "update", HeavyBall.update), stability_limits),
    ("heavy ball as Nesterov", replaced(HeavyBall, "update", Nesterov.update), best_rates),
    ("a step of 1.001 η", scaled(SGD, "update", 1.001, part=0), best_rates),
    ("Adam without its correction", replaced(model.optimizers.adam, "_shares", lambda *_: (1.0, 1.0)), first_steps),
    ("RMSProp with ε below the root", replaced(RMSProp, "update", squared_gate), first_steps),
    ("decay without the rate", replaced(AdamW, "update", decay_without_rate), decoupled_decay),
    ("gradients 1% too long", scaled(Network, "backward"), taylor),
    ("Hessian 0.1% too large", product_scaled(Network), taylor),
    ("no gradient for biases", bias_forgotten, gradients),
    ("Hessian 0.1% too large", product_scaled(Network), hessian_products),
    ("slopes 0.1% too large", scaled(Analytic, "loss_and_gradient", 1.001, part=1), functions),
    ("Hessian 0.1% too large", product_scaled(Analytic), functions),
    ("a matrix that is not symmetric", product_oblique, symmetry),
    ("curvature without the 2", scaled(MeanSquared, "curvature", 0.5), least_squares_curvature),
    ("a decay nobody asked for", replaced(Descent, "adjusted", slightly_decayed), linear_regression),
    ("powers from x²", replaced(Network, "features", powers_from_two), polynomial_regression),
    ("parameters left standardised", replaced(Fit, "user_units", lambda self, params: params), known_line),
    ("batches with replacement", replaced(Descent, "rows", with_replacement), epochs),
    ("batches with replacement", replaced(Descent, "rows", with_replacement), batch_gradients),
    ("σ' is ¼ everywhere", wrong_derivative("sigmoid", "slope", lambda z, a: 0 * z + 0.25), vanishing_gradient),
    ("a step of 1.05 η", scaled(SGD, "update", 1.05, part=0), edge_of_stability),
    ("Nesterov's limit as heavy ball's", replaced(Nesterov, "limit", HeavyBall.limit), announced_limits),
    ("Hessian 0.1% too large", product_scaled(Network), ends_and_traces),
    ("a walk's share 1% too large", scaled(model.check.pictures, "random_walk"), random_walks),
    ("coordinates 1% too large", scaled(Plane, "project"), gaps),
    *((f"{kind.__name__} 1% too large", scaled(kind, "value"), losses_at_zero) for kind in (
        MeanSquared, MeanAbsolute, LogCosh, BinaryCrossEntropy, SoftmaxCrossEntropy, Hinge, SquaredHinge
    )),
    *((f"{kind.__name__} 1% too long", scaled(kind, "update", part=0), stability_limits) for kind in (
        SGD, HeavyBall, Nesterov, QHM
    )),
    *((f"{kind.__name__} 0.1% too long", scaled(kind, "update", 1.001, part=0), first_steps) for kind in (
        AdaGrad, RMSProp, AdaDelta, Adam, AdamW, QHAdam
    )),
)  # fmt: skip


@pytest.mark.parametrize(
    ("patch", "check"), [pytest.param(*case[1:], id=f"{case[2].__name__}: {case[0]}") for case in WRONG]
)
def test_wrong_implementation_fails(patch: Patch, check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    patch(monkeypatch)
    assert any(not result.passed for result in check())  # by its numbers: an error would be raised here


def test_every_check_has_been_seen_to_fail() -> None:
    assert {check for _, _, check in WRONG} == set(CHECKS)


def failed(check: Check) -> list[str]:
    """What the failed lines are about."""
    return [result.name for result in check() if not result.passed]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_wrong_slope_of_an_activation_fails_its_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ACTIVATIONS[name].slope
    wrong_derivative(name, "slope", lambda z, a: 1.0001 * right(z, a))(monkeypatch)
    lines = failed(gradients)
    others = [line for line in lines if "all losses" in line]
    assert others == [f"gradient, {name}: relative error, all losses"]
    assert len(lines) == 1 + len(LOSSES)  # and every loss, which was met with that activation


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_wrong_curvature_of_an_activation_fails_its_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = ACTIVATIONS[name].curvature
    wrong_derivative(name, "curvature", lambda z, a: right(z, a) + 1e-4)(monkeypatch)
    assert f"Hessian product, {name}: relative error, all losses" in failed(hessian_products)


@pytest.mark.parametrize("kind", LOSSES, ids=kind_of)
@pytest.mark.parametrize(("part", "check"), [("slope", gradients), ("curvature", hessian_products)])
def test_wrong_derivative_of_a_loss_fails_its_line(
    kind: type[Loss], part: str, check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(kind, part)
    wrong = {
        "slope": lambda self, z, y: 1.0001 * right(self, z, y),
        "curvature": lambda self, z, y, along: right(self, z, y, along) + 1e-4 * along,
    }
    monkeypatch.setattr(kind, part, wrong[part])
    lines = [line for line in failed(check) if "all activations" in line]
    assert [line.split(", ")[1] for line in lines] == [f"{kind_of(kind)}: relative error"]


def test_every_registry_is_gone_through() -> None:
    for check in (gradients, hessian_products):
        names = [result.name.split(", ")[1].split(":")[0] for result in check()]
        assert names == [*ACTIVATIONS, *map(kind_of, LOSSES)]
    captions = [result.name.rsplit(":", 1)[0] for result in functions()]
    assert captions == [kind.caption for kind in FUNCTIONS for _ in range(2)]


# The report.


def one_good() -> Iterator[Result]:
    """Two is two."""
    yield Result("two", 2.0, 2.0, 0.0)


def one_bad() -> Iterator[Result]:
    """Two is three."""
    yield Result("near", 2.0, 2.0625, 0.0625)
    yield Result("three", 2.0, 3.0, 0.5)


def broken() -> Iterator[Result]:
    """This raises."""
    yield Result("before", 1.0, 1.0, 0.0)
    raise ValueError("no such thing")


def test_report_has_a_heading_a_line_for_each_case_and_the_counts() -> None:
    lines = list(report((one_good, one_bad)))
    heading, title, good, other, near, bad, count = [line for line, _ in lines]
    assert heading.split() == ["theory", "measured", "within"]
    assert (title, other) == ("Two is two.", "Two is three.")
    assert good.split() == ["two", "2", "2", "0.0e+00", "ok"]
    assert near.split() == ["near", "2", "2.0625", "6.2e-02", "ok"]
    assert bad.split() == ["three", "2", "3", "5.0e-01", "FAILED"]
    assert count == "2 passed, 1 failed"
    assert [passed for _, passed in lines] == [True, True, True, True, True, False, True]
    for column in ("theory", "measured", "within"):
        end = heading.index(column) + len(column)
        for line in (good, near, bad):
            assert line[end - 1] != " " and line[end] == " "


def test_report_goes_on_after_an_error() -> None:
    lines = list(report((broken, one_good)))
    assert ("  broken: ValueError: no such thing  FAILED", False) in lines
    assert lines[-1] == ("2 passed, 1 failed", True)


@pytest.mark.parametrize("measured", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_fails(measured: float) -> None:
    assert not Result("x", 1.0, measured, 1e9).passed
    assert not worst("x", np.array([1.0, 2.0, 3.0]), np.array([1.0, measured, 4.0]), 0.5).passed


def test_worst_entry_is_the_one_shown() -> None:
    theory, measured = np.array([1.0, 100.0, -2.0]), np.array([1.1, 101.0, -2.5])
    assert worst("x", theory, measured, 0.1) == Result("x", -2.0, -2.5, 0.2)
    assert worst("x", theory, measured, 0.1, scale=30.0) == Result("x", 100.0, 101.0, 3.0)
    with pytest.raises(ValueError, match="shape"):
        worst("x", theory, measured[:2], 0.1)
