"""Replaces, creates and deletes files and links: atomically, durably, and only the file that was examined.

A file is written beside the one that it replaces, gets the same metadata, is made durable and then renamed. Making it
durable may take seconds, and another program may write the old file in that time. So each function checks again
directly before it renames or deletes, and raises OSError(CHANGED) if the file is not the one that its caller has seen;
where the kernel can exchange two names, it checks the displaced file, too (`swapping`).
Every path here is a real path. Sources: open(2), rename(2), fsync(2).
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys

from trustinstall.host import durable, files, inode_flags, metadata, swapping
from trustinstall.host.files import Kind, Status
from trustinstall.host.metadata import Metadata
from trustinstall.values import dataclass

CHANGED = swapping.CHANGED
_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True)
class Replacement:
    """The desired state of a file.

    Attributes:
        path: its path.
        content: all of its new content.
        old: the file at the path when `content` was made, or None: another file that is there now is left alone.
        token: a random word that the caller has noted, so that recovery finds the temporary file after a kill.
        created: metadata of a file that is created (mode 0644 without); one that is replaced keeps its own.
    """

    path: str
    content: bytes
    old: Status | None
    token: str
    created: Metadata | None = None


def replace(one: Replacement) -> None:
    """Write a new file, make it durable, and rename it onto the old one. Raises OSError; the old file stays then."""
    descriptor = stage(one)
    try:
        try:
            durable.flush(descriptor)
        finally:
            os.close(descriptor)
        exchange(one)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary(one))
        raise
    durable.sync_directory(os.path.dirname(one.path))


def stage(one: Replacement) -> int:
    """Write the temporary file; return its descriptor. It is not durable yet. If this fails, no file is left.

    A flag that forbids the renaming is an error before: in an append-only directory the new file could not go again.
    """
    old = one.old
    if old is not None and old.kind is not Kind.FILE:
        raise OSError(errno.EINVAL, "not a regular file", one.path)
    try:
        wanted = metadata.of(one.path, old) if old else one.created or Metadata(0o644)
    except FileNotFoundError:
        raise swapping.changed(one.path) from None
    inode_flags.check(one.path)
    flags = inode_flags.of(one.path) if old else 0
    descriptor = os.open(temporary(one), _FLAGS, 0o600)
    try:
        if old:
            inode_flags.give(descriptor, flags, one.path)  # before the content: some count for an empty file only
        with open(descriptor, "wb", closefd=False) as file:
            file.write(one.content)
        metadata.give(descriptor, wanted, one.path, replaces=old is not None)
    except BaseException:
        os.close(descriptor)
        with contextlib.suppress(OSError):
            os.unlink(temporary(one))
        raise
    return descriptor


def temporary(one: Replacement) -> str:
    """Return the temporary file of a replacement."""
    return _beside(one.path, one.token)


def exchange(one: Replacement) -> None:
    """Rename the temporary file onto the old file; on Windows it gets the old one's access list and attributes first.

    Raises OSError(CHANGED) if the file is not `one.old`.
    """
    source = temporary(one)
    if sys.platform == "win32":
        from trustinstall.host.windows import access, api

        if one.old is None:
            access.belong_to_machine(source)
        else:
            access.copy(one.path, source)
        check_unchanged(one.path, one.old)
        attributes = access.release(one.path) if one.old else 0
        try:
            api.replace(source, one.path)
        except BaseException:
            access.hold(one.path, attributes)
            raise
    else:
        check_unchanged(one.path, one.old)
        _rename(source, one.path, one.old)


def check_unchanged(path: str, seen: Status | None) -> None:
    """Raise OSError(CHANGED) unless the file that was seen at a path is still there unchanged.

    The number of names and the time of the last change of owner, mode or names count if there was a single name.
    With more names, both change when another name is replaced: a thousand environments may share a file of a cache.
    """
    now = files.status(path)
    if seen is not None and now is not None and seen.links > 1:
        now = now._replace(links=seen.links, ctime_ns=seen.ctime_ns)
    if now != seen:
        raise swapping.changed(path)


def delete(path: str, seen: Status | None = None, token: str = "") -> None:
    """unlink(2), made durable; raises FileNotFoundError if there is no file.

    With `seen`, raises OSError(CHANGED) if another file is there. With `token`, too (a random word that the caller has
    noted), a file that another program writes after that check is not deleted either, where the kernel can do that;
    after a kill, `give_back` puts the file right.
    """
    if seen is not None:
        check_unchanged(path, seen)
    directory, name = os.path.split(path)
    aside = os.path.join(directory, files.aside_name(token, name))
    if seen is None or not token or not swapping.delete(path, aside, seen):
        with inode_flags.explaining(path):
            os.unlink(path)
    durable.sync_directory(directory)


def give_back(directory: str, token: str) -> None:
    """Give the files of a directory their names back that a killed command was deleting, durably. Raises OSError."""
    for aside in files.names(directory):
        name = files.name_of_aside(token, aside)
        if name is not None:
            swapping.give_back(os.path.join(directory, aside), os.path.join(directory, name))
            durable.sync_directory(directory)


def move(path: str, to: str) -> None:
    """Rename a managed file within its directory, durably; a file that has that name already is replaced."""
    os.replace(path, to)
    durable.sync_directory(os.path.dirname(to))


def link(path: str, target: str, owner: tuple[int, int] | None = None) -> None:
    """symlink(2), made durable, with the owner (uid, gid); raises FileExistsError if the path exists.

    An account that may not give files away restores another's link as its own: it leads to the same file.
    """
    with inode_flags.explaining(path):
        os.symlink(target, path)
    if owner is not None and sys.platform != "win32":
        with contextlib.suppress(PermissionError):
            os.lchown(path, *owner)
    durable.sync_directory(os.path.dirname(path))


def relink(path: str, target: str, token: str, seen: Status) -> None:
    """symlink(2) beside the old link, and rename(2) onto it, made durable; `token` as for `Replacement`."""
    inode_flags.check(path)
    temporary = _beside(path, token)
    os.symlink(target, temporary)
    try:
        metadata.give_link(temporary, path, seen)
        check_unchanged(path, seen)
        _rename(temporary, path, seen)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    durable.sync_directory(os.path.dirname(path))


def _rename(source: str, path: str, seen: Status | None) -> None:
    if not swapping.place(source, path, seen):
        os.replace(source, path)


def _beside(path: str, token: str) -> str:
    return os.path.join(os.path.dirname(path), files.temporary_name(token))
