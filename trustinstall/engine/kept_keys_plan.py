"""Plans the change of one settings file whose keys a document sets apart from certificates; see `kept_keys`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.setting import SetKey
from trustinstall.editing.text import line_number
from trustinstall.editing.text import read as text_of
from trustinstall.engine import shared_files
from trustinstall.errors import StoreError, printable
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.state.kept_keys import KeptKey, Row
from trustinstall.state.ledger import moment
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.keys import FileKeys

_LIMIT = 1024 * 1024  # bytes; no settings file is larger
#: The rest of a managed file without its keys: at most the header of the section that the certificate's key is in.
_EMPTY = regex(rb"\s*(?:\[[\w.-]+\]\s*)?")
_CHANGED_SINCE = "it was changed after that, and stays as it is"


class Change(NamedTuple):
    """The change of one file.

    Attributes:
        old: its present content, or None if it does not exist.
        new: its new content, or None if it is to be deleted.
        row: its new record, or None if it holds no managed key afterwards.
        detail: why keys are left as they are, or "".
    """

    old: bytes | None
    new: bytes | None
    row: Row | None
    detail: str = ""


def plan(host: Host, want: FileKeys, row: Row | None, ledger: Ledger) -> Change:
    """Return the change of one file. Raises Malformed, OSError or StoreError if it is impossible.

    A person's decision stays: keys that the person set, and managed keys that the person took out.
    """
    old = _read(host, want.location)
    shared = shared_files.holds_certificates(ledger, want.location)
    rest = _without(want.format, old or b"", row, alone=not shared)
    if row is not None and want.keys and _taken_out(host, want, row, old):
        return Change(old, old, row, _CHANGED_SINCE)
    theirs = {path: line for path, _ in want.keys if (line := _line(want.format, rest, path))}
    shown = printable(want.location, 4096)
    said = (f"{shown} line {line} says {'.'.join(path)}, and is left" for path, line in theirs.items())
    detail = "; ".join(filter(None, (want.left, *said)))
    keys = () if want.together and theirs else [one for one in want.keys if one[0] not in theirs]
    new, kept = rest, list[KeptKey]()
    rest_bare = bare(want, old or b"", row, ledger)
    for path, value in keys:
        new, inserted = editing.put(want.format, new, path, value, address=True)
        rest_bare, alone = _alone(want.format, rest_bare, path, value)
        kept.append(KeptKey(path, value, inserted, "" if alone == inserted else alone))
    created = (row.created if row else False) or old is None or want.location in shared_files.made(ledger)
    if not kept:
        gone = old is None or (row is not None and row.created and _EMPTY.fullmatch(rest))
        return Change(old, None if gone else old if row is None else rest, None, detail)
    if old is not None and new == old and row is not None:
        return Change(old, old, row, detail)
    row = Row(want.name, want.clients, want.location, want.format, tuple(kept), created, host.stamp())
    return Change(old, new, row, detail)


def _read(host: Host, location: str) -> bytes | None:
    status = host.status(location)
    if status is not None and status.kind is Kind.FILE and status.links > 1:
        cause = "it has several names (hard links), and replacing it would separate it from the others"
        raise StoreError(store=location, cause=cause, advice="make it a file of its own, and try again")
    return host.read_or_none(location, _LIMIT)


def _without(format_: str, content: bytes, row: Row | None, *, alone: bool) -> bytes:
    """Return the content of a file without the keys of its row; `alone`: it holds no keys of certificates."""
    for one in reversed(row.keys if row else ()):
        texts = (one.alone, one.inserted) if one.alone and alone else (one.inserted,)
        cuts = [SetKey(format_, one.path, one.value, present=False, inserted=text).apply(content) for text in texts]
        content = min(cuts, key=len)  # both are correct; if a text is no longer in the file, only the key is cut
    return content


def bare(want: FileKeys, content: bytes, row: Row | None, ledger: Ledger) -> bytes:
    """Return the content of a file without any text of trustinstall, or unchanged if that cannot be cut."""
    with suppress(editing.Malformed):
        return _bare_for_certain(want, content, row, ledger)
    return content


def _bare_for_certain(want: FileKeys, content: bytes, row: Row | None, ledger: Ledger) -> bytes:
    rest = shared_files.without_certificates(ledger, want.location, want.format, content)
    if rest != content:
        return _without(want.format, rest, row, alone=True)
    rest = _without(want.format, content, row, alone=not shared_files.holds_certificates(ledger, want.location))
    return shared_files.without_certificates(ledger, want.location, want.format, rest)


def _alone(format_: str, bare: bytes, path: editing.Path, value: str) -> tuple[bytes, str]:
    """Put a key into content without keys of certificates; return the new content, and the inserted text."""
    try:
        return editing.put(format_, bare, path, value, address=True)
    except editing.Malformed:
        return bare, ""


def _taken_out(host: Host, want: FileKeys, row: Row, old: bytes | None) -> bool:
    """Whether a person took out managed keys: one is missing, and the file was written after they were set.

    A time within a second of the record does not count, because records have whole seconds.
    """
    same = [(one.path, one.value) for one in row.keys] == list(want.keys)
    status = host.status(want.location)
    if not same or old is None or status is None or row.token or want.delivered:
        return False
    there = (editing.get(row.format, old, one.path) == one.value for one in row.keys)
    return not all(there) and status.mtime_ns > (moment(row.since).timestamp() + 1) * 1e9


def _line(format_: str, content: bytes, path: editing.Path) -> int:
    """Return the line of a key, from 1, or 0 if the file does not have it."""
    text = text_of(content)
    found = (one for one in reversed(editing.format_of(format_).keys(text)) if one.path == path)
    return next((line_number(text, one.start) for one in found), 0)
