"""One command's work on the stores of one scope: what is wished, store by store, and what the ledger must know."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine import bulk, discovery, transaction
from trustinstall.engine.outcome import ALL_ACCOUNTS, WIDE, Outcome, Result
from trustinstall.engine.request import Wish
from trustinstall.errors import OutOfReach, StoreError, TrustInstallError
from trustinstall.stores.desired import Placement, Wanted
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed
from trustinstall.stores.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.engine.discovery import Found
    from trustinstall.host import Account, ActingHost
    from trustinstall.state.journal import Journal
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend

_HOLDS = frozenset({Result.ADDED, Result.ALREADY})


class Job:
    """One command's work. Without a journal it is a dry run: nothing is changed, in stores or ledger."""

    def __init__(self, host: ActingHost, ledger: Ledger, wish: Wish, journal: Journal | None) -> None:
        self._host, self._ledger, self._wish, self._journal = host, ledger, wish, journal
        self._names = [one.sha256 for one in wish.certificates]
        self._memory = bulk.Memory()

    @property
    def adding(self) -> bool:
        """Whether certificates are to be trusted."""
        return self._wish.trusted

    def would_place(self, backend: Backend, store: Store) -> bool:
        """Whether a store can take what is wished, as far as can be seen beforehand, and does not have it already."""
        record = self._ledger.record(store.id)
        wanted = [self._wanted(store, one, record.get(one.sha256)) for one in self._wish.certificates]
        if store.why_blocked is not None:
            return False
        try:
            return bool(backend.plan(self._host, store, backend.observe(self._host, store), wanted, record).placed)
        except (TrustInstallError, OSError):
            return False

    def loses_last(self, store: Store) -> bool:
        """Whether nothing of ours is left in a store when this work is done."""
        return self._ledger.record(store.id).keys() <= set(self._names)

    def made(self, store: Store) -> tuple[str, ...]:
        """The directories that were made for what is ours in a store."""
        return tuple(one for placement in self._ledger.record(store.id).values() for one in placement.directories)

    def without(self, users: Sequence[Store]) -> Job | None:
        """The work of taking out again what none of these stores has come to hold; None where there is nothing."""
        held = {sha256 for one in users for sha256 in self._ledger.record(one.id)}
        return self._part([one for one in self._wish.certificates if one.sha256 not in held], trusted=False)

    def free_of(self, users: Sequence[Store]) -> Job | None:
        """This work, but for certificates that one of these stores still holds; None where no others are left."""
        held = {sha256 for one in users for sha256 in self._ledger.record(one.id)}
        return self._part([one for one in self._wish.certificates if one.sha256 not in held], trusted=self.adding)

    def _part(self, certificates: Sequence[Certificate], *, trusted: bool) -> Job | None:
        wish = replace(self._wish, certificates=tuple(certificates), trusted=trusted)
        return Job(self._host, self._ledger, wish, self._journal) if certificates else None

    def bring(self, backend: Backend, store: Store) -> tuple[Outcome, transaction.Done | None]:
        """Bring one store. Threads may call it side by side: it does not change the ledger."""
        if store.why_blocked is not None:
            return self._unwritable(backend, store), None
        task = self._task(backend, store)
        try:
            done = transaction.bring(self._host, backend, store, task.wanted, task.record, self._journal)
        except (TrustInstallError, OSError) as error:
            return self._brought(store, error)
        return self._brought(store, done)

    def bring_all(self, pairs: Sequence[tuple[Backend, Store]]) -> list[tuple[Outcome, transaction.Done | None]]:
        """Bring stores of `Whole` backends, as `bring` does each."""
        ended: dict[str, tuple[Outcome, transaction.Done | None]] = {
            store.id: (self._unwritable(*pair), None) for pair in pairs if (store := pair[1]).blocked is not None
        }
        tasks = [self._task(*pair) for pair in pairs if pair[1].id not in ended]
        done = bulk.bring(self._host, tasks, self._journal, self._memory)
        ended |= {one.store.id: self._brought(one.store, what) for one, what in zip(tasks, done, strict=True)}
        return [ended[store.id] for _, store in pairs]

    def _task(self, backend: Backend, store: Store) -> bulk.Task:
        record = self._ledger.record(store.id)
        wanted = tuple(self._wanted(store, one, record.get(one.sha256)) for one in self._wish.certificates)
        return bulk.Task(backend, store, wanted, record)

    def _brought(self, store: Store, done: transaction.Done | Exception) -> tuple[Outcome, transaction.Done | None]:
        """What became of a store."""
        if isinstance(done, transaction.Done):
            return self._outcome(store, done), done
        if isinstance(done, OutOfReach):
            return self._out_of_reach(store, str(done)), None
        if isinstance(done, StoreError):
            return Outcome(store, Result.FAILED, f"{done.cause}; {done.advice}", done.code), None
        if isinstance(done, TrustInstallError):
            return Outcome(store, Result.FAILED, str(done), done.code), None
        return Outcome(store, Result.FAILED, transaction.words(done), "store-failed"), None

    def note(self, store: Store, done: transaction.Done | None) -> None:
        """Note in the ledger what is ours in a store that was brought."""
        if done is None or self._journal is None:
            return
        placed = {one.sha256: one for one in done.plan.placed}
        adopted = self._wish.adopt and not store.unset
        for one in self._wish.certificates:
            key, foreign = (store.id, one.sha256), one.sha256 in done.plan.foreign
            wrote = self._wish.trusted and not foreign and not self._holds(done.before, one.sha256)
            if not self._wish.trusted:
                self._ledger.placements.pop(key, None)
            elif wrote or (key not in self._ledger.placements and (not foreign or adopted)):
                new = placed.get(one.sha256, Placed(one.sha256, ()))
                # Now: an interrupt may end us before the whole claim is noted.
                self._ledger.claim(one, self._wish.by, self._host.stamp())
                self._ledger.placements[key] = Placement(
                    one.sha256,
                    store.id,
                    new.entries,
                    new.directories,
                    self._host.stamp(),
                    self._wish.by,
                    foreign,
                )

    def follow(self, backend: Backend, store: Store, fed: dict[str, Outcome]) -> Outcome:
        """Whether a store that another one feeds shows what it should; it is never written."""
        if store.why_blocked is not None:
            return self._unwritable(backend, store)
        source = fed.get(store.fed_by or "")
        if source is None or source.result in {Result.NOT_COVERED, Result.FAILED}:
            result = Result.FAILED if source and source.result is Result.FAILED else Result.NOT_COVERED
            return Outcome(store, result, f"follows {source.store.id if source else store.fed_by}")
        seen = discovery.observe(self._host, backend, store)
        if isinstance(seen, str):
            return Outcome(store, Result.FAILED, seen, "store-failed")
        count, name = len(seen.anchors), source.store.id
        wrong = [sha256 for sha256 in self._names if (sha256 in seen.anchors) != self._wish.trusted]
        if not wrong and not self._wish.trusted and source.result is not Result.REMOVED:
            return Outcome(store, Result.ABSENT, f"follows {name}", anchors=count)
        if not wrong or self._journal is None:
            return Outcome(store, Result.FOLLOWS, name, anchors=count)
        if not self._wish.trusted and source.result is not Result.REMOVED:
            return Outcome(store, Result.FOREIGN, "", foreign=tuple(wrong), anchors=count)
        if seen.unsettled:
            return Outcome(store, Result.PENDING, seen.unsettled, anchors=count)
        verb = "does not show" if self._wish.trusted else "still shows"
        detail = f"it {verb} the certificate although {name} was changed; look at the hooks that feed it"
        return Outcome(store, Result.FAILED, detail, "store-failed", anchors=count)

    def unreadable(self, found: Found) -> list[Outcome]:
        """Kinds of stores that could not be looked for, and remembered stores that are out of reach."""
        return [
            Outcome(self._bare(name), Result.FAILED, f"it cannot be looked at: {reason}", "store-failed")
            for name, reason in found.failures.items()
        ]

    def gone(self, found: Found) -> list[Outcome]:
        """Stores that the ledger remembers and that are no longer there; `remove` forgets what was placed in them."""
        known = found.stores.keys() | found.failures.keys() | found.left
        lost = [key for key in self._ledger.placements if key[1] in self._names and key[0] not in known]
        if self._journal is not None and not self._wish.trusted:
            for key in lost:
                del self._ledger.placements[key]
        detail = "it is no longer on this machine"
        return [Outcome(self._bare(store), Result.GONE, detail) for store in sorted({key[0] for key in lost})]

    def not_covered(self, store: Store) -> Outcome:
        """A store that belongs to another scope."""
        needed = "an elevated prompt" if self._host.platform == "win32" else "root"
        whose = f"the machine; needs {needed}" if store.owner == 0 else "another account"
        return Outcome(store, Result.NOT_COVERED, f"belongs to {whose}")

    def unconstrained(self, store: Store) -> Outcome:
        """A store that would trust a root for more names than was asked for."""
        return Outcome(store, Result.NOT_COVERED, WIDE)

    def claim(self, outcomes: Sequence[Outcome]) -> None:
        """Note that certificates are wanted, where a store holds them; a claim ends when nothing holds it any more."""
        if self._journal is not None and self._wish.trusted and any(one.result in _HOLDS for one in outcomes):
            for one in self._wish.certificates:
                self._ledger.claim(one, self._wish.by, self._host.stamp())

    def _wanted(self, store: Store, certificate: Certificate, placement: Placement | None) -> Wanted:
        """Copies that are not ours may be taken out when that was asked for, now or when they were adopted.

        What a policy of ours had imported is ours, wherever it was not before.
        """
        before = self._wish.imposed.get(certificate.sha256)
        imposed = store.imports and before is not None and not {store.id, unknown(self._host.account)} & set(before)
        foreign = self._wish.adopt or imposed or (placement is not None and placement.adopted)
        foreign = foreign and not self._wish.trusted
        return Wanted(certificate, self._wish.trusted, foreign, self._wish.domains)

    def _outcome(self, store: Store, done: transaction.Done) -> Outcome:
        adopted = self._wish.trusted and self._wish.adopt
        foreign = tuple(sha256 for sha256 in self._names if sha256 in done.plan.foreign and not adopted)
        if store.unset and done.plan.empty and done.plan.foreign:
            return Outcome(store, Result.FOLLOWS, ALL_ACCOUNTS, anchors=len(done.after.anchors))
        changed = tuple(
            sha256
            for sha256 in (() if done.plan.empty else self._names)
            if not self._holds(done.before, sha256)
            and (sha256 not in foreign or done.before.anchors.get(sha256) is not done.after.anchors.get(sha256))
        )
        if done.plan.empty:
            quiet = Result.FOREIGN if foreign else Result.ABSENT
            result = Result.ALREADY if self._wish.trusted else quiet
        elif self._journal is None:
            result = Result.PLANNED
        else:
            result = Result.ADDED if self._wish.trusted else Result.REMOVED
        steps = transaction.describe(done.plan) if result is Result.PLANNED else ()
        return Outcome(store, result, "", "", changed, foreign, len(done.after.anchors), steps)

    def _holds(self, seen: Observation, sha256: str) -> bool:
        goal = State.LIMITED if self._wish.domains else State.TRUSTED
        return seen.anchors.get(sha256) is goal if self._wish.trusted else sha256 not in seen.anchors

    def _unwritable(self, backend: Backend, store: Store) -> Outcome:
        """A store that cannot be written has failed, unless it is as it should be anyway."""
        seen = discovery.observe(self._host, backend, store)
        if isinstance(seen, Observation) and all(self._holds(seen, sha256) for sha256 in self._names):
            return Outcome(
                store,
                Result.ALREADY if self._wish.trusted else Result.ABSENT,
                anchors=len(seen.anchors),
            )
        if store.sealed and isinstance(seen, str):
            return self._out_of_reach(store, store.why_blocked or seen)
        if store.sealed and self._wish.trusted:
            return Outcome(store, Result.SEALED, store.why_blocked or "")
        return Outcome(store, Result.FAILED, store.why_blocked or "", "store-failed")

    def _out_of_reach(self, store: Store, why: str) -> Outcome:
        """A store that cannot even be looked at: that is a failure where something of ours in it should go."""
        if self._wish.trusted:
            return Outcome(store, Result.SEALED, why)
        if self._ledger.record(store.id).keys() & set(self._names):
            return Outcome(store, Result.FAILED, why, "store-failed")
        return Outcome(store, Result.ABSENT, why)

    def _bare(self, store_id: str) -> Store:
        """What is known of a store that cannot be looked at: it is looked for by the acting account."""
        name, _, location = store_id.partition(":")
        return Store(name, location, self._host.account.uid, store_id, "")


def unknown(account: Account) -> str:
    """Stands for all stores of an account into which nobody could look before a policy was written."""
    return f"account:{account.name}"
