"""Waiting tasks run at the same time, a limited number of them, for a limited time."""

from __future__ import annotations

import threading
import time

import pytest

from trustinstall.host import waits


def test_a_number_of_tasks_wait_at_once() -> None:
    """Of sixteen tasks that wait for seven others each, eight run at the same time, and never a ninth."""
    meeting, now, most = threading.Barrier(8), [0], [0]
    lock = threading.Lock()

    def meet(_left: float) -> bool:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        meeting.wait(20)
        with lock:
            now[0] -= 1
        return True

    assert (waits.at_once([meet] * 16, 30), most) == ([True] * 16, [8])


def test_tasks_that_never_end_cost_the_time_that_was_given() -> None:
    """Tasks without an end have no result, and tasks whose turn does not come do not start."""
    over, begun = threading.Event(), list[float]()

    def never(left: float) -> bool:
        begun.append(left)
        return over.wait(20)

    start = time.monotonic()
    assert waits.at_once([never] * 9, 0.2) == [None] * 9
    assert time.monotonic() - start < 5
    over.set()
    assert (len(begun), max(begun) <= 0.2) == (8, True)


def test_results_stand_in_the_order_of_the_tasks() -> None:
    """The first task ends last, and its result is still the first."""
    third = threading.Event()

    def first(_left: float) -> str:
        third.wait(10)
        return "first"

    def last(_left: float) -> str:
        third.set()
        return "last"

    assert waits.at_once([first, last], 10) == ["first", "last"]


def test_an_error_reaches_the_caller() -> None:
    """An unexpected error in a thread is raised in the caller."""

    def broken(_left: float) -> None:
        raise LookupError("a fault")

    with pytest.raises(LookupError, match="a fault"):
        waits.at_once([broken] * 3, 5.0)
