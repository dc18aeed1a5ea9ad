"""What Java trusts: JKS keystores, and PKCS#12 ones without a password. Hostile input, bounded.

JKS keystores under the password that every system's has can be changed as well, entry by entry, without Java: the
libraries for that are no longer kept (pyjks has had no release since 2019).

Sources: sun.security.provider.JavaKeyStore of OpenJDK for JKS; JEP 229 for PKCS#12.
"""

from __future__ import annotations

import hashlib
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.host import Host

_JKS = b"\xfe\xed\xfe\xed"
_LIMIT = 16 * 1024 * 1024  # bytes; 150 roots are below 200 KiB
_KEY, _TRUSTED = 1, 2  # kinds of entries
# What is hashed before the content: the password in UTF-16, and a phrase of the format's author.
_SALT = "changeit".encode("utf-16-be") + b"Mighty Aphrodite"
_VERSION = (2).to_bytes(4, "big")  # of today's entries, which name their type
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


class New(NamedTuple):
    """A certificate to put into a keystore: its alias, its DER, and when, in seconds since 1970."""

    alias: str
    der: bytes
    seconds: int


def changeable(content: bytes) -> bool:
    """Whether `changed` can change a keystore: it is JKS, and its password is the usual one."""
    return content.startswith(_JKS) and _digest(content[:-_DIGEST]) == content[-_DIGEST:]


def changed(content: bytes, add: Sequence[New], remove: Collection[bytes], *, first: bool = False) -> bytes:
    """A keystore without some certificates (DER) and with new ones at its end, or at its start.

    Those that are there already are not added again; an alias that is taken gets a number. Nothing else changes a
    byte. Raises ValueError where the keystore cannot be understood, or is not `changeable`.
    """
    if not changeable(content) or content[4:8] != _VERSION:
        raise ValueError("the Java keystore has another password than the usual one, or is no JKS")
    entries = list(_entries(content))
    kept = [one for one in entries if one.der is None or one.der not in remove]
    aliases, there = {one.alias for one in kept}, {one.der for one in kept}
    new: list[bytes] = []
    for one in add:
        if one.der not in there:
            alias = next(
                word for word in (f"{one.alias}-{n}" if n else one.alias for n in count()) if word not in aliases
            )
            aliases.add(alias)
            new.append(_entry(alias, one))
    old = [content[one.start : one.end] for one in kept]
    body = b"".join((*new, *old) if first else (*old, *new))
    head = _JKS + _VERSION + (len(old) + len(new)).to_bytes(4, "big")
    return head + body + _digest(head + body)


def _digest(content: bytes) -> bytes:
    return hashlib.sha1(_SALT + content, usedforsecurity=False).digest()


def _entry(alias: str, new: New) -> bytes:
    name, kind = alias.encode(), b"X.509"
    return b"".join(
        (
            _TRUSTED.to_bytes(4, "big"),
            len(name).to_bytes(2, "big") + name,
            (new.seconds * 1000).to_bytes(8, "big"),
            len(kind).to_bytes(2, "big") + kind,
            len(new.der).to_bytes(4, "big") + new.der,
        )
    )


class _Entry(NamedTuple):
    """One entry of a JKS keystore: its place, its alias, and the DER where it is a trusted certificate."""

    start: int
    end: int
    alias: str
    der: bytes | None


class _Reader:
    """Reads big-endian numbers and counted bytes, and never past the end."""

    def __init__(self, content: bytes) -> None:
        self._content, self.at, self._end = content, 0, len(content) - _DIGEST

    def number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def counted(self, size: int) -> bytes:
        """Bytes, behind their own number, which has `size` bytes."""
        return self._take(self.number(size))

    def _take(self, size: int) -> bytes:
        at = self.at
        self.at += size
        if self.at > self._end:
            raise ValueError("the Java keystore is cut off")
        return self._content[at : self.at]


def _jks(content: bytes) -> Iterator[Trusted]:
    return (Trusted(one.alias, one.der) for one in _entries(content) if one.der is not None)


def _entries(content: bytes) -> Iterator[_Entry]:
    reader = _Reader(content)
    _, version = reader.number(4), reader.number(4)
    if version not in {1, 2}:
        raise ValueError("the Java keystore has an unknown version")
    for _ in range(reader.number(4)):
        start = reader.at
        kind, alias, _made = reader.number(4), reader.counted(2), reader.number(8)
        if kind not in {_KEY, _TRUSTED}:
            raise ValueError("the Java keystore has an entry of an unknown kind")
        _key = reader.counted(4) if kind == _KEY else b""
        der = b""
        for _ in range(reader.number(4) if kind == _KEY else 1):
            _type = reader.counted(2) if version != 1 else b"X.509"
            der = reader.counted(4)
        yield _Entry(start, reader.at, alias.decode("utf-8", "replace"), der if kind == _TRUSTED else None)


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
