"""Starts the program under test without its imports, which are most of a start: they are made once for many starts.

A Python in a throw-away root imports the program and waits (`warm_program.py`). For each start it forks a process that
enters the throw-away root of the start as nsenter(1) does, in a session, with an environment and files of its own. What
differs from another start: modules are there already, and the command line that /proc shows is the waiting Python's.
The full form starts each process anew. So do tests that name the program's words themselves (`throwaway.PROGRAM`).
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.fresh import PYTHON

if TYPE_CHECKING:
    from tests.support.throwaway import Throwaway

HERE = Path(__file__)
#: What Python or the program's libraries read of the environment when they start: these ask for a new process.
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "OPENSSL", "TYPER", "_TYPER", "TERM", "FORCE_", "PY_", "GITHUB_")
#: What a throw-away root may hold of its own, in place of what the waiting Python has read.
_PYTHON = os.path.realpath(PYTHON)
READ_ONCE = ("opt/trustinstall", f"usr/lib/{Path(_PYTHON).name}", _PYTHON[1:], "usr/bin/python3")
_LONGEST = 100_000  # bytes; a message must go into the socket's memory


@dataclass(frozen=True)
class Start:
    """One start: arguments, uid and gid, environment, and the files of mount name space, root and current directory."""

    arguments: Sequence[str]
    account: tuple[int, int]
    environ: Mapping[str, str]
    places: tuple[str, str, str]

    @property
    def message(self) -> bytes:
        """What the waiting Python is told."""
        told = {"arguments": [*self.arguments], "account": self.account, "environ": {**self.environ}}
        return json.dumps(told).encode()

    @property
    def possible(self) -> bool:
        """Whether the process would be what a new one is."""
        return len(self.message) < _LONGEST and not any(
            name.startswith(READ_AT_START) and (name, value) != ("LANG", "C.UTF-8")
            for name, value in self.environ.items()
        )


class Warm(subprocess.Popen[str]):
    """A process of the program that was started by the waiting Python. It is used as any other process."""

    def __init__(self, start: Start, stdin: int) -> None:
        """Start it."""
        self._start = start
        super().__init__(
            ["trustinstall", *start.arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
        )

    def _execute_child(self, *given: Any) -> None:  # noqa: ANN401  Popen's arguments differ by the version of Python
        """Have it started; `given` has the ends of the pipes at the places that Python 3.10 to 3.14 give them."""
        p2cread, p2cwrite, _, c2pwrite, _, errwrite = given[10:16]
        self._answer, told = os.pipe()
        opened = [os.open(path, os.O_RDONLY) for path in self._start.places]
        try:
            socket.send_fds(_waiting(), [self._start.message], [*opened, p2cread, c2pwrite, errwrite, told])
        finally:
            devnull = getattr(self, "_devnull", None)
            theirs = [p2cread] if p2cwrite != -1 else [devnull] if devnull is not None else []
            for each in (*opened, told, *theirs, c2pwrite, errwrite):
                os.close(each)
            self._closed_child_pipe_fds = True
        self.pid = self._read()
        self._child_created = True

    def _read(self) -> int:
        said = os.read(self._answer, 8)
        if len(said) < 8:
            raise OSError("the program's Python does not answer")
        return int.from_bytes(said, "little")

    def _internal_poll(self, *_: object, **__: object) -> int | None:
        """Look, without waiting, whether it has ended."""
        if self.returncode is None:
            self._try_wait(os.WNOHANG)
        return self.returncode

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """Return its pid and its status, or two zeros if it runs still and may not be waited for."""
        if self.returncode is None:
            if wait_flags and not select.select([self._answer], [], [], 0)[0]:
                return 0, 0
            self.returncode = os.waitstatus_to_exitcode(self._read())
            os.close(self._answer)
        code = self.returncode
        return self.pid, -code if code < 0 else code << 8


@functools.cache
def _waiting() -> socket.socket:
    """The channel to the waiting Python of this process."""
    from tests.support.throwaway import PROGRAM, Throwaway

    root = Throwaway(java=False)
    root.__enter__()
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = root.write("/opt/warm_program.py", HERE.with_name("warm_program.py").read_bytes())
    process = root.popen([PROGRAM[0], "-I", program], stdin=there.fileno())
    there.close()
    if here.recv(8) != b"warm":
        raise OSError(f"the program cannot be imported: {process.communicate()[1]}")
    atexit.register(_end, root, here, process)
    return here


def _end(root: Throwaway, channel: socket.socket, process: subprocess.Popen[str]) -> None:
    channel.close()
    process.communicate()
    root.__exit__()
