"""The formats of Java's keystores: keytool's are read and changed to the byte, and nothing hostile gets through."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12 as library
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.platforms.keystores.made_keystores import (
    FOURTH,
    KINDS,
    OTHER,
    OURS,
    PASSWORD,
    ROOTS,
    THIRD,
    changed,
    keytool,
    made,
    new,
    trusted,
)
from tests.support.der_writing import oid
from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import Locked, New, change, pbe, rc2
from trustinstall_platforms.keystores.check import Expected, problem

# --- what keytool makes ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_added_is_read_by_keytool_and_leaves_no_byte(tmp_path: Path, kind: str, *, key: bool) -> None:
    """Under the password that it had, beside what was there, a private key too; and gone, nothing is left of it."""
    old = made(kind, key=key)
    there = {("other", OTHER.der), ("third", THIRD.der)}
    assert trusted(old) == there
    after = changed(old, new(0, 3))
    assert trusted(after) == there | {(one.alias, one.der) for one in new(0, 3)}
    (tmp_path / "store").write_bytes(after)
    listed = keytool(tmp_path / "store", kind, "-list")
    assert listed.count("trustedCertEntry") == 4
    assert listed.count("PrivateKeyEntry") == key
    assert hashlib.sha256(OURS.der).hexdigest() in listed
    assert changed(after, [], *(one.alias for one in new(0, 3))) == old


@pytest.mark.parametrize("kind", KINDS)
def test_ours_goes_out_of_what_keytool_has_written_anew(tmp_path: Path, kind: str) -> None:
    """The whole file is another one then; everything of others' is still in it, under the same password."""
    store = tmp_path / "store"
    store.write_bytes(changed(made(kind, key=True), new(0)))
    (tmp_path / "fourth").write_bytes(FOURTH.pem)
    keytool(store, kind, "-importcert", "-noprompt", "-alias", "fourth", "-file", str(tmp_path / "fourth"))
    store.write_bytes(changed(store.read_bytes(), [], new(0)[0].alias))
    listed = keytool(store, kind, "-list")
    assert (listed.count("trustedCertEntry"), listed.count("PrivateKeyEntry")) == (3, 1)
    assert "trustinstall" not in listed
    words = ("-certreq", "-alias", "key", "-keypass", PASSWORD)
    assert "BEGIN NEW CERTIFICATE REQUEST" in keytool(store, kind, *words)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stranger_goes_when_it_is_named(tmp_path: Path, kind: str) -> None:
    """An entry of keytool's own is taken out, and no other."""
    (tmp_path / "store").write_bytes(changed(made(kind), [], "other"))
    listed = keytool(tmp_path / "store", kind, "-list")
    assert (listed.count("trustedCertEntry"), "third" in listed, "other" in listed) == (1, True, False)
    (tmp_path / "store").write_bytes(changed(changed(made(kind), [], "other", "third"), new(0)))
    assert keytool(tmp_path / "store", kind, "-list").count("trustedCertEntry") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_not_added_again_and_a_taken_alias_gets_a_number(kind: str) -> None:
    """No entry is overwritten, under any alias."""
    assert changed(made(kind), [New("again", OTHER.der, 1)]) == made(kind)
    assert ("other-1", OURS.der) in trusted(changed(made(kind), [New("other", OURS.der, 1)]))


@pytest.mark.parametrize("kind", [one for one in KINDS if one != "pkcs12-plain"])
def test_another_password_is_locked(kind: str) -> None:
    """It is not changed; PKCS#12 is not even read; with its own password among others it is both."""
    content = made(kind, password="another-word")  # noqa: S106  a test's
    with pytest.raises(Locked):
        keystores.parse(content).changed(["changeit", ""], new(0), lambda _: False)
    words = ["changeit", "", "another-word"]
    assert keystores.parse(content).password(words) == "another-word"
    after = keystores.parse(content).changed(words, new(0), lambda _: False)
    assert len(keystores.parse(after).trusted(words)) == 3
    if kind in {"jks", "pkcs12-readable"}:
        assert len(keystores.parse(content).trusted()) == 2
    else:
        with pytest.raises(Locked):
            keystores.parse(content).trusted(["changeit", ""])


