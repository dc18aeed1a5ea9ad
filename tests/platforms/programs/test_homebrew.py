"""Homebrew's and MacPorts' bundles: found once each, and with the managed root after an upgrade, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import fake_host
from tests.support.fake_host import link, make, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.homebrew import Homebrew

BACKEND = Homebrew()
CORP, PUBLIC = make_root("Corp Root"), make_root("Public Root")
BUNDLE = "/opt/homebrew/etc/ca-certificates/cert.pem"


@pytest.fixture
def host(tmp_path: Path) -> ActingHost:
    """A Mac with Homebrew, whose OpenSSL's file is a link, as the formula makes it."""
    host = make(tmp_path, "alice", "/Users/alice", platform="darwin")
    write(host, BUNDLE, PUBLIC.pem)
    link(host, "/opt/homebrew/etc/openssl@3/cert.pem", "../ca-certificates/cert.pem")
    return host


def found(host: ActingHost) -> list[str]:
    """The bundles that are found."""
    return [one.location for one in BACKEND.discover(host, DiscoveryOptions())]


def change(host: ActingHost, *, trusted: bool = True) -> Outcome:
    """Run the engine to add or remove Corp Root."""
    (outcome,) = fake_host.change(host, [BACKEND], fake_host.wish(CORP.der, trusted=trusted))
    return outcome


def test_a_bundle_is_found_once(host: ActingHost) -> None:
    """However many links of its own prefix lead to it."""
    assert found(host) == [BUNDLE]


def test_every_prefix_has_its_own(host: ActingHost) -> None:
    """An Intel Mac's Homebrew, MacPorts, and an old OpenSSL that has a file of its own."""
    write(host, "/usr/local/etc/openssl/cert.pem", PUBLIC.pem)
    write(host, "/opt/local/share/curl/curl-ca-bundle.crt", PUBLIC.pem)
    link(host, "/opt/local/etc/openssl/cert.pem", "/opt/local/share/curl/curl-ca-bundle.crt")
    assert found(host) == [BUNDLE, "/usr/local/etc/openssl/cert.pem", "/opt/local/share/curl/curl-ca-bundle.crt"]
    assert [one.clients.split()[-1] for one in BACKEND.discover(host, DiscoveryOptions())] == [
        "Homebrew",
        "Homebrew",
        "MacPorts",
    ]


def test_what_leads_elsewhere_is_not_theirs(host: ActingHost) -> None:
    """A link to the system's bundle, or to nothing; and the same files on another system."""
    write(host, "/etc/ssl/cert.pem", PUBLIC.pem)
    link(host, "/usr/local/etc/openssl@3/cert.pem", "/etc/ssl/cert.pem")
    link(host, "/usr/local/etc/ca-certificates/cert.pem", "missing")
    assert found(host) == [BUNDLE]
    assert not found(ActingHost("linux", host.root, {}, host.account))


def test_linux_has_a_prefix_of_its_own(host: ActingHost) -> None:
    """Homebrew on Linux lives in linuxbrew's home."""
    write(host, "/home/linuxbrew/.linuxbrew/etc/ca-certificates/cert.pem", PUBLIC.pem)
    linux = ActingHost("linux", host.root, {}, host.account)
    assert found(linux) == ["/home/linuxbrew/.linuxbrew/etc/ca-certificates/cert.pem"]


def test_added_and_taken_out_to_the_byte(host: ActingHost) -> None:
    """A marked block goes in, and leaves nothing."""
    before = host.read(BUNDLE)
    assert change(host).result.name == "ADDED"
    assert CORP.pem in host.read(BUNDLE)
    assert change(host).result.name == "ALREADY"
    assert change(host, trusted=False).result.name == "REMOVED"
    assert host.read(BUNDLE) == before


def test_made_again_by_an_upgrade(host: ActingHost) -> None:
    """A root that Homebrew has taken from the keychain has no marker lines: it is left and named."""
    change(host)
    write(host, BUNDLE, CORP.pem + b"\n" + PUBLIC.pem)
    before, sha256 = host.read(BUNDLE), Certificate(CORP.der).sha256
    again = change(host)
    assert (again.result.name, again.foreign) == ("ALREADY", (sha256,))
    removed = change(host, trusted=False)
    assert (removed.result.name, removed.foreign) == ("FOREIGN", (sha256,))
    assert host.read(BUNDLE) == before


def test_put_back_after_an_upgrade(host: ActingHost) -> None:
    """An upgrade has dropped what only the account trusts: the next add puts it there again."""
    change(host)
    write(host, BUNDLE, PUBLIC.pem)
    assert change(host).result.name == "ADDED"


def test_a_strangers_copy_is_left(host: ActingHost) -> None:
    """A root that Homebrew took from the keychain before `add` is not managed."""
    write(host, BUNDLE, CORP.pem + PUBLIC.pem)
    before = host.read(BUNDLE)
    assert change(host).foreign == (Certificate(CORP.der).sha256,)
    assert change(host, trusted=False).result.name == "FOREIGN"
    assert host.read(BUNDLE) == before


def test_a_damaged_bundle_is_said(host: ActingHost) -> None:
    """And how to make it anew."""
    write(host, BUNDLE, PUBLIC.pem + b"-----BEGIN CERTIFICATE-----\n")
    failed = change(host)
    assert failed.result.name == "FAILED"
    assert "brew postinstall ca-certificates" in failed.detail
