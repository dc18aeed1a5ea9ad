"""Keys of settings files that a document sets apart from certificates; removing them restores each file to the byte.

A key that a person has set is never overwritten: the outcome names its file and line. A row of `state.kept_keys` lists
the keys that a file may hold, and is on disk before the file is changed; each file is replaced atomically. Therefore no
journal is needed: after a kill the next run completes the change, or takes it back.
"""

from __future__ import annotations

import posixpath
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.engine import kept_keys_plan as planning
from trustinstall.engine import shared_files
from trustinstall.engine.kept_keys_plan import Change
from trustinstall.engine.outcome import Outcome, Planned, Result
from trustinstall.engine.perform import Changed, perform
from trustinstall.engine.recovery import clear
from trustinstall.engine.shared_files import Leaving
from trustinstall.engine.wording import words
from trustinstall.errors import StateError, StoreError, printable
from trustinstall.state import kept_keys, ledger_file
from trustinstall.state.kept_keys import Kept, Row
from trustinstall.stores.files import missing_parents
from trustinstall.stores.keys import FileKeys
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, MakeDirectory, digest
from trustinstall.stores.store import Store
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustinstall.host import ActingHost
    from trustinstall.state.directory import State
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.steps import Step

BACKEND = "proxies"
_ATTEMPTS = 3  # attempts to change a file that another program changes, too


