"""Wget's settings files.

Source: the GNU Wget manual, Wgetrc Syntax; wget's src/init.c, `parse_line`. There are no sections, no quotes, and
comments only as lines of their own. Names ignore case, hyphens and underscores.
"""

from __future__ import annotations

from trustinstall.editing.text import Key, Path, after, inserted, lines
from trustinstall.patterns import regex

_KEY = regex(r"[ \t\v\f\r]*(?P<key>[A-Za-z0-9_-]+)[ \t\v\f\r]*=")
#: The manual's spelling of the settings that trustinstall sets or looks for.
_MANUAL = {"cacertificate": "ca_certificate", "cadirectory": "ca_directory", "checkcertificate": "check_certificate"}


class Wgetrc:
    """Files as wget reads them: `key = value` in a line; other lines are passed over."""

    def keys(self, text: str) -> list[Key]:
        """Return every key, with the manual's spelling if trustinstall looks for it."""
        return [
            Key((_name(match["key"]),), line[match.end() :].strip(), start, after(text, start))
            for start, line in lines(text)
            if (match := _KEY.match(line))
        ]

    def insertion(self, text: str, path: Path, value: str) -> tuple[int, str]:
        """Insert as the last line."""
        return len(text), inserted(text, len(text), [f"{path[-1]}={value}"])


def _name(key: str) -> str:
    bare = key.lower().replace("-", "").replace("_", "")
    return _MANUAL.get(bare, bare)
