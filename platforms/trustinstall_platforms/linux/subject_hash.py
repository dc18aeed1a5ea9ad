"""The names under which OpenSSL looks for a certificate in a directory: HASH.N, by the hash of its subject.

OpenSSL's X509_subject_name_hash is the start of a SHA-1 over a *canonical* form of the name: without the outer
SEQUENCE, every text as UTF-8 in lower case, blanks folded. OpenSSL before 1.0 took an MD5 of the name as it is, and
p11-kit makes a link by that, too.

Sources: OpenSSL's crypto/x509/x_name.c (x509_name_canon, asn1_string_canon) and x509_cmp.c; p11-kit's
trust/extract-openssl.c, which knows other types of text. The tests compare with `openssl x509 -hash`, and with p11-kit.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall.certificates import der

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.certificates.certificate import Certificate

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
#: p11-kit takes a NumericString, too, and reads all but the last two as UTF-8.
P11_KIT: Mapping[int, str] = {
    **dict.fromkeys((0x0C, 0x12, 0x13, 0x14, 0x16), "utf-8"),
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_UTF8, _SET = 0x0C, 0x31


def subject_hash(certificate: Certificate, texts: Mapping[int, str] = OPENSSL) -> str | None:
    """The hash of the subject, 8 hexadecimal digits; None where the tool that `texts` belongs to makes none."""
    try:
        canonical = b"".join(_canonical_set(group, texts) for group in certificate.subject_element.children())
    except ValueError:  # no DER, or text that is not what its type says
        return None
    return _start(hashlib.sha1(canonical, usedforsecurity=False).digest())


def old_subject_hash(certificate: Certificate) -> str:
    """The same, as OpenSSL made it before 1.0."""
    return _start(hashlib.md5(certificate.subject_element.whole, usedforsecurity=False).digest())


def _start(digest: bytes) -> str:
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def _canonical_set(group: der.Element, texts: Mapping[int, str]) -> bytes:
    """One RelativeDistinguishedName; DER sorts the members of a SET."""
    return der.wrapped(_SET, b"".join(sorted(_canonical_pair(pair, texts) for pair in group.children())))


def _canonical_pair(pair: der.Element, texts: Mapping[int, str]) -> bytes:
    kind, value = pair.children()
    if value.tag not in texts:
        return der.wrapped(der.SEQUENCE, kind.whole + value.whole)
    text = value.value.decode(texts[value.tag]).encode()
    folded = b" ".join(text.split())  # bytes.split knows the six blanks of C's isspace and no other
    return der.wrapped(der.SEQUENCE, kind.whole + der.wrapped(_UTF8, folded.lower()))
