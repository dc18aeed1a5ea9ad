"""Throw-away machines with a Java that has a keystore of its own, in each format that Java has had."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Sequence

from tests.contract.machines import Base, jks_entries, store_ids
from tests.support.keytool import KEYTOOL
from tests.support.throwaway import Throwaway

PASSWORD = "changeit"  # noqa: S105  every Java's
_SYSTEMS = "/etc/ssl/certs/java/cacerts"
_MADE = "/tmp/contract-made"
_PLAIN = ("-J-Dkeystore.pkcs12.macAlgorithm=NONE", "-J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE")
#: What keytool is told to make a keystore of each kind.
KINDS: dict[str, tuple[str, ...]] = {
    "jks": ("-deststoretype", "JKS"),
    "pkcs12": ("-deststoretype", "PKCS12"),
    "pkcs12-plain": (*_PLAIN, "-deststoretype", "PKCS12"),  # what JDK 18 and later bring
    "pkcs12-old": ("-J-Dkeystore.pkcs12.legacy=true", "-deststoretype", "PKCS12"),  # what Java 8 wrote
}
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)
_TRUSTED = "2.16.840.1.113894.746875.1.1"


_DELIVERED: dict[str, bytes] = {}


def delivered(throwaway: Throwaway, kind: str) -> bytes:
    """Debian's roots in a keystore of a kind, as keytool makes it (once)."""
    if kind not in _DELIVERED:
        throwaway.run(["rm", "-f", _MADE], check=True)
        source = ("-srckeystore", _SYSTEMS, "-srcstorepass", PASSWORD)
        words = (*KEYTOOL, "-importkeystore", "-noprompt", *KINDS[kind], *source)
        throwaway.run([*words, "-destkeystore", _MADE, "-deststorepass", PASSWORD], check=True)
        _DELIVERED[kind] = throwaway.read(_MADE)
        throwaway.run(["rm", _MADE], check=True)
    return _DELIVERED[kind]


class Jdk(Base):
    """A Java that an account has unpacked: root below /opt, or alice with SDKMAN."""

    def __init__(self, throwaway: Throwaway, kind: str, user: str) -> None:
        """Deliver it."""
        self._home = "/opt/jdk-21" if user == "root" else f"/home/{user}/.sdkman/candidates/java/21-tem"
        self._kind = kind
        self._keystore = f"{self._home}/lib/security/cacerts"
        content = delivered(throwaway, kind)
        throwaway.write(self._keystore, content, user=user, mode=0o640)
        state = "/var/lib/trustinstall" if user == "root" else f"/home/{user}/.local"
        super().__init__(throwaway, user, f"java:{self._keystore}", self._keystore, state)
        throwaway.freeze()

    def trusts(self, sha256: str) -> bool:
        """By a reader that is not trustinstall's: OpenSSL's for PKCS#12."""
        return sha256 in {hashlib.sha256(der).hexdigest() for der in self._ders()}

    def sound(self) -> int:
        """As many as there are entries, under the password that it has."""
        return len(self._ders())

    def _ders(self) -> list[bytes]:
        content = self.throwaway.read(self._keystore)
        if self._kind == "jks":
            secret = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite"
            assert hashlib.sha1(secret + content[:-20], usedforsecurity=False).digest() == content[-20:]
            return [der for _, der in jks_entries(content)]
        checked = ("-nomacver",) if self._kind == "pkcs12-plain" else ()
        words = ("openssl", "pkcs12", "-legacy", "-nokeys", *checked, "-passin", f"pass:{PASSWORD}")
        shown = self.throwaway.run([*words, "-in", self._keystore], check=True).stdout
        bags = shown.split("Bag Attributes")[1:]
        assert len(bags) == shown.count(_TRUSTED) == shown.count("-----BEGIN CERTIFICATE-----")
        return [ssl.PEM_cert_to_DER_cert(pem) for pem in _CERTIFICATE.findall(shown)]

    def put_by_hand(self, number: int) -> str:
        """An account does it with keytool, which rewrites the whole file."""
        path, sha256 = self.root(number)
        self._keytool("-importcert", "-noprompt", "-alias", f"by-hand{number}", "-file", path)
        return sha256

    def lose_mark(self, number: int, /) -> bool:
        """An account gives the entry another alias."""
        marked = f"trustinstall-{self.root(number)[1]}"
        self._keytool("-changealias", "-alias", marked, "-destalias", "renamed")
        return True

    def put_beside(self, number: int, /) -> bool:
        """An account imports it under another alias."""
        self.put_by_hand(number)
        return True

    def put_otherwise(self, number: int, /) -> bool:
        """An account imports it under a third alias."""
        path, _ = self.root(number)
        self._keytool("-importcert", "-noprompt", "-alias", "theirs", "-file", path)
        return True

    def rewrite(self) -> bool:
        """An account converts the keystore to the other format, as keytool advises for JKS."""
        new = f"{self._keystore}.new"
        kind = "pkcs12" if self._kind == "jks" else "jks"
        source = ("-srckeystore", self._keystore, "-srcstorepass", PASSWORD)
        words = ("keytool", "-importkeystore", "-noprompt", *KINDS[kind], *source)
        self.throwaway.run([*words, "-destkeystore", new, "-deststorepass", PASSWORD], user=self.user, check=True)
        self.throwaway.run(["mv", new, self._keystore], user=self.user, check=True)
        self._kind = kind
        return True

    def take_own(self, _sha256: str) -> None:
        """An account adds another root with keytool."""
        path, _ = self.root(-2)
        self._keytool("-importcert", "-noprompt", "-alias", "another", "-file", path)

    def _keytool(self, *words: str) -> None:
        plain = _PLAIN if self._kind == "pkcs12-plain" else ()
        store = ("-keystore", self._keystore, "-storepass", PASSWORD)
        self.throwaway.run([*KEYTOOL, *plain, *words, *store], user=self.user, check=True)

    def sabotage(self, how: str) -> None:
        """There is no tool to make misbehave."""
        raise NotImplementedError(how)

    def spoil(self) -> str:
        """It gets a password that no file names, or a directory that no account may write."""
        if self._kind == "jks":
            self._keytool("-storepasswd", "-new", "another-word")
            return "--java-storepass-file"
        self.throwaway.run(["chown", "root:root", f"{self._home}/lib/security"], check=True)
        return "not writable"

    def elsewhere(self) -> Sequence[str]:
        """A keystore that is no Java's own."""
        self.throwaway.run(["mv", f"{self._home}/lib", f"{self._home}/share"], check=True)
        return store_ids(self.throwaway, self.user)
