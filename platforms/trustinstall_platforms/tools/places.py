"""Where the settings files of tools are on a host, and whether the tools are there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.facts.programs import programs
from trustinstall_platforms.tools import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

_MAC = "~/Library/"  # where only a Mac keeps settings


def files(host: Host, *, installed: bool = True) -> Iterator[tuple[table.Tool, str]]:
    """The settings file of each tool that is there (or of all): for root the machine's, where there is one."""
    if host.is_image:
        return
    for tool in table.TOOLS:
        if host.platform not in tool.systems:
            continue
        path = None if tool.follows and host.account.is_root else _file(host, tool)
        there = path is not None and (host.status(host.real(path)) is not None if tool.kept else _is_there(host, tool))
        if path is not None and (there or not installed):
            yield tool, path


def tool_of(host: Host, location: str) -> table.Tool:
    """The tool whose settings file this is. Raises FileNotFoundError where it is nobody's."""
    for tool, path in files(host, installed=False):
        if host.real(path) == location:
            return tool
    raise FileNotFoundError(2, "no tool has its settings there", location)


def _file(host: Host, tool: table.Tool) -> str | None:
    """The file to look at; None where the account has no home."""
    if host.account.is_root and (tool.machine or host.platform == "win32"):
        return tool.machine or None  # an elevated prompt has its account's own home
    paths = [one for path in tool.files if (one := _expanded(host, path)) is not None]
    there = (path for path in paths if host.status(path) is not None)
    likely = (
        path for path in paths if _MAC[1:] not in path or any(path.startswith(f"{one}/") for one in _found(host, tool))
    )
    return next(there, next(likely, None))


def _found(host: Host, tool: table.Tool) -> list[str]:
    """Which of the places that a tool makes are there."""
    places = (_expanded(host, path) for path in tool.places)
    return [path for path in places if path is not None and host.status(path) is not None]


def _is_there(host: Host, tool: table.Tool) -> bool:
    return programs(host, tool.programs) or bool(_found(host, tool))


def _expanded(host: Host, path: str) -> str | None:
    if not path.startswith("~"):
        return path
    if host.account.home is None or (path.startswith(_MAC) and host.platform != "darwin"):
        return None
    return f"{host.account.home.rstrip('/')}{path[1:]}"
