"""What the clients of a store trust now, and where the certificates asked about stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class State(Enum):
    """How far a certificate is trusted in a store."""

    TRUSTED = "trusted"
    PARTIAL = "half-installed"  # some of the store's clients see it, others do not
    DISTRUSTED = "distrusted"
    LIMITED = "limited to domains"


@dataclass(frozen=True)
class Copy:
    """One place in a store where a certificate stands.

    Attributes:
        sha256: the certificate.
        entry: the ledger's name of the place (path, alias, nickname, registry key); "" where the ledger can never name
            it, so that the copy is managed by its mark alone.
        marked: whether it carries the mark of trustinstall (marker lines, a file name, an alias, a nickname).
        removable: whether it can be taken out through this store. A copy that a policy or another store brings cannot:
            it is never managed here, not even where the certificate was adopted.
    """

    sha256: str
    entry: str = ""
    marked: bool = False
    removable: bool = True


@dataclass(frozen=True)
class Observation:
    """What the clients of a store trust now, read from the artefact that they read.

    Attributes:
        anchors: SHA-256 of each anchor's DER (of the raw bytes, where no library here can parse it) and its state.
        marked: SHA-256 of all certificates with a copy that carries the mark of trustinstall.
        problems: what is wrong with the artefact itself, a sentence each; empty when all is well.
        pending: why the artefact does not show the latest state yet (dpkg will finish it), or None.
        copies: every copy of the certificates that were asked about.
        limits: the names and networks that anchors in the state LIMITED are trusted for, by SHA-256.
        outdated: whether trustinstall would write the artefact in another way today, although it shows what it should.
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
