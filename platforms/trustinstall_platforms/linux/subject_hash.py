"""The names under which OpenSSL searches for a certificate in a directory: HASH.N, by the hash of its subject.

OpenSSL's X509_subject_name_hash is the start of a SHA-1 over the canonical form of the name. OpenSSL before 1.0 used an
MD5 of the unchanged name, and p11-kit makes a link by that, too.

Sources: OpenSSL's crypto/x509/x509_cmp.c; p11-kit's trust/extract-openssl.c, which supports other types of text. The
tests compare with `openssl x509 -hash`, and with p11-kit.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall.certificates.canonical_name import OPENSSL, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.certificates.certificate import Certificate

#: p11-kit accepts a NumericString, too, and reads all but the last two as UTF-8.
P11_KIT: Mapping[int, str] = {
    **dict.fromkeys((0x0C, 0x12, 0x13, 0x14, 0x16), "utf-8"),
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}


def subject_hash(certificate: Certificate, texts: Mapping[int, str] = OPENSSL) -> str | None:
    """Return the hash of the subject, 8 hexadecimal digits; None if the tool that `texts` belongs to makes none."""
    try:
        name = canonical(certificate.subject_element, texts)
    except ValueError:  # not DER, or text that does not match its type
        return None
    return _start(hashlib.sha1(name, usedforsecurity=False).digest())


def old_subject_hash(certificate: Certificate) -> str:
    """Return the same hash, as OpenSSL made it before 1.0."""
    return _start(hashlib.md5(certificate.subject_element.whole, usedforsecurity=False).digest())


def _start(digest: bytes) -> str:
    return f"{int.from_bytes(digest[:4], 'little'):08x}"
