"""Commands of sh, bash and zsh as values. Sources: as in `sh_grammar`."""

from __future__ import annotations

from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.sessions.words import Word


class Simple(NamedTuple):
    """Assignments, and then the words of a command, if there is one."""

    assignments: tuple[Word, ...]
    words: tuple[Word, ...]
    at: int


class Test(NamedTuple):
    """`[[ … ]]`: its words, and its operators as text."""

    words: tuple[Word | str, ...]


class If(NamedTuple):
    """Conditions, each with its commands; the last condition is None for `else`."""

    branches: tuple[tuple[Commands | None, Commands], ...]


class For(NamedTuple):
    """A loop over words; None for the arguments."""

    name: str
    words: tuple[Word, ...] | None
    body: Commands


class While(NamedTuple):
    """A loop while a condition holds (or `until`)."""

    condition: Commands
    body: Commands
    until: bool


class Branch(NamedTuple):
    """Patterns with their commands, and what follows them: ";;" nothing, ";&" the next branch, ";;&" the next test."""

    patterns: tuple[Word, ...]
    body: Commands
    end: str


class Case(NamedTuple):
    """A word, and the branches."""

    word: Word
    branches: tuple[Branch, ...]


class Group(NamedTuple):
    """Commands between braces."""

    body: Commands


class Apart(NamedTuple):
    """Commands that leave no variable: a subshell, arithmetic."""


class Function(NamedTuple):
    """A definition; `start` and `end` are its places in the text."""

    name: str
    body: Commands
    start: int
    end: int


class Alias(NamedTuple):
    """The text that an alias stands for."""

    text: str


Node = Simple | Test | If | For | While | Case | Group | Apart | Function | Alias


class Pipeline(NamedTuple):
    """Commands with pipes between them."""

    nodes: tuple[Node, ...]
    negated: bool


class AndOr(NamedTuple):
    """Pipelines, each with the operator before it ("" for the first), and whether the shell does not wait for them."""

    parts: tuple[tuple[str, Pipeline], ...]
    apart: bool


Commands = tuple[AndOr, ...]


def alone(node: Node) -> Commands:
    """Return commands of one node."""
    return (AndOr((("", Pipeline((node,), negated=False)),), apart=False),)
