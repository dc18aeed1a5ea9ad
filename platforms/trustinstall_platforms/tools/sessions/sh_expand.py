"""The expansion of words of sh, bash and zsh: to one text, to words, or to a pattern; None if it cannot be known.

Sources: POSIX.1-2017, Shell Command Language 2.6, 2.13; bash(1), EXPANSION; zshexpn(1): zsh splits no variable.
"""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING

from trustinstall.facts.numbers import whole
from trustinstall.patterns import regex
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.words import Expand, Literal, Part, Parts, Unknown

if TYPE_CHECKING:
    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_LONGEST = 16 * 1024  # characters of a value
_LONGEST_PATTERN, _LONGEST_MATCHED = 256, 4096
_PATTERN = regex(r"[*?\[]")
_BRACES = regex(r"\{(?:[^{},.]|\.(?!\.))*(?:,|\.\.)")
_SPECIAL = regex(r"([*?\[])")
_IFS = " \t\n"  # POSIX 2.5.3
_QUALIFIER = regex(r"\([A-Za-z.@/,-]*\)")  # zshexpn(1), Glob Qualifiers: no error without a match, only files
#: Variables that a session has from its terminal, desktop or machine: no file here sets them.
_OUTSIDE = regex(
    r"[0-9@*#?$!]|PATH|TERM.*|COLORTERM|DISPLAY|WAYLAND_.*|SSH_.*|LANG|LANGUAGE|LC_.*|XDG_(?:RUNTIME|SE|CURRENT|VTNR).*"
    r"|DESKTOP_SESSION|GDMSESSION|DBUS_.*|PWD|OLDPWD|SHLVL|RANDOM|SECONDS|HOSTNAME|HOSTTYPE|MACHTYPE|OSTYPE|PPID|TMUX.*"
    r"|STY|VSCODE_.*|SUDO_.*|WSL.*|MAIL|INSIDE_EMACS|EPOCH.*|LINES|COLUMNS|TTY|HOST|CPUTYPE|VENDOR|DIRSTACK|FPATH|IFS"
)


class ExpansionError(Exception):
    """A word cannot be expanded, which ends the reading of the file."""


class NothingMatchesError(ExpansionError):
    """A pattern of zsh names no file."""


