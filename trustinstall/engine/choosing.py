"""Chooses the stores of a scope that a request changes, and gives the outcomes of all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine import classify
from trustinstall.stores.backend import Capability
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.engine.discovery import Found
    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.request import Request, Selection
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]


class Chosen(NamedTuple):
    """What a request changes.

    Attributes:
        stores: the stores to change, with those that another store feeds.
        own: all stores of the acting account that can be changed, chosen or not.
        others: the outcomes of stores that are left as they are.
    """

    stores: list[Pair]
    own: list[Pair]
    others: list[Outcome]

    def including(self, host: Host, stores: Mapping[str, Pair]) -> Chosen:
        """Return the same, with more stores, by id; one of another account is left as it is."""
        mine = [pair for pair in stores.values() if pair[1].owner == host.account.uid]
        theirs = [classify.not_covered(host, store) for _, store in stores.values() if store.owner != host.account.uid]
        return Chosen([*self.stores, *mine], [*self.own, *mine], [*self.others, *theirs])


def choose(
    host: Host, found: Found, request: Request, selection: Selection, stuck: Mapping[tuple[str, str], str]
) -> Chosen:
    """Return the stores that a request changes; `stuck`: why stores could not be restored, by backend and location."""
    own = [pair for pair in found.stores.values() if pair[1].owner == host.account.uid and _place(pair[1]) not in stuck]
    meant = [pair for pair in found.stores.values() if selection.takes(pair[1])]
    meant = [pair for pair in meant if request.importing in {None, pair[1].imports}]
    limits = request.trusted and bool(request.domains)
    wide = [pair for pair in meant if limits and not _can_limit(*pair)]
    meant = [pair for pair in meant if pair not in wide]
    others = classify.unreadable(host, found)
    damaged = [classify.stuck(host, *place, why, found) for place, why in stuck.items()]
    others += [one for one in damaged if selection.takes(one.store)]
    others += [classify.unconstrained(store) for _, store in wide]
    others += [classify.not_covered(host, store) for _, store in meant if store.owner != host.account.uid]
    changeable = {store.id for _, store in own}
    return Chosen([pair for pair in meant if pair[1].id in changeable], own, others)


def _can_limit(backend: Backend, store: Store) -> bool:
    return store.fed_by is None and Capability.NAME_CONSTRAINTS in backend.capabilities


def _place(store: Store) -> tuple[str, str]:
    return store.backend, store.location
