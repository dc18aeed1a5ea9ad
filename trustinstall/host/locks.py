"""The lock that one command at a time holds: flock(2) on a file that nobody else can open.

Tools inherit its descriptor. flock belongs to the open file, so a tool that outlives us when we are killed still
holds the lock, and the next command waits for it before it looks at what was left.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from trustinstall.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 600.0  # seconds; twenty commands at once, each behind a slow tool
_POLL = 0.05  # seconds


def take(path: str, tick: Callable[[], None], seconds: float = PATIENCE) -> int:
    """Take the lock and return its descriptor; close it to give the lock back.

    `tick` is called while waiting. Raises Busy when somebody else holds the lock for `seconds`.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(path, flags, 0o600)
    end = time.monotonic() + seconds
    try:
        while not _try(descriptor):
            if time.monotonic() > end:
                raise Busy("another trustinstall is working on this machine; try again when it has ended")
            tick()
            time.sleep(_POLL)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def release(descriptor: int) -> None:
    """Give the lock back, whoever has inherited it: a daemon that a tool's hook started must not keep it."""
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
