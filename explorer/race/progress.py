"""The progress of a race as a bar: how much of it is done, and about how long the rest will take."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QProgressBar

from explorer.frame import time_left

EARLY = 1.0  # seconds in which nothing can be said of the rest yet
STEPS = 1000


class Progress(QProgressBar):
    """From nothing to all of it. Final."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()
        self.setRange(0, STEPS)
        self.setAccessibleName("Progress of the race")
        self.show_share(0.0, going=False)

    def begin(self) -> None:
        """A race starts now."""
        self._began = time.monotonic()

    def show_share(self, share: float, going: bool) -> None:
        """Show which share is done of a race that is still `going` on, or was stopped there."""
        self.setValue(round(STEPS * share))
        spent = time.monotonic() - self._began
        left = time_left(spent, share) if going and spent > EARLY and share else ""
        done = f"{100 * share:.0f} %" if share > 0.1 or share == 0 else f"{100 * share:.1f} %"
        self.setFormat(f"{done}, about {left}" if left else done)
