"""Tasks that wait are done at the same time, a bounded number of them, in a bounded time."""

from __future__ import annotations

import threading
import time

import pytest

from trustinstall.host import waits


def test_a_number_of_tasks_wait_at_once() -> None:
    """Sixteen tasks of which eight meet before one goes on: eight run at once, and never a ninth."""
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
    """They have no result, and those whose turn does not come are not begun."""
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
    """The task that is done last stays where it was named."""
    third = threading.Event()

    def first(_left: float) -> str:
        third.wait(10)
        return "first"

    def last(_left: float) -> str:
        third.set()
        return "last"

    assert waits.at_once([first, last], 10) == ["first", "last"]


def test_an_error_reaches_the_caller() -> None:
    """A fault of the program itself is not kept in a thread."""

    def broken(_left: float) -> None:
        raise LookupError("a fault")

    with pytest.raises(LookupError, match="a fault"):
        waits.at_once([broken] * 3, 5.0)
