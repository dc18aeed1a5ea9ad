"""Deletes the state of a scope whose ledger is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.host import Kind
from trustinstall.state import audit_log, kept_keys, ledger_file
from trustinstall.state.directory import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from trustinstall.host import ActingHost
    from trustinstall.state.directory import State


def delete_empty(host: ActingHost, state: State, first: Callable[[], None] = lambda: None) -> bool:
    """Delete the ledger and the private directory of a scope; return whether the whole directory is gone.

    It holds the lock, so that no other command adds a certificate meanwhile. `first` is called before the deletion, if
    that is allowed. Raises StateError, and does nothing, if certificates or proxies are recorded, or if an interrupted
    command has to be undone first.
    """
    if host.status(state.base) is None:
        first()
        return True
    prepare(host, state)  # the lock's directory may be missing
    lock = host.lock(state.lock, lambda: None)
    try:
        ledger = ledger_file.load(host, state)
        if ledger.claims or ledger.placements or host.status(state.journal) is not None:
            raise StateError(f"{state.base} records certificates that are trusted; run remove --all first")
        kept = kept_keys.load(host, state)
        if kept.rows or kept.accounts:
            raise StateError(f"{state.base} records proxies that are set; apply a document without them, with --prune")
        first()
        for path in (
            state.ledger,
            state.ledger_log,
            *(audit_log.path(state, age) for age in range(audit_log.OLDER + 1)),
            *(f"{state.private}/{name}" for name in host.names(state.private)),
        ):
            status = host.status(path)
            if status is not None and status.kind is not Kind.DIRECTORY:
                host.delete(path)
    finally:
        host.unlock(lock)
    host.remove_directory(state.private)
    host.remove_directory(state.base)
    return host.status(state.base) is None
