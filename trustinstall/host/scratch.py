"""Directories for the files that a tool is given or answers in; they go away even when we are killed.

Whoever works in one holds its lock (flock(2)), which the kernel takes back from the dead: one that is not held belongs
to nobody, and the next command removes it.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from typing import TYPE_CHECKING

from trustinstall.host import files, locks

if TYPE_CHECKING:
    from collections.abc import Generator


_PLACES = ("/tmp", "/var/tmp")  # noqa: S108  nothing in them has a name that could be guessed


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
def directory(parent: str | None) -> Generator[str, None, None]:
    """The path of a new directory that nobody else may enter, in `parent` (None: where temporary files lie)."""
    while True:
        made = tempfile.TemporaryDirectory(prefix=files.temporary_name(""), dir=parent or place())
        with made as path, contextlib.ExitStack() as stack:
            if _hold(path, stack):
                yield path
                return


def sweep() -> None:
    """Remove what killed commands of this account have left where temporary files lie."""
    top = place()
    with contextlib.suppress(OSError):
        for name in os.listdir(top):
            if name.startswith(files.temporary_name("")):
                with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                    _remove_unheld(os.path.join(top, name), stack)


def _hold(path: str, stack: contextlib.ExitStack) -> bool:
    """Lock a directory until the stack is closed; False where it was swept away before we held it."""
    if sys.platform == "win32":
        return True
    try:
        descriptor = _open(path, stack)
    except FileNotFoundError:
        return False
    return locks.attempt(descriptor) and os.path.exists(path)


def _remove_unheld(path: str, stack: contextlib.ExitStack) -> None:
    """Remove a directory of ours that nobody holds. Raises OSError where something of it stays."""
    if sys.platform == "win32":
        return
    descriptor = _open(path, stack)
    status = os.fstat(descriptor)
    ours = status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == stat.S_IRWXU
    if ours and locks.attempt(descriptor):
        for name in os.listdir(descriptor):
            os.unlink(name, dir_fd=descriptor)
        os.rmdir(path)


def _open(path: str, stack: contextlib.ExitStack) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    stack.callback(os.close, descriptor)
    return descriptor
