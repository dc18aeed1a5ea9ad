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
    """Raise Interrupted in the main thread on the first Ctrl-C, SIGTERM or SIGHUP; later ones disturb nothing."""
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

    def interrupt(_number: int, _frame: object) -> None:
        for number in numbers:
            signal.signal(number, lambda _number, _frame: None)  # not SIG_IGN, which tools would inherit
        raise Interrupted

    for number in numbers:
        signal.signal(number, interrupt)


def write(text: str) -> str | None:
    """Print text on standard output; why that failed, or None. A reader that has gone (`| head`) is no failure."""
    try:
        print(text, flush=True)  # noqa: T201  the one place that prints
    except BrokenPipeError:
        _close_output()
    except OSError as error:
        _close_output()
        return error.strerror
    return None


def _close_output() -> None:
    """Keep the interpreter from writing at its end what could not be written now."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complete() -> None:
    """Stand in for standard streams that the caller has closed, so that nothing is opened in their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  as long as the process


def debug() -> None:
    """Print the traceback of the current exception where TRUSTINSTALL_TRACEBACK asks for it."""
    if os.environ.get("TRUSTINSTALL_TRACEBACK"):
        import traceback

        traceback.print_exc()
