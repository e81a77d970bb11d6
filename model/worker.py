"""Worker: pulls an iterator on a thread of its own, and keeps what it yields until somebody takes it.

It knows nothing of networks or windows. Whoever wants the results looks in when it suits them (a window: once a frame)
and gets all items since the last time, in order, none lost. The only clock in this package is its pace.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

Item = TypeVar("Item")
Make = Callable[[Any], Iterator[Any]]


def undisturbed(items: Iterator[Item], others: Iterable[Worker[Any]]) -> Iterator[Item]:
    """The same items; while one is made, the `others` begin nothing new."""
    while True:
        for worker in others:
            worker.hold()
        try:
            item = next(items)
        except StopIteration:
            return
        finally:
            for worker in others:
                worker.release()
        yield item


class Batch(NamedTuple):
    """What came since the last look: `items` in order; whether more will come; the error that ended it, if one did."""

    items: list[Any]
    running: bool
    error: Exception | None


class _Job(NamedTuple):
    ticket: int
    make: Make


class Worker(Generic[Item]):
    """A thread that works off one iterator at a time. All methods return at once, except `close`."""

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._wish: _Job | None = None
        self._ticket = 0
        self._running = False
        self._closed = False
        self._held = 0
        self._pace: float | None = None
        self._last = 0.0
        self._items: list[Item] = []
        self._newest: Item | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def start(self, make: Callable[[], Iterator[Item]]) -> None:
        """Begin anew with `make()`. What an earlier iterator yielded and nobody took is dropped, and so is its rest."""
        with self._changed:
            self._ticket += 1
            self._items, self._newest, self._error = [], None, None
            self._ask(lambda newest: make())

    def replace(self, make: Callable[[Item | None], Iterator[Item]]) -> None:
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
            self._wish, self._running = None, False
            self._changed.notify_all()

    def set_pace(self, per_second: float | None) -> None:
        """At most so many items a second from now on; None for as fast as it goes."""
        with self._changed:
            self._pace = per_second
            self._changed.notify_all()

    def hold(self) -> None:
        """Begin no further item until `release`, so that the calling thread has the interpreter for itself.

        Two threads that both make many short calls hand the interpreter's lock to and fro, at a cost far above that of
        the calls: a window drawn while a network trains was six times slower, and so was the training. Each call of
        `hold` needs its own of `release`.
        """
        with self._changed:
            self._held += 1

    def release(self) -> None:
        """Go on after `hold`."""
        with self._changed:
            self._held -= 1
            self._changed.notify_all()

    def take(self) -> Batch:
        """All items since the last call."""
        with self._changed:
            items, self._items = self._items, []
            error, self._error = self._error, None
            return Batch(items, self._running, error)

    def close(self, timeout: float = 3.0) -> bool:
        """End the thread; True if it ended within `timeout` seconds."""
        with self._changed:
            self._ticket += 1
            self._closed, self._running, self._wish = True, False, None
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _ask(self, make: Make) -> None:
        self._wish, self._running = _Job(self._ticket, make), True
        self._changed.notify_all()

    def _work(self) -> None:
        while (job := self._next_job()) is not None:
            error = None
            try:
                self._pull(job)
            except Exception as caught:
                error = caught
            with self._changed:
                if self._is_latest(job):
                    self._running, self._error = False, error

    def _next_job(self) -> _Job | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wish is not None or self._closed)
            job, self._wish = self._wish, None
            return job

    def _pull(self, job: _Job) -> None:
        items: Iterator[Any] | None = None
        while self._may_go_on(job):
            if items is None:
                items = job.make(self._newest)
            try:
                item = next(items)
            except StopIteration:
                return
            with self._changed:
                if job.ticket == self._ticket:
                    self._items.append(item)
                    self._newest = item

    def _may_go_on(self, job: _Job) -> bool:
        """Wait for the pace; False when the job has been replaced or stopped meanwhile.

        The time of the last item is kept from job to job, so that a slider that replaces the iterator at every move
        does not put off the next item again and again.
        """
        with self._changed:
            while self._is_latest(job):
                if self._held:
                    self._changed.wait()
                    continue
                now = time.monotonic()
                due = now if self._pace is None else self._last + 1.0 / self._pace
                if now >= due:
                    # Late by more than a tenth of a second (a slow step, a sleeping machine): do not catch up.
                    self._last = max(due, now - 0.1)
                    return True
                self._changed.wait(due - now)
            return False

    def _is_latest(self, job: _Job) -> bool:
        """Whether nothing was asked since; what a job yields is wanted as long as its ticket is the newest."""
        return job.ticket == self._ticket and self._wish is None
