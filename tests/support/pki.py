"""Certificates for tests: good roots with one call, and any bad one by one argument.

The certificates are written in DER by hand (RFC 5280, X.690) and signed with `cryptography`, because the libraries that
make certificates refuse to make most of the broken ones that companies have.

    root = make_root("Corp Root")
    leaf = root.issue("localhost", "127.0.0.1")     # leaf.pem, leaf.key_pem, leaf.chain_pem
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.support.der_writing import integer, name, sequence, time, tlv
from tests.support.extensions import (
    SERVER_AUTH,
    Extension,
    basic_constraints,
    extended_key_usage,
    key_usage,
    name_constraints,
)
from tests.support.keys import algorithm, key_identifier, make_key, public_key_info, sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.support.keys import PrivateKey


def to_pem(der: bytes, label: str = "CERTIFICATE", *, newline: str = "\n") -> bytes:
    """The PEM of some DER, 64 columns."""
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return newline.join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


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


def make_root(  # noqa: PLR0913 -- each argument makes one odd property
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
    """A certificate authority, by default a root that every verifier accepts.

    `key` is a kind (see `make_key`) or a private key; `sha1` is short for `digest="sha1"` (others: md5, md2).
    `subject`, `issuer_name`, `validity`, `public_key` are raw DER in place of the usual value; `issuer` makes an
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
    signed_with = algorithm(signer, digest)
    body = sequence(
        tlv(0xA0, integer(version - 1)) if version > 1 else b"",
        integer(secrets.randbits(120) | 1 << 120 if serial is None else serial),
        signed_with,
        issuer_name if issuer_name is not None else issuer.name_der if issuer else own_name,
        validity if validity is not None else sequence(time(start), time(end)),
        own_name,
        info,
        tlv(0xA3, every) if version > 2 else b"",
        tail,
    )
    signature = sign(signer, body, digest)
    if break_signature:
        signature = signature[:-1] + bytes([signature[-1] ^ 1])
    der = sequence(body, signed_with, tlv(0x03, b"\0" + signature))
    return Root(der, own, own_name, (issuer, *issuer.parents) if issuer else (), digest)


def odd_version(common_name: str, version: int) -> Root:
    """A root without extensions that says it is of another version than 1 or 3."""
    return make_root(common_name, version=version, ca=None, usage=None, ski=False, aki=False)
