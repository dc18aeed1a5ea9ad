"""npm's settings files, as npm reads them.

Source: npm's package `ini`, README and lib/ini.js (6.0), with which the tests compare this module. A line ends at CR,
at LF or at both. A section's name stands at the very start of its line. A key that ends in `[]` makes an array of all
lines of that key.
"""

from __future__ import annotations

import json
from dataclasses import replace

from trustinstall.editing.text import MARK, Key, Path, inserted, rows
from trustinstall.patterns import regex

#: White space in JavaScript, and two characters that its `.` does not match (ECMA-262, 12.2 and 12.3).
_BLANKS = "\t\n\v\f\r \xa0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(map(chr, range(0x2000, 0x200B)))
_LINE_ENDS = regex("[\u2028\u2029]")
_PROTECTED = "__proto__"  # neither a key nor a section may have this name
_PIECE = regex(r"[^\\;#]+|\\[\\;#]?|[;#]")
_ARRAY = "[]"


class Npm:
    """A key before the first section belongs to no section; a comment starts a line, or follows in it."""

    def keys(self, text: str) -> list[Key]:
        """Return every key; a line without "=" is a key that is true. An array's lines have `[]` after their name."""
        return self._read(text)[0]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert after the last key that belongs to no section."""
        keys, section = self._read(text)
        start = len(MARK) if text.startswith(MARK) else 0
        ends = [one.end for one in keys if len(one.path) == 1]
        at = max(ends, default=start if section < len(text) else len(text))
        return at, inserted(text, at, [f"{path[-1]}={value}"])

    @staticmethod
    def _read(text: str) -> tuple[list[Key], int]:
        """Return every key, and the start of the first section, or the length of the text."""
        found: list[Key] = []
        latest: dict[Path, int] = {}  # the index in `found` of the last key so far of that name
        arrays: dict[Path, int] = {}  # the index in `found` of the last key when an array of that name was made
        section: Path = ()
        first = len(text)
        for row in rows(text):
            # npm reads a byte-order mark as part of the first line, which then cannot be a section.
            line = text[: row.start] + row.text if row.start == len(MARK) and text.startswith(MARK) else row.text
            bare = line.strip(_BLANKS)
            if not bare or bare[0] in ";#":
                continue
            name = _section(line)
            if name is not None:
                section, first = (_unquoted(name),), min(first, row.start)
                continue
            key, equals, value = line.partition("=")
            if not key or _LINE_ENDS.search(value):
                continue
            key = _unquoted(key)
            in_array = len(key) > len(_ARRAY) and key.endswith(_ARRAY)
            path = (*section, key.removesuffix(_ARRAY) if in_array else key)
            if in_array:
                arrays.setdefault(path, latest.get(path, 0))
            if _PROTECTED not in path:
                latest[path] = len(found)
                found.append(Key(path, _unquoted(value) if equals else "true", row.start, row.end))
        counting = (one for number, one in enumerate(found) if number >= arrays.get(one.path, 0))
        return [_in_array(one) if one.path in arrays else one for one in counting], first


def _in_array(key: Key) -> Key:
    return replace(key, path=(*key.path[:-1], key.path[-1] + _ARRAY))


def _section(line: str) -> str | None:
    """Return the name in a section's line; None if it is another kind of line."""
    name, bracket, rest = line[1:].partition("]")
    return name if line.startswith("[") and bracket and not rest.strip(_BLANKS) else None


def _unquoted(word: str) -> str:
    """Return the value of a word: npm reads quoted ones as JSON, and cuts a comment off the others."""
    word = word.strip(_BLANKS)
    for quote in "\"'":
        if word.startswith(quote) and word.endswith(quote):
            return _decoded(word if quote == '"' else word[1:-1])
    pieces: list[str] = []
    for match in _PIECE.finditer(word):
        if match[0] in {";", "#"}:
            break
        pieces.append(match[0][-1] if len(match[0]) > 1 and match[0][0] == "\\" else match[0])
    return "".join(pieces).strip(_BLANKS)


def _decoded(word: str) -> str:
    """Return the text of a JSON string; anything else unchanged."""
    try:
        found: object = json.loads(word, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return word
    return found if isinstance(found, str) else word
