"""One walk through whole trees, which hands each file of a likely name to every backend that knows such files.

A file makes one store: that of the first backend of the catalogue that recognises it. So backends of a program stand
before backends of a format there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.host.memory import Wanted
from trustinstall.patterns import regex
from trustinstall.stores import trees
from trustinstall.stores.store import OtherAccount, ScanProgress
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import DiscoveryOptions, Store


class Recognised(NamedTuple):
    """A store that a walk has found, its backend, and the file by which it was recognised."""

    backend: Backend
    store: Store
    path: str


class Failed(NamedTuple):
    """Why a backend could not look at a file."""

    backend: Backend
    error: OSError


class Noticed(NamedTuple):
    """A file that is no store, and decides what clients of some read."""

    path: str


Found = Recognised | Noticed | Failed | OtherAccount | ScanProgress


def walk(host: Host, backends: Sequence[Backend], places: DiscoveryOptions) -> Iterator[Found]:
    """Yield the stores recognised in known places and in the trees of `places`; no other file is read.

    Raises UsageProblem if a place that the caller named is not a directory, or holds too many files.
    """
    table = _Table(host, backends)
    for path in dict.fromkeys(_without_links(host, one) for one in places.known):
        yield from table.recognise(path)
    for entry in trees.directories(host, places, Wanted(table.question, table.candidates)):
        if isinstance(entry, (OtherAccount, ScanProgress)):
            yield entry
            continue
        for name in entry.files:
            yield from table.recognise(f"{entry.path}/{name}")


def _without_links(host: Host, path: str) -> str:
    """Return the path of a file as a walk finds it now: a directory may have been moved, with a link left behind."""
    directory, _, name = path.rpartition("/")
    try:
        return f"{host.real(directory)}/{name}" if directory else path
    except OSError:  # links in a circle
        return path


def question(backends: Sequence[Backend]) -> str:
    """Return a text that names the files that a walk for these backends asks about."""
    return "|".join(dict.fromkeys(one.candidates.names.pattern for one in backends if one.candidates is not None))


class _Table:
    """The backends that recognise files, with the names that each asks for."""

    def __init__(self, host: Host, backends: Sequence[Backend]) -> None:
        self._host = host
        self._rows = [(one.candidates.names, one) for one in backends if one.candidates is not None]
        wanted = [one.candidates for one in backends if one.candidates is not None]
        pieces = dict.fromkeys(piece for one in wanted for piece in one.pieces)
        rest = [one for one in pieces if not any(other in one for other in pieces if other != one)]
        # On Linux a name of another case is another file: one look into a set then serves all whole names.
        whole = {one for one in rest if one[:1] == one[-1:] == "\n"} if host.platform == "linux" else set[str]()
        self._whole = frozenset(one.strip("\n") for one in whole)
        self._pieces = [one for one in rest if one not in whole]
        self.question = question(backends)
        self._names = regex(self.question or "(?!)", re.IGNORECASE | re.ASCII)

    def candidates(self, names: tuple[str, ...]) -> Iterable[str]:
        """Return the names in a directory that a backend asks for; most directories have none."""
        if not self._whole.isdisjoint(names):
            return filter(self._names.fullmatch, names)
        text = "\n".join(("", *names, "")).lower()
        for piece in self._pieces:  # `any` would take twice the time
            if piece in text:
                return filter(self._names.fullmatch, names)
        return ()

    def recognise(self, path: str) -> Iterator[Found]:
        """Yield the store of one file, or why a backend could not read it."""
        name = path.rpartition("/")[2]
        for names, backend in self._rows:
            if not names.fullmatch(name):
                continue
            try:
                store = backend.recognise(self._host, path)
            except OSError as error:
                yield Failed(backend, error)
                continue
            if store is not None:
                yield Recognised(backend, store, path)
                return
            if backend.notices(self._host, path):
                yield Noticed(path)
                return
