"""Writes DER (X.690), also values that libraries refuse to write. Each function returns the DER of one element."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def tlv(tag: int, *contents: bytes) -> bytes:
    """Return an element of a tag whose content is these parts in a row."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def sequence(*contents: bytes) -> bytes:
    """Return a SEQUENCE of elements in DER."""
    return tlv(0x30, *contents)


def integer(value: int) -> bytes:
    """Return an INTEGER, positive or negative, in the fewest octets."""
    return tlv(
        0x02,
        value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True),
    )


def oid(dotted: str) -> bytes:
    """Return the OBJECT IDENTIFIER of a dotted text."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | (number & 0x7F))
        out += bytes(reversed(septets))
    return tlv(0x06, bytes(out))


def name(*attributes: tuple[str, int, bytes]) -> bytes:
    """Return a Name.

    Each attribute is a dotted object identifier, the tag of a string type (0x0C UTF8String, 0x13 PrintableString, 0x14
    T61String), and its octets.
    """
    return sequence(*(tlv(0x31, sequence(oid(kind), tlv(tag, raw))) for kind, tag, raw in attributes))


def common_name(text: str) -> bytes:
    """Return a Name with a common name only."""
    return name(("2.5.4.3", 0x0C, text.encode()))


def utc_time(moment: datetime) -> bytes:
    """Return a UTCTime, which has two digits for the year, for any year; `moment` is in UTC."""
    return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(moment: datetime) -> bytes:
    """Return a GeneralizedTime, which has four digits for the year; `moment` is in UTC."""
    return tlv(0x18, f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode())


def time(moment: datetime) -> bytes:
    """Return a Time as RFC 5280 4.1.2.5 requires: a UTCTime until 2049, a GeneralizedTime afterwards."""
    return utc_time(moment) if moment.year < 2050 else generalized_time(moment)
