"""A place in a YAML document, the scalars and keys that begin there, and what lies between them.

Source: YAML 1.2.2, chapters 6 to 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.editing.text import Malformed, numbering
from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective import yaml_scalars

if TYPE_CHECKING:
    import re

BLANK = regex(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
TAIL = regex(r"(?:[ \t]+#[^\n]*|[ \t]*)\n")
SPACE, _INDENT = regex(r"[ \t]*"), regex(r" *")
_QUOTED = regex(r"\"(?P<double>[^\"\\]*(?:\\[\s\S][^\"\\]*)*)\"|'(?P<single>[^']*(?:''[^']*)*)'")
_BEGINS = regex(r"[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[-?:](?=[^\s,\[\]{}])")
_TEXT = r"(?:[^\s#:]|:(?![ \t\n])|(?<![ \t\n])#)"
_PLAIN = regex(rf"{_TEXT}(?:{_TEXT}|[ \t]+(?=[^\s#]))*")
_BREAK = regex(r"(?<![ \t\n])[ \t]*\n(?P<empty>(?:[ \t]*\n)*)(?P<indent> *)(?=[^\s#])")
_PROPERTY = regex(r"(?:&(?P<anchor>[^\s,\[\]{}]+)|(?P<tag>!(?:<[^\s>]*>|[^\s,\[\]{}]*)))(?=[ \t\n])[ \t]*")
_ALIAS = regex(r"\*([^\s,\[\]{}]+)")
_HEADER = regex(r"(?P<style>[|>])(?:(?P<chomp>[+-]?)(?P<size>[1-9]?)|(?P<size2>[1-9])(?P<chomp2>[+-]))(?=[ \t\n])")
_COLON = regex(r"[ \t]*:(?=[ \t\n])")


class Cursor:
    """One document, and how far it has been read. Methods raise Malformed, with the line."""

    def __init__(self, text: str) -> None:
        self.number = numbering(text)
        self._open = not text.endswith("\n")  # the last line has no end
        self.text, self.at = f"{text}\n" if self._open else text, 0
        self.anchors: dict[str, str | None] = {}

    def cut(self, end: int) -> None:
        """End the document at the start of a line."""
        self.text, self._open = self.text[:end], False

    def column(self) -> int:
        """Move to the next value, and return its column; -1 at the end."""
        start = self.text.rfind("\n", 0, self.at) + 1
        if self.at == start:
            self.skip(BLANK)
            start = self.at
            self.skip(_INDENT)
        if self.at == len(self.text):
            return -1
        if self.text[self.at] in "\t%":
            raise self.refused()
        return self.at - start

    def key(self) -> str | None:
        """Move behind the key that begins here, and return it; None if there is none. Raises Malformed."""
        start = self.at
        if self.text[start] in "\"'":
            key: str | None = self.quoted()
        else:
            key = self.plain(_PLAIN)
        colon = _COLON.match(self.text, self.at)
        if key is None or colon is None or "\n" in self.text[start : self.at]:
            self.at = start
            return None
        self.at = colon.end()
        return key

    def scalar(self, above: int) -> str:
        """Return the scalar that begins here, and move behind its last line."""
        header = _HEADER.match(self.text, self.at)
        if header is not None:
            self.at = header.end()
            self.end_line()
            size = header["size"] or header["size2"]
            lines = self._lines(max(above, 0) + int(size) if size else 0, above)
            value = yaml_scalars.block(lines, header["style"], header["chomp"] or header["chomp2"] or "")
            return value.removesuffix("\n") if self._open and self.at == len(self.text) else value
        if self.text[self.at] in "\"'*":
            value = self.alias() if self.text[self.at] == "*" else self.quoted()
        else:
            value = self.plain_lines(_PLAIN, _BREAK, above)
        self.end_line()
        return value

    def _lines(self, column: int, above: int) -> list[str]:
        """Return the lines of a block, without their indentation: `column`, or that of the first line if it is 0."""
        lines: list[str] = []
        while self.at < len(self.text):
            end = self.text.index("\n", self.at)
            line = self.text[self.at : end]
            indent = len(line) - len(line.lstrip(" "))
            if line.strip(" "):
                column = column or max(indent, above + 1)
                if indent < column:
                    break
            lines.append(line[column:] if column else "")
            self.at = end + 1
        return lines

    def plain_lines(self, line: re.Pattern[str], line_break: re.Pattern[str], above: int) -> str:
        """Return the scalar without quotes that begins here; lines that are indented by more than `above` continue."""
        first = self.plain(line)
        if first is None:
            raise self.refused()
        lines = [first]
        while (found := line_break.match(self.text, self.at)) and len(found["indent"]) > above:
            self.at = found.end()
            match = line.match(self.text, self.at)
            if match is None:
                raise self.refused()
            lines += [*[""] * found["empty"].count("\n"), match[0].rstrip()]
            self.at = match.end()
        return yaml_scalars.plain(lines)

    def plain(self, line: re.Pattern[str]) -> str | None:
        """Move behind the first line of a scalar without quotes, and return it; None if none begins here."""
        match = line.match(self.text, self.at) if _BEGINS.match(self.text, self.at) else None
        self.at = match.end() if match else self.at
        return match[0].rstrip() if match else None

    def quoted(self) -> str:
        """Move behind the quoted scalar that begins here, and return it."""
        match = _QUOTED.match(self.text, self.at)
        value = None
        if match is not None:
            inside = match["double"]
            value = yaml_scalars.double(inside) if inside is not None else yaml_scalars.single(match["single"])
        if match is None or value is None:
            raise self.refused()
        self.at = match.end()
        return value

    def alias(self) -> str:
        """Return the scalar of an alias; of another value its name."""
        match = _ALIAS.match(self.text, self.at)
        if match is None or match[1] not in self.anchors:
            raise self.refused()
        self.at = match.end()
        value = self.anchors[match[1]]
        return match[0] if value is None else value

    def properties(self) -> tuple[str, str]:
        """Move behind an anchor and a tag, and return them."""
        anchor = tag = ""
        while match := _PROPERTY.match(self.text, self.at):
            anchor, tag = match["anchor"] or anchor, match["tag"] or tag
            self.at = match.end()
        return anchor, tag

    def skip(self, pattern: re.Pattern[str]) -> None:
        """Move behind a match of a pattern."""
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match is not None else self.at

    def end_line(self) -> None:
        """Move to the next line, if nothing but a comment is left of this one."""
        match = TAIL.match(self.text, self.at)
        if match is None:
            raise self.refused()
        self.at = match.end()

    def refused(self, at: int | None = None) -> Malformed:
        """Return the error of a text that begins here, or at another place."""
        line = self.number(self.at if at is None else at)
        return Malformed(f"line {line} is no YAML that this program can be sure of", line)
