"""Running a command of the caller with files that exist for as long as it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.host import relay, scratch
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# No blank (JAVA_TOOL_OPTIONS), no colon (HGRCPATH), no quotes and none of $ % \\ ~ # ; (settings files)
_PLAIN = regex(r"[\w/.,@=+-]+")
_SIGNALLED = 128  # as in shells: POSIX, 2.8.2


class TemporaryFiles(NamedTuple):
    """The temporary files of a command by name, those that only its account may read, and its environment."""

    files: Mapping[str, bytes]
    private: Mapping[str, bytes]
    environment: Mapping[str, str]


def lend(loan: Callable[[str], TemporaryFiles], command: Sequence[str], *, aside: bool = False) -> int:
    """Run a command with files in a directory of their own; return its exit status, 128 + n for a signal n.

    `loan` returns the files and the environment, from that directory's path. Every account may read the public files
    (the command may change its user); no other account may write them. They are deleted however the command ends (after
    a kill of trustinstall, by its next command after the end of this one), and signals that would end trustinstall go
    to the command first. `aside`: standard output is for a report, and the command's goes to standard error. Raises
    CommandMissing or CommandRefused, and UsageProblem if the files' paths cannot be written.
    """
    scratch.sweep()
    top = scratch.place(_is_plain)
    if not _is_plain(top):
        raise UsageProblem(
            f"the directory for temporary files, {printable(top)}, has characters in its path that Java and Mercurial "
            "read as a separator; set TMPDIR to another one"
        )
    with scratch.directory(top, shared=True) as place:
        lent = loan(place.path)
        for name, content in lent.files.items():
            _write(os.path.join(place.path, name), content, 0o644)
        for name, content in lent.private.items():
            _write(os.path.join(place.path, name), content, 0o600)
        output = sys.stderr.fileno() if aside else None
        status = relay.run(lambda: relay.start(command, env=dict(lent.environment), pass_fds=place.held, stdout=output))
    return _SIGNALLED - status if status < 0 else status


def _is_plain(path: str) -> bool:
    """Whether a path means the same in every variable and file that names it, quoted or not, alone or in a list."""
    return sys.platform == "win32" or _PLAIN.fullmatch(path) is not None


def _write(path: str, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
    os.chmod(path, mode)  # in a directory that no other account may write
