"""The system's store where a tool makes one bundle of a flat directory of anchors: RHEL, SUSE, Arch and Alpine.

What the tool reads it may drop without a word (p11-kit: what it cannot parse, what a blocklist names, what is no
authority), so that only the bundle says what is trusted.
"""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.backend import Observation, State
from trustinstall.errors import StoreError, printable
from trustinstall.host import Kind
from trustinstall.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.plan import (
    ABSENT,
    Content,
    Delete,
    Edit,
    Guard,
    MakeDirectory,
    Placed,
    Plan,
    Refresh,
    RemoveDirectory,
    Run,
    digest,
    link_digest,
)
from trustinstall_platforms.debian import read, without
from trustinstall_platforms.families import missing
from trustinstall_platforms.families import store as found

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.backend import Places, Record, Store, Wanted
    from trustinstall.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.plan import Step
    from trustinstall_platforms.families import Family

_DER = b"\x30\x82"  # a SEQUENCE of 256 to 65535 octets: what DER of a certificate begins with


@dataclass(frozen=True)
class Anchor:
    """One file of certificates.

    Attributes:
        path: where it is.
        content: what it holds.
        certificates: SHA-256 of each certificate in it.
        link: where it points, if it is a link itself.
    """

    path: str
    content: bytes
    certificates: tuple[str, ...]
    link: str | None

    @property
    def ours(self) -> bool:
        """Whether its name is the one that we would give it."""
        return len(self.certificates) == 1 and self.path.endswith(_ending(self.certificates[0]))


class AnchorStore:
    """The backend of one family of distributions."""

    def __init__(self, family: Family) -> None:
        """Know one family, a row of the table."""
        self.name = family.name
        self._family = family

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """Find the store, where this is such a system; without its tool it cannot be written."""
        store = found(host, self._family)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again, if it is still there."""
        return found(host, self._family) if location == self._family.bundle else None

    def observe(self, host: Host, _store: Store) -> Observation:
        """See what clients of the bundle trust. HALF: those of the directory of hash links do not, or they alone do."""
        family, content = self._family, read(host, self._family.bundle)
        bundle = dict.fromkeys(_ders(content or b""))
        hashed = _hashed(host, family)
        seen = bundle.keys() | (hashed or ())
        anchors = list(_files(host, family.anchors, family))
        return Observation(
            anchors={
                one: State.TRUSTED if one in bundle and (hashed is None or one in hashed) else State.HALF
                for one in seen
            },
            ours=frozenset(anchor.certificates[0] for anchor in anchors if anchor.ours),
            problems=tuple(_problems(family, content, anchors, bundle)),
        )

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """The DER of every certificate in the bundle."""
        for block in pem_blocks(read(host, self._family.bundle) or b""):
            if block.label in CERTIFICATE_LABELS and block.der is not None:
                yield block.der

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """See `Backend.plan`; raises StoreError where the tool would drop ours, or somebody else's roots."""
        draft = _Draft(host, self._family, store, seen, record)
        for one in wanted:
            if one.trusted:
                draft.place(one.certificate)
            else:
                draft.take(one)
        return draft.plan(frozenset(one.certificate.sha256 for one in wanted))

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh:
        """Have everything made anew of what is there."""
        return _refresh(self._family)

    def verify(self, host: Host, _store: Store) -> str | None:
        """Ask OpenSSL: one block that it cannot load makes it refuse the whole bundle."""
        refusal = host.openssl_refuses(self._family.bundle)
        return refusal and f"OpenSSL cannot load {self._family.bundle}: {printable(refusal)}"


