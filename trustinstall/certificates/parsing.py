"""Foreign bytes to certificates: PEM, DER and PKCS#7, and one clear sentence for everything else that people pass.

A certificate comes out of here only when both `cryptography` and OpenSSL (through `ssl`) take it, alone and without
anything after it. One block in a bundle that OpenSSL cannot load makes it refuse the *whole* bundle, and OpenSSL takes
what the stricter parsers in other clients do not: tried with OpenSSL 3.0, where an invalid UTF-8 subject breaks the
bundle, and with a BOOLEAN written as 01, which OpenSSL takes and `cryptography` does not.
"""

from __future__ import annotations

import re
import ssl
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from trustinstall.certificates import der
from trustinstall.certificates.certificate import Certificate, quiet
from trustinstall.certificates.pem import CERTIFICATE_LABELS, PemBlock, pem_blocks
from trustinstall.errors import CertificateRefused, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509

MOST_OCTETS = 1 << 20

_KEY = (
    "it holds a private key, which must not be copied into places that all can read; pass a file with the "
    "certificate alone"
)
_CSR = "it is a certificate request (CSR), not a certificate; pass the certificate that the authority has made of it"
_CRL = "it is a revocation list (CRL), not a certificate; pass the authority's certificate"
_PUBLIC = "it is a bare public key, not a certificate; pass the root certificate"
_PKCS12 = (
    "it is a PKCS#12 file, which usually holds a private key; take the root certificate out of it "
    "(openssl pkcs12 -in FILE -cacerts -nokeys) and pass that"
)
_SSH = "it is an SSH key, not an X.509 certificate; pass the root certificate"
_DAMAGED = "is damaged or cut off; get the file again"
_NOTHING = "it holds no certificate; pass the root certificate as PEM, DER or PKCS#7"

#: What stands in a PEM block that is no certificate (RFC 7468, and OpenSSL's pem.h).
_LABELS = {
    "CERTIFICATE REQUEST": _CSR,
    "NEW CERTIFICATE REQUEST": _CSR,
    "X509 CRL": _CRL,
    "PUBLIC KEY": _PUBLIC,
    "RSA PUBLIC KEY": _PUBLIC,
    "DSA PUBLIC KEY": _PUBLIC,
    "EC PUBLIC KEY": _PUBLIC,
    "SSH2 PUBLIC KEY": _SSH,
}
_PKCS7_LABELS = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS"})

#: How files begin that are neither PEM nor DER, in lower case.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"ssh-", _SSH),
    (b"ecdsa-sha2-", _SSH),
    (b"sk-ssh-", _SSH),
    (b"sk-ecdsa-", _SSH),
    (b"putty-user-key-file", _KEY),
    (
        b"\xfe\xed\xfe\xed",
        "it is a Java keystore; export the root from it (keytool -exportcert -rfc) and pass that",
    ),
    (
        b"\xce\xce\xce\xce",
        "it is a Java keystore; export the root from it (keytool -exportcert -rfc) and pass that",
    ),
    (b"pk\x03\x04", "it is a ZIP archive; unpack it and pass the certificate inside"),
    (b"\x1f\x8b", "it is a gzip archive; unpack it and pass the certificate inside"),
)
_HTML = re.compile(rb"<!doctype\s+html|<html", re.IGNORECASE)
_HEAD = 1024  # octets in which a web page shows itself

# Wherever it stands, in a line or on its own, in PEM or in SSH's own format with four hyphens and a space.
_KEY_MARKER = re.compile(rb"-----? ?BEGIN [ !-,.-~]{0,48}PRIVATE KEY", re.IGNORECASE)
_LOOSE_MARKER = re.compile(rb"-----(?:BEGIN|END) ")
_BARE_BASE64 = re.compile(rb"MI[A-Za-z0-9+/\s]{64,}={0,2}\s*")
_UTF16 = re.compile(rb"\A(?:\xff\xfe|\xfe\xff)|-\0-\0-\0-\0|\0-\0-\0-\0-")

_PROXY = "1.3.6.1.5.5.7.1.14"  # proxyCertInfo
_SERVER_PURPOSES = frozenset({"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"})  # TLS servers, any purpose


