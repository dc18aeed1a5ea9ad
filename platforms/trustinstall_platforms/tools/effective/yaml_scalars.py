"""The texts of YAML's scalars: quoted, folded, and in blocks of lines.

Source: YAML 1.2.2, chapters 5.7 (escapes), 6.5 (folding), 7.3 (flow scalars) and 8.1 (block scalars).
"""

from __future__ import annotations

import re

from trustinstall.patterns import regex

_ESCAPED = regex(
    r"\\(?:x(?P<x>[0-9A-Fa-f]{2})|u(?P<u>[0-9A-Fa-f]{4})|U(?P<U>[0-9A-Fa-f]{8})|\n[ \t]*|(?P<one>[^\n]))"
    r"|(?<![ \t])[ \t]*(?P<before>\n[ \t\n]*)|(?P<fold>\n[ \t\n]*)"
)
_FOLDED = regex(r"(?<![ \t])[ \t]*(?P<fold>\n[ \t\n]*)|''")
_ONE = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
    "N": "\x85",
    "_": "\xa0",
    "L": "\u2028",
    "P": "\u2029",
    **{one: one for one in ' \t"/\\'},
}
_LAST = 0x10FFFF  # of the characters


def double(text: str) -> str | None:
    """Return the value of the text between double quotes; None if it has an escape that YAML does not know."""
    unknown = False

    def said(match: re.Match[str]) -> str:
        nonlocal unknown
        fold = match["before"] or match["fold"]
        if fold:
            return _broken(fold)
        code = match["x"] or match["u"] or match["U"]
        if code:
            unknown = unknown or int(code, 16) > _LAST
            return "" if unknown else chr(int(code, 16))
        unknown = unknown or (match["one"] or " ") not in _ONE
        return _ONE.get(match["one"] or "", "")

    value = _ESCAPED.sub(said, text)
    return None if unknown else value


def single(text: str) -> str:
    """Return the value of the text between single quotes."""
    return _FOLDED.sub(lambda match: _broken(match["fold"]) if match["fold"] else "'", text)


def plain(lines: list[str]) -> str:
    """Return the value of the lines of a scalar without quotes; "" stands for an empty line."""
    return single("\n".join(lines).replace("'", "''"))


def block(lines: list[str], style: str, chomping: str) -> str:
    """Return the value of lines below `|` or `>`, without their indentation; lines that are indented more stay."""
    kept = [*lines]
    while kept and not kept[-1]:
        kept.pop()
    literal = style == "|" or any(one[:1] in {" ", "\t"} for one in kept)
    empty = next((at for at, one in enumerate(kept) if one), 0)  # each of the first lines that are empty counts
    value = "\n".join(kept) if literal else "\n" * empty + _FOLDED.sub(_folded, "\n".join(kept[empty:]))
    ends = {"-": "", "": "\n", "+": "\n" * (1 + len(lines) - len(kept))}
    return value + ends[chomping] if kept else ""


def _folded(match: re.Match[str]) -> str:
    return _broken(match["fold"]) if match["fold"] else match[0]


def _broken(fold: str) -> str:
    """Return what line breaks stand for: one is a blank, more are one less."""
    return "\n" * (fold.count("\n") - 1) or " "
