"""The system's store where a tool makes a bundle, or hash links, of a flat directory of anchors: most distributions'.

What the tool reads it may drop without a word (p11-kit: what it cannot parse, what a blocklist names, what is no
authority), so that only bundle and hash links say what is trusted. Where no tool makes the bundle, we append to it.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.backend import Observation, State
from trustinstall.blocks import Blocks, marked
from trustinstall.certificate import Certificate
from trustinstall.errors import CertificateRefused, StoreError, printable
from trustinstall.host import Tools
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
from trustinstall_platforms import alpine, extracted, p11kit, pasted
from trustinstall_platforms.debian import read, without
from trustinstall_platforms.families import missing
from trustinstall_platforms.families import store as found
from trustinstall_platforms.hashlinks import linked
from trustinstall_platforms.sources import files, fingerprints, our_ending

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.backend import Places, Record, Store, Wanted
    from trustinstall.host import Host
    from trustinstall.plan import Step
    from trustinstall_platforms.families import Family
    from trustinstall_platforms.sources import Source

_DER = b"\x30\x82"  # a SEQUENCE of 256 to 65535 octets: what DER of a certificate begins with


class AnchorStore:
    """The backend of one family of distributions."""

    def __init__(self, family: Family) -> None:
        """Know one family, a row of the table."""
        self.name = family.name
        self._family = family

    def discover(self, host: Host, places: Places) -> list[Store]:
        """Find the store, where this is such a system; without its tool it cannot be written."""
        store = found(host, self._family, places)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again, if it is still there."""
        return found(host, self._family) if location == self._family.bundle else None

    def observe(self, host: Host, _store: Store) -> Observation:
        """See what clients of the bundle trust. HALF: those of the directory of hash links do not, or they alone do."""
        family, content = self._family, read(host, self._family.bundle)
        bundle = dict.fromkeys(fingerprints(content or b""))
        links = linked(host, family.hashed) if family.hashed else None
        hashed = None if links is None else {one.sha256 for one in links}
        seen = bundle.keys() | (hashed or ())
        anchors = list(_files(host, family.anchors, family))
        return Observation(
            anchors={
                one: State.TRUSTED if one in bundle and (hashed is None or one in hashed) else State.HALF
                for one in seen
            },
            ours=frozenset(
                (
                    *(anchor.certificates[0] for anchor in anchors if anchor.named(family.ending)),
                    *(marked(content or b"") if family.appended else ()),
                )
            ),
            problems=tuple(_problems(family, content, anchors, bundle)),
        )

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """The DER of every certificate in the bundle."""
        for block in pem_blocks(read(host, self._family.bundle) or b""):
            if block.label in CERTIFICATE_LABELS and block.der is not None:
                yield block.der

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """What packages brought: it lies below /usr/share, and not where an administrator puts it."""
        files = (anchor for anchor in _others(host, self._family) if anchor.path.startswith("/usr/share/"))
        return frozenset(sha256 for anchor in files for sha256 in anchor.certificates)

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """See `Backend.plan`; raises StoreError where the tool would drop ours, or somebody else's roots."""
        draft = _Draft(host, self._family, store, seen, record)
        for one in wanted:
            if one.trusted:
                draft.place(one.certificate)
            else:
                draft.take(one)
        return draft.plan(frozenset(one.certificate.sha256 for one in wanted))

    def refresh(self, host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Have everything made anew of what is there; in an image it was steps, and they are undone."""
        return None if host.tools is Tools.NEVER else _refresh(self._family)

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
        self._taken: dict[str, tuple[Source, set[str]]] = {}
        self._emptied: list[Step] = []
        self._stale = False  # the bundle is behind the files
        self._bundle = read(host, family.bundle) or b""
        self._added: list[Certificate] = []  # to the bundle, where we append to it
        self._cut: dict[str, bool] = {}  # out of it: SHA-256, and whether copies without our marks go, too
        self._coming: list[tuple[str, Certificate]] = []  # files of ours that all that is derived shall show
        self._leaving: list[Certificate] = []

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
            self._added.append(certificate)
            if not own:
                directories += missing(self._host, self._family.anchors)
                entries.append(self._write(certificate))
            self._coming.append((entries[-1], certificate))
        self._placed.append(Placed(sha256, tuple(entries), tuple(dict.fromkeys(directories))))

    def take(self, one: Wanted) -> None:
        """Have one certificate trusted no longer, as far as it is ours or `foreign` says so."""
        sha256, placement = one.certificate.sha256, self._record.get(one.certificate.sha256)
        holders = self._holding(sha256)
        self._leaving.append(one.certificate)
        for anchor in holders:
            if one.foreign or self._is_ours(anchor, sha256):
                self._taken.setdefault(anchor.path, (anchor, set()))[1].add(sha256)
            else:
                self._foreign.add(sha256)
        if placement:
            self._emptied += [RemoveDirectory(path) for path in reversed(placement.directories)]
        if sha256 not in self._seen.anchors:
            return
        mine = bool(placement) or (self._family.appended and sha256 in marked(self._bundle))
        elsewhere = next(
            (other.path for other in _others(self._host, self._family) if sha256 in other.certificates), None
        )
        if elsewhere and one.foreign:
            raise self._error(
                f"{one.certificate.name} is trusted because of {printable(elsewhere)}, which is not changed",
                self._family.foreign_advice,
            )
        if elsewhere or not (holders or mine or one.foreign):
            self._foreign.add(sha256)
        elif not holders:
            self._stale = True  # nothing feeds it any more: making the bundle anew ends it
        if sha256 not in self._foreign:
            # A copy without marks is what the package makes of our file when it is upgraded.
            self._cut[sha256] = one.foreign or bool(holders)

    def plan(self, wanted: frozenset[str]) -> Plan:
        """Make the plan; `wanted` are the certificates that it is about."""
        steps = [*self._takings(), *self._new, *self._rewriting()]
        refresh = None
        if steps or self._stale:
            self._refuse_losses(wanted - self._foreign)
            if self._host.tools is Tools.NEVER:
                steps += self._rendered()
                return Plan((*steps, *self._emptied), None, tuple(self._placed), frozenset(self._foreign))
            refresh = _refresh(self._family)
        return Plan((*steps, *self._emptied), refresh, tuple(self._placed), frozenset(self._foreign))

    def _rendered(self) -> Iterator[Step]:
        """What the tool would make of it, where it is not run."""
        leaving = [one for one in self._leaving if one.sha256 not in self._foreign]
        if self._family.derived:
            return extracted.steps(self._host, self._family, [one for _, one in self._coming], leaving)
        files = [pasted.Pasted(one.path, one.content) for one in self._anchors]
        gone = [path for path, (anchor, some) in self._taken.items() if set(anchor.certificates) <= some]
        return alpine.steps(self._host, self._family, files, self._coming, leaving, gone)

    def _holding(self, sha256: str) -> list[Source]:
        return [anchor for anchor in self._anchors if sha256 in anchor.certificates]

    def _is_ours(self, anchor: Source, sha256: str) -> bool:
        recorded = self._record.get(sha256)
        return anchor.named(self._family.ending) or (recorded is not None and anchor.path in recorded.entries)

    def _write(self, certificate: Certificate) -> str:
        anchors = self._family.anchors
        path = f"{anchors}/{certificate.slug}{our_ending(certificate.sha256, self._family.ending)}"
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
            elif anchor.link is None and p11kit.MAGIC not in anchor.content:
                yield Edit(anchor.path, Content(without(anchor.content, leaving)), standing)
            else:
                how = "is a link to a file that" if anchor.link is not None else "is p11-kit's own, which"
                raise self._error(
                    f"{printable(anchor.path)} {how} holds others, too, and is not changed",
                    "take the certificate out of that file, and try again",
                )

    def _rewriting(self) -> Iterator[Step]:
        """Change the bundle ourselves, where no tool makes it."""
        if not self._family.appended:
            return
        cut = {one for one in self._cut if one not in self._foreign}
        change = Blocks(tuple(self._added), tuple(sorted(cut)), tuple(sorted(one for one in cut if self._cut[one])))
        if change.apply(self._bundle) != self._bundle:
            yield Edit(self._family.bundle, change, digest(self._bundle))

    def _refuse_blocked(self, certificate: Certificate) -> None:
        """The tool would leave it out without a word."""
        for directory in self._family.blocklists:
            for anchor in _files(self._host, directory, self._family):
                if any(_bars(der, certificate) for der in _whole(anchor.content, self._family)):
                    raise self._error(
                        f"{certificate.name} is distrusted on this machine by {printable(anchor.path)}",
                        "take that file away if it should be trusted, and try again",
                    )

    def _refuse_losses(self, wanted: frozenset[str]) -> None:
        """Keep what was appended to the bundle by hand: the tool makes it of its files alone."""
        lost = set[str]() if self._family.appended else self._seen.anchors.keys() - wanted
        lost -= {sha256 for anchor in self._anchors for sha256 in anchor.certificates}
        if lost:
            lost -= {sha256 for other in _others(self._host, self._family) for sha256 in other.certificates}
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
    # A tool that everybody uses for other things, too, is nothing to wait for.
    return Refresh((run,), guard=Guard() if family.appended else Guard(tool=posixpath.basename(family.tool)))


def _problems(
    family: Family, content: bytes | None, anchors: Sequence[Source], bundle: Collection[str]
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


def _files(host: Host, directory: str, family: Family) -> Iterator[Source]:
    """Read the files in a directory that the family's tool would read."""
    return files(host, directory, endings=family.reads, der=family.takes_der)


def _others(host: Host, family: Family) -> Iterator[Source]:
    """Read what the bundle is made of beside the administrator's anchors, blocklists apart."""
    for top in family.packages:
        yield from _files(host, top, family)
        for name in host.names(top):
            if (inner := f"{top}/{name}") not in (family.anchors, *family.blocklists):
                yield from _files(host, inner, family)


def _whole(content: bytes, family: Family) -> list[bytes]:
    """The DER of each certificate in a file of PEM, or of DER where the tool takes that."""
    ders = [one.der for one in pem_blocks(content) if one.label in CERTIFICATE_LABELS and one.der is not None]
    return [content] if not ders and family.takes_der and content.startswith(_DER) else ders


def _bars(der: bytes, certificate: Certificate) -> bool:
    """Whether p11-kit leaves a certificate out because of one on a blocklist: it has its key, or its number."""
    blocked = Certificate(der)
    try:
        return blocked.key_info == certificate.key_info or blocked.issued_as == certificate.issued_as
    except CertificateRefused:  # nobody can read it
        return False
