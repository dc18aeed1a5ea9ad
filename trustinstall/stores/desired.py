"""What should hold in a store, and what the ledger knows about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
from trustinstall.stores.observation import State


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
