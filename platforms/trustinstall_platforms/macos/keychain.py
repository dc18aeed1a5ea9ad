"""macOS' keychains: the machine's with the trust settings of its administrators, and an account's own with its own.

A certificate is trusted in two halves: it lies in a keychain, and trust settings name it (by SHA-1). Either can be
there without the other, and either can be somebody else's: what we have put is in the ledger, half by half.

The machine's trust settings hold for every account; an account's own come before them.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import StoreError, ToolFailed
from trustinstall.host import Kind
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import Native
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.macos import keychain_contents, security_tool, session

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.host.commands import Run
    from trustinstall.stores.desired import Placement, Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import Places
    from trustinstall_platforms.macos.keychain_contents import Look

_LOGIN = ("login.keychain-db", "login.keychain")  # since macOS 10.12, and before
_BELOW_HOME = "Library/Keychains"
_CLIENTS = "Safari, Chrome, curl, Swift and Go programs"

# The operations, each with what undoes it: the halves one by one, so that each can be looked at after the other.
_DEPOSIT, _DELETE, _WITHDRAW = "put into the keychain", "delete from the keychain", "withdraw from the keychain"
_TRUST, _UNTRUST = "trust", "end the trust of"

_SAYS = {
    State.DISTRUSTED: "distrust",
    State.LIMITED: "limit the trust of",
    None: "say nothing of TLS about",
}
_ON_SCREEN = "run it in Terminal on that Mac, as the account that is logged in there"
_PROFILE = f"{_ON_SCREEN}, or write a profile for an MDM with `add --profile-out FILE`"


# Why keychains are not `Constraining`, so that `--domain` leaves them out. `add-trusted-cert -p ssl -s HOST` does write
# host names (kSecTrustSettingsPolicyString): up to 128 in one call, a setting for each. It is not enough, twice over:
#
# - macOS compares such a name with the host that is asked for, and they are the same or not (SecPVCContainsString in
#   SecPolicyServer.c, tsCheckPolicyStr in TrustSettings.cpp, TrustSettingsTests.m; Security-61901, macOS 26). What
#   `--domain` promises, a name with its sub-domains or a network, cannot be said.
# - It binds those who let macOS decide. Programs that read trust settings themselves make of it what they like:
#
#   | who, and where                                                       | a root for one host is           |
#   | -------------------------------------------------------------------- | -------------------------------- |
#   | rustls-native-certs 0.8, by tls_trust_settings_for_certificate of    | trusted for every name: the      |
#   | security-framework 3.7 (trust_settings.rs)                           | string is not looked at          |
#   | OpenJDK's KeychainStore (createTrustedCertEntry)                     | trusted for every name, likewise |
#   | Chromium (trust_store_mac.cc), Go before 1.18 (root_darwin.go)       | not trusted                      |
#   | Firefox (EnterpriseRoots.cpp)                                        | not trusted                      |
#
#   The first two would trust it for more than was asked for. A setting that denies, put first, would stop them; but one
#   call writes one result, another call replaces what the first has written, and an imported file replaces everybody's.
#
# Settings of somebody else's that name hosts are shown (State.LIMITED), in the way of `add`, and left by `remove`.


class Keychain:
    """One kind of keychain: the machine's, or an account's own."""

    def __init__(self, name: str, *, machine: bool) -> None:
        self.name = name
        self._machine = machine

    def discover(self, host: Host, _places: Places) -> list[Store]:
        """Find the keychain, on a Mac."""
        if host.platform != "darwin":
            return []
        if self._machine:
            paths = [keychain_contents.SYSTEM]
        elif host.account.is_root or host.account.home is None:
            return []  # root's own are the machine's
        else:
            paths = [f"{host.account.home.rstrip('/')}/{_BELOW_HOME}/{name}" for name in _LOGIN]
        return [store for store in (self.at(host, path) for path in paths) if store is not None][:1]

    def at(self, host: Host, location: str) -> Store | None:
        """The keychain at a location, or None where none stands there."""
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

    def observe(self, host: Host, store: Store) -> Observation:
        """See what is trusted for TLS. Raises ToolFailed where `security` does not say."""
        look = self._look(host, store)
        states = look.states(host.now())
        return Observation({hashlib.sha256(look.known[sha1]).hexdigest(): state for sha1, state in states.items()})

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that `observe` counts. Raises OSError where `security` does not say."""
        try:
            look = self._look(host, store)
        except ToolFailed as error:
            raise OSError(str(error)) from None
        return (look.known[sha1] for sha1 in look.states(host.now()))

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan what is missing of both halves, or what is ours of them.

        Raises StoreError where somebody else's trust settings are in the way, and where nobody could answer the
        window that macOS would open.
        """
        look = self._look(host, store)
        plans = [
            (self._put if one.trusted else self._take)(store, seen, look, one, record.get(one.certificate.sha256))
            for one in wanted
        ]
        operations = tuple(operation for plan in plans for operation in plan.operations)
        for operation in operations:
            if operation.operation in {_TRUST, _UNTRUST}:
                self._refuse_unanswered(host, store, operation.operation)
        return Plan(
            placed=tuple(placed for plan in plans for placed in plan.placed),
            foreign=frozenset(sha256 for plan in plans for sha256 in plan.foreign),
            operations=operations,
        )

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from a keychain."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: what was observed is what clients ask for."""
        return None

    def commands(self, host: Host, store: Store, step: Native) -> Sequence[Run]:
        """What is run for one half. Raises StoreError where it needs a window that nobody could answer."""
        look = self._look(host, store)
        certificate, sha1 = Certificate(step.der), security_tool.sha1(step.der)
        if step.operation == _DEPOSIT:
            return () if sha1 in look.keychain else (security_tool.deposit(store.location, step.der),)
        if step.operation in {_DELETE, _WITHDRAW}:
            if sha1 not in look.keychain:
                return ()
            if step.operation == _DELETE and look.settings.get(sha1) in {State.TRUSTED, State.LIMITED}:
                # By its SHA-1 alone it would stay trusted, for whoever sends it along.
                cause = f"{certificate.name} is still trusted, and so it was not deleted from the keychain"
                raise StoreError(store=store.id, cause=cause, advice=f"{_ON_SCREEN}, or use Keychain Access")
            by_sha256 = session.knows_sha256(host)
            return (security_tool.delete(store.location, step.der, by_sha256=by_sha256),)
        if step.operation not in {_TRUST, _UNTRUST}:
            raise ValueError(f"no operation of a keychain: {step.operation!r}")
        if (sha1 in look.settings) is (step.operation == _TRUST) or look.settings.get(sha1) is State.DISTRUSTED:
            return ()
        self._refuse_unanswered(host, store, step.operation)
        announce = self._announcement(host, step.operation, certificate)
        if step.operation == _UNTRUST:
            return (security_tool.untrust(step.der, announce, machine=self._machine),)
        return (
            security_tool.trust(store.location, step.der, announce, machine=self._machine, root=certificate.is_root),
        )

    def _look(self, host: Host, store: Store) -> Look:
        return keychain_contents.look(host, store.location, machine=self._machine)

    def _put(self, store: Store, seen: Observation, look: Look, one: Wanted, placement: Placement | None) -> Plan:
        """Plan what is missing for a certificate to be trusted."""
        certificate = one.certificate
        sha1, (in_keychain, in_settings) = certificate.sha1.upper(), self._names(store, certificate)
        ours = set(placement.entries) if placement else set[str]()
        if placement and placement.adopted:
            ours = {in_keychain, in_settings}
        if seen.anchors.get(certificate.sha256) is State.TRUSTED:
            if placement is None:
                return Plan(foreign=frozenset({certificate.sha256}))
            return Plan(placed=(Placed(certificate.sha256, tuple(sorted(ours))),))
        if sha1 in look.settings and look.settings[sha1] is not State.TRUSTED:
            raise self._in_the_way(store, certificate, look.settings[sha1])
        operations: list[Native] = []
        if sha1 not in look.keychain:
            undo = _WITHDRAW if sha1 in look.settings else _DELETE
            operations.append(Native(_DEPOSIT, undo, certificate.der))
            ours.add(in_keychain)
        if sha1 not in look.settings:
            operations.append(Native(_TRUST, _UNTRUST, certificate.der))
            ours.add(in_settings)
        return Plan(operations=tuple(operations), placed=(Placed(certificate.sha256, tuple(sorted(ours))),))

    def _take(self, store: Store, seen: Observation, look: Look, one: Wanted, placement: Placement | None) -> Plan:
        """Plan what of a certificate is ours (or all, where that was asked for) to go; what distrusts it never does."""
        certificate = one.certificate
        sha1, (in_keychain, in_settings) = certificate.sha1.upper(), self._names(store, certificate)
        entries = placement.entries if placement else ()
        settings = look.settings.get(sha1)
        untrust = settings is State.TRUSTED and in_settings in entries  # otherwise somebody has changed them since
        untrust = untrust or (one.foreign and sha1 in look.settings and settings is not State.DISTRUSTED)
        delete = sha1 in look.keychain and (one.foreign or in_keychain in entries)
        operations: list[Native] = []
        if untrust:
            operations.append(Native(_UNTRUST, _TRUST, certificate.der))
        if delete:
            alone = untrust or sha1 not in look.settings
            operations.append(Native(_DELETE if alone else _WITHDRAW, _DEPOSIT, certificate.der))
        named = sha1 in look.settings and not untrust
        left = named or sha1 in look.above or (sha1 in look.keychain and not delete)
        seen_or_named = certificate.sha256 in seen.anchors or named
        return Plan(
            operations=tuple(operations),
            foreign=frozenset({certificate.sha256}) if left and seen_or_named else frozenset(),
        )

    def _names(self, store: Store, certificate: Certificate) -> tuple[str, str]:
        """What the ledger calls the two halves."""
        domain = "admin" if self._machine else "user"
        sha1 = certificate.sha1.upper()
        return f"{store.location}: SHA-1 {sha1}", f"trust settings, {domain} domain: SHA-1 {sha1}"

    def _refuse_unanswered(self, host: Host, store: Store, operation: str) -> None:
        """Say before anything is tried that it cannot work."""
        adding = operation == _TRUST
        if adding and not self._machine and session.ignores_accounts(host):
            ignored = "this Mac ignores the trust settings that accounts make (security user-trust-settings-enable)"
            raise StoreError(store=store.id, cause=ignored, advice="use the machine's keychain: run it with sudo")
        why = session.nobody_answers(host) if session.asks(host, machine=self._machine) else None
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

    def _in_the_way(self, store: Store, certificate: Certificate, state: State | None) -> StoreError:
        return StoreError(
            store=store.id,
            cause=f"somebody else's trust settings {_SAYS[state]} {certificate.name}",
            advice="look at it in Keychain Access: choose `Always Trust`, or take them away and run the command again",
        )
