"""Curvature: spectra that are known, points whose kind is known, and descents that keep or leave the limit."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from model import FUNCTIONS, Constant, Descent, Fit, Network, Objective, SettingError, advance, begin, descend
from model.activations import Array
from model.curvature import MOST, critical, eigenpairs, extremes, forecast, hessian, spectrum, trace
from model.curvature.ends import SCOUTS
from model.curvature.words import shown, told_apart
from model.datasets import Dataset, Moons
from model.functions import Ackley, MonkeySaddle, Ravine, Saddle, TypedFormula
from model.initializers import GlorotNormal
from model.losses import BinaryCrossEntropy, MeanSquared
from model.objective import Product, Slice, Space
from model.optimizers import OPTIMIZERS, SGD, Adam, HeavyBall, Optimizer


class Quadratic(Objective):
    """½θ·Hθ with a Hessian whose eigenvalues and eigenvectors (the columns of `vectors`) are given."""

    def __init__(self, values: Array, seed: int = 0) -> None:
        self.values = np.asarray(values, float)
        self.vectors = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))[0]
        self.matrix = (self.vectors * self.values) @ self.vectors.T
        self.products = 0

    @property
    def space(self) -> Space:
        return Space(len(self.values), "a quadratic")

    @property
    def samples(self) -> int:
        return 1

    @property
    def chunk(self) -> int:
        return 8

    def _loss(self, params: Array) -> Array:
        return np.asarray(0.5 * np.einsum("...i,ij,...j->...", params, self.matrix, params))

    def _loss_and_gradient(self, params: Array, rows: Array | None = None) -> tuple[float, Array]:
        return float(self.loss(params)), self.matrix @ params

    def _hessian_at(self, params: Array) -> Product:
        def product(vector: Array) -> Array:
            self.products += 1
            return np.asarray(self.matrix @ vector)

        return product

    def _slice(self, origin: Array, directions: Array) -> Slice:
        return lambda coords: self.loss(origin + coords @ directions)


@pytest.fixture(scope="module")
def moons() -> Fit:
    """337 parameters."""
    return Fit(Moons(samples=60, seed=1).load(), Network((2, 16, 16, 1), "tanh"), BinaryCrossEntropy())


SPECTRA = {
    "even": np.linspace(-3.0, 5.0, 200),
    "one steep": np.r_[np.linspace(-0.01, 0.01, 150), 40.0],
    "one down": np.r_[-7.0, np.linspace(0.0, 1.0, 120)],
    "all down": -np.geomspace(1e-3, 10.0, 100),
    "double ends": np.r_[-2.0, -2.0, np.linspace(-1.0, 1.0, 100), 9.0, 9.0],
    "nothing": np.zeros(80),
    "dense, 64": np.linspace(-1.0, 2.0, 64),
    "three": np.array([-1.0, 0.5, 2.0]),
    "two": np.array([-1.0, 0.5]),
    "one": np.array([-4.0]),
}
spectra = pytest.mark.parametrize("values", SPECTRA.values(), ids=SPECTRA)


@spectra
def test_extremes_of_a_known_spectrum(values: Array) -> None:
    objective = Quadratic(values)
    ends = extremes(objective, np.zeros(objective.size))
    scale = np.abs(values).max()
    for value, exact in ((ends.largest, values.max()), (ends.smallest, values.min())):
        sharp = abs(exact) == scale  # the end that decides on stability
        assert value == pytest.approx(exact, abs=(1e-5 if sharp else 2e-3) * scale)
    assert objective.products == ends.products
    told = (ends.largest, ends.vectors[0], ends.errors[0]), (ends.smallest, ends.vectors[-1], ends.errors[1])
    for value, vector, error in told:
        residual = np.linalg.norm(objective.matrix @ vector - value * vector)
        assert residual <= error + 1e-9 * scale
        assert np.abs(objective.values - value).min() <= error + 1e-9 * scale
    gram = ends.vectors @ ends.vectors.T
    np.testing.assert_allclose(gram, np.eye(min(4, objective.size)), atol=1e-10)


@spectra
def test_spectrum_and_trace_of_a_known_one(values: Array) -> None:
    objective, scale = Quadratic(values), max(np.abs(values).max(), 1e-300)
    params = np.zeros(objective.size)
    np.testing.assert_allclose(spectrum(objective, params), np.sort(values), atol=1e-12 * scale)
    value, error = trace(objective, params, samples=max(objective.size, 2))
    assert error == 0.0
    assert value == pytest.approx(values.sum(), abs=1e-11 * scale)


def test_a_direction_down_that_has_just_opened_is_not_denied() -> None:
    """The vectors of a moment ago know nothing of it: as long as they are followed, no smallest one is positive."""
    for trial, down in enumerate((-0.005, -0.02, -0.05, -0.1, -1.0)):
        values = np.r_[np.linspace(0.01, 1.0, 400), down]
        objective = Quadratic(values, seed=trial)
        warm = objective.vectors[:, [399, 398, 1, 0]].T
        place = np.random.default_rng(trial).normal(size=401)
        assert extremes(objective, place, warm).sign <= 0
        assert extremes(objective, place).sign == -1
    bowl = Quadratic(np.linspace(0.1, 1.0, 400))
    assert extremes(bowl, np.zeros(400)).sign == 0  # which is not known for sure without all eigenvalues
    assert extremes(Quadratic(np.linspace(0.1, 1.0, 40)), np.zeros(40)).sign == 1


def test_the_sign_of_the_smallest_is_told_where_it_is_sure() -> None:
    """Over spectra of all kinds, cold and warm: never the wrong one, and nearly always where it is no small matter."""
    rng, told = np.random.default_rng(4), list[bool]()
    for trial in range(60):
        size, most = int(rng.integers(70, 200)), 10.0 ** rng.uniform(-2, 3)
        least = float(rng.choice([-1.0, 1.0])) * most * 10.0 ** rng.uniform(-9, 0)
        bulk = most * 10.0 ** rng.uniform(-9, -1, size - 2)
        values = np.r_[least, np.maximum(bulk, least) if trial % 2 else np.abs(least) + bulk, most]
        objective = Quadratic(values, seed=trial)
        ends = extremes(objective, rng.normal(size=size))
        for _ in range(3):
            assert ends.sign in (0, np.sign(values.min()))
            told.append(ends.sign != 0 or values.min() > -1e-3 * most)
            ends = extremes(objective, rng.normal(size=size), ends.vectors)
    assert np.mean(told) > 0.9


@pytest.mark.parametrize("outside", [0.063, -0.063])
@pytest.mark.parametrize("inside", [40, 97])
def test_what_lies_outside_of_the_vectors_kept_is_found(outside: float, inside: int) -> None:
    """A symmetry may hold the vectors of a moment ago where the Hessian leads nowhere else."""
    values = np.r_[np.linspace(-0.001, 0.019, 99), outside]
    objective = Quadratic(values)
    warm = objective.vectors[:, [98, inside, 1, 0]].T  # exact, and without the last one
    ends = extremes(objective, np.random.default_rng(inside).normal(size=100), warm)
    assert (ends.largest, ends.smallest) == pytest.approx((values.max(), values.min()), abs=1e-3 * 0.063)


def test_a_network_that_begins_constant_is_followed_out_of_its_symmetry(moons: Fit) -> None:
    """All units alike have all the same gradient; the Hessian's outermost vectors tell them apart."""
    params = np.full(moons.size, 0.1)
    for _ in range(15):
        gradient = moons.loss_and_gradient(params)[1]
        ends = extremes(moons, params, np.stack([np.ones(moons.size), gradient]))  # both as symmetric as the network
        exact = np.linalg.eigvalsh(hessian(moons, params))
        assert ends.largest == pytest.approx(exact[-1], rel=1e-3)
        assert ends.smallest == pytest.approx(exact[0], abs=2e-3 * np.abs(exact).max())
        params = params - 0.5 * gradient
    weights = moons.network.weights(params, moons.network.layers[1])
    assert np.ptp(weights, axis=0).max() < 1e-9  # it has kept its symmetry: nothing inside could have led out


