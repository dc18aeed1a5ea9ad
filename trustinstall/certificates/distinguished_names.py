"""The names of subject and issuer (RFC 5280 4.1.2.4) as text, read from DER.

`cryptography` refuses to decode some names: old roots hold Latin-1 in a TeletexString.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.certificates import der
from trustinstall.errors import printable
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMON_NAME = "2.5.4.3"
_ORGANISATION = "2.5.4.10"
#: The short names of RFC 4514 section 3, and of e-mail, which old roots have but no RFC lists.
_ATTRIBUTES = {
    _COMMON_NAME: "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    _ORGANISATION: "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "emailAddress",
}
#: By tag, the encodings of the string types that are not ASCII or Latin-1; a TeletexString is Latin-1 in practice.
_ENCODINGS = {0x0C: "utf-8", 0x1C: "utf-32-be", 0x1E: "utf-16-be"}
_SPECIAL = regex(r'([,+"\\<>;])')
_ESCAPED = r"\\\1"


class Attribute(NamedTuple):
    """One attribute of a name.

    Attributes:
        kind: its dotted object identifier.
        tag: the ASN.1 tag of its string type.
        text: its text, which may contain any character.
    """

    kind: str
    tag: int
    text: str


def attributes(name: der.Element) -> list[Attribute]:
    """Return the attributes of a Name (a SEQUENCE), up to the first that cannot be read."""
    found: list[Attribute] = []
    try:
        for group in name.children():
            for pair in group.children():
                kind, value = pair.children()
                found.append(Attribute(der.dotted(kind.value), value.tag, _text(value)))
    except ValueError:
        pass
    return found


def written(attributes: Sequence[Attribute]) -> str:
    """Return a name in the form of RFC 4514, most specific part first; the result is not made printable."""
    return ",".join(
        f"{_ATTRIBUTES.get(one.kind, one.kind)}={_SPECIAL.sub(_ESCAPED, one.text)}" for one in reversed(attributes)
    )


def called(attributes: Sequence[Attribute]) -> str:
    """Return the most specific common name, else the organisation, as printable text; "" if the name has neither."""
    for wanted in (_COMMON_NAME, _ORGANISATION):
        for kind, _, text in reversed(attributes):
            if kind == wanted and text.strip():
                return printable(text.strip())
    return ""


def _text(value: der.Element) -> str:
    return value.value.decode(_ENCODINGS.get(value.tag, "latin-1"), errors="backslashreplace")
