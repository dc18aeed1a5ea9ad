"""Where bundles were found when whole trees were looked through: a hint, so that the next command need not do it again.

It is never trusted: what it names is looked at as if it had just been found, and a hint that cannot be read, or that
somebody else may have written, is none.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from trustinstall.errors import StateError
from trustinstall.state.directory import read_json
from trustinstall.stores.backend import Whole
from trustinstall.typed_json import words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trustinstall.host import ActingHost, Host
    from trustinstall.state.directory import State
    from trustinstall.stores.backend import Backend
    from trustinstall.stores.store import Places, Store

VERSION = 1
FRESH = timedelta(days=7)
_MOST = 50_000  # places


@dataclass(frozen=True)
class Hints:
    """What was found, and when everything was looked through."""

    known: tuple[str, ...] = ()
    since: datetime | None = None


def load(host: Host, state: State) -> Hints:
    """What is remembered: nothing in an image, which keeps nothing of ours but the ledger."""
    if host.is_image:
        return Hints()
    try:
        data = read_json(host, state.hints, state.owner, VERSION) or {}
        since = datetime.fromisoformat(str(data["since"]).replace("Z", "+00:00"))
        known = tuple(path for path in words(data["known"])[:_MOST] if path.startswith("/") and "\0" not in path)
        return Hints(known, since if since.tzinfo else None)
    except (StateError, KeyError, TypeError, ValueError):
        return Hints()


def fill(host: Host, state: State, places: Places) -> Places:
    """Where to look: at what is known, and through whole trees where that was asked for or is long ago."""
    hints = load(host, state)
    age = host.now() - hints.since if hints.since else None
    fresh = age is not None and timedelta() <= age < FRESH
    return replace(places, through=places.rescan or not fresh, known=hints.known)


def walked(places: Places, stores: Iterable[tuple[Backend, Store]]) -> Places:
    """The same places when they were just looked through, so that nothing is walked twice."""
    return replace(places, known=_bundles(stores), walked=True)


def keep(host: ActingHost, state: State, stores: Iterable[tuple[Backend, Store]]) -> None:
    """Remember what was found when everything was looked through; that it cannot be is no reason to fail."""
    known = _bundles(stores)[:_MOST]
    data = {"version": VERSION, "since": host.now().isoformat(timespec="seconds"), "known": known}
    if not host.is_image:
        with suppress(OSError):
            host.write(state.hints, json.dumps(data, indent=1).encode() + b"\n", 0o600, None, host.token())


def _bundles(stores: Iterable[tuple[Backend, Store]]) -> tuple[str, ...]:
    return tuple(sorted({store.location for backend, store in stores if isinstance(backend, Whole)}))
