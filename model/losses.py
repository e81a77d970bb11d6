"""Losses: how far the outputs are from the targets, as one number, each beside its derivative.

Classification losses take *logits*, the outputs before the sigmoid or the softmax: that pair is computed in one piece,
so that it neither overflows nor loses its digits (a sigmoid of 40 is 1.0 to the last bit; its logarithm is not lost).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import expit

from model.activations import Array


class Loss:
    """A function of outputs `(..., n, K)` and targets `(n, K)`, a mean over the n samples (squared and binary: and
    over the K outputs), and its derivative.

    `value(outputs, targets) -> (...)`; `slope(outputs, targets) -> (n, K)` is the derivative of the mean, so it
    already carries the 1/n. `head` names what turns outputs into predictions; `fewest` is the smallest K it is for.
    """

    __slots__ = ("fewest", "formula", "head", "labels", "name", "slope", "title", "value")

    def __init__(
        self,
        name: str,
        title: str,
        formula: str,
        value: Callable[[Array, Array], Array],
        slope: Callable[[Array, Array], Array],
        head: str,
        labels: bool,
        fewest: int = 1,
    ) -> None:
        self.name, self.title, self.formula, self.value, self.slope = (
            name,
            title,
            formula,
            value,
            slope,
        )
        self.head, self.labels, self.fewest = head, labels, fewest

    def __repr__(self) -> str:
        return f"Loss({self.name}: {self.formula})"


def _mean(terms: Array, count: int) -> Array:
    """Over the last two axes, in float64. On 200 numbers np.mean takes three times as long."""
    return np.asarray(terms.sum(axis=(-2, -1), dtype=np.float64) / count)


def _squared(outputs: Array, targets: Array) -> Array:
    error = outputs - targets
    return _mean(error * error, targets.size)


def _squared_slope(outputs: Array, targets: Array) -> Array:
    return (outputs - targets) * (2.0 / targets.size)


def _binary(outputs: Array, targets: Array) -> Array:
    # log(1 + eᶻ) − y·z, written so that for y in {0, 1} nothing large is ever subtracted from something large.
    terms = np.exp(-np.abs(outputs))
    np.log1p(terms, out=terms)
    terms += np.maximum(outputs, 0.0) - targets * outputs
    return _mean(terms, targets.size)


def _binary_slope(outputs: Array, targets: Array) -> Array:
    slope: Array = expit(outputs)
    slope -= targets
    slope /= targets.size
    return slope


def _softmax(outputs: Array, targets: Array) -> Array:
    # log Σ eᶻ − z_y. The largest term of the sum is 1 after the shift; it is left out and log1p puts it back.
    top = outputs.argmax(axis=-1)[..., None]
    shift = np.take_along_axis(outputs, top, axis=-1)
    terms = np.exp(outputs - shift)
    np.put_along_axis(terms, top, 0.0, axis=-1)
    gap = shift[..., 0] - np.sum(outputs * targets, axis=-1)
    return np.asarray(np.mean(np.log1p(terms.sum(axis=-1)) + gap, axis=-1, dtype=np.float64))


def _softmax_slope(outputs: Array, targets: Array) -> Array:
    slope: Array = np.exp(outputs - outputs.max(axis=-1, keepdims=True))
    slope /= slope.sum(axis=-1, keepdims=True)
    slope -= targets
    slope /= len(targets)
    return slope


_ALL = (
    # Mean over samples and outputs, without the ½: the derivative for one weight is 2w, as in PyTorch.
    Loss("mse", "Mean squared error", "mean (z − y)²", _squared, _squared_slope, "identity", False),
    Loss(
        "bce",
        "Binary cross-entropy",
        "mean log(1 + eᶻ) − y·z",
        _binary,
        _binary_slope,
        "sigmoid",
        True,
    ),
    Loss(
        "softmax",
        "Softmax cross-entropy",
        "mean log Σₖ eᶻₖ − z_y",
        _softmax,
        _softmax_slope,
        "softmax",
        True,
        fewest=2,
    ),
)

LOSSES = {loss.name: loss for loss in _ALL}
