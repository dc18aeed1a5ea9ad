"""One key in a text file that people write: found, inserted and removed, with every other byte unchanged.

A format says where the keys of a text are, and where a new one would go. The insertion is one stretch of text, so that
removing it is cutting it. Every result is parsed again before it counts: the managed key must have its value, and all
other keys their old values; otherwise the file is left alone.

Why no library: configupdater, tomlkit and ruamel.yaml keep formatting, not bytes (they change line ends, a byte-order
mark and a missing last line break), each supports one format, and all would run as root. A scanner that only has to
find the ends of a key is smaller than the check that a library kept its promise.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from trustinstall.editing import git, ini, npmrc, section, wgetrc
from trustinstall.editing.text import Format, Key, Malformed, Path, read, write
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "Malformed", "Path", "fits", "format_of", "get", "put", "take"]


def _json() -> Format:
    from trustinstall.editing import jsonc

    return jsonc.Jsonc()


def _toml() -> Format:
    from trustinstall.editing import toml

    return toml.Toml()


def _yaml(kind: str) -> Format:
    from trustinstall.editing import yaml

    kinds: dict[str, Callable[[], Format]]
    kinds = {"yaml": yaml.Yaml, "yaml-list": yaml.Nested, "yaml-block": yaml.Block}
    return kinds[kind]()


def _lines(kind: str) -> Format:
    from trustinstall.editing import lines

    kinds: dict[str, Callable[[], Format]] = {"shell": lines.Shell, "yarnrc": lines.Yarnrc}
    return kinds[kind]()


def _maven() -> Format:
    from trustinstall.editing import maven

    return maven.Maven()


#: How each format is made. Those that few accounts have files of are imported when the first such file is read.
FORMATS: dict[str, Callable[[], Format]] = {
    "ini": ini.Ini,
    "ini-folded": partial(ini.Ini, defaults="default", folded=True),
    "ini-options": partial(ini.Ini, options=True),
    "ini-sections": partial(ini.Ini, defaults=""),
    "hgrc": partial(ini.Ini, defaults="", directives=True),
    "git": git.Git,
    "npmrc": npmrc.Npm,
    "wgetrc": wgetrc.Wgetrc,
    "json": _json,
    "toml": _toml,
    "yaml": partial(_yaml, "yaml"),
    "yaml-list": partial(_yaml, "yaml-list"),
    "yaml-block": partial(_yaml, "yaml-block"),
    "shell": partial(_lines, "shell"),
    "yarnrc": partial(_lines, "yarnrc"),
    "section": section.Section,
    "proxy-section": partial(section.Section, section.PROXIES),
    "proxy-section-last": partial(section.Section, section.PROXIES, last=True),
    "whole": section.Whole,
    "maven": _maven,
}

#: Formats whose values are text in the file's own language and need no quoting: whole lines, a constant.
_VERBATIM = ("section", "proxy-section", "proxy-section-last", "whole", "git", "yaml-block", "maven")

#: Characters that are literal in every format, quoted or not: paths with others are refused.
_PLAIN = regex(r"[\w./](?:[\w ./:@+,~-]*[\w./])?")


@cache
def format_of(name: str) -> Format:
    """Return a format by its name in `FORMATS`. Raises KeyError for any other name."""
    return FORMATS[name]()


def fits(value: str) -> bool:
    """Whether a value can be written without escaping it, in every format."""
    return _PLAIN.fullmatch(value) is not None


def get(format_: str, content: bytes, path: Path) -> str | None:
    """Return the value of a key, or None if it is missing. Raises Malformed if the file cannot be read."""
    return _value(format_of(format_).keys(read(content)), path)


def put(format_: str, content: bytes, path: Path, value: str, *, address: bool = False) -> tuple[bytes, str]:
    """Return the content with a key that was missing, and the inserted text.

    `address`: the value is a network's, and may hold a percent sign or a star, or begin with a colon (::1); the caller
    knows that its tool expands none of them.
    Raises Malformed if the file cannot be read, has the key, or cannot be changed safely.
    """
    kind, text = format_of(format_), read(content)
    before = kind.keys(text)
    if _value(before, path) is not None:
        raise Malformed(f"{'.'.join(path)} is there already")
    if format_ not in _VERBATIM and not fits(_plain(value) if address else value):
        raise Malformed("a value with such characters cannot be written there for certain")
    at, new = kind.insertion(text, path, value)
    result = text[:at] + new + text[at:]
    after = kind.keys(result)
    if _value(after, path) != value or _others(after, path) != _others(before, path):
        raise Malformed("its formatting is too unusual to be changed for certain")
    return write(result), new


def _plain(address: str) -> str:
    return address.replace("%", "").replace("*", "x").strip(":")


def take(format_: str, content: bytes, path: Path, inserted: str) -> bytes:
    """Return the content without a managed key: the text that `put` inserted, or only the key if that text was changed.

    Lines of other authors in a managed section stay. If the file has meanwhile got the same key a second time, or in a
    default section, that one then counts.

    Raises Malformed if the file cannot be read, or cannot be changed safely.
    """
    kind, text = format_of(format_), read(content)
    before = kind.keys(text)
    key = next((one for one in reversed(before) if one.path == path), None)
    if key is None:
        return content
    left = kind.others(text, key, inserted) if isinstance(kind, section.Section) else ""
    for start, end, kept in [*((*span, "") for span in _holding(text, inserted, key)), (*key.span, left)]:
        result = text[:start] + kept + text[end:]
        try:
            after = kind.keys(result)
        except Malformed:
            continue
        if _value(after, path) != key.value and _others(after, path) == _others(before, path):
            return write(result)
    raise Malformed("its formatting is too unusual to be changed for certain")


def _holding(text: str, inserted: str, key: Key) -> list[tuple[int, int]]:
    """Return the places where the inserted text is present and holds the key."""
    found: list[tuple[int, int]] = []
    at = text.find(inserted) if inserted else -1
    while at != -1:
        if at <= key.start < at + len(inserted) and not section.ends_section(text, at):
            found.append((at, at + len(inserted)))
        at = text.find(inserted, at + 1)
    return found


def _value(keys: list[Key], path: Path) -> str | None:
    """Return the last value: if a key is there twice, every tool here reads the last one, or refuses the file."""
    return next((one.value for one in reversed(keys) if one.path == path), None)


def _others(keys: list[Key], path: Path) -> list[tuple[Path, str]]:
    return [(one.path, one.value) for one in keys if one.path != path]
