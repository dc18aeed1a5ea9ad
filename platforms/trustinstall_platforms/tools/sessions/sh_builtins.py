"""Built-in commands of the shell that set variables, answer conditions, read files or leave.

Sources: POSIX.1-2017, Shell Command Language 2.14; bash(1), SHELL BUILTIN COMMANDS; zshbuiltins(1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions import conditions
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall_platforms.tools.sessions.conditions import Answer
    from trustinstall_platforms.tools.sessions.sh_run import Shell
    from trustinstall_platforms.tools.sessions.words import Word

    Builtin = Callable[[Shell, Sequence[Word], int], Answer]


def _export(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    return _declared(shell, words, at, flags={"x"})


def _declare(shell: Shell, words: Sequence[Word], at: int) -> Answer:
    return _declared(shell, words, at, flags=set())


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
        if "x" in off or "n" in flags:
            shell.variables.keep(name)
    return True


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


def _unset(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    if "-f" in {one.plain for one in words}:
        return True
    for word in words[1:]:
        for text in shell.expander.fields(word.parts) or []:
            if text and not text.startswith("-"):
                shell.variables.unset(text)
    return True


def _set(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    texts = [one.plain or "" for one in words[1:]]
    for number, text in enumerate(texts):
        if text[:1] not in {"-", "+"} or text in {"-", "--"}:
            shell.expander.arguments = None
            break
        if "a" in text[1:] or (text[1:] == "o" and texts[number + 1 : number + 2] == ["allexport"]):
            shell.variables.everything = text[0] == "-"
        if text[1:] == "o":
            break
    return True


def _setopt(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    names = {(one.plain or "").lower().replace("_", "") for one in words[1:]}
    if "allexport" in names:
        shell.variables.everything = words[0].plain == "setopt"
    return True


def _source(shell: Shell, words: Sequence[Word], _at: int) -> Answer:
    fields = shell.expander.fields(words[1].parts) if len(words) > 1 else None
    path = fields[0] if fields else None
    if path is None or not path.startswith("/"):
        return None
    if shell.read(path):
        return None
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
    "export": _export,
    "declare": _declare,
    "typeset": _declare,
    "local": _declare,
    "readonly": _declare,
    "unset": _unset,
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
    "alias": _answers(answer=True),
    "trap": _answers(answer=True),
    "umask": _answers(answer=True),
}
#: Commands that dash does not have.
NOT_IN_SH = frozenset({"declare", "typeset", "setopt", "unsetopt", "source"})
