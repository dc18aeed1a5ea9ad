"""The package that has installed a program, from the files of dpkg and rpm: no command is run.

Sources: dpkg-query(1), "--listfiles"; real: /var/lib/dpkg/info/PACKAGE.list (PACKAGE:ARCHITECTURE if several may be
installed) of Debian 12 has a line for each file and directory of a package, parents included. rpm's database in the
format of SQLite (since 4.16); real: that of rpm 4.18 has a table for each index, of keys and numbers of packages.
Older databases, and SUSE's, are not read.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from trustinstall.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host

_INFO, _LIST = "/var/lib/dpkg/info", ".list"
_TOPS = (b"\n/opt/", b"\n/usr/local/", b"\n/srv/")
_DIRECTORY = regex(rb"^(/(?:opt|srv|usr/local(?:/(?:lib|lib64|libexec|share|etc))?)/[^/\n]+)$", re.MULTILINE)
_RPM = ("/usr/lib/sysimage/rpm/rpmdb.sqlite", "/var/lib/rpm/rpmdb.sqlite")
_MOST, _LIMIT = 20_000, 32 << 20  # packages, and bytes of one list


class Packages:
    """The packages of machines, read at the first question, and again after dpkg has changed them."""

    def __init__(self) -> None:
        """Start without any package."""
        self._known: dict[tuple[str, int], Mapping[str, tuple[str, ...]]] = {}

    def owner(self, host: Host, program: str, path: str) -> str:
        """Return the package that has installed a file of a program, or its directory right below /opt; "" for none.

        If several packages share the directory, it is the one that lists the file.
        """
        if not _DIRECTORY.fullmatch(program.encode("utf-8", "surrogateescape")):
            return ""
        return self._dpkgs(host, program, path) or _rpms(host, program, path)

    def _dpkgs(self, host: Host, program: str, path: str) -> str:
        status = host.status(_INFO)
        if status is None:
            return ""
        key = (host.root, status.mtime_ns)
        if key not in self._known:
            self._known = {key: _directories(host)}
        found = self._known[key].get(program, ())
        line = f"\n{path}\n".encode("utf-8", "surrogateescape")
        having = found if len(found) == 1 else [one for one in found if line in b"\n" + _content(host, one)]
        return next(iter(having), "").partition(":")[0]


def _rpms(host: Host, program: str, path: str) -> str:
    """Return rpm's package of a file, or else of the program's directory."""
    directory, _, name = path.rpartition("/")
    for database in (one for one in _RPM if host.status(one)):
        try:
            there = host.texts(database, "Dirnames", "hnum", ("key", f"{directory}/"))
            files = set(host.texts(database, "Basenames", "hnum", ("key", name)))
            numbers = [one for one in there if one in files]
            numbers = numbers or host.texts(database, "Dirnames", "hnum", ("key", f"{program}/"))
            return next(
                (one for number in numbers[:1] for one in host.texts(database, "Name", "key", ("hnum", number))), ""
            )
        except OSError:
            continue
    return ""


def _directories(host: Host) -> Mapping[str, tuple[str, ...]]:
    """Return the packages of each directory right below /opt, /usr/local and /srv."""
    found: dict[str, tuple[str, ...]] = defaultdict(tuple)
    lists = [name for name in host.names(_INFO) if name.endswith(_LIST)]
    for package in (name.removesuffix(_LIST) for name in lists[:_MOST]):
        content = _content(host, package)
        for directory in set(_DIRECTORY.findall(content)) if any(top in content for top in _TOPS) else ():
            found[directory.decode("utf-8", "surrogateescape")] += (package,)
    return found


def _content(host: Host, package: str) -> bytes:
    try:
        return host.read_or_none(f"{_INFO}/{package}{_LIST}", _LIMIT) or b""
    except OSError:
        return b""
