"""Files: read without following, written atomically, never with a wider mode than before.

Every path here is a real path (the host's root already in front). Sources: open(2), rename(2), fsync(2).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from dataclasses import dataclass
from enum import Enum

LIMIT = 64 * 1024 * 1024  # bytes; the largest bundle seen in the wild is below 2 MiB
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)  # so that opening a FIFO does not wait for a writer
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)


class Kind(Enum):
    """What stands at a path."""

    FILE = "file"
    DIRECTORY = "directory"
    LINK = "link"
    OTHER = "other"


@dataclass(frozen=True)
class Status:
    """What lstat(2) says of a path: owner and group numbers, permission bits, bytes, time in nanoseconds."""

    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    mtime_ns: int
    device: int
    inode: int


def status(path: str) -> Status | None:
    """lstat(2) as a value; None where nothing stands there or a parent may not be searched."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    kinds = ((stat.S_ISREG, Kind.FILE), (stat.S_ISDIR, Kind.DIRECTORY), (stat.S_ISLNK, Kind.LINK))
    kind = next((kind for test, kind in kinds if test(found.st_mode)), Kind.OTHER)
    return Status(
        kind,
        stat.S_IMODE(found.st_mode),
        found.st_uid,
        found.st_gid,
        found.st_size,
        found.st_mtime_ns,
        found.st_dev,
        found.st_ino,
    )


def link_target(path: str) -> str | None:
    """readlink(2); None where there is no link."""
    try:
        return os.readlink(path)
    except OSError:
        return None


def names(path: str) -> list[str]:
    """The sorted names in a directory; empty where it cannot be listed."""
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def read(path: str, limit: int) -> bytes:
    """The content of a regular file of at most `limit` bytes; the last component is not followed."""
    descriptor = open_regular(path, _NOFOLLOW)
    with open(descriptor, "rb") as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
    return content


def open_regular(path: str, flags: int = 0) -> int:
    """A descriptor of a regular file, for reading; OSError(EINVAL) for anything else. A FIFO does not block."""
    descriptor = os.open(path, os.O_RDONLY | _CLOEXEC | _NONBLOCK | _BINARY | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return descriptor


def is_directory(path: str) -> bool:
    """Whether a directory stands at a path."""
    return os.path.isdir(path)


def executable(path: str) -> bool:
    """Whether path is a regular file that this account may execute."""
    return os.path.isfile(path) and os.access(path, os.X_OK)


def may_write(path: str) -> str | None:
    """Why a file at `path` cannot be replaced by renaming onto it: a word for people, or None where it can."""
    directory = os.path.dirname(path)
    if not os.path.isdir(directory):
        return "its directory is missing"
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
    """Load a PEM bundle the way every OpenSSL client does; what OpenSSL says, or None when it loads."""
    import ssl  # 10 ms that only a command that changed something needs

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=path)
    except (ssl.SSLError, OSError) as error:
        return str(error)
    return None


def write(path: str, content: bytes, mode: int, owner: tuple[int, int] | None, token: str) -> None:
    """Write to a new file beside `path`, make it durable, and rename it onto `path`.

    A file that stands there keeps its owner, mode and extended attributes (SELinux label, ACL); a link there is
    an error, and so is a mode that would have to be widened. `token` is a random word that the caller has noted,
    so that what a kill leaves behind can be found.
    """
    directory, old = os.path.dirname(path), status(path)
    if old is not None and old.kind is not Kind.FILE:
        raise OSError(errno.EINVAL, "not a regular file", path)
    temporary = os.path.join(directory, temporary_name(token))
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _CLOEXEC | _BINARY, 0o600)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            _dress(file.fileno(), path, old, mode, owner)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_directory(directory)


def append(path: str, content: bytes, mode: int) -> None:
    """Append to a regular file, all of it or nothing, and make it durable, its name included."""
    new = status(path) is None
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NOFOLLOW | _CLOEXEC | _BINARY, mode)
    try:
        size, rest = os.fstat(descriptor).st_size, memoryview(content)
        try:
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        except BaseException:
            os.ftruncate(descriptor, size)  # a full disk: half a line would spoil the next one
            raise
    finally:
        os.close(descriptor)
    if new:
        _sync_directory(os.path.dirname(path))


def temporary_name(token: str) -> str:
    """The name of the temporary file that belongs to a token."""
    return f".trustinstall-{token}"


def _dress(descriptor: int, path: str, old: Status | None, mode: int, owner: tuple[int, int] | None) -> None:
    """Give the new file what the old one had: owner first, because chown(2) clears bits that chmod(2) sets."""
    if sys.platform == "win32":
        return
    wanted = (old.uid, old.gid) if old else owner
    if wanted and wanted != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, *wanted)
    os.fchmod(descriptor, old.mode if old else mode)
    if old is None or not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):  # a file system without them, or a label that only the kernel sets
        for name in os.listxattr(path, follow_symlinks=False):
            os.setxattr(descriptor, name, os.getxattr(path, name, follow_symlinks=False))


def delete(path: str) -> None:
    """unlink(2), made durable; FileNotFoundError where nothing stands there."""
    os.unlink(path)
    _sync_directory(os.path.dirname(path))


def link(path: str, target: str) -> None:
    """symlink(2), made durable."""
    os.symlink(target, path)
    _sync_directory(os.path.dirname(path))


def make_directory(path: str, mode: int) -> bool:
    """mkdir(2) with exactly this mode; False where a directory stands there already."""
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise
        return False
    os.chmod(path, mode)
    _sync_directory(os.path.dirname(path))
    return True


def remove_directory(path: str) -> None:
    """rmdir(2); a directory that is missing or not empty is left as it is."""
    try:
        os.rmdir(path)
    except OSError as error:
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT}:
            raise
        return
    _sync_directory(os.path.dirname(path))


def _sync_directory(path: str) -> None:
    if sys.platform == "win32":
        return
    descriptor = os.open(path, os.O_RDONLY | _DIRECTORY | _CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
