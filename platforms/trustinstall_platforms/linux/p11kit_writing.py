"""p11-kit's view of one certificate: its name, its purposes, and its written form.

Sources: p11-kit's trust/{builder,enumerate,extract-jks,extract-openssl,x509}.c and common/path.c; OpenSSL's x509_aux in
crypto/x509/x_x509a.c.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.certificates.loaded import extensions_of
from trustinstall.certificates.pem import TRUSTED, to_pem
from trustinstall.patterns import regex
from trustinstall_platforms.linux.subject_hash import P11_KIT

if TYPE_CHECKING:
    from collections.abc import Collection

    from trustinstall.certificates.certificate import Certificate

# Object identifiers, in their encoded form: commonName, organizationalUnitName, organizationName, in this order.
_NAMED_BY = (b"\x55\x04\x03", b"\x55\x04\x0b", b"\x55\x04\x0a")
_ANY_PURPOSE = "2.5.29.37.0"
_UNFIT = regex(rb"[^a-zA-Z0-9._-]")
_BLANKS = regex(rb"[ \t\n\v\f\r]")
_UTF8 = 0x0C
_ASCII = 128


def label(certificate: Certificate) -> bytes:
    """Return the common name, else the unit, else the organisation, the first one of each; or b"".

    Since p11-kit 0.26, of the end of 2025, it is the last one: if a subject has two of a kind, the same certificate may
    be found under another name after an update of p11-kit.
    """
    pairs: list[tuple[bytes, der.Element]] = []
    try:
        for group in certificate.subject_element.children():
            for pair in group.children():
                kind, value = pair.children()
                pairs.append((kind.value, value))
    except ValueError:
        return b""
    for wanted in _NAMED_BY:
        text = next((_text(value) for kind, value in pairs if kind == wanted), b"")
        if text:
            return text
    return b""


def comment(certificate: Certificate) -> bytes:
    """Return the line before it in a bundle."""
    return b"# " + (label(certificate) or b"certificate") + b"\n"


def file_name(certificate: Certificate, taken: Collection[str]) -> str:
    """Return the name of its file in a directory in which some names are taken."""
    bare = _UNFIT.sub(b"_", label(certificate) or b"certificate").decode("ascii")
    names = (f"{bare}.{number}.pem" if number else f"{bare}.pem" for number in count())
    return next(name for name in names if name not in taken)


def alias(certificate: Certificate) -> str:
    """Return its alias in a Java keystore."""
    text = _BLANKS.sub(b"", label(certificate) or b"unlabeled").lower()
    return bytes(octet for octet in text if octet < _ASCII).decode("ascii")


def authority(certificate: Certificate) -> bool:
    """Whether it counts as an authority: by Basic Constraints, or because it is of version 1 and self-issued."""
    from cryptography import x509

    loaded = certificate.load()
    for extension in extensions_of(loaded):
        if isinstance(extension.value, x509.BasicConstraints):
            return extension.value.ca
    return loaded.version is x509.Version.v1 and certificate.self_issued


def good_for(certificate: Certificate, purpose: str) -> bool:
    """Whether it is good for a purpose: one without extended key usage is good for all."""
    from cryptography import x509

    for extension in extensions_of(certificate.load()):
        if isinstance(extension.value, x509.ExtendedKeyUsage):
            purposes = {one.dotted_string for one in extension.value}
            return not purpose or not purposes.isdisjoint({purpose, _ANY_PURPOSE})
    return True


def trusted_pem(certificate: Certificate) -> bytes:
    """Return OpenSSL's TRUSTED CERTIFICATE: trusted for everything, with the label as its alias."""
    named = label(certificate)
    extra = der.wrapped(der.SEQUENCE, der.wrapped(_UTF8, named) if named else b"")
    return to_pem(certificate.der + extra, TRUSTED)


def _text(value: der.Element) -> bytes:
    try:
        text = value.value.decode(P11_KIT[value.tag]).encode()
    except (KeyError, UnicodeDecodeError):
        return b""
    return text.partition(b"\0")[0]
