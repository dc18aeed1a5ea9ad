"""Whether an account other than root may change this program's code, before root starts it by itself.

A directory that root alone may write does not suffice: the owner of a file in it may write that file. So every file and
directory from which Python imports is examined: `sys.path` with the standard library and the installed packages.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib import machinery
from typing import TYPE_CHECKING

from trustinstall.host import control

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SUFFIXES = tuple(machinery.all_suffixes())
_MOST = 100_000  # files; an environment of this program with its Python has some 20 000


def why_unsafe(program: str) -> str | None:
    """Return why root must not run this program by itself, in words: another account may write a part of it; or None.

    The program and the interpreter are examined, with each directory above them and behind their links, and everything
    in the places that modules are imported from. If that is too much to examine, this is the reason.
    """
    if sys.platform == "win32":
        from trustinstall.host.windows import access

        return access.other_writers(sys.executable, machine=True)
    places = tuple(_imported_from(program))
    try:
        for path in (program, sys.executable, *places):
            for each in dict.fromkeys((os.path.dirname(os.path.abspath(path)), _there(path))):
                if control.path_owner("/", _there(each)) != 0:
                    return f"{each} does not belong to root"
        return why_unsafe_below(places)
    except OSError as error:
        return f"{error.filename}: {error.strerror}" if error.filename else str(error)


def _imported_from(program: str) -> Iterator[str]:
    """Yield the places of imported modules, existing or not: the program's, libraries, a script's directory."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    yield from (package, os.path.join(os.path.dirname(package), "trustinstall_platforms"))
    yield from (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    # It says where the standard library is; Python looks beside its executable and above it (site's documentation).
    beside_it = os.path.dirname(os.path.abspath(sys.executable))
    yield from (os.path.join(place, "pyvenv.cfg") for place in (beside_it, os.path.dirname(beside_it)))
    # The first one is the directory of the script, or with `-m` the current one, which counts for this command alone.
    yield from (path for path in sys.path[not sys.flags.isolated :] if path)
    if program != sys.executable:
        with os.scandir(os.path.dirname(os.path.realpath(program))) as beside:
            yield from (one.path for one in beside if one.is_dir() or one.name.endswith(_SUFFIXES))


def _there(path: str) -> str:
    """Return the target of a path, or the directory in which it is missing."""
    real = os.path.realpath(path)
    while not os.path.exists(real):
        real = os.path.dirname(real)
    return real


def why_unsafe_below(places: Iterable[str]) -> str | None:
    """Return the parts at and below these places that another account may change. Raises OSError if that is unknown.

    Hidden files are not modules.
    """
    waiting, seen = [os.path.realpath(path) for path in places], set[str]()
    while waiting:
        place = waiting.pop()
        if place in seen or not os.path.exists(place):
            continue
        seen.add(place)
        if len(seen) > _MOST:
            return f"it imports from among more than {_MOST} files, too many to be looked at"
        if control.others_may_change(place):
            return f"another account may change {place}"
        if os.path.isdir(place):
            with os.scandir(place) as entries:
                found = {one.path: one.is_symlink() for one in entries if not one.name.startswith(".")}
            if any(linked and control.path_owner("/", _there(path)) != 0 for path, linked in found.items()):
                return f"a link in {place} leads to another account's file"
            waiting += (os.path.realpath(path) if linked else path for path, linked in found.items())
    return None
