"""Optimizers: each against its formula as a sum over all gradients so far, and against PyTorch's."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from model.activations import Array
from model.optimizers import (
    OPTIMIZERS,
    QHM,
    SGD,
    AdaDelta,
    AdaGrad,
    Adam,
    AdamW,
    HeavyBall,
    Nesterov,
    Optimizer,
    QHAdam,
    RMSProp,
)
from model.settings import fields_of

every = pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda kind: kind.__name__)


def frozen(*numbers: float) -> Array:
    array = np.array(numbers)
    array.flags.writeable = False
    return array


# What the step of one parameter has to be, in plain numbers: from all its gradients g₁ ... gₜ, oldest first, its value
# and the rate. No memory is carried on; each recurrence of the papers is unrolled into the sum that it stands for.

Step = Callable[..., float]


def total(values: list[float], kept: float) -> float:
    """x ← kept·x + v from x = 0, unrolled: Σ keptᵗ⁻ᵏ vₖ."""
    return math.fsum(kept**age * value for age, value in enumerate(reversed(values)))


def mean(values: list[float], kept: float) -> float:
    """x ← kept·x + (1 − kept)v from x = 0, unrolled (Kingma & Ba 2015, section 3, equation 1)."""
    return (1.0 - kept) * total(values, kept)


def unbiased(values: list[float], kept: float) -> float:
    """Such a mean by the sum of its weights: the weighted mean itself, without 1 − keptᵗ."""
    return total(values, kept) / total([1.0] * len(values), kept)


def squares(values: list[float]) -> list[float]:
    return [value**2 for value in values]


def sgd(g: list[float], theta: float, rate: float) -> float:
    return -rate * g[-1]


def heavy_ball(g: list[float], theta: float, rate: float, momentum: float) -> float:
    return -rate * total(g, momentum)


def nesterov(g: list[float], theta: float, rate: float, momentum: float) -> float:
    return -rate * (g[-1] + momentum * total(g, momentum))


def qhm(g: list[float], theta: float, rate: float, momentum: float, nu: float) -> float:
    return -rate * ((1.0 - nu) * g[-1] + nu * mean(g, momentum))


def adagrad(g: list[float], theta: float, rate: float, eps: float) -> float:
    return -rate * g[-1] / (math.sqrt(math.fsum(squares(g))) + eps)


def rmsprop(g: list[float], theta: float, rate: float, alpha: float, eps: float, momentum: float) -> float:
    so_far = [g[:count] for count in range(1, len(g) + 1)]
    return -rate * total([s[-1] / (math.sqrt(mean(squares(s), alpha)) + eps) for s in so_far], momentum)


def adadelta(g: list[float], theta: float, rate: float, rho: float, eps: float) -> float:
    steps: list[float] = []
    for count in range(1, len(g) + 1):
        above = math.sqrt(mean(squares(steps), rho) + eps)
        below = math.sqrt(mean(squares(g[:count]), rho) + eps)
        steps.append(-above / below * g[count - 1])
    return rate * steps[-1]


def adam(g: list[float], theta: float, rate: float, beta1: float, beta2: float, eps: float) -> float:
    return -rate * unbiased(g, beta1) / (math.sqrt(unbiased(squares(g), beta2)) + eps)


def adamw(
    g: list[float], theta: float, rate: float, beta1: float, beta2: float, eps: float, weight_decay: float
) -> float:
    return -rate * weight_decay * theta + adam(g, theta, rate, beta1, beta2, eps)


def qhadam(
    g: list[float], theta: float, rate: float, nu1: float, nu2: float, beta1: float, beta2: float, eps: float
) -> float:
    above = (1.0 - nu1) * g[-1] + nu1 * unbiased(g, beta1)
    below = math.sqrt((1.0 - nu2) * g[-1] ** 2 + nu2 * unbiased(squares(g), beta2)) + eps
    return -rate * above / below


# With numbers other than the defaults. For an optimizer that is not here yet, half of the defaults are such numbers.
REFERENCES: dict[type[Optimizer], tuple[Step, dict[str, float]]] = {
    SGD: (sgd, {}),
    HeavyBall: (heavy_ball, {"momentum": 0.5}),
    Nesterov: (nesterov, {"momentum": 0.7}),
    QHM: (qhm, {"momentum": 0.8, "nu": 0.4}),
    AdaGrad: (adagrad, {"eps": 0.1}),
    RMSProp: (rmsprop, {"alpha": 0.6, "eps": 0.01, "momentum": 0.8}),
    AdaDelta: (adadelta, {"rho": 0.6, "eps": 0.02}),
    Adam: (adam, {"beta1": 0.6, "beta2": 0.7, "eps": 0.05}),
    AdamW: (adamw, {"beta1": 0.0, "beta2": 0.5, "eps": 0.05, "weight_decay": 0.3}),
    QHAdam: (qhadam, {"nu1": 0.3, "nu2": 0.6, "beta1": 0.8, "beta2": 0.9, "eps": 0.03}),
}


every_formula = pytest.mark.parametrize("kind", REFERENCES, ids=lambda kind: kind.__name__)


def made(kind: type[Optimizer], other: bool) -> Any:
    """With its defaults, or with other numbers in every field."""
    halves = {field.name: field.default / 2 for field in fields_of(kind) if field.type is float}
    return kind(**(REFERENCES[kind][1] if kind in REFERENCES else halves)) if other else kind()


START = (1.0, -0.6, 0.05)
RATES = (0.1, 0.1, 0.05, 0.2, 0.07, 0.1, 0.01, 0.3)


def slope(theta: float, step: int) -> float:
    """Of θ⁴/4 + θ²/5 + cₜθ, where cₜ has another value and sign at each step."""
    return theta**3 + 0.4 * theta + 0.7 * math.cos(2.0 * step)


def path(optimizer: Optimizer) -> Array:
    """θ `(9, 3)` along eight steps, the gradients taken where the optimizer has got to."""
    theta = np.array(START)
    memory, thetas = optimizer.init(theta), [theta]
    for step, rate in enumerate(RATES):
        gradient = np.array([slope(float(value), step) for value in theta])
        update, memory = optimizer.update(gradient, memory, theta, rate)
        theta = theta + update
        thetas.append(theta)
    return np.array(thetas)


@every_formula
@pytest.mark.parametrize("other", [False, True], ids=["defaults", "other numbers"])
def test_eight_steps_by_the_formula(kind: type[Optimizer], other: bool) -> None:
    optimizer, (reference, others) = made(kind, other), REFERENCES[kind]
    fields = {name: getattr(optimizer, name) for name in kind.__struct_fields__}
    assert set(fields) == set(others) == set(inspect.signature(reference).parameters) - {"g", "theta", "rate"}
    expected = []
    for theta in START:
        thetas, gradients = [theta], list[float]()
        for step, rate in enumerate(RATES):
            gradients.append(slope(thetas[-1], step))
            thetas.append(thetas[-1] + reference(gradients, thetas[-1], rate, **fields))
        expected.append(thetas)
    np.testing.assert_allclose(path(optimizer), np.transpose(expected), rtol=1e-12, atol=1e-12)


NOT_IN_TORCH = {QHM, QHAdam}


def torch_optimizer(torch: Any, optimizer: Any, params: list[Any]) -> Any:
    """PyTorch's optimizer with the same numbers; a KeyError for a kind that has none here."""
    makers: dict[type[Optimizer], Callable[[Any], Any]] = {
        SGD: lambda o: torch.optim.SGD(params),
        HeavyBall: lambda o: torch.optim.SGD(params, momentum=o.momentum),
        Nesterov: lambda o: torch.optim.SGD(params, momentum=o.momentum, nesterov=True),
        AdaGrad: lambda o: torch.optim.Adagrad(params, eps=o.eps),
        RMSProp: lambda o: torch.optim.RMSprop(params, alpha=o.alpha, eps=o.eps, momentum=o.momentum),
        AdaDelta: lambda o: torch.optim.Adadelta(params, rho=o.rho, eps=o.eps),
        Adam: lambda o: torch.optim.Adam(params, betas=(o.beta1, o.beta2), eps=o.eps),
        AdamW: lambda o: torch.optim.AdamW(
            params, betas=(o.beta1, o.beta2), eps=o.eps, weight_decay=o.weight_decay
        ),
    }  # fmt: skip
    return makers[type(optimizer)](optimizer)


