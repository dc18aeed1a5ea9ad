"""Chromium and its relatives on Linux: the policies that a machine sets for every account and every profile.

Facts, each tried with Debian's Chromium 156 unless another source is given:

- Every file in the directory is read, with any name and hidden ones too, in the order of their names' bytes. If several
  files set a policy, the last one counts, as a whole: lists are not joined. So a new item goes into the file that
  counts, or, if none sets the policy, into a managed file that sorts first: a later file hides the managed one, and the
  managed one hides no other.
- A file may hold comments and trailing commas; one that is not JSON is ignored.
- `CACertificates` is a list of certificates in base64 DER; it takes effect at the browser's next start. Chrome and Edge
  have it since 131 (chromeenterprise.google/policies, "CACertificates"; Microsoft's policy reference of Edge).
- `CACertificatesWithConstraints` is a list of objects: a certificate, and constraints. Permitted names do not restrict
  addresses, and permitted networks do not restrict names: so both are always given, with an unused value if the user
  asked for none. Then every name and address in a server's certificate must be permitted; sub-domains are.
- `CADistrustedCertificates` has precedence over both.
- If the machine's `libnssckbi.so` is p11-kit's module, the system's store is used; see `policy_places`.

On macOS and Windows these browsers use the keychain and the system's own store.

Vivaldi and Opera are reached by the accounts' NSS databases only: neither documents its directory of policies on Linux.
Vivaldi's published source (of 2018, chrome_paths.cc) keeps Chromium's directory, users of version 8 found
`/etc/vivaldi`, others write of `/etc/opt/vivaldi`, and of Opera `/etc/opera` and `/etc/opt/opera`. A policy that no
browser reads would be reported as trust.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall_platforms.browsers import policy_places
from trustinstall_platforms.browsers.chromium_browsers import BROWSERS, OWN_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.browsers.chromium_browsers import Browser


class ChromiumPolicy(Backend):
    """The backend of directories of managed policies."""

    name = "chromium-policy"
    capabilities = frozenset({Capability.NAME_CONSTRAINTS})

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the directories of browsers that are installed, whether the directories exist or not."""
        if host.platform != "linux":
            return []
        there = [one for one in BROWSERS if any(host.status(path) is not None for path in one.programs)]
        return [self._store(host, one) for one in there]

    def at(self, host: Host, location: str) -> Store | None:
        """Return the directory that the ledger remembers, if it exists; its browser may be gone."""
        if host.platform != "linux" or not host.is_directory(location):
            return None
        return next((self._store(host, one) for one in BROWSERS if one.directory == location), None)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the roots that the browser is told to trust, in the files that count."""
        if store.fed_by:
            return bundle.observe(host, host.real(store.fed_by))
        from trustinstall_platforms.browsers.chromium_contents import read_contents

        found = read_contents(host, store.location)
        copies = tuple(found.copies())
        states = found.states()
        if policy_places.unreadable(host, store.location, *found.deciding()):
            states = dict.fromkeys(states, State.PARTIAL)  # root's browser alone reads them
        return Observation(
            states,
            frozenset(one.sha256 for one in copies if one.marked),
            tuple(found.problems.values()),
            copies=tuple(one for one in copies if one.sha256 in names),
            limits=found.limits(),
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts."""
        if store.fed_by:
            yield from bundle.anchors(host, host.real(store.fed_by))
            return
        from trustinstall_platforms.browsers.chromium_contents import read_contents

        yield from read_contents(host, store.location).ders()

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan one edit of each file that changes. Raises StoreError if a file is in the way."""
        from trustinstall_platforms.browsers.chromium_policy_plan import planned

        return planned(host, store, seen, change)

    def _store(self, host: Host, browser: Browser) -> Store:
        snap = any(path.startswith("/snap/") and host.status(path) is not None for path in browser.programs)
        ours = host.status(f"{browser.directory}/{OWN_FILE}") is not None  # from before the module was installed
        follows = policy_places.asks_the_system(host) and not snap and not ours
        return Store(
            self.name,
            browser.directory,
            host.machine_owner,
            f"{self.name}:{browser.directory}",
            f"{browser.name}, once it is started again",
            label=browser.name,
            source=fed_by(policy_places.system_bundle(host) if follows else None),
            blocked=blocked(policy_places.unwritable(host, f"{browser.directory}/{OWN_FILE}")),
        )
