"""A store as a value, and what discovery yields."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Store:
    """One place that holds trust anchors.

    Attributes:
        backend: the name of the backend that knows it.
        location: absolute path of the artefact that its clients read.
        owner: uid of the account that its files belong to (0 is the machine).
        id: what people and scripts call it: the backend's name, or `backend:location`.
        clients: who reads it, in a few words.
        follows: location of the artefact that feeds this store; it is then shown and verified, never written.
        unwritable: why it cannot be written and what to do about it, or None.
        label: a shorter name for people, where the location is long.
        system: whether it is the operating system's own store, which daemons read when they start.
        imports: whether its program imports into it what policies of an `Imposing` backend name.
        sealed: whether it cannot be written because nobody ever may (a signed app, an image).
        needs: location of a store that this one, a setting, names: it is set after that one holds what it should,
            and taken back before that one goes.
        serves: whether it is only there for settings that name it; it is made of what the system's store holds.
        inherits: whether it says nothing itself, so that what it shows is what all accounts have.
    """

    backend: str
    location: str
    owner: int
    id: str
    clients: str
    follows: str | None = None
    unwritable: str | None = None
    label: str = ""
    system: bool = False
    imports: bool = False
    sealed: bool = False
    needs: str | None = None
    serves: bool = False
    inherits: bool = False


@dataclass(frozen=True)
class Handoff:
    """A directory that belongs to another account: only that account's own process may look into it."""

    uid: int
    path: str


@dataclass(frozen=True)
class Looked:
    """A sign of life from a long look: where it is now; with `why`, that what lies below was not looked through."""

    path: str
    why: str = ""


Found = Store | Handoff | Looked


@dataclass(frozen=True)
class Places:
    """Where the caller pointed us, and what an earlier look has found.

    Attributes:
        pythons, searches, bundles, windows_host: the options of these names.
        rescan: whether whole trees are looked through again, although that was done not long ago.
        through: whether they are looked through now.
        known: files that were bundles when they were; nothing but a hint where to look.
        walked: whether `known` was found a moment ago, and holds all of whole trees and below `searches`.
    """

    pythons: tuple[str, ...] = ()
    searches: tuple[str, ...] = field(default=())
    bundles: tuple[str, ...] = ()
    windows_host: bool = False
    rescan: bool = False
    through: bool = False
    known: tuple[str, ...] = ()
    walked: bool = False
