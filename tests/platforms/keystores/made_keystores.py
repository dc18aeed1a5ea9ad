"""Keystores that keytool has made, and our changes of them."""

from __future__ import annotations

import functools
import subprocess
import tempfile
from pathlib import Path

from tests.support.keytool import KEYTOOL
from tests.support.pki import make_root
from trustinstall_platforms import keystores
from trustinstall_platforms.keystores import New, change

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
