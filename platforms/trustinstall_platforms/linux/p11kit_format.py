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
        value = octets(item.get(b"value", b""))
        if item.get(b"class") == b"certificate" and value is not None:
            yield value


def distrusts(content: bytes) -> bool:
    """Whether an object in p11-kit's own format distrusts its certificate."""
    return MAGIC in content and any(item.get(b"x-distrusted") == b"true" for item in _objects(content))


def parts(content: bytes) -> list[bytes]:
    """Return the text before the first object, and each object with its first line; joined they are the content."""
    found: list[list[bytes]] = [[]]
    for line in content.split(b"\n"):
        if line.strip() == MAGIC:
            found.append([])
        found[-1].append(line)
    *before, last = [b"\n".join(lines) for lines in found]
    return [*(text + b"\n" if text or number else text for number, text in enumerate(before)), last]


def trusts(text: bytes) -> bool:
    """Whether one object trusts its certificate."""
    return any(item.get(b"trusted") == b"true" for item in _objects(text))


def fields(text: bytes) -> dict[bytes, bytes]:
    """Return the fields of one object, without its PEM."""
    *_, found = _objects(text)
    return found


def octets(value: bytes) -> bytes | None:
    """Return the octets of a field that is a string, or None."""
    found = _STRING.fullmatch(value)
    return found and _OCTET.sub(lambda octet: bytes.fromhex(octet[1].decode()), found[1])


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
