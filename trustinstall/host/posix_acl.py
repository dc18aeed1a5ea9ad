"""POSIX access lists, in the form of Linux' extended attribute.

Sources: acl(5); <linux/posix_acl_xattr.h>. If a file has such a list, the group bits of its mode are the list's mask:
they limit the rights that the list gives to named accounts, to named groups and to the owning group.
"""

from __future__ import annotations

import errno
import os
import struct

from trustinstall.values import NamedTuple

ACCESS = "system.posix_acl_access"
_HEADER = struct.Struct("<I")
_ENTRY = struct.Struct("<HHI")  # tag, permissions, uid or gid
_VERSION = 2
_USER, _OWNING_GROUP, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10
_WRITE = 0o2
#: There is no such attribute; the file system has none; the kernel has none.
NOT_THERE = frozenset({getattr(errno, "ENODATA", 0), errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


class Writers(NamedTuple):
    """The accounts and groups that may write a file or directory, beside its owner and every account."""

    accounts: frozenset[int]
    groups: frozenset[int]


def writers(path: str, group: int) -> Writers:
    """Return the writers of a real path with the owning group `group`, whose group bits allow writing.

    Raises OSError if the list cannot be read.
    """
    if not hasattr(os, "getxattr"):  # not Linux
        return Writers(frozenset(), frozenset({group}))
    try:
        content = os.getxattr(path, ACCESS, follow_symlinks=False)
    except OSError as error:
        if error.errno in NOT_THERE:
            return Writers(frozenset(), frozenset({group}))
        raise
    return parse(content, group)


def parse(content: bytes, group: int) -> Writers:
    """Return the writers in a list, beside the owner and every account. Raises OSError(EINVAL) if it is malformed."""
    try:
        (version,) = _HEADER.unpack_from(content)
        entries = list(_ENTRY.iter_unpack(content[_HEADER.size :]))
    except struct.error:
        version, entries = None, []
    if version != _VERSION:
        raise OSError(errno.EINVAL, "its access list cannot be read")
    masked = all(permissions & _WRITE for tag, permissions, _ in entries if tag == _MASK)
    may = [(tag, number) for tag, permissions, number in entries if permissions & _WRITE and masked]
    groups = {group if tag == _OWNING_GROUP else number for tag, number in may if tag in {_OWNING_GROUP, _GROUP}}
    return Writers(frozenset(number for tag, number in may if tag == _USER), frozenset(groups))
