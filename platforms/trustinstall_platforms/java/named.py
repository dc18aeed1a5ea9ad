"""Keystores that settings make Java programs trust in place of their Java's own, and the passwords beside their names.

Sources: JSSE Reference Guide, "Customizing the Default Truststores"; Gradle user manual, "Build Environment" (system
properties); mvn(1), .mavenrc; Maven documentation, Configuring Apache Maven (`.mvn`); sbt and Bazel documentation;
JetBrains, "Advanced configuration".
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.facts import variables
from trustinstall.facts.programs import expanded, is_absolute, slashed
from trustinstall.patterns import regex
from trustinstall_platforms.java.homes import is_others
from trustinstall_platforms.java.options import PASSWORD, STORE, Option, in_launcher, in_properties, in_words
from trustinstall_platforms.tools.effective.model import Kind, Setter
from trustinstall_platforms.tools.sessions import everyday

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

#: Files of properties; of options, with any words around them; and directories of IDEs, one for each version. Maven's
#: and those of shells are real, the others documented.
PROPERTIES = ("~/.gradle/gradle.properties",)
GRADLE_HOME = "GRADLE_USER_HOME"
OPTIONS = (
    "/etc/environment",
    "/etc/mavenrc",
    "/usr/local/etc/mavenrc",
    "/etc/sbt/sbtopts",
    "/etc/bazel.bazelrc",
    "~/.mavenrc",
    "~/.sbtopts",
    "~/.bazelrc",
)
#: The same of Maven's launcher.
LAUNCHERS = ("/etc/maven/m2.conf",)
#: Files of shells and sessions, which set variables of options: bash(1), zsh(1), fish(1), environment.d(5).
SHELLS = (
    "/etc/profile",
    "/etc/bash.bashrc",
    "/etc/zsh/zshenv",
    "/etc/zsh/zprofile",
    "/etc/zsh/zshrc",
    "~/.profile",
    "~/.bash_profile",
    "~/.bash_login",
    "~/.bashrc",
    "~/.bash_aliases",
    "~/.zshenv",
    "~/.zprofile",
    "~/.zshrc",
    "~/.config/fish/config.fish",
)
#: Directories of such files.
OPTION_DIRECTORIES = (
    "/etc/profile.d",
    "/etc/environment.d",
    "~/.bashrc.d",
    "~/.config/environment.d",
    "~/.config/fish/conf.d",
)
WINDOWS_OPTIONS = ("~/mavenrc_pre.cmd", "~/mavenrc_pre.bat")
IDES = (
    "~/.config/JetBrains",
    "~/.config/Google",
    "~/Library/Application Support/JetBrains",
    "~/AppData/Roaming/JetBrains",
)
#: Files of projects, and of installations, which a walk finds. Maven's are real, the others documented.
PROJECTS = ("jvm.config", "maven.config", "m2.conf", "gradle.properties", ".jvmopts", ".sbtopts", ".bazelrc")

#: The variable whose value may name argument files (java(1), java @argfiles).
_WITH_FILES = "JDK_JAVA_OPTIONS"
_ARGUMENTS = regex(r"(?:^|(?<=[ \t]))@([^\s@]+)")
_LIMIT, _MOST = 1024 * 1024, 64  # bytes of a file; IDEs' versions, keystores and passwords: each costs a try
#: Values that name no file: keystores of PKCS#11 tokens, and of Windows.
_NO_FILE = frozenset({"", "NONE", "NUL"})


def keystores(host: Host) -> Iterator[str]:
    """Yield the named files, links resolved, except other accounts'; they may not exist."""
    found = (path for one in options(host) if (path := location(host, one)) is not None)
    yield from dict.fromkeys(found)


def options(host: Host) -> list[Option]:
    """Return the options that name a keystore, each value once."""
    return _named(host, STORE)


def is_unknown(host: Host, one: Option) -> bool:
    """Whether an option names a file that cannot be known: a relative one depends on the directory of each start."""
    expands = one.run and "$" in one.value  # the sessions of the account show its value
    return one.value not in _NO_FILE and "\0" not in one.value and not expands and _expanded(host, one.value) is None


def location(host: Host, one: Option) -> str | None:
    """Return the file that an option names, links resolved; None for another account's, and if it is not known."""
    path = _expanded(host, one.value)
    with suppress(OSError):  # a name that no file can have, links in a circle
        if path is not None and not is_others(host, real := host.real(path)):
            return real
    return None


