"""Updates the ledger after a command: placements of managed copies, claims, and stores that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine.classify import bare
from trustinstall.engine.outcome import Outcome, Result
from trustinstall.engine.ownership import holds
from trustinstall.stores.backend import Capability
from trustinstall.stores.desired import Placement
from trustinstall.stores.steps import Edit

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from trustinstall.engine.discovery import Found
    from trustinstall.engine.request import Request, Selection
    from trustinstall.engine.task import StoreTask
    from trustinstall.engine.transaction import StoreResult
    from trustinstall.host import Host
    from trustinstall.state.ledger import Ledger

_HOLDS = frozenset({Result.ADDED, Result.ALREADY})


def note(ledger: Ledger, task: StoreTask, result: StoreResult, request: Request, stamp: str) -> None:
    """Note where the certificates of a task are managed in a store, or that they are no longer managed there."""
    placed = {one.sha256: one.entries for one in result.plan.placed}
    directories = [path for one in task.record.values() for path in one.directories]
    directories = [*dict.fromkeys((*directories, *result.plan.made))]
    shared = _shared(task, result)
    added = {one.sha256 for one in result.change.add}
    for one in task.desired:
        key, foreign = (task.store.id, one.sha256), one.sha256 in result.change.foreign
        if not one.trusted:
            ledger.retire(*key)
            continue
        wrote = one.sha256 in added
        adopts = foreign and request.adopt and not task.store.unset
        if not (wrote or (key not in ledger.placements and (adopts or not foreign))):
            continue
        kept = result.change.kept.get(one.sha256, ())
        if adopts:
            kept = tuple(copy.entry for copy in result.before.copies_of(one.sha256) if copy.entry)
        entries = tuple(dict.fromkeys((*kept, *placed.get(one.sha256, ()), *(() if adopts else shared))))
        # Now: an interrupt may end the command before the whole claim is noted.
        ledger.claim(one.certificate, request.by, stamp, request.terms)
        made = () if adopts else tuple(directories)
        known = task.record.get(one.sha256)
        since, by = (known.since, known.by) if known and holds(result.before, one) else (stamp, request.by)
        ledger.placements[key] = Placement(one.sha256, task.store.id, entries, made, since, by, adopts)


def _shared(task: StoreTask, result: StoreResult) -> tuple[str, ...]:
    """Return the noted entries that every placement shares: entries that are written once, and created files.

    The last certificate removes them, whichever certificate that is.
    """
    noted = dict.fromkeys(
        entry for placement in task.record.values() if not placement.adopted for entry in placement.entries
    )
    if Capability.SET_ONCE in task.backend.capabilities:
        return tuple(noted)
    edited = {step.path for step in result.plan.steps if isinstance(step, Edit)}
    return tuple(entry for entry in noted if entry in edited)


def gone(
    host: Host, ledger: Ledger, request: Request, found: Found, asked: Collection[str], *, forget: bool
) -> list[Outcome]:
    """Return outcomes for stores that the ledger remembers and that are gone; `forget` deletes their placements.

    While certificates are added, a store of a backend that was not asked (by name) is not taken to be gone.
    """
    names = {one.sha256 for one in request.certificates}
    known = found.stores.keys() | found.failures.keys() | found.left | found.hidden
    lost = [key for key in ledger.placements if key[1] in names and key[0] not in known]
    if request.trusted:
        lost = [key for key in lost if key[0].partition(":")[0] in asked]
    if forget and not request.trusted:
        for key in lost:
            del ledger.placements[key]
    detail = "it is no longer on this machine"
    return [Outcome(bare(host, store), Result.STORE_MISSING, detail) for store in sorted({key[0] for key in lost})]


def claim(ledger: Ledger, request: Request, outcomes: Sequence[Outcome], stamp: str) -> None:
    """Note that certificates are wanted, if a store holds them."""
    if request.trusted and any(one.result in _HOLDS for one in outcomes):
        for one in request.certificates:
            ledger.claim(one, request.by, stamp, request.terms)


def renew(ledger: Ledger, request: Request) -> None:
    """Note the request's terms for the certificates that are wanted already, as a dry run foresees it."""
    for one in request.certificates:
        if request.trusted and one.sha256 in ledger.claims:
            ledger.claim(one, request.by, "", request.terms)


def narrow(ledger: Ledger, request: Request, selection: Selection) -> None:
    """Note the stores that certificates were taken out of, where their claims stay: `repair` leaves those stores."""
    if not request.trusted and not selection.below:
        for one in request.certificates:
            ledger.narrow(one.sha256, selection.stores, selection.skip)
