"""What is a certificate, in every encoding and with everything that may stand beside it."""

from __future__ import annotations

import base64
import ssl
from typing import TYPE_CHECKING

import pytest

from tests.support.der_writing import generalized_time, name, sequence, utc_time
from tests.support.pki import Root, make_root, to_pem
from tests.unit.certificates.encodings import DER, INTERMEDIATE, OTHER, PEM, ROOT, bundle, openssl, trusted
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.parsing import read_certificates

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD: dict[str, tuple[Callable[[], bytes], tuple[Root, ...]]] = {
    "PEM": (lambda: ROOT.pem, (ROOT,)),
    "DER": (lambda: ROOT.der, (ROOT,)),
    "PEM with CRLF": (lambda: to_pem(ROOT.der, newline="\r\n"), (ROOT,)),
    "PEM with CR alone": (lambda: to_pem(ROOT.der, newline="\r"), (ROOT,)),
    "PEM without a last line break": (ROOT.pem.rstrip, (ROOT,)),
    "PEM with a byte-order mark": (lambda: b"\xef\xbb\xbf" + ROOT.pem, (ROOT,)),
    "two files with byte-order marks joined": (
        lambda: b"\xef\xbb\xbf" + ROOT.pem + b"\xef\xbb\xbf" + OTHER.pem,
        (ROOT, OTHER),
    ),
    "PEM after UTF-8 text": (lambda: "Größe: 日本\n".encode() + ROOT.pem, (ROOT,)),
    "PEM after Latin-1 text": (lambda: b"M\xfcller\n" + ROOT.pem + b"Gr\xfc\xdfe\n", (ROOT,)),
    "PEM after bag attributes": (
        lambda: b"Bag Attributes\n    friendlyName: x\nsubject=CN = x\n" + ROOT.pem,
        (ROOT,),
    ),
    "openssl x509 -text": (lambda: openssl("x509", "-text", stdin=ROOT.pem), (ROOT,)),
    "text that begins with a nought": (lambda: b"0 s:CN = x\n" + ROOT.pem, (ROOT,)),
    "PEM on one line": (
        lambda: b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(ROOT.der) + b"\n-----END CERTIFICATE-----\n",
        (ROOT,),
    ),
    "PEM with trailing blanks": (lambda: ROOT.pem.replace(b"\n", b" \t\n"), (ROOT,)),
    "X509 CERTIFICATE": (lambda: to_pem(ROOT.der, "X509 CERTIFICATE"), (ROOT,)),
    "TRUSTED CERTIFICATE": (trusted, (ROOT,)),
    "TRUSTED CERTIFICATE with an alias": (lambda: trusted("-setalias", "corp"), (ROOT,)),
    "TRUSTED CERTIFICATE for servers": (lambda: trusted("-addtrust", "serverAuth"), (ROOT,)),
    "TRUSTED CERTIFICATE not for mail": (lambda: trusted("-addreject", "emailProtection"), (ROOT,)),
    "PKCS#7 PEM": (lambda: bundle(PEM), (ROOT, INTERMEDIATE)),
    "PKCS#7 DER": (lambda: bundle(DER), (ROOT, INTERMEDIATE)),
    "DER and a line break": (lambda: ROOT.der + b"\n", (ROOT,)),
    "DER and a line break of Windows": (lambda: ROOT.der + b"\r\n", (ROOT,)),
    "DER filled up with zeros": (lambda: ROOT.der + bytes(4096 - len(ROOT.der)), (ROOT,)),
    "DER filled up inside PEM": (lambda: to_pem(ROOT.der + bytes(64)), (ROOT,)),
    "PKCS#7 DER and a line break": (lambda: bundle(DER) + b"\n", (ROOT, INTERMEDIATE)),
    "PKCS#7 by openssl": (
        lambda: openssl("crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", stdin=ROOT.pem + OTHER.pem),
        (ROOT, OTHER),
    ),
    "several, in order, each once": (
        lambda: OTHER.pem + ROOT.pem + OTHER.pem + INTERMEDIATE.pem,
        (OTHER, ROOT, INTERMEDIATE),
    ),
}


@pytest.mark.parametrize("case", GOOD)
def test_reads(case: str) -> None:
    """Every form in which people have certificates is read, in order and without doubles."""
    data, expected = GOOD[case]
    found = read_certificates(data(), "corp.crt")
    # A SET in PKCS#7 is sorted by its encoding: there the order is not the file's.
    order = sorted if case.startswith("PKCS#7") else list
    assert order(each.der for each in expected) == order(each.der for each in found)


@pytest.mark.parametrize("case", GOOD)
def test_writes_canonical_pem(case: str) -> None:
    """For any input, the output is plain PEM that OpenSSL loads, and that reads as itself."""
    for found in read_certificates(GOOD[case][0](), "corp.crt"):
        lines = found.pem.decode("ascii").split("\n")
        assert lines[0] == "-----BEGIN CERTIFICATE-----"
        assert lines[-2:] == ["-----END CERTIFICATE-----", ""]
        assert {64} == {len(line) for line in lines[1:-3]}
        assert 0 < len(lines[-3]) <= 64
        assert (found,) == read_certificates(found.pem, "again")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=found.pem.decode("ascii"))
        assert [found.der] == context.get_ca_certs(binary_form=True)


@pytest.mark.parametrize(
    "subject",
    [
        name(("2.5.4.3", 0x14, "Müller".encode("latin-1"))),
        name(("2.5.4.3", 0x1E, "Müller".encode("utf-16-be"))),
        name(("2.5.4.3", 0x1C, "Müller".encode("utf-32-be"))),
        name(("2.5.4.3", 0x0C, "Müller".encode())),
    ],
    ids=["T61String", "BMPString", "UniversalString", "UTF8String"],
)
def test_reads_every_encoding_of_a_name(subject: bytes) -> None:
    """All string types are shown alike, those whose subject `cryptography` does not decode too."""
    (found,) = read_certificates(make_root(subject=subject).der, "x")
    assert found.subject == "CN=Müller"
    assert found.name == "Müller"
    assert found.slug == "muller"


@pytest.mark.parametrize("serial", [0, -1, -(1 << 70), 1, 1 << 200])
def test_takes_any_serial_number(serial: int) -> None:
    """Serial numbers that RFC 5280 forbids are taken without a word on standard error, as OpenSSL takes them."""
    made = make_root(serial=serial)
    assert (Certificate(made.der),) == read_certificates(made.der, "x")


def test_takes_times_of_both_types() -> None:
    """UTCTime and GeneralizedTime mean what RFC 5280 says, the century included."""
    from datetime import datetime, timezone

    start = datetime(1997, 2, 3, 4, 5, 6, tzinfo=timezone.utc)
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    made = make_root(validity=sequence(utc_time(start), generalized_time(end)))
    (found,) = read_certificates(made.der, "x")
    assert (start, end) == (found.not_before, found.not_after)
