"""The plan of one change of a directory of anchors, and how a family's tool makes all derived files of it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.errors import printable
from trustinstall.host import Tools
from trustinstall.host.commands import Guard, Run
from trustinstall.stores.files import read, without
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Plan, Refresh
from trustinstall.stores.steps import Delete, Edit, digest
from trustinstall_platforms.linux import alpine, p11kit_extract
from trustinstall_platforms.linux.anchor_contents import blocking_file, limiting_file, local_files, other_files
from trustinstall_platforms.linux.anchor_plan import PlanBuilder
from trustinstall_platforms.linux.concatenated import BundleChange, Concatenated, ShrunkFile
from trustinstall_platforms.linux.hash_links import links_to

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Copy, Observation
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store
    from trustinstall_platforms.linux.family import Family


class FamilyPlanBuilder(PlanBuilder):
    """Builds the plan of one change by the facts of a family."""

    def __init__(self, host: Host, family: Family, store: Store, seen: Observation, change: Change) -> None:
        """Read the current anchors."""
        super().__init__(host, store, seen, change, local_files(host, family))
        self.directory, self.ending, self.foreign_advice = family.anchors, family.ending, family.foreign_advice
        self.lock = family.lock
        self._family = family
        self._bundle = read(host, family.bundle) or b""
        self._blocks: list[Copy] = []  # copies in a bundle that trustinstall appends to

    def build(self) -> Plan:
        """Return the plan. Raises StoreError if the change is impossible."""
        steps = [*self.anchor_steps(), *self._appended()]
        placed = tuple(self.placed)
        if not (steps or self.stale):
            return Plan(placed=placed)
        self._check_losses()
        if self.host.tools is Tools.NEVER:
            return Plan((*steps, *self._rendered()), placed=placed)
        deleted = [one.path for one in steps if isinstance(one, Delete)]
        missing = [one for one in self.change.noted_entries if self.host.status(one) is None]
        return Plan(tuple(steps), refreshing(self.host, self._family, (*deleted, *missing)), placed)

    def take(self, copy: Copy) -> None:
        """See `PlanBuilder`; a bundle that trustinstall appends to holds copies, too, and files of `trust anchor`."""
        if self._family.appended and copy.entry in {"", self._family.bundle}:
            self._blocks.append(copy)
            return
        super().take(copy)
        if copy.removable and copy.entry not in self.local:
            made = (one for one in other_files(self.host, self._family) if one.path == copy.entry)
            self.taken |= {one.path: (one, {*self._going_of(one.path), copy.sha256}) for one in made}

    def _going_of(self, path: str) -> set[str]:
        return self.taken[path][1] if path in self.taken else set()

    def refuse(self, certificate: Certificate) -> None:
        """See `PlanBuilder`: the tool leaves out a blocked certificate without a message."""
        blocking = blocking_file(self.host, self._family, certificate) or self._distrusting(certificate.sha256)
        if blocking is not None:
            raise self.error(
                f"{certificate.name} is distrusted on this machine by {printable(blocking)}",
                "take that file away if it should be trusted, and try again",
            )
        limiting = limiting_file(self.host, self._family, certificate)
        if limiting is not None:
            raise self.error(
                f"{printable(limiting)} limits {certificate.name} on this machine to other purposes than TLS servers",
                "take the limit out of that file if it should be trusted, and try again",
            )

    def _distrusting(self, sha256: str) -> str | None:
        """Return the file that holds a certificate and itself distrusts it, or None."""
        every = (*self.local.values(), *(other_files(self.host, self._family) if self._family.takes_der else ()))
        return next((one.path for one in every if sha256 in one.certificates and one.distrusts()), None)

    def _appended(self) -> Iterator[Step]:
        """Yield the change of a bundle that no tool makes."""
        if not self._family.appended:
            return
        dropped = {one.sha256 for one in self.dropped}
        change = Blocks(
            tuple(one.certificate for one in self.added),
            tuple(sorted(dropped | {one.sha256 for one in self._blocks if one.marked})),
            tuple(sorted(dropped | {one.sha256 for one in self._blocks if not one.marked})),
        )
        if change.apply(self._bundle) != self._bundle:
            yield Edit(self._family.bundle, change, digest(self._bundle))

    def _check_losses(self) -> None:
        """Keep certificates that were appended to the bundle by hand: the tool makes it of its files alone."""
        shown = {sha256 for sha256, state in self.seen.anchors.items() if state is not State.DISTRUSTED}
        lost = set[str]() if self._family.appended else shown
        lost -= {sha256 for one in self.local.values() for sha256 in one.certificates}
        if lost:
            lost -= {sha256 for one in other_files(self.host, self._family) for sha256 in one.certificates}
        tool = posixpath.basename(self._family.tool)
        advice = f"put them into files in {self._family.anchors}, or run {tool} to drop them"
        self.refuse_losses(lost, tool, self._family.bundle, advice)

    def _rendered(self) -> Iterator[Step]:
        """Yield the steps that the tool would take, if it is not run."""
        if self._family.derived:
            added = [one.certificate for one in self.added]
            return p11kit_extract.steps(self.host, self._family, added, self.dropped)
        present = (*other_files(self.host, self._family), *self.local.values())
        shrunk = [
            ShrunkFile(path, b"" if set(source.certificates) <= going else without(source.content, going))
            for path, (source, going) in self.taken.items()
        ]
        order = [Concatenated(one.path, one.content) for one in present]
        dropped = frozenset(one.sha256 for one in self.dropped)
        return alpine.steps(self.host, BundleChange(self._family.bundle, order, self.added, shrunk, dropped))


def refreshing(host: Host, family: Family, gone: Sequence[str]) -> Refresh:
    """Return how a family's tool makes all derived files again; `gone` are files that are deleted.

    If the tool makes hash links only, those to deleted files are removed first: openssl-rehash(1) keeps a dangling
    HASH.0 if HASH.1 leads to another copy, and OpenSSL stops there.
    """
    links = links_to(host, family.hashed, gone) if family.appended and family.hashed else ()
    run = Run((family.tool, *family.arguments), must_succeed=family.status_counts)
    # A tool that is also run for other purposes is not waited for.
    return Refresh((run,), links, Guard() if family.appended else Guard(tool=posixpath.basename(family.tool)))
