"""Firefox and its relatives on Linux: the policy that makes every profile of every account import a root.

Facts (`firefox_places` says which file is read, and its path):

- `policies.Certificates.Install` in `policies.json` names certificate files (PEM or DER); a profile imports them when
  it is started, unless it trusts them already. Tried with Firefox 153: in existing and in new profiles.
- Removing the policy removes nothing from a profile that has been started since; see `nss`.
- It must be strict JSON, or all of it is ignored.
- A bare name is searched in `/usr/lib/mozilla/certificates` and `/usr/lib64/mozilla/certificates`, too.
- If the loaded `libnssckbi.so` is p11-kit's module, the system's store is used; see `policy_places`.

On macOS and Windows these browsers trust the roots of the system's store (since 120;
security.enterprise_roots.enabled), and a file inside a signed application would break its seal.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall_platforms.browsers import firefox_places, policy_places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import DiscoveryOptions


class FirefoxPolicy(Backend):
    """The backend of policy files that Firefox and its relatives read."""

    name = "firefox-policy"
    capabilities = frozenset({Capability.IMPORTED_BY_PROFILES})

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the files that installed applications read, or would read if they existed."""
        return [self._store(host, one) for one in firefox_places.found(host)] if host.platform == "linux" else []

    def at(self, host: Host, location: str) -> Store | None:
        """Return the policy file that the ledger remembers, if it exists; its application may be gone."""
        known = posixpath.basename(location) == firefox_places.FILE and host.status(location) is not None
        if host.platform != "linux" or not known:
            return None
        return self._store(host, firefox_places.Place(firefox_places.name_of(location), location))

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the roots that profiles are told to import, from files that exist."""
        if store.fed_by:
            return bundle.observe(host, host.real(store.fed_by))
        from trustinstall_platforms.browsers.firefox_contents import Contents

        found = Contents(host, store)
        anchors = {
            one.sha256: State.TRUSTED
            for one in found.listed
            if not firefox_places.hidden(host, store.location, one.path)
        }
        anchors = {one.sha256: State.PARTIAL for one in found.listed} | anchors
        problems = (found.problem,) if found.problem else ()
        return Observation(anchors, found.marked(), problems, copies=tuple(found.copies(names)))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts, each once."""
        if store.fed_by:
            yield from bundle.anchors(host, host.real(store.fed_by))
            return
        from trustinstall_platforms.browsers.firefox_contents import Contents

        yield from dict.fromkeys(one.der for one in Contents(host, store).listed)

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan one edit of the file, and certificates beside it. Raises StoreError if it is not a policy."""
        from trustinstall_platforms.browsers.firefox_policy_plan import planned

        return planned(host, store, change)

    def _store(self, host: Host, place: firefox_places.Place) -> Store:
        reason = place.unwritable or policy_places.unwritable(host, place.path)
        return Store(
            self.name,
            place.path,
            host.machine_owner,
            f"{self.name}:{place.path}",
            f"{place.name}, once it is started again",
            label=place.name,
            source=fed_by(policy_places.system_bundle(host) if place.module else None),
            blocked=blocked(reason),
        )