@pytest.mark.parametrize(
    "kind", [kind for kind in REFERENCES if kind not in NOT_IN_TORCH], ids=lambda kind: kind.__name__
)
@pytest.mark.parametrize("other", [False, True], ids=["defaults", "other numbers"])
def test_eight_steps_by_pytorch(kind: type[Optimizer], other: bool) -> None:
    torch: Any = pytest.importorskip("torch", reason="PyTorch comes with the bench extra")
    optimizer = made(kind, other)
    theta = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    peer, thetas = torch_optimizer(torch, optimizer, [theta]), [np.array(START)]
    for step, rate in enumerate(RATES):
        peer.param_groups[0]["lr"] = rate
        theta.grad = torch.tensor([slope(value, step) for value in theta.tolist()], dtype=torch.float64)
        peer.step()
        thetas.append(theta.detach().numpy().copy())
    np.testing.assert_allclose(path(optimizer), thetas, rtol=1e-12, atol=1e-12)


@every_formula
def test_defaults_are_those_of_pytorch_or_of_the_paper(kind: type[Optimizer]) -> None:
    """Momentum 0.9 is Descent's own default; PyTorch's is 0. The last four: Ma & Yarats 2019, recommended."""
    stated = {
        HeavyBall: (0.9,), Nesterov: (0.9,), SGD: (), AdaGrad: (1e-10,), RMSProp: (0.99, 1e-8, 0.0),
        AdaDelta: (0.9, 1e-6), Adam: (0.9, 0.999, 1e-8), AdamW: (0.9, 0.999, 1e-8, 0.01), QHM: (0.999, 0.7),
        QHAdam: (0.7, 1.0, 0.995, 0.999, 1e-8),
    }  # fmt: skip
    assert tuple(getattr(kind(), name) for name in kind.__struct_fields__) == stated[kind]


