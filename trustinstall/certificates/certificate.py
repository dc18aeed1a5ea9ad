"""One X.509 certificate as a value: its DER, its names, its validity, and whether it is a root.

Identity is the SHA-256 of the DER, never name, serial or alias. The values that are shown are read from the DER
directly: that needs no import of `cryptography` (about 36 ms), and works on names that `cryptography` refuses to decode
(RFC 5280 4.1.2.4 asks for UTF-8 or PrintableString; old roots hold Latin-1 in a TeletexString).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import field
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates import der, distinguished_names
from trustinstall.certificates.der import Element
from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.loaded import key_identifiers, quiet
from trustinstall.certificates.pem import to_pem
from trustinstall.errors import CertificateRefused, printable
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from cryptography import x509

    from trustinstall.certificates.distinguished_names import Attribute

_SUBJECT_LIMIT = 400
_NO_DER = "these bytes are not one certificate in DER; load_certificates() reads PEM, DER and PKCS#7, and vets"
_MOMENT = len("20500101000000Z")  # GeneralizedTime, RFC 5280 4.1.2.5.2


class _Parts(NamedTuple):
    serial: der.Element
    signature: tuple[der.Element, der.Element, der.Element]  # inner, outer algorithm; the signature
    issuer: der.Element
    validity: tuple[der.Element, der.Element]
    subject: der.Element
    key: der.Element
    key_algorithm: tuple[der.Element, ...]


@dataclass(frozen=True)
class Certificate:
    """A certificate; equal to another where the DER is equal.

    `load_certificates` makes vetted ones from files. Raises CertificateRefused where `der` is not the DER of a
    certificate, which is all that is checked here, and TypeError where it is not bytes.

    Attributes:
        der: its DER.
        vetted: whether it may be trusted, as far as a program can tell; `Installer.add` vets the others.

    >>> Certificate(load_certificates(CORP_PEM)[0].der).name
    'Corp Root'
    >>> Certificate(b"hello")
    Traceback (most recent call last):
    ...
    trustinstall.errors.CertificateRefused: ...
    """

    der: bytes
    vetted: bool = field(default=False, init=False, compare=False)

    def __post_init__(self) -> None:
        """Check the outer structure."""
        if not isinstance(self.der, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]  callers may have no checker
            raise TypeError(f"a certificate is made of bytes (DER), and not of {type(self.der).__name__}")
        if not (self.is_readable and der.element(self.der).end == len(self.der)):
            raise CertificateRefused(_NO_DER)

    @classmethod
    def held(cls, der: bytes) -> Certificate:
        """Return the value for bytes that a store or a server holds as a certificate, and that may be anything.

        `subject`, `name`, `slug` and the fingerprints answer of any bytes; the rest raises CertificateRefused where
        the bytes are no certificate.
        """
        made = object.__new__(cls)
        object.__setattr__(made, "der", der)
        return made

    def after_vetting(self) -> Certificate:
        """Return the same certificate, marked as vetted."""
        made = Certificate.held(self.der)
        object.__setattr__(made, "vetted", True)
        return made

    def __repr__(self) -> str:
        """The fingerprint's start and the name, without the DER."""
        return f"Certificate({self.short} {self.name!r})"

    @cached_property
    def sha256(self) -> str:
        """The fingerprint: 64 lower-case hexadecimal digits."""
        return sha256_of(self.der)

    @cached_property
    def sha1(self) -> str:
        """40 lower-case hexadecimal digits: a look-up key of Windows and macOS, never an identity."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest()

    @property
    def short(self) -> str:
        """The fingerprint's start, for people: "3f9a 12c4 …"."""
        return f"{self.sha256[:4]} {self.sha256[4:8]} …"

    @cached_property
    def pem(self) -> bytes:
        """The canonical PEM: 64 columns, LF, ASCII, a newline at its end."""
        return to_pem(self.der)

    @cached_property
    def subject(self) -> str:
        """The subject on one printable line, most specific part first, as in RFC 4514; never raises."""
        return printable(distinguished_names.written(self._names), _SUBJECT_LIMIT) or "(no subject)"

    @property
    def subject_element(self) -> Element:
        """The subject's DER."""
        return self._parts.subject

    @property
    def key_info(self) -> bytes:
        """The DER of its key (SubjectPublicKeyInfo)."""
        return self._parts.key.whole

    @property
    def issued_as(self) -> bytes:
        """The DER of issuer and serial number: together they name a certificate (RFC 5280 4.1.2.2)."""
        return self._parts.issuer.whole + self._parts.serial.whole

    @property
    def is_readable(self) -> bool:
        """Whether the outer structure is that of a certificate."""
        try:
            return bool(self._parts)
        except CertificateRefused:
            return False

    @property
    def has_subject(self) -> bool:
        """False where the subject is empty."""
        return self._parts.subject.content < self._parts.subject.end

    @property
    def subject_is_clean(self) -> bool:
        """Whether the subject is all printable text, and in encodings that every library decodes."""
        return all(text.isprintable() and tag != der.T61_STRING for _, tag, text in self._names)

    @cached_property
    def name(self) -> str:
        """What people call it: common name, else organisation, else the fingerprint's start; printable, never empty."""
        return distinguished_names.called(self._names) or self.sha256[:8]

    @property
    def issuer_name(self) -> str:
        """What people call its issuer; printable, never empty."""
        issuer = distinguished_names.attributes(self._parts.issuer)
        return distinguished_names.called(issuer) or "(an unnamed authority)"

    @cached_property
    def slug(self) -> str:
        """The name for use in a file name: 1 to 40 of a-z, 0-9 and inner hyphens."""
        letters = unicodedata.normalize("NFKD", self.name).lower()
        plain = "".join(each for each in letters if not unicodedata.combining(each))
        return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "certificate"

    @cached_property
    def not_before(self) -> datetime:
        """When it starts to be valid, in UTC."""
        return _moment(self._parts.validity[0])

    @cached_property
    def not_after(self) -> datetime:
        """The last moment at which it is valid, in UTC."""
        return _moment(self._parts.validity[1])

    @property
    def validity_tags(self) -> tuple[int, int]:
        """The ASN.1 types (`der.UTC_TIME`, `der.GENERALIZED_TIME`) in which start and end are written."""
        start, end = self._parts.validity
        return start.tag, end.tag

    @property
    def key_parameters_tag(self) -> int | None:
        """The ASN.1 type of the public key's parameters; of an elliptic curve, a SEQUENCE is no name (RFC 3279)."""
        _, *parameters = self._parts.key_algorithm
        return parameters[0].tag if parameters else None

    @property
    def signature_well_formed(self) -> bool:
        """Whether the signature is whole octets, of the algorithm that is signed (RFC 5280 4.1.1.2)."""
        inner, outer, signature = self._parts.signature
        return inner.whole == outer.whole and signature.value[:1] == b"\0"

    @property
    def self_issued(self) -> bool:
        """True where issuer and subject are the same, octet by octet."""
        return self._parts.issuer.whole == self._parts.subject.whole

    @cached_property
    def self_signed(self) -> bool | None:
        """Whether its own key made its signature; None where `cryptography` cannot check the algorithm (MD5)."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

        loaded = self.load()
        try:
            with quiet():
                loaded.verify_directly_issued_by(loaded)
        except InvalidSignature:
            return False
        except (UnsupportedAlgorithm, TypeError, ValueError):
            return None if self.self_issued else False
        return True

    @cached_property
    def is_root(self) -> bool:
        """True where it is its own issuer and its own key has signed it.

        Where the signature cannot be checked, the key identifiers decide: they must not name another key.
        """
        return self.self_issued and (self.self_signed or (self.self_signed is None and not self.names_other_key))

    @property
    def is_rollover(self) -> bool:
        """True for the new key of an authority signed with its old one (RFC 4210 4.4): self-issued, and no root."""
        return self.self_issued and not self.is_root and self.names_other_key

    @cached_property
    def names_other_key(self) -> bool:
        """True where the authority key identifier differs from the subject key identifier (RFC 5280 4.2.1.1)."""
        own, issuer = key_identifiers(self.load())
        return own is not None and issuer is not None and own != issuer

    def load(self) -> x509.Certificate:
        """The certificate as `cryptography` reads it; raises `CertificateRefused` where it does not."""
        from cryptography import x509

        try:
            with quiet():
                return x509.load_der_x509_certificate(self.der)
        except (ValueError, x509.InvalidVersion) as error:
            message = (
                f"strict parsers cannot read the certificate {self.name} (cryptography: {printable(str(error))}); "
                "ask the authority for a well-formed one"
            )
            raise CertificateRefused(message, judged=True) from error

    @cached_property
    def _parts(self) -> _Parts:
        try:
            body, outer, signature = der.element(self.der).children()
            fields = [child for child in body.children() if child.tag != der.CONTEXT_0]  # version 1 has none of that
            serial, inner, issuer, validity, subject, key = fields[:6]
            start, end = validity.children()
            algorithm = tuple(next(key.children()).children())
        except (ValueError, StopIteration) as error:
            message = "this is not a certificate: its outer structure cannot be read; get the file again"
            raise CertificateRefused(message) from error
        return _Parts(serial, (inner, outer, signature), issuer, (start, end), subject, key, algorithm)

    @cached_property
    def _names(self) -> list[Attribute]:
        try:
            return distinguished_names.attributes(self._parts.subject)
        except CertificateRefused:
            return []


def _moment(value: der.Element) -> datetime:
    """Return a Time of RFC 5280 4.1.2.5: two-digit years below 50 are in this century."""
    text = value.value.decode("ascii", "replace")
    if value.tag == der.UTC_TIME:
        text = ("20" if text[:2] < "50" else "19") + text
    digits = text.removesuffix("Z")
    try:
        if not (len(text) == len(digits) + 1 == _MOMENT and digits.isascii() and digits.isdigit()):
            raise ValueError(text)
        year, month, day, hour, minute, second = int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, 14, 2))
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError as error:
        message = f"the certificate's time {printable(text, 40)} cannot be read; ask for a valid one"
        raise CertificateRefused(message) from error
