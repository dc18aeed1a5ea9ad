"""The files by which a scan of whole trees recognised stores: a hint that saves the next command a scan.

It is never trusted: each place is checked as if a scan had just found it. Unreadable or untrusted hints are ignored.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state.directory import read_json
from trustinstall.typed_json import words
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State
    from trustinstall.stores.store import DiscoveryOptions

VERSION = 2
FRESH = timedelta(days=7)
_MOST = 50_000  # places


@dataclass(frozen=True)
class Hints:
    """The places that were found, and the time of the full scan."""

    known: tuple[str, ...] = ()
    since: datetime | None = None


def load(host: Host, state: State) -> Hints:
    """Return the remembered places; none for an image, in which only the ledger is kept."""
    if host.is_image:
        return Hints()
    try:
        data = read_json(host, state.hints, state.owner, (VERSION,)) or {}
        since = datetime.fromisoformat(str(data["since"]).replace("Z", "+00:00"))
        known = tuple(path for path in words(data["known"])[:_MOST] if path.startswith("/") and "\0" not in path)
        return Hints(known, since if since.tzinfo else None)
    except (StateError, KeyError, TypeError, ValueError):
        return Hints()


def told(host: Host, state: State) -> Host:
    """Return the same host, which knows the places of the last scan."""
    return host.knowing(load(host, state).known)


def fill(host: Host, state: State, places: DiscoveryOptions) -> DiscoveryOptions:
    """Return the known places, and scan whole trees if that was requested or the last scan is too old."""
    hints = load(host, state)
    age = host.now() - hints.since if hints.since else None
    fresh = age is not None and timedelta() <= age < FRESH
    return replace(places, through=places.rescan or not fresh, known=hints.known)


def scanned(places: DiscoveryOptions, known: Iterable[str]) -> DiscoveryOptions:
    """Return the same places, with the files of a scan that has just ended, so that nothing is scanned twice."""
    return replace(places, known=tuple(dict.fromkeys(known)), scanned=True)


def keep(host: ActingHost, state: State, known: Iterable[str]) -> None:
    """Remember the results of a full scan; a failure to write them is ignored."""
    files = sorted(set(known))[:_MOST]
    data = {"version": VERSION, "since": host.now().isoformat(timespec="seconds"), "known": files}
    if not host.is_image:
        with suppress(OSError):
            host.write(state.hints, json.dumps(data, indent=1).encode() + b"\n", 0o600, None, host.token())
