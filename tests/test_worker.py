"""The worker: nothing lost, repeated or skipped, whatever is asked of it and however fast."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice
from typing import Any

import pytest

from model import Worker

PATIENCE = 10.0  # seconds, for what is bound to happen


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
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        batch = worker.take()
        items += batch.items
        errors += [batch.error] if batch.error else []
        if not batch.running or (enough and enough(items)):
            return items, errors
        time.sleep(0.001)
    raise AssertionError(f"still waiting after {PATIENCE} s with {len(items)} items")


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
    worker.start(lambda: iter([1 // 0]))
    until(lambda: not worker._running)
    worker.start(lambda: iter([7]))
    assert collect(worker) == ([7], [])


def test_start_forgets_the_newest_item(worker: Worker[Any]) -> None:
    worker.start(lambda: iter([1, 2]))
    collect(worker)
    worker.start(lambda: iter([]))
    collect(worker)
    worker.replace(lambda newest: iter([newest]))
    assert collect(worker)[0] == [None]


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_replace_goes_on_from_the_newest_item(worker: Worker[int]) -> None:
    worker.start(lambda: iter([1, 2, 3]))
    assert collect(worker)[0] == [1, 2, 3]
    worker.replace(lambda newest: iter([(newest or 0) * 10]))
    assert collect(worker)[0] == [30]


def test_replace_before_anything_else_starts_from_nothing(worker: Worker[Any]) -> None:
    worker.replace(lambda newest: iter([newest]))
    assert collect(worker)[0] == [None]


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

    def slow(newest: int | None) -> Iterator[int]:
        for number in count((newest or 0) + 1):
            time.sleep(0.02)
            yield number

    begin = time.monotonic()
    worker.start(lambda: slow(None))
    items: list[int] = []
    while time.monotonic() - begin < 0.6:
        worker.replace(slow)
        items += worker.take().items
        time.sleep(0.002)
    assert len(items) >= 10  # of 30
    assert items == list(range(1, len(items) + 1))


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


def test_pace_is_kept_while_wishes_pour_in(worker: Worker[tuple[int, int]]) -> None:
    """Ten items a second, a wish every few milliseconds: still ten items a second."""
    worker.set_pace(10.0)
    begin, wish = time.monotonic(), 0
    worker.start(lambda: numbers_from(None, 0))
    items: list[tuple[int, int]] = []
    while time.monotonic() - begin < 1.25:
        wish += 1
        worker.replace(partial(numbers_from, wish=wish))
        items += worker.take().items
        time.sleep(0.003)
    elapsed = time.monotonic() - begin
    assert 8.0 * elapsed <= len(items) <= 10.0 * elapsed + 2
    assert [n for _, n in items] == list(range(len(items)))


def test_pace_changes_at_once(worker: Worker[int]) -> None:
    worker.set_pace(0.1)
    worker.start(count)
    collect(worker, lambda items: len(items) >= 1)
    begin = time.monotonic()
    worker.set_pace(None)
    collect(worker, lambda items: len(items) >= 100)
    assert time.monotonic() - begin < 1.0  # the next one was due in ten seconds


@pytest.mark.parametrize("before", [None, 0.1, 1000.0])
def test_a_slower_pace_holds_at_once(worker: Worker[int], before: float | None) -> None:
    worker.set_pace(before)
    worker.start(count)
    collect(worker, lambda items: len(items) >= 1)
    worker.set_pace(5.0)
    worker.take()
    begin = time.monotonic()
    time.sleep(0.5)
    items = worker.take().items
    assert 1 <= len(items) <= 5.0 * (time.monotonic() - begin) + 2


def test_a_faster_pace_catches_nothing_up(worker: Worker[int]) -> None:
    """After a pause of half a second at a slow pace, a fast one begins now, not half a second ago."""
    worker.set_pace(0.1)
    worker.start(count)
    collect(worker, lambda items: len(items) >= 1)
    time.sleep(0.3)
    begin = time.monotonic()
    worker.set_pace(1000.0)
    items, _ = collect(worker, lambda items: len(items) >= 150)
    assert len(items) <= 1000.0 * (time.monotonic() - begin) + 101  # a tenth of a second may be caught up


@pytest.mark.parametrize("pace", [None, 60.0, 0.1])
@pytest.mark.parametrize("how", ["stop", "start", "replace", "close"])
def test_it_lets_go_within_a_tenth_of_a_second(pace: float | None, how: str) -> None:
    worker, ended = Worker[int]("test"), threading.Event()
    worker.set_pace(pace)
    worker.start(lambda: last_words(ended))
    collect(worker, lambda items: len(items) >= 1)
    begin = time.monotonic()
    ways: dict[str, Callable[[], object]] = {
        "stop": worker.stop,
        "start": lambda: worker.start(lambda: iter([])),
        "replace": lambda: worker.replace(lambda newest: iter([])),
        "close": worker.close,
    }
    ways[how]()
    assert ended.wait(PATIENCE)
    assert time.monotonic() - begin < 0.1
    assert worker.close()


def test_after_stop_nothing_more_comes(worker: Worker[int]) -> None:
    worker.start(count)
    collect(worker, lambda items: len(items) >= 1)
    worker.stop()
    last = worker.take()
    assert not last.running
    time.sleep(0.02)
    assert worker.take() == ([], False, None)


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
