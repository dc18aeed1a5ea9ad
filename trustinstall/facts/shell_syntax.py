"""Environment variables as text: for files that shells and managers read, and for people to paste.

Sources: POSIX.1-2017, Shell Command Language 2.2; fish's manual, Quotes; about_Quoting_Rules of PowerShell;
environment.d(5); systemd.syntax(7); pam_env(8); the Dockerfile reference, ENV; GitHub's workflow
commands; GitLab's dotenv reports.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: Characters without a special meaning in every style, inside its quotes. Others are refused, and not escaped.
_PLAIN = regex(r"[\w ./:@+,=~()-]*")
_PLAIN_IN_FILES = regex(r"[\w ./:@+,=~()%-]*")  # only systemd's own file expands a percent sign


def fits(value: str) -> bool:
    """Whether a value can be written in every style."""
    return _PLAIN.fullmatch(value) is not None


def shown(style: str, values: Mapping[str, str]) -> list[str]:
    """Return lines that set variables, for people to paste, in a style of SHOWN. Raises ValueError."""
    return _lines(SHOWN[style], values)


def kept(style: str, values: Mapping[str, str]) -> list[str]:
    """Return lines for a file that is read at each start, a key of KEPT.

    If the style can express it, they set no variable that is already set, and none to a file that no longer exists.
    In the style `sh`, which has patterns, an option (`--name=FILE`) is joined to the options that are already set, with
    a comma, unless one of them has the same name but for its last word: a shell within a shell adds it once.
    """
    return _lines(KEPT[style], values, _PLAIN_IN_FILES)


def foreign(style: str, text: str, names: frozenset[str]) -> dict[str, str]:
    """Return the values that a file (a style of KEPT) gives to variables, as far as known without running it."""
    found: dict[str, str] = {}
    for match in _ASSIGNED[style].finditer(text):
        for name, value in _PAIR.findall(match["pairs"]) if style == "systemd" else [(match["name"], match["value"])]:
            if name in names:
                found[name] = value.strip().strip("\"'")
    return found


def _lines(say: Callable[[str, str], str], values: Mapping[str, str], plain: re.Pattern[str] = _PLAIN) -> list[str]:
    for name, value in values.items():
        if not plain.fullmatch(value):
            raise ValueError(f"{name} cannot be set to a value with such characters")
    return [say(name, value) for name, value in values.items()]


def _in_sh(name: str, value: str) -> str:
    option, path = _parts(value)
    there = f"! [ -r '{path}' ] || " if path else ""
    if not option:
        return f'{there}export {name}="${{{name}:-{value}}}"'
    joined = f'export {name}="${{{name}:+${name},}}{value}"'
    return f'{there}case "${{{name}-}}" in *{option.rpartition("-")[0]}-*) ;; *) {joined} ;; esac'


def _in_fish(name: str, value: str) -> str:
    path = _parts(value)[1]
    there = f"not test -r '{path}'; or " if path else ""
    return f"set -q {name}; or {there}set -gx {name} '{value}'"


def _parts(value: str) -> tuple[str, str]:
    """An option's name ("" for none), and the path that the value names ("" for none)."""
    option, _, path = value.rpartition("=") if value.startswith("--") else ("", "", value)
    return option, path if path.startswith("/") else ""


#: The style whose lines join an option to those that are set.
JOINS = "sh"
#: The styles of files, by name.
KEPT: dict[str, Callable[[str, str], str]] = {
    "sh": _in_sh,
    "fish": _in_fish,
    "pam": lambda name, value: f"{name}={value}",
    "environment.d": lambda name, value: f"{name}=${{{name}:-{value}}}",
    "systemd": lambda name, value: f'DefaultEnvironment="{name}={value.replace("%", "%%")}"',
}

LAUNCHD = "launchd"  # a style of whole files, see `agent`


def agent(label: str, head: str, values: Mapping[str, str]) -> str:
    """Return a launchd agent that sets variables for programs started later (launchd.plist(5), launchctl(1), setenv).

    `head` is a comment in its first lines. Raises ValueError for values with other characters.
    """
    # One call for each: older systems take one variable at a time.
    say = "/bin/launchctl setenv {} '{}'".format
    commands = "; ".join(_lines(say, values, _PLAIN_IN_FILES))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {head} -->\n<plist version="1.0">\n<dict>\n'
        f"<key>Label</key><string>{label}</string>\n<key>ProgramArguments</key>\n"
        f"<array><string>/bin/sh</string><string>-c</string><string>{commands}</string></array>\n"
        "<key>RunAtLoad</key><true/>\n</dict>\n</plist>"
    )


#: The styles in which `env` prints, by name.
SHOWN: dict[str, Callable[[str, str], str]] = {
    "bash": lambda name, value: f"export {name}='{value}'",
    "zsh": lambda name, value: f"export {name}='{value}'",
    "fish": lambda name, value: f"set -gx {name} '{value}'",
    "powershell": lambda name, value: f"$env:{name} = '{value}'",
    "cmd": lambda name, value: f'set "{name}={value}"',
    "dotenv": lambda name, value: f'{name}="{value}"',
    "dockerfile": lambda name, value: f'ENV {name}="{value}"',
    "github": lambda name, value: f"{name}={value}",
    "gitlab": lambda name, value: f"{name}={value}",
}

_NAME = r"(?P<name>[A-Z][A-Z0-9_]*)"
_VALUE = r"(?P<value>\"[^\"\n]*\"|'[^'\n]*'|[^\s;#\"']+)"
_ASSIGNED = {
    "sh": regex(rf"^[ \t]*(?:export[ \t]+)?{_NAME}={_VALUE}", re.MULTILINE),
    "fish": regex(rf"^[ \t]*set[ \t]+(?:-\w+[ \t]+)+{_NAME}[ \t]+{_VALUE}", re.MULTILINE),
    "pam": regex(rf"^[ \t]*(?:export[ \t]+)?{_NAME}[ \t]*=[ \t]*{_VALUE}", re.MULTILINE),
    "environment.d": regex(rf"^[ \t]*{_NAME}={_VALUE}", re.MULTILINE),
    "systemd": regex(r"^[ \t]*DefaultEnvironment[ \t]*=(?P<pairs>.*)$", re.MULTILINE),
}
_PAIR = regex(r"(?<![A-Za-z0-9_])([A-Z][A-Z0-9_]*)=([^\"'\s]*)")  # a name is tried once, from its start
