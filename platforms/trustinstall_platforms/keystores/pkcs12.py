"""PKCS#12, Java's keystore format since 9: read and changed entry by entry, without Java. Hostile input, bounded.

    PFX: authenticated safe (parts: plain or encrypted lists of bags), and an integrity value over it, or none
    bag: a certificate or key, and attributes: its alias, and for Java "trusted, for any purpose"

Managed certificates go into plain parts of their own, after all others: no encrypted part need be opened to write, and
others' parts stay to the byte. Certificates are not secret. If another program has since written the file again
(keytool puts all certificates into one part), the managed bags are removed from that part, and it is encrypted again in
its own way. Keys are never decrypted.

A library cannot do that: `cryptography` 50 reads such a file and writes new ones; it neither shows nor keeps Java's
attribute, and its output has other parts, salts and order.

Sources: RFC 7292; sun.security.pkcs12.PKCS12KeyStore of OpenJDK, for the certificates that Java trusts; JEP 229.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.certificates.der import (
    CONTEXT_0,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    Malformed,
    dotted,
    element,
    wrapped,
)
from trustinstall_platforms.keystores.common import Locked, Trusted, Unreadable, in_words
from trustinstall_platforms.keystores.jks import free
from trustinstall_platforms.keystores.pbe import NOTHING, Budget, cipher, first, mac, oid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from trustinstall_platforms.keystores.common import Drop, New
    from trustinstall_platforms.keystores.pbe import Cipher

_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_CERTIFICATE, _X509 = "1.2.840.113549.1.12.10.1.3", "1.2.840.113549.1.9.22.1"
KEYS = frozenset({"1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.2"})
_ALIAS = "1.2.840.113549.1.9.20"  # friendlyName
_TRUSTED = "2.16.840.1.113894.746875.1.1"  # Oracle's trustedKeyUsage: without it, Java trusts no certificate here
_ANY_PURPOSE = "2.5.29.37.0"
_SET, _BMP_STRING, _CONTEXT_0_PRIMITIVE = 0x31, 0x1E, 0x80
_VERSION = 3
_MOST_PARTS = 10_000
_DAMAGED = "it is no PKCS#12 file in DER, or a damaged one"


class Bag(NamedTuple):
    """One bag: its bytes, its kind, and for a certificate its DER, alias and whether Java trusts it."""

    raw: bytes
    kind: str
    der: bytes | None = None
    alias: str = ""
    trusted: bool = False


class Part(NamedTuple):
    """One part of the safe.

    Attributes:
        raw: its bytes.
        bags: its bags, or None if it has not been decrypted, or is of another kind.
        cipher, sealed: its cipher, and the encrypted bytes; None if it is not encrypted.
    """

    raw: bytes
    bags: tuple[Bag, ...] | None = None
    cipher: Cipher | None = None
    sealed: bytes = b""


class Integrity(NamedTuple):
    """The value over the safe: the function that computes it, the value, and the parts of it that stay unchanged."""

    compute: Callable[[str, bytes], bytes]
    value: bytes
    algorithm: bytes
    rest: bytes


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
                part._replace(bags=_bags(part.cipher.decrypt(password, part.sealed))) if part.cipher else part
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
                new.append(_plain(_bag(alias, one.der)))
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
            return Part(_plain(content, wrap=False), kept)
        fresh = hashlib.sha256(salt + part.raw).digest()  # another one for each part
        algorithm, sealed = part.cipher.encrypt(password, content, fresh)
        return Part(_sealed(algorithm, sealed), kept)

    def _around(self, password: str, safe: bytes) -> bytes:
        inner = wrapped(INTEGER, bytes((_VERSION,))) + _content_info(_DATA, wrapped(OCTET_STRING, safe))
        if self.integrity is not None:
            value = wrapped(OCTET_STRING, self.integrity.compute(password, safe))
            inner += wrapped(SEQUENCE, wrapped(SEQUENCE, self.integrity.algorithm + value) + self.integrity.rest)
        return wrapped(SEQUENCE, inner) + self.rest


@in_words(_DAMAGED)
def parse(content: bytes) -> Pkcs12:
    """Parse a keystore. Raises Unreadable if it is not a PKCS#12 file in DER."""
    outer = _strict(element(content), SEQUENCE)
    version, info, *more = outer.children()
    if version.whole != wrapped(INTEGER, bytes((_VERSION,))) or len(more) > 1:
        raise Malformed
    kind, inner = _info(info)
    octets = _strict(inner, OCTET_STRING)
    if kind != _DATA:
        raise Unreadable("it is signed with a key instead of a password, which no Java reads")
    budget, safe = Budget(), _strict(element(octets.value), SEQUENCE)
    parts = [_part(one, budget) for one in safe.children()]
    if len(parts) > _MOST_PARTS or safe.end != len(octets.value):
        raise Malformed
    integrity = _integrity(more[0], budget) if more else None
    return Pkcs12(octets.value, tuple(parts), integrity, content[outer.end :])


