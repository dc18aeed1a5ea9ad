"""References: settings and variables that hold no certificate, and name a bundle that does.

While a certificate is wanted, a reference names a bundle of trustinstall. Where its owner has it name another bundle of
the same account, that bundle gets marked blocks, as any other one.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.store import Store

MEND = "get it anew from where it came"  # what to do about a bundle that clients cannot load


class By(Enum):
    """Who set a reference."""

    NOBODY = "nobody"  # it names nothing itself
    US = "us"  # it carries the mark of trustinstall: our file's name, or a comment
    OWNER = "owner"  # its owner had it name another bundle


@dataclass(frozen=True)
class Named:
    """What a reference says now.

    Attributes:
        by: who set it.
        path: the bundle that its clients read; "" where that is not known, or built in.
        problem: why it cannot be read, or does not make sense; or None.
        outdated: whether trustinstall would write it in another way today.
    """

    by: By
    path: str = ""
    problem: str | None = None
    outdated: bool = False


class Reference(Backend):
    """Base class of backends whose stores name a bundle: `enable` and `disable` are planned, and nothing in between."""

    capabilities = frozenset({Capability.SET_ONCE})

    @abstractmethod
    def named(self, host: Host, store: Store, /) -> Named:
        """Read what the reference says."""

    @abstractmethod
    def enable(self, host: Host, store: Store, noted: tuple[str, ...], /) -> tuple[Plan, tuple[str, ...]]:
        """Plan that it names our bundle; return the plan, and the ledger's entries of what it writes.

        `noted` is what the ledger notes already, where it is only outdated. Raises StoreError.
        """

    @abstractmethod
    def disable(self, host: Host, store: Store, noted: tuple[str, ...], /) -> Plan:
        """Plan that it says what it said before, to the byte; `noted` is what `enable` noted. Raises StoreError."""

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """See what its clients trust by the bundle that it names."""
        return seen_through(host, self.named(host, store), names)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in the bundle that it names."""
        path = self.named(host, store).path
        return bundle.anchors(host, path) if path and host.status(path) else iter(())

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan to set it, to take it back with the last certificate, or to change the bundle that its owner names.

        Raises StoreError where it cannot be read, or not be changed for certain.
        """
        named = self.named(host, store)
        if named.problem is not None:
            raise StoreError(store=store.id, cause=named.problem, advice="mend the file, and try again")
        if store.fed_by is not None:
            return Plan()
        if named.by is By.OWNER:
            return bundle.plan(host, replace(store, location=named.path), seen, change, MEND)
        noted = change.noted_entries
        if change.add:
            done, entries = Plan(), noted
            if named.by is By.NOBODY or named.outdated:
                done, entries = self.enable(host, store, noted)
            return replace(done, placed=tuple(Placed(one.sha256, entries) for one in change.add))
        return self.disable(host, store, noted) if change.last and named.by is By.US else Plan()

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load a bundle that its owner names; ours is verified where it is made."""
        named = self.named(host, store)
        return host.openssl_refuses(named.path) if named.by is By.OWNER else None


def seen_through(host: Host, named: Named, names: frozenset[str]) -> Observation:
    """See what the clients of a reference trust.

    A reference of ours that names a missing file counts as a copy of each certificate, so that `remove` takes it back.
    """
    if not named.path:
        return Observation({}, problems=(named.problem,) if named.problem else ())
    if named.by is not By.NOBODY and host.status(named.path) is None:
        missing = f"it names {printable(named.path, 4096)}, which is missing"
        copies = tuple(Copy(one, marked=True) for one in sorted(names)) if named.by is By.US else ()
        return Observation({}, problems=(missing,), copies=copies, outdated=named.outdated)
    seen = bundle.observe(host, named.path, names)
    if named.by is By.NOBODY:  # what all accounts have is not the store's own
        return replace(seen, marked=frozenset(), copies=())
    if named.by is By.OWNER:
        return seen
    # What our bundle has from the system alone goes when it is written without it: it does not hold yet.
    half = dict.fromkeys(names & seen.anchors.keys() - seen.marked, State.PARTIAL)
    copies = tuple(Copy(one.sha256, marked=one.marked) for one in seen.copies)
    return replace(seen, anchors={**seen.anchors, **half}, copies=copies, outdated=named.outdated)
