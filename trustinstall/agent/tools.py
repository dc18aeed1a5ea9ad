"""Calls of the operating system's own tools: to start and stop the agent, and to read its state.

Sources: systemctl(1), sd_booted(3), launchctl(1), schtasks' documentation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.agent import files, others, systemd
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
    kind = files.kind(host)
    if kind == "systemd" and _has_systemd(host):
        _tell(host, "stop", f"{systemd.NAME}.timer", f"{systemd.NAME}.path", must_succeed=False)
    elif kind == "launchd":
        words = (_LAUNCHCTL, "bootout", f"{_domain(host)}/{others.LABEL}")
        host.run(Run(words, seconds=_SECONDS, must_succeed=False), {})
    elif kind == "task scheduler":
        host.run(_schtasks(host, "/Delete", "/TN", others.TASK, "/F", must_succeed=False), {})


def forget(host: ActingHost) -> None:
    """Make systemd forget units whose files were deleted; an account that is not logged in has no running manager."""
    if files.kind(host) == "systemd" and _has_systemd(host):
        _tell(host, "daemon-reload", must_succeed=host.account.is_root)


def timer(host: ActingHost) -> dict[str, str] | None:
    """Return systemd's properties of the timer; None if systemd does not run."""
    if files.kind(host) != "systemd" or not _has_systemd(host):
        return None
    properties = "--property=ActiveState,LastTriggerUSec,NextElapseUSecRealtime"
    said = _ask(host, "show", f"{systemd.NAME}.timer", properties)
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def _tell(host: ActingHost, *arguments: str, must_succeed: bool = True) -> None:
    try:
        host.run(_systemctl(host, *arguments, must_succeed=must_succeed), {})
    except ToolFailed as error:
        if host.account.is_root:
            raise
        raise ToolFailed(f"{error}; it starts with your next login, or run this within a login session") from None


def _ask(host: ActingHost, *arguments: str) -> str:
    try:
        return host.query(_systemctl(host, *arguments, must_succeed=False)).answer.decode("utf-8", "replace")
    except ToolFailed:
        return ""


def _systemctl(host: Host, *arguments: str, must_succeed: bool) -> Run:
    user = () if host.account.is_root else ("--user",)
    env = () if host.account.is_root else (("XDG_RUNTIME_DIR", f"/run/user/{host.account.uid}"),)
    return Run((_SYSTEMCTL, *user, *arguments), env=env, seconds=_SECONDS, must_succeed=must_succeed)


def _schtasks(host: Host, *arguments: str, must_succeed: bool = True) -> Run:
    return Run((host.windows_tool("schtasks.exe"), *arguments), seconds=_SECONDS, must_succeed=must_succeed)


def _domain(host: Host) -> str:
    return "system" if host.account.is_root else f"gui/{host.account.uid}"
