"""The variables that files of sh, bash and zsh set, without running them.

Assignments, the commands that set variables, conditions about files and variables, loops over words and files, sourced
files, and functions are followed. A command's output is unknown, and so is every value made of it; an `eval` of it is
assumed to set only the names in its text. If a condition is unknown, everything that depends on it is unknown.

Sources: POSIX.1-2017, Shell Command Language 2.8 to 2.14; bash(1), SHELL BUILTIN COMMANDS; zshbuiltins(1).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.effective.model import Setter
from trustinstall_platforms.tools.sessions import conditions, sh_simple, sh_tests
from trustinstall_platforms.tools.sessions.sh_expand import ExpansionError
from trustinstall_platforms.tools.sessions.sh_grammar import read
from trustinstall_platforms.tools.sessions.sh_nodes import (
    Alias,
    AndOr,
    Case,
    Commands,
    For,
    Function,
    Group,
    If,
    Node,
    Pipeline,
    Simple,
    Test,
    While,
)
from trustinstall_platforms.tools.sessions.sh_reading import Reading
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Word

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.instead import Noted
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_DEEPEST = 12  # nested files and functions
_TESTED = frozenset({";;&", ";|"})  # the ends of branches of `case` after which the next patterns are tried


class LeftError(Exception):
    """A loop, function, file or shell was left; the attribute says which."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class Shell(Reading):
    """One shell that reads files one after another; `functions` are those that were defined, by name."""

    def __init__(self, view: View, variables: Variables, dialect: str) -> None:
        super().__init__(view, variables, dialect)
        self.functions: dict[str, Commands] = {}
        self._depth = 0
        self._doubts = 0  # loops that may have been left

    def read(self, path: str) -> bool:
        """Read a file as the shell does; return False if it does not exist. Raises LeftError if the shell ends."""
        text = self.view.text(path)
        if text is None:
            return False
        before = self.variables.maybe, self._doubts
        try:
            self._interpret(text, path)
        except LeftError as left:
            if left.what == "shell":
                raise
        self.variables.maybe, self._doubts = before
        return True

    def replacing(self, *, interactive: bool) -> dict[str, Noted]:
        """Return the functions and aliases that count now: bash expands an alias only if it is interactive."""
        kept = interactive or self.dialect != "bash"
        return {name: one for name, one in self.noted.items() if self._is_called(name, with_aliases=kept)}

    def _is_called(self, name: str, *, with_aliases: bool) -> bool:
        body = self.functions.get(name)
        return body is not None and (with_aliases or not isinstance(body[0].parts[0][1].nodes[0], Alias))

    def evaluate_text(self, text: str, at: int) -> None:
        """Carry out commands that are not written in the file, as those of an alias."""
        self.view.spend(len(text))
        place = self.setter(at)
        self._interpret(text, place.path, place)

    def evaluate(self, words: Sequence[Word], at: int) -> None:
        """Carry out `eval`; if its text is unknown, the variables whose names are assigned in it are unknown."""
        place, texts = self.setter(at), [self.expander.text(one.parts) for one in words]
        known = [one for one in texts if one is not None]
        text = " ".join(known if len(known) == len(texts) else map(self.said, words))
        self.view.spend(len(text))
        if len(known) == len(texts):
            self._interpret(text, place.path, place)
        else:
            self._forget(text, 0, place)

    def _interpret(self, text: str, path: str, place: Setter | None = None) -> None:
        before = self._path, self._scanner, self._place
        said = read(text, zsh=self.dialect == "zsh")
        self._path, self._scanner, self._place = path, said.scanner, place
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                self._forget(text, 0)
                return
            self.run(said.commands)
            if said.lost is not None:
                self._forget(text, said.lost)
        except ExpansionError:
            self.leave("file")
        finally:
            self._depth -= 1
            self._path, self._scanner, self._place = before

    def leave(self, what: str) -> None:
        """Leave a turn or all of a loop, a function or file, or the shell. Raises LeftError.

        If it is unknown whether it is left, its rest is unknown, too.
        """
        if not self.variables.uncertain:
            raise LeftError(what)
        if what == "shell":
            self.variables.over = True
        else:
            self.variables.maybe += 1
            self._doubts += what != "file"

    def call(self, body: Commands, arguments: list[str | None] | None) -> Answer:
        """Run a function."""
        if self._depth > _DEEPEST:
            return None
        before = self.expander.arguments, self.variables.maybe, self._doubts
        self.expander.arguments = arguments
        self._depth += 1
        try:
            with self.scopes.inner():
                return self.run(body)
        except LeftError as left:
            if left.what == "shell":
                raise
            return None
        finally:
            self._depth -= 1
            self.expander.arguments, self.variables.maybe, self._doubts = before

    def run(self, body: Sequence[AndOr]) -> Answer:
        """Run commands; return the answer of the last one."""
        answer: Answer = True
        for one in body:
            answer = self._and_or(one)
        return answer

    def perhaps(self, answer: Answer, body: Callable[[], Answer]) -> Answer:
        """Run commands that depend on an answer: all of them, none, or as uncertain ones."""
        if answer is False:
            return None
        if answer:
            return body()
        self.variables.maybe += 1
        body()
        self.variables.maybe -= 1
        return None

    def _and_or(self, command: AndOr) -> Answer:
        answer: Answer = True
        for operator, pipeline in () if command.apart else command.parts:
            wanted = conditions.negated(answer) if operator == "||" else answer if operator == "&&" else True
            if wanted is False:
                continue
            answer = self._pipeline(pipeline) if wanted else self.perhaps(None, partial(self._pipeline, pipeline))
        return answer

    def _pipeline(self, pipeline: Pipeline) -> Answer:
        self.view.step()
        alone = len(pipeline.nodes) == 1
        if not alone and self.dialect != "zsh":
            return None  # each in a subshell
        answer = self._node(pipeline.nodes[-1])
        answer = answer if alone else None
        return conditions.negated(answer) if pipeline.negated else answer

    def _node(self, node: Node) -> Answer:
        if isinstance(node, Simple):
            return sh_simple.run(self, node)
        if isinstance(node, Function):
            self.functions[node.name] = node.body
            self.note(node.name, node.start, node.end)
            return True
        if isinstance(node, Alias):  # it is run with its words, by `sh_simple`
            return None
        if isinstance(node, Group):
            return self.run(node.body)
        if isinstance(node, Test):
            return sh_tests.answer(self, node)
        if isinstance(node, If):
            return self._if(node)
        if isinstance(node, Case):
            return self._case(node)
        return self._loop(node) if isinstance(node, For | While) else None

    def _if(self, node: If) -> Answer:
        for condition, body in node.branches:
            answer = True if condition is None else self.run(condition)
            if answer is False:
                continue
            if answer:
                return self.run(body)
            return self._uncertain(If(((None, body), *_after(node, body))))
        return True

    def _uncertain(self, node: If) -> Answer:
        """Run every branch that may be chosen."""
        for condition, body in node.branches:
            self.perhaps(None, partial(self.run, (*(condition or ()), *body)))
        return None

    def _case(self, node: Case) -> Answer:
        text = self.expander.text(node.word.parts)
        answer: Answer = True
        tried: Answer = True  # whether the patterns of the next branch are tried
        falls: Answer = False  # whether the branch before goes on with it
        for patterns, body, end in node.branches:
            if tried is False and falls is False:
                break
            matches = conditions.some(self.expander.matches(text, one.parts) for one in patterns)
            runs = conditions.some((falls, conditions.every((tried, matches))))
            if runs is not False:
                answer = self.perhaps(runs, partial(self.run, body))
            falls = runs if end == ";&" else False
            goes_on = conditions.some((tried, runs))
            tried = goes_on if end in _TESTED else conditions.every((tried, conditions.negated(runs)))
        return answer

    def _loop(self, node: For | While) -> Answer:
        before = self._doubts
        try:
            self._turns(node)
        except LeftError as left:
            if left.what != "loop":
                raise
        self.variables.maybe -= self._doubts - before
        self._doubts = before
        return None

    def _turns(self, node: For | While) -> None:
        if isinstance(node, While):
            answer = self.run(node.condition)
            answer = conditions.negated(answer) if node.until else answer
            if answer is not False:
                self.perhaps(None, lambda: self.run(node.body))
            return
        words = self.words(node.words or ()) if node.words is not None else self.expander.arguments
        if words is None:
            self.variables.set(node.name, Value(None))
            self.perhaps(None, lambda: self.run(node.body))
            return
        for one in words:
            self.view.step()
            self.variables.set(node.name, Value(one))
            try:
                self.run(node.body)
            except LeftError as left:
                if left.what != "turn":
                    raise

    def words(self, words: Sequence[Word]) -> list[str | None] | None:
        """Return the words that words become; None if not even their number is known."""
        found: list[str | None] = []
        for one in words:
            fields = self.expander.fields(one.parts)
            if fields is None:
                return None
            found += fields
        return found


def _after(node: If, body: Commands) -> tuple[tuple[Commands | None, Commands], ...]:
    """Return the branches after the one with this body."""
    at = next(number for number, one in enumerate(node.branches) if one[1] is body)
    return node.branches[at + 1 :]
