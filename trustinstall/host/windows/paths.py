"""Windows' paths. The rest of the program writes them with forward slashes: `C:/Users/alice`, `//server/share/x`.

Sources: Microsoft, "Naming Files, Paths, and Namespaces" and "Maximum Path Length Limitation".
"""

from __future__ import annotations

import posixpath
import re

from trustinstall.patterns import regex

_ABSOLUTE = regex(r"[A-Za-z]:/|//[^/.?][^/]*/[^/]")  # a drive's root, or a share; no //./device, no //?/object
_LITERAL = "\\\\?\\"  # the rest is taken literally: no limit of 260, no device names, no dots cut off
_LITERAL_SHARE = "\\\\?\\UNC\\"
_DRIVE = 2  # characters of a drive's name
_LONG = 240  # characters; 260 minus the longest name that is appended to a directory's
_DEVICE = regex(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?:\..*)?", re.IGNORECASE)


def slashed(path: str) -> str:
    """Return a path of Windows in the program's form: forward slashes, without the prefix that means "literally"."""
    if path.startswith(_LITERAL_SHARE):
        path = "\\\\" + path[len(_LITERAL_SHARE) :]
    return path.removeprefix(_LITERAL).replace("\\", "/")


def native(path: str) -> str:
    """Return a path of the program in Windows' form, with exactly the names that are in it.

    A path of another system (`/etc/hosts`) leads nowhere, on any current drive. Raises ValueError for one that is not
    absolute.
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
    """Whether a name in a path has a colon: `file:stream` is not a file of its own."""
    return ":" in slashed(path)[2:]


def _taken_for_another(part: str) -> bool:
    """Whether Windows would change a name: it cuts dots and blanks off, and takes device names in every directory."""
    return part != "" and (part[-1] in ". " or _DEVICE.fullmatch(part.rstrip(" .")) is not None)
