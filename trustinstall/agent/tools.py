"""Calls of the operating system's own tools: to start and stop the agent, and to read its state.

Sources: systemctl(1), sd_booted(3), launchctl(1), schtasks' documentation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.agent import files, others, runs, systemd
from trustinstall.agent.runs import Runs
from trustinstall.errors import ToolFailed
from trustinstall.host.commands import Run

if TYPE_CHECKING:
    from trustinstall.host import ActingHost, Host

_RUNNING = "/run/systemd/system"  # sd_booted(3)
_SYSTEMCTL = "/usr/bin/systemctl"
_LAUNCHCTL = "/bin/launchctl"
_SECONDS = 60.0


def _has_systemd(host: Host) -> bool:
    return not host.is_image and host.is_directory(_RUNNING)


def begin(host: ActingHost) -> None:
    """Start the agent. Raises ToolFailed."""
    kind = files.kind(host)
    if kind == "systemd" and _has_systemd(host):
        _tell(host, "daemon-reload")
        _tell(host, "start", f"{systemd.NAME}.timer", f"{systemd.NAME}.path")
    elif kind == "launchd":
        words = (_LAUNCHCTL, "bootstrap", _domain(host), files.agent_file(host))
        host.run(Run(words, seconds=_SECONDS, must_succeed=False), {})
    elif kind == "task scheduler":
        path = files.task_file(host)
        host.run(_schtasks(host, "/Create", "/TN", others.TASK, "/XML", path.replace("/", "\\"), "/F"), {})


def end(host: ActingHost) -> None:
    """Stop the agent, if it runs."""
    kind = files.kind(host) if files.has_scheduler(host) else ""
    if kind == "systemd" and _has_systemd(host):
        _tell(host, "stop", f"{systemd.NAME}.timer", f"{systemd.NAME}.path", must_succeed=False)
    elif kind == "launchd":
        words = (_LAUNCHCTL, "bootout", f"{_domain(host)}/{others.LABEL}")
        host.run(Run(words, seconds=_SECONDS, must_succeed=False), {})
    elif kind == "task scheduler":
        host.run(_schtasks(host, "/Delete", "/TN", others.TASK, "/F", must_succeed=False), {})


def forget(host: ActingHost) -> None:
    """Make systemd forget units whose files were deleted; an account that is not logged in has no running manager."""
    if files.has_scheduler(host) and files.kind(host) == "systemd" and _has_systemd(host):
        _tell(host, "daemon-reload", must_succeed=host.account.is_root)


def found(host: ActingHost) -> Runs:
    """Return the runs of the agent, as far as the system tells of them."""
    kind = files.kind(host)
    if host.is_image:
        return Runs()
    if kind == "systemd":
        return _of_systemd(host) if _has_systemd(host) else Runs()
    if kind == "launchd":
        return runs.of_launchd(*_answer(host, Run((_LAUNCHCTL, "print", f"{_domain(host)}/{others.LABEL}"))))
    if kind == "task scheduler":
        words = ("/Query", "/TN", others.TASK, "/FO", "CSV", "/V", "/NH")
        return runs.of_schtasks(*_answer(host, _schtasks(host, *words)))
    return runs.of_cron(files.wanted(host, host.program()).paths[0])


def _of_systemd(host: ActingHost) -> Runs:
    properties = "--property=ActiveState,LastTriggerUSec,NextElapseUSecRealtime"
    _, said = _answer(host, _systemctl(host, "show", f"{systemd.NAME}.timer", properties, must_succeed=False))
    return runs.of_systemd(dict(line.split("=", 1) for line in said.splitlines() if "=" in line))


def _answer(host: ActingHost, command: Run) -> tuple[int, str]:
    """Return the exit status of a tool that only reads, and what it says; a failed one says nothing."""
    try:
        result = host.query(replace(command, seconds=_SECONDS, must_succeed=False))
    except ToolFailed:
        return 1, ""
    return result.status, result.answer.decode("utf-8", "replace")


def _tell(host: ActingHost, *arguments: str, must_succeed: bool = True) -> None:
    try:
        host.run(_systemctl(host, *arguments, must_succeed=must_succeed), {})
    except ToolFailed as error:
        if host.account.is_root:
            raise
        raise ToolFailed(f"{error}; it starts with your next login, or run this within a login session") from None


def _systemctl(host: Host, *arguments: str, must_succeed: bool) -> Run:
    user = () if host.account.is_root else ("--user",)
    env = () if host.account.is_root else (("XDG_RUNTIME_DIR", f"/run/user/{host.account.uid}"),)
    return Run((_SYSTEMCTL, *user, *arguments), env=env, seconds=_SECONDS, must_succeed=must_succeed)


def _schtasks(host: Host, *arguments: str, must_succeed: bool = True) -> Run:
    return Run((host.windows_tool("schtasks.exe"), *arguments), seconds=_SECONDS, must_succeed=must_succeed)


def _domain(host: Host) -> str:
    return "system" if host.account.is_root else f"gui/{host.account.uid}"
