"""Files of stores: owners, missing directories, reading through links."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import pem_blocks
from trustinstall.host import Kind
from trustinstall.stores import bundle

if TYPE_CHECKING:
    from trustinstall.host import Host


def owner(host: Host, location: str) -> tuple[int, str | None]:
    """Return the (future) owner of a file, and why it cannot be written; see `bundles.owner`."""
    if host.status(location) is not None:
        return bundle.owner(host, location)
    missing = missing_parents(host, location)
    first = missing[0] if missing else location
    try:
        whose = host.path_owner(posixpath.dirname(first))
    except PermissionError as error:
        return host.account.uid, f"{error.strerror}; take that right away, so that only its owner can write it"
    return whose, host.may_write(first) if whose == host.account.uid else None


def owner_inside(host: Host, directory: str) -> tuple[int, str | None]:
    """Return the (future) owner of the files in a directory, and why they cannot be written."""
    whose, unwritable = owner(host, f"{directory}/x.pem")
    status = host.status(directory)
    if status is not None and status.kind is not Kind.DIRECTORY:
        unwritable = "something else than a directory stands there; move it away"
    return whose, unwritable


def standing(host: Host, path: str) -> tuple[str, int, str | None] | None:
    """Return the target of a path, its (future) owner, and why it cannot be written.

    Returns None for a link of root's into another account's files, which root does not even read.
    """
    location = host.real(path)
    whose, unwritable = owner(host, location)
    if host.account.is_root and whose != 0:
        return None
    if host.link_target(path) is not None and host.status(location) is None:
        unwritable = "it is a link that leads nowhere; mend the link"
    return location, whose, unwritable


def missing_parents(host: Host, location: str) -> list[str]:
    """Return the missing directories of a file, outermost first."""
    missing: list[str] = []
    parent = posixpath.dirname(location)
    while host.status(parent) is None and parent != "/":
        missing.insert(0, parent)
        parent = posixpath.dirname(parent)
    return missing


def without(content: bytes, leaving: set[str]) -> bytes:
    """Return the content of a file without some of its certificates (SHA-256)."""
    kept, at = b"", 0
    for block in pem_blocks(content):
        if block.der is not None and sha256_of(block.der) in leaving:
            kept, at = kept + content[at : block.start], block.end
    return kept + content[at:]


def read(host: Host, path: str) -> bytes | None:
    """Return the content of a file, links followed, or None if this account cannot read it."""
    try:
        return host.read_or_none(path)
    except OSError:  # most often a link, and a check beforehand would cost more
        pass
    try:
        return host.read_or_none(host.real(path))
    except OSError:
        return None
