"""Extensions of test certificates (RFC 5280 4.2), in DER."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.der_writing import integer, oid, sequence, tlv

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_PURPOSE = "2.5.29.37.0"

_KEY_USAGE_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


@dataclass(frozen=True)
class Extension:
    """One extension.

    Attributes:
        oid: its dotted object identifier.
        value: the content of extnValue, which is DER in a valid certificate.
        critical: whether it is critical.
        true: the octet for TRUE.
    """

    oid: str
    value: bytes
    critical: bool = False
    true: int = 0xFF  # DER wants FF for TRUE; some old software wrote 01

    @property
    def der(self) -> bytes:
        """The DER of the whole extension."""
        flag = tlv(0x01, bytes([self.true])) if self.critical else b""
        return sequence(oid(self.oid), flag, tlv(0x04, self.value))


def basic_constraints(
    *, ca: bool = True, path_length: int | None = None, critical: bool = True, true: int = 0xFF
) -> Extension:
    """Return Basic Constraints; `true` is the octet for TRUE."""
    parts = (
        tlv(0x01, bytes([true])) if ca else b"",
        b"" if path_length is None else integer(path_length),
    )
    return Extension("2.5.29.19", sequence(*parts), critical=critical)


def key_usage(*bits: str, critical: bool = True) -> Extension:
    """Return Key Usage with these bits, named as in `cryptography`."""
    value = sum(1 << (15 - _KEY_USAGE_BITS.index(bit)) for bit in bits)
    raw = value.to_bytes(2, "big").rstrip(b"\0")
    unused = 7 - _KEY_USAGE_BITS.index(max(bits, key=_KEY_USAGE_BITS.index)) % 8 if bits else 0
    return Extension("2.5.29.15", tlv(0x03, bytes([unused]) + raw), critical=critical)


def extended_key_usage(*purposes: str, critical: bool = False) -> Extension:
    """Return Extended Key Usage with these purposes, as dotted object identifiers."""
    return Extension("2.5.29.37", sequence(*(oid(purpose) for purpose in purposes)), critical=critical)


def name_constraints(*permitted: str) -> Extension:
    """Return Name Constraints that permit these DNS domains only."""
    trees = (sequence(tlv(0x82, domain.encode())) for domain in permitted)
    return Extension("2.5.29.30", sequence(tlv(0xA0, *trees)), critical=True)


def issuers_at(url: str) -> Extension:
    """Return Authority Information Access with the URL of the issuer's certificate (RFC 5280 4.2.2.1)."""
    place = sequence(oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, url.encode()))
    return Extension("1.3.6.1.5.5.7.1.1", sequence(place))
