"""Java keystores that are changed without Java: keytool reads them, and what goes leaves no trace."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from tests.support.keytool import KEYTOOL
from tests.support.pki import make_root
from trustinstall_platforms.keystores.distribution import New, changeable, changed, trusted

OURS, OTHER = make_root("Corp Root"), make_root("Other Root")


@pytest.fixture
def delivered(tmp_path: Path) -> bytes:
    """A keystore that keytool has made, with one certificate in it."""
    (tmp_path / "other.pem").write_bytes(OTHER.pem)
    keytool(tmp_path, "-importcert", "-noprompt", "-alias", "other", "-file", str(tmp_path / "other.pem"))
    return (tmp_path / "store").read_bytes()


def keytool(directory: Path, *words: str, password: str = "changeit") -> str:  # noqa: S107  every Java's
    """What keytool prints about the keystore in a directory."""
    store = ["-keystore", str(directory / "store"), "-storetype", "JKS", "-storepass", password]
    done = subprocess.run([*KEYTOOL, *words, *store], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    return done.stdout


@pytest.mark.parametrize("first", [False, True])
def test_keytool_reads_what_was_added(tmp_path: Path, delivered: bytes, *, first: bool) -> None:
    """Under the password that it had: the digest at the end is right."""
    new = changed(delivered, [New("debian:corp.pem", OURS.der, 1_700_000_000)], (), first=first)
    (tmp_path / "store").write_bytes(new)
    listed = keytool(tmp_path, "-list", "-rfc", "-alias", "debian:corp.pem")
    assert "Creation date: Nov 14, 2023" in listed
    assert "".join(OURS.pem.decode().split()) in "".join(listed.split())
    assert "2 entries" in keytool(tmp_path, "-list")
    assert [one.der for one in trusted(new)] == ([OURS.der, OTHER.der] if first else [OTHER.der, OURS.der])


def test_what_goes_leaves_every_byte_as_before(delivered: bytes) -> None:
    """The times of all other entries stay, too."""
    new = changed(delivered, [New("corp", OURS.der, 1)], ())
    assert changed(new, (), {OURS.der}) == delivered


def test_what_is_there_is_not_added_again(delivered: bytes) -> None:
    """Under any alias."""
    assert changed(delivered, [New("again", OTHER.der, 1)], ()) == delivered


def test_an_alias_that_is_taken_gets_a_number(delivered: bytes) -> None:
    """Nothing is overwritten."""
    new = changed(delivered, [New("other", OURS.der, 1)], ())
    assert [one.alias for one in trusted(new)] == ["other", "other-1"]


def test_a_private_key_stays(tmp_path: Path, delivered: bytes) -> None:
    """An entry that is no trusted certificate is carried along, byte for byte."""
    words = ("-genkeypair", "-alias", "key", "-dname", "CN=key", "-keyalg", "EC", "-keypass", "changeit")
    keytool(tmp_path, *words)
    content = (tmp_path / "store").read_bytes()
    assert content != delivered
    new = changed(content, [New("corp", OURS.der, 1)], ())
    (tmp_path / "store").write_bytes(new)
    assert "PrivateKeyEntry" in keytool(tmp_path, "-list", "-alias", "key")
    assert changed(new, (), {OURS.der}) == content


def test_another_password_is_refused(tmp_path: Path, delivered: bytes) -> None:
    """What could not be signed again is not changed."""
    (tmp_path / "store").unlink()
    (tmp_path / "other.pem").write_bytes(OTHER.pem)
    words = ("-importcert", "-noprompt", "-alias", "other", "-file", str(tmp_path / "other.pem"))
    keytool(tmp_path, *words, password="another-word")  # noqa: S106  a test's
    for content in ((tmp_path / "store").read_bytes(), delivered[:-1] + b"\0", b"", b"\xfe\xed\xfe\xed"):
        assert not changeable(content)
        with pytest.raises(ValueError, match="password"):
            changed(content, [New("corp", OURS.der, 1)], ())


def test_a_keystore_that_lies_about_its_length_is_refused() -> None:
    """Although its digest is right."""
    body = b"\xfe\xed\xfe\xed" + (2).to_bytes(4, "big") + (1000).to_bytes(4, "big")
    phrase = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
    content = body + hashlib.sha1(phrase + body, usedforsecurity=False).digest()
    with pytest.raises(ValueError, match="cut off"):
        changed(content, [New("corp", OURS.der, 1)], ())
