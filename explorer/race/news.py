"""What a race says of itself: who won, and whether its results still are of the experiment that is open."""

from __future__ import annotations

import math

from explorer.frame import number
from model import Experiment, changes
from model.race import Entry, Race, results

MOST_NAMED = 2  # changes, before they are only counted


def verdict(entries: list[Entry], settings: Race) -> str:
    """Who got lowest, at which rate."""
    rows = sorted(results(entries, settings), key=lambda row: row.loss)
    if not rows or not math.isfinite(rows[0].loss):
        return "All diverged; try smaller learning rates."
    return f"{rows[0].optimizer} got lowest: {number(rows[0].loss)} at η = {number(rows[0].rate)}."


def aged(raced: Experiment, now: Experiment) -> str:
    """Of which experiment the results are, if another one is in force by now; empty if it would race the same."""
    changed = changes(raced, now).steering
    if not changed:
        return ""
    if raced.title != now.title:
        return f"These results are of “{raced.title}”; “{now.title}” is open now."
    what = changed.sentence if len(changed) <= MOST_NAMED else f"{len(changed)} settings"
    return f"These results are of “{raced.title}” before a change: {what}."
