"""Files that hold no certificate in a known format: how each kind is recognised, and the sentence that says what to do.

Two kinds are told apart: DER of another kind by its outer shape, and everything else by its first octets or its
content. A malformed PEM marker has its own sentence, chosen by the text around it.
"""

from __future__ import annotations

import re

from trustinstall.certificates import der
from trustinstall.certificates.pem import decoded_base64
from trustinstall.patterns import regex

KEY = (
    "it holds a private key, which must not be copied into places that all can read; pass a file with the "
    "certificate alone"
)
CSR = "it is a certificate request (CSR), not a certificate; pass the certificate that the authority has made of it"
CRL = "it is a revocation list (CRL), not a certificate; pass the authority's certificate"
PUBLIC = "it is a bare public key, not a certificate; pass the root certificate"
PKCS12 = (
    "it is a PKCS#12 file, which usually holds a private key; take the root certificate out of it "
    "(openssl pkcs12 -in FILE -cacerts -nokeys) and pass that"
)
SSH = "it is an SSH key, not an X.509 certificate; pass the root certificate"
NOTHING = "it holds no certificate; pass the root certificate as PEM, DER or PKCS#7"
PROFILE = (
    "it is a configuration profile (.mobileconfig); pass the root certificate itself, whose DER stands in it as base64 "
    "between <data> and </data>"
)
_PEM_ENCODED_AGAIN = (
    "it holds a PEM file that is written in base64 once more, as in a Kubernetes Secret; decode that value "
    "(base64 -d FILE > root.pem) and pass the result"
)
_HEX = (
    "it is a certificate written as hexadecimal digits; turn it into bytes (xxd -r FILE > root.der, or xxd -r -p where "
    "the lines have no numbers) and pass that"
)
_FINGERPRINT = "it is a fingerprint, not a certificate; pass the certificate's file, and the fingerprint as --sha256"
_PRINTED = "it is what `openssl x509 -text` prints, without the certificate; print it without -noout, and pass that"
_REGISTRY = (
    "it is a file of Windows' registry (.reg); export the root certificate itself (certmgr.msc, All Tasks, Export, "
    "Base-64) and pass that"
)
_WEB_PAGE = "it is a web page (a login or error page, saved in place of the file?); get the certificate itself"
_JSON = "it is JSON without a PEM certificate; take the root certificate out of it, and pass that as PEM"
_DATABASE = (
    "it is a database (an NSS one?); export the root from it (certutil -L -d DIRECTORY -n NAME -a) and pass that"
)
_JAVA = "it is a Java keystore; export the root from it (keytool -exportcert -rfc) and pass that"
_ENCRYPTED = "it is encrypted; decrypt it, and pass the certificate"
_DOCUMENT = "it is a document or picture; get the certificate's own file"
_BASE64 = "it is base64 without a BEGIN line; put it between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----"
_BASE64_PKCS7 = (
    "it is PKCS#7 in base64 without a BEGIN line; put it between -----BEGIN PKCS7----- and -----END PKCS7-----"
)


def _archive(kind: str) -> str:
    return f"it is {kind} archive; unpack it and pass the certificate inside"


#: The first octets of files that are neither PEM nor DER, in lower case; blanks and a byte-order mark in front do not
#: count.
_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"ssh-", SSH),
    (b"ecdsa-sha2-", SSH),
    (b"sk-ssh-", SSH),
    (b"sk-ecdsa-", SSH),
    (b"putty-user-key-file", KEY),
    (b"age-secret-key-", KEY),
    (b"\xfe\xed\xfe\xed", _JAVA),
    (b"\xce\xce\xce\xce", _JAVA),
    (b"pk\x03\x04", _archive("a ZIP")),
    (b"\x1f\x8b", _archive("a gzip")),
    (b"\xfd7zxz", _archive("an xz")),
    (b"7z\xbc\xaf", _archive("a 7-Zip")),
    (b"mscf", _archive("a CAB")),
    (b"windows registry editor", _REGISTRY),
    (b"regedit4", _REGISTRY),
    (b"sqlite format 3", _DATABASE),
    (b"\0\0\0\0cert", "it is a serialized store of Windows (.sst); export the root as Base-64, and pass that"),
    (b"kych", "it is a keychain; export the root from it (security find-certificate -c NAME -p) and pass that"),
    (b"bplist0", PROFILE),
    (b"certificate:", _PRINTED),
    (b"$ansible_vault", _ENCRYPTED),
    (b"version https://git-lfs", "it is a pointer of Git LFS; get the file itself (git lfs pull) and pass that"),
    (b"%pdf-", _DOCUMENT),
    (b"\xd0\xcf\x11\xe0", _DOCUMENT),
    (b"\x89png", _DOCUMENT),
    (b"\xff\xd8\xff", _DOCUMENT),
)