def passwords(host: Host) -> list[str]:
    """Return the passwords beside the names."""
    return list(dict.fromkeys(one.value for one in _named(host, PASSWORD)))


def of_project(host: Host, path: str) -> list[Option]:
    """Return the options in a file of a project, or of an installation; none if another account may change it."""
    name = path.rpartition("/")[2].lower()
    if name not in PROJECTS or is_others(host, path):
        return []
    reads = in_properties if name.endswith(".properties") else in_launcher if name == "m2.conf" else in_words
    return list(reads(_text(host, path), path))


def _named(host: Host, name: str) -> list[Option]:
    """Return the options of a name, each value once; the first ones, if a file holds thousands."""
    found: dict[str, Option] = {}
    for one in _said(host):
        if one.name == name:
            found.setdefault(one.value, one)
    return list(found.values())[:_MOST]


def _said(host: Host) -> Iterator[Option]:
    """Yield the two options at all places that have them, in order."""
    for name, value, setter in _variables(host):
        path, line = setter.path or name, setter.line
        yield from (one._replace(path=path, line=line) for one in in_words(value))
        if name == _WITH_FILES:
            yield from (one for path in _ARGUMENTS.findall(value) for one in _arguments(host, path))
    tops = (_expanded(host, one) for one in _values(host, GRADLE_HOME))
    homes = [f"{top}/gradle.properties" for top in tops if top is not None]
    for path in (*homes, *expanded(host, PROPERTIES)):
        yield from in_properties(_text(host, path), path)
    for path in () if host.platform == "win32" else LAUNCHERS:
        yield from in_launcher(_text(host, path), path)
    for path in _option_files(host):
        yield from in_words(_text(host, path), path)
    for path in _shells_files(host):
        yield from (one._replace(run=True) for one in in_words(_text(host, path), path))
    yield from (one for path in host.known for one in of_project(host, path))


def _variables(host: Host) -> Iterator[tuple[str, str, Setter]]:
    """Yield the variables of options, each value once, with the places that set them."""
    found: dict[tuple[str, str], Setter] = {}
    for name in variables.JAVA:
        for value, setter in _values(host, name).items():
            found.setdefault((name, value), setter)
    yield from ((name, value, setter) for (name, value), setter in found.items())


def _values(host: Host, name: str) -> dict[str, Setter]:
    """Return the values of a variable in the session that calls and in the account's own, with their places."""
    # root's variables may be another account's
    calling = "" if host.account.is_root else host.environ.get(name, "")
    found = {calling: Setter(Kind.VARIABLE)} if calling else {}
    for one in everyday(host) if host.platform != "win32" else ():
        variable = one.variables.get(name)
        if variable is not None and variable.value:
            found.setdefault(variable.value, variable.setter)
    return found


def _arguments(host: Host, path: str) -> list[Option]:
    """Return the options in an argument file; none if another account may change it."""
    found = _expanded(host, path)
    with suppress(OSError):  # a name that no file can have
        if found is not None and not is_others(host, host.real(found)):
            return list(in_words(_text(host, found), found))
    return []


def _option_files(host: Host) -> Iterator[str]:
    yield from expanded(host, WINDOWS_OPTIONS if host.platform == "win32" else OPTIONS)
    for top in expanded(host, IDES):
        for version in host.names(top)[:_MOST]:
            options = [name for name in host.names(f"{top}/{version}") if name.endswith(".vmoptions")]
            yield from (f"{top}/{version}/{name}" for name in options[:_MOST])


def _shells_files(host: Host) -> Iterator[str]:
    if host.platform != "win32":
        yield from expanded(host, SHELLS)
        for top in expanded(host, OPTION_DIRECTORIES):
            yield from (f"{top}/{name}" for name in host.names(top)[:_MOST])


def _expanded(host: Host, value: str) -> str | None:
    """Return an absolute path, with the known names of the home expanded; None for anything else."""
    home = host.account.home
    path = slashed(host, value)
    for word in ("$HOME/", "${HOME}/", "${user.home}/", "~/"):
        if path.startswith(word) and home:
            path = f"{slashed(host, home).rstrip('/')}/{path.removeprefix(word)}"
    return path if is_absolute(host, path) and "\0" not in path else None


def _text(host: Host, path: str) -> str:
    try:
        content = host.read_or_none(host.real(path), _LIMIT) or b""
    except OSError:
        return ""
    return content.decode("utf-8", "surrogateescape")
