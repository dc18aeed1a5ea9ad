"""Windows' form of one certificate: a list of properties, one of which is the certificate itself.

Format: for each property a number, a reserved word and a length (32 bits each, little-endian), and its content; as in a
serialised certificate (wincrypt.h, CertSerializeCertificateStoreElement; CERT_CERT_PROP_ID is 32).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

CERTIFICATE = 32
# Hashes and lengths, which Windows computes from the certificate on demand, and keeps.
_COMPUTED = frozenset({3, 4, 15, 20, 24, 25, 28, 29, 89, *range(92, 97), 98, 107, 124})
_NAMES = frozenset({11, 13})  # the friendly name, the description
_HEADER = struct.Struct("<III")


class Entry(NamedTuple):
    """One certificate in Windows' form: its DER, and the numbers of its other properties."""

    der: bytes
    noted: frozenset[int]

    @property
    def plain(self) -> bool:
        """Whether no property decides how far it is trusted: a limit to a purpose, for example, would."""
        return self.noted <= _COMPUTED | _NAMES


def entry(blob: bytes) -> Entry:
    """Return the content of a blob. Raises ValueError if the blob is cut, or holds no certificate."""
    found = dict(properties(blob))
    der = found.pop(CERTIFICATE, b"")
    if not der:
        raise ValueError("no certificate is in it")
    return Entry(der, frozenset(found))


def properties(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each property. Raises ValueError if the blob is cut."""
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
