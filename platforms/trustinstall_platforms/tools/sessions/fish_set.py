"""The variables that `set`, `export` and `read` of fish set, and those that it keeps for every shell of an account.

Source: fish's manual: set, read, and Universal variables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions import conditions
from trustinstall_platforms.tools.sessions.fish_words import Scanner
from trustinstall_platforms.tools.sessions.scopes import Scopes
from trustinstall_platforms.tools.sessions.sh_expand import Expander
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Expand, Unknown, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_SET = regex(r"(?<![\w-])set\s+(?:-\S+\s+)*([A-Za-z_]\w*)|\bexport\s+([A-Za-z_]\w*)=")
_ELEMENT = regex(r"([A-Za-z_]\w*)\[")
_UNIVERSAL = regex(r"SETUVAR (?P<options>(?:--\w+ )*)(?P<name>[A-Za-z_]\w*):(?P<value>.*)")
_ESCAPE = regex(r"\\x([0-9a-fA-F]{2})|\\(.)")
_UNIVERSAL_FILE = "/fish/fish_variables"
_LIST = "\x1e"  # between the elements of a list, in the file of universal variables: written \x1e
_LONG = {
    "export": "x",
    "unexport": "u",
    "global": "g",
    "universal": "U",
    "local": "l",
    "function": "f",
    "query": "q",
    "erase": "e",
    "append": "a",
    "prepend": "p",
    "path": "path",
}
_FAR = frozenset("gU")  # scopes that a variable of a file or a block hides


def universal(variables: Variables, text: str, path: str) -> None:
    """Set the variables that fish keeps for every shell of the account, in fish_variables."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _UNIVERSAL.fullmatch(line)
        if found:
            value = _ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else one[2], found["value"])
            is_exported = "--export" in found["options"].split()
            place = Setter(Kind.VARIABLE, path, number)
            variables.set(found["name"], Value(value.replace(_LIST, " "), place, found["value"]), export=is_exported)


class Setting:
    """The variables of one fish, and the text that it reads."""

    def __init__(self, view: View, variables: Variables) -> None:
        self._view, self._variables = view, variables
        self._expander = Expander(view, variables, "fish")
        self._path, self._text = "", ""
        self._universal: dict[str, Value] = {}
        self._scopes = Scopes(variables)
        self._last: Answer = None  # of the last command, which an assignment leaves unchanged
        self._scanner: Scanner = Scanner("")

    def _forget(self, text: str, place: Setter) -> None:
        """Mark the variables that a text may set as unknown."""
        for found in _SET.finditer(text):
            name = found[1] or found[2]
            self._variables.set(name, Value(None, place, found[0]), export=True)

    def _setter(self, at: int) -> Setter:
        return Setter(Kind.VARIABLE, self._path, self._scanner.line(at))

    def _fields(self, words: Sequence[Word]) -> list[str | None] | None:
        found: list[str | None] = []
        for one in words:
            fields = self._expander.fields(one.parts)
            if fields is None or self._is_list(one):
                return None
            found += [] if self._vanishes(one) else fields
        return found

    def _is_list(self, word: Word) -> bool:
        """Whether a word may become none or several: a variable in it may be a list."""
        plain = (one for one in word.parts if isinstance(one, Expand) and not one.quoted)
        values = (self._variables.get(one.name) for one in plain)
        return any(one is not None and (not one.text or " " in one.text) for one in values)

    def _vanishes(self, word: Word) -> bool:
        """Whether a word becomes none: a variable in it is not set, and is outside of quotes."""
        plain = (one for one in word.parts if isinstance(one, Expand) and not one.quoted)
        return any(self._variables.get(one.name) is None for one in plain)

    def _set(self, words: Sequence[Word]) -> Answer:
        flags, rest = set[str](), list(words)
        while rest and (option := rest[0].plain or "").startswith("-") and option != "-":
            flags |= _flags(option)
            rest.pop(0)
        if not rest:
            return None
        if "q" in flags:
            answer = conditions.every(self._is_set(one.literal) for one in rest)
            return None if answer and flags != {"q"} else answer
        name = self._expander.text(rest[0].parts)
        if name is None or not name.isidentifier():
            element = _ELEMENT.match(rest[0].plain or "")
            if element:  # `set NAME[1] value`
                self._variables.set(element[1], Value(None, self._setter(rest[0].start)))
            return None
        if "e" in flags:
            return self._erase(name, flags)
        self._assign(name, rest[1:], flags, rest[0].start)
        runs = any(isinstance(part, Unknown) for word in rest for part in word.parts)
        return None if runs else self._last

    def _erase(self, name: str, flags: set[str]) -> Answer:
        answer = self._is_set(name)
        if flags & _FAR:
            self._scopes.outer(name, Value(None), export=False)
            return None
        self._scopes.erase(name)
        if name in self._universal:
            self._variables.set(name, self._universal[name]._replace(text=None), export=True)
        return answer

    def _is_set(self, name: str | None) -> Answer:
        found = self._variables.get(name) if name is not None else None
        return False if found is None else True if found.text is not None else None

    def _assign(self, name: str, words: Sequence[Word], flags: set[str], at: int) -> None:
        fields = self._fields(words)
        text = None if fields is None or None in fields else " ".join(one or "" for one in fields)
        old = self._variables.get(name)
        if (flags & {"a", "p"} and old is not None) or "path" in flags:
            text = None  # lists are not the path of one file
        raw = self._text[words[0].start : words[-1].end] if words else ""
        if "U" in flags:
            self._universal[name] = Value(text, self._setter(at), raw)
            if old is not None and not old.setter.path.endswith(_UNIVERSAL_FILE):
                text = None  # a global one may hide it
        elif name in self._universal and "x" not in flags:
            text = None
        self._put(name, Value(text, self._setter(at), raw), flags)
        if "u" in flags and not (flags & _FAR and self._scopes.hides(name)):
            self._variables.keep(name)

    def _put(self, name: str, value: Value, flags: set[str]) -> None:
        export = "x" in flags
        if "f" in flags:
            self._scopes.of_shell(name, value, export=export)
        elif flags & _FAR:
            self._scopes.outer(name, value, export=export)
        else:
            if "l" in flags:
                self._scopes.local(name)
            self._variables.set(name, value, export=export)

    def _export(self, words: Sequence[Word]) -> Answer:
        for word in words:
            name, equals, value = (self._expander.text(word.parts) or "").partition("=")
            said = (word.literal or self._text[word.start : word.end]).partition("=")[0]
            if equals:
                self._scopes.outer(name, Value(value, self._setter(word.start), value), export=True)
            elif self._scopes.hides(said) or any(isinstance(one, Unknown) for one in word.parts):
                self._scopes.outer(said, Value(None, self._setter(word.start), said), export=True)
            else:
                self._variables.export(said)
        return True

    def _read(self, words: Sequence[Word]) -> Answer:
        """Set the variables that `read` names: their values are what another program prints."""
        flags = {letter for one in words if (one.plain or "").startswith("-") for letter in _flags(one.plain or "")}
        for one in words:
            name = one.plain or ""
            if name.isidentifier():
                self._put(name, Value(None, self._setter(one.start), name), flags)
        return None


def _flags(option: str) -> set[str]:
    return {_LONG.get(option[2:], "")} if option.startswith("--") else set(option[1:])
