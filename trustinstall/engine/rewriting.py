"""Rewrites settings files at their owner's request: journalled, compared with the content that was seen, and logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trustinstall.engine.perform import Changed, inverse, no_commands, perform, undo
from trustinstall.engine.wording import words
from trustinstall.errors import printable
from trustinstall.host import Kind
from trustinstall.state.journal import Entry
from trustinstall.stores.steps import Content, Edit, digest
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trustinstall.host import ActingHost
    from trustinstall.state.journal import Journal

BACKEND = "settings"  # the backend of these files, in the journal


class Rewrite(NamedTuple):
    """One file: its real path, the content that was seen, the new content, and the log's entry."""

    path: str
    seen: bytes
    wanted: bytes
    told: Sequence[Mapping[str, Any]]


def rewrite(host: ActingHost, journal: Journal, one: Rewrite) -> str:
    """Journal the undo of a file and write the file; return why it was not changed, or ""."""
    status = host.status(one.path)
    if status is not None and status.kind is Kind.FILE and status.links > 1:
        return f"{printable(one.path, 4096)} has {status.links} names (hard links); change it by hand"
    edit = Edit(one.path, Content(one.wanted), digest(one.seen))
    token = host.token()
    try:
        back = inverse(host, edit)
        if back is None:
            return ""
        journal.note(Entry(journal.transaction, BACKEND, one.path, (back,), token))
        try:
            perform(host, edit, token)
        except BaseException:
            undo(host, (back,), token, no_commands)
            raise
    except Changed:
        return "another program has changed it at this moment; try again"
    except OSError as error:
        return words(error)
    return ""
