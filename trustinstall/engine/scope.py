"""One scope's engine: lock, recover, discover, bring each store, verify what follows, write the ledger.

`add` and `remove` are this one engine with other wishes. One store's failure does not stop the others.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from trustinstall.engine import bulk, discovery
from trustinstall.engine import order as waves
from trustinstall.engine.job import Job
from trustinstall.engine.recovery import recover
from trustinstall.engine.request import Selection
from trustinstall.errors import StateError
from trustinstall.state import known_bundles
from trustinstall.state import ledger as ledgers
from trustinstall.state.directory import State, prepare
from trustinstall.state.journal import Journal
from trustinstall.stores.backend import Constraining, Whole
from trustinstall.stores.steps import digest
from trustinstall.stores.store import Places

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence

    from trustinstall.engine.discovery import Found
    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.request import Wish
    from trustinstall.engine.transaction import Done
    from trustinstall.host import ActingHost
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]

_TICK = 0.1  # seconds between two signs of life
_SIDE_BY_SIDE = 4  # stores at once: tools wait for disks and each other more than they compute


@dataclass(frozen=True)
class Scope:
    """What one scope came to: an outcome for each store, directories of other accounts, and whether it recovered."""

    outcomes: tuple[Outcome, ...]
    handoffs: dict[int, list[str]]
    recovered: bool = False


class Engine:
    """The engine of one account's scope (root's is the machine's)."""

    def __init__(self, host: ActingHost, backends: Sequence[Backend], tick: Callable[[str], None]) -> None:
        """`tick` is called about every tenth of a second while something takes long, with what is being done."""
        self._host, self._backends, self._tick = host, backends, tick
        uid = host.account.uid
        self._state = State(host.state_base(), uid, machine=uid == host.machine_owner)

    def ledger(self) -> Ledger:
        """The ledger as it is now; see `ledger.load`."""
        return ledgers.load(self._host, self._state)

    def unfinished(self) -> bool:
        """Whether an earlier command did not end, as far as this account may see."""
        return self._host.status(self._state.journal) is not None

    def change(self, wish: Wish, places: Places, selection: Selection, *, check: bool = True) -> Scope:
        """Do what is wished, under the lock.

        With `check`, a selection that names no store here raises UsageProblem. Raises StateError or Busy before
        anything is touched.
        """
        named = places != Places() or selection != Selection()
        handoffs: dict[int, list[str]] = {}
        if not wish.only_imposed:
            places = known_bundles.fill(self._host, self._state, places)
            whole = any(isinstance(one, Whole) and selection.may_take(one.name) for one in self._backends)
            places = replace(places, through=places.through and whole)  # nobody waits for what is not wanted
        if named:  # whether that is there, before so much as a directory of ours is made
            found = self._discover(self._host, self.ledger(), wish, places)
            if check:
                selection.check(store for _, store in found.stores.values())
            places, handoffs = known_bundles.walked(places, found.stores.values()), found.handoffs
        if wish.dry_run:
            scope = self._change(self._host, self.ledger(), wish, places, selection, None)
            return replace(scope, handoffs=handoffs | scope.handoffs)
        prepare(self._host, self._state)
        with self._locked() as host:
            ledger = self.ledger()
            recovered = recover(host, self._state, ledger, self._backends)
            before = ledgers.dump(ledger)
            # No random word: two images that are built alike are alike. No two states of the ledger share a digest.
            journal = Journal(host, self._state, digest(before))
            try:
                scope = self._change(host, ledger, wish, places, selection, journal)
            finally:
                ledger.drop_unused()
                if journal.used or ledgers.dump(ledger) != before:
                    ledger.transaction = journal.transaction
                    self._save(host, ledger)
                journal.close()
            return replace(scope, handoffs=handoffs | scope.handoffs, recovered=recovered)

    def cover(self, wish: Wish, accounts: Sequence[str]) -> None:
        """Note for which other accounts a wish is fulfilled, before they are worked for."""
        prepare(self._host, self._state)
        with self._locked() as host:
            ledger = self.ledger()
            for one in wish.certificates:
                ledger.claim(one, wish.by, host.stamp())
                ledger.cover(one.sha256, accounts)
            self._save(host, ledger)

    def uncover(self, wish: Wish, accounts: Sequence[str]) -> None:
        """Note for which other accounts nothing is left to undo."""
        with self._locked() as host:
            ledger = self.ledger()
            before = ledgers.dump(ledger)
            for one in wish.certificates:
                ledger.uncover(one.sha256, accounts)
            ledger.drop_unused()
            if ledgers.dump(ledger) != before:
                self._save(host, ledger)

    def impose(self, wish: Wish, held: Mapping[str, tuple[str, ...]]) -> None:
        """Note which stores held certificates before a policy of the machine has others import them."""
        prepare(self._host, self._state)
        with self._locked() as host:
            ledger = self.ledger()
            for one in wish.certificates:
                ledger.claim(one, wish.by, host.stamp())
                ledger.impose(one.sha256, held[one.sha256])
            self._save(host, ledger)

    def forgo(self, wish: Wish, backends: Collection[str]) -> None:
        """Forget that of certificates which no store of these backends holds."""
        with self._locked() as host:
            ledger = self.ledger()
            before = ledgers.dump(ledger)
            for one in wish.certificates:
                if not any(store.partition(":")[0] in backends for store in ledger.stores_of(one.sha256)):
                    ledger.impose(one.sha256, None)
            ledger.drop_unused()
            if ledgers.dump(ledger) != before:
                self._save(host, ledger)

    def _save(self, host: ActingHost, ledger: Ledger) -> None:
        """Write the ledger; where that fails, nothing may stay done that it does not know of."""
        try:
            ledgers.save(host, self._state, ledger, host.token())
        except OSError as error:
            recover(host, self._state, self.ledger(), self._backends)
            raise StateError(
                f"cannot write {self._state.ledger}: {error.strerror}; all was put back: mend that, and try again"
            ) from None

    def _discover(self, host: ActingHost, ledger: Ledger, wish: Wish, places: Places) -> Found:
        remembered = [store for store, _ in ledger.placements]
        found = discovery.discover(host, self._backends, places, remembered, adding=wish.trusted, tick=self._tick)
        for sentence in found.cut:
            host.announce(f"{sentence}; name what is left out with --search")
        return found

    @contextmanager
    def _locked(self) -> Generator[ActingHost, None, None]:
        descriptor = self._host.lock(self._state.lock, lambda: self._tick("waiting for another trustinstall"))
        try:
            yield self._host.holding(descriptor)
        finally:
            self._host.unlock(descriptor)

    def _change(
        self,
        host: ActingHost,
        ledger: Ledger,
        wish: Wish,
        places: Places,
        selection: Selection,
        journal: Journal | None,
    ) -> Scope:
        found = self._discover(host, ledger, wish, places)
        if places.through and journal is not None:
            known_bundles.keep(host, self._state, found.stores.values())
        job = Job(host, ledger, wish, journal)
        if wish.only_imposed:
            return Scope(tuple(self._take_out_imposed(job, found.stores.values(), host.account.uid)), {})
        chosen = [pair for pair in found.stores.values() if selection.takes(pair[1])]
        chosen = [pair for pair in chosen if wish.importing in {None, pair[1].imports}]
        limits = wish.trusted and bool(wish.domains)
        wide = [
            pair for pair in chosen if limits and (pair[1].fed_by is not None or not isinstance(pair[0], Constraining))
        ]
        chosen = [pair for pair in chosen if pair not in wide]
        mine = [pair for pair in chosen if pair[1].owner == host.account.uid]
        outcomes = [*job.unreadable(found), *job.gone(found)]
        outcomes += [job.unconstrained(store) for _, store in wide]
        outcomes += [job.not_covered(store) for _, store in chosen if store.owner != host.account.uid]
        known = [pair for pair in found.stores.values() if pair[1].owner == host.account.uid]
        outcomes += waves.bring(job, [pair for pair in mine if pair[1].fed_by is None], known, self._side_by_side)
        fed = {one.store.location: one for one in outcomes}
        outcomes += [job.follow(backend, store, fed) for backend, store in mine if store.fed_by is not None]
        job.claim(outcomes)
        order = {store_id: place for place, store_id in enumerate(found.stores)}
        outcomes.sort(key=lambda one: order.get(one.store.id, -1))
        return Scope(tuple(outcomes), found.handoffs)

    def _take_out_imposed(self, job: Job, stores: Iterable[tuple[Backend, Store]], uid: int) -> list[Outcome]:
        """Bring the account's stores that import, each without what the account itself has put into it."""
        outcomes: list[Outcome] = []
        for backend, store in stores:
            rest = job.free_of([store]) if store.imports and store.owner == uid else None
            outcomes += self._side_by_side(rest, [(backend, store)]) if rest else []
        return outcomes

    def _side_by_side(self, job: Job, pairs: list[tuple[Backend, Store]]) -> list[Outcome]:
        """Bring independent stores, several at a time; after an interrupt no more of them are begun.

        What was brought is noted in any case, so that the ledger tells the truth when we are interrupted.
        """
        pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        futures = [(group, pool.submit(_bring, job, group)) for group in _groups(pairs)]
        try:
            while wait([one for _, one in futures], _TICK).not_done:
                self._tick(", ".join(_called(group) for group, one in futures if one.running()))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            for group, one in futures:
                if not one.cancelled() and one.exception() is None:
                    for (_, store), (_, done) in zip(group, one.result(), strict=True):
                        job.note(store, done)
        return [outcome for _, one in futures for outcome, _ in one.result()]


def _groups(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """What is brought together: files of which their bytes say everything, and every other store alone."""
    whole = [pair for pair in pairs if isinstance(pair[0], Whole)]
    alone = [[pair] for pair in pairs if not isinstance(pair[0], Whole)]
    return [*alone, *(whole[at : at + bulk.MOST] for at in range(0, len(whole), bulk.MOST))]


def _bring(job: Job, group: Sequence[Pair]) -> list[tuple[Outcome, Done | None]]:
    return job.bring_all(group) if isinstance(group[0][0], Whole) else [job.bring(*group[0])]


def _called(group: Sequence[Pair]) -> str:
    return group[0][1].id + (f" and {len(group) - 1} more" if group[1:] else "")
