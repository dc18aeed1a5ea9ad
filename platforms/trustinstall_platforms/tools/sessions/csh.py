"""csh and tcsh: the variables that their files set, as far as that is known without running them.

A file is read from its start to its end. What depends on a condition, a loop or a command's output is unknown. Sources:
tcsh(1), Startup and shutdown, Variable substitution, Builtin commands (setenv, set, source, exit). `exit` leaves only
the file that is read, and an error (a file that is missing, a variable that is not set) ends all files, as tcsh 6.24
shows.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions.instead import Noted
from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_TOKEN = regex(r"(?:[^\s;&|<>()'\"`\\]|\\.|'[^'\n]*'|\"[^\"\n]*\"|`[^`\n]*`)+|[;&|<>()]")
_PIECE = regex(r"'[^']*'|\"[^\"]*\"|\\.|\$\{?[A-Za-z_]\w*\}?|[^'\"\\$]+|.")
_IN_QUOTES = regex(r"\$\{?[A-Za-z_]\w*\}?|[^$]+|.")
_NAME = regex(r"[A-Za-z_]\w*")
_BEGIN, _END = frozenset({"foreach", "while", "switch"}), frozenset({"end", "endif", "endsw"})
_LABELS, _GLOB = frozenset({"case", "default:", "@"}), frozenset("*?[{")
_LEAVES = frozenset({"exit", "exec", "goto", "logout"})
_ENDS = frozenset({";", "&", "|"})
_REFERENCE = regex(r"\$\{?([A-Za-z_]\w*)")
#: Variables of the shell that are always set: tcsh(1), Special shell variables; and some of the environment's.
_SHELL = "argv cwd edit euid gid group home loginsh owd path shell shlvl status tcsh term uid user version"
_ENVIRONMENT = "HOME HOST HOSTTYPE LOGNAME MACHTYPE OSTYPE PATH PWD SHELL SHLVL USER VENDOR"
_QUOTED = regex(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\\.|\$[?#{]")
_DEEPEST = 12  # files that read each other


class _LeftError(Exception):
    """The file was left."""


class EndedError(Exception):
    """An error ended the files of the shell."""


class Csh:
    """One shell that reads files one after another."""

    def __init__(self, view: View, variables: Variables) -> None:
        self._view, self._variables = view, variables
        known = {"home": view.home or None, "user": view.host.account.name}
        self._own: dict[str, str | None] = dict.fromkeys(_SHELL.split()) | known
        for name in _ENVIRONMENT.split():
            if variables.get(name) is None:
                variables.set(name, Value(None))
        self.noted: dict[str, Noted] = {}  # the last definition of each alias
        self._path, self._depth = "", 0
        self._builtins: dict[str, Callable[[Sequence[str], Setter], None]] = {
            "alias": self._alias,
            "eval": lambda words, place: self._forget(" ".join(words), place),
            "set": self._set,
            "setenv": self._setenv,
            "source": self._source,
            "unalias": self._unalias,
            "unsetenv": self._unsetenv,
        }

    def read(self, path: str) -> None:
        """Read a file, if there is one. Raises EndedError and ExhaustedError."""
        text = self._view.text(path)
        if text is None or self._depth > _DEEPEST:
            return
        before, self._path = (self._path, self._variables.maybe), path
        self._depth += 1
        try:
            for number, line in _lines(text):
                self._view.step()
                self._line(line, Setter(Kind.VARIABLE, path, number), before[1])
        except _LeftError:
            pass
        finally:
            self._depth -= 1
            self._path, self._variables.maybe = before

    def _line(self, line: str, place: Setter, outside: int) -> None:
        tokens, rest = _TOKEN.findall(line), _TOKEN.sub("", line).strip()
        if rest:  # quotes that do not end
            self._perhaps(partial(self._forget, line, place))
            self._fails(certain=False)
            return
        first = tokens[0] if tokens else ""
        if first == "foreach":
            self._own.update(dict.fromkeys(tokens[1:2]))
        self._look(line)
        if first in _END:
            self._variables.maybe = max(outside, self._variables.maybe - 1)
        elif first in _BEGIN:
            self._variables.maybe += 1
            self._look_for_patterns(tokens)
        elif first == "if" or tokens[:2] == ["else", "if"]:
            self._if(tokens[tokens.index("if") + 1 :], place, more=first == "else")
        else:
            self._commands(tokens, place)

    def _if(self, tokens: Sequence[str], place: Setter, *, more: bool) -> None:
        body = _behind_parentheses(tokens)
        if list(body) != ["then"]:
            self._perhaps(partial(self._commands, body, place))
        elif not more:
            self._variables.maybe += 1

    def _commands(self, tokens: Sequence[str], place: Setter) -> None:
        """Carry out commands with ";" between them; a command behind another operator may not run."""
        words: list[str] = []
        doubt = False
        for one in (*tokens, ";"):
            if one not in _ENDS:
                words.append(one)
                continue
            if doubt or one != ";":
                self._perhaps(partial(self._command, tuple(words), place))
            else:
                self._command(words, place)
            words, doubt = [], one != ";"

    def _command(self, words: Sequence[str], place: Setter) -> None:
        name, rest = (words[0].lstrip("\\"), words[1:]) if words else ("", ())
        if name not in _LABELS:
            self._look_for_patterns(rest)
        if name in _LEAVES:
            self._leave()
        elif name in self._builtins and rest:
            self._builtins[name](rest, place)

    def _leave(self) -> None:
        if not self._variables.uncertain:
            raise _LeftError
        self._variables.maybe += 1  # the rest of the file is unknown; `read` restores it

    def _setenv(self, words: Sequence[str], place: Setter) -> None:
        raw = words[1] if len(words) > 1 else ""
        self._variables.set(words[0], Value(self._expanded(raw), place, raw), export=True)

    def _unsetenv(self, words: Sequence[str], _place: Setter) -> None:
        for one in words:
            self._variables.unset(one)

    def _alias(self, words: Sequence[str], place: Setter) -> None:
        if len(words) > 1:
            self.noted[words[0]] = Noted(" ".join(words[1:]), place)

    def _unalias(self, words: Sequence[str], _place: Setter) -> None:
        self.noted = {one: said for one, said in self.noted.items() if one not in words}

    def _set(self, words: Sequence[str], _place: Setter) -> None:
        name, equals, value = "".join(words).partition("=")
        if _NAME.fullmatch(name):
            is_word = equals and "(" not in value and not self._variables.uncertain
            self._own[name] = self._expanded(value) if is_word else None

    def _source(self, words: Sequence[str], _place: Setter) -> None:
        path = self._expanded(words[-1])
        if path is None and self._path.startswith("/etc/"):
            return  # of Debian's directories, which the table names
        if path is None or not path.startswith("/"):
            self._fails(certain=False)
        elif self._view.readable(path):
            self.read(path)
        else:
            self._fails(certain=True)

    def _look(self, line: str) -> None:
        """Look whether a line is in error: it may be so in a part that does not run."""
        if any(one not in self._own and not self._variables.is_certain(one) for one in _REFERENCE.findall(line)):
            self._fails(certain=False)

    def _look_for_patterns(self, words: Sequence[str]) -> None:
        """Look whether a word is a pattern: one that no file matches is an error."""
        if any(not _GLOB.isdisjoint(_QUOTED.sub("", one)) for one in words):
            self._fails(certain=False)

    def _fails(self, *, certain: bool) -> None:
        """Note an error: no file is read any more. Raises EndedError."""
        if certain and not self._variables.uncertain:
            raise EndedError
        self._variables.over = True

    def _perhaps(self, body: Callable[[], None]) -> None:
        self._variables.maybe += 1
        body()
        self._variables.maybe -= 1

    def _forget(self, text: str, place: Setter) -> None:
        """Mark each variable that a text may set as unknown."""
        words = _NAME.findall(text)
        for before, name in pairwise(words):
            if before == "setenv":
                self._variables.set(name, Value(None, place, text), export=True)

    def _expanded(self, word: str) -> str | None:
        """Return the text that a word becomes, or None if only the shell would know it."""
        if word[:1] == "~":
            home = self._own["home"]
            if home is None or word[1:2] not in {"", "/"}:
                return None
            word = f"{home}{word[1:]}" if _PIECE.fullmatch(home) else word
        found = [self._piece(one) for one in _PIECE.findall(word)]
        return None if None in found else "".join(one or "" for one in found)

    def _piece(self, piece: str) -> str | None:
        if piece[0] == "'":
            return piece[1:-1]
        if piece[0] == '"':
            inner = [self._value(one) if one[0] == "$" else one for one in _IN_QUOTES.findall(piece[1:-1])]
            return None if None in inner or "`" in piece else "".join(one or "" for one in inner)
        if piece[0] == "\\":
            return piece[1:]
        if piece[0] == "$":
            return self._value(piece)
        return None if any(one in piece for one in "*?[{!^`") else piece

    def _value(self, reference: str) -> str | None:
        name = reference.strip("${}")
        if name in self._own:
            return self._own[name]
        found = self._variables.get(name)
        return found.text if found is not None else None


def _behind_parentheses(tokens: Sequence[str]) -> Sequence[str]:
    depth = 0
    for at, one in enumerate(tokens):
        depth += (one == "(") - (one == ")")
        if depth == 0:
            return tokens[at + 1 :] if one == ")" else tokens
    return ()


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines without comments, with their numbers; a backslash at the end joins the next one."""
    held, first = "", 1
    for number, line in enumerate(text.split("\n"), 1):
        first = first if held else number
        if line.endswith("\\"):
            held += f"{line[:-1]} "
            continue
        whole, held = (held + line).strip(), ""
        if whole and not whole.startswith("#"):
            yield first, whole
