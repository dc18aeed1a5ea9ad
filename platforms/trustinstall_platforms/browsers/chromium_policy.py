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

from typing import TYPE_CHECKING, NoReturn

from trustinstall.errors import printable
from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall_platforms.browsers import policy_places
from trustinstall_platforms.browsers.chromium_browsers import BROWSERS
from trustinstall_platforms.browsers.chromium_contents import (
    DISTRUSTED,
    LIMITED,
    OURS,
    PLACES,
    STATES,
    TRUSTED,
    Contents,
    item_of,
    names_certificate,
    read_contents,
)
from trustinstall_platforms.browsers.policy_edit import PolicyEdit, refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change, Desired
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
        found = read_contents(host, store.location)
        copies = tuple(found.copies())
        states = found.states()
        if policy_places.unreadable(host, store.location, *_counting(found)):
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
        found = read_contents(host, store.location)
        yield from {sha256: der for one in STATES for sha256, (der, _) in found.items(one).items()}.values()

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan one edit of each file that changes. Raises StoreError if a file is in the way."""
        policy_places.check_not_fed(store)
        builder = _PlanBuilder(host, store, seen)
        if builder.own in builder.found.problems or (change.add and builder.found.problems):
            builder.refuse(next(iter(builder.found.problems.values())), "mend it, or take it away")
        hidden = policy_places.unreadable(host, store.location, *_counting(builder.found)) if change.add else None
        if hidden is not None:
            builder.refuse(*hidden)
        for one in change.add:
            builder.add(one, change.kept.get(one.sha256))
        if not all(one.removable for one in change.remove):
            builder.refuse(f"a policy of others distrusts it ({DISTRUSTED})", "take it out of that list")
        for sha256 in dict.fromkeys(one.sha256 for one in change.remove):
            builder.take_out(sha256, change.entries(sha256))
        return builder.plan()

    def _store(self, host: Host, browser: Browser) -> Store:
        snap = any(path.startswith("/snap/") and host.status(path) is not None for path in browser.programs)
        ours = host.status(f"{browser.directory}/{OURS}") is not None  # from before the module was installed
        follows = policy_places.asks_the_system(host) and not snap and not ours
        return Store(
            self.name,
            browser.directory,
            host.machine_owner,
            f"{self.name}:{browser.directory}",
            f"{browser.name}, once it is started again",
            label=browser.name,
            source=fed_by(policy_places.system_bundle(host) if follows else None),
            blocked=blocked(policy_places.unwritable(host, f"{browser.directory}/{OURS}")),
        )


def _counting(found: Contents) -> list[str]:
    """Return the files whose policies count."""
    counting = (found.counting(policy) for policy in (TRUSTED, LIMITED))
    return [one.path for one in counting if one is not None]


class _PlanBuilder:
    """The change of a directory while it is collected: an edit for each file."""

    def __init__(self, host: Host, store: Store, seen: Observation) -> None:
        self._host, self._store, self._seen = host, store, seen
        self.found = read_contents(host, store.location)
        self.own = f"{host.real(store.location)}/{OURS}"
        files = self.found.files
        self._edits = {one.path: PolicyEdit(store, one.path, one.content, one.document) for one in files}
        self._placed: list[Placed] = []
        if own := self._edits.get(self.own):
            own.made = {own.key(), *map(own.key, PLACES)}  # every file that trustinstall writes there is its own

    def add(self, one: Desired, kept: Collection[str] | None) -> None:
        """Make the browser trust a certificate; `kept` names the managed copies of it, or is None."""
        state, name = self._seen.anchors.get(one.sha256), one.certificate.name
        if state is State.DISTRUSTED:
            self.refuse(f"{name} is distrusted by policy ({DISTRUSTED})", "take it out of that list")
        if one.domains and self._is_theirs(TRUSTED, one.sha256, kept or ()):
            self.refuse(f"{name} is trusted for every name by a policy of others", "take that out first")
        if one.domains and self._is_theirs(LIMITED, one.sha256, kept or ()):
            self.refuse(f"{name} is limited to other names by a policy of others", "take that out, or leave it")
        policy = LIMITED if one.domains else TRUSTED
        counting = self.found.counting(policy)
        path = counting.path if counting else self.own
        self.take_out(one.sha256, kept or ())
        if path not in self._edits:
            if self._host.status(path) is not None:
                self.refuse(f"{printable(path)} is not a file of policies", "look at it, and move it away")
            self._edits[path] = PolicyEdit(self._store, path)
        self._edits[path].add((policy,), item_of(one.certificate, one.domains))
        self._placed.append(Placed(one.sha256, (path,)))

    def plan(self) -> Plan:
        """Return the plan."""
        for policy in PLACES if self.own in self._edits else ():
            self._edits[self.own].tidy((policy,))
        steps = [step for edit in self._edits.values() for step in edit.steps(self._host)]
        return Plan(tuple(steps), placed=tuple(self._placed))

    def refuse(self, cause: str, advice: str) -> NoReturn:
        """Raise StoreError."""
        raise refusal(self._store, cause, advice)

    def _is_theirs(self, policy: str, sha256: str, kept: Collection[str]) -> bool:
        """Whether the file whose list counts names a certificate there, and no managed copy is in that file."""
        counting = self.found.counting(policy)
        return counting is not None and counting.path not in kept and sha256 in self.found.items(policy)

    def take_out(self, sha256: str, entries: Collection[str]) -> None:
        """Remove the copies with these entries; an entry "" means all copies."""
        for file in self.found.files:
            most = None if file.marked or "" in entries else 1
            if "" in entries or file.path in entries:
                for policy in PLACES:
                    self._edits[file.path].remove((policy,), lambda item: names_certificate(item, sha256), most)
