"""Keychains of a Mac: what is done to add and remove, and whose a copy is."""

from __future__ import annotations

import os
import plistlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.macos.keychains import ACCOUNT, ALLOW, CORP, DENY, MACHINE, MAIL, OTHER, change, states
from tests.support.scripted_security import APPLE, LOGIN, SYSTEM, Mac, sha1
from trustinstall.stores.observation import State
from trustinstall_platforms.macos.keychain import Keychain


@pytest.fixture
def old_mac(tmp_path: Path) -> Mac:
    """A Mac on which root needs no consent."""
    return Mac(tmp_path, "10.15.7")


# What is done


@pytest.mark.parametrize(("backend", "keychain", "domain"), [(MACHINE, SYSTEM, "admin"), (ACCOUNT, LOGIN, "user")])
def test_both_halves_are_put_and_taken(mac: Mac, backend: Keychain, keychain: str, domain: str) -> None:
    """Certificate and settings, in their own keychain and domain; for SSL and basic alone, and never with -t."""
    assert change(mac, backend=backend).result.name == "ADDED"
    assert mac.lies_in(keychain, CORP.der)
    assert mac.settings(domain) == {sha1(CORP.der): {"trustSettings": [ALLOW, MAIL]}}
    assert change(mac, backend=backend).result.name == "ALREADY"
    assert change(mac, backend=backend, trusted=False).result.name == "REMOVED"
    assert (mac.lies_in(keychain, CORP.der), mac.settings(domain)) == (False, {})
    assert change(mac, backend=backend, trusted=False).result.name == "ABSENT"
    words = [line.split() for line in mac.changes()]
    assert [one[0] for one in words] == [
        "add-certificates",
        "add-trusted-cert",
        "remove-trusted-cert",
        "delete-certificate",
    ]
    assert all(("-d" in one) is (domain == "admin") for one in words if "trusted" in one[0])
    assert not any("-t" in one for one in words)


def test_the_windows_are_announced(mac: Mac, capsys: pytest.CaptureFixture[str]) -> None:
    """Before each window, a message says what it is for."""
    change(mac, CORP.der, OTHER.der)
    said = capsys.readouterr().err.splitlines()
    assert [("Corp Root" in line, "Other Root" in line) for line in said] == [(True, False), (False, True)]
    assert all("password" in line for line in said)


def test_root_is_enough_before_macos_11(old_mac: Mac, capsys: pytest.CaptureFixture[str]) -> None:
    """No person has to sit there, and no window is announced."""
    assert change(old_mac, dialogs=False).result.name == "ADDED"
    assert not capsys.readouterr().err
    assert change(old_mac, dialogs=False, trusted=False).result.name == "REMOVED"


def no_dialogs(_mac: Mac) -> bool:
    """A script, ssh, CI."""
    return False


def nobody_at_the_screen(mac: Mac) -> bool:
    """The console belongs to root."""
    (mac.root / "dev/console").unlink()
    return True


def another_account(mac: Mac) -> bool:
    """Another account is logged in at the screen."""
    mac.environ["SUDO_UID"] = "502"
    mac.write("/dev/console", b"")
    return os.geteuid() == 0  # an ordinary account cannot give its console to another one


def root_itself(mac: Mac) -> bool:
    """Root logged in by itself, without another account behind it."""
    mac.environ["SUDO_UID"] = ""
    return os.geteuid() == 0


@pytest.mark.parametrize("spoil", [no_dialogs, nobody_at_the_screen, another_account, root_itself])
@pytest.mark.parametrize("backend", [MACHINE, ACCOUNT])
def test_what_cannot_work_is_not_tried(mac: Mac, spoil: Callable[[Mac], bool], backend: Keychain) -> None:
    """No person could answer the window: nothing is run, and a profile is offered instead."""
    failed = change(mac, backend=backend, dialogs=spoil(mac))
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "--profile-out" in failed.detail


def test_removing_asks_too(mac: Mac) -> None:
    """What was added in front of the screen cannot be removed over ssh; a profile would not help."""
    change(mac)
    before = mac.changes()
    failed = change(mac, trusted=False, dialogs=False)
    assert (failed.result.name, mac.changes()) == ("FAILED", before)
    assert "Terminal" in failed.detail
    assert "--profile-out" not in failed.detail


def test_accounts_whose_settings_are_ignored(mac: Mac) -> None:
    """An administrator has switched accounts' own trust settings off: they would change nothing."""
    mac.write("/Library/Preferences/com.apple.security.plist", plistlib.dumps({"DisableUserTrustSettings": True}))
    failed = change(mac, backend=ACCOUNT)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "ignores the trust settings that accounts make" in failed.detail
    assert change(mac).result.name == "ADDED"


