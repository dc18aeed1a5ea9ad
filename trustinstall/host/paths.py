"""Paths: links resolved inside a root."""

from __future__ import annotations

import errno
import os
import sys

from trustinstall.host.files import link_target

_MAX_LINKS = 40  # as the Linux kernel does (path_resolution(7))


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
