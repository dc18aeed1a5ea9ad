"""The files of the agent on each system: their paths, their content, and the mark by which they are recognised."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.agent import hooks, others, systemd
from trustinstall.errors import UsageProblem
from trustinstall.host import Kind
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host

_UNITS = "/etc/systemd/system"
_UNITS_AT_HOME = "~/.config/systemd/user"
_SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")


class File(NamedTuple):
    """One file of the agent."""

    path: str
    content: bytes
    mode: int = 0o644


class Link(NamedTuple):
    """One symbolic link of the agent, by which systemd starts a unit."""

    path: str
    target: str


class Wanted(NamedTuple):
    """The files and links of the agent on one system, for one account."""

    files: list[File]
    links: list[Link]

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all of them, files first."""
        return (*(one.path for one in self.files), *(one.path for one in self.links))


def kind(host: Host) -> str:
    """Return what runs the agent: "systemd", "launchd", "task scheduler" or "cron".

    Raises UsageProblem on a system that has none of them.
    """
    if host.platform in {"darwin", "win32"}:
        return "launchd" if host.platform == "darwin" else "task scheduler"
    if any(host.status(path) is not None for path in _SYSTEMD):
        return "systemd"
    if host.account.is_root and any(host.is_directory(path) for path in others.HOURLY):
        return "cron"
    raise UsageProblem(
        "this system has no systemd and no hourly directory of cron; have your scheduler run: "
        f"{host.command()} repair --quiet"
    )


def has_scheduler(host: Host) -> bool:
    """Whether the system has something that runs the agent."""
    try:
        return bool(kind(host))
    except UsageProblem:
        return False


def wanted(host: Host, program: Sequence[str]) -> Wanted:
    """Return the files and links of the agent on this system, for this account."""
    scheduler, machine = kind(host), host.account.is_root
    if scheduler == "launchd":
        return Wanted([File(agent_file(host), others.plist(program))], [])
    if scheduler == "task scheduler":
        return Wanted([File(task_file(host), others.task(program, machine=machine))], [])
    if scheduler == "cron":
        directory = next(path for path in others.HOURLY if host.is_directory(path))
        script = f"{directory}/trustinstall"
        of_managers = _hooks(host, hooks.by_cron(script))
        return Wanted([File(script, others.script(program).encode(), 0o755), *of_managers], [])
    service, timer, path = _units(host)
    files = [
        File(service, systemd.service(program, machine=machine).encode()),
        File(timer, systemd.timer().encode()),
        File(path, systemd.path(_watched(host)).encode()),
    ]
    return Wanted([*files, *_hooks(host, hooks.BY_SYSTEMD)], _links(host))


def everywhere(host: Host) -> tuple[str, ...]:
    """Return the paths of all files and links that an agent of this account may have here, links first.

    Those of every scheduler of Linux are among them, and hooks of all package managers: the system may have got another
    one since, or have lost it.
    """
    if host.platform in {"darwin", "win32"}:
        return (agent_file(host) if host.platform == "darwin" else task_file(host),)
    scripts = [f"{one}/trustinstall" for one in others.HOURLY if host.account.is_root]
    of_hooks = [one.path for one in hooks.HOOKS if host.account.is_root]
    return (*(one.path for one in _links(host)), *of_hooks, *scripts, *reversed(_units(host)))


def _units(host: Host) -> tuple[str, str, str]:
    """Return the paths of systemd's units: service, timer and path."""
    units = _UNITS if host.account.is_root else host.absolute(_UNITS_AT_HOME)
    name = f"{units}/{systemd.NAME}"
    return f"{name}.service", f"{name}.timer", f"{name}.path"


def _links(host: Host) -> list[Link]:
    units = _UNITS if host.account.is_root else host.absolute(_UNITS_AT_HOME)
    return [
        Link(f"{units}/{target}.target.wants/{systemd.NAME}.{suffix}", f"../{systemd.NAME}.{suffix}")
        for target, suffix in (("timers", "timer"), ("paths", "path"))
    ]


def _hooks(host: Host, ask: str) -> list[File]:
    """Return the hooks of the installed package managers; none for an account."""
    found = [one for one in hooks.HOOKS if host.account.is_root and host.is_directory(one.where)]
    return [File(one.path, one.text(ask).encode(), one.mode) for one in found]


def _watched(host: Host) -> list[str]:
    """Return the existing places that the path unit watches."""
    if host.account.is_root:
        places: Sequence[str] = systemd.WATCHED
    else:
        home = host.absolute("~").rstrip("/")
        places = [posixpath.normpath(f"{home}/{one}") for one in systemd.WATCHED_AT_HOME]
    return [path for path in places if host.status(path) is not None]


def agent_file(host: Host) -> str:
    """Return the file from which launchd takes its job."""
    return others.DAEMON if host.account.is_root else host.absolute(others.AGENT)


def task_file(host: Host) -> str:
    """Return the file from which the Task Scheduler takes its task."""
    return f"{host.state_base()}/agent.xml"


def is_ours(host: Host, path: str) -> bool:
    """Whether a file or link carries the mark of trustinstall. No link is followed."""
    found = host.status(path)
    if found is not None and found.kind is Kind.LINK:
        return posixpath.basename(host.link_target(path) or "").startswith(f"{systemd.NAME}.")
    try:
        content = host.read(path)
    except OSError:
        return False
    return any(mark in content for mark in (systemd.MARK.encode(), *others.MARKS))
