"""The audit log of one scope: a line of JSON for each command that changed something, or failed to.

It is only appended to, and kept in files of bounded size: the present one and a few older ones. Its lines are described
in `reporting/report.schema.json`. A line that a power loss has cut off stays, and is skipped by readers. A change is
never undone because its line could not be written.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from trustinstall.errors import StateError
from trustinstall.state.directory import check_owner
from trustinstall.typed_json import members

if TYPE_CHECKING:
    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State

VERSION = 1
OLDER = 3  # files beside the present one
SIZE = 1 << 20  # bytes of a file, from which on a new one is begun
_LIMIT = 4 * SIZE


def path(state: State, age: int = 0) -> str:
    """Return the file of this age: 0 is the present one."""
    return f"{state.base}/log.jsonl" + (f".{age}" if age else "")


def append(host: ActingHost, state: State, line: str) -> None:
    """Add a line, durably. Raises OSError or StateError; the log is then as it was."""
    present = path(state)
    status = host.status(present)
    if status is not None:
        check_owner(host, present, state.owner)
        if status.size >= SIZE:
            _rotate(host, state)
            status = None
    torn = status is not None and status.size > 0 and not host.read(present, _LIMIT).endswith(b"\n")
    host.append(present, (b"\n" if torn else b"") + line.encode() + b"\n", 0o600)


def entries(host: Host, state: State) -> tuple[list[dict[str, Any]], int]:
    """Return the entries, oldest first, and how many lines could not be read; those of a newer program are left out.

    Raises StateError if another account may have written the log, or it cannot be read.
    """
    contents: list[bytes] = []
    for age in range(OLDER + 1):  # from the present one on: what is moved meanwhile is seen twice, and not missed
        try:
            content = host.read_or_none(path(state, age), _LIMIT)
            if content is None:
                continue
            check_owner(host, path(state, age), state.owner)
        except OSError as error:
            raise StateError(f"cannot read {path(state, age)}: {error.strerror}") from None
        if contents and content.startswith(contents[-1]):
            contents.pop()
        contents.append(content)
    found: list[dict[str, Any]] = []
    damaged = 0
    for line in (line for content in reversed(contents) for line in content.split(b"\n") if line):
        try:
            found.append(members(json.loads(line)))
        except (TypeError, ValueError, RecursionError):
            damaged += 1
    known = [one for one in found if not _is_newer(one)]
    sound = [one for one in known if one.get("v") == VERSION and isinstance(one.get("time"), str)]
    return sound, damaged + len(known) - len(sound)


def _is_newer(entry: dict[str, Any]) -> bool:
    version = entry.get("v")
    return isinstance(version, int) and version > VERSION


def _rotate(host: ActingHost, state: State) -> None:
    """Begin a new file: every file becomes one age older, and the oldest goes.

    Each move is atomic. A kill leaves an age without a file, and the next rotation moves only the files up to there.
    """
    free = (age for age in range(1, OLDER) if host.status(path(state, age)) is None)
    for age in range(next(free, OLDER), 0, -1):
        host.move(path(state, age - 1), path(state, age))
