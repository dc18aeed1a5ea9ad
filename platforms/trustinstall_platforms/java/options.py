"""Options of Java's in settings files that have it trust another keystore, with their lines.

Sources: JSSE Reference Guide, "Customizing the Default Truststores"; `java.util.Properties`; Gradle user manual, "Build
Environment" (system properties); Plexus Classworlds, "Launcher configuration" (`set NAME default VALUE`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.editing.text import numbering
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

STORE, PASSWORD = "javax.net.ssl.trustStore", "javax.net.ssl.trustStorePassword"
_OPTION = regex(
    rf"-D(?P<key>{re.escape(STORE)}(?:Password)?)=(?:\"(?P<double>[^\"\n]*)\"|'(?P<single>[^'\n]*)'|(?P<bare>[^\s\"']*))"
)
_LAUNCHER = regex(rf"^[ \t]*set[ \t]+({re.escape(STORE)}(?:Password)?)[ \t]+default[ \t]+(\S+)", re.MULTILINE)
_COMMENT = regex(r"^[ \t]*#.*", re.MULTILINE)
_BLANKS = " \t\f"
_PROPERTY = regex(r"(?P<key>(?:\\.|[^ \t\f=:\\])*)[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE = regex(r"\\(?:u([0-9a-fA-F]{4})|(.))")
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
#: The names of the two system properties in Gradle's file.
_GRADLES = {f"systemProp.{name}": name for name in (STORE, PASSWORD)}
_JVM = "org.gradle.jvmargs"


class Option(NamedTuple):
    """One of the two options.

    Attributes:
        name: STORE or PASSWORD.
        value: its value, not expanded.
        path: the file that has it, or the variable of the session that calls.
        line: the line there, from 1; 0 if it is not known.
        run: whether a shell expands other variables in it.
    """

    name: str
    value: str
    path: str = ""
    line: int = 0
    run: bool = False

    def __str__(self) -> str:
        """Return "FILE line N" for people, as far as it is known."""
        return f"{self.path} line {self.line}" if self.line else self.path


def in_words(text: str, path: str = "") -> Iterator[Option]:
    """Yield the options among any words; lines that begin with # are comments."""
    bare = _COMMENT.sub("", text)
    for match, line in _matches(_OPTION, bare):
        value = next(one for one in match.group("double", "single", "bare") if one is not None)
        yield Option(match["key"], value, path, line)


def in_launcher(text: str, path: str = "") -> Iterator[Option]:
    """Yield the options in the configuration of Maven's launcher."""
    yield from (Option(one[1], one[2], path, line) for one, line in _matches(_LAUNCHER, text))


def in_properties(text: str, path: str = "") -> Iterator[Option]:
    """Yield the options in a file of Gradle's."""
    for key, value, line in _numbered(text):
        if key in _GRADLES:
            yield Option(_GRADLES[key], value, path, line)
        elif key == _JVM:
            yield from (one._replace(path=path, line=line) for one in in_words(value))


def properties(text: str) -> Iterator[tuple[str, str]]:
    """Yield each key and value of a file of Java's properties."""
    yield from ((key, value) for key, value, _ in _numbered(text))


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each match with its line, from 1; most files have none."""
    found = list(pattern.finditer(text))
    number = numbering(text) if found else int
    yield from ((one, number(one.start())) for one in found)


def _numbered(text: str) -> Iterator[tuple[str, str, int]]:
    """Yield the same with the line, from 1, on which the key begins."""
    parts: list[str] = []
    begins = 1
    for number, one in enumerate(f"{text}\n".replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        part = one.lstrip(_BLANKS)
        if not parts and part[:1] in {"#", "!"}:
            continue
        begins = begins if parts else number
        goes_on = (len(part) - len(part.rstrip("\\"))) % 2 == 1
        if goes_on:
            parts += filter(None, [part[:-1]])  # a line of backslashes alone begins none
            continue
        parts.append(part)
        line = "".join(parts)
        if line and (match := _PROPERTY.match(line)):
            yield _plain(match["key"]), _plain(line[match.end() :]), begins
        parts = []


def _plain(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2]), text)