class Expander:
    """Expands words with the variables of one shell."""

    def __init__(self, view: View, variables: Variables, dialect: str) -> None:
        """`dialect` is "sh", "bash", "zsh" or "fish"; the last two split no variable."""
        self._view, self._variables = view, variables
        self._splits, self._zsh = dialect in {"sh", "bash"}, dialect == "zsh"
        self._braces = dialect in {"bash", "zsh"}
        self.arguments: list[str | None] | None = None  # of the function or file that is run; None if not known

    def text(self, parts: Parts, *, assigned: bool = False) -> str | None:
        """Return a word as one text; `assigned` expands a tilde after each colon, too."""
        self._view.step()
        if len(parts) == 1 and isinstance(parts[0], Literal) and "~" not in parts[0].text:  # most words
            return parts[0].text if len(parts[0].text) <= _LONGEST else None
        found: list[str] = []
        for number, part in enumerate(parts):
            piece = self._piece(part)
            if piece is not None and "~" in piece and isinstance(part, Literal) and not part.quoted:
                piece = self._tilde(piece, first=number == 0, last=number == len(parts) - 1, assigned=assigned)
            if piece is None:
                return None
            found.append(piece)
        text = "".join(found)
        return text if len(text) <= _LONGEST else None

    def fields(self, parts: Parts) -> list[str | None] | None:
        """Return the words that a word becomes; None if not even their number is known."""
        if self.has_braces(parts):
            return None
        if self._splits and not any(isinstance(one, Literal) or one.quoted for one in parts):
            return self._split(parts)
        if self._zsh and len(parts) > 1 and isinstance(parts[-1], Unknown) and _QUALIFIER.fullmatch(parts[-1].text):
            return list(self._view.matching(self.pattern(parts[:-1]) or ""))
        text = self.text(parts)
        if text is None:
            counts = all(one.quoted or isinstance(one, Literal) for one in parts)
            return [None] if counts else None
        if any(isinstance(one, Literal) and not one.quoted and _PATTERN.search(one.text) for one in parts):
            found = list(self._view.matching(self.pattern(parts) or ""))
            if not found and self._zsh:
                raise NothingMatchesError
            return [*found] or ([text] if self._splits else [])
        return [text]

    def has_braces(self, parts: Parts) -> bool:
        """Whether braces make several words of a word: `{a,b}`, `{1..3}`."""
        if not self._braces:
            return False
        said = "".join([one.text if isinstance(one, Literal) and not one.quoted else "x" for one in parts])
        return "{" in said and _BRACES.search(said) is not None

    def pattern(self, parts: Parts) -> str | None:
        """Return a pattern for fnmatch(3): quoted text, and text from a variable, is literal."""
        found: list[str] = []
        for number, part in enumerate(parts):
            piece = self.text((part,)) if number == 0 else self._piece(part)
            if piece is None:
                return None
            is_plain = isinstance(part, Literal) and not part.quoted
            found.append(piece if is_plain else _SPECIAL.sub(r"[\1]", piece))
        return "".join(found)

    def matches(self, text: str | None, parts: Parts) -> bool | None:
        """Return whether a text matches a pattern; None if that is not known."""
        pattern = self.pattern(parts)
        if text is None or pattern is None:
            return True if pattern == "*" else None
        if any(isinstance(one, Literal) and not one.quoted and re.search(r"[()|^#~]", one.text) for one in parts):
            return None  # patterns that only some shells have
        if len(pattern) > _LONGEST_PATTERN or len(text) > _LONGEST_MATCHED:
            return None
        return fnmatch.fnmatchcase(text, pattern)

    def value(self, name: str) -> str | None:
        """Return a variable's text, "" if it is not set; None if it cannot be known."""
        place = whole(name)
        if place and self.arguments is not None:
            return self.arguments[place - 1] if place <= len(self.arguments) else ""
        found = self._variables.get(name)
        if found is not None:
            return found.text
        if _OUTSIDE.fullmatch(name):
            return None
        if self._variables.strict:
            raise ExpansionError
        return ""

    def _split(self, parts: Parts) -> list[str | None] | None:
        """Return the words of variables that are not quoted: they are split at blanks."""
        text, separators = self.text(parts), self._variables.get("IFS")
        if text is None or (text and separators is not None and separators.text != _IFS):
            return None
        return [one for word in text.split() for one in self._named(word)]

    def _named(self, word: str) -> list[str]:
        """Return the files that a pattern names, or the pattern if there are none."""
        return (self._view.matching(word) if _PATTERN.search(word) else []) or [word]

    def _piece(self, part: Part) -> str | None:
        if isinstance(part, Literal):
            return part.text
        return self._expanded(part) if isinstance(part, Expand) else None

    def _expanded(self, part: Expand) -> str | None:
        self._view.step()
        kind, known = part.operator[-1:], self._variables.get(part.name)
        value = self.value(part.name) if not kind or known is not None or _OUTSIDE.fullmatch(part.name) else ""
        if not kind:
            return value
        is_set = known is not None
        if value is None:
            return None
        filled = bool(value) if part.operator.startswith(":") else is_set
        if kind == "+":
            return self.text(part.word) if filled else ""
        if filled:
            return value
        if kind == "?":
            if self._splits:
                raise ExpansionError
            return None
        other = self.text(part.word)
        if kind == "=":
            self._variables.set(part.name, Value(other))
        return other

    def _tilde(self, text: str, *, first: bool, last: bool, assigned: bool) -> str | None:
        pieces = text.split(":") if assigned else [text]
        for number, piece in enumerate(pieces):
            ended = last or number < len(pieces) - 1 or "/" in piece
            if piece.startswith("~") and (first or number > 0) and ended:
                home = self._home(piece.partition("/")[0])
                if home is None:
                    return None
                pieces[number] = home + piece[len(piece.partition("/")[0]) :]
        return ":".join(pieces)

    def _home(self, tilde: str) -> str | None:
        """Return the home for `~` or `~name`."""
        if tilde == "~":
            return self.value("HOME")
        return "/root" if tilde == "~root" else None
