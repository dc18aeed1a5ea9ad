"""The words and operators of sh, bash and zsh, with a look-ahead of one: the input of the grammar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions.words import LostError, Token, Word

if TYPE_CHECKING:
    from trustinstall_platforms.tools.sessions.sh_words import Scanner


class Tokens:
    """The tokens of one text."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._ahead: Token | None = None

    @property
    def at(self) -> int:
        """Where the next token begins."""
        return self._scanner.at if self._ahead is None else self._ahead.start

    @property
    def token(self) -> Token:
        """The next token, which stays."""
        if self._ahead is None:
            self._ahead = self._scanner.token()
        return self._ahead

    def _take(self) -> Token:
        token, self._ahead = self.token, None
        return token

    def _plain(self) -> str | None:
        return self.token.word.plain if self.token.word is not None else None

    def _word(self) -> Word:
        token = self._take()
        if token.word is None:
            raise LostError(token.start)
        return token.word

    def _expect(self, *texts: str) -> str:
        """Take one of these words or operators."""
        said = self._plain() or self.token.operator
        if said not in texts:
            raise LostError(self.token.start)
        self._take()
        return said

    def _skip_lines(self) -> None:
        while self.token.operator == "\n":
            self._take()
