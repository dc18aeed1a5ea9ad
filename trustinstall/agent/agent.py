"""The agent: files that make the operating system run `repair`; installed, inspected and removed here.

Between its runs no process of trustinstall exists. Each file carries a mark, and only files with the mark are deleted;
directories that were made for them are noted in the private state, and deleted with them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.agent import directories, files, tools
from trustinstall.agent.runs import Runs
from trustinstall.errors import NoRights, UsageProblem, printable
from trustinstall.state import scopes
from trustinstall.state.directory import prepare
from trustinstall.stores.files import missing_parents
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from trustinstall.host import ActingHost, Host


@dataclass(frozen=True)
class Status:
    """The state of the agent.

    Attributes:
        kind: "systemd", "launchd", "task scheduler" or "cron"; "none" on a system that has none of them.
        files, missing: the files and links of the agent that exist, and those that are missing.
        active: whether the system's timer runs; None if that is unknown.
        last, next: when it ran and will run, in the system's words; "" if that is unknown.
        changed: whether this command wrote or deleted a file of the agent.
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
        """Whether all of its files exist, and something runs it."""
        return bool(self.files) and not self.missing and self.kind != "none"


def install(host: ActingHost) -> Status:
    """Write the agent's files, and start it if the system runs. It is idempotent.

    Raises NoRights if root would run a program that other accounts may write, and UsageProblem if the system has no
    scheduler, or if another file has the name of one of its files; nothing is written then.
    """
    why = host.why_unsafe_program() if host.account.is_root else None
    if why is not None:
        raise NoRights(
            f"root does not run {printable(host.program()[0], 4096)} by itself, because {printable(why, 4096)}; "
            "install the program where root alone may write"
        )
    wanted = files.wanted(host, host.program())
    for path in wanted.paths:
        if host.status(path) is not None and not files.is_ours(host, path):
            raise UsageProblem(f"{printable(path, 4096)} is not trustinstall's, and stands in the way; move it away")
    state = scopes.state_of(host, host.account.uid)
    of_state = missing_parents(host, directories.notes(state))
    prepare(host, state)
    made = [*dict.fromkeys(one for path in wanted.paths for one in missing_parents(host, path))]
    directories.note(host, state, [*dict.fromkeys((*directories.made(host, state), *of_state, *made))])
    for directory in made:
        host.make_directory(directory, 0o755)
    former = [path for path in _there(host) if path not in wanted.paths]  # of another scheduler
    for path in former:
        host.delete(path)
    stale = [one for one in wanted.files if host.read_or_none(one.path) != one.content]
    for file in stale:
        host.write(file.path, file.content, file.mode, None, host.token())
    absent = [one for one in wanted.links if host.link_target(one.path) is None]
    for link in absent:
        host.link(link.path, link.target)
    tools.begin(host)
    return replace(status(host), changed=bool(former or stale or absent))


def remove(host: ActingHost) -> Status:
    """Stop the agent, and delete its files, if they carry the mark. It is idempotent."""
    tools.end(host)
    found = _there(host)
    for path in found:
        host.delete(path)
    state = scopes.state_of(host, host.account.uid)
    made = directories.made(host, state)
    if host.status(directories.notes(state)) is not None:
        host.delete(directories.notes(state))
    for directory in reversed(made):
        if host.is_directory(directory):
            host.remove_directory(directory)
    tools.forget(host)
    state_now = status(host) if files.has_scheduler(host) else Status("none", (), ())
    return replace(state_now, changed=bool(found))


def there(host: ActingHost) -> tuple[str, ...]:
    """Return the existing files of the agent, also of a scheduler that the system had before."""
    return tuple(_there(host))


def status(host: ActingHost) -> Status:
    """Return the state of the agent. Raises UsageProblem if the system has no scheduler, and no agent had one."""
    found = _there(host)
    if found and not files.has_scheduler(host):
        return Status("none", tuple(found), (), active=False)
    paths = files.wanted(host, host.program()).paths
    there = (*(path for path in paths if path in found), *(path for path in found if path not in paths))
    missing = tuple(path for path in paths if path not in there)
    runs = tools.found(host) if there else Runs()
    return Status(files.kind(host), there, missing, runs.on, runs.last, runs.next)


def _there(host: Host) -> list[str]:
    """Return the files and links of an agent that exist and carry the mark, in the order in which they are deleted."""
    return [path for path in files.everywhere(host) if host.status(path) is not None and files.is_ours(host, path)]
