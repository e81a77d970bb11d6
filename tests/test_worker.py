"""The worker: nothing lost, repeated or skipped, whatever is asked of it and however fast."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from typing import Any

import pytest

from model import Conductor, Worker
from tests.clock import Clock

PATIENCE = 60.0  # seconds, for what is bound to happen


@pytest.fixture
def worker() -> Iterator[Worker[Any]]:
    worker: Worker[Any] = Worker("test")
    yield worker
    assert worker.close()


def collect(
    worker: Worker[Any], enough: Callable[[list[Any]], bool] | None = None
) -> tuple[list[Any], list[Exception]]:
    """What comes until it is enough, or (by default) until the iterator ends."""
    items: list[Any] = []
    errors: list[Exception] = []

    def done() -> bool:
        batch = worker.take()
        items.extend(batch.items)
        errors.extend([batch.error] if batch.error else [])
        return not batch.running or bool(enough and enough(items))

    until(done)
    return items, errors


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"still waiting after {PATIENCE} s"
        time.sleep(0.001)


def move(clock: Clock, worker: Worker[Any], seconds: float) -> None:
    """Let time go on; the worker, which may be waiting for it, looks at the clock again."""
    clock.now += seconds
    worker.conductor.hold()
    worker.conductor.release()


def announced(items: Iterator[Any], at: int, event: threading.Event) -> Iterator[Any]:
    """`items`, setting `event` once the item with number `at` was taken from here."""
    for number, item in enumerate(items):
        if number > at:
            event.set()
        yield item


def last_words(ended: threading.Event) -> Iterator[int]:
    """Endless numbers; `ended` is set when nobody wants more."""
    try:
        yield from count()
    finally:
        ended.set()


def test_items_come_in_order_and_none_is_lost(worker: Worker[int]) -> None:
    worker.start(lambda: iter(range(20_000)))
    assert collect(worker) == (list(range(20_000)), [])


def test_an_idle_worker_says_so(worker: Worker[int]) -> None:
    assert worker.take() == ([], False, None)


def test_it_says_whether_more_will_come(worker: Worker[int]) -> None:
    gate = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        gate.wait(PATIENCE)

    worker.start(items)
    assert worker.take().running
    gate.set()
    assert collect(worker)[0] in ([1], [])
    assert not worker.take().running


def test_what_was_taken_does_not_come_again(worker: Worker[int]) -> None:
    worker.start(lambda: iter(range(3)))
    collect(worker)
    assert worker.take() == ([], False, None)


def test_start_drops_what_nobody_took(worker: Worker[Any]) -> None:
    made_some = threading.Event()
    worker.start(lambda: announced(count(), 100, made_some))
    assert made_some.wait(PATIENCE)
    worker.start(lambda: iter("abc"))
    assert collect(worker) == (["a", "b", "c"], [])


def test_start_drops_an_error_that_nobody_took(worker: Worker[int]) -> None:
    ended = threading.Event()
    worker.start(lambda: broken(ended))
    assert ended.wait(PATIENCE)
    worker.start(lambda: iter([7]))
    assert collect(worker) == ([7], [])


def broken(ended: threading.Event) -> Iterator[int]:
    try:
        yield 1 // 0
    finally:
        ended.set()


def test_start_forgets_the_newest_item(worker: Worker[Any]) -> None:
    worker.start(lambda: iter([1, 2]))
    collect(worker)
    worker.start(lambda: iter([]))
    collect(worker)
    worker.replace(lambda newest: iter([("newest", newest)]))
    assert collect(worker)[0] == [("newest", None)]


def test_replace_goes_on_from_the_newest_item(worker: Worker[int]) -> None:
    worker.start(lambda: iter([1, 2, 3]))
    assert collect(worker)[0] == [1, 2, 3]
    worker.replace(lambda newest: iter([(newest or 0) * 10]))
    assert collect(worker)[0] == [30]


def test_replace_before_anything_else_starts_from_nothing(worker: Worker[Any]) -> None:
    worker.replace(lambda newest: iter([("newest", newest)]))
    assert collect(worker)[0] == [("newest", None)]


def numbers_from(newest: tuple[int, int] | None, wish: int) -> Iterator[tuple[int, int]]:
    """(wish, n) with n going on where the newest item left off."""
    return ((wish, n) for n in count(newest[1] + 1 if newest else 0))


def test_no_gap_over_many_replacements(worker: Worker[tuple[int, int]]) -> None:
    """Wishes from one thread, looks from another, at full speed: 0, 1, 2, ... all the same."""
    wishes = 1500
    worker.start(lambda: numbers_from(None, 0))

    def wish() -> None:
        for number in range(1, wishes + 1):
            worker.replace(partial(numbers_from, wish=number))
            if number % 10 == 0:
                time.sleep(0)

    wishing = threading.Thread(target=wish)
    wishing.start()
    items, errors = collect(worker, lambda items: bool(items) and items[-1][0] == wishes)
    wishing.join()
    assert not errors
    assert [n for _, n in items] == list(range(len(items)))
    fulfilled = [number for number, _ in items]
    assert fulfilled == sorted(fulfilled) and fulfilled[-1] == wishes


def test_the_latest_wish_wins(worker: Worker[Any]) -> None:
    """Of several wishes between two items, the others are not even begun."""
    busy, go_on, begun = threading.Event(), threading.Event(), []

    def slow() -> Iterator[str]:
        busy.set()
        go_on.wait(PATIENCE)
        yield "slow"

    def wish(name: str) -> Callable[[Any], Iterator[str]]:
        def make(newest: Any) -> Iterator[str]:
            begun.append(name)
            return iter([name])

        return make

    worker.start(slow)
    assert busy.wait(PATIENCE)
    for name in "abcde":
        worker.replace(wish(name))
    go_on.set()
    items, _ = collect(worker)
    assert begun == ["e"] and items[-1] == "e"


def test_wishes_do_not_starve_slow_items(worker: Worker[int]) -> None:
    """An item that takes longer than the time between two wishes is kept all the same: a slider may be dragged."""

    begun, go_on = threading.Semaphore(0), threading.Semaphore(0)

    def slow(newest: int | None) -> Iterator[int]:
        for number in count((newest or 0) + 1):
            begun.release()
            assert go_on.acquire(timeout=PATIENCE)
            yield number

    worker.start(lambda: slow(None))
    items: list[int] = []
    for _ in range(10):
        assert begun.acquire(timeout=PATIENCE)
        worker.replace(slow)
        items += worker.take().items
        worker.replace(slow)
        go_on.release()
    assert begun.acquire(timeout=PATIENCE)
    items += worker.take().items
    assert items == list(range(1, 11))
    worker.stop()
    go_on.release()


def test_the_end_of_what_is_being_replaced_is_not_the_end(worker: Worker[Any]) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def ends() -> Iterator[int]:
        yield 1
        busy.set()
        go_on.wait(PATIENCE)

    worker.start(ends)
    assert busy.wait(PATIENCE)
    worker.replace(lambda newest: iter([newest, 2]))
    go_on.set()
    assert collect(worker) == ([1, 1, 2], [])


class Taken:
    """What was taken from a worker so far."""

    def __init__(self, worker: Worker[Any]) -> None:
        self.items: list[Any] = []
        self._worker = worker

    def wait(self, count: int) -> None:
        """Until there are so many."""

        def come() -> bool:
            self.items += self._worker.take().items
            return len(self.items) >= count

        until(come)

    def check(self, count: int) -> None:
        """So many come, and no more: those would be seen by the next look."""
        self.wait(count)
        assert len(self.items) == count


def test_pace_is_kept_while_wishes_pour_in(worker: Worker[tuple[int, int]], pacer: Clock) -> None:
    """Ten items a second, a wish every few milliseconds: still ten items a second."""
    worker.set_pace(10.0)
    worker.start(lambda: numbers_from(None, 0))
    taken = Taken(worker)
    taken.wait(1)
    move(pacer, worker, 0.05)
    taken.check(2)  # the first, and one that has been due for a moment
    for wish in range(1, 401):
        worker.replace(partial(numbers_from, wish=wish))
        move(pacer, worker, 0.0031)
        taken.check(2 + int(10.0 * (0.05 + 0.0031 * wish)))
    assert [n for _, n in taken.items] == list(range(14))


def test_pace_changes_at_once(worker: Worker[int], pacer: Clock) -> None:
    """Though the clock, by which nothing was due, stands still."""
    worker.set_pace(0.001)
    worker.start(count)
    collect(worker, lambda items: len(items) >= 1)
    worker.set_pace(None)
    collect(worker, lambda items: len(items) >= 100)


@pytest.mark.parametrize("before", [None, 0.1, 1000.0])
def test_a_slower_pace_holds_at_once(worker: Worker[int], pacer: Clock, before: float | None) -> None:
    """It is changed while an item is being made."""
    busy, go_on = threading.Event(), threading.Event()

    def items() -> Iterator[int]:
        busy.set()
        go_on.wait(PATIENCE)
        yield from count()

    worker.set_pace(before)
    worker.start(items)
    assert busy.wait(PATIENCE)
    worker.set_pace(5.0)
    go_on.set()
    taken = Taken(worker)
    for number in range(1, 8):
        taken.check(number)
        move(pacer, worker, 0.2001)


def test_a_faster_pace_catches_nothing_up(worker: Worker[int], pacer: Clock) -> None:
    """After a pause of half a second at a slow pace, a fast one begins now, or a tenth of a second ago at most."""
    worker.set_pace(0.1)
    worker.start(count)
    taken = Taken(worker)
    taken.check(1)
    move(pacer, worker, 0.5)
    worker.set_pace(1000.0)
    taken.wait(101)
    move(pacer, worker, 0.0005)
    for number in range(102, 120):
        taken.check(number)
        move(pacer, worker, 0.001)


@pytest.mark.parametrize("pace", [None, 60.0, 0.001])
@pytest.mark.parametrize("how", ["stop", "start", "replace", "close"])
def test_it_lets_go_at_once(pacer: Clock, pace: float | None, how: str) -> None:
    """Though by its pace, and by a clock that stands still, nothing is due."""
    worker, ended = Worker[int]("test"), threading.Event()
    worker.set_pace(pace)
    worker.start(lambda: last_words(ended))
    collect(worker, lambda items: len(items) >= 1)
    ways: dict[str, Callable[[], object]] = {
        "stop": worker.stop,
        "start": lambda: worker.start(lambda: iter([])),
        "replace": lambda: worker.replace(lambda newest: iter([])),
        "close": worker.close,
    }
    ways[how]()
    assert ended.wait(PATIENCE)
    assert worker.close()


def test_after_stop_nothing_more_comes(worker: Worker[Any]) -> None:
    worker.start(count)
    collect(worker, lambda items: len(items) >= 1)
    worker.stop()
    assert not worker.take().running
    worker.replace(lambda newest: iter(["after"]))
    assert collect(worker) == (["after"], [])


def test_after_stop_it_goes_on_where_it_was(worker: Worker[int]) -> None:
    worker.start(count)
    items, _ = collect(worker, lambda items: len(items) >= 10)
    worker.stop()
    items += worker.take().items
    worker.replace(lambda newest: islice(count((newest or 0) + 1), 50))
    items += collect(worker)[0]
    assert items == list(range(len(items)))


def broken_at_once() -> Iterator[int]:
    raise LookupError("at once")


def broken_later() -> Iterator[int]:
    yield from range(5)
    raise LookupError("later")


@pytest.mark.parametrize(("make", "expected"), [(broken_at_once, []), (broken_later, [0, 1, 2, 3, 4])])
def test_errors_are_values(worker: Worker[int], make: Callable[[], Iterator[int]], expected: list[int]) -> None:
    """All items before it, then the error once; and the worker is as good as new."""
    worker.start(make)
    items, [error] = collect(worker)
    assert items == expected and isinstance(error, LookupError)
    assert worker.take() == ([], False, None)
    worker.start(lambda: iter([7]))
    assert collect(worker) == ([7], [])


def test_an_error_in_making_is_a_value(worker: Worker[int]) -> None:
    def make() -> Iterator[int]:
        raise LookupError("nothing made")

    worker.start(make)
    items, [error] = collect(worker)
    assert items == [] and str(error) == "nothing made"


def test_after_an_error_it_goes_on_where_it_was(worker: Worker[int]) -> None:
    worker.start(broken_later)
    collect(worker)
    worker.replace(lambda newest: iter([(newest or 0) + 1]))
    assert collect(worker) == ([5], [])


def test_close_ends_the_thread() -> None:
    worker: Worker[int] = Worker("short-lived")
    assert "short-lived" in {thread.name for thread in threading.enumerate()}
    worker.start(count)
    assert worker.close() and worker.close()
    assert "short-lived" not in {thread.name for thread in threading.enumerate()}
    assert not worker.take().running


def test_close_says_when_it_did_not_end_the_thread() -> None:
    worker, go_on, busy = Worker[int]("test"), threading.Event(), threading.Event()

    def stuck() -> Iterator[int]:
        busy.set()
        go_on.wait(PATIENCE)
        yield 1

    worker.start(stuck)
    assert busy.wait(PATIENCE)
    assert not worker.close(timeout=0.01)
    go_on.set()
    assert worker.close()


def test_it_works_on_a_thread_of_its_own(worker: Worker[int]) -> None:
    worker.start(lambda: iter([threading.get_ident()]))
    [there], _ = collect(worker)
    assert there != threading.get_ident()


# ---- several of them, and one conductor -------------------------------------------------------------------------


@pytest.fixture
def conductor() -> Iterator[Conductor]:
    conductor = Conductor("test")
    yield conductor
    assert conductor.close()


def test_all_of_a_conductor_s_workers_are_on_its_thread(conductor: Conductor) -> None:
    workers = [Worker[int](name, conductor) for name in "abc"]
    for worker in workers:
        worker.start(lambda: iter([threading.get_ident()]))
    threads = {collect(worker)[0][0] for worker in workers}
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_nobody_starves(conductor: Conductor) -> None:
    """Endless ones beside each other, one with a small share of the time: all go on."""
    workers = [Worker[int](str(share), conductor, share) for share in (1.0, 2.0, 0.1)]
    for worker in workers:
        worker.start(count)
    for _ in range(3):
        for worker in workers:
            worker.take()
            collect(worker, lambda items: len(items) >= 2000)


def test_what_is_urgent_comes_before_all_else(conductor: Conductor) -> None:
    """Until its first item, however often it could be stopped before; others have their turn after that."""
    order, begun, go_on = list[str](), threading.Event(), threading.Event()

    def others() -> Iterator[int]:
        for number in count():
            order.append("other")
            begun.set()
            assert go_on.wait(PATIENCE)
            yield number

    def urgent() -> Iterator[int | None]:
        for _ in range(50):
            order.append("urgent")
            yield None
        yield 1
        yield from count()

    other, wanted = Worker[int]("other", conductor, share=100.0), Worker[int]("wanted", conductor)
    other.start(others)
    assert begun.wait(PATIENCE)
    wanted.start(urgent, urgent=True)
    go_on.set()
    collect(wanted, bool)
    first, last = order.index("urgent"), len(order) - order[::-1].index("urgent")
    assert set(order[first:last]) == {"urgent"}
    other.take()
    collect(other, bool)


def test_what_is_urgent_and_takes_long_has_no_more_than_a_head_start(conductor: Conductor, pacer: Clock) -> None:
    """Though it is asked for again and again, and never comes to an item."""
    other, wanted = Worker[int]("other", conductor), Worker[int]("wanted", conductor)

    def endless() -> Iterator[None]:
        while True:
            pacer.now += 0.01  # so long does it take
            yield None

    wanted.start(endless, urgent=True)
    other.start(count)
    for _ in range(5):
        other.take()
        collect(other, lambda items: len(items) >= 10)
        wanted.start(endless, urgent=True)


def test_what_is_forgotten_is_gone(worker: Worker[int]) -> None:
    worker.start(lambda: iter([1, 2]))
    collect(worker)
    worker.forget()
    worker.replace(lambda newest: iter([0 if newest is None else newest]))
    assert collect(worker) == ([0], [])


def test_what_is_urgent_and_ends_without_an_item_lets_the_others_go_on(conductor: Conductor) -> None:
    other, empty, broken_one = (Worker[int](name, conductor) for name in ("other", "empty", "broken"))
    other.start(count)
    empty.start(lambda: iter(()), urgent=True)
    broken_one.start(broken_at_once, urgent=True)
    assert collect(empty) == ([], [])
    assert isinstance(collect(broken_one)[1][0], LookupError)
    other.take()
    collect(other, bool)


def test_none_is_a_place_to_stop_at_and_no_item(worker: Worker[int]) -> None:
    worker.start(lambda: iter([None, 1, None, None, 2, None]))
    assert collect(worker) == ([1, 2], [])
    worker.replace(lambda newest: iter([None, (newest or 0) + 1]))
    assert collect(worker) == ([3], [])


def test_whoever_waits_for_his_pace_keeps_nobody_waiting(conductor: Conductor, pacer: Clock) -> None:
    slow, fast = Worker[int]("slow", conductor), Worker[int]("fast", conductor)
    slow.set_pace(1.0)
    slow.start(count)
    collect(slow, bool)
    fast.start(lambda: iter(range(1000)))
    assert collect(fast) == (list(range(1000)), []) and not slow.take().items
    pacer.now += 1.5
    with conductor.changed:
        conductor.changed.notify_all()
    collect(slow, bool)


def test_while_it_is_held_nothing_begins(conductor: Conductor) -> None:
    """Nor is what was asked meanwhile lost; what nobody wants any more is dropped all the same."""
    worker, ended = Worker[Any]("one", conductor), threading.Event()
    worker.start(lambda: last_words(ended))
    collect(worker, bool)
    conductor.hold()
    conductor.hold()
    worker.start(lambda: iter("ab"))
    assert ended.wait(PATIENCE)
    conductor.release()
    other = Worker[int]("other", conductor)
    other.start(lambda: iter([1]))
    assert worker.take() == ([], True, None) and other.take() == ([], True, None)
    conductor.release()
    assert collect(worker) == (["a", "b"], []) and collect(other) == ([1], [])
