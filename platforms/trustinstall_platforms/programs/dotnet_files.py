"""The files of .NET's store: PKCS#12 without a password, with one certificate in each."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from trustinstall_platforms.keystores import Unreadable

if TYPE_CHECKING:
    from trustinstall.certificates.certificate import Certificate
    from trustinstall_platforms.keystores.pkcs12_parts import Bag


def pfx(certificate: Certificate) -> bytes:
    """Return a PKCS#12 file of one certificate, without a key and a password."""
    from cryptography import x509  # most commands write no such file, and need it for nothing else
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12

    one = x509.load_der_x509_certificate(certificate.der)
    return pkcs12.serialize_key_and_certificates(None, None, one, None, NoEncryption())


def bags(data: bytes) -> list[Bag]:
    """Return the content of a PKCS#12 file without a password; nothing for any other file."""
    from trustinstall_platforms.keystores import pkcs12  # most machines have no such file

    try:
        parsed = pkcs12.parse(data)
        parsed.password([""])
        return [bag for part in parsed.opened([""]) for bag in part.bags or ()]
    except (Unreadable, ValueError, IndexError, TypeError, OverflowError):
        return []


def file_name(der: bytes) -> str:
    """Return the name of the managed file for the DER of a certificate."""
    return f"{hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()}.trustinstall.pfx"
