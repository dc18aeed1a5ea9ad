"""Flags of a file or directory on Linux: errors name those that forbid a change; a new file keeps the others.

Sources: ioctl_iflags(2), chattr(1), <linux/fs.h>. A file system without flags (NFS, most of FUSE) answers with an
error, and counts as one without flags set.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
import sys
from collections.abc import Generator

from trustinstall.errors import printable
from trustinstall.values import NamedTuple

_READ, _WRITE = 2, 1  # directions of an ioctl, <asm-generic/ioctl.h>
_OTHERWISE = ("alpha", "mips", "ppc", "sparc")  # these shift the direction by 29, and write as 4; see <asm/ioctl.h>
_LONGEST = 4096  # characters of a path that are shown


class _Flag(NamedTuple):
    """A flag: its bit, its letter for chattr(1), and its meaning."""

    bit: int
    letter: str
    meaning: str


#: The kernel forbids every account to replace, rename or delete such a file, or a file in such a directory.
_FORBIDDING = (_Flag(0x10, "i", "immutable"), _Flag(0x20, "a", "append-only"))
#: Flags about the storage of the content. The others belong to the file system, or need special rights (`j`).
_KEPT = (
    _Flag(0x4, "c", "compressed"),
    _Flag(0x8, "S", "synchronous"),
    _Flag(0x40, "d", "not dumped"),
    _Flag(0x80, "A", "without access times"),
    _Flag(0x400, "m", "not compressed"),
    _Flag(0x80_0000, "C", "not copied on write"),
)
_MASK = sum(one.bit for one in _KEPT)


class ProtectedError(PermissionError):
    """A flag forbids the change.

    Attributes:
        advice: the commands that clear the flag, and set it again, as a phrase.
    """

    def __init__(self, path: str, flag: _Flag, *, above: bool) -> None:
        """Make the error for a flag of `path`; `above`: the path is the directory of the file to change."""
        what = "its directory" if above else "it"
        super().__init__(errno.EPERM, f"{what} is {flag.meaning} (chattr +{flag.letter})", path)
        shown = printable(path, _LONGEST)
        self.advice = f"as root, `chattr -{flag.letter} {shown}` takes the flag away, and +{flag.letter} sets it again"


def check(path: str) -> None:
    """Raise ProtectedError if a flag of the file at a path, or of its directory, forbids to change or replace it."""
    for one, above in ((path, False), (os.path.dirname(path), True)):
        flags = of(one)
        for flag in _FORBIDDING:
            if flags & flag.bit:
                raise ProtectedError(one, flag, above=above)


@contextlib.contextmanager
def explaining(path: str) -> Generator[None]:
    """Raise ProtectedError instead of PermissionError if a flag is the reason why a change at a path fails."""
    try:
        yield
    except PermissionError:
        check(path)
        raise


def of(path: str) -> int:
    """Return the bits of the flags of a file or directory; 0 if it has none, or cannot be opened. Follows no link."""
    if sys.platform != "linux":
        return 0
    try:
        if stat.S_IFMT(os.lstat(path).st_mode) not in {stat.S_IFREG, stat.S_IFDIR}:
            return 0
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        return _read(descriptor)
    finally:
        os.close(descriptor)


def give(descriptor: int, wanted: int, path: str) -> None:
    """Give an empty new file the flags `wanted` of the file that it replaces. Raises OSError if one cannot be set.

    `path` is the path of the replaced file, for the error.
    """
    if sys.platform != "linux":
        return
    import fcntl

    now = _read(descriptor)
    if (wanted ^ now) & _MASK:
        flags = (now & ~_MASK) | (wanted & _MASK)
        try:
            fcntl.ioctl(descriptor, _request(_WRITE, 2), struct.pack("@l", flags))
        except OSError as error:
            letters = "".join(one.letter for one in _KEPT if (wanted ^ now) & one.bit)
            sentence = f"its flags (chattr, {letters}) cannot be kept: {error.strerror}"
            raise OSError(errno.ENOTSUP, sentence, path) from None


def _read(descriptor: int) -> int:
    import fcntl

    answer = bytearray(struct.calcsize("@l"))
    try:
        fcntl.ioctl(descriptor, _request(_READ, 1), answer)
    except OSError:
        return 0
    return int(struct.unpack_from("@I", answer)[0])  # the kernel writes an int, although the request names a long


def _request(direction: int, number: int) -> int:
    """Return the number of the ioctl FS_IOC_GETFLAGS (`number` 1) or FS_IOC_SETFLAGS (2) on this machine."""
    shift = 30
    if os.uname().machine.startswith(_OTHERWISE):
        shift, direction = 29, {_READ: 2, _WRITE: 4}[direction]
    return direction << shift | struct.calcsize("@l") << 16 | ord("f") << 8 | number
