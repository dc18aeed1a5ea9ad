"""The stand-in for macOS's `security`: each behaviour that makes a Mac hard, one test.

Where a Mac is at hand, `scripts/record-macos` says whether the real tool does the same.
"""

from __future__ import annotations

import contextlib
import json
import plistlib
import re
import subprocess
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.macos.mac import SECURITY, SYSTEM_KEYCHAIN, Mac
from tests.support.macos.standin import certs, machine
from tests.support.macos.standin import settings as records
from tests.support.pki import Root, make_root
from tests.support.throwaway import Throwaway

pytestmark = pytest.mark.timeout(300)

CORP = "/tmp/corp.crt"
PLIST = "/tmp/settings.plist"
ADD = ("add-trusted-cert", "-d", "-k", SYSTEM_KEYCHAIN)
NO_INTERACTION = "The authorization was denied since no user interaction was possible."


@pytest.fixture(scope="module")
def shared() -> Iterator[Mac]:
    """One for all tests here."""
    with Throwaway(java=False) as root:
        yield Mac(root)


@pytest.fixture
def mac(shared: Mac) -> Iterator[Mac]:
    """As it was delivered: macOS 15, alice at the screen, who accepts every dialog."""
    yield shared
    shared.throwaway.reset()
    shared.start("alice")


@pytest.fixture
def corp(mac: Mac) -> Root:
    """A root, in the file CORP."""
    root = make_root("Corp Root")
    mac.throwaway.write(CORP, root.pem)
    return root


def sha1(root: Root) -> str:
    """As trust settings name it."""
    return certs.parse(root.der).sha1


def exported(mac: Mac, *words: str) -> dict[str, dict[str, object]]:
    """The records of a domain, as the tool exports them."""
    mac.security("trust-settings-export", *words, PLIST, check=True)
    found: dict[str, dict[str, object]] = plistlib.loads(mac.throwaway.read(PLIST))["trustList"]
    return found


def said(done: subprocess.CompletedProcess[str]) -> tuple[int, str, str]:
    """How a call ended."""
    return done.returncode, done.stdout, done.stderr


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


# --- what is written ------------------------------------------------------------------------------


EXPORTS: list[tuple[list[str], object]] = [
    ([], None),
    (["-r", "trustRoot"], [{}]),
    (
        ["-r", "trustRoot", "-p", "ssl", "-p", "basic"],
        [
            {
                "kSecTrustSettingsPolicy": b"\x2a\x86\x48\x86\xf7\x63\x64\x01\x03",
                "kSecTrustSettingsPolicyName": "sslServer",
            },
            {
                "kSecTrustSettingsPolicy": b"\x2a\x86\x48\x86\xf7\x63\x64\x01\x02",
                "kSecTrustSettingsPolicyName": "basicX509",
            },
        ],
    ),
    (["-r", "deny"], [{"kSecTrustSettingsResult": 3}]),
    (
        ["-p", "ssl", "-s", "corp.example", "-s", "www.corp.example"],
        [
            {
                "kSecTrustSettingsPolicy": b"\x2a\x86\x48\x86\xf7\x63\x64\x01\x03",
                "kSecTrustSettingsPolicyName": "sslServer",
                "kSecTrustSettingsPolicyString": name,
            }
            for name in ("corp.example", "www.corp.example")
        ],
    ),
    (["-s", "corp.example"], [{}]),
]


@pytest.mark.parametrize(("options", "expected"), EXPORTS)
def test_export(mac: Mac, corp: Root, options: list[str], expected: object) -> None:
    """The record: by SHA-1 in upper case; one constraint for each policy and name; none for names alone."""
    mac.security(*ADD, *options, CORP, check=True)
    done = mac.security("trust-settings-export", "-d", PLIST, user="alice")
    assert said(done) == (0, "...Trust Settings exported successfully.\n", "")
    found = plistlib.loads(mac.throwaway.read(PLIST))
    assert found["trustVersion"] == 1
    record = found["trustList"][sha1(corp)]
    assert record.get("trustSettings") == expected
    assert record["issuerName"] == corp.name_der
    assert record["serialNumber"] == certs.parse(corp.der).serial
    status = mac.throwaway.path(PLIST).stat()
    assert (status.st_mode & 0o777, status.st_uid) == (0o600, mac.throwaway.user("alice").uid)


def test_empty_constraints_by_the_source(mac: Mac, corp: Root) -> None:
    """By the published source, -r trustRoot alone leaves nothing to write, and the key is missing."""
    mac.behave(reading="source")
    mac.security(*ADD, "-r", "trustRoot", CORP, check=True)
    assert "trustSettings" not in exported(mac, "-d")[sha1(corp)]


