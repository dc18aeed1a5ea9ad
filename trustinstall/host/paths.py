"""Paths and trees: links resolved inside a root, and walking what may be hostile."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import stat
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trustinstall.host import watchdog
from trustinstall.host.files import is_surrogate, link_target

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINKS = 40  # as the Linux kernel does (path_resolution(7))
_NONE: frozenset[str] = frozenset()
_UNKNOWN = 0  # the device of what a directory of Windows lists: another one is behind a junction


@dataclass(frozen=True)
class Entry:
    """One directory of a walk: its host path, owner, and the names of the regular files and links in it."""

    path: str
    uid: int
    files: tuple[str, ...]
    entered: bool  # False: it belongs to another account, and was not looked into
    below: list[str] = field(default_factory=list[str])  # the directories in it that are looked into next


def below(root: str, path: str) -> str:
    """The real path of an absolute host path below `root`. Raises ValueError for a path that is not absolute."""
    if sys.platform == "win32":
        from trustinstall.host.windows import paths

        return paths.native(path)
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"not an absolute path: {path!r}")
    return path if root == "/" else root.rstrip("/") + os.path.normpath(path)


def place(root: str, path: str) -> str:
    """The real path of a host path, reached without leaving `root`; the last component is not followed.

    Every link on the way is resolved as if `root` were "/". Raises ValueError for a path that is not absolute, and
    OSError(ELOOP) for links in a circle.
    """
    if root == "/":
        return below(root, path)
    below(root, path)  # for its check
    directory, _, name = path.rstrip("/").rpartition("/")
    if name in {"", ".", ".."}:
        return below(root, resolve(root, path))
    return below(root, f"{resolve(root, directory or '/').rstrip('/')}/{name}")


def reached(root: str, path: str) -> str:
    """The real path of what a host path leads to, every link followed without leaving `root`; raises as `place`."""
    return below(root, path if root == "/" else resolve(root, path))


def resolve(root: str, path: str) -> str:
    """Resolve every link of a host path as if `root` were "/"; missing components are kept as they are."""
    if sys.platform == "win32":
        from trustinstall.host.windows import paths

        return paths.slashed(os.path.realpath(paths.native(path)))
    if root == "/":
        try:
            return os.path.realpath(path)
        except RecursionError:  # a chain of a thousand links; the kernel follows 40, so that it leads nowhere
            return os.path.normpath(path)
    pending = [part for part in reversed(path.split("/")) if part not in {"", "."}]
    done: list[str] = []
    links = 0
    while pending:
        part = pending.pop()
        if part == "..":
            done[-1:] = []
            continue
        target = link_target(below(root, "/" + "/".join([*done, part])))
        if target is None:
            done.append(part)
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        if target.startswith("/"):
            done = []
        pending += [piece for piece in reversed(target.split("/")) if piece not in {"", "."}]
    return "/" + "/".join(done)


def walk(
    root: str, top: str, limit: int, seconds: float = math.inf, skipped: frozenset[str] = _NONE
) -> Iterator[Entry]:
    """Every directory from `top` down, depth first, in no set order.

    Links are not followed. Other file systems are not entered, and neither is `skipped`: names, or whole host paths. A
    caller that clears `Entry.below` keeps the walk from going on below it. As root, a directory of another account is
    yielded with `entered=False` and left alone. Raises OSError(EFBIG) after `limit` entries, and OSError(ETIMEDOUT)
    after `seconds`.
    """
    me = os.geteuid() if hasattr(os, "geteuid") else 0
    try:
        start = os.lstat(below(root, top))
    except OSError:
        return
    pending = [(top, start)]
    seen, end = 0, time.monotonic() + seconds
    while pending:
        path, found = pending.pop()
        if not stat.S_ISDIR(found.st_mode) or found.st_dev not in {start.st_dev, _UNKNOWN} or is_surrogate(found):
            continue
        if me == 0 and found.st_uid != 0:
            yield Entry(path, found.st_uid, (), entered=False)
            continue
        watchdog.beat()
        scanned = _scan(below(root, path))
        seen += len(scanned)
        if seen > limit:
            raise OSError(errno.EFBIG, f"more than {limit} entries", top)
        if time.monotonic() > end:
            raise OSError(errno.ETIMEDOUT, f"more than {seconds:.0f} seconds", top)
        directories = {one.name: one for one in scanned if one.is_dir(follow_symlinks=False)}
        plain = tuple([one.name for one in scanned if one.name not in directories])
        entry = Entry(
            path, found.st_uid, plain, entered=True, below=[name for name in directories if name not in skipped]
        )
        yield entry
        inside = f"{path.rstrip('/')}/"
        for name in entry.below:
            if inside + name not in skipped:
                with contextlib.suppress(OSError):
                    pending.append((inside + name, directories[name].stat(follow_symlinks=False)))


def _scan(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return list(entries)
    except OSError:
        return []
