"""A command of the caller, whose output is shown as it comes and whose last output is kept."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING

from trustinstall.host import relay
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEPT = 65_536  # bytes
_PIECE = 8192
_SECONDS = 2.0  # to wait for output that a child of the command still holds open
_SIGNALLED = 128


class Watched(NamedTuple):
    """How a command has ended: its exit status, 128 + n for a signal n, and the end of its output."""

    status: int
    said: str


def run(command: Sequence[str], *, aside: bool = False) -> Watched:
    """Run a command to its end. Raises CommandMissing or CommandRefused.

    `aside`: standard output is for a report, and takes nothing of the command, whose output goes to standard error.
    """
    kept = bytearray()
    threads: list[threading.Thread] = []

    def start() -> subprocess.Popen[bytes]:
        child = relay.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for source, to in ((child.stdout, sys.stderr if aside else sys.stdout), (child.stderr, sys.stderr)):
            if source is not None:  # PIPE always makes one
                threads.append(threading.Thread(target=_copy, args=(source, to.fileno(), kept), daemon=True))
                threads[-1].start()
        return child

    status = relay.run(start)
    for one in threads:
        one.join(_SECONDS)
    return Watched(_SIGNALLED - status if status < 0 else status, bytes(kept).decode("utf-8", "replace"))


def _copy(source: IO[bytes], to: int, kept: bytearray) -> None:
    """Copy to a descriptor; if that takes no more (`| head`), the command learns it, as without trustinstall."""
    while piece := os.read(source.fileno(), _PIECE):
        kept += piece
        del kept[:-_KEPT]
        try:
            while piece:
                piece = piece[os.write(to, piece) :]
        except OSError:
            source.close()
            return
