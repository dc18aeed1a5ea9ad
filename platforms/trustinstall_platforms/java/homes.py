"""The Java installations of a machine, and the file that each trusts: found by reading, never by running them.

`real`: seen on such a system. Everything else is documented, or reported by users of that tool.
"""

from __future__ import annotations

import errno
import posixpath
from contextlib import suppress
from datetime import timedelta
from fnmatch import fnmatchcase
from itertools import chain
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts.installed import is_backup
from trustinstall.facts.programs import binaries, expanded, slashed
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host

#: Directories that may be an installation; each `*` is any name. "~" is the acting account's home.
HOMES = (
    "/usr/lib/jvm/*",  # Debian's, Fedora's, SUSE's, Arch's packages, and Adoptium's; real
    "/usr/lib64/jvm/*",  # SUSE
    "/usr/java/*",  # Oracle's RPMs
    "/usr/lib/java",  # Slackware, Oracle
    "/opt/*",  # unpacked by hand; Gentoo's openjdk-bin-*
    "/opt/java/*",  # Docker's eclipse-temurin: /opt/java/openjdk
    "/opt/jdk/*",
    "/opt/jvm/*",
    "/usr/local/*",  # Docker's openjdk: /usr/local/openjdk-17
    "/usr/local/java/*",
    "/usr/local/lib/jvm/*",
    "/usr/local/sdkman/candidates/java/*",
    "/usr/local/openjdk*",  # FreeBSD's packages
    "/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",  # Homebrew; on Intel below /usr/local
    "/usr/local/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
    "/home/linuxbrew/.linuxbrew/opt/openjdk*/libexec",
    "~/.sdkman/candidates/java/*",  # SDKMAN
    "~/.asdf/installs/java/*",  # asdf
    "~/.local/share/mise/installs/java/*",  # mise
    "~/.local/share/rtx/installs/java/*",  # mise, when it was rtx
    "~/.jabba/jdk/*",  # jabba
    "~/.jabba/jdk/*/Contents/Home",
    "~/.jenv/versions/*",  # jenv: links
    "~/.jdks/*",  # IntelliJ's downloads
    "~/.gradle/jdks/*",  # Gradle's toolchains
    "~/.gradle/jdks/*/*",
    "~/.gradle/jdks/*/*/Contents/Home",
    "~/.m2/jdks/*",
    "~/.vscode/extensions/redhat.java-*/jre/*",  # Visual Studio Code's language server
    "~/.vscode-server/extensions/redhat.java-*/jre/*",
    "~/.cache/coursier/jvm/*",  # Coursier
    "~/java/*",
    "~/jdk*",
)
#: Programs that bring a runtime of their own.
PROGRAMS = (
    "/opt/*/jbr",  # JetBrains' IDEs and Android Studio, unpacked
    "/opt/*/jre",
    "/opt/*/jre64",
    "/opt/jetbrains/*/jbr",
    "/usr/local/*/jbr",
    "/usr/local/*/jre",
    "/usr/share/*/jbr",
    "/usr/share/*/jre",  # DBeaver's package: /usr/share/dbeaver-ce/jre
    "/opt/*/plugins/org.eclipse.justj.openjdk.*/jre",  # Eclipse
    "/usr/share/eclipse/plugins/org.eclipse.justj.openjdk.*/jre",
    "/usr/lib/eclipse/plugins/org.eclipse.justj.openjdk.*/jre",
    "~/eclipse/*/eclipse/plugins/org.eclipse.justj.openjdk.*/jre",  # Eclipse's installer
    "~/eclipse/plugins/org.eclipse.justj.openjdk.*/jre",
    "~/.p2/pool/plugins/org.eclipse.justj.openjdk.*/jre",
    "~/.local/share/JetBrains/Toolbox/apps/*/jbr",  # JetBrains Toolbox 2
    "~/.local/share/JetBrains/Toolbox/apps/*/*/*/jbr",  # Toolbox 1
    "~/.local/share/JetBrains/Toolbox/jre",
    "~/*/jbr",  # an IDE unpacked at home
    "~/*/jre",
)
#: Images that no account may change: they are shown, with the advice that works.
IMAGES = (
    "/snap/*/current/jbr",
    "/snap/*/current/jre",
    "/snap/*/current/jdk",
    "/snap/*/current/*/jbr",
    "/snap/*/current/usr/lib/jvm/*",
    "/var/lib/flatpak/app/*/current/active/files/*/jbr",
    "/var/lib/flatpak/app/*/current/active/files/jre",
    "/var/lib/flatpak/app/*/current/active/files/*/jre",
    "~/.local/share/flatpak/app/*/current/active/files/*/jbr",
    "~/.local/share/flatpak/app/*/current/active/files/jre",
)
MACOS = (
    "/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "~/Library/Java/JavaVirtualMachines/*/Contents/Home",
    "/Library/Internet Plug-Ins/JavaAppletPlugin.plugin/Contents/Home",
    "/Applications/*.app/Contents/jbr/Contents/Home",  # JetBrains, Android Studio
    "/Applications/*.app/Contents/jre/Contents/Home",
    "/Applications/*.app/Contents/Eclipse/jre/Contents/Home",  # DBeaver
    "/Applications/*.app/Contents/Eclipse/plugins/org.eclipse.justj.openjdk.*/jre",
    "~/Applications/*.app/Contents/jbr/Contents/Home",
)
WINDOWS_VARIABLES = ("ProgramFiles", "ProgramFiles(x86)", "ProgramW6432")
WINDOWS_BELOW = (
    "Java/*",
    "Eclipse Adoptium/*",
    "AdoptOpenJDK/*",
    "Amazon Corretto/*",
    "BellSoft/*",
    "Microsoft/jdk-*",
    "OpenJDK/*",
    "RedHat/*",
    "SapMachine/*",
    "Semeru/*",
    "Zulu/*",
    "Android/Android Studio/jbr",
    "JetBrains/*/jbr",
    "DBeaver/jre",
    "Eclipse Foundation/*/plugins/org.eclipse.justj.openjdk.*/jre",
)
WINDOWS = (
    "~/.jdks/*",
    "~/.gradle/jdks/*",
    "~/.gradle/jdks/*/*",
    "~/.jabba/jdk/*",
    "~/scoop/apps/*/current",
    "~/AppData/Local/Programs/*/jbr",
    "~/AppData/Local/Programs/Eclipse Adoptium/*",
    "~/AppData/Local/JetBrains/Toolbox/apps/*/*/*/jbr",
    "~/AppData/Local/DBeaver/jre",
    "~/eclipse/*/eclipse/plugins/org.eclipse.justj.openjdk.*/jre",
)