class _Draft:
    """A plan while it is being made."""

    def __init__(self, host: Host, family: Family, store: Store, seen: Observation, record: Record) -> None:
        self._host, self._family, self._store, self._seen, self._record = host, family, store, seen, record
        self._anchors = list(_files(host, family.anchors, family))
        self._new: list[Step] = []
        self._placed: list[Placed] = []
        self._foreign: set[str] = set()
        self._taken: dict[str, tuple[Anchor, set[str]]] = {}
        self._emptied: list[Step] = []
        self._stale = False  # the bundle is behind the files

    def place(self, certificate: Certificate) -> None:
        """Have one certificate trusted."""
        sha256 = certificate.sha256
        whole = self._seen.anchors.get(sha256) is State.TRUSTED
        own = [anchor for anchor in self._holding(sha256) if self._is_ours(anchor, sha256)]
        if whole and not own:
            self._foreign.add(sha256)
            return
        entries = [anchor.path for anchor in own]
        # Whoever goes last takes a directory along that any of ours has brought.
        directories = [path for known in self._record.values() for path in known.directories]
        if not whole:
            self._refuse_blocked(certificate)
            self._stale = True
            if not own:
                directories += missing(self._host, self._family.anchors)
                entries.append(self._write(certificate))
        self._placed.append(Placed(sha256, tuple(entries), tuple(dict.fromkeys(directories))))

    def take(self, one: Wanted) -> None:
        """Have one certificate trusted no longer, as far as it is ours or `foreign` says so."""
        sha256, placement = one.certificate.sha256, self._record.get(one.certificate.sha256)
        holders = self._holding(sha256)
        for anchor in holders:
            if one.foreign or self._is_ours(anchor, sha256):
                self._taken.setdefault(anchor.path, (anchor, set()))[1].add(sha256)
            else:
                self._foreign.add(sha256)
        if placement:
            self._emptied += [RemoveDirectory(path) for path in reversed(placement.directories)]
        if sha256 not in self._seen.anchors:
            return
        elsewhere = next((other.path for other in self._others() if sha256 in other.certificates), None)
        if elsewhere and one.foreign:
            raise self._error(
                f"{one.certificate.name} is trusted because of {printable(elsewhere)}, which is not changed",
                self._family.foreign_advice,
            )
        if elsewhere or not (holders or placement or one.foreign):
            self._foreign.add(sha256)
        elif not holders:
            self._stale = True  # nothing feeds it any more: making the bundle anew ends it

    def plan(self, wanted: frozenset[str]) -> Plan:
        """Make the plan; `wanted` are the certificates that it is about."""
        steps = [*self._takings(), *self._new]
        refresh = None
        if steps or self._stale:
            self._refuse_losses(wanted - self._foreign)
            refresh = _refresh(self._family)
        return Plan((*steps, *self._emptied), refresh, tuple(self._placed), frozenset(self._foreign))

    def _holding(self, sha256: str) -> list[Anchor]:
        return [anchor for anchor in self._anchors if sha256 in anchor.certificates]

    def _is_ours(self, anchor: Anchor, sha256: str) -> bool:
        recorded = self._record.get(sha256)
        return anchor.ours or (recorded is not None and anchor.path in recorded.entries)

    def _others(self) -> Iterator[Anchor]:
        """Read what the bundle is made of beside the administrator's anchors, blocklists apart."""
        family = self._family
        for top in family.packages:
            yield from _files(self._host, top, family)
            for name in self._host.names(top):
                if (inner := f"{top}/{name}") not in (family.anchors, *family.blocklists):
                    yield from _files(self._host, inner, family)

    def _write(self, certificate: Certificate) -> str:
        anchors = self._family.anchors
        path = f"{anchors}/{certificate.slug}{_ending(certificate.sha256)}"
        if self._host.status(path) is not None:
            raise self._error(
                f"{path} holds something else than its name says", "look at it and move it away, then try again"
            )
        if not self._new:
            self._new += map(MakeDirectory, missing(self._host, anchors))
        self._new.append(Edit(path, Content(certificate.pem), ABSENT))
        return path

    def _takings(self) -> Iterator[Step]:
        for anchor, leaving in self._taken.values():
            standing = digest(anchor.content) if anchor.link is None else link_digest(anchor.link)
            if set(anchor.certificates) <= leaving:
                yield Delete(anchor.path, standing)
            elif anchor.link is None:
                yield Edit(anchor.path, Content(without(anchor.content, leaving)), standing)
            else:
                raise self._error(
                    f"{printable(anchor.path)} is a link to a file that holds others, too, and is not changed",
                    "take the certificate out of that file, and try again",
                )

    def _refuse_blocked(self, certificate: Certificate) -> None:
        """The tool would leave it out without a word."""
        for directory in self._family.blocklists:
            for anchor in _files(self._host, directory, self._family):
                if certificate.sha256 in anchor.certificates:
                    raise self._error(
                        f"{certificate.name} is distrusted on this machine by {printable(anchor.path)}",
                        "take that file away if it should be trusted, and try again",
                    )

    def _refuse_losses(self, wanted: frozenset[str]) -> None:
        """Keep what was appended to the bundle by hand: the tool makes it of its files alone."""
        lost = self._seen.anchors.keys() - wanted
        lost -= {sha256 for anchor in self._anchors for sha256 in anchor.certificates}
        if lost:
            lost -= {sha256 for other in self._others() for sha256 in other.certificates}
        if lost:
            tool = posixpath.basename(self._family.tool)
            raise self._error(
                f"{tool} would drop {len(lost)} certificates (the first: sha256 {min(lost)[:12]}) from "
                f"{self._family.bundle}, because no file feeds them",
                f"put them into files in {self._family.anchors}, or run {tool} to drop them",
            )

    def _error(self, cause: str, advice: str) -> StoreError:
        return StoreError(store=self._store.id, cause=cause, advice=advice)


