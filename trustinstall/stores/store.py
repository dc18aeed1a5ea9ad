"""A store as a value, and the results of discovery."""

from __future__ import annotations

from dataclasses import field
from enum import Enum

from trustinstall.values import dataclass


class Relation(Enum):
    """How a store depends on another one."""

    FED_BY = "fed by"  # it shows the content of that store, and is never written
    NAMES = "names"  # a setting that names that store: set after that is written, restored before that is removed
    IMPORTS = "imports"  # its program imports certificates that policies of the machine name


@dataclass(frozen=True)
class Source:
    """The store that another store depends on: its location ("" if it is not a single store), and how."""

    location: str
    relation: Relation


@dataclass(frozen=True)
class Blocked:
    """Why a store cannot be written, and what to do; `permanent` if no account may ever write it (a signed app)."""

    reason: str
    permanent: bool = False


def fed_by(location: str | None) -> Source | None:
    """Return the source of a store that the artefact at a location feeds; None for None."""
    return None if location is None else Source(location, Relation.FED_BY)


def naming(location: str | None) -> Source | None:
    """Return the source of a setting that names the file at a location; None for None."""
    return None if location is None else Source(location, Relation.NAMES)


def blocked(reason: str | None, *, permanent: bool = False) -> Blocked | None:
    """Return why a store cannot be written; None for None."""
    return None if reason is None else Blocked(reason, permanent)


@dataclass(frozen=True)
class Store:
    """One place that holds trust anchors, or names a file that does.

    Attributes:
        backend: the name of the backend that knows it.
        location: absolute path of the artefact that its clients read.
        owner: uid of the account that its files belong to (0 is the machine).
        id: its name for people and scripts: the backend's name, or `backend:location`.
        clients: the programs that read it, in a few words.
        label: a shorter name for people, if the location is long.
        source: the store that it depends on, or None.
        blocked: why it cannot be written, or None.
        system: whether it is the operating system's own store, which daemons read when they start.
        on_demand: whether it exists only while settings name it.
        unset: whether it has no value of its own, so that it shows the defaults of all accounts.
    """

    backend: str
    location: str
    owner: int
    id: str
    clients: str
    label: str = ""
    source: Source | None = None
    blocked: Blocked | None = None
    system: bool = False
    on_demand: bool = False
    unset: bool = False

    @property
    def fed_by(self) -> str | None:
        """The location of the artefact that feeds this store, or None."""
        return self._source(Relation.FED_BY)

    @property
    def names(self) -> str | None:
        """The location of the file that this setting names, or None."""
        return self._source(Relation.NAMES)

    @property
    def why_blocked(self) -> str | None:
        """Why it cannot be written, and what to do; or None."""
        return self.blocked.reason if self.blocked is not None else None

    @property
    def sealed(self) -> bool:
        """Whether no account may ever write it."""
        return self.blocked is not None and self.blocked.permanent

    @property
    def imports(self) -> bool:
        """Whether its program imports certificates that policies of the machine name."""
        return self._source(Relation.IMPORTS) is not None

    def _source(self, relation: Relation) -> str | None:
        return self.source.location if self.source is not None and self.source.relation is relation else None


@dataclass(frozen=True)
class OtherAccount:
    """A directory that belongs to another account: only that account's own process may look into it."""

    uid: int
    path: str


@dataclass(frozen=True)
class ScanProgress:
    """Progress of a scan: the current path; `why` says why the scan stopped there."""

    path: str
    why: str = ""


Found = Store | OtherAccount


@dataclass(frozen=True)
class DiscoveryOptions:
    """Additional places from the caller, and the results of an earlier scan.

    Attributes:
        pythons, searches, bundles: what `--search` names: interpreters or environments, directories, PEM bundles.
        windows_host: whether the Windows beside this Linux is meant, too (`--with-windows`).
        rescan: (`--refresh`) whether whole trees are scanned again, even if the last scan is recent.
        through: whether whole trees are scanned now.
        known: files that made stores at the last scan; only a hint where to look.
        scanned: whether `known` is the result of a scan that has just ended, of whole trees and of `searches`.
    """

    pythons: tuple[str, ...] = ()
    searches: tuple[str, ...] = field(default=())
    bundles: tuple[str, ...] = ()
    windows_host: bool = False
    rescan: bool = False
    through: bool = False
    known: tuple[str, ...] = ()
    scanned: bool = False