#: JAVA_HOME, JDK_HOME, JAVA_HOME_17_X64 (GitHub's runners), STUDIO_JDK, GRAALVM_HOME …
_VARIABLE = regex(r"(?:JAVA|JDK|JRE|GRAALVM)_HOME\w*|[A-Z]+_JDK")
_LIBRARIES = ("lib/security", "jre/lib/security")  # Java 9 and later; the runtime within a Java 8
NAMES = ("jssecacerts", "cacerts")  # the first one wins (JSSE Reference Guide, "Customizing the Default Truststores")
_KEYSTORE = regex(r"(?P<home>.+?)/(?:jre/)?lib/security/(?:jssecacerts|cacerts)")
_MOST = 30_000  # names that are examined: no account's home needs more for Java
_LONGEST = timedelta(seconds=60)  # the longest search; 20 ms is usual


def keystores(host: Host) -> Iterator[tuple[str, str]]:
    """Yield each installation with the file that it trusts (links resolved), in the order of the tables.

    Raises OSError after all those before it if a directory holds more names than any tool puts there, or is too slow.
    """
    seen: set[str] = set()
    for candidate in chain(_told(host), _Search(host).homes()):
        with suppress(OSError):  # a name that no file can have, links in a circle: no JVM reaches it either
            if host.status(candidate) is None:
                continue  # most of them
            home = host.real(candidate)
            found = () if home in seen or is_others(host, home) else _trusted_by(host, home)
            seen.add(home)
            yield from ((home, path) for path in found)