def _refresh(family: Family) -> Refresh:
    run = Run((family.tool, *family.arguments), must_succeed=family.status_counts)
    return Refresh((run,), guard=Guard(tool=posixpath.basename(family.tool)))


def _problems(
    family: Family, content: bytes | None, anchors: Sequence[Anchor], bundle: Collection[str]
) -> Iterator[str]:
    """Say what is wrong with the bundle, and which anchors it lacks, a sentence each."""
    if content is None:
        yield f"{family.bundle} is missing"
        return
    damaged = sum(block.label in CERTIFICATE_LABELS and block.der is None for block in pem_blocks(content))
    if damaged:
        yield f"{family.bundle} has {damaged} damaged blocks"
    tool = posixpath.basename(family.tool)
    for anchor in anchors:
        if not set(anchor.certificates) <= set(bundle):
            yield (
                f"{printable(anchor.path)} is not in {family.bundle}: {tool} was not run since, or leaves it out "
                "(it does so with what is distrusted, no authority, or damaged)"
            )


def _hashed(host: Host, family: Family) -> set[str] | None:
    """Read the directory of hash links: SHA-256 of each certificate, or None where there is no such directory."""
    names = [name for name in host.names(family.hashed) if name.endswith(".pem")] if family.hashed else []
    if not names:
        return None
    return {sha256 for name in names for sha256 in _ders(read(host, f"{family.hashed}/{name}") or b"")}


def _files(host: Host, directory: str, family: Family) -> Iterator[Anchor]:
    """Read the files directly in a directory that hold certificates, links to files among them, as the tools do."""
    for name in host.names(directory):
        path = f"{directory}/{name}"
        status = host.status(path)
        if status is None or name.startswith(".") or status.kind not in {Kind.FILE, Kind.LINK}:
            continue
        content = read(host, path) or b""
        certificates = tuple(_ders(content))
        if not certificates and family.takes_der and content.startswith(_DER):
            certificates = (hashlib.sha256(content).hexdigest(),)
        if certificates:
            yield Anchor(path, content, certificates, host.link_target(path))


def _ders(content: bytes) -> Iterator[str]:
    """Yield the SHA-256 of each certificate in PEM."""
    for block in pem_blocks(content):
        if block.label in CERTIFICATE_LABELS and block.der is not None:
            yield hashlib.sha256(block.der).hexdigest()


def _ending(sha256: str) -> str:
    return f"-{sha256[:12]}.crt"
