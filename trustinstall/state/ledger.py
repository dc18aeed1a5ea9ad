"""The ledger: which certificates are wanted (claims), and what was put where for them (placements).

It keeps the certificates themselves, so that one can be removed or put back without its file.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import pem_blocks
from trustinstall.errors import StateError, printable
from trustinstall.state.directory import read_json
from trustinstall.stores.desired import Placement, Record
from trustinstall.typed_json import flag, words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State

VERSION = 1


@dataclass(frozen=True)
class Claim:
    """That a certificate is wanted in this scope.

    Attributes:
        sha256: the certificate.
        by: the account that asked for it.
        since: when, ISO 8601 in UTC.
        accounts: for which other accounts it was added as well (machine scope only).
        held: ids of the stores that held it before a policy had others import it; None where no policy does.
    """

    sha256: str
    by: str
    since: str
    accounts: tuple[str, ...] = ()
    held: tuple[str, ...] | None = None


@dataclass
class Ledger:
    """The ledger of one scope; `save` writes it.

    Attributes:
        certificates: every certificate that a claim or placement names, by SHA-256.
        claims: by SHA-256.
        placements: by store id and SHA-256.
        transaction: the last journal that ended well; a journal of this name needs no recovery.
    """

    certificates: dict[str, Certificate] = field(default_factory=dict[str, Certificate])
    claims: dict[str, Claim] = field(default_factory=dict[str, Claim])
    placements: dict[tuple[str, str], Placement] = field(default_factory=dict[tuple[str, str], Placement])
    transaction: str = ""

    def record(self, store: str) -> Record:
        """The placements in one store."""
        return {sha256: one for (where, sha256), one in self.placements.items() if where == store}

    def stores_of(self, sha256: str) -> list[str]:
        """The ids of the stores that hold a certificate of ours."""
        return [where for (where, which) in self.placements if which == sha256]

    def claim(self, certificate: Certificate, by: str, since: str) -> None:
        """Note that a certificate is wanted; an earlier claim keeps its date."""
        self.certificates[certificate.sha256] = certificate
        self.claims.setdefault(certificate.sha256, Claim(certificate.sha256, by, since))

    def cover(self, sha256: str, accounts: Iterable[str]) -> None:
        """Note that a certificate which is wanted is wanted by these other accounts as well."""
        old = self.claims[sha256]
        self.claims[sha256] = replace(old, accounts=tuple(dict.fromkeys((*old.accounts, *accounts))))

    def uncover(self, sha256: str, accounts: Collection[str]) -> None:
        """Note that a certificate is no longer there for these other accounts."""
        if old := self.claims.get(sha256):
            self.claims[sha256] = replace(old, accounts=tuple(one for one in old.accounts if one not in accounts))

    def impose(self, sha256: str, held: tuple[str, ...] | None) -> None:
        """Note which stores held a certificate before a policy had others import it, or that no policy does."""
        if old := self.claims.get(sha256):
            self.claims[sha256] = replace(old, held=held)

    def drop_unused(self) -> None:
        """Forget claims that hold nothing any more, not even by a policy's doing, and what nothing names."""
        placed = {sha256 for _, sha256 in self.placements}
        kept = placed | {sha256 for sha256, one in self.claims.items() if one.accounts or one.held is not None}
        self.claims = {sha256: one for sha256, one in self.claims.items() if sha256 in kept}
        named = placed | set(self.claims)
        self.certificates = {sha256: one for sha256, one in self.certificates.items() if sha256 in named}


def load(host: Host, state: State) -> Ledger:
    """The ledger of a scope; empty where there is none yet.

    Raises StateError where it cannot be read, may have been written by somebody else, or is of another version.
    """
    data = read_json(host, state.ledger, state.owner, VERSION)
    if data is None:
        return Ledger()
    try:
        return _from_json(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(
            f"{state.ledger} is damaged ({printable(repr(error))}); nothing was changed: restore it from a backup, "
            "or move it away and run add again for each certificate"
        ) from None


def save(host: ActingHost, state: State, ledger: Ledger, token: str) -> None:
    """Write the ledger atomically; readable by everybody for the machine, by the owner alone for an account."""
    host.write(state.ledger, dump(ledger), 0o644 if state.machine else 0o600, None, token)


def dump(ledger: Ledger) -> bytes:
    """The ledger as it is written: JSON, in a set order."""
    data = {
        "version": VERSION,
        "transaction": ledger.transaction,
        "certificates": {sha256: one.pem.decode("ascii") for sha256, one in sorted(ledger.certificates.items())},
        "claims": [asdict(one) for _, one in sorted(ledger.claims.items())],
        "placements": [asdict(one) for _, one in sorted(ledger.placements.items())],
    }
    return json.dumps(data, indent=1, sort_keys=True).encode() + b"\n"


def _from_json(data: dict[str, Any]) -> Ledger:
    certificates = {str(sha256): _certificate(str(sha256), str(pem)) for sha256, pem in data["certificates"].items()}
    claims = [
        Claim(
            _known(one, certificates),
            str(one["by"]),
            str(one["since"]),
            words(one["accounts"]),
            None if one.get("held") is None else words(one["held"]),
        )
        for one in data["claims"]
    ]
    placements = [
        Placement(
            _known(one, certificates),
            str(one["store"]),
            words(one["entries"]),
            words(one["directories"]),
            str(one["since"]),
            str(one["by"]),
            flag(one["adopted"]),
        )
        for one in data["placements"]
    ]
    return Ledger(
        certificates,
        {one.sha256: one for one in claims},
        {(one.store, one.sha256): one for one in placements},
        str(data["transaction"]),
    )


def _certificate(sha256: str, pem: str) -> Certificate:
    blocks = [block.der for block in pem_blocks(pem.encode("ascii"))]
    if len(blocks) != 1 or blocks[0] is None or Certificate(blocks[0]).sha256 != sha256:
        raise ValueError(f"certificate {sha256} is not what its name says")
    return Certificate(blocks[0])


def _known(item: dict[str, Any], certificates: dict[str, Certificate]) -> str:
    sha256 = str(item["sha256"])
    if sha256 not in certificates:
        raise ValueError(f"certificate {sha256} is named but not kept")
    return sha256