def home_of(location: str) -> str:
    """Return the installation that a keystore belongs to, by its path; the path itself if it does not show it."""
    match = _KEYSTORE.fullmatch(location)
    return match["home"] if match else location


def recognise(host: Host, path: str) -> tuple[str, str] | None:
    """Return the installation that reads a file, and the file (links resolved); None if no installation does.

    A backup of an installation does not count.
    """
    match = _KEYSTORE.fullmatch(path)
    directory = posixpath.dirname(path)
    first = next((f"{directory}/{name}" for name in NAMES if host.status(f"{directory}/{name}")), None)
    if match is None or path != first or is_others(host, match["home"]) or is_backup(host, path):
        return None
    return match["home"], host.real(path)


def _trusted_by(host: Host, home: str) -> list[str]:
    """Return the keystores, links resolved, of an installation, and of the runtime within it."""
    found: list[str] = []
    for library in _LIBRARIES:
        paths = (f"{home}/{library}/{name}" for name in NAMES)
        found += [host.real(path) for path in [path for path in paths if host.status(path)][:1]]
    return found


def _told(host: Host) -> Iterator[str]:
    """Yield the installations in the caller's variables and of the programs on the PATH."""
    for name, value in sorted(host.environ.items()):
        path = slashed(host, value).rstrip("/")
        absolute = path.startswith("/") or (host.platform == "win32" and path[1:3] == ":/")
        if absolute and _VARIABLE.fullmatch(name) and "\0" not in path:
            yield path
    program = "java.exe" if host.platform == "win32" else "java"
    for directory in dict.fromkeys(binaries(host)):
        if host.status(f"{directory}/{program}") is not None:
            home = posixpath.dirname(posixpath.dirname(host.real(f"{directory}/{program}")))
            yield home.removesuffix("/jre")  # of Java 8's jre/bin/java
            yield home


def patterns(host: Host) -> Iterator[str]:
    """Yield the directories that may be an installation on this system; each `*` is any name."""
    if host.platform == "win32":
        for name in WINDOWS_VARIABLES:
            top = slashed(host, host.environ.get(name, "")).rstrip("/")
            yield from (f"{top}/{one}" for one in WINDOWS_BELOW if top[1:3] == ":/")
        yield from expanded(host, WINDOWS)
        return
    yield from expanded(host, (*HOMES, *PROGRAMS, *IMAGES))
    yield from expanded(host, MACOS) if host.platform == "darwin" else ()


class _Search:
    """Searches for the tables' paths; gives up after more names, or more time, than any account needs."""

    def __init__(self, host: Host) -> None:
        self._host, self._left, self._end = host, _MOST, host.now() + _LONGEST

    def homes(self) -> Iterator[str]:
        for pattern in patterns(self._host):
            yield from self._matching(pattern)

    def _matching(self, pattern: str) -> Iterator[str]:
        """Yield the paths that fit a pattern, as far as the last `*` in it."""
        head, star, _ = pattern.partition("*")
        if not star:
            yield pattern
            return
        top = head.rpartition("/")[0]
        part, slash, rest = pattern[len(top) + 1 :].partition("/")
        for name in self._names(top):
            if fnmatchcase(name, part) and not name.startswith(".") and "*" not in name:
                yield from self._matching(f"{top}/{name}{slash}{rest}")

    def _names(self, top: str) -> list[str]:
        host = self._host
        try:
            if not host.is_directory(top) or is_others(host, host.real(top)):
                return []
        except OSError:  # as above
            return []
        if host.now() > self._end:
            raise OSError(
                errno.ETIMEDOUT, f"looking for Java takes too long, last in {printable(top)}; empty or mend it"
            )
        names = host.names(top)
        self._left -= len(names)
        if self._left < 0:
            raise OSError(
                errno.EFBIG,
                f"{printable(top)} holds more names than any tool makes; empty it: Java is looked for no further",
            )
        return names


def is_others(host: Host, path: str) -> bool:
    """Whether a path belongs to another account, so that root does not read it: that account's own process will."""
    if not host.account.is_root or host.platform == "win32":
        return False
    try:
        return host.path_owner(path) not in {0, host.machine_owner}
    except OSError:  # it does not exist, or has several owners: the store then says why it is not written
        return False
