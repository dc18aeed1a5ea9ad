"""What is a certificate, in which clothes, and the one sentence for everything else."""

from __future__ import annotations

import base64
import re
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from tests.support.der_writing import generalized_time, integer, name, oid, sequence, tlv, utc_time
from tests.support.extensions import Extension
from tests.support.keys import PrivateKey, make_key
from tests.support.pki import Root, make_root, to_pem
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.parsing import MOST_OCTETS, read_certificates
from trustinstall.errors import CertificateRefused

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = make_root("Corp Root G2")
OTHER = make_root("Other Root")
INTERMEDIATE = ROOT.intermediate("Issuing CA 1")
LEAF = INTERMEDIATE.issue("www.corp.test")
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
NO_PASSWORD = serialization.NoEncryption()
PASSWORD = serialization.BestAvailableEncryption(b"secret")


def private(
    key: PrivateKey, encoding: serialization.Encoding, form: str = "PKCS8", *, encrypted: bool = False
) -> bytes:
    """A private key in one of its many clothes."""
    raw: bytes = key.private_bytes(
        encoding, getattr(serialization.PrivateFormat, form), PASSWORD if encrypted else NO_PASSWORD
    )
    return raw


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    """What the openssl command prints."""
    program = shutil.which("openssl", path="/usr/bin:/bin:/usr/local/bin")
    assert program, "these tests need the openssl command (Debian: apt-get install openssl)"
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, check=True, timeout=30)
    return done.stdout


def trusted(*arguments: str) -> bytes:
    """The root as a TRUSTED CERTIFICATE with these settings."""
    return openssl("x509", "-trustout", *arguments, stdin=ROOT.pem)


def bundle(encoding: serialization.Encoding) -> bytes:
    """A PKCS#7 file of a root and an intermediate."""
    return pkcs7.serialize_certificates([ROOT.certificate, INTERMEDIATE.certificate], encoding)


def csr(encoding: serialization.Encoding) -> bytes:
    """A certificate request."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    request = x509.CertificateSigningRequestBuilder().subject_name(ROOT.certificate.subject)
    return request.sign(ROOT.key, hashes.SHA256()).public_bytes(encoding)


def crl(encoding: serialization.Encoding) -> bytes:
    """A revocation list."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    made = ROOT.certificate
    listing = x509.CertificateRevocationListBuilder().issuer_name(made.subject)
    listing = listing.last_update(made.not_valid_before_utc).next_update(made.not_valid_after_utc)
    return listing.sign(ROOT.key, hashes.SHA256()).public_bytes(encoding)


def public(encoding: serialization.Encoding, form: str = "SubjectPublicKeyInfo", key: PrivateKey = ROOT.key) -> bytes:
    """A public key."""
    raw: bytes = key.public_key().public_bytes(encoding, getattr(serialization.PublicFormat, form))
    return raw


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


def odd(**changes: Any) -> Callable[[], bytes]:  # noqa: ANN401 -- what `make_root` takes
    """The PEM of a root that is odd in these ways."""
    return lambda: make_root(**changes).pem


KEY = "it holds a private key"
CSR = "it is a certificate request (CSR)"
CRL = "it is a revocation list (CRL)"
PUBLIC = "it is a bare public key"
SSH = "it is an SSH key"
PKCS12 = "it is a PKCS#12 file"
CUT = "is damaged or cut off"
STRICT = "strict parsers"
NOTHING = "it holds no certificate"
MARKER = "is not on a line of its own"

BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "it is empty"),
    "blanks": (lambda: b" \r\n\t\n", "it is empty"),
    "text": (lambda: b"hello\n", NOTHING),
    "zeros": (lambda: bytes(5000), NOTHING),
    "too large": (lambda: ROOT.pem + bytes(MOST_OCTETS), "it is larger than 1 MiB"),
    "web page": (lambda: b"\n<!DOCTYPE html>\n<html><body>Log in", "it is a web page"),
    "old web page": (lambda: b"<HTML><BODY>Log in", "it is a web page"),
    "base64 alone": (lambda: base64.encodebytes(ROOT.der), "it is base64 without a BEGIN line"),
    "UTF-16": (lambda: ROOT.pem.decode().encode("utf-16"), "it is UTF-16 text"),
    "UTF-16, the other way": (lambda: b"\xfe\xff" + ROOT.pem.decode().encode("utf-16-be"), "it is UTF-16 text"),
    "UTF-16 without a mark": (lambda: ROOT.pem.decode().encode("utf-16-le"), "it is UTF-16 text"),
    "UTF-16 of a key": (lambda: ROOT.key_pem.decode().encode("utf-16-be"), "it is UTF-16 text"),
    "ZIP": (lambda: b"PK\x03\x04rest", "it is a ZIP archive"),
    "gzip": (lambda: b"\x1f\x8b\x08rest", "it is a gzip archive"),
    "Java keystore": (lambda: b"\xfe\xed\xfe\xed\0\0\0\2", "it is a Java keystore"),
    # Keys, wherever and however they stand.
    "key beside": (lambda: ROOT.pem + ROOT.key_pem, KEY),
    "key before": (lambda: ROOT.key_pem + ROOT.pem, KEY),
    "key alone": (lambda: ROOT.key_pem, KEY),
    "encrypted key": (lambda: ROOT.pem + private(ROOT.key, PEM, encrypted=True), KEY),
    "old RSA key": (lambda: ROOT.pem + private(make_key("rsa2048"), PEM, "TraditionalOpenSSL"), KEY),
    "old encrypted RSA key": (lambda: private(make_key("rsa2048"), PEM, "TraditionalOpenSSL", encrypted=True), KEY),
    "old EC key": (lambda: ROOT.pem + private(ROOT.key, PEM, "TraditionalOpenSSL"), KEY),
    "old DSA key": (lambda: ROOT.pem + private(make_key("dsa"), PEM, "TraditionalOpenSSL"), KEY),
    "OpenSSH key": (lambda: ROOT.pem + private(ROOT.key, PEM, "OpenSSH"), KEY),
    "SSH2 key": (lambda: ROOT.pem + b"---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n", KEY),
    "PGP key": (lambda: ROOT.pem + b"-----BEGIN PGP PRIVATE KEY BLOCK-----\nAAAA\n", KEY),
    "PuTTY key": (lambda: b"PuTTY-User-Key-File-3: ssh-rsa\n", KEY),
    "key in JSON": (lambda: ROOT.pem + b'{"key": "-----BEGIN RSA PRIVATE KEY-----\\nMII"}\n', KEY),
    "key whose end is missing": (lambda: ROOT.pem + ROOT.key_pem[:60], KEY),
    "key with a made-up label": (lambda: to_pem(private(ROOT.key, DER)), KEY),
    "DER PKCS#8": (lambda: private(ROOT.key, DER), KEY),
    "DER PKCS#8 Ed25519, short": (lambda: private(make_key("ed25519"), DER), KEY),
    "DER PKCS#8 encrypted": (lambda: private(ROOT.key, DER, encrypted=True), KEY),
    "DER PKCS#1": (lambda: private(make_key("rsa2048"), DER, "TraditionalOpenSSL"), KEY),
    "DER EC": (lambda: private(ROOT.key, DER, "TraditionalOpenSSL"), KEY),
    "DER DSA": (lambda: private(make_key("dsa"), DER, "TraditionalOpenSSL"), KEY),
    "PKCS#12": (
        lambda: pkcs12.serialize_key_and_certificates(b"x", ROOT.key, ROOT.certificate, None, PASSWORD),
        PKCS12,
    ),
    "PKCS#12 in PEM's clothes": (
        lambda: to_pem(pkcs12.serialize_key_and_certificates(b"x", ROOT.key, None, None, NO_PASSWORD), "PKCS12"),
        'is of type "PKCS12"',
    ),
    # What people take for a certificate.
    "CSR": (lambda: csr(PEM), CSR),
    "CSR in DER": (lambda: csr(DER), CSR),
    "CSR, old label": (lambda: to_pem(csr(DER), "NEW CERTIFICATE REQUEST"), CSR),
    "CSR under a wrong label": (lambda: to_pem(csr(DER)), CSR),
    "CSR beside": (lambda: ROOT.pem + csr(PEM), CSR),
    "CRL": (lambda: crl(PEM), CRL),
    "CRL in DER": (lambda: crl(DER), CRL),
    "CRL beside": (lambda: ROOT.pem + crl(PEM), CRL),
    "public key": (lambda: public(PEM), PUBLIC),
    "public key in DER": (lambda: public(DER), PUBLIC),
    "RSA public key": (lambda: public(PEM, "PKCS1", make_key("rsa2048")), PUBLIC),
    "RSA public key in DER": (lambda: public(DER, "PKCS1", make_key("rsa2048")), PUBLIC),
    "SSH public key": (lambda: public(serialization.Encoding.OpenSSH, "OpenSSH"), SSH),
    "parameters": (lambda: ROOT.pem + to_pem(b"0\0", "DH PARAMETERS"), 'is of type "DH PARAMETERS"'),
    "PKCS#7 without certificates": (
        lambda: openssl("crl2pkcs7", "-in", "/dev/stdin", stdin=crl(PEM)),
        "no certificates can be read",
    ),
    "PKCS#7 of another kind": (
        lambda: sequence(oid("1.2.840.113549.1.7.1"), tlv(0xA0, tlv(0x04, b"x" * 200))),
        "no certificates can be read",
    ),
    "TRUSTED CERTIFICATE rejected": (lambda: trusted("-addreject", "serverAuth"), "not to be trusted for servers"),
    "TRUSTED CERTIFICATE for any, rejected": (
        lambda: trusted("-addreject", "anyExtendedKeyUsage"),
        "not to be trusted for servers",
    ),
    "TRUSTED CERTIFICATE for mail": (lambda: trusted("-addtrust", "emailProtection"), "not to be trusted for servers"),
    "TRUSTED CERTIFICATE with junk": (
        lambda: to_pem(ROOT.der + b"\x30\x05xx", "TRUSTED CERTIFICATE"),
        "not to be trusted for servers",
    ),
    "TRUSTED CERTIFICATE that is empty inside": (lambda: to_pem(b"\x30", "TRUSTED CERTIFICATE"), CUT),
    # Damage.
    "no end": (lambda: ROOT.pem[:-30], CUT),
    "no end, then another": (lambda: ROOT.pem[:-30] + b"\n" + OTHER.pem, CUT),
    "no beginning": (lambda: OTHER.pem + ROOT.pem.split(b"\n", 3)[3], CUT),
    "a line is missing": (lambda: ROOT.pem.replace(ROOT.pem.split(b"\n")[3] + b"\n", b""), CUT),
    "half a line is missing": (lambda: ROOT.pem.replace(ROOT.pem.split(b"\n")[3], b"AAA"), CUT),
    "not base64": (lambda: ROOT.pem.replace(b"M", b"!", 1), CUT),
    "nothing between": (lambda: to_pem(b""), CUT),
    "labels differ": (lambda: ROOT.pem.replace(b"END CERT", b"END X509 CERT"), CUT),
    "headers inside": (lambda: ROOT.pem.replace(b"-----\n", b"-----\nProc-Type: 4,X\n\n", 1), CUT),
    "nested beginnings": (lambda: b"-----BEGIN CERTIFICATE-----\n" * 3 + ROOT.pem, CUT),
    "damaged after a good one": (lambda: OTHER.pem + ROOT.pem[:-30], CUT),
    "indented": (lambda: ROOT.pem.replace(b"-----B", b"  -----B").replace(b"-----E", b"  -----E"), MARKER),
    "another, indented": (
        lambda: OTHER.pem + ROOT.pem.replace(b"-----B", b" -----B").replace(b"-----E", b" -----E"),
        MARKER,
    ),
    "DER cut off": (lambda: ROOT.der[:-1], CUT),
    "DER cut off early": (lambda: ROOT.der[:3], CUT),
    "DER of one octet": (lambda: b"\x30", CUT),
    "DER cut off inside PEM": (lambda: to_pem(ROOT.der[:-5]), CUT),
    "two in DER": (lambda: ROOT.der + OTHER.der, "octets after its end"),
    "two in one block": (lambda: to_pem(ROOT.der + OTHER.der), "octets after its end"),
    "DER and a PEM key": (lambda: ROOT.der + ROOT.key_pem, "octets after its end"),
    "a SEQUENCE of nothing": (lambda: to_pem(b"\x30\0"), STRICT),
    "junk in a SEQUENCE": (lambda: tlv(0x30, b"\x31\x82" + bytes(300)), STRICT),
    # What one parser takes and another does not.
    "invalid UTF-8": (odd(subject=name(("2.5.4.3", 0x0C, b"M\xfcller"))), "OpenSSL cannot load"),
    "BOOLEAN 01": (odd(true=1), STRICT),
    "PrintableString with Latin-1": (odd(subject=name(("2.5.4.3", 0x13, b"M\xfcller"))), STRICT),
    "BMPString of odd length": (odd(subject=name(("2.5.4.3", 0x1E, b"abc"))), STRICT),
    "version 2": (odd(version=2), STRICT),
    "version 4": (odd(version=4), STRICT),
    "something after the extensions": (odd(tail=b"\x05\0"), STRICT),
    "an extension twice": (odd(extensions=[Extension("2.5.29.14", b"\x04\x01a")]), STRICT),
    "an extension that is junk": (odd(extensions=[Extension("2.5.29.30", b"junk")]), STRICT),
    "a key of no known kind": (odd(public_key=sequence(sequence(oid("1.2.3.4")), tlv(3, b"\0abc"))), STRICT),
    "a key that is off its curve": (
        odd(
            public_key=sequence(
                sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), tlv(3, b"\0\4" + b"\1" * 64)
            )
        ),
        STRICT,
    ),
    "an RSA key of nothing": (
        odd(
            public_key=sequence(
                sequence(oid("1.2.840.113549.1.1.1"), tlv(5)), tlv(3, b"\0" + sequence(integer(0), integer(0)))
            )
        ),
        STRICT,
    ),
    "a time without seconds": (odd(validity=sequence(tlv(0x17, b"2001010000Z"), tlv(0x17, b"4001010000Z"))), STRICT),
    "a time with a zone": (
        odd(validity=sequence(tlv(0x17, b"200101000000+0100"), tlv(0x17, b"400101000000+0100"))),
        STRICT,
    ),
    "the year nought": (
        odd(validity=sequence(tlv(0x18, b"00000101000000Z"), tlv(0x18, b"20400101000000Z"))),
        "the certificate's time 0000",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_refuses(case: str) -> None:
    """Everything else is refused in one printable sentence that names the input, and shows no secret."""
    data, expected = BAD[case]
    raw = data()
    with pytest.raises(CertificateRefused) as caught:
        read_certificates(raw, "/srv/corp\x1b[31m.crt")
    text = str(caught.value)
    assert expected in text
    assert text.startswith(r"/srv/corp\x1b[31m.crt: ")
    assert text.endswith("; no option lifts this") == caught.value.judged
    assert caught.value.judged == (expected in {STRICT, "OpenSSL cannot load"})
    assert not caught.value.allowed_as
    assert text.isprintable()
    assert len(text) < 600
    assert ";" in text
    secrets = re.findall(rb"[A-Za-z0-9+/]{40,}", raw)
    assert not [each for each in secrets if each[:20] in text.encode()]


def test_names_the_line() -> None:
    """A damaged block is found by the line it begins in."""
    with pytest.raises(CertificateRefused, match="the PEM block in line 5 is damaged"):
        read_certificates(b"a\nb\nc\nd\n" + ROOT.pem[:-30], "x")


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
