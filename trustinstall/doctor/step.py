"""One certificate of a path, as a rule of a verifier sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from trustinstall.errors import CertificateRefused
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.doctor.family import Family

_Value = TypeVar("_Value", bound=x509.ExtensionType)
#: The errors of reading a server's certificate that is malformed, or has a malformed part.
UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    CertificateRefused,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class Step(NamedTuple):
    """One certificate of a path, as a rule sees it.

    Attributes:
        path: the certificates, from the server's upwards.
        at: the index of the certificate in the path; 0 is the server's.
        family: the verifier that judges it.
        now: the time of the judgement, with a time zone.
        own: the certificate as its octets; the others are as `cryptography` reads them.
    """

    path: Sequence[x509.Certificate]
    at: int
    family: Family
    now: datetime
    own: Certificate

    @property
    def one(self) -> x509.Certificate:
        """The certificate."""
        return self.path[self.at]

    def value(self, kind: type[_Value]) -> _Value | None:
        """Return the value of the extension of this kind, or None if the certificate lacks it."""
        return value_of(self.one, kind)


def value_of(one: x509.Certificate, kind: type[_Value]) -> _Value | None:
    """Return the value of the extension of this kind, or None if the certificate lacks it."""
    try:
        return one.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
