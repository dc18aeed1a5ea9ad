"""Files of apt.conf(5): every option with the number of its line."""

from __future__ import annotations

import re

from trustinstall.patterns import regex

_TOKEN = regex(
    r"(?P<skip>[ \t\r]+|//[^\n]*|/\*.*?\*/|(?:(?<=\n)|\A)[ \t]*#[^\n]*)|(?P<line>\n)"
    r"|\"(?P<text>[^\"\n]*)\"|(?P<mark>[{};])|(?P<word>(?:(?!//)[^\s{};\"])+)",
    re.DOTALL,
)


def options(text: str) -> list[tuple[str, int]]:
    """Return the name of every option that has a value, in small letters as apt compares it, and its line (from 1)."""
    found: list[tuple[str, int]] = []
    outer: list[str] = []
    words: list[str] = []
    start = line = 1
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:  # a quotation mark without a partner: apt refuses the file
            break
        at = match.end()
        if match["mark"]:
            if match["mark"] == "{":
                outer.append("::".join(words[:1]))
            elif words[1:]:
                found.append(("::".join((*outer, words[0])).lower(), start))
            if match["mark"] == "}":
                outer = outer[:-1]
            words = []
        elif match["skip"] is None and match["line"] is None:
            start = start if words else line
            words.append(match["text"] if match["text"] is not None else match["word"])
        line += match[0].count("\n")
    return found
