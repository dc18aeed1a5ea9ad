"""Files: the status of a path, the names in a directory, and reads without following links.

Every path here is a real path (the host's root already in front). Source: open(2).
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from enum import Enum

from trustinstall.values import NamedTuple

LIMIT = 64 * 1024 * 1024  # bytes; the largest bundle seen in the wild is below 2 MiB
_PIECE = 16 * 1024 * 1024  # bytes that one read may return
_LEAST = 64 * 1024  # bytes that it may always return: files of /proc have the size 0
NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
CLOEXEC = getattr(os, "O_CLOEXEC", 0)
BINARY = getattr(os, "O_BINARY", 0)
NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # so that opening a FIFO does not wait for a writer
_SURROGATE = 0x2000_0000  # a reparse point that leads elsewhere: links, junctions, mount points ([MS-FSCC] 2.1.2.1)


class Kind(Enum):
    """The kind of a file."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


_KINDS = {stat.S_IFREG: Kind.FILE, stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFLNK: Kind.LINK}


class Status(NamedTuple):
    """The result of lstat(2) for a path: owner and group numbers, permission bits, bytes, times in nanoseconds.

    Attributes:
        links: how many names the file has.
        ctime_ns: when owner, mode, names or content changed last; on Windows when the file was created.
    """

    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    device: int
    inode: int
    links: int
    ctime_ns: int


def status(path: str) -> Status | None:
    """Return lstat(2) as a value, or None if there is nothing or a parent may not be searched."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL:  # no file can have such a name
            return None
        raise
    kind = Kind.LINK if is_surrogate(found) else _KINDS.get(stat.S_IFMT(found.st_mode), Kind.OTHER)
    return Status(
        kind,
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_dev,
        found.st_ino,
        found.st_nlink,
        found.st_ctime_ns,
    )


def is_surrogate(found: os.stat_result) -> bool:
    """Whether Windows' status describes a link of any kind; always False on another system."""
    return bool(getattr(found, "st_reparse_tag", 0) & _SURROGATE)


def link_target(path: str) -> str | None:
    """Return readlink(2), or None if there is no link."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def names(path: str) -> list[str]:
    """Return the sorted names in a directory; empty if it cannot be listed."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def read(path: str, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; the last component is not followed."""
    content = head(path, limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return content


def head(path: str, size: int) -> bytes:
    """Return the first bytes of a regular file, at most `size`; the last component is not followed."""
    descriptor = open_regular(path, NOFOLLOW)
    try:
        check_not_followed(descriptor, path)
        return _at_most(descriptor, size)
    finally:
        os.close(descriptor)


def _at_most(descriptor: int, size: int) -> bytes:
    """Return the first `size` bytes: in pieces, because a read allocates memory for all that it may return."""
    parts: list[bytes] = []
    piece = min(max(os.fstat(descriptor).st_size + 1, _LEAST), _PIECE)  # the octet more finds the end
    while size and (part := os.read(descriptor, min(size, piece))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def open_regular(path: str, flags: int = 0) -> int:
    """Open a regular file for reading; raises OSError(EINVAL) for any other kind. A FIFO does not block."""
    descriptor = os.open(path, os.O_RDONLY | CLOEXEC | NONBLOCK | BINARY | flags)
    try:
        check_regular(descriptor, path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def check_regular(descriptor: int, path: str) -> None:
    """Raise OSError(EINVAL) if an open file is not a regular one."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)


def check_not_followed(descriptor: int, path: str) -> None:
    """Raise OSError if a link has led to the open file, on a system that cannot be told to follow none."""
    if NOFOLLOW:
        return
    here, opened = os.lstat(path), os.fstat(descriptor)
    if stat.S_ISLNK(here.st_mode) or is_surrogate(here) or not os.path.samestat(here, opened):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def is_directory(path: str) -> bool:
    """Whether a path is a directory."""
    return os.path.isdir(path)


def executable(path: str) -> bool:
    """Whether path is a regular file that this account may execute."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def may_write(path: str) -> str | None:
    """Return why a file at `path` cannot be replaced by renaming onto it: a word for people, or None if it can."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        return "its directory is missing"
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        old = [(path, api.DELETE)] if os.path.exists(path) else []
        may = all(api.may_open(*each) for each in [(directory, api.FILE_ADD_FILE), *old])
        return None if may else "it is not writable"
    try:
        flags = os.statvfs(directory).f_flag if hasattr(os, "statvfs") else 0
    except OSError as error:
        return error.strerror
    if flags & getattr(os, "ST_RDONLY", 1) and hasattr(os, "statvfs"):
        return "its file system is read-only"
    effective = os.access in os.supports_effective_ids
    if not os.access(directory, os.W_OK | os.X_OK, effective_ids=effective):
        return "its directory is not writable"
    return None


def openssl_refuses(path: str) -> str | None:
    """Load a PEM bundle the way every OpenSSL client does; return OpenSSL's error, or None."""
    import ssl  # 10 ms that only a command that changed something needs

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        with open(open_regular(path), "rb") as file:
            # By its descriptor: the path may lead to another file by now, which could keep OpenSSL waiting.
            opened = f"/dev/fd/{file.fileno()}"
            context.load_verify_locations(cafile=opened if os.path.exists(opened) else path)
    except (ssl.SSLError, OSError) as error:
        return str(error)
    return None


def temporary_name(token: str) -> str:
    """Return the name of the temporary file that belongs to a token."""
    return f".trustinstall-{token}"


def aside_name(token: str, name: str) -> str:
    """Return the name that a file of this name has while it is being deleted.

    It does not have the file's ending: tools that read each `*.crt` do not read it.
    """
    return f"{temporary_name(token)}.{name}~"


def name_of_aside(token: str, aside: str) -> str | None:
    """Return the name of which `aside_name` made this one, or None if it did not.

    >>> name_of_aside("0123", aside_name("0123", "corp.crt"))
    'corp.crt'
    """
    start = f"{temporary_name(token)}."
    return aside[len(start) : -1] if aside.startswith(start) and aside.endswith("~") else None
