"""One scope's engine: lock, recover, discover, change each store, verify the stores that follow, write the ledger.

`add` and `remove` are this one engine with different requests. The failure of one store does not stop the others.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from trustinstall.engine import audit, bookkeeping, discovery, former, order, relinked
from trustinstall.engine.asked_again import asked_again
from trustinstall.engine.choosing import choose
from trustinstall.engine.records import Records
from trustinstall.engine.recovery import has_leftovers, recover
from trustinstall.engine.request import Selection
from trustinstall.engine.rewriting import rewrite
from trustinstall.engine.side_by_side import change_side_by_side
from trustinstall.engine.tally import Tally
from trustinstall.engine.work import Work
from trustinstall.errors import UsageProblem
from trustinstall.host import console
from trustinstall.state import known_bundles, ledger_file
from trustinstall.state.directory import prepare
from trustinstall.state.journal import Journal
from trustinstall.stores.store import DiscoveryOptions
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from trustinstall.engine.choosing import Chosen
    from trustinstall.engine.discovery import Found
    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.request import Request
    from trustinstall.engine.rewriting import Rewrite
    from trustinstall.host import ActingHost
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Store

    Pair = tuple[Backend, Store]


@dataclass(frozen=True)
class Scope:
    """The result of one scope: an outcome for each store, directories of other accounts, and whether it recovered.

    `ends`: the certificates whose trust has another end now, by fingerprint: when; "" for never.
    """

    outcomes: tuple[Outcome, ...]
    handoffs: dict[int, list[str]]
    recovered: bool = False
    ends: tuple[tuple[str, str], ...] = ()


class Engine(Records):
    """The engine of one account's scope (root's is the machine's)."""

    def unfinished(self) -> bool:
        """Whether an earlier command did not end, as far as this account can see."""
        return self._host.status(self._state.journal) is not None or has_leftovers(self._host, self._state.private)

    def recover(self) -> bool:
        """Undo an interrupted command, and return whether there was one; see `recovery.recover`."""
        if not self.unfinished():
            return False
        prepare(self._host, self._state)
        with self._locked() as host:
            return recover(host, self._state, self.ledger(), self._backends).undone

    def change(self, request: Request, places: DiscoveryOptions, selection: Selection, *, check: bool = True) -> Scope:
        """Carry out the request, under the lock.

        With `check`, a selection that names no store here raises UsageProblem. Raises StateError or Busy before
        anything is touched.
        """
        named = places != DiscoveryOptions() or selection != Selection()
        handoffs: dict[int, list[str]] = {}
        if not (request.only_imposed or places.scanned):
            places = known_bundles.fill(self._host, self._state, places)
            whole = any(one.candidates is not None and selection.may_take(one.name) for one in self._backends)
            places = replace(places, through=places.through and whole)  # no scan for stores that are not wanted
        if check and self._finds_quickly(request, places, selection):
            places = replace(places, through=False)
        elif named:  # checks the named stores before any directory of trustinstall is made
            found = self._discover(self._host.remembering(), self.ledger(), request, places)
            if check:
                known = [store for _, store in found.stores.values()]
                selection.check(known, elsewhere=bool(found.handoffs))
            places, handoffs = known_bundles.scanned(places, found.known), found.handoffs
        if request.dry_run:
            ledger = self.ledger()
            request = self._still_meant(request, ledger, selection)
            scope = self._change(Work(self._host.remembering(), ledger, request, None), places, selection)
            after = ledger.copy()
            bookkeeping.renew(after, request)
            return replace(scope, handoffs=handoffs | scope.handoffs, ends=ledger.ends_changed(after))
        prepare(self._host, self._state)
        with self._locked() as host:
            before = self.ledger()
            recovery = recover(host, self._state, before, self._backends)
            ledger = before.copy()
            request = self._still_meant(request, ledger, selection)
            journal = Journal(host, self._state, ledger_file.next_transaction(ledger), recovery.kept)
            try:
                work = Work(host.remembering(), ledger, request, journal)
                scope = self._change(work, places, selection, recovery.stuck)
                bookkeeping.narrow(ledger, request, selection)
            finally:
                ledger.drop_unused()
                if journal.used or ledger != before:
                    ledger.transaction = journal.transaction
                    self._save(host, before, ledger)
                journal.close()
            ends = before.ends_changed(ledger)
            audit.record(host, self._state, request, self._name, scope.outcomes, ends)
            return replace(scope, handoffs=handoffs | scope.handoffs, recovered=recovery.undone, ends=ends)

    def rewrite(self, files: Sequence[Rewrite], by: str) -> list[str]:
        """Rewrite settings files under the lock, and log it; return for each why it was not changed, or "".

        Raises StateError or Busy before anything is touched.
        """
        prepare(self._host, self._state)
        with self._locked() as host:
            ledger = self.ledger()
            recovery = recover(host, self._state, ledger, self._backends)
            journal = Journal(host, self._state, ledger_file.next_transaction(ledger), recovery.kept)
            try:
                problems = [rewrite(host, journal, one) for one in files]
            finally:
                journal.close()
            audit.record_rewritten(host, self._state, by, self._name, list(zip(files, problems, strict=True)))
            return problems

    def _still_meant(self, request: Request, ledger: Ledger, selection: Selection) -> Request:
        """Return the request with the certificates that this ledger includes; the ledger recalls returned ones."""
        if request.returned:
            ledger.recall([one.sha256 for one in request.certificates], selection.stores)
        if not request.only_over:
            return request
        over = {one.sha256 for one in ledger.over(self._host.now())}
        return replace(request, certificates=tuple(one for one in request.certificates if one.sha256 in over))

    def _finds_quickly(self, request: Request, places: DiscoveryOptions, selection: Selection) -> bool:
        """Whether each word of a selection is the name of a backend that finds a store, which needs no other backend.

        The others take most of the time: the settings of tools need every file that a session reads.
        """
        elsewhere = places.rescan or places.pythons or places.searches or places.bundles
        if elsewhere or selection.skip or selection.below or not selection.stores:
            return False
        backends = [one for one in self._backends if one.name in selection.stores]
        if any(one.candidates is not None for one in backends):  # a scan finds more of their stores
            return False
        places = replace(places, through=False)
        found = discovery.discover(self._host.remembering(), backends, places, adding=request.trusted)
        try:
            selection.check([store for _, store in found.stores.values()], elsewhere=bool(found.handoffs))
        except UsageProblem:  # whose text names all stores that there are
            return False
        return True

    def _discover(self, host: ActingHost, ledger: Ledger, request: Request, places: DiscoveryOptions) -> Found:
        remembered = [store for store, _ in ledger.placements]
        found = discovery.discover(
            host, self._backends, places, remembered, adding=request.trusted, on_progress=self._on_progress
        )
        for sentence in found.cut:
            host.announce(f"{sentence}; name what is left out with --search")
        return found

    def _change(
        self,
        work: Work,
        places: DiscoveryOptions,
        selection: Selection,
        stuck: Mapping[tuple[str, str], str] = MappingProxyType({}),
    ) -> Scope:
        ledger, request = work.ledger, work.request
        found = self._discover(work.host, ledger, request, places)
        relinked.follow(work.host, ledger, found.moved)
        host = work.host = work.host.knowing(found.known)
        if places.through and not work.dry_run:
            known_bundles.keep(host, self._state, found.known)
        if request.only_imposed:
            return Scope(tuple(self._take_out_imposed(work, found.stores.values(), host.account.uid)), {})
        old = former.bundles(work, self._backends, found.stores, selection)
        chosen = choose(host, found, request, selection, stuck).including(host, old)
        found.stores.update(old)
        asked = {one.name for one in self._backends}
        outcomes = chosen.others + bookkeeping.gone(host, ledger, request, found, asked, forget=not work.dry_run)
        outcomes += self._change_stores(work, chosen, outcomes)
        if not work.dry_run:
            bookkeeping.claim(ledger, request, outcomes, host.stamp())
        if not work.dry_run and request.trusted:
            outcomes = asked_again(host, request, found.stores, outcomes)
        places_of = {store_id: place for place, store_id in enumerate(found.stores)}
        outcomes.sort(key=lambda one: places_of.get(one.store.id, -1))
        return Scope(tuple(outcomes), found.handoffs)

    def _change_stores(self, work: Work, chosen: Chosen, others: Sequence[Outcome]) -> list[Outcome]:
        """Change the chosen stores, first those that feed others; `others`: the outcomes of the other stores."""
        feeding = [pair for pair in chosen.stores if pair[1].fed_by is None]
        change = self._side_by_side(work.request, len(chosen.stores))
        try:
            outcomes = order.change_in_order(work, feeding, chosen.own, change)
        except console.Interrupted as interrupted:
            interrupted.total = len(chosen.stores)
            raise
        fed = {one.store.location: one for one in (*others, *outcomes)}
        followers = [pair for pair in chosen.stores if pair[1].fed_by is not None]
        return outcomes + [work.follow(backend, store, fed) for backend, store in followers]

    def _side_by_side(self, request: Request, total: int) -> Callable[[Work, list[Pair]], list[Outcome]]:
        verb = "Planning" if request.dry_run else "Adding" if request.trusted else "Removing"
        return partial(change_side_by_side, Tally(self._on_progress, verb, total))

    def _take_out_imposed(self, work: Work, stores: Iterable[tuple[Backend, Store]], uid: int) -> list[Outcome]:
        """Change the account's stores that import; leave the certificates that the account itself has added."""
        outcomes: list[Outcome] = []
        for backend, store in stores:
            rest = work.free_of([store]) if store.imports and store.owner == uid else None
            outcomes += self._side_by_side(work.request, 1)(rest, [(backend, store)]) if rest else []
        return outcomes
