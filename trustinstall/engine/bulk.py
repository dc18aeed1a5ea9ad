"""Bringing many stores that are one file each: looked into once for the same bytes, and made durable together.

The promises are those of `work.bring`: the undo is in the journal before the act, each file is the old one or the new
one, one store's failure is its own. A store that is odd in any way is left to `work.bring`, which says so.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import Blocks
from trustinstall.engine import transaction
from trustinstall.engine.perform import Changed
from trustinstall.engine.transaction import Done
from trustinstall.errors import TrustInstallError
from trustinstall.host import CHANGED, Replacement
from trustinstall.state.journal import Entry
from trustinstall.stores.steps import ANY, Edit, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import ActingHost
    from trustinstall.state.journal import Journal
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Plan
    from trustinstall.stores.store import Store

MOST = 64  # stores at once: what is in memory, and what an interrupt waits for
_DECISIONS = 16  # that are remembered, each with the new content of a file
_CONTENTS = 16 << 20  # bytes of files that are remembered, to know them again without hashing them


@dataclass(frozen=True)
class Task:
    """One store, what is wanted of it, and what the ledger knows of it."""

    backend: Backend
    store: Store
    wanted: tuple[Wanted, ...]
    record: Record


@dataclass
class Decision:
    """What is done with every file that has the same bytes: `after` and `undo` are known when one of them is done."""

    at: str
    before: Observation
    plan: Plan
    new: bytes = b""
    undo: Blocks | None = None
    after: Observation | None = None


class Memory:
    """What one command has found out about bytes. Threads may find the same out twice, and it does no harm."""

    def __init__(self) -> None:
        self._digests: dict[int, list[tuple[bytes, str]]] = {}
        self._room = _CONTENTS
        self._decisions: OrderedDict[tuple[object, ...], Decision] = OrderedDict()

    def digest(self, content: bytes) -> str:
        """The digest of a content; comparing with one that is known takes a tenth of the time of hashing."""
        known = self._digests.setdefault(len(content), [])
        found = next((name for one, name in known if one == content), None)
        if found is None:
            found = digest(content)
            if self._room >= len(content):
                self._room -= len(content)
                known.append((content, found))
        return found

    def decision(self, key: tuple[object, ...]) -> Decision | None:
        """What was decided before."""
        return self._decisions.get(key)

    def decide(self, key: tuple[object, ...], decision: Decision) -> None:
        """Remember what was decided."""
        self._decisions[key] = decision
        while len(self._decisions) > _DECISIONS:
            self._decisions.popitem(last=False)


@dataclass(frozen=True)
class _Ready:
    """A store that is about to be written."""

    index: int
    task: Task
    decision: Decision
    plan: Plan
    entry: Entry
    file: Replacement


def bring(host: ActingHost, tasks: Sequence[Task], journal: Journal | None, memory: Memory) -> list[Done | Exception]:
    """Bring stores of `Whole` backends; how each was brought, or what `work.bring` would have raised."""
    results: dict[int, Done | Exception] = {}
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


def _ready(host: ActingHost, index: int, task: Task, journal: Journal | None, memory: Memory) -> _Ready | Done | None:
    """A store as it is to be written, or how it is already; None where it is better brought alone."""
    path = task.store.location
    try:
        old = host.status(path)
        content = host.read(path)
        decision = _decided(host, task, content, memory)
    except (TrustInstallError, OSError, Changed):
        return None
    plan = _moved(decision.plan, decision.at, path)
    if plan.empty or journal is None:
        return Done(plan, decision.before, decision.before)
    if old is None or decision.undo is None or decision.new == content:
        return None
    inverse = Edit(path, decision.undo, ANY, old.mode, (old.uid, old.gid))
    entry = Entry(journal.transaction, task.backend.name, path, (inverse,), host.token())
    return _Ready(index, task, decision, plan, entry, Replacement(path, decision.new, old, entry.token))


def _decided(host: ActingHost, task: Task, content: bytes, memory: Memory) -> Decision:
    """What is done with a file of this content. Raises Changed where it does not stay the same for so long."""
    name = memory.digest(content)
    adopted = frozenset(sha256 for sha256, one in task.record.items() if one.adopted)
    key = (task.backend.name, name, task.wanted, adopted)
    decision = memory.decision(key)
    if decision is None:
        before = task.backend.observe(host, task.store)
        plan = task.backend.plan(host, task.store, before, task.wanted, task.record)
        decision = Decision(task.store.location, before, plan)
        for step in plan.steps:
            if not isinstance(step, Edit) or not isinstance(step.transform, Blocks) or step.expect != name:
                raise Changed(step.path)
            decision.new, decision.undo = step.transform.apply(content), step.transform.inverse(content)
        if host.read(task.store.location) != content:
            raise Changed(task.store.location)
        memory.decide(key, decision)
    return decision


def _moved(plan: Plan, here: str, there: str) -> Plan:
    """The same plan for the same bytes elsewhere."""
    if here == there:
        return plan
    steps = tuple(replace(one, path=there) for one in plan.steps)
    placed = tuple(
        replace(one, entries=tuple(there if at == here else at for at in one.entries)) for one in plan.placed
    )
    return replace(plan, steps=steps, placed=placed)


def _singly(host: ActingHost, task: Task, journal: Journal | None) -> Done | Exception:
    try:
        return transaction.bring(host, task.backend, task.store, task.wanted, task.record, journal)
    except (TrustInstallError, OSError) as error:
        return error


def _act(host: ActingHost, ready: Sequence[_Ready], journal: Journal) -> dict[int, Done | Exception]:
    """Note how to undo all of them, write them, and look at each."""
    results: dict[int, Done | Exception] = {}
    journal.note(*(one.entry for one in ready))
    try:
        failures = host.replace_all([one.file for one in ready])
        for one, failure in zip(ready, failures, strict=True):
            results[one.index] = _ended(host, one, failure, journal)
    except BaseException as error:
        for one in ready:
            if not isinstance(results.get(one.index), Exception):  # the caller hears of none that is done
                _put_back(host, one, journal, error)
        raise
    return results


def _ended(host: ActingHost, one: _Ready, failure: OSError | None, journal: Journal) -> Done | Exception:
    """How one store ended: verified, put back, or planned anew because somebody else was quicker."""
    if failure is not None and failure.errno == CHANGED:
        return _singly(host, one.task, journal)
    try:
        if failure is not None:
            raise failure
        return Done(one.plan, one.decision.before, _verified(host, one))
    except (TrustInstallError, OSError) as error:
        return _put_back(host, one, journal, error) or error


def _put_back(host: ActingHost, one: _Ready, journal: Journal, cause: BaseException) -> Exception | None:
    """Put a store back; why it could not be, or None."""
    task, entry = one.task, one.entry
    failure = transaction.put_back(
        host, task.backend, task.store, entry.inverse, entry.token, one.decision.before, None
    )
    return None if failure is None else transaction.stuck(task.store, failure, cause, journal, entry.token)


def _verified(host: ActingHost, one: _Ready) -> Observation:
    """What a store shows now; bytes that were verified once are known to be good."""
    task, decision = one.task, one.decision
    as_meant = host.read(task.store.location) == decision.new
    if as_meant and decision.after is not None:
        return decision.after
    after, wrong = transaction.judged(host, task.backend, task.store, one.plan, decision.before, task.wanted)
    if wrong is not None:
        raise transaction.not_verified(task.store, wrong)
    if as_meant:
        decision.after = after
    return after