_HEAD = 1024  # octets of a text that are searched
_PEM_IN_BASE64 = b"LS0tLS1CRUdJTi"  # "-----BEGIN"
#: Words in the first octets of a text, in this order.
_INSIDE: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (regex(rb"<!doctype plist|<plist|\bPayloadType\b", re.IGNORECASE), PROFILE),
    (regex(rb"<!doctype\s{1,8}html|<html", re.IGNORECASE), _WEB_PAGE),
    (regex(rb'\A(?:[0-9a-f]{4,8}:? {1,2})?b?["\']?(?:0x|\\x)?30[ ,:]{0,2}(?:0x|\\x)?8[1-4]', re.IGNORECASE), _HEX),
    (
        regex(rb"\A(?:sha-?256 ?(?:fingerprint)?[=: ]{0,2})?(?:[0-9a-f]{2}[: ]?){32}\s*\Z", re.IGNORECASE),
        _FINGERPRINT,
    ),
    (regex(rb"\A[{\[]"), _JSON),
)

#: Characters that programs put in place of hyphens: in UTF-8, and as Windows' old encoding has two of them.
_DASH = rb"(?:\xe2\x80[\x90-\x95]|\xe2\x88\x92|\xef\xb9[\x98\xa3]|\xef\xbc\x8d|\xc2\xad|\x96|\x97)"
_DASHES = "its BEGIN and END lines have typographic dashes, as word processors and wikis make them of hyphens"
_FIVE = "write five hyphens (-----) on each side of them, or get the file again"
_MARKER_TEXT = regex(rb"(?:BEGIN|END) (?:TRUSTED |X509 )?CERTIFICATE", re.IGNORECASE)
_BASE64_BEHIND = regex(rb"-{0,8}[ \t\r\n]{0,4}MI")
_MARKER = regex(rb"-----(?:BEGIN|END) [ !-,.-~]{1,64}?-----")
_DASHED = regex(_DASH + rb"-{0,4}\Z")
_DASHED_BEHIND = regex(rb"-----[ -,.-~]{1,64}-{0,4}" + _DASH)
_LINE_BREAK = regex(rb"[\r\n]")
#: Invisible characters: no-break spaces (Latin-1's too), zero widths, separators, a soft hyphen, a byte-order mark.
_UNSEEN = rb"(?:\xc2[\x85\xa0\xad]|\xe2\x80[\x8b-\x8f\xa8-\xaf]|\xe2\x81[\x9f-\xaf]|\xe3\x80\x80|\xef\xbb\xbf|\xa0)"
_UNSEEN_BEHIND = regex(rb"[ \t]*" + _UNSEEN)
_UNSEEN_BEFORE = regex(_UNSEEN + rb"[ \t]{0,8}\Z")
_BASE64_BEGINS = regex(rb" ?MI[A-Za-z0-9+/]{6}")
_BASE64_ENDS = regex(rb"[A-Za-z0-9+/]{8}={0,2} ?\Z")
_UNSEEN_IN = regex(_UNSEEN)
_QUOTED_PRINTABLE = regex(rb"=\r?\n[A-Za-z0-9+/]|=3D")
_AROUND = 24  # octets before a marker that are searched


def describe(data: bytes) -> str:
    """Return the sentence for a file that is neither PEM nor DER."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    start = text[:32].lower()
    sentence = next((sentence for beginning, sentence in _BEGINNINGS if start.startswith(beginning)), None)
    head = text[:_HEAD]
    if sentence is None and _PEM_IN_BASE64 in data:
        sentence = _PEM_ENCODED_AGAIN
    if sentence is None:
        sentence = next((sentence for pattern, sentence in _INSIDE if pattern.search(head)), None)
    return sentence or _describe_marker(data) or _describe_base64(text) or NOTHING


def _describe_marker(data: bytes) -> str | None:
    """Return the sentence for a file that has a marker's words without its hyphens, or None."""
    found = _MARKER_TEXT.search(data)
    if found is None:
        return None
    before = data[max(found.start() - _AROUND, 0) : found.start()].rstrip(b" ")
    if _DASHED.search(before):
        return f"{_DASHES}; {_FIVE}"
    if not (before.endswith(b"-") or _BASE64_BEHIND.match(data, found.end())):
        return None  # words in a sentence
    return f"its BEGIN and END lines are not written as they must be; {_FIVE}"


