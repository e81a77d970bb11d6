"""Recordings: what a marker says of a change, and what came with it."""

from __future__ import annotations

import itertools

import msgspec
import numpy as np

from model import LOSSES, OPTIMIZERS, Experiment, Loss, Network, Optimizer, changes, with_field
from model.descent import resume
from tests.cases import in_turn

PAIRS = list(itertools.permutations(OPTIMIZERS, 2))


def under(experiment: Experiment, optimizer: type[Optimizer]) -> Experiment:
    return with_field(experiment, "descent", msgspec.structs.replace(experiment.descent, optimizer=optimizer()))


@in_turn(("old", "new"), PAIRS)
def test_a_marker_says_whether_the_optimizer_s_memory_is_kept(
    small: Experiment, old: type[Optimizer], new: type[Optimizer]
) -> None:
    """What it says is what happens: the state that training goes on from has the same memory, or that of a start."""
    before, after = under(small, old), under(small, new)
    state = before.run(3)[-1]
    following = resume(after.objective, after.descent, state).memory
    kept = type(following) is type(state.memory) and all(map(np.array_equal, following, state.memory))
    words = changes(before, after).sentence
    assert f"{old.caption} → {new.caption}" in words
    assert words.endswith(" (its memory kept)" if kept else " (its memory begun anew)")


TWO = Network((2, 4, 2))
HEADS = {"identity": "as they are", "sigmoid": "through a sigmoid", "softmax": "through a softmax"}


@in_turn(("old", "new"), list(itertools.permutations(LOSSES, 2)))
def test_a_marker_says_when_outputs_are_read_in_another_way(old: type[Loss], new: type[Loss]) -> None:
    words = changes(Experiment(network=TWO, loss=old()), Experiment(network=TWO, loss=new())).sentence
    assert words.startswith(f"Loss {old.caption} → {new.caption}")
    assert ("outputs read" in words) is (old.head != new.head)
    assert words.endswith(f" (outputs read {HEADS[new.head]})") or old.head == new.head


def test_a_marker_names_fields_by_their_titles_and_values_as_a_person_writes_them(small: Experiment) -> None:
    schedule = msgspec.structs.replace(small.descent.schedule, learning_rate=0.3)
    after = with_field(small, "descent", msgspec.structs.replace(small.descent, schedule=schedule))
    rate = small.descent.schedule.learning_rate
    assert changes(small, after).sentence == f"Learning rate η {rate:g} → 0.3"
    network = msgspec.structs.replace(small.network, bias=False, widths=(2, 3, 1))
    words = changes(small, with_field(small, "network", network)).sentence
    assert words == "Layers 2-4-1 → 2-3-1, Biases on → off"
