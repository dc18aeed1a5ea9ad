"""Bundles that the caller names: one PEM file that some programs read, and that no tool makes from other files.

Distroless images have nothing else; an application may have one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.backend import Capability
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.linux import families
from trustinstall_platforms.linux.family import store as family_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions

_FAMILIES = (
    families.DEBIAN,
    families.GENTOO,
    families.VOID,
    families.RHEL,
    families.SUSE,
    families.ARCH,
    families.ALPINE,
)


class NamedBundle(PemBundles):
    """The backend of `--search FILE`: only files that the caller names, now or in an earlier command, are found."""

    name = "bundle"
    capabilities = frozenset({Capability.IDENTICAL_FILES})

    def discover(self, host: Host, places: DiscoveryOptions) -> Iterator[Store]:
        """Find the caller's files; raises UsageProblem for one that is not a bundle, or must not be changed."""
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
        """Find a bundle that was named before, if it still exists."""
        status = host.status(location)
        return self._store(host, location) if status is not None and status.kind is Kind.FILE else None

    def _store(self, host: Host, location: str) -> Store:
        owner, unwritable = bundle.owner(host, location)
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            "programs that read this file",
            label=location,
            blocked=blocked(unwritable),
        )


def _check(host: Host, real: str) -> None:
    """Raise ValueError, in words, if a file is not a bundle, or is made by a tool."""
    status = host.status(real)
    if status is None:
        raise ValueError("there is no such file" + (" in the image" if host.is_image else ""))
    if status.kind is not Kind.FILE:
        raise ValueError("it is no regular file")
    if next(bundle.anchors(host, real), None) is None:
        raise ValueError("it holds no certificate")
    for family in _FAMILIES if host.platform == "linux" else ():
        if host.real(family.bundle) == real and family_store(host, family) and host.executable(family.tool):
            raise ValueError(f"{family.tool} makes it, and would drop what is added to it (store {family.name})")
    if bundle.owner(host, real)[0] != host.account.uid:
        raise ValueError("it belongs to another account, which has to name it itself")


def _refused(path: str, cause: str, advice: str) -> UsageProblem:
    return UsageProblem(f"--search {printable(path, 4096)}: {cause}; {advice}")
