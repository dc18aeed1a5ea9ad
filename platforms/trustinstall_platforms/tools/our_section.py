"""The managed section in a file of environment variables: its desired content, and the lines trustinstall wrote."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.editing import section as sections
from trustinstall.facts import our_files, shell_syntax, system_bundle, variables
from trustinstall.facts.shell_syntax import LAUNCHD
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.variable_files import Place

NAMES = frozenset(one.name for one in variables.EVERY)
_LABEL = "trustinstall.environment"
_WORD = regex(r"\w+")
_END = r"'\"\n:;{}"  # characters that end a path
#: A managed file in a value, for any current name of the account's home. A search starts only where a path may begin,
#: so that a line of slashes takes no more time than another one.
_FILE = regex(
    rf"(?<![^{_END}])(?P<before>[^{_END}/]*)"
    rf"(?P<path>/[^{_END}]*/trustinstall/(?P<name>{re.escape(our_files.ANCHORS)}|{re.escape(our_files.BUNDLE)}))"
)


def body(host: Host, place: Place, left: Collection[str], *, replacing: bool) -> str:
    """Return the content of the section, except some variables that trustinstall must not set (`left`)."""
    ours = {name: value for name, value in values(host, replacing=replacing).items() if name not in left}
    if place.style == LAUNCHD:
        return shell_syntax.agent(_LABEL, sections.MADE, ours)
    return "\n".join((*place.head, *shell_syntax.kept(place.style, ours)))


def ours(host: Host, place: Place, section: str) -> tuple[str, ...]:
    """Return the lines of a section that trustinstall wrote; others may have written there, too."""
    if place.style == LAUNCHD:
        return (section,)
    known = host.remembered(("our lines", place.style), lambda: _known(host, place.style)).union(place.head)
    return tuple(line for line in section.split("\n") if _FILE.search(line) or _named(line) in known)


def _known(host: Host, style: str) -> frozenset[str]:
    """Return the lines that trustinstall writes in a style, with only the name of each managed file."""
    every = (values(host, replacing=replacing) for replacing in (False, True))
    return frozenset(_named(line) for one in every for line in shell_syntax.kept(style, one))


def sets(line: str, names: Collection[str]) -> bool:
    """Whether a managed line sets one of some variables."""
    return not set(names).isdisjoint(_WORD.findall(line))


def written(place: Place, lines: Sequence[str]) -> str:
    """Return a section of these lines as it is written in the file."""
    return "" if place.style == LAUNCHD else sections.Section().written(list(lines))


def file_named(host: Host, lines: Sequence[str]) -> str:
    """Return the file that managed lines name: the managed roots alone, or else the bundle.

    If others have set all variables that name a file, the rest switches programs to the system's store: it counts while
    the managed bundle exists, which is written and removed with the sections.
    """
    found = {match["name"]: match["path"] for line in lines for match in _FILE.finditer(line)}
    return found.get(our_files.ANCHORS) or found.get(our_files.BUNDLE) or our_files.location(host) or ""


def _named(line: str) -> str:
    """Return a line with only the name of each managed file."""
    return _FILE.sub(r"\g<before>\g<name>", line)


def values(host: Host, *, replacing: bool) -> dict[str, str]:
    """Return the values of the acting account's sections; with `replacing` also the variables that replace."""
    machine, own = host.account.is_root, our_files.directory(host)
    system = system_bundle.find(host) if machine else None
    bundle = system.path if system else f"{own}/{our_files.BUNDLE}"
    return variables.values(f"{own}/{our_files.ANCHORS}", bundle, replacing=replacing, machine=machine)
