"""The request of one command to one scope, and the stores that it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.state.terms import Terms
from trustinstall.stores.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from trustinstall.certificates.certificate import Certificate


@dataclass(frozen=True)
class Request:
    """The request of one command to one scope.

    Attributes:
        certificates: the certificates.
        trusted: to add (True) or to remove (False).
        by: the account that asks.
        adopt: add adopts copies that another program put there; remove removes them (`--foreign`).
        dry_run: only report what would be done.
        diff: with `dry_run`, report the lines of files that would change, too.
        imposed: certificates that a policy had imported, and the ids of the stores that held them before it.
        importing: only stores that import what policies name (True), only all others (False), or both.
        only_imposed: leave alone certificates that no policy had imported, and those that the account itself has added.
        domains: the names and networks that certificates are to be trusted for, or () for all of them.
        command: the word of the audit log; "" for add or remove.
        terms: the terms that the claims get; None keeps the terms that they have.
        returned: a restored backup has brought the removed certificates back, with all that was made for them.
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
    """The stores that are meant.

    Attributes:
        stores, skip: `--store` and `--skip`: a store's id, a backend's name, that with the store's label
            (`settings:npm`), or the directory of a store (`certifi:/srv/app`).
        below: if given, only stores below these directories: the directories of another account that were named.
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
        named = not self.stores or any(word.partition(":")[0] == backend for word in self.stores)
        return named and backend not in self.skip

    def check(self, stores: Iterable[Store]) -> None:
        """Raise UsageProblem if a word names no store."""
        found = list(stores)
        for word in (*self.stores, *self.skip):
            if not any(_names(word, store) for store in found):
                raise UsageProblem(f"no store is called {printable(word)}; `trustinstall stores` lists them")


def _names(word: str, store: Store) -> bool:
    word = word.replace("\\", "/") if "\\" in word and "\\" not in store.id else word
    word = word.rstrip("/")
    named = {store.id, store.backend, f"{store.backend}:{store.label}"}
    return word in named or store.id.startswith(f"{word}/")
