"""References: settings and variables that hold no certificate, and name a bundle.

While a certificate is wanted, a reference names a bundle of trustinstall. If its owner has set it to another bundle of
the same account, that bundle gets marked blocks, like any other bundle.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError, printable
from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend, Capability
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.store import Store

#: The labels that Node.js, Go, rustls and GnuTLS read: OpenSSL's `TRUSTED CERTIFICATE` is no anchor for them (tried).
PLAIN = frozenset({"CERTIFICATE"})
MEND = "get it anew from where it came"  # the advice for a bundle that clients cannot load


class By(Enum):
    """Who set a reference."""

    UNSET = "unset"  # it names no bundle itself
    US = "us"  # it carries the mark of trustinstall: the name of its bundle, or a comment
    OWNER = "owner"  # its owner has set it to another bundle


@dataclass(frozen=True)
class Named:
    """The current value of a reference.

    Attributes:
        by: who set it.
        path: the bundle that its clients read; "" if that is unknown or built in.
        problem: why it cannot be read, or why its value is invalid; or None.
        outdated: whether trustinstall would write it in another way today.
    """

    by: By
    path: str = ""
    problem: str | None = None
    outdated: bool = False


class Reference(Backend):
    """Base class of backends whose stores name a bundle: only `enable` and `disable` are planned."""

    capabilities = frozenset({Capability.SET_ONCE})

    @abstractmethod
    def named(self, host: Host, store: Store, /) -> Named:
        """Read the reference."""

    @abstractmethod
    def enable(self, host: Host, store: Store, noted: tuple[str, ...], /) -> tuple[Plan, tuple[str, ...]]:
        """Plan to set it to the bundle of trustinstall; return the plan, and the entries for the ledger.

        `noted` holds the ledger's entries if the reference is only outdated. Raises StoreError.
        """

    @abstractmethod
    def disable(self, host: Host, store: Store, noted: tuple[str, ...], /) -> Plan:
        """Plan to restore its earlier value, to the byte; `noted` is the result of `enable`. Raises StoreError."""

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the anchors that its clients trust through the bundle that it names."""
        return seen_through(host, self.named(host, store), names)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in the bundle that it names."""
        path = self.named(host, store).path
        return bundle.anchors(host, path, PLAIN) if path and host.status(path) else iter(())

    def plan(self, host: Host, store: Store, seen: Observation, change: Change) -> Plan:
        """Plan to set it, to restore it with the last certificate, or to change the bundle that its owner has chosen.

        Raises StoreError if it cannot be read, or not be changed reliably.
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
            if named.by is By.UNSET or seen.outdated:
                done, entries = self.enable(host, store, noted)
            return replace(done, placed=tuple(Placed(one.sha256, entries) for one in change.add))
        return self.disable(host, store, noted) if change.last and named.by is By.US else Plan()

    def artefact(self, host: Host, store: Store) -> str:
        """Return the bundle that its owner has chosen, or else its own file."""
        named = self.named(host, store)
        return named.path if named.by is By.OWNER and named.path else store.location

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load a bundle that its owner has chosen; the managed bundle is verified when it is made."""
        named = self.named(host, store)
        return host.openssl_refuses(named.path) if named.by is By.OWNER else None


def seen_through(host: Host, named: Named, names: frozenset[str]) -> Observation:
    """Observe the anchors that the clients of a reference trust.

    A managed reference to a missing file counts as a copy of each certificate, so that `remove` restores it.
    """
    if not named.path:
        return Observation({}, problems=(named.problem,) if named.problem else ())
    if named.by is not By.UNSET and host.status(named.path) is None:
        missing = f"it names {printable(named.path, 4096)}, which is missing"
        copies = tuple(Copy(one, marked=True) for one in sorted(names)) if named.by is By.US else ()
        return Observation({}, problems=(missing,), copies=copies, outdated=named.outdated)
    seen = bundle.observe(host, named.path, names, PLAIN)
    if named.by is By.UNSET:  # the defaults of all accounts do not belong to this store
        return replace(seen, marked=frozenset(), copies=())
    if named.by is By.OWNER:
        return seen
    # A root that only the system put into the managed bundle goes when the bundle is written without it.
    half = dict.fromkeys(names & seen.anchors.keys() - seen.marked, State.PARTIAL)
    copies = tuple(Copy(one.sha256, marked=one.marked) for one in seen.copies)
    return replace(seen, anchors={**seen.anchors, **half}, copies=copies, outdated=named.outdated)


def names_nothing(host: Host, backend: Backend, store: Store) -> bool:
    """Whether a store is a reference whose owner has set it to what is no bundle: then it holds nothing managed."""
    if not isinstance(backend, Reference):
        return False
    named = backend.named(host, store)
    return named.by is By.OWNER and not named.path
