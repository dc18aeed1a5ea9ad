"""YAML documents that are only read: every scalar with its path and line, in block and flow style.

An item of a list is named by its number. A file is refused, with the line, if its client might read it otherwise: keys
that are no scalars, merged keys, several documents, tabs in the indentation.
Source: YAML 1.2.2, chapters 6 to 9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.editing.text import MARK, read
from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective.yaml_cursor import BLANK, SPACE, TAIL, Cursor

if TYPE_CHECKING:
    Row = tuple[tuple[str, ...], str, int]

_DEEP = 64  # nested values
_HEAD = regex(r"(?:(?:[ \t]*(?:#[^\n]*)?|%[^\n]*)\n)*---(?=[ \t\n])")
_END = regex(r"\n(?:---|\.\.\.)(?=[ \t\n])")
_FLOW_SPACE = regex(r"(?:[ \t\n]+(?:#[^\n]*)?)*")
_ITEM = regex(r"-(?=[ \t\n])")
_NO_TEXT = regex(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_IN_FLOW = r"(?:[^\s#:,\[\]{}]|:(?![ \t\n,\[\]{}])|(?<![ \t\n])#)"
_PLAIN_IN_FLOW = regex(rf"{_IN_FLOW}(?:{_IN_FLOW}|[ \t]+(?=[^\s#,\[\]{{}}]))*")
_FLOW_BREAK = regex(r"(?<![ \t\n])[ \t]*\n(?P<empty>(?:[ \t]*\n)*)(?P<indent>[ \t]*)(?=[^\s#:,\[\]{}])")
_STRINGS = frozenset({"", "!", "!!str", "!<tag:yaml.org,2002:str>"})
_CLOSING = {"{": "}", "[": "]"}


def rows(content: bytes, strings: frozenset[str] = _STRINGS) -> list[Row]:
    """Return the scalars of a document with their paths and lines, and of each key at the top with more its text.

    A scalar with a tag that is not one of `strings` stays as it is written. Raises Malformed, with the line.
    """
    text = read(content).removeprefix(MARK).replace("\r\n", "\n").replace("\r", "\n")
    return _Document(text, strings).rows()


class _Document(Cursor):
    """The values of a document."""

    def __init__(self, text: str, strings: frozenset[str]) -> None:
        super().__init__(text)
        self._depth, self._strings = 0, strings
        self._found: list[Row] = []

    def rows(self) -> list[Row]:
        """Read all of it. Raises Malformed."""
        self._cut_marks()
        column = self.column()
        if column >= 0:
            start = self.at
            self._node((), column, -1)
            if () in {path for path, _, _ in self._found}:
                raise self.refused(start)
            if self.column() >= 0:
                raise self.refused()
        return self._found

    def _cut_marks(self) -> None:
        """Move behind the mark before the document, and cut the one behind it. Raises Malformed for more documents."""
        strange = _NO_TEXT.search(self.text)
        if strange is not None:
            raise self.refused(strange.start())
        head = _HEAD.match(self.text)
        self.at = head.end() if head is not None else 0
        end = _END.search(self.text, max(0, self.at - 1))
        if end is not None:
            rest = TAIL.match(self.text, end.end())
            blank = BLANK.match(self.text, rest.end()) if rest is not None else None
            if end[0] == "\n---" or blank is None or blank.end() < len(self.text):
                raise self.refused(end.start() + 1)
            self.cut(end.start() + 1)
        if head is not None:
            self.skip(SPACE)
            if self.text[self.at] != "{":  # only that may follow in its line
                self.end_line()

    def _node(self, path: tuple[str, ...], column: int, above: int) -> None:
        """Read the value that begins here, in a column; what holds it begins in the column `above`."""
        self._deeper()
        if _ITEM.match(self.text, self.at):
            self._list(path, column)
        elif (key := self.key()) is not None:
            self._mapping(path, column, key)
        else:
            self._value(path, above)
        self._depth -= 1

    def _mapping(self, path: tuple[str, ...], column: int, key: str) -> None:
        while True:
            start, place = self.at, len(self._found)
            self._named(path, key)
            self._value((*path, key), column, after_key=True)
            self._whole((*path, key), start, place)
            below = self.column()
            if below < column or (below == column and _ITEM.match(self.text, self.at)):
                return
            following = self.key() if below == column else None
            if following is None:
                raise self.refused()
            key = following

    def _list(self, path: tuple[str, ...], column: int) -> None:
        if not path:  # no settings are a list
            raise self.refused()
        number = 0
        while True:
            self.at += 1
            start, item = self.at, (*path, str(number))
            if TAIL.match(self.text, self.at):
                self._below(item, column, start)
            else:
                self.skip(SPACE)
                self._node(item, column + 1 + self.at - start, column)
            number += 1
            below = self.column()
            if below < column or (below == column and not _ITEM.match(self.text, self.at)):
                return
            if below > column:
                raise self.refused()

    def _below(self, path: tuple[str, ...], column: int, start: int, *, after_key: bool = False) -> None:
        """Read a value that begins in the lines below, or none; of a key, a list may have the same column."""
        self.end_line()
        below = self.column()
        if below > column:
            self._node(path, below, column)
        elif after_key and below == column and _ITEM.match(self.text, self.at):
            self._list(path, column)
        else:
            self._found.append((path, "", self.number(start)))

    def _value(self, path: tuple[str, ...], above: int, *, after_key: bool = False) -> None:
        """Read a value, with its anchor and tag, that begins here or in the lines below."""
        start, place = self.at, len(self._found)
        self.skip(SPACE)
        anchor, tag = self.properties()
        if TAIL.match(self.text, self.at):
            self._below(path, above, start, after_key=after_key)
        elif self.text[self.at] in "[{":
            self._flow(path)
            self.end_line()
        else:
            self._found.append((path, self.scalar(above), self.number(start)))
        self._keep(path, place, anchor, tag)

    def _flow(self, path: tuple[str, ...]) -> None:
        """Read a mapping or a list in brackets, and move behind it."""
        self._deeper()
        closing, number = _CLOSING[self.text[self.at]], 0
        if closing == "]" and not path:
            raise self.refused()
        self.at += 1
        self.skip(_FLOW_SPACE)
        while not self.text.startswith(closing, self.at):
            if closing == "}":
                self._flow_pair(path)
            else:
                self._flow_value((*path, str(number)))
            number += 1
            self.skip(_FLOW_SPACE)
            if self.text.startswith(",", self.at):
                self.at += 1
                self.skip(_FLOW_SPACE)
            elif not self.text.startswith(closing, self.at):
                raise self.refused()
        self.at += 1
        self._depth -= 1

    def _flow_pair(self, path: tuple[str, ...]) -> None:
        begin, place = self.at, len(self._found)
        key = self.quoted() if self.text[begin : begin + 1] in {'"', "'"} else self.plain(_PLAIN_IN_FLOW)
        if key is None:
            raise self.refused()
        self._named(path, key)
        self.skip(_FLOW_SPACE)
        start = self.at
        if self.text.startswith(":", self.at):
            self.at += 1
            self._flow_value((*path, key))
        else:
            self._found.append(((*path, key), "", self.number(begin)))
        self._whole((*path, key), start + 1, place)

    def _flow_value(self, path: tuple[str, ...]) -> None:
        self.skip(_FLOW_SPACE)
        start, place = self.at, len(self._found)
        anchor, tag = self.properties()
        self.skip(_FLOW_SPACE)
        first = self.text[self.at : self.at + 1]
        if first in {"[", "{"}:
            self._flow(path)
        elif first in {",", "]", "}"}:
            self._found.append((path, "", self.number(start)))
        else:
            self._found.append((path, self._flow_scalar(first), self.number(start)))
        self._keep(path, place, anchor, tag)

    def _flow_scalar(self, first: str) -> str:
        if first == "*":
            return self.alias()
        return self.quoted() if first in {'"', "'"} else self.plain_lines(_PLAIN_IN_FLOW, _FLOW_BREAK, -1)

    def _keep(self, path: tuple[str, ...], place: int, anchor: str, tag: str) -> None:
        """Keep a value for its aliases; one with a tag of its own stays as it is written."""
        only = [(one, value) for one, value, _ in self._found[place:]] if anchor or tag else []
        scalar = len(only) == 1 and only[0][0] == path
        if scalar and tag not in self._strings:
            self._found[place] = (path, f"{tag} {only[0][1]}", self._found[place][2])
        if anchor:
            self.anchors[anchor] = self._found[place][1] if scalar else None

    def _named(self, path: tuple[str, ...], key: str) -> None:
        if not path and key == "<<":
            raise self.refused()

    def _whole(self, path: tuple[str, ...], start: int, place: int) -> None:
        """Say the text of a key at the top whose value is no scalar."""
        if len(path) == 1 and not (len(self._found) == place + 1 and self._found[place][0] == path):
            text = self.text[start : self.at]
            self._found.insert(place, (path, text.strip(), self.number(start)))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEP:
            raise self.refused()
