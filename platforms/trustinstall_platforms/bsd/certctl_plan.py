"""The plan of one change of the store that FreeBSD's certctl(8) keeps. Sources: see `freebsd`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host.commands import Guard, Run
from trustinstall.stores.plan import Plan, Refresh
from trustinstall.stores.steps import Delete, digest
from trustinstall_platforms.bsd.certctl_files import (
    DISTRUST,
    DISTRUSTED,
    ENDING,
    ENDINGS,
    HASHED,
    LOCAL,
    OURS,
    TEXT,
    TOOL,
    listed,
    others,
)
from trustinstall_platforms.linux.anchor_plan import PlanBuilder
from trustinstall_platforms.linux.anchor_sources import files
from trustinstall_platforms.linux.hash_links import linked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.store import Store

_FOREIGN_ADVICE = (
    "distrust it: put a copy into /usr/local/etc/ssl/untrusted (before FreeBSD 15) or "
    "/usr/local/share/certs/untrusted, and run certctl rehash"
)
REFRESH = Refresh(
    # The scripts return the status of their last step, which is 1 if that certificate is distrusted.
    (Run((TOOL, "rehash"), must_succeed=False),),
    guard=Guard(tool="certctl"),
)


def refreshing(host: Host, gone: Sequence[str]) -> Refresh:
    """Return the refresh of the program in C, which would keep its copies of the managed files that are `gone`."""
    starts = {match[1] for match in map(OURS.search, gone) if match}
    copies = [one.path for one in linked(host, HASHED) or () if one.link is None and one.sha256[:12] in starts]
    return replace(REFRESH, leftovers=tuple(copies))


class CertctlPlanBuilder(PlanBuilder):
    """Builds the plan of one change."""

    directory, ending, heading, foreign_advice = LOCAL, ENDING, TEXT, _FOREIGN_ADVICE

    def __init__(self, host: Host, store: Store, seen: Observation, change: Change) -> None:
        super().__init__(host, store, seen, change, list(files(host, LOCAL, endings=ENDINGS)))
        self._script = store.location == HASHED
        self._links = linked(host, HASHED) or []

    def build(self) -> Plan:
        """Return the plan. Raises StoreError if the change is impossible."""
        steps = self.anchor_steps()
        dropped = {one.sha256 for one in self.dropped}
        # The copy that `certctl trust`, or the program itself, has made would stay.
        made = [one.path for one in self._links if one.sha256 in dropped and one.link is None]
        steps += [Delete(path, digest(self.host.read(path))) for path in made]
        if not (steps or self.stale):
            return Plan(placed=tuple(self.placed))
        self._check_losses()
        self._refuse_forgetting()
        return Plan(tuple(steps), REFRESH, tuple(self.placed))

    def refuse(self, certificate: Certificate) -> None:
        """See `PlanBuilder`: the tool leaves out distrusted certificates."""
        for one in (*listed(self.host, DISTRUST), *listed(self.host, DISTRUSTED)):
            if certificate.sha256 in one.certificates:
                raise self.error(
                    f"{certificate.name} is distrusted on this machine by {printable(one.path)}",
                    "take that file away (in /etc/ssl: certctl trust FILE) if it should be trusted, and try again",
                )

    def _check_losses(self) -> None:
        """Keep certificates that were put among the hash links by hand, if the tool empties their directory."""
        fed = {sha256 for one in (*self.local.values(), *others(self.host)) for sha256 in one.certificates}
        if not self._script:
            fed |= {link.sha256 for link in self._links}
        advice = f"put them into files in {LOCAL}, or run certctl rehash to drop them"
        self.refuse_losses(self.seen.anchors.keys() - fed, "certctl", HASHED, advice)

    def _refuse_forgetting(self) -> None:
        """Keep the distrust of `certctl untrust`, if the tool empties the directory that holds it, too."""
        kept = {sha256 for one in listed(self.host, DISTRUST) for sha256 in one.certificates}
        lost = {sha256 for one in listed(self.host, DISTRUSTED) for sha256 in one.certificates} - kept
        if self._script and lost:
            raise self.error(
                f"certctl would trust {len(lost)} certificates again (the first: sha256 {min(lost)[:12]}) that certctl "
                "untrust has distrusted, because no file says so",
                "copy them from /etc/ssl/untrusted into /usr/local/etc/ssl/untrusted, run certctl rehash, and try "
                "again",
            )
