"""The certificates that the clients of a store trust now, and the places of requested certificates in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum

from trustinstall.values import dataclass


class State(Enum):
    """How far a certificate is trusted in a store."""

    TRUSTED = "trusted"
    PARTIAL = "half-installed"  # only some of the store's clients see it
    DISTRUSTED = "distrusted"
    WITHDRAWN = "without trust"  # a person has taken the trust away, and the certificate is still there
    LIMITED = "limited to domains"


@dataclass(frozen=True)
class Copy:
    """One place of a certificate in a store.

    Attributes:
        sha256: the certificate.
        entry: the ledger's name of the place (path, alias, nickname, registry key); "" if the ledger can never name
            it, so that the copy is managed by its mark alone.
        marked: whether it carries the mark of trustinstall (marker lines, a file name, an alias, a nickname).
        removable: whether it can be removed through this store. A copy from a policy or another store cannot be:
            it is never managed here, even if the certificate was adopted.
        trusts: whether it makes clients trust. False for an entry that distrusts: it stays when a certificate is
            removed, and is not named as what is left.
    """

    sha256: str
    entry: str = ""
    marked: bool = False
    removable: bool = True
    trusts: bool = True


@dataclass(frozen=True)
class Observation:
    """The certificates that the clients of a store trust now, read from the artefact that they read.

    Attributes:
        anchors: state of each anchor, by SHA-256 of its DER (of the raw bytes, if no library here can parse it).
        marked: SHA-256 of all certificates with a copy that carries the mark of trustinstall.
        problems: faults of the artefact itself, one sentence each.
        pending: why the artefact does not show the latest state yet (dpkg will finish it), or None.
        copies: every copy of the requested certificates.
        limits: the names and networks that anchors in the state LIMITED are trusted for, by SHA-256.
        outdated: whether trustinstall would write the artefact differently today, although its content is as desired.
    """

    anchors: Mapping[str, State]
    marked: frozenset[str] = frozenset()
    problems: tuple[str, ...] = ()
    pending: str | None = None
    copies: tuple[Copy, ...] = ()
    limits: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    outdated: bool = False

    def copies_of(self, sha256: str) -> list[Copy]:
        """Return the copies of one certificate."""
        return [one for one in self.copies if one.sha256 == sha256]
