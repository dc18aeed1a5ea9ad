"""Directories for the files that a tool is given or answers in; they go away even when we are killed.

Whoever works in one holds its lock (flock(2)), which the kernel takes back from the dead: one that is not held belongs
to nobody, and the next command removes it. Windows has neither, and nothing is swept there.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.host import files, locks

if TYPE_CHECKING:
    from collections.abc import Generator

_PLACES = ("/tmp", "/var/tmp")  # noqa: S108  nothing in them has a name that could be guessed
_ALONE, _SHARED = 0o700, 0o755


class Directory(NamedTuple):
    """A directory's path, and the descriptors that hold its lock: a child that inherits them holds it, too."""

    path: str
    held: tuple[int, ...]


def place() -> str:
    """Where temporary files lie: in TMPDIR, or where hier(7) says.

    `tempfile.gettempdir` writes a file to try a directory, and a kill would leave that behind.
    """
    if sys.platform == "win32":
        return tempfile.gettempdir()
    named = os.environ.get("TMPDIR", "")
    places = (named, *_PLACES) if named.startswith("/") else _PLACES
    usable = (one for one in places if os.path.isdir(one) and os.access(one, os.W_OK | os.X_OK))
    return next(usable, _PLACES[0])


@contextlib.contextmanager
def directory(parent: str | None = None, *, shared: bool = False) -> Generator[Directory, None, None]:
    """A new directory, in `parent` or where temporary files lie; others may not enter it, or only look (`shared`)."""
    while True:
        made = tempfile.TemporaryDirectory(prefix=files.temporary_name(""), dir=parent or place())
        with made as path, contextlib.ExitStack() as stack:
            held = _hold(path, stack)
            if held is not None:
                os.chmod(path, _SHARED if shared else _ALONE)
                yield Directory(path, held)
                return


def sweep() -> None:
    """Remove what killed commands of this account have left where temporary files lie."""
    top = place()
    with contextlib.suppress(OSError):
        for name in os.listdir(top):
            if name.startswith(files.temporary_name("")):
                with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                    _remove_unheld(os.path.join(top, name), stack)


def _hold(path: str, stack: contextlib.ExitStack) -> tuple[int, ...] | None:
    """Lock a directory until the stack is closed; None where it was swept away before we held it."""
    if sys.platform == "win32":
        return ()
    try:
        descriptor = _open(path, stack)
    except FileNotFoundError:
        return None
    return (descriptor,) if locks.attempt(descriptor) and os.path.exists(path) else None


def _remove_unheld(path: str, stack: contextlib.ExitStack) -> None:
    """Remove a directory of ours that nobody holds. Raises OSError where something of it stays."""
    if sys.platform == "win32":
        return
    descriptor = _open(path, stack)
    status = os.fstat(descriptor)
    ours = status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) in {_ALONE, _SHARED}
    if ours and locks.attempt(descriptor):
        for name in os.listdir(descriptor):
            os.unlink(name, dir_fd=descriptor)
        os.rmdir(path)


def _open(path: str, stack: contextlib.ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor
