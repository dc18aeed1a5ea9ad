"""What a backend is: the knowledge of one kind of store, as answers to questions.

A backend looks at a host and answers; it never writes and never runs anything. The engine acts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.plan import Command, Native, Plan, Refresh


@dataclass(frozen=True)
class Store:
    """One place that holds trust anchors.

    Attributes:
        backend: the name of the backend that knows it.
        location: absolute path of the artefact that its clients read.
        owner: uid of the account that its files belong to (0 is the machine).
        id: what people and scripts call it: the backend's name, or `backend:location`.
        clients: who reads it, in a few words.
        follows: location of the artefact that feeds this store; it is then shown and verified, never written.
        unwritable: why it cannot be written and what to do about it, or None.
        label: a shorter name for people, where the location is long.
        system: whether it is the operating system's own store, which daemons read when they start.
        imports: whether its program imports into it what policies of an `Imposing` backend name.
        sealed: whether it cannot be written because nobody ever may (a signed app, an image).
        needs: location of a store that this one, a setting, names: it is set after that one holds what it should,
            and taken back before that one goes.
        serves: whether it is only there for settings that name it; it is made of what the system's store holds.
        inherits: whether it says nothing itself, so that what it shows is what all accounts have.
    """

    backend: str
    location: str
    owner: int
    id: str
    clients: str
    follows: str | None = None
    unwritable: str | None = None
    label: str = ""
    system: bool = False
    imports: bool = False
    sealed: bool = False
    needs: str | None = None
    serves: bool = False
    inherits: bool = False


@dataclass(frozen=True)
class Handoff:
    """A directory that belongs to another account: only that account's own process may look into it."""

    uid: int
    path: str


@dataclass(frozen=True)
class Looked:
    """A sign of life from a long look: where it is now; with `why`, that what lies below was not looked through."""

    path: str
    why: str = ""


Found = Store | Handoff | Looked


class State(Enum):
    """How far a certificate is trusted in a store."""

    TRUSTED = "trusted"
    HALF = "half-installed"  # some of the store's clients see it, others do not
    DISTRUSTED = "distrusted"
    LIMITED = "limited to domains"


@dataclass(frozen=True)
class Observation:
    """What the clients of a store trust now, read from the artefact that they read.

    Attributes:
        anchors: SHA-256 of each anchor's DER (of the raw bytes, where no library here can parse it) and its state.
        ours: those that carry our mark (a marker, a file name) whatever the ledger says.
        problems: what is wrong with the artefact itself, a sentence each; empty when all is well.
        unsettled: why the artefact does not show the latest state yet (dpkg will finish it), or None.
    """

    anchors: Mapping[str, State]
    ours: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    unsettled: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What should hold of one certificate in a store.

    Attributes:
        certificate: which one.
        trusted: whether it should be trusted there (True) or no longer be there (False).
        foreign: whether copies that somebody else put there may be touched (`--foreign`, or adopted before).
        domains: the names and networks that it is to be trusted for and no others, or () for all of them.
    """

    certificate: Certificate
    trusted: bool
    foreign: bool = False
    domains: tuple[str, ...] = ()

    @property
    def goal(self) -> State:
        """How far a certificate that is to be trusted is to be trusted."""
        return State.LIMITED if self.domains else State.TRUSTED


@dataclass(frozen=True)
class Placement:
    """What the ledger knows of one certificate in one store.

    Attributes:
        sha256: the certificate.
        store: the store's id.
        entries: files, aliases or variables that are ours.
        directories: directories that we created for them, outermost first.
        since: when, ISO 8601 in UTC.
        by: the account that asked for it.
        adopted: whether somebody else had put it there and we took it over.
    """

    sha256: str
    store: str
    entries: tuple[str, ...]
    directories: tuple[str, ...] = ()
    since: str = ""
    by: str = ""
    adopted: bool = False


Record = dict[str, Placement]  # one store's placements, by SHA-256


@dataclass(frozen=True)
class Places:
    """Where the caller pointed us, and what an earlier look has found.

    Attributes:
        pythons, searches, bundles, windows_host: the options of these names.
        rescan: whether whole trees are looked through again, although that was done not long ago.
        through: whether they are looked through now.
        known: files that were bundles when they were; nothing but a hint where to look.
        walked: whether `known` was found a moment ago, and holds all of whole trees and below `searches`.
    """

    pythons: tuple[str, ...] = ()
    searches: tuple[str, ...] = field(default=())
    bundles: tuple[str, ...] = ()
    windows_host: bool = False
    rescan: bool = False
    through: bool = False
    known: tuple[str, ...] = ()
    walked: bool = False


class Backend(Protocol):
    """The knowledge of one kind of store. Every method only reads; OSError means the store could not be read."""

    name: str

    def discover(self, host: Host, places: Places, /) -> Iterable[Found]:
        """The stores of this kind on this host, without following anything into another account's files."""
        ...

    def at(self, host: Host, location: str, /) -> Store | None:
        """The store at a location that the ledger remembers, or None where there is none any more."""
        ...

    def observe(self, host: Host, store: Store, /) -> Observation:
        """What the store's clients trust now."""
        ...

    def anchors(self, host: Host, store: Store, /) -> Iterator[bytes]:
        """The DER of every anchor that `observe` counts, for a list of all of them."""
        ...

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record, /) -> Plan:
        """The steps from what was seen to what is wanted; raises StoreError where that is impossible."""
        ...

    def refresh(self, host: Host, store: Store, gone: Sequence[str], /) -> Refresh | None:
        """How derived files are made anew after file steps were applied or undone.

        `gone` names the files that were deleted; the answer depends on nothing else that was remembered,
        so that recovery after a crash can ask for it again.
        """
        ...

    def verify(self, host: Host, store: Store, /) -> str | None:
        """A last, expensive opinion on the artefact after it was changed (does it load?); None when it is fine."""
        ...


@runtime_checkable
class ToolBackend(Backend, Protocol):
    """A backend whose plans hold `Native` steps."""

    def commands(self, host: Host, store: Store, step: Native, /) -> Sequence[Command]:
        """What is run for an operation, decided from what stands there now; nothing where it has nothing to do."""
        ...


@runtime_checkable
class Whole(Protocol):
    """A backend each of whose stores is one file of which its bytes say everything, wherever it lies.

    What is observed, planned (one Edit of it, and no refresh) or verified of one holds of all with the same bytes.
    """

    whole: bool


@runtime_checkable
class Beside(Protocol):
    """A backend of another system's stores: `add` finds those that were asked for, and none by memory."""

    beside: bool


@runtime_checkable
class Delivering(Protocol):
    """A backend that knows which anchors of a store the system's vendor has delivered."""

    def delivered(self, host: Host, store: Store, /) -> frozenset[str]:
        """SHA-256 of the anchors that packages brought, and nobody of this company."""
        ...


@runtime_checkable
class Imposing(Protocol):
    """A backend of policies that have certificates imported into stores, where they stay when the policy goes."""

    name: str
    imposes: bool


@runtime_checkable
class Constraining(Protocol):
    """A backend whose stores can keep a root to some names: `Wanted.domains`."""

    constrains: bool


@runtime_checkable
class ForEverybody(Protocol):
    """A backend of variables: those of the machine reach every account, and with them it needs none of its own."""

    def replaces(self, host: Host, /) -> bool:
        """Whether what is set for the acting account replaces the roots that programs have built in."""
        ...
