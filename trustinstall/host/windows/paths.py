"""Windows' paths. Everywhere else in the program they have forward slashes: `C:/Users/alice`, `//server/share/x`.

Sources: Microsoft, "Naming Files, Paths, and Namespaces" and "Maximum Path Length Limitation".
"""

from __future__ import annotations

import posixpath
import re

_ABSOLUTE = re.compile(r"[A-Za-z]:/|//[^/.?][^/]*/[^/]")  # a drive's root, or a share; no //./device, no //?/object
_LITERAL = "\\\\?\\"  # what follows is taken as it is: no limit of 260, no device names, no dots cut off
_LITERAL_SHARE = "\\\\?\\UNC\\"
_DRIVE = 2  # characters of a drive's name
_LONG = 240  # characters; 260 with the longest name that is put behind a directory's
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE)


def slashed(path: str) -> str:
    """A path of Windows' as the program writes it: forward slashes, without the prefix that means "literally"."""
    if path.startswith(_LITERAL_SHARE):
        path = "\\\\" + path[len(_LITERAL_SHARE) :]
    return path.removeprefix(_LITERAL).replace("\\", "/")


def native(path: str) -> str:
    """A path of the program's as Windows takes it, meaning exactly the names that are in it.

    A path of another system (`/etc/hosts`) leads nowhere, whatever the current drive is. Raises ValueError for one
    that is not absolute.
    """
    path = slashed(path)
    foreign = path.startswith("/") and not path.startswith("//")
    if "\0" in path or not (foreign or _ABSOLUTE.match(path)):
        raise ValueError(f"not an absolute path: {path!r}")
    path = posixpath.normpath(path)
    parts = path.split("/")
    words = "\\".join(part for part in parts if part)
    if path.startswith("//"):
        plain, literal = "\\\\" + words, _LITERAL_SHARE + words
    elif foreign:
        return _LITERAL + "\\" + words
    else:
        words = words if len(words) > _DRIVE else words + "\\"
        plain, literal = words, _LITERAL + words
    return literal if len(path) >= _LONG or any(map(_taken_for_another, parts)) else plain


def names_a_stream(path: str) -> bool:
    """Whether a name in a path has a colon: `file:stream` is no file of its own."""
    return ":" in slashed(path)[2:]


def _taken_for_another(part: str) -> bool:
    """Whether Windows would not take a name as it is: it cuts dots and blanks off, and knows devices everywhere."""
    return part != "" and (part[-1] in ". " or _DEVICE.fullmatch(part.rstrip(" .")) is not None)
