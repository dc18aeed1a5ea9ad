"""YAML, as far as settings of tools need it: scalars at the top of a block mapping; everything else is passed over.

Source: YAML 1.2.2, chapters 6 to 8. RubyGems' keys are symbols (`:ssl_ca_cert:`); Bundler reads a subset of its own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent

from trustinstall.editing.text import MARK, Continued, Key, Malformed, Path, inserted, line_number, rows
from trustinstall.patterns import regex

_KEY = regex(r"(?P<key>\"[^\"]+\"|'[^']+'|:?[A-Za-z_][\w./-]*(?::[\w./-]+)*)[ \t]*:(?:[ \t]+(?P<value>.*))?")
_ONE_ITEM = regex(r"\n[ \t]+(?P<key>[\w-]+):\n[ \t]*- (?P<item>.+)")
_OLD_LINE_END = regex("[\x85\u2028\u2029]")  # a line's end in YAML 1.1, a character in YAML 1.2 (5.4)
_COMMENT = regex(r"(?:^|[ \t])#.*")


class Yaml:
    """One document that is a mapping, written in lines."""

    def keys(self, text: str) -> list[Key]:
        """Return every key at the top; indented text, and a list below it, is part of its value."""
        found: list[Continued] = []
        started = False
        for start, line, end in rows(text):
            if not line.strip() or line[0] == "#":
                continue
            if _OLD_LINE_END.search(line):
                raise self._refused(text, start)
            if line[0] in " \t" or line.startswith(("- ", "-\t")) or line == "-":
                if not found:
                    raise self._refused(text, start)
                found[-1].go_on(line, end)
                continue
            if re.fullmatch(r"---[ \t]*(?:#.*)?", line) and not found and not started:
                started = True
                continue
            match = _KEY.fullmatch(line)
            if match is None:
                raise self._refused(text, start)
            key, value = match["key"].strip("\"'"), _scalar(match["value"] or "")
            found.append(Continued((key,), [value], start, end))
        return [one.key for one in found]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert before the first key: the last one may end with a block whose last line break counts."""
        found = self.keys(text)
        marks = [one.end for one in rows(text) if one.text.startswith("---")]
        empty = marks[0] if marks else len(MARK) if text.startswith(MARK) else 0
        at = found[0].start if found else empty
        return at, inserted(text, at, [f'{path[-1]}: "{value}"'])

    @staticmethod
    def _refused(text: str, start: int) -> Malformed:
        line = line_number(text, start)
        return Malformed(f"line {line} is no key that this program can be sure of", line)


def _scalar(value: str) -> str:
    """Return a scalar without its quotes or the comment after it; another kind of value unchanged."""
    value = value.strip()
    for quote in "\"'":
        if value.startswith(quote) and (end := value.find(quote, 1)) > 0:
            rest = value[end + 1 :].strip()
            return value[1:end] if not rest or rest[0] == "#" else value
    return _COMMENT.sub("", value).strip()


class Nested(Yaml):
    """The same, if a key holds a mapping of one list of one item, as `caCerts: files: - path`."""

    def keys(self, text: str) -> list[Key]:
        """Return every key at the top; a key that holds such a list has both names, and the item as its value."""
        return [self._inner(one) for one in super().keys(text)]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert before the first key, as lines of their own; a list that another author has begun is left alone."""
        outer, inner = path
        if any(one.path[0] == outer for one in self.keys(text)):
            raise Malformed(f"it has {outer} already; add {value} to {outer}.{inner}")
        at, _ = super().insertion(text, path, value)
        return at, inserted(text, at, [f"{outer}:", f"  {inner}:", f'  - "{value}"'])

    @staticmethod
    def _inner(key: Key) -> Key:
        match = _ONE_ITEM.fullmatch(key.value)
        return Key((*key.path, match["key"]), _scalar(match["item"]), key.start, key.end) if match else key


class Block(Yaml):
    """The same, with a key that holds a mapping as its value, as `proxy_servers:` and indented lines below it."""

    def keys(self, text: str) -> list[Key]:
        """Return every key at the top; the value of one with a mapping is its lines, without their indent."""
        return [replace(one, value=dedent(one.value).strip("\n")) for one in super().keys(text)]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert before the first key; `value` holds the lines of the mapping."""
        at, _ = super().insertion(text, path, value)
        return at, inserted(text, at, [f"{path[-1]}:", *(f"  {line}" for line in value.split("\n"))])
