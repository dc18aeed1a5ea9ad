"""Runs tasks that mostly wait at the same time, so that their times do not add up."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_Result = TypeVar("_Result")
_GRACE = 1.0  # seconds after the end in which a task may still report its time-out


def at_once(tasks: Sequence[Callable[[float], _Result]], seconds: float, most: int = 8) -> list[_Result | None]:
    """Run tasks in threads, and return their results in the order given; None for a task that did not end in time.

    Each task is called with the seconds that are left, `most` tasks at a time, and no task starts after `seconds`. The
    threads end with the process, so that Ctrl-C ends it immediately. Raises the error of the first task that fails.

    >>> at_once([lambda left: left > 0, lambda left: left > 2], 1.0)
    [True, False]
    """
    end = time.monotonic() + seconds
    numbers, turn = iter(range(len(tasks))), threading.Lock()
    done: queue.SimpleQueue[tuple[int, _Result | None, Exception | None]] = queue.SimpleQueue()

    def work() -> None:
        while True:
            with turn:
                number = next(numbers, None)
            left = end - time.monotonic()
            if number is None or left <= 0:
                return
            try:
                done.put((number, tasks[number](left), None))
            except Exception as error:  # noqa: BLE001  raised again by the thread that waits
                done.put((number, None, error))

    for _ in range(min(most, len(tasks))):
        threading.Thread(target=work, daemon=True).start()
    found: list[_Result | None] = [None] * len(tasks)
    for _ in tasks:
        try:
            number, result, error = done.get(timeout=max(0.0, end + _GRACE - time.monotonic()))
        except queue.Empty:
            break
        if error is not None:
            raise error
        found[number] = result
    return found
