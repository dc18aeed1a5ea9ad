"""Where the settings files of tools are on a host, and whether the tools are there."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.host import Kind
from trustinstall_platforms import bundles, tools
from trustinstall_platforms.python_environments import BINARIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.backend import Record
    from trustinstall.host import Host

_MAC = "~/Library/"  # where only a Mac keeps settings
_HOMEBREW = "/opt/homebrew/bin"


def files(host: Host, *, installed: bool = True) -> Iterator[tuple[tools.Tool, str]]:
    """The settings file of each tool that is there (or of all): for root the machine's, where there is one."""
    if host.is_image:
        return
    for tool in tools.TOOLS:
        if host.platform not in tool.systems:
            continue
        path = None if tool.follows and host.account.is_root else _file(host, tool)
        there = path is not None and (host.status(host.real(path)) is not None if tool.kept else _is_there(host, tool))
        if path is not None and (there or not installed):
            yield tool, path


def tool_of(host: Host, location: str) -> tools.Tool:
    """The tool whose settings file this is. Raises FileNotFoundError where it is nobody's."""
    for tool, path in files(host, installed=False):
        if host.real(path) == location:
            return tool
    raise FileNotFoundError(2, "no tool has its settings there", location)


def programs(host: Host, names: tuple[str, ...]) -> bool:
    """Whether one of these programs is where programs are."""
    home = host.account.home
    directories = (*BINARIES, _HOMEBREW, *((f"{home.rstrip('/')}/.local/bin",) if home else ()))
    return any(host.executable(f"{directory}/{name}") for directory in directories for name in names)


def owner(host: Host, location: str) -> tuple[int, str | None]:
    """Whose a file is, or would be, and why it cannot be written; see `bundles.owner`."""
    if host.status(location) is not None:
        return bundles.owner(host, location)
    missing = missing_parents(host, location)
    first = missing[0] if missing else location
    try:
        whose = host.path_owner(posixpath.dirname(first))
    except PermissionError as error:
        return host.account.uid, f"{error.strerror}; take that right away, so that nobody else can write it"
    return whose, host.may_write(first) if whose == host.account.uid else None


def owner_inside(host: Host, directory: str) -> tuple[int, str | None]:
    """Whose the files in a directory are, or would be, and why none can be written there."""
    whose, unwritable = owner(host, f"{directory}/x.pem")
    status = host.status(directory)
    if status is not None and status.kind is not Kind.DIRECTORY:
        unwritable = "something else than a directory stands there; move it away"
    return whose, unwritable


def standing(host: Host, path: str) -> tuple[str, int, str | None] | None:
    """Where a path leads, whose that is or would be, and why it cannot be written.

    None for a link of root's into another account's files, which root does not even read.
    """
    location = host.real(path)
    whose, unwritable = owner(host, location)
    if host.account.is_root and whose != 0:
        return None
    if host.link_target(path) is not None and host.status(location) is None:
        unwritable = "it is a link that leads nowhere; mend the link"
    return location, whose, unwritable


def carried(record: Record) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What was written into a file, and made for it: every placement in the store says it."""
    first = next((one for one in record.values() if one.entries), None)
    return (first.entries, first.directories) if first else ((), ())


def missing_parents(host: Host, location: str) -> list[str]:
    """The directories to be made for a file, outermost first."""
    missing: list[str] = []
    parent = posixpath.dirname(location)
    while host.status(parent) is None and parent != "/":
        missing.insert(0, parent)
        parent = posixpath.dirname(parent)
    return missing


def _file(host: Host, tool: tools.Tool) -> str | None:
    """The file to look at; None where the account has no home."""
    if host.account.is_root and (tool.machine or host.platform == "win32"):
        return tool.machine or None  # an elevated prompt has its account's own home
    paths = [one for path in tool.files if (one := _expanded(host, path)) is not None]
    there = (path for path in paths if host.status(path) is not None)
    likely = (
        path for path in paths if _MAC[1:] not in path or any(path.startswith(f"{one}/") for one in _found(host, tool))
    )
    return next(there, next(likely, None))


def _found(host: Host, tool: tools.Tool) -> list[str]:
    """Which of the places that a tool makes are there."""
    places = (_expanded(host, path) for path in tool.places)
    return [path for path in places if path is not None and host.status(path) is not None]


def _is_there(host: Host, tool: tools.Tool) -> bool:
    return programs(host, tool.programs) or bool(_found(host, tool))


def _expanded(host: Host, path: str) -> str | None:
    if not path.startswith("~"):
        return path
    if host.account.home is None or (path.startswith(_MAC) and host.platform != "darwin"):
        return None
    return f"{host.account.home.rstrip('/')}{path[1:]}"
