"""Plans: what would be done to one store, as data that can be shown, journalled, applied and undone.

A step names what it was planned against (`expect`), so that a file which somebody else changes between
planning and acting is planned again and never overwritten. The inverse of every step is a step.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.editing.setting import SetKey
from trustinstall.host.commands import Guard, Run

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        owner: (uid, gid) of a file that is created; None means whoever acts.
    """

    path: str
    transform: Transform
    expect: str
    mode: int = 0o644
    owner: tuple[int, int] | None = None


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
class Native:
    """Have the store's own tool change it, where the store is no file: a keychain, a registry.

    It is journalled as an operation, never as a command line; `ToolBackend.commands` says what is run for it.

    Attributes:
        operation: a word of the backend's.
        inverse: the operation that undoes it; it must do no harm where the first one has never acted.
        der: the certificate.
    """

    operation: str
    inverse: str
    der: bytes

    @property
    def undone(self) -> Native:
        """The operation that undoes this one."""
        return Native(self.inverse, self.operation, self.der)


@dataclass(frozen=True)
class Erase:
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
Command = Run | Erase | SetVariables | Delete | RemoveDirectory  # what an operation is made of
Undo = Step | Native


@dataclass(frozen=True)
class Refresh:
    """How a store's derived files are made anew: leftovers to take away, then tools to run in order."""

    runs: tuple[Run, ...]
    leftovers: tuple[str, ...] = ()
    guard: Guard = field(default_factory=Guard)


@dataclass(frozen=True)
class Placed:
    """What a certificate will occupy in a store once the plan has been applied (for the ledger)."""

    sha256: str
    entries: tuple[str, ...]
    directories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The steps that bring one store from what was observed to what is wanted. Empty: nothing to do.

    Attributes:
        steps: file steps, in order.
        refresh: what runs once after them, or None.
        placed: what will be ours in this store, one item for each wanted certificate that is to be trusted.
        foreign: SHA-256 of wanted certificates that are there, but not ours, and therefore left alone.
        operations: what the store's own tool does after the file steps, in order.
        withdraws: whether the store's clients no longer look at the artefact afterwards, whatever else it holds.
    """

    steps: tuple[Step, ...] = ()
    refresh: Refresh | None = None
    placed: tuple[Placed, ...] = ()
    foreign: frozenset[str] = frozenset()
    operations: tuple[Native, ...] = ()
    withdraws: bool = False

    @property
    def empty(self) -> bool:
        """Whether applying the plan would do nothing."""
        return not (self.steps or self.operations) and self.refresh is None


# The words of the journal's format. They never change, whatever the classes are called.
_WORDS: dict[type[Undo], str] = {
    Edit: "Edit",
    Delete: "Delete",
    Link: "Link",
    MakeDirectory: "MakeDirectory",
    RemoveDirectory: "RemoveDirectory",
    Native: "Native",
}


def step_to_json(step: Undo) -> dict[str, Any]:
    """Return one step as plain JSON data; `step_from_json` reads it. TypeError for an Edit whose change is Computed."""
    kind = _WORDS[type(step)]
    if isinstance(step, Edit):
        owner = list(step.owner) if step.owner else None
        return {
            "kind": kind,
            "path": step.path,
            "expect": step.expect,
            "mode": step.mode,
            "owner": owner,
            **_transform_to_json(step.transform),
        }
    if isinstance(step, Native):
        der = base64.b64encode(step.der).decode()
        return {"kind": kind, "operation": step.operation, "inverse": step.inverse, "der": der}
    if isinstance(step, Delete):
        return {"kind": kind, "path": step.path, "expect": step.expect}
    if isinstance(step, Link):
        return {"kind": kind, "path": step.path, "target": step.target, "expect": step.expect}
    if isinstance(step, MakeDirectory):
        return {"kind": kind, "path": step.path, "mode": step.mode}
    return {"kind": kind, "path": step.path}


def step_from_json(data: Mapping[str, Any]) -> Undo:
    """The step that `step_to_json` described. Raises KeyError, TypeError or ValueError on anything else."""
    kind = data["kind"]
    if kind == "Native":
        return Native(str(data["operation"]), str(data["inverse"]), base64.b64decode(data["der"], validate=True))
    path = str(data["path"])
    if kind == "Edit":
        owner = (int(data["owner"][0]), int(data["owner"][1])) if data["owner"] else None
        return Edit(path, _transform_from_json(data), str(data["expect"]), int(data["mode"]), owner)
    if kind == "Delete":
        return Delete(path, str(data["expect"]))
    if kind == "Link":
        return Link(path, str(data["target"]), str(data["expect"]))
    if kind == "MakeDirectory":
        return MakeDirectory(path, int(data["mode"]))
    if kind == "RemoveDirectory":
        return RemoveDirectory(path)
    raise ValueError(f"no such step: {kind!r}")


def _transform_to_json(transform: Transform) -> dict[str, Any]:
    if isinstance(transform, Content):
        return {"content": base64.b64encode(transform.content).decode()}
    if isinstance(transform, Blocks):
        return {"blocks": transform.to_json()}
    if isinstance(transform, SetKey):
        return {"setting": transform.to_json()}
    raise TypeError("a change that a backend computes is undone by content, and never journalled")


def _transform_from_json(data: Mapping[str, Any]) -> Transform:
    if "content" in data:
        return Content(base64.b64decode(data["content"], validate=True))
    return SetKey.from_json(data["setting"]) if "setting" in data else Blocks.from_json(data["blocks"])