def test_warm_start_at_the_same_place_asks_for_each_vector_once() -> None:
    objective = Quadratic(SPECTRA["one steep"])
    params = np.zeros(objective.size)
    first = extremes(objective, params)
    again = extremes(objective, params, first.vectors)
    assert again.products == len(first.vectors) + SCOUTS == 4 + SCOUTS
    assert again.largest == pytest.approx(40.0, rel=1e-6)


def test_warm_start_sees_the_first_two_change_places() -> None:
    values = np.r_[np.linspace(-1.0, 1.0, 98), 5.0, 6.0]
    before, after = Quadratic(values), Quadratic(np.r_[values[:-2], 6.5, 6.0])  # the same vectors
    warm = extremes(before, np.zeros(100)).vectors
    assert extremes(after, np.zeros(100), warm).largest == pytest.approx(6.5, rel=1e-6)


@pytest.mark.parametrize("warm", [np.ones((2, 3)), np.empty((0, 100)), np.full((4, 100), np.nan), np.zeros((4, 100))])
def test_useless_warm_start_does_no_harm(warm: Array) -> None:
    objective = Quadratic(np.linspace(-3.0, 5.0, 100))
    ends = extremes(objective, np.zeros(100), warm)
    assert (ends.largest, ends.smallest) == pytest.approx((5.0, -3.0), rel=1e-4)


