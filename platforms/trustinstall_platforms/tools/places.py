"""The paths of tools' settings files on a host, and whether the tools are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.facts import our_files
from trustinstall.facts.programs import programs
from trustinstall_platforms.tools import deciding, table
from trustinstall_platforms.tools.deciding import Decision
from trustinstall_platforms.tools.effective import decide, paths
from trustinstall_platforms.tools.effective.model import Effective, Mode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Session

_MAC = "~/Library/"  # a directory of settings on Macs alone


def decisions(host: Host, sessions: Sequence[Session]) -> Iterator[Decision]:
    """Yield the decision for each installed tool: for root by the machine's file, if the tool has one."""
    for tool, usual in _usual(host):
        if _written(host, tool, usual):
            yield from deciding.decisions(host, tool, usual, sessions)
        elif not host.account.is_root:
            yield from _moved(host, tool, usual, sessions)


def decision_of(host: Host, location: str, sessions: Sequence[Session]) -> Decision | None:
    """Return the decision for the tool whose settings file this is, or was when trustinstall set it; else None."""
    known = list(_usual(host))
    here = [(tool, usual) for tool, usual in known if host.real(usual) == location]
    for tool, usual in here or known:
        for one in deciding.decisions(host, tool, usual, sessions):
            if host.real(one.path) == location:
                return one
    if here:
        return deciding.decisions(host, *here[0], sessions)[0]._replace(tool=here[0][0], path=here[0][1])
    ours = next(_of_ours(host, tuple(tool for tool, _ in known), location), None)
    return Decision(ours, location, Effective(ours.name, Mode.DEFAULT)) if ours is not None else None


def _usual(host: Host) -> Iterator[tuple[table.Tool, str]]:
    """Yield each tool that trustinstall sets a file for, and the file that the table names."""
    if host.is_image:
        return
    for tool in table.TOOLS:
        if host.platform in tool.systems and not (tool.follows and host.account.is_root):
            path = _file(host, tool)
            if path is not None:
                yield tool, path


def _moved(host: Host, tool: table.Tool, usual: str, sessions: Sequence[Session]) -> list[Decision]:
    """Return the decisions for a tool without other traces if variables have moved its settings to a file that exists.

    With AWS_CONFIG_FILE, for example, no ~/.aws is made. The usual file is then for the sessions without the variable.
    """
    if paths.MOVING.isdisjoint(name for one in (decide.calling(host).session, *sessions) for name in one.variables):
        return []
    found = deciding.decisions(host, tool, usual, sessions)
    return found if any(one.path != usual and host.status(one.path) is not None for one in found) else []


def _written(host: Host, tool: table.Tool, path: str) -> bool:
    return host.status(host.real(path)) is not None if tool.kept else _is_there(host, tool)


def _file(host: Host, tool: table.Tool) -> str | None:
    """Return the file to read; None if the account has no home."""
    if host.account.is_root and (tool.machine or host.platform == "win32"):
        return tool.machine or None  # an elevated prompt has its account's own home
    paths = [one for path in tool.files if (one := _expanded(host, path)) is not None]
    there = (path for path in paths if host.status(path) is not None)
    likely = (
        path for path in paths if _MAC[1:] not in path or any(path.startswith(f"{one}/") for one in _found(host, tool))
    )
    return next(there, next(likely, None))


def _found(host: Host, tool: table.Tool) -> list[str]:
    """Return the existing places of those that a tool makes."""
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


def _of_ours(host: Host, tools: tuple[table.Tool, ...], location: str) -> Iterator[table.Tool]:
    """Yield the tools whose key in a file names one of the managed files: trustinstall wrote that file."""
    try:
        content = host.read_or_none(location, 1 << 20) or b""
    except OSError:
        return
    for tool in tools:
        try:
            value = editing.get(tool.format, content, tool.key)
        except editing.Malformed:
            continue
        if value is not None and our_files.is_ours(value):
            yield tool
