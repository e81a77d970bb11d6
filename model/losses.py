"""Losses: how far the outputs are from the targets, as one number, each beside its derivatives.

Classification losses take *logits*, the outputs before the sigmoid or the softmax: that pair is computed in one piece,
so that it neither overflows nor loses its digits (a sigmoid of 40 is 1.0 to the last bit; its logarithm is not lost).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Annotated, ClassVar

import numpy as np
from scipy.special import expit

from model.arrays import Array
from model.settings import Settings, setting


def _softmax(outputs: Array) -> Array:
    shares: Array = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares


HEADS: dict[str, Callable[[Array], Array]] = {"identity": lambda z: z, "sigmoid": expit, "softmax": _softmax}
"""What turns outputs `(..., n, K)` into predictions of the same shape: values, probabilities, shares of classes."""


class Loss(Settings, frozen=True, tag_field="kind"):
    """A function of outputs z `(..., n, K)` and targets y `(n, K)`: a mean over the n samples and the K outputs
    (softmax: over the samples). Two classes may be one column of 0 and 1, K classes K columns.

    `formula` is the term of one sample; `head` names the entry of `HEADS` that belongs to the loss and is applied to
    the outputs by whoever wants predictions (a cross-entropy contains its head already); `labels` says that targets
    have to be classes; `fewest` is the smallest K; `note` says where a derivative does not exist.
    """

    formula: ClassVar[str]
    head: ClassVar[str] = "identity"
    labels: ClassVar[bool] = False
    fewest: ClassVar[int] = 1
    note: ClassVar[str] = ""

    @abstractmethod
    def value(self, outputs: Array, targets: Array) -> Array:
        """The loss in float64, of shape `(...)`."""

    @abstractmethod
    def slope(self, outputs: Array, targets: Array) -> Array:
        """∂L/∂z, `(n, K)`: the derivative of the mean, so it already carries the 1/n."""

    @abstractmethod
    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        """How the slope changes as the outputs move along `(n, K)`: (∂²L/∂z²)·along, `(n, K)`."""


def _mean(terms: Array, count: int) -> Array:
    """Over the last two axes, in float64. On 200 numbers np.mean takes three times as long."""
    return np.asarray(terms.sum(axis=(-2, -1), dtype=np.float64) / count)


class MeanSquared(Loss, frozen=True, tag="mse"):
    """Mean squared error, without the ½: the derivative for one weight is 2w, as in PyTorch."""

    caption = "Mean squared error"
    formula = "(z − y)²"

    def value(self, outputs: Array, targets: Array) -> Array:
        error = outputs - targets
        return _mean(error * error, targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        return (outputs - targets) * (2.0 / targets.size)

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        return along * (2.0 / targets.size)


class MeanAbsolute(Loss, frozen=True, tag="mae"):
    """Mean absolute error: outliers pull no harder than others, and nothing slows the descent near the end."""

    caption = "Mean absolute error"
    formula = "|z − y|"
    note = "no slope where z = y: 0 is taken; the curvature is 0 elsewhere"

    def value(self, outputs: Array, targets: Array) -> Array:
        return _mean(np.abs(outputs - targets), targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        return np.sign(outputs - targets) / targets.size

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        return np.zeros_like(along)


class Huber(Loss, frozen=True, tag="huber"):
    """Squared (halved) up to an error of δ, absolute beyond it (Huber 1964; PyTorch's HuberLoss)."""

    caption = "Huber"
    formula = "½(z − y)² up to δ, δ(|z − y| − ½δ) beyond"
    note = "no curvature at |z − y| = δ: 0 is taken"

    delta: Annotated[
        float,
        setting(
            "δ",
            "errors larger than this count as absolute, not squared",
            gt=0,
            le=1e4,
            slider=(0.01, 10.0),
            effect="objective",
        ),
    ] = 1.0

    def value(self, outputs: Array, targets: Array) -> Array:
        error = np.abs(outputs - targets)
        near = np.minimum(error, self.delta)
        return _mean(near * (error - 0.5 * near), targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        return np.clip(outputs - targets, -self.delta, self.delta) / targets.size

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        return np.where(np.abs(outputs - targets) < self.delta, along, 0.0) / targets.size


class LogCosh(Loss, frozen=True, tag="log-cosh"):
    """log cosh of the error: squared (halved) near 0, absolute far away, and smooth between them."""

    caption = "Log-cosh"
    formula = "log cosh(z − y)"

    def value(self, outputs: Array, targets: Array) -> Array:
        # log(1 + 2 sinh²(e/2)), which keeps its digits near 0; beyond 1, |e| + log(1 + exp(−2|e|)) − log 2, in which
        # nothing overflows.
        error = np.abs(outputs - targets)
        half = np.sinh(0.5 * np.minimum(error, 1.0))
        far = error + np.log1p(np.exp(-2.0 * error)) - np.log(2.0).astype(error.dtype)
        return _mean(np.where(error < 1.0, np.log1p(2.0 * half * half), far), targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        return np.tanh(outputs - targets) / targets.size

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        slope = np.tanh(outputs - targets)
        return along * (1.0 - slope * slope) / targets.size


class BinaryCrossEntropy(Loss, frozen=True, tag="bce"):
    """Minus the logarithm of the probability that a sigmoid of z gives to the right one of two classes."""

    caption = "Binary cross-entropy"
    formula = "log(1 + eᶻ) − y·z"
    head = "sigmoid"
    labels = True

    def value(self, outputs: Array, targets: Array) -> Array:
        # Written so that for y in {0, 1} nothing large is ever subtracted from something large.
        terms = np.abs(outputs)
        np.negative(terms, out=terms)
        np.exp(terms, out=terms)
        np.log1p(terms, out=terms)
        terms += np.maximum(outputs, 0.0) - targets * outputs
        return _mean(terms, targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        slope: Array = expit(outputs)
        slope -= targets
        slope /= targets.size
        return slope

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        return along * expit(outputs) * expit(-outputs) / targets.size


class SoftmaxCrossEntropy(Loss, frozen=True, tag="softmax"):
    """Minus the logarithm of the share that the softmax of z gives to the right one of K classes."""

    caption = "Softmax cross-entropy"
    formula = "log Σₖ exp(zₖ) − z_y"
    head = "softmax"
    labels = True
    fewest = 2

    def value(self, outputs: Array, targets: Array) -> Array:
        # log(1 + Σ exp(zₖ − z_y)) over the wrong classes k, shifted by the largest difference if that is above 0. The
        # right class is left out of the sum, and log1p puts it back: a small loss keeps its digits.
        gaps = outputs - np.einsum("...nk,nk->...n", outputs, targets)[..., None]
        gaps -= np.where(targets > 0, np.inf, 0.0).astype(gaps.dtype)
        shift = np.maximum(gaps.max(axis=-1), 0.0)
        gaps -= shift[..., None]
        terms = np.exp(gaps, out=gaps).sum(axis=-1)
        terms += np.expm1(-shift)
        np.log1p(terms, out=terms)
        terms += shift
        return np.asarray(terms.sum(axis=-1, dtype=np.float64) / len(targets))

    def slope(self, outputs: Array, targets: Array) -> Array:
        slope = _softmax(outputs)
        slope -= targets
        slope /= len(targets)
        return slope

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        # diag(p) − p pᵀ
        shares = _softmax(outputs)
        change = shares * along
        change -= shares * change.sum(axis=-1, keepdims=True)
        return change / len(targets)


def _margin(outputs: Array, targets: Array) -> tuple[Array, Array]:
    """The sign ±1 of each target, and how much its output lacks to be 1 on the right side (≥ 0)."""
    sign = 2.0 * targets - 1.0
    return sign, np.maximum(1.0 - sign * outputs, 0.0)


class Hinge(Loss, frozen=True, tag="hinge"):
    """Zero from a margin of 1 on, linear below it: the loss of support vector machines (Cortes & Vapnik 1995)."""

    caption = "Hinge"
    formula = "max(0, 1 − s·z), s = 2y − 1"
    labels = True
    note = "no slope at s·z = 1: 0 is taken; the curvature is 0 elsewhere"

    def value(self, outputs: Array, targets: Array) -> Array:
        return _mean(_margin(outputs, targets)[1], targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        sign, lack = _margin(outputs, targets)
        return np.where(lack > 0, -sign, 0.0) / targets.size

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        return np.zeros_like(along)


class SquaredHinge(Loss, frozen=True, tag="squared-hinge"):
    """The hinge, squared: its slope has no jump."""

    caption = "Squared hinge"
    formula = "max(0, 1 − s·z)², s = 2y − 1"
    labels = True
    note = "no curvature at s·z = 1: 0 is taken"

    def value(self, outputs: Array, targets: Array) -> Array:
        lack = _margin(outputs, targets)[1]
        return _mean(lack * lack, targets.size)

    def slope(self, outputs: Array, targets: Array) -> Array:
        sign, lack = _margin(outputs, targets)
        return sign * lack * (-2.0 / targets.size)

    def curvature(self, outputs: Array, targets: Array, along: Array) -> Array:
        return np.where(_margin(outputs, targets)[1] > 0, along, 0.0) * (2.0 / targets.size)


LOSSES: tuple[type[Loss], ...] = (
    MeanSquared,
    MeanAbsolute,
    Huber,
    LogCosh,
    BinaryCrossEntropy,
    SoftmaxCrossEntropy,
    Hinge,
    SquaredHinge,
)
