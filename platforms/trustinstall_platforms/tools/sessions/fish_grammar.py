"""Commands and blocks of fish. Source: the manual of fish 3.6, The fish language: Combiners, Conditionals, Loops."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.sessions.words import LostError, Token, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall_platforms.tools.sessions.fish_words import Scanner

BLOCKS = frozenset({"if", "while", "for", "switch", "begin", "function"})
_DEEPEST = 40  # nested blocks
_REDIRECTIONS = regex(r"[0-9]?[<>].*|&>.*")
_COMPLETE = regex(r"[0-9]?[<>]&[0-9-]+")  # `2>&1`, without a word behind
_ASSIGNMENT = regex(r"[A-Za-z_]\w*=.*", re.DOTALL)


class Command:
    """One command: its words, and for a block its commands; and how it is joined to the one before it."""

    def __init__(self, words: Sequence[Word], joined: str, *, negated: bool) -> None:
        self.words, self.joined, self.negated = words, joined, negated
        self.name = words[0].plain or "" if words else ""
        self.piped = False
        self.text = ""  # of the commands of a function
        self.body: list[Command] = []
        self.branches: list[tuple[list[Command] | None, list[Command]]] = []


class Grammar:
    """Makes commands of tokens."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._depth = 0
        self._last: Command | None = None  # the `end`, `else` or `case` that ended the last block
        self._pending: str | None = None  # how the next command is joined, if that was read already
        self._ahead: Token | None = None

    def block(self, *, top: bool = False) -> list[Command]:
        """Return commands up to `end` (or `else`, `case`), or of a whole file. Raises LostError."""
        found: list[Command] = []
        while True:
            command = self._command()
            if command is None or command.name in {"end", "else", "case"}:
                if top is not (command is None):
                    raise LostError(self._scanner.at)
                self._last = command
                return found
            found.append(command)

    def _command(self) -> Command | None:
        negated, words = False, list[Word]()
        joined = self._separator()
        if joined is None:
            return None
        token = self._next()
        while token.word is not None or _REDIRECTIONS.fullmatch(token.operator):
            plain = token.word.plain if token.word is not None else None
            if token.word is None:
                if not _COMPLETE.fullmatch(token.operator):
                    self._next()
            elif not words and plain in {"not", "!", "builtin", "time"}:
                negated ^= plain in {"not", "!"}
            elif not words and plain in {"and", "or"}:
                joined = plain
            else:
                words.append(token.word)
                if len(words) == 1 and plain in {"if", "while", "begin", "else"}:
                    break
            token = self._next()
        if token.word is None:
            self._back(token)
        command = Command(words, joined, negated=negated)
        command.piped = token.operator in {"|", "&", "&|"}
        self._inside(command)
        return command

    def _inside(self, command: Command) -> None:
        """Read the commands of a block. Raises LostError, also for an assignment alone, by which fish runs nothing."""
        if len(command.words) == 1 and _ASSIGNMENT.match(command.name):
            raise LostError(command.words[0].start)
        if command.name not in BLOCKS:
            return
        self._depth += 1
        if self._depth > _DEEPEST:
            raise LostError(self._scanner.at)
        self._fill(command)
        self._depth -= 1

    def _fill(self, command: Command) -> None:
        if command.name in {"if", "while"}:
            condition = self._condition()
            self._branches(command, condition)
            return
        start = self._scanner.at
        command.body = self.block()
        while self._last is not None and self._last.name != "end":
            command.body += self.block()
        if command.name == "function":
            command.body = []
            command.text = self._scanner.text[start : self._scanner.at]

    def _condition(self) -> list[Command]:
        """Return the condition of `if`: a command, and those that are joined to it."""
        first = self._command()
        found = [first] if first else []
        while (joined := self._separator()) in {"and", "or"}:
            self._pending = joined
            following = self._command()
            if following is None:
                break
            found.append(following)
        return found

    def _branches(self, command: Command, condition: list[Command] | None) -> None:
        while True:
            body = self.block()
            command.branches.append((condition, body))
            if self._last is None or self._last.name != "else":
                break
            token = self._next()
            is_if = token.word is not None and token.word.plain == "if"
            condition = self._condition() if is_if else None
            if not is_if:
                self._back(token)
        if command.name == "while":
            command.body = [one for _, body in command.branches for one in body]

    def _next(self) -> Token:
        token, self._ahead = self._ahead or self._scanner.token(), None
        return token

    def _back(self, token: Token) -> None:
        self._ahead = token

    def _separator(self) -> str | None:
        """Skip the separators of commands; return how the next one is joined, or None at the end."""
        joined, self._pending = self._pending or "", None
        while True:
            token = self._next()
            if token.word is not None:
                said = token.word.plain
                if said in {"and", "or"}:
                    joined = said
                    continue
                self._back(token)
                return joined
            if not token.operator:
                return None
            joined = {"&&": "and", "||": "or"}.get(token.operator, joined)