def test_dump(mac: Mac) -> None:
    """Names, no fingerprints; no constraint means everything."""
    for name, options in (("One", []), ("Two", ["-p", "ssl", "-p", "basic", "-r", "deny"])):
        mac.throwaway.write(CORP, make_root(name).pem)
        mac.security(*ADD, *options, CORP, check=True)
    dumped = mac.security("dump-trust-settings", "-d", check=True).stdout
    assert dumped == (
        "Number of trusted certs = 2\n"
        "Cert 0: One\n"
        "   Number of trust settings : 0\n"
        "Cert 1: Two\n"
        "   Number of trust settings : 2\n"
        "   Trust Setting 0:\n"
        "      Policy OID            : SSL\n"
        "      Result Type           : kSecTrustSettingsResultDeny\n"
        "   Trust Setting 1:\n"
        "      Policy OID            : Apple X509 Basic\n"
        "      Result Type           : kSecTrustSettingsResultDeny\n"
    )


def test_import_replaces_the_whole_domain(mac: Mac, corp: Root) -> None:
    """What is not in the file is gone; keychains are not touched; one dialog."""
    mac.security(*ADD, CORP, check=True)
    other = make_root("Other")
    record = {
        "issuerName": other.name_der,
        "serialNumber": b"\x01",
        "modDate": plistlib.loads(b"<date>2026-01-01T00:00:00Z</date>".join((b"<plist>", b"</plist>"))),
    }
    mac.throwaway.write(PLIST, plistlib.dumps({"trustVersion": 1, "trustList": {sha1(other): record}}))
    done = mac.security("trust-settings-import", "-d", PLIST)
    assert said(done) == (0, "...Trust Settings imported successfully.\n", "")
    assert list(mac.settings() or {}) == [sha1(other)]
    assert mac.keychain() == [corp.der]
    assert mac.dialogs() == 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no plist",
        plistlib.dumps([]),
        plistlib.dumps({"trustVersion": 2, "trustList": {}}),
        plistlib.dumps({"trustVersion": 1}),
        plistlib.dumps({"trustVersion": 1, "trustList": {"AB": {"issuerName": b""}}}),
    ],
)
def test_import_of_something_else(mac: Mac, content: bytes) -> None:
    """A property list that is not a record is refused before a person is asked."""
    mac.throwaway.write(PLIST, content)
    done = mac.security("trust-settings-import", "-d", PLIST)
    assert done.returncode == 1
    assert done.stderr.startswith("SecTrustSettingsImportExternalRepresentation: ")
    assert (mac.settings(), mac.dialogs()) == (None, 0)


# --- removing -------------------------------------------------------------------------------------


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


# --- verifying ------------------------------------------------------------------------------------


def test_verify(mac: Mac, corp: Root) -> None:
    """A server's certificate is trusted by its root's settings for that policy, and denied by them."""
    mac.throwaway.write("/tmp/leaf.crt", corp.issue("localhost").pem)
    leaf = ("verify-cert", "-c", "/tmp/leaf.crt", "-p", "ssl")
    assert mac.security(*leaf).stderr.startswith("Cert Verify Result: ")
    mac.security(*ADD, "-p", "ssl", CORP, check=True)
    assert said(mac.security(*leaf)) == (0, "...certificate verification successful.\n", "")
    assert mac.security("verify-cert", "-c", "/tmp/leaf.crt", "-p", "basic").returncode == 1
    assert mac.security("verify-cert", "-c", CORP, "-p", "ssl").returncode == 1
    assert mac.security("verify-cert", "-l", "-c", CORP, "-p", "ssl").returncode == 0
    mac.security(*ADD, "-r", "deny", CORP, check=True)
    assert said(mac.security(*leaf)) == (1, "", "SecTrustEvaluate result: kSecTrustResultDeny\n")


def test_a_name_is_one_host(mac: Mac, corp: Root) -> None:
    """A policy's string is one host's name, in any case: no sub-domain, no network, nothing that names no host."""
    mac.throwaway.write("/tmp/leaf.crt", corp.issue("localhost").pem)
    mac.security(*ADD, "-p", "ssl", "-s", "corp.example", "-s", "10.0.0.0/8", CORP, check=True)
    verify = ("verify-cert", "-c", "/tmp/leaf.crt", "-p", "ssl")
    asked = {host: mac.security(*verify, "-s", host).returncode for host in ("CORP.example", "www.corp.example")}
    assert asked == {"CORP.example": 0, "www.corp.example": 1}
    assert mac.security(*verify, "-s", "10.0.0.1").returncode == 1
    assert mac.security(*verify).returncode == 1
    mac.security(*ADD, "-p", "ssl", "-s", "other.example", CORP, check=True)  # takes the first one's place
    assert [mac.security(*verify, "-s", f"{host}.example").returncode for host in ("corp", "other")] == [1, 0]


