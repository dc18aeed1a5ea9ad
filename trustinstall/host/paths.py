"""Paths and trees: links resolved inside a root, and walks through directories that may be hostile."""

from __future__ import annotations

import errno
import math
import os
import stat
import sys
import time
from typing import TYPE_CHECKING

from trustinstall.host import watchdog
from trustinstall.host.files import is_surrogate, link_target
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_LINKS = 40  # as the Linux kernel does (path_resolution(7))
_NONE: frozenset[str] = frozenset()
_WINDOWS = sys.platform == "win32"
_UNKNOWN = 0  # the device in Windows' directory entries: behind a junction it is another one


class Entry(NamedTuple):
    """One directory of a walk.

    Attributes:
        path: its host path.
        uid: its owner.
        files: the names of the regular files and links in it.
        entered: False if it belongs to another account, and was not read.
        below: the names of the directories in it that the walk enters next.
    """

    path: str
    uid: int
    files: tuple[str, ...]
    entered: bool
    below: list[str]


def below(root: str, path: str) -> str:
    """Return the real path of an absolute host path below `root`. Raises ValueError for a path that is not absolute."""
    if sys.platform == "win32":
        from trustinstall.host.windows import paths

        return paths.native(path)
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"not an absolute path: {path!r}")
    return path if root == "/" else root.rstrip("/") + os.path.normpath(path)


def place(root: str, path: str) -> str:
    """Return the real path of a host path, reached without leaving `root`; the last component is not followed.

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
    """Return the real path of a host path's target, every link followed without leaving `root`; raises as `place`."""
    return below(root, path if root == "/" else resolve(root, path))


def resolve(root: str, path: str) -> str:
    """Resolve every link of a host path as if `root` were "/"; missing components are kept unchanged."""
    if sys.platform == "win32":
        from trustinstall.host.windows import paths

        return paths.slashed(os.path.realpath(paths.native(path)))
    if root == "/":
        try:
            return os.path.realpath(path)
        except RecursionError:  # a chain of a thousand links; the kernel follows 40, so it leads nowhere
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
    """Yield every directory from `top` down, depth first, in no set order.

    Links are not followed. Other file systems are not entered, and neither is `skipped`: names, or whole host paths. A
    caller that clears `Entry.below` keeps the walk from going on below it. As root, a directory of another account is
    yielded with `entered=False` and left alone. Raises OSError(EFBIG) after `limit` entries, and OSError(ETIMEDOUT)
    after `seconds`.
    """
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
        names, directories = _scan(below(root, path))
        seen += len(names) + len(directories)
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
                try:
                    pending.append((child, directories[name].stat(follow_symlinks=False)))
                except OSError:
                    continue  # it no longer exists, or may not be read


def _scan(path: str) -> tuple[tuple[str, ...], dict[str, os.DirEntry[str]]]:
    """Return the names of the files and links in a directory, and its directories; none if it cannot be read."""
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
        return (), {}
    return tuple(names), directories
