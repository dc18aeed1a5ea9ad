"""Built-in commands of the shell that set options, answer conditions, read files or leave.

Sources: POSIX.1-2017, Shell Command Language 2.14; bash(1), SHELL BUILTIN COMMANDS; zshbuiltins(1).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions import conditions, sh_declare
from trustinstall_platforms.tools.sessions.sh_nodes import Alias, alone
from trustinstall_platforms.tools.sessions.values import Value

_DIRECTORY = "PWD"

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.sh_run import Shell
    from trustinstall_platforms.tools.sessions.words import Word

    Builtin = Callable[[Shell, Sequence[Word], int], Answer]


def _set(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    texts = [one.plain or "" for one in words[1:]]
    for number, text in enumerate(texts):
        if text[:1] not in {"-", "+"} or text in {"-", "--"}:
            shell.expander.arguments = None
            break
        option = "".join(texts[number + 1 : number + 2]) if text[1:] == "o" else ""
        if "a" in text[1:] or option == "allexport":
            shell.variables.everything = text[0] == "-"
        if "u" in text[1:] or option == "nounset":
            shell.variables.strict = text[0] == "-" and not shell.variables.uncertain
        if option:
            break
    return True


def _setopt(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    names = {(one.plain or "").lower().replace("_", "") for one in words[1:]}
    if "allexport" in names:
        shell.variables.everything = words[0].plain == "setopt"
    return True


def _cd(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    said = [one for one in words[1:] if not (one.plain or "").startswith("-")]
    path = shell.expander.value("HOME") if not said else shell.expander.text(said[0].parts)
    if "-" in {one.plain for one in words} or path is None:
        shell.variables.set(_DIRECTORY, Value(None))
        return None
    path = _below(shell, path)
    answer = conditions.about(shell.view, "-d", path)
    if answer is not False:
        shell.variables.set(_DIRECTORY, Value(path))
    return answer


def _below(shell: Shell, path: str) -> str | None:
    """Return a path below the current directory; None if that is unknown, as it is until the first `cd`."""
    if path.startswith("/"):
        return posixpath.normpath(path)
    directory = shell.expander.value(_DIRECTORY)
    return posixpath.normpath(f"{directory}/{path}") if directory else None


def _source(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    fields = shell.expander.fields(words[1].parts) if len(words) > 1 else None
    said = fields[0] if fields else None
    if said is None:
        if len(words) > 1 and shell.said(words[1]).startswith(("<(", "=(")):
            shell.forget(shell.said(words[1]), shell.setter(at))  # what a command prints
        return None
    path = _below(shell, said)
    if path is None:  # a login begins in the home, a terminal anywhere
        shell.perhaps(None, lambda: shell.read(posixpath.join(shell.view.home, said)))
        return None
    if shell.read(path):
        return None
    if not said.startswith("/") or said.startswith("/dev/"):
        return None  # it may be in PATH; or it is what the command reads
    if shell.dialect == "sh":
        shell.leave("shell")  # POSIX 2.8.1: a special built-in's error ends a non-interactive shell
    return False


def _eval(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    shell.evaluate(words[1:], at)
    return None


def _test(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    found: list[str | None] = []
    for one in words[1:]:
        fields = shell.expander.fields(one.parts)
        if fields is None:
            return None
        found += fields
    if words[0].plain == "[":
        found = found[:-1]
    return conditions.test(shell.view, found)


def _read(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    for one in words[1:]:
        name = one.plain or ""
        if name.isidentifier():
            shell.variables.set(name, Value(None, shell.setter(at), shell.said(one)))
    return None


def _named(at: slice) -> Builtin:
    """Return a command that sets the variables that some of its words name."""

    def set_them(shell: Shell, words: Sequence[Word], place: int) -> Answer:
        return _read(shell, (words[0], *words[at]), place)

    return set_them


def _let(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    for one in words[1:]:
        shell.forget(shell.said(one), shell.setter(at))
    return None


def _alias(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    for one in words[1:]:
        name, equals, text = (shell.expander.text(one.parts) or "").partition("=")
        if equals:
            shell.functions[name] = alone(Alias(text))
            shell.note(name, one.start + len(name) + 1, one.end)
    return True


def _unalias(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    for name in (one.literal or "" for one in words[1:]):
        body = shell.functions.get(name)
        if body is not None and isinstance(body[0].parts[0][1].nodes[0], Alias):
            del shell.functions[name]
    return True


def _emulate(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    if [one.plain for one in words[2:3]] == ["-c"]:
        shell.evaluate(words[3:], at)
    return None


def _printf(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    if len(words) > 1 and words[1].plain == "-v":
        _read(shell, words[:3], at)
    return True


def _leaves(what: str) -> Builtin:
    def leave(shell: Shell, _words: Sequence[Word], _at: int) -> Answer:
        shell.leave(what)
        return None

    return leave


def _exec(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    if len(words) > 1:
        shell.leave("shell")
    return True


def _answers(answer: Answer) -> Builtin:
    return lambda _shell, _words, _at: answer


def _shift(shell: Shell, _words: Sequence[Word], _at: int) -> Answer:
    if shell.variables.maybe:
        shell.expander.arguments = None
    elif shell.expander.arguments:
        shell.expander.arguments = shell.expander.arguments[1:]
    return True


BUILTINS: dict[str, Builtin] = {
    "export": sh_declare.export,
    "declare": sh_declare.declare,
    "typeset": sh_declare.declare,
    "local": sh_declare.declare,
    "readonly": sh_declare.readonly,
    "unset": sh_declare.unset,
    "cd": _cd,
    "pushd": _cd,
    "popd": lambda shell, _words, _at: shell.variables.set("PWD", Value(None)),
    "getopts": _named(slice(2, 3)),
    "mapfile": _named(slice(1, None)),
    "readarray": _named(slice(1, None)),
    "vared": _named(slice(1, None)),
    "let": _let,
    "unalias": _unalias,
    "emulate": _emulate,
    "set": _set,
    "setopt": _setopt,
    "unsetopt": _setopt,
    ".": _source,
    "source": _source,
    "eval": _eval,
    "test": _test,
    "[": _test,
    "read": _read,
    "printf": _printf,
    "return": _leaves("file"),
    "exit": _leaves("shell"),
    "logout": _leaves("shell"),
    "break": _leaves("loop"),
    "continue": _leaves("turn"),
    "exec": _exec,
    "shift": _shift,
    ":": _answers(answer=True),
    "true": _answers(answer=True),
    "false": _answers(answer=False),
    "echo": _answers(answer=True),
    "alias": _alias,
    "trap": _answers(answer=True),
    "umask": _answers(answer=True),
}
#: Commands that a shell does not have.
LACKING = {
    "sh": frozenset(
        {"declare", "typeset", "setopt", "unsetopt", "source", "builtin", "pushd", "popd", "let", "emulate"}
    ),
    "bash": frozenset({"setopt", "unsetopt", "emulate", "vared"}),
    "zsh": frozenset({"mapfile", "readarray"}),
}
#: Commands whose assignments before them outlive them in a shell that follows POSIX (2.14).
SPECIAL = frozenset({".", ":", "eval", "exec", "export", "readonly", "return", "set", "shift", "trap", "unset"})
