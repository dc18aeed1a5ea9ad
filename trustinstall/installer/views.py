"""What `list` and `stores` show, as plain data: the same for people, for JSON, and from a worker process."""

from __future__ import annotations

from dataclasses import dataclass

from trustinstall.typed_json import Sha256


@dataclass(frozen=True)
class Held:
    """One certificate of ours in one store.

    Attributes:
        store: the store's id.
        label: what people call it.
        state: "trusted", "half-installed", "missing", "gone", "unreadable" or "follows …".
        since, by: when and for whom it was put there; "" where it follows or is somebody else's.
        adopted: whether somebody else had put it there before.
        foreign: whether it is somebody else's, and not ours at all.
        entries: files, aliases and variables that are ours.
    """

    store: str
    label: str
    state: str
    since: str = ""
    by: str = ""
    adopted: bool = False
    foreign: bool = False
    entries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listed:
    """One certificate of one scope, and where it is."""

    scope: str
    sha256: Sha256
    subject: str
    name: str
    not_after: str
    since: str
    by: str
    held: tuple[Held, ...]


@dataclass(frozen=True)
class Anchor:
    """One anchor of one store, for `list --all`."""

    store: str
    sha256: Sha256
    subject: str
    ours: bool


@dataclass(frozen=True)
class StoreView:
    """One store, for `stores`.

    Attributes:
        scope: "machine" or an account's name.
        anchors: how many it holds, or None where it cannot be read.
        ours: how many of them are ours.
        problem: why it cannot be read or written, or what is wrong with it; "" when all is well.
    """

    scope: str
    store: str
    backend: str
    location: str
    label: str
    clients: str
    follows: str
    writable: bool
    anchors: int | None
    ours: int
    problem: str


@dataclass(frozen=True)
class View:
    """Everything that looking at one or more scopes gave."""

    listed: tuple[Listed, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    stores: tuple[StoreView, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: View) -> View:
        """Both together."""
        return View(
            self.listed + other.listed,
            self.anchors + other.anchors,
            self.stores + other.stores,
            self.notes + other.notes,
        )
