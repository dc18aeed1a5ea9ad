"""The journal: how to undo what one command is doing, on disk before it is done.

One line of JSON for each store that is changed: the inverse steps, newest first, and the tokens of temporary files.
A command that was killed leaves its journal behind; the next one that changes something undoes it first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state.directory import check_owner
from trustinstall.state.step_json import step_from_json, step_to_json

if TYPE_CHECKING:
    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State
    from trustinstall.stores.steps import Undo

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """What one store needs to be put back.

    Attributes:
        transaction: the command that wrote it.
        backend, location: which store, so that its refresh can be asked for again.
        inverse: steps that undo what was done, newest first.
        token: names the temporary files beside the paths of the steps.
    """

    transaction: str
    backend: str
    location: str
    inverse: tuple[Undo, ...]
    token: str


class Journal:
    """The journal of one running command. Threads may use it side by side."""

    def __init__(self, host: ActingHost, state: State, transaction: str) -> None:
        self._host, self._state, self.transaction = host, state, transaction
        self._lock = Lock()
        self._entries: list[Entry] = []
        self._kept: list[Entry] = []

    @property
    def used(self) -> bool:
        """Whether anything was noted."""
        return bool(self._entries)

    def note(self, *entries: Entry) -> None:
        """Make entries durable, all of them at once; only then may their steps be done."""
        with self._lock:
            self._entries += entries
            self._host.append(self._state.journal, b"".join(map(_line, entries)), 0o600)

    def keep(self, token: str) -> None:
        """Note durably that what this token names could not be put back: the next command must try again.

        The new line bears a name of its own, so that a ledger written after it does not make it a thing of the past.
        """
        with self._lock:
            kept = [replace(one, transaction=f"{one.transaction}-kept") for one in self._entries if one.token == token]
            self._kept += kept
            self._host.append(self._state.journal, b"".join(map(_line, kept)), 0o600)

    def close(self) -> None:
        """Forget what has ended, because the ledger (or the undoing) is on disk; what must be kept stays."""
        if not self._entries:
            return
        if self._kept:
            content = b"".join(map(_line, self._kept))
            self._host.write(self._state.journal, content, 0o600, None, self._host.token())
        else:
            self._host.delete(self._state.journal)


def unfinished(host: Host, state: State) -> list[Entry]:
    """The entries of a command that did not end, newest first; empty where there is none.

    A line that was being written when the command was killed is left out: its steps had not begun. Raises
    StateError where the journal cannot be read, or may have been written by somebody else.
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
