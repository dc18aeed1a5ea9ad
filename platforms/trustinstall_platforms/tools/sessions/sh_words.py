"""Words and operators of sh, bash and zsh, in one pass over the text; nothing is expanded here.

Sources: POSIX.1-2017, Shell Command Language 2.2, 2.3, 2.6; bash(1), QUOTING, EXPANSION; zshmisc(1), zshexpn(1).
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from trustinstall.patterns import regex
from trustinstall_platforms.tools.sessions.words import (
    Expand,
    Literal,
    LostError,
    Part,
    Parts,
    Reader,
    Token,
    Unknown,
    Word,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_Read = TypeVar("_Read")
_DEEPEST = 40  # nested expansions
_NAME = regex(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]")
_OPERATOR = regex(r":?[-=+?]")
_PLAIN = regex(r"[A-Za-z0-9_./,:+@%^=-]+")
_OPERATORS = regex(r"\n|;;&|;;|;&|;\||;|&&|&>>|&>|&\||&!|&|\|\||\|&|\||\(|\)|<<<|<<-|<<|<>|<&|<|>>|>&|>\||>")
_NUMBER = regex(r"(?:[0-9]+|\{[A-Za-z_][A-Za-z0-9_]*\})(?=[<>])")
_BLANK = regex(r"(?:[ \t]|\\\n)+")  # a carriage return is an ordinary character
_COMMENT = regex(r"#[^\n]*")
_BACKQUOTED = regex(r"`(?:[^`\\]|\\.)*`", re.DOTALL)
_MODIFIER = regex(r"\[[^\]\n]*\]|:[A-Za-z]")  # of zsh
_ESCAPES = regex(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ENDS = frozenset(" \t\n;&|()<>")
_ESCAPED = {"n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"', "r": "\r", "a": "\a", "b": "\b", "e": "\x1b"}


class Scanner(Reader):
    """Reads one text, token by token."""

    ESCAPED = frozenset('$`"\\\n')
    PLAIN = regex(r"[^\"$`\\]+|\\")

    def __init__(self, text: str, *, zsh: bool = False) -> None:
        super().__init__(text)
        self.zsh = zsh
        self._documents: list[tuple[str, bool]] = []
        self._depth = 0

    def token(self) -> Token:
        """Return the next token. Raises LostError."""
        self._skip_blanks()
        start = self.at
        if start >= len(self.text):
            return Token("", None, start)
        if self.text.startswith(("<(", ">("), start):
            return Token("", self.word(), start)
        found = _OPERATORS.match(self.text, start)
        if not found:
            return Token("", self.word(), start)
        self.at = found.end()
        if found[0] == "\n":
            self._skip_documents()
        return Token(found[0], None, start)

    def word(self, ends: frozenset[str] = _ENDS) -> Word:
        """Return the word that begins here. Raises LostError."""
        start, parts = self.at, list[Part]()
        while self.at < len(self.text) and (self.text[self.at] not in ends or self._goes_on(start)):
            parts.extend(self._part())
        if self.at == start:
            raise LostError(start)
        return Word(_joined(parts), start, self.at)

    def document(self, delimiter: Word, *, tabs: bool) -> None:
        """Note a here-document, which begins after this line."""
        self._documents.append((re.sub(r"[\"'\\]", "", self.text[delimiter.start : delimiter.end]), tabs))

    def skip_parentheses(self) -> str:
        """Move past the parenthesis that closes the one here; return the whole text. Raises LostError."""
        start = self.at
        self._nested(lambda: self._skip_until(")"))
        return self.text[start : self.at]

    def _goes_on(self, start: int) -> bool:
        """Whether a parenthesis belongs to the word: a list of values, a process's output, a pattern of zsh."""
        if self.text[self.at] in "<>" and self.at == start:
            return self.text.startswith("(", self.at + 1)
        if self.text[self.at] != "(" or self.at == start:
            return False
        return self.text[self.at - 1] == "=" or (self.zsh and not self.text.startswith("()", self.at))

    def _skip_blanks(self) -> None:
        for pattern in (_BLANK, _COMMENT, _NUMBER):
            if found := pattern.match(self.text, self.at):
                self.at = found.end()

    def _skip_documents(self) -> None:
        for delimiter, tabs in self._documents:
            while self.at < len(self.text):
                end = self.text.find("\n", self.at)
                end = len(self.text) if end < 0 else end
                line, self.at = self.text[self.at : end], min(end + 1, len(self.text))
                if (line.lstrip("\t") if tabs else line) == delimiter:
                    break
        self._documents.clear()

    def _part(self) -> list[Part]:
        text, at = self.text, self.at
        first = text[at]
        if found := _PLAIN.match(text, at):
            self.at = found.end()
            return [Literal(found[0])]
        if first == "\\":
            self.at = at + 2
            return [] if text.startswith("\n", at + 1) else [Literal(text[at + 1 : at + 2], quoted=True)]
        if first == "'":
            return [Literal(self._single(), quoted=True)]
        if first == '"':
            return self._double()
        if first == "$":
            return [self._dollar(quoted=False)]
        if first == "`":
            return [self._backquoted(quoted=False)]
        if first in "<>(":
            self.at = at if first == "(" else at + 1
            return [Unknown(self.skip_parentheses())]
        self.at = at + 1
        return [Literal(first)]

    def _single(self) -> str:
        start = self.at + 1
        end = self.text.find("'", start)
        if end < 0:
            raise LostError(self.at)
        self.at = end + 1
        return self.text[start:end]

    def _double(self) -> list[Part]:
        return self.double({"$": partial(self._dollar, quoted=True), "`": partial(self._backquoted, quoted=True)})

    def _backquoted(self, *, quoted: bool) -> Unknown:
        start = self.at
        found = _BACKQUOTED.match(self.text, start)
        if not found:
            raise LostError(start)
        self.at = found.end()
        return Unknown(found[0], quoted)

    def _dollar(self, *, quoted: bool) -> Part:
        start = self.at
        self.at += 1
        after = self.text[self.at : self.at + 1]
        if after == "(":
            return Unknown(f"${self.skip_parentheses()}", quoted)
        if after == "{":
            return self._braced(quoted=quoted)
        if after == "'" and not quoted:
            return self._escapes()
        if after == '"' and not quoted:
            return Literal("")  # a translation: the text itself follows
        found = _NAME.match(self.text, self.at)
        if not found:
            return (
                Unknown(self.text[start : self.at + 1], quoted)
                if self.zsh and after in "+=^~"
                else Literal("$", quoted)
            )
        self.at = found.end()
        return self._with_modifier(start, found[0], quoted=quoted)

    def _with_modifier(self, start: int, name: str, *, quoted: bool) -> Part:
        """Return a variable, or Unknown if zsh takes a part of it: `$name[1]`, `$name:h`."""
        modifier = _MODIFIER.match(self.text, self.at) if self.zsh else None
        if not modifier:
            return Expand(name, quoted=quoted)
        self.at = modifier.end()
        return Unknown(self.text[start : self.at], quoted)

    def _braced(self, *, quoted: bool) -> Part:
        start = self.at - 1
        name = _NAME.match(self.text, self.at + 1)
        if name and self.text.startswith("}", name.end()):
            self.at = name.end() + 1
            return Expand(name[0], quoted=quoted)
        operator = _OPERATOR.match(self.text, name.end()) if name else None
        if name is None or operator is None:
            self._nested(lambda: self._skip_until("}"))
            return Unknown(self.text[start : self.at], quoted)
        self.at = operator.end()
        word = self._nested(lambda: self._until_brace(quoted=quoted))
        return Expand(name[0], operator[0], word, quoted)

    def _until_brace(self, *, quoted: bool) -> Parts:
        start, parts = self.at, list[Part]()
        while self.at < len(self.text):
            if self.text[self.at] == "}":
                self.at += 1
                return _joined(parts)
            if quoted and self.text[self.at] == "'":  # no quote there (POSIX 2.6.2)
                self.at += 1
                parts.append(Literal("'", quoted=True))
                continue
            found = self._part()
            parts.extend(one._replace(quoted=True) if quoted and not isinstance(one, Unknown) else one for one in found)
        raise LostError(start)

    def _escapes(self) -> Part:
        found = _ESCAPES.match(self.text, self.at)
        if not found:
            raise LostError(self.at)
        self.at = found.end()
        escapes = re.findall(r"\\(.)", found[1], re.DOTALL)
        if not set(escapes) <= _ESCAPED.keys():
            return Unknown(found[0], quoted=True)
        return Literal(re.sub(r"\\(.)", lambda one: _ESCAPED[one[1]], found[1], flags=re.DOTALL), quoted=True)

    def _skip_until(self, end: str) -> None:
        """Move past the bracket that closes the one here."""
        opening, start = self.text[self.at], self.at
        self.at += 1
        while self.at < len(self.text):
            one = self.text[self.at]
            if one == end:
                self.at += 1
                return
            if one == opening:
                self._nested(lambda: self._skip_until(end))
            elif one == "#" and self.text[self.at - 1].isspace() and end == ")":
                found = _COMMENT.match(self.text, self.at)
                self.at = found.end() if found else self.at + 1
            elif one in "\\'\"$`":
                self._part()
            else:
                self.at += 1
        raise LostError(start)

    def _nested(self, read: Callable[[], _Read]) -> _Read:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LostError(self.at)
        try:
            return read()
        finally:
            self._depth -= 1


def _joined(parts: list[Part]) -> Parts:
    """Return the parts, with neighbours of the same kind joined."""
    joined: list[Part] = []
    for one in parts:
        last = joined[-1] if joined else None
        if isinstance(one, Literal) and isinstance(last, Literal) and one.quoted == last.quoted:
            joined[-1] = Literal(last.text + one.text, one.quoted)
        else:
            joined.append(one)
    return tuple(joined)
