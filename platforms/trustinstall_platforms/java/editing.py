"""The one step that changes a Java keystore: entries to remove by alias and fingerprint, and certificates to add."""

from __future__ import annotations

from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.stores.steps import Edit, digest
from trustinstall_platforms import keystores
from trustinstall_platforms.java.passwords import candidates
from trustinstall_platforms.keystores import New, change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Desired
    from trustinstall.stores.observation import Copy
    from trustinstall.stores.store import Store


def edit(host: Host, store: Store, path: str, add: Sequence[Desired], remove: Sequence[Copy]) -> tuple[Edit, ...]:
    """Return the edit of the keystore at a path (links resolved), or () if no entry is added or removed."""
    if not (add or remove):
        return ()
    changed = change.EntryChange(
        store.id,
        tuple(New(change.alias(one.sha256), one.certificate.der, _seconds(host)) for one in add),
        frozenset((copy.entry, copy.sha256) for copy in remove),
        host.token().encode(),
        partial(candidates, host),
    )
    # A JDK's own keystore may share its file with a package cache (conda's); elsewhere a person has made the link.
    separates = path.endswith("/lib/security/cacerts")
    return (Edit(path, changed, digest(host.read(path, keystores.LIMIT)), separates=separates),)


def _seconds(host: Host) -> int:
    return int(datetime.fromisoformat(host.stamp().removesuffix("Z")).replace(tzinfo=timezone.utc).timestamp())
