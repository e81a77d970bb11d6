"""Presets: each one loads, runs, and does what its paragraph says, by numbers that are computed here once more."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice, pairwise

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, eigsh

from explorer.resources import load_experiment, presets
from model import Experiment, Settings, Trajectory, fields_of, plane_of
from model.activations import Array
from model.changes import another_start
from model.connection import connect
from model.curvature import forecast
from model.descent import State, descend, resume
from model.honesty import trust
from model.objective import flow
from model.race import Entry, Race, race


@cache
def path_of(name: str, *changes: str) -> Trajectory:
    """The states of a preset's run, with some settings changed."""
    return load_experiment(name, changes).run()


def switched(name: str, state: State, steps: int, *changes: str) -> list[State]:
    """The states that follow when settings are changed at `state`."""
    experiment = load_experiment(name, changes)
    start = resume(experiment.objective, experiment.descent, state)
    return list(islice(descend(experiment.objective, experiment.descent, start), steps))


def first_below(losses: Array, height: float) -> int:
    """The number of steps to a loss."""
    assert losses.min() < height
    return int(np.argmax(losses < height))


def data_of(experiment: Experiment) -> tuple[Array, Array]:
    """Inputs `(n, D)`, and targets `(n,)` as numbers."""
    data = experiment.dataset.load()
    return data.inputs, np.ravel(data.targets).astype(float)


# ---- all of them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets())
def test_a_preset_says_in_a_paragraph_what_it_shows(name: str) -> None:
    experiment = load_experiment(name)
    assert 2 <= len(experiment.title.split()) <= 4 and len(experiment.title) <= 30
    assert 2 <= len(re.findall(r"[.?:](?: |$)", experiment.about)) and 100 <= len(experiment.about) <= 420
    assert "\n" not in experiment.about and experiment.about.endswith((".", "?"))
    assert len({load_experiment(other).title for other in presets()}) == len(presets())


@pytest.mark.parametrize("name", presets())
def test_a_preset_file_is_short_and_says_nothing_twice(name: str) -> None:
    text = presets()[name].read_text(encoding="utf-8")
    pairs: list[list[tuple[str, object]]] = []
    json.loads(text, object_pairs_hook=pairs.append)
    assert all(len({key for key, _ in each}) == len(each) for each in pairs)
    assert len(text.splitlines()) <= 25 and text.endswith("}\n")


