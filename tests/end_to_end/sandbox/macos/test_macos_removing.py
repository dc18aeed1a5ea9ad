"""The stand-in for macOS's `security` finds and removes certificates as the real tool does.

Where a Mac is at hand, `scripts/record-macos` says whether the real tool does the same.
"""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.end_to_end.sandbox.macos.calls import ADD, CORP, PLIST, exported, said, sha1
from tests.support.macos.mac import SYSTEM_KEYCHAIN, Mac
from tests.support.pki import Root, make_root

pytestmark = pytest.mark.timeout(300)


def test_remove_leaves_the_certificate(mac: Mac, corp: Root) -> None:
    """remove-trusted-cert takes the setting alone; delete-certificate takes the certificate alone."""
    mac.security(*ADD, CORP, check=True)
    assert said(mac.security("remove-trusted-cert", "-d", CORP)) == (0, "", "")
    assert mac.keychain() == [corp.der]
    mac.security(*ADD, CORP, check=True)
    assert said(mac.security("delete-certificate", "-Z", sha1(corp), SYSTEM_KEYCHAIN)) == (0, "", "")
    assert mac.keychain() == []
    assert list(mac.settings() or {}) == [sha1(corp)]


@pytest.mark.parametrize(
    ("version", "left", "text"),
    [
        ("11.0", None, "No Trust Settings were found."),
        ("15.0", {}, "The specified item could not be found in the keychain."),
    ],
)
def test_after_the_last_one(mac: Mac, corp: Root, version: str, left: object, text: str) -> None:
    """From 12 on an empty record stays, and removing again says something else."""
    mac.version(version)
    first = mac.security("remove-trusted-cert", "-d", CORP)
    assert said(first) == (1, "", "SecTrustSettingsRemoveTrustSettings: No Trust Settings were found.\n")
    mac.security(*ADD, CORP, check=True)
    assert list(mac.settings() or {}) == [sha1(corp)]
    mac.security("remove-trusted-cert", "-d", CORP, check=True)
    assert mac.settings() == left
    again = mac.security("remove-trusted-cert", "-d", CORP)
    assert said(again) == (1, "", f"SecTrustSettingsRemoveTrustSettings: {text}\n")


def test_remove_hangs_on_14_7_5(mac: Mac, corp: Root) -> None:
    """It never ends, override or not; adding works."""
    mac.version("14.7.5")
    mac.security("authorizationdb", "write", "com.apple.trust-settings.admin", "allow", check=True)
    mac.over_ssh()
    mac.security(*ADD, CORP, check=True)
    with pytest.raises(subprocess.TimeoutExpired):
        mac.security("remove-trusted-cert", "-d", CORP, timeout=2)
    assert list(mac.settings() or {}) == [sha1(corp)]


def test_stalls(mac: Mac, corp: Root) -> None:
    """Any other call can be made to hang, as imports do on some runners."""
    mac.security(*ADD, CORP, check=True)
    exported(mac, "-d")
    mac.behave(stalls=["trust-settings-import -d"])
    with pytest.raises(subprocess.TimeoutExpired):
        mac.security("trust-settings-import", "-d", PLIST, timeout=2)
    assert len(mac.log("stalled")) == 1
    assert list(mac.settings() or {}) == [sha1(corp)]


def test_delete_by_hash(mac: Mac, corp: Root) -> None:
    """SHA-1 or SHA-256, upper or lower case; with colons nothing matches, and the message has no line end."""
    first = make_root("Another")
    mac.throwaway.write("/tmp/another.crt", first.pem)
    mac.security("add-certificates", "-k", SYSTEM_KEYCHAIN, CORP, "/tmp/another.crt", check=True)
    colons = ":".join(re.findall("..", sha1(corp)))
    done = mac.security("delete-certificate", "-Z", colons, SYSTEM_KEYCHAIN)
    assert said(done) == (1, "", f'Unable to delete certificate matching "{colons}"')
    mac.security("delete-certificate", "-Z", sha1(corp).lower(), SYSTEM_KEYCHAIN, check=True)
    mac.security("delete-certificate", "-Z", first.sha256.upper(), SYSTEM_KEYCHAIN, check=True)
    assert mac.keychain() == []


