"""Files that hold keys for certificates and keys for proxies: either half can be removed first.

The half that was set first may have created the file, its directories, or the section in which the other half is now.
These stay until the other half is removed, too. The ledger records the certificates' half, `kept_keys` the proxies'
half; both are on disk before a file is changed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall import editing
from trustinstall.editing.section import ends_section
from trustinstall.editing.text import read as text_of
from trustinstall.editing.text import write as bytes_of
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.desired import Placement


class Leaving(NamedTuple):
    """The removal of the proxies' half of a file, while the certificates' half stays.

    Attributes:
        location: the path of the file.
        before: its content with both halves.
        bare: its content without either half.
        after: its content with the certificates' half only.
        created: whether trustinstall created the file.
        directories: the directories that were created for it, or for others.
    """

    location: str
    before: bytes
    bare: bytes
    after: bytes
    created: bool
    directories: Iterable[str]


def made(ledger: Ledger) -> frozenset[str]:
    """Return the paths of the files and directories that were created for certificates."""
    return frozenset(
        path for one in ledger.placements.values() for path in (*one.entries, *one.directories) if path[:1] == "/"
    )


def holds_certificates(ledger: Ledger, location: str) -> bool:
    """Whether the ledger records certificates in a file."""
    return bool(_placements(ledger, location))


def without_certificates(ledger: Ledger, location: str, format_: str, content: bytes) -> bytes:
    """Return the content of a file without the text that the ledger records for certificates. Raises Malformed."""
    for one in sorted(_noted(ledger, location), key=len, reverse=True):
        text = text_of(content)
        keys = editing.format_of(format_).keys(text)
        path = next((key.path for key in keys if _core(text[key.start : key.end]) in one), None)
        if path is not None:
            content = editing.take(format_, content, path, one)
        elif text.count(one) == 1:  # the text is a section, and not a key of the format
            content = bytes_of(text.replace(one, "\n" if ends_section(text, text.find(one)) else "", 1))
    return content


def handed_over(ledger: Ledger, leaving: Leaving) -> Ledger:
    """Return a ledger in which the certificates of a file own the rest that the proxies leave in it."""
    before = text_of(leaving.before)
    cores = {core for one in _noted(ledger, leaving.location) if before.count(core := _core(one)) == 1}
    core = cores.pop() if len(cores) == 1 else ""
    whole = _inserted(text_of(leaving.bare), text_of(leaving.after), core) if core else ""
    new = (*([whole] if whole else ()), *([leaving.location] if leaving.created else ()))
    above = sorted((one for one in leaving.directories if leaving.location.startswith(f"{one}/")), key=len)
    changed = ledger.copy()
    for key, one in _placements(ledger, leaving.location):
        # The longer text first: the removal looks for the texts in this order.
        entries = tuple(dict.fromkeys((*new, *one.entries)))
        directories = tuple(sorted({*above, *one.directories}, key=len))
        changed.placements[key] = replace(one, entries=entries, directories=directories)
    return changed


def _placements(ledger: Ledger, location: str) -> list[tuple[tuple[str, str], Placement]]:
    return [
        (key, one) for key, one in ledger.placements.items() if key[0].partition(":")[2] == location and not one.adopted
    ]


def _noted(ledger: Ledger, location: str) -> set[str]:
    """Return the texts that were inserted into a file for certificates."""
    return {entry for _, one in _placements(ledger, location) for entry in one.entries if entry != location}


def _core(text: str) -> str:
    """Return a key's text without spaces, line breaks and commas around it: JSON's comma may belong to a neighbour."""
    return text.strip(" \t\r\n,")


def _inserted(before: str, after: str, core: str) -> str:
    """Return the text that contains `core` and whose insertion changes `before` into `after`; "" if there is none."""
    at, size = after.find(core), len(after) - len(before)
    if at < 0:
        return ""
    for start in range(at, max(-1, at + len(core) - size - 1), -1):
        if after[:start] == before[:start] and after[start + size :] == before[start:]:
            return after[start : start + size]
    return ""
