"""Git's configuration files.

Source: git-config(1), Syntax. Names of sections and keys ignore case, those of subsections do not; a backslash at a
line's end continues a value; `#` or `;` outside of quotes starts a comment. A value is read here with its comment: git
cuts the comment off, and trustinstall recognises its own line by it.
"""

from __future__ import annotations

from trustinstall.editing.text import MARK, Key, Malformed, Path, after, inserted, line_number, lines
from trustinstall.patterns import regex

_HEADER = regex(r'\[(?P<name>[A-Za-z0-9.-]+)(?:[ \t]+"(?P<sub>(?:[^"\\]|\\.)*)")?\][ \t]*')
_KEY = regex(r"(?P<key>[A-Za-z][A-Za-z0-9-]*)[ \t]*(?:=[ \t]*(?P<value>.*))?")
_COMMENT = regex(r"[ \t]*[#;]")


class Git:
    """Files as git reads them: a key needs a section, and a section may be opened again."""

    def keys(self, text: str) -> list[Key]:
        """Return every key, its section's name first; a key without "=" is true."""
        return self._read(text)[0]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert after the last key of the last section of that name; a missing section is added at the end."""
        section, key = path
        line = f"\t{key} = {value}"
        keys, headers = self._read(text)
        header = next((start for start, name in reversed(headers) if name == section), None)
        if header is None:
            return len(text), inserted(text, len(text), [f"[{section}]", line])
        last = next((one.start for one in reversed(keys) if one.path[0] == section and one.start > header), header)
        at = _behind(text, last)
        return at, inserted(text, at, [line])

    @staticmethod
    def _read(text: str) -> tuple[list[Key], list[tuple[int, str]]]:
        """Return every key, and the start of each section."""
        found: list[Key] = []
        headers: list[tuple[int, str]] = []
        behind = len(MARK) if text.startswith(MARK) else 0
        for start, line in lines(text):
            if start < behind:
                continue  # it continues the line above
            rest = line.lstrip(" \t")
            if match := _HEADER.match(rest):
                sub = f' "{match["sub"]}"' if match["sub"] is not None else ""
                headers.append((start, match["name"].lower() + sub))
                rest = rest[match.end() :]
            if not rest or rest[0] in "#;":
                continue
            match = _KEY.match(rest)
            if match is None or not headers or (match["value"] is None and not _ends(rest[match.end() :])):
                raise Malformed(f"line {line_number(text, start)} is neither a section nor a key in one")
            behind = _behind(text, start)
            at = start + len(line) - len(rest)
            path = (headers[-1][1], match["key"].lower())
            whole = text[at:behind].partition("=")[2].strip(" \t\r\n") if match["value"] is not None else "true"
            # A key that shares its line with the section's name is cut without the line's end.
            end = behind if not line[: len(line) - len(rest)].strip() else at + len(text[at:behind].rstrip("\r\n"))
            found.append(Key(path, whole, start if end == behind else at, end))
        return found, headers


def _ends(rest: str) -> bool:
    return not rest or _COMMENT.match(rest) is not None


def _behind(text: str, start: int) -> int:
    """Return the start of the line after a key's, with continued lines (after an odd number of backslashes)."""
    end = after(text, start)
    line = text[start:end].rstrip("\n").removesuffix("\r")
    while (len(line) - len(line.rstrip("\\"))) % 2 and end < len(text):
        line = text[end : after(text, end)].rstrip("\n").removesuffix("\r")
        end = after(text, end)
    return end
