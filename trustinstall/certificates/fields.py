"""The fields of one certificate that vetting checks, each read once, and the time."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from trustinstall.certificates.loaded import extensions_of, key_identifiers, quiet
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from datetime import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

    from trustinstall.certificates.certificate import Certificate

_Kind = TypeVar("_Kind", bound="x509.ExtensionType")


@dataclass(frozen=True)
class CertificateFields:
    """The certificate as two parsers read it; it must have passed `parsing.check_both_parsers`."""

    certificate: Certificate
    now: datetime

    @cached_property
    def loaded(self) -> x509.Certificate:
        """The certificate as `cryptography` reads it."""
        return self.certificate.load()

    @cached_property
    def extensions(self) -> x509.Extensions:
        """All extensions."""
        return extensions_of(self.loaded)

    @cached_property
    def key(self) -> CertificatePublicKeyTypes:
        """The public key."""
        with quiet():
            return self.loaded.public_key()

    @cached_property
    def signature(self) -> str:
        """The signature algorithm's dotted object identifier."""
        return self.loaded.signature_algorithm_oid.dotted_string

    @cached_property
    def serial(self) -> int:
        """The serial number, which may be zero or negative."""
        with quiet():
            return self.loaded.serial_number

    @cached_property
    def basic_constraints(self) -> x509.Extension[x509.BasicConstraints] | None:
        """Basic Constraints, or None."""
        from cryptography import x509

        return self._find(x509.BasicConstraints)

    @cached_property
    def key_usage(self) -> x509.Extension[x509.KeyUsage] | None:
        """Key Usage, or None."""
        from cryptography import x509

        return self._find(x509.KeyUsage)

    @cached_property
    def purposes(self) -> frozenset[str] | None:
        """The dotted object identifiers of Extended Key Usage; None if the certificate has no such limit."""
        from cryptography import x509

        found = self._find(x509.ExtendedKeyUsage)
        return None if found is None else frozenset(purpose.dotted_string for purpose in found.value)

    @cached_property
    def name_constrained(self) -> bool:
        """Whether the certificate has Name Constraints."""
        from cryptography import x509

        return self._find(x509.NameConstraints) is not None

    @property
    def is_authority(self) -> bool:
        """Whether Basic Constraints say CA:TRUE."""
        return self.basic_constraints is not None and self.basic_constraints.value.ca

    @property
    def has_key_identifier(self) -> bool:
        """Whether the certificate has a subject key identifier."""
        return key_identifiers(self.loaded)[0] is not None

    def _find(self, kind: type[_Kind]) -> x509.Extension[_Kind] | None:
        from cryptography import x509

        try:
            return self.extensions.get_extension_for_class(kind)
        except x509.ExtensionNotFound:
            return None