@every
def test_update_is_pure(kind: type[Optimizer]) -> None:
    """Read-only arguments, the same answer twice, and nothing of it shared with what went in."""
    optimizer, params, gradient = made(kind, other=True), frozen(1.0, -2.0), frozen(0.5, 3.0)
    memory = optimizer.init(params)
    for _ in range(3):
        given = (gradient, *memory, params)
        for array in given:
            array.flags.writeable = False
        before = [array.copy() for array in given]
        first, later = optimizer.update(gradient, memory, params, 0.1)
        again, _ = optimizer.update(gradient, memory, params, 0.1)
        np.testing.assert_array_equal(first, again)
        for array, copy in zip(given, before, strict=True):
            np.testing.assert_array_equal(array, copy)
        fresh = (first, *later)
        for index, array in enumerate(fresh):
            assert array.flags.writeable
            assert not any(np.shares_memory(array, other) for other in (*given, *fresh[:index]))
        memory = later


@every
def test_memory_is_of_the_class_it_says(kind: type[Optimizer]) -> None:
    """And its arrays keep their shapes, as many as the class has fields."""
    optimizer, params = kind(), frozen(1.0, -2.0)
    begun = optimizer.init(params)
    _, memory = optimizer.update(params, begun, params, 0.1)
    assert type(begun) is type(memory) is optimizer.remembers
    assert [array.shape for array in begun] == [array.shape for array in memory]
    assert all(array.dtype == np.float64 for array in memory)
    assert not any(array.any() for array in begun)


def test_only_the_two_kinds_of_momentum_share_a_memory() -> None:
    assert HeavyBall.remembers is Nesterov.remembers
    assert len({kind.remembers for kind in REFERENCES}) == len(REFERENCES) - 1


@every
def test_first_step_goes_downhill(kind: type[Optimizer]) -> None:
    params, gradient = frozen(1.0, -2.0), frozen(0.5, 3.0)
    step, _ = kind().update(gradient, kind().init(params), params, 0.1)
    assert step @ gradient < 0.0


@every
def test_a_gradient_of_zeros_is_no_step(kind: type[Optimizer]) -> None:
    """At the very first as later: nothing is divided by zero. Only a decoupled decay goes on."""
    optimizer, params, zeros = kind(), frozen(1.0, -2.0), frozen(0.0, 0.0)
    memory = optimizer.init(params)
    for _ in range(3):
        step, memory = optimizer.update(zeros, memory, params, 0.1)
        np.testing.assert_array_equal(step, -0.1 * getattr(optimizer, "weight_decay", 0.0) * params)


