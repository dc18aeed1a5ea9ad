"""`--search`: the kind of a path decides how it is searched."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.host import Kind
from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePath

    from trustinstall.host import Host
    from trustinstall.installer.installer import Installer
    from trustinstall.installer.situation import ScopeOptions
    from trustinstall.stores.store import DiscoveryOptions

_INTERPRETER = regex(r"(?:python|pypy)w?[0-9.]*(?:\.exe)?", re.IGNORECASE)


class _What(Enum):
    PYTHON = "a Python environment"
    DIRECTORY = "a directory to search"
    BUNDLE = "a PEM bundle"


def places_for(
    installer: Installer,
    ask: ScopeOptions,
    search: Sequence[PurePath],
    *,
    with_windows: bool,
    refresh: bool = False,
) -> DiscoveryOptions:
    """Return the caller's additional places, as absolute paths.

    An interpreter or a directory with `pyvenv.cfg` is an environment, any other directory is searched for Pythons and
    Javas, and any other file is a bundle. Raises UsageProblem if a path does not exist or cannot be reached.
    """
    from trustinstall.stores.store import DiscoveryOptions

    host = installer.host
    paths = [path.as_posix() for path in search]
    for path in paths if host.is_image else ():
        if not path.startswith("/"):
            raise UsageProblem(f"{printable(path)} is looked for in the image; name it by its absolute path there")
    found: dict[_What, list[str]] = {what: [] for what in _What}
    for path in map(host.absolute, paths):
        found[_what(host, path)].append(path)
    pythons, searches, bundles = (tuple(found[what]) for what in _What)
    places = DiscoveryOptions(pythons, searches, bundles, with_windows, refresh)
    installer.check_places(places, ask)
    return places


def _what(host: Host, path: str) -> _What:
    try:
        status = host.status(host.real(path))
    except OSError:
        status = None
    if status is None:
        raise UsageProblem(f"--search {printable(path, 4096)}: no such file or directory; check the spelling")
    if status.kind is Kind.DIRECTORY:
        return _What.PYTHON if host.status(f"{path}/pyvenv.cfg") else _What.DIRECTORY
    return _What.PYTHON if _INTERPRETER.fullmatch(path.rpartition("/")[2]) else _What.BUNDLE
