"""A certificate as a value, text made printable, and the errors."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from datetime import timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.der_writing import name, sequence
from tests.support.pki import Root, make_root
from trustinstall import errors
from trustinstall.certificates.certificate import Certificate
from trustinstall.errors import CertificateRefused, StoreError, TrustInstallError, printable


def test_fingerprints(root: Root) -> None:
    """The fingerprints are those of the DER; the short form is the first eight digits."""
    own = Certificate(root.der)
    assert hashlib.sha256(root.der).hexdigest() == own.sha256
    assert hashlib.sha1(root.der, usedforsecurity=False).hexdigest() == own.sha1
    assert f"{own.sha256[:4]} {own.sha256[4:8]} …" == own.short


def test_identity(root: Root) -> None:
    """Certificates are equal by DER alone."""
    assert Certificate(root.der) == Certificate(bytes(bytearray(root.der)))
    assert len({Certificate(root.der), Certificate(root.der)}) == 1
    assert Certificate(root.der) != Certificate(make_root("Corp Root G2").der)


def test_validity(root: Root) -> None:
    """Start and end are aware, in UTC, and as `cryptography` reads them."""
    own = Certificate(root.der)
    assert timezone.utc == own.not_before.tzinfo
    assert root.certificate.not_valid_before_utc == own.not_before
    assert root.certificate.not_valid_after_utc == own.not_after


def test_subject() -> None:
    """The subject is in RFC 4514's order with its special characters escaped, like `cryptography`'s."""
    kinds = ("2.5.4.6", "2.5.4.10", "2.5.4.11", "2.5.4.3")
    made = make_root(
        subject=name(
            *((kind, 0x0C, text.encode()) for kind, text in zip(kinds, ("DE", "A, B+C", 'x"y', "Größe"), strict=True))
        )
    )
    own = Certificate(made.der)
    assert made.certificate.subject.rfc4514_string() == own.subject
    assert own.subject == 'CN=Größe,OU=x\\"y,O=A\\, B\\+C,C=DE'


@pytest.mark.parametrize(
    ("subject", "called", "slug"),
    [
        (name(("2.5.4.3", 0x0C, b"Corp Root  (G2)!")), "Corp Root  (G2)!", "corp-root-g2"),
        (name(("2.5.4.10", 0x0C, b"Corp Ltd")), "Corp Ltd", "corp-ltd"),
        (name(("2.5.4.3", 0x0C, b" "), ("2.5.4.10", 0x0C, b"Corp")), "Corp", "corp"),
        (name(("2.5.4.3", 0x0C, b"first"), ("2.5.4.3", 0x0C, b"second")), "second", "second"),
        (name(("2.5.4.3", 0x0C, "Été—Çà".encode())), "Été—Çà", "ete-ca"),
        (name(("2.5.4.3", 0x0C, "日本".encode())), "日本", "certificate"),
        (name(("2.5.4.3", 0x0C, b"../../etc/passwd\0")), "../../etc/passwd\\x00", "etc-passwd-x00"),
        (name(("2.5.4.3", 0x0C, b"-" * 60 + b"a" * 61)), "-" * 60 + "a" * 59 + "…", "a" * 40),
        (name(("2.5.4.3", 0x0C, b"a" * 39 + b" b")), "a" * 39 + " b", "a" * 39),
    ],
)
def test_name_and_slug(subject: bytes, called: str, slug: str) -> None:
    """The name is the best there is, the slug is fit for a file name."""
    own = Certificate(make_root(subject=subject).der)
    assert (called, slug) == (own.name, own.slug)


def test_no_name() -> None:
    """Without a usable subject, the fingerprint's start stands in."""
    own = Certificate(make_root(subject=sequence()).der)
    assert ("(no subject)", own.sha256[:8], own.sha256[:8]) == (own.subject, own.name, own.slug)


@given(st.binary(max_size=200))
def test_strangers(raw: bytes) -> None:
    """Of bytes that are no certificate, the shown parts still answer; the others raise the documented error."""
    own = Certificate.held(raw)
    assert (own.subject + own.name + repr(own)).isprintable()
    assert re.fullmatch("[a-z0-9-]{1,40}", own.slug)
    assert own.sha256 == hashlib.sha256(raw).hexdigest()
    for part in ("not_before", "not_after", "is_root"):
        with pytest.raises(CertificateRefused):
            getattr(own, part)


GOOD = make_root("Good Root")


@pytest.mark.parametrize("raw", [b"", b"hello", GOOD.pem, GOOD.der + b"\n", GOOD.der[:-1]])
def test_only_der_makes_a_certificate(raw: bytes) -> None:
    """PEM, a part, and anything else is refused at once, with the name of the function that reads files."""
    assert not Certificate(GOOD.der).vetted
    with pytest.raises(CertificateRefused, match=r"not one certificate in DER; load_certificates\(\) reads PEM"):
        Certificate(raw)


