"""Change many stores that are one file each: equal content is observed once, and all files are made durable together.

The guarantees are those of a `StoreTransaction`: the undo is journalled before the act, each file is the old or the new
one, and the failure of one store affects no other. An unusual store is left to a transaction, which reports why.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.engine.perform import Changed
from trustinstall.engine.transaction import StoreResult, StoreTransaction, judged, not_verified, put_back, stuck
from trustinstall.errors import TrustInstallError
from trustinstall.host import CHANGED, Replacement
from trustinstall.state.journal import Entry
from trustinstall.stores.steps import ANY, Edit, digest
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.engine.task import StoreTask
    from trustinstall.host import ActingHost
    from trustinstall.state.journal import Journal
    from trustinstall.stores.observation import Observation

MOST = 64  # stores at once: an interrupt waits for all of them
MOST_BYTES = 16 << 20  # of their files: old and new content are in memory together
LARGE = 8 << 20  # bytes of a group from which on the thread for large groups changes it
_DECISIONS = 16  # remembered decisions, each with the new content of a file
_CONTENTS = 16 << 20  # bytes of remembered files, which are recognised without hashing


@dataclass
class Decision:
    """The change of all files with the same bytes; `after` and `undo` are set when the first file is done."""

    at: str
    planned: StoreResult
    new: bytes = b""
    undo: Blocks | None = None
    after: Observation | None = None


class Memory:
    """Facts about bytes that one command has found out. Threads may compute a fact twice, which is harmless."""

    def __init__(self) -> None:
        self._digests: dict[int, list[tuple[bytes, str]]] = {}
        self._room = _CONTENTS
        self._decisions: OrderedDict[tuple[object, ...], Decision] = OrderedDict()

    def digest(self, content: bytes) -> str:
        """The digest of a content; comparing with a remembered content takes a tenth of the time of hashing."""
        known = self._digests.setdefault(len(content), [])
        found = next((name for one, name in known if one == content), None)
        if found is None:
            found = digest(content)
            if self._room >= len(content):
                self._room -= len(content)
                known.append((content, found))
        return found

    def decision(self, key: tuple[object, ...]) -> Decision | None:
        """Return the remembered decision for a content, or None."""
        return self._decisions.get(key)

    def decide(self, key: tuple[object, ...], decision: Decision) -> None:
        """Remember a decision."""
        self._decisions[key] = decision
        while self._decisions and (
            len(self._decisions) > _DECISIONS or sum(len(one.new) for one in self._decisions.values()) > _CONTENTS
        ):
            self._decisions.popitem(last=False)


@dataclass(frozen=True)
class _Ready:
    """A store that is about to be written."""

    index: int
    task: StoreTask
    decision: Decision
    planned: StoreResult
    entry: Entry
    file: Replacement


def change_all(
    host: ActingHost, tasks: Sequence[StoreTask], journal: Journal | None, memory: Memory
) -> list[StoreResult | Exception]:
    """Change stores of identical files; return how each ended, or the exception of its transaction."""
    results: dict[int, StoreResult | Exception] = {}
    ready: list[_Ready] = []
    for index, task in enumerate(tasks):
        found = _ready(host, index, task, journal, memory)
        if isinstance(found, _Ready):
            ready.append(found)
        else:
            results[index] = found or _singly(host, task, journal)
    if ready and journal is not None:
        results |= _act(host, ready, journal)
    return [results[index] for index in range(len(tasks))]


def _ready(
    host: ActingHost, index: int, task: StoreTask, journal: Journal | None, memory: Memory
) -> _Ready | StoreResult | None:
    """Return a store to be written, or its result if nothing is to do; None if a transaction should change it."""
    path = task.store.location
    try:
        old = host.status(path)
        content = host.read(path)
        decision = _decided(host, task, content, memory)
    except (TrustInstallError, OSError, Changed):
        return None
    planned = _moved(decision.planned, decision.at, path)
    separates = all(isinstance(one, Edit) and one.separates for one in planned.plan.steps)
    if old is not None and old.links > 1 and not separates:
        return None
    if planned.plan.empty or journal is None:
        return planned
    if old is None or decision.undo is None or decision.new == content:
        return None
    inverse = Edit(path, decision.undo, ANY, old.mode, (old.uid, old.gid))
    entry = Entry(journal.transaction, task.backend.name, path, (inverse,), host.token())
    return _Ready(index, task, decision, planned, entry, Replacement(path, decision.new, old, entry.token))


def _decided(host: ActingHost, task: StoreTask, content: bytes, memory: Memory) -> Decision:
    """Return the change of a file of this content. Raises Changed if the file keeps changing meanwhile."""
    name = memory.digest(content)
    adopted = frozenset((sha256, not one.entries) for sha256, one in task.record.items() if one.adopted)
    key = (task.backend.name, name, task.desired, task.take_foreign, adopted, frozenset(task.record))
    decision = memory.decision(key)
    if decision is None:
        before = task.observe(host)
        change = task.decide(before)
        plan = task.plan(host, before, change)
        decision = Decision(task.store.location, StoreResult(change, plan, before, before))
        for step in plan.steps:
            if not isinstance(step, Edit) or not isinstance(step.transform, Blocks) or step.expect != name:
                raise Changed(step.path)
            decision.new, decision.undo = step.transform.apply(content), step.transform.inverse(content)
        if host.read(task.store.location) != content:
            raise Changed(task.store.location)
        memory.decide(key, decision)
    return decision


def _moved(planned: StoreResult, here: str, there: str) -> StoreResult:
    """Return the same change and plan for a file with the same bytes at another place."""
    if here == there:
        return planned
    steps = tuple(replace(one, path=there) for one in planned.plan.steps)
    placed = tuple(replace(one, entries=_entries(one.entries, here, there)) for one in planned.plan.placed)
    kept = {sha256: _entries(entries, here, there) for sha256, entries in planned.change.kept.items()}
    return replace(
        planned, change=replace(planned.change, kept=kept), plan=replace(planned.plan, steps=steps, placed=placed)
    )


def _entries(entries: tuple[str, ...], here: str, there: str) -> tuple[str, ...]:
    return tuple(there if at == here else at for at in entries)


def _singly(host: ActingHost, task: StoreTask, journal: Journal | None) -> StoreResult | Exception:
    try:
        return StoreTransaction(host, task, journal).run()
    except (TrustInstallError, OSError) as error:
        return error


def _act(host: ActingHost, ready: Sequence[_Ready], journal: Journal) -> dict[int, StoreResult | Exception]:
    """Journal the undo of all stores, write them, and verify each."""
    results: dict[int, StoreResult | Exception] = {}
    journal.note(*(one.entry for one in ready))
    try:
        failures = host.replace_all([one.file for one in ready])
        for one, failure in zip(ready, failures, strict=True):
            results[one.index] = _ended(host, one, failure, journal)
    except BaseException as error:
        for one in ready:
            if not isinstance(results.get(one.index), Exception):  # the exception tells nothing of stores that are done
                _put_back(host, one, journal, error)
        raise
    return results


def _ended(host: ActingHost, one: _Ready, failure: OSError | None, journal: Journal) -> StoreResult | Exception:
    """Return how one store ended: verified, put back, or planned again because another program changed it first."""
    if failure is not None and failure.errno == CHANGED:
        return _singly(host, one.task, journal)
    try:
        if failure is not None:
            raise failure
        return replace(one.planned, after=_verified(host, one))
    except (TrustInstallError, OSError) as error:
        return _put_back(host, one, journal, error) or error


def _put_back(host: ActingHost, one: _Ready, journal: Journal, cause: BaseException) -> Exception | None:
    """Put a store back; return why that failed, or None."""
    task, entry = one.task, one.entry
    failure = put_back(host, task, entry.inverse, entry.token, one.planned.before, None)
    return None if failure is None else stuck(task.store, failure, cause, journal, entry.token)


def _verified(host: ActingHost, one: _Ready) -> Observation:
    """Observe a store; bytes that were verified once are known to be good."""
    task, decision = one.task, one.decision
    as_meant = host.read(task.store.location) == decision.new
    if as_meant and decision.after is not None:
        return decision.after
    after, wrong = judged(host, task, one.planned)
    if wrong is not None:
        raise not_verified(task.store, wrong)
    if as_meant:
        decision.after = after
    return after
