"""The text that a shell reads now: its words as they are written, their places, and its assignments."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions.instead import Noted
from trustinstall_platforms.tools.sessions.scopes import Scopes
from trustinstall_platforms.tools.sessions.sh_expand import Expander
from trustinstall_platforms.tools.sessions.sh_words import Scanner
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Expand, Literal, Parts, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_NAMED = regex(r"([A-Za-z_][A-Za-z0-9_]*)(\+?)=")
_ASSIGNED = regex(r"\b([A-Za-z_][A-Za-z0-9_]*)=")


class Reading(ABC):
    """The state of a shell while it reads.

    Attributes:
        view: the machine, as the account sees it.
        variables: the shell's.
        dialect: "sh", "bash" or "zsh".
        expander: expands words.
        scopes: the functions that are running.
        noted: the last definition of each alias and function, by name.
    """

    def __init__(self, view: View, variables: Variables, dialect: str) -> None:
        self.view, self.variables, self.dialect = view, variables, dialect
        self.expander = Expander(view, variables, dialect)
        self.scopes = Scopes(variables)
        self.noted: dict[str, Noted] = {}
        self._path, self._scanner = "", Scanner("")
        self._place: Setter | None = None  # of the `eval` whose text is read

    def said(self, word: Word) -> str:
        """Return a word as it is written in the file."""
        return self._scanner.text[word.start : word.end]

    def said_all(self, words: Sequence[Word]) -> str:
        """Return words as they are written, with a blank before each."""
        return "".join(f" {self.said(one)}" for one in words)

    def setter(self, at: int) -> Setter:
        """Return the place in the file that is read."""
        return self._place or Setter(Kind.VARIABLE, self._path, self._scanner.line(at))

    def note(self, name: str, start: int, end: int) -> None:
        """Note the definition of an alias or function between two places of the text."""
        self.noted[name] = Noted(self._scanner.text[start:end], self.setter(start))

    def assign(self, word: Word, *, export: bool = False) -> str | None:
        """Carry out `NAME=value`; return the name, or None if it is not an assignment."""
        text = self._scanner.text[word.start : word.end]
        found = _NAMED.match(text)
        first = word.parts[0]
        if not found or not isinstance(first, Literal) or first.quoted or not first.text.startswith(found[0]):
            return None
        name, rest = str(found[1]), first.text[found.end() :]
        if self.refuses(name):
            if export:
                self.variables.export(name)
            else:  # bash skips the rest of the line
                self.variables.maybe += 1
            return name
        parts: Parts = (*((Literal(rest),) if rest else ()), *word.parts[1:])
        value = self.expander.text(parts, assigned=True)
        if self.dialect == "zsh" and rest.startswith("="):
            value = None  # zshexpn(1), `=` expansion
        if found[2] and self.dialect == "sh":
            return None
        if found[2]:
            old = self.expander.value(name)
            value = None if value is None or old is None else old + value
        if _keeps(parts, name) and value is None and self.variables.get(name) is not None:
            if export:
                self.variables.export(name)
            return name
        self.variables.set(name, Value(value, self.setter(word.start), text[found.end() :]), export=export)
        return name

    def refuses(self, name: str) -> bool:
        """Whether a variable is readonly; all shells but bash then leave the file, or end."""
        if name not in self.variables.fixed:
            return False
        if self.dialect != "bash":
            self.leave("shell" if self.dialect == "sh" else "file")
        return True

    @abstractmethod
    def leave(self, what: str) -> None:
        """Leave a part of what is read: see `Shell.leave`."""

    def forget(self, text: str, place: Setter) -> None:
        """Mark the variables that a text assigns as unknown: it may be run."""
        self._forget(text, 0, place)

    def _forget(self, text: str, start: int, place: Setter | None = None) -> None:
        """Mark the variables that the rest of a text assigns as unknown."""
        for found in _ASSIGNED.finditer(text, start):
            where = place or self.setter(found.start())
            self.variables.set(found[1], Value(None, where, found[0]), export=True)


def _keeps(parts: Parts, name: str) -> bool:
    """Whether a value is the variable's own, with another one if it is not set."""
    said = [one for one in parts if one != Literal("", quoted=True)]
    return (
        len(said) == 1 and isinstance(said[0], Expand) and said[0].name == name and said[0].operator in {"", ":-", "-"}
    )
