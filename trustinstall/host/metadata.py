"""Owner, mode, access list and extended attributes of a file: given to the file that replaces it, and compared.

Sources: xattr(7), acl(5), evm and ima in the kernel's Documentation/ABI/testing, overlayfs.rst ("Redirects", "origin").
On Windows the access list is copied when the file is renamed; see `replacing.exchange`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host import files, posix_acl
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.host.files import Status

_NFS_LIST = "system.nfs4_acl"
_ACCESS_LISTS = frozenset({posix_acl.ACCESS, _NFS_LIST})
_LABELS = {"security.selinux": "SELinux label", "security.SMACK64": "Smack label"}
#: Never copied: they belong to the content that is replaced (a hash or signature of it, and capabilities, which the
#: kernel removes with every write), or they are notes of overlayfs about an inode.
_NOT_COPIED = ("security.ima", "security.evm", "security.capability", "trusted.overlay.")


@dataclass(frozen=True)
class Metadata:
    """The properties of a file beside its content.

    Attributes:
        mode: permission bits.
        owner: (uid, gid); None means the acting account.
        attributes: names and values of extended attributes; a POSIX access list is one of them.
    """

    mode: int
    owner: tuple[int, int] | None = None
    attributes: tuple[tuple[str, bytes], ...] = ()


def of(path: str, status: Status) -> Metadata:
    """Return the metadata of the file at `path`, which has this status. Raises OSError if a part cannot be read."""
    return Metadata(status.mode, (status.uid, status.gid), attributes(path))


def attributes(path: str) -> tuple[tuple[str, bytes], ...]:
    """Return the extended attributes that a file at `path` must keep when it is replaced, or restored."""
    return tuple(_read(path).items())


def give(descriptor: int, wanted: Metadata, path: str, *, replaces: bool) -> None:
    """Give a new file of mode 0600 its metadata, and compare the result.

    `path` is the file's final path, and `replaces` says that another file exists there now. Raises OSError with a
    sentence if the new file lacks a required part; then it must not replace the other one.
    """
    if sys.platform == "win32":
        return
    refused: dict[str, OSError] = {}
    plain = {name: value for name, value in wanted.attributes if name not in _ACCESS_LISTS}
    access_lists = {name: value for name, value in wanted.attributes if name in _ACCESS_LISTS}
    _set(descriptor, plain, refused)  # before the mode: an owner who may not write a file may not set attributes
    _give_elsewhere(descriptor, path if replaces else None, path)
    created = os.fstat(descriptor)
    _set_owner(descriptor, created, wanted.owner, path)  # before the mode: it clears some bits of the mode
    _set_access_list(descriptor, access_lists.pop(posix_acl.ACCESS, None), path)
    os.fchmod(descriptor, wanted.mode)
    _set(descriptor, access_lists, refused)
    _compare_attributes(descriptor, wanted, path, refused)
    _compare_status(created, os.fstat(descriptor), wanted, path)


def give_link(path: str, old_path: str, old: Status) -> None:
    """Give a new symbolic link the owner and the label of the old one. Raises OSError if that fails."""
    if sys.platform == "win32":
        return
    found = os.lstat(path)
    if (found.st_uid, found.st_gid) != (old.uid, old.gid):
        try:
            os.lchown(path, old.uid, old.gid)
        except OSError as error:
            raise _not_kept(_owner(old.uid, old.gid), old_path, error) from None
    for name, what in _LABELS.items() if hasattr(os, "setxattr") else ():
        before, now = _value(old_path, name), _value(path, name)
        if before is not None and before != now:
            try:
                os.setxattr(path, name, before, follow_symlinks=False)
            except OSError as error:
                if now is not None:
                    raise _not_kept(what, old_path, error) from None


def _give_elsewhere(descriptor: int, old: str | None, path: str) -> None:
    """Copy what Python supports on Linux only: attributes on macOS; on FreeBSD any access list is an error."""
    if sys.platform == "darwin":
        from trustinstall.host import darwin  # loads ctypes

        with contextlib.ExitStack() as stack:
            source = stack.enter_context(open(files.open_regular(old, os.O_NOFOLLOW), "rb")).fileno() if old else None
            try:
                darwin.copy_attributes(source, descriptor)
            except OSError as error:
                raise _not_kept("access list or attributes", path, error) from None
    elif sys.platform.startswith("freebsd"):
        from trustinstall.host import freebsd  # loads ctypes

        if freebsd.has_access_list(descriptor) or (old is not None and freebsd.has_access_list(old)):
            raise _not_kept("access list", path)


def _read(file: str | int) -> dict[str, bytes]:
    """Return the extended attributes of a file that do not belong to its content."""
    if not hasattr(os, "listxattr"):
        return {}
    follow = isinstance(file, int)  # a descriptor is always followed
    try:
        names = os.listxattr(file, follow_symlinks=follow)
    except OSError as error:
        if error.errno in posix_acl.NOT_THERE:
            return {}
        raise
    found: dict[str, bytes] = {}
    for name in dict.fromkeys((*names, posix_acl.ACCESS)):  # not every file system lists an access list
        if not name.startswith(_NOT_COPIED):
            try:
                found[name] = os.getxattr(file, name, follow_symlinks=follow)
            except OSError as error:
                if name in names and _is_required(name) and error.errno not in posix_acl.NOT_THERE:
                    raise
    return found


def _is_required(name: str) -> bool:
    return name.startswith("user.") or name in _ACCESS_LISTS


def _set(descriptor: int, wanted: Mapping[str, bytes], refused: dict[str, OSError]) -> None:
    """Set each attribute that differs from the wanted one; note why one was refused."""
    for name, value in wanted.items():
        try:
            if _value(descriptor, name) != value:
                os.setxattr(descriptor, name, value)
        except OSError as error:
            refused[name] = error


def _value(file: str | int, name: str) -> bytes | None:
    try:
        return os.getxattr(file, name, follow_symlinks=isinstance(file, int))
    except OSError:
        return None


def _set_owner(descriptor: int, created: os.stat_result, owner: tuple[int, int] | None, path: str) -> None:
    if owner is not None and owner != (created.st_uid, created.st_gid):
        try:
            os.fchown(descriptor, *owner)
        except OSError as error:
            raise _not_kept(_owner(*owner), path, error) from None


def _set_access_list(descriptor: int, wanted: bytes | None, path: str) -> None:
    """Set the POSIX access list, or remove the one that the new file inherited from its directory."""
    if not hasattr(os, "setxattr"):
        return
    try:
        if wanted is None:
            os.removexattr(descriptor, posix_acl.ACCESS)
        else:
            os.setxattr(descriptor, posix_acl.ACCESS, wanted)
    except OSError as error:
        if wanted is not None or _value(descriptor, posix_acl.ACCESS) is not None:
            raise _not_kept("access list", path, error) from None


def _compare_attributes(descriptor: int, wanted: Metadata, path: str, refused: Mapping[str, OSError]) -> None:
    """Raise OSError if a required attribute is lost, or the new file has another access list.

    A label that the system itself gives to every file must be the old one, too. If no such system runs, files have
    labels that only root may set; a file without one is labelled when that system is started again.
    """
    before, now = dict(wanted.attributes), _read(descriptor)
    for name in {*before, posix_acl.ACCESS}:
        if before.get(name) != now.get(name) and (_is_required(name) or (name in _LABELS and name in now)):
            what = "access list" if name in _ACCESS_LISTS else _LABELS.get(name, f"attribute {printable(name)}")
            raise _not_kept(what, path, refused.get(name))


def _compare_status(created: os.stat_result, now: os.stat_result, wanted: Metadata, path: str) -> None:
    """Raise OSError if a new file has another owner or mode than it was given.

    FAT and some network file systems show the same mode for all files, regardless of the requested one.
    """
    shows_modes = not stat.S_IMODE(created.st_mode) & ~0o600
    if wanted.owner is not None and wanted.owner != (now.st_uid, now.st_gid):
        raise _not_kept(_owner(*wanted.owner), path)
    if shows_modes and stat.S_IMODE(now.st_mode) != wanted.mode:
        raise _not_kept(f"mode {wanted.mode:o}", path)


def _owner(uid: int, gid: int) -> str:
    return f"owner {uid} with group {gid}"


def _not_kept(what: str, path: str, cause: OSError | None = None) -> OSError:
    """Return the error for a file whose replacement would lose a property of the file."""
    number = (cause.errno if cause else None) or errno.ENOTSUP
    return OSError(number, f"its {what} cannot be kept: {os.strerror(number)}", path)
