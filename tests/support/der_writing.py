"""Writes DER by hand (X.690), also DER that libraries refuse to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


def tlv(tag: int, *contents: bytes) -> bytes:
    """One DER element."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def sequence(*contents: bytes) -> bytes:
    """A SEQUENCE of elements that are DER already."""
    return tlv(0x30, *contents)


def integer(value: int) -> bytes:
    """An INTEGER in the fewest octets, negative numbers too."""
    return tlv(
        0x02,
        value.to_bytes((value if value >= 0 else ~value).bit_length() // 8 + 1, "big", signed=True),
    )


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    out = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | (number & 0x7F))
        out += bytes(reversed(septets))
    return tlv(0x06, bytes(out))


def name(*attributes: tuple[str, int, bytes]) -> bytes:
    """A Name of (object identifier, string tag, raw value): 0x0C is UTF8String, 0x13 Printable, 0x14 T61."""
    return sequence(*(tlv(0x31, sequence(oid(kind), tlv(tag, raw))) for kind, tag, raw in attributes))


def common_name(text: str) -> bytes:
    """A Name that is one common name."""
    return name(("2.5.4.3", 0x0C, text.encode()))


def utc_time(moment: datetime) -> bytes:
    """A UTCTime: two digits of year, for any year."""
    return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def generalized_time(moment: datetime) -> bytes:
    """A GeneralizedTime: four digits of year."""
    return tlv(0x18, f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode())


def time(moment: datetime) -> bytes:
    """A Time as in RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime after."""
    return utc_time(moment) if moment.year < 2050 else generalized_time(moment)
