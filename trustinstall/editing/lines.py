"""Files of single lines: shell files that set variables, and Yarn 1's settings.

Sources: POSIX.1-2017, Shell Command Language 2.10.2 (assignments); classic.yarnpkg.com, .yarnrc.
"""

from __future__ import annotations

from trustinstall.editing.text import MARK, Key, Path, after, inserted, lines, rows
from trustinstall.patterns import regex

_ASSIGNMENT = regex(r"\s*(?:export\s+)?(?P<key>[A-Za-z_]\w*)=(?P<value>.*)")
_SETTING = regex(r"(?P<key>\"[^\"]+\"|[^\s\"#][^\s]*)\s+(?P<value>.+)")


class Shell:
    """A file that a POSIX shell reads. The managed line is first: no text before it can open a quote."""

    def keys(self, text: str) -> list[Key]:
        """Return every line that assigns one word to a variable."""
        return [
            Key((match["key"],), _word(match["value"]), start, after(text, start))
            for start, line in lines(text)
            if (match := _ASSIGNMENT.fullmatch(line))
        ]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert as the first line, or after a line that names the shell."""
        start = len(MARK) if text.startswith(MARK) else 0
        at = after(text, start) if text.startswith("#!", start) else start
        return at, inserted(text, at, [f"export {path[-1]}='{value}'"])


class Yarnrc:
    """Yarn 1's settings: a key, a space and a value, which is quoted."""

    def keys(self, text: str) -> list[Key]:
        """Return every key; an indented line belongs to the line above it."""
        return [
            Key((match["key"].strip('"'),), match["value"].strip().strip('"'), start, end)
            for start, line, end in rows(text)
            if (match := _SETTING.fullmatch(line))
        ]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert as the first line: a text at the end may be indented below another key."""
        at = len(MARK) if text.startswith(MARK) else 0
        return at, inserted(text, at, [f'{path[-1]} "{value}"'])


def _word(value: str) -> str:
    """Return an assigned word without its quotes, if it is quoted as a whole."""
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
