"""The stand-in for macOS's `security` adds certificates, and reads their files, as the real tool does.

Where a Mac is at hand, `scripts/record-macos` says whether the real tool does the same.
"""

from __future__ import annotations

import subprocess

import pytest

from tests.end_to_end.sandbox.macos.calls import ADD, CORP, exported, said, sha1
from tests.support.macos.mac import SYSTEM_KEYCHAIN, Mac
from tests.support.macos.standin import certs
from tests.support.pki import Root, make_root

pytestmark = pytest.mark.timeout(300)


NO_INTERACTION = "The authorization was denied since no user interaction was possible."


# --- adding ---------------------------------------------------------------------------------------


def test_add_is_silent(mac: Mac, corp: Root) -> None:
    """Adding puts the certificate into the keychain and the domain, says nothing, and shows one dialog."""
    assert said(mac.security(*ADD, CORP)) == (0, "", "")
    assert mac.keychain() == [corp.der]
    assert list(mac.settings() or {}) == [sha1(corp)]
    assert mac.dialogs() == 1
    assert [line["what"] for line in mac.log("change")] == [SYSTEM_KEYCHAIN, "admin"]


def test_duplicates_are_swallowed(mac: Mac, corp: Root) -> None:
    """Adding twice succeeds, leaves one copy, and asks again."""
    mac.security(*ADD, CORP, check=True)
    assert said(mac.security(*ADD, CORP)) == (0, "", "")
    assert mac.keychain() == [corp.der]
    assert mac.dialogs() == 2


def test_same_issuer_and_serial_is_a_duplicate(mac: Mac, corp: Root) -> None:
    """A keychain holds one certificate of an issuer and serial number: the second is trusted and not there."""
    twin = make_root("Corp Root", serial=int.from_bytes(certs.parse(corp.der).serial, "big"))
    mac.throwaway.write("/tmp/twin.crt", twin.pem)
    mac.security(*ADD, CORP, check=True)
    mac.security(*ADD, "/tmp/twin.crt", check=True)
    assert mac.keychain() == [corp.der]
    assert set(mac.settings() or {}) == {sha1(corp), sha1(twin)}


def test_without_keychain_it_is_trusted_and_not_listed(mac: Mac, corp: Root) -> None:
    """Without -k no keychain gets the certificate, and the dump knows only what some keychain holds."""
    mac.security("add-trusted-cert", "-d", CORP, check=True)
    assert (mac.keychain(), list(mac.settings() or {})) == ([], [sha1(corp)])
    dumped = mac.security("dump-trust-settings", "-d")
    assert said(dumped) == (1, "", "SecTrustSettingsCopyCertificates: No Trust Settings were found.\n")
    assert sha1(corp) in exported(mac, "-d")


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("refuse", "The authorization was denied."),
        ("cancel", "The authorization was cancelled by the user."),
    ],
)
def test_refused_half_way(mac: Mac, corp: Root, answer: str, text: str) -> None:
    """A refused dialog is exit 1, and leaves the certificate in the keychain, untrusted."""
    mac.behave(answer=answer)
    assert said(mac.security(*ADD, CORP)) == (1, "", f"SecTrustSettingsSetTrustSettings: {text}\n")
    assert (mac.keychain(), mac.settings(), mac.dialogs()) == ([corp.der], None, 1)


@pytest.mark.parametrize(("version", "text"), [("11.0", "errSecInternalComponent"), ("15.0", NO_INTERACTION)])
def test_no_interaction_possible(mac: Mac, corp: Root, version: str, text: str) -> None:
    """Over ssh, even root is refused without any dialog, in both domains, and the keychain is half written."""
    mac.version(version)
    mac.over_ssh()
    assert said(mac.security(*ADD, CORP)) == (1, "", f"SecTrustSettingsSetTrustSettings: {text}\n")
    own = mac.security("add-trusted-cert", "-k", mac.login_keychain(), CORP, user="alice")
    assert said(own) == (1, "", f"SecTrustSettingsSetTrustSettings: {text}\n")
    assert (mac.keychain(), mac.keychain(mac.login_keychain())) == ([corp.der], [corp.der])
    assert (mac.settings(), mac.settings("alice"), mac.dialogs()) == (None, None, 0)


def test_root_was_enough_once(mac: Mac, corp: Root) -> None:
    """On 10.15, root changes the admin domain silently, over ssh too; the user's domain still asks."""
    mac.version("10.15")
    mac.over_ssh()
    mac.security(*ADD, CORP, check=True)
    assert list(mac.settings() or {}) == [sha1(corp)]
    assert mac.dialogs() == 0
    assert mac.security("add-trusted-cert", CORP).returncode == 1


