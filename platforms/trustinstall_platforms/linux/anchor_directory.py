"""The system's store if a tool makes a bundle, or hash links, of a flat directory of anchors: on most distributions.

The tool may drop an anchor without a message (p11-kit: certificates that it cannot parse, that a blocklist names, or
that are no authorities), so that only bundle and hash links show which anchors are trusted. If no tool makes the
bundle, trustinstall appends to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.editing.pem_blocks import marked
from trustinstall.errors import printable
from trustinstall.host import Tools
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import read
from trustinstall.stores.observation import Observation, State
from trustinstall_platforms.linux.anchor_contents import distrusted, local_files, other_files, problems
from trustinstall_platforms.linux.anchor_copies import copies_in
from trustinstall_platforms.linux.anchor_sources import ders, fingerprints
from trustinstall_platforms.linux.family import store as found
from trustinstall_platforms.linux.hash_links import linked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.store import DiscoveryOptions, Store
    from trustinstall_platforms.linux.family import Family


class AnchorStore(Backend):
    """The backend of one family of distributions."""

    def __init__(self, family: Family) -> None:
        """Make the backend of one family, a row of the table."""
        self.name = family.name
        self._family = family

    def discover(self, host: Host, places: DiscoveryOptions) -> list[Store]:
        """Find the store on such a system; without its tool it cannot be written."""
        store = found(host, self._family, places)
        return [store] if store else []

    def at(self, host: Host, location: str) -> Store | None:
        """Find the store again, if it is still there."""
        return found(host, self._family) if location == self._family.bundle else None

    def observe(self, host: Host, _store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors of the bundle's clients. PARTIAL: the hash links do not show it, or only they do.

        Of `names`, those that a file keeps out of the bundle are DISTRUSTED.
        """
        family, content = self._family, read(host, self._family.bundle)
        bundle = dict.fromkeys(fingerprints(content or b""))
        links = linked(host, family.hashed) if family.hashed else None
        hashed = bundle.keys() if links is None else {one.sha256 for one in links}
        shown = bundle.keys() | hashed
        local = local_files(host, family)
        blocks = marked(content or b"") if family.appended else {}
        others = list(other_files(host, family)) if names else []
        barred = distrusted(host, family, [*local, *others], names - shown)
        states = {one: State.TRUSTED if one in bundle and one in hashed else State.PARTIAL for one in shown}
        return Observation(
            anchors=states | dict.fromkeys(barred, State.DISTRUSTED),
            marked=frozenset((*(one.certificates[0] for one in local if one.marked(family.ending)), *blocks)),
            problems=tuple(problems(family, content, local, bundle)),
            copies=tuple(copies_in(family, (local, others), content or b"", names, barred)),
        )

    def anchors(self, host: Host, _store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in the bundle, and of those that only hash links lead to."""
        links = linked(host, self._family.hashed) if self._family.hashed else None
        yield from dict.fromkeys((*ders(read(host, self._family.bundle) or b""), *(one.der for one in links or ())))

    def delivered(self, host: Host, _store: Store) -> frozenset[str]:
        """Return the SHA-256 of certificates that packages brought: below /usr/share, not in a directory of anchors."""
        shipped = (one for one in other_files(host, self._family) if one.path.startswith("/usr/share/"))
        return frozenset(sha256 for one in shipped for sha256 in one.certificates)

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """See `Backend.plan`; raises StoreError if the tool would drop managed certificates, or foreign roots."""
        from trustinstall_platforms.linux.anchor_directory_plan import FamilyPlanBuilder

        return FamilyPlanBuilder(host, self._family, store, seen, change).build()

    def refresh(self, host: Host, _store: Store, gone: Sequence[str]) -> Refresh | None:
        """Make every derived file again; in an image these changes were steps, and are undone."""
        from trustinstall_platforms.linux.anchor_directory_plan import refreshing

        return None if host.tools is Tools.NEVER else refreshing(host, self._family, gone)

    def verify(self, host: Host, _store: Store) -> str | None:
        """Let OpenSSL load the bundle: one block that it cannot load makes it refuse the whole bundle."""
        refusal = host.openssl_refuses(self._family.bundle)
        return refusal and f"OpenSSL cannot load {self._family.bundle}: {printable(refusal)}"
