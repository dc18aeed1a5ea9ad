"""Progress of a process that works for another account, so that a file of that account cannot block it.

The owner of a directory can make a program that opens a file there wait for ever: with a FIFO that takes the place of
the file between a check and SQLite's open(2), or with a file system that does not answer (fuse(4)). No time-out ends
such a call. So the process reports every completed step to its parent, and the parent ends it when no report comes.
Tools that had to be stopped are counted: each of a hundred directories could make one wait for its full time.
"""

from __future__ import annotations

import mmap
import time
from dataclasses import field

from trustinstall.values import dataclass

PATIENCE = 1800.0  # seconds for all of the work
SILENCE = 120.0  # seconds without a step; longer than any step or lock wait of this program
_MOST_LATE = 3  # tools


@dataclass
class _Own:
    """The reports of this process while it works for another account; unused while it works for its own."""

    heart: mmap.mmap | None = None
    late: int = 0


_own = _Own()


@dataclass
class Watch:
    """The parent's side: a byte that both see, and the time of its last change."""

    heart: mmap.mmap = field(default_factory=lambda: mmap.mmap(-1, 1))
    seen: int = 0
    since: float = field(default_factory=time.monotonic)

    def stuck(self) -> bool:
        """Whether the other process has completed no step for too long."""
        if self.heart[0] != self.seen:
            self.seen, self.since = self.heart[0], time.monotonic()
        return time.monotonic() - self.since > SILENCE


def begin(watch: Watch) -> None:
    """Note that this process works for another account from now on."""
    _own.heart, _own.late = watch.heart, 0


def beat() -> None:
    """Report a completed step."""
    if _own.heart is not None:
        _own.heart[0] = (_own.heart[0] + 1) % 256


def for_another() -> bool:
    """Whether this process works for another account."""
    return _own.heart is not None


def late() -> None:
    """Count a tool that had to be stopped."""
    _own.late += 1


def spent() -> bool:
    """Whether that has happened too often to a process that works for another account."""
    return for_another() and _own.late >= _MOST_LATE
