"""The lock that one command at a time holds: flock(2) on a file that no other account can open.

Tools inherit its descriptor. flock belongs to the open file, so a tool that outlives a killed command still holds the
lock, and the next command waits for it before it examines the leftovers. On Windows a file that is opened without
sharing has the same effect; locks on ranges of it (LockFileEx) would end with the process that took them.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from trustinstall.errors import Busy
from trustinstall.host import watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 600.0  # seconds; twenty commands at once, each behind a slow tool
_OF_ANOTHER = 90.0  # seconds for a lock that another account can keep during work for it
_POLL = 0.05  # seconds


def take(path: str, on_progress: Callable[[], None], seconds: float = PATIENCE) -> int:
    """Take the lock and return its descriptor; close it to release the lock.

    `on_progress` is called while waiting. Raises Busy if another command holds the lock for `seconds`.
    """
    if sys.platform == "win32":
        return _take_alone(path, on_progress, seconds)
    end = time.monotonic() + (min(seconds, _OF_ANOTHER) if watchdog.for_another() else seconds)
    while True:
        descriptor = _take(path, end, on_progress)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # `self uninstall` has deleted the file: another command may hold a new one


def _take(path: str, end: float, on_progress: Callable[[], None]) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while not attempt(descriptor):
            _wait(end, on_progress, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _take_alone(path: str, on_progress: Callable[[], None], seconds: float) -> int:
    from trustinstall.host.windows import api

    end = time.monotonic() + seconds
    while (descriptor := api.open_alone(path)) is None:
        _wait(end, on_progress)
    return descriptor


def _wait(end: float, on_progress: Callable[[], None], descriptor: int | None = None) -> None:
    if time.monotonic() > end:
        pid = None if descriptor is None else _process(descriptor)
        which = f" (pid {pid})" if pid else ""
        raise Busy(f"another trustinstall is working on this machine{which}; try again when it has ended")
    on_progress()
    time.sleep(_POLL)


def _process(descriptor: int) -> int | None:
    """Return the process that holds the lock of an open file, if the kernel names it (proc_locks(5), Linux).

    The file itself is not written to: a command that changes nothing leaves no trace. If several file systems have
    locked files with that number, the process is unknown, as it is if it runs in another name space.
    """
    inode = str(os.fstat(descriptor).st_ino)
    try:
        with open("/proc/locks", encoding="ascii") as listed:
            rows = [line.split() for line in listed]
    except (OSError, ValueError):
        return None
    found = {row[4] for row in rows if row[1:2] == ["FLOCK"] and row[5].rpartition(":")[2] == inode}
    pid = found.pop() if len(found) == 1 else ""
    return int(pid) if pid.isdigit() and pid != "0" else None


def holder(path: str) -> tuple[bool, int | None]:
    """Return whether another process holds the lock, and its number if that is known. Nothing is created.

    False if the file cannot be examined.
    """
    if sys.platform == "win32":
        return False, None
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False, None
    try:
        return (False, None) if attempt(descriptor) else (True, _process(descriptor))
    finally:
        os.close(descriptor)


def release(descriptor: int) -> None:
    """Release the lock, even if a process has inherited it: a daemon that a tool's hook started must not keep it."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def attempt(descriptor: int) -> bool:
    """Take the lock of an open file or directory if it is free; return whether it was. Not on Windows."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
