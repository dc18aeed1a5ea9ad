"""The content of `list` and `stores`, as plain data: for people, for JSON, and from a worker process."""

from __future__ import annotations

from trustinstall.typed_json import Sha256
from trustinstall.values import dataclass

#: The start of each state in which a store holds a certificate; and the state of a store that this account cannot read.
_HOLDS, UNSEEN = ("trusted", "limited to domains", "follows"), "unreadable"


@dataclass(frozen=True)
class Held:
    """One managed certificate in one store.

    Attributes:
        store: the store's id.
        label: its name for people.
        state: "trusted", "half-installed", "missing", "gone", "unreadable" or "follows …".
        since, by: time and account of the addition; "" if the store follows another one, or the copy is foreign.
        adopted: whether another program had put it there before.
        foreign: whether it is foreign, and not managed by trustinstall.
        entries: managed files, aliases and variables.
    """

    store: str
    label: str
    state: str
    since: str = ""
    by: str = ""
    adopted: bool = False
    foreign: bool = False
    entries: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether clients of the store trust the certificate now."""
        return self.state.startswith(_HOLDS)

    @property
    def missing(self) -> bool:
        """Whether the store should hold the certificate, can be read, and does not hold it."""
        return not (self.foreign or self.holds or self.state == UNSEEN)


@dataclass(frozen=True)
class Listed:
    """One certificate of one scope, and where it is.

    Attributes:
        scope: "machine" or an account's name.
        not_before: from when it is valid, ISO 8601.
        not_after: when the certificate expires, ISO 8601; `expires_soon` is whether that is within 90 days, or past.
        since, by: time and account of the request.
        stores: the stores that should hold it, and those where another program has put it.
        until: when the trust ends, ISO 8601 in UTC; "" for never.
    """

    scope: str
    sha256: Sha256
    subject: str
    name: str
    not_after: str
    since: str
    by: str
    stores: tuple[Held, ...]
    until: str = ""
    not_before: str = ""
    expires_soon: bool = False

    @property
    def missing(self) -> tuple[Held, ...]:
        """The stores that should hold it and do not, without those that this account cannot read."""
        return tuple(one for one in self.stores if one.missing)

    @property
    def complete(self) -> bool:
        """Whether it is trusted in every store where it was added."""
        return not self.missing


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
        anchors: the number of its anchors, or None if it cannot be read.
        ours: the number of managed anchors.
        problem: why it cannot be read or written, or its fault; or "".
        fault: why it cannot be read, or its fault; or "".
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
    fault: str = ""


@dataclass(frozen=True)
class View:
    """The results of observing one or more scopes."""

    certificates: tuple[Listed, ...] = ()
    anchors: tuple[Anchor, ...] = ()
    stores: tuple[StoreView, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: View) -> View:
        """Merge two results."""
        return View(
            self.certificates + other.certificates,
            self.anchors + other.anchors,
            self.stores + other.stores,
            self.notes + other.notes,
        )
