"""The steps of a plan, as data: each can be displayed, journalled, applied and undone.

A step names the state that it was planned against (`expect`). If another program changes a file between planning and
acting, the step is planned again and the file is not overwritten. The inverse of every step is a step.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.editing.setting import SetKey
from trustinstall.host.commands import Run
from trustinstall.values import dataclass

ANY = "any"  # any content, or no file
ABSENT = "absent"  # no file


def digest(content: bytes) -> str:
    """The `expect` value of a regular file with this content: its SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


def link_digest(target: str) -> str:
    """The `expect` value of a symbolic link to this target."""
    return f"link:{target}"


@dataclass(frozen=True)
class Content:
    """The whole new content of a managed file."""

    content: bytes

    def apply(self, _old: bytes) -> bytes:
        """Return the new content; the old content does not matter."""
        return self.content


class Computed(Protocol):
    """An idempotent change that a backend supplies. The former content undoes it."""

    def apply(self, old: bytes, /) -> bytes:
        """Return the new content. Raises StoreError if the change is impossible."""
        ...


Transform = Content | Blocks | SetKey | Computed


@dataclass(frozen=True)
class Edit:
    """Write a regular file: `transform` of the present content (a missing file counts as empty).

    Attributes:
        path: absolute path on the host.
        transform: computes the new content when the step is applied, not before.
        expect: the state that the step was planned against: `digest(…)`, `ABSENT` or `ANY`.
        mode: permission bits of a file that is created; an existing file keeps its own.
        owner: (uid, gid) of a file that is created; None means the acting account.
        attributes: extended attributes of a file that is created, as `Host.attributes` returns them.
        separates: whether a file with other names (hard links) may be replaced, which separates it from these names.
            This is right for copies of a package cache and for generated files. Elsewhere a person has made the link.
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
    """Create a symbolic link where no file exists, or change the target of the existing link (`expect`).

    Attributes:
        path, expect: as for `Edit`.
        target: the text of the link.
        owner: (uid, gid) of a link that is restored; None means the acting account. An existing link keeps its own.
    """

    path: str
    target: str
    expect: str = ABSENT
    owner: tuple[int, int] | None = None


@dataclass(frozen=True)
class MakeDirectory:
    """Create one directory, if it does not exist."""

    path: str
    mode: int = 0o755


@dataclass(frozen=True)
class RemoveDirectory:
    """Remove one managed directory, if it is empty."""

    path: str


@dataclass(frozen=True)
class ToolOperation:
    """Change a store through its own tool, if the store is not a file: a keychain, a registry.

    It is journalled as an operation, never as a command line; `Backend.commands` returns the commands for it.

    Attributes:
        operation: a word of the backend's.
        inverse: the operation that undoes it; it must be harmless if the first operation has never acted.
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
    """Delete the rows that have all of these values from an SQLite database, because a tool leaves them behind."""

    path: str
    table: str
    where: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True)
class SetVariables:
    """Set or delete (None) text values of one key of Windows' registry, and notify the running programs.

    The key holds environment variables; `hive` is HKLM or HKCU.
    """

    hive: str
    path: str
    values: tuple[tuple[str, str | None], ...]


Step = Edit | Delete | Link | MakeDirectory | RemoveDirectory
Command = Run | DeleteRows | SetVariables | Delete | RemoveDirectory  # the parts of an operation
Undo = Step | ToolOperation
