"""The two files of trustinstall that settings name, as one store: it exists only while a setting names one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.facts import our_files
from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall_platforms.tools import our_bundle_files as files
from trustinstall_platforms.tools import our_bundle_left as left
from trustinstall_platforms.tools.our_bundle_store import NAME, store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import DiscoveryOptions, Store

_STALE = "the system's roots have changed since it was made; add makes it anew"


class OwnBundle(Backend):
    """The backend of both files; the store is the bundle, and the file of the managed roots alone changes with it.

    On Windows there is only that file.
    """

    name = NAME

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the acting account's store, whether it exists yet or not."""
        location = our_files.location(host)
        if location is not None:
            yield store(host, location)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the store at a location, if it is the acting account's."""
        return store(host, location) if location == our_files.location(host) else None

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the content of both files; PARTIAL is a certificate that only one of them holds, like a system root.

        A copy that comes from the system stays. The store is outdated when the system's roots have changed since.
        """
        found = files.read(host, store.location)
        if found.left or found.empty:
            return left.observe(host, found, names)
        system = files.system(host)
        seen = bundle.observe(host, store.location) if found.bundle is not None else Observation({})
        stale = found.made_of is not None and found.made_of != files.fingerprint(set(system) - found.marked)
        half = (found.marked | (names & seen.anchors.keys())) - found.in_both
        return Observation(
            {**seen.anchors, **dict.fromkeys(half, State.PARTIAL)},
            found.marked,
            (*seen.problems, _STALE) if stale else seen.problems,
            copies=tuple(found.copies(names, system)),
            outdated=stale,
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in it."""
        return iter(()) if host.status(store.location) is None else bundle.anchors(host, store.location)

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan to write both files again, or to delete them with the last certificate.

        Raises StoreError if the machine has no public roots to combine with the managed ones, or if one of the system's
        is to be removed.
        """
        if any(not one.marked for one in change.remove):
            cause, advice = "it comes from the system's store", "remove it there"
            raise StoreError(store=store.id, cause=cause, advice=advice)
        found = files.read(host, store.location)
        if found.left and not change.add:
            return left.delete(host, store.location, found.directories_left)
        kept = {one.sha256: one for one in found.certificates if one.sha256 in found.marked | change.kept.keys()}
        kept |= {one.sha256: one.certificate for one in change.add}
        managed = [one for sha256, one in kept.items() if sha256 not in change.leaving]
        if not managed:
            return left.leave(host, store.location, change.made, change.leaving)
        wanted = files.contents(host, store, managed)
        # First the file for the boot: a boot must not delete files that are in use again.
        steps: list[Step] = [*left.keep_at_boot(host), *files.edits(host, wanted)]
        placed = tuple(Placed(one.sha256, (store.location, files.beside(store.location))) for one in change.add)
        return Plan(tuple(steps), placed=placed, detaches=True, made=found.directories_left)

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load it, if it still exists."""
        return None if host.status(store.location) is None else host.openssl_refuses(store.location)
