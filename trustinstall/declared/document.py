"""The text of a document as data, with the line of each key: TOML and JSON.

Source: toml.io/en/v1.0.0; RFC 8259. Of TOML, what such documents need is read: strings, whole numbers, dates, booleans,
arrays of them, tables and lists of tables. Anything else is a mistake with its line. Python itself reads TOML from 3.11
on only, and keeps no lines; a test compares the two.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trustinstall.declared.mistakes import Mistake
from trustinstall.typed_json import is_array, is_object

Path = tuple[str | int, ...]
_DEEP = 20  # levels of a value

_BLANK = re.compile(r"(?:[ \t\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_END = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
_LITERAL = re.compile(r"'([^'\n]*)'")
_LONG_BASIC = re.compile(r'"""\n?((?:[^\\"]|\\.|"(?!""))*)"""(?!")', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''\n?((?:[^']|'(?!''))*)'''(?!')", re.DOTALL)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?![0-9T: ]*[0-9T:])", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,17})(?![0-9A-Za-z_.:-])", re.ASCII)
_WORD = re.compile(r"(true|false)(?![A-Za-z0-9_-])")
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([btnfr\"\\])|([ \t]*\n[ \t\n]*)|(.|\Z))", re.DOTALL)
_SHORT = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "\\": "\\"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LARGEST, _SURROGATES = 0x10FFFF, range(0xD800, 0xE000)


@dataclass
class Document:
    """One document: its name for messages, what it says, and the line of each key and element, by path."""

    name: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    lines: dict[Path, int] = field(default_factory=dict[Path, int])

    def line(self, path: Path) -> int:
        """Return the line of a path, or of the nearest one above it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(name: str, content: bytes) -> Document:
    """Return a document: JSON where it begins with a brace or its name ends so, else TOML. Raises Mistake."""
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise Mistake(name, content[: error.start].count(b"\n") + 1, "", "this is no UTF-8") from None
    if name.endswith(".json") or text.lstrip()[:1] == "{":
        return _Json(name, text).document
    return _Toml(name, text).document


class _Reader:
    """A place in a text."""

    def __init__(self, name: str, text: str) -> None:
        self.document = Document(name)
        self._text, self._at = text, 0
        self._counted = (0, 1)  # a place, and its line: a document is not counted anew for each key

    def _line(self) -> int:
        place, line = self._counted if self._counted[0] <= self._at else (0, 1)
        self._counted = (self._at, line + self._text.count("\n", place, self._at))
        return self._counted[1]

    def _wrong(self, what: str, key: str = "") -> Mistake:
        return Mistake(self.document.name, self._line(), key, what)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()
        return match

    def _takes(self, word: str) -> bool:
        found = self._text.startswith(word, self._at)
        self._at += len(word) if found else 0
        return found


class _Toml(_Reader):
    """One pass over TOML."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        if found := _CONTROL.search(text):
            self._at = found.start()
            raise self._wrong("a control character stands there")
        self._closed: set[Path] = set()  # tables that may not be opened again
        path: Path = ()
        while self._more():
            if self._takes("[["):
                path = self._list_of_tables()
            elif self._takes("["):
                path = self._table()
            else:
                self._pair(path)

    def _more(self) -> bool:
        self._take(_BLANK)
        return self._at < len(self._text)

    def _table(self) -> Path:
        line, names = self._line(), self._names()
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
        line, names = self._line(), self._names()
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
        line, names = self._line(), self._names()
        if len(names) != 1:
            raise self._wrong_at(line, names, "write it in a table of its own; dotted keys are not read")
        self._take(_SPACE)
        if not self._takes("="):
            raise self._wrong_at(line, names, "an equals sign is missing")
        into, path = self._at_path(table), (*table, names[0])
        if names[0] in into:
            raise self._wrong_at(line, names, "the key is there twice")
        self.document.lines[path] = line
        self._take(_SPACE)
        into[names[0]] = self._value(path, 0)
        self._closed.add(path)
        if not self._take(_END):
            raise self._wrong_at(line, names, "something stands behind the value")

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
                raise self._wrong("a key is missing, or it is no TOML")
            self._take(_SPACE)
            if not self._takes("."):
                return names

    def _close(self, word: str) -> None:
        self._take(_SPACE)
        if not self._takes(word) or not self._take(_END):
            raise self._wrong(f"{word} is missing, or something stands behind it")

    def _value(self, path: Path, depth: int) -> object:
        if depth > _DEEP:
            raise self._wrong("it is nested too deeply")
        if self._takes("["):
            return self._array(path, depth)
        for pattern, long in ((_LONG_BASIC, True), (_BASIC, False)):
            if not (pattern is _BASIC and self._text.startswith('"""', self._at)) and (match := self._take(pattern)):
                return self._unescaped(match[1], long=long)
        if match := self._take(_LONG_LITERAL):
            return match[1]
        if not self._text.startswith("'''", self._at) and (match := self._take(_LITERAL)):
            return match[1]
        if match := self._take(_WORD):
            return match[1] == "true"
        if match := self._take(_DATE):
            return self._day(match[0])
        if match := self._take(_NUMBER):
            return int(match[0])
        raise self._wrong("it is no string, whole number, date, boolean or array; others are not read", str(path[-1]))

    def _day(self, text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise self._wrong("this day does not exist") from None

    def _array(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._more()
            if self._takes("]"):
                return found
            here = (*path, len(found))
            self.document.lines[here] = self._line()
            found.append(self._value(here, depth + 1))
            self._more()
            if not self._takes(",") and not self._text.startswith("]", self._at):
                raise self._wrong("a comma or ] is missing", str(path[-1]))

    def _unescaped(self, text: str, *, long: bool) -> str:
        def said(match: re.Match[str]) -> str:
            number = match[1] or match[2]
            if number:
                point = int(number, 16)
                if point > _LARGEST or point in _SURROGATES:
                    raise self._wrong("an escape names no character")
                return chr(point)
            if match[3]:
                return _SHORT[match[3]]
            if match[4] is not None and long:
                return ""
            raise self._wrong("an escape is none of TOML's")

        return _ESCAPE.sub(said, text)

    def _open(self, names: list[str]) -> Path:
        """Return the path of a table by name, made where it is missing; of a list of tables the last one."""
        path: Path = ()
        for name in names:
            into = self._at_path(path)
            found = into.setdefault(name, {})
            path = (*path, name)
            if is_array(found) and found and path not in self._closed:
                path = (*path, len(found) - 1)
            elif not is_object(found):
                raise self._wrong("it is something else already", name)
        return path

    def _at_path(self, path: Path) -> dict[str, Any]:
        found: Any = self.document.data
        for step in path:
            found = found[step]
        if not is_object(found):
            raise self._wrong("it is something else already", str(path[-1]))
        return found

    def _wrong_at(self, line: int, names: list[str], what: str) -> Mistake:
        return Mistake(self.document.name, line, ".".join(names), what)


class _Json(_Reader):
    """One pass over JSON, with the lines of its keys."""

    _BLANK = re.compile(r"[ \t\n\r]*")

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self._decoder = json.JSONDecoder()
        value = self._value((), 0)
        self._take(self._BLANK)
        if self._at != len(self._text) or not is_object(value):
            raise self._wrong("one object is expected, and nothing behind it")
        self.document.data = value

    def _value(self, path: Path, depth: int) -> object:
        self._take(self._BLANK)
        if depth > _DEEP:
            raise self._wrong("it is nested too deeply")
        self.document.lines.setdefault(path, self._line())
        if self._takes("{"):
            return self._object(path, depth)
        if self._takes("["):
            return self._array(path, depth)
        return self._scalar()

    def _scalar(self) -> object:
        try:
            value, self._at = self._decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            raise self._wrong("it is no JSON") from None
        if isinstance(value, str) and any(ord(one) in _SURROGATES for one in value):
            raise self._wrong("an escape names no character")
        return value

    def _object(self, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self._take(self._BLANK)
            if not found and self._takes("}"):
                return found
            line, key = self._line(), self._scalar()
            self._take(self._BLANK)
            if not isinstance(key, str) or not self._takes(":"):
                raise self._wrong("a key and a colon are expected")
            if key in found:
                raise self._wrong("the key is there twice", key)
            here = (*path, key)
            self.document.lines[here] = line
            found[key] = self._value(here, depth + 1)
            self._take(self._BLANK)
            if self._takes("}"):
                return found
            if not self._takes(","):
                raise self._wrong("a comma or } is missing", key)

    def _array(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._take(self._BLANK)
            if not found and self._takes("]"):
                return found
            found.append(self._value((*path, len(found)), depth + 1))
            self._take(self._BLANK)
            if self._takes("]"):
                return found
            if not self._takes(","):
                raise self._wrong("a comma or ] is missing")
