"""In which order the stores of one scope are brought: a setting after the file that it names, and back before it.

Adding: independent stores first, then our own files that a setting is going to name, then the settings. Removing:
settings that lose the last of our roots first, then independent stores, then our own files, made anew or taken away. A
file of ours that a setting still names is never taken away, and a setting is not made where its file could not be.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine.outcome import Outcome, Result
from trustinstall.stores.store import fed_by

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trustinstall.engine.job import Job
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]
    SideBySide = Callable[[Job, list[Pair]], list[Outcome]]

_CHANGED = frozenset({Result.ADDED, Result.REMOVED, Result.PLANNED})
_NOTHING = frozenset({Result.ABSENT, Result.ALREADY})


def bring(job: Job, chosen: Sequence[Pair], known: Sequence[Pair], side_by_side: SideBySide) -> list[Outcome]:
    """Bring the chosen stores, and those of the known ones that serve them, wave by wave."""
    plain = [pair for pair in chosen if pair[1].names is None and not pair[1].on_demand]
    settings = [pair for pair in chosen if pair[1].names is not None]
    servers = [pair for pair in known if pair[1].on_demand]
    if job.adding:
        return _add(job, plain, settings, servers, side_by_side)
    others = [pair[1] for pair in known if pair[1].names is not None and pair not in settings]
    return _remove(job, plain, settings, servers, others, side_by_side)


def _add(
    job: Job, plain: list[Pair], settings: list[Pair], servers: list[Pair], side_by_side: SideBySide
) -> list[Outcome]:
    outcomes = side_by_side(job, plain)
    named = {store.names for backend, store in settings if job.would_place(backend, store)}
    needed = [pair for pair in servers if pair[1].location in named]
    served = {one.store.location: one for one in side_by_side(job, needed)}
    able = [pair for pair in settings if not _failed(served, pair[1])]
    done = [_settled(job, one, able, served) for one in side_by_side(job, able)]
    done += [_not_set(store, served) for _, store in settings if _failed(served, store)]
    for pair in needed:
        unused = job.without([store for _, store in settings if store.names == pair[1].location])
        if unused is not None and served[pair[1].location].result is Result.ADDED:
            (back,) = side_by_side(unused, [pair])  # no setting could be made that names it
            served[pair[1].location] = back
    return [*outcomes, *(one for one in served.values() if one.result not in {Result.REMOVED, Result.ABSENT}), *done]


def _remove(
    job: Job,
    plain: list[Pair],
    settings: list[Pair],
    servers: list[Pair],
    others: list[Store],
    side_by_side: SideBySide,
) -> list[Outcome]:
    going = [pair for pair in settings if job.loses_last(pair[1])]
    staying = [pair for pair in settings if pair not in going]
    above = [pair for pair in going if _is_above(job, pair[1], [store for _, store in going])]
    done = side_by_side(job, [pair for pair in going if pair not in above])
    done += [one for pair in above for one in side_by_side(job, [pair])]
    outcomes = side_by_side(job, plain)
    stuck = [one.store for one in done if one.result is Result.FAILED]
    served: dict[str, Outcome] = {}
    for pair in servers:
        users = [one for one in (*stuck, *others) if one.names == pair[1].location]
        free = job.free_of(users)
        if free is not None:
            served |= {one.store.location: one for one in side_by_side(free, [pair])}
        elif names := [one.id for one in stuck if one.names == pair[1].location]:
            detail = f"{names[0]} still names it, and could not be changed; mend that first"
            served[pair[1].location] = Outcome(pair[1], Result.FAILED, detail, "store-failed")
    done += [_settled(job, one, staying, served) for one in side_by_side(job, staying)]
    return [*done, *outcomes, *(one for one in served.values() if one.result not in _NOTHING)]


def _is_above(job: Job, store: Store, others: list[Store]) -> bool:
    """Whether a directory that was made for one store holds another: it can only go when that one has gone."""
    made = job.made(store)
    return any(one is not store and one.location.startswith(f"{path}/") for one in others for path in made)


def _failed(served: dict[str, Outcome], store: Store) -> bool:
    source = served.get(store.names or "")
    return source is not None and source.result is Result.FAILED


def _not_set(store: Store, served: dict[str, Outcome]) -> Outcome:
    detail = f"it would name {served[store.names or ''].store.id}, which failed; nothing was changed"
    return Outcome(store, Result.FAILED, detail, "store-failed")


def _settled(job: Job, one: Outcome, pairs: list[Pair], served: dict[str, Outcome]) -> Outcome:
    """What became of a setting: where it was made before, it shows what the file shows that it names."""
    source = served.get(one.store.names or "")
    if source is None or source.result not in _CHANGED or one.result not in _NOTHING or one.foreign:
        return one
    backend = next(backend for backend, store in pairs if store.id == one.store.id)
    followed = job.follow(backend, replace(one.store, source=fed_by(one.store.names)), served)
    return replace(followed, store=one.store)
