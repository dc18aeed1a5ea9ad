"""Undoes the changes of a killed command: files first, then the files derived from them.

Each store is undone on its own. If an entry cannot be undone (its file system became read-only, say), it stays in the
journal, its store is reported as failed and not touched, and all other stores are undone.
"""

from __future__ import annotations

import posixpath
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.engine.perform import is_left, undo
from trustinstall.engine.transaction import commands_of, refresh
from trustinstall.engine.wording import words
from trustinstall.errors import StateError, StoreError, TrustInstallError
from trustinstall.host.commands import Guard
from trustinstall.state import journal
from trustinstall.stores.steps import ToolOperation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from trustinstall.engine.perform import Commands
    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State
    from trustinstall.state.journal import Entry
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.steps import Command

    Place = tuple[str, str]  # a store: its backend's name, and its location


class Recovery:
    """The result of recovery from an interrupted command.

    Attributes:
        undone: whether there was anything to undo.
        stuck: why stores could not be put back, by backend and location; their entries are still in the journal.
        kept: the entries of these stores, oldest first.
    """

    def __init__(self, entries: Sequence[Entry] = (), stuck: Mapping[Place, str] | None = None) -> None:
        self.undone = bool(entries)
        self.stuck = dict(stuck or {})
        self.kept = [entry for entry in reversed(entries) if (entry.backend, entry.location) in self.stuck]


def recover(host: ActingHost, state: State, ledger: Ledger, backends: Sequence[Backend]) -> Recovery:
    """Undo an unfinished command whose journal still exists.

    The caller holds the lock. Raises StateError if the journal is not trusted or cannot be written.
    """
    host.sweep()
    _sweep(host, state.base)
    _sweep(host, state.private)
    entries = journal.unfinished(host, state)
    if not entries:
        if host.status(state.journal) is not None:
            journal.forget(host, state)
        return Recovery()
    pending = [entry for entry in entries if entry.transaction != ledger.transaction]
    for entry in entries:  # first: a directory that holds a temporary file could not be removed
        with suppress(OSError):  # the undo below reports it
            clear(host, _directories(entry), entry.token)
    recovery = Recovery(pending, _put_right(host, backends, pending))
    try:
        journal.keep_only(host, state, recovery.kept)
    except OSError as error:
        raise StateError(f"cannot write {state.journal}: {error.strerror}; mend that, and try again") from None
    return recovery


def _put_right(host: ActingHost, backends: Sequence[Backend], pending: Sequence[Entry]) -> dict[Place, str]:
    """Undo each store's entries, newest first, and refresh it; return why stores could not be put back."""
    stuck: dict[Place, str] = {}
    deleted: dict[Place, list[str]] = {}
    for entry in pending:
        place = entry.backend, entry.location
        if place in stuck:
            continue  # older entries can only be undone after newer ones
        gone = deleted.setdefault(place, [])
        try:
            commands = partial(_commands, host, backends, entry)
            gone += undo(host, entry.inverse, entry.token, commands)
            _check_operations(entry, commands)
        except (OSError, TrustInstallError) as error:
            stuck[place] = f"an earlier command was interrupted, and what it did could not be undone: {words(error)}"
    for place in deleted.keys() - stuck.keys():
        try:
            _refresh(host, backends, place, deleted[place])
        except (TrustInstallError, OSError) as error:
            stuck[place] = f"an earlier command was interrupted, and this store could not be put right: {words(error)}"
    return stuck


def _check_operations(entry: Entry, commands: Commands) -> None:
    """Raise StoreError if a tool has not undone its operation; for example, a person has refused it in a window."""
    if is_left(entry.inverse, commands):
        raise StoreError(
            store=entry.backend,
            cause="its own tool did not do what it was asked",
            advice="see to it that it can, and answer Yes where it asks",
        )


def _commands(host: ActingHost, backends: Sequence[Backend], entry: Entry, step: ToolOperation) -> Sequence[Command]:
    backend = _backend(backends, entry.backend)
    store = backend.at(host, entry.location)
    return commands_of(host, backend, store)(step) if store else ()


def _backend(backends: Sequence[Backend], name: str) -> Backend:
    backend = next((one for one in backends if one.name == name), None)
    if backend is None:
        raise StateError(f"the journal names a store of kind {name!r}, which this program does not know")
    return backend


def _refresh(host: ActingHost, backends: Sequence[Backend], place: Place, gone: Sequence[str]) -> None:
    """Regenerate the files that are derived from a store."""
    backend = _backend(backends, place[0])
    store = backend.at(host, place[1])
    if store is None:
        return  # the store is gone, and its derived files with it
    planned = backend.refresh(host, store, gone)
    with host.guarded(planned.guard if planned else Guard()) as guarded:
        # Again: the killed command's tool may have written files only now.
        refresh(host, backend.refresh(host, store, gone), guarded)


def clear(host: ActingHost, directories: Iterable[str], token: str) -> None:
    """Delete the temporary files of a killed command, and give files their names back that it was deleting.

    Such a file may be another program's, which the command had not yet compared. Raises OSError.
    """
    for directory in directories:
        host.give_back(directory, token)
        leftover = f"{directory}/{host.temporary_name(token)}"
        if host.status(leftover) is not None:
            host.delete(leftover)


def _directories(entry: Entry) -> set[str]:
    """Return the directories of an entry's temporary files; a tool's own files lie in its store, or beside it."""
    found = {posixpath.dirname(step.path) for step in entry.inverse if not isinstance(step, ToolOperation)}
    if len(found) < len(entry.inverse) and entry.location.startswith("/"):
        found |= {entry.location, posixpath.dirname(entry.location)}
    return found


def has_leftovers(host: Host, directory: str) -> bool:
    """Whether a directory of the state holds temporary files: of a killed command, or of one that runs now."""
    return any(name.startswith(host.temporary_name("")) for name in host.names(directory))


def _sweep(host: ActingHost, base: str) -> None:
    """Delete temporary files of the ledger and of tools, which no journal names; the directory has no other user."""
    for name in host.names(base):
        if name.startswith(host.temporary_name("")):
            for inner in host.names(f"{base}/{name}"):
                host.delete(f"{base}/{name}/{inner}")
            if host.is_directory(f"{base}/{name}"):
                host.remove_directory(f"{base}/{name}")
            else:
                host.delete(f"{base}/{name}")
