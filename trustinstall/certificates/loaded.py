"""Certificates as `cryptography` reads them, without its warnings. The first call imports the package."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from cryptography import x509

#: Warning filters belong to the process: two threads that change them at the same time could leave them changed.
_FILTERS = RLock()


@contextmanager
def quiet() -> Generator[None, None, None]:
    """Suppress `UserWarning` during calls into `cryptography`, which warns about certificates that it accepts.

    Public roots have serial numbers that are zero or negative, NULL parameters and country codes of three letters.
    `vetting` reports the faults that matter; the library's warning would not help a user.
    """
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def extensions_of(loaded: x509.Certificate) -> x509.Extensions:
    """Return all extensions, without warnings. Raises ValueError, or an error of `cryptography.x509`."""
    with quiet():
        return loaded.extensions


def key_identifiers(loaded: x509.Certificate) -> tuple[bytes | None, bytes | None]:
    """Return the subject's and the authority's key identifier, or None for a missing one. Raises as `extensions_of`."""
    from cryptography import x509

    own = issuer = None
    for extension in extensions_of(loaded):
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            own = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            issuer = extension.value.key_identifier
    return own, issuer
