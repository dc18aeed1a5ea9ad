"""Directories that were made for the agent: noted in the private state, and deleted with the agent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state.directory import read_json
from trustinstall.typed_json import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State

_VERSION = 1


def notes(state: State) -> str:
    """Return the file of the notes."""
    return f"{state.private}/agent.json"


def made(host: Host, state: State) -> list[str]:
    """Return the directories that were made for the agent, outermost first; none if the notes are not trusted."""
    try:
        data = read_json(host, notes(state), state.owner, (_VERSION,)) or {"directories": []}
        return [*words(data["directories"])]
    except (StateError, KeyError, TypeError):
        return []


def note(host: ActingHost, state: State, directories: Sequence[str]) -> None:
    """Note the directories."""
    data = {"version": _VERSION, "directories": list(directories)}
    host.write(notes(state), json.dumps(data).encode() + b"\n", 0o600, None, host.token())
