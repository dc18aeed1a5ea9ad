"""The system's store where a tool makes a bundle, or hash links, of a flat directory of anchors: most distributions'.

What the tool reads it may drop without a word (p11-kit: what it cannot parse, what a blocklist names, what is no
authority), so that only bundle and hash links say what is trusted. Where no tool makes the bundle, we append to it.
"""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.pem_blocks import Blocks, marked
from trustinstall.errors import CertificateRefused, printable
from trustinstall.host import Tools
from trustinstall.host.commands import Guard, Run
from trustinstall.stores.files import read
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan, Refresh
from trustinstall.stores.steps import Edit, digest
from trustinstall_platforms.linux import alpine, concatenated, p11kit_extract
from trustinstall_platforms.linux.anchor_plan import Draft
from trustinstall_platforms.linux.anchor_sources import files, fingerprints
from trustinstall_platforms.linux.families import store as found
from trustinstall_platforms.linux.hash_links import linked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places, Store
    from trustinstall_platforms.linux.anchor_sources import Source
    from trustinstall_platforms.linux.families import Family

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
        draft.make(wanted)
        return draft.plan(frozenset(one.certificate.sha256 for one in wanted))

    def refresh(self, host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Have everything made anew of what is there; in an image it was steps, and they are undone."""
        return None if host.tools is Tools.NEVER else _refresh(self._family)

    def verify(self, host: Host, _store: Store) -> str | None:
        """Ask OpenSSL: one block that it cannot load makes it refuse the whole bundle."""
        refusal = host.openssl_refuses(self._family.bundle)
        return refusal and f"OpenSSL cannot load {self._family.bundle}: {printable(refusal)}"


class _Draft(Draft):
    """A plan while it is being made."""

    def __init__(self, host: Host, family: Family, store: Store, seen: Observation, record: Record) -> None:
        super().__init__(host, store, seen, record, list(_files(host, family.anchors, family)))
        self.directory, self.ending, self.foreign_advice = family.anchors, family.ending, family.foreign_advice
        self._family = family
        self._bundle = read(host, family.bundle) or b""

    @cached_property
    def _packaged(self) -> list[Source]:
        return list(_others(self.host, self._family))

    def elsewhere(self, sha256: str) -> str | None:
        """See `Draft`: a package's file, or somebody else's."""
        return next((other.path for other in self._packaged if sha256 in other.certificates), None)

    def remains(self, sha256: str) -> bool:
        """See `Draft`: our marks are in the bundle itself."""
        return self._family.appended and sha256 in marked(self._bundle)

    def plan(self, wanted: frozenset[str]) -> Plan:
        """Make the plan; `wanted` are the certificates that it is about."""
        steps = [*self.steps(), *self._rewriting()]
        refresh = None
        if steps or self.stale:
            self._refuse_losses(wanted - self.foreign)
            if self.host.tools is Tools.NEVER:
                steps += self._rendered()
            else:
                refresh = _refresh(self._family)
        return Plan((*steps, *self.emptied), refresh, tuple(self.placed), frozenset(self.foreign))

    def _rendered(self) -> Iterator[Step]:
        """What the tool would make of it, where it is not run."""
        leaving = [one.certificate for one in self.leaving]
        if self._family.derived:
            return p11kit_extract.steps(self.host, self._family, [one for _, one in self.coming], leaving)
        files = [concatenated.Pasted(one.path, one.content) for one in self.local]
        gone = [path for path, (anchor, some) in self.taken.items() if set(anchor.certificates) <= some]
        return alpine.steps(self.host, self._family, files, self.coming, leaving, gone)

    def _rewriting(self) -> Iterator[Step]:
        """Change the bundle ourselves, where no tool makes it."""
        if not self._family.appended:
            return
        # A copy without our marks is what the package makes of our file when it is upgraded.
        cut = {
            one.certificate.sha256: one.foreign or bool(self.holding(one.certificate.sha256)) for one in self.leaving
        }
        whole = sorted(sha256 for sha256, unmarked in cut.items() if unmarked)
        change = Blocks(tuple(one for _, one in self.coming), tuple(sorted(cut)), tuple(whole))
        if change.apply(self._bundle) != self._bundle:
            yield Edit(self._family.bundle, change, digest(self._bundle))

    def refuse(self, certificate: Certificate) -> None:
        """See `Draft`: what is blocked is left out without a word."""
        for directory in self._family.blocklists:
            for anchor in _files(self.host, directory, self._family):
                if any(_bars(der, certificate) for der in _whole(anchor.content, self._family)):
                    raise self.error(
                        f"{certificate.name} is distrusted on this machine by {printable(anchor.path)}",
                        "take that file away if it should be trusted, and try again",
                    )

    def _refuse_losses(self, wanted: frozenset[str]) -> None:
        """Keep what was appended to the bundle by hand: the tool makes it of its files alone."""
        lost = set[str]() if self._family.appended else self.seen.anchors.keys() - wanted
        lost -= {sha256 for anchor in self.local for sha256 in anchor.certificates}
        if lost:
            lost -= {sha256 for other in self._packaged for sha256 in other.certificates}
        if lost:
            tool = posixpath.basename(self._family.tool)
            raise self.error(
                f"{tool} would drop {len(lost)} certificates (the first: sha256 {min(lost)[:12]}) from "
                f"{self._family.bundle}, because no file feeds them",
                f"put them into files in {self._family.anchors}, or run {tool} to drop them",
            )


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
