"""The same descent by others: from the same weights, in float64, along the same path by the loss after 50 steps.

Each function is given a case and makes a contestant: called, it trains anew and says how many seconds one step took.
In every step each of them computes loss and gradient on all rows, updates velocity and parameters, v ← βv + ∇L(θ) and
θ ← θ − ηv, and has the loss as a Python number.
"""

from __future__ import annotations

import time
import warnings
from importlib import import_module
from typing import Any

from model import Network
from model.activations import Array
from tests.benchmarks.cases import COMPARED, MOMENTUM, RATE, Case, Contestant


def pytorch(case: Case, emits: bool) -> Contestant:
    """In eager mode, as its tutorials have it. With `emits` every step also copies θ and the gradient to vectors."""
    torch: Any = import_module("torch")
    torch.set_num_threads(1)
    inputs, targets, measure = torch_problem(case)

    def descent() -> float:
        model = torch_module(case.objective.network, case.start, torch.float64)
        optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
        params, states = list(model.parameters()), list[Any]()
        begin = time.perf_counter()
        for _ in range(case.steps):
            optimizer.zero_grad()
            loss = measure(model(inputs), targets)
            loss.backward()
            optimizer.step()
            states.append((loss.item(),))
            if emits:
                with torch.no_grad():
                    theta = torch.cat([part.reshape(-1) for part in params])
                    gradient = torch.cat([part.grad.reshape(-1) for part in params])
                states[-1] += (theta, gradient)
        seconds = (time.perf_counter() - begin) / case.steps
        case.check(states[COMPARED][0])
        return seconds

    return descent


def torch_problem(case: Case) -> tuple[Any, Any, Any]:
    """Inputs, targets and loss function in PyTorch's words."""
    torch: Any = import_module("torch")
    inputs = torch.tensor(case.objective.dataset.inputs)
    if case.objective.network.widths[-1] > 1:
        return inputs, torch.tensor(case.objective.dataset.targets), torch.nn.CrossEntropyLoss()
    return inputs, torch.tensor(case.objective.targets), torch.nn.BCEWithLogitsLoss()


def torch_module(network: Network, theta: Array, dtype: Any) -> Any:
    """A tanh network with these parameters, as a PyTorch module."""
    torch: Any = import_module("torch")
    params, parts = torch.tensor(theta, dtype=dtype), list[Any]()
    for layer in network.layers:
        matrix = network.matrix(params, layer)
        linear = torch.nn.Linear(layer.fan_in, layer.fan_out, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(matrix[:, :-1])
            linear.bias.copy_(matrix[:, -1])
        parts += [linear, torch.nn.Tanh()]
    return torch.nn.Sequential(*parts[:-1])


def jax(case: Case, flat: bool) -> Contestant:
    """One compiled function per step: `value_and_grad` and the update.

    `flat` is the quickest way found to write it: θ, velocity and gradient are one vector each, as in ours; its arrays
    never change, so the state is emitted at no cost. Otherwise they are lists of weights and biases, as in JAX's own
    examples; the gradient stays inside.
    """
    library: Any = import_module("jax")
    library.config.update("jax_enable_x64", True)
    numpy, network = library.numpy, case.objective.network
    inputs, targets = numpy.asarray(case.objective.dataset.inputs), numpy.asarray(case.objective.targets)

    def parts(theta: Any) -> list[Any]:
        matrices = [network.matrix(theta, layer) for layer in network.layers]
        return [(matrix[:, :-1], matrix[:, -1]) for matrix in matrices]

    def loss(params: Any) -> Any:
        a = inputs
        *hidden, (weights, biases) = parts(params) if flat else params
        for inner_weights, inner_biases in hidden:
            a = numpy.tanh(a @ inner_weights.T + inner_biases)
        z = a @ weights.T + biases
        if network.widths[-1] == 1:
            return numpy.mean(numpy.logaddexp(z, 0.0) - targets * z)
        return numpy.mean(library.nn.logsumexp(z, axis=-1) - numpy.sum(targets * z, axis=-1))

    @library.jit
    def step(params: Any, velocity: Any) -> Any:
        value, gradient = library.value_and_grad(loss)(params)
        velocity = library.tree.map(lambda v, g: MOMENTUM * v + g, velocity, gradient)
        params = library.tree.map(lambda p, v: p - RATE * v, params, velocity)
        return value, params, velocity, gradient if flat else None

    def descent() -> float:
        start = numpy.asarray(case.start)
        params, states = start if flat else parts(start), list[Any]()
        velocity = library.tree.map(numpy.zeros_like, params)
        begin = time.perf_counter()
        for _ in range(case.steps):
            value, params, velocity, gradient = step(params, velocity)
            states.append((float(value), params, gradient))
        seconds = (time.perf_counter() - begin) / case.steps
        case.check(states[COMPARED][0])
        return seconds

    return descent


def scikit_learn(case: Case) -> Contestant:
    """`MLPClassifier.fit`: a whole-batch epoch is a step, and all steps are one call.

    Beside the step it checks the data once per call, and in every epoch takes the batch as a slice, adds the penalty
    (here 0) to loss and gradient, and looks whether the loss still falls. It keeps the losses, not the states.
    """
    neural: Any = import_module("sklearn.neural_network")
    objective, network = case.objective, case.objective.network
    settings: dict[str, Any] = dict(
        hidden_layer_sizes=network.widths[1:-1], activation="tanh", solver="sgd", alpha=0.0,
        batch_size=objective.samples, shuffle=False, learning_rate_init=RATE, momentum=MOMENTUM,
        nesterovs_momentum=False, n_iter_no_change=10 * case.steps, tol=0.0, warm_start=True,
    )  # fmt: skip

    def descent() -> float:
        classifier = neural.MLPClassifier(**settings, max_iter=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it did not converge
            classifier.fit(objective.dataset.inputs, objective.dataset.targets)  # makes the arrays that are filled here
            for layer, weights, biases in zip(network.layers, classifier.coefs_, classifier.intercepts_, strict=True):
                weights[...] = network.weights(case.start, layer).T
                biases[...] = network.biases(case.start, layer)[:, 0]
            classifier.loss_curve_.clear()
            classifier.set_params(max_iter=case.steps)
            begin = time.perf_counter()
            classifier.fit(objective.dataset.inputs, objective.dataset.targets)
            seconds = (time.perf_counter() - begin) / case.steps
        assert len(classifier.loss_curve_) == case.steps
        case.check(classifier.loss_curve_[COMPARED])
        return seconds

    return descent
