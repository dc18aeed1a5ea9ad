"""INI files: sections and `key = value`, as Python's configparser and as npm read them.

Sources: docs.python.org/3/library/configparser.html (pip, the AWS CLI, gcloud and boto read with it); Subversion's
runtime configuration area, whose files follow the same rules; npm's package `ini`, README and source.
"""

from __future__ import annotations

import re

from trustinstall.editing.text import MARK, Continued, Key, Malformed, Path, after, inserted, line_number, lines

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]")
_KEY = re.compile(r"(?P<key>[^=:\s][^=:]*?)\s*[=:]\s*(?P<value>.*)")
_NPM_KEY = re.compile(r"(?P<key>[^=]+?)\s*=\s*(?P<value>.*)")


class Ini:
    """As configparser reads: what is indented more than a key continues its value; a key needs a section."""

    def keys(self, text: str) -> list[Key]:
        """Every key, its section's name first; keys are compared in lower case."""
        return self._read(text)[0]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """At the end of the section's keys; a section that is not there comes at the end, behind an empty line."""
        section, key = path
        line = f"{key} = {value}"
        keys, headers = self._read(text)
        header = next((start for start, name in reversed(headers) if name == section), None)
        if header is None:
            empty = [] if text in {"", MARK} else [""]
            return len(text), inserted(text, len(text), [*empty, f"[{section}]", line])
        last = next((one for one in reversed(keys) if one.path[0] == section and one.start > header), None)
        if last is None:
            at = after(text, header)
            return at, inserted(text, at, [line])
        above = text[last.start :]
        indent = above[: len(above) - len(above.lstrip(" \t"))]  # one that is deeper would continue that key
        return last.end, inserted(text, last.end, [indent + line])

    @staticmethod
    def _read(text: str) -> tuple[list[Key], list[tuple[int, str]]]:
        """Every key, and where each section begins."""
        open_: Continued | None = None
        found: list[Continued] = []
        headers: list[tuple[int, str]] = []
        depth = 0
        for start, line in lines(text):
            bare = line.strip()
            if not bare or bare[0] in "#;":
                continue
            indent = len(line) - len(line.lstrip())
            if open_ is not None and indent > depth:
                open_.go_on(bare, after(text, start))
                continue
            depth = indent
            if match := _SECTION.match(bare):
                headers.append((start, match["name"]))
                open_ = None
                continue
            match = _KEY.fullmatch(bare)
            if match is None or not headers:
                raise Malformed(f"line {line_number(text, start)} is neither a section nor a key in one")
            path = (headers[-1][1], match["key"].lower())
            open_ = Continued(path, [match["value"].strip()], start, after(text, start))
            found.append(open_)
        return [one.key for one in found], headers


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
