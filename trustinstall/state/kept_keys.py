"""The record of the proxies that trustinstall has set in settings files because a document asks for them.

The record is private: it may hold a password. A row is written before the settings file, so that after a kill the next
command can take back any of its keys.
"""

from __future__ import annotations

import json
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from trustinstall.errors import StateError
from trustinstall.facts.proxies import Proxies
from trustinstall.state.directory import read_json
from trustinstall.state.ledger import Covered
from trustinstall.state.moved import Homes, homes, renaming
from trustinstall.typed_json import flag, items, members, words
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trustinstall.editing import Path
    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State

VERSION = 1


@dataclass(frozen=True)
class KeptKey:
    """One key that was set.

    Attributes:
        path: the names of sections or objects, and the key's own.
        value: what it says.
        inserted: the text that was put into the file.
        alone: the text that would have been put in if the file had held nothing for certificates; "" if it is the same.
            It has the header of a section which certificates brought, and which stays for this key when they go.
    """

    path: Path
    value: str
    inserted: str
    alone: str = ""


@dataclass(frozen=True)
class Row:
    """One file.

    Attributes:
        name, clients, location, format: as in `FileKeys`.
        keys: the keys that were set, in order; after a kill also those that were not set yet.
        created: whether the file was created for them.
        since: when they were set, ISO 8601 in UTC.
        token: the name of the temporary file of an unfinished write, or "".
    """

    name: str
    clients: str
    location: str
    format: str
    keys: tuple[KeptKey, ...]
    created: bool
    since: str
    token: str = ""


@dataclass(frozen=True)
class Kept:
    """The proxies that are set, and the files that set them.

    Attributes:
        proxies: the proxies.
        origin: the document that asks for them.
        rows: the files that set them, by location.
        directories: the directories that were made for the files.
        accounts: the other accounts for which they were set as well (machine scope only).
        all_users: whether accounts that are created later are covered, too.
    """

    proxies: Proxies = field(default_factory=Proxies)
    origin: str = ""
    rows: Mapping[str, Row] = field(default_factory=dict[str, Row])
    directories: tuple[str, ...] = ()
    accounts: tuple[Covered, ...] = ()
    all_users: bool = False


def load(host: Host, state: State) -> Kept:
    """Return the record, empty if there is none. Raises StateError as the ledger does."""
    data = read_json(host, state.kept_keys, state.owner, (VERSION,))
    if data is None:
        return Kept()
    try:
        http, https = str(data["http"]), str(data["https"])
        before = Homes(str(data.get("home", "")), str(data.get("real_home", "")))
        path = renaming(before, homes(host, state)) or str
        rows = [_row(members(one)) for one in items(data["files"])]
        rows = [replace(one, location=path(one.location)) for one in rows]
        return Kept(
            Proxies(http, https, words(data["no_proxy"])),
            str(data["origin"]),
            {one.location: one for one in rows},
            tuple(map(path, words(data["directories"]))),
            tuple(Covered(str(name), int(uid)) for name, uid in map(items, items(data.get("accounts", [])))),
            flag(data.get("all_users", False)),
        )
    except (KeyError, TypeError, ValueError):
        raise StateError(f"{state.kept_keys} is damaged; nothing was changed: restore it from a backup") from None


def save(host: ActingHost, state: State, kept: Kept) -> None:
    """Write the record durably, or delete it if it is empty. Raises OSError."""
    if not (kept.rows or kept.accounts or kept.directories) and kept.proxies == Proxies():
        if host.status(state.kept_keys) is not None:
            host.delete(state.kept_keys)
        return
    now = homes(host, state)
    data = {
        "version": VERSION,
        **({"home": now.home} if now.home else {}),
        **({"real_home": now.real} if now.real else {}),
        "origin": kept.origin,
        **kept.proxies._asdict(),
        "directories": kept.directories,
        "accounts": [[one.name, one.uid] for one in kept.accounts],
        "all_users": kept.all_users,
        "files": [_row_json(one) for _, one in sorted(kept.rows.items())],
    }
    host.write(state.kept_keys, json.dumps(data, indent=1).encode() + b"\n", 0o600, None, host.token())


def _row_json(row: Row) -> dict[str, Any]:
    keys = [[list(one.path), one.value, one.inserted, one.alone] for one in row.keys]
    return {
        "name": row.name,
        "clients": row.clients,
        "location": row.location,
        "format": row.format,
        "keys": keys,
        "created": row.created,
        "since": row.since,
        "token": row.token,
    }


def _row(data: Mapping[str, Any]) -> Row:
    from trustinstall.editing import FORMATS

    if data["format"] not in FORMATS:
        raise ValueError("no such format")
    keys = (items(one) for one in items(data["keys"]))
    return Row(
        str(data["name"]),
        str(data["clients"]),
        str(data["location"]),
        str(data["format"]),
        tuple(KeptKey(words(path), *map(str, texts)) for path, *texts in keys),
        flag(data["created"]),
        str(data["since"]),
        str(data["token"]),
    )
