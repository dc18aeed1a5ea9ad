"""The sessions of an account: the variables of its programs in each, and the file and line that sets them."""

from __future__ import annotations

import posixpath
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.facts import variables as facts
from trustinstall.facts.programs import programs
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Session, Setter
from trustinstall_platforms.tools.sessions import direnv, instead, jobs, plain_lines, repeated, table
from trustinstall_platforms.tools.sessions.beginning import BEFORE, begin, chosen, files, name_of, place
from trustinstall_platforms.tools.sessions.csh import Csh, EndedError
from trustinstall_platforms.tools.sessions.fish_run import Fish
from trustinstall_platforms.tools.sessions.fish_set import universal
from trustinstall_platforms.tools.sessions.sh_run import LeftError, Shell
from trustinstall_platforms.tools.sessions.values import Value, Variables
from trustinstall_platforms.tools.sessions.view import ExhaustedError, View

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from trustinstall.host import Host
    from trustinstall_platforms.tools.sessions.repeated import Effect

_MARKS = {
    "bash": {"BASH": "/bin/bash", "BASH_VERSION": "5"},
    "zsh": {"ZSH_VERSION": "5", "ZSH_NAME": "zsh"},
    "fish": {"FISH_VERSION": "3"},
}
_Begun = tuple[View, Variables] | None
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
    effects = host.kept("effects of shells' files", dict["Hashable", "Effect"])
    fresh = partial(View, host, home, shown, added or {}, effects=effects)
    found: dict[str, Read] = {}
    begun: dict[tuple[str, ...], _Begun] = {}  # many sessions begin in the same way
    for row in table.ROWS:
        if _is_here(host, row) and (not row.shell or programs(host, row.programs or (row.shell,))):
            view, variables = fresh(), None
            if row.before not in begun:
                begun[row.before] = _begun(view.copy(), row.before)
            if (first := begun[row.before]) is not None:
                view, variables = first[0].copy(), first[1].copy()
            usual = found.get(row.beside)
            if row.beside and not _may_differ(row, usual, view, variables, begun):
                continue
            read = Read(session(view, row, variables), frozenset(view.read))
            if not row.beside or _differs(read, usual) or _is_login_shell(host, row):
                found[row.name] = read
    of_jobs = () if at_home else _in_jobs(fresh, found, begun)  # they are the same
    return [*found.values(), *_in_projects(fresh), *of_jobs]


def texts(host: Host, paths: Iterable[str], shown: Callable[[str, str], str]) -> list[str] | None:
    """Return the parts of files that count for sessions, as in `supposed`; None if that is more than is read."""
    view = View(host, "" if host.account.is_root else host.account.home or "", shown)
    try:
        return [text for path in paths if (text := view.text(path)) is not None]
    except ExhaustedError:
        return None


def _in_projects(fresh: Callable[[], View]) -> Iterator[Read]:
    """Yield the sessions in the directories in which direnv sets a variable that clients read."""
    if not programs(fresh().host, table.DIRENV.programs):
        return
    usual: Read | None = None
    try:
        projects = list(direnv.projects(fresh()))
    except ExhaustedError:
        return
    for directory, path in projects:
        view = fresh()
        usual = usual or Read(session(view.copy(), table.DIRENV), frozenset())
        row = table.DIRENV._replace(name=f"{table.DIRENV.name}{directory}", files=(*table.DIRENV.files, path))
        before = Variables()
        before.start({"PWD": directory}, exported=True)
        read = Read(session(view, row, before), frozenset(view.read))
        if _differs(read, usual):
            yield read


def _in_jobs(
    fresh: Callable[[], View], found: Mapping[str, Read], begun: Mapping[tuple[str, ...], _Begun]
) -> Iterator[Read]:
    """Yield the sessions of programs that cron, systemd and sudo start with variables of their own."""
    view = fresh()
    view.home = (view.host.account.home or "").rstrip("/")  # they read their files with root's rights
    for job in jobs.jobs(view, _names()) if view.host.platform == "linux" else ():
        usual = found.get(job.beside)
        row = next(one for one in table.ROWS if one.name == job.beside)
        first, one = begun.get(row.before), view.copy()
        variables = first[1].copy() if first is not None else Variables()
        try:
            job.read(one, variables)
        except ExhaustedError:
            _forget(variables, one)
        read = Read(Session(job.name, variables.environment()), frozenset(one.read))
        if _differs(read, usual):
            yield read


def _may_differ(
    row: table.Row, usual: Read | None, view: View, variables: Variables | None, begun: Mapping[tuple[str, ...], _Begun]
) -> bool:
    """Whether a session may differ from the more usual one: then its files are read."""
    if row.within:
        return usual is None or row.within in usual.session.variables
    like = next((one for one in table.ROWS if one.name == row.beside), row)
    first = begun.get(like.before)
    if row.before != like.before and first is not None and variables is not None:
        return first[1].state() != variables.state()
    more = (choices for choices in row.files if choices not in like.files)
    return any(chosen(view, variables or Variables(), choices) for choices in more)