def test_delete_by_name(mac: Mac) -> None:
    """A name that several have deletes none of them; one that is exact is preferred."""
    for name in ("Corp Root", "Corp Root", "Corp Root G2"):
        mac.throwaway.write(CORP, make_root(name).pem)
        mac.security("add-certificates", "-k", SYSTEM_KEYCHAIN, CORP, check=True)
    done = mac.security("delete-certificate", "-c", "corp root", SYSTEM_KEYCHAIN)
    assert done.returncode == 1
    assert done.stderr == (
        'security: "corp root" is ambiguous, matches more than one certificate\n'
        'Unable to delete certificate matching "corp root"'
    )
    assert len(mac.keychain()) == 3
    mac.security("delete-certificate", "-c", "corp root g2", SYSTEM_KEYCHAIN, check=True)
    assert len(mac.keychain()) == 2


def test_delete_with_trust(mac: Mac, corp: Root) -> None:
    """-t takes the settings of the user and, as root, of the administrator; missing ones are no error."""
    mac.security(*ADD, CORP, check=True)
    assert said(mac.security("delete-certificate", "-t", "-Z", sha1(corp), SYSTEM_KEYCHAIN)) == (0, "", "")
    assert (mac.keychain(), mac.settings()) == ([], {})


def test_delete_with_trust_by_the_source(mac: Mac, corp: Root) -> None:
    """By the published source a domain without any file is an error, and the certificate stays."""
    mac.behave(reading="source")
    mac.security(*ADD, CORP, check=True)
    done = mac.security("delete-certificate", "-t", "-Z", sha1(corp), SYSTEM_KEYCHAIN)
    text = "security: SecTrustSettingsRemoveTrustSettings (user): No Trust Settings were found.\n"
    assert said(done) == (-25263 % 256, "", text)
    assert mac.keychain() == [corp.der]


# --- finding --------------------------------------------------------------------------------------


def test_find(mac: Mac, corp: Root) -> None:
    """Hashes come before the PEM of the same certificate; SHA-256 from 10.15 on; names match in part, in any case."""
    mac.security("add-certificates", "-k", SYSTEM_KEYCHAIN, CORP, check=True)
    pem = corp.pem.decode()
    sha256 = corp.sha256.upper()
    found = mac.security("find-certificate", "-a", "-c", "corp r", "-Z", "-p", SYSTEM_KEYCHAIN)
    assert said(found) == (0, f"SHA-256 hash: {sha256}\nSHA-1 hash: {sha1(corp)}\n{pem}", "")


def test_find_nothing(mac: Mac) -> None:
    """With -a that is a success without output; without, it is 44."""
    assert said(mac.security("find-certificate", "-a", "-c", "nobody", SYSTEM_KEYCHAIN)) == (0, "", "")
    text = "security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.\n"
    assert said(mac.security("find-certificate", "-c", "nobody", SYSTEM_KEYCHAIN)) == (44, "", text)


def test_a_keychain_that_cannot_be_opened(mac: Mac, corp: Root) -> None:
    """It means the search list: a wrong path finds, and deletes, in the login keychain."""
    mac.security("add-certificates", "-k", mac.login_keychain(), CORP, user="alice", check=True)
    done = mac.security("delete-certificate", "-Z", sha1(corp), "/Library/Keychains/Sytem.keychain", user="alice")
    assert done.returncode == 0
    assert mac.keychain(mac.login_keychain()) == []


def test_a_keychain_that_cannot_be_opened_by_the_source(mac: Mac, corp: Root) -> None:
    """By the published source it is as good as empty."""
    mac.behave(reading="source")
    mac.security("add-certificates", "-k", mac.login_keychain(), CORP, user="alice", check=True)
    found = mac.security("find-certificate", "-a", "-p", "/nonexistent", user="alice")
    assert said(found) == (0, "", "")
    assert mac.security(*ADD[:2], "-k", "/nonexistent", CORP).returncode == 1
    assert mac.keychain(mac.login_keychain()) == [corp.der]


def test_add_certificates_gives_no_trust(mac: Mac, corp: Root) -> None:
    """No dialog, no trust; a duplicate is an error here."""
    mac.over_ssh()
    assert said(mac.security("add-certificates", "-k", SYSTEM_KEYCHAIN, CORP)) == (0, "", "")
    again = mac.security("add-certificates", "-k", SYSTEM_KEYCHAIN, CORP)
    assert said(again) == (1, "", f"security: {CORP}: already in {SYSTEM_KEYCHAIN}\n")
    assert (mac.keychain(), mac.settings(), mac.dialogs()) == ([corp.der], None, 0)
