"""Units of systemd's services, and the variables that they set for their programs; nothing is run.

Only the units of administrators and accounts are looked through. A package's own unit counts where something is dropped
in beside it, or where it names a file of settings that sets a variable of a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions import managers
from trustinstall_platforms.tools.sessions.values import Value
from trustinstall_platforms.tools.sessions.view import ExhaustedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall_platforms.tools.sessions.values import Variables
    from trustinstall_platforms.tools.sessions.view import View

_MACHINE = ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system")
_PACKAGES = ("/usr/lib/systemd/system", "/lib/systemd/system")
_ACCOUNT = ("~/.config/systemd/user", "/etc/systemd/user", "/run/systemd/user")
_ACCOUNTS_PACKAGES = ("~/.local/share/systemd/user", "/usr/lib/systemd/user")
#: Directories of files that packages' units name: Debian's and Red Hat's.
_SETTINGS = ("/etc/default", "/etc/sysconfig")
_ENDING, _ALL = ".service", "service"
_ENDINGS = (_ENDING, f"{_ENDING}.d", f"{_ALL}.d")
_FILE = "EnvironmentFile"
_WORD = regex(r"\w+")
_MOST = 200  # units, and files of a directory


class Unit(NamedTuple):
    """A service: its name, "" for what counts for all, and its files in the order in which they count."""

    name: str
    files: tuple[str, ...]

    def read(self, view: View, variables: Variables) -> None:
        """Set its variables: those of its files of settings count more. Raises ExhaustedError."""
        own: dict[str, Value] = {}
        named: list[str] = []
        unset: list[str] = []
        for path in self.files:
            for key, value, number in _service(view.text(path) or ""):
                setter = Setter(Kind.VARIABLE, path, number)
                if key == "Environment":
                    own = {**own, **managers.assignments(value.replace("%h", view.home), setter)} if value else {}
                elif key == _FILE:
                    named = [*named, value.removeprefix("-")] if value else []
                elif key == "UnsetEnvironment":
                    unset += value.split()
        for path in (each for one in named for each in view.matching(one)):
            for line in managers.env_lines(view.text(path) or ""):
                own[line.name] = Value(line.value, Setter(Kind.VARIABLE, path, line.line), line.raw)
        for name, one in own.items():
            variables.set(name, one, export=True)
        for name in unset:
            variables.unset(name)


def of_machine(view: View, names: frozenset[str]) -> Iterator[Unit]:
    """Yield the services of the machine whose files may set one of these variables."""
    listed = (f"{top}/{name}" for top in _SETTINGS for name in view.names(top)[:_MOST])
    named = [path for path in listed if may_set(view, path, names)]
    yield from _units(view, names, _MACHINE, _PACKAGES)
    for name, path in _packages_units(view) if named else ():
        if any(one in short(view, path) for one in named):
            yield Unit(name, _files(view, name, (*_MACHINE, *_PACKAGES)))


def of_account(view: View, names: frozenset[str]) -> Iterator[Unit]:
    """Yield the account's own services, likewise."""
    own, packages = ([one.replace("~", view.home, 1) for one in each] for each in (_ACCOUNT, _ACCOUNTS_PACKAGES))
    yield from _units(view, names, own, packages)


def _units(view: View, names: frozenset[str], own: Sequence[str], packages: Sequence[str]) -> Iterator[Unit]:
    """Yield the units with a file in directories of `own` that may set a variable, and what counts for all services."""
    listed = (one.removesuffix(".d") for top in own for one in view.names(top) if one.endswith(_ENDINGS))
    for name in sorted(set(listed))[:_MOST]:
        files = _files(view, name, (*own, *packages))
        if any(may_set(view, one, names | {_FILE}) for one in files):
            yield Unit("" if name == _ALL else name, files)


def short(view: View, path: str) -> str:
    """Return the text of a file, or "" if there is none, or it is longer than is read."""
    try:
        return view.copy().text(path) or ""
    except ExhaustedError:
        return ""


def may_set(view: View, path: str, names: frozenset[str]) -> bool:
    """Whether a file has one of these names, or is longer than is read."""
    try:
        text = view.copy().text(path)
    except ExhaustedError:
        return True
    return text is not None and not names.isdisjoint(_WORD.findall(text))


def _files(view: View, name: str, tops: Sequence[str]) -> tuple[str, ...]:
    """Return the files of a unit: the first one of its name, and what is dropped in beside it, by name."""
    main = [path for top in tops if name != _ALL and view.exists(path := f"{top}/{name}")]
    dropped: dict[str, str] = {}
    for beside in dict.fromkeys((_ALL, name)):
        for directory in (f"{top}/{beside}.d" for top in tops):
            for one in view.names(directory)[:_MOST]:
                if one.endswith(".conf"):
                    dropped.setdefault(one, f"{directory}/{one}")
    return (*main[:1], *(dropped[one] for one in sorted(dropped)))


def _packages_units(view: View) -> Iterator[tuple[str, str]]:
    """Yield the names and files of packages' services, each once."""
    seen: set[str] = set()
    for top in _PACKAGES:
        for name in view.names(top):
            if name.endswith(_ENDING) and name not in seen:
                seen.add(name)
                yield name, f"{top}/{name}"


def _service(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the keys of the section of a service, with their values and lines."""
    section = ""
    for number, line in managers.continued(text):
        word = line.strip()
        if word.startswith("["):
            section = word
        elif section == "[Service]" and "=" in word:
            key, _, value = word.partition("=")
            yield key.rstrip(), value.strip(), number