def _strict(one: Element, tag: int) -> Element:
    """Return the same element, if it is of this tag, whole, and encoded in the one way that DER allows."""
    if one.tag != tag or one.cut_off or wrapped(tag, one.value) != one.whole:
        raise Malformed
    return one


def _info(info: Element) -> tuple[str, Element]:
    """Return the kind of a ContentInfo, and its content."""
    kind, content = _strict(info, SEQUENCE).children()
    (inner,) = _strict(content, CONTEXT_0).children()
    return dotted(kind.value), inner


def _part(info: Element, budget: Budget) -> Part:
    kind, inner = _info(info)
    if kind == _DATA:
        return Part(info.whole, _bags(_strict(inner, OCTET_STRING).value))
    if kind != _ENCRYPTED:
        return Part(info.whole)  # encrypted to a public key: Java cannot read it either, and refuses
    _version, content = inner.children()
    _kind, algorithm, *sealed = content.children()
    if len(sealed) != 1 or sealed[0].tag != _CONTEXT_0_PRIMITIVE:
        raise Malformed
    return Part(info.whole, None, cipher(algorithm, budget), sealed[0].value)


def _integrity(data: Element, budget: Budget) -> Integrity:
    info, salt, *iterations = _strict(data, SEQUENCE).children()
    algorithm, value = info.children()
    times = int.from_bytes(iterations[0].value, "big", signed=True) if iterations else 1
    compute = mac(info, salt.value, times, budget)
    return Integrity(compute, value.value, algorithm.whole, salt.whole + b"".join(one.whole for one in iterations))


def _bags(content: bytes) -> tuple[Bag, ...]:
    """Return the bags of a part's content. Raises ValueError: a wrong password may look like a right one until here."""
    outer = element(content)
    if outer.tag != SEQUENCE or outer.end != len(content):
        raise Malformed
    return tuple(map(_read_bag, outer.children()))


def _read_bag(one: Element) -> Bag:
    kind, value, *attributes = one.children()
    name = dotted(kind.value)
    if name != _CERTIFICATE:
        return Bag(one.whole, name)
    form, content = first(value).children()
    if dotted(form.value) != _X509:
        return Bag(one.whole, name)
    found = {
        dotted(key.value): values
        for key, values in (item.children() for each in attributes for item in each.children())
    }
    alias = first(found[_ALIAS]).value.decode("utf-16-be", "replace") if _ALIAS in found else ""
    return Bag(one.whole, name, first(content).value, alias, _TRUSTED in found)


def _bag(alias: str, der: bytes) -> bytes:
    """Return a bag as Java writes it for a certificate that it trusts."""
    certificate = wrapped(SEQUENCE, oid(_X509) + wrapped(CONTEXT_0, wrapped(OCTET_STRING, der)))
    name = wrapped(_BMP_STRING, alias.encode("utf-16-be"))
    attributes = sorted(
        wrapped(SEQUENCE, oid(kind) + wrapped(_SET, value))
        for kind, value in ((_ALIAS, name), (_TRUSTED, oid(_ANY_PURPOSE)))
    )
    inside = oid(_CERTIFICATE) + wrapped(CONTEXT_0, certificate) + wrapped(_SET, b"".join(attributes))
    return wrapped(SEQUENCE, inside)


def _content_info(kind: str, content: bytes) -> bytes:
    return wrapped(SEQUENCE, oid(kind) + wrapped(CONTEXT_0, content))


def _plain(content: bytes, *, wrap: bool = True) -> bytes:
    return _content_info(_DATA, wrapped(OCTET_STRING, wrapped(SEQUENCE, content) if wrap else content))


def _sealed(algorithm: bytes, sealed: bytes) -> bytes:
    content = wrapped(SEQUENCE, oid(_DATA) + algorithm + wrapped(_CONTEXT_0_PRIMITIVE, sealed))
    return _content_info(_ENCRYPTED, wrapped(SEQUENCE, wrapped(INTEGER, b"\0") + content))


def _variants(passwords: Iterable[str]) -> Iterable[str]:
    """No password is written in two ways (RFC 7292 B.1; OpenJDK's RetryWithZero): as nothing, or as a zero."""
    for password in passwords:
        yield password
        if not password:
            yield NOTHING
