"""The sessions of an account: the variables of its programs in each, and the file and line that sets them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.facts import variables as facts
from trustinstall.facts.programs import programs
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Session, Setter
from trustinstall_platforms.tools.sessions import managers, repeated, table
from trustinstall_platforms.tools.sessions.fish_run import Fish
from trustinstall_platforms.tools.sessions.fish_set import universal
from trustinstall_platforms.tools.sessions.sh_run import LeftError, Shell
from trustinstall_platforms.tools.sessions.values import Value, Variables
from trustinstall_platforms.tools.sessions.view import ExhaustedError, View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from trustinstall.host import Host

_MARKS = {
    "bash": {"BASH": "/bin/bash", "BASH_VERSION": "5"},
    "zsh": {"ZSH_VERSION": "5", "ZSH_NAME": "zsh"},
    "fish": {"FISH_VERSION": "3"},
}
_FLAGS = {True: "himBHs", False: "hBs"}


class Read(NamedTuple):
    """A session, and the real paths of the files that were read for it."""

    session: Session
    files: frozenset[str]


def everyday(host: Host) -> tuple[Session, ...]:
    """Return the sessions of the acting account; root's are those of people in general, who have no home here."""
    return tuple(one.session for one in reads(host))


def reads(host: Host) -> tuple[Read, ...]:
    """Return the same with the files that were read for each."""
    return host.remembered("everyday sessions", lambda: tuple(supposed(host)))


def supposed(
    host: Host,
    shown: Callable[[str, str], str] | None = None,
    added: Mapping[str, str] | None = None,
    *,
    at_home: bool = False,
) -> list[Read]:
    """Return the sessions as they would be with other files.

    `shown` gets the real path and text of each file, and returns the text that counts. `added` holds additional files,
    by real path, that are assumed to exist. With `at_home`, root's are its own, with the files of its home.
    """
    if host.is_image or host.platform == "win32":
        return []
    home = "" if host.account.is_root and not at_home else (host.account.home or "").rstrip("/")
    found: list[Read] = []
    begun: dict[tuple[str, ...], tuple[View, Variables] | None] = {}  # many sessions begin in the same way
    for row in table.ROWS:
        if _is_here(host, row) and (not row.shell or programs(host, (row.shell,))):
            view, variables = View(host, home, shown, added or {}), None
            if row.before not in begun:
                begun[row.before] = _begun(view.copy(), row.before)
            if (first := begun[row.before]) is not None:
                view, variables = first[0].copy(), first[1].copy()
            found.append(Read(session(view, row, variables), frozenset(view.read)))
    return found


def _begun(view: View, before: tuple[str, ...]) -> tuple[View, Variables] | None:
    """Return what PAM and systemd set before a shell is started, and read for it; None if that is too much."""
    variables = Variables()
    try:
        for source in before:
            _BEFORE[source](view, variables)
    except ExhaustedError:
        return None
    return view, variables


def session(view: View, row: table.Row, before: Variables | None = None) -> Session:
    """Return one way to start programs; `before` are its first variables, else those of the row."""
    variables = before or Variables()
    try:
        for source in row.before if before is None else ():
            _BEFORE[source](view, variables)
        if row.shell:
            _read_by_shell(view, variables, row)
    except ExhaustedError:
        unknown = Value(None, Setter(Kind.VARIABLE, view.last), "more than is read")
        for one in facts.EVERY:
            variables.set(one.name, unknown, export=True)
    return Session(row.name, variables.environment())


def _is_here(host: Host, row: table.Row) -> bool:
    """Return whether a way exists on this machine: services are the machine's, PAM and systemd are Linux'."""
    if host.platform != "linux":
        return bool(row.shell) and row.name != "graphical login"
    return table.SERVICES not in row.before or host.account.is_root


def _read_by_shell(view: View, variables: Variables, row: table.Row) -> None:
    dialect = row.shell
    if dialect == "sh" and posixpath.basename(view.host.real("/bin/sh")) != "dash":
        dialect = "bash"
    _begin(view, variables)
    if dialect != "sh":  # dash sets neither
        account = view.host.account
        known = {"UID": str(account.uid), "EUID": str(account.uid)} if view.home else {}
        variables.start(known, exported=False)
    variables.start({"-": _FLAGS[row.interactive], **_MARKS.get(dialect, {})}, exported=False)
    if row.interactive and dialect != "fish":
        variables.start({"PS1": "$ "}, exported=False)
    if dialect == "fish":
        _read_by_fish(view, variables, row)
        return
    shell = Shell(view, variables, dialect)
    try:
        for choices in row.files:
            paths = (_place(view, variables, one) for one in choices.split("|"))
            path = next((one for one in paths if one and view.exists(one)), None)
            if path:
                repeated.read(shell, path)
    except LeftError:  # the shell ended in a file
        return


