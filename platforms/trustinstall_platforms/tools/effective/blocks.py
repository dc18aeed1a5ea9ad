"""Lists in settings that are only read: containerd's hosts.toml, and the files that Cargo's include.

Sources: TOML 1.0, arrays; The Cargo Book, Configuration, Including extra configuration files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Row = tuple[tuple[str, ...], str, int]

_WORD = regex(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_PATH = regex(r"\bpath[ \t]*=[ \t]*(?:\"([^\"\n]*)\"|'([^'\n]*)')")


def listed(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows, with a row for each word of an array."""
    for key, value, line in rows:
        words = [one[1] or one[2] or "" for one in _WORD.finditer(value)] if value.startswith("[") else [value]
        yield key, "\n".join(words), line


def including(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield the rows of a file of Cargo: first those that include others, each with one path, then its own keys.

    A file counts more than those that it includes, and of these the later one. Cargo before 1.94 reads none of them.
    """
    own: list[Row] = []
    for key, value, line in rows:
        if key == ("include", "path"):
            yield ("include",), value, line
        elif key == ("include",):
            words = (_PATH if "{" in value else _WORD).finditer(value)
            yield from ((("include",), one[1] or one[2] or "", line) for one in words)
        else:
            own.append((key, value, line))
    yield from own
