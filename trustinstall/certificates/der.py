"""As much DER (X.690) as is needed to tell a file's kind, and to read fields that certificate libraries refuse to show.

This module never decides whether data *is* a certificate: `parsing` asks `cryptography` and OpenSSL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOLEAN = 0x01
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
OBJECT_IDENTIFIER = 0x06
T61_STRING = 0x14
UTC_TIME = 0x17
GENERALIZED_TIME = 0x18
SEQUENCE = 0x30
SET = 0x31
CONTEXT_0 = 0xA0

_LONG_FORM = 0x80
_MOST_LENGTH_OCTETS = 4


class Malformed(ValueError):  # noqa: N818 -- as its neighbours in `errors`
    """Not DER, or cut off."""


class Element(NamedTuple):
    """One element: its tag octet and where it and its contents lie in the data (`end` may be past the data's end)."""

    data: bytes
    tag: int
    start: int
    content: int
    end: int

    @property
    def value(self) -> bytes:
        """The contents."""
        return self.data[self.content : self.end]

    @property
    def whole(self) -> bytes:
        """The element with tag and length."""
        return self.data[self.start : self.end]

    @property
    def cut_off(self) -> bool:
        """True if the data ends before the element does."""
        return self.end > len(self.data)

    def children(self) -> Iterator[Element]:
        """Yield the elements inside; raises `Malformed` on reaching one that does not fit."""
        at = self.content
        while at < self.end:
            child = element(self.data, at)
            if child.end > self.end:
                raise Malformed
            yield child
            at = child.end


def element(data: bytes, at: int = 0) -> Element:
    """Return the element at an offset; raises `Malformed` if no element can start there.

    An indefinite length (BER, which PKCS#7 and PKCS#12 files may use) is taken to reach to the end of the data.
    """
    content = at + 2
    if len(data) < content:
        raise Malformed
    tag, first = data[at], data[at + 1]
    if first < _LONG_FORM:
        return Element(data, tag, at, content, content + first)
    octets = first - _LONG_FORM
    if octets == 0:
        return Element(data, tag, at, content, len(data))
    size = data[content : content + octets]
    if octets > _MOST_LENGTH_OCTETS or len(size) < octets:
        raise Malformed
    return Element(data, tag, at, content + octets, content + octets + int.from_bytes(size, "big"))


def wrapped(tag: int, content: bytes) -> bytes:
    """Return an element with this tag and these contents."""
    size = len(content)
    if size < _LONG_FORM:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, _LONG_FORM | len(octets))) + octets + content


def tags(outer: Element, most: int = 12) -> tuple[int, ...]:
    """Return the tags of the first elements inside, as far as they can be read."""
    found: list[int] = []
    try:
        for child in outer.children():
            found.append(child.tag)
            if len(found) == most:
                break
    except Malformed:
        pass
    return tuple(found)


def dotted(raw: bytes) -> str:
    """Return an object identifier's contents as dotted text; raises `Malformed`."""
    if not raw or raw[-1] >= _LONG_FORM or len(raw) > 64:  # noqa: PLR2004 -- none in use is half as long
        raise Malformed
    numbers: list[int] = []
    number = 0
    for octet in raw:
        number = number << 7 | octet & 0x7F
        if octet < _LONG_FORM:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
