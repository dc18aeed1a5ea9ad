"""Keystores that settings make Java programs trust in place of their Java's own, and the passwords beside their names.

Sources: JSSE Reference Guide, "Customizing the Default Truststores"; Gradle user manual, "Build Environment" (system
properties); mvn(1), .mavenrc; sbt and Bazel documentation; JetBrains, "Advanced configuration"; `java.util.Properties`.
A project's files (`.mvn/jvm.config`, its own `gradle.properties`) are not read.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.facts.programs import expanded, is_absolute, slashed
from trustinstall.patterns import regex
from trustinstall_platforms.java.homes import is_others
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
    "/etc/sbt/sbtopts",
    "/etc/bazel.bazelrc",
    "~/.mavenrc",
    "~/.sbtopts",
    "~/.bazelrc",
    # Files of shells and sessions, which set variables of options: bash(1), zsh(1), fish(1), environment.d(5).
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
#: Variables of options; the first three are the JVM's own.
VARIABLES = (
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "JAVA_OPTS",
    "MAVEN_OPTS",
    "MAVEN_ARGS",
    "GRADLE_OPTS",
    "SBT_OPTS",
    "ANT_OPTS",
)

_STORE, _PASSWORD = "javax.net.ssl.trustStore", "javax.net.ssl.trustStorePassword"
_OPTION = regex(
    rf"-D(?P<key>{re.escape(_STORE)}(?:Password)?)=(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s\"']*))"
)
#: The variable whose value may name argument files (java(1), java @argfiles).
_WITH_FILES = "JDK_JAVA_OPTIONS"
_ARGUMENTS = regex(r"(?:^|(?<=[ \t]))@([^\s@]+)")
_COMMENT = regex(r"^[ \t]*#.*", re.MULTILINE)
_BLANKS = " \t\f"
_PROPERTY = regex(r"(?P<key>(?:\\.|[^ \t\f=:\\])*)[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = regex(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_LIMIT, _MOST = 1024 * 1024, 64  # bytes of a file; IDEs' versions, keystores and passwords: each costs a try
#: The names of the two system properties in Gradle's file.
_GRADLES = {f"systemProp.{name}": name for name in (_STORE, _PASSWORD)}
_JVM = "org.gradle.jvmargs"


def keystores(host: Host) -> Iterator[str]:
    """Yield the named files, links resolved, except other accounts'; they may not exist."""
    for value in _named(host, _STORE):
        path = _expanded(host, value)
        if path is not None:
            with suppress(OSError):  # a name that no file can have, links in a circle
                real = host.real(path)
                if not is_others(host, real):
                    yield real


def passwords(host: Host) -> list[str]:
    """Return the passwords beside the names."""
    return _named(host, _PASSWORD)


def properties(text: str) -> Iterator[tuple[str, str]]:
    """Yield each key and value of a file of Java's properties."""
    parts: list[str] = []
    for one in f"{text}\n".replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        part = one.lstrip(_BLANKS)
        if not parts and part[:1] in {"#", "!"}:
            continue
        goes_on = (len(part) - len(part.rstrip("\\"))) % 2 == 1
        if goes_on:
            parts += filter(None, [part[:-1]])  # a line of backslashes alone begins none
            continue
        parts.append(part)
        line = "".join(parts)
        if line and (match := _PROPERTY.match(line)):
            yield _plain(match["key"]), _plain(line[match.end() :])
        parts = []


def _named(host: Host, name: str) -> list[str]:
    """Return the values of a property, each once; the first ones, if a file holds thousands."""
    values = dict.fromkeys(value for said, value in _said(host) if said == name)
    return list(values)[:_MOST]


def _said(host: Host) -> Iterator[tuple[str, str]]:
    """Yield the two properties at all places that set them, in order."""
    for name, value in _variables(host):
        yield from _options(value)
        if name == _WITH_FILES:
            yield from (one for path in _ARGUMENTS.findall(value) for one in _options(_arguments(host, path)))
    homes = [f"{top}/gradle.properties" for top in _variable(host, GRADLE_HOME)]
    for path in (*homes, *expanded(host, PROPERTIES)):
        for key, value in properties(_text(host, path)):
            if key in _GRADLES:
                yield _GRADLES[key], value
            elif key == _JVM:
                yield from _options(value)
    for path in _option_files(host):
        yield from _options(_COMMENT.sub("", _text(host, path)))


def _variables(host: Host) -> Iterator[tuple[str, str]]:
    """Yield the variables of options in the session that calls and in the account's own sessions, with their values."""
    # root's variables may be another account's
    calling = {} if host.account.is_root else {name: host.environ.get(name, "") for name in VARIABLES}
    sessions = everyday(host) if host.platform != "win32" else ()
    said = ((name, one.value(name) or "") for one in sessions for name in VARIABLES)
    yield from dict.fromkeys((*calling.items(), *said))


def _arguments(host: Host, path: str) -> str:
    """Return the text of an argument file, without its comments; "" if another account may change it."""
    found = _expanded(host, path)
    with suppress(OSError):  # a name that no file can have
        if found is not None and not is_others(host, host.real(found)):
            return _COMMENT.sub("", _text(host, found))
    return ""


def _option_files(host: Host) -> Iterator[str]:
    windows = host.platform == "win32"
    found = [*expanded(host, WINDOWS_OPTIONS if windows else OPTIONS)]
    for top in () if windows else expanded(host, OPTION_DIRECTORIES):
        found += [f"{top}/{name}" for name in host.names(top)[:_MOST]]
    yield from found
    for top in expanded(host, IDES):
        for version in host.names(top)[:_MOST]:
            options = [name for name in host.names(f"{top}/{version}") if name.endswith(".vmoptions")]
            yield from (f"{top}/{version}/{name}" for name in options[:_MOST])


def _options(text: str) -> Iterator[tuple[str, str]]:
    for match in _OPTION.finditer(text):
        yield match["key"], next(one for one in match.group("double", "single", "bare") if one is not None)


def _variable(host: Host, name: str) -> list[str]:
    value = "" if host.account.is_root else slashed(host, host.environ.get(name, ""))
    return [value] if is_absolute(host, value) and "\0" not in value else []


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


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2]), text)
