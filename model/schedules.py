"""Schedules: the learning rate η as a function of the step."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

from model.settings import Settings, setting


class Schedule(Settings, frozen=True, tag_field="kind"):
    """A learning rate for every step."""

    @abstractmethod
    def rate(self, step: int) -> float:
        """η for the step that leaves state number `step`."""


class Constant(Schedule, frozen=True, tag="constant"):
    """The same η throughout."""

    caption = "Constant"

    learning_rate: Annotated[
        float,
        setting(
            "Learning rate η",
            "how far a step goes along the (negative) velocity; above a limit set by the sharpest "
            "direction the descent overshoots and diverges",
            gt=0,
            le=1e6,
            slider=(1e-4, 10.0),
        ),
    ] = 0.1

    def rate(self, step: int) -> float:
        return self.learning_rate


SCHEDULES: tuple[type[Schedule], ...] = (Constant,)
