"""How one key or variable is cut out of a text that people write, so that all others keep their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.text import Key, Malformed, numbering, read, rows, write
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.reading import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A line that sets one variable to one plain word, and has no other effect: a shell's, fish's, environment.d's.
_SETS = regex(
    r"(?:export[ \t]+|set[ \t]+(?:-{1,2}[a-z]+[ \t]+)*)?([A-Za-z_][A-Za-z0-9_]*)(?:=|[ \t]+(?![ \t]))"
    r"(?:[\w.,:/*-]*|'[^'\\]*'|\"[^\"$`\\]*\");?[ \t]*(?:#.*)?"
)
#: The words before a command without which the line would no longer be valid in a shell script.
_LEADS = regex(r"(?:(?:^|[\s;])(?:then|do|else|if|while|until)|[{(|&)\\])[ \t]*$")
_EDITED_AS = {"hg": "hgrc", "condarc": "yaml", "yaml-tree": "yaml"}


class Cut(NamedTuple):
    """The text to cut.

    Attributes:
        line: its first line, from 1.
        offset: its start in bytes, from 0.
        removed: the bytes.
    """

    line: int
    offset: int
    removed: bytes

    def out_of(self, content: bytes) -> bytes:
        """Return the content without it."""
        return content[: self.offset] + content[self.offset + len(self.removed) :]


def key(format_: str, content: bytes, path: tuple[str, ...], line: int) -> Cut:
    """Return the text to cut out of a settings file, so that the key in a line is removed.

    Raises Malformed if that is not known for certain.
    """
    before = list(FORMATS[format_](content))
    rest = [(one, value) for one, value, _ in before]
    gone = next((at for at, (one, _, where) in enumerate(before) if (one, where) == (path, line)), None)
    if gone is None:
        raise Malformed("the key is not there any more")
    del rest[gone]
    for start, end in _spans(format_, content, path, line):
        found = _cut(read(content), start, end)
        try:
            after = [(one, value) for one, value, _ in FORMATS[format_](found.out_of(content))]
        except Malformed:
            continue
        if after == rest:
            return found
    raise Malformed("its formatting is too unusual to be changed for certain")


def _spans(format_: str, content: bytes, path: tuple[str, ...], line: int) -> Iterator[tuple[int, int]]:
    """Yield the possible places of the key: the editor's span, and its whole line."""
    text = read(content)
    edited = _EDITED_AS.get(format_, format_)
    if edited in editing.FORMATS:
        kind = editing.format_of(edited)
        number = numbering(text)
        for one in kind.keys(text):
            if one.path == path and number(one.start) <= line <= number(one.end):
                yield one.span
    else:
        yield _row(text, line).span


def variable(content: bytes, name: str, line: int) -> Cut:
    """Return the line of a shell's file (or another that sets variables) that sets one variable, and nothing else.

    Raises Malformed if the line does more, or a script might need it.
    """
    text = read(content)
    row = _row(text, line)
    sets = _SETS.fullmatch(row.value)
    if sets is None or sets[1] != name:
        raise Malformed("the line does more than to set the variable")
    above = text[: row.start].rstrip()
    if _LEADS.search(above[above.rfind("\n") + 1 :]):
        raise Malformed("the line is part of a larger command")
    return _cut(text, row.start, row.end)


def _row(text: str, line: int) -> Key:
    """Return a line as a key without a path; a byte-order mark belongs to no line."""
    number = numbering(text)
    found = next((one for one in rows(text) if number(one.start) == line), None)
    if found is None:
        raise Malformed("the line is not there any more")
    return Key((), found.text, found.start, found.end)


def _cut(text: str, start: int, end: int) -> Cut:
    at = start + len(text[start:end]) - len(text[start:end].lstrip("\r\n"))
    return Cut(numbering(text)(min(at, end)), len(write(text[:start])), write(text[start:end]))
