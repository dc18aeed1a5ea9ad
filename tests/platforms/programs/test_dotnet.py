""".NET's store of an account: made for the first root, gone with the last, and no file of others is taken."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from tests.support import fake_host
from tests.support.fake_host import played, program, write
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions
from trustinstall_platforms.programs.dotnet import DotNet

HOME = "/home/alice"
PLACE = f"{HOME}/.dotnet/corefx/cryptography/x509stores/root"
KEY = rsa.generate_private_key(65537, 2048)
CORP, OTHER = Certificate(make_root("Corp Root", key=KEY).der), Certificate(make_root("Other Root").der)
THUMBPRINT = hashlib.sha1(CORP.der, usedforsecurity=False).hexdigest().upper()
THEIRS = f"{PLACE}/{THUMBPRINT}.pfx"


@pytest.fixture
def host() -> Iterator[ActingHost]:
    """A Linux with .NET, and alice, who has never used it."""
    with played() as host:
        program(host, "/usr/bin/dotnet")
        Path(host.where(HOME)).mkdir(parents=True)
        yield host


def change(host: ActingHost, *, trusted: bool = True, adopt: bool = False) -> Outcome:
    """Run the engine for her store."""
    wish = replace(fake_host.wish(CORP.der, trusted=trusted), adopt=adopt)
    (outcome,) = fake_host.change(host, [DotNet()], wish)
    return outcome


def pfx(*certificates: Certificate, password: bytes | None = None, key: rsa.RSAPrivateKey | None = None) -> bytes:
    """A file as .NET or a person makes it."""
    first, *more = (x509.load_der_x509_certificate(one.der) for one in certificates)
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(None, key, first, more, encryption)


def test_it_comes_and_goes_without_a_trace(host: ActingHost) -> None:
    """The file is one that .NET reads and finds by the thumbprint; it and its directories go with the root."""
    assert change(host).result is Result.ADDED
    (name,) = host.names(PLACE)
    assert name == f"{THUMBPRINT}.trustinstall.pfx"
    found = pkcs12.load_pkcs12(host.read(f"{PLACE}/{name}"), None)
    assert [one.certificate for one in found.additional_certs] == [x509.load_der_x509_certificate(CORP.der)]
    assert change(host).result is Result.ALREADY
    assert change(host, trusted=False).result is Result.REMOVED
    assert host.status(f"{HOME}/.dotnet") is None


def test_a_copy_of_others_stays(host: ActingHost) -> None:
    """A root that a program has put there is trusted already, is left by `remove`, and goes where that is asked for."""
    write(host, THEIRS, pfx(CORP))
    assert (change(host).result, change(host, trusted=False).result) == (Result.ALREADY, Result.FOREIGN)
    assert change(host, trusted=False, adopt=True).result is Result.REMOVED
    assert host.names(PLACE) == []


@pytest.mark.parametrize(
    "content",
    [pfx(CORP, password=b"secret"), pfx(CORP, OTHER), CORP.pem, b""],
    ids=["a password", "several", "no PKCS#12", "empty"],
)
def test_what_net_does_not_read(host: ActingHost, content: bytes) -> None:
    """A file that .NET cannot open, or of which it takes one that is not known, is no copy, and stays."""
    write(host, THEIRS, content)
    assert change(host).result is Result.ADDED
    assert change(host, trusted=False).result is Result.REMOVED
    assert host.read(THEIRS) == content


def test_a_private_key_is_not_deleted(host: ActingHost) -> None:
    """A file with the certificate's key stays, also where copies of others are to go."""
    write(host, THEIRS, pfx(CORP, key=KEY))
    assert change(host).result is Result.ALREADY
    outcome = change(host, trusted=False, adopt=True)
    assert (outcome.result, "private key" in outcome.detail) == (Result.FAILED, True)


def test_where_it_is() -> None:
    """No .NET, no store; and none on macOS, where .NET reads the keychains, nor for root."""
    for home, platform, used in ((HOME, "linux", False), ("/Users/alice", "darwin", True)):
        with played(home, platform=platform) as host:
            Path(host.where(f"{home}/.dotnet" if used else home)).mkdir(parents=True)
            assert list(DotNet().discover(host, DiscoveryOptions())) == []


@given(st.binary(max_size=300), st.integers(0, 900), st.binary(min_size=1, max_size=3))
def test_no_file_is_too_odd(data: bytes, at: int, change: bytes) -> None:
    """Looking at any bytes, or at a damaged file, ends."""
    whole = pfx(CORP)
    for content in (data, whole[:at] + change + whole[at + len(change) :]):
        assert len(DotNet().ders(content)) <= 1
