"""How Windows keeps one certificate: a list of properties, one of which is the certificate itself.

Format: for each property a number, a reserved word and a length (32 bits each, little-endian), and its content; as in a
serialised certificate (wincrypt.h, CertSerializeCertificateStoreElement; CERT_CERT_PROP_ID is 32).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE = 32
_HEADER = struct.Struct("<III")


def certificate(blob: bytes) -> bytes:
    """The DER of the certificate in a blob. Raises ValueError where the blob is cut, or holds none."""
    der = dict(properties(blob)).get(CERTIFICATE)
    if not der:
        raise ValueError("no certificate is in it")
    return der


def properties(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each property. Raises ValueError where the blob is cut."""
    at = 0
    while at < len(blob):
        if len(blob) - at < _HEADER.size:
            raise ValueError("it ends in a header")
        number, _reserved, length = _HEADER.unpack_from(blob, at)
        at += _HEADER.size
        if len(blob) - at < length:
            raise ValueError("it ends in a property")
        yield number, blob[at : at + length]
        at += length
