"""Walks through trees of directories, which may be hostile."""

from __future__ import annotations

import errno
import math
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from trustinstall.host import watchdog
from trustinstall.host.files import is_surrogate
from trustinstall.host.memory import Listing
from trustinstall.host.paths import below
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host.memory import Memory, Wanted

_WINDOWS = sys.platform == "win32"
_UNKNOWN = 0  # the device in Windows' directory entries: behind a junction it is another one


class Entry(NamedTuple):
    """One directory of a walk.

    Attributes:
        path: its host path.
        uid: its owner.
        files: the wanted names of the regular files and links in it.
        entered: False if it belongs to another account, and was not read.
        below: the names of the directories in it that the walk enters next.
    """

    path: str
    uid: int
    files: tuple[str, ...]
    entered: bool
    below: list[str]


class Bounds(NamedTuple):
    """What a walk reads.

    Attributes:
        limit: the most entries.
        seconds: the most seconds.
        skipped: names, or whole host paths, of directories that are not entered.
        wanted: the names of files that are wanted; None: all.
    """

    limit: int = 2_000_000
    seconds: float = math.inf
    skipped: frozenset[str] = frozenset()
    wanted: Wanted | None = None


def walk(root: str, top: str, bounds: Bounds, memory: Memory | None = None) -> Iterator[Entry]:
    """Yield every directory from `top` down, depth first, in no set order.

    Links are not followed. Other file systems are not entered. A caller that clears `Entry.below` keeps the walk from
    going on below it. As root, a directory of another account is yielded with `entered=False` and left alone.
    A directory that is unchanged since `memory` is not read again. Raises OSError(EFBIG) after `limit` entries, and
    OSError(ETIMEDOUT) after `seconds`.
    """
    limit, seconds, skipped, wanted = bounds
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    try:
        start = os.lstat(below(root, top))
    except OSError:
        return
    pending = [(top, start)]
    devices = (start.st_dev, _UNKNOWN)
    seen, end = 0, time.monotonic() + seconds
    while pending:
        path, found = pending.pop()
        if not stat.S_ISDIR(found.st_mode) or found.st_dev not in devices or (_WINDOWS and is_surrogate(found)):
            continue
        if as_root and found.st_uid != 0:
            yield Entry(path, found.st_uid, (), entered=False, below=[])
            continue
        watchdog.beat()
        real = below(root, path)
        names, directories, count = _listed(real, found, wanted, memory)
        seen += count
        if seen > limit:
            raise OSError(errno.EFBIG, f"more than {limit} entries", top)
        if time.monotonic() > end:
            raise OSError(errno.ETIMEDOUT, f"more than {seconds:.0f} seconds", top)
        inner = [one for one in directories if one not in skipped]
        yield Entry(path, found.st_uid, names, True, inner)  # noqa: FBT003  names of fields would take a fifth longer
        inside = path if path.endswith("/") else f"{path}/"
        for name in inner:
            child = inside + name
            if child not in skipped:
                entry = directories[name]
                try:
                    status = os.lstat(f"{real}/{name}") if entry is None else entry.stat(follow_symlinks=False)
                except OSError:
                    continue  # it no longer exists, or may not be read
                pending.append((child, status))


_Listed = tuple[tuple[str, ...], "dict[str, os.DirEntry[str]] | dict[str, None]", int]


def _listed(real: str, found: os.stat_result, wanted: Wanted | None, memory: Memory | None) -> _Listed:
    """Return the wanted names of files in a directory, its directories, and the number of all entries."""
    if memory is not None and wanted is not None and (known := memory.listing(real, found, wanted)) is not None:
        return known.files, dict.fromkeys(known.directories), known.entries
    scanned = _scan(real)
    if scanned is None:
        return (), {}, 0
    every, directories = scanned
    count = len(every) + len(directories)
    if wanted is None:
        return every, directories, count
    names = tuple(wanted.choose(every)) if every else ()
    if memory is not None:
        memory.note_listing(real, found, wanted, Listing("", count, names, tuple(directories)))
    return names, directories, count


def _scan(path: str) -> tuple[tuple[str, ...], dict[str, os.DirEntry[str]]] | None:
    """Return the names of the files and links in a directory, and its directories; None if it cannot be read."""
    names: list[str] = []
    directories: dict[str, os.DirEntry[str]] = {}
    try:
        with os.scandir(path) as entries:
            for one in entries:
                if one.is_dir(follow_symlinks=False):
                    directories[one.name] = one
                else:
                    names.append(one.name)
    except OSError:
        return None
    return tuple(names), directories