def _begin(view: View, variables: Variables) -> None:
    """Set the variables that a shell knows of its account; for people in general they are unknown."""
    account = view.host.account
    if not view.home:
        for name in ("HOME", "USER", "LOGNAME", "UID", "EUID"):
            variables.set(name, Value(None))
        return
    for name, text in {"HOME": view.home, "USER": account.name, "LOGNAME": account.name}.items():
        if variables.get(name) is None:
            variables.start({name: text}, exported=True)


def _read_by_fish(view: View, variables: Variables, row: table.Row) -> None:
    said = {"is-login": row.login, "is-interactive": row.interactive}
    fish = Fish(view, variables, frozenset(name for name, is_so in said.items() if is_so))
    path = _place(view, variables, table.FISH_UNIVERSAL)
    text = view.text(path) if path else None
    if path and text is not None:
        universal(variables, text, path)
    directories = [one for each in table.FISH_CONF_D if (one := _place(view, variables, each))]
    paths = list(_files(view, directories, ".fish"))  # listed once: another program may add a file meanwhile
    found = {_name(path): path for path in reversed(paths)}
    for one in (path for path in paths if found[_name(path)] == path):
        fish.read(one)
    for config in table.FISH_CONFIG:
        if path := _place(view, variables, config):
            fish.read(path)


def _by_pam(view: View, variables: Variables) -> None:
    text = view.text(table.PAM_CONF)
    if text is not None:
        managers.pam_conf(variables, text, table.PAM_CONF, view.home)
    text = view.text(table.PAM_ENVIRONMENT)
    if text is not None:
        managers.pam_environment(variables, text, table.PAM_ENVIRONMENT)


def _by_environment_d(view: View, variables: Variables) -> None:
    if view.home and variables.get("HOME") is None:
        variables.start({"HOME": view.home}, exported=True)
    directories = [one for each in table.ENVIRONMENT_D if (one := _place(view, variables, each))]
    for path, text in _dropped_in(view, directories):
        managers.environment_d(variables, text, path)


def _by_system_conf(view: View, variables: Variables) -> None:
    text = view.text(table.SYSTEM_CONF)
    if text is not None:
        managers.default_environment(variables, text, table.SYSTEM_CONF)
    for path, content in _dropped_in(view, table.SYSTEM_CONF_D):
        managers.default_environment(variables, content, path)


_BEFORE: dict[str, Callable[[View, Variables], None]] = {
    table.PAM: _by_pam,
    table.SYSTEMD: _by_environment_d,
    table.SERVICES: _by_system_conf,
}


def _dropped_in(view: View, directories: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the files of directories by name, with their text; the first directory's file hides those of its name."""
    found: dict[str, str] = {}
    for path in _files(view, directories, ".conf"):
        found.setdefault(_name(path), path)
    for name in sorted(found):
        text = view.text(found[name])
        if text is not None:
            yield found[name], text


def _files(view: View, directories: Iterable[str], ending: str) -> Iterator[str]:
    for directory in directories:
        names = view.names(directory)
        yield from (f"{directory}/{name}" for name in names if name.endswith(ending) and not name.startswith("."))


def _name(path: str) -> str:
    return posixpath.basename(path)


def _place(view: View, variables: Variables, path: str) -> str | None:
    """Return a path of the table, or None if the account has no home, or it is not known."""
    if path.startswith("/"):
        return path
    if not view.home:
        return None
    first, _, rest = path.partition("/")
    usual = {"~": view.home, "$ZDOTDIR": view.home, "$XDG_CONFIG_HOME": f"{view.home}/.config"}[first]
    moved = variables.get(first[1:]) if first != "~" else None
    directory = usual if moved is None else moved.text
    return f"{directory.rstrip('/')}/{rest}" if directory else f"{usual}/{rest}" if directory == "" else None
