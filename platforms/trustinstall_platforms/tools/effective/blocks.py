"""Lists in settings that are only read: containerd's hosts.toml.

Source: TOML 1.0, arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Row = tuple[tuple[str, ...], str, int]

_WORD = regex(r"\"([^\"\n]*)\"|'([^'\n]*)'")


def listed(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows, with a row for each word of an array."""
    for key, value, line in rows:
        words = [one[1] or one[2] or "" for one in _WORD.finditer(value)] if value.startswith("[") else [value]
        yield key, "\n".join(words), line
