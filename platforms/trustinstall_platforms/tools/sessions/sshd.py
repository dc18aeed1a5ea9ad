"""Variables that sshd gives to the sessions that it starts: the account's file comes first, the administrator's last.

Sources: sshd_config(5), SetEnv, PermitUserEnvironment, Include; sshd(8), LOGIN PROCESS and ~/.ssh/environment.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_CONFIG, _OWN = "/etc/ssh/sshd_config", ".ssh/environment"
_WORD = regex(r"(?:[^\s\"]|\"[^\"]*\")+")
_DEEPEST = 4  # nested includes


class _Line(NamedTuple):
    """A setting: its keyword in lower case, its words, its place, and whether it is below a `Match`."""

    keyword: str
    words: tuple[str, ...]
    setter: Setter
    limited: bool


def of_account(view: View, variables: Variables) -> None:
    """Set the variables of the account's own file, if sshd reads it for all variables. Raises ExhaustedError."""
    said = next((one for one in _lines(view, _CONFIG) if one.keyword == "permituserenvironment"), None)
    if not view.home or said is None or said.words[:1] == ("no",):
        return
    path = f"{view.home}/{_OWN}"
    is_certain = said.words == ("yes",) and not said.limited
    variables.maybe += not is_certain
    for number, line in enumerate((view.text(path) or "").split("\n"), 1):
        name, equals, value = line.strip(" \t").partition("=")
        if equals and not name.startswith("#"):
            variables.set(name, Value(value, Setter(Kind.VARIABLE, path, number), value), export=True)
    variables.maybe -= not is_certain


def of_machine(view: View, variables: Variables) -> None:
    """Set the variables of `SetEnv`, of which the first one of each name counts. Raises ExhaustedError."""
    seen: set[str] = set()
    for line in _lines(view, _CONFIG):
        for word in line.words if line.keyword == "setenv" else ():
            name, equals, value = word.replace('"', "").partition("=")
            if equals and name not in seen:
                variables.maybe += line.limited
                variables.set(name, Value(value, line.setter, value), export=True)
                variables.maybe -= line.limited
                seen |= set() if line.limited else {name}


def _lines(view: View, path: str, depth: int = 0) -> Iterator[_Line]:
    limited = False
    for number, line in enumerate((view.text(path) or "").split("\n"), 1):
        said = _WORD.findall(line)
        if not said or said[0].startswith("#"):
            continue
        first, equals, rest = said[0].partition("=")
        keyword, found = first.lower(), (*((rest,) if equals and rest else ()), *said[1:])
        if keyword == "match":
            limited = found[:1] != ("all",)
        elif keyword == "include" and depth < _DEEPEST:
            for pattern in found:
                for one in view.matching(posixpath.join("/etc/ssh", pattern.strip('"'))):
                    for each in _lines(view, one, depth + 1):
                        yield each._replace(limited=limited or each.limited)
        else:
            yield _Line(keyword, found, Setter(Kind.VARIABLE, path, number), limited)
