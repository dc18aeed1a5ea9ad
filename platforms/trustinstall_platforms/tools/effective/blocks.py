"""Settings in nested blocks that are only read: kubectl's, Helm's and k3s' YAML, containerd's hosts.toml.

Sources: YAML 1.2.2, chapter 8 (block sequences and mappings); TOML 1.0, arrays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.editing.text import lines, numbering, read
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Row = tuple[tuple[str, ...], str, int]

_ITEM = regex(r"-(?:[ \t]+|$)")
_PAIR = regex(
    r"(?P<key>\"[^\"]*\"|'[^']*'|[^\s\"'#{}\[\]&*!|>%@`-](?:[^#]*?[^#\s])?)[ \t]*:(?:[ \t]+(?P<value>[^ \t].*)?)?"
)
_COMMENT = regex(r"(?:^|[ \t])#.*")
_WORD = regex(r"\"([^\"\n]*)\"|'([^'\n]*)'")


def yaml(content: bytes) -> Iterator[Row]:
    """Yield the scalars of nested mappings and lists with their path; an item of a list is named by its number."""
    text = read(content)
    number = numbering(text)
    path: list[tuple[int, str]] = []  # the column of a name, and the name
    counted: dict[tuple[str, ...], int] = {}
    for start, line in lines(text):
        rest = line.rstrip().lstrip(" ")
        column = len(line) - len(line.lstrip(" "))
        while match := _ITEM.match(rest):
            _leave(path, 2 * column + 1)  # an item may start before its key's own column
            names = tuple(name for _, name in path)
            counted[names] = counted.get(names, -1) + 1
            path.append((2 * column + 1, str(counted[names])))
            rest, column = rest[match.end() :], column + match.end()
        pair = _PAIR.fullmatch(rest)
        if pair is not None:
            _leave(path, 2 * column)
            names = (*(name for _, name in path), pair["key"].strip("\"'"))
            value = _scalar(pair["value"] or "")
            path.append((2 * column, names[-1]))
            if value:
                yield names, value, number(start)


def _leave(path: list[tuple[int, str]], depth: int) -> None:
    while path and path[-1][0] >= depth:
        path.pop()


def _scalar(value: str) -> str:
    quoted = _WORD.match(value)
    return (quoted[1] or quoted[2] or "") if quoted else _COMMENT.sub("", value).strip()


def listed(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows, with a row for each word of an array."""
    for key, value, line in rows:
        words = [one[1] or one[2] or "" for one in _WORD.finditer(value)] if value.startswith("[") else [value]
        yield key, "\n".join(words), line
