"""JKS, the keystore format of Java up to 8: read and changed entry by entry, without Java. Hostile input, bounded.

    magic, version, number of entries           4 bytes each, big-endian as all of it
    kind, alias, milliseconds since 1970        for each entry; then a private key and its chain, or a certificate
    SHA-1 over password, phrase and the above   the password in UTF-16

Certificates are not encrypted: the password is needed to change one, not to read it. Private keys are kept unchanged,
encrypted.

Source: sun.security.provider.JavaKeyStore of OpenJDK.
"""

from __future__ import annotations

import hashlib
import hmac
from itertools import count
from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple
from trustinstall_platforms.keystores.common import Locked, Trusted, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall_platforms.keystores.common import Drop, New

MAGIC = b"\xfe\xed\xfe\xed"
_KEY, _TRUSTED = 1, 2  # kinds of entries
_UNNAMED = 1  # the version whose entries do not name the type of their certificates
_VERSIONS = frozenset({_UNNAMED, 2})
_PHRASE = b"Mighty Aphrodite"
_DIGEST = 20  # bytes of SHA-1
_TYPE = b"X.509"


class Entry(NamedTuple):
    """One entry: its bytes, its alias, and the DER if it is a trusted certificate."""

    raw: bytes
    alias: str
    der: bytes | None


class Jks(NamedTuple):
    """A parsed keystore.

    Attributes:
        version: 1 or 2.
        entries: in order.
        body: the bytes that the digest covers.
        digest: the bytes after them.
        rest: the bytes after the digest, which Java does not read.
    """

    version: int
    entries: tuple[Entry, ...]
    body: bytes
    digest: bytes
    rest: bytes = b""

    def trusted(self, _passwords: Iterable[str] = ()) -> list[Trusted]:
        """Return the trusted certificates; no password is needed."""
        return [Trusted(one.alias, one.der) for one in self.entries if one.der is not None]

    def password(self, passwords: Iterable[str]) -> str:
        """Return the password that its digest was made with; raises Locked if it is not among them."""
        for password in passwords:
            if hmac.compare_digest(_digest(password, self.body), self.digest):
                return password
        raise Locked

    def changed(
        self, passwords: Iterable[str], add: Sequence[New], drop: Drop, _salt: bytes = b"", *, first: bool = False
    ) -> bytes:
        """Return the keystore without some trusted certificates and with new ones at its end, or at its start.

        Certificates that it already has are not added again; an alias that is taken gets a number. No other byte
        changes.
        Raises Locked.
        """
        password = self.password(passwords)
        kept = [one for one in self.entries if one.der is None or not drop(Trusted(one.alias, one.der))]
        aliases, there = {one.alias for one in kept}, {one.der for one in kept}
        new: list[bytes] = []
        for one in add:
            if one.der not in there:
                alias = free(one.alias, aliases)
                aliases.add(alias)
                new.append(self._entry(alias, one))
        old = [one.raw for one in kept]
        raw = (*new, *old) if first else (*old, *new)
        head = MAGIC + self.version.to_bytes(4, "big") + len(raw).to_bytes(4, "big")
        body = head + b"".join(raw)
        return body + _digest(password, body) + self.rest

    def _entry(self, alias: str, new: New) -> bytes:
        return b"".join(
            (
                _TRUSTED.to_bytes(4, "big"),
                _counted(alias.encode(), 2),
                (new.seconds * 1000).to_bytes(8, "big"),
                b"" if self.version == _UNNAMED else _counted(_TYPE, 2),
                _counted(new.der, 4),
            )
        )


def parse(content: bytes) -> Jks:
    """Parse a keystore. Raises Unreadable if it is not whole."""
    reader = _Reader(content)
    magic, version, number = reader.take(4), reader.number(4), reader.number(4)
    if magic != MAGIC or version not in _VERSIONS:
        raise Unreadable("the Java keystore has an unknown version")
    entries = tuple(_entries(reader, version, number))
    body, digest, rest = content[: reader.at], content[reader.at :][:_DIGEST], content[reader.at + _DIGEST :]
    return Jks(version, entries, body, digest, rest)


def free(alias: str, taken: set[str]) -> str:
    """Return the alias, or the first with a number after it that is not taken."""
    return next(word for word in (f"{alias}-{n}" if n else alias for n in count()) if word not in taken)


def _digest(password: str, body: bytes) -> bytes:
    secret = password.encode("utf-16-be", "surrogatepass")
    return hashlib.sha1(secret + _PHRASE + body, usedforsecurity=False).digest()


def _counted(content: bytes, size: int) -> bytes:
    return len(content).to_bytes(size, "big") + content


class _Reader:
    """Reads big-endian numbers and counted bytes, and never into the digest that must follow them."""

    def __init__(self, content: bytes) -> None:
        self.content, self.at, self._end = content, 0, len(content) - _DIGEST

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def counted(self, size: int) -> bytes:
        """Return bytes that follow their own number, which has `size` bytes."""
        return self.take(self.number(size))

    def take(self, size: int) -> bytes:
        at = self.at
        self.at += size
        if self.at > self._end:
            raise Unreadable("the Java keystore is cut off")
        return self.content[at : self.at]


def _entries(reader: _Reader, version: int, number: int) -> Iterator[Entry]:
    for _ in range(number):
        start = reader.at
        kind, alias, _made = reader.number(4), reader.counted(2), reader.number(8)
        if kind not in {_KEY, _TRUSTED}:
            raise Unreadable("the Java keystore has an entry of an unknown kind")
        _key = reader.counted(4) if kind == _KEY else b""
        der = b""
        for _ in range(reader.number(4) if kind == _KEY else 1):
            _type = reader.counted(2) if version != _UNNAMED else _TYPE
            der = reader.counted(4)
        raw = reader.content[start : reader.at]
        yield Entry(raw, alias.decode("utf-8", "replace"), der if kind == _TRUSTED else None)
