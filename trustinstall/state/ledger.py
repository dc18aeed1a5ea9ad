"""The ledger: which certificates are wanted (claims), and where they were put (placements).

It keeps the certificates themselves, so that they can be removed or restored without their files. `ledger_file` reads
and writes it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import printable
from trustinstall.state.moved import Homes, renaming
from trustinstall.state.terms import Terms
from trustinstall.stores.desired import Placement, Record
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

MOST_FORMER = 64  # certificates that are remembered after their removal
UNKNOWN_UID = -1  # in ledgers of before 0.2, which noted names only, and of an account whose uid another one has now


def moment(text: str) -> datetime:
    """Return a time of the ledger. Raises ValueError unless it is ISO 8601 with its zone."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if found.tzinfo is None:
        raise ValueError(f"a time without its zone: {text!r}")
    return found


@dataclass(frozen=True)
class Covered:
    """Another account that a certificate was added for: its uid identifies it after its name has changed.

    Two records with the same uid and different names may be of two accounts: a uid is free again after `userdel`.
    """

    name: str
    uid: int = UNKNOWN_UID

    def __str__(self) -> str:
        """Return its name, with its uid if that is known."""
        return printable(self.name) if self.uid == UNKNOWN_UID else f"{printable(self.name)} (uid {self.uid})"

    def is_same(self, other: Covered) -> bool:
        """Whether both records name the same account."""
        return self.name == other.name and (self.uid == other.uid or UNKNOWN_UID in {self.uid, other.uid})


@dataclass(frozen=True)
class Claim:
    """The record that a certificate is wanted in this scope.

    Attributes:
        sha256: the certificate.
        by: the account that asked for it.
        since: the time of the request, ISO 8601 in UTC.
        accounts: the other accounts that it was added for as well (machine scope only).
        held: ids of the stores that held it before a policy made others import it; None if no policy does.
        terms: until when, in which stores and for whom it is wanted.
    """

    sha256: str
    by: str
    since: str
    accounts: tuple[Covered, ...] = ()
    held: tuple[str, ...] | None = None
    terms: Terms = field(default_factory=Terms)


