"""macOS' keychains: the machine's with the trust settings of its administrators, and an account's own with its own.

A certificate is trusted in two halves: it lies in a keychain, and trust settings name it (by SHA-1). Either can exist
without the other, and another program may have put either there: each half is a copy, which the ledger names.

The machine's trust settings hold for every account; an account's own come before them.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.errors import StoreError, ToolFailed
from trustinstall.host import Kind
from trustinstall.stores.backend import Backend
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Plan
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.macos import security_tool, session
from trustinstall_platforms.macos.keychain_contents import SYSTEM, read_contents
from trustinstall_platforms.macos.keychain_plan import DELETE, DEPOSIT, TRUST, UNTRUST, WITHDRAW, PlanBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.host.commands import Run
    from trustinstall.stores.desired import Change
    from trustinstall.stores.steps import ToolOperation
    from trustinstall.stores.store import DiscoveryOptions
    from trustinstall_platforms.macos.keychain_contents import Contents

_LOGIN = ("login.keychain-db", "login.keychain")  # since macOS 10.12, and before
_BELOW_HOME = "Library/Keychains"
_CLIENTS = "Safari, Chrome, curl, Swift and Go programs"

_ON_SCREEN = "run it in Terminal on that Mac, as the account that is logged in there"
_PROFILE = f"{_ON_SCREEN}, or write a profile for an MDM with `add --profile-out FILE`"


# Why keychains lack Capability.NAME_CONSTRAINTS, so that `--domain` leaves them out. `add-trusted-cert -p ssl -s HOST`
# does write host names (kSecTrustSettingsPolicyString): up to 128 in one call, a setting for each. It is not enough,
# twice over:
#
# - macOS compares such a name with the requested host, and they are the same or not (SecPVCContainsString in
#   SecPolicyServer.c, tsCheckPolicyStr in TrustSettings.cpp, TrustSettingsTests.m; Security-61901, macOS 26). The
#   promise of `--domain`, a name with its sub-domains or a network, cannot be expressed.
# - It binds only programs that let macOS decide. Programs that read trust settings themselves treat it differently:
#
#   | program, and source                                                  | a root for one host is           |
#   | -------------------------------------------------------------------- | -------------------------------- |
#   | rustls-native-certs 0.8, by tls_trust_settings_for_certificate of    | trusted for every name: the      |
#   | security-framework 3.7 (trust_settings.rs)                           | string is ignored                |
#   | OpenJDK's KeychainStore (createTrustedCertEntry)                     | trusted for every name, likewise |
#   | Chromium (trust_store_mac.cc), Go before 1.18 (root_darwin.go)       | not trusted                      |
#   | Firefox (EnterpriseRoots.cpp)                                        | not trusted                      |
#
#   The first two would trust it for more than the user asked for. A setting that denies, put first, would stop them;
#   but one call writes one result, another call replaces the first one's, and an imported file replaces all settings.
#
# Another author's settings that name hosts are shown (State.LIMITED), refused by `add`, and left by `remove`.


class Keychain(Backend):
    """One kind of keychain: the machine's, or an account's own."""

    def __init__(self, name: str, *, machine: bool) -> None:
        self.name = name
        self._machine = machine

    def discover(self, host: Host, _places: DiscoveryOptions) -> list[Store]:
        """Find the keychain, on a Mac."""
        if host.platform != "darwin":
            return []
        if self._machine:
            paths = [SYSTEM]
        elif host.account.is_root or host.account.home is None:
            return []  # root's own are the machine's
        else:
            paths = [f"{host.account.home.rstrip('/')}/{_BELOW_HOME}/{name}" for name in _LOGIN]
        return [store for store in (self.at(host, path) for path in paths) if store is not None][:1]

    def at(self, host: Host, location: str) -> Store | None:
        """Return the keychain at a location, or None if it is not a file."""
        status = host.status(location)
        if host.platform != "darwin" or status is None or status.kind is not Kind.FILE:
            return None
        tool = host.executable(security_tool.TOOL)
        return Store(
            self.name,
            location,
            0 if self._machine else status.uid,
            self.name if self._machine else f"{self.name}:{location}",
            _CLIENTS if self._machine else f"{_CLIENTS}, for this account",
            blocked=blocked(
                None if tool else f"{security_tool.TOOL} is missing; this Mac is damaged: install macOS anew"
            ),
        )

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe which certificates are trusted for TLS; each half of a certificate is a copy. Raises ToolFailed."""
        contents = self._contents(host, store)
        states = contents.states(host.now())
        return Observation(
            {sha256_of(contents.known[sha1]): state for sha1, state in states.items()},
            copies=tuple(contents.copies(names)),
        )

    def identified(
        self, host: Host, store: Store, seen: Observation, certificates: Sequence[Certificate]
    ) -> Observation:
        """Add the trust settings that name a certificate which is in no keychain: by its SHA-1 it is still trusted.

        Raises ToolFailed.
        """
        contents = self._contents(host, store).naming(certificates)
        states = {hashlib.sha256(contents.known[sha1]).hexdigest(): one for sha1, one in contents.named_only.items()}
        found = contents.copies(frozenset(one.sha256 for one in certificates))
        named = (one for one in found if one.trusts)
        return replace(seen, anchors={**seen.anchors, **states}, copies=(*seen.copies, *named))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that `observe` counts. Raises OSError if `security` gives no answer."""
        try:
            contents = self._contents(host, store)
        except ToolFailed as error:
            raise OSError(str(error)) from None
        return (contents.known[sha1] for sha1 in contents.states(host.now()))

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan the missing halves, and those that go.

        Raises StoreError if another author's trust settings are in the way, if a half cannot be removed through this
        store, or if no person could answer the window that macOS would open.
        """
        builder = PlanBuilder(store, self._contents(host, store), change)
        for one in change.add:
            builder.add(one.certificate)
        for certificate in change.drop:
            builder.remove(certificate)
        for operation in builder.operations:
            if operation.operation in {TRUST, UNTRUST}:
                self._refuse_unanswered(host, store, operation.operation)
        return Plan(placed=tuple(builder.placed), operations=tuple(builder.operations))

    def commands(self, host: Host, store: Store, step: ToolOperation) -> Sequence[Run]:
        """Return the commands for one half. Raises StoreError if macOS would ask and no person could answer."""
        contents = self._contents(host, store)
        certificate, sha1 = Certificate.held(step.der), security_tool.sha1(step.der)
        if step.operation == DEPOSIT:
            return () if sha1 in contents.keychain else (security_tool.deposit(store.location, step.der),)
        if step.operation in {DELETE, WITHDRAW}:
            if sha1 not in contents.keychain:
                return ()
            if step.operation == DELETE and contents.settings.get(sha1) in {State.TRUSTED, State.LIMITED}:
                # By its SHA-1 alone it would stay trusted, as soon as a server sends it.
                cause = f"{certificate.name} is still trusted, and so it was not deleted from the keychain"
                raise StoreError(store=store.id, cause=cause, advice=f"{_ON_SCREEN}, or use Keychain Access")
            by_sha256 = session.knows_sha256(host)
            return (security_tool.delete(store.location, step.der, by_sha256=by_sha256),)
        if step.operation not in {TRUST, UNTRUST}:
            raise ValueError(f"no operation of a keychain: {step.operation!r}")
        if (sha1 in contents.settings) is (step.operation == TRUST) or contents.settings.get(sha1) is State.DISTRUSTED:
            return ()
        self._refuse_unanswered(host, store, step.operation)
        announce = self._announcement(host, step.operation, certificate)
        if step.operation == UNTRUST:
            return (security_tool.untrust(step.der, announce, machine=self._machine),)
        return (
            security_tool.trust(store.location, step.der, announce, machine=self._machine, root=certificate.is_root),
        )

    def _contents(self, host: Host, store: Store) -> Contents:
        return read_contents(host, store.location, machine=self._machine)

    def _refuse_unanswered(self, host: Host, store: Store, operation: str) -> None:
        """Raise StoreError if macOS would ignore the settings, or would ask and no person could answer."""
        adding = operation == TRUST
        if adding and not self._machine and session.ignores_accounts(host):
            ignored = "this Mac ignores the trust settings that accounts make (security user-trust-settings-enable)"
            raise StoreError(store=store.id, cause=ignored, advice="use the machine's keychain: run it with sudo")
        why = session.why_unanswered(host) if session.asks(host, machine=self._machine) else None
        if why is not None:
            raise StoreError(store=store.id, cause=why, advice=_PROFILE if adding else _ON_SCREEN)

    def _announcement(self, host: Host, operation: str, certificate: Certificate) -> str:
        if not session.asks(host, machine=self._machine):
            return ""
        whose = "an administrator's" if self._machine else "your"
        return (
            f"A window opens and asks for {whose} password, to {operation} {certificate.name} ({self.name}); "
            "there is one for each certificate."
        )
