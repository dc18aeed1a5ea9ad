"""TOML with the line of each key.

Python's own reader, tomllib, keeps no lines, which every message about a document needs, and exists only from Python
3.11 on, while 3.10 is supported. A test compares the two. This reader knows strings, whole numbers, dates, booleans,
arrays of them, tables and lists of tables; any other value is a mistake.
Source: toml.io/en/v1.0.0.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from trustinstall.declared.mistakes import Mistake, dotted
from trustinstall.declared.text import DEEPEST, SURROGATES, Path, Reader
from trustinstall.patterns import regex
from trustinstall.typed_json import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLANK = regex(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACE = regex(r"[ \t]*")
_END = regex(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_BARE = regex(r"[A-Za-z0-9_-]+")
_BASIC = regex(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = regex(r"'([^'\n]*)'")
_LONG_BASIC = regex(r'"""\n?((?:[^\\"]|\\.|"(?!""))*)"""(?!")', re.DOTALL)
_LONG_LITERAL = regex(r"'''\n?((?:[^']|'(?!''))*)'''(?!')", re.DOTALL)
_DATE = regex(r"\d{4}-\d{2}-\d{2}(?![0-9T: ]*[0-9T:])", re.ASCII)
_NUMBER = regex(r"[+-]?(?:0|[1-9][0-9]{0,17})(?![0-9A-Za-z_.:-])", re.ASCII)
_WORD = regex(r"(true|false)(?![A-Za-z0-9_-])")
_ESCAPE = regex(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfr\"\\])|([ \t]*\n[ \t\n]*)|(.|\Z))", re.DOTALL)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_CONTROL = regex(r"[\x00-\x08\x0b-\x1f\x7f]")
_LARGEST = 0x10FFFF  # of Unicode


class Toml(Reader):
    """One pass over TOML."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        if found := _CONTROL.search(text):
            self.at = found.start()
            raise self.wrong("a control character stands there")
        self._closed: set[Path] = set()  # tables that may not be opened again
        path: Path = ()
        while self._more():
            if self.takes("[["):
                path = self._list_of_tables()
            elif self.takes("["):
                path = self._table()
            else:
                self._pair(path)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Move behind a pattern, if it is at the position."""
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _more(self) -> bool:
        self._take(_BLANK)
        return self.at < len(self.text)

    def _table(self) -> Path:
        line, names = self.line(), self._names()
        self._close("]")
        above = self._open(names[:-1])
        path = (*above, names[-1])
        found = self._at_path(above).setdefault(names[-1], {})
        if path in self._closed or not is_object(found):
            raise self._wrong_at(line, names, "the table is there twice, or is something else already")
        self._closed.add(path)
        self.document.lines.setdefault(path, line)
        return path

    def _list_of_tables(self) -> Path:
        line, names = self.line(), self._names()
        self._close("]]")
        above = self._open(names[:-1])
        tables = self._at_path(above).setdefault(names[-1], [])
        known = (*above, names[-1])
        if not is_array(tables) or known in self._closed or any(not is_object(one) for one in tables):
            raise self._wrong_at(line, names, "it is something else already")
        path = (*known, len(tables))
        tables.append({})
        self.document.lines.setdefault(known, line)
        self.document.lines[path] = line
        return path

    def _pair(self, table: Path) -> None:
        line, names = self.line(), self._names()
        if len(names) != 1:
            raise self._wrong_at(line, [*table, *names], "write it in a table of its own; dotted keys are not read")
        self._take(_SPACE)
        if not self.takes("="):
            raise self._wrong_at(line, [*table, *names], "an equals sign is missing")
        into, path = self._at_path(table), (*table, names[0])
        if names[0] in into:
            raise self._wrong_at(line, path, "the key is there twice")
        self.document.lines[path] = line
        self._take(_SPACE)
        into[names[0]] = self._value(path, 0)
        self._closed.add(path)
        if not self._take(_END):
            raise self._wrong_at(line, path, "something stands behind the value")

    def _names(self) -> list[str]:
        names: list[str] = []
        while True:
            self._take(_SPACE)
            if match := self._take(_BARE):
                names.append(match[0])
            elif match := self._take(_BASIC):
                names.append(self._unescaped(match[1], long=False))
            elif match := self._take(_LITERAL):
                names.append(match[1])
            else:
                raise self.wrong("a key is missing, or it is no TOML")
            self._take(_SPACE)
            if not self.takes("."):
                return names

    def _close(self, word: str) -> None:
        self._take(_SPACE)
        if not self.takes(word) or not self._take(_END):
            raise self.wrong(f"{word} is missing, or something stands behind it")

    def _value(self, path: Path, depth: int) -> object:
        if depth > DEEPEST:
            raise self.wrong("it is nested too deeply")
        if self.takes("["):
            return self._array(path, depth)
        for pattern, long in ((_LONG_BASIC, True), (_BASIC, False)):
            if not (pattern is _BASIC and self.text.startswith('"""', self.at)) and (match := self._take(pattern)):
                return self._unescaped(match[1], long=long)
        if match := self._take(_LONG_LITERAL):
            return match[1]
        if not self.text.startswith("'''", self.at) and (match := self._take(_LITERAL)):
            return match[1]
        if match := self._take(_WORD):
            return match[1] == "true"
        if match := self._take(_DATE):
            return self._day(match[0], path)
        if match := self._take(_NUMBER):
            return int(match[0])
        raise self.wrong("it is no string, whole number, date, boolean or array; others are not read", dotted(path))

    def _day(self, text: str, path: Path) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise self.wrong(f"{text} is not a day that exists", dotted(path)) from None

    def _array(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._more()
            if self.takes("]"):
                return found
            here = (*path, len(found))
            self.document.lines[here] = self.line()
            found.append(self._value(here, depth + 1))
            self._more()
            if not self.takes(",") and not self.text.startswith("]", self.at):
                raise self.wrong("a comma or ] is missing", dotted(path))

    def _unescaped(self, text: str, *, long: bool) -> str:
        def said(match: re.Match[str]) -> str:
            number = match[1] or match[2]
            if number:
                point = int(number, 16)
                if point > _LARGEST or point in SURROGATES:
                    raise self.wrong("an escape names no character")
                return chr(point)
            if match[3]:
                return _SHORT[match[3]]
            if match[4] is not None and long:
                return ""
            raise self.wrong("an escape is none of TOML's")

        return _ESCAPE.sub(said, text)

    def _open(self, names: list[str]) -> Path:
        """Return the path of a named table, which is created if it is missing; of a list of tables the last one."""
        path: Path = ()
        for name in names:
            into = self._at_path(path)
            found = into.setdefault(name, {})
            path = (*path, name)
            if is_array(found) and found and path not in self._closed:
                path = (*path, len(found) - 1)
            elif not is_object(found):
                raise self.wrong("it is something else already", name)
        return path

    def _at_path(self, path: Path) -> dict[str, Any]:
        found: Any = self.document.data
        for step in path:
            found = found[step]
        if not is_object(found):
            raise self.wrong("it is something else already", str(path[-1]))
        return found

    def _wrong_at(self, line: int, path: Sequence[str | int], what: str) -> Mistake:
        return Mistake(self.document.name, line, dotted(path), what)
