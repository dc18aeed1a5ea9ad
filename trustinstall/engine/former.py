"""The bundles that settings named when certificates went into them, and that these settings do not name any more.

The ledger records a setting by its file, and the bundle that it named as one of the entries. If a person lets the
setting name another bundle, or deletes it, the managed blocks in the old bundle stay until `remove`. If a person moves
the bundle and leaves a link in its place, the managed blocks are in the file that the link leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine import discovery
from trustinstall.engine.classify import bare
from trustinstall.facts.programs import is_absolute
from trustinstall.stores.desired import Placement
from trustinstall.stores.observation import Observation
from trustinstall.stores.reference import Reference
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from trustinstall.engine.request import Selection
    from trustinstall.engine.work import Work
    from trustinstall.host import Host
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]


class _Named(NamedTuple):
    """A bundle that a setting named, links resolved.

    Attributes:
        backend: of the setting.
        path: the bundle.
        placement: the ledger's record of the setting.
        linked: whether a link has come into the bundle's old place: it may lead to another account's file.
    """

    backend: Reference
    path: str
    placement: Placement
    linked: bool


def bundles(
    work: Work, backends: Sequence[Backend], stores: Mapping[str, Pair], selection: Selection
) -> dict[str, Pair]:
    """Return the stores of such bundles, by id, that still hold managed copies of what is to be removed.

    `stores`: those that discovery has found. `selection`: the settings that the removal is for. The ledger gets a
    record of each bundle, so that one that cannot be changed now is not forgotten with its setting.
    """
    host, ledger = work.host, work.ledger
    named = [] if work.adding else list(_named(work, backends, stores, selection))
    known = _known(host, stores) if named else set[str]()
    found: dict[str, Pair] = {}
    for backend, path, placement, linked in named:
        store = backend.at(host, path) if path not in known else None
        if store is None or (linked and store.owner != host.account.uid):
            continue
        if not _holds(host, backend, store, placement.sha256):
            continue
        found.setdefault(store.id, (backend, store))
        record = Placement(placement.sha256, store.id, (path,), (), placement.since, placement.by)
        ledger.placements.setdefault((store.id, placement.sha256), record)
    return found


def _named(
    work: Work, backends: Sequence[Backend], stores: Mapping[str, Pair], selection: Selection
) -> Iterator[_Named]:
    """Yield every bundle that a chosen setting has named, even if it does so still."""
    host = work.host
    references = {one.name: one for one in backends if isinstance(one, Reference)}
    wanted = {one.sha256 for one in work.request.certificates}
    for (store_id, sha256), placement in work.ledger.placements.items():
        name, _, location = store_id.partition(":")
        if name not in references or sha256 not in wanted:
            continue
        entries = [(one, host.real(one)) for one in placement.entries if is_absolute(host, one)]
        chosen = selection.takes(stores[store_id][1] if store_id in stores else bare(host, store_id))
        for one, real in entries if chosen else ():
            if real != location:
                yield _Named(references[name], real, placement, linked=real != one)


def _known(host: Host, stores: Mapping[str, Pair]) -> set[str]:
    """Return the files that stores are, or name."""
    return {store.location for _, store in stores.values()} | {
        backend.artefact(host, store) for backend, store in stores.values() if isinstance(backend, Reference)
    }


def _holds(host: Host, backend: Backend, store: Store, sha256: str) -> bool:
    seen = discovery.observe(host, backend, store, frozenset({sha256}))
    return isinstance(seen, Observation) and sha256 in seen.marked