@pytest.mark.slow
def test_following_a_descent(moons: Fit) -> None:
    """λ_max to 1e-5 and λ_min to 1% of it, all along, for less than a third of the matrix's size in products."""
    descent = Descent(HeavyBall(), Constant(0.05))
    state = begin(moons, descent, moons.network.begin(GlorotNormal(), 0))
    warm, products = None, []
    for _ in range(20):
        ends = extremes(moons, state.params, warm)
        warm = ends.vectors
        products.append(ends.products)
        exact = np.linalg.eigvalsh(hessian(moons, state.params))
        assert ends.largest == pytest.approx(exact[-1], rel=1e-5)
        assert ends.smallest == pytest.approx(exact[0], abs=0.01 * exact[-1])
        for _ in range(50):
            state = advance(moons, descent, state)
    assert np.median(products[1:]) <= 12 + SCOUTS
    assert max(products) <= moons.size / 3


@pytest.mark.parametrize("size", [3, 100])
def test_metric_and_decay_by_the_matrix(size: int) -> None:
    objective = Quadratic(np.linspace(-1.0, 2.0, size))
    metric, decay = np.random.default_rng(1).uniform(0.1, 3.0, size), 0.3
    ends = extremes(objective, np.zeros(size), metric=metric, decay=decay)
    expected = np.sort(np.linalg.eigvals((objective.matrix + decay * np.eye(size)) / metric[:, None]).real)
    assert (ends.largest, ends.smallest) == pytest.approx((expected[-1], expected[0]), rel=1e-3)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e200, 1e308])
def test_diverged_parameters_have_no_curvature(moons: Fit, bad: float) -> None:
    """An answer at once, no exception, and no warning, which would be an error here."""
    for objective in (moons, FUNCTIONS[4]().objective, Quadratic(np.linspace(-1.0, 1.0, 100))):
        params = np.full(objective.size, bad)
        ends = extremes(objective, params)
        if not math.isfinite(ends.largest):
            assert ends.vectors.shape == (0, objective.size)
            assert math.isnan(ends.largest) and math.isnan(ends.smallest) and np.isnan(ends.errors).all()
        if not math.isfinite(bad) and not isinstance(objective, Quadratic):
            assert math.isnan(ends.largest)
            assert np.isnan(spectrum(objective, params)).all()
            assert math.isnan(trace(objective, params, samples=8).value)
        if not math.isfinite(bad):
            assert critical(objective, params).kind == "diverged"


def test_spectrum_of_too_many_parameters_is_refused() -> None:
    network = Network((2, 50, 30, 1))
    fit = Fit(Moons(samples=10, seed=1).load(), network, BinaryCrossEntropy())
    assert fit.size > MOST
    with pytest.raises(SettingError, match=rf"spectrum: .*{fit.size:,} parameters.*at most {MOST:,}"):
        spectrum(fit, np.zeros(fit.size))


