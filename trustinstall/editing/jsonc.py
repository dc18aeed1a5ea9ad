"""JSON, and JSON with comments and trailing commas as editors read it.

Sources: RFC 8259; code.visualstudio.com/docs/languages/json, "JSON with Comments". If members of one object have the
same name, every parser here takes the last one with all its content (RFC 8259, 4) and ignores those before it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TypeVar

from trustinstall.editing.text import MARK, Key, Malformed, Path, line_end, line_number
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

_BLANK = regex(r"(?:[ \t\r\n]+|//[^\n\r]*|/\*.*?\*/)*", re.DOTALL)
_STRING = regex(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_WORD = regex(r"-?[0-9][0-9.eE+-]*|true|false|null")
_DEEP = 100  # nested objects and arrays; no settings file has more

_Item = TypeVar("_Item")


@dataclass
class _Object:
    """An object: its path, its start, and its members' paths and starts."""

    path: Path
    opens: int
    members: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])


class _Extent(NamedTuple):
    """The content of one member: keys[start:end] and objects[start:end] of the scanner."""

    keys: tuple[int, int]
    objects: tuple[int, int]


def _without(items: list[_Item], extents: list[tuple[int, int]]) -> list[_Item]:
    """Return the items that lie in none of the extents."""
    gone = bytearray(len(items))
    for start, end in extents:
        gone[start:end] = b"\1" * (end - start)
    return [one for one, out in zip(items, gone, strict=True) if not out]


class Jsonc:
    """One object."""

    def keys(self, text: str) -> list[Key]:
        """Return every member at any depth that is not an object, and that counts."""
        return _Scanner(text).keys

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert as the first member of the deepest existing object of the path."""
        scanner, end = _Scanner(text), line_end(text)
        quoted = [json.dumps(one, ensure_ascii=False) for one in (*path, value)]
        if not scanner.objects:
            names, new = quoted[:-1], quoted[-1]
            for depth in range(len(names), 0, -1):
                new = f"{{{end}{'  ' * depth}{names[depth - 1]}: {new}{end}{'  ' * (depth - 1)}}}"
            return len(text), new + end
        inside = max(
            (one for one in scanner.objects if one.path == path[: len(one.path)]), key=lambda one: len(one.path)
        )
        depth = len(inside.path)
        if depth == len(path) or any(one.path == path[: depth + 1] for one in scanner.keys):
            raise Malformed(f"{'.'.join(path[: depth + 1])} is not what the tool expects there")
        new = "".join(f"{name}: {{" for name in quoted[depth:-2]) + f"{quoted[-2]}: {quoted[-1]}"
        new += "}" * (len(path) - depth - 1)
        at = inside.opens + 1
        if not inside.members:
            return at, new
        first = inside.members[0][1]
        lead = text[text.rfind("\n", 0, first) + 1 : first]
        if "\n" in text[at:first] and not lead.strip():
            return at, f"{end}{lead}{new},"
        return at, f"{new}, "


class _Scanner:
    """One pass over a text: every leaf with its path, and every object."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, len(MARK) if text.startswith(MARK) else 0
        self.keys: list[Key] = []
        self.objects: list[_Object] = []
        self._overruled: list[_Extent] = []
        self._depth = 0
        self._skip()
        if self.at == len(text):
            return
        if text[self.at] != "{":
            raise self._malformed()
        self._object(())
        self._skip()
        if self.at != len(text):
            raise self._malformed()
        self.keys = _without(self.keys, [one.keys for one in self._overruled])
        self.objects = _without(self.objects, [one.objects for one in self._overruled])

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEP:
            raise self._malformed()

    def _object(self, path: Path) -> None:
        self._deeper()
        this = _Object(path, self.at)
        self.objects.append(this)
        self.at += 1
        extents: dict[str, _Extent] = {}
        comma: int | None = None  # before this member: a member that is cut takes its own comma, or the one before it
        while not self._next("}"):
            start = self.at
            name = self._name()
            this.members.append((name, start))
            if name in extents:
                self._overruled.append(extents[name])
            keys, objects = len(self.keys), len(self.objects)
            self._value((*path, name), start)
            extents[name] = _Extent((keys, len(self.keys)), (objects, len(self.objects)))
            end = self.at
            more = self._next(",", keep=True)
            self._close(start, self.at if more else end, comma if not more else None)
            if not more and not self._at("}"):
                raise self._malformed()
            comma = self.at - 1 if more else None
        self._depth -= 1

    def _close(self, start: int, end: int, comma: int | None) -> None:
        """Note the text that is cut with a leaf that has just been read."""
        if self.keys and self.keys[-1].start == start:
            last = self.keys.pop()
            self.keys.append(Key(last.path, last.value, start if comma is None else comma, end))

    def _value(self, path: Path, start: int) -> None:
        self._skip()
        if self._at("{"):
            self._object(path)
            return
        begins = self.at
        if self._at("["):
            self._array()
        elif (match := _STRING.match(self.text, self.at) or _WORD.match(self.text, self.at)) is not None:
            self.at = match.end()
        else:
            raise self._malformed()
        raw = self.text[begins : self.at]
        self.keys.append(Key(path, self._decoded(raw) if raw[0] == '"' else raw, start, self.at))

    def _array(self) -> None:
        self._deeper()
        self.at += 1
        while not self._next("]"):
            if self._at("["):
                self._array()
            elif self._at("{"):
                keys, objects, overruled = len(self.keys), len(self.objects), len(self._overruled)
                self._object(())  # part of the array's value
                del self.keys[keys:], self.objects[objects:], self._overruled[overruled:]
            elif match := _STRING.match(self.text, self.at) or _WORD.match(self.text, self.at):
                self.at = match.end()
            else:
                raise self._malformed()
            if not self._next(",", keep=True) and not self._at("]"):
                raise self._malformed()
        self._depth -= 1

    def _name(self) -> str:
        match = _STRING.match(self.text, self.at)
        if match is None:
            raise self._malformed()
        self.at = match.end()
        if not self._next(":", keep=True):
            raise self._malformed()
        return self._decoded(match[0])

    def _decoded(self, raw: str) -> str:
        try:
            return str(json.loads(raw))
        except ValueError:
            raise self._malformed() from None

    def _skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _at(self, word: str) -> bool:
        self._skip()
        return self.text.startswith(word, self.at)

    def _next(self, word: str, *, keep: bool = False) -> bool:
        """Move past a character if it comes next; with `keep`, a missing one leaves the position unchanged."""
        here = self.at
        if self._at(word):
            self.at += 1
            return True
        if keep:
            self.at = here
        return False

    def _malformed(self) -> Malformed:
        return Malformed(f"line {line_number(self.text, self.at)} is no JSON")
