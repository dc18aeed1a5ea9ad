"""Running a command of the caller's with files that exist for as long as it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.errors import CommandMissing, CommandRefused, printable
from trustinstall.host import scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

_SIGNALLED = 128  # as shells count: POSIX, 2.8.2


class TemporaryFiles(NamedTuple):
    """What a command is lent: files by name, those that nobody else may read, and the environment that names them."""

    files: Mapping[str, bytes]
    private: Mapping[str, bytes]
    environment: Mapping[str, str]


def lend(loan: Callable[[str], TemporaryFiles], command: Sequence[str]) -> int:
    """Run a command with files in a directory of their own; its exit status, 128 + n for a signal n.

    `loan` says which files and which environment, from that directory's path. Everybody may read the public ones (the
    command may change its user); nobody else may write them. They are taken away however the command ends (where we
    are killed, by the next of our commands after its end), and signals that would end us go to the command first.
    Raises CommandMissing or CommandRefused.
    """
    scratch.sweep()
    with scratch.directory(shared=True) as place:
        lent = loan(place.path)
        for name, content in lent.files.items():
            _write(os.path.join(place.path, name), content, 0o644)
        for name, content in lent.private.items():
            _write(os.path.join(place.path, name), content, 0o600)
        with _passing_signals() as pass_to:
            child = _start(command, lent.environment, place.held)
            pass_to(child)
            status = child.wait()
    return _SIGNALLED - status if status < 0 else status


def _start(command: Sequence[str], environment: Mapping[str, str], held: tuple[int, ...]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(command, env=dict(environment), pass_fds=held)
    except FileNotFoundError:
        raise CommandMissing(f"there is no program {printable(command[0])}; check its name and the PATH") from None
    except OSError as error:
        why = error.strerror or "the system refuses"
        raise CommandRefused(f"{printable(command[0])} cannot be started: {why}; look at it") from None


def _write(path: str, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
    os.chmod(path, mode)  # in a directory that is ours alone


@contextlib.contextmanager
def _passing_signals() -> Generator[Callable[[subprocess.Popen[bytes]], None], None, None]:
    """Hand signals on to the command instead of ending: the terminal's Ctrl-C reaches it by itself."""
    children: list[subprocess.Popen[bytes]] = []
    early: list[int] = []  # what came while it was being started: not even its number was known

    def hand_on(number: int, _frame: object) -> None:
        if not children:
            early.append(number)
        for child in children:
            child.send_signal(number)

    def pass_to(child: subprocess.Popen[bytes]) -> None:
        children.append(child)
        for number in early:
            child.send_signal(number)

    def leave(_number: int, _frame: object) -> None:
        """The terminal has told the whole foreground group."""

    at_terminal = sys.stdin is not None and sys.stdin.isatty()
    handlers = {"SIGTERM": hand_on, "SIGHUP": hand_on, "SIGQUIT": leave, "SIGINT": leave if at_terminal else hand_on}
    old = {
        number: signal.signal(number, handler)
        for number, handler in ((getattr(signal, name, None), handler) for name, handler in handlers.items())
        if number is not None
    }
    try:
        yield pass_to
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
