"""Who controls a path: the owners of its parts, and every other account that may write one of them.

Sources: path_resolution(7), acl(5), Debian Policy 9.1.2 (`staff` may write /usr/local), base-passwd (its number is 50).
"""

from __future__ import annotations

import errno
import functools
import os
import stat
import sys
from typing import TYPE_CHECKING

from trustinstall.host import files, paths, posix_acl, system

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = 0
_STAFF = (b"staff", 50)
_GROUPS = "/etc/group"
_LIMIT = 4 << 20  # bytes
_ANYBODY = -1  # stands for an unknown account


def path_owner(root: str, path: str) -> int:
    """Return the uid that controls every component of a resolved host path; see `Host.path_owner`."""
    if sys.platform == "win32":
        return _controller(path)
    owner = _ROOT
    writers: list[tuple[str, int]] = []
    for current in _components(path):
        real = paths.below(root, current)
        found = os.lstat(real)
        if found.st_uid != _ROOT:
            if owner not in {_ROOT, found.st_uid}:
                raise PermissionError(errno.EPERM, "parts of the path belong to different accounts", path)
            owner = found.st_uid
        sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
        if sticky or stat.S_ISLNK(found.st_mode):
            continue
        if found.st_mode & stat.S_IWOTH:
            writers.append((current, _ANYBODY))
        elif owner == _ROOT:  # an ordinary account may let others write its files
            writers += [(current, uid) for uid in _other_writers(root, real, found)]
    for current, uid in writers:
        if uid not in {_ROOT, owner}:
            raise PermissionError(errno.EPERM, f"other accounts may write {current}", path, None, current)
    return owner


def other_writers(path: str, owner: int) -> str | None:
    """Return who else than `owner` may write the file at a real path, in words; see `Host.other_writers`."""
    if sys.platform == "win32":
        from trustinstall.host.windows import access

        return access.other_writers(path, machine=owner == 0)
    found = os.lstat(path)
    if found.st_uid != owner or found.st_mode & 0o022:  # the group's bits show an access list on Linux
        return f"owner {found.st_uid}, mode {stat.S_IMODE(found.st_mode):o}"
    return "by its access list" if _listed_elsewhere(path) else None


def others_may_change(path: str) -> bool:
    """Whether another account than root may change the file at a real path; directories above it do not count."""
    found = os.lstat(path)
    if found.st_uid != _ROOT or found.st_mode & stat.S_IWOTH:
        return True
    return any(uid != _ROOT for uid in _other_writers("/", path, found))


def _components(path: str) -> Iterator[str]:
    """Yield the root directory and each longer path down to the whole."""
    yield "/"
    current = ""
    for part in path.split("/"):
        if part:
            current = f"{current}/{part}"
            yield current


def _other_writers(root: str, real: str, found: os.stat_result) -> set[int]:
    """Return the accounts beside the owner that the group's rights or an access list allow to write at a real path."""
    if _listed_elsewhere(real):
        return {_ANYBODY}
    if not found.st_mode & stat.S_IWGRP:
        return set()
    try:
        writers = posix_acl.writers(real, found.st_gid)
    except OSError:
        return {_ANYBODY}
    groups = {_ANYBODY for gid in writers.groups if not _is_as_good_as_root(root, gid)}
    return groups | writers.accounts


def _listed_elsewhere(real: str) -> bool:
    """Whether an access list lets others write, on a system that does not show the list in the mode."""
    if sys.platform == "darwin":
        from trustinstall.host import darwin  # loads ctypes

        return darwin.others_may_write(real)
    if sys.platform.startswith("freebsd"):
        from trustinstall.host import freebsd  # loads ctypes

        return freebsd.has_access_list(real)
    return False


def _is_as_good_as_root(root: str, gid: int) -> bool:
    return gid == _ROOT or (gid == _STAFF[1] and _has_debians_staff(root))


@functools.cache
def _has_debians_staff(root: str) -> bool:
    """Whether the host is Debian or derived from it, and its group 50 is called staff."""
    if "debian" not in system.distribution(root):
        return False
    try:
        content = files.read(paths.below(root, paths.resolve(root, _GROUPS)), _LIMIT)
    except OSError:
        return False
    name, number = _STAFF
    return any(line.split(b":")[:1] + line.split(b":")[2:3] == [name, b"%d" % number] for line in content.splitlines())


def _controller(path: str) -> int:
    """`path_owner` on Windows: only an elevated account must not be redirected by another account."""
    from trustinstall.host.windows import access, api
    from trustinstall.host.windows import paths as winpaths

    real = winpaths.native(path)
    owner = access.controller(real)
    while api.elevated() and owner == 0 and os.path.dirname(real) != real:
        real = os.path.dirname(real)
        owner = access.controller(real, on_the_way=True)
    return owner
