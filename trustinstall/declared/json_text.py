"""JSON with the line of each key, which Python's own reader does not keep. Source: RFC 8259."""

from __future__ import annotations

import json
from typing import Any

from trustinstall.declared.mistakes import dotted
from trustinstall.declared.text import DEEPEST, SURROGATES, Path, Reader
from trustinstall.patterns import regex
from trustinstall.typed_json import is_object

_BLANK = regex(r"[ \t\n\r]*")


class Json(Reader):
    """One pass over JSON, with the lines of its keys."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name, text)
        self._decoder = json.JSONDecoder()
        value = self._value((), 0)
        self._skip_blanks()
        if self.at != len(self.text) or not is_object(value):
            raise self.wrong("one object is expected, and nothing behind it")
        self.document.data = value

    def _skip_blanks(self) -> None:
        if found := _BLANK.match(self.text, self.at):
            self.at = found.end()

    def _value(self, path: Path, depth: int) -> object:
        self._skip_blanks()
        if depth > DEEPEST:
            raise self.wrong("it is nested too deeply")
        self.document.lines.setdefault(path, self.line())
        if self.takes("{"):
            return self._object(path, depth)
        if self.takes("["):
            return self._array(path, depth)
        return self._scalar()

    def _scalar(self) -> object:
        try:
            value, self.at = self._decoder.raw_decode(self.text, self.at)
        except (ValueError, RecursionError):
            raise self.wrong("it is no JSON") from None
        if isinstance(value, str) and any(ord(one) in SURROGATES for one in value):
            raise self.wrong("an escape names no character")
        return value

    def _object(self, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            self._skip_blanks()
            if not found and self.takes("}"):
                return found
            line, key = self.line(), self._scalar()
            self._skip_blanks()
            if not isinstance(key, str) or not self.takes(":"):
                raise self.wrong("a key and a colon are expected")
            if key in found:
                raise self.wrong("the key is there twice", dotted((*path, key)))
            here = (*path, key)
            self.document.lines[here] = line
            found[key] = self._value(here, depth + 1)
            self._skip_blanks()
            if self.takes("}"):
                return found
            if not self.takes(","):
                raise self.wrong("a comma or } is missing", dotted(here))

    def _array(self, path: Path, depth: int) -> list[Any]:
        found: list[Any] = []
        while True:
            self._skip_blanks()
            if not found and self.takes("]"):
                return found
            found.append(self._value((*path, len(found)), depth + 1))
            self._skip_blanks()
            if self.takes("]"):
                return found
            if not self.takes(","):
                raise self.wrong("a comma or ] is missing", dotted(path))
