"""The system's store if Debian's update-ca-certificates makes the bundle and links that clients read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.host import Tools
from trustinstall.stores.backend import Backend
from trustinstall.stores.observation import Observation, State
from trustinstall_platforms.linux import debian_refresh
from trustinstall_platforms.linux.anchor_sources import ders
from trustinstall_platforms.linux.debian_files import read_contents
from trustinstall_platforms.linux.families import DEBIAN
from trustinstall_platforms.linux.family import store as found

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.store import DiscoveryOptions, Store
    from trustinstall_platforms.linux.family import Family


class SystemStore(Backend):
    """The backend of one family of distributions."""

    def __init__(self, family: Family = DEBIAN) -> None:
        """Make the backend of one family whose row in the table names Debian's script."""
        self.name = family.name
        self._family = family

    def discover(self, host: Host, places: DiscoveryOptions) -> list[Store]:
        """Find the store on such a system; without its tool it cannot be written."""
        store = found(host, self._family, places)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again, if it is still there."""
        return found(host, self._family) if location == self._family.bundle else None

    def observe(self, host: Host, _store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors of the clients of bundle and hash links. PARTIAL: only some of them trust it."""
        contents = read_contents(host)
        whole = contents.plain & contents.hashed.keys()
        return Observation(
            anchors={
                one: State.TRUSTED if one in whole else State.PARTIAL
                for one in contents.bundle.keys() | contents.hashed.keys()
            },
            marked=frozenset(source.certificates[0] for source in contents.sources if source.marked),
            problems=tuple(debian_refresh.problems(host, contents)),
            copies=tuple(contents.copies(names)),
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in the bundle, and of those that only hash links lead to."""
        yield from ders(host.read(store.location))
        contents = read_contents(host)
        for sha256 in contents.hashed.keys() - contents.bundle.keys():
            yield from ders(contents.hashed[sha256].content)

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """Return the SHA-256 of certificates that packages brought."""
        return frozenset(one for source in read_contents(host).sources if source.shipped for one in source.certificates)

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """See `Backend.plan`; raises StoreError if the tool would drop foreign roots."""
        from trustinstall_platforms.linux.debian_plan import PlanBuilder

        return PlanBuilder(host, self._family, store, seen, change).build()

    def refresh(self, host: Host, _store: Store, gone: Sequence[str]) -> Refresh | None:
        """Make bundle, links and Java's keystore again; `gone` names .crt files."""
        if host.tools is Tools.NEVER:
            return None  # they were steps, and are undone
        return debian_refresh.refresh(host, gone, rehash=True, kept=debian_refresh.local_links(host))

    def verify(self, host: Host, _store: Store) -> str | None:
        """Let OpenSSL load the bundle: one block that it cannot load makes it refuse the whole bundle."""
        refusal = host.openssl_refuses(self._family.bundle)
        return refusal and f"OpenSSL cannot load {self._family.bundle}: {printable(refusal)}"
