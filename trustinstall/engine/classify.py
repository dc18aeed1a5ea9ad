"""The result of a store: pure functions from a task and its result to an outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.engine.outcome import ALL_ACCOUNTS, WIDE, Outcome, Result
from trustinstall.engine.ownership import holds, managed
from trustinstall.engine.transaction import StoreResult
from trustinstall.engine.wording import words
from trustinstall.errors import OutOfReach, StoreError, TrustInstallError, printable
from trustinstall.stores.observation import Observation
from trustinstall.stores.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.engine.discovery import Found
    from trustinstall.engine.task import StoreTask
    from trustinstall.host import Host

_MOST_NAMED = 3  # places of copies in one outcome


def changed(task: StoreTask, result: StoreResult, *, dry_run: bool, adopt: bool) -> Outcome:
    """Return the outcome of a transaction that succeeded.

    A certificate that is still trusted after its managed copies have gone is never called removed.
    """
    store, change, plan = task.store, result.change, result.plan
    adding = any(one.trusted for one in task.desired)
    foreign = () if adding and adopt else tuple(one.sha256 for one in task.desired if _stays(result, one.sha256))
    count = len(result.after.anchors)
    if store.unset and plan.empty and change.foreign:  # the store has no value of its own
        return Outcome(store, *(Result.FOLLOWS, ALL_ACCOUNTS) if adding else (Result.ABSENT, ""), anchors=count)
    if dry_run and not plan.empty:
        touched = tuple(one.sha256 for one in task.desired if _would_change(result, one.sha256, adding=adding))
        return Outcome(store, Result.PLANNED, "", "", touched, foreign, count)
    moved = tuple(one.sha256 for one in task.desired if not holds(result.before, one) and holds(result.after, one))
    if adding:
        done = Result.ALREADY if plan.empty else Result.ADDED
    elif moved:
        done = Result.REMOVED
    elif foreign:
        done = Result.FOREIGN
    elif plan.detaches and any(one.sha256 in result.after.anchors for one in task.desired):
        return Outcome(store, Result.FOLLOWS, ALL_ACCOUNTS, anchors=count, touched=True)
    else:
        did = plan.operations or (change.remove and not plan.empty)  # a tool may change entries that cannot be observed
        done = Result.REMOVED if did else Result.ABSENT
    detail = _places(result, foreign) if done is Result.FOREIGN else ""
    return Outcome(store, done, detail, "", moved, foreign, count, touched=not plan.empty)


def _places(result: StoreResult, foreign: Sequence[str]) -> str:
    """Return where the remaining copies stand, or "" if the store's own location says it."""
    places = dict.fromkeys(one.entry for sha256 in foreign for one in result.after.copies_of(sha256) if one.entry)
    named = [printable(one) for one in places][:_MOST_NAMED]
    more = f" and {len(places) - len(named)} more" if len(places) > len(named) else ""
    return f"in {', '.join(named)}{more}" if named else ""


def _stays(result: StoreResult, sha256: str) -> bool:
    """Whether a foreign copy is left; there is none if the clients no longer read the artefact.

    A copy that was seen before and was not removed is still there, even if it can no longer be seen: macOS names
    trust settings by SHA-1, and shows no certificate for them once it has gone from the keychain.
    """
    if sha256 not in result.change.foreign:
        return False
    if sha256 in result.after.anchors or result.after.copies_of(sha256):
        return True
    spared = set(result.before.copies_of(sha256)) - set(result.change.remove)
    return bool(spared) and not result.plan.detaches


def _would_change(result: StoreResult, sha256: str, *, adding: bool) -> bool:
    if adding:
        return any(one.sha256 == sha256 for one in result.change.add)
    return sha256 in result.before.anchors and sha256 not in result.change.foreign


def failed(task: StoreTask, error: Exception) -> Outcome:
    """Return the outcome of a transaction that raised an error."""
    if isinstance(error, OutOfReach):
        return _out_of_reach(task, str(error))
    if isinstance(error, StoreError):
        return Outcome(task.store, Result.FAILED, f"{error.cause}; {error.advice}", error.code)
    if isinstance(error, TrustInstallError):
        return Outcome(task.store, Result.FAILED, str(error), error.code)
    return Outcome(task.store, Result.FAILED, words(error), "store-failed")


def unwritable(task: StoreTask, seen: Observation | str) -> Outcome:
    """Return the outcome of a store that cannot be written: a failure, unless its state is as desired."""
    store, adding = task.store, any(one.trusted for one in task.desired)
    if isinstance(seen, Observation) and all(holds(seen, one) for one in task.desired):
        return Outcome(store, Result.ALREADY if adding else Result.ABSENT, anchors=len(seen.anchors))
    if store.sealed and isinstance(seen, str):
        return _out_of_reach(task, store.why_blocked or seen)
    if isinstance(seen, Observation) and not adding and _is_of_others(task, seen):
        if store.unset:
            return Outcome(store, Result.ABSENT, anchors=len(seen.anchors))
        held = tuple(one.sha256 for one in task.desired if not holds(seen, one))
        return Outcome(store, Result.FOREIGN, store.why_blocked or "", "", (), held, len(seen.anchors), fixed=True)
    if store.sealed and adding:
        return Outcome(store, Result.SEALED, store.why_blocked or "")
    return Outcome(store, Result.FAILED, store.why_blocked or "", "store-failed")


