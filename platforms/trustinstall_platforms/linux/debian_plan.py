"""The plan of one change of a store that Debian's update-ca-certificates makes."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.host import Tools
from trustinstall.stores.files import without
from trustinstall.stores.plan import Placed, Plan, Unsettled
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest, link_digest
from trustinstall_platforms.linux import debian_image, debian_refresh
from trustinstall_platforms.linux.anchor_sources import NewAnchor, our_ending
from trustinstall_platforms.linux.debian_files import LOCAL, SELECTION, SHIPPED, Source, read_contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Copy, Observation
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store
    from trustinstall_platforms.linux.family import Family


class PlanBuilder:
    """Builds the plan of one change."""

    def __init__(self, host: Host, family: Family, store: Store, seen: Observation, change: Change) -> None:
        """Read the store's current files."""
        self._host, self._family, self._store, self._seen, self._change = host, family, store, seen, change
        self._contents = read_contents(host)
        self._files = {one.path: one for one in (*self._contents.sources, *self._contents.unmanaged)}
        self._added: list[NewAnchor] = []  # files that bundle and links are to show
        self._written: list[Step] = []
        self._taken: dict[str, tuple[Source, set[str]]] = {}  # files, and the certificates that go from each
        self._gone: list[str] = []  # files whose links and Java alias go
        self._stale = False  # links or bundle are behind the files

    def build(self) -> Plan:
        """Return the plan. Raises StoreError if the change is impossible."""
        placed = tuple(self._place(one.certificate) for one in self._change.add)
        for copy in self._change.remove:
            self._take(copy)
        for certificate in self._change.drop:
            self._drop(certificate)
        steps = [*self._removals(), *self._written]
        if not (steps or self._gone or self._stale):
            return Plan(placed=placed)
        self._refuse_losses()
        if self._host.tools is Tools.NEVER:
            return Plan((*steps, *self._rendered()), placed=placed)
        # The tool repairs hash links by itself, but only when a file is new to it.
        rehash = bool(self._taken or self._gone or not self._written)
        return Plan(tuple(steps), debian_refresh.refresh(self._host, self._gone, rehash=rehash), placed)

    @property
    def _dropped(self) -> list[Certificate]:
        """The certificates that no client is to trust afterwards."""
        return [one for one in self._change.drop if one.sha256 not in self._change.foreign]

    def _place(self, certificate: Certificate) -> Placed:
        """Use a managed file that holds only the certificate, or write one: two in a file get no hash link."""
        sha256 = certificate.sha256
        kept = (source for source in self._contents.sources if source.path in self._change.kept.get(sha256, ()))
        path = next((source.path for source in kept if source.alone == sha256), None) or self._write(certificate)
        self._stale = True
        self._added.append(NewAnchor(path, certificate))
        return Placed(sha256, (path,))

    def _write(self, certificate: Certificate) -> str:
        path = f"{self._family.anchors}/{certificate.slug}{our_ending(certificate.sha256, '.crt')}"
        if self._host.status(path) is not None:
            raise StoreError(
                store=self._store.id,
                cause=f"{path} does not hold the certificate that its name says",
                advice="look at it and move it away, then try again",
            )
        self._written.append(Edit(path, Content(certificate.pem), ABSENT))
        return path

    def _take(self, copy: Copy) -> None:
        source = self._files.get(copy.entry)
        if source is not None:
            self._taken.setdefault(source.path, (source, set()))[1].add(copy.sha256)

    def _drop(self, certificate: Certificate) -> None:
        """Clean up after managed files that were deleted by hand, and end a trust that no file feeds any more."""
        sha256, noted = certificate.sha256, self._change.noted
        missing = [path for path in noted.get(sha256, ()) if self._is_missing(path)]
        if sha256 not in noted and not self._contents.holders(sha256):
            missing += debian_refresh.java_files(self._host, sha256)
        self._gone += missing
        if sha256 in self._seen.anchors and sha256 not in self._change.foreign:
            self._stale = True

    def _is_missing(self, path: str) -> bool:
        return path.startswith((f"{LOCAL}/", f"{SHIPPED}/")) and self._host.status(path) is None

    def _removals(self) -> Iterator[Step]:
        for source, going in self._taken.values():
            whole = set(source.certificates) <= going
            self._refuse_others(source, whole=whole)
            if not whole:
                yield Edit(source.path, Content(without(source.content, going)), _expected(source))
            elif not source.shipped:
                yield Delete(source.path, _expected(source))
            if source in self._contents.unmanaged:
                continue
            if whole:
                self._gone.append(source.path)
            if self._host.tools is not Tools.NEVER:
                yield from self._unlinked(source)
        yield from self._deselected()

    def _unlinked(self, source: Source) -> Iterator[Step]:
        """Delete a file's links as steps, so that an undo restores them.

        If the file still exists, the tool makes the link again, and tells Java.
        """
        for link in debian_refresh.links_to(self._host, source.path):
            yield Delete(link, link_digest(self._host.link_target(link) or ""))

    def _deselected(self) -> Iterator[Step]:
        """Deselect packages' files, as the comment in /etc/ca-certificates.conf says."""
        names = {source.path.removeprefix(f"{SHIPPED}/") for source, _ in self._taken.values() if source.shipped}
        if names:
            selection = self._host.read(SELECTION)
            yield Edit(SELECTION, Content(deselected(selection, names)), digest(selection))

    def _refuse_others(self, source: Source, *, whole: bool) -> None:
        """Refuse to change a file outside the store, and a package's file."""
        if source.beyond or (not whole and (source.shipped or source.link is not None)):
            raise StoreError(
                store=self._store.id,
                cause=f"{printable(source.path)} is a package's file or leads out of {self._family.anchors} by a link, "
                "and is not changed",
                advice="take the certificate out where it comes from, and try again",
            )

    def _refuse_losses(self) -> None:
        """Keep certificates that were appended to the bundle by hand: the tool makes it of its files alone.

        dpkg deletes a package's files first, and runs the tool at its end.
        """
        meant = {one.sha256 for one in self._change.add} | {one.sha256 for one in self._dropped}
        lost = self._contents.bundle.keys() - self._contents.fed.keys() - meant
        if lost:
            tool, anchors = posixpath.basename(self._family.tool), self._family.anchors
            raise Unsettled(
                store=self._store.id,
                cause=f"{tool} would drop {len(lost)} certificates (the first: sha256 {min(lost)[:12]}) from "
                f"{self._family.bundle}, because no file feeds them",
                advice=f"put them into .crt files in {anchors}, or run {tool} to drop them",
                guard=debian_refresh.guard(self._host),
            )

    def _rendered(self) -> Iterator[Step]:
        """Yield the steps that the tool would take, if it is not run."""
        taken = list(self._taken.values())
        files = debian_image.FileChanges(
            self._contents.sources, self._added, taken, self._gone, self._change.drop, self._dropped
        )
        return debian_image.steps(self._host, files)


def deselected(selection: bytes, names: set[str]) -> bytes:
    """Return /etc/ca-certificates.conf with files deselected, by their paths below SHIPPED."""
    encoded = {name.encode("utf-8", "surrogateescape") for name in names}
    lines = selection.splitlines(keepends=True)
    return b"".join(b"!" + line.lstrip() if line.strip() in encoded else line for line in lines)


def _expected(source: Source) -> str:
    return digest(source.content) if source.link is None else link_digest(source.link)