def test_a_certificate_that_java_does_not_trust_is_none() -> None:
    """Without Oracle's attribute a certificate in PKCS#12 is part of a chain; a managed one beside it is trusted."""
    content = library.serialize_key_and_certificates(
        None, None, OURS.certificate, None, serialization.BestAvailableEncryption(PASSWORD.encode())
    )
    assert trusted(content) == set()
    assert trusted(changed(content, new(0))) == {(new(0)[0].alias, OURS.der)}


@pytest.mark.parametrize("password", ["", "secret word", "pässwörd"])
def test_what_cryptography_writes_is_read(password: str) -> None:
    """Another writer than Java, the empty password and letters beyond ASCII included."""
    encryption = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    content = library.serialize_java_truststore(
        [library.PKCS12Certificate(one.certificate, b"alias") for one in (OURS, OTHER)], encryption
    )
    store = keystores.parse(content)
    assert {one.der for one in store.trusted([password])} == {OURS.der, OTHER.der}


# --- round trips --------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(["jks", "pkcs12", "pkcs12-plain", "pkcs12-readable"]),
    steps=st.lists(st.tuples(st.booleans(), st.sampled_from([0, 3])), max_size=6),
    rest=st.binary(max_size=8),
)
def test_any_order_of_changes_ends_where_it_should(kind: str, steps: list[tuple[bool, int]], rest: bytes) -> None:
    """Adding and removing in any order leaves what was asked for; all of it gone, every byte is as before."""
    assume(kind == "jks" or not rest.startswith(b"\x30"))
    old = made(kind) + rest  # what stands behind is not read, and stays
    content, there = old, set[int]()
    for adds, one in steps:
        content = changed(content, new(one)) if adds else changed(content, [], change.alias(ROOTS[one].sha256))
        there = there | {one} if adds else there - {one}
    assert trusted(content) == trusted(old) | {(change.alias(ROOTS[one].sha256), ROOTS[one].der) for one in there}
    assert changed(content, [], *(change.alias(ROOTS[one].sha256) for one in there)) == old


def test_a_jks_of_the_first_version_stays_one() -> None:
    """Its entries do not name the type of their certificates, and neither does the managed one."""
    body = struct.pack(">III", 0xFEEDFEED, 1, 0)
    secret = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite"
    empty = body + hashlib.sha1(secret + body, usedforsecurity=False).digest()
    after = changed(empty, new(0))
    assert after[:8] == empty[:8]
    assert b"X.509" not in after
    assert trusted(after) == {(new(0)[0].alias, OURS.der)}
    expected = Expected(frozenset({OURS.der}), frozenset())
    assert problem(after, PASSWORD, expected) is None
    assert changed(after, [], new(0)[0].alias) == empty


# --- primitives ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "bits", "plain", "sealed"),
    [
        ("0000000000000000", 63, "0000000000000000", "ebb773f993278eff"),
        ("ffffffffffffffff", 64, "ffffffffffffffff", "278b27e42e2f0d49"),
        ("3000000000000000", 64, "1000000000000001", "30649edf9be7d2c2"),
        ("88", 64, "0000000000000000", "61a8a244adacccf0"),
        ("88bca90e90875a7f0f79c384627bafb2", 64, "0000000000000000", "1a807d272bbe5db1"),
        ("88bca90e90875a7f0f79c384627bafb2", 128, "0000000000000000", "2269552ab0f85ca6"),
    ],
)
def test_rc2_is_that_of_the_rfc(key: str, bits: int, plain: str, sealed: str) -> None:
    """RFC 2268 section 5."""
    words = bytes.fromhex(key), bits, bytes(8)
    assert rc2.encrypt_cbc(*words, bytes.fromhex(plain)).hex() == sealed
    assert rc2.decrypt_cbc(*words, bytes.fromhex(sealed)).hex() == plain


@given(
    st.binary(min_size=5, max_size=5), st.binary(min_size=8, max_size=8), st.lists(st.binary(min_size=8, max_size=8))
)
def test_rc2_gives_back_what_it_took(key: bytes, start: bytes, blocks: list[bytes]) -> None:
    """For any number of blocks."""
    data = b"".join(blocks)
    assert rc2.decrypt_cbc(key, 40, start, rc2.encrypt_cbc(key, 40, start, data)) == data


def test_object_identifiers_are_encoded_as_elsewhere() -> None:
    """Long numbers included."""
    for name in ("2.16.840.1.113894.746875.1.1", "1.2.840.113549.1.12.10.1.3", "2.5.29.37.0"):
        assert pbe.oid(name) == oid(name)
