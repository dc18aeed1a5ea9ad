"""The files of environment variables, and the programs that each reaches: facts, a row each.

Their reach was tried on Debian 12 (tests/end_to_end): /etc/profile.d reaches login shells of bash, not of zsh and not
fish's; /etc/environment, by PAM, logins with any shell, cron, and the user's systemd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.facts.programs import programs
from trustinstall.facts.shell_syntax import LAUNCHD
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host


class Place(NamedTuple):
    """One file of variables.

    Attributes:
        path: its path; "~" is the account's home.
        style: the file's syntax, a key of `shell_syntax.KEPT`, or LAUNCHD.
        reaches: the programs that it reaches, in a few words.
        source: the source of this row.
        known: "real" or "documented".
        machine: whether it is the machine's, and not an account's.
        whole: whether it is a managed file, in a directory for such files of any program.
        where: it counts if one of these paths exists, or one of `shells`; () for always.
        shells: programs that read it.
        platforms: its systems.
        only: it counts only if it exists already: making it would change which files a shell reads.
        moved: the variable by which the account may have moved it, a key of _MOVES.
    """

    path: str
    style: str
    reaches: str
    source: str
    known: str = "real"
    machine: bool = False
    whole: bool = False
    where: tuple[str, ...] = ()
    shells: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ("linux",)
    only: bool = False
    moved: str = ""

    @property
    def tail(self) -> str:
        """Its path below the directory that `moved` names."""
        return self.path.removeprefix(_MOVES[self.moved])

    @property
    def head(self) -> tuple[str, ...]:
        """The lines that must stand before the variables."""
        return ("[Manager]",) if self.style == "systemd" else ()

    @property
    def format(self) -> str:
        """The format by which the managed part of the file is found, a name of `editing.FORMATS`."""
        return "whole" if self.style == LAUNCHD else "section"

    @property
    def proxies(self) -> str:
        """The format by which the managed proxies are found in the file, as `format`."""
        return "whole" if self.style == LAUNCHD else "proxy-section"


#: The directories that a variable moves: zsh(1), Startup/shutdown files; the XDG base directory specification.
_MOVES = {"ZDOTDIR": "~", "XDG_CONFIG_HOME": "~/.config"}
_BOTH = ("linux", "darwin")
_SYSTEMD = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
_OURS = "trustinstall"

PLACES = (
    Place(
        "/etc/environment",
        "pam",
        "logins, graphical sessions, cron",
        "pam_env(8)",
        machine=True,
        where=("/etc/environment", "/etc/pam.d"),
    ),
    Place(
        f"/etc/environment.d/90-{_OURS}.conf",
        "environment.d",
        "users' services",
        "environment.d(5)",
        machine=True,
        whole=True,
        where=_SYSTEMD,
    ),
    Place(
        f"/etc/systemd/system.conf.d/90-{_OURS}.conf",
        "systemd",
        "services, once the machine or systemd is started again",
        "systemd-system.conf(5), DefaultEnvironment=",
        "documented",
        machine=True,
        whole=True,
        where=_SYSTEMD,
    ),
    Place(
        f"/etc/profile.d/{_OURS}.sh",
        "sh",
        "login shells of sh and bash",
        "bash(1), Invocation; Debian Policy 9.9",
        machine=True,
        whole=True,
        where=("/etc/profile.d",),
    ),
    Place("/etc/zsh/zshenv", "sh", "zsh", "zsh(1), Startup/shutdown files", machine=True, where=("/etc/zsh",)),
    Place(
        "/etc/zshenv",
        "sh",
        "zsh",
        "zsh(1), Startup/shutdown files",
        "documented",
        machine=True,
        where=("/etc/zshenv",),
        platforms=_BOTH,
    ),
    Place(
        f"/etc/fish/conf.d/{_OURS}.fish",
        "fish",
        "fish",
        "fish's manual, Configuration files",
        machine=True,
        whole=True,
        where=("/etc/fish",),
    ),
    Place(
        f"/Library/LaunchAgents/{_OURS}.environment.plist",
        LAUNCHD,
        "programs that are started from the desktop, after the next login",
        "launchd.plist(5); launchctl(1), setenv",
        "documented",
        machine=True,
        whole=True,
        platforms=("darwin",),
    ),
    Place(
        f"~/Library/LaunchAgents/{_OURS}.environment.plist",
        LAUNCHD,
        "programs that are started from the desktop, after the next login",
        "launchd.plist(5); launchctl(1), setenv",
        "documented",
        whole=True,
        platforms=("darwin",),
    ),
    Place(
        f"~/.config/environment.d/90-{_OURS}.conf",
        "environment.d",
        "the account's services, graphical sessions",
        "environment.d(5)",
        whole=True,
        where=_SYSTEMD,
        moved="XDG_CONFIG_HOME",
    ),
    Place("~/.bash_profile", "sh", "login shells of bash", "bash(1), Invocation", only=True, platforms=_BOTH),
    Place("~/.bash_login", "sh", "login shells of bash", "bash(1), Invocation", only=True, platforms=_BOTH),
    Place("~/.profile", "sh", "login shells of sh and bash", "bash(1), Invocation", platforms=_BOTH),
    Place("~/.bashrc", "sh", "interactive shells of bash", "bash(1), Invocation", shells=("bash",), platforms=_BOTH),
    Place(
        "~/.zshenv",
        "sh",
        "zsh",
        "zsh(1), Startup/shutdown files",
        shells=("zsh",),
        platforms=_BOTH,
        moved="ZDOTDIR",
    ),
    Place(
        f"~/.config/fish/conf.d/{_OURS}.fish",
        "fish",
        "fish",
        "fish's manual, Configuration files",
        whole=True,
        shells=("fish",),
        platforms=_BOTH,
        moved="XDG_CONFIG_HOME",
    ),
)


def places(host: Host, *, all_of_them: bool = False) -> Iterator[tuple[Place, str]]:
    """Yield the places of the acting account (root's are the machine's), with paths: those that are read, or all."""
    home = host.account.home
    if host.is_image:
        return
    for one in PLACES:
        if host.platform not in one.platforms or one.machine != host.account.is_root or not (one.machine or home):
            continue
        paths = [one.path] if one.machine else _in_home(host, one, (home or "").rstrip("/"))
        yield from ((one, path) for path in paths if all_of_them or _counts(host, one, path))


def at(host: Host, location: str) -> Place | None:
    """Return the place of a file; a moved file is recognised by its name, for any current value of the variable."""
    exact = (one for one, path in places(host, all_of_them=True) if host.real(path) == location)
    home = host.account.home
    inside = home is not None and not host.account.is_root and location.startswith(f"{host.real(home).rstrip('/')}/")
    moved = (one for one in PLACES if inside and one.moved and location.endswith(one.tail))
    return next(exact, next(moved, None))


def _in_home(host: Host, place: Place, home: str) -> list[str]:
    """Return the path of an account's file, and the other path at which the calling session reads it."""
    usual, elsewhere = f"{home}{place.path[1:]}", host.environ.get(place.moved, "").rstrip("/")
    there = elsewhere.startswith(f"{home}/") and ".." not in elsewhere.split("/") and host.status(elsewhere) is not None
    return list(dict.fromkeys((usual, f"{elsewhere}{place.tail}"))) if place.moved and there else [usual]


def _counts(host: Host, place: Place, path: str) -> bool:
    if place.only:
        return host.status(path) is not None
    if place.path == "~/.profile":  # if none of those before it exists, bash reads it, and sh does in any case
        return programs(host, ("bash", "sh"))
    there = any(host.status(one) is not None for one in place.where)
    return there or (bool(place.shells) and programs(host, place.shells)) or not (place.where or place.shells)
