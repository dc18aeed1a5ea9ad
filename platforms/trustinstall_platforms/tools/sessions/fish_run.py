"""The variables that files of fish set, without running them.

`set`, conditions about variables and files, loops, and sourced files are followed. What a function sets is unknown, and
so is a command's output.

Sources: fish's manual: set, if, test, status, source, and Configuration files.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions import conditions
from trustinstall_platforms.tools.sessions.fish_grammar import BLOCKS, Command, Grammar
from trustinstall_platforms.tools.sessions.fish_set import Setting
from trustinstall_platforms.tools.sessions.fish_words import Scanner
from trustinstall_platforms.tools.sessions.instead import PROGRAMS, Noted
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import LostError, Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_DEEPEST = 12  # nested files
_STOP = frozenset({"return", "exit", "exec"})
_RESERVED = frozenset({"set", "read", "test", "[", "status"})  # which no function replaces
_LEAVES = frozenset({"break", "continue"})
_EVENTS = ("-v", "-e", "-s", "-p", "-j", "--on-")  # the options of `function` by which fish itself calls it


class _StopError(Exception):
    """A file ends early."""


class _LoopError(Exception):
    """A loop is left, or one turn of it."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Fish(Setting):
    """One fish that reads files one after another; `answers` are those of `status`: "is-interactive", "is-login"."""

    def __init__(self, view: View, variables: Variables, answers: frozenset[str]) -> None:
        super().__init__(view, variables)
        self._answers = answers
        self._depth = 0
        self._functions: dict[str, tuple[str, Setter]] = {}  # their text, and its place

    @property
    def noted(self) -> dict[str, Noted]:
        """The functions that have names of clients' programs: those that were defined, and the account's files."""
        found = {name: Noted(*self._functions.get(name, ("", Setter(Kind.VARIABLE)))) for name in PROGRAMS}
        own = {name: self._autoloaded(name) for name, one in found.items() if not one.text}
        return {name: one for name, one in (found | own).items() if one.text}

    def _autoloaded(self, name: str) -> Noted:
        moved = self._variables.get("XDG_CONFIG_HOME")
        directory = (moved.text if moved is not None else "") or f"{self._view.home}/.config"
        path = f"{directory}/fish/functions/{name}.fish"
        return Noted((self._view.text(path) if self._view.home else None) or "", Setter(Kind.SETTING, path, 1))

    def read(self, path: str) -> bool:
        """Read a file; return False if it does not exist."""
        text = self._view.text(path)
        if text is None:
            return False
        text = text.removeprefix("\ufeff")
        before = self._path, self._text, self._scanner, self._variables.maybe
        self._path, self._text, self._scanner = path, text, Scanner(text)
        self._depth += 1
        try:
            with self._scopes.inner():
                if self._depth > _DEEPEST:
                    raise LostError(0)
                self._run(Grammar(self._scanner).block(top=True))
        except LostError:
            self._forget(text, self._setter(0))
        except _StopError:
            pass
        finally:
            self._depth -= 1
            self._path, self._text, self._scanner, self._variables.maybe = before
        return True

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
        if name not in BLOCKS and (command.piped or name == "eval" or "=" in name):
            return self._unknown(command)
        if name == "if":
            return self._if(command)
        if name == "begin":
            return self._block(command.body)
        if name in {"while", "for", "switch", "function"}:
            return self._define(command) if name == "function" else self._loop(command)
        if name in _LEAVES or (name in _STOP and not (name == "exec" and len(command.words) == 1)):
            return self._leave(name)
        known: dict[str, Callable[[Sequence[Word]], Answer]] = {
            "set": self._set,
            "read": self._read,
            "export": self._export,
            "source": self._source,
            ".": self._source,
            "test": self._test,
            "[": self._test,
            "status": self._status,
            "alias": self._alias,
            "true": lambda _words: True,
            "false": lambda _words: False,
        }
        is_own = name in self._functions and name not in _RESERVED
        return known[name](command.words[1:]) if name in known and not is_own else self._call(name)

    def _unknown(self, command: Command) -> Answer:
        """Do as if a command might run all of its text: `eval`, a pipe to `source`, variables before a command."""
        text = " ".join(self._text[one.start : one.end] for one in command.words)
        self._forget(text, self._setter(command.words[0].start))
        return None

    def _define(self, command: Command) -> Answer:
        """Note a function; one that runs at an event is taken as run."""
        place = self._setter(command.words[0].start)
        name = command.words[1].literal if len(command.words) > 1 else None
        self._functions[name or ""] = command.text, place
        if any((one.plain or "").startswith(_EVENTS) for one in command.words[2:]):
            self._forget(command.text, place)
        return None

    def _call(self, name: str) -> Answer:
        """Mark the variables that a function may set: one of the file, or of the account's own directory."""
        text, place = self._functions.get(name, ("", Setter(Kind.VARIABLE, self._path)))
        if not text and name.isidentifier() and self._view.home:
            text, place = self._autoloaded(name)
        self._forget(text, place)
        return None

    def _alias(self, words: Sequence[Word]) -> Answer:
        said = [one for one in words if not (one.plain or "").startswith("-")]
        text = " ".join(self._text[one.start : one.end] for one in said)
        name = text.replace("=", " ").partition(" ")[0]
        if name and said:
            self._functions[name] = text, self._setter(said[0].start)
        return True

    def _leave(self, what: str) -> Answer:
        """Leave a loop, one turn of it, or the file; if that is unknown, the rest is, too."""
        if not self._variables.uncertain:
            raise _LoopError(what) if what in _LEAVES else _StopError
        self._variables.maybe += 1
        return None

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
            return self._perhaps(None, partial(self._block, command.body))
        before = self._variables.maybe
        with self._scopes.inner():
            for one in words:
                self._view.step()
                self._variables.set(name, Value(one))
                try:
                    self._run(command.body)
                except _LoopError as left:
                    if left.what == "break":
                        break
        self._variables.maybe = before
        return None

    def _source(self, words: Sequence[Word]) -> Answer:
        fields = self._fields(words[:1])
        path = fields[0] if fields else None
        if path is None or not path.startswith("/"):
            if words:  # what a command prints is read
                self._forget(self._text[words[0].start : words[0].end], self._setter(words[0].start))
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
