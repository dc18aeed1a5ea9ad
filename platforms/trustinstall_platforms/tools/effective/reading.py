"""The content of a settings file: every key with its line. The file is not trusted: sizes and includes are bounded."""

from __future__ import annotations

import posixpath
import re
from functools import partial
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.text import Malformed, numbering
from trustinstall.editing.text import read as text_of
from trustinstall.errors import printable
from trustinstall.patterns import regex
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import blocks, lines
from trustinstall_platforms.tools.effective.model import Kind, Setter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trustinstall.host import Host

    Row = tuple[tuple[str, ...], str, int]

LIMIT = 1024 * 1024  # bytes; no settings file is larger
#: The second word of a key of conda whose line counts more than every file with precedence, and than the variable.
FINAL = "#!final"
LYING = ("the file itself",)  # the key of a file of certificates that is read because of its place
_DEEP = 5  # files that include each other
_MOST = 64  # files that one file includes, with the files that they include
_DIRECTIVE = regex(r"^%(?P<word>include|unset)[ \t]+(?P<rest>[^\r\n]*)|^\[(?P<section>[^\[\]\r\n]+)\]", re.MULTILINE)


class Said(NamedTuple):
    """One key of a settings file: its path, its value, and its place."""

    key: tuple[str, ...]
    value: str
    setter: Setter


class UnreadableError(Exception):
    """A settings file that the account cannot read, or that does not have its client's format."""

    def __init__(self, path: str, cause: str, line: int = 0) -> None:
        super().__init__(f"{printable(path, 4096)}: {cause}")
        self.setter = Setter(Kind.SETTING, path, line)


class Reader(NamedTuple):
    """Reads settings files of one host, for an account with a home ("" for none)."""

    host: Host
    home: str

    def read(self, format_: str, path: str) -> tuple[Said, ...]:
        """Return every key of a settings file in order, with those of files that it includes; () if it does not exist.

        Raises UnreadableError.
        """
        if format_ == "lying":
            return (Said(LYING, path, Setter(Kind.SETTING, path)),)
        question = ("settings say", self.home, format_, path)
        return self.host.remembered(question, lambda: tuple(self._read(format_, path, 0, [_MOST])))

    def _read(self, format_: str, path: str, depth: int, left: list[int]) -> list[Said]:
        try:
            content = self.host.read_or_none(self.host.real(path), LIMIT)
            if content is not None and not content.isascii():
                from trustinstall_platforms.tools.effective import encoding  # most files are ASCII

                encoding.check(self.host, format_, content)
            found = list(FORMATS[format_](content)) if content is not None else []
        except OSError as error:
            raise UnreadableError(path, error.strerror or "it cannot be read") from None
        except Malformed as error:
            raise UnreadableError(path, str(error), error.line) from None
        said: list[Said] = []
        for key, value, line in found:
            said.append(Said(key, value, Setter(Kind.SETTING, path, line)))
            if key == _INCLUDES.get(format_) and depth < _DEEP and left[0]:
                left[0] -= 1
                said += self._read(format_, self._beside(path, value), depth + 1, left)
        return said

    def _beside(self, path: str, value: str) -> str:
        if value.startswith("~/"):
            return self.home + value[1:]
        return posixpath.join(posixpath.dirname(path), value)


def _edited(format_: str, content: bytes) -> Iterator[Row]:
    """Read with the reader that also changes such files."""
    text = text_of(content)
    number = numbering(text)
    for key in editing.format_of(format_).keys(text):
        start = key.start
        while text[start : start + 1] in {" ", "\t", "\r", "\n", ","}:  # what is cut may begin before the key
            start += 1
        yield key.path, key.value, number(start)


def _git(content: bytes) -> Iterator[Row]:
    for key, value, line in _edited("git", content):
        yield key, lines.git_value(value), line


def _toml(content: bytes) -> Iterator[Row]:
    """Read TOML with the keys of inline tables, which are not edited."""
    from trustinstall.editing import toml

    text = text_of(content)
    number = numbering(text)
    for key in toml.flat(text):
        start = key.start
        while text[start : start + 1] in {" ", "\t", "\r", "\n"}:
            start += 1
        yield key.path, key.value, number(start)


def _cargo(content: bytes) -> Iterable[Row]:
    return blocks.including(_toml(content))


def _hosts(content: bytes) -> Iterable[Row]:
    return blocks.listed(_edited("toml", content))


def _hg(content: bytes) -> Iterable[Row]:
    """Read INI with lines that include files or unset a key, which then has no value (hgrc(5), Syntax)."""
    text = text_of(content)
    number = numbering(text)
    found, section = list(_edited("hgrc", content)), ""
    for match in _DIRECTIVE.finditer(text):
        if match["section"] is not None:
            section = match["section"].strip()
        elif match["word"] == "unset":
            found.append(((section, match["rest"].strip().lower()), "", number(match.start())))
        elif match["word"] == "include":
            found.append((("%include",), match["rest"].strip(), number(match.start())))
    return sorted(found, key=lambda row: row[2])


def _yaml_tree(content: bytes) -> Iterable[Row]:
    from trustinstall_platforms.tools.effective import yaml_tree  # few machines have such a file

    return yaml_tree.rows(content)


def _condarc(content: bytes) -> Iterable[Row]:
    from trustinstall_platforms.tools.effective import condarc  # as above

    return condarc.rows(content)


FORMATS: dict[str, Callable[[bytes], Iterable[Row]]] = {
    **{
        name: partial(_edited, name)
        for name in (
            "ini",
            "ini-folded",
            "ini-options",
            "ini-sections",
            "hgrc",
            "npmrc",
            "wgetrc",
            "json",
            "yaml",
            "yarnrc",
            "shell",
        )
    },
    "git": _git,
    "toml": _toml,
    "cargo": _cargo,
    "hg": _hg,
    "curlrc": lines.curl,
    "php": lines.php,
    "nix": lines.nix,
    "yaml-tree": _yaml_tree,
    "condarc": _condarc,
    "hosts.toml": _hosts,
    "apt": lines.apt,
    "words": lines.words,
}
#: The key by which a file includes another one.
_INCLUDES: dict[str, tuple[str, ...]] = {
    "git": ("include", "path"),
    "hg": ("%include",),
    "curlrc": ("config",),
    "nix": ("include",),
    "cargo": ("include",),
}
