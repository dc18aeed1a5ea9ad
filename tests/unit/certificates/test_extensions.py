"""Roots with extensions that OpenSSL finds invalid: it loads them, and then refuses every chain below them."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import certifi
import pytest

from tests.support.der_writing import oid, sequence
from tests.support.extensions import Extension
from tests.support.pki import Root, make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import Held, take_held
from trustinstall.certificates.parsing import read_certificates
from trustinstall.certificates.pem import pem_blocks
from trustinstall.certificates.vetting import ALLOWABLE
from trustinstall.errors import CertificateRefused

_PROXY = "1.3.6.1.5.5.7.1.14"  # RFC 3820
_ANY_POLICY = sequence(sequence(oid("1.3.6.1.5.5.7.21.1")))
_NULL = b"\x05\0"

INVALID = {
    "proxy certificate": (Extension(_PROXY, _ANY_POLICY), "a proxy certificate (RFC 3820)"),
    "proxy certificate, damaged": (Extension(_PROXY, _NULL), "a proxy certificate (RFC 3820)"),
    "address blocks": (Extension("1.3.6.1.5.5.7.1.7", _NULL), "an extension that OpenSSL finds invalid"),
    "numbers of networks": (Extension("1.3.6.1.5.5.7.1.8", _NULL), "an extension that OpenSSL finds invalid"),
    "Netscape's type": (Extension("2.16.840.1.113730.1.1", _NULL), "an extension that OpenSSL finds invalid"),
}


def _accepted_by_openssl(root: Root, directory: Path) -> bool:
    """Whether `openssl verify` takes a server's certificate under the root."""
    program = shutil.which("openssl", path="/usr/bin:/bin:/usr/local/bin")
    assert program, "this test needs the openssl command (Debian: apt-get install openssl)"
    (directory / "root.pem").write_bytes(root.pem)
    (directory / "leaf.pem").write_bytes(root.issue("www.corp.test").pem)
    words = [program, "verify", "-CAfile", "root.pem", "leaf.pem"]
    return subprocess.run(words, cwd=directory, capture_output=True, check=False, timeout=30).returncode == 0


@pytest.mark.parametrize("case", INVALID)
def test_an_invalid_extension_is_refused(case: str, tmp_path: Path) -> None:
    """Where OpenSSL refuses all chains below a root because of an extension, no option makes trustinstall take it."""
    extension, words = INVALID[case]
    made = make_root("Corp", extensions=[extension])
    assert not _accepted_by_openssl(made, tmp_path)
    with pytest.raises(CertificateRefused, match="refuse every chain") as caught:
        read_certificates(made.pem, "corp.crt")
    assert words in caught.value.reason
    assert not caught.value.allowed_as
    with pytest.raises(CertificateRefused, match="refuse every chain"):
        take_held([Held(Certificate(made.der), "debian")], datetime.now(timezone.utc), allow=ALLOWABLE)


def test_a_refusal_leaves_no_trace(tmp_path: Path) -> None:
    """What OpenSSL has noted of an invalid certificate is not taken for an error of the next, sound one."""
    bad, good = make_root("Bad", extensions=[Extension(_PROXY, _ANY_POLICY)]), make_root("Good")
    assert _accepted_by_openssl(good, tmp_path)
    with pytest.raises(CertificateRefused):
        read_certificates(bad.pem, "bad.crt")
    assert read_certificates(good.pem, "good.crt") == (Certificate(good.der),)
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=good.der)


def test_certificates_below_a_root_are_not_meant() -> None:
    """A certificate that does not claim to sign others is read, although OpenSSL finds no authority in it."""
    root = make_root("Corp")
    for made in (root.issue("www.corp.test"), make_root("Other", usage=["crl_sign"])):
        assert read_certificates(made.pem, "x") == (Certificate(made.der),)


def test_public_roots_are_read() -> None:
    """No public root is refused."""
    data = Path(certifi.where()).read_bytes()
    ders = [block.der for block in pem_blocks(data)]
    assert len(ders) > 100
    assert [one.der for one in read_certificates(data, "certifi")] == ders
