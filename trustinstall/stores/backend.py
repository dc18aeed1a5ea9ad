"""A backend: the knowledge of one kind of store, as answers to questions.

A backend reports the places of certificates and plans a change that the engine has decided. It never writes, never runs
a tool, and does not know which program put a certificate there.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from typing_extensions import Self

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.steps import Command, ToolOperation
    from trustinstall.stores.store import DiscoveryOptions, Found, Store


class Capability(Enum):
    """Properties of all stores of a backend, beside its methods."""

    IDENTICAL_FILES = "identical files"  # each store is one file; files with equal content get equal plans
    ON_REQUEST = "on request"  # `add` considers these stores only when the caller asks for them
    NAME_CONSTRAINTS = "name constraints"  # a store can limit a root to names: `Desired.domains`
    IMPORTED_BY_PROFILES = "imported by profiles"  # programs import the certificates, and keep them when the store goes
    REACHES_EVERY_ACCOUNT = "reaches every account"  # the machine's stores serve all accounts
    SET_ONCE = "set once"  # entries are written once, and shared by all certificates
    FOR_WANT_OF_ANOTHER = "for want of another"  # a file that another backend has, or writes, is not one of its stores
    OTHER_MACHINE = "other machine"  # its paths belong to another machine, and not to a directory of this host


class Candidates(NamedTuple):
    """Names of files that a backend wants to be asked about.

    Attributes:
        names: matches such a name as a whole, letters of either case.
        pieces: text of which each such name holds at least one piece, in lower case and between line breaks. A walk
            looks for these first, through all names of a directory at once: that takes a tenth of the time. A piece
            that is a whole name between line breaks is the name that programs open.
    """

    names: re.Pattern[str]
    pieces: tuple[str, ...]

    @classmethod
    def called(cls, *names: str) -> Self:
        """Return candidates that have one of these names."""
        pattern = re.compile("|".join(map(re.escape, names)), re.IGNORECASE | re.ASCII)
        return cls(pattern, tuple(f"\n{one.lower()}\n" for one in names))


class Unreached(NamedTuple):
    """Why a client does not trust what its store holds, or may not.

    Attributes:
        why: in words.
        own: whether the acting account could repair it.
        partly: whether that holds, or may hold, in some sessions only, by a decision of the account: then the store has
            not failed, and the words name these sessions.
    """

    why: str
    own: bool
    partly: bool = False


class Backend(ABC):
    """The knowledge of one kind of store. Every method only reads; OSError means the store could not be read.

    Attributes:
        name: in ids of stores, in options and in reports.
        capabilities: properties of all its stores.
        candidates: names of the files that `recognise` and `notices` are asked about; None for a backend whose stores
            are all found by `discover`.
    """

    name: str
    capabilities: frozenset[Capability] = frozenset()
    candidates: Candidates | None = None

    @abstractmethod
    def discover(self, host: Host, places: DiscoveryOptions, /) -> Iterable[Found]:
        """Find the stores of this kind on this host; follow no link into another account's files."""

    def recognise(self, _host: Host, _path: str, /) -> Store | None:
        """Return the store of a file that a walk of whole trees has found; None if it is not a store.

        The path has a name of `candidates`, and the directories on it are not links; the file may be one, or be gone.
        """
        return None

    def notices(self, _host: Host, _path: str, /) -> bool:
        """Return whether such a file, which is no store, decides what clients of this backend's stores read.

        It is then remembered, and in the host's `known` files when stores that are references are looked for.
        """
        return False

    @abstractmethod
    def at(self, host: Host, location: str, /) -> Store | None:
        """Return the store at a location that the ledger remembers, or None if it no longer exists."""

    @abstractmethod
    def observe(self, host: Host, store: Store, names: frozenset[str], /) -> Observation:
        """Read which anchors the store's clients trust now, and every copy of the certificates in `names` (SHA-256)."""

    def outdated(self, _host: Host, _store: Store, /) -> bool:
        """Whether trustinstall would write a store that holds its certificates in another way today.

        It is asked before a change alone, so that a costly answer is not worked out to verify one.
        """
        return False

    def identified(
        self, _host: Host, _store: Store, seen: Observation, _certificates: Sequence[Certificate], /
    ) -> Observation:
        """Return `seen` with the copies that only a certificate itself identifies.

        It is asked about certificates that are to be removed and of which `seen` has no copy: a place may name them by
        another digest than SHA-256.
        """
        return seen

    @abstractmethod
    def anchors(self, host: Host, store: Store, /) -> Iterator[bytes]:
        """Yield the DER of every anchor that `observe` counts."""

    @abstractmethod
    def plan(self, host: Host, store: Store, seen: Observation, change: Change, /) -> Plan:
        """Return the steps that carry out a non-empty change.

        `seen` is the latest result of `observe`. Raises StoreError if the change is impossible.
        """

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str], /) -> Refresh | None:
        """Return how to regenerate derived files after file steps were applied or undone, or None.

        `gone` names the files that were deleted. The answer depends on no other remembered state,
        so that recovery after a crash can ask for it again.
        """
        return None

    def verify(self, _host: Host, _store: Store, /) -> str | None:
        """Return the fault of the artefact after a change, or None. This is the last and most expensive check."""
        return None

    def commands(self, _host: Host, _store: Store, step: ToolOperation, /) -> Sequence[Command]:
        """Return the commands of an operation for the present state; () if it has nothing to do.

        Raises ValueError for an operation that the backend does not know.
        """
        raise ValueError(f"no operation of this store: {step.operation!r}")

    def artefact(self, _host: Host, store: Store, /) -> str:
        """Return the path that changes of a store write: stores with the same one are changed one after the other."""
        return store.location

    def delivered(self, _host: Host, _store: Store, /) -> frozenset[str]:
        """Return the SHA-256 of the anchors that the vendor ships."""
        return frozenset()

    def unreached(self, _host: Host, _stores: Sequence[Store], _wanted: frozenset[str], /) -> Mapping[str, Unreached]:
        """Return the stores (by id) whose clients do not trust certificates that were added (SHA-256), and why.

        It is asked when all stores are changed, of those that hold them and of those that failed: what a client reads
        may be decided by several, and lines may have moved.
        """
        return {}

    def beside_the_machines(self) -> Backend | None:
        """Return the backend for an account that the machine's stores of this kind reach, or None.

        It is asked of backends with `Capability.REACHES_EVERY_ACCOUNT`.
        """
        return None

    def replaces(self, _host: Host, /) -> bool:
        """Whether settings made for the acting account replace the built-in roots of programs."""
        return False
