"""Certificates for tests: good roots with one call, and any bad one by one argument.

The certificates are written in DER by hand (RFC 5280, X.690) and signed with `cryptography`, because the libraries that
make certificates refuse to make most of the broken ones that are met in companies.

    root = make_root("Corp Root")
    leaf = root.issue("localhost", "127.0.0.1")     # leaf.pem, leaf.key_pem, leaf.chain_pem
"""

from __future__ import annotations

import base64
import functools
import hashlib
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

if TYPE_CHECKING:
    from collections.abc import Sequence

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey
    | dsa.DSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
ANY_PURPOSE = "2.5.29.37.0"

#: Signature algorithms as whole AlgorithmIdentifier contents: (object identifier, has NULL parameters).
_RSA = {
    "md2": "1.2.840.113549.1.1.2",
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
}
# No library signs with MD2 any more; a signature that nobody can check is as good for what it tests.
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md2": hashes.MD5(),  # noqa: S303 -- bad signatures are what it is for
    "md5": hashes.MD5(),  # noqa: S303
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha256": hashes.SHA256(),
}
_EC = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2"}
_DSA = {"sha1": "1.2.840.10040.4.3", "sha256": "2.16.840.1.101.3.4.3.2"}
_KEY_USAGE_BITS = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


# --- DER -----------------------------------------------------------------------------------------


def tlv(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def sequence(*contents: bytes) -> bytes:
    """A SEQUENCE of elements that are DER already."""
    return tlv(0x30, *contents)


def integer(value: int) -> bytes:
    """An INTEGER in the fewest octets, negative numbers too."""
    return tlv(
        0x02,
        value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True),
    )


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | (number & 0x7F))
        out += bytes(reversed(septets))
    return tlv(0x06, bytes(out))


def name(*attributes: tuple[str, int, bytes]) -> bytes:
    """A Name of (object identifier, string tag, raw value): 0x0C is UTF8String, 0x13 Printable, 0x14 T61."""
    return sequence(*(tlv(0x31, sequence(oid(kind), tlv(tag, raw))) for kind, tag, raw in attributes))


def common_name(text: str) -> bytes:
    """A Name that is one common name."""
    return name(("2.5.4.3", 0x0C, text.encode()))


def utc_time(moment: datetime) -> bytes:
    """A UTCTime: two digits of year, whatever the year is."""
    return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime: four digits of year."""
    return tlv(0x18, f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode())


def time(moment: datetime) -> bytes:
    """A Time as RFC 5280 4.1.2.5 wants it: UTCTime through 2049, GeneralizedTime after."""
    return utc_time(moment) if moment.year < 2050 else generalized_time(moment)


@dataclass(frozen=True)
class Extension:
    """One extension: what stands in extnValue is `value`, which is DER itself in a sane certificate."""

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


# --- keys ----------------------------------------------------------------------------------------


@functools.cache
def _slow_key(kind: str) -> PrivateKey:
    """RSA and DSA keys are slow to make: one of each kind in a process."""
    if kind == "dsa":
        return dsa.generate_private_key(1024)  # noqa: S505 -- quick to make, and refused at any size
    exponent = 3 if kind.endswith("e3") else 65537
    return rsa.generate_private_key(exponent, int(kind.removeprefix("rsa").removesuffix("e3")))


def make_key(kind: str) -> PrivateKey:
    """A private key: ec, ec384, ec192, brainpool, rsa1024, rsa2048, rsa2048e3, rsa4096, dsa, ed25519 or ed448.

    EC and Ed keys are fresh at each call; RSA and DSA keys are the same for the whole process.
    """
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ec384":
        return ec.generate_private_key(ec.SECP384R1())
    if kind == "ec192":
        return ec.generate_private_key(ec.SECP192R1())
    if kind == "brainpool":
        return ec.generate_private_key(ec.BrainpoolP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    return _slow_key(kind)


def public_key_info(key: PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo of a private key, as DER."""
    raw: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return raw


