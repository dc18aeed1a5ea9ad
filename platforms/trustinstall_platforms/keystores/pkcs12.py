"""PKCS#12, Java's keystore format since 9: read and changed entry by entry, without Java. Hostile input, bounded.

Managed certificates go into plain parts of their own, after all others: no encrypted part need be opened to write, and
others' parts stay to the byte. Certificates are not secret. If another program has since written the file again
(keytool puts all certificates into one part), the managed bags are removed from that part, and it is encrypted again in
its own way. Keys are never decrypted.

A library cannot do that: `cryptography` 50 reads such a file and writes new ones; it neither shows nor keeps Java's
attribute, and its output has other parts, salts and order.

Source: JEP 229; the format is in `pkcs12_parts`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates.der import (
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Malformed,
    element,
    wrapped,
)
from trustinstall.values import dataclass
from trustinstall_platforms.keystores.common import Locked, Trusted, Unreadable, in_words
from trustinstall_platforms.keystores.jks import free
from trustinstall_platforms.keystores.pbe import NOTHING, Budget
from trustinstall_platforms.keystores.pkcs12_parts import (
    DATA,
    KEYS,
    Part,
    content_info,
    content_of,
    new_bag,
    plain_part,
    read_bags,
    read_integrity,
    read_part,
    sealed_part,
    strict,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from trustinstall_platforms.keystores.common import Drop, New
    from trustinstall_platforms.keystores.pkcs12_parts import Integrity

_VERSION = 3
_MOST_PARTS = 10_000
_DAMAGED = "it is no PKCS#12 file in DER, or a damaged one"


@dataclass(frozen=True)
class Pkcs12:
    """A parsed keystore.

    Attributes:
        safe: the bytes that the integrity value covers.
        parts: in order.
        integrity: None if it has no password.
        rest: the bytes after it, which Java does not read.
    """

    safe: bytes
    parts: tuple[Part, ...]
    integrity: Integrity | None
    rest: bytes = b""
    _opened: dict[str, tuple[Part, ...]] = field(default_factory=dict[str, "tuple[Part, ...]"], repr=False)
    _right: list[str] = field(default_factory=list[str], repr=False)  # the password, once it was found

    @in_words(_DAMAGED)
    def trusted(self, passwords: Iterable[str] = ()) -> list[Trusted]:
        """Return the certificates that Java trusts. Raises Locked if some are encrypted and no password fits."""
        return [
            Trusted(one.alias, one.der)
            for part in self.opened(passwords)
            for one in part.bags or ()
            if one.trusted and one.der is not None
        ]

    @cached_property
    def encrypted(self) -> bool:
        """Whether a password is needed to read it."""
        return any(part.cipher for part in self.parts)

    @in_words(_DAMAGED)
    def password(self, passwords: Iterable[str]) -> str:
        """Return its password ("" if it has none), hashed once; raises Locked if it is not among them."""
        if self.integrity is None and not self.encrypted:
            return ""
        for password in _variants(passwords):
            if password in self._right or self._fits(password):
                self._right[:] = [password]
                return password
        raise Locked

    def _fits(self, password: str) -> bool:
        if self.integrity is None:
            return self._opens(password)
        return hmac.compare_digest(self.integrity.compute(password, self.safe), self.integrity.value)

    def opened(self, passwords: Iterable[str]) -> tuple[Part, ...]:
        """Return every part, decrypted. Raises Locked."""
        return self._decrypted(self.password(passwords)) if self.encrypted else self.parts

    def _opens(self, password: str) -> bool:
        try:
            self._decrypted(password)
        except ValueError:
            return False
        return True

    def _decrypted(self, password: str) -> tuple[Part, ...]:
        if password not in self._opened:
            self._opened[password] = tuple(
                part._replace(bags=read_bags(part.cipher.decrypt(password, part.sealed))) if part.cipher else part
                for part in self.parts
            )
        return self._opened[password]

    @in_words(_DAMAGED)
    def changed(self, passwords: Iterable[str], add: Sequence[New], drop: Drop, salt: bytes = b"") -> bytes:
        """Return the keystore without some trusted certificates, and with new ones in a new part at its end.

        Certificates that are trusted already are not added again; an alias that is taken gets a number. `salt` is
        random, and used if a part has to be encrypted again. Raises Locked.
        """
        password = self.password(passwords)
        old = self._decrypted(password)
        parts = [self._without(part, drop, password, salt) for part in old]
        bags = [bag for part in parts for bag in (part.bags or ()) if part.raw]
        aliases = {bag.alias.lower() for bag in bags}
        there = {bag.der for bag in bags if bag.trusted}
        new: list[bytes] = []
        for one in add:
            if one.der not in there:
                alias = free(one.alias, aliases)
                aliases.add(alias)
                there.add(one.der)
                new.append(plain_part(new_bag(alias, one.der)))
        safe = wrapped(SEQUENCE, b"".join((*(part.raw for part in parts), *new)))
        return self._around(password, safe)

    @in_words(_DAMAGED)
    def without_keys(self, passwords: Iterable[str]) -> bytes:
        """Return the same keystore without its keys, for a reader that would decrypt them. Raises Locked."""
        password = self.password(passwords)
        kept = [part for part in self.opened([password]) if not any(bag.kind in KEYS for bag in part.bags or ())]
        return self._around(password, wrapped(SEQUENCE, b"".join(part.raw for part in kept)))

    def _without(self, part: Part, drop: Drop, password: str, salt: bytes) -> Part:
        bags = part.bags or ()
        kept = tuple(
            one for one in bags if not (one.trusted and one.der is not None and drop(Trusted(one.alias, one.der)))
        )
        if len(kept) == len(bags):
            return part
        if not kept:
            return Part(b"", ())
        content = wrapped(SEQUENCE, b"".join(one.raw for one in kept))
        if part.cipher is None:
            return Part(plain_part(content, wrap=False), kept)
        fresh = hashlib.sha256(salt + part.raw).digest()  # another one for each part
        algorithm, sealed = part.cipher.encrypt(password, content, fresh)
        return Part(sealed_part(algorithm, sealed), kept)

    def _around(self, password: str, safe: bytes) -> bytes:
        inner = wrapped(INTEGER, bytes((_VERSION,))) + content_info(DATA, wrapped(OCTET_STRING, safe))
        if self.integrity is not None:
            value = wrapped(OCTET_STRING, self.integrity.compute(password, safe))
            inner += wrapped(SEQUENCE, wrapped(SEQUENCE, self.integrity.algorithm + value) + self.integrity.rest)
        return wrapped(SEQUENCE, inner) + self.rest


@in_words(_DAMAGED)
def parse(content: bytes) -> Pkcs12:
    """Parse a keystore. Raises Unreadable if it is not a PKCS#12 file in DER."""
    outer = strict(element(content), SEQUENCE)
    version, info, *more = outer.children()
    if version.whole != wrapped(INTEGER, bytes((_VERSION,))) or len(more) > 1:
        raise Malformed
    kind, inner = content_of(info)
    octets = strict(inner, OCTET_STRING)
    if kind != DATA:
        raise Unreadable("it is signed with a key instead of a password, which no Java reads")
    budget, safe = Budget(), strict(element(octets.value), SEQUENCE)
    parts = [read_part(one, budget) for one in safe.children()]
    if len(parts) > _MOST_PARTS or safe.end != len(octets.value):
        raise Malformed
    integrity = read_integrity(more[0], budget) if more else None
    return Pkcs12(octets.value, tuple(parts), integrity, content[outer.end :])


def _variants(passwords: Iterable[str]) -> Iterable[str]:
    """No password is written in two ways (RFC 7292 B.1; OpenJDK's RetryWithZero): as nothing, or as a zero."""
    for password in passwords:
        yield password
        if not password:
            yield NOTHING
