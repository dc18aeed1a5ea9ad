"""Reading a file as one certificate, as the tool does: PEM by its look, anything else as DER.

Only what is needed of X.509 is read, by hand: this runs under any Python 3, without a package.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from functools import cached_property

_SCANNED = 8192  # bytes at each end that are searched for the PEM lines
_PRINTABLE = frozenset(b"\t\n\v\f\r" + bytes(range(0x20, 0x7F)))
_COMMON_NAME = bytes.fromhex("0603550403")
_BASIC_CONSTRAINTS = bytes.fromhex("0603551d13")
_KEY_IDENTIFIER = bytes.fromhex("0603551d0e")
_STRINGS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}  # tag: encoding; others are read as UTF-8


class BadCertificateError(ValueError):
    """Not one X.509 certificate."""


def is_pem(content: bytes) -> bool:
    """All printable ASCII, a BEGIN line near the start, an END line near the end."""
    looks = _PRINTABLE.issuperset(content)
    return looks and b"-----BEGIN " in content[:_SCANNED] and b"-----END " in content[-_SCANNED:]


def pem_decode(content: bytes) -> bytes:
    """Decode the first block: from the end of the first line with dashes to the next dashes, with any labels."""
    dashes = content.find(b"-----")
    newline = content.find(b"\n", dashes)
    start = newline if newline >= 0 else content.find(b"\r", dashes)
    end = content.find(b"-----", start)
    if dashes < 0 or start < 0 or end < 0:
        raise BadCertificateError
    try:
        return base64.b64decode(b"".join(content[start:end].split()), validate=True)
    except binascii.Error:
        raise BadCertificateError from None


def element(data: bytes, at: int = 0) -> tuple[int, int, int]:
    """Tag, start and end of the content of the DER element that begins at an offset."""
    header = data[at : at + 2]
    if len(header) < 2 or header[0] & 0x1F == 0x1F:
        raise BadCertificateError
    start, length = at + 2, header[1]
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise BadCertificateError
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > len(data):
        raise BadCertificateError
    return header[0], start, start + length


def elements(data: bytes) -> list[bytes]:
    """The elements that a constructed element's content consists of, each with its header."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        _, _, end = element(data, at)
        found.append(data[at:end])
        at = end
    return found


def content(one: bytes) -> bytes:
    """The content of one element."""
    _, start, end = element(one)
    return one[start:end]


@dataclass(frozen=True)
class Certificate:
    """One certificate; make it with `parse`.

    Attributes:
        der: all of it.
        serial: content of the serial number.
        issuer, subject: the names, in DER.
        extensions: each of them, in DER.
    """

    der: bytes
    serial: bytes
    issuer: bytes
    subject: bytes
    extensions: tuple[bytes, ...]

    @cached_property
    def sha1(self) -> str:
        """In upper case, as the tool prints it and the trust settings name it."""
        return hashlib.sha1(self.der).hexdigest().upper()  # noqa: S324 - the tool's own choice

    @cached_property
    def sha256(self) -> str:
        """In upper case, as the tool prints it."""
        return hashlib.sha256(self.der).hexdigest().upper()

    @property
    def self_signed(self) -> bool:
        """Whether it names itself as its issuer (the signature is not looked at here)."""
        return self.issuer == self.subject

    @property
    def common_name(self) -> str | None:
        """The subject's last common name."""
        found = None
        for group in elements(content(self.subject)):
            for pair in elements(content(group)):
                inner = content(pair)
                if inner.startswith(_COMMON_NAME):
                    value = inner[len(_COMMON_NAME) :]
                    found = content(value).decode(_STRINGS.get(value[0], "utf-8"), "replace")
        return found

    @property
    def label(self) -> str:
        """What people see: the common name, or something else where there is none."""
        return self.common_name or f"certificate {self.sha1[:8]}"

    @property
    def is_ca(self) -> bool:
        """Whether basic constraints say CA:TRUE."""
        value = self._extension(_BASIC_CONSTRAINTS)
        return value is not None and content(value)[:2] == b"\x01\x01"

    @property
    def key_identifier(self) -> bytes:
        """The subject key identifier, or nothing."""
        value = self._extension(_KEY_IDENTIFIER)
        return content(value) if value else b""

    def _extension(self, oid: bytes) -> bytes | None:
        found = (content(one) for one in self.extensions)
        wrapped = next((elements(one)[-1] for one in found if one.startswith(oid)), None)
        return content(wrapped) if wrapped else None


def parse(der: bytes) -> Certificate:
    """The certificate that bytes are; raises BadCertificateError."""
    try:
        tag, start, end = element(der)
        if tag != 0x30 or end != len(der):
            raise BadCertificateError
        body, *rest = elements(der[start:end])
        fields = elements(content(body))
        fields = fields[1:] if fields[0][0] == 0xA0 else fields
        serial, _, issuer, validity, subject, key, *more = fields
        if len(rest) != 2 or serial[0] != 0x02 or any(one[0] != 0x30 for one in (issuer, validity, subject, key)):
            raise BadCertificateError
        wrapped = next((content(one) for one in more if one[0] == 0xA3), b"")
        found = Certificate(der, content(serial), issuer, subject, tuple(elements(content(wrapped))) if wrapped else ())
        _ = (found.common_name, found.is_ca, found.key_identifier)  # a name that cannot be walked is no certificate
    except (IndexError, ValueError):
        raise BadCertificateError from None
    return found


def to_pem(der: bytes) -> str:
    """A block with lines of 64 characters."""
    text = base64.b64encode(der).decode()
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""])
