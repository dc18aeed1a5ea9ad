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
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall_platforms.browsers import firefox_places, policy_places
from trustinstall_platforms.browsers.firefox_contents import KEYS, Contents
from trustinstall_platforms.browsers.policy_edit import PolicyEdit, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Copy
    from trustinstall.stores.steps import Step
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
        found = Contents(host, store)
        anchors = {one.sha256: State.TRUSTED for one in found.listed if not _hidden(host, store, one.path)}
        anchors = {one.sha256: State.PARTIAL for one in found.listed} | anchors
        problems = (found.problem,) if found.problem else ()
        return Observation(anchors, found.marked(), problems, copies=tuple(found.copies(names)))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts, each once."""
        if store.fed_by:
            yield from bundle.anchors(host, host.real(store.fed_by))
        else:
            yield from dict.fromkeys(one.der for one in Contents(host, store).listed)

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan one edit of the file, and certificates beside it. Raises StoreError if it is not a policy."""
        policy_places.check_not_fed(store)
        builder = _PlanBuilder(host, store)
        for entries in change.noted.values():
            builder.edit.note_made(entries)
        for one in change.add:
            hidden = _hidden(host, store, builder.path_of(one.certificate))
            if hidden is not None:
                raise refusal(store, *hidden)
            builder.add(one.certificate)
        for copy in change.remove:
            builder.remove(copy)
        return builder.plan()

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


def _hidden(host: Host, store: Store, certificate: str) -> tuple[str, str] | None:
    """Return why people's browsers do not read the policy or a file that it names, and the remedy; or None."""
    return policy_places.unreadable(host, posixpath.dirname(store.location), store.location, certificate)


class _PlanBuilder:
    """The change of a policy file while it is collected: certificates come before it is written, and go afterwards."""

    def __init__(self, host: Host, store: Store) -> None:
        """Read the file. Raises StoreError if it is not a policy."""
        self._host, self._store = host, store
        self._found = found = Contents(host, store)
        if found.problem:
            raise refusal(store, found.problem, "mend it")
        self.edit = PolicyEdit(store, found.path, found.content, found.document)
        self._added: list[str] = []
        self._before: list[Step] = []
        self._after: list[Step] = []

    def path_of(self, certificate: Certificate) -> str:
        """Return the path, existing or not, of the file of a certificate."""
        return self._found.own_path(certificate.sha256)

    def add(self, certificate: Certificate) -> None:
        """Make profiles import a certificate."""
        sha256, path = certificate.sha256, self._found.own_path(certificate.sha256)
        there = self._found.own_file(sha256)
        if there is not None and there[1] != sha256:
            raise refusal(self._store, f"{path} holds something else than its name says", "look at it and move it away")
        if there is None:
            self._before.append(Edit(path, Content(certificate.pem), ABSENT))
        if self._found.own_word(sha256) not in self._found.words:
            self.edit.add(KEYS, self._found.own_word(sha256))
        self._added.append(sha256)

    def remove(self, copy: Copy) -> None:
        """Make profiles no longer import a copy; a file that trustinstall put there is deleted."""
        words = {one.word for one in self._found.listed if one.path == copy.entry and one.sha256 == copy.sha256}
        if copy.marked:
            words.add(self._found.own_word(copy.sha256))
            there = self._found.own_file(copy.sha256)
            if there is not None and there[1] == copy.sha256:
                self._after.append(Delete(copy.entry, digest(there[0])))
        self.edit.remove(KEYS, lambda item: item in words)

    def plan(self) -> Plan:
        """Return the plan; every certificate is noted with the keys that trustinstall made in the file."""
        steps = (*self._before, *self.edit.steps(self._host), *self._after)
        made = sorted(self.edit.made)
        entries = {sha256: (self._found.path, self._found.own_path(sha256), *made) for sha256 in self._added}
        return Plan(steps, placed=tuple(Placed(*one) for one in entries.items()))
