"""Calls that only macOS has, and Python does not offer.

Sources: fsync(2), fcntl(2), copyfile(3), acl(3), acl_to_text(3), chmodx_np(3), <copyfile.h>, <sys/acl.h> and
<sys/_types/_filesec_t.h> of macOS.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_XATTR = 1 << 2  # COPYFILE_XATTR; COPYFILE_ACL merges lists, and its failure is not an error
_FULL = 51  # F_FULLFSYNC
_EXTENDED = 0x100  # ACL_TYPE_EXTENDED, the only kind
_NOT_THERE = frozenset({0, errno.ENOENT, errno.ENOTSUP, errno.ENOSYS})  # there is no list, or the file system has none
_FILESEC_ACL, _REMOVE = 5, 1  # FILESEC_ACL, _FILESEC_REMOVE_ACL
#: The rights to change a file, the entries of a directory, or the rights themselves.
_CHANGING = frozenset(
    {"write", "append", "delete", "delete_child", "add_file", "add_subdirectory"}
    | {"writeattr", "writeextattr", "writesecurity", "chown"}
)


def flush(descriptor: int) -> None:
    """Make the drive itself write the data that fsync(2) only hands to it; if a file system cannot, use fsync(2)."""
    import fcntl

    try:
        fcntl.fcntl(descriptor, getattr(fcntl, "F_FULLFSYNC", _FULL))
    except OSError:
        os.fsync(descriptor)


def copy_attributes(source: int | None, target: int) -> None:
    """Give a new open file the extended attributes and the access list of another one; without one, no access list.

    Raises OSError if that fails.
    """
    system = _system()
    if system is None:
        return
    if source is not None and system.fcopyfile(source, target, None, _XATTR) and ctypes.get_errno() not in _NOT_THERE:
        raise _error()
    wanted = None if source is None else _get(system.acl_get_fd_np, source)
    with _freed(system, wanted):
        if _written(system, target) == _text(system, wanted):
            return
        if wanted is None:
            _remove_list(system, target)
        elif system.acl_set_fd_np(target, wanted, _EXTENDED):
            raise _error()
        if _written(system, target) != _text(system, wanted):
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))


def others_may_write(path: str) -> bool:
    """Whether the access list at a path lets an account or group other than root change it."""
    system = _system()
    if system is None:
        return False
    found = _get(system.acl_get_link_np, os.fsencode(path))
    with _freed(system, found):
        return lets_others_write(_text(system, found))


def lets_others_write(text: str) -> bool:
    """Whether an access list, in the text of acl_to_text(3), lets an account or group other than root change it.

    A line is `user:UUID:NAME:NUMBER:allow,FLAG...:RIGHT,...`; the first line is a heading.
    """
    for line in text.splitlines()[1:]:
        head, _, rights = line.rpartition(":")
        head, _, flags = head.rpartition(":")
        number = head.rpartition(":")[2]
        allows = flags.split(",")[0] == "allow" and "only_inherit" not in flags.split(",")
        if allows and number != "0" and not _CHANGING.isdisjoint(rights.split(",")):
            return True
    return False


def _get(get: Callable[[int | bytes, int], int | None], file: int | bytes) -> int | None:
    """Return the access list of a file, which the caller frees, or None. Raises OSError."""
    ctypes.set_errno(0)
    found = get(file, _EXTENDED)
    if found is None and ctypes.get_errno() not in _NOT_THERE:
        raise _error()
    return found


def _written(system: Any, descriptor: int) -> str:  # noqa: ANN401  as `_system`
    """Return the access list of an open file as text."""
    found = _get(system.acl_get_fd_np, descriptor)
    with _freed(system, found):
        return _text(system, found)


def _text(system: Any, access_list: int | None) -> str:  # noqa: ANN401  as `_system`
    if access_list is None:
        return ""
    text = system.acl_to_text(access_list, None)
    if text is None:
        raise _error()
    with _freed(system, text):
        return ctypes.string_at(text).decode(errors="surrogateescape")


def _remove_list(system: Any, descriptor: int) -> None:  # noqa: ANN401  as `_system`
    """Remove the access list of an open file; acl_delete_fd_np(3) is not implemented."""
    security = system.filesec_init()
    try:
        if system.filesec_set_property(security, _FILESEC_ACL, _REMOVE) or system.fchmodx_np(descriptor, security):
            raise _error()
    finally:
        system.filesec_free(security)


@contextlib.contextmanager
def _freed(system: Any, pointer: int | None) -> Generator[None, None, None]:  # noqa: ANN401  as `_system`
    try:
        yield
    finally:
        if pointer is not None:
            system.acl_free(pointer)


def _error() -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))


def _system() -> Any:  # noqa: ANN401  a library of ctypes'
    """Return the C library, or None if it is not the one of macOS."""
    system = ctypes.CDLL(None, use_errno=True)
    if not hasattr(system, "fcopyfile"):
        return None
    for name in ("acl_get_fd_np", "acl_get_link_np", "acl_to_text", "filesec_init"):
        getattr(system, name).restype = ctypes.c_void_p
    system.acl_get_link_np.argtypes = [ctypes.c_char_p, ctypes.c_int]
    system.acl_set_fd_np.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    system.acl_to_text.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    system.acl_free.argtypes = [ctypes.c_void_p]
    system.filesec_set_property.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    system.fchmodx_np.argtypes = [ctypes.c_int, ctypes.c_void_p]
    system.filesec_free.argtypes = [ctypes.c_void_p]
    return system
