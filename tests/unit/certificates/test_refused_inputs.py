"""Inputs that hold no certificate, or hold it damaged: each is refused in words that say what it is."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.support.der_writing import integer, name, oid, sequence, tlv
from tests.support.extensions import Extension
from tests.support.keys import make_key
from tests.support.pki import make_root, to_pem
from tests.unit.certificates.encodings import (
    DER,
    NO_PASSWORD,
    OTHER,
    PASSWORD,
    PEM,
    ROOT,
    crl,
    csr,
    openssl,
    private,
    public,
    trusted,
)
from trustinstall.certificates.parsing import MOST_OCTETS, read_certificates
from trustinstall.errors import CertificateRefused

if TYPE_CHECKING:
    from collections.abc import Callable


def odd(**changes: Any) -> Callable[[], bytes]:  # noqa: ANN401 -- what `make_root` takes
    """The PEM of a root that is odd in these ways."""
    return lambda: make_root(**changes).pem


KEY = "it holds a private key"
CSR = "it is a certificate request (CSR)"
CRL = "it is a revocation list (CRL)"
PUBLIC = "it is a bare public key"
SSH = "it is an SSH key"
CUT = "is damaged or cut off"
STRICT = "strict parsers"
NOTHING = "it holds no certificate"
PKCS12 = "it is a PKCS#12 file"
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