def read_certificates(data: bytes, origin: str) -> tuple[Certificate, ...]:
    """Every certificate in a file, in its order, each once.

    `data` is the whole file and `origin` its name for messages. Raises `CertificateRefused` where it holds none, holds
    anything else beside them, or one of them is not taken by both parsers; no content of the file but names is in the
    message.
    """
    try:
        found = [Certificate(raw) for raw in dict.fromkeys(_parts(data))]
        if not found:
            _refuse(_NOTHING)
        for certificate in found:
            check_both_parsers(certificate)
    except CertificateRefused as refusal:
        message = f"{printable(origin)}: {refusal.reason}"
        raise CertificateRefused(message) from refusal
    return tuple(found)


def check_both_parsers(certificate: Certificate) -> None:
    """Raise `CertificateRefused` unless both `cryptography` and OpenSSL can use all of the certificate."""
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
            f"(cryptography: {printable(str(error))}); ask the authority for a well-formed one"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=certificate.der)
    except ssl.SSLError as error:
        cause = printable(str(error.strerror or error))
        _refuse(
            f"OpenSSL cannot load the certificate {certificate.name} ({cause}), and would refuse the whole bundle "
            "with it; ask the authority for a well-formed one"
        )
    if _may_sign(loaded) and not _is_authority_to_openssl(context):
        _refuse(
            f"the certificate {certificate.name} {_invalid_extension(loaded)}, so curl, Python and Node.js refuse "
            "every chain below it; ask the authority for a root without that"
        )
    # What people see of it must be readable, too: these raise where a time is out of the calendar.
    _ = certificate.not_before, certificate.not_after


def _may_sign(loaded: x509.Certificate) -> bool:
    """Whether the certificate says that it is an authority that signs certificates."""
    from cryptography import x509

    authority, signs = False, True
    for extension in loaded.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            authority = extension.value.ca
        elif isinstance(extension.value, x509.KeyUsage):
            signs = extension.value.key_cert_sign
    return authority and signs


def _is_authority_to_openssl(context: ssl.SSLContext) -> bool:
    """Whether the one certificate in a context is an authority for OpenSSL, which decodes all the extensions it knows.

    Source: OpenSSL's `ossl_x509v3_cache_extensions` (v3_purp.c), which `X509_check_ca` asks first.
    """
    if context.get_ca_certs(binary_form=True):
        return True
    with suppress(ssl.SSLError):  # takes away what OpenSSL has noted of it: else the next call would raise that
        context.load_verify_locations(cadata=b"\0")
    return False


def _invalid_extension(loaded: x509.Certificate) -> str:
    if any(extension.oid.dotted_string == _PROXY for extension in loaded.extensions):
        return "says that it is a proxy certificate (RFC 3820), which an authority cannot be"
    return "has an extension that OpenSSL finds invalid"


def _refuse(sentence: str) -> NoReturn:
    raise CertificateRefused(sentence)


def _parts(data: bytes) -> Iterator[bytes]:
    """The DER of each certificate in a file of any kind."""
    if len(data) > MOST_OCTETS:
        _refuse(f"it is larger than {MOST_OCTETS >> 20} MiB; pass a file with the root certificate alone")
    if not data.strip():
        _refuse("it is empty; pass the root certificate as PEM, DER or PKCS#7")
    binary = data[0] == der.SEQUENCE and (len(data) == 1 or not 0x20 <= data[1] < 0x7F)  # noqa: PLR2004 -- ASCII text
    if not binary and _UTF16.search(data):
        _refuse("it is UTF-16 text, as PowerShell and Notepad may write it; save it as UTF-8 or ASCII")
    if not binary and (_LOOSE_MARKER.search(data) or _KEY_MARKER.search(data)):
        yield from _pem_parts(data)
    elif data[0] == der.SEQUENCE:
        yield from _der_parts(data, "the file")
    else:
        _refuse(_neither(data))