def test_somebodys_certificate_stays_in_the_keychain(mac: Mac) -> None:
    """It was there, and not trusted: it is trusted, and afterwards it is there, not trusted, and named."""
    mac.put(SYSTEM, CORP.der)
    assert change(mac).result.name == "ADDED"
    removed = change(mac, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (True, {})
    assert [line.split()[0] for line in mac.changes()] == ["add-trusted-cert", "remove-trusted-cert"]


def test_somebodys_trust_stays(mac: Mac) -> None:
    """It was trusted by its SHA-1 alone; afterwards it is so again, and named, and the named command takes it out."""
    mac.set(CORP.der)
    assert change(mac).result.name == "ADDED"
    assert mac.lies_in(SYSTEM, CORP.der)
    removed = change(mac, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (CORP.sha256,))
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {sha1(CORP.der): {}})
    assert [line.split()[0] for line in mac.changes()] == ["add-certificates", "delete-certificate"]
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert mac.settings() == {}


@pytest.mark.parametrize("settings", [MAIL, DENY, {**ALLOW, "kSecTrustSettingsPolicyString": "a.test"}])
def test_somebodys_settings_are_not_overwritten(mac: Mac, settings: dict[str, Any]) -> None:
    """Settings that do not trust for TLS are a person's decision."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der, settings)
    failed = change(mac)
    assert (failed.result.name, mac.changes()) == ("FAILED", [])
    assert "Keychain Access" in failed.detail


def test_a_distrust_is_never_taken_away(mac: Mac) -> None:
    """Not even by `--not-ours`: that would be trust."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der, DENY)
    change(mac, trusted=False, adopt=True)
    assert mac.settings() == {sha1(CORP.der): {"trustSettings": [DENY]}}
    mac.put(APPLE, CORP.der)
    failed = change(mac, trusted=False, adopt=True)
    assert failed.result.name == "FAILED"
    assert "distrust" in failed.detail
    assert mac.settings() == {sha1(CORP.der): {"trustSettings": [DENY]}}


def test_a_strangers_goes_when_asked_for(mac: Mac) -> None:
    """`--not-ours` takes both halves."""
    mac.put(SYSTEM, CORP.der, OTHER.der)
    mac.set(CORP.der)
    mac.set(OTHER.der)
    left = change(mac, trusted=False)
    assert (left.result.name, left.foreign, mac.changes()) == ("FOREIGN", (CORP.sha256,), [])
    assert change(mac, trusted=False, adopt=True).result.name == "REMOVED"
    assert states(mac) == {OTHER.sha256: State.TRUSTED}


def test_an_adopted_one_goes_with_remove(mac: Mac) -> None:
    """`--adopt` takes both halves over."""
    mac.put(SYSTEM, CORP.der)
    mac.set(CORP.der)
    assert change(mac, adopt=True).result.name == "ALREADY"
    assert change(mac, trusted=False).result.name == "REMOVED"
    assert states(mac) == {}


@pytest.mark.parametrize("half", ["the certificate", "the settings"])
def test_half_of_ours_is_made_whole(mac: Mac, half: str) -> None:
    """The half that a person took away is put there again, and both halves stay managed."""
    change(mac)
    if half == "the certificate":
        mac.write(SYSTEM, b"")
    else:
        (mac.root / "admin.plist").unlink()
    assert change(mac).result.name == "ADDED"
    assert states(mac) == {CORP.sha256: State.TRUSTED}
    assert change(mac, trusted=False).result.name == "REMOVED"
    assert (mac.lies_in(SYSTEM, CORP.der), mac.settings()) == (False, {})


def test_trust_of_ours_goes_without_its_certificate(mac: Mac) -> None:
    """A person has deleted the certificate: by its SHA-1 it is still trusted, and must not be."""
    change(mac)
    mac.write(SYSTEM, b"")
    assert change(mac, trusted=False).result.name == "REMOVED"
    assert mac.settings() == {}


def test_an_intermediate_is_trusted_as_root(mac: Mac) -> None:
    """MacOS refuses "trustRoot" for what is not self-signed."""
    assert change(mac, CORP.intermediate().der).result.name == "ADDED"
    assert "-r trustAsRoot" in mac.changes()[-1]


@pytest.mark.parametrize(("version", "digits"), [("10.14.6", 40), ("10.15", 64), ("26.0", 64), ("?", 64)])
def test_it_is_deleted_by_fingerprint(tmp_path: Path, version: str, digits: int) -> None:
    """By SHA-256 where `security` knows it; never by name."""
    mac = Mac(tmp_path, version)
    change(mac)
    change(mac, trusted=False)
    assert len(mac.changes()[-1].split()[2]) == digits