def test_hutchinson_is_right_within_its_error(moons: Fit) -> None:
    params = moons.network.begin(GlorotNormal(), 0)
    matrix = hessian(moons, params)
    estimates = [trace(moons, params, 40, seed) for seed in range(12)]
    errors = np.array([(value - np.trace(matrix)) / error for value, error in estimates])
    assert np.abs(errors).max() < 5.0 and np.sqrt(np.mean(errors**2)) < 2.0
    # Of random signs the variance is 2(|H|² − Σ Hᵢᵢ²), so the errors that are stated can be known.
    theory = math.sqrt(2.0 * (np.sum(matrix**2) - np.sum(np.diag(matrix) ** 2)) / 40)
    assert np.mean([error for _, error in estimates]) == pytest.approx(theory, rel=0.15)
    mean = np.mean([value for value, _ in estimates])
    assert abs(mean - np.trace(matrix)) < 4.0 * theory / math.sqrt(12)


def test_trace_wants_two_samples() -> None:
    with pytest.raises(SettingError, match="samples: 1 given"):
        trace(Quadratic(np.ones(3)), np.zeros(3), samples=1)


# Kinds of points.


@pytest.mark.parametrize("kind", FUNCTIONS, ids=lambda kind: kind.__name__)
def test_minima_are_minima(kind: Any) -> None:
    for x, y, _ in kind().minima:
        point = critical(kind().objective, np.array([x, y]))
        assert point.kind == ("kink" if kind is Ackley else "minimum")  # Ackley's is the tip of a cone


def at(formula: str, x: float = 0.0, y: float = 0.0) -> tuple[str, int | None, str]:
    point = critical(TypedFormula(text=formula).objective, np.array([x, y]))
    return point.kind, point.index, point.sentence


def test_kinds_of_points_by_hand() -> None:
    assert at("x^2 - y^2") == ("saddle", 1, "A saddle: the gradient is 0, but 1 of 2 directions goes down.")
    assert at("-x^2 - 3*y^2")[:2] == ("maximum", 2)
    assert at("x^2 + 1e-3*y^2")[:2] == ("minimum", 0)
    assert at("x^2 + y^3")[:2] == ("valley", 0)  # no minimum, though no eigenvalue is below 0
    assert at("x^2 + 0*y")[2].startswith(
        "The floor of a valley: the gradient is 0, no direction curves down, but 1 of 2 is"
    )
    assert at("x^3 - 3*x*y^2")[0] == "plateau"
    assert at("exp(-x^2 - y^2)", 5.0, 5.0)[0] == "plateau"
    assert at("abs(x) + y^2")[0] == "kink"
    assert at("abs(x) + abs(y)")[0] == "kink"
    assert at("x^2 + y^2", 1e-3)[::2] == ("slope", "A slope: the gradient is still 0.0020.")
    still = "A saddle: the gradient is 2e-05, but 1 of 2 directions goes down."
    assert at("x^2 - y^2", 1e-5)[::2] == ("saddle", still)
    assert at("x + y")[0] == "slope"


def test_small_gradient_where_the_curvature_is_smaller_is_no_minimum() -> None:
    """The minimum of x² + y²/10⁵ + y/10⁵ is at y = −½: half a unit away, though the gradient here is 10⁻⁵."""
    formula = "x^2 + 1e-5*y^2 + 1e-5*y"
    assert at(formula)[0] == "slope"
    assert at(formula)[2] == "A slope: the gradient is only 1e-05, but so is the curvature where it leads."
    assert at(formula, 0.0, -0.45)[0] == "minimum"  # 0.05 away
    assert at(formula, 0.0, -0.35)[0] == "slope"  # 0.15 away
    assert at("x^2 + 1e-5*y")[0] == "slope"
    assert at("-x^2 - 1e-5*y^2 - 1e-5*y")[0] == "slope"


@pytest.mark.parametrize("down", [0, 1, 3, 99, 100])
def test_index_is_the_number_of_negative_eigenvalues(down: int) -> None:
    point = critical(Quadratic(np.r_[-np.linspace(1.0, 2.0, down), np.linspace(1.0, 2.0, 100 - down)]), np.zeros(100))
    assert point.index == down
    assert point.kind == {0: "minimum", 100: "maximum"}.get(down, "saddle")


def test_above_the_limit_ends_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("model.curvature.points.MOST", 10)
    kinds = []
    for values in ([1.0, 2.0], [-1.0, 2.0], [-2.0, -1.0], [0.0, 1.0]):
        point = critical(Quadratic(np.linspace(*values, 30)), np.zeros(30))
        kinds.append((point.kind, point.index))
    assert kinds == [("valley", None), ("saddle", None), ("maximum", None), ("valley", None)]
    near = critical(Quadratic(np.linspace(1e-6, 1.0, 30)), np.zeros(30), gradient=np.r_[1e-5, np.zeros(29)])
    assert near.kind == "slope"


