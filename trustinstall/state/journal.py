"""The journal: the undo of one command's changes, on disk before they are made.

One line of JSON for each changed store: the inverse steps, newest first, and the tokens of temporary files.
A command that was killed leaves its journal behind; the next command that changes something undoes it first.
"""

from __future__ import annotations

import json
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state.directory import check_owner
from trustinstall.state.step_json import step_from_json, step_to_json
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State
    from trustinstall.stores.steps import Undo

VERSION = 1
_KEPT = "-kept"  # suffix for a command whose work could not be undone


@dataclass(frozen=True)
class Entry:
    """The data for putting one store back.

    Attributes:
        transaction: the command that wrote it.
        backend, location: the store, so that its refresh can be requested again.
        inverse: steps that undo the changes, newest first.
        token: names the temporary files beside the paths of the steps.
    """

    transaction: str
    backend: str
    location: str
    inverse: tuple[Undo, ...]
    token: str


class Journal:
    """The journal of one running command. Threads may use it side by side."""

    def __init__(self, host: ActingHost, state: State, transaction: str, stuck: Sequence[Entry] = ()) -> None:
        """`stuck` are entries of earlier commands that stay in the journal."""
        self._host, self._state, self.transaction = host, state, transaction
        self._lock = Lock()
        self._entries: list[Entry] = []
        self._kept = [_kept(one) for one in stuck]

    @property
    def used(self) -> bool:
        """Whether anything was noted."""
        return bool(self._entries)

    def note(self, *entries: Entry) -> None:
        """Make all entries durable at once; only then may their steps be performed."""
        with self._lock:
            self._entries += entries
            self._host.append(self._state.journal, b"".join(map(_line, entries)), 0o600)

    def keep(self, token: str) -> None:
        """Note durably that the changes of this token could not be undone: the next command must retry.

        The new line has a name of its own, so that a ledger written after it does not mark it as finished.
        """
        with self._lock:
            kept = [_kept(one) for one in self._entries if one.token == token]
            self._kept += kept
            self._host.append(self._state.journal, b"".join(map(_line, kept)), 0o600)

    def close(self) -> None:
        """Delete the entries of this command: the ledger (or the undo) is on disk. Stuck entries stay."""
        if not self._entries:
            return  # nothing was appended
        if self._kept:
            content = b"".join(map(_line, self._kept))
            self._host.write(self._state.journal, content, 0o600, None, self._host.token())
        else:
            self._host.delete(self._state.journal)


def unfinished(host: Host, state: State) -> list[Entry]:
    """Return the entries of an unfinished command, newest first; empty if every command has ended.

    A line that was being written when the command was killed is skipped: its steps had not begun. Raises
    StateError if the journal cannot be read, or if another account may have written it.
    """
    try:
        content = host.read_or_none(state.journal, limit=1 << 30)
        if content is None:
            return []
        check_owner(host, state.journal, state.owner)
        *lines, _partial = content.split(b"\n")
        return [_entry(line) for line in reversed(lines)]
    except OSError as error:
        raise StateError(f"cannot read {state.journal}: {error.strerror}; nothing was changed") from None
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise StateError(
            f"{state.journal} is damaged ({type(error).__name__}); nothing was changed: look at the stores with "
            "`trustinstall stores`, then delete it"
        ) from None


def keep_only(host: ActingHost, state: State, entries: Sequence[Entry]) -> None:
    """Let the journal hold exactly these entries, oldest first; delete it if there are none.

    Each has a name of its own, so that a ledger that is written later does not mark it as finished.
    """
    if not entries:
        forget(host, state)
        return
    content = b"".join(_line(_kept(one)) for one in entries)
    host.write(state.journal, content, 0o600, None, host.token())


def _kept(entry: Entry) -> Entry:
    return entry if entry.transaction.endswith(_KEPT) else replace(entry, transaction=f"{entry.transaction}{_KEPT}")


def forget(host: ActingHost, state: State) -> None:
    """Delete the journal of a command that has been undone, or whose work is in the ledger."""
    host.delete(state.journal)


def _line(entry: Entry) -> bytes:
    data = {
        "version": VERSION,
        "transaction": entry.transaction,
        "backend": entry.backend,
        "location": entry.location,
        "inverse": [step_to_json(step) for step in entry.inverse],
        "token": entry.token,
    }
    return json.dumps(data).encode() + b"\n"


def _entry(line: bytes) -> Entry:
    data = json.loads(line)
    if data["version"] != VERSION:
        raise ValueError("another version")
    steps = tuple(step_from_json(step) for step in data["inverse"])
    return Entry(
        str(data["transaction"]),
        str(data["backend"]),
        str(data["location"]),
        steps,
        str(data["token"]),
    )
