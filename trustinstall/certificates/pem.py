"""Finding PEM blocks (RFC 7468) in any bytes: a user's file, or a bundle with comments between its certificates.

A marker is a line of its own, as OpenSSL reads it: text in front of it on the same line makes it ordinary text.
Scanning takes time in proportion to the size of the input, for any content.
"""

from __future__ import annotations

import binascii
import re
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Labels of blocks with one certificate; the middle one is OpenSSL's old name, the last adds trust settings.
TRUSTED = "TRUSTED CERTIFICATE"
CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", TRUSTED})

# At a line's start (after a byte-order mark if there is one: `cat` of files made on Windows leaves them in the middle,
# too).
_MARKER = regex(
    # The literal comes first to make the search quick: the look-behinds are evaluated only after a match.
    rb"(?P<dashes>-----)(?:(?<![^\r\n]-----)|(?<=\xef\xbb\xbf-----)(?<![^\r\n]\xef\xbb\xbf-----))"
    rb"(?P<kind>BEGIN|END) (?P<label>[ !-,.-~]{1,64})-----[ \t]*(?:\r\n|\n|\r|\Z)"
)
_BASE64 = regex(rb"[A-Za-z0-9+/]+={0,2}")
_KEPT = 1 << 20  # bytes of the largest bundle that is cached
_BLANKS = b" \t\r\n\x0b\x0c"
SERVER_PURPOSES = frozenset({"1.3.6.1.5.5.7.3.1", "2.5.29.37.0"})  # TLS servers, any purpose
_COLUMNS = 48  # octets in a line of 64 characters


class PemBlock(NamedTuple):
    """One block: data[start:end], with the line break after its END line.

    `der` is the decoded content, or None if the block is damaged: it has no BEGIN or no END, or is not base64 between
    them. Of a `TRUSTED CERTIFICATE` it is the certificate alone; `extra` is OpenSSL's addition to it (X509_CERT_AUX).
    """

    label: str
    start: int
    end: int
    der: bytes | None
    extra: bytes = b""


def ders_of(content: bytes, labels: frozenset[str]) -> tuple[bytes, ...]:
    """Return the DER of the blocks with one of these labels; the results are cached as those of `blocks_of`."""
    return _ders(content, labels) if len(content) <= _KEPT else _ders.__wrapped__(content, labels)


@lru_cache(maxsize=32)
def _ders(content: bytes, labels: frozenset[str]) -> tuple[bytes, ...]:
    return tuple(one.der for one in blocks_of(content) if one.label in labels and one.der is not None)


def blocks_of(content: bytes) -> tuple[PemBlock, ...]:
    """Return every block in the order of the data, damaged ones too.

    The results for the last few bundles are cached: a machine has many copies of the same one, each command reads the
    system's in several places, and decoding PEM is slow.
    """
    return _blocks(content) if len(content) <= _KEPT else _blocks.__wrapped__(content)


@lru_cache(maxsize=32)
def _blocks(content: bytes) -> tuple[PemBlock, ...]:
    return tuple(pem_blocks(content))


def pem_blocks(data: bytes) -> Iterator[PemBlock]:
    """Yield every block in the order of the data, damaged ones too."""
    begin: re.Match[bytes] | None = None
    for marker in _MARKER.finditer(data):
        opens = marker["kind"] == b"BEGIN"
        if begin is None and opens:
            begin = marker
        elif begin is None:
            yield _damaged(marker, marker.end())
        elif opens:
            yield _damaged(begin, marker.start("dashes"))
            begin = marker
        else:
            yield _block(data, begin, marker)
            begin = None
    if begin is not None:
        yield _damaged(begin, len(data))


def to_pem(raw: bytes, label: str = "CERTIFICATE") -> bytes:
    """Return the canonical PEM of a certificate's DER: 64 columns, LF, ASCII, nothing around it."""
    name = label.encode("ascii")
    lines = [binascii.b2a_base64(raw[at : at + _COLUMNS]) for at in range(0, len(raw), _COLUMNS)]
    return b"-----BEGIN %b-----\n%b-----END %b-----\n" % (name, b"".join(lines), name)


def _damaged(marker: re.Match[bytes], end: int) -> PemBlock:
    return PemBlock(marker["label"].decode("ascii"), marker.start("dashes"), end, None)


def _block(data: bytes, begin: re.Match[bytes], end: re.Match[bytes]) -> PemBlock:
    damaged = _damaged(begin, end.end())
    if begin["label"] != end["label"]:
        return damaged
    raw = decoded_base64(data[begin.end() : end.start()])
    if raw is None or damaged.label != TRUSTED:
        return damaged._replace(der=raw)
    try:
        cut = der.element(raw).end
    except der.Malformed:
        return damaged
    return damaged._replace(der=raw[:cut], extra=raw[cut:]) if cut <= len(raw) else damaged


def marker_starts(data: bytes) -> set[int]:
    """Return the starts of the BEGIN and END lines that count."""
    return {marker.start("dashes") for marker in _MARKER.finditer(data)}


def decoded_base64(body: bytes) -> bytes | None:
    """Return the decoded base64 of any lines, or None if it is not base64."""
    plain = body.replace(b"\n", b"")
    with suppress(binascii.Error):  # what is encoded to the same text was base64: three times as quick as the check
        octets = binascii.a2b_base64(plain)
        if octets and binascii.b2a_base64(octets, newline=False) == plain:
            return octets
    text = body.translate(None, _BLANKS)
    # Checked by hand: Python's own strict mode came with 3.11, and its other mode skips characters outside base64.
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return None
    return binascii.a2b_base64(text)


def trusts_servers(extra: bytes) -> bool:
    """Whether the settings after a TRUSTED CERTIFICATE allow servers (X509_CERT_AUX in OpenSSL's x509.h).

    They are a list of trusted purposes, and a tagged one of rejected purposes; no list means no limit.
    """
    try:
        settings = der.element(extra)
        for purposes in settings.children():
            if purposes.tag not in {der.SEQUENCE, der.CONTEXT_0}:
                continue
            for_servers = any(der.dotted(each.value) in SERVER_PURPOSES for each in purposes.children())
            if for_servers == (purposes.tag == der.CONTEXT_0):
                return False
    except der.Malformed:
        return False
    return settings.end == len(extra)