def test_too_many_names(mac: Mac, corp: Root) -> None:
    """One call takes so many names and no more, and then writes nothing."""
    names = [word for number in range(129) for word in ("-s", f"{number}.example")]
    code, stdout, stderr = said(mac.security(*ADD, "-p", "ssl", *names, CORP))
    assert (code, stdout, stderr.splitlines()[0]) == (2, "", "Too many policy string arguments.")
    assert mac.settings() is None
    assert mac.security(*ADD, "-p", "ssl", *names[2:], CORP).returncode == 0
    assert len(exported(mac, "-d")[sha1(corp)]["trustSettings"]) == 128  # type: ignore[arg-type]


def test_user_settings_may_be_disabled(mac: Mac, corp: Root) -> None:
    """Then what a user trusts has no effect."""
    mac.security("add-trusted-cert", "-k", mac.login_keychain(), CORP, user="alice", check=True)
    assert mac.security("user-trust-settings-enable").stdout == "User-level Trust Settings are Enabled\n"
    assert mac.security("user-trust-settings-enable", "-d", user="alice").returncode == 1
    mac.security("user-trust-settings-enable", "-d", check=True)
    assert mac.security("user-trust-settings-enable").stdout == "User-level Trust Settings are Disabled\n"
    assert mac.security("verify-cert", "-l", "-c", CORP, user="alice").returncode == 1
    assert sha1(corp) in (mac.settings("alice") or {})


# --- the override ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "end"), [("14.7.5", (0, "YES (0)\n")), ("15.0", (255, "NO (-60005)\n"))])
def test_authorizationdb(mac: Mac, corp: Root, version: str, end: tuple[int, str]) -> None:
    """Through 14 root may open the admin domain; from 15 on that is refused."""
    mac.version(version)
    mac.over_ssh()
    done = mac.security("authorizationdb", "write", "com.apple.trust-settings.admin", "allow")
    assert (done.returncode, done.stderr) == end
    assert mac.security(*ADD, CORP).returncode == (0 if end[0] == 0 else 1)
    assert mac.keychain() == [corp.der]
    assert mac.security("authorizationdb", "read", "com.apple.trust-settings.admin").stderr == "YES (0)\n"


# --- the tool itself ------------------------------------------------------------------------------


def test_prefixes(mac: Mac) -> None:
    """The first command that begins with a word is meant."""
    assert mac.security("find-c", "-a", SYSTEM_KEYCHAIN).returncode == 0
    assert mac.security("dump-t", "-d").stderr.startswith("SecTrustSettingsCopyCertificates")
    assert mac.log("call")[0]["words"][0] == "find-certificate"


def test_unknown_and_wrong(mac: Mac) -> None:
    """An unknown command is 1; wrong usage is 2."""
    assert said(mac.security("bogus")) == (1, "", 'security: unknown command "bogus"\n')
    for words in (["add-trusted-cert", "a", "b"], ["find-certificate", "-X"], ["trust-settings-export"], []):
        done = mac.security(*words)
        assert done.returncode == 2
        assert "Usage: " in done.stdout + done.stderr


def test_options_end_at_the_first_word(mac: Mac, corp: Root) -> None:
    """As BSD's getopt has it: options behind the file are files, and too many."""
    assert mac.security("add-trusted-cert", CORP, "-d").returncode == 2
    assert sha1(corp) not in (mac.settings() or {})


@pytest.mark.parametrize("language", ["de", "ja"])
def test_language(mac: Mac, language: str) -> None:
    """Texts of the bundle change with the language; function names and the tool's own texts do not."""
    mac.behave(language=language)
    done = mac.security("dump-trust-settings", "-d")
    function, _, text = done.stderr.partition(": ")
    assert (done.returncode, function) == (1, "SecTrustSettingsCopyCertificates")
    assert "No Trust" not in text
    assert mac.security("find-certificate", "-c", "x").stderr.startswith("security: SecKeychainSearchCopyNext: ")


def test_error(mac: Mac) -> None:
    """A code's text, decimal or hexadecimal."""
    assert "No Trust Settings were found." in mac.security("error", "-25263").stdout
    assert mac.security("error", hex(-25263 & 0xFFFFFFFF)).stdout == mac.security("error", "-25263").stdout


@pytest.mark.parametrize(
    ("how", "code", "written"), [("fails", 1, False), ("lies", 0, False), ("fails afterwards", 1, True)]
)
def test_sabotage(mac: Mac, corp: Root, how: str, code: int, *, written: bool) -> None:
    """Calls that change something misbehave as they are told; those that look do not."""
    mac.behave(sabotage=how)
    assert mac.security(*ADD, CORP).returncode == code
    assert (mac.keychain() == [corp.der], bool(mac.settings())) == (written, written)
    assert mac.security("find-certificate", "-a", SYSTEM_KEYCHAIN).returncode == 0


