"""A name in the form in which OpenSSL compares names: case, blanks and the type of a text make no difference.

The form has no outer SEQUENCE; every text is UTF-8 in lower case, with its blanks folded. Sources: OpenSSL's
crypto/x509/x_name.c (x509_name_canon, asn1_string_canon).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates import der

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How texts of a type are decoded: UTF8String, PrintableString, T61String, IA5String, UniversalString, BMPString.
#: Others stay as they are (OpenSSL takes no certificate with a VisibleString in its name).
OPENSSL: Mapping[int, str] = {
    0x0C: "utf-8",
    0x13: "latin-1",
    0x14: "latin-1",
    0x16: "latin-1",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_UTF8 = 0x0C


def canonical(name: der.Element, texts: Mapping[int, str] = OPENSSL) -> bytes:
    """Return the canonical form of a Name; raises ValueError if it is not DER, or a text does not match its type."""
    return b"".join(_canonical_set(group, texts) for group in name.children())


def _canonical_set(group: der.Element, texts: Mapping[int, str]) -> bytes:
    """Return one RelativeDistinguishedName; DER sorts the members of a SET."""
    return der.wrapped(der.SET, b"".join(sorted(_canonical_pair(pair, texts) for pair in group.children())))


def _canonical_pair(pair: der.Element, texts: Mapping[int, str]) -> bytes:
    kind, value = pair.children()
    if value.tag not in texts:
        return der.wrapped(der.SEQUENCE, kind.whole + value.whole)
    text = value.value.decode(texts[value.tag]).encode()
    folded = b" ".join(text.split())  # bytes.split knows the six blanks of C's isspace and no other
    return der.wrapped(der.SEQUENCE, kind.whole + der.wrapped(_UTF8, folded.lower()))
