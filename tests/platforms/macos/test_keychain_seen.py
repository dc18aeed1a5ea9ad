"""Keychains of a Mac: which are found, and what they show."""

from __future__ import annotations

from dataclasses import replace

from tests.platforms.macos.keychains import ACCOUNT, CORP, DENY, MACHINE, MAIL, OTHER, change, states
from tests.support.pki import make_root
from tests.support.scripted_security import APPLE, LOGIN, SYSTEM, Mac, sha1
from trustinstall.engine.request import Selection
from trustinstall.host import Account
from trustinstall.stores.observation import Copy, State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.macos.keychain import Keychain

IDENTITY = make_root("com.apple.kerberos.kdc").issue("localhost")


# What is found and shown


def test_found_on_a_mac_alone(mac: Mac) -> None:
    """The same files on another system are not stores."""
    assert [one.location for one in MACHINE.discover(mac.host(), DiscoveryOptions())] == [SYSTEM]
    assert [one.location for one in ACCOUNT.discover(mac.host(), DiscoveryOptions())] == [LOGIN]
    assert not MACHINE.discover(mac.host(platform="linux"), DiscoveryOptions())
    assert not ACCOUNT.discover(mac.host(platform="linux"), DiscoveryOptions())


def test_an_old_accounts_keychain_has_an_older_name(mac: Mac) -> None:
    """Before macOS 10.12 it was login.keychain."""
    (mac.root / LOGIN[1:]).rename(mac.root / LOGIN[1:].removesuffix("-db"))
    assert [one.location for one in ACCOUNT.discover(mac.host(), DiscoveryOptions())] == [LOGIN.removesuffix("-db")]


def test_root_has_no_keychain_of_its_own(mac: Mac) -> None:
    """What root would keep for itself is the machine's."""
    host = replace(mac.host(), account=Account(0, 0, "root", "/Users/alice"))
    assert not Keychain("login-keychain", machine=False).discover(host, DiscoveryOptions())


def test_each_account_has_a_keychain_of_its_own_name(mac: Mac) -> None:
    """Listed for several accounts, one account's store does not hide another's; the backend's name means each."""
    (store,) = ACCOUNT.discover(mac.host(), DiscoveryOptions())
    assert store.id == f"login-keychain:{LOGIN}"
    assert Selection(stores=("login-keychain",)).takes(store)


def test_a_missing_tool_is_said(mac: Mac) -> None:
    """Without /usr/bin/security nothing can be done, and that is said at once."""
    (mac.root / "usr/bin/security").unlink()
    (store,) = MACHINE.discover(mac.host(), DiscoveryOptions())
    assert "/usr/bin/security is missing" in (store.why_blocked or "")


def test_both_halves_make_trust(mac: Mac) -> None:
    """In the keychain and trusted, or one half of it; identities in a keychain are no anchors."""
    waiting, overridden = make_root("Waiting Root"), make_root("Apple's Root")
    mac.put(SYSTEM, CORP.der, OTHER.der, waiting.der, IDENTITY.der)
    mac.put(APPLE, overridden.der)
    mac.set(CORP.der)
    mac.set(OTHER.der, MAIL)
    mac.set(overridden.der, DENY)
    assert states(mac) == {
        CORP.sha256: State.TRUSTED,
        OTHER.sha256: State.WITHDRAWN,
        waiting.sha256: State.PARTIAL,
        overridden.sha256: State.DISTRUSTED,
    }


def test_an_account_trusts_what_the_machine_trusts(mac: Mac) -> None:
    """It is shown, foreign, and costs no window; the account's own settings come first."""
    mac.put(SYSTEM, CORP.der, OTHER.der)
    mac.set(CORP.der)
    mac.set(OTHER.der)
    mac.set(OTHER.der, DENY, domain="user")
    assert states(mac, ACCOUNT) == {CORP.sha256: State.TRUSTED, OTHER.sha256: State.DISTRUSTED}
    added = change(mac, backend=ACCOUNT)
    assert (added.result.name, added.foreign, mac.changes()) == ("ALREADY", (CORP.sha256,), [])
    removed = change(mac, backend=ACCOUNT, trusted=False)
    assert (removed.result.name, removed.foreign, mac.changes()) == ("FOREIGN", (CORP.sha256,), [])


def test_the_machines_trust_stays_when_an_accounts_goes(mac: Mac) -> None:
    """An administrator trusts it for the machine later: the managed root, adopted or not, goes; that one is named."""
    for adopt in (False, True):
        if adopt:
            mac.put(LOGIN, CORP.der)
            mac.set(CORP.der, domain="user")
        change(mac, backend=ACCOUNT, adopt=adopt)
        mac.put(SYSTEM, CORP.der)
        mac.set(CORP.der)
        removed = change(mac, backend=ACCOUNT, trusted=False)
        assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,)), removed
        assert (mac.lies_in(LOGIN, CORP.der), mac.settings("user")) == (False, {})
        mac.write(SYSTEM, b"")
        (mac.root / "admin.plist").unlink()


def test_the_machines_trust_cannot_be_taken_out_through_an_account(mac: Mac) -> None:
    """`--not-ours` says where it can; what the account has goes, and the machine's is named."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der)
    failed = change(mac, backend=ACCOUNT, trusted=False, adopt=True)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "run the command with sudo" in failed.detail
    mac.put(LOGIN, CORP.der)
    mac.set(CORP.der, domain="user")
    left = change(mac, backend=ACCOUNT, trusted=False, adopt=True)
    assert (left.result.name, left.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(LOGIN, CORP.der), mac.settings("user")) == (False, {})


def test_every_half_is_a_copy(mac: Mac) -> None:
    """Both halves have the ledger's names of today; settings that trustinstall never writes have none."""
    mac.put(LOGIN, CORP.der, OTHER.der)
    mac.set(CORP.der, domain="user")
    mac.set(CORP.der)
    mac.set(OTHER.der, MAIL, domain="user")
    host = mac.host()
    (store,) = ACCOUNT.discover(host, DiscoveryOptions())
    name, other = sha1(CORP.der), sha1(OTHER.der)
    assert ACCOUNT.observe(host, store, frozenset({CORP.sha256, OTHER.sha256})).copies == (
        Copy(CORP.sha256, f"{LOGIN}: SHA-1 {name}"),
        Copy(CORP.sha256, f"trust settings, user domain: SHA-1 {name}"),
        Copy(CORP.sha256, f"trust settings, admin domain: SHA-1 {name}", removable=False),
        Copy(OTHER.sha256, f"{LOGIN}: SHA-1 {other}"),
        Copy(OTHER.sha256, trusts=False),
    )


def test_every_anchor_is_listed_with_its_der(mac: Mac) -> None:
    """`list --foreign` shows what `observe` counts."""
    mac.put(SYSTEM, CORP.der, IDENTITY.der)
    mac.set(CORP.der)
    host = mac.host()
    (store,) = MACHINE.discover(host, DiscoveryOptions())
    assert list(MACHINE.anchors(host, store)) == [CORP.der]
