"""What differs between the two layers of an overlay: the tree as it was, and as it is."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_OPAQUE = "trusted.overlay.opaque"


class Entry(NamedTuple):
    """What is at a path: everything that a byte-for-byte comparison looks at."""

    kind: str  # file, directory, link, or other
    mode: int  # permission bits
    uid: int
    gid: int
    size: int  # bytes; 0 for anything but a file
    content: str  # a file's SHA-256, a link's target, else empty
    mtime_ns: int  # 0 unless asked for


def compare(upper: Path, lower: Path, *, ignore: Iterable[str], mtimes: bool) -> dict[str, Entry | None]:
    """What is in an overlay's upper layer and not so in the tree below it; None where it is gone."""
    comparison = _Comparison(upper, lower, frozenset(ignore), mtimes)
    comparison.directory("/")
    return comparison.found


@dataclass
class _Comparison:
    upper: Path
    lower: Path
    ignore: frozenset[str]
    mtimes: bool
    found: dict[str, Entry | None] = field(default_factory=dict[str, "Entry | None"])

    def directory(self, inside: str) -> None:
        """Note what differs below a directory of the upper layer."""
        upper, lower = Path(f"{self.upper}{inside}"), Path(f"{self.lower}{inside}")
        names = _names(upper)
        if not lower.is_symlink() and lower.is_dir() and _is_opaque(upper):
            for name in _names(lower) - names:
                self.note(str(PurePosixPath(inside, name)), None)
        for name in names:
            if (path := str(PurePosixPath(inside, name))) not in self.ignore:
                self.entry(path)

    def entry(self, inside: str) -> None:
        """Note what differs at a path of the upper layer."""
        path = Path(f"{self.upper}{inside}")
        status = path.lstat()
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:  # overlayfs's sign for "not here any more"
            self.note(inside, None)
            return
        now = _entry(path, mtimes=self.mtimes)
        if now != _entry(Path(f"{self.lower}{inside}"), mtimes=self.mtimes):
            self.note(inside, now)
        if now is not None and now.kind == "directory":
            self.directory(inside)

    def note(self, inside: str, entry: Entry | None) -> None:
        """Keep it, unless it is of no interest."""
        if inside not in self.ignore:
            self.found[inside] = entry


def _names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def _is_opaque(directory: Path) -> bool:
    try:
        return os.getxattr(directory, _OPAQUE) == b"y"
    except OSError:
        return False


def _entry(path: Path, *, mtimes: bool) -> Entry | None:
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        mtime = status.st_mtime_ns if mtimes else 0
        return Entry("file", mode, status.st_uid, status.st_gid, status.st_size, content, mtime)
    kind = "directory" if stat.S_ISDIR(status.st_mode) else "link" if stat.S_ISLNK(status.st_mode) else "other"
    target = str(path.readlink()) if kind == "link" else ""
    return Entry(kind, mode, status.st_uid, status.st_gid, 0, target, 0)
