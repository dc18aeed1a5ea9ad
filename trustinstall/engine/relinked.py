"""The ledger's records of stores that a link leads to now: a home, a directory or a file was moved since.

A store is identified by its real path. If a person moves a home to another disk, or a settings file into a repository,
and leaves a link in the old place, the store has another identifier from then on. Its record still says which text was
inserted, and which files and directories were made.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.host import Host
    from trustinstall.state.ledger import Ledger
    from trustinstall.stores.desired import Placement


def follow(host: Host, ledger: Ledger, moved: Mapping[str, str]) -> None:
    """Give the records of moved stores their new paths in the ledger; `moved`: the new id of each, by its old id.

    A record of an adopted bundle stays where it is if the bundle itself is a link now: it may lead to another one, of
    whose certificates none was adopted.
    """
    for records in (ledger.placements, ledger.retired):
        for (old_id, sha256), one in list(records.items()):
            new_id = moved.get(old_id)
            if new_id is None:
                continue
            old = old_id.partition(":")[2]
            link = _first_link(host, old)
            if not (one.adopted and link == old):
                del records[old_id, sha256]
                records.setdefault((new_id, sha256), _renamed(one, new_id, link, host.real(link)))


def _first_link(host: Host, path: str) -> str:
    """Return the shortest part of a path, from the root on, that a link gives another real path."""
    above = posixpath.dirname(path)
    return path if above == path or host.real(above) == above else _first_link(host, above)


def _renamed(one: Placement, store: str, old: str, new: str) -> Placement:
    def now(text: str) -> str:
        return new + text[len(old) :] if text == old or text.startswith(f"{old}/") else text

    return replace(one, store=store, entries=tuple(map(now, one.entries)), directories=tuple(map(now, one.directories)))
