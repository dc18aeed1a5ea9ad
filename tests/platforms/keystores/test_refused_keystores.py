"""Keystores that are none, damaged, hostile or of another format, and what the second reader finds in ours."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.platforms.keystores.made_keystores import (
    KINDS,
    OTHER,
    OURS,
    PASSWORD,
    SALT,
    THIRD,
    made,
    new,
    trusted,
)
from tests.support.der_writing import integer, oid, sequence, tlv
from trustinstall.errors import StoreError, StoreLocked
from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import Locked, Trusted, change
from trustinstall_platforms.keystores.check import Expected, problem
from trustinstall_platforms.keystores.pkcs12 import Pkcs12

# --- what is not taken -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\xce\xce\xce\xce\0\0\0\2\0\0\0\0", "JCEKS"),
        (b"\0\0\0\2\0\0\0\x14" + bytes(40), "Bouncy Castle"),
        (b"-----BEGIN CERTIFICATE-----", "neither a JKS keystore nor a PKCS#12 one"),
        (b"", "neither"),
        (b"\x30\x80\x02\x01\x03", "PKCS#12"),
        (OURS.der, "PKCS#12"),
    ],
)
def test_other_formats_are_refused_in_words(content: bytes, word: str) -> None:
    """What Java cannot have as its own is named, and what to do about it."""
    with pytest.raises(keystores.Unreadable, match=word):
        keystores.parse(content)


def _safe(*infos: bytes, mac: bytes = b"") -> bytes:
    safe = tlv(0x04, sequence(*infos))
    return sequence(integer(3), sequence(oid("1.2.840.113549.1.7.1"), tlv(0xA0, safe)), mac)


def test_years_of_hashing_are_refused() -> None:
    """A hostile file may name any number of iterations; all passwords and parts together are bounded."""
    for times in (2**31 - 1, 0, -1, 2**200):
        digest = sequence(sequence(oid("1.3.14.3.2.26"), tlv(0x05)), tlv(0x04, bytes(20)))
        mac = sequence(digest, tlv(0x04, b"salt"), integer(times))
        store = keystores.parse(_safe(mac=mac))
        assert store.trusted() == []
        with pytest.raises(keystores.Unreadable, match="more often"):
            store.changed(["changeit", "changeme", ""], new(0), lambda _: False)


def test_the_newest_integrity_value_is_known() -> None:
    """PBMAC1 (RFC 9579): what it is over is checked, and it is made anew under the same password."""

    def mac(content: bytes) -> bytes:
        value = hmac.digest(hashlib.pbkdf2_hmac("sha256", b"word", b"salt", 2048, 32), content, "sha512")
        prf = sequence(oid("1.2.840.113549.2.9"), tlv(0x05))
        function = sequence(oid("1.2.840.113549.1.5.12"), sequence(tlv(4, b"salt"), integer(2048), integer(32), prf))
        scheme = sequence(oid("1.2.840.113549.2.11"), tlv(0x05))
        algorithm = sequence(oid("1.2.840.113549.1.5.14"), sequence(function, scheme))
        return sequence(sequence(algorithm, tlv(4, value)), tlv(4, b"NOT USED"), integer(1))

    old = _safe(mac=mac(sequence()))
    store = keystores.parse(old)
    assert store.password(["", "word"]) == "word"
    with pytest.raises(Locked):
        store.changed(["another"], new(0), lambda _: False)
    after = keystores.parse(store.changed(["word"], new(0), lambda _: False))
    assert isinstance(after, Pkcs12)
    assert after.trusted() == [Trusted(new(0)[0].alias, OURS.der)]
    assert after.changed(["word"], [], lambda _: True) == old


def test_a_bag_without_content_is_no_end_of_the_list() -> None:
    """What stands behind it would be lost without a word otherwise."""
    empty = sequence(oid("1.2.840.113549.1.12.10.1.3"), tlv(0xA0))
    info = sequence(oid("1.2.840.113549.1.7.1"), tlv(0xA0, tlv(0x04, sequence(empty, empty))))
    with pytest.raises(keystores.Unreadable, match="damaged"):
        keystores.parse(_safe(info))


def test_an_encryption_that_is_not_known_is_said() -> None:
    """And not guessed at."""
    scheme = sequence(oid("1.2.3.4.5"), tlv(0x05))
    inside = sequence(integer(0), sequence(oid("1.2.840.113549.1.7.1"), scheme, tlv(0x80, bytes(16))))
    with pytest.raises(keystores.Unreadable, match="not known here"):
        keystores.parse(_safe(sequence(oid("1.2.840.113549.1.7.6"), tlv(0xA0, inside))))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    kind=st.sampled_from(["jks", "pkcs12-plain", "pkcs12-readable"]),
    at=st.integers(0, 5000),
    bits=st.integers(1, 255),
    cut=st.booleans(),
)
def test_a_damaged_keystore_is_refused_or_read(kind: str, at: int, bits: int, *, cut: bool) -> None:
    """With any byte wrong or missing, it ends in entries or in words, and never in a file that lost an entry."""
    content = bytearray(made(kind, key=True))
    at %= len(content)
    content[at] ^= bits
    damaged = bytes(content[:at]) if cut else bytes(content)
    try:
        before = keystores.parse(damaged).trusted([PASSWORD])
        after = keystores.parse(damaged).changed([PASSWORD], new(0), lambda _: False, SALT)
    except keystores.Unreadable:
        return
    assert {*before, Trusted(new(0)[0].alias, OURS.der)} == {*keystores.parse(after).trusted([PASSWORD])}


@given(st.sampled_from([b"", b"\xfe\xed\xfe\xed\0\0\0\2", b"\x30"]), st.binary(max_size=300))
def test_garbage_is_refused(start: bytes, content: bytes) -> None:
    """In words, for any content."""
    try:
        keystores.parse(start + content).trusted([PASSWORD])
    except keystores.Unreadable:
        return
    assert start.startswith(b"\xfe")


# --- the second reader ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_the_second_reader_finds_what_is_wrong(kind: str, *, key: bool) -> None:
    """What is missing, what should be gone, another password, and a file that is cut off or changed."""
    content = made(kind, key=key)
    both = frozenset({OTHER.der, THIRD.der})
    assert problem(content, PASSWORD, Expected(both, frozenset({OURS.der}))) is None
    assert "misses" in (problem(content, PASSWORD, Expected(both | {OURS.der}, frozenset())) or "")
    assert "still finds" in (problem(content, PASSWORD, Expected(frozenset(), frozenset({OTHER.der}))) or "")
    assert "refuses" in (problem(content[:-25], PASSWORD, Expected(both, frozenset())) or "")
    if kind == "jks":
        assert "refuses" in (problem(content, "another", Expected(both, frozenset())) or "")


def test_what_the_second_reader_refuses_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """However it came about."""
    edit = change.EntryChange("java:/x", tuple(new(0)), frozenset(), SALT, lambda: [PASSWORD])
    assert trusted(edit.apply(made("pkcs12"))) > trusted(made("pkcs12"))
    shorter = made("pkcs12")[:-2]

    def cut_off(*_: object) -> bytes:
        return shorter

    monkeypatch.setattr(Pkcs12, "changed", cut_off)
    with pytest.raises(StoreError, match="second reader"):
        replace(edit).apply(made("pkcs12"))


def test_a_change_names_the_store_and_never_the_password() -> None:
    """Locked and damaged ones are told apart; made twice, a change is the same; and it shows no secret."""
    word = "a-secret-word"
    going = frozenset({("other", OTHER.sha256), ("other", THIRD.sha256), (change.alias(THIRD.sha256), THIRD.sha256)})
    edit = change.EntryChange("java:/x", tuple(new(0)), going, SALT, lambda: [PASSWORD])
    locked = change.EntryChange("java:/x", edit.add, edit.remove, SALT, lambda: [word])
    assert edit.apply(made("pkcs12")) == replace(edit).apply(made("pkcs12"))
    # The third's entry has another alias, and was not to be touched.
    assert trusted(edit.apply(made("pkcs12"))) == {("third", THIRD.der), (new(0)[0].alias, OURS.der)}
    with pytest.raises(StoreLocked, match=r"java:/x: none of the passwords .*--java-storepass-file") as raised:
        locked.apply(made("pkcs12"))
    with pytest.raises(StoreError, match="cut off"):
        edit.apply(made("jks")[:-30])
    assert all(secret not in repr((edit, locked, raised.value)) for secret in (word, PASSWORD, SALT.decode()))
