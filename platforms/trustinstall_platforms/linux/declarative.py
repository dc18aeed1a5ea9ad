"""Systems whose trust is declared elsewhere: nothing is written there, and the error says what to declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import StoreError
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import read
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.linux.declared_systems import SYSTEMS, Declared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import DiscoveryOptions


class DeclaredStore(Backend):
    """The backend of such systems: it observes, and never plans."""

    name = "declared"

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the store on such a system."""
        if host.platform != "linux":
            return []
        ids = host.distribution()
        return [_store(system) for system in SYSTEMS if system.id in ids]

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again, if it is still there."""
        ids = host.distribution() if host.platform == "linux" else frozenset[str]()
        return next((_store(one) for one in SYSTEMS if one.id in ids and one.bundle == location), None)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors of the bundle's clients."""
        anchors = {sha256_of(der): State.TRUSTED for der in self.anchors(host, store)}
        copies = (Copy(sha256, removable=False) for sha256 in anchors if sha256 in names)
        return Observation(anchors, copies=tuple(copies))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in the bundle, which is usually a link."""
        for block in pem_blocks(read(host, store.location) or b""):
            if block.label in CERTIFICATE_LABELS and block.der is not None:
                yield block.der

    def plan(self, _host: Host, store: Store, _seen: Observation, _change: Change) -> Plan:
        """Refuse: the engine plans nothing for a store that it cannot write."""
        raise StoreError(store=store.id, cause="it is not written by programs", advice=store.why_blocked or "")


def _store(system: Declared) -> Store:
    return Store(
        backend=DeclaredStore.name,
        location=system.bundle,
        owner=0,
        id=DeclaredStore.name,
        clients="all programs with the system's roots",
        label=system.id,
        blocked=blocked(system.advice),
        system=True,
    )
