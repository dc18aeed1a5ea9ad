"""Turns PEM, DER and PKCS#7 into certificates, and raises one clear sentence for any other input.

A certificate is returned only if both `cryptography` and OpenSSL (through `ssl`) accept it, alone and without anything
after it. One block that OpenSSL cannot load makes it refuse the *whole* bundle, and OpenSSL accepts certificates that
the stricter parsers of other clients refuse: tried with OpenSSL 3.0, where an invalid UTF-8 subject breaks the bundle,
and with a BOOLEAN written as 01, which OpenSSL accepts and `cryptography` does not.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from trustinstall.certificates import der
from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.loaded import extensions_of, quiet
from trustinstall.certificates.other_formats import (
    CRL,
    CSR,
    KEY,
    NOTHING,
    PROFILE,
    PUBLIC,
    SSH,
    describe,
    describe_damage,
    describe_der,
    describe_marker_at,
)
from trustinstall.certificates.pem import CERTIFICATE_LABELS, PemBlock, marker_starts, pem_blocks, trusts_servers
from trustinstall.errors import CertificateRefused, printable
from trustinstall.patterns import regex

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    from cryptography import x509

MOST_OCTETS = 1 << 20

_DAMAGED = "is damaged or cut off; get the file again"
_SIGNED = (
    "it is a signed message or file (PKCS#7), whose certificates are its signer's; pass the root certificate itself"
)

#: The contents of PEM blocks that are not certificates (RFC 7468, and OpenSSL's pem.h).
_LABELS = {
    "CERTIFICATE REQUEST": CSR,
    "NEW CERTIFICATE REQUEST": CSR,
    "X509 CRL": CRL,
    "PUBLIC KEY": PUBLIC,
    "RSA PUBLIC KEY": PUBLIC,
    "DSA PUBLIC KEY": PUBLIC,
    "EC PUBLIC KEY": PUBLIC,
    "SSH2 PUBLIC KEY": SSH,
}
_PKCS7_LABELS = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS"})

# At any place, in a line or on its own, in PEM or in SSH's own format with four hyphens and a space.
_KEY_MARKER = regex(rb"-----? ?BEGIN [ !-,.-~]{0,48}PRIVATE KEY", re.IGNORECASE)
_LOOSE_MARKER = regex(rb"-----(?:BEGIN|END) ")
_PADDING = b"\0\t\n\r \x1a"  # octets that programs leave after DER: a line's end, a filled block, the end of a text
_UTF16 = regex(rb"\A(?:\xff\xfe|\xfe\xff)|-\0-\0-\0-\0|\0-\0-\0-\0-")

_PROXY = "1.3.6.1.5.5.7.1.14"  # proxyCertInfo


def read_certificates(data: bytes, origin: str) -> tuple[Certificate, ...]:
    """Return every certificate in a file, in its order, each once.

    `data` is the whole file and `origin` its name for messages. Raises `CertificateRefused` if the file has no
    certificate, holds anything else beside certificates, or one of them is not accepted by both parsers; the message
    quotes nothing of the file but names.
    """
    try:
        found = [Certificate.held(raw) for raw in dict.fromkeys(_parts(data))]
        if not found:
            _refuse(NOTHING)
        for certificate in found:
            check_both_parsers(certificate)
    except CertificateRefused as refusal:
        raise refusal.prefixed(printable(origin)) from refusal
    return tuple(found)


def check_both_parsers(certificate: Certificate) -> None:
    """Raise `CertificateRefused` unless both `cryptography` and OpenSSL can use all of the certificate."""
    import ssl  # 15 ms of a start, for which a command that reads no certificate does not wait

    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    loaded = certificate.load()
    try:
        with quiet():
            loaded.public_key()
            _ = loaded.extensions
    except (
        ValueError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    ) as error:
        _refuse(
            f"the certificate {certificate.name} has an extension or a key that strict parsers reject "
            f"(cryptography: {printable(str(error))}); ask the authority for a well-formed one",
            judged=True,
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=certificate.der)
    except ssl.SSLError as error:
        cause = printable(str(error.strerror or error))
        _refuse(
            f"OpenSSL cannot load the certificate {certificate.name} ({cause}), and would refuse the whole bundle "
            "with it; ask the authority for a well-formed one",
            judged=True,
        )
    if _may_sign(loaded) and not _is_authority_to_openssl(context):
        _refuse(
            f"the certificate {certificate.name} {_invalid_extension(loaded)}, so curl, Python and Node.js refuse "
            "every chain below it; ask the authority for a root without that",
            judged=True,
        )
    # The fields that are shown must be readable, too: these raise if a time is outside the calendar.
    _ = certificate.not_before, certificate.not_after


def _may_sign(loaded: x509.Certificate) -> bool:
    """Whether the certificate says that it is an authority that signs certificates."""
    from cryptography import x509

    authority, signs = False, True
    for extension in extensions_of(loaded):
        if isinstance(extension.value, x509.BasicConstraints):
            authority = extension.value.ca
        elif isinstance(extension.value, x509.KeyUsage):
            signs = extension.value.key_cert_sign
    return authority and signs


def _is_authority_to_openssl(context: ssl.SSLContext) -> bool:
    """Whether OpenSSL takes the one certificate in a context for an authority; it decodes all the extensions it knows.

    Source: OpenSSL's `ossl_x509v3_cache_extensions` (v3_purp.c), which `X509_check_ca` asks first.
    """
    import ssl  # as above

    if context.get_ca_certs(binary_form=True):
        return True
    with suppress(ssl.SSLError):  # clears OpenSSL's error queue: else the next call would raise that error
        context.load_verify_locations(cadata=b"\0")
    return False


def _invalid_extension(loaded: x509.Certificate) -> str:
    if any(extension.oid.dotted_string == _PROXY for extension in extensions_of(loaded)):
        return "says that it is a proxy certificate (RFC 3820), which an authority cannot be"
    return "has an extension that OpenSSL finds invalid"


def _refuse(sentence: str, *, judged: bool = False) -> NoReturn:
    raise CertificateRefused(sentence, judged=judged)


def _parts(data: bytes) -> Iterator[bytes]:
    """Yield the DER of each certificate in a file of any kind."""
    if len(data) > MOST_OCTETS:
        _refuse(f"it is larger than {MOST_OCTETS >> 20} MiB; pass a file with the root certificate alone")
    if not data.strip():
        _refuse("it is empty; pass the root certificate as PEM, DER or PKCS#7")
    binary = data[0] == der.SEQUENCE and (len(data) == 1 or not 0x20 <= data[1] < 0x7F)  # noqa: PLR2004 -- ASCII text
    if not binary and _UTF16.search(data):
        _refuse(_utf16(data))
    if not binary and (_LOOSE_MARKER.search(data) or _KEY_MARKER.search(data)):
        yield from _pem_parts(data)
    elif binary or _is_short_der(data):
        yield from _der_parts(data, "the file")
    else:
        _refuse(describe(data))


def _utf16(data: bytes) -> str:
    """Return the kind of a file in UTF-16."""
    text = data.decode("utf-16-be" if data.startswith((b"\xfe\xff", b"\0")) else "utf-16-le", "replace").encode()
    other = NOTHING if _LOOSE_MARKER.search(text) or _KEY_MARKER.search(text) else describe(text)
    written = "it is UTF-16 text, as PowerShell and Notepad may write it; save it as UTF-8 or ASCII"
    return written if other == NOTHING else other


def _is_short_der(data: bytes) -> bool:
    """Whether a file whose first two octets may be text is DER nevertheless: not longer than its length octets say."""
    try:
        outer = der.element(data)
    except der.Malformed:
        return False
    return outer.tag == der.SEQUENCE and not data[outer.end :].strip(_PADDING) and not outer.cut_off


def _pem_parts(data: bytes) -> Iterator[bytes]:
    if _KEY_MARKER.search(data):
        _refuse(KEY)
    starts = marker_starts(data)
    loose = next((each.start() for each in _LOOSE_MARKER.finditer(data) if each.start() not in starts), None)
    if loose is not None:
        _refuse(describe_marker_at(data, loose))
    line = at = 0
    for block in pem_blocks(data):
        line += data.count(b"\n", at, block.start)
        at = block.start
        where = f"the PEM block in line {line + 1}"
        if block.der is None:
            _refuse(f"{where} {describe_damage(data[block.start : block.end]) or _DAMAGED}")
        yield from _block_parts(block, block.der, where)


def _block_parts(block: PemBlock, raw: bytes, where: str) -> Iterator[bytes]:
    if block.label not in CERTIFICATE_LABELS | _PKCS7_LABELS:
        other = f'{where} is of type "{printable(block.label, 40)}", which is no certificate; take it out of the file'
        _refuse(_LABELS.get(block.label, other))
    if block.extra and not trusts_servers(block.extra):
        _refuse(
            f"{where} says that it is not to be trusted for servers (a TRUSTED CERTIFICATE of OpenSSL with such "
            "settings); pass the plain certificate where that is not meant"
        )
    yield from _der_parts(raw, where)


def _der_parts(data: bytes, where: str) -> Iterator[bytes]:
    try:
        outer = der.element(data)
    except der.Malformed:
        _refuse(f"{where} {_DAMAGED}")
    if outer.cut_off:
        _refuse(f"{where} {_DAMAGED}")
    if data[outer.end :].strip(_PADDING):
        _refuse(f"{where} has {len(data) - outer.end} octets after its end; get the file again, or pass several as PEM")
    other = describe_der(outer)
    if other:
        _refuse(other)
    if der.tags(outer, 1) == (der.OBJECT_IDENTIFIER,):
        yield from _pkcs7_parts(outer, where)
    else:
        yield outer.whole


def _pkcs7_parts(outer: der.Element, where: str) -> Iterator[bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    if b"<plist" in outer.value or b"PayloadType" in outer.value:
        _refuse(PROFILE)
    if _has_signers(outer):
        _refuse(_SIGNED)
    try:
        with quiet():
            for loaded in pkcs7.load_der_pkcs7_certificates(outer.whole):
                yield loaded.public_bytes(Encoding.DER)
    except (ValueError, UnsupportedAlgorithm) as error:
        _refuse(
            f"{where} is PKCS#7, but no certificates can be read from it ({printable(str(error))}); get the file again"
        )


def _has_signers(outer: der.Element) -> bool:
    """Whether a PKCS#7 is signed; one that only carries certificates has no signers (RFC 5652, 5.1)."""
    try:
        _, content = outer.children()
        (signed,) = content.children()
        *_, signers = signed.children()
    except ValueError:
        return False
    return signers.tag == der.SET and signers.content < signers.end