def test_two_eigenvalues_make_no_minimum() -> None:
    """1,602 weights fitted to 20 rows: all but 42 directions are level, which two eigenvalues cannot tell."""
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(20, 800)), rng.normal(size=(20, 2))
    fit = Fit(Dataset("wide", inputs, targets), Network((800, 2)), MeanSquared())
    assert fit.size > MOST
    best = np.linalg.lstsq(np.column_stack([inputs, np.ones(20)]), targets, rcond=None)[0].T.ravel()
    assert float(fit.loss(best)) < 1e-25
    point = critical(fit, best)
    assert point.kind == "valley" and point.index is None and "as far as two curvatures tell" in point.sentence


@pytest.mark.parametrize("tip", ["abs(x)", "abs(x + y)", "sqrt(x^2)", "sqrt(x^2 + y^2)", "1e-3*abs(x - 2*y)"])
def test_a_tip_that_points_up_is_no_minimum(tip: str) -> None:
    """Whatever the curvature beside it: nor is one that points down a maximum."""
    assert at(f"x^2 + y^2 - {tip}")[0] == "kink" and "goes down" in at(f"x^2 + y^2 - {tip}")[2]
    assert at(f"{tip} - x^2 - y^2")[0] == "kink"
    assert at(f"x^2 + y^2 + {tip}")[0] in ("minimum", "kink") and at(f"x^2 + y^2 + {tip}")[0] != "slope"
    assert at(f"-x^2 - y^2 - {tip}")[0] in ("maximum", "kink")
    for high, shallow in ((1e3, 0.09), (1e5, 0.9), (1e6, 5.0)):  # however high the whole of it lies
        assert at(f"{high} + x^2 + y^2 - {shallow}*{tip.removeprefix('1e-3*')}")[0] == "kink"


def test_network_at_zero_is_a_saddle(moons: Fit) -> None:
    """All weights 0 and the output's bias at its best: ∇L = 0, and H couples only the last layer's with the one before.

    With three layers of weights all products of two derivatives vanish but those of the last bias, so that H is one
    positive number: no direction goes down to second order, and yet it is no minimum, which the sentence leaves open.
    """
    labels = moons.targets.mean()
    params = np.zeros(moons.size)
    params[-1] = math.log(labels / (1.0 - labels))
    assert np.abs(moons.loss_and_gradient(params)[1]).max() < 1e-12
    assert critical(moons, params).kind == "valley"


def test_no_descent_is_said_to_be_at_a_minimum_at_a_saddle() -> None:
    """Along y = 0 the descent on (x² − y²)/2 ends at the saddle, with no gradient left."""
    descent, objective = Descent(SGD(), Constant(0.5)), Saddle().objective
    *_, state = itertools.islice(descend(objective, descent, begin(objective, descent, np.array([1.8, 0.0]))), 60)
    assert np.linalg.norm(state.gradient) < 1e-15
    assert critical(objective, state.params, state.gradient).kind == "saddle"


# Forecasts.

every = pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)


@every
def test_on_a_quadratic_the_forecast_is_what_happens(kind: type[Optimizer]) -> None:
    objective, descent = Ravine().objective, Descent(kind(), Constant(0.01), weight_decay=0.1, clip_norm=5.0)
    state = begin(objective, descent, np.array([1.5, -0.7]))
    for _ in range(5):
        outlook = forecast(objective, descent, state)
        later = advance(objective, descent, state)
        assert outlook.actual == pytest.approx(later.loss - state.loss, rel=1e-9, abs=1e-13)
        assert outlook.predicted == pytest.approx(outlook.actual, rel=1e-9, abs=1e-13)
        state = later


def test_forecast_on_a_network_is_right_to_third_order(moons: Fit) -> None:
    start = moons.network.begin(GlorotNormal(), 0)
    errors = []
    for rate in (0.2, 0.1, 0.05):
        descent = Descent(SGD(), Constant(rate), batch_size=7)
        outlook = forecast(moons, descent, begin(moons, descent, start))
        errors.append(abs(outlook.predicted - outlook.actual))
    assert [one / other for one, other in itertools.pairwise(errors)] == pytest.approx([8.0, 8.0], rel=0.3)


