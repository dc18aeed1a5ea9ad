"""Changes of directories and managed files that survive a power failure: names and content are made durable.

Every path here is a real path (the host's root already in front). Sources: rename(2), fsync(2).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys

from trustinstall.host import files, posix_acl, watchdog

_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_PRIVATE, _SHARED = 0o700, 0o755


def append(path: str, content: bytes, mode: int) -> None:
    """Append all of `content` to a regular file, or nothing, and make content and name durable.

    A new file gets the mode `mode`. Raises OSError, also for a link or a file that is not regular.
    """
    new = _is_missing(path)
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | files.NOFOLLOW | files.NONBLOCK | files.CLOEXEC | files.BINARY
    descriptor = os.open(path, flags, mode)
    try:
        files.check_not_followed(descriptor, path)
        files.check_regular(descriptor, path)
        size, rest = os.fstat(descriptor).st_size, memoryview(content)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            flush(descriptor)
        except BaseException:
            os.ftruncate(descriptor, size)  # the disk may be full: half a line would damage the next one
            raise
    finally:
        os.close(descriptor)
    if new:
        sync_directory(os.path.dirname(path))
        if sys.platform == "win32":
            from trustinstall.host.windows import access

            access.belong_to_machine(path)


def _is_missing(path: str) -> bool:
    found = files.status(path)
    if found is not None and found.kind is files.Kind.LINK:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    return found is None


def make_directory(path: str, mode: int) -> bool:
    """Make a directory with exactly this mode; return False if a directory exists there already. Raises OSError.

    On Windows, 0700 and 0755 become an equivalent access list; with another mode, the parent's list is inherited.
    """
    try:
        if sys.platform == "win32" and mode in {_PRIVATE, _SHARED}:
            from trustinstall.host.windows import access

            if not access.make_directory(path, private=mode == _PRIVATE):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
        else:
            os.mkdir(path, mode)
    except FileExistsError:
        found = os.lstat(path)
        if not stat.S_ISDIR(found.st_mode) or files.is_surrogate(found):
            raise
        return False
    if sys.platform != "win32":
        if hasattr(os, "removexattr"):
            with contextlib.suppress(OSError):  # the access list that a new directory inherits by default
                os.removexattr(path, posix_acl.ACCESS, follow_symlinks=False)
        os.chmod(path, mode)
    sync_directory(os.path.dirname(path))
    return True


def remove_directory(path: str) -> None:
    """Remove an empty directory; one that is missing or not empty is left unchanged. Raises OSError."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
            raise
        return
    sync_directory(os.path.dirname(path))


def sync_directory(path: str) -> None:
    """Make the names in a directory durable; on Windows, do nothing. Raises OSError."""
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | _DIRECTORY | files.CLOEXEC)
    try:
        flush(descriptor)
    finally:
        os.close(descriptor)


def flush(descriptor: int) -> None:
    """Make the written data of an open file durable. Raises OSError."""
    watchdog.beat()  # a command may write a thousand files, and a disk may be slow
    if sys.platform == "darwin":
        from trustinstall.host import darwin  # loads ctypes

        darwin.flush(descriptor)
    else:
        os.fsync(descriptor)
