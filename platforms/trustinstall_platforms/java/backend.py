"""Java's keystores: one for each installation, and the one that a distribution makes together with its bundle.

An installation whose keystore is a link to the distribution's follows it, and is not written.

Sources: those of `fed` and `keystores.debian`, of `homes` and `named`, and of `keystores`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.stores.backend import Backend, Candidates
from trustinstall_platforms.java import fed, homes, installations, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import DiscoveryOptions, Store


class Java(Backend):
    """The backend of Java's keystores."""

    name = installations.NAME
    candidates = Candidates.called(*homes.NAMES, *named.PROJECTS)

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the distribution's keystore, if there is one, then that of each installation.

        Raises OSError after the stores before it if a directory holds more names than are examined.
        """
        distributions = fed.found(host)
        if distributions is not None:
            yield distributions
        yield from installations.found(host, host.real(distributions.location) if distributions else None)

    def recognise(self, host: Host, path: str) -> Store | None:
        """Return the keystore of an installation that no table names, one in a package of Python or npm too."""
        distributions = fed.found(host)
        return installations.recognise(host, path, host.real(distributions.location) if distributions else None)

    def at(self, host: Host, location: str) -> Store | None:
        """Find a keystore again; see `Backend.at`."""
        distributions = fed.found(host)
        if distributions is not None and distributions.location == location:
            return distributions
        return None if location in fed.PLACES else installations.at(host, location)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the certificates that Java trusts; an entry of a keystore is a copy, named by its alias."""
        if store.location in fed.PLACES:
            return fed.observe(host, store, names)
        return installations.observe(host, store, names)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that Java trusts; none of a keystore that cannot be read."""
        if store.location in fed.PLACES:
            return fed.anchors(host, store)
        return installations.anchors(host, store)

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan one edit of the keystore for all certificates."""
        if store.location in fed.PLACES:
            return fed.plan(host, store, change)
        return installations.plan(host, store, change)

    def verify(self, host: Host, store: Store) -> str | None:
        """Return the fault of the keystore, or None; see `observe`."""
        return next(iter(self.observe(host, store, frozenset()).problems), None)
