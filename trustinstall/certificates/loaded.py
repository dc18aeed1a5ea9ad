"""Certificates as `cryptography` reads them, without its warnings. The package is imported at the first call only."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from cryptography import x509

#: Warning filters belong to the whole process: threads that change them at once could leave them changed.
_FILTERS = RLock()


@contextmanager
def quiet() -> Generator[None, None, None]:
    """Suppress the warnings (all `UserWarning`) of a few calls into `cryptography` about certificates that it accepts.

    Public roots have serial numbers that are zero or negative, NULL parameters and country codes of three letters.
    `vetting` names the faults that matter; the library's warning would not help a user.
    """
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def extensions_of(loaded: x509.Certificate) -> x509.Extensions:
    """Return all extensions, without a warning about names in them."""
    with quiet():
        return loaded.extensions


def key_identifiers(loaded: x509.Certificate) -> tuple[bytes | None, bytes | None]:
    """Return the subject's and the authority's key identifier, each None if it is missing."""
    from cryptography import x509

    own = issuer = None
    for extension in extensions_of(loaded):
        if isinstance(extension.value, x509.SubjectKeyIdentifier):
            own = extension.value.digest
        elif isinstance(extension.value, x509.AuthorityKeyIdentifier):
            issuer = extension.value.key_identifier
    return own, issuer
