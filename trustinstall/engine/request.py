"""The request of one command to one scope, and its selection of stores."""

from __future__ import annotations

from dataclasses import field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.state.terms import Terms
from trustinstall.stores.groups import GROUPS, NAMES, group_of, groups_of_backend
from trustinstall.stores.store import Store
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trustinstall.certificates.certificate import Certificate


_LONGEST = 80  # characters of a mistyped name that are compared


@dataclass(frozen=True)
class Request:
    """The request of one command to one scope.

    Attributes:
        certificates: the certificates.
        trusted: to add (True) or to remove (False).
        by: the account that asks.
        adopt: add adopts copies that another program put there; remove removes them (`--not-ours`).
        dry_run: only report what would be done.
        diff: with `dry_run`, report the lines of files that would change, too.
        imposed: certificates that a policy had imported, and the ids of the stores that held them before it.
        importing: only stores that import what policies name (True), only all others (False), or both.
        only_imposed: remove only certificates that a policy had imported, and that the account itself has not added.
        domains: the names and networks that certificates are to be trusted for, or () for all of them.
        command: the word of the audit log; "" for add or remove.
        terms: the terms that the claims get; None keeps the terms that they have.
        returned: a restored backup has brought back the removed certificates, and the files made for them.
        only_over: remove only the certificates whose trust has ended, in each scope by its own ledger.
    """

    certificates: tuple[Certificate, ...]
    trusted: bool
    by: str
    adopt: bool = False
    dry_run: bool = False
    diff: bool = False
    imposed: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    importing: bool | None = None
    only_imposed: bool = False
    domains: tuple[str, ...] = ()
    command: str = ""
    terms: Terms | None = None
    returned: bool = False
    only_over: bool = False


@dataclass(frozen=True)
class Selection:
    """The stores that the caller chose.

    Attributes:
        stores, skip: `--store` and `--skip`: a group of stores (`browsers`), a store's id, a backend's name, that with
            the store's label (`settings:npm`), the label alone (`npm`), the program of a policy (`firefox`), the
            directory of a store (`certifi:/srv/app`), or a pattern of ids with `*`, where a group may stand for the
            backend (`python:/srv/**`).
        below: if given, only stores below these directories of another account.
    """

    stores: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    def takes(self, store: Store) -> bool:
        """Whether a store is chosen."""
        chosen = not self.stores or any(_names(word, store) for word in self.stores)
        inside = not self.below or any(f"{store.location}/".startswith(f"{path}/") for path in self.below)
        return chosen and inside and not any(_names(word, store) for word in self.skip)

    def may_take(self, backend: str) -> bool:
        """Whether any store of a backend can be chosen."""
        groups = groups_of_backend(backend)
        named = not self.stores or any(_may_name(word, backend, groups) for word in self.stores)
        return named and backend not in self.skip and not groups.issubset(self.skip)

    def check(self, stores: Iterable[Store], *, elsewhere: bool = False) -> None:
        """Raise UsageProblem if a word names no store, or if only stores are chosen that another store feeds.

        A group without a store can be skipped. `elsewhere`: the selection also applies to stores of other accounts.
        """
        found = list(stores)
        for word in (*self.stores, *self.skip):
            skips = word in GROUPS and word not in self.stores
            if not (skips or any(_names(word, store) for store in found)):
                raise UsageProblem(_unknown(word, found))
        chosen = [store for store in found if self.stores and self.takes(store)]
        taken = {store.location for store in chosen}
        if chosen and not elsewhere and all(store.fed_by is not None and store.fed_by not in taken for store in chosen):
            source = {store.location: store.id for store in found}.get(chosen[0].fed_by or "")
            advice = f": use --store {printable(source)}" if source else "; it cannot be changed by itself"
            raise UsageProblem(f"{printable(chosen[0].id)} is fed by {printable(source or 'another store')}{advice}")


def _may_name(word: str, backend: str, groups: frozenset[str]) -> bool:
    """Whether a word may name a store of a backend whose stores were not discovered yet."""
    head, colon, _ = word.partition(":")
    return fnmatchcase(backend, head) or head in groups or not (colon or head in GROUPS)


def _names(word: str, store: Store) -> bool:
    word = word.replace("\\", "/") if "\\" in word and "\\" not in store.id else word
    word = word.rstrip("/")
    group = group_of(store)
    head, colon, rest = word.partition(":")
    if colon and head == group and head != store.backend:
        word = f"{store.backend}:{rest}"
    named = {store.id, store.backend, f"{store.backend}:{store.label}"}
    if "*" in word:
        return any(fnmatchcase(one, word) for one in named)
    return word in {*named, *_printed(store), group} or store.id.startswith(f"{word}/")


def _printed(store: Store) -> set[str]:
    """The names of a store in reports: its label, and the program of a policy."""
    program = store.backend.removesuffix("-policy")
    return {store.label, store.label.lower(), *({program} if program != store.backend else ())} - {""}


def _unknown(word: str, stores: Sequence[Store]) -> str:
    """Return the message for an unknown name of a store, with the nearest existing names."""
    if word in GROUPS:
        return f"this machine has no store of the group {word}; see: trustinstall stores"
    if word in NAMES or f"{word}-policy" in NAMES:
        return f"this machine has no store of {word}; see: trustinstall stores"
    names = {*GROUPS, *(one for store in stores for one in (store.id, store.backend, *_printed(store)))}
    names = {one for one in names if one.islower() or one.lower() not in names}  # "firefox", and not "Firefox", too
    near = [printable(one) for one in get_close_matches(word[:_LONGEST], sorted(names), n=2)]
    hint = f"did you mean {' or '.join(near)}?" if near else "see: trustinstall stores"
    return f"unknown store {printable(word)}; {hint}"