def test_warning_comes_exactly_where_the_descent_grows() -> None:
    """λ = 20 and gradient descent: the limit 2/η is 20 at η = 0.1."""
    objective = Ravine(condition=20.0).objective
    for rate in (0.099, 0.0999, 0.1001, 0.11):
        descent = Descent(SGD(), Constant(rate))
        first = begin(objective, descent, np.array([0.0, 1.0]))
        *_, last = itertools.islice(descend(objective, descent, first), 50)
        outlook = forecast(objective, descent, first)
        assert outlook.limit == pytest.approx(2.0 / rate)
        assert outlook.sharpness == pytest.approx(20.0)
        assert bool(outlook.warning) == (last.loss > first.loss)
    assert outlook.warning == (
        "λmax = 20 is above 2/η = 18: along that direction the descent overshoots more with every step."
    )


def test_weight_decay_and_metric_count() -> None:
    objective, start = Ravine(condition=20.0).objective, np.array([0.3, 1.0])
    decayed = Descent(SGD(), Constant(0.099), weight_decay=1.0, clip_norm=1.0)
    outlook = forecast(objective, decayed, begin(objective, decayed, start))
    assert outlook.sharpness == pytest.approx(21.0)
    assert outlook.warning.endswith("with every step, until the clip norm holds it.")
    adam = Descent(Adam(beta1=0.5, eps=1e-8), Constant(0.01))
    outlook = forecast(objective, adam, begin(objective, adam, start))
    gradient = np.array([0.3, 20.0])  # so that Adam's √ŝ is |g| after the first step
    assert outlook.sharpness == pytest.approx(max(np.array([1.0, 20.0]) / gradient), rel=1e-6)
    assert outlook.limit == pytest.approx(3.0 / (0.5 * 0.01))


def test_forecast_with_a_rate_of_zero() -> None:
    objective, descent = Ravine().objective, Descent(SGD(), Constant(1.0))
    state = begin(objective, descent, np.array([1.0, 1.0]))

    class Still(Constant, frozen=True, tag="still"):
        def rate(self, step: int) -> float:
            return 0.0

    outlook = forecast(objective, Descent(SGD(), Still()), state)
    assert (outlook.predicted, outlook.actual, outlook.limit, outlook.warning) == (0.0, 0.0, math.inf, "")


@pytest.mark.parametrize("bad", [math.nan, 1e200])
def test_forecast_of_a_diverged_state(moons: Fit, bad: float) -> None:
    for objective in (moons, MonkeySaddle().objective):
        for kind in OPTIMIZERS:
            descent = Descent(kind(), Constant(0.1), clip_norm=0.0)
            with np.errstate(all="ignore"):
                state = begin(objective, descent, np.full(objective.size, bad))
            outlook = forecast(objective, descent, state)
            if not math.isfinite(state.loss):
                assert outlook.warning == "The loss is not finite: the descent has diverged."


def test_next_step_that_diverges_is_announced() -> None:
    objective, descent = TypedFormula(text="exp(x^2) + y^2").objective, Descent(SGD(), Constant(10.0))
    outlook = forecast(objective, descent, begin(objective, descent, np.array([3.0, 0.0])))
    assert outlook.warning == "The next step diverges: the loss after it is not finite."


# Words.


def test_numbers_in_sentences() -> None:
    shown_as = {0.49: "0.49", 1234.5: "1,200", 0.0031: "0.0031", 41.2: "41", 2.5e-7: "2.5e-07", 3e9: "3e+09", 0.0: "0"}
    assert {number: shown(number) for number in shown_as} == shown_as
    assert told_apart(41.2, 40.0) == ("41", "40")
    assert told_apart(40.02, 40.0) == ("40.02", "40.00")
    assert told_apart(20.4, 19.9) == ("20.4", "19.9")


def test_eigenpairs_agree_with_extremes(moons: Fit) -> None:
    params = moons.network.begin(GlorotNormal(), 3)
    ends = extremes(moons, params)
    assert ends.largest == pytest.approx(eigenpairs(moons, params)[0][0], rel=1e-5)
    assert ends.smallest == pytest.approx(eigenpairs(moons, params, smallest=True)[0][0], rel=0.02)
