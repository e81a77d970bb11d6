"""Workers: iterators that are pulled on another thread, in turns, and whose items are kept until somebody takes them.

They know nothing of networks or windows. Whoever wants the results looks in when it suits them (a window: once a frame)
and gets all items since the last time, in order, none lost. A conductor is the thread. It gives its workers turns, as
two Python threads that both make many short calls hand the interpreter's lock to and fro, at several times the cost of
the calls: training beside a survey was half as fast on two threads as it is in turns on one.

The only clock in this package is here: for the pace of a worker, and the length of a turn.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Make = Callable[[Any], Iterator[Any]]

TURN = 0.004  # seconds after which it is another worker's turn: longer ones are felt, shorter ones cost caches
HEAD_START = 0.1  # seconds of its own that what is urgent may take before all others, for one item


class Batch(NamedTuple):
    """What came since the last look: `items` in order; whether more will come; the error that ended it, if one did."""

    items: list[Any]
    running: bool
    error: Exception | None


class Conductor:
    """A thread, and the workers that share it.

    Of those with something due it is the turn of the one that somebody waits for, or else of the one that had the least
    of the time, measured by its `share`. All methods return at once, except `close`.
    """

    def __init__(self, name: str) -> None:
        self.changed = threading.Condition()
        self.workers: list[Worker[Any]] = []
        self.held = 0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def hold(self) -> None:
        """Begin no further item until `release`, so that the calling thread has the interpreter for itself.

        A window drawn while a network trains was six times slower without, and so was the training. Each call of `hold`
        needs its own of `release`.
        """
        with self.changed:
            self.held += 1

    def release(self) -> None:
        """Go on after `hold`."""
        with self.changed:
            assert self.held, "held as often as released"
            self.held -= 1
            self.changed.notify_all()

    def close(self, timeout: float = 3.0) -> bool:
        """End the thread and all its workers; True if it ended within `timeout` seconds."""
        for worker in self.workers:
            worker.stop()
        with self.changed:
            self._closed = True
            self.changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (worker := self._next()) is not None:
            began = time.monotonic()
            worker.turn(began + TURN)
            worker.spend(time.monotonic() - began)

    def _next(self) -> Worker[Any] | None:
        """Wait for the worker whose turn it is; None when all is over."""
        with self.changed:
            while True:
                now = time.monotonic()
                due = {worker: worker.due(now) for worker in self.workers}
                ready = [worker for worker, when in due.items() if when <= now and (worker.stale or not self.held)]
                if ready:
                    chosen = min(ready, key=lambda worker: (not worker.hurried, worker.spent))
                    for worker in self.workers:  # who had nothing to do saves up no time
                        if worker not in ready:
                            worker.spent = max(worker.spent, chosen.spent)
                    return chosen
                if self._closed:
                    return None
                soonest = math.inf if self.held else min(due.values(), default=math.inf)
                self.changed.wait(None if soonest == math.inf else soonest - now)


class _Job:
    """Something to pull, since it was asked for; what it yields is wanted while its ticket is the newest."""

    def __init__(self, ticket: int, make: Make) -> None:
        self.ticket, self.make = ticket, make
        self.items: Iterator[Any] | None = None

    def next(self, newest: Any) -> Any:
        if self.items is None:
            self.items = self.make(newest)
        return next(self.items)


class Worker(Generic[Item]):
    """Works off one iterator at a time. An item None is none: a place to stop at, where others may have their turn.

    It belongs to a `conductor`, or has one of its own. All methods return at once, except `close`.
    """

    def __init__(self, name: str, conductor: Conductor | None = None, share: float = 1.0) -> None:
        self.conductor = Conductor(name) if conductor is None else conductor
        self.share = share
        self.spent = 0.0  # seconds, by the share; the conductor's to write
        self.urgent, self._head_start = False, HEAD_START
        self.pulled = 0  # how often since `start`, for whoever wants to know how far it is
        self._changed = self.conductor.changed
        self._job: _Job | None = None  # under way, on the conductor's thread
        self._wish: _Job | None = None  # what is to take its place
        self._ticket = 0
        self._running = False
        self._pace: float | None = None
        self._last = 0.0
        self._items: list[Item] = []
        self._newest: Item | None = None
        self._error: Exception | None = None
        with self._changed:
            self.conductor.workers.append(self)

    def start(self, make: Callable[[], Iterator[Item | None]], urgent: bool = False) -> None:
        """Begin anew with `make()`. What an earlier iterator yielded and nobody took is dropped, and so is its rest.

        Where it is `urgent`, all others wait for its first item, or until it has used up its `HEAD_START`. Asked again
        and again it has no more of that: others go on, however often somebody wants something else.
        """
        with self._changed:
            self._ticket += 1
            self._items, self._newest, self._error = [], None, None
            self.urgent, self.pulled = urgent, 0
            self._ask(lambda newest: make())

    def replace(self, make: Callable[[Item | None], Iterator[Item | None]]) -> None:
        """Go on with `make(newest)`, where `newest` is the last item yielded: no item is lost, repeated or skipped.

        Asked several times between two items, only the latest wish is fulfilled. An item that is being made meanwhile
        is still wanted, so that wishes which come faster than items do not starve them.
        """
        with self._changed:
            self._ask(make)

    def stop(self) -> None:
        """Pull no further. What was yielded can still be taken."""
        with self._changed:
            self._ticket += 1
            self._wish, self._running, self.urgent = None, False, False
            self._changed.notify_all()

    def forget(self) -> None:
        """Stop, and drop all that was yielded, with what it holds: nothing goes on from it."""
        self.stop()
        with self._changed:
            self._items, self._newest, self._error = [], None, None

    def set_pace(self, per_second: float | None) -> None:
        """At most so many items a second from now on; None for as fast as it goes."""
        with self._changed:
            self._pace = per_second
            self._changed.notify_all()

    def take(self) -> Batch:
        """All items since the last call."""
        with self._changed:
            items, self._items = self._items, []
            error, self._error = self._error, None
            return Batch(items, self._running, error)

    def close(self, timeout: float = 3.0) -> bool:
        """End the conductor's thread; True if it ended within `timeout` seconds."""
        return self.conductor.close(timeout)

    # ---- for the conductor --------------------------------------------------------------------------------------

    @property
    def wanted(self) -> bool:
        """Whether there is something to make."""
        return self._wish is not None or (self._job is not None and self._job.ticket == self._ticket)

    @property
    def stale(self) -> bool:
        """Whether something is under way that nobody wants any more, and that is to be dropped."""
        return self._job is not None and (self._wish is not None or self._job.ticket != self._ticket)

    @property
    def hurried(self) -> bool:
        """Whether somebody waits for it, and it may go before the others."""
        return self.urgent and self._head_start > 0.0

    def spend(self, seconds: float) -> None:
        """So long its turn took."""
        self.spent += seconds / self.share
        self._head_start -= seconds * self.urgent

    def due(self, now: float) -> float:
        """When it has something to do: the time of its next item, by its pace; never, if nothing was asked."""
        if self.stale:
            return now
        if not self.wanted:
            return math.inf
        return now if self._pace is None else self._last + 1.0 / self._pace

    def turn(self, until: float) -> None:
        """Make items, one at least, as long as they are wanted, due and nobody else is to have the time."""
        while (job := self._next_job()) is not None:
            item, error, ended = None, None, False
            try:
                item = job.next(self._newest)
            except StopIteration:
                ended = True
            except Exception as caught:
                error, ended = caught, True
            with self._changed:
                self.pulled += job.ticket == self._ticket
                if job.ticket == self._ticket and item is not None:
                    self._items.append(item)
                    self._newest, self.urgent, self._head_start = item, False, HEAD_START
                if ended:
                    self._job = None
                    if job.ticket == self._ticket and self._wish is None:
                        self._running, self._error, self.urgent = False, error, False
                if ended or self.conductor.held:
                    return
            if time.monotonic() >= until:
                return

    def _ask(self, make: Make) -> None:
        self._wish, self._running = _Job(self._ticket, make), True
        self._changed.notify_all()

    def _next_job(self) -> _Job | None:
        """What to pull at; None when nothing is due.

        The time of the last item is kept from job to job, so that a slider that replaces the iterator at every move
        does not put off the next item again and again.
        """
        with self._changed:
            dropped = self._job if self.stale else None  # closed when this returns: nobody waits for that at the lock
            if dropped is not None:
                self._job = None
            now = time.monotonic()
            due = self.due(now)
            if now < due or self.conductor.held:
                return None
            # Late by more than a tenth of a second (a slow step, a sleeping machine): do not catch up.
            self._last = max(due, now - 0.1)
            if self._wish is not None:
                self._job, self._wish = self._wish, None
            return self._job
