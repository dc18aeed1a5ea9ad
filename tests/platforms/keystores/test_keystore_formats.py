"""The formats of Java's keystores: keytool's are read and changed to the byte, and nothing hostile gets through."""

from __future__ import annotations

import functools
import hashlib
import hmac
import struct
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12 as library
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.support.der_writing import integer, oid, sequence, tlv
from tests.support.keytool import KEYTOOL
from tests.support.pki import make_root
from trustinstall.errors import StoreError, StoreLocked
from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import Locked, New, Trusted, change, pbe, rc2
from trustinstall_platforms.keystores.check import Expected, problem
from trustinstall_platforms.keystores.pkcs12 import Pkcs12

PASSWORD = "changeit"  # noqa: S105  every Java's
ROOTS = [make_root(f"Keystore Root {number}") for number in range(4)]
OURS, OTHER, THIRD, FOURTH = ROOTS
SALT = b"a word that nobody can guess"
#: What keytool is told, to make each kind; the words before the command are the JVM's.
KINDS: dict[str, tuple[tuple[str, ...], str]] = {
    "jks": ((), "JKS"),
    "pkcs12": ((), "PKCS12"),
    "pkcs12-plain": (
        ("-J-Dkeystore.pkcs12.macAlgorithm=NONE", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE"),
        "PKCS12",
    ),
    "pkcs12-old": (("-J-Dkeystore.pkcs12.legacy=true",), "PKCS12"),
    "pkcs12-3des": (
        (
            "-J-Dkeystore.pkcs12.certProtectionAlgorithm=PBEWithSHA1AndDESede",
            "-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA512",
        ),
        "PKCS12",
    ),
    "pkcs12-readable": (("-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE",), "PKCS12"),
    "pkcs12-sha384": (
        (
            "-J-Dkeystore.pkcs12.certProtectionAlgorithm=PBEWithHmacSHA384AndAES_128",
            "-J-Dkeystore.pkcs12.macAlgorithm=HmacPBESHA384",
        ),
        "PKCS12",
    ),
}


def keytool(store: Path, kind: str, *words: str, password: str = PASSWORD) -> str:
    """What keytool says, in English, of what it does to a keystore."""
    options, form = KINDS[kind]
    where = ("-keystore", str(store), "-storetype", form, "-storepass", password)
    done = subprocess.run(
        [*KEYTOOL, "-J-Duser.language=en", *options, *words, *where],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done
    return done.stdout


@functools.cache
def made(kind: str, *, key: bool = False, password: str = PASSWORD) -> bytes:
    """A keystore that keytool has made, with two certificates in it, and perhaps a private key."""
    with tempfile.TemporaryDirectory() as directory:
        store = Path(directory, "store")
        for name, root in (("other", OTHER), ("third", THIRD)):
            Path(directory, name).write_bytes(root.pem)
            imports = ("-importcert", "-noprompt", "-alias", name, "-file", str(Path(directory, name)))
            keytool(store, kind, *imports, password=password)
        if key:
            words = ("-genkeypair", "-alias", "key", "-dname", "CN=key", "-keyalg", "EC", "-keypass", password)
            keytool(store, kind, *words, password=password)
        return store.read_bytes()


def new(*roots: int) -> list[New]:
    """Certificates to add, under our alias."""
    return [New(change.alias(ROOTS[one].sha256), ROOTS[one].der, 1_700_000_000) for one in roots]


def changed(content: bytes, add: list[New], *gone: str) -> bytes:
    """A keystore with certificates added, and without those of some aliases."""
    return keystores.parse(content).changed([PASSWORD], add, lambda one: one.alias in gone, SALT)


def trusted(content: bytes) -> set[tuple[str, bytes]]:
    """What Java would trust."""
    return {(one.alias, one.der) for one in keystores.parse(content).trusted([PASSWORD])}


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