def explicit_p256(key: PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo of a P-256 key with the curve spelt out instead of named (RFC 3279 2.3.5)."""
    p = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    x = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
    y = 0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5
    size = 32
    parameters = sequence(
        integer(1),
        sequence(oid("1.2.840.10045.1.1"), integer(p)),
        sequence(tlv(0x04, (p - 3).to_bytes(size, "big")), tlv(0x04, b.to_bytes(size, "big"))),
        tlv(0x04, b"\x04" + x.to_bytes(size, "big") + y.to_bytes(size, "big")),
        integer(n),
        integer(1),
    )
    point: bytes = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return sequence(sequence(oid("1.2.840.10045.2.1"), parameters), tlv(0x03, b"\0" + point))


def key_identifier(info: bytes) -> bytes:
    """SHA-1 of the whole SubjectPublicKeyInfo: a permitted way to name a key (RFC 5280 4.2.1.2)."""
    return hashlib.sha1(info, usedforsecurity=False).digest()


def _sign(key: PrivateKey, body: bytes, digest: str) -> bytes:
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        return key.sign(body)
    chosen = _HASHES[digest]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(body, padding.PKCS1v15(), chosen)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _sign_in_full(key, body, chosen)
    return key.sign(body, chosen)


def _sign_in_full(key: ec.EllipticCurvePrivateKey, body: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """An ECDSA signature of two numbers of full length: one in 128 is shorter, and Wine then says that it is wrong."""
    while True:
        signature: bytes = key.sign(body, ec.ECDSA(digest))
        if min(decode_dss_signature(signature)).bit_length() > key.key_size - 8:
            return signature


def _algorithm(key: PrivateKey, digest: str) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return sequence(oid(_RSA[digest]), tlv(0x05))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(oid(_EC[digest]))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return sequence(oid("1.3.101.112"))
    if isinstance(key, ed448.Ed448PrivateKey):
        return sequence(oid("1.3.101.113"))
    return sequence(oid(_DSA[digest]))


def to_pem(der: bytes, label: str = "CERTIFICATE", *, newline: str = "\n") -> bytes:
    """The PEM of some DER, 64 columns."""
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return newline.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


# --- certificates --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """A certificate and its key."""

    der: bytes
    key: PrivateKey
    name_der: bytes = field(repr=False)
    parents: tuple[Made, ...] = field(default=(), repr=False)

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return to_pem(self.der)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate as `cryptography` reads it (raises where it cannot)."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def sha256(self) -> str:
        """The fingerprint, lower-case hexadecimal."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def key_pem(self) -> bytes:
        """The private key as unencrypted PKCS#8 PEM."""
        raw: bytes = self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return raw

    @property
    def chain_pem(self) -> bytes:
        """What a server sends: this certificate and the intermediates above it, without the root."""
        return b"".join(made.pem for made in (self, *self.parents[:-1]))


@dataclass(frozen=True)
class Leaf(Made):
    """A server's certificate."""


@dataclass(frozen=True)
class Root(Made):
    """A certificate authority: a root, or an intermediate that one made."""

    digest: str = "sha256"

    def issue(
        self,
        *names: str,
        common_name: str | None = None,
        days: int = 30,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        key: str = "ec",
        purposes: Sequence[str] = (SERVER_AUTH,),
        aki: bool | bytes | None = None,
    ) -> Leaf:
        """A server certificate for DNS names and IP addresses, that the strictest verifier accepts."""
        names = names or ("localhost", "127.0.0.1")
        start = not_before or _now() - timedelta(hours=1)
        made = make_root(
            common_name or names[0],
            key=key,
            issuer=self,
            not_before=start,
            not_after=not_after or start + timedelta(days=days),
            ca=False,
            usage=("digital_signature", "key_encipherment") if key.startswith("rsa") else ("digital_signature",),
            purposes=purposes,
            aki=aki,
            extensions=[Extension("2.5.29.17", sequence(*(_general_name(each) for each in names)))],
        )
        return Leaf(made.der, made.key, made.name_der, made.parents)

    def intermediate(self, common_name: str = "Test Intermediate", **changes: Any) -> Root:  # noqa: ANN401 -- many types
        """An intermediate authority under this one; the arguments are those of `make_root`."""
        return make_root(common_name, issuer=self, **changes)


def _general_name(text: str) -> bytes:
    try:
        return tlv(0x87, ipaddress.ip_address(text).packed)
    except ValueError:
        return tlv(0x82, text.encode("idna"))


def _now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


def make_root(  # noqa: PLR0913 -- each argument is one way of being odd
    common_name: str = "Test Root",
    *,
    key: str | PrivateKey = "ec",
    digest: str = "sha256",
    sha1: bool = False,
    subject: bytes | None = None,
    issuer_name: bytes | None = None,
    issuer: Root | None = None,
    serial: int | None = None,
    version: int = 3,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    validity: bytes | None = None,
    public_key: bytes | None = None,
    ca: bool | None = True,
    basic_constraints_critical: bool = True,
    path_length: int | None = None,
    true: int = 0xFF,
    ski: bool | bytes = True,
    aki: bool | bytes | None = None,
    usage: Sequence[str] | None = ("key_cert_sign", "crl_sign"),
    usage_critical: bool = True,
    purposes: Sequence[str] | None = None,
    permitted: Sequence[str] | None = None,
    extensions: Sequence[Extension] = (),
    tail: bytes = b"",
    break_signature: bool = False,
) -> Root:
    """A certificate authority, by default a root with which nobody finds fault.

    `key` is a kind (see `make_key`) or a private key; `sha1` is short for `digest="sha1"` (others: md5, md2).
    `subject`, `issuer_name`, `validity`, `public_key` are raw DER in place of what would be made; `issuer` makes an
    intermediate. `ca=None` leaves Basic Constraints out, `ski=False` and `aki=False` the key identifiers, `usage=None`
    Key Usage, `true` is the octet written for CA:TRUE, `permitted` adds Name Constraints, `purposes` Extended Key
    Usage, `tail` stands after the extensions inside the signed part, `break_signature` flips a bit of the signature.
    """
    own = make_key(key) if isinstance(key, str) else key
    digest = "sha1" if sha1 else digest
    info = public_key or public_key_info(own)
    own_name = subject if subject is not None else name(("2.5.4.3", 0x0C, common_name.encode()))
    own_id = ski if isinstance(ski, bytes) else key_identifier(info)
    signer = issuer.key if issuer else own
    signer_id = aki if isinstance(aki, bytes) else key_identifier(public_key_info(signer)) if issuer else own_id
    start = not_before or _now() - timedelta(days=1)
    end = not_after or start + timedelta(days=3652)
    found = [
        None
        if ca is None
        else basic_constraints(ca=ca, path_length=path_length, critical=basic_constraints_critical, true=true),
        None if usage is None else key_usage(*usage, critical=usage_critical),
        Extension("2.5.29.14", tlv(0x04, own_id)) if ski else None,
        Extension("2.5.29.35", sequence(tlv(0x80, signer_id))) if aki or (aki is None and (issuer or ski)) else None,
        None if purposes is None else extended_key_usage(*purposes),
        None if permitted is None else name_constraints(*permitted),
        *extensions,
    ]
    every = sequence(*(each.der for each in found if each))
    algorithm = _algorithm(signer, digest)
    body = sequence(
        tlv(0xA0, integer(version - 1)) if version > 1 else b"",
        integer(secrets.randbits(120) | 1 << 120 if serial is None else serial),
        algorithm,
        issuer_name if issuer_name is not None else issuer.name_der if issuer else own_name,
        validity if validity is not None else sequence(time(start), time(end)),
        own_name,
        info,
        tlv(0xA3, every) if version > 2 else b"",
        tail,
    )
    signature = _sign(signer, body, digest)
    if break_signature:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    der = sequence(body, algorithm, tlv(0x03, b"\0" + signature))
    return Root(der, own, own_name, (issuer, *issuer.parents) if issuer else (), digest)


def odd_version(common_name: str, version: int) -> Root:
    """A root without extensions that says it is of another version than 1 or 3."""
    return make_root(common_name, version=version, ca=None, usage=None, ski=False, aki=False)
