"""Replaces and deletes a file by its name without losing what another program writes there at the same time.

Another program may write between the check of the old file and rename(2) or unlink(2), which take any file. Linux can
exchange two names atomically, and rename without replacing: the displaced file still exists, is compared with the
checked one, and gets its name back if it is another one. Source: renameat2(2), RENAME_EXCHANGE and RENAME_NOREPLACE;
glibc has the call from 2.28 on. Other kernels and some file systems (NFS, old FUSE) have neither.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import functools
import os
import sys
from typing import Any

from trustinstall.host import files
from trustinstall.host.files import Status

CHANGED = errno.ESTALE  # another program has changed or replaced the file since the caller's check
_NOREPLACE, _EXCHANGE, _AT_FDCWD = 1, 2, -100  # <linux/fs.h>, <fcntl.h>
#: The errors of a kernel, file system or sandbox that does not support the call.
_NOT_THERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES})
_ATTEMPTS = 2  # one to bring the other program's file back, one more if it has written again meanwhile


def place(source: str, path: str, seen: Status | None) -> bool:
    """Give the new file `source` the name `path`, if the file there still has the status `seen` (None: no file).

    Returns True after that; the displaced file is deleted. Returns False if this system cannot exchange names; nothing
    has changed then. Raises OSError(CHANGED) if another program has changed the file; that program's version stays.
    Raises OSError if the system refuses; `source` keeps its name.
    """
    call = _system_call()
    if call is None:
        return False
    try:
        own = os.lstat(source).st_ino
        _rename(call, source, path, _NOREPLACE if seen is None else _EXCHANGE)
    except OSError as error:
        if error.errno in _NOT_THERE:
            return False
        if error.errno in {errno.EEXIST, errno.ENOENT}:
            raise changed(path) from None
        raise
    if seen is None:
        return True
    if not is_same(files.status(source), seen):
        _bring_back(call, source, path, own)
        raise changed(path)
    try:
        os.unlink(source)
    except OSError:
        _bring_back(call, source, path, own)
        raise
    return True


def delete(path: str, aside: str, seen: Status) -> bool:
    """Delete the file or link at `path`, if it still has the status `seen`.

    It is first renamed to `aside`, an unused name in the same directory. A kill between the two steps leaves it there;
    `give_back` puts it right. Returns True after that. Returns False if this system cannot rename without replacing, or
    not to so long a name; nothing has changed then. Raises OSError(CHANGED) if another program has changed the file;
    that program's version stays. Raises OSError if the system refuses; the file keeps its name.
    """
    call = _system_call()
    if call is None:
        return False
    try:
        _rename(call, path, aside, _NOREPLACE)
    except OSError as error:
        if error.errno in _NOT_THERE or error.errno == errno.ENAMETOOLONG:
            return False
        if error.errno == errno.ENOENT:
            raise changed(path) from None
        raise
    try:
        if not is_same(files.status(aside), seen):
            raise changed(path)
        os.unlink(aside)
    except BaseException:
        give_back(aside, path)
        raise
    return True


def give_back(aside: str, path: str) -> None:
    """Rename a file that was put aside to its name, unless another program has written a file there since.

    That file is newer: the one that was put aside is deleted. Does nothing if none was put aside. Raises OSError.
    """
    call = _system_call()
    try:
        if call is not None:
            _rename(call, aside, path, _NOREPLACE)
        elif files.status(path) is None:
            os.rename(aside, path)
        else:
            os.unlink(aside)
    except FileNotFoundError:
        return
    except FileExistsError:
        os.unlink(aside)


def is_same(now: Status | None, seen: Status | None) -> bool:
    """Whether two statuses are of the same unchanged file. The change time does not count: renaming changes it.

    The number of hard links does not count if there were several: it changes when another name is replaced.
    """
    if now is not None and seen is not None:
        links = seen.links if seen.links > 1 else now.links
        now = now._replace(links=links, ctime_ns=seen.ctime_ns)
    return now == seen


def changed(path: str) -> OSError:
    """Return the error for a file that another program has changed."""
    return OSError(CHANGED, os.strerror(CHANGED), path)


def _bring_back(call: Any, source: str, path: str, own: int) -> None:  # noqa: ANN401  a function of ctypes'
    """Exchange the names again, so that `path` is the other program's newest file; `own` is the new inode."""
    for _ in range(_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):  # the other program has deleted it: then it stays deleted
            _rename(call, source, path, _EXCHANGE)
        found = files.status(source)
        if found is None or found.inode == own:
            return


def _rename(call: Any, source: str, path: str, how: int) -> None:  # noqa: ANN401  a function of ctypes
    ctypes.set_errno(0)
    if call(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(path), how):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path)


def _system_call() -> Any:  # noqa: ANN401  a function of ctypes
    """Return renameat2(2) of the C library, or None if it has none."""
    return _of_linux() if sys.platform == "linux" else None


@functools.cache
def _of_linux() -> Any:  # noqa: ANN401  a function of ctypes
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is not None:
        call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    return call