def _differs(one: Read, usual: Read | None) -> bool:
    """Whether a session gives another value to a variable that clients read, or for another reason."""
    mine = one.session.variables
    return any(
        mine.get(name) != (usual.session.variables.get(name) if usual is not None else None) for name in _names()
    )


def _names() -> frozenset[str]:
    """Return the variables that clients read, and those of options for the JVM."""
    from trustinstall_platforms.tools.effective.clients import READ

    return READ.union((each.name for each in facts.EVERY), facts.JAVA)


def _is_login_shell(host: Host, row: table.Row) -> bool:
    shell = posixpath.basename(host.account.shell)
    return not host.account.is_root and bool(shell) and shell in row.programs


def _begun(view: View, before: tuple[str, ...]) -> tuple[View, Variables] | None:
    """Return what PAM and systemd set before a shell is started, and read for it; None if that is too much."""
    variables = Variables()
    try:
        for source in before:
            BEFORE[source](view, variables)
    except ExhaustedError:
        return None
    return view, variables


def session(view: View, row: table.Row, before: Variables | None = None) -> Session:
    """Return one way to start programs; `before` are its first variables, else those of the row."""
    variables = before or Variables()
    replaced: dict[str, Setter] = {}
    try:
        for source in row.before if before is None else ():
            BEFORE[source](view, variables)
        if row.shell:
            noted = _read_by_shell(view, variables, row)
            replaced = instead.scripts(view, variables) | instead.replaced(noted)
    except ExhaustedError:
        _forget(variables, view)
    return Session(row.name, variables.environment(), replaced)


def _forget(variables: Variables, view: View) -> None:
    """Make the variables that trustinstall sets unknown: a file is longer than is read."""
    unknown = Value(None, Setter(Kind.VARIABLE, view.last), "more than is read")
    for one in facts.EVERY:
        variables.set(one.name, unknown, export=True)


def _is_here(host: Host, row: table.Row) -> bool:
    """Return whether a way exists on this machine: services are the machine's, PAM and systemd are Linux'."""
    if host.platform != "linux":
        return bool(row.shell) and table.SYSTEMD not in row.before
    return table.SERVICES not in row.before or host.account.is_root


def _read_by_shell(view: View, variables: Variables, row: table.Row) -> Mapping[str, instead.Noted]:
    """Read the files of a shell; return its aliases and functions of the names of clients' programs."""
    dialect = row.shell
    if dialect == "sh" and posixpath.basename(view.host.real("/bin/sh")) != "dash":
        dialect = "bash"
    begin(view, variables)
    if dialect != "sh":  # dash sets neither
        account = view.host.account
        known = {"UID": str(account.uid), "EUID": str(account.uid)} if view.home else {}
        variables.start(known, exported=False)
    variables.start({"-": _FLAGS[row.interactive], **_MARKS.get(dialect, {})}, exported=False)
    if row.interactive and dialect != "fish":
        variables.start({"PS1": "$ "}, exported=False)
    if dialect == "fish":
        return _read_by_fish(view, variables, row)
    if dialect in plain_lines.LANGUAGES:
        _read_by_lines(view, variables, row)
        return {}
    if dialect == "csh":
        csh = Csh(view, variables)
        with suppress(EndedError):
            for choices in row.files:
                for path in chosen(view, variables, choices):
                    csh.read(path)
        return csh.noted
    return _read_by_sh(view, variables, row, dialect)


def _read_by_sh(view: View, variables: Variables, row: table.Row, dialect: str) -> Mapping[str, instead.Noted]:
    shell = Shell(view, variables, dialect)
    try:
        for choices in row.files:
            for path in chosen(view, variables, choices):
                repeated.read(shell, path)
    except LeftError:  # the shell ended in a file
        return {}
    inner = variables.environment().get(row.within)
    if inner is not None and inner.value:
        begun = Variables()
        begun.inherit(variables.environment())
        shell = Shell(view, begun, dialect)
        with suppress(LeftError):
            shell.read(inner.value)
        variables.become(begun)
    return shell.replacing(interactive=row.interactive)


def _read_by_lines(view: View, variables: Variables, row: table.Row) -> None:
    names = _names()
    for choices in row.files:
        for path in chosen(view, variables, choices):
            text = view.text(path)
            if text is not None:
                plain_lines.read(variables, row.shell, text, path, names)


def _read_by_fish(view: View, variables: Variables, row: table.Row) -> Mapping[str, instead.Noted]:
    said = {"is-login": row.login, "is-interactive": row.interactive}
    fish = Fish(view, variables, frozenset(name for name, is_so in said.items() if is_so))
    path = place(view, variables, table.FISH_UNIVERSAL)
    text = view.text(path) if path else None
    if path and text is not None:
        universal(variables, text, path)
    directories = [one for each in table.FISH_CONF_D if (one := place(view, variables, each))]
    paths = list(files(view, directories, ".fish"))  # listed once: another program may add a file meanwhile
    found = {name_of(path): path for path in reversed(paths)}
    for one in (path for path in paths if found[name_of(path)] == path):
        fish.read(one)
    for config in table.FISH_CONFIG:
        if path := place(view, variables, config):
            fish.read(path)
    return fish.noted
