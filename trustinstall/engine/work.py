"""One command's work on the stores of one scope: the desired state of each, and the updates of the ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine import bookkeeping, bulk, classify, discovery, planned
from trustinstall.engine.outcome import Result
from trustinstall.engine.task import StoreTask
from trustinstall.engine.transaction import StoreResult, StoreTransaction
from trustinstall.errors import TrustInstallError
from trustinstall.stores.desired import Desired, Placement
from trustinstall.stores.reference import names_nothing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.request import Request
    from trustinstall.host import Account, ActingHost
    from trustinstall.state.journal import Journal
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]
    Ended = tuple[Outcome, StoreResult | None]


class Work:
    """One command's work. Without a journal it is a dry run: nothing is changed, in stores or ledger."""

    def __init__(self, host: ActingHost, ledger: Ledger, request: Request, journal: Journal | None) -> None:
        self.host, self.ledger, self.request, self._journal = host, ledger, request, journal
        self._memory = bulk.Memory()

    @property
    def adding(self) -> bool:
        """Whether certificates are to be trusted."""
        return self.request.trusted

    @property
    def dry_run(self) -> bool:
        """Whether nothing is changed."""
        return self._journal is None

    def would_place(self, backend: Backend, store: Store) -> bool:
        """Whether a store will hold a managed copy, as far as that is known before the change."""
        if store.blocked is not None:
            return False
        task = self.task(backend, store)
        try:
            seen = task.look(self.host)
            change = task.decide(seen)
            task.plan(self.host, seen, change)
        except (TrustInstallError, OSError):
            return False
        return bool(change.add or change.kept)

    def loses_last(self, store: Store) -> bool:
        """Whether a store holds no managed certificate when this work is done."""
        return self.ledger.record(store.id).keys() <= {one.sha256 for one in self.request.certificates}

    def made(self, store: Store) -> tuple[str, ...]:
        """Return the directories that were made for managed certificates in a store."""
        return tuple(one for placement in self.ledger.record(store.id).values() for one in placement.directories)

    def without(self, users: Sequence[Store]) -> Work | None:
        """Return work that removes the certificates that none of these stores holds, or None."""
        return self._part(self._not_in(users), trusted=False)

    def free_of(self, users: Sequence[Store]) -> Work | None:
        """Return this work for the certificates that none of these stores holds, or None."""
        return self._part(self._not_in(users), trusted=self.adding)

    def change_store(self, backend: Backend, store: Store) -> Ended:
        """Change one store. Threads may call it side by side: it does not change the ledger."""
        if store.blocked is not None:
            return self.unwritable(backend, store), None
        task = self.task(backend, store)
        try:
            return self._ended(task, StoreTransaction(self.host, task, self._journal).run())
        except (TrustInstallError, OSError) as error:
            return self._ended(task, error)

    def change_all(self, pairs: Sequence[Pair]) -> list[Ended]:
        """Change stores of identical files, as `change_store` does each."""
        ended: dict[str, Ended] = {
            store.id: (self.unwritable(backend, store), None) for backend, store in pairs if store.blocked is not None
        }
        tasks = [self.task(*pair) for pair in pairs if pair[1].id not in ended]
        results = bulk.change_all(self.host, tasks, self._journal, self._memory)
        ended |= {task.store.id: self._ended(task, one) for task, one in zip(tasks, results, strict=True)}
        return [ended[store.id] for _, store in pairs]

    def note(self, backend: Backend, store: Store, result: StoreResult | None) -> None:
        """Note in the ledger what is managed in a changed store, or that a setting names no bundle any more."""
        if result is not None and self._journal is not None:
            bookkeeping.note(self.ledger, self.task(backend, store), result, self.request, self.host.stamp())
        elif (
            not (self.adding or self.dry_run) and store.blocked is not None and names_nothing(self.host, backend, store)
        ):
            for one in self.request.certificates:
                self.ledger.retire(store.id, one.sha256)

    def follow(self, backend: Backend, store: Store, fed: dict[str, Outcome]) -> Outcome:
        """Return the outcome of a store that another store feeds; only a requested foreign copy is removed."""
        if store.blocked is not None:
            return self.unwritable(backend, store)
        source = fed.get(store.fed_by or "")
        task = self.task(backend, store)
        seen = discovery.observe(self.host, backend, store, task.names)
        outcome = classify.followed(task, source, seen, dry_run=self.dry_run)
        if self.request.adopt and not self.adding and outcome.foreign:
            return self.change_store(backend, store)[0]
        return outcome

    def unwritable(self, backend: Backend, store: Store) -> Outcome:
        """Return the outcome of a store that cannot be written."""
        task = self.task(backend, store)
        return classify.unwritable(task, discovery.observe(self.host, backend, store, task.names))

    def task(self, backend: Backend, store: Store) -> StoreTask:
        """Return the desired state of a store.

        Certificates that a managed policy had a store import are treated as adopted, unless the store held them
        before.
        """
        desired = tuple(Desired(one, self.request.trusted, self.request.domains) for one in self.request.certificates)
        record = self.ledger.record(store.id)
        for one in self.request.certificates:
            before = self.request.imposed.get(one.sha256)
            if store.imports and before is not None and not {store.id, unknown(self.host.account)} & set(before):
                known = record.get(one.sha256) or Placement(one.sha256, store.id, ())
                record[one.sha256] = replace(known, adopted=True, entries=())  # under any name
        return StoreTask(backend, store, desired, record, take_foreign=self.request.adopt and not self.request.trusted)

    def _not_in(self, users: Sequence[Store]) -> list[Certificate]:
        held = {sha256 for one in users for sha256 in self.ledger.record(one.id)}
        return [one for one in self.request.certificates if one.sha256 not in held]

    def _part(self, certificates: Sequence[Certificate], *, trusted: bool) -> Work | None:
        request = replace(self.request, certificates=tuple(certificates), trusted=trusted)
        return Work(self.host, self.ledger, request, self._journal) if certificates else None

    def _ended(self, task: StoreTask, result: StoreResult | Exception) -> Ended:
        if isinstance(result, Exception):
            return classify.failed(task, result), None
        outcome = classify.changed(task, result, dry_run=self.dry_run, adopt=self.request.adopt)
        if outcome.result is Result.FOREIGN and not (task.take_foreign or self.adding):
            why = task.why_not_taken(self.host, result.after)
            outcome = replace(outcome, fixed=bool(why), detail="; ".join(filter(None, (outcome.detail, why))))
        if outcome.result is Result.PLANNED:
            outcome = replace(outcome, steps=planned.steps(self.host, result.plan, diff=self.request.diff))
        return outcome, result


def unknown(account: Account) -> str:
    """Return the id that stands for all stores of an account that could not be observed before a policy was set."""
    return f"account:{account.name}"
