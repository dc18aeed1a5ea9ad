"""What is set before a shell reads its files, by PAM, systemd and sshd, and the paths of the tables.

Sources: pam_env(8); environment.d(5); systemd-system.conf(5), systemd-user.conf(5); sshd_config(5), SetEnv and
PermitUserEnvironment.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall_platforms.tools.sessions import managers, pam, sshd, table
from trustinstall_platforms.tools.sessions.values import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View


def begin(view: View, variables: Variables) -> None:
    """Set the variables that a shell knows of its account; for people in general they are unknown."""
    account = view.host.account
    if not view.home:
        for name in ("HOME", "USER", "LOGNAME", "UID", "EUID"):
            variables.set(name, Value(None))
        return
    for name, text in {"HOME": view.home, "USER": account.name, "LOGNAME": account.name}.items():
        if variables.get(name) is None:
            variables.start({name: text}, exported=True)


def _by_pam(view: View, variables: Variables) -> None:
    text = view.text(table.PAM_CONF)
    if text is not None:
        managers.pam_conf(variables, text, table.PAM_CONF, view.home)
    text = view.text(table.PAM_ENVIRONMENT)
    if text is not None:
        managers.pam_environment(variables, text, table.PAM_ENVIRONMENT)
    pam.others(view, variables)


def _by_environment_d(view: View, variables: Variables) -> None:
    if view.home and variables.get("HOME") is None:
        variables.start({"HOME": view.home}, exported=True)
    _by_manager(view, variables, table.USER_CONF, table.USER_CONF_D)
    directories = [one for each in table.ENVIRONMENT_D if (one := place(view, variables, each))]
    for path, text in _dropped_in(view, directories):
        managers.environment_d(variables, text, path)


def _by_system_conf(view: View, variables: Variables) -> None:
    _by_manager(view, variables, (table.SYSTEM_CONF,), table.SYSTEM_CONF_D)


def _by_manager(view: View, variables: Variables, main: Iterable[str], directories: Iterable[str]) -> None:
    """Set the variables of a manager's main file (the first that exists), and of what is dropped in beside it."""
    paths = (one for each in main if (one := place(view, variables, each)) and view.exists(one))
    first = next(paths, None)
    text = view.text(first) if first else None
    if first and text is not None:
        managers.default_environment(variables, text, first)
    dropped = [one for each in directories if (one := place(view, variables, each))]
    for path, content in _dropped_in(view, dropped):
        managers.default_environment(variables, content, path)


#: The programs that set variables before a shell, by their names in the table.
BEFORE: dict[str, Callable[[View, Variables], None]] = {
    table.PAM: _by_pam,
    table.SYSTEMD: _by_environment_d,
    table.SERVICES: _by_system_conf,
    table.SSH_OWN: sshd.of_account,
    table.SSH: sshd.of_machine,
}


def _dropped_in(view: View, directories: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the files of directories by name, with their text; the first directory's file hides those of its name."""
    found: dict[str, str] = {}
    for path in files(view, directories, ".conf"):
        found.setdefault(name_of(path), path)
    for name in sorted(found):
        text = view.text(found[name])
        if text is not None:
            yield found[name], text


def files(view: View, directories: Iterable[str], ending: str) -> Iterator[str]:
    """Yield the files in directories whose names have an ending, in the order of names; hidden ones are left out."""
    for directory in directories:
        names = view.names(directory)
        yield from (f"{directory}/{name}" for name in names if name.endswith(ending) and not name.startswith("."))


def name_of(path: str) -> str:
    """Return the name of a file."""
    return posixpath.basename(path)


def chosen(view: View, variables: Variables, choices: str) -> list[str]:
    """Return the files that an entry of the table names: of choices the first existing one, of a pattern all."""
    paths = [path for one in choices.split("|") if (path := place(view, variables, one))]
    if "*" in choices:
        return [path for one in paths for path in view.matching(one)]
    return [path for path in paths if view.exists(path)][:1]


def place(view: View, variables: Variables, path: str) -> str | None:
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
