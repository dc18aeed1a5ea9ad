"""The change of a directory of managed policies: an edit for each file that changes; see `chromium_policy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from trustinstall.errors import printable
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Placed, Plan
from trustinstall_platforms.browsers import policy_places
from trustinstall_platforms.browsers.chromium_browsers import OWN_FILE
from trustinstall_platforms.browsers.chromium_contents import (
    DISTRUSTED,
    LIMITED,
    PLACES,
    TRUSTED,
    item_of,
    names_certificate,
    read_contents,
)
from trustinstall_platforms.browsers.policy_edit import PolicyEdit, refusal

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change, Desired
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.store import Store


def planned(host: Host, store: Store, seen: Observation, change: Change) -> Plan:
    """Plan one edit of each file that changes. Raises StoreError if a file is in the way."""
    policy_places.check_not_fed(store)
    builder = _PlanBuilder(host, store, seen)
    if builder.own in builder.found.problems or (change.add and builder.found.problems):
        builder.refuse(next(iter(builder.found.problems.values())), "mend it, or take it away")
    hidden = policy_places.unreadable(host, store.location, *builder.found.deciding()) if change.add else None
    if hidden is not None:
        builder.refuse(*hidden)
    for one in change.add:
        builder.add(one, change.kept.get(one.sha256))
    if not all(one.removable for one in change.remove):
        builder.refuse(f"a policy of others distrusts it ({DISTRUSTED})", "take it out of that list")
    for sha256 in dict.fromkeys(one.sha256 for one in change.remove):
        builder.take_out(sha256, change.entries(sha256))
    return builder.plan()


class _PlanBuilder:
    """The change of a directory while it is collected: an edit for each file."""

    def __init__(self, host: Host, store: Store, seen: Observation) -> None:
        self._host, self._store, self._seen = host, store, seen
        self.found = read_contents(host, store.location)
        self.own = f"{host.real(store.location)}/{OWN_FILE}"
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