@pytest.mark.parametrize("name", presets())
@pytest.mark.slow
def test_a_preset_runs_and_can_be_drawn(name: str) -> None:
    experiment, path = load_experiment(name), path_of(name)
    assert len(path) == experiment.steps + 1 and np.isfinite(path.losses()).all()
    plane = experiment.plane.plane(experiment.objective, path.params()[:: 1 + len(path) // 500])
    assert np.isfinite(experiment.objective.loss(plane.point(plane.project(path[0].params))))
    assert np.ptp(path.losses()) > 0.05


@pytest.mark.parametrize("name", presets())
def test_what_a_paragraph_names_is_in_the_window(name: str) -> None:
    pytest.importorskip("PySide6.QtWidgets")
    from explorer.actions import ACTIONS
    from explorer.views import VIEWS

    about, captions = load_experiment(name).about, {view.caption for view in VIEWS.values()}
    docks = re.findall(r"View > ([A-Z][a-z]+(?: [a-z]+)*?)(?= (?:to|and|compares)|[.,:])", about)
    docks += ["How far to trust this picture"] * ("dock How" in about)
    docks += re.findall(r"The dock ([A-Z][a-z]+)", about.replace("The dock How", ""))
    assert set(docks) <= captions and len(docks) >= about.count("View >")
    for menu, words in re.findall(r"(Surface|Run|File) > ([^(]+) \(", about):
        assert (menu, words) in {(menu, words.replace("&", "")) for menu, words, *_ in ACTIONS.values()}
    keys = {key for _, _, keys, _ in ACTIONS.values() for key in keys.split("; ")}
    assert set(re.findall(r"[Pp]ress ([A-Z]\w*)", about)) <= keys


def titles(kind: type[Settings]) -> Iterator[str]:
    """What the fields of a settings class are called, and those of all that it may hold."""
    for field in fields_of(kind):
        yield field.title
        for part in field.kinds or [field.type] * isinstance(field.type, type):
            yield from titles(part) if issubclass(part, Settings) else ()


def test_what_a_paragraph_says_to_set_is_a_field() -> None:
    known, said = {*titles(Experiment), *titles(Race)}, set()
    for name in presets():
        about = load_experiment(name).about
        said |= set(re.findall(r"[Ss]et (?:the initialiser's )?([A-Z][\w φηβ]*?) to ", about))
        said |= set(re.findall(r"(?:halve|[Ss]witch|by ten|divide) ([A-Z][\w φηβ]*?)(?= to|[.:]| and| by)", about))
        said |= set(re.findall(r", ([A-Z][a-z]+ rate) to ", about)) | set(re.findall(r"With ([A-Z][\w ]+?) at", about))
    assert {"Value", "Held out", "Powers of x", "Start x", "Rates tried k", "Lowest rate", "Highest rate"} <= said
    assert {"Loss", "Activation φ", "Learning rate η", "Momentum β", "Noise", "Batch size", "Budget"} <= said
    assert said <= known


# ---- one parameter, two parameters ------------------------------------------------------------------------------


def test_one_weight_is_a_curve_of_a_closed_form_for_each_loss() -> None:
    w, steps = np.linspace(-4.0, 4.0, 161), np.arange(151)
    closed = {
        "mse": (w**2 + (w + 1) ** 2) / 2,
        "mae": (np.abs(w) + np.abs(w + 1)) / 2,
        "bce": np.log(1 + np.exp(w)),
    }
    for loss, values in closed.items():
        objective = load_experiment("one-weight", [f"loss={loss}"]).objective
        assert objective.size == 1
        np.testing.assert_allclose(objective.loss(w[:, None]), values, atol=1e-12)
    path = path_of("one-weight").params()[:, 0]
    np.testing.assert_allclose(path, -0.5 + 3.0 * (1 - 2 * 0.03) ** steps, atol=1e-12)
    assert (np.diff(path_of("one-weight", "loss=bce", "steps=2000").params()[:, 0]) < 0).all()
    assert path_of("one-weight", "loss=bce", "steps=2000").params()[-1, 0] < -2.0
    flat = path_of("one-weight", "loss=mae")  # from the start, where both slopes are ½ until w passes the kink at 0
    np.testing.assert_allclose(flat.params()[:85, 0], 2.5 - 0.03 * np.arange(85), atol=1e-12)
    assert -1.0 < flat[84].params[0] < 0.0
    assert (flat.params()[84:] == flat[84].params).all() and not flat[84].gradient.any() and len(flat) > 100
    left = [state.params[0] for state in switched("one-weight", flat[150], 150, "loss=bce")]  # T, where w has stopped
    assert (np.diff([flat[150].params[0], *left]) < 0).all() and left[-1] < -1.4


def test_a_saturated_sigmoid_lets_little_of_the_slope_through() -> None:
    experiment, path = load_experiment("sigmoid-in-front"), path_of("sigmoid-in-front")
    inputs, y = data_of(experiment)
    x = inputs[:, 0]
    for step in (0, 50, 300):
        (w1, w2), gradient = path[step].params, path[step].gradient
        a = 1 / (1 + np.exp(-w1 * x))
        error, bend = 2 * (w2 * a - y) / len(x), a * (1 - a)
        np.testing.assert_allclose(gradient, [np.sum(error * w2 * bend * x), np.sum(error * a)], rtol=1e-10)
        assert bend.max() <= 0.25
        if step == 0:  # "next to nothing where the neuron is saturated"
            assert bend[np.abs(x) > 0.99].max() < 0.05
    w1, w2 = path.params().T
    assert abs(w2[30] - w2[0]) > 3 and abs(w1[30] - w1[0]) < 0.3  # settles at once; crawls
    assert w1[-1] > 3 and abs(w2[-1] - 1) < 0.15  # falls
    nearer = path_of("sigmoid-in-front", "initializer.value=-1").params()[:, 0]
    assert np.argmax(nearer > 0) < 0.5 * np.argmax(w1 > 0)


def test_the_line_ends_at_least_squares_and_the_bowl_is_the_whole_truth() -> None:
    experiment, path = load_experiment("line-fit"), path_of("line-fit")
    inputs, y = data_of(experiment)
    matrix = np.column_stack([inputs, np.ones(len(y))])
    best = np.linalg.lstsq(matrix, y, rcond=None)[0]
    np.testing.assert_allclose(path[-1].params, best, atol=2e-3)
    curvatures = np.linalg.eigvalsh(2 * matrix.T @ matrix / len(y))
    assert curvatures[1] / curvatures[0] == pytest.approx(3.0, rel=0.05)  # the mean of x² on [−1, 1] is 1/3
    told = trust(experiment.objective, plane_of(experiment, path), path.params(), path.losses())
    assert np.abs(told.gaps.sheets - told.gaps.losses).max() < 1e-12 and told.gaps.distances.max() < 1e-12
    crept = path_of("line-fit", "descent.optimizer.momentum=0")
    (x0, x1), (y0, y1) = plane_of(experiment, path).bounds  # room for both, whichever of them it was chosen for
    for x, y in np.concatenate([path.params(), crept.params()]):
        assert x0 + 0.5 < x < x1 - 0.5 and y0 + 0.5 < y < y1 - 0.5
    assert path.params()[:, 0].max() > best[0] + 0.2 and crept.params()[:, 0].max() <= best[0]
    assert np.linalg.norm(crept[-1].params - best) > 20 * np.linalg.norm(path[-1].params - best)


def test_too_large_a_step_swings_ever_farther_and_half_of_it_does_not() -> None:
    experiment, path = load_experiment("too-large-a-step"), path_of("too-large-a-step")
    steps, rate = np.arange(experiment.steps + 1), 0.051
    x, y = -2.8 * (1 - rate) ** steps, 0.07 * (1 - 40 * rate) ** steps
    np.testing.assert_allclose(path.params(), np.column_stack([x, y]), atol=1e-9)
    losses = path.losses()
    assert losses.min() < 0.5 * losses[0] and losses[-1] > 3 * losses[0]  # first all goes well
    ahead = forecast(experiment.objective, experiment.descent, path[0])
    assert ahead.sharpness == pytest.approx(40.0) and ahead.limit == pytest.approx(2 / rate) and ahead.warning
    assert ahead.limit < ahead.sharpness
    half = path_of("too-large-a-step", f"descent.schedule.learning_rate={rate / 2}").losses()
    assert (np.diff(half) < 0).all() and half[-1] < 0.05 * half[0]
    glided = path_of("too-large-a-step", f"descent.schedule.learning_rate={rate / 2}").params()
    assert np.abs(glided[10:, 1]).max() < 1e-12 and -0.6 < glided[-1, 0] < -0.4  # down the valley, not yet at its end


def test_the_descent_lingers_at_the_saddle_and_is_stuck_in_the_higher_valley() -> None:
    low, middle, high = np.sort(np.roots([4, 0, -32, 5]).real)  # where 2t³ − 16t + 5/2 = 0
    values = {t: (t**4 - 16 * t**2 + 5 * t) / 2 for t in (low, middle, high)}
    assert (values[high] + values[low], 2 * values[low]) == pytest.approx((-64.2, -78.3), abs=0.05)
    experiment, path = load_experiment("local-minimum"), path_of("local-minimum")
    np.testing.assert_allclose(path[-1].params, [high, low], atol=1e-3)
    far = np.linalg.norm(path.params() - [middle, low], axis=1)
    assert np.count_nonzero(far < 0.2) > 50
    near = 20 + int(np.argmin([np.linalg.norm(state.gradient) for state in islice(path, 20, 130)]))
    x, y = path[near].params
    assert np.linalg.norm(path[near].gradient) < 0.06 * np.linalg.norm(path[0].gradient)
    ends = forecast(experiment.objective, experiment.descent, path[near]).ends
    curvatures = [6 * x**2 - 16, 6 * y**2 - 16]
    assert (ends.smallest, ends.largest) == pytest.approx((min(curvatures), max(curvatures))) and ends.smallest < 0
    assert near == 64 and far[near] < 0.2 and min(curvatures) == pytest.approx(-15.8, abs=0.05)
    np.testing.assert_allclose(path_of("local-minimum", "function.x=0.156")[-1].params, [low, low], atol=1e-3)


def test_momentum_needs_a_quarter_of_the_steps_through_the_ravine() -> None:
    changes = ["descent.optimizer=heavy-ball", "steps=450"]
    runs = {0.0: path_of("ravine", "steps=450"), 0.9: path_of("ravine", *changes)}
    for momentum, path in runs.items():
        place, velocity, curvatures = np.array([-2.5, 1.0]), np.zeros(2), np.array([1.0, 200.0])
        for state in islice(path, 100):
            np.testing.assert_allclose(state.params, place, atol=1e-12)
            velocity = momentum * velocity + curvatures * place
            place = place - 0.0098 * velocity
    assert (np.diff(np.sign(runs[0.0].params()[:60, 1])) != 0).all()  # a zigzag
    for height in (1e-2, 1e-3):
        plain, heavy = (first_below(path.losses(), height) for path in runs.values())
        assert plain > 250 and heavy < plain / 3.8
    steep = path_of("ravine", "descent.schedule.learning_rate=0.0102").losses()
    assert steep[-1] > steep[0]  # "no rate above 2/200"


def raced(name: str, **changed: float) -> list[Entry]:
    """The entries of a race as its dialog begins it, with some of its fields changed."""
    return [entry for entry in race(load_experiment(name), Race(**changed)) if entry is not None and entry.done]


@pytest.mark.slow
def test_on_rosenbrock_heavy_ball_wins_at_one_rate_and_adam_at_each_ones_best() -> None:
    x, y = path_of("rosenbrock").params().T
    losses = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    np.testing.assert_allclose(path_of("rosenbrock").losses(), losses, atol=1e-9)
    assert losses[0] == pytest.approx(24.2) and first_below(losses, 4.5) < 10 and first_below(losses, 0.1) > 100
    plain, heavy, adam = raced("rosenbrock", budget=1000)
    assert [type(entry.optimizer).__name__ for entry in (plain, heavy, adam)] == ["SGD", "HeavyBall", "Adam"]
    assert {attempt.rate for entry in (plain, heavy, adam) for attempt in entry.attempts} == {0.001}
    assert heavy.best[0].loss < 1e-4 < 0.1 < plain.best[0].loss < adam.best[0].loss
    np.testing.assert_allclose(heavy.attempts[0].losses[: len(losses)], losses, atol=1e-9)
    plain, heavy, adam = raced("rosenbrock", budget=1000, rates=13, lowest=0.0001, highest=1.0)
    for entry in (plain, heavy, adam):
        np.testing.assert_allclose([attempt.rate for attempt in entry.attempts], np.geomspace(1e-4, 1.0, 13))
    assert adam.best[0].loss < 0.1 * heavy.best[0].loss < 1e-6 * plain.best[0].loss  # and before, they cross
    assert (adam.best[0].losses > heavy.best[0].losses)[20:100].mean() > 0.9
    diverged = [sum(attempt.diverged for attempt in entry.attempts) for entry in (plain, heavy, adam)]
    assert diverged[2] == 0 < min(diverged[:2])


def test_mini_batches_agree_far_out_and_wander_near_the_bottom() -> None:
    experiment, path = load_experiment("mini-batches"), path_of("mini-batches")
    inputs, y = data_of(experiment)
    matrix = np.column_stack([inputs, np.ones(len(y))])
    best = np.linalg.lstsq(matrix, y, rcond=None)[0]

    def agreement(params: Array) -> float:
        """The mean cosine between the gradients of an epoch's batches and that of all."""
        slopes = 2 * (matrix @ params - y)[:, None] * matrix
        parts = [slopes[experiment.descent.rows(step, 50)].mean(axis=0) for step in range(10)]
        whole = slopes.mean(axis=0)
        return float(np.mean([g @ whole / np.linalg.norm(g) / np.linalg.norm(whole) for g in parts]))

    assert agreement(path[0].params) > 0.9 > 0.6 > agreement(best + 0.05)
    batch, full = np.array([(s.batch_loss, s.loss) for s in path])[200:].T
    assert np.std(batch) > 5 * np.std(full)

    def cloud(params: Array) -> float:
        return float(np.sqrt(np.mean(np.sum((params[250:] - best) ** 2, axis=1))))

    calm = path_of("mini-batches", "descent.schedule.learning_rate=0.01")
    assert cloud(path.params()) > 2 * cloud(calm.params())
    for rate in (0.1, 0.01):  # a tenth of it, if the text is followed from top to bottom
        changes = ("descent.batch_size=0", f"descent.schedule.learning_rate={rate}")
        straight = path_of("mini-batches", *changes).params()
        np.testing.assert_allclose(straight[-1], best, atol=1e-3)
        apart, way = straight - best, straight[0] - best
        assert np.abs(apart[:, 0] * way[1] - apart[:, 1] * way[0]).max() < 1e-12


# ---- more parameters than can be drawn --------------------------------------------------------------------------


def test_the_polynomial_gets_near_polyfit_and_more_powers_can_only_be_nearer() -> None:
    experiment, path = load_experiment("polynomial"), path_of("polynomial")
    inputs, y = data_of(experiment)
    x, least = inputs[:, 0], []
    for degree in (5, 7, 9):
        *powers, constant = np.polyfit(x, y, degree)
        fitted = np.array([*powers[::-1], constant])
        changed = load_experiment("polynomial", [f"network.degree={degree}"])
        least.append(float(changed.objective.loss(fitted)))
        assert least[-1] == pytest.approx(np.mean((np.polyval([*powers, constant], x) - y) ** 2))
    assert least[0] > least[1] > least[2]
    assert path[-1].loss < 1.1 * least[0] < 0.01 * path[0].loss
    curvatures = np.linalg.eigvalsh(np.vander(x, 6).T @ np.vander(x, 6))
    assert curvatures[-1] > 100 * curvatures[0]  # steep in one direction, almost flat in another
    exact = np.poly1d([2.0, 0.0, -1.0, 0.0])  # three powers, "as in the data": what is left is the noise of 0.15
    assert np.std(y - exact(x)) == pytest.approx(0.15, rel=0.5)


@pytest.mark.parametrize(("degree", "held_out"), [(5, 0.911), (9, 17.2), (3, 0.0409)])
def test_the_polynomial_fits_seven_points_and_only_with_three_powers_the_other_three(
    degree: int, held_out: float
) -> None:
    """Which points are held out follows from the losses: all ten, weighted, give that of the whole data."""
    changes = ["holdout=0.3", f"network.degree={degree}"]
    last, inputs, y = path_of("polynomial", *changes)[-1], *data_of(load_experiment("polynomial"))
    assert load_experiment("polynomial", changes).objective.samples == 7 and len(y) == 10
    weights, bias = last.params[:-1], last.params[-1]
    errors = (np.vander(inputs[:, 0], degree + 1, increasing=True)[:, 1:] @ weights + bias - y) ** 2
    assert 0.7 * last.loss + 0.3 * last.test_loss == pytest.approx(errors.mean())
    assert last.loss < 0.005 and last.test_loss == pytest.approx(held_out, rel=5e-3)


def test_ten_sigmoid_layers_let_no_gradient_through_and_relu_does() -> None:
    experiment, path = load_experiment("vanishing-gradient"), path_of("vanishing-gradient")
    inputs, y = data_of(experiment)
    widths = experiment.network.widths
    assert len(widths) == 12

    def reaching(phi: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Array:
        """The norm of the gradient in each layer, by the chain rule written out once more."""
        params, start, weights = path[0].params, 0, []
        for fan_in, fan_out in pairwise(widths):
            stop = start + (fan_in + 1) * fan_out
            weights.append(params[start:stop].reshape(fan_out, fan_in + 1))
            start = stop
        entering, sums = [np.column_stack([inputs, np.ones(len(y))])], []
        for matrix in weights:
            sums.append(entering[-1] @ matrix.T)
            entering.append(np.column_stack([phi(sums[-1]), np.ones(len(y))]))
        delta, norms = (1 / (1 + np.exp(-sums[-1])) - y[:, None]) / len(y), []
        for index in reversed(range(len(weights))):
            norms.append(float(np.linalg.norm(delta.T @ entering[index])))
            if index:
                delta = (delta @ weights[index][:, :-1]) * slope(sums[index - 1])
        return np.array(norms[::-1])

    def sigmoid(z: Array) -> Array:
        return np.asarray(1 / (1 + np.exp(-z)))

    vanished = reaching(sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z)))
    arrived = reaching(lambda z: np.maximum(z, 0.0), lambda z: (z > 0) * 1.0)
    np.testing.assert_allclose(flow(experiment.objective, path[0].params).gradients, vanished, rtol=1e-9)
    assert vanished[0] / vanished[-1] == pytest.approx(2e-6, rel=0.05) and arrived[0] > 1e-2 * arrived[-1]
    assert path[-1].loss == pytest.approx(math.log(2), abs=1e-4)
    assert switched("vanishing-gradient", path[-1], 400, "network.activation=relu")[-1].loss < 0.2


def test_softmax_learns_three_clouds_and_less_where_they_overlap() -> None:
    experiment, path = load_experiment("blobs"), path_of("blobs")
    assert float(experiment.objective.loss(np.zeros(experiment.objective.size))) == pytest.approx(math.log(3))
    data = experiment.dataset.load()
    outputs = experiment.network.forward(path[-1].params, experiment.network.features(data.inputs))
    shares = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    assert path[-1].loss == pytest.approx(-np.log(shares[np.arange(150), data.targets]).mean()) and path[-1].loss < 0.15
    assert path_of("blobs", "dataset.noise=0.8")[-1].loss > 3 * path[-1].loss


def test_regression_ends_at_the_jitter_and_identity_leaves_a_line() -> None:
    experiment, path = load_experiment("sine"), path_of("sine")
    inputs, y = data_of(experiment)
    jitter = np.mean((y - np.sin(np.pi * inputs[:, 0])) ** 2)
    assert jitter == pytest.approx(0.01, rel=0.3) and path[-1].loss == pytest.approx(jitter, rel=0.3)
    line = np.polyval(np.polyfit(inputs[:, 0], y, 1), inputs[:, 0])
    assert np.mean((line - y) ** 2) == pytest.approx(0.217, abs=5e-4)
    assert switched("sine", path[-1], 800, "network.activation=identity")[-1].loss == pytest.approx(
        np.mean((line - y) ** 2), rel=0.01
    )


def sharpness(experiment: Experiment, params: Array) -> float:
    """λmax by differences of gradients, not by our products with the Hessian."""

    def product(vector: Array) -> Array:
        near = 1e-5 / np.linalg.norm(vector) * vector
        ahead, behind = (experiment.objective.loss_and_gradient(params + sign * near)[1] for sign in (1, -1))
        return np.asarray((ahead - behind) * np.linalg.norm(vector) / 2e-5)

    size = len(params)
    start = np.random.default_rng(0).normal(size=size)
    found = eigsh(LinearOperator((size, size), matvec=product, dtype=float), k=1, which="LA", v0=start, tol=1e-4)
    return float(found[0][0])


def test_sharpness_rises_to_the_edge_and_stays() -> None:
    experiment, path = load_experiment("edge-of-stability"), path_of("edge-of-stability")
    inputs, y = data_of(experiment)
    np.testing.assert_allclose(y, 8 * inputs[:, 0] ** 4 - 8 * inputs[:, 0] ** 2 + 1, atol=1e-12)
    limit = 2 / 0.06
    assert sharpness(experiment, path[0].params) < 0.75 * limit
    late = [sharpness(experiment, path[step].params) for step in range(1600, 2001, 50)]
    assert np.mean(late) == pytest.approx(limit, rel=0.02)
    losses = path.losses()
    assert losses[400:1300].max() > 3 * np.median(losses[400:1300])  # kicked
    assert np.count_nonzero(np.diff(losses[-400:]) > 0) > 50 and losses[-1] < 0.1 * losses[0]
    calm = switched("edge-of-stability", path[-1], 600, "descent.schedule.learning_rate=0.03")
    assert np.count_nonzero(np.diff([state.loss for state in calm[100:]]) > 0) == 0
    assert sharpness(experiment, calm[-1].params) > 1.05 * sharpness(experiment, calm[50].params)


def test_the_plane_lies_at_the_start_though_it_explains_the_path() -> None:
    experiment, path = load_experiment("plane-that-lies"), path_of("plane-that-lies")
    params, objective = path.params(), experiment.objective
    spread = params - params.mean(axis=0)
    _, values, vectors = np.linalg.svd(spread, full_matrices=False)
    share = float((values[:2] ** 2).sum() / (values**2).sum())
    told = trust(objective, plane_of(experiment, path), params, path.losses(), now=0)
    assert told.explained == pytest.approx(share) and 0.975 <= share < 0.985
    below = params[-1] + (params[0] - params[-1]) @ vectors[:2].T @ vectors[:2]
    gap = float(objective.loss(below)) - path[0].loss
    assert told.gap == pytest.approx(gap) and gap < -0.5 and "too low at the start" in told.sentence
    ends = plane_of(load_experiment("plane-that-lies", ["plane=ends"]), path)
    exact = trust(objective, ends, params, path.losses())
    assert np.abs((exact.gaps.sheets - exact.gaps.losses)[[0, -1]]).max() < 1e-9


def test_between_two_minima_lies_a_hill_and_a_way_around_it() -> None:
    first = load_experiment("two-minima")
    second, _ = another_start(first)
    a, b = path_of("two-minima")[-1], second.run()[-1]
    t = np.linspace(0.0, 1.0, 101)[:, None]
    assert max(a.loss, b.loss) < 0.02
    *_, curve = connect(first.objective, a.params, b.params)
    ways = (
        ((1 - t) * a.params + t * b.params),
        ((1 - t) ** 2 * a.params + 2 * t * (1 - t) * curve.bend + t**2 * b.params),
    )
    ends = ((1 - t) * a.loss + t * b.loss)[:, 0]
    straight, around = (float((first.objective.loss(way) - ends).max()) for way in ways)
    assert straight > 0.3 and straight > 10 * around and around < 0.05
