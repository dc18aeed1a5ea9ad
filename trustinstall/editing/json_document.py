"""JSON documents of other programs, changed as text: inserting and removing a value leaves every other byte unchanged.

Sources: RFC 8259. With `lenient` also the additions that Chromium accepts in policy files (base::JSONReader, tried with
156): comments, and a comma after the last value.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from trustinstall.patterns import regex
from trustinstall.typed_json import is_object
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BLANK = regex(r"[ \t\r\n]*")
_LENIENT_BLANK = regex(r"(?:[ \t\r\n]|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = regex(r'"(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"')
# A settings file has no number with more digits, and Python's time grows with the square of their count.
_NUMBER = r"-?(?:0|[1-9][0-9]{0,400})(?:\.[0-9]{1,400})?(?:[eE][+-]?[0-9]{1,10})?(?![0-9.eE])"
_PLAIN = regex(rf"{_NUMBER}|true|false|null")
_BOM = "\ufeff"
_DEEPEST = 100  # values within values; Chromium stops at 200


class _Value(NamedTuple):
    """A value and its place in the text; an object has `keys` and `inner`, an array has `inner`."""

    start: int
    end: int
    plain: Any
    keys: tuple[tuple[str, int], ...] = ()  # name, and its start
    inner: tuple[_Value, ...] = ()

    def spans(self) -> list[tuple[int, int]]:
        """Return the places of its members, keys included."""
        starts = [start for _, start in self.keys] or [one.start for one in self.inner]
        return [(start, one.end) for start, one in zip(starts, self.inner, strict=True)]


class Document:
    """One JSON text."""

    def __init__(self, data: bytes, *, lenient: bool = False) -> None:
        """Read the text. Raises ValueError, in words, if it is not JSON, or not an object."""
        self._lenient = lenient
        self._text = data.decode("utf-8")
        self._blank = _LENIENT_BLANK if lenient else _BLANK
        at = self._skip(len(_BOM) if self._text.startswith(_BOM) else 0)
        self._root = self._value(at, 0)
        if self._skip(self._root.end) != len(self._text):
            raise self._wrong("more than one value", self._root.end)
        if not isinstance(self._root.plain, dict):
            raise self._wrong("no object", at)

    @property
    def data(self) -> bytes:
        """The whole text."""
        return self._text.encode("utf-8")

    def get(self, *path: str) -> Any:  # noqa: ANN401  any value of JSON
        """Return the value at a path of keys, as `json.loads` gives it, or None."""
        found = self._find(path)
        return None if found is None else found.plain

    def with_item(self, path: Sequence[str], item: object) -> Document:
        """Put an item at the end of the array at a path; missing parts of the path are created.

        Raises ValueError if the path leads through a value that is not an object, or ends at one that is not an array.
        """
        for depth in range(len(path)):
            holder = self._find(path[:depth])
            if holder is None or not is_object(holder.plain):
                raise ValueError(f"{'.'.join(path[:depth])} is no object")
            if path[depth] not in holder.plain:
                new: object = [item]
                for key in reversed(path[depth + 1 :]):
                    new = {key: new}
                return self._with(holder, f"{json.dumps(path[depth])}: {json.dumps(new)}")
        array = self._find(path)
        if array is None or not isinstance(array.plain, list):
            raise ValueError(f"{'.'.join(path)} is no list")
        return self._with(array, json.dumps(item))

    def without_items(self, path: Sequence[str], goes: Callable[[Any], bool], most: int | None = None) -> Document:
        """Remove items from the array at a path (the first `most` that fit, or all); an empty array stays."""
        array = self._find(path)
        if array is None or not isinstance(array.plain, list):
            return self
        return self._without(array, [number for number, one in enumerate(array.inner) if goes(one.plain)][:most])

    def without_empty(self, path: Sequence[str]) -> Document:
        """Remove the key at a path, if its value is empty."""
        holder, value = self._find(path[:-1]), self._find(path)
        if holder is None or value is None or value.plain not in ([], {}):
            return self
        numbers = [number for number, (name, _) in enumerate(holder.keys) if name == path[-1]]
        return self._without(holder, numbers[-1:])

    def _find(self, path: Sequence[str]) -> _Value | None:
        here = self._root
        for key in path:
            found = [one for (name, _), one in zip(here.keys, here.inner, strict=False) if name == key]
            if not found:
                return None
            here = found[-1]  # of two the last one counts
        return here

    def _with(self, holder: _Value, new: str) -> Document:
        """Insert a text after the last member of a value, with that member's formatting."""
        spans = holder.spans()
        if not spans:
            return self._cut(holder.start + 1, holder.start + 1, new)
        before = spans[-2][1] if spans[1:] else holder.start
        gap = self._text[before + 1 : spans[-1][0]] if not spans[1:] else self._text[before : spans[-1][0]].lstrip(",")
        return self._cut(spans[-1][1], spans[-1][1], f",{gap if gap.isspace() else ' '}{new}")

    def _without(self, holder: _Value, numbers: Sequence[int]) -> Document:
        """Remove members of a value, each with one comma; `numbers` are in their order."""
        spans, gone = holder.spans(), frozenset(numbers)
        if not gone:
            return self
        pieces: list[str] = []
        at = 0
        for first in (number for number in numbers if number - 1 not in gone):
            last = next(number for number in range(first, len(spans) + 1) if number not in gone) - 1
            start, end = spans[first][0], spans[last][1]
            if first:
                start = spans[first - 1][1]
            elif spans[last + 1 :]:
                end = spans[last + 1][0]
            elif self._text[comma := self._skip(end)] == ",":
                end = comma + 1
            pieces.append(self._text[at:start])
            at = end
        return Document("".join((*pieces, self._text[at:])).encode("utf-8"), lenient=self._lenient)

    def _cut(self, start: int, end: int, new: str) -> Document:
        return Document((self._text[:start] + new + self._text[end:]).encode("utf-8"), lenient=self._lenient)

    def _skip(self, at: int) -> int:
        match = self._blank.match(self._text, at)
        return match.end() if match else at

    def _value(self, at: int, depth: int) -> _Value:
        if depth > _DEEPEST:
            raise self._wrong("too many values within values", at)
        first = self._text[at : at + 1]
        if first and first in "{[":
            return self._holder(at, depth, "}" if first == "{" else "]")
        match = (_STRING if first == '"' else _PLAIN).match(self._text, at)
        if match is None:
            raise self._wrong("no value", at)
        return _Value(at, match.end(), json.loads(match[0]))

    def _holder(self, start: int, depth: int, closing: str) -> _Value:
        keys: list[tuple[str, int]] = []
        inner: list[_Value] = []
        at = self._skip(start + 1)
        while self._text[at : at + 1] != closing:
            if closing == "}":
                key = _STRING.match(self._text, at)
                if key is None:
                    raise self._wrong("no key", at)
                keys.append((json.loads(key[0]), at))
                at = self._skip(self._expect(":", self._skip(key.end())))
            inner.append(self._value(at, depth + 1))
            at = self._skip(inner[-1].end)
            if self._text[at : at + 1] == closing:
                break
            at = self._skip(self._expect(",", at))
            if self._text[at : at + 1] == closing and not self._lenient:
                raise self._wrong("a comma too many", at)
        plain: Any = (
            {name: one.plain for (name, _), one in zip(keys, inner, strict=True)}
            if closing == "}"
            else [one.plain for one in inner]
        )
        return _Value(start, at + 1, plain, tuple(keys), tuple(inner))

    def _expect(self, character: str, at: int) -> int:
        if self._text[at : at + 1] != character:
            raise self._wrong(f"no {character}", at)
        return at + 1

    def _wrong(self, what: str, at: int) -> ValueError:
        line = self._text.count("\n", 0, at) + 1
        return ValueError(f"{what} in line {line}")
