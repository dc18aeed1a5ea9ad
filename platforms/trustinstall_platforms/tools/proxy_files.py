"""The files that tell programs their proxies: the desired content of each, and what people have set before.

A person's setting decides: in the same file, in another file that the tool reads, or in a variable that a setting would
override. Then nothing is written, and file and line are named; values are not shown, because they may hold a password.
Only Linux and macOS: Windows keeps its proxies in the registry.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.section import MADE, PATH, PROXIES
from trustinstall.editing.text import Malformed, line_number
from trustinstall.editing.text import read as text_of
from trustinstall.facts import proxies as facts
from trustinstall.facts import shell_syntax
from trustinstall.facts.programs import expanded, programs
from trustinstall.facts.shell_syntax import LAUNCHD
from trustinstall.stores.keys import FileKeys
from trustinstall_platforms.tools import apt_conf, proxy_file, proxy_table, sessions, sysconfig_proxy, variable_files
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.key_in_file import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.facts.proxies import Proxies
    from trustinstall.host import Host
    from trustinstall_platforms.tools.proxy_table import ProxyTool
    from trustinstall_platforms.tools.variable_files import Place

_OURS = "trustinstall-proxy"
_LABEL = "trustinstall.proxies"
_APT_FILE, _APT_DIRECTORY = "/etc/apt/apt.conf", "/etc/apt/apt.conf.d"
_OF_THE_MACHINE = frozenset(tool.name for tool in proxy_table.TOOLS if tool.machine)
_APT_OPTIONS = frozenset({"acquire::http::proxy", "acquire::https::proxy"})


def wanted(host: Host, proxies: Proxies, *, beside_the_machines: bool = False) -> list[FileKeys]:
    """Return the desired content of the acting account's files (root's are the machine's).

    `beside_the_machines`: only of those that no file of the machine stands for. A password is in none of the machine's
    files, so that with one every file of the account counts.
    """
    if host.is_image or host.platform == "win32":
        return []
    people, reached = _of_people(host), beside_the_machines and not proxies.secret
    of_tools = (one for one in _tools(host, proxies, people) if not (reached and one.name in _OF_THE_MACHINE))
    return [*(() if reached else _variables(host, proxies, people)), *of_tools]


def _of_people(host: Host) -> dict[str, Setter]:
    """Return the places where people set variables, by the part of `Proxies` (see facts.proxies.VARIABLES)."""
    parts = {name: part for part, names in facts.VARIABLES.items() for name in names}
    found: dict[str, Setter] = {}
    for one in sessions.supposed(host, proxy_file.without_ours):
        for name, variable in one.session.variables.items():
            if name in parts and variable.setter.path and variable.value != "":
                found.setdefault(parts[name], variable.setter)
    return {**sysconfig_proxy.of_people(host), **found}


def _variables(host: Host, proxies: Proxies, people: Mapping[str, Setter]) -> Iterator[FileKeys]:
    """Yield the files of variables, each with the variables that no other author has set."""
    decided = {name for part in people for name in facts.VARIABLES[part]}
    values = {name: value for name, value in facts.values(proxies).items() if name not in decided}
    left = "; ".join(f"{setter} sets {facts.VARIABLES[part][0]}" for part, setter in people.items())
    for place, path in variable_files.places(host):
        head, name = posixpath.split(path)
        own = f"{head}/{name.replace('trustinstall', _OURS)}" if place.whole else path
        found = proxy_file.standing(host, FileKeys(own, place.reaches, own, place.proxies))
        if found is not None:
            keys = ((PATH if place.style == LAUNCHD else PROXIES, _body(place, values)),) if values else ()
            yield proxy_file.guarded(
                host, replace(found, keys=keys, left=left), proxies, public=place.machine or place.style == LAUNCHD
            )


def _body(place: Place, values: Mapping[str, str]) -> str:
    if place.style == LAUNCHD:
        return shell_syntax.agent(_LABEL, MADE, values)
    return "\n".join((*place.head, *shell_syntax.kept(place.style, values)))


def _tools(host: Host, proxies: Proxies, people: Mapping[str, Setter]) -> Iterator[FileKeys]:
    """Yield the settings files of the installed tools."""
    schemes = {part: setter for part, setter in people.items() if part != "no_proxy"}
    overridden = "; ".join(f"{setter} sets {facts.VARIABLES[part][0]}" for part, setter in schemes.items())
    for tool in proxy_table.TOOLS:
        paths = (tool.machine,) * bool(tool.machine) if host.account.is_root else tuple(expanded(host, tool.files))
        if not paths or not _is_there(host, tool):
            continue
        path = next((one for one in paths if host.status(one) is not None), paths[0])
        found = proxy_file.standing(host, FileKeys(tool.name, tool.clients, path, tool.format))
        if found is None:
            continue
        others = [one for one in (*paths, tool.machine, *tool.beside) if one and host.real(one) != found.location]
        left = overridden if tool.variables else ""
        left = left or "; ".join(_said(host, tool, found.location, others))
        keys = tuple((key, value) for key, say in tool.keys if (value := say(proxies)))
        found = replace(found, keys=() if left else keys, left=left, together=tool.together)
        yield proxy_file.guarded(host, found, proxies, public=tool.public)


def _is_there(host: Host, tool: ProxyTool) -> bool:
    places = any(host.status(path) is not None for path in expanded(host, tool.places))
    return places or programs(host, tool.programs)


def _said(host: Host, tool: ProxyTool, location: str, others: Sequence[str]) -> Iterator[str]:
    """Yield the places that set a tool's proxy: in its other files, and beside the section in its own."""
    if tool.name == "apt":
        yield from _said_to_apt(host)
        return
    if tool.said:
        yield from proxy_file.said(host, re.compile(tool.said), location)
        return
    for path in others:
        try:
            text = text_of(host.read_or_none(host.real(path), LIMIT) or b"")
            keys = editing.format_of(tool.format).keys(text)
        except (Malformed, OSError):
            continue  # the tool reports that itself
        known = {key for key, _ in tool.keys}
        yield from (
            f"{Setter(Kind.SETTING, path, line_number(text, one.start))} says {'.'.join(one.path)}"
            for one in keys
            if one.path in known
        )


def _said_to_apt(host: Host) -> Iterator[str]:
    names = [f"{_APT_DIRECTORY}/{name}" for name in sorted(host.names(_APT_DIRECTORY)) if _OURS not in name]
    for path in (*names, _APT_FILE):
        try:
            text = text_of(host.read_or_none(host.real(path), LIMIT) or b"")
        except (Malformed, OSError):
            continue
        for name, line in apt_conf.options(text):
            if name in _APT_OPTIONS:
                yield f"{Setter(Kind.SETTING, path, line)} says {name}"
