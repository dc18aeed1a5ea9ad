"""INI files: sections and `key = value`, as Python's configparser and as npm read them.

Sources: docs.python.org/3/library/configparser.html (pip, the AWS CLI, gcloud and boto read with it); Subversion's
runtime configuration area, whose files follow the same rules; npm's package `ini`, README and source.
"""

from __future__ import annotations

import re

from trustinstall.editing.text import MARK, Key, Malformed, Path, after, inserted, lines

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_KEY = re.compile(r"(?P<key>[^=:\s][^=:]*?)\s*[=:]\s*(?P<value>.*)")
_NPM_KEY = re.compile(r"(?P<key>[^=]+?)\s*=\s*(?P<value>.*)")


class Ini:
    """As configparser reads: what is indented more than a key continues its value; a key needs a section."""

    def keys(self, text: str) -> list[Key]:
        """Every key, its section's name first; keys are compared in lower case."""
        found: list[Key] = []
        section: str | None = None
        depth: int | None = None  # of the last key's indentation, while its value may go on
        for start, line in lines(text):
            bare = line.strip()
            if not bare or bare[0] in "#;":
                continue
            indent = len(line) - len(line.lstrip())
            if depth is not None and indent > depth:
                last = found.pop()
                found.append(Key(last.path, f"{last.value}\n{bare}", last.start, after(text, start)))
                continue
            depth = indent
            if match := _SECTION.match(bare):
                section, depth = match["name"], None
                continue
            match = _KEY.fullmatch(bare)
            if match is None or section is None:
                raise Malformed(f"line {text.count(chr(10), 0, start) + 1} is neither a section nor a key in one")
            found.append(Key((section, match["key"].lower()), match["value"].strip(), start, after(text, start)))
        return found

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """At the end of the section's keys; a section that is not there comes at the end, behind an empty line."""
        section, key = path
        line = f"{key} = {value}"
        ends = [one.end for one in self.keys(text) if one.path[0] == section]
        headers = [start for start, each in lines(text) if self._opens(text, start, each, section)]
        if headers:
            at = max([after(text, headers[-1]), *(end for end in ends if end > headers[-1])])
            return at, inserted(text, at, [self._indent(text, headers[-1], at) + line])
        empty = [] if text in {"", MARK} else [""]
        return len(text), inserted(text, len(text), [*empty, f"[{section}]", line])

    def _opens(self, text: str, start: int, line: str, section: str) -> bool:
        """Whether a line is the section's header, and does not continue a value."""
        match = _SECTION.match(line.strip())
        inside = any(one.start < start < one.end for one in self.keys(text)) if match else False
        return match is not None and match["name"] == section and not inside

    def _indent(self, text: str, header: int, at: int) -> str:
        """The indentation of the section's last key: one that is deeper would continue it."""
        found = [one for one in self.keys(text) if header < one.start < at]
        if not found:
            return ""
        line = text[found[-1].start :]
        return line[: len(line) - len(line.lstrip(" \t"))]


class Npm:
    """As npm reads: a key before the first section belongs to none; a comment starts a line, or follows in it."""

    def keys(self, text: str) -> list[Key]:
        """Every key; a line without "=" is a key that says true."""
        found: list[Key] = []
        section: Path = ()
        for start, line in lines(text):
            bare = line.strip()
            if not bare or bare[0] in "#;":
                continue
            if match := _SECTION.fullmatch(bare):
                section = (match["name"],)
                continue
            match = _NPM_KEY.fullmatch(bare)
            key, value = (match["key"], match["value"]) if match else (bare, "true")
            found.append(Key((*section, _unquoted(key)), _unquoted(value), start, after(text, start)))
        return found

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Behind the last key that belongs to no section."""
        ends = [one.end for one in self.keys(text) if len(one.path) == 1]
        first = next((start for start, line in lines(text) if _SECTION.fullmatch(line.strip())), len(text))
        at = max(ends, default=(len(MARK) if text.startswith(MARK) else 0) if first < len(text) else len(text))
        return at, inserted(text, at, [f"{path[-1]}={value}"])


def _unquoted(word: str) -> str:
    """As npm does: it reads quoted words as JSON, and cuts a comment off those that are not."""
    word = word.strip()
    if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'":
        return word[1:-1]
    return re.split(r"(?<!\\)[;#]", word, maxsplit=1)[0].strip()
