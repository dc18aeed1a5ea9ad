"""The names under which OpenSSL looks for a certificate, compared with what OpenSSL itself says."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.der_writing import common_name, name, oid, sequence, tlv
from tests.support.pki import make_root
from trustinstall.certificates.certificate import Certificate
from trustinstall_platforms.linux.subject_hash import P11_KIT, old_subject_hash, subject_hash

KINDS = ("2.5.4.3", "2.5.4.6", "2.5.4.10", "2.5.4.11", "0.9.2342.19200300.100.1.25", "1.2.840.113549.1.9.1")
ASCII = st.text(st.characters(min_codepoint=0x09, max_codepoint=0x7E, exclude_characters="\0"), min_size=1, max_size=20)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
BASIC = st.text(st.characters(min_codepoint=1, max_codepoint=0xD7FF), min_size=1, max_size=20)
LATIN = st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), min_size=1, max_size=20)
VALUES = st.one_of(
    st.tuples(st.just(0x0C), TEXT.map(str.encode)),
    st.tuples(st.sampled_from((0x13, 0x16)), ASCII.map(str.encode)),
    st.tuples(st.just(0x14), LATIN.map(lambda text: text.encode("latin-1"))),
    st.tuples(st.just(0x1E), BASIC.map(lambda text: text.encode("utf-16-be"))),
    st.tuples(st.just(0x1C), TEXT.map(lambda text: text.encode("utf-32-be"))),
    st.tuples(st.just(0x12), st.text("0123456789 ", min_size=1, max_size=9).map(str.encode)),
)
PAIRS = st.tuples(st.sampled_from(KINDS), VALUES).map(lambda pair: (pair[0], *pair[1]))
GROUPS = st.lists(st.lists(PAIRS, min_size=1, max_size=3, unique=True), max_size=4)


def subject(groups: list[list[tuple[str, int, bytes]]]) -> bytes:
    """A Name; DER sorts what is in a SET."""
    pairs = ([sequence(oid(kind), tlv(tag, raw)) for kind, tag, raw in group] for group in groups)
    return sequence(*(tlv(0x31, *sorted(group)) for group in pairs))


def said(der: bytes) -> list[str]:
    """Both hashes, as OpenSSL prints them."""
    command = ["openssl", "x509", "-inform", "DER", "-noout", "-hash", "-subject_hash_old"]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode().split()


@given(GROUPS)
@settings(max_examples=150, deadline=None)
def test_hashes_are_openssls(groups: list[list[tuple[str, int, bytes]]]) -> None:
    """Of any name, in every type of text, several attributes in one place included."""
    der = make_root(subject=subject(groups)).der
    assert [subject_hash(Certificate(der)), old_subject_hash(Certificate(der))] == said(der)


@pytest.mark.parametrize(
    "text", ["  Corp \t Root\r\n CA ", "corp root ca", "CORP  ROOT CA", "Corp\vRoot\fCA"], ids=ascii
)
def test_blanks_and_capitals_do_not_count(text: str) -> None:
    """Names that OpenSSL takes to be the same have the same hash."""
    assert subject_hash(Certificate(make_root(text).der)) == subject_hash(Certificate(make_root("Corp Root CA").der))


def test_text_that_is_not_what_its_type_says_has_no_hash() -> None:
    """p11-kit makes no link for a T61String in Latin-1; and no tool for broken UTF-8."""
    latin = Certificate(make_root(subject=name(("2.5.4.3", 0x14, "Röt".encode("latin-1")))).der)
    assert subject_hash(latin, P11_KIT) is None
    assert subject_hash(latin) is not None
    assert subject_hash(Certificate(make_root(subject=name(("2.5.4.3", 0x0C, b"\xff"))).der)) is None


def test_a_long_name_is_wrapped_as_der_wants_it() -> None:
    """Lengths from 128 on take more than one octet."""
    for length in (120, 128, 300):
        der = make_root(subject=common_name("x" * length)).der
        assert subject_hash(Certificate(der)) == said(der)[0]
