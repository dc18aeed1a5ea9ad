"""What people pass in place of a certificate: each has a sentence that says what it is and what to do."""

from __future__ import annotations

import base64
import json
import plistlib
import sqlite3
import subprocess
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.intake import take
from trustinstall.certificates.parsing import read_certificates
from trustinstall.certificates.vetting import ALLOWABLE
from trustinstall.errors import CertificateRefused

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT, OTHER = make_root("Corp Root G2"), make_root("Other Root")
LEAF = ROOT.issue("www.corp.test")
HEX = ROOT.der.hex()
PAIRS = [HEX[at : at + 2] for at in range(0, len(HEX), 2)]


def _lines(width: int, separator: str = " ", number: str = "") -> bytes:
    """Hexadecimal digits in lines, each with its offset where `number` is its format."""
    rows = range(0, len(PAIRS), width)
    return "".join(number.format(at) + separator.join(PAIRS[at : at + width]) + "\n" for at in rows).encode()


def _dashes(begin: str, end: str | None = None) -> bytes:
    text = ROOT.pem.decode().replace("-----B", f"{begin}B").replace("-----E", f"{begin}E")
    return text.replace("E-----", f"E{begin if end is None else end}").encode()


def _secret() -> bytes:
    """A Kubernetes Secret, as `kubectl get secret -o json` prints one."""
    data = {"ca.crt": base64.b64encode(ROOT.pem).decode()}
    return json.dumps({"apiVersion": "v1", "data": data, "kind": "Secret"}, indent=4).encode()


def _profile() -> bytes:
    payload = {"PayloadType": "com.apple.security.root", "PayloadContent": ROOT.der, "PayloadVersion": 1}
    return plistlib.dumps({"PayloadContent": [payload], "PayloadType": "Configuration", "PayloadVersion": 1})


def _signed(content: bytes) -> bytes:
    """What a vendor has signed, as DER."""
    made = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(LEAF.certificate, LEAF.key, hashes.SHA256())  # type: ignore[arg-type]  # an EC key
    return made.sign(serialization.Encoding.DER, [])


def _signed_by_openssl(content: bytes, directory: Path) -> bytes:
    """The same by the openssl command, which writes BER without lengths."""
    (directory / "key.pem").write_bytes(LEAF.key_pem + LEAF.pem)
    words = ["openssl", "cms", "-sign", "-nodetach", "-binary", "-stream", "-outform", "DER", "-signer", "key.pem"]
    return subprocess.run(words, cwd=directory, input=content, capture_output=True, check=True, timeout=30).stdout


def _registry() -> bytes:
    blob = ",".join(PAIRS)
    key = r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates\AB]"
    return f'Windows Registry Editor Version 5.00\r\n\r\n{key}\r\n"Blob"=hex:{blob}\r\n'.encode("utf-16")


def _database(directory: Path) -> bytes:
    with sqlite3.connect(directory / "cert9.db") as connection:
        connection.execute("create table nssPublic (id)")
    return (directory / "cert9.db").read_bytes()


AGAIN = "written in base64 once more"
PROFILE = "it is a configuration profile"
DIGITS = "hexadecimal digits"
DASHES = "typographic dashes"
FIVE = "five hyphens"
UNSEEN = "invisible character"
GLUED = "two PEM blocks in it stand on one line"
LOST = "its line breaks are lost"
ESCAPED = r"written as \n"
OWN_LINE = "is not on a line of its own"

CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    # Encoded once more.
    "base64 of a PEM": (lambda: base64.b64encode(ROOT.pem), AGAIN),
    "base64 of a PEM, in lines": (lambda: base64.encodebytes(ROOT.pem), AGAIN),
    "a Kubernetes Secret": (_secret, AGAIN),
    "a kubeconfig": (
        lambda: b"clusters:\n- cluster:\n    certificate-authority-data: " + base64.b64encode(ROOT.pem) + b"\n",
        AGAIN,
    ),
    "base64 of PKCS#7": (
        lambda: base64.encodebytes(pkcs7.serialize_certificates([ROOT.certificate], serialization.Encoding.DER)),
        "PKCS#7 in base64",
    ),
    "base64 of PKCS#12": (
        lambda: base64.encodebytes(
            pkcs12.serialize_key_and_certificates(b"x", ROOT.key, ROOT.certificate, None, serialization.NoEncryption())
        ),
        "PKCS#12 file",
    ),
    "base64 of a key": (
        lambda: base64.encodebytes(
            ROOT.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        ),
        "private key",
    ),
    "hex": (HEX.encode, DIGITS),
    "hex, capitals and colons": (lambda: ":".join(PAIRS).upper().encode(), DIGITS),
    "hex, in pairs": (lambda: _lines(16), DIGITS),
    "hex, as xxd prints": (lambda: _lines(16, number="{:08x}: "), DIGITS),
    "hex, as hexdump prints": (lambda: _lines(16, number="{:08x}  "), DIGITS),
    "hex, as in C": (lambda: "0x".join(["", *(f"{one}, " for one in PAIRS)]).encode(), DIGITS),
    "hex, as in Python": (("b'" + "".join(rf"\x{one}" for one in PAIRS) + "'").encode, DIGITS),
    "a fingerprint": (ROOT.sha256.encode, "it is a fingerprint"),
    "a fingerprint by openssl": (
        lambda: b"sha256 Fingerprint=" + ":".join(ROOT.sha256[at : at + 2] for at in range(0, 64, 2)).upper().encode(),
        "it is a fingerprint",
    ),
    # Other files that a certificate is in.
    "a profile": (_profile, PROFILE),
    "a binary profile": (lambda: plistlib.dumps(plistlib.loads(_profile()), fmt=plistlib.FMT_BINARY), PROFILE),
    "a signed profile": (lambda: _signed(_profile()), PROFILE),
    "a signed mail": (lambda: _signed(b"hello"), "it is a signed message"),
    "a registry file": (_registry, "Windows' registry"),
    "an old registry file": (lambda: b"REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE]\r\n", "Windows' registry"),
    "a serialized store": (lambda: b"\0\0\0\0CERT\x03\0\0\0", "serialized store of Windows"),
    "a keychain": (lambda: b"kych\0\x01\0\0", "it is a keychain"),
    "an xz archive": (lambda: b"\xfd7zXZ\0", "it is an xz archive"),
    "a text of openssl": (lambda: b"Certificate:\n    Data:\n        Version: 3 (0x2)\n", "without the certificate"),
    "JSON": (lambda: b'{"ca": null}', "it is JSON"),
    "an Ansible vault": (lambda: b"$ANSIBLE_VAULT;1.1;AES256\n3335", "it is encrypted"),
    "a pointer of Git LFS": (lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:x\n", "Git LFS"),
    "a PDF": (lambda: b"%PDF-1.7\n", "document or picture"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n", "document or picture"),
    "a web page in UTF-16": (lambda: "<html><body>Log in".encode("utf-16"), "it is a web page"),
    # PEM that is not quite PEM.
    "em dashes": (lambda: _dashes("\u2014\u2013"), DASHES),
    "en dashes": (lambda: _dashes("\u2013\u2013-"), DASHES),
    "dashes of Windows-1252": (lambda: _dashes("\u2013\u2013-").replace(b"\xe2\x80\x93", b"\x96"), DASHES),
    "dashes behind alone": (lambda: _dashes("-----", "\u2014\u2013"), DASHES),
    "four hyphens": (lambda: ROOT.pem.replace(b"-----", b"----"), FIVE),
    "four hyphens behind": (lambda: _dashes("-----", "----"), FIVE),
    "six hyphens": (lambda: ROOT.pem.replace(b"-----", b"------"), FIVE),
    "no hyphens": (lambda: ROOT.pem.replace(b"-", b""), FIVE),
    "small letters": (
        lambda: ROOT.pem.replace(b"BEGIN CERTIFICATE", b"begin certificate").replace(b"END C", b"end C"),
        FIVE,
    ),
    "a no-break space behind END": (lambda: ROOT.pem.rstrip() + "\u00a0\n".encode(), UNSEEN),
    "a no-break space in Latin-1": (lambda: ROOT.pem.rstrip() + b"\xa0\n", UNSEEN),
    "a zero width behind BEGIN": (lambda: ROOT.pem.replace(b"-----\n", "-----\u200b\n".encode(), 1), UNSEEN),
    "a no-break space before BEGIN": (lambda: "\u00a0".encode() + ROOT.pem, UNSEEN),
    "no-break spaces inside": (lambda: ROOT.pem.replace(b"\nMI", "\n\u00a0MI".encode()), UNSEEN),
    "glued": (lambda: ROOT.pem.rstrip() + OTHER.pem, GLUED),
    "three glued": (lambda: (ROOT.pem.rstrip() + OTHER.pem.rstrip()) * 2, GLUED),
    "line breaks as blanks": (lambda: ROOT.pem.replace(b"\n", b" "), LOST),
    "line breaks left out": (lambda: ROOT.pem.replace(b"\n", b""), LOST),
    "the last line break left out": (lambda: ROOT.pem.replace(b"\n-----E", b"-----E"), LOST),
    "in JSON": (lambda: json.dumps({"ca": ROOT.pem.decode()}).encode(), ESCAPED),
    "in a variable": (lambda: ROOT.pem.replace(b"\n", b"\\n"), ESCAPED),
    "a variable with CRLF": (lambda: ROOT.pem.replace(b"\n", b"\\r\\n"), ESCAPED),
    "quoted-printable": (lambda: ROOT.pem.replace(b"\nMI", b"\nM=\nI"), "quoted-printable"),
    "indented": (lambda: b"".join(b"  " + line for line in ROOT.pem.splitlines(keepends=True)), OWN_LINE),
    "quoted in a mail": (lambda: b"".join(b"> " + line for line in ROOT.pem.splitlines(keepends=True)), OWN_LINE),
}


@pytest.mark.parametrize("case", CASES)
def test_says_what_it_is(case: str) -> None:
    """The sentence names the form and what to do, in printable text without any of the file, and not `--allow-…`."""
    make, words = CASES[case]
    with pytest.raises(CertificateRefused) as caught:
        read_certificates(make(), "corp.crt")
    text = str(caught.value)
    assert words in text
    assert ";" in text
    assert "--allow" not in text
    assert text.isprintable()
    assert not caught.value.allowed_as


def test_a_database_of_nss(tmp_path: Path) -> None:
    """A profile's cert9.db is named for what it is."""
    with pytest.raises(CertificateRefused, match="it is a database"):
        read_certificates(_database(tmp_path), "cert9.db")


def test_a_profile_signed_without_lengths(tmp_path: Path) -> None:
    """A signed profile is no bundle of its signer's certificates, in BER either."""
    signed = _signed_by_openssl(_profile(), tmp_path)
    assert signed[1] == 0x80
    with pytest.raises(CertificateRefused, match="it is a configuration profile"):
        read_certificates(signed, "corp.mobileconfig")


ADVICE: dict[str, Callable[[bytes], bytes]] = {
    "base64 of a PEM": base64.b64decode,
    "base64 of a PEM, in lines": base64.b64decode,
    "hex": lambda data: bytes.fromhex(data.decode()),
    "hex, as xxd prints": lambda data: bytes.fromhex(
        "".join(line.partition(": ")[2] for line in data.decode().split("\n"))
    ),
    "a profile": lambda data: plistlib.loads(data)["PayloadContent"][0]["PayloadContent"],
    "glued": lambda data: data.replace(b"----------", b"-----\n-----"),
    "in a variable": lambda data: data.decode("unicode_escape").encode(),
    "a no-break space behind END": lambda data: data.replace(b"\xc2\xa0", b""),
    "em dashes": lambda data: data.replace("\u2014\u2013".encode(), b"-----"),
}


@pytest.mark.parametrize("case", ADVICE)
def test_the_advice_helps(case: str) -> None:
    """What the sentence says to do gives a file that is read."""
    assert Certificate(ROOT.der) in read_certificates(ADVICE[case](CASES[case][0]()), "corp.crt")


class _File:
    """One file as the only input."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read_input(self, path: str) -> bytes:
        del path
        return self._content

    def read_stdin(self) -> bytes:
        return self._content

    def list_input(self, path: str) -> list[str] | None:
        del path
        return None

    def now(self) -> datetime:
        return datetime.now(timezone.utc)


FILES: dict[str, tuple[Callable[[], bytes], bool]] = {
    "a web page": (lambda: b"<html>", False),
    "nothing": (lambda: b"", False),
    "glued": (lambda: ROOT.pem.rstrip() + OTHER.pem, False),
    "an intermediate": (lambda: ROOT.intermediate("Issuing").pem, False),
    "no authority": (lambda: make_root(ca=False).pem, True),
    "damaged": (lambda: make_root(break_signature=True).pem, True),
    "invalid UTF-8": (lambda: make_root(true=1).pem, True),
}


@pytest.mark.parametrize("case", FILES)
def test_options_are_named_where_they_could_be_tried(case: str) -> None:
    """That none helps is said where a certificate was judged, and wherever the caller has used one."""
    make, judged = FILES[case]
    for allow in ((), ALLOWABLE):
        with pytest.raises(CertificateRefused) as caught:
            take(_File(make()), ["corp.crt"], allow=allow)
        assert str(caught.value).endswith("; no option lifts this") == (
            judged or (bool(allow) and not caught.value.allowed_as)
        )
        assert str(caught.value).startswith("corp.crt: ")


def test_both_fingerprints_are_named_beside_a_wrong_one() -> None:
    """Who gives the fingerprint of another certificate reads both, and no option; unless an option was tried."""
    told = (
        f"corp.crt: Corp Root G2 is not the certificate that --sha256 names; "
        f"expected {OTHER.sha256}; found {ROOT.sha256}"
    )
    for allow, tail in (((), ""), (ALLOWABLE, "; no option lifts this")):
        with pytest.raises(CertificateRefused) as caught:
            take(_File(ROOT.pem), ["corp.crt"], sha256=[OTHER.sha256], allow=allow)
        assert str(caught.value) == told + tail


@given(
    st.binary(max_size=200), st.sampled_from([b"-----BEGIN CERTIFICATE-----", b"BEGIN CERTIFICATE", b"MI", b"0000: 30"])
)
def test_whatever_stands_around_a_marker(data: bytes, piece: bytes) -> None:
    """Any bytes around a marker, or what looks like one, are refused with one printable sentence."""
    for text in (data + piece, piece + data, data[:20] + piece + data[20:]):
        with pytest.raises(CertificateRefused) as caught:
            read_certificates(text, "x")
        assert str(caught.value).isprintable()
