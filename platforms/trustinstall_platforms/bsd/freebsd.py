"""FreeBSD's store, which its certctl(8) keeps: hash links in /etc/ssl/certs, and since the rewrite in C a bundle, too.

Sources: certctl(8) and the tool itself, usr.sbin/certctl of freebsd-src: the script of 12.2 and 13, the later one that
splits files, and the program in C. None of them is run here: a stand-in is.

The place of a managed file follows from what all three share: they all read only /usr/local/share/certs, and the second
one passes over files without a line `Certificate:`, as `openssl x509 -text` writes it. The scripts empty /etc/ssl/certs
and /etc/ssl/untrusted first, so that the distrust of `certctl untrust` is forgotten. The program keeps the certificates
in /etc/ssl/certs for ever: a certificate that is to go must be removed there, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import read
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.bsd import certctl_files as certctl
from trustinstall_platforms.bsd.certctl_plan import REFRESH, CertctlPlanBuilder, refreshing
from trustinstall_platforms.linux.anchor_sources import files, fingerprints
from trustinstall_platforms.linux.hash_links import linked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.store import DiscoveryOptions

KNOWN = "documented"


class Certctl(Backend):
    """The backend of FreeBSD's own store."""

    name = "freebsd"

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the store on FreeBSD; without its tool it cannot be written."""
        store = self.at(host, certctl.HASHED)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again; one that was written before an upgrade of the tool is the same."""
        if not host.platform.startswith("freebsd") or location not in {certctl.HASHED, certctl.BUNDLE}:
            return None
        return Store(
            backend=self.name,
            location=certctl.HASHED if certctl.is_script(host) else certctl.BUNDLE,
            owner=0,
            id=self.name,
            clients="fetch, pkg, git, others with the base system's OpenSSL",
            blocked=blocked(certctl.unwritable(host)),
            system=True,
        )

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors of the clients of hash links and bundle. PARTIAL: only some of them trust it."""
        bundled = store.location == certctl.BUNDLE
        hashed = {one.sha256 for one in linked(host, certctl.HASHED) or ()}
        content = read(host, certctl.BUNDLE) if bundled else None
        bundle = set(fingerprints(content or b"")) if bundled else hashed
        local = list(files(host, certctl.LOCAL, endings=certctl.ENDINGS))
        problems = certctl.problems(local, hashed, missing=bundled and content is None)
        return Observation(
            anchors={
                one: State.TRUSTED if one in hashed and one in bundle else State.PARTIAL
                for one in sorted(hashed | bundle)
            },
            marked=frozenset(one.certificates[0] for one in local if one.marked(certctl.ENDING)),
            problems=tuple(problems),
            copies=tuple(certctl.copies_in(host, local, names)),
        )

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that a hash link leads to."""
        for one in linked(host, certctl.HASHED) or ():
            yield one.der

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """Return the SHA-256 of certificates that the base system brought."""
        return frozenset(sha256 for one in certctl.below(host, certctl.SOURCES[0]) for sha256 in one.certificates)

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """See `Backend.plan`; raises StoreError if certctl would drop a root, or forget a distrust."""
        return CertctlPlanBuilder(host, store, seen, change).build()

    def refresh(self, host: Host, store: Store, gone: Sequence[str]) -> Refresh:
        """Make every derived file again; the program would keep its copies of files that are gone."""
        return refreshing(host, gone) if store.location == certctl.BUNDLE else REFRESH

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load the bundle, if it exists: one block that it cannot load makes it refuse the whole file."""
        refusal = host.openssl_refuses(certctl.BUNDLE) if store.location == certctl.BUNDLE else None
        return refusal and f"OpenSSL cannot load {certctl.BUNDLE}: {printable(refusal)}"
