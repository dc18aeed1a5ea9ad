"""Built-in commands of the shell that declare variables: their values, attributes and scopes.

Sources: POSIX.1-2017, Shell Command Language 2.14; bash(1), SHELL BUILTIN COMMANDS; zshbuiltins(1). The attributes by
which bash and zsh change each assigned value (upper case, numbers, references) make the value unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.sh_run import Shell
    from trustinstall_platforms.tools.sessions.words import Word

#: Options that give a variable such an attribute.
_ALTERING = {"bash": frozenset("uliCcn"), "zsh": frozenset("uliFELRZ"), "sh": frozenset[str]()}
#: The options of `export`: another one is an error, and nothing is set.
_EXPORTING = {"bash": frozenset("fnp"), "sh": frozenset("p"), "zsh": frozenset("EFLRTUZfilprtu")}
_REFERENCE = "n"


def export(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    """Carry out `export`."""
    options = {letter for one in words[1:] if (one.plain or "").startswith("-") for letter in (one.plain or "")[1:]}
    if not options - {"-"} <= _EXPORTING[shell.dialect]:
        return False
    return _declared(shell, words, at, flags={"x"})


def declare(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    """Carry out `declare`, `typeset`, `local`."""
    if words[0].plain == "local" and shell.dialect == "bash" and not shell.scopes.entered:
        return False
    return _declared(shell, words, at, flags=set())


def readonly(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    """Carry out `readonly`."""
    return _declared(shell, words, at, flags={"r"})


def unset(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    """Carry out `unset`."""
    functions = "-f" in {one.plain for one in words}
    for word in words[1:]:
        for text in shell.expander.fields(word.parts) or []:
            if not text or text.startswith("-"):
                continue
            if functions:
                shell.functions.pop(text, None)
            elif not shell.refuses(text):
                shell.variables.unset(text)
    return True


def _declared(shell: Shell, words: Sequence[Word], at: int, *, flags: set[str]) -> Answer:
    off: set[str] = set()
    command, rest = words[0].plain, list(words[1:])
    while rest and (option := rest[0].plain or "")[:1] in {"-", "+"} and option[:1]:
        (flags if option[0] == "-" else off).update(option[1:])
        rest.pop(0)
    if "f" in flags or "F" in flags:
        return True
    local = "g" not in flags and _is_local(command, shell, export="x" in flags)
    for word in rest:
        name = _name_in(word)
        if local:
            _make_local(shell, name, valued="=" in shell.said(word))
        elif "g" in flags and shell.dialect == "bash" and shell.scopes.hides(name):
            shell.scopes.outer(name, Value(None, shell.setter(at)), export="x" in flags)
            continue
        _declare_one(shell, word, at, export="x" in flags)
        if "x" in off or (command == "export" and _REFERENCE in flags):
            shell.variables.keep(name)
        if name and command != "export":
            _set_attributes(shell, name, flags, at)
    return True


def _set_attributes(shell: Shell, name: str, flags: set[str], at: int) -> None:
    """Give a variable its attributes."""
    if flags & _ALTERING[shell.dialect]:
        target = shell.variables.get(name)
        if _REFERENCE in flags and target is not None and target.text:  # an assignment to the reference changes it
            shell.variables.set(target.text, Value(None, shell.setter(at)))
            shell.variables.alter(target.text)
        shell.variables.alter(name)
    if "r" in flags:
        shell.variables.fix(name)


def _is_local(command: str | None, shell: Shell, *, export: bool) -> bool:
    """Whether a command declares variables of the function that is run."""
    if command == "local" or shell.dialect != "zsh":
        return command in {"local", "declare", "typeset"}
    return command != "export" and not export  # by GLOBAL_EXPORT an exported variable outlives the function


def _name_in(word: Word) -> str:
    """Return the declared name; "" if an expansion makes it."""
    first = word.parts[0]
    return first.text.partition("=")[0].rstrip("+") if isinstance(first, Literal) else ""


def _make_local(shell: Shell, name: str, *, valued: bool) -> None:
    """Begin a local variable; without a value it is unset in bash, empty in zsh, and unchanged in dash."""
    if not name or not shell.scopes.local(name) or valued:
        return
    if shell.dialect == "bash":
        shell.variables.unset(name)
    elif shell.dialect == "zsh":
        shell.variables.set(name, Value(""))


def _declare_one(shell: Shell, word: Word, at: int, *, export: bool) -> None:
    if shell.dialect == "bash" and shell.expander.has_braces(word.parts):  # bash(1), Brace Expansion: not for NAME=
        shell.variables.set(_name_in(word), Value(None, shell.setter(at), shell.said(word)), export=export)
        return
    if shell.dialect == "zsh" and shell.said(word).partition("=")[0].endswith("+"):
        return  # zsh 5.9 appends only without such a command
    if shell.assign(word, export=export) is not None:
        return
    fields = shell.expander.fields(word.parts) or []
    for text in fields:
        left, equals, value = (text or "").partition("=")
        if equals:
            shell.variables.set(left, Value(value, shell.setter(at), value), export=export)
        elif export and left:
            if shell.dialect == "zsh" and shell.variables.get(left) is None:
                # zsh 5.9 exports an empty one after the second such line, and none after the first.
                shell.variables.set(left, Value(None, shell.setter(at)))
            shell.variables.export(left)