@dataclass
class Keeper:
    """Brings the files of one scope to the wanted keys. The caller holds the scope's lock.

    Attributes:
        host: the system to change.
        state: the directory of the scope's records.
        ledger: the ledger of certificates, whose settings may be in the same files; it may be replaced by `bring`.
        dry_run: whether changes are planned only.
    """

    host: ActingHost
    state: State
    ledger: Ledger
    dry_run: bool

    @cached_property
    def _made(self) -> frozenset[str]:
        return shared_files.made(self.ledger)

    def bring(self, kept: Kept, wanted: Iterable[FileKeys]) -> tuple[Outcome, ...]:
        """Set the wanted keys, take back all others of `kept`, and return an outcome for each file.

        The failure of one file is its outcome, and does not stop the others. Raises StateError if the records cannot be
        written.
        """
        self._sweep(kept)
        asked = {one.location: one for one in wanted}
        old = (FileKeys(row.name, row.clients, row.location, row.format) for row in kept.rows.values())
        asked = {**{one.location: one for one in old}, **asked}
        outcomes: list[Outcome] = []
        for one in asked.values():
            kept, outcome = self._file(kept, one)
            outcomes.append(outcome)
        if not self.dry_run:
            kept = self._without_empty(kept)
        if not self.dry_run and kept != kept_keys.load(self.host, self.state):
            self._save(kept)
        return tuple(outcomes)

    def _sweep(self, kept: Kept) -> None:
        """Put the temporary files of an earlier command right that was killed; not in a dry run."""
        for row in kept.rows.values() if not self.dry_run else ():
            if row.token:
                clear(self.host, [posixpath.dirname(row.location)], row.token)

    def _without_empty(self, kept: Kept) -> Kept:
        """Remove directories that were created for files which no longer exist."""
        needed = [one for one in kept.directories if any(path.startswith(f"{one}/") for path in kept.rows)]
        for directory in sorted(set(kept.directories) - set(needed), reverse=True):
            self.host.remove_directory(directory)
        return replace(kept, directories=tuple(needed))

    def _file(self, kept: Kept, want: FileKeys) -> tuple[Kept, Outcome]:
        row = kept.rows.get(want.location)
        try:
            for _ in range(_ATTEMPTS):
                change = planning.plan(self.host, want, row, self.ledger)
                if self.dry_run or change.old == change.new:
                    return _with(kept, want.location, change.row), self._outcome(want, change)
                if want.wrong:
                    return kept, Outcome(self._store(want), Result.FAILED, want.wrong, "store-failed")
                try:
                    return self._change(kept, want, change)
                except Changed:
                    continue
            raise StoreError(store=want.location, cause="another program keeps changing it", advice="try again later")
        except (editing.Malformed, OSError, StoreError) as error:
            detail = f"{error.cause}; {error.advice}" if isinstance(error, StoreError) else words(error)
            return kept, Outcome(self._store(want), Result.FAILED, detail, "store-failed")

    def _change(self, kept: Kept, want: FileKeys, change: Change) -> tuple[Kept, Outcome]:
        host, before, token = self.host, kept.rows.get(want.location), self.host.token()
        directories = missing_parents(host, want.location) if change.old is None else []
        shared = sorted(one for one in self._made if want.location.startswith(f"{one}/"))
        kept = replace(kept, directories=tuple(dict.fromkeys((*kept.directories, *shared, *directories))))
        self._save(_with(kept, want.location, _either(before, change.row, token)))
        if before is not None and change.row is None and change.old is not None and change.new is not None:
            bare = planning.bare(want, change.old, before, self.ledger)
            self._hand_over(Leaving(want.location, change.old, bare, change.new, before.created, kept.directories))
        try:
            for step in (*map(MakeDirectory, directories), _step(want, change)):
                perform(host, step, token)
        except BaseException:
            with suppress(StateError):  # the first error is the one to report, and the row on disk is still true
                self._save(kept)
            raise
        kept = _with(kept, want.location, change.row)
        self._save(kept)
        return kept, self._outcome(want, change)

    def _hand_over(self, leaving: Leaving) -> None:
        """Record that certificates own the rest of a file that the keys leave, before the file is changed."""
        ledger = shared_files.handed_over(self.ledger, leaving)
        if ledger == self.ledger:
            return
        try:
            ledger_file.save(self.host, self.state, self.ledger, ledger)
        except OSError as error:
            raise unwritten(self.state.ledger, error) from None
        self.ledger = ledger

    def _save(self, kept: Kept) -> None:
        try:
            kept_keys.save(self.host, self.state, kept)
        except OSError as error:
            raise unwritten(self.state.kept_keys, error) from None

    def _outcome(self, want: FileKeys, change: Change) -> Outcome:
        store = self._store(want)
        if change.old == change.new:
            result = Result.FOREIGN if change.detail else Result.ALREADY if change.row else Result.ABSENT
            return Outcome(store, result, change.detail)
        if self.dry_run:
            action = "create" if change.old is None else "delete" if change.new is None else "change"
            return Outcome(
                store, Result.PLANNED, change.detail, steps=(Planned(action, printable(want.location, 4096)),)
            )
        return Outcome(store, Result.ADDED if change.row else Result.REMOVED, change.detail, touched=True)

    def _store(self, want: FileKeys) -> Store:
        uid, location = self.host.account.uid, want.location
        return Store(BACKEND, location, uid, f"{BACKEND}:{location}", want.clients, label=want.name)


def unwritten(path: str, error: OSError) -> StateError:
    """Return the error of records that cannot be written."""
    return StateError(f"cannot write {path}: {words(error)}; mend that, and try again")


def _step(want: FileKeys, change: Change) -> Step:
    if change.new is None:
        return Delete(want.location, digest(change.old or b""))
    expect = ABSENT if change.old is None else digest(change.old)
    return Edit(want.location, Content(change.new), expect, want.mode)


def _either(before: Row | None, after: Row | None, token: str) -> Row | None:
    """Return the row of a file that may hold the keys of either row, while a write with this token is unfinished."""
    row = after or before
    keys = (*(before.keys if before else ()), *(after.keys if after else ()))
    return row and replace(row, keys=tuple(dict.fromkeys(keys)), token=token)


def _with(kept: Kept, location: str, row: Row | None) -> Kept:
    rows = {key: one for key, one in kept.rows.items() if key != location}
    return replace(kept, rows={**rows, location: row} if row else rows)
