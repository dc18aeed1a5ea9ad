"""The agent: files that have the operating system run `repair`; installed, looked at and removed.

Nothing of ours runs in between. What was written carries our mark, and only that is deleted; directories that were made
for it are noted in the private state, and go with it.
"""

from __future__ import annotations

import json
import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from trustinstall.agent import hooks, others, systemd
from trustinstall.errors import NoRights, StateError, ToolFailed, UsageProblem, printable
from trustinstall.host import Kind
from trustinstall.host.commands import Run
from trustinstall.state.directory import State, prepare, read_json
from trustinstall.stores.files import missing_parents
from trustinstall.typed_json import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import ActingHost, Host

_UNITS = "/etc/systemd/system"
_UNITS_AT_HOME = "~/.config/systemd/user"
_SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
_RUNNING = "/run/systemd/system"  # sd_booted(3)
_SYSTEMCTL = "/usr/bin/systemctl"
_LAUNCHCTL = "/bin/launchctl"
_VERSION = 1
_SECONDS = 60.0


class File(NamedTuple):
    """One file of the agent."""

    path: str
    content: bytes
    mode: int = 0o644


class Link(NamedTuple):
    """One symbolic link of the agent, by which systemd starts a unit."""

    path: str
    target: str


@dataclass(frozen=True)
class Status:
    """What is known of the agent.

    Attributes:
        kind: "systemd", "launchd", "task scheduler" or "cron".
        files: the files and links of the agent that are there, and those that are missing.
        active: whether the system's timer runs; None if that is not known.
        last, next: when it ran and will run, in the system's words; "" if that is not known.
        changed: whether this command wrote or deleted a file of it.
    """

    kind: str
    files: tuple[str, ...]
    missing: tuple[str, ...]
    active: bool | None = None
    last: str = ""
    next: str = ""
    changed: bool = False

    @property
    def installed(self) -> bool:
        """Whether all of it is there."""
        return bool(self.files) and not self.missing


def install(host: ActingHost) -> Status:
    """Write the agent's files, and start it where the system runs. It is idempotent.

    Raises NoRights if root would run a program that others may write, and UsageProblem if the system has nothing that
    runs it, or a file of somebody else stands in the way; nothing is written then.
    """
    why = host.why_unsafe_program() if host.account.is_root else None
    if why is not None:
        raise NoRights(
            f"root does not run {printable(host.program()[0], 4096)} by itself, because {printable(why, 4096)}; "
            "install the program where root alone may write"
        )
    files, links = _wanted(host, host.program())
    for path in (*(one.path for one in files), *(one.path for one in links)):
        if host.status(path) is not None and not _is_ours(host, path):
            raise UsageProblem(f"{printable(path, 4096)} is not trustinstall's, and stands in the way; move it away")
    state = _state(host)
    prepare(host, state)
    paths = [*(one.path for one in files), *(one.path for one in links)]
    made = [*dict.fromkeys(one for path in paths for one in missing_parents(host, path))]
    _note(host, state, [*dict.fromkeys((*_made(host, state), *made))])
    for directory in made:
        host.make_directory(directory, 0o755)
    stale = [one for one in files if host.read_or_none(one.path) != one.content]
    for file in stale:
        host.write(file.path, file.content, file.mode, None, host.token())
    absent = [one for one in links if host.link_target(one.path) is None]
    for link in absent:
        host.link(link.path, link.target)
    _begin(host)
    return replace(status(host), changed=bool(stale or absent))


def remove(host: ActingHost) -> Status:
    """Stop the agent, and delete what carries our mark. It is idempotent."""
    _end(host)
    files, links = _wanted(host, host.program())
    paths = (*(one.path for one in links), *(one.path for one in files), *_hooks())
    found = [path for path in paths if host.status(path) is not None and _is_ours(host, path)]
    for path in dict.fromkeys(found):  # a hook may be one of the files, too
        host.delete(path)
    state = _state(host)
    for directory in reversed(_made(host, state)):
        if host.is_directory(directory):
            host.remove_directory(directory)
    if host.status(_notes(state)) is not None:
        host.delete(_notes(state))
    _reload(host)
    return replace(status(host), changed=bool(found))


def there(host: ActingHost) -> tuple[str, ...]:
    """Return the files of the agent that are there; none on a system that has nothing to run it."""
    try:
        return status(host).files
    except UsageProblem:
        return ()


def status(host: ActingHost) -> Status:
    """Return what is there of the agent, and what the system says of it."""
    files, links = _wanted(host, host.program())
    paths = [*(one.path for one in files), *(one.path for one in links)]
    there = tuple(path for path in paths if host.status(path) is not None and _is_ours(host, path))
    missing = tuple(path for path in paths if path not in there)
    kind = _kind(host)
    if kind != "systemd" or not _is_running(host):
        return Status(kind, there, missing)
    said = _ask(host, "show", f"{systemd.NAME}.timer", "--property=ActiveState,LastTriggerUSec,NextElapseUSecRealtime")
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    return Status(
        kind,
        there,
        missing,
        found.get("ActiveState") == "active",
        printable(found.get("LastTriggerUSec", "")),
        printable(found.get("NextElapseUSecRealtime", "")),
    )