def test_a_certificate_is_made_of_bytes() -> None:
    """The name of a file is a mistake of the program."""
    with pytest.raises(TypeError, match="made of bytes"):
        Certificate("corp.crt")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_roots(root: Root) -> None:
    """A root is self-issued and self-signed; if its signature cannot be checked, the key identifiers decide."""
    assert Certificate(root.der).is_root
    assert Certificate(make_root(key="rsa2048", digest="md5").der).is_root
    assert Certificate(make_root(key="rsa2048", digest="md5", ski=False).der).is_root
    assert not Certificate(make_root(key="rsa2048", digest="md5", aki=b"x" * 20).der).is_root
    assert not Certificate(make_root(break_signature=True).der).is_root
    assert not Certificate(root.intermediate().der).is_root
    assert not Certificate(root.issue("a.test").der).is_root
    assert not Certificate(make_root("Corp Root G2", issuer=root).der).is_root


@pytest.mark.parametrize(
    "module",
    [
        "errors",
        "certificates.certificate",
        "certificates.der",
        "certificates.intake",
        "certificates.parsing",
        "certificates.pem",
    ],
)
def test_imports_are_cheap(module: str) -> None:
    """Importing a module does not import `cryptography`: `list` and doing nothing are fast."""
    code = f"import trustinstall.{module}, sys; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout.strip() == "False"


def test_showing_is_cheap(root: Root) -> None:
    """Nor does showing a certificate from the ledger."""
    code = (
        "import sys; from trustinstall.certificates.certificate import Certificate;"
        "c = Certificate(sys.stdin.buffer.read());"
        "print(c.subject, c.name, c.slug, c.not_after, c.pem, 'cryptography' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=root.der, capture_output=True, check=True, timeout=30)
    assert done.stdout.strip().endswith(b"False")


# --- printable -----------------------------------------------------------------------------------


@given(st.text(), st.integers(1, 200))
@example("\x1b[31m\u202e\u2028\ud800\U000e0001\u00a0\r\n\t\x7f\x9b", 200)
def test_printable(text: str, limit: int) -> None:
    """What comes out is printable by Python's own word, bounded, and can be encoded."""
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    shown.encode()
    if text.isprintable() and len(text) <= limit:
        assert text == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain Größe 日本", "plain Größe 日本"),
        ("\x1b[0m\n\x7f\x9b", r"\x1b[0m\x0a\x7f\x9b"),
        ("\u202e\u2066\u200b\ufeff\u2028", r"\u202e\u2066\u200b\ufeff\u2028"),
        ("\ud800\U000e0001", r"\ud800\U000e0001"),
        ("x" * 121, "x" * 119 + "…"),
        ("x" * 120, "x" * 120),
        ("x" * 118 + "\n", "x" * 118 + "…"),
        ("", ""),
    ],
)
def test_printable_forms(text: str, expected: str) -> None:
    """Escapes have the form of Python's; an escape is never cut in two."""
    assert expected == printable(text)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "exit_code", "code"),
    [
        ("TrustInstallError", 1, "failed"),
        ("UsageProblem", 2, "usage"),
        ("CertificateRefused", 4, "certificate-refused"),
        ("NoRights", 5, "no-rights"),
        ("StoreError", 1, "store-failed"),
        ("StateError", 1, "state"),
        ("Busy", 1, "busy"),
        ("ToolFailed", 1, "tool-failed"),
        ("OutOfReach", 1, "out-of-reach"),
    ],
)
def test_errors(kind: str, exit_code: int, code: str) -> None:
    """Each error has the documented exit code and word, and is a `TrustInstallError`."""
    error = getattr(errors, kind)
    assert issubclass(error, TrustInstallError)
    assert (exit_code, code) == (error.exit_code, error.code)


def test_refusals_say_which_they_are() -> None:
    """A refusal of a certificate says which option lifts it, one of a file does not; the reason is the sentence."""
    policy, structural = (
        CertificateRefused("x is old", allowed_as="weak"),
        CertificateRefused("x is broken", judged=True),
    )
    assert str(policy) == "x is old; to trust it all the same: --allow-weak"
    assert str(structural) == "x is broken; no option lifts this"
    assert str(CertificateRefused("x is a web page")) == "x is a web page"
    assert str(CertificateRefused("x is a web page").after_allowing()) == "x is a web page; no option lifts this"
    assert (
        policy.reason,
        policy.allowed_as,
        structural.reason,
        structural.allowed_as,
    ) == ("x is old", "weak", "x is broken", "")


def test_store_errors_are_a_sentence() -> None:
    """A store's error names the store, the cause and what to do."""
    error = StoreError(store="debian", cause="the disk is full", advice="make room and run it again")
    assert str(error) == "debian: the disk is full; make room and run it again"
    assert (error.store, error.cause, error.advice) == ("debian", "the disk is full", "make room and run it again")
