"""The operations on the two halves of being trusted, each with the one that undoes it.

The halves go one by one, so that each can be observed after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores.observation import State
from trustinstall.stores.plan import Placed
from trustinstall.stores.steps import ToolOperation
from trustinstall_platforms.macos.keychain_contents import keychain_entry, settings_entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.stores.desired import Change
    from trustinstall.stores.store import Store
    from trustinstall_platforms.macos.keychain_contents import Contents

DEPOSIT, DELETE, WITHDRAW = "put into the keychain", "delete from the keychain", "withdraw from the keychain"
TRUST, UNTRUST = "trust", "end the trust of"

_SAYS = {
    State.DISTRUSTED: "distrust",
    State.LIMITED: "limit the trust of",
    None: "say nothing of TLS about",
}


class PlanBuilder:
    """The operations for one store, and the entries that the ledger notes, while they are collected."""

    def __init__(self, store: Store, contents: Contents, change: Change) -> None:
        self._store, self._contents, self._change = store, contents, change
        self.operations: list[ToolOperation] = []
        self.placed: list[Placed] = []

    def add(self, certificate: Certificate) -> None:
        """Add the missing halves. Raises StoreError if settings of another author are in the way."""
        contents, (sha1, in_keychain, in_settings) = self._contents, self._names(certificate)
        if contents.settings.get(sha1, State.TRUSTED) is not State.TRUSTED:
            raise self._in_the_way(certificate, contents.settings[sha1])
        noted = self._change.noted.get(certificate.sha256, ())
        ours = {entry for entry in (in_keychain, in_settings) if entry in noted}
        if sha1 not in contents.keychain:
            undo = WITHDRAW if sha1 in contents.settings else DELETE
            self.operations.append(ToolOperation(DEPOSIT, undo, certificate.der))
            ours.add(in_keychain)
        if sha1 not in contents.settings:
            self.operations.append(ToolOperation(TRUST, UNTRUST, certificate.der))
            ours.add(in_settings)
        self.placed.append(Placed(certificate.sha256, tuple(sorted(ours))))

    def remove(self, certificate: Certificate) -> None:
        """Remove the halves that go. Raises StoreError if a half cannot be removed through this store."""
        settings, (sha1, in_keychain, in_settings) = self._contents.settings, self._names(certificate)
        self._refuse_unremovable(certificate)
        going = set(self._change.entries(certificate.sha256))
        untrust = bool({in_settings, ""} & going)
        if untrust:
            self.operations.append(ToolOperation(UNTRUST, TRUST, certificate.der))
        if in_keychain in going:
            alone = untrust or sha1 not in settings
            self.operations.append(ToolOperation(DELETE if alone else WITHDRAW, DEPOSIT, certificate.der))

    def _names(self, certificate: Certificate) -> tuple[str, str, str]:
        """Return a certificate's SHA-1, and the ledger's names of its two halves."""
        sha1 = certificate.sha1.upper()
        halves = keychain_entry(self._store.location, sha1), settings_entry(sha1, machine=self._contents.machine)
        return (sha1, *halves)

    def _refuse_unremovable(self, certificate: Certificate) -> None:
        stuck: Sequence[str] = [
            copy.entry for copy in self._change.remove if copy.sha256 == certificate.sha256 and not copy.removable
        ]
        if any(stuck):
            raise StoreError(
                store=self._store.id,
                cause=f"the machine's trust settings name {certificate.name}",
                advice="take it out of the machine's keychain: run the command with sudo",
            )
        if stuck:
            raise StoreError(
                store=self._store.id,
                cause=f"the owner's trust settings distrust {certificate.name}, and trustinstall keeps them",
                advice="look at it in Keychain Access",
            )

    def _in_the_way(self, certificate: Certificate, state: State | None) -> StoreError:
        return StoreError(
            store=self._store.id,
            cause=f"trust settings that trustinstall did not write {_SAYS[state]} {certificate.name}",
            advice="look at it in Keychain Access: choose `Always Trust`, or take them away and run the command again",
        )
