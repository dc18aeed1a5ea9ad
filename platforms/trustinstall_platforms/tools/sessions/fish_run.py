"""The variables that files of fish set, without running them.

`set`, conditions about variables and files, loops, and sourced files are followed; functions are not run. A command's
output is unknown.

Sources: fish's manual: set, if, test, status, source, and Configuration files.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions import conditions
from trustinstall_platforms.tools.sessions.fish_grammar import BLOCKS, Command, Grammar
from trustinstall_platforms.tools.sessions.fish_words import Scanner
from trustinstall_platforms.tools.sessions.scopes import Scopes
from trustinstall_platforms.tools.sessions.sh_expand import Expander
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Expand, LostError, Unknown, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_DEEPEST = 12  # nested files
_SET = regex(r"(?<![\w-])set\s+(?:-\S+\s+)*([A-Za-z_]\w*)|\bexport\s+([A-Za-z_]\w*)=")
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
}
_FAR = frozenset("gU")  # scopes that a variable of a file or a block hides
_STOP = frozenset({"return", "exit", "exec"})


def universal(variables: Variables, text: str, path: str) -> None:
    """Set the variables that fish keeps for every shell of the account, in fish_variables."""
    for number, line in enumerate(text.split("\n"), 1):
        found = _UNIVERSAL.fullmatch(line)
        if found and "--export" in found["options"].split():
            value = _ESCAPE.sub(lambda one: chr(int(one[1], 16)) if one[1] else one[2], found["value"])
            place = Setter(Kind.VARIABLE, path, number)
            variables.set(found["name"], Value(value.replace(_LIST, " "), place, found["value"]), export=True)


class _StopError(Exception):
    """A file ends early."""


class Fish:
    """One fish that reads files one after another; `answers` are those of `status`: "is-interactive", "is-login"."""

    def __init__(self, view: View, variables: Variables, answers: frozenset[str]) -> None:
        self._view, self._variables, self._answers = view, variables, answers
        self._expander = Expander(view, variables, "fish")
        self._path, self._text, self._depth = "", "", 0
        self._universal: dict[str, Value] = {}
        self._scopes = Scopes(variables)
        self._last: Answer = None  # of the last command, which an assignment leaves unchanged
        self._scanner: Scanner = Scanner("")

    def read(self, path: str) -> bool:
        """Read a file; return False if it does not exist."""
        text = self._view.text(path)
        if text is None:
            return False
        before = self._path, self._text, self._scanner, self._variables.maybe
        self._path, self._text, self._scanner = path, text, Scanner(text)
        self._depth += 1
        try:
            with self._scopes.inner():
                if self._depth > _DEEPEST:
                    raise LostError(0)
                self._run(Grammar(self._scanner).block(top=True))
        except LostError as lost:
            self._forget(lost.at)
        except _StopError:
            pass
        finally:
            self._depth -= 1
            self._path, self._text, self._scanner, self._variables.maybe = before
        return True

    def _forget(self, start: int) -> None:
        for found in _SET.finditer(self._text, start):
            name = found[1] or found[2]
            self._variables.set(name, Value(None, self._setter(found.start()), found[0]), export=True)

    def _setter(self, at: int) -> Setter:
        return Setter(Kind.VARIABLE, self._path, self._scanner.line(at))

    def _run(self, body: Sequence[Command]) -> Answer:
        for one in body:
            wanted = {"and": self._last, "or": conditions.negated(self._last)}.get(one.joined, True)
            if wanted is False:
                continue
            self._view.step()
            done = self._perhaps(wanted, partial(self._one, one))
            self._last = (conditions.negated(done) if one.negated else done) if wanted else None
        return self._last

    def _block(self, body: Sequence[Command]) -> Answer:
        with self._scopes.inner():
            return self._run(body)

    def _perhaps(self, answer: Answer, body: Callable[[], Answer]) -> Answer:
        if answer:
            return body()
        self._variables.maybe += 1
        body()
        self._variables.maybe -= 1
        return None

    def _one(self, command: Command) -> Answer:
        name = command.name
        if command.piped and name not in BLOCKS:
            return None
        if name == "if":
            return self._if(command)
        if name == "begin":
            return self._block(command.body)
        if name in {"while", "for", "switch"}:
            return self._loop(command)
        if name in _STOP and not (name == "exec" and len(command.words) == 1):
            if self._variables.uncertain:
                self._variables.maybe += 1
                return None
            raise _StopError
        known: dict[str, Callable[[Sequence[Word]], Answer]] = {
            "set": self._set,
            "export": self._export,
            "source": self._source,
            ".": self._source,
            "test": self._test,
            "[": self._test,
            "status": self._status,
            "true": lambda _words: True,
            "false": lambda _words: False,
        }
        return known[name](command.words[1:]) if name in known else None

    def _if(self, command: Command) -> Answer:
        certain = True
        for condition, body in command.branches:
            answer = self._run(condition) if condition is not None else True
            if answer is False:
                continue
            if answer and certain:
                return self._block(body)
            certain = False
            self._perhaps(None, partial(self._block, body))
        return None

    def _loop(self, command: Command) -> Answer:
        _, *named = command.words[:3]  # for NAME in
        words = self._fields(command.words[3:]) if command.name == "for" and named[1:] else None
        name = command.words[1].literal if len(command.words) > 1 else None
        if command.name == "for" and name is not None:
            self._scopes.local(name)
            self._variables.set(name, Value(None))
        if words is None or name is None:
            return self._perhaps(None, lambda: self._block(command.body))
        before = self._variables.maybe
        with self._scopes.inner():
            for one in words:
                self._view.step()
                self._variables.set(name, Value(one))
                self._run(command.body)
        self._variables.maybe = before
        return None

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
            flags |= {_LONG.get(option[2:], "")} if option.startswith("--") else set(option[1:])
            rest.pop(0)
        if not rest:
            return None
        if "q" in flags:
            answer = conditions.every(self._is_set(one.literal) for one in rest)
            return None if answer and flags != {"q"} else answer
        name = self._expander.text(rest[0].parts)
        if name is None or not name.isidentifier():
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
        if flags & {"a", "p"} and old is not None:
            text = None  # lists that grow are not the path of one file
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

    def _source(self, words: Sequence[Word]) -> Answer:
        fields = self._fields(words[:1])
        path = fields[0] if fields else None
        if path is None or not path.startswith("/"):
            return None
        return None if self.read(path) else False

    def _test(self, words: Sequence[Word]) -> Answer:
        fields = self._fields(words)
        if fields is None:
            return None
        return conditions.test(self._view, fields[:-1] if fields[-1:] == ["]"] else fields)

    def _status(self, words: Sequence[Word]) -> Answer:
        said = (words[0].plain or "").lstrip("-") if words else ""
        return said in self._answers if said in {"is-interactive", "is-login"} else None
