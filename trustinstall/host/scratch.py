"""Directories for the input and output files of a tool; they are deleted even if the command is killed.

A command that works in one holds its lock (flock(2)), which the kernel releases when the command dies: a directory
whose lock is free is unused, and the next command removes it. Windows has neither, and nothing is swept there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from typing import TYPE_CHECKING

from trustinstall.host import files, locks
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_PLACES = ("/tmp", "/var/tmp")  # noqa: S108  no name in them can be guessed
_ALONE, _SHARED = 0o700, 0o755


class Directory(NamedTuple):
    """A directory's path, and the descriptors that hold its lock: a child that inherits them holds it, too."""

    path: str
    held: tuple[int, ...]


def place(fits: Callable[[str], bool] = lambda _path: True) -> str:
    """Return the place of temporary files: TMPDIR, or the directories of hier(7); a path that `fits` is preferred.

    `tempfile.gettempdir` writes a file to try a directory, and a kill would leave that file behind.
    """
    if sys.platform == "win32":
        return tempfile.gettempdir()
    named = os.environ.get("TMPDIR", "")
    places = (named, *_PLACES) if named.startswith("/") else _PLACES
    usable = [one for one in places if os.path.isdir(one) and os.access(one, os.W_OK | os.X_OK)]
    return next(filter(fits, usable), next(iter(usable), _PLACES[0]))


@contextlib.contextmanager
def directory(parent: str | None = None, *, shared: bool = False) -> Generator[Directory, None, None]:
    """Create a directory, in `parent` or the place of temporary files; others may only read it if `shared`.

    It is deleted with all its content, even if its path was replaced meanwhile; files that cannot be removed are left.
    """
    while True:
        path = tempfile.mkdtemp(prefix=files.temporary_name(""), dir=parent or place())
        with contextlib.ExitStack() as stack:
            stack.callback(_remove, path)
            held = _hold(path, stack)
            if held is not None:
                os.chmod(path, _SHARED if shared else _ALONE)
                yield Directory(path, held)
                return


def sweep() -> None:
    """Remove the temporary files of killed commands of this account."""
    for top in {place(), *_PLACES}:
        with contextlib.suppress(OSError):
            for name in os.listdir(top):
                if name.startswith(files.temporary_name("")):
                    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                        _remove_unheld(os.path.join(top, name), stack)


def _hold(path: str, stack: contextlib.ExitStack) -> tuple[int, ...] | None:
    """Lock a directory until the stack is closed; or return None if it was swept away before."""
    if sys.platform == "win32":
        return ()
    try:
        descriptor = _open(path, stack)
    except FileNotFoundError:
        return None
    stack.callback(_clear, descriptor)  # of the directory that was made, even if it was moved
    return (descriptor,) if locks.attempt(descriptor) and os.path.exists(path) else None


def _remove_unheld(path: str, stack: contextlib.ExitStack) -> None:
    """Remove a directory whose lock is free. Raises OSError if a part of it stays."""
    if sys.platform == "win32":
        return
    descriptor = _open(path, stack)
    status = os.fstat(descriptor)
    ours = status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) in {_ALONE, _SHARED}
    if ours and locks.attempt(descriptor):
        _clear(descriptor)
        os.rmdir(path)


def _remove(path: str) -> None:
    """Remove a directory with a name of trustinstall, or the link or file in its place."""
    with contextlib.suppress(OSError, RecursionError):
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path, ignore_errors=True)
        else:
            os.unlink(path)


def _clear(descriptor: int) -> None:
    """Remove the content of an open directory; links are not followed, and files that cannot be removed are left."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        os.fchmod(descriptor, _ALONE)
        for name in os.listdir(descriptor):
            with contextlib.suppress(OSError, RecursionError), contextlib.ExitStack() as stack:
                if stat.S_ISDIR(os.lstat(name, dir_fd=descriptor).st_mode):
                    _clear(_open(name, stack, descriptor))
                    os.rmdir(name, dir_fd=descriptor)
                else:
                    os.unlink(name, dir_fd=descriptor)


def _open(path: str, stack: contextlib.ExitStack, inside: int | None = None) -> int:
    """Open a directory, and close it with the stack; a name is looked up `inside` of another open one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inside)
    stack.callback(os.close, descriptor)
    return descriptor
