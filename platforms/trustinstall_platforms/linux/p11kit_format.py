"""p11-kit's own files: objects of lines `name: value`, with or without PEM.

Source: trust/persist.c of p11-kit; pkcs11.conf(5) names the format. A value is a word, a number, or a string in
quotation marks in which %XX is an octet; a reader of PEM reads the PEM blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"[p11-kit-object-v1]"
_NAME = regex(rb"[ \t]*([a-z0-9-]+)[ \t]*:")
_BLANKS = b" \t"
_STRING = regex(rb'"([^"]*)"')
_OCTET = regex(rb"%([0-9a-fA-F]{2})")
_END = b"-----END "
_BEGIN = b"-----BEGIN "


def certificates(content: bytes) -> Iterator[bytes]:
    """Yield the DER of each certificate that is a string in an object, and skip everything else."""
    for item in _objects(content):
        value = _STRING.fullmatch(item.get(b"value", b""))
        if item.get(b"class") == b"certificate" and value:
            yield _OCTET.sub(lambda octet: bytes.fromhex(octet[1].decode()), value[1])


def distrusts(content: bytes) -> bool:
    """Whether an object in p11-kit's own format distrusts its certificate."""
    return MAGIC in content and any(item.get(b"x-distrusted") == b"true" for item in _objects(content))


def _objects(content: bytes) -> Iterator[dict[bytes, bytes]]:
    item: dict[bytes, bytes] = {}
    within = False  # a PEM block
    for line in content.split(b"\n"):
        text = line.strip()
        if text.startswith((_BEGIN, _END)):
            within = text.startswith(_BEGIN)
        elif text == MAGIC:
            yield item
            item = {}
        elif not within and (match := _NAME.match(line)):
            item[match[1]] = line[match.end() :].lstrip(_BLANKS).rstrip(_BLANKS + b"\r")
    yield item