def test_heavy_ball_by_hand() -> None:
    """f(θ) = θ²/2 from θ = 1 with η = 0.1, β = 0.5: v ← v/2 + θ, θ ← θ − v/10."""
    optimizer, theta = HeavyBall(momentum=0.5), np.array([1.0])
    memory, trail = optimizer.init(theta), []
    for _ in range(4):
        step, memory = optimizer.update(theta, memory, theta, 0.1)
        theta = theta + step
        trail.append((float(theta[0]), float(memory[0][0])))
    expected = [(0.9, 1.0), (0.76, 1.4), (0.614, 1.46), (0.4796, 1.344)]
    np.testing.assert_allclose(trail, expected, rtol=1e-14)


def test_nesterov_looks_ahead_of_sutskevers_point() -> None:
    """Sutskever et al. 2013, equations 3 and 4: u ← βu − η∇f(φ + βu), φ ← φ + u; then θ = φ + βu, for a constant η."""
    rate, momentum, phi, velocity = 0.2, 0.8, 1.0, 0.0
    optimizer, theta = Nesterov(momentum=momentum), np.array([phi])
    memory = optimizer.init(theta)
    for _ in range(10):
        ahead = phi + momentum * velocity
        np.testing.assert_allclose(theta, ahead, rtol=1e-12)
        velocity = momentum * velocity - rate * (ahead**3 + ahead)
        phi += velocity
        step, memory = optimizer.update(theta**3 + theta, memory, theta, rate)
        theta = theta + step


RELATED = {
    "heavy ball without momentum": (HeavyBall(momentum=0.0), SGD(), 1.0),
    "Nesterov without momentum": (Nesterov(momentum=0.0), SGD(), 1.0),
    "QHM of the present alone": (QHM(momentum=0.9, nu=0.0), SGD(), 1.0),
    "QHM of the mean alone": (QHM(momentum=0.9, nu=1.0), HeavyBall(momentum=0.9), 0.1),
    "QHM with its momentum as share": (QHM(momentum=0.9, nu=0.9), Nesterov(momentum=0.9), 0.1),
    "AdamW without decay": (AdamW(weight_decay=0.0), Adam(), 1.0),
    "QHAdam of the means alone": (QHAdam(nu1=1.0, nu2=1.0, beta1=0.9), Adam(), 1.0),
    "Adam without memory": (Adam(beta1=0.0, beta2=0.0), QHAdam(nu1=0.0, nu2=0.0), 1.0),
}


@pytest.mark.parametrize(("one", "other", "factor"), RELATED.values(), ids=RELATED)
def test_one_is_a_case_of_the_other(one: Optimizer, other: Optimizer, factor: float) -> None:
    """On the same gradients, `one` makes the steps that `other` makes at `factor` times the rate."""
    params = frozen(*START)
    memories = [optimizer.init(params) for optimizer in (one, other)]
    for step in range(6):
        gradient = np.array([slope(value, step) for value in START])
        first, memories[0] = one.update(gradient, memories[0], params, 0.3)
        second, memories[1] = other.update(gradient, memories[1], params, 0.3 * factor)
        np.testing.assert_allclose(first, second, rtol=1e-12)


@pytest.mark.parametrize("kind", [Adam, AdaGrad, QHAdam], ids=lambda kind: kind.__name__)
def test_the_first_step_has_the_length_of_the_rate(kind: Any) -> None:
    """−ηg / (|g| + ε), whatever the size of g: the sign of g, but for ε."""
    gradient = frozen(1e-3, -1.0, 1e5)
    step, _ = kind(eps=1e-8).update(gradient, kind().init(gradient), gradient, 0.1)
    np.testing.assert_allclose(step, -0.1 * gradient / (np.abs(gradient) + 1e-8), rtol=1e-12)
    np.testing.assert_allclose(step, [-0.1, 0.1, -0.1], rtol=2e-5)


def test_decoupled_decay_is_not_a_term_of_the_gradient() -> None:
    """Adam divides λθ in the gradient by its scale as well; AdamW subtracts exactly ηλθ, at every step."""
    params, gradient, decay = frozen(2.0, -3.0), frozen(10.0, 0.1), 0.1
    plain, coupled, decoupled = Adam(), Adam(), AdamW(weight_decay=decay)
    memories: list[Any] = [optimizer.init(params) for optimizer in (plain, coupled, decoupled)]
    for _ in range(3):
        bare, memories[0] = plain.update(gradient, memories[0], params, 0.1)
        inside, memories[1] = coupled.update(gradient + decay * params, memories[1], params, 0.1)
        outside, memories[2] = decoupled.update(gradient, memories[2], params, 0.1)
        np.testing.assert_allclose(outside, bare - 0.1 * decay * params, rtol=1e-12)
        assert np.abs(outside - inside).min() > 0.01


