"""Keychains of a Mac: names that a root is kept to, and a `security` that does not do what it says."""

from __future__ import annotations

import pytest

from tests.platforms.macos.keychains import ACCOUNT, ALLOW, CORP, MACHINE, OTHER, change, states
from tests.support.scripted_security import SYSTEM, Mac, sha1
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import WIDE
from trustinstall.engine.request import Request, Selection
from trustinstall.engine.scope import Engine
from trustinstall.stores.observation import State
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.macos import security_tool
from trustinstall_platforms.macos.keychain import Keychain

# Names that a root is kept to


@pytest.mark.parametrize("backend", [MACHINE, ACCOUNT])
@pytest.mark.parametrize("domains", [("corp.example",), ("10.0.0.0/8",), ("10.0.0.0/8", "corp.example")])
def test_names_leave_keychains_out(mac: Mac, backend: Keychain, domains: tuple[str, ...]) -> None:
    """No program but macOS itself would keep to them: nothing is run, and the keychain is named."""
    wish = Request((Certificate(CORP.der),), trusted=True, by="alice", domains=domains)
    (left_out,) = (
        Engine(mac.host(), [backend], lambda _doing: None).change(wish, DiscoveryOptions(), Selection()).outcomes
    )
    assert (left_out.store.backend, left_out.result.name, left_out.detail) == (backend.name, "NOT_COVERED", WIDE)
    assert (mac.changes(), states(mac, backend)) == ([], {})


def test_somebody_elses_names_stay(mac: Mac) -> None:
    """Trust settings for hosts are shown, in the way of `add`, and left by `remove`; only --not-ours takes them."""
    mac.put(SYSTEM, CORP.der)
    hosts = [{**ALLOW, "kSecTrustSettingsPolicyString": name} for name in ("corp.example", "www.corp.example")]
    mac.set(CORP.der, *hosts)
    assert states(mac) == {CORP.sha256: State.LIMITED}
    added, removed = change(mac), change(mac, trusted=False)
    assert (added.result.name, removed.result.name, removed.foreign) == ("FAILED", "FOREIGN", (CORP.sha256,))
    assert "limit the trust of" in added.detail
    assert mac.settings() == {sha1(CORP.der): {"trustSettings": hosts}}
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


def test_who_keeps_ours_to_names_keeps_the_settings(mac: Mac) -> None:
    """A person has limited the root to a host since: `remove` takes the certificate, leaves and names the rest.

    It is still trusted for that host, by its SHA-1, until the command that is named takes the settings out.
    """
    change(mac)
    host = {**ALLOW, "kSecTrustSettingsPolicyString": "corp.example"}
    mac.set(CORP.der, host)
    removed = change(mac, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {sha1(CORP.der): {"trustSettings": [host]}})
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert mac.settings() == {}


# When security does not do what it says


def test_a_refused_window_leaves_nothing(mac: Mac) -> None:
    """The certificate was in the keychain already when the password was not given."""
    mac.misbehave("refuses", "add-trusted-cert")
    failed = change(mac)
    assert failed.result.name == "FAILED"
    assert "abgelehnt" in failed.detail
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


def test_one_refused_window_is_the_last(mac: Mac) -> None:
    """A person who cancels is not asked again for each certificate."""
    mac.misbehave("refuses", "add-trusted-cert")
    change(mac, CORP.der, OTHER.der)
    assert sum(line.startswith("add-trusted-cert") for line in mac.changes()) == 1


@pytest.mark.parametrize("command", ["add-certificates", "add-trusted-cert"])
def test_a_lie_when_adding_is_seen(mac: Mac, command: str) -> None:
    """Exit status 0 and nothing done: the store is looked at, and put back."""
    mac.misbehave("lies", command)
    if command == "add-certificates":  # the other one puts it there as well
        assert change(mac).result.name == "ADDED"
        return
    assert change(mac).result.name == "FAILED"
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


@pytest.mark.parametrize("how", ["refuses", "lies", "hangs"])
def test_trust_that_does_not_go_is_not_orphaned(mac: Mac, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The certificate stays as long as it is trusted: it must not be trusted by its SHA-1 alone, unseen."""
    change(mac)
    monkeypatch.setattr(security_tool, "_ASKING", 1.0)
    mac.misbehave(how, "remove-trusted-cert")
    failed = change(mac, trusted=False)
    assert failed.result.name == "FAILED"
    assert states(mac) == {CORP.sha256: State.TRUSTED}
    if how == "hangs":
        assert "did not end within 1 s" in failed.detail
        assert "Keychain Access" in failed.detail


def test_a_certificate_that_does_not_go_is_seen(mac: Mac) -> None:
    """Exit status 0 and still there: it is trusted again, as before, and the error says so."""
    change(mac)
    mac.misbehave("lies", "delete-certificate")
    assert change(mac, trusted=False).result.name == "FAILED"
    assert states(mac) == {CORP.sha256: State.TRUSTED}


def test_an_export_that_makes_no_sense(mac: Mac) -> None:
    """Nothing is concluded from it, and nothing is changed."""
    mac.write("/admin.plist", b"garbage")
    failed = change(mac)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "cannot be read" in failed.detail
