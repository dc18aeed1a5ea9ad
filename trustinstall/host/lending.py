"""Running a command of the caller's with files that exist for as long as it runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trustinstall.errors import CommandMissing, CommandRefused, printable
from trustinstall.host.console import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

_SIGNALLED = 128  # as shells count: POSIX, 2.8.2


Loan = tuple[Mapping[str, bytes], Mapping[str, str]]


def lend(loan: Callable[[str], Loan], command: Sequence[str]) -> int:
    """Run a command with files in a directory of their own; its exit status, 128 + n for a signal n.

    `loan` says which files and which environment, from that directory's path. Everybody may read the files (they are
    public, and the command may change its user); nobody else may write them. They are taken away however the command
    ends, and signals that would end us go to the command first. Raises CommandMissing or CommandRefused.
    """
    with tempfile.TemporaryDirectory(prefix="trustinstall-run-") as directory, _passing_signals() as pass_to:
        os.chmod(directory, 0o755)  # noqa: S103  see above
        files, environment = loan(directory)
        for name, content in files.items():
            with open(os.path.join(directory, name), "xb") as file:
                file.write(content)
                os.chmod(file.fileno() if os.chmod in os.supports_fd else file.name, 0o644)
        try:
            child = subprocess.Popen(command, env=dict(environment))
        except FileNotFoundError:
            raise CommandMissing(f"there is no program {printable(command[0])}; check its name and the PATH") from None
        except OSError as error:
            why = error.strerror or "the system refuses"
            raise CommandRefused(f"{printable(command[0])} cannot be started: {why}; look at it") from None
        pass_to(child)
        status = child.wait()
    return _SIGNALLED - status if status < 0 else status


@contextlib.contextmanager
def _passing_signals() -> Generator[Callable[[subprocess.Popen[bytes]], None], None, None]:
    """Hand signals on to the command instead of ending: the terminal's Ctrl-C reaches it by itself."""
    children: list[subprocess.Popen[bytes]] = []

    def hand_on(number: int, _frame: object) -> None:
        if not children:
            raise Interrupted
        for child in children:
            with contextlib.suppress(ProcessLookupError):
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
        yield children.append
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
