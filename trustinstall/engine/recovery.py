"""Undoing what a killed command left: files first, then what is derived from them."""

from __future__ import annotations

import posixpath
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.engine.perform import undo
from trustinstall.engine.transaction import commands_of, refresh, words
from trustinstall.errors import StateError, StoreError, TrustInstallError
from trustinstall.host.commands import Guard
from trustinstall.state import journal
from trustinstall.stores.steps import Native

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.engine.perform import Commands
    from trustinstall.host import ActingHost
    from trustinstall.state.directory import State
    from trustinstall.state.journal import Entry
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.steps import Command


def recover(host: ActingHost, state: State, ledger: Ledger, backends: Sequence[Backend]) -> bool:
    """Undo what a command whose journal is still there has not finished; whether there was anything to undo.

    The caller holds the lock. Raises StateError where it cannot be done; the journal is then kept.
    """
    host.sweep()
    _sweep(host, state.base)
    _sweep(host, state.private)
    entries = journal.unfinished(host, state)
    if not entries:
        if host.status(state.journal) is not None:
            journal.forget(host, state)
        return False
    pending = [entry for entry in entries if entry.transaction != ledger.transaction]
    deleted: dict[tuple[str, str], list[str]] = {}
    try:
        _take_temporary_files(host, entries)
        for entry in pending:
            gone = deleted.setdefault((entry.backend, entry.location), [])
            commands = partial(_commands, host, backends, entry)
            gone += undo(host, entry.inverse, entry.token, commands)
            _check_operations(entry, commands)
    except (OSError, StoreError) as error:
        raise StateError(
            f"an earlier command was interrupted, and what it did could not be undone: {words(error)}; "
            "then run the command again"
        ) from None
    for (name, location), gone in deleted.items():
        _renew(host, backends, name, location, gone)
    journal.forget(host, state)
    return bool(pending)


def _check_operations(entry: Entry, commands: Commands) -> None:
    """What a tool was asked to undo must be undone: it may have been refused, in a window for instance."""
    if any(isinstance(step, Native) and commands(step) for step in entry.inverse):
        raise StoreError(
            store=entry.backend,
            cause="its own tool did not do what it was asked",
            advice="see to it that it can, and answer Yes where it asks",
        )


def _commands(host: ActingHost, backends: Sequence[Backend], entry: Entry, step: Native) -> Sequence[Command]:
    backend = _backend(backends, entry.backend)
    store = backend.at(host, entry.location)
    return commands_of(host, backend, store)(step) if store else ()


def _backend(backends: Sequence[Backend], name: str) -> Backend:
    backend = next((one for one in backends if one.name == name), None)
    if backend is None:
        raise StateError(f"the journal names a store of kind {name!r}, which this program does not know")
    return backend


def _renew(host: ActingHost, backends: Sequence[Backend], name: str, location: str, gone: Sequence[str]) -> None:
    backend = _backend(backends, name)
    store = backend.at(host, location)
    if store is None:
        return  # the store itself is gone, and what was derived from it with it
    try:
        what = backend.refresh(host, store, gone)
        with host.guarded(what.guard if what else Guard()) as guarded:
            # Asked again: what the killed command's tool would still write is there only now.
            refresh(host, backend.refresh(host, store, gone), guarded)
    except (TrustInstallError, OSError) as error:
        raise StateError(
            f"an earlier command was interrupted, and {store.id} could not be put right: {error}; "
            "mend that and run the command again"
        ) from None


def _take_temporary_files(host: ActingHost, entries: Sequence[Entry]) -> None:
    for entry in entries:
        for directory in {posixpath.dirname(step.path) for step in entry.inverse if not isinstance(step, Native)}:
            leftover = f"{directory}/{host.temporary_name(entry.token)}"
            if host.status(leftover) is not None:
                host.delete(leftover)


def _sweep(host: ActingHost, base: str) -> None:
    """Temporary files of the ledger and of tools, which no journal names; the directory is ours alone."""
    for name in host.names(base):
        if name.startswith(host.temporary_name("")):
            for inner in host.names(f"{base}/{name}"):
                host.delete(f"{base}/{name}/{inner}")
            if host.is_directory(f"{base}/{name}"):
                host.remove_directory(f"{base}/{name}")
            else:
                host.delete(f"{base}/{name}")
