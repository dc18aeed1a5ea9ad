"""Signals that arrive while a command of the caller runs: they are meant for the command.

A terminal sends Ctrl-C to every process of its foreground group, and so to the command, too: only signals that a
process has sent to trustinstall alone are forwarded. If the system names the sender of a signal (sigwaitinfo(2): the
kernel, or a process), it decides; otherwise (macOS), a signal counts as the terminal's while trustinstall is in its
foreground group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from trustinstall.errors import CommandMissing, CommandRefused, printable
from trustinstall.host.console import heeded

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Generator, Sequence

_NAMES = ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP")
_BY_TERMINAL = ("SIGINT", "SIGQUIT", "SIGHUP")  # termios(3), and the loss of the terminal
_PATIENCE = 0.5  # seconds between checks for the command's end, in case its signal is lost


def start(command: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:  # noqa: ANN401  Popen's own
    """Start a command of the caller, with arguments of Popen. Raises CommandMissing or CommandRefused."""
    import subprocess

    try:
        return subprocess.Popen[bytes](command, **how)
    except FileNotFoundError:
        raise CommandMissing(f"there is no program {printable(command[0])}; check its name and the PATH") from None
    except OSError as error:
        why = error.strerror or "the system refuses"
        raise CommandRefused(f"{printable(command[0])} cannot be started: {why}; look at it") from None


def run(start: Callable[[], subprocess.Popen[bytes]]) -> int:
    """Start a command, forward signals to it, wait, and return its exit status (negative: a signal)."""
    early: list[int] = []  # signals from before the command existed
    with _handling(lambda number, _frame: early.append(number)):
        child = start()
        if sys.platform in {"win32", "darwin"}:
            return _wait_with_handlers(child, early)
        return _wait(child, early)


def _wait(child: subprocess.Popen[bytes], early: list[int]) -> int:
    if sys.platform in {"win32", "darwin"}:
        raise NotImplementedError
    watched = {*heeded(*_NAMES), signal.SIGCHLD}
    old = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        for number in early:
            child.send_signal(number)
        while (status := child.poll()) is None:
            told = signal.sigtimedwait(watched, _PATIENCE)
            if told is not None and told.si_signo != signal.SIGCHLD and told.si_code <= 0:  # by a process
                child.send_signal(told.si_signo)
        return status
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def _wait_with_handlers(child: subprocess.Popen[bytes], early: list[int]) -> int:
    def hand_on(number: int, _frame: object = None) -> None:
        if not (number in heeded(*_BY_TERMINAL) and _in_foreground()):
            child.send_signal(number)

    with _handling(hand_on):
        for number in early:
            hand_on(number)
        return child.wait()


@contextlib.contextmanager
def _handling(handler: Callable[[int, object], None]) -> Generator[None, None, None]:
    """Handle the signals that would end this process."""
    old = {number: signal.signal(number, handler) for number in heeded(*_NAMES)}
    try:
        yield
    finally:
        for number, before in old.items():
            signal.signal(number, before)


def _in_foreground() -> bool:
    """Whether the terminal's keys send signals to this process, and with it to the command."""
    if sys.platform == "win32":
        return True  # a console notifies all its processes
    try:
        descriptor = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(descriptor)