def _is_of_others(task: StoreTask, seen: Observation) -> bool:
    """Whether a store holds no managed copy of what is to be removed, and the caller asks for none of others."""
    records = {one.sha256: task.record.get(one.sha256) for one in task.desired}
    mine = any(managed(copy, records[sha256]) for sha256 in records for copy in seen.copies_of(sha256))
    return not (mine or task.take_foreign or any(records.values()))


def followed(task: StoreTask, source: Outcome | None, seen: Observation | str, *, dry_run: bool) -> Outcome:
    """Return whether a store that another store feeds shows the desired state."""
    store, adding = task.store, any(one.trusted for one in task.desired)
    if source is None or source.result in {Result.NOT_COVERED, Result.FAILED}:
        result = Result.FAILED if source and source.result is Result.FAILED else Result.NOT_COVERED
        return Outcome(store, result, f"follows {source.store.id if source else store.fed_by}")
    if isinstance(seen, str):
        return Outcome(store, Result.FAILED, seen, "store-failed")
    count, name = len(seen.anchors), source.store.id
    wrong = [one.sha256 for one in task.desired if (one.sha256 in seen.anchors) != one.trusted]
    if not wrong and not adding and source.result is not Result.REMOVED:
        return Outcome(store, Result.ABSENT, f"follows {name}", anchors=count)
    if not wrong or dry_run:
        return Outcome(store, Result.FOLLOWS, name, anchors=count)
    strangers = tuple(sha256 for sha256 in wrong if not adding and _is_foreign(task, source, seen, sha256))
    if strangers == tuple(wrong):
        return Outcome(store, Result.FOREIGN, "", foreign=strangers, anchors=count)
    if seen.pending:
        return Outcome(store, Result.PENDING, seen.pending, anchors=count)
    verb = "does not show" if adding else "still shows"
    detail = f"it {verb} the certificate although {name} was changed; look at the hooks that feed it"
    return Outcome(store, Result.FAILED, detail, "store-failed", anchors=count)


def _is_foreign(task: StoreTask, source: Outcome, seen: Observation, sha256: str) -> bool:
    """Whether a store that is fed keeps an unmanaged certificate: in the source, or in the store itself."""
    if source.result is not Result.REMOVED or sha256 in source.foreign:
        return True
    return any(not managed(copy, task.record.get(sha256)) for copy in seen.copies_of(sha256))


def unreadable(host: Host, found: Found) -> list[Outcome]:
    """Return outcomes for backends that failed to look, and for remembered stores that are out of reach."""
    return [
        Outcome(bare(host, name), Result.FAILED, f"it cannot be looked at: {reason}", "store-failed")
        for name, reason in found.failures.items()
    ]


def stuck(host: Host, backend: str, location: str, why: str, found: Found) -> Outcome:
    """Return the outcome of a store that an interrupted command left and that could not be put back."""
    stores = (store for _, store in found.stores.values() if (store.backend, store.location) == (backend, location))
    store = next(stores, None) or bare(host, f"{backend}:{location}")
    return Outcome(store, Result.FAILED, f"{why}; it is tried again by the next command", "store-failed")


def not_covered(host: Host, store: Store) -> Outcome:
    """Return the outcome of a store that belongs to another scope."""
    needed = "an elevated prompt" if host.platform == "win32" else "root"
    whose = f"the machine; needs {needed}" if store.owner == 0 else "another account"
    return Outcome(store, Result.NOT_COVERED, f"belongs to {whose}")


def unconstrained(store: Store) -> Outcome:
    """Return the outcome of a store that would trust a root for more names than the caller asked for."""
    return Outcome(store, Result.NOT_COVERED, WIDE)


def bare(host: Host, store_id: str) -> Store:
    """Return the known outcome of a store that cannot be observed from here: the acting account observes it."""
    name, _, location = store_id.partition(":")
    return Store(name, location, host.account.uid, store_id, "")


def _out_of_reach(task: StoreTask, why: str) -> Outcome:
    """Return the outcome of an unreachable store: a failure only if a managed certificate should be removed."""
    if any(one.trusted for one in task.desired):
        return Outcome(task.store, Result.SEALED, why)
    if task.record.keys() & {one.sha256 for one in task.desired}:
        return Outcome(task.store, Result.FAILED, why, "store-failed")
    return Outcome(task.store, Result.ABSENT, why)
