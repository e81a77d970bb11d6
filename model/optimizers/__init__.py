"""Optimizers: from the gradient to a step. Each is a frozen value with two pure methods.

Whatever an optimizer remembers from step to step is handed in and handed back, so that every past state can be
continued, and a change of a setting needs no ceremony. In the formulas g is the gradient, η the rate and θ the
parameters; squares, roots and quotients are taken number by number, and every memory begins as zeros.
"""

from model.optimizers.adam import ADAMS, Adam, AdamW, QHAdam
from model.optimizers.adaptive import ADAPTIVE, AdaDelta, AdaGrad, RMSProp
from model.optimizers.base import Memory, Optimizer
from model.optimizers.momentum import MOMENTUM, QHM, SGD, HeavyBall, Nesterov, Velocity

__all__ = [
    "OPTIMIZERS", "QHM", "SGD", "AdaDelta", "AdaGrad", "Adam", "AdamW", "HeavyBall", "Memory", "Nesterov",
    "Optimizer", "QHAdam", "RMSProp", "Velocity",
]  # fmt: skip

# Each file ends with those that it defines.
OPTIMIZERS: tuple[type[Optimizer], ...] = (*MOMENTUM, *ADAPTIVE, *ADAMS)
