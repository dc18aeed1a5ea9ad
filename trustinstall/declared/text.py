"""A document as data, with the line of each key; and a position in its text, for the readers of TOML and JSON."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from trustinstall.declared.mistakes import Mistake
from trustinstall.values import dataclass

Path = tuple[str | int, ...]
DEEPEST = 20  # levels of a value
SURROGATES = range(0xD800, 0xE000)


@dataclass
class Document:
    """One document: its name for messages, its data, and the line of each key and element, by path."""

    name: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    lines: dict[Path, int] = field(default_factory=dict[Path, int])

    def line(self, path: Path) -> int:
        """Return the line of a path, or of the nearest one above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class Reader:
    """A position in a text."""

    def __init__(self, name: str, text: str) -> None:
        self.document = Document(name)
        self.text, self.at = text, 0
        self._counted = (0, 1)  # a place, and its line: a document is not counted anew for each key

    def line(self) -> int:
        """Return the line of the position, from 1."""
        place, line = self._counted if self._counted[0] <= self.at else (0, 1)
        self._counted = (self.at, line + self.text.count("\n", place, self.at))
        return self._counted[1]

    def wrong(self, what: str, key: str = "") -> Mistake:
        """Return a mistake at the position."""
        return Mistake(self.document.name, self.line(), key, what)

    def takes(self, word: str) -> bool:
        """Move behind a word, if it is at the position; return whether it is."""
        found = self.text.startswith(word, self.at)
        self.at += len(word) if found else 0
        return found
