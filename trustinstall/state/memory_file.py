"""The file in which a `repair` leaves for the next one what it has read from files and directories; see `host.memory`.

It lies in the private directory beside the ledger, and saves time, nothing else. Everything is read again if it is lost
or damaged, if another account may have written it, if it is of another version of this program or of a process with
other rights, if it is older than a week, or if it is of the future: then the clock was put back, and times of change
may repeat. Its first line is the SHA-256 of the rest.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from trustinstall._version import __version__
from trustinstall.errors import StateError
from trustinstall.facts import homes
from trustinstall.host.memory import Answer, Contents, Listing, Memory, rights
from trustinstall.state.directory import check_owner
from trustinstall.stores.steps import digest
from trustinstall.typed_json import items, members, words

if TYPE_CHECKING:
    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State

VERSION = 1
OLDEST = 7 * 24 * 3600 * 10**9  # nanoseconds after which everything is read again, whatever its status
#: File systems of Linux that give a file another time of change with each change; those of networks and FUSE may not.
#: Windows has no such time, and the other systems name no type of file systems in a file: nothing is kept there.
KEEPING = frozenset(
    ("bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "jfs", "overlay", "squashfs", "tmpfs", "xfs", "zfs")
)


def recall(host: Host, state: State, question: str, *, afresh: bool = False) -> Memory | None:
    """Return what the last run has read, for a walk that asks this question; None if nothing can be kept here.

    `afresh`: read everything again, and keep it.
    """
    if host.platform != "linux" or host.is_image or host.status(state.private) is None:
        return None
    now = round(host.now().timestamp() * 10**9)
    known = None if afresh else _load(host, state, now)
    if known is None or known.question != question:
        known = Contents(question, now, {}, {})
    return Memory(known, now, lambda path: homes.file_system(host, path) in KEEPING)


def keep(host: ActingHost, state: State, memory: Memory) -> None:
    """Write what a run has read, under the lock. Raises OSError, and StateError if another account may write there."""
    check_owner(host, state.private, state.owner)
    if host.status(state.memory) is not None and not _is_ours(host, state):
        host.delete(state.memory)  # it would keep its owner and mode
    host.write(state.memory, dump(memory.seen, memory.began), 0o600, None, host.token())


def forget(host: ActingHost, state: State) -> None:
    """Delete the file: nothing is wanted any more."""
    if host.status(state.memory) is not None:
        with suppress(OSError):
            host.delete(state.memory)


def dump(seen: Contents, now: int) -> bytes:
    """Return the file's content."""
    indices: dict[tuple[tuple[str, ...], ...], int] = {}  # many environments hold the same bundle
    answers = [(key, one.statuses, indices.setdefault(one.lists, len(indices))) for key, one in seen.answers.items()]
    text = json.dumps(
        {
            "version": VERSION,
            "program": __version__,
            "rights": rights(),
            "since": seen.since,
            "written": now,
            "question": seen.question,
            "lists": list(indices),
            "answers": answers,
            "listings": list(seen.listings.items()),
        },
        separators=(",", ":"),
    ).encode()
    return digest(text).encode() + b"\n" + text


def _is_ours(host: Host, state: State) -> bool:
    """Whether no other account may have written the file."""
    try:
        check_owner(host, state.memory, state.owner)
    except StateError:
        return False
    return True


def _load(host: Host, state: State, now: int) -> Contents | None:
    """Return the content of the file if it is believed."""
    try:
        content = host.read_or_none(state.memory)
        return parse(content, now) if content is not None and _is_ours(host, state) else None
    except (OSError, KeyError, IndexError, TypeError, ValueError, RecursionError):
        return None


def parse(content: bytes, now: int) -> Contents | None:
    """Return what a file's content says; None if it is not for this program and these rights, or not of these days.

    Raises KeyError, IndexError, TypeError, ValueError or RecursionError for anything else.
    """
    sha256, _, text = content.partition(b"\n")
    if sha256 != digest(text).encode():
        raise ValueError("damaged")
    data = members(json.loads(text))
    made_by = (data["version"], data["program"], tuple(items(data["rights"])))
    since, written = int(data["since"]), int(data["written"])
    if made_by != (VERSION, __version__, rights()) or not now - OLDEST < since <= written <= now:
        return None
    lists = [tuple(words(one) for one in items(each)) for each in items(data["lists"])]
    answers = {words(key): Answer(words(statuses), lists[index]) for key, statuses, index in items(data["answers"])}
    listings = dict(_listing(path, *fields) for path, fields in items(data["listings"]))
    return Contents(str(data["question"]), since, answers, listings)


def _listing(path: Any, status: Any, entries: Any, files: Any, directories: Any) -> tuple[str, Listing]:  # noqa: ANN401
    if not (isinstance(path, str) and isinstance(status, str) and type(entries) is int):
        raise TypeError("not a listing")
    return path, Listing(status, entries, words(files), words(directories))
