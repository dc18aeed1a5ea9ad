"""One key in a text file that people write: found, put there and taken out, with every other byte as it was.

A format says where the keys of a text are, and where a new one would go. What is put there is one stretch of text, so
that taking it out is cutting it. Whatever is done is read again before it counts: our key must say what it should, and
all others what they said before; a file of which that cannot be said is left alone.

Why no library: configupdater, tomlkit and ruamel.yaml keep formatting, not bytes (line ends, a byte-order mark and a
missing last line break among them), each for one format, and would all run as root. A scanner that only has to know
where a key begins and ends is smaller than the check that a library kept its promise.
"""

from __future__ import annotations

import re

from trustinstall.editing import git, ini, jsonc, lines, npmrc, section, toml, wgetrc, yaml
from trustinstall.editing.text import Format, Key, Malformed, Path, read, write

__all__ = ["FORMATS", "Malformed", "Path", "fits", "get", "put", "take"]

FORMATS: dict[str, Format] = {
    "ini": ini.Ini(),
    "ini-sections": ini.Ini(defaults=""),
    "git": git.Git(),
    "npmrc": npmrc.Npm(),
    "wgetrc": wgetrc.Wgetrc(),
    "json": jsonc.Jsonc(),
    "toml": toml.Toml(),
    "yaml": yaml.Yaml(),
    "yaml-list": yaml.Nested(),
    "shell": lines.Shell(),
    "yarnrc": lines.Yarnrc(),
    "section": section.Section(),
    "proxy-section": section.Section(section.PROXIES),
    "whole": section.Whole(),
}

#: Formats whose values are text of the file's own language, which nobody has to quote: whole lines, a constant.
_VERBATIM = ("section", "proxy-section", "whole", "git")

#: What no format takes for anything but itself, whatever the file's quoting: paths with other characters are refused.
_PLAIN = re.compile(r"[\w./](?:[\w ./:@+,~-]*[\w./])?")


def fits(value: str) -> bool:
    """Whether a value can be written without escaping it, in every format."""
    return _PLAIN.fullmatch(value) is not None


def get(format_: str, content: bytes, path: Path) -> str | None:
    """What a key says, or None where it is not there. Raises Malformed where the file cannot be read."""
    return _value(FORMATS[format_].keys(read(content)), path)


def put(format_: str, content: bytes, path: Path, value: str, *, address: bool = False) -> tuple[bytes, str]:
    """The content with a key that was not there, and the text that was put in.

    `address`: the value is a network's, and may hold a percent sign, or begin with a colon (::1); the caller knows that
    its tool expands neither.
    Raises Malformed where the file cannot be read, has the key, or cannot be changed for certain.
    """
    kind, text = FORMATS[format_], read(content)
    before = kind.keys(text)
    if _value(before, path) is not None:
        raise Malformed(f"{'.'.join(path)} is there already")
    if format_ not in _VERBATIM and not fits(value.replace("%", "").strip(":") if address else value):
        raise Malformed("a value with such characters cannot be written there for certain")
    at, new = kind.insertion(text, path, value)
    result = text[:at] + new + text[at:]
    after = kind.keys(result)
    if _value(after, path) != value or _others(after, path) != _others(before, path):
        raise Malformed("its formatting is too unusual to be changed for certain")
    return write(result), new


def take(format_: str, content: bytes, path: Path, inserted: str) -> bytes:
    """The content without a key of ours: what `put` has put in goes, or just the key where somebody has changed that.

    Lines of other authors in a section of ours stay. If the file has meanwhile got the same key a second time, or in a
    default section, that one then counts.

    Raises Malformed where the file cannot be read, or cannot be changed for certain.
    """
    kind, text = FORMATS[format_], read(content)
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
    """Where the inserted text stands and holds the key."""
    found: list[tuple[int, int]] = []
    at = text.find(inserted) if inserted else -1
    while at != -1:
        if at <= key.start < at + len(inserted):
            found.append((at, at + len(inserted)))
        at = text.find(inserted, at + 1)
    return found


def _value(keys: list[Key], path: Path) -> str | None:
    """Of a key that is there twice every tool here reads the last one, or refuses the file."""
    return next((one.value for one in reversed(keys) if one.path == path), None)


def _others(keys: list[Key], path: Path) -> list[tuple[Path, str]]:
    return [(one.path, one.value) for one in keys if one.path != path]
