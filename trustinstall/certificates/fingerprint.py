"""The fingerprint of a certificate, which is its name in the ledger, in reports and on the command line."""

from __future__ import annotations

import hashlib
from functools import lru_cache


@lru_cache(maxsize=1024)  # every store of a machine holds the same roots
def sha256_of(der: bytes) -> str:
    """Return the SHA-256 of a certificate's DER: 64 hexadecimal digits in lower case."""
    return hashlib.sha256(der).hexdigest()
