"""The system's store where Debian's update-ca-certificates makes what clients read."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import StoreError, printable
from trustinstall.host import Tools
from trustinstall.stores import files
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan, Refresh
from trustinstall.stores.steps import (
    ABSENT,
    Content,
    Delete,
    Edit,
    MakeDirectory,
    RemoveDirectory,
    digest,
    link_digest,
)
from trustinstall_platforms.linux import debian_files, debian_image
from trustinstall_platforms.linux.families import DEBIAN, missing
from trustinstall_platforms.linux.families import store as found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places, Store
    from trustinstall_platforms.linux.debian_files import Sight, Source
    from trustinstall_platforms.linux.families import Family


class SystemStore:
    """The backend of one family of distributions."""

    def __init__(self, family: Family = DEBIAN) -> None:
        """Know one family whose row in the table names Debian's script."""
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
        """See what clients of bundle and hash links trust. HALF: only some of them do."""
        sight = debian_files.look(host)
        whole = sight.plain & sight.hashed
        seen = sight.bundle.keys() | sight.hashed
        return Observation(
            anchors={one: State.TRUSTED if one in whole else State.HALF for one in seen},
            ours=frozenset(source.certificates[0] for source in sight.sources if source.ours),
            problems=tuple(debian_files.problems(host, sight)),
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in the bundle."""
        for block in pem_blocks(host.read(store.location)):
            if block.label in CERTIFICATE_LABELS and block.der is not None:
                yield block.der

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """What packages brought."""
        return frozenset(
            one for source in debian_files.look(host).sources if source.shipped for one in source.certificates
        )

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """See `Backend.plan`; raises StoreError where the tool would drop somebody else's roots."""
        draft = _Draft(host, self._family, store, record)
        for one in wanted:
            if one.trusted:
                draft.place(one, whole=seen.anchors.get(one.certificate.sha256) is State.TRUSTED)
            else:
                draft.take(one, seen=one.certificate.sha256 in seen.anchors)
        return draft.plan(frozenset(one.certificate.sha256 for one in wanted))

    def refresh(self, host: Host, _store: Store, gone: Sequence[str]) -> Refresh | None:
        """Have bundle, links and Java's keystore made anew; `gone` names .crt files."""
        if host.tools is Tools.NEVER:
            return None  # they were steps, and are undone
        return debian_files.refresh(host, gone, rehash=True, kept=debian_files.local_links(host))

    def verify(self, host: Host, _store: Store) -> str | None:
        """Ask OpenSSL: one block that it cannot load makes it refuse the whole bundle."""
        refusal = host.openssl_refuses(self._family.bundle)
        return refusal and f"OpenSSL cannot load {self._family.bundle}: {printable(refusal)}"


class _Draft:
    """A plan while it is being made."""

    def __init__(self, host: Host, family: Family, store: Store, record: Record) -> None:
        self._host, self._family, self._store, self._record = host, family, store, record
        self._sight: Sight = debian_files.look(host)
        self._new: list[Step] = []
        self._placed: list[Placed] = []
        self._foreign: set[str] = set()
        self._taken: dict[str, tuple[Source, set[str]]] = {}
        self._emptied: list[Step] = []
        self._gone: list[str] = []  # files whose links and Java alias go
        self._stale = False  # links or bundle are behind the files
        self._coming: list[tuple[str, Certificate]] = []  # files of ours that bundle and links shall show
        self._leaving: list[Certificate] = []

    def place(self, one: Wanted, *, whole: bool) -> None:
        """Have one certificate trusted; `whole`: it is already, by all clients."""
        sha256 = one.certificate.sha256
        own = [source for source in self._sight.holding(sha256) if self._is_ours(source, sha256)]
        if whole and not own:
            self._foreign.add(sha256)
            return
        entries = [source.path for source in own]
        # Whoever goes last takes a directory along that any of ours has brought.
        directories = [path for known in self._record.values() for path in known.directories]
        alone = next((source.path for source in own if source.alone), None)
        if not whole and alone is None:
            directories += missing(self._host, self._family.anchors)
            alone = self._write(one.certificate)
            entries.append(alone)
        if not whole and alone is not None:
            self._stale = True
            self._coming.append((alone, one.certificate))
        self._placed.append(Placed(sha256, tuple(entries), tuple(dict.fromkeys(directories))))

    def take(self, one: Wanted, *, seen: bool) -> None:
        """Have one certificate trusted no longer, as far as it is ours or `foreign` says so."""
        sha256, placement = one.certificate.sha256, self._record.get(one.certificate.sha256)
        self._leaving.append(one.certificate)
        holders = [*self._sight.holding(sha256), *self._sight.lying(sha256)]
        for source in holders:
            if one.foreign or self._is_ours(source, sha256):
                self._taken.setdefault(source.path, (source, set()))[1].add(sha256)
            else:
                self._foreign.add(sha256)
        if placement:
            self._gone += [path for path in placement.entries if self._host.status(path) is None]
            self._emptied += [RemoveDirectory(path) for path in reversed(placement.directories)]
        if not holders and (placement or one.foreign):
            self._gone += [path for path in debian_files.java_files(self._host, sha256) if path not in self._gone]
        if seen and not holders and (placement or one.foreign):
            self._stale = True  # nothing feeds it any more: making the bundle anew ends it
        elif seen and not holders:
            self._foreign.add(sha256)

    def plan(self, wanted: frozenset[str]) -> Plan:
        """Make the plan; `wanted` are the certificates that it is about."""
        steps = [*self._takings(), *self._new]
        placed, foreign = tuple(self._placed), frozenset(self._foreign)
        refresh = None
        if steps or self._gone or self._stale:
            self._refuse_losses(wanted - foreign)
            if self._host.tools is Tools.NEVER:
                return Plan((*steps, *self._rendered(), *self._emptied), None, placed, foreign)
            # The tool mends hash links by itself, but only when a file is new to it.
            rehash = bool(self._taken or self._gone or not self._new)
            refresh = debian_files.refresh(self._host, self._gone, rehash=rehash)
        return Plan((*steps, *self._emptied), refresh, placed, foreign)

    def _rendered(self) -> Iterator[Step]:
        """What the tool would make of it, where it is not run."""
        leaving = [one for one in self._leaving if one.sha256 not in self._foreign]
        taken, gone = list(self._taken.values()), self._gone
        return debian_image.steps(self._host, self._sight.sources, self._coming, taken, gone, leaving)

    def _is_ours(self, source: Source, sha256: str) -> bool:
        recorded = self._record.get(sha256)
        return source.ours or (recorded is not None and source.path in recorded.entries)

    def _write(self, certificate: Certificate) -> str:
        anchors = self._family.anchors
        path = f"{anchors}/{certificate.slug}-{certificate.sha256[:12]}.crt"
        if self._host.status(path) is not None:
            raise StoreError(
                store=self._store.id,
                cause=f"{path} holds something else than its name says",
                advice="look at it and move it away, then try again",
            )
        if not self._new:
            self._new += map(MakeDirectory, missing(self._host, anchors))
        self._new.append(Edit(path, Content(certificate.pem), ABSENT))
        return path

    def _takings(self) -> Iterator[Step]:
        shipped = [source for source, _ in self._taken.values() if source.shipped]
        for source, leaving in self._taken.values():
            whole = set(source.certificates) <= leaving
            self._refuse_others(source, whole=whole)
            if whole and not source.shipped:
                yield Delete(source.path, _standing(source))
            elif not whole:
                rest = Content(files.without(source.content, leaving))
                yield Edit(source.path, rest, _standing(source))
            if source in self._sight.loose:
                continue
            if whole:
                self._gone.append(source.path)
            if self._host.tools is Tools.NEVER:
                continue
            # Steps, so that they come back if we are undone. Where the file is still there, the
            # tool makes the link again, and tells Java.
            for link in debian_files.links_to(self._host, source.path):
                yield Delete(link, link_digest(self._host.link_target(link) or ""))
        if shipped:
            selection = self._host.read(debian_files.SELECTION)
            content = Content(debian_files.deselected(selection, shipped))
            yield Edit(debian_files.SELECTION, content, digest(selection))

    def _refuse_others(self, source: Source, *, whole: bool) -> None:
        """Refuse to change what lies outside the store, and a package's file."""
        if source.beyond or (not whole and (source.shipped or source.link is not None)):
            raise StoreError(
                store=self._store.id,
                cause=f"{printable(source.path)} is a package's file or leads out of "
                f"{self._family.anchors} by a link, and is not changed",
                advice="take the certificate out where it comes from, and try again",
            )

    def _refuse_losses(self, wanted: frozenset[str]) -> None:
        """Keep what was appended to the bundle by hand: the tool makes it of its files alone."""
        lost = self._sight.bundle.keys() - self._sight.fed.keys() - wanted
        if lost:
            tool, anchors = posixpath.basename(self._family.tool), self._family.anchors
            raise StoreError(
                store=self._store.id,
                cause=f"{tool} would drop {len(lost)} certificates (the first: sha256 "
                f"{min(lost)[:12]}) from {self._family.bundle}, because no file feeds them",
                advice=f"put them into .crt files in {anchors}, or run {tool} to drop them",
            )


def _standing(source: Source) -> str:
    return digest(source.content) if source.link is None else link_digest(source.link)
