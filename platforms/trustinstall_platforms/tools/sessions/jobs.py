"""Programs that cron, systemd and sudo start with variables in files of their own: a session for each such file.

A session counts only if it gives another value to a variable that clients read than the usual way does. For root these
are the machine's jobs, services and sudo; for an account its own services. Crontabs of accounts are not read: accounts
may not read their own without a program, and root believes no file that another account may change.

Sources: crontab(5), and Debian's cron, do_command.c, build_env: a crontab counts more than PAM; systemd.exec(5),
Environment= and EnvironmentFile=; systemd.unit(5), drop-ins; sudoers(5), env_file and included files. Of several values
in sudo's file the first counts, and it counts more than PAM (sudo 1.9.13).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions import units
from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_CRONTABS = (
    "/etc/crontab",
    "/etc/anacrontab",
    "/var/spool/cron/crontabs/root",
    "/var/spool/cron/tabs/root",
    "/var/spool/cron/root",
)
_CRON_D = "/etc/cron.d"
_IN_CRONTAB = regex(r"[ \t]*(?:\"([^\"]*)\"|'([^']*)'|([^\s=#\"'][^\s=]*))[ \t]*=(.*)")
_SUDOERS = "/etc/sudoers"
_INCLUDED = regex(r"[@#]include(dir)?[ \t]([^\n]*)")
_ENV_FILE = regex(r"^[ \t]*Defaults[^\n]*?\b(?:restricted_)?env_file[ \t]*=[ \t]*\"?([^\",\s]+)")
_IN_ENV_FILE = regex(r"[ \t]*(?:export[ \t]+)?(\w+)=(?:\"([^\"]*)\"|'([^']*)'|([^#\"']*))[ \t\r]*(?:#.*)?")
_MOST, _DEEPEST = 200, 4  # files of a kind; nested includes


class Job(NamedTuple):
    """One file, or one service with its files.

    Attributes:
        name: the session's, for people.
        beside: the name of the row of the usual way in which such programs are started.
        read: sets its variables. Raises ExhaustedError.
    """

    name: str
    beside: str
    read: Callable[[View, Variables], None]


def jobs(view: View, names: frozenset[str]) -> Iterator[Job]:
    """Yield the jobs whose files may set one of these variables."""
    account = view.host.account
    if not account.is_root:
        yield from (Job(f"user service {one.name}", "systemd user", one.read) for one in units.of_account(view, names))
        return
    listed = (f"{_CRON_D}/{name}" for name in view.names(_CRON_D)[:_MOST])
    for path in (*_CRONTABS, *listed):
        if units.may_set(view, path, names):
            yield Job(f"jobs of {path}", "cron (PAM)", _Crontab(path).read)
    for one in units.of_machine(view, names):
        yield Job(f"service {one.name}" if one.name else "services", "service", one.read)
    for path in dict.fromkeys(_env_files(view, _SUDOERS)):
        if units.may_set(view, path, names):
            yield Job("sudo", "cron (PAM)", _EnvFile(path).read)


class _Crontab(NamedTuple):
    """The variables of a crontab: of several values of one, the last counts here."""

    path: str

    def read(self, view: View, variables: Variables) -> None:
        """Set them. Raises ExhaustedError."""
        for number, line in enumerate((view.text(self.path) or "").split("\n"), 1):
            found = _IN_CRONTAB.fullmatch(line)
            if found is not None:
                name, value = found[1] or found[2] or found[3] or "", found[4].strip(" \t\r")
                if value[:1] in {'"', "'"} and len(value) > 1 and value[0] == value[-1]:
                    value = value[1:-1]
                variables.set(name, Value(value, Setter(Kind.VARIABLE, self.path, number), value), export=True)


class _EnvFile(NamedTuple):
    """The variables of the file that sudo adds."""

    path: str

    def read(self, view: View, variables: Variables) -> None:
        """Set them. Raises ExhaustedError."""
        seen: set[str] = set()
        for number, line in enumerate((view.text(self.path) or "").split("\n"), 1):
            found = _IN_ENV_FILE.fullmatch(line)
            if found is not None and found[1] not in seen:
                seen.add(found[1])
                value = (found[2] or found[3] or found[4] or "").strip()
                variables.set(found[1], Value(value, Setter(Kind.VARIABLE, self.path, number), value), export=True)


def _env_files(view: View, path: str, depth: int = 0) -> Iterator[str]:
    """Yield the files that sudoers, and the files that it includes, name."""
    for line in units.short(view, path).replace("\\\n", " ").split("\n"):
        included, named = _INCLUDED.match(line), _ENV_FILE.match(line)
        if named is not None:
            yield named[1]
        if included is None or depth >= _DEEPEST:
            continue
        top = posixpath.join(posixpath.dirname(_SUDOERS), included[2].strip('" \t\r'))
        inside = [one for one in view.names(top)[:_MOST] if "." not in one and not one.endswith("~")]
        for one in [f"{top}/{name}" for name in inside] if included[1] else [top]:
            yield from _env_files(view, one, depth + 1)
