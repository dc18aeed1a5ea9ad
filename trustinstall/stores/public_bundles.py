"""Which files are bundles of public roots: recognised by a name, a size and the content, in this order.

The cheap tests come before a file is read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.stores.backend import Candidates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustinstall.host import Host

#: Names of bundles: a suffix of PEM, or a text about CAs.
_NAMES = r".*\.(?:pem|crt|cer|bundle)|ca[-_]?(?:certs?|bundle|roots?)\b.*|.*\bcacerts?\.txt"
LIKELY = Candidates(
    regex(_NAMES, re.IGNORECASE | re.ASCII),
    (".pem\n", ".crt\n", ".cer\n", ".bundle\n", "\nca", "cacert"),
)
MANY = 10  # public roots that make a file a bundle
_MANY = ("many",)
#: Bytes: a P-256 root takes more than 500 in PEM, the largest bundle seen 1 MiB.
_SMALLEST, _LARGEST = MANY * 500, 8 << 20


def is_likely(name: str) -> bool:
    """Whether a file may be a bundle of public roots by its name."""
    return LIKELY.names.fullmatch(name) is not None


def holds_many(host: Host, path: str) -> bool:
    """Whether a file holds so many public roots that it must be a bundle of them: its size is tested first.

    A file of a service's own roots, even of many, is a pin: a client of that service alone needs no other root.
    """
    status = host.status(path)
    if status is None or status.kind is not Kind.FILE or not _SMALLEST <= status.size <= _LARGEST:
        return False
    try:
        (held,) = host.learned("public roots", (path,), 1, lambda: (_MANY,) if _read_many(host, path) else ((),))
    except OSError:  # another account's, or gone
        return False
    return held == _MANY


def _read_many(host: Host, path: str) -> bool:
    blocks = pem_blocks(host.read(path, _LARGEST))
    ders = {one.der for one in blocks if one.label in CERTIFICATE_LABELS and one.der is not None}
    return are_many(map(sha256_of, ders))


def are_many(sha256: Iterable[str]) -> bool:
    """Whether so many of these certificates are public roots that their readers trust servers in general."""
    from trustinstall.certificates.public_roots import FINGERPRINTS  # rarely needed: files of other names are few

    return len(FINGERPRINTS.intersection(sha256)) >= MANY