def _describe_base64(text: bytes) -> str | None:
    """Return the sentence for base64 of DER without PEM markers, by the kind of the DER."""
    raw = decoded_base64(text) if text.startswith(b"MI") else None
    try:
        outer = der.element(raw or b"")
    except der.Malformed:
        return None
    if der.tags(outer, 1) == (der.OBJECT_IDENTIFIER,):
        return _BASE64_PKCS7
    return describe_der(outer) or _BASE64


def describe_marker_at(data: bytes, at: int) -> str:
    """Return the sentence for a BEGIN or END at an offset that is not a line of its own, by the text around it."""
    line = data[at : at + 200]
    before = _LINE_BREAK.split(data[max(at - _AROUND, 0) : at])[-1]
    marker = _MARKER.match(line)
    if marker is None:
        fault = _DASHES if _DASHED_BEHIND.match(line) else "a BEGIN or END line in it does not end in five hyphens"
        return f"{fault}; {_FIVE}"
    behind = line[marker.end() :]
    if behind.startswith(b"-----") or before.endswith(b"-----"):
        return (
            "two PEM blocks in it stand on one line, as where files without a last line break were joined; put a line "
            "break between -----END CERTIFICATE----- and -----BEGIN CERTIFICATE-----"
        )
    if behind.startswith(b"-") or before.endswith(b"-"):
        return f"a BEGIN or END line in it has more than five hyphens on a side; {_FIVE}"
    if behind.startswith((b"\\n", b"\\r")) or before.endswith((b"\\n", b"\\r")):
        return (
            r"its line breaks are written as \n, as in JSON or a variable; turn them into line breaks "
            r"(jq -r, or printf '%b'), and pass the result"
        )
    if _UNSEEN_BEHIND.match(behind) or _UNSEEN_BEFORE.search(before):
        return (
            "an invisible character (such as a no-break space) stands beside a BEGIN or END line in it, as where text "
            "was copied from a web page; take it out, or get the file again"
        )
    if _BASE64_BEGINS.match(behind) or _BASE64_ENDS.search(before):
        return (
            "its line breaks are lost; put its BEGIN line, its base64 and its END line each on lines of their own, or "
            "get the file again"
        )
    return "a BEGIN or END line in it is not on a line of its own, without indentation; repair or get the file again"


def describe_damage(block: bytes) -> str | None:
    """Return the damage of a PEM block that is complete but not base64, or None if the damage cannot be told."""
    if _UNSEEN_IN.search(block):
        return "holds an invisible character (such as a no-break space); take it out, or get the file again"
    if _QUOTED_PRINTABLE.search(block):
        return "is written in quoted-printable, as in the source of a mail; save the attachment, and pass that"
    return None


def describe_der(outer: der.Element) -> str | None:
    """Return the sentence for a DER file by its outer shape, or None if it may be a certificate or PKCS#7.

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
            sentence = PUBLIC if len(tags) == 2 else KEY  # noqa: PLR2004 -- modulus and exponent
        elif second in key_container:
            sentence = PKCS12 if version == b"\x03" else KEY
    elif tags == key_container:
        sentence = KEY
    elif tags == (der.SEQUENCE, der.BIT_STRING):
        sentence = PUBLIC
    elif tags == (der.SEQUENCE, der.SEQUENCE, der.BIT_STRING):
        body = der.tags(next(outer.children()))
        if der.UTC_TIME in body or der.GENERALIZED_TIME in body:
            sentence = CRL
        elif body in _REQUEST_BODIES:
            sentence = CSR
    return sentence


_REQUEST_BODIES = (
    (der.INTEGER, der.SEQUENCE, der.SEQUENCE),
    (der.INTEGER, der.SEQUENCE, der.SEQUENCE, der.CONTEXT_0),
)
