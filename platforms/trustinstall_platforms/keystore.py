"""Reading what Java trusts: JKS keystores, and PKCS#12 ones without a password. Hostile input, bounded.

Sources: sun.security.provider.JavaKeyStore of OpenJDK for JKS; JEP 229 for PKCS#12.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

_JKS = b"\xfe\xed\xfe\xed"
_LIMIT = 16 * 1024 * 1024  # bytes; 150 roots are below 200 KiB
_KEY, _TRUSTED = 1, 2  # kinds of entries
_DIGEST = 20  # bytes of SHA-1 at the end, over password and content


class Trusted(NamedTuple):
    """One trusted certificate of a keystore: its alias, which is foreign text, and its DER."""

    alias: str
    der: bytes


def read(host: Host, path: str) -> Iterator[Trusted]:
    """Yield the trusted certificates of a keystore file, links followed.

    Raises OSError where it cannot be read, and ValueError where it cannot be understood.
    """
    return trusted(host.read(host.real(path), _LIMIT))


def trusted(content: bytes) -> Iterator[Trusted]:
    """Yield the trusted certificates of a JKS keystore, or of a PKCS#12 one without a password.

    Raises ValueError, in words, for anything else.
    """
    return _jks(content) if content.startswith(_JKS) else _pkcs12(content)


class _Reader:
    """Reads big-endian numbers and counted bytes, and never past the end."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at, self._end = content, 0, len(content) - _DIGEST

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def counted(self, size: int) -> bytes:
        """Bytes, behind their own number, which has `size` bytes."""
        return self._take(self.number(size))

    def _take(self, size: int) -> bytes:
        at = self._at
        self._at += size
        if self._at > self._end:
            raise ValueError("the Java keystore is cut off")
        return self._content[at : self._at]


def _jks(content: bytes) -> Iterator[Trusted]:
    reader = _Reader(content)
    _, version = reader.number(4), reader.number(4)
    if version not in {1, 2}:
        raise ValueError("the Java keystore has an unknown version")
    for _ in range(reader.number(4)):
        kind, alias, _made = reader.number(4), reader.counted(2), reader.number(8)
        if kind not in {_KEY, _TRUSTED}:
            raise ValueError("the Java keystore has an entry of an unknown kind")
        _key = reader.counted(4) if kind == _KEY else b""
        for _ in range(reader.number(4) if kind == _KEY else 1):
            _type = reader.counted(2) if version != 1 else b"X.509"
            der = reader.counted(4)
            if kind == _TRUSTED:
                yield Trusted(alias.decode("utf-8", "replace"), der)


def _pkcs12(content: bytes) -> Iterator[Trusted]:
    # Rarely needed, and 36 ms.
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

    try:
        store = pkcs12.load_pkcs12(content, None)
    except (ValueError, UnsupportedAlgorithm):
        message = "it is neither a JKS keystore nor a PKCS#12 one without a password"
        raise ValueError(message) from None
    for one in store.additional_certs:
        alias = (one.friendly_name or b"").decode("utf-8", "replace")
        yield Trusted(alias, one.certificate.public_bytes(Encoding.DER))
