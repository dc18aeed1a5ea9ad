"""The change of a policy file of Firefox, and of the certificate files beside it; see `firefox_policy`."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall_platforms.browsers import firefox_places, policy_places
from trustinstall_platforms.browsers.firefox_contents import KEYS, Contents
from trustinstall_platforms.browsers.policy_edit import PolicyEdit, refusal

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.observation import Copy
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Store


def planned(host: Host, store: Store, change: Change) -> Plan:
    """Plan one edit of the file, and certificates beside it. Raises StoreError if it is not a policy."""
    policy_places.check_not_fed(store)
    builder = _PlanBuilder(host, store)
    for entries in change.noted.values():
        builder.edit.note_made(entries)
    for one in change.add:
        hidden = firefox_places.hidden(host, store.location, builder.path_of(one.certificate))
        if hidden is not None:
            raise refusal(store, *hidden)
        builder.add(one.certificate)
    for copy in change.remove:
        builder.remove(copy)
    return builder.plan()


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
        there = self._found.file_of(path)
        if there is not None and there[1] != sha256:
            raise refusal(self._store, f"{path} holds something else than its name says", "look at it and move it away")
        if there is None:
            self._before.append(Edit(path, Content(certificate.pem), ABSENT))
        if self._found.own_word(sha256) not in self._found.words:
            self.edit.add(KEYS, self._found.own_word(sha256))
        self._added.append(sha256)

    def remove(self, copy: Copy) -> None:
        """Make profiles no longer import a copy; a file that trustinstall put there is deleted."""
        words = self._found.own_words(copy)
        there = self._found.file_of(copy.entry) if copy.marked and self._is_ours_to_delete(copy.entry) else None
        if there is not None and there[1] == copy.sha256:
            self._after.append(Delete(copy.entry, digest(there[0])))
        self.edit.remove(KEYS, lambda item: item in words)

    def _is_ours_to_delete(self, path: str) -> bool:
        """Whether no other store deletes a managed file: the policy file beside it does, if there is one."""
        beside = f"{posixpath.dirname(path)}/{firefox_places.FILE}"
        return beside == self._found.path or self._host.status(beside) is None

    def plan(self) -> Plan:
        """Return the plan; every certificate is noted with the keys that trustinstall made in the file."""
        steps = (*self._before, *self.edit.steps(self._host), *self._after)
        made = sorted(self.edit.made)
        entries = {sha256: (self._found.path, self._found.own_path(sha256), *made) for sha256 in self._added}
        return Plan(steps, placed=tuple(Placed(*one) for one in entries.items()))
