"""Words of fish. Source: fish's manual, The fish language (3.6): quotes, escapes, expansions, command substitution."""

from __future__ import annotations

import re
from functools import partial

from trustinstall.patterns import regex
from trustinstall_platforms.tools.sessions.words import Expand, Literal, LostError, Part, Reader, Token, Unknown, Word

_BLANK = regex(r"(?:[ \t\r]|\\\n)+")
_COMMENT = regex(r"#[^\n]*")
_OPERATOR = regex(r"&&|\|\||\n|;|&>>?|&\||[0-9]?[<>]&[0-9-]+|&|\||[0-9]?>>?[?]?|[0-9]?<")
_PLAIN = regex(r"[^\s\\'\"$();&|<>{}#]+|#")
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*")
_SINGLE = regex(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_BRACED = regex(r"\{\$([A-Za-z_][A-Za-z0-9_]*)\}")
_IN_SUBSTITUTION = regex(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\\.|#[^\n]*|[()]", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "a": "\a", "b": "\b"}
_NUMBERED = regex(r"[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})")


class Scanner(Reader):
    """Reads one text, token by token."""

    ESCAPED = frozenset('$"\\\n')
    PLAIN = regex(r"[^\"$\\]+|\\")

    def token(self) -> Token:
        """Return the next token. Raises LostError."""
        for pattern in (_BLANK, _COMMENT):
            if found := pattern.match(self.text, self.at):
                self.at = found.end()
        start = self.at
        if start >= len(self.text):
            return Token("", None, start)
        if found := _OPERATOR.match(self.text, start):
            self.at = found.end()
            return Token(found[0], None, start)
        parts: list[Part] = []
        while self.at < len(self.text) and self.text[self.at] not in " \t\r\n;&|<>":
            parts.extend(self._part())
        return Token("", Word(tuple(parts), start, self.at), start)

    def _part(self) -> list[Part]:
        first = self.text[self.at]
        if found := _PLAIN.match(self.text, self.at):
            self.at = found.end()
            return [Literal(found[0])]
        if first == "'":
            found = _SINGLE.match(self.text, self.at)
            if not found:
                raise LostError(self.at)
            self.at = found.end()
            return [Literal(re.sub(r"\\([\\'])", r"\1", found[1]), quoted=True)]
        if first == '"':
            return self._double()
        if first == "$":
            return [self._dollar(quoted=False)]
        if first == "(":
            return [self._substitution(quoted=False)]
        if first == "{":
            return self._braces()
        self.at += 1
        return [self._escape()] if first == "\\" else [Literal(first)]

    def _escape(self) -> Part:
        if found := _NUMBERED.match(self.text, self.at):
            self.at = found.end()
            return Literal(chr(int(found[3], 8) if found[3] else int(found[1] or found[2], 16)), quoted=True)
        one = self.text[self.at : self.at + 1]
        self.at += 1
        return Literal("" if one == "\n" else _ESCAPED.get(one, one), quoted=True)

    def _double(self) -> list[Part]:
        return self.double({"$": partial(self._dollar, quoted=True)})

    def _dollar(self, *, quoted: bool) -> Part:
        start = self.at
        self.at += 1
        if self.text.startswith("(", self.at):
            return self._substitution(quoted=quoted)
        found = _NAME.match(self.text, self.at)
        if not found:
            while self.text.startswith("$", self.at):
                self.at += 1
            return Unknown(self.text[start : self.at], quoted)
        self.at = found.end()
        if self.text.startswith("[", self.at):
            end = self.text.find("]", self.at)
            self.at = end + 1 if end > 0 else len(self.text)
            return Unknown(self.text[start : self.at], quoted)
        return Expand(found[0], quoted=quoted)

    def _substitution(self, *, quoted: bool) -> Unknown:
        """Move past a command whose output counts; parentheses in quotes do not count."""
        start, depth = self.at, 0
        for found in _IN_SUBSTITUTION.finditer(self.text, start):
            depth += {"(": 1, ")": -1}.get(found[0], 0)
            if depth == 0:
                self.at = found.end()
                return Unknown(self.text[start : self.at], quoted)
        raise LostError(start)

    def _braces(self) -> list[Part]:
        """Return `{$NAME}`, which is `${NAME}` in other shells; other lists are unknown."""
        found = _BRACED.match(self.text, self.at)
        if found:
            self.at = found.end()
            return [Expand(found[1])]
        end = self.text.find("}", self.at)
        if end < 0:
            raise LostError(self.at)
        said, self.at = self.text[self.at : end + 1], end + 1
        return [Unknown(said)]
