"""Extensions of test certificates (RFC 5280 4.2), as DER."""

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
    """One extension; `value` is the content of extnValue, which is DER in a valid certificate."""

    oid: str
    value: bytes
    critical: bool = False
    true: int = 0xFF  # DER wants FF for TRUE; some old software wrote 01

    @property
    def der(self) -> bytes:
        """The Extension SEQUENCE."""
        flag = tlv(0x01, bytes([self.true])) if self.critical else b""
        return sequence(oid(self.oid), flag, tlv(0x04, self.value))


def basic_constraints(
    *, ca: bool = True, path_length: int | None = None, critical: bool = True, true: int = 0xFF
) -> Extension:
    """Basic Constraints."""
    parts = (
        tlv(0x01, bytes([true])) if ca else b"",
        b"" if path_length is None else integer(path_length),
    )
    return Extension("2.5.29.19", sequence(*parts), critical=critical)


def key_usage(*bits: str, critical: bool = True) -> Extension:
    """Key Usage with these bits, in the words of `cryptography`."""
    value = sum(1 << (15 - _KEY_USAGE_BITS.index(bit)) for bit in bits)
    raw = value.to_bytes(2, "big").rstrip(b"\0")
    unused = 7 - _KEY_USAGE_BITS.index(max(bits, key=_KEY_USAGE_BITS.index)) % 8 if bits else 0
    return Extension("2.5.29.15", tlv(0x03, bytes([unused]) + raw), critical=critical)


def extended_key_usage(*purposes: str, critical: bool = False) -> Extension:
    """Extended Key Usage with these purposes."""
    return Extension("2.5.29.37", sequence(*(oid(purpose) for purpose in purposes)), critical=critical)


def name_constraints(*permitted: str) -> Extension:
    """Name Constraints: only these DNS domains."""
    trees = (sequence(tlv(0x82, domain.encode())) for domain in permitted)
    return Extension("2.5.29.30", sequence(tlv(0xA0, *trees)), critical=True)


def issuers_at(url: str) -> Extension:
    """Authority Information Access: where the issuer's certificate is (RFC 5280 4.2.2.1)."""
    place = sequence(oid("1.3.6.1.5.5.7.48.2"), tlv(0x86, url.encode()))
    return Extension("1.3.6.1.5.5.7.1.1", sequence(place))
