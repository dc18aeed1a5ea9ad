"""Roots, and what stands beside them in files: keys, requests and lists, in every encoding."""

from __future__ import annotations

import shutil
import subprocess

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.support.keys import PrivateKey
from tests.support.pki import make_root

ROOT = make_root("Corp Root G2")
OTHER = make_root("Other Root")
INTERMEDIATE = ROOT.intermediate("Issuing CA 1")
LEAF = INTERMEDIATE.issue("www.corp.test")
DER = serialization.Encoding.DER
PEM = serialization.Encoding.PEM
NO_PASSWORD = serialization.NoEncryption()
PASSWORD = serialization.BestAvailableEncryption(b"secret")


def private(
    key: PrivateKey, encoding: serialization.Encoding, form: str = "PKCS8", *, encrypted: bool = False
) -> bytes:
    """A private key in one of its many clothes."""
    raw: bytes = key.private_bytes(
        encoding, getattr(serialization.PrivateFormat, form), PASSWORD if encrypted else NO_PASSWORD
    )
    return raw


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    """What the openssl command prints."""
    program = shutil.which("openssl", path="/usr/bin:/bin:/usr/local/bin")
    assert program, "these tests need the openssl command (Debian: apt-get install openssl)"
    done = subprocess.run([program, *arguments], input=stdin, capture_output=True, check=True, timeout=30)
    return done.stdout


def trusted(*arguments: str) -> bytes:
    """The root as a TRUSTED CERTIFICATE with these settings."""
    return openssl("x509", "-trustout", *arguments, stdin=ROOT.pem)


def bundle(encoding: serialization.Encoding) -> bytes:
    """A PKCS#7 file of a root and an intermediate."""
    return pkcs7.serialize_certificates([ROOT.certificate, INTERMEDIATE.certificate], encoding)


def csr(encoding: serialization.Encoding) -> bytes:
    """A certificate request."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    request = x509.CertificateSigningRequestBuilder().subject_name(ROOT.certificate.subject)
    return request.sign(ROOT.key, hashes.SHA256()).public_bytes(encoding)


def crl(encoding: serialization.Encoding) -> bytes:
    """A revocation list."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    made = ROOT.certificate
    listing = x509.CertificateRevocationListBuilder().issuer_name(made.subject)
    listing = listing.last_update(made.not_valid_before_utc).next_update(made.not_valid_after_utc)
    return listing.sign(ROOT.key, hashes.SHA256()).public_bytes(encoding)


def public(encoding: serialization.Encoding, form: str = "SubjectPublicKeyInfo", key: PrivateKey = ROOT.key) -> bytes:
    """A public key."""
    raw: bytes = key.public_key().public_bytes(encoding, getattr(serialization.PublicFormat, form))
    return raw
