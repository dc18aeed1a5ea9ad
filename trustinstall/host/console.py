"""The terminal: whether it exists, whether it shows colour, and the destination of progress reports."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from typing import NoReturn, TextIO

from trustinstall.host.progress import Progress

_COLUMNS = 80  # if the width is not known


def terminal() -> bool:
    """Whether a question can be asked: standard input and standard error are a terminal."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def choose_colour(wanted: bool | None) -> None:  # noqa: FBT001  a choice of three
    """Use colours always or never; None leaves that to the environment and the terminal."""
    global _colour  # noqa: PLW0603  a process has one terminal, or none
    _colour = wanted


_colour: bool | None = None


def wants_colour() -> bool:
    """Whether standard output shows colours; sources: no-color.org, force-color.org, terminfo's "dumb"."""
    if _colour is not None:
        return _colour
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    if not sys.stdout.isatty():
        return False
    if sys.platform == "win32" and "TERM" not in os.environ:
        from trustinstall.host.windows import api

        return api.show_colours()
    return os.environ.get("TERM", "dumb") != "dumb"


def columns() -> int:
    """The width of the terminal that standard output is, or 80."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _COLUMNS


def error_columns() -> int | None:
    """Return the width of the terminal that standard error is; None if it is not a terminal."""
    if not sys.stderr.isatty():
        return None
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    return _COLUMNS


def shown() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout.isatty()


def wide_characters() -> bool:
    """Whether the terminal shows more than ASCII, according to the stream and the locale (locale(7)).

    Python writes UTF-8 in the locale C, too (PEP 538, PEP 540); the reader may not expect it.
    """
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    if encoding != "utf8":
        return False
    names = (os.environ.get(name) for name in ("LC_ALL", "LC_CTYPE", "LANG"))
    language, _, codeset = next((name for name in names if name), "").partition(".")
    if codeset:
        return codeset.partition("@")[0].lower().replace("-", "") == "utf8"
    return language not in {"C", "POSIX"}


def progress() -> Progress:
    """Return the progress reports on standard error."""
    return Progress(_show, time.monotonic, terminal=sys.stderr.isatty(), columns=error_columns() or _COLUMNS)


def _show(text: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that has gone ends no work
        _write(text if wide_characters() else text.replace("…", "..."))


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def announce(sentence: str) -> None:
    """Announce the next action on standard error."""
    with contextlib.suppress(OSError):
        _announcer(sentence)


def announce_by(other: Callable[[str], None]) -> None:
    """Send announcements to `other` from now on: a process without a terminal lets its parent print them."""
    global _announcer  # noqa: PLW0603  a process has one terminal, or none
    _announcer = other


def _announce(sentence: str) -> None:
    _write(f"{sentence}\n")


_announcer: Callable[[str], None] = _announce


class Interrupted(BaseException):
    """The program was asked to end: it finishes or undoes its current work first.

    `told`: the result of the command, if a command knows it better than its caller; see `main`.
    `total`: the number of stores that it was to change.
    """

    told: str = ""
    total: int = 0


def end_on_signals() -> None:
    """Raise Interrupted in the main thread on the first Ctrl-C, SIGTERM or SIGHUP; later ones have no effect.

    On Windows, SIGBREAK is Ctrl-Break, and the signal of a closed console window.
    """
    numbers = heeded("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")

    def interrupt(_number: int, _frame: object) -> None:
        for number in numbers:
            signal.signal(number, lambda _number, _frame: None)  # not SIG_IGN, which tools would inherit
        raise Interrupted

    for number in numbers:
        signal.signal(number, interrupt)


def heeded(*names: str) -> list[int]:
    """Return the numbers of the signals that this system has and the caller did not have ignored.

    nohup(1) and the `&` of a shell without job control start a program with signals ignored, and mean it: signal(7).
    """
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]


_lost = False


def write(text: str) -> str | None:
    """Print text on standard output; return why that failed, or None. A reader that ended (`| head`) is no failure."""
    global _lost  # noqa: PLW0603  a process has one standard output
    try:
        print(text, flush=True)  # noqa: T201  the one place that prints
    except OSError as error:
        reason = unwritten(error, sys.stdout)
        _lost = _lost or reason is not None
        return reason
    return None


def lost() -> bool:
    """Whether a text could not be printed on standard output."""
    return _lost


def unwritten(error: OSError, stream: TextIO) -> str | None:
    """Return why text could not be written, or None if the reader has ended.

    The stream leads nowhere from now on: the interpreter would try again at exit, and change the exit code.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    gone = sys.platform == "win32" and error.errno == errno.EINVAL  # Windows' form of EPIPE
    return None if gone or isinstance(error, BrokenPipeError) else error.strerror


def end(code: int) -> NoReturn:
    """End the process with an exit code, without freeing each object before: that is a tenth of a short command's time.

    If a stream cannot be written, the interpreter ends the process and reports it. Functions of `atexit` do not run.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)
    os._exit(code)


def complete() -> None:
    """Replace standard streams that the caller has closed, so that no other file gets their descriptors.

    Characters outside a stream's encoding (a code page of Windows) are written as escapes.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  as long as the process
        stream = getattr(sys, name)
        if mode == "w" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def words_to_complete() -> list[str] | None:
    """Return the words of the command line that a shell asks to complete, or None if it runs a command.

    The last word may be incomplete. Source: Typer's completion scripts, which set these variables.
    """
    if not os.environ.get("_TRUSTINSTALL_COMPLETE", "").startswith("complete_"):
        return None
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return [*line.split(), ""] if line.endswith((" ", "\n")) else line.split()


def debug() -> None:
    """Print the traceback of the current exception if TRUSTINSTALL_TRACEBACK asks for it."""
    if os.environ.get("TRUSTINSTALL_TRACEBACK"):
        import traceback

        traceback.print_exc()
