"""The desired state of a store, the ledger's records of it, and the change that follows from both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from trustinstall.certificates.certificate import Certificate
from trustinstall.stores.observation import Copy, State
from trustinstall.values import dataclass


@dataclass(frozen=True)
class Desired:
    """The desired state of one certificate in a store.

    Attributes:
        certificate: the certificate.
        trusted: whether it should be trusted there (True) or no longer be there (False).
        domains: the only names and networks that it is to be trusted for, or () for all.
    """

    certificate: Certificate
    trusted: bool
    domains: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The certificate's SHA-256."""
        return self.certificate.sha256

    @property
    def goal(self) -> State:
        """The state that a trusted certificate should have: limited to names, or not."""
        return State.LIMITED if self.domains else State.TRUSTED


@dataclass(frozen=True)
class Placement:
    """The ledger's record of one certificate in one store.

    Attributes:
        sha256: the certificate.
        store: the store's id.
        entries: files, aliases or variables that trustinstall put there or adopted.
        directories: directories that were created for them, outermost first.
        since: the time of the first change, ISO 8601 in UTC.
        by: the account that asked for it.
        adopted: whether another program had put it there before.
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
class Change:
    """The change of one store, as decided by `engine.ownership`. A backend plans it and decides nothing.

    Attributes:
        add: certificates that are absent, trusted by some of the store's clients only, or written in an outdated way.
        kept: entries of the managed copies of every certificate that is to be trusted, by SHA-256: those in `add`
            that are partly there, and those that need no change.
        remove: copies to remove: managed, adopted, or requested with `--not-ours`.
        drop: certificates that no client may trust afterwards because of trustinstall; `remove` holds their copies,
            if there are any.
        noted: the ledger's entries of every certificate in this store, by SHA-256.
        made: the directories that the ledger notes as made for this store, outermost first.
        foreign: SHA-256 of certificates of which copies stay, because another program put them there.
        last: whether the store holds no managed certificate afterwards.
    """

    add: tuple[Desired, ...] = ()
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    remove: tuple[Copy, ...] = ()
    drop: tuple[Certificate, ...] = ()
    noted: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    made: tuple[str, ...] = ()
    foreign: frozenset[str] = frozenset()
    last: bool = False

    @property
    def empty(self) -> bool:
        """Whether the change is empty."""
        return not (self.add or self.remove or self.drop)

    @property
    def noted_entries(self) -> tuple[str, ...]:
        """The ledger's entries in this store, each once."""
        return tuple(dict.fromkeys(entry for entries in self.noted.values() for entry in entries))

    @property
    def leaving(self) -> frozenset[str]:
        """SHA-256 of the certificates that are to be removed."""
        return frozenset(one.sha256 for one in self.drop)

    def entries(self, sha256: str) -> tuple[str, ...]:
        """Return the entries of a certificate's copies that are removed."""
        return tuple(one.entry for one in self.remove if one.sha256 == sha256)
