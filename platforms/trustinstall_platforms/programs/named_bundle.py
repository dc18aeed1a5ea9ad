"""Bundles that the caller names: one PEM file that some programs read, where no tool makes it of anything.

Distroless images have nothing else; an application may have one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.linux import families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.store import Places

_FAMILIES = (
    families.DEBIAN,
    families.GENTOO,
    families.VOID,
    families.RHEL,
    families.SUSE,
    families.ARCH,
    families.ALPINE,
)


class NamedBundle:
    """The backend of `--bundle FILE`: nothing is found that was not named, now or when it was added to."""

    name = "bundle"
    whole = True

    def discover(self, host: Host, places: Places) -> Iterator[Store]:
        """Find what the caller named; raises UsageProblem where that is no bundle, or not one to be changed."""
        for path in dict.fromkeys(places.bundles):
            try:
                real = host.real(path)
                _check(host, real)
            except OSError as error:
                raise _refused(path, f"it cannot be read: {error.strerror}", "look at it") from None
            except ValueError as error:
                raise _refused(path, str(error), "name a PEM file that holds certificates") from None
            yield self._store(host, real)

    def at(self, host: Host, location: str) -> Store | None:
        """Find a bundle that was named before, if it is still there."""
        status = host.status(location)
        return self._store(host, location) if status is not None and status.kind is Kind.FILE else None

    def observe(self, host: Host, store: Store) -> Observation:
        """See what programs that read it trust."""
        return bundle.observe(host, store.location)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in it."""
        return bundle.anchors(host, store.location)

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan one edit for all certificates; raises StoreError where the bundle is damaged."""
        return bundle.plan(host, store, seen, wanted, record, "get it anew from where it came")

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from it."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load it: one block that it refuses makes it refuse all of them."""
        return host.openssl_refuses(store.location)

    def _store(self, host: Host, location: str) -> Store:
        owner, unwritable = bundle.owner(host, location)
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            "whatever reads this file",
            label=location,
            blocked=blocked(unwritable),
        )


def _check(host: Host, real: str) -> None:
    """Raise ValueError, in words, where a file is no bundle, or is made by a tool."""
    status = host.status(real)
    if status is None:
        raise ValueError("there is no such file" + (" in the image" if host.is_image else ""))
    if status.kind is not Kind.FILE:
        raise ValueError("it is no regular file")
    if next(bundle.anchors(host, real), None) is None:
        raise ValueError("it holds no certificate")
    for family in _FAMILIES if host.platform == "linux" else ():
        if host.real(family.bundle) == real and families.store(host, family) and host.executable(family.tool):
            raise ValueError(f"{family.tool} makes it, and would drop what is added to it (store {family.name})")
    if bundle.owner(host, real)[0] != host.account.uid:
        raise ValueError("it belongs to another account, which has to name it itself")


def _refused(path: str, cause: str, advice: str) -> UsageProblem:
    return UsageProblem(f"--bundle {printable(path, 4096)}: {cause}; {advice}")
