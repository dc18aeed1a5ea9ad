"""The steps of a plan, as data: each can be shown, journalled, applied and undone.

A step names the state that it was planned against (`expect`). A file that another program changes between planning
and acting is planned again and never overwritten. The inverse of every step is a step.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.editing.setting import SetKey
from trustinstall.host.commands import Run

ANY = "any"  # whatever stands there
ABSENT = "absent"  # nothing stands there


def digest(content: bytes) -> str:
    """The `expect` value of a regular file with this content: its SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def link_digest(target: str) -> str:
    """The `expect` value of a symbolic link to this target."""
    return f"link:{target}"


@dataclass(frozen=True)
class Content:
    """The whole new content of a file of ours."""

    content: bytes

    def apply(self, _old: bytes) -> bytes:
        """Return the new content, whatever the old one was."""
        return self.content


class Computed(Protocol):
    """A change that a backend knows how to make; made twice, it is the same. What stood there undoes it."""

    def apply(self, old: bytes, /) -> bytes:
        """Return the new content. Raises StoreError where there can be none."""
        ...


Transform = Content | Blocks | SetKey | Computed


@dataclass(frozen=True)
class Edit:
    """Write a regular file: `transform` of what stands there (nothing counts as empty).

    Attributes:
        path: absolute path on the host.
        transform: computes the new content when the step is applied, not before.
        expect: what the step was planned against: `digest(…)`, `ABSENT` or `ANY`.
        mode: permission bits of a file that is created; an existing file keeps its own.
        owner: (uid, gid) of a file that is created; None means the acting account.
        attributes: extended attributes of a file that is created, as `Host.attributes` returns them.
        separates: whether a file with other names (hard links) may be replaced, which separates it from these names.
            That is right for copies of a package cache and for generated files. Elsewhere a person has made the link.
    """

    path: str
    transform: Transform
    expect: str
    mode: int = 0o644
    owner: tuple[int, int] | None = None
    attributes: tuple[tuple[str, bytes], ...] = ()
    separates: bool = False


@dataclass(frozen=True)
class Delete:
    """Remove a regular file or a symbolic link (never what the link points to)."""

    path: str
    expect: str


@dataclass(frozen=True)
class Link:
    """Create a symbolic link where nothing stands, or have the one that stands there (`expect`) lead elsewhere."""

    path: str
    target: str
    expect: str = ABSENT


@dataclass(frozen=True)
class MakeDirectory:
    """Create one directory, if there is none."""

    path: str
    mode: int = 0o755


@dataclass(frozen=True)
class RemoveDirectory:
    """Remove one directory of ours, if it is empty."""

    path: str


@dataclass(frozen=True)
class ToolOperation:
    """Have the store's own tool change it, where the store is no file: a keychain, a registry.

    It is journalled as an operation, never as a command line; `Backend.commands` says what is run for it.

    Attributes:
        operation: a word of the backend's.
        inverse: the operation that undoes it; it must do no harm where the first one has never acted.
        der: the certificate.
    """

    operation: str
    inverse: str
    der: bytes

    @property
    def undone(self) -> ToolOperation:
        """The operation that undoes this one."""
        return ToolOperation(self.inverse, self.operation, self.der)


@dataclass(frozen=True)
class DeleteRows:
    """Take rows out of an SQLite database, where a tool leaves some behind: those that have all of these values."""

    path: str
    table: str
    where: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class SetVariables:
    """Set values of text in one key of Windows' registry, or delete them (None), and tell who is to read them anew.

    The key is one of environment variables; `hive` is HKLM or HKCU.
    """

    hive: str
    path: str
    values: tuple[tuple[str, str | None], ...]


Step = Edit | Delete | Link | MakeDirectory | RemoveDirectory
VERBS: dict[type[Step], str] = {  # as a dry run says it
    Edit: "write",
    Delete: "delete",
    Link: "link",
    MakeDirectory: "create",
    RemoveDirectory: "remove",
}
Command = Run | DeleteRows | SetVariables | Delete | RemoveDirectory  # what an operation is made of
Undo = Step | ToolOperation