@dataclass
class Ledger:
    """The ledger of one scope.

    Attributes:
        certificates: every certificate that a claim or placement names, by SHA-256.
        claims: by SHA-256.
        placements: by store id and SHA-256.
        transaction: the last journal that was finished; a journal of this name needs no recovery.
        home: the home of the account when the ledger was written; "" for the machine's.
        real_home: the real path of that directory, by which most of its stores are identified; "" if it is no link.
        former: removed certificates, the latest last: `repair` removes them again if a restored backup has brought
            them back.
        retired: removed placements with details: files and directories that were created, and text that was inserted.
            By them, copies that a restored backup has brought back are recognised.
    """

    certificates: dict[str, Certificate] = field(default_factory=dict[str, Certificate])
    claims: dict[str, Claim] = field(default_factory=dict[str, Claim])
    placements: dict[tuple[str, str], Placement] = field(default_factory=dict[tuple[str, str], Placement])
    transaction: str = ""
    home: str = ""
    former: dict[str, Certificate] = field(default_factory=dict[str, Certificate])
    retired: dict[tuple[str, str], Placement] = field(default_factory=dict[tuple[str, str], Placement])
    real_home: str = ""

    def record(self, store: str) -> Record:
        """Return the placements in one store."""
        return {sha256: one for (where, sha256), one in self.placements.items() if where == store}

    def by_store(self) -> dict[str, Record]:
        """Return the placements of every store."""
        found: dict[str, Record] = defaultdict(dict)
        for (where, sha256), one in self.placements.items():
            found[where][sha256] = one
        return found

    def stores_of(self, sha256: str) -> list[str]:
        """Return the ids of the stores that hold a managed certificate."""
        return [where for (where, which) in self.placements if which == sha256]

    def claim(self, certificate: Certificate, by: str, since: str, terms: Terms | None = None) -> None:
        """Note that a certificate is wanted; an existing claim keeps its date, and its terms if none are given.

        In an account's own ledger, the claim of another account never ends a trust that has no end.
        """
        self.certificates[certificate.sha256] = certificate
        self.former.pop(certificate.sha256, None)
        old = self.claims.get(certificate.sha256)
        if old is None:
            self.claims[certificate.sha256] = Claim(certificate.sha256, by, since, terms=terms or Terms())
        elif terms is not None:
            renewed = old.terms.renewed(terms)
            lasts = bool(self.home) and old.by != by and not old.terms.until
            self.claims[certificate.sha256] = replace(old, terms=replace(renewed, until="") if lasts else renewed)

    def ends_changed(self, after: Ledger) -> tuple[tuple[str, str], ...]:
        """Return certificates wanted here, and in a later ledger until another time, with that time; "" for ever."""
        pairs = ((sha256, one.terms.until, after.claims.get(sha256)) for sha256, one in self.claims.items())
        return tuple((sha256, new.terms.until) for sha256, old, new in pairs if new and new.terms.until != old)

    def narrow(self, sha256: str, stores: tuple[str, ...], skip: tuple[str, ...]) -> None:
        """Note that a certificate is no longer wanted in some stores; see `Terms.without`."""
        if old := self.claims.get(sha256):
            self.claims[sha256] = replace(old, terms=old.terms.without(stores, skip))

    @property
    def latest(self) -> str:
        """Return the time of the last entry, ISO 8601 in UTC; "" if there is none."""
        times = (one.since for one in self.claims.values())
        return max((*times, *(one.since for one in self.placements.values())), default="")

    def over(self, now: datetime) -> list[Certificate]:
        """Return the certificates whose trust has ended. A clock behind the last entry ends nothing."""
        if any(one.terms.until for one in self.claims.values()) and moment(self.latest) > now:
            return []
        ended = (sha256 for sha256, one in self.claims.items() if one.terms.until and moment(one.terms.until) <= now)
        return [self.certificates[sha256] for sha256 in sorted(ended)]

    def cover(self, sha256: str, accounts: Iterable[Covered], former: Collection[Covered] = ()) -> None:
        """Note that a wanted certificate is wanted by these other accounts as well; `former`: their old records.

        A deleted account whose uid one of them has keeps its name only.
        """
        old, new = self.claims[sha256], tuple(accounts)
        kept = [one for one in old.accounts if not any(one.is_same(other) for other in (*new, *former))]
        reused = {one.uid for one in new}
        kept = [replace(one, uid=UNKNOWN_UID) if one.uid in reused else one for one in kept]
        self.claims[sha256] = replace(old, accounts=(*kept, *new))

    def uncover(self, sha256: str, accounts: Collection[Covered]) -> None:
        """Note that these other accounts, as they are recorded, no longer hold a certificate."""
        if old := self.claims.get(sha256):
            kept = tuple(one for one in old.accounts if not any(one.is_same(other) for other in accounts))
            self.claims[sha256] = replace(old, accounts=kept)

    def note_imports(self, sha256: str, held: tuple[str, ...] | None) -> None:
        """Note which stores held a certificate before a policy made others import it; None: no policy does."""
        if old := self.claims.get(sha256):
            self.claims[sha256] = replace(old, held=held)

    def retire(self, store: str, sha256: str) -> None:
        """Note that a certificate is no longer managed in a store; the placement of an adopted copy is not kept."""
        old = self.placements.pop((store, sha256), None)
        if old is None or old.adopted:
            return
        if old.directories or any(one != store.partition(":")[2] for one in old.entries):
            self.retired[store, sha256] = old

    def recall(self, sha256s: Collection[str], stores: Collection[str]) -> None:
        """Note that a restored backup has brought certificates back into stores, as they were placed there before."""
        for (store, sha256), one in self.retired.items():
            if store in stores and sha256 in sha256s:
                self.placements.setdefault((store, sha256), one)

    def drop_unused(self) -> None:
        """Delete claims without placements, accounts or imports; certificates without claims become former ones."""
        placed = {sha256 for _, sha256 in self.placements}
        kept = placed | {sha256 for sha256, one in self.claims.items() if one.accounts or one.held is not None}
        self.claims = {sha256: one for sha256, one in self.claims.items() if sha256 in kept}
        named = placed | set(self.claims)
        self.former |= {sha256: one for sha256, one in self.certificates.items() if sha256 not in named}
        self.former = dict(list(self.former.items())[-MOST_FORMER:])
        known = self.former.keys() | self.claims.keys()
        self.retired = {key: one for key, one in self.retired.items() if key[1] in known and key not in self.placements}
        self.certificates = {sha256: one for sha256, one in self.certificates.items() if sha256 in named}

    def copy(self) -> Ledger:
        """Return an independent copy of the ledger."""
        return replace(
            self,
            certificates=dict(self.certificates),
            claims=dict(self.claims),
            placements=dict(self.placements),
            former=dict(self.former),
            retired=dict(self.retired),
        )

    def moved(self, home: str, real: str = "") -> Ledger:
        """Return the ledger of an account whose home has moved, with its new paths; `real`: as `real_home`.

        A home that is a link now, and was none, keeps its paths: `engine.relinked` knows which stores have new ones.
        """
        path = renaming(Homes(self.home, self.real_home), Homes(home, real))
        if path is None:
            return replace(self, home=home, real_home=real)

        def store(text: str) -> str:
            name, colon, location = text.partition(":")
            return f"{name}{colon}{path(location)}"

        def placed(found: dict[tuple[str, str], Placement]) -> dict[tuple[str, str], Placement]:
            placements = [
                replace(
                    one,
                    store=store(one.store),
                    entries=tuple(map(path, one.entries)),
                    directories=tuple(map(path, one.directories)),
                )
                for one in found.values()
            ]
            return {(one.store, one.sha256): one for one in placements}

        return replace(
            self, placements=placed(self.placements), retired=placed(self.retired), home=home, real_home=real
        )