# Stability. In one dimension with curvature λ a step is a linear map of θ and what is remembered of gradients, as long
# as what the gradient is divided by stays as it is: it does where gradients are too small to add to it.

RATE, TINY = 0.05, 1e-9
# Beside the mean gradient or velocity, which is 0; of those without a metric, nothing. A new one with a metric is tried
# when it is told here what it has remembered.
REMEMBERED: dict[type[Optimizer], dict[str, float]] = {
    AdaGrad: {"squares": 4.0},
    RMSProp: {"squares": 4.0},
    AdaDelta: {"squares": 4.0, "steps": 0.01},
    Adam: {"squares": 4.0, "steps": 1e7},
    AdamW: {"squares": 4.0, "steps": 1e7},
    QHAdam: {"squares": 4.0, "steps": 1e7},
}


def growth(optimizer: Optimizer, curvature: float) -> float:
    """The largest size of an eigenvalue of a step's linear map."""
    memory = optimizer.init(np.zeros(1))
    fixed = {name: np.array([value]) for name, value in REMEMBERED.get(type(optimizer), {}).items()}
    linear = [name for name in getattr(memory, "_fields", ()) if name not in fixed]
    columns = []
    for unit in np.eye(1 + len(linear)) * TINY:
        theta = unit[:1]
        begun = type(memory)(**fixed, **dict(zip(linear, unit[1:, None], strict=True)))  # type: ignore[arg-type]
        step, later = optimizer.update(curvature * theta, begun, theta, RATE)
        columns.append([float((theta + step)[0]), *(float(getattr(later, name)[0]) for name in linear)])
    return float(np.abs(np.linalg.eigvals(np.array(columns).T / TINY)).max())


def tried(kind: type[Optimizer]) -> bool:
    return kind in REMEMBERED or kind().metric(np.ones(1), kind().init(np.zeros(1))) is None


@pytest.mark.parametrize("kind", [*filter(tried, OPTIMIZERS)], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("other", [False, True], ids=["defaults", "other numbers"])
def test_a_step_grows_exactly_beyond_the_limit(kind: type[Optimizer], other: bool) -> None:
    optimizer = made(kind, other)
    memory = optimizer.init(np.zeros(1))._replace(  # type: ignore[attr-defined]
        **{name: np.array([value]) for name, value in REMEMBERED.get(kind, {}).items()}
    )
    metric = optimizer.metric(np.array([TINY]), memory)
    limit = optimizer.limit(RATE) * (1.0 if metric is None else float(metric[0]))
    assert growth(optimizer, limit * (1.0 - 1e-5)) < 1.0 < growth(optimizer, limit * (1.0 + 1e-5))
    for share in (0.02, 0.2, 0.6, 0.9):  # and it is the only one
        assert growth(optimizer, limit * share) < 1.0


@every
def test_at_a_smaller_rate_more_is_stable(kind: type[Optimizer]) -> None:
    assert kind().limit(RATE) < kind().limit(RATE / 2.0) < kind().limit(0.0) == math.inf


@every
def test_metric_is_what_the_step_is_divided_by(kind: type[Optimizer]) -> None:
    """From the same memory, steps times their metric are plain momentum: in proportion to the gradients alone."""
    optimizer, params = made(kind, other=True), np.zeros(3)
    gradient = np.array([0.5, -2.0, 1e-2])
    metric = optimizer.metric(gradient, optimizer.init(params))
    step, _ = optimizer.update(gradient, optimizer.init(params), params, 0.1)
    directions = step if metric is None else step * metric
    np.testing.assert_allclose(directions / gradient, np.full(3, directions[0] / gradient[0]), rtol=1e-12)
    assert metric is None or (metric.shape == (3,) and (metric > 0.0).all())


def test_limits_of_the_literature() -> None:
    """Gradient descent and momentum: Cohen et al. 2021; Adam: Cohen et al. 2022."""
    assert SGD().limit(0.1) == pytest.approx(20.0)
    assert HeavyBall(0.9).limit(0.1) == pytest.approx(38.0)
    assert Nesterov(0.9).limit(0.1) == pytest.approx(3.8 / 0.28)
    assert Adam(beta1=0.9).limit(0.1) == pytest.approx(380.0)
