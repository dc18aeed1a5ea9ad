"""Which operating system this is, and what it has."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import suppress
from functools import lru_cache

from trustinstall.host import files, paths

_PLACES = ("/etc/os-release", "/usr/lib/os-release")  # os-release(5)
_LIMIT = 64 * 1024  # bytes; the longest one is below 1 KiB


def distribution(root: str) -> frozenset[str]:
    """What os-release(5) below `root` says in ID and ID_LIKE, in lower case; empty where there is none.

    Links lead nowhere outside `root`, and what is no regular file, or no text, counts as none. Deepin, openEuler and
    others do not keep to lower case, although the manual page asks for it.
    """
    if sys.platform == "win32":  # where anybody may make a C:/etc
        return frozenset()
    for place in _PLACES:
        with suppress(OSError, ValueError):
            descriptor = files.open_regular(paths.below(root, paths.resolve(root, place)))
            try:
                content = os.read(descriptor, _LIMIT + 1)
                return _words(content) if len(content) <= _LIMIT else frozenset()
            finally:
                os.close(descriptor)
    return frozenset()


@lru_cache(maxsize=4)  # each family of distributions asks
def _words(content: bytes) -> frozenset[str]:
    """Return the words of ID and ID_LIKE in an os-release file. Raises ValueError where it is no such text."""
    lexer = shlex.shlex(content.decode(), posix=True)  # the manual page: assignments, quoted as in a shell
    lexer.whitespace_split = True
    said = dict(word.lower().split("=", 1) for word in lexer if "=" in word)
    return frozenset(f"{said.get('id', '')} {said.get('id_like', '')}".split())


def windows_tool(name: str) -> str:
    """The path of a tool in Windows' own directory; where Windows runs on another drive, only Windows can say that."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return f"{api.system_directory()}/{name}"
    return f"C:/Windows/System32/{name}"


def tell_of_variables() -> None:
    """Have programs read environment variables anew, where there is a way to tell them."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        api.tell_of_variables()


def has_desktop() -> bool:
    """Whether a window that a tool opens can be seen by somebody: on Windows, services have none."""
    if sys.platform == "win32":
        from trustinstall.host.windows import api

        return api.has_desktop()
    return True
