"""The two files of trustinstall as a store, and why they may not be writable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.host import Kind
from trustinstall.stores.files import owner
from trustinstall.stores.store import Store, blocked

if TYPE_CHECKING:
    from trustinstall.host import Host

NAME = "own-bundle"


def store(host: Host, location: str) -> Store:
    """Return the acting account's store at a location, whether it exists yet or not."""
    return Store(
        NAME,
        location,
        host.account.uid,
        f"{NAME}:{location}",
        "programs whose settings or variables name it",
        label=location,
        blocked=blocked(_unwritable(host, location)),
        on_demand=True,
    )


def _unwritable(host: Host, location: str) -> str | None:
    """Return why a managed file cannot be written, or might be changed by another account; or None."""
    status = host.status(location)
    if status is not None and status.kind is not Kind.FILE:
        return "something else than a file stands there; move it away"
    whose, reason = owner(host, location)
    return reason if whose == host.account.uid or reason else "its directory belongs to another account; give it back"
