"""Words of shells as data, and the reader that scanners of shells share: lines, and text between double quotes."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, ClassVar

from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class LostError(Exception):
    """The text has an unknown syntax; `at` is its place."""

    def __init__(self, at: int) -> None:
        super().__init__("not understood")
        self.at = at


class Literal(NamedTuple):
    """Literal text; if it is not quoted, patterns and a tilde in it count."""

    text: str
    quoted: bool = False


class Expand(NamedTuple):
    """`$name`, or `${name:-word}` with its operator."""

    name: str
    operator: str = ""
    word: tuple[Part, ...] = ()
    quoted: bool = False


class Unknown(NamedTuple):
    """A part that only running would show: `$(command)`, arithmetic, expansions that are not followed here."""

    text: str
    quoted: bool = False


Part = Literal | Expand | Unknown
Parts = tuple[Part, ...]


class Word(NamedTuple):
    """A word, and its place in the text."""

    parts: Parts
    start: int
    end: int

    @property
    def plain(self) -> str | None:
        """Its text, if nothing in it is quoted or expanded."""
        first = self.parts[0] if len(self.parts) == 1 else None
        return first.text if isinstance(first, Literal) and not first.quoted else None

    @property
    def literal(self) -> str | None:
        """Its text, if nothing in it is expanded."""
        texts = [one.text for one in self.parts if isinstance(one, Literal)]
        return "".join(texts) if len(texts) == len(self.parts) else None


class Token(NamedTuple):
    """An operator, or a word; "" and None at the end."""

    operator: str
    word: Word | None
    start: int


class Reader:
    """A place in a text. Between double quotes, shells differ in the starts of expansions and the use of backslashes.

    Attributes:
        ESCAPED: the characters that a backslash escapes between double quotes.
        PLAIN: literal text there, and a backslash that escapes nothing.
    """

    ESCAPED: ClassVar[frozenset[str]]
    PLAIN: ClassVar[re.Pattern[str]]

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self._breaks = [one.start() for one in re.finditer("\n", text)]

    def line(self, at: int) -> int:
        """Return the number of the line, from 1."""
        return bisect_right(self._breaks, at - 1) + 1

    def double(self, expansions: Mapping[str, Callable[[], Part]]) -> list[Part]:
        """Return the parts of the quoted text that begins here; `expansions` by first character. Raises LostError."""
        start, parts = self.at, list[Part]([Literal("", quoted=True)])
        self.at += 1
        while self.at < len(self.text):
            one = self.text[self.at]
            if one == '"':
                self.at += 1
                return parts
            if one in expansions:
                parts.append(expansions[one]())
            elif one == "\\" and self.text[self.at + 1 : self.at + 2] in self.ESCAPED:
                parts.append(Literal(self.text[self.at + 1].replace("\n", ""), quoted=True))
                self.at += 2
            else:
                found = self.PLAIN.match(self.text, self.at)
                parts.append(Literal(found[0] if found else "", quoted=True))
                self.at = found.end() if found else self.at + 1
        raise LostError(start)
