"""What only macOS does, and Python does not offer. Sources: fsync(2), fcntl(2), copyfile(3), <copyfile.h> of macOS."""

from __future__ import annotations

import errno
import os

_ACL, _XATTR = 1 << 0, 1 << 2  # COPYFILE_ACL, COPYFILE_XATTR
_FULL = 51  # F_FULLFSYNC


def flush(descriptor: int) -> None:
    """Have the drive itself write what fsync(2) only hands to it; where a file system cannot, fsync(2) is all."""
    import fcntl

    try:
        fcntl.fcntl(descriptor, getattr(fcntl, "F_FULLFSYNC", _FULL))
    except OSError:
        os.fsync(descriptor)


def copy_attributes(source: int, target: int) -> None:
    """Give an open file the access list and the extended attributes of another one. Raises OSError."""
    import ctypes  # only here: Python has no such functions on macOS

    system = ctypes.CDLL(None, use_errno=True)
    if not hasattr(system, "fcopyfile"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if system.fcopyfile(source, target, None, _ACL | _XATTR) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
