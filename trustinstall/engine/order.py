"""The order of the stores of one scope: a setting is set after its file is written, and restored before it is deleted.

Adding: independent stores first, then managed files that a setting will name, then the settings. Removing: settings
that lose their last managed root first, then independent stores, then managed files, which are regenerated or deleted.
A managed file that a setting still names is never deleted, and a setting is not made if its file could not be written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Result
from trustinstall.stores.store import fed_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.engine.work import Work
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]
    SideBySide = Callable[[Work, list[Pair]], list[Outcome]]

_CHANGED = frozenset({Result.ADDED, Result.REMOVED, Result.PLANNED})
_NOTHING = frozenset({Result.ABSENT, Result.ALREADY})


def change_in_order(
    work: Work, chosen: Sequence[Pair], known: Sequence[Pair], side_by_side: SideBySide
) -> list[Outcome]:
    """Change the chosen stores, and the known stores that serve them, wave by wave."""
    plain = [pair for pair in chosen if pair[1].names is None and not pair[1].on_demand]
    settings = [pair for pair in chosen if pair[1].names is not None]
    servers = [pair for pair in known if pair[1].on_demand]
    if work.adding:
        return _add(work, plain, settings, servers, side_by_side)
    others = [pair[1] for pair in known if pair[1].names is not None and pair not in settings]
    return _remove(work, plain, settings, servers, others, side_by_side)


def _add(
    work: Work, plain: list[Pair], settings: list[Pair], servers: list[Pair], side_by_side: SideBySide
) -> list[Outcome]:
    outcomes = side_by_side(work, plain)
    named = {store.names for backend, store in settings if work.would_place(backend, store)}
    needed = [pair for pair in servers if pair[1].location in named]
    served = {one.store.location: one for one in side_by_side(work, needed)}
    able = [pair for pair in settings if not _failed(served, pair[1])]
    done = [_settled(work, one, able, served) for one in side_by_side(work, able)]
    done += [_not_set(store, served) for _, store in settings if _failed(served, store)]
    for pair in needed:
        unused = work.without([store for _, store in settings if store.names == pair[1].location])
        if unused is not None and served[pair[1].location].result is Result.ADDED:
            (back,) = side_by_side(unused, [pair])  # no setting could be made that names the file
            served[pair[1].location] = back
    return [*outcomes, *(one for one in served.values() if one.result not in {Result.REMOVED, Result.ABSENT}), *done]


def _remove(
    work: Work,
    plain: list[Pair],
    settings: list[Pair],
    servers: list[Pair],
    others: list[Store],
    side_by_side: SideBySide,
) -> list[Outcome]:
    going = [pair for pair in settings if work.loses_last(pair[1])]
    staying = [pair for pair in settings if pair not in going]
    above = [pair for pair in going if _is_above(work, pair[1], [store for _, store in going])]
    done = side_by_side(work, [pair for pair in going if pair not in above])
    done += [one for pair in above for one in side_by_side(work, [pair])]
    outcomes = side_by_side(work, plain)
    stuck = [one.store for one in done if one.result is Result.FAILED]
    served: dict[str, Outcome] = {}
    for pair in servers:
        users = [one for one in (*stuck, *others) if one.names == pair[1].location]
        free = work.free_of(users)
        if free is not None:
            served |= {one.store.location: one for one in side_by_side(free, [pair])}
        elif names := [one.id for one in stuck if one.names == pair[1].location]:
            detail = f"{names[0]} still names it, and could not be changed; mend that first"
            served[pair[1].location] = Outcome(pair[1], Result.FAILED, detail, "store-failed")
    done += [_settled(work, one, staying, served) for one in side_by_side(work, staying)]
    return [*done, *outcomes, *(one for one in served.values() if one.result not in _NOTHING)]


def _is_above(work: Work, store: Store, others: list[Store]) -> bool:
    """Whether a directory that was made for one store holds another store, which must be removed first."""
    made = work.made(store)
    return any(one is not store and one.location.startswith(f"{path}/") for one in others for path in made)


def _failed(served: dict[str, Outcome], store: Store) -> bool:
    source = served.get(store.names or "")
    return source is not None and source.result is Result.FAILED


def _not_set(store: Store, served: dict[str, Outcome]) -> Outcome:
    detail = f"it would name {served[store.names or ''].store.id}, which failed; nothing was changed"
    return Outcome(store, Result.FAILED, detail, "store-failed")


def _settled(work: Work, one: Outcome, pairs: list[Pair], served: dict[str, Outcome]) -> Outcome:
    """Return the outcome of a setting: if it was made before, it shows the content of the file that it names."""
    source = served.get(one.store.names or "")
    if source is None or source.result not in _CHANGED or one.result not in _NOTHING or one.foreign:
        return one
    backend = next(backend for backend, store in pairs if store.id == one.store.id)
    followed = work.follow(backend, replace(one.store, source=fed_by(one.store.names)), served)
    return replace(followed, store=one.store)