def test_without_integrity_protection_root_is_enough_but_for_the_last(mac: Mac, corp: Root) -> None:
    """From 12 on, where SIP is off, root adds without a dialog; emptying the domain still needs one."""
    mac.behave(sip=False)
    mac.over_ssh()
    mac.security(*ADD, CORP, check=True)
    assert mac.security("remove-trusted-cert", "-d", CORP).returncode == 1
    assert list(mac.settings() or {}) == [sha1(corp)]


def test_a_dialog_that_why_unanswered(mac: Mac, corp: Root) -> None:
    """It stays, and so does the tool; until then nothing but the keychain is written."""
    mac.behave(answer="none")
    with pytest.raises(subprocess.TimeoutExpired):
        mac.security(*ADD, CORP, timeout=2)
    assert (mac.keychain(), mac.settings(), mac.dialogs()) == ([corp.der], None, 1)


def test_the_system_keychain_is_roots(mac: Mac, corp: Root) -> None:
    """An ordinary user cannot write it, and is told in UNIX's words."""
    denied = mac.security(*ADD, CORP, user="alice")
    assert said(denied) == (1, "", "SecCertificateAddToKeychain: UNIX[Permission denied]\n")
    mac.security(*ADD, CORP, check=True)
    deleted = mac.security("delete-certificate", "-Z", sha1(corp), SYSTEM_KEYCHAIN, user="alice")
    assert said(deleted) == (173, "", "security: SecKeychainItemDelete: UNIX[Permission denied]\n")
    assert mac.keychain() == [corp.der]


def test_a_locked_login_keychain(mac: Mac, corp: Root) -> None:
    """Without a session that can ask for its password, nothing is written to it."""
    mac.behave(locked=True)
    mac.over_ssh()
    done = mac.security("add-certificates", "-k", mac.login_keychain(), CORP, user="alice")
    assert said(done) == (1, "", "security: SecCertificateAddToKeychain: User interaction is not allowed.\n")
    assert mac.keychain(mac.login_keychain()) == []
    assert corp.der not in mac.keychain()


def test_domains_of_accounts_are_apart(mac: Mac, corp: Root) -> None:
    """What alice trusts, neither bob nor the machine does."""
    mac.security("add-trusted-cert", "-k", mac.login_keychain(), CORP, user="alice", check=True)
    assert list(mac.settings("alice") or {}) == [sha1(corp)]
    assert (mac.settings("bob"), mac.settings()) == (None, None)
    verdicts = {user: mac.security("verify-cert", "-l", "-c", CORP, user=user).returncode for user in ("alice", "bob")}
    assert verdicts == {"alice": 0, "bob": 1}


# --- reading certificates -------------------------------------------------------------------------


def test_only_the_first_block_counts(mac: Mac, corp: Root) -> None:
    """A second certificate in the file is not seen."""
    mac.throwaway.write(CORP, corp.pem + make_root("Second").pem)
    mac.security(*ADD, CORP, check=True)
    assert mac.keychain() == [corp.der]


def test_der(mac: Mac, corp: Root) -> None:
    """DER is taken as it is."""
    mac.throwaway.write(CORP, corp.der)
    mac.security(*ADD, CORP, check=True)
    assert mac.keychain() == [corp.der]


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"# M\xc3\xbcnchen\n", b"x" * 9000 + b"\n"])
def test_pem_with_anything_odd_before_it_is_der(mac: Mac, corp: Root, before: bytes) -> None:
    """A byte-order mark, an umlaut, or a BEGIN line behind the first 8192 bytes: not PEM, so broken DER."""
    mac.throwaway.write(CORP, before + corp.pem)
    done = mac.security(*ADD, CORP)
    text = "SecCertificateCreateFromData: Unknown format in import.\nError reading file /tmp/corp.crt\n"
    assert said(done) == (1, "", text)
    assert (mac.keychain(), mac.settings()) == ([], None)


def test_a_missing_file(mac: Mac) -> None:
    """It is complained about on both outputs."""
    done = mac.security(*ADD, "/tmp/no")
    assert said(done) == (1, "***Error reading file /tmp/no\n", "Error reading file /tmp/no\n")


def test_trust_root_is_for_roots(mac: Mac, corp: Root) -> None:
    """For a certificate of another issuer, trustRoot is refused, trustAsRoot is not; for a root, the reverse."""
    mac.throwaway.write("/tmp/sub.crt", corp.intermediate().pem)
    text = "SecTrustSettingsSetTrustSettings: One or more parameters passed to a function were not valid.\n"
    refused = mac.security(*ADD, "-r", "trustRoot", "-p", "ssl", "/tmp/sub.crt")
    assert said(refused) == (1, "", text)
    assert mac.dialogs() == 0
    assert said(mac.security(*ADD, "-r", "trustAsRoot", "-p", "ssl", "/tmp/sub.crt")) == (0, "", "")
    assert said(mac.security(*ADD, "-r", "trustAsRoot", "-p", "ssl", CORP)) == (1, "", text)
