"""The parts that all formats share: keys, line ends, and text that converts back to the very same bytes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

MARK = "\ufeff"  # a byte-order mark

Path = tuple[str, ...]  # the names of sections, tables or objects, and the key's own


class Malformed(ValueError):  # noqa: N818 -- named for what it tells a user
    """A text that its tool does not accept, or that cannot be changed safely; the message is for people.

    Attributes:
        line: the line, from 1; 0 if it is not known.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Key:
    """One key: its value, and the text that is cut to remove it."""

    path: Path
    value: str
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        """text[start:end] is the key with everything that belongs to it."""
        return self.start, self.end


@dataclass
class Continued:
    """A key whose value continues in the lines below it."""

    path: Path
    values: list[str]
    start: int
    end: int

    def go_on(self, value: str, end: int) -> None:
        """Add one more line."""
        self.values.append(value)
        self.end = end

    @property
    def key(self) -> Key:
        """The whole key."""
        return Key(self.path, "\n".join(self.values), self.start, self.end)


class Format(Protocol):
    """The syntax of one kind of file."""

    def keys(self, text: str, /) -> list[Key]:
        """Return every key, in order; raises Malformed, with the line's number."""
        ...

    def insertion(self, text: str, path: Path, value: str, /) -> tuple[int, str]:
        """Return the place for a missing key, and the text to insert there; raises Malformed."""
        ...


def read(content: bytes) -> str:
    """Return the text of bytes; `write` returns bytes that are not UTF-8 unchanged."""
    if b"\0" in content:
        raise Malformed("it is no text in UTF-8")
    return content.decode("utf-8", "surrogateescape")


def write(text: str) -> bytes:
    """Return the bytes of a text."""
    return text.encode("utf-8", "surrogateescape")


def line_end(text: str) -> str:
    """Return the line end of a text: that of its first line."""
    at = text.find("\n")
    return "\r\n" if at > 0 and text[at - 1] == "\r" else "\n"


def lines(text: str) -> list[tuple[int, str]]:
    """Return each line without its end, and its start; a byte-order mark belongs to no line.

    Only LF ends a line (a CR before it is part of the end), as in git, wget and shells; `rows` is for tools that
    accept a
    CR alone as an end, too.
    """
    found: list[tuple[int, str]] = []
    at = len(MARK) if text.startswith(MARK) else 0
    while at < len(text):
        end = text.find("\n", at)
        stop = len(text) if end == -1 else end
        found.append((at, text[at:stop].removesuffix("\r")))
        at = len(text) if end == -1 else end + 1
    return found


class Row(NamedTuple):
    """One line: its start, its text, and the start of the next one."""

    start: int
    text: str
    end: int


_ROW = regex(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def rows(text: str) -> list[Row]:
    """Return the lines of a text for tools that end one at CR, at LF and at both; a byte-order mark belongs to no line.

    YAML 1.2 (5.4), npm, Yarn 1, Mercurial, Subversion, and every Python program that opens a file as text read so.
    """
    start = len(MARK) if text.startswith(MARK) else 0
    found = (one.span() for one in _ROW.finditer(text, start))
    return [Row(at, text[at:end].rstrip("\r\n"), end) for at, end in found if at < end]


def after(text: str, at: int) -> int:
    """Return the start of the line after the one that holds `at`."""
    end = text.find("\n", at)
    return len(text) if end == -1 else end + 1


def line_number(text: str, at: int) -> int:
    """Return the number of the line that holds `at`, from 1, as editors count."""
    return 1 + text.count("\n", 0, at) + text.count("\r", 0, at) - text.count("\r\n", 0, at)


def numbering(text: str) -> Callable[[int], int]:
    """Return a function like `line_number`, for many places of one text."""
    starts = [match.start() for match in _ROW.finditer(text)]
    return lambda at: bisect_right(starts, at)


def inserted(text: str, at: int, new: list[str]) -> str:
    """Return whole lines for the start of a line or the end of the text, with the text's own line ends."""
    end = line_end(text)
    if at == len(text) and text not in {"", MARK} and not text.endswith("\n"):
        return "".join(end + line for line in new)
    return "".join(line + end for line in new)