def test_a_lost_update(mac: Mac, corp: Root) -> None:
    """Settings are read before the dialog and written whole after it: another program's change meanwhile is lost."""
    other = make_root("Other")
    mac.throwaway.write("/tmp/other.crt", other.pem)
    mac.behave(answer="none")
    both = [mac.throwaway.popen([SECURITY, *ADD, path]) for path in (CORP, "/tmp/other.crt")]
    deadline = time.monotonic() + 30
    while mac.dialogs() < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    mac.behave(answer="accept")
    for one in both:
        one.communicate(timeout=30)
    assert [one.returncode for one in both] == [0, 0]
    assert {corp.der, other.der} == set(mac.keychain())
    assert len(mac.settings() or {}) == 1


# --- the machine around it ------------------------------------------------------------------------


def test_it_looks_like_a_mac(mac: Mac) -> None:
    """Version, console and session are where macOS has them."""
    root = mac.throwaway
    assert root.run(["sw_vers", "-productVersion"]).stdout == "15.0\n"
    assert root.run(["sw_vers"]).stdout.startswith("ProductName:\t\tmacOS\nProductVersion:\t\t15.0\nBuildVersion:\t\t")
    assert root.run(["stat", "-c", "%U", "/dev/console"]).stdout == "alice\n"
    assert root.run(["launchctl", "managername"]).stdout == "Aqua\n"
    mac.over_ssh()
    assert root.run(["stat", "-c", "%U", "/dev/console"]).stdout == "root\n"
    assert root.run(["launchctl", "managername"]).stdout == "Background\n"


def test_the_program_believes_it(mac: Mac) -> None:
    """The program under test runs, takes itself to be on macOS, and has nothing that only Linux has."""
    probe = (
        "import os, sys\n"
        "import trustinstall.__main__\n"
        "from trustinstall.host import Host\n"
        "trustinstall.__main__.main = lambda: print(Host.current().platform, hasattr(os, 'setresuid'))\n"
        f"sys.argv[0] = {mac.program()[-1]!r}\n"
        "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'))\n"
    )
    done = mac.throwaway.run(["/opt/trustinstall/bin/python", "-I", "-c", probe], check=True)
    assert done.stdout == "darwin False\n"
    assert mac.throwaway.run(["ls", "/proc"]).stdout == ""
    version = mac.throwaway.run(mac.program("--version"), user="alice", check=True)
    assert version.stdout.startswith("trustinstall ")


def test_nothing_is_changed_at_the_start(mac: Mac) -> None:
    """A Mac as it is delivered is the state that changes are compared with; looking changes only the log."""
    assert mac.throwaway.changes() == {}
    mac.security("find-certificate", "-a", SYSTEM_KEYCHAIN, check=True)
    assert set(mac.throwaway.changes()) == {machine.LOG}


# --- any input ------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.binary(max_size=50).map(lambda tail: make_seed()[:100] + tail))
def test_any_bytes_are_a_certificate_or_none(content: bytes) -> None:
    """Reading never fails in any other way than by saying that it is no certificate."""
    with contextlib.suppress(certs.BadCertificateError):
        decoded = certs.pem_decode(content) if certs.is_pem(content) else content
        assert certs.parse(decoded).der == decoded


@settings(max_examples=300, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=255))
def test_a_flipped_byte_is_no_surprise(where: int, flip: int) -> None:
    """A damaged certificate is read or refused."""
    der = bytearray(make_seed())
    der[where % len(der)] ^= flip
    with contextlib.suppress(certs.BadCertificateError):
        assert certs.parse(bytes(der)).sha1


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["trustList", "trustVersion", "AB"]), inner),
    )
)
def test_any_plist_is_a_record_or_none(found: object) -> None:
    """For any property list, the question has an answer; only dictionaries are records."""
    assert isinstance(found, dict) or not records.valid(found)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_keychain_or_none(content: bytes) -> None:
    """A broken file of the stand-in's own is said to be one; what it writes it reads."""
    for broken in (content, machine.pack_keychain([])[:25] + content, machine.pack_settings({})[:25] + content):
        for unpack in (machine.unpack_keychain, machine.unpack_settings):
            with contextlib.suppress(ValueError):
                json.dumps(unpack(broken), default=repr)
    assert machine.unpack_keychain(machine.pack_keychain([content])) == [content]


def make_seed() -> bytes:
    """The same certificate each time."""
    return _SEED.der


_SEED = make_root("Seed")