def _neither(data: bytes) -> str:
    """What a file is that is neither PEM nor DER."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    start = text[:32].lower()
    for beginning, sentence in _BEGINNINGS:
        if start.startswith(beginning):
            return sentence
    if _HTML.search(text[:_HEAD]):
        return "it is a web page (a login or error page, saved in place of the file?); get the certificate itself"
    if _BARE_BASE64.fullmatch(text):
        return (
            "it is base64 without a BEGIN line; put it between -----BEGIN CERTIFICATE----- and -----END "
            "CERTIFICATE-----"
        )
    return _NOTHING


def _pem_parts(data: bytes) -> Iterator[bytes]:
    if _KEY_MARKER.search(data):
        _refuse(_KEY)
    count = line = at = 0
    for count, block in enumerate(pem_blocks(data), 1):  # noqa: B007 -- needed after the loop
        line += data.count(b"\n", at, block.start)
        at = block.start
        where = f"the PEM block in line {line + 1}"
        if block.der is None:
            _refuse(f"{where} {_DAMAGED}")
        yield from _block_parts(block, block.der, where)
    if 2 * count != len(_LOOSE_MARKER.findall(data)):
        _refuse(
            "a BEGIN or END line in it is not on a line of its own, without indentation; repair or get the file again"
        )


def _block_parts(block: PemBlock, raw: bytes, where: str) -> Iterator[bytes]:
    if block.label not in CERTIFICATE_LABELS | _PKCS7_LABELS:
        other = f'{where} is of type "{printable(block.label, 40)}", which is no certificate; take it out of the file'
        _refuse(_LABELS.get(block.label, other))
    if block.extra and not _trusts_servers(block.extra):
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
    if outer.end < len(data):
        _refuse(f"{where} has {len(data) - outer.end} octets after its end; get the file again, or pass several as PEM")
    other = _other_kind(outer)
    if other:
        _refuse(other)
    if der.tags(outer, 1) == (der.OBJECT_IDENTIFIER,):
        yield from _pkcs7_parts(data, where)
    else:
        yield data


def _other_kind(outer: der.Element) -> str | None:
    """The sentence for what a DER file is by its outer shape, None where it may be a certificate or PKCS#7.

    Shapes: RFC 5208, 5915, 5958, 7292, 8017 (keys, PKCS#12), 2986 (CSR), 5280 (CRL, SubjectPublicKeyInfo), 5652
    (PKCS#7).
    """
    tags = der.tags(outer)
    first, second = (*tags[:2], 0, 0)[:2]
    key_container = (der.SEQUENCE, der.OCTET_STRING)
    sentence: str | None = None
    if first == der.INTEGER:
        version = next(outer.children()).value
        if second == der.INTEGER:
            sentence = _PUBLIC if len(tags) == 2 else _KEY  # noqa: PLR2004 -- modulus and exponent
        elif second in key_container:
            sentence = _PKCS12 if version == b"\x03" else _KEY
    elif tags == key_container:
        sentence = _KEY
    elif tags == (der.SEQUENCE, der.BIT_STRING):
        sentence = _PUBLIC
    elif tags == (der.SEQUENCE, der.SEQUENCE, der.BIT_STRING):
        body = der.tags(next(outer.children()))
        if der.UTC_TIME in body or der.GENERALIZED_TIME in body:
            sentence = _CRL
        elif body in _REQUEST_BODIES:
            sentence = _CSR
    return sentence


_REQUEST_BODIES = (
    (der.INTEGER, der.SEQUENCE, der.SEQUENCE),
    (der.INTEGER, der.SEQUENCE, der.SEQUENCE, der.CONTEXT_0),
)


def _pkcs7_parts(data: bytes, where: str) -> Iterator[bytes]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    try:
        with quiet():
            for loaded in pkcs7.load_der_pkcs7_certificates(data):
                yield loaded.public_bytes(Encoding.DER)
    except (ValueError, UnsupportedAlgorithm) as error:
        _refuse(
            f"{where} is PKCS#7, but no certificates can be read from it ({printable(str(error))}); get the file again"
        )


def _trusts_servers(extra: bytes) -> bool:
    """Whether the settings after a TRUSTED CERTIFICATE allow servers (X509_CERT_AUX in OpenSSL's x509.h).

    They are a list of trusted purposes, and a tagged one of rejected purposes; no list means no limit.
    """
    try:
        settings = der.element(extra)
        for purposes in settings.children():
            if purposes.tag not in {der.SEQUENCE, der.CONTEXT_0}:
                continue
            for_servers = any(der.dotted(each.value) in _SERVER_PURPOSES for each in purposes.children())
            if for_servers == (purposes.tag == der.CONTEXT_0):
                return False
    except der.Malformed:
        return False
    return settings.end == len(extra)
