"""The parts of a PKCS#12 file in DER: bags, plain and encrypted parts, and the integrity value over them.

    PFX: authenticated safe (parts: plain or encrypted lists of bags), and an integrity value over it, or none
    bag: a certificate or key, and attributes: its alias, and for Java "trusted, for any purpose"

Sources: RFC 7292; sun.security.pkcs12.PKCS12KeyStore of OpenJDK, for the certificates that Java trusts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

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
from trustinstall.values import NamedTuple
from trustinstall_platforms.keystores.pbe import cipher, first, mac, oid

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall_platforms.keystores.pbe import Budget, Cipher

#: Object identifiers of the kinds of a part: plain and encrypted.
DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_CERTIFICATE, _X509 = "1.2.840.113549.1.12.10.1.3", "1.2.840.113549.1.9.22.1"
#: Object identifiers of the kinds of bags that hold a key.
KEYS = frozenset({"1.2.840.113549.1.12.10.1.1", "1.2.840.113549.1.12.10.1.2"})
_ALIAS = "1.2.840.113549.1.9.20"  # friendlyName
_TRUSTED = "2.16.840.1.113894.746875.1.1"  # Oracle's trustedKeyUsage: Java does not trust a certificate without it
_ANY_PURPOSE = "2.5.29.37.0"
_KEPT = 1 << 20  # bytes of a part whose bags are kept in memory; 150 roots are below 300 KiB
_SET, _BMP_STRING, _CONTEXT_0_PRIMITIVE = 0x31, 0x1E, 0x80


class Bag(NamedTuple):
    """One bag.

    Attributes:
        raw: its DER.
        kind: the dotted object identifier of its kind.
        der: the DER of its certificate, or None if it does not hold an X.509 certificate.
        alias: the alias of its certificate, or "".
        trusted: whether Java trusts its certificate.
    """

    raw: bytes
    kind: str
    der: bytes | None = None
    alias: str = ""
    trusted: bool = False


class Part(NamedTuple):
    """One part of the safe.

    Attributes:
        raw: its DER.
        bags: its bags, or None if it is encrypted, or of another kind.
        cipher: its cipher, or None if it is not encrypted.
        sealed: its encrypted bytes, or b"".
    """

    raw: bytes
    bags: tuple[Bag, ...] | None = None
    cipher: Cipher | None = None
    sealed: bytes = b""


class Integrity(NamedTuple):
    """The integrity value over the safe.

    Attributes:
        compute: the function of password and content that computes the value.
        value: the value in the file.
        algorithm: the DER of its algorithm.
        rest: the DER of its salt and number of iterations.
    """

    compute: Callable[[str, bytes], bytes]
    value: bytes
    algorithm: bytes
    rest: bytes


def strict(one: Element, tag: int) -> Element:
    """Return the element, if it has this tag, is complete, and has the only encoding that DER allows.

    Raises Malformed otherwise.
    """
    if one.tag != tag or one.cut_off or wrapped(tag, one.value) != one.whole:
        raise Malformed
    return one


def content_of(info: Element) -> tuple[str, Element]:
    """Return the dotted object identifier and the content of a ContentInfo. Raises Malformed or ValueError."""
    kind, content = strict(info, SEQUENCE).children()
    (inner,) = strict(content, CONTEXT_0).children()
    return dotted(kind.value), inner


def read_part(info: Element, budget: Budget) -> Part:
    """Return a part of the safe, without decrypting it. Raises Malformed, or Unreadable (see `pbe`).

    `budget` limits the cost of its key derivation.
    """
    kind, inner = content_of(info)
    if kind == DATA:
        return Part(info.whole, read_bags(strict(inner, OCTET_STRING).value))
    if kind != _ENCRYPTED:
        return Part(info.whole)  # encrypted to a public key: Java refuses it, too
    _version, content = inner.children()
    _kind, algorithm, *sealed = content.children()
    if len(sealed) != 1 or sealed[0].tag != _CONTEXT_0_PRIMITIVE:
        raise Malformed
    return Part(info.whole, None, cipher(algorithm, budget), sealed[0].value)


def read_integrity(data: Element, budget: Budget) -> Integrity:
    """Return the integrity value over the safe, and its computation. Raises Malformed, or Unreadable (see `pbe`).

    `budget` limits the cost of its key derivation.
    """
    info, salt, *iterations = strict(data, SEQUENCE).children()
    algorithm, value = info.children()
    times = int.from_bytes(iterations[0].value, "big", signed=True) if iterations else 1
    compute = mac(info, salt.value, times, budget)
    return Integrity(compute, value.value, algorithm.whole, salt.whole + b"".join(one.whole for one in iterations))


def read_bags(content: bytes) -> tuple[Bag, ...]:
    """Return the bags of a part's content. Raises ValueError: some wrong passwords are noticed only here."""
    return _known_bags(content) if len(content) <= _KEPT else _bags(content)


def _bags(content: bytes) -> tuple[Bag, ...]:
    outer = element(content)
    if outer.tag != SEQUENCE or outer.end != len(content):
        raise Malformed
    return tuple(map(_read_bag, outer.children()))


_known_bags = lru_cache(maxsize=8)(_bags)  # one change reads the parts that it keeps before, after, and to check both


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


def new_bag(alias: str, der: bytes) -> bytes:
    """Return the DER of a bag as Java writes it for a certificate that it trusts."""
    certificate = wrapped(SEQUENCE, oid(_X509) + wrapped(CONTEXT_0, wrapped(OCTET_STRING, der)))
    name = wrapped(_BMP_STRING, alias.encode("utf-16-be"))
    attributes = sorted(
        wrapped(SEQUENCE, oid(kind) + wrapped(_SET, value))
        for kind, value in ((_ALIAS, name), (_TRUSTED, oid(_ANY_PURPOSE)))
    )
    inside = oid(_CERTIFICATE) + wrapped(CONTEXT_0, certificate) + wrapped(_SET, b"".join(attributes))
    return wrapped(SEQUENCE, inside)


def content_info(kind: str, content: bytes) -> bytes:
    """Return a ContentInfo in DER."""
    return wrapped(SEQUENCE, oid(kind) + wrapped(CONTEXT_0, content))


def plain_part(content: bytes, *, wrap: bool = True) -> bytes:
    """Return the DER of a plain part; `wrap`: the content is bags in a row, which are made one list."""
    return content_info(DATA, wrapped(OCTET_STRING, wrapped(SEQUENCE, content) if wrap else content))


def sealed_part(algorithm: bytes, sealed: bytes) -> bytes:
    """Return the DER of an encrypted part; `algorithm` is DER, `sealed` the encrypted bytes."""
    content = wrapped(SEQUENCE, oid(DATA) + algorithm + wrapped(_CONTEXT_0_PRIMITIVE, sealed))
    return content_info(_ENCRYPTED, wrapped(SEQUENCE, wrapped(INTEGER, b"\0") + content))
