"""Decides which copies of a certificate are managed, and thus what changes in a store: one pure function, the only one.

A copy is managed if it carries the mark of trustinstall, or if the ledger names its exact place, as it does for a copy
that was adopted. Any other copy is foreign: it stays and is named, unless the caller requests it by its full
fingerprint. A copy that cannot be removed through its store is always foreign. An entry that distrusts stays, and is
not named: after a removal it does what the caller wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.stores.desired import Change
from trustinstall.stores.observation import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.stores.desired import Desired, Placement, Record
    from trustinstall.stores.observation import Copy, Observation


def managed(copy: Copy, placement: Placement | None) -> bool:
    """Whether a copy is managed by trustinstall; `placement`: the ledger's record of its certificate in this store.

    An adopted placement without entries is of a store whose copies have no names (a bundle): all of them are managed.
    """
    if not copy.removable:
        return False
    if copy.marked:
        return True
    if placement is None:
        return False
    if placement.adopted and not placement.entries:
        return True
    return copy.entry != "" and copy.entry in placement.entries


def decide(seen: Observation, desired: Sequence[Desired], record: Record, *, take_foreign: bool = False) -> Change:
    """Return the change that brings a store from the observed to the desired state.

    `record` holds the ledger's placements in this store. `take_foreign`: foreign copies of unwanted certificates are
    removed, too; copies that cannot be removed only if no removable copy exists, so that the backend can say why.
    """
    add: list[Desired] = []
    remove: list[Copy] = []
    drop: list[Certificate] = []
    kept: dict[str, tuple[str, ...]] = {}
    foreign: set[str] = set()
    for one in desired:
        copies, placement = seen.copies_of(one.sha256), record.get(one.sha256)
        own = [copy for copy in copies if managed(copy, placement)]
        if one.trusted:
            if own:
                kept[one.sha256] = tuple(dict.fromkeys(copy.entry for copy in own if copy.entry))
            if not holds(seen, one) or (own and seen.outdated):
                add.append(one)
            elif not own:
                foreign.add(one.sha256)
            continue
        going = ([copy for copy in copies if copy.removable] or copies) if take_foreign else own
        remove += going
        unexplained = not (holds(seen, one) or copies or placement or take_foreign)
        if unexplained or any(copy.trusts and copy not in going for copy in copies):
            foreign.add(one.sha256)
        if going or placement is not None or (take_foreign and one.sha256 in seen.anchors):
            drop.append(one.certificate)
    left = (record.keys() | seen.marked) - {one.sha256 for one in drop}
    return Change(
        tuple(add),
        kept,
        tuple(remove),
        tuple(drop),
        noted={sha256: placement.entries for sha256, placement in record.items()},
        made=tuple(dict.fromkeys(path for placement in record.values() for path in placement.directories)),
        foreign=frozenset(foreign),
        last=bool(drop) and not (add or left),
    )


def holds(seen: Observation, one: Desired) -> bool:
    """Whether a store shows the desired state of one certificate."""
    state = seen.anchors.get(one.sha256)
    if not one.trusted:
        return state in {None, State.DISTRUSTED, State.WITHDRAWN}
    return state is one.goal and (not one.domains or seen.limits.get(one.sha256, one.domains) == one.domains)


def overruled(seen: Observation, one: Desired, placement: Placement | None) -> State | None:
    """Return the state in which a person or a policy keeps a wanted certificate; None if neither has decided that.

    Trust was taken away, or a foreign copy trusts it for other servers than it is wanted for.
    """
    state = seen.anchors.get(one.sha256)
    if holds(seen, one) or state in {None, State.PARTIAL}:
        return None
    if state in {State.DISTRUSTED, State.WITHDRAWN}:
        return state
    others = any(copy.trusts and not managed(copy, placement) for copy in seen.copies_of(one.sha256))
    return state if others else None
