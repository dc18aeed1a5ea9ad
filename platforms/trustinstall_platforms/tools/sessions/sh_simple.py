"""A simple command of the shell: the assignments before it, and the alias, function or built-in command that it names.

Sources: POSIX.1-2017, Shell Command Language 2.3.1, 2.9.1, 2.14; bash(1), SIMPLE COMMAND EXPANSION, ALIASES;
zshmisc(1).
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions.sh_builtins import BUILTINS, LACKING, SPECIAL
from trustinstall_platforms.tools.sessions.sh_nodes import Alias
from trustinstall_platforms.tools.sessions.words import Expand, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.sh_nodes import Simple
    from trustinstall_platforms.tools.sessions.sh_run import Shell
    from trustinstall_platforms.tools.sessions.words import Word

#: Words before a command; `command` of zsh starts only programs.
_BEFORE = {
    "sh": frozenset({"command"}),
    "bash": frozenset({"builtin", "command"}),
    "zsh": frozenset({"builtin", "noglob"}),
}
#: Commands that see the assignments before them, beside functions.
_SEEING = frozenset({".", "source", "eval"})
#: Reserved words of zsh 5.9: a function of that name is not called.
_RESERVED = frozenset({"declare", "export", "local", "readonly", "typeset"})


def run(shell: Shell, node: Simple) -> Answer:
    """Carry out a command; return its answer."""
    if not node.words:
        for one in node.assignments:
            shell.assign(one)
        return True
    first = node.words[0]
    name = shell.expander.text(first.parts)
    if name is None:
        return None
    is_variable = not any(isinstance(one, Literal) or one.quoted for one in first.parts)
    if is_variable and " " in name and shell.dialect != "zsh":
        shell.forget(name + shell.said_all(node.words[1:]), shell.setter(node.at))  # a variable of several words
        return None
    words, is_plain = node.words, first.plain is not None
    while name in _BEFORE[shell.dialect] and len(words) > 1 and words[1].plain not in {"-v", "-V"}:
        words, name, is_plain = words[1:], shell.expander.text(words[1].parts), False
    return _with_assignments(
        shell, node, name or "", partial(_named, shell, name or "", words, node.at, is_plain=is_plain)
    )


def _with_assignments(shell: Shell, node: Simple, name: str, body: partial[Answer]) -> Answer:
    """Run a command behind its assignments, which most commands hand to their program alone."""
    if shell.dialect == "sh" and name in SPECIAL:
        for one in node.assignments:
            shell.assign(one)
        return body()
    if not node.assignments or (name not in shell.functions and name not in _SEEING):
        return body()
    with shell.scopes.inner():
        for one in node.assignments:
            shell.scopes.local(shell.said(one).partition("=")[0].rstrip("+"))
            shell.assign(one, export=True)
        return body()


def _named(shell: Shell, name: str, words: Sequence[Word], at: int, *, is_plain: bool) -> Answer:
    """Run the alias, function or built-in command of that name, in the order in which shells look for it."""
    body = shell.functions.get(name)
    alias = body[0].parts[0][1].nodes[0] if body else None
    if isinstance(alias, Alias):
        return _by_alias(shell, name, alias, words, at) if is_plain else _built_in(shell, name, words, at)
    if body is not None and not (shell.dialect == "zsh" and name in _RESERVED):
        return shell.call(body, shell.words(words[1:]))
    return _built_in(shell, name, words, at)


def _by_alias(shell: Shell, name: str, alias: Alias, words: Sequence[Word], at: int) -> Answer:
    """Run an alias, which counts from the line after its definition on, and in bash if an option says so."""
    text = alias.text + shell.said_all(words[1:])
    kept = shell.functions.pop(name)  # an alias is not expanded in its own text
    try:
        shell.perhaps(None, lambda: _built_in(shell, name, words, at))
        shell.perhaps(None, lambda: shell.evaluate_text(text, at))
    finally:
        shell.functions[name] = kept
    return None


def _built_in(shell: Shell, name: str, words: Sequence[Word], at: int) -> Answer:
    if name in LACKING[shell.dialect]:
        return False
    if name == "command" and shell.dialect == "zsh":
        return None
    known = BUILTINS.get(name)
    if known is not None and name not in {":", "true", "false", "echo"}:
        return known(shell, words, at)
    _expand(shell, words[1:])
    return known(shell, words, at) if known is not None else None


def _expand(shell: Shell, words: Sequence[Word]) -> None:
    """Expand the words of another command if that sets a variable: `${NAME:=value}`."""
    for one in words:
        if any(isinstance(part, Expand) and part.operator[-1:] in {"=", "?"} for part in one.parts):
            shell.expander.text(one.parts)
