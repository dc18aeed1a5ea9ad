"""The terminal: whether there is one, whether it wants colour, and where signs of life go."""

from __future__ import annotations

import os
import signal
import sys
import time

from trustinstall.progress import Progress


def terminal() -> bool:
    """Whether a question can be asked: standard input and standard error are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def wants_colour() -> bool:
    """Whether standard output is a terminal that shows colours; source: no-color.org, terminfo's "dumb"."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def progress() -> Progress:
    """Signs of life on standard error."""
    return Progress(_write, time.monotonic, terminal=sys.stderr.isatty())


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


class Interrupted(BaseException):
    """Somebody wants the program to end: what has begun is finished or put back first."""


def end_on_signals() -> None:
    """Raise Interrupted in the main thread on Ctrl-C, SIGTERM and SIGHUP."""

    def interrupt(_number: int, _frame: object) -> None:
        raise Interrupted

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # Windows has no SIGHUP
            signal.signal(getattr(signal, name), interrupt)


def close_output() -> bool:
    """After a reader has gone away (`| head`): keep the interpreter from writing what is left; always true."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return True


def debug() -> None:
    """Print the traceback of the current exception where TRUSTINSTALL_TRACEBACK asks for it."""
    if os.environ.get("TRUSTINSTALL_TRACEBACK"):
        import traceback

        traceback.print_exc()
