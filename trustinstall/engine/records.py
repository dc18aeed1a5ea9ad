"""The records of one scope: its ledger and its audit log, which change under the scope's lock."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.engine import audit
from trustinstall.engine.recovery import recover
from trustinstall.errors import StateError, TrustInstallError
from trustinstall.state import ledger_file, memory_file
from trustinstall.state.directory import State, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping, Sequence

    from trustinstall.engine.outcome import Outcome
    from trustinstall.engine.request import Request
    from trustinstall.host import ActingHost
    from trustinstall.host.memory import Memory
    from trustinstall.state.ledger import Covered, Ledger
    from trustinstall.state.terms import Terms
    from trustinstall.stores.backend import Backend


class Records:
    """The records of one account's scope (root's is the machine's)."""

    def __init__(self, host: ActingHost, backends: Sequence[Backend], on_progress: Callable[[str], None]) -> None:
        """`on_progress` is called about every tenth of a second during long work, with a description of the work."""
        self._host, self._backends, self._on_progress = host, backends, on_progress
        uid = host.account.uid
        self._state = State(host.state_base(), uid, machine=uid == host.machine_owner)

    @property
    def _name(self) -> str:
        return "machine" if self._state.machine else self._host.account.name

    def log(self, request: Request, scope: str, outcomes: Sequence[Outcome]) -> None:
        """Log work for another account in this scope's audit log: the account may change its own log."""
        if audit.is_worth_a_line(request, outcomes):
            with self._locked() as host:
                audit.record(host, self._state, request, scope, outcomes)

    def ledger(self) -> Ledger:
        """Return the ledger as it is now; see `ledger_file.load`."""
        return ledger_file.load(self._host, self._state)

    def cover(self, request: Request, accounts: Sequence[Covered], former: Collection[Covered] = ()) -> None:
        """Note the other accounts that certificates are added for, before their stores are changed.

        `former`: records of the same accounts, which may have had other names.
        """
        prepare(self._host, self._state)
        with self._ledger_update() as ledger:
            for one in request.certificates:
                ledger.claim(one, request.by, self._host.stamp(), request.terms)
                ledger.cover(one.sha256, accounts, former)

    def restate(self, request: Request, terms: Mapping[str, Terms]) -> None:
        """Give existing claims new terms, by SHA-256; nothing is written if they have these terms."""
        if not any(sha256 in self.ledger().claims for sha256 in terms):
            return
        with self._ledger_update() as ledger:
            before = ledger.copy()
            for one in request.certificates:
                if one.sha256 in ledger.claims:
                    ledger.claim(one, request.by, self._host.stamp(), terms[one.sha256])
        if ends := before.ends_changed(ledger):
            changed = tuple(ledger.certificates[sha256] for sha256, _ in ends)
            with self._locked() as host:
                audit.record(host, self._state, replace(request, certificates=changed), self._name, (), ends)

    def uncover(self, request: Request, accounts: Sequence[Covered]) -> None:
        """Note the other accounts, as they are recorded, for which nothing is left to undo."""
        with self._ledger_update() as ledger:
            for one in request.certificates:
                ledger.uncover(one.sha256, accounts)

    def note_imports(
        self, request: Request, held: Mapping[str, tuple[str, ...]], terms: Mapping[str, Terms | None]
    ) -> None:
        """Note which stores held certificates before a policy of the machine makes others import them.

        `terms`: those of single certificates, in place of the request's.
        """
        prepare(self._host, self._state)
        with self._ledger_update() as ledger:
            for one in request.certificates:
                ledger.claim(one, request.by, self._host.stamp(), terms.get(one.sha256, request.terms))
                ledger.note_imports(one.sha256, held[one.sha256])

    def forget_imports(self, request: Request, backends: Collection[str]) -> None:
        """Forget the imports of certificates that no store of these backends holds."""
        with self._ledger_update() as ledger:
            for one in request.certificates:
                if not any(store.partition(":")[0] in backends for store in ledger.stores_of(one.sha256)):
                    ledger.note_imports(one.sha256, None)

    def keep_memory(self, memory: Memory) -> None:
        """Keep what a look has read for the next one, while something is wanted; a failure does no harm."""
        if not memory.learned:
            return
        with suppress(OSError, TrustInstallError), self._locked() as host:
            ledger = self.ledger()
            if ledger.claims or ledger.placements:
                memory_file.keep(host, self._state, memory)

    @contextmanager
    def _ledger_update(self) -> Generator[Ledger, None, None]:
        """Lock, load, let the caller change the ledger, and save it if it has changed."""
        with self._locked() as host:
            before = self.ledger()
            ledger = before.copy()
            yield ledger
            ledger.drop_unused()
            if ledger != before:
                self._save(host, before, ledger)

    def _save(self, host: ActingHost, before: Ledger, ledger: Ledger) -> None:
        """Write the ledger; if that fails, undo every unrecorded change. Raises StateError."""
        try:
            ledger_file.save(host, self._state, before, ledger)
        except OSError as error:
            recover(host, self._state, self.ledger(), self._backends)
            raise StateError(
                f"cannot write {self._state.ledger}: {error.strerror}; all was put back: mend that, and try again"
            ) from None
        if not (ledger.claims or ledger.placements):
            memory_file.forget(host, self._state)

    @contextmanager
    def _locked(self) -> Generator[ActingHost, None, None]:
        descriptor = self._host.lock(self._state.lock, lambda: self._on_progress("Waiting for another trustinstall …"))
        try:
            yield self._host.holding(descriptor)
        finally:
            self._host.unlock(descriptor)
