"""The stand-in for macOS's `security` writes, imports and applies trust settings as the real tool does.

Where a Mac is at hand, `scripts/record-macos` says whether the real tool does the same.
"""

from __future__ import annotations

import plistlib
from typing import Any

import pytest

from tests.end_to_end.sandbox.macos.calls import ADD, CORP, PLIST, exported, said, sha1
from tests.support.macos.mac import Mac
from tests.support.macos.standin import certs
from tests.support.pki import Root, make_root

pytestmark = pytest.mark.timeout(300)


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
    settings: Any = exported(mac, "-d")[sha1(corp)]["trustSettings"]
    assert len(settings) == 128


def test_user_settings_may_be_disabled(mac: Mac, corp: Root) -> None:
    """Then what a user trusts has no effect."""
    mac.security("add-trusted-cert", "-k", mac.login_keychain(), CORP, user="alice", check=True)
    assert mac.security("user-trust-settings-enable").stdout == "User-level Trust Settings are Enabled\n"
    assert mac.security("user-trust-settings-enable", "-d", user="alice").returncode == 1
    mac.security("user-trust-settings-enable", "-d", check=True)
    assert mac.security("user-trust-settings-enable").stdout == "User-level Trust Settings are Disabled\n"
    assert mac.security("verify-cert", "-l", "-c", CORP, user="alice").returncode == 1
    assert sha1(corp) in (mac.settings("alice") or {})
