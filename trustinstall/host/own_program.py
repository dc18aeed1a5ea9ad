"""Whether anybody but root may change what this program runs, before root starts it by itself."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

from trustinstall.host import control

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 20_000  # files of the packages that it is made of


def why_unsafe(program: str) -> str | None:
    """Return why root must not run this program by itself, in words: somebody else may write a part of it; or None.

    Looked at are the program and the interpreter, with each directory on the way and behind their links, and every file
    of the directories that its modules come from.
    """
    if sys.platform == "win32":
        from trustinstall.host.windows import access

        return access.other_writers(sys.executable, machine=True)
    for path in dict.fromkeys((program, sys.executable, *_modules())):
        for each in dict.fromkeys((os.path.dirname(os.path.abspath(path)), os.path.realpath(path))):
            try:
                if control.path_owner("/", os.path.realpath(each)) != 0:
                    return f"{each} does not belong to root"
            except OSError as error:
                return f"{each}: {error.strerror}"
    return None


def _modules() -> Iterator[str]:
    """Yield the directories of our own modules and of the libraries, and the files in ours."""
    yield from {sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    number = 0
    for directory in (package, os.path.join(os.path.dirname(package), "trustinstall_platforms")):
        for where, _, names in os.walk(directory):
            for name in names:
                number += 1
                if number <= _MOST:
                    yield os.path.join(where, name)
