"""TOML, as far as settings of tools need it: the start and end of each key, its table, and the text of a string.

Source: toml.io/en/v1.0.0. Python reads TOML only from 3.11 on, and does not report places.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from trustinstall.editing.text import MARK, Key, Malformed, Path, after, inserted, line_number
from trustinstall.patterns import regex

_BLANK = regex(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = regex(r"[ \t]*")
_REST = regex(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_BARE = regex(r"[A-Za-z0-9_-]+")
_STRINGS = tuple(
    regex(one, re.DOTALL)
    for one in (
        r'"""(?:[^\\]|\\.)*?"""(?!")"{0,2}',
        r"'''.*?'''(?!')'{0,2}",
        r'"(?:[^"\\\n]|\\.)*"',
        r"'[^'\n]*'",
    )
)
_WORD = regex(r"[A-Za-z0-9_.:+-]+(?: [0-9][0-9.:+Z-]*)?")
_DEEP = 100


def flat(text: str) -> list[Key]:
    """Return every key of a document, and after an inline table those in it, which have its place. Raises Malformed."""
    found: list[Key] = []
    for one in _Scanner(text).places:
        found.append(Key(one.path, one.value, one.start, one.end))
        found += [Key((*one.path, *path), value, one.start, one.end) for path, value in one.inner]
    return found


class Toml:
    """One document."""

    def keys(self, text: str) -> list[Key]:
        """Return every key, its table's name first; an array or inline table is one value."""
        return _Scanner(text).keys

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert after the last key of its table; a missing table is added at the end, after an empty line."""
        scanner = _Scanner(text)
        line = f"{path[-1]} = {value if value in {'true', 'false'} else chr(34) + value + chr(34)}"
        table = path[:-1]
        dotted = any(one.path[: len(table)] == table and len(one.table) < len(table) for one in scanner.places)
        inline = any(one.path == path[:depth] for one in scanner.places for depth in range(1, len(path)))
        if dotted or inline:
            raise Malformed(f"{'.'.join(table)} is written in a way that this program does not add to")
        headers = [at for at, name, single in scanner.headers if name == table and single]
        if any(name == table and not single for _, name, single in scanner.headers):
            raise Malformed(f"{'.'.join(table)} is a list of tables")
        if table and not headers:
            empty = [] if text in {"", MARK} else [""]
            return len(text), inserted(text, len(text), [*empty, f"[{'.'.join(table)}]", line])
        start = after(text, headers[-1]) if headers else len(MARK) if text.startswith(MARK) else 0
        ends = [one.end for one in scanner.places if one.table == table]
        at = max([start, *ends])
        return at, inserted(text, at, [line])


@dataclass(frozen=True)
class _Place(Key):
    """A key, the table whose lines hold it, and the keys and values of the inline tables in its value."""

    table: Path
    inner: tuple[tuple[Path, str], ...] = ()


class _Scanner:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, len(MARK) if text.startswith(MARK) else 0
        self.places: list[_Place] = []
        self.headers: list[tuple[int, Path, bool]] = []
        table: Path = ()
        while self._more():
            start = self.at
            if self.text[self.at] == "[":
                single = not self.text.startswith("[[", self.at)
                table = self._header(single=single)
                self.headers.append((start, table, single))
                continue
            name = self._name()
            self._expect("=")
            begins = self.at
            inner = tuple(self._value(0))
            value = _said(self.text[begins : self.at])
            self._end_of_line()
            start = self.text.rfind("\n", 0, start) + 1 or start
            self.places.append(_Place((*table, *name), value, start, self.at, table, inner))

    @property
    def keys(self) -> list[Key]:
        return [Key(one.path, one.value, one.start, one.end) for one in self.places]

    def _more(self) -> bool:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at < len(self.text)

    def _header(self, *, single: bool) -> Path:
        self.at += 1 if single else 2
        name = self._name()
        self._expect("]" if single else "]]")
        self._end_of_line()
        return name

    def _name(self) -> Path:
        parts: list[str] = []
        while True:
            self._space()
            match = _BARE.match(self.text, self.at) or next(
                (found for one in _STRINGS[2:] if (found := one.match(self.text, self.at))), None
            )
            if match is None:
                raise self._malformed()
            parts.append(_said(match[0]))
            self.at = match.end()
            self._space()
            if not self.text.startswith(".", self.at):
                return tuple(parts)
            self.at += 1

    def _value(self, depth: int) -> list[tuple[Path, str]]:
        """Pass a value; return the keys in it, if it is an inline table."""
        if depth > _DEEP:
            raise self._malformed()
        if self.text.startswith(("[", "{"), self.at):
            return self._nested("]" if self.text[self.at] == "[" else "}", depth)
        found = (match for one in (*_STRINGS, _WORD) if (match := one.match(self.text, self.at)))
        match = next(found, None)
        if match is None:
            raise self._malformed()
        self.at = match.end()
        return []

    def _nested(self, closing: str, depth: int) -> list[tuple[Path, str]]:
        """Pass an array or an inline table; return the keys of a table, and of tables in it, that are no tables."""
        self.at += 1
        found: list[tuple[Path, str]] = []
        while self._more() and not self.text.startswith(closing, self.at):
            name: Path = ()
            if closing == "}":
                name = self._name()
                self._expect("=")
            begins = self.at
            inner = self._value(depth + 1)
            if closing == "}" and not self.text.startswith("{", begins):
                found.append((name, _said(self.text[begins : self.at])))
            elif closing == "}":
                found += [((*name, *path), value) for path, value in inner]
            self._more()
            if self.text.startswith(",", self.at):
                self.at += 1
            elif not self.text.startswith(closing, self.at):
                raise self._malformed()
        if self.at >= len(self.text):
            raise self._malformed()
        self.at += 1
        return found

    def _space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _expect(self, word: str) -> None:
        self._space()
        if not self.text.startswith(word, self.at):
            raise self._malformed()
        self.at += len(word)
        if word == "=":
            self._space()

    def _end_of_line(self) -> None:
        match = _REST.match(self.text, self.at)
        if match is None:
            raise self._malformed()
        self.at = match.end()

    def _malformed(self) -> Malformed:
        return Malformed(f"line {line_number(self.text, self.at)} is no TOML")


def _said(raw: str) -> str:
    """Return the value, if it is a string without escapes; else the written text."""
    plain = len(raw) > 1 and raw[0] == raw[-1] and raw[0] in "\"'" and not raw.startswith(('"""', "'''"))
    return raw[1:-1] if plain and "\\" not in raw else raw
