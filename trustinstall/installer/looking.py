"""Observes the stores of a host, for `list` and `stores`. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.engine import discovery, relinked
from trustinstall.engine.outcome import ALL_ACCOUNTS
from trustinstall.facts import inspection
from trustinstall.installer.acting import seen_as_machine
from trustinstall.state import known_bundles
from trustinstall.state.ledger import Ledger
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import DiscoveryOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from trustinstall.host import Host
    from trustinstall.state.directory import State
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.desired import Placement
    from trustinstall.stores.store import Store
from trustinstall.installer.views import Anchor, Held, Listed, StoreView, View
from trustinstall.state.scopes import machine_ledger, own_ledger, state_of

SOON = timedelta(days=90)  # before a certificate expires


def look(
    host: Host,
    backends: Sequence[Backend],
    places: DiscoveryOptions,
    *,
    every_anchor: bool = False,
    through: bool = False,
    on_progress: Callable[[str], None] = lambda _doing: None,
) -> View:
    """Observe the machine's scope and the acting account's own. Nothing is changed, and nothing is locked.

    With `through`, whole trees are scanned as `add` does; otherwise only known places of bundles are read.
    Raises StateError if a ledger is not trusted.
    """
    host = host.still_remembering()
    machine, problem = machine_ledger(host)
    scopes = _scopes(host, machine)
    places = known_bundles.fill(host, state_of(host, host.account.uid), places)
    places = replace(places, through=places.through and (through or places.rescan))
    remembered = [key[0] for _, owner, one in scopes for key in one.placements if owner == host.account.uid]
    found = discovery.discover(host, backends, places, remembered, on_progress=on_progress)
    mine = set(found.stores)
    everybodys = seen_as_machine(host)
    discovery.find_again(everybodys, backends, [store for store, _ in machine.placements], found)
    for _, _, ledger in scopes:
        relinked.follow(host, ledger, found.moved)
    seen: dict[str, Observation | str] = {}
    for backend, store in found.stores.values():
        on_progress(f"Reading stores … {len(seen):,} of {len(found.stores):,}")
        seen[store.id] = discovery.observe(host if store.id in mine else everybodys, backend, store)
    stores = {store.id: store for _, store in found.stores.values()}
    names = {owner: name for name, owner, _ in scopes}
    listed = [
        replace(
            _listed(name, owner, ledger, sha256, stores, seen, found.failures.keys() | found.hidden),
            expires_soon=ledger.certificates[sha256].not_after - host.now() < SOON,
        )
        for name, owner, ledger in scopes
        for sha256 in sorted(_held_somewhere(ledger))
    ]
    ours = {key for _, _, ledger in scopes for key in ledger.placements}
    anchors = _anchors(host, backends, stores, ours) if every_anchor else ()
    shown = [one for one in stores.values() if not (one.on_demand and host.status(one.location) is None)]
    views = [_store_view(store, names, stores, seen[store.id], ours) for store in shown]
    views = [
        one if store.owner == host.account.uid else _read_only(one) for one, store in zip(views, shown, strict=True)
    ]
    notes = [f"{name} cannot be looked at: {why}" for name, why in found.failures.items()]
    notes += found.cut
    notes += [
        _unfinished(host, state_of(host, owner), name)
        for name, owner, _ in scopes
        if host.status(state_of(host, owner).journal) is not None
    ]
    notes += _left_over(host, [ledger.certificates[one] for _, _, ledger in scopes for one in _held_somewhere(ledger)])
    return View(tuple(listed), anchors, tuple(views), (*notes, problem) if problem else tuple(notes))


def _left_over(host: Host, certificates: Sequence[Certificate]) -> list[str]:
    """Return notes about roots of an inspection product that another product may have replaced here."""
    if not certificates or not inspection.shown_by_file(host):  # a process alone proves no other product
        return []
    from trustinstall.installer import company_roots  # most machines have no such product

    found = {one.sha256: (one.name, why) for one, why in company_roots.left_over(host, certificates)}
    return [f"{name}: {why}; `trustinstall remove {sha256}` takes it out" for sha256, (name, why) in found.items()]


def known_places(host: Host, places: DiscoveryOptions) -> DiscoveryOptions:
    """Return the places, and the files by which the last scan of the acting account recognised stores."""
    return replace(known_bundles.fill(host, state_of(host, host.account.uid), places), through=places.through)


def _held_somewhere(ledger: Ledger) -> set[str]:
    """Return the certificates that a store or another account holds; other claims belong to an unfinished command."""
    placed = {sha256 for _, sha256 in ledger.placements}
    return {sha256 for sha256, one in ledger.claims.items() if sha256 in placed or one.accounts}


def _read_only(view: StoreView) -> StoreView:
    """Return a store as seen by an account that does not own it."""
    why = view.problem or ("its owner alone can change it" if view.writable else "")
    return replace(view, writable=False, problem=why)


def _scopes(host: Host, machine: Ledger) -> list[tuple[str, int, Ledger]]:
    """Return name, owner and ledger of the machine's scope and of the acting account's."""
    scopes = [("machine", host.machine_owner, machine)]
    if not host.account.is_root and host.account.home is not None:
        scopes.append((host.account.name, host.account.uid, own_ledger(host)))
    return scopes


def _listed(
    scope: str,
    owner: int,
    ledger: Ledger,
    sha256: str,
    stores: dict[str, Store],
    seen: dict[str, Observation | str],
    out_of_reach: Collection[str],
) -> Listed:
    certificate, claim = ledger.certificates[sha256], ledger.claims[sha256]
    record = {store: one for (store, which), one in ledger.placements.items() if which == sha256}
    places = [store_id for store_id, store in stores.items() if store.owner == owner or store_id in record]
    held = [_held(store_id, sha256, record.get(store_id), stores, seen) for store_id in places]
    held += [
        Held(one.store, one.store, "unreadable" if one.store in out_of_reach else "gone", one.since, one.by)
        for one in record.values()
        if one.store not in stores
    ]
    return Listed(
        scope,
        sha256,
        certificate.subject,
        certificate.name,
        certificate.not_after.isoformat(),
        claim.since,
        claim.by,
        tuple(one for one in held if one is not None),
        claim.terms.until,
        not_before=certificate.not_before.isoformat(),
    )


def _held(
    store_id: str,
    sha256: str,
    placement: Placement | None,
    stores: dict[str, Store],
    seen: dict[str, Observation | str],
) -> Held | None:
    store, what = stores[store_id], seen[store_id]
    state = "unreadable"
    if isinstance(what, Observation):
        state = what.anchors[sha256].value if sha256 in what.anchors else "missing"
    if placement is None:
        if state in {"missing", "unreadable"}:
            return None
        fed_by = next((one.id for one in stores.values() if one.location == store.fed_by), "")
        fed_by = ALL_ACCOUNTS if store.unset else fed_by
        return Held(
            store_id,
            store.label or store_id,
            f"follows {fed_by}" if fed_by else state,
            foreign=not fed_by,
        )
    return Held(
        store_id,
        store.label or store_id,
        state,
        placement.since,
        placement.by,
        placement.adopted,
        entries=placement.entries,
    )


def _anchors(
    host: Host, backends: Sequence[Backend], stores: dict[str, Store], ours: set[tuple[str, str]]
) -> tuple[Anchor, ...]:
    known = {one.name: one for one in backends}
    anchors: list[Anchor] = []
    for store in stores.values():
        try:
            for der in known[store.backend].anchors(host, store):
                one = Certificate.held(der)
                anchors.append(Anchor(store.id, one.sha256, one.subject, (store.id, one.sha256) in ours))
        except OSError:
            continue  # `stores` says why it cannot be read
    return tuple(anchors)


def _store_view(
    store: Store,
    names: dict[int, str],
    stores: dict[str, Store],
    what: Observation | str,
    ours: set[tuple[str, str]],
) -> StoreView:
    anchors = what.anchors.keys() if isinstance(what, Observation) else frozenset[str]()
    problems = "; ".join(what.problems) if isinstance(what, Observation) else what
    fed_by = next((one.id for one in stores.values() if one.location == store.fed_by), store.fed_by or "")
    return StoreView(
        names.get(store.owner, f"uid {store.owner}"),
        store.id,
        store.backend,
        store.location,
        store.label or store.id,
        store.clients,
        fed_by,
        store.why_blocked is None and not fed_by and store.owner in names,
        len(what.anchors) if isinstance(what, Observation) else None,
        sum(where == store.id and sha256 in anchors for where, sha256 in ours),
        store.why_blocked or problems,
        problems,
    )


def _unfinished(host: Host, state: State, name: str) -> str:
    """Return why there is a journal: its command is still running, or was interrupted."""
    held, pid = host.lock_holder(state.lock)
    if held:
        which = f" (pid {pid})" if pid else ""
        return f"another trustinstall is running for scope {name}{which}; this is what holds at the moment"
    return f"an interrupted command of scope {name} is undone by the next command that changes something"