def _kind(host: Host) -> str:
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


def _wanted(host: Host, program: Sequence[str]) -> tuple[list[File], list[Link]]:
    """Return the files and links of the agent on this system, for this account."""
    kind, machine = _kind(host), host.account.is_root
    if kind == "launchd":
        return [File(others.DAEMON if machine else host.absolute(others.AGENT), others.plist(program))], []
    if kind == "task scheduler":
        return [File(f"{host.state_base()}/agent.xml", others.task(program, machine=machine))], []
    if kind == "cron":
        directory = next(path for path in others.HOURLY if host.is_directory(path))
        return [File(f"{directory}/trustinstall", others.script(program).encode(), 0o755)], []
    units = _UNITS if machine else host.absolute(_UNITS_AT_HOME)
    name = f"{units}/{systemd.NAME}"
    files = [
        File(f"{name}.service", systemd.service(program, machine=machine).encode()),
        File(f"{name}.timer", systemd.timer().encode()),
        File(f"{name}.path", systemd.path(_watched(host)).encode()),
    ]
    links = [
        Link(f"{units}/{target}.target.wants/{systemd.NAME}.{suffix}", f"../{systemd.NAME}.{suffix}")
        for target, suffix in (("timers", "timer"), ("paths", "path"))
    ]
    found = [one for one in hooks.HOOKS if machine and host.is_directory(one.where)]
    return [*files, *(File(one.path, one.text.encode(), one.mode) for one in found)], links


def _watched(host: Host) -> list[str]:
    """Return what is there of the places that the path unit watches."""
    if host.account.is_root:
        places: Sequence[str] = systemd.WATCHED
    else:
        home = host.absolute("~").rstrip("/")
        places = [posixpath.normpath(f"{home}/{one}") for one in systemd.WATCHED_AT_HOME]
    return [path for path in places if host.status(path) is not None]


def _hooks() -> Iterator[str]:
    """Yield where hooks may be, whatever package managers are there by now."""
    return (one.path for one in hooks.HOOKS)


def _is_ours(host: Host, path: str) -> bool:
    found = host.status(path)
    if found is not None and found.kind is Kind.LINK:
        return posixpath.basename(host.link_target(path) or "").startswith(f"{systemd.NAME}.")
    try:
        content = host.read(path)
    except OSError:
        return False
    return any(mark in content for mark in (systemd.MARK.encode(), *others.MARKS))


# The system's own tools


def _is_running(host: Host) -> bool:
    return not host.is_image and host.is_directory(_RUNNING)


def _begin(host: ActingHost) -> None:
    kind = _kind(host)
    if kind == "systemd" and _is_running(host):
        _reload(host)
        _tell(host, "start", f"{systemd.NAME}.timer", f"{systemd.NAME}.path")
    elif kind == "launchd":
        path = others.DAEMON if host.account.is_root else host.absolute(others.AGENT)
        host.run(Run((_LAUNCHCTL, "bootstrap", _domain(host), path), seconds=_SECONDS, must_succeed=False), {})
    elif kind == "task scheduler":
        path = f"{host.state_base()}/agent.xml"
        host.run(_schtasks(host, "/Create", "/TN", others.TASK, "/XML", path.replace("/", "\\"), "/F"), {})


def _end(host: ActingHost) -> None:
    kind = _kind(host)
    if kind == "systemd" and _is_running(host):
        _tell(host, "stop", f"{systemd.NAME}.timer", f"{systemd.NAME}.path", must_succeed=False)
    elif kind == "launchd":
        words_ = (_LAUNCHCTL, "bootout", f"{_domain(host)}/{others.LABEL}")
        host.run(Run(words_, seconds=_SECONDS, must_succeed=False), {})
    elif kind == "task scheduler":
        host.run(_schtasks(host, "/Delete", "/TN", others.TASK, "/F", must_succeed=False), {})


def _reload(host: ActingHost) -> None:
    if _kind(host) == "systemd" and _is_running(host):
        _tell(host, "daemon-reload")


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


# Directories that were made


def _state(host: Host) -> State:
    uid = host.account.uid
    return State(host.state_base(), uid, machine=uid == host.machine_owner)


def _notes(state: State) -> str:
    return f"{state.private}/agent.json"


def _made(host: Host, state: State) -> list[str]:
    """Return the directories that were made for the agent, outermost first; none if the notes are not believed."""
    try:
        data = read_json(host, _notes(state), state.owner, (_VERSION,)) or {"directories": []}
        return [*words(data["directories"])]
    except (StateError, KeyError, TypeError):
        return []


def _note(host: ActingHost, state: State, directories: Sequence[str]) -> None:
    data = {"version": _VERSION, "directories": list(directories)}
    host.write(_notes(state), json.dumps(data).encode() + b"\n", 0o600, None, host.token())
