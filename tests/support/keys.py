"""Keys of test certificates, strong and weak ones, and their signatures."""

from __future__ import annotations

import functools
import hashlib
from typing import TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support.der_writing import integer, oid, sequence, tlv

PrivateKey: TypeAlias = (
    rsa.RSAPrivateKey
    | dsa.DSAPrivateKey
    | ec.EllipticCurvePrivateKey
    | ed25519.Ed25519PrivateKey
    | ed448.Ed448PrivateKey
)

#: By digest, the dotted object identifiers of signature algorithms; those of RSA have NULL parameters.
_RSA = {
    "md2": "1.2.840.113549.1.1.2",
    "md5": "1.2.840.113549.1.1.4",
    "sha1": "1.2.840.113549.1.1.5",
    "sha256": "1.2.840.113549.1.1.11",
    "sha512": "1.2.840.113549.1.1.13",
}
# No library signs with MD2 any more; an MD5 signature stands in for it, because no verifier checks MD2.
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md2": hashes.MD5(),  # noqa: S303 -- tests need bad signatures
    "md5": hashes.MD5(),  # noqa: S303 -- as above
    "sha1": hashes.SHA1(),  # noqa: S303 -- as above
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "pss": hashes.SHA256(),
}
_EC = {"sha1": "1.2.840.10045.4.1", "sha256": "1.2.840.10045.4.3.2", "sha384": "1.2.840.10045.4.3.3"}
_DSA = {"sha1": "1.2.840.10040.4.3", "sha256": "2.16.840.1.101.3.4.3.2"}
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
_SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"), tlv(0x05))
#: RSASSA-PSS with SHA-256, and a salt of 32 octets (RFC 4055 3.1).
_PSS_WITH_SHA256 = sequence(
    oid("1.2.840.113549.1.1.10"),
    sequence(tlv(0xA0, _SHA256), tlv(0xA1, sequence(oid("1.2.840.113549.1.1.8"), _SHA256)), tlv(0xA2, integer(32))),
)


@functools.cache
def _slow_key(kind: str) -> PrivateKey:
    """Return an RSA or DSA key; they are slow to make, so that a process makes one of each kind."""
    if kind.startswith("dsa"):
        return dsa.generate_private_key(int(kind.removeprefix("dsa") or 1024))
    exponent = 3 if kind.endswith("e3") else 65537
    return rsa.generate_private_key(exponent, int(kind.removeprefix("rsa").removesuffix("e3")))


def make_key(kind: str) -> PrivateKey:
    """Return a private key of a kind.

    Kinds: ec, ec384, ec192, brainpool, ed25519 and ed448, which are new at each call; rsa1024, rsa2048, rsa2048e3,
    rsa2052, rsa4096, dsa (1024 bits) and dsa2048, which are the same for the whole process.
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
    """Return the DER of the SubjectPublicKeyInfo of a private key."""
    raw: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return raw


def explicit_p256(key: PrivateKey) -> bytes:
    """Return the DER of the SubjectPublicKeyInfo of a P-256 key with explicit parameters (RFC 3279 2.3.5)."""
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
    """Return the SHA-1 of a whole SubjectPublicKeyInfo, a permitted key identifier (RFC 5280 4.2.1.2)."""
    return hashlib.sha1(info, usedforsecurity=False).digest()


def sign(key: PrivateKey, body: bytes, digest: str) -> bytes:
    """Return the signature of a body; Ed keys ignore `digest`, and "pss" is RSASSA-PSS with SHA-256."""
    if isinstance(key, (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)):
        return key.sign(body)
    chosen = _HASHES[digest]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(body, _PSS if digest == "pss" else padding.PKCS1v15(), chosen)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return _sign_in_full(key, body, chosen)
    return key.sign(body, chosen)


def _sign_in_full(key: ec.EllipticCurvePrivateKey, body: bytes, digest: hashes.HashAlgorithm) -> bytes:
    """Return an ECDSA signature of two numbers of full length: Wine rejects shorter ones, which are one in 128."""
    while True:
        signature: bytes = key.sign(body, ec.ECDSA(digest))
        if min(decode_dss_signature(signature)).bit_length() > key.key_size - 8:
            return signature


def algorithm(key: PrivateKey, digest: str) -> bytes:
    """Return the DER of the AlgorithmIdentifier of signatures by a key."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _PSS_WITH_SHA256 if digest == "pss" else sequence(oid(_RSA[digest]), tlv(0x05))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return sequence(oid(_EC[digest]))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return sequence(oid("1.3.101.112"))
    if isinstance(key, ed448.Ed448PrivateKey):
        return sequence(oid("1.3.101.113"))
    return sequence(oid(_DSA[digest]))
