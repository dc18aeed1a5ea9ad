"""Bundles of public roots that programs bring along: those of omnibus packages, of Electron, and of many tools.

No table names them. A walk finds them by their content, and their path shows that a program reads them (see
`installed`). A link counts for its target; a file that belongs to another kind of store is left to that kind.
Two names of one file (hard links) are two stores: a changed bundle is a new file under its own name, because package
managers share files by such names, and so each name is changed for its own program.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts.installed import program_of
from trustinstall.facts.our_files import is_ours
from trustinstall.facts.packages import Packages
from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.backend import Capability
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.public_bundles import LIKELY, holds_many
from trustinstall.stores.sealed import why_sealed
from trustinstall.stores.store import Store, blocked

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions

#: Directories of systems for bundles that their own tools make: a program's link into one of them needs no change.
_SYSTEMS = (
    "/etc/",
    "/usr/share/ca-certificates/",
    "/usr/share/pki/",
    "/usr/lib/ssl/",
    "/usr/local/share/ca-certificates/",
    "/var/lib/ca-certificates/",
    "/var/cache/ca-certs/",
)


class Embedded(PemBundles):
    """The backend of bundles that installed programs bring along."""

    name = "embedded"
    capabilities = frozenset({Capability.IDENTICAL_FILES, Capability.FOR_WANT_OF_ANOTHER})
    candidates = LIKELY
    mend = "install the program that it belongs to anew"
    separates = True

    def __init__(self) -> None:
        """Start without any package."""
        self._packages = Packages()

    def discover(self, _host: Host, _places: DiscoveryOptions) -> tuple[Store, ...]:
        """Find nothing without a walk; see `recognise`."""
        return ()

    def recognise(self, host: Host, path: str) -> Store | None:
        """Return the bundle that a file of an installed program is."""
        real = path if host.link_target(path) is None else host.real(path)
        if real.startswith(_SYSTEMS) or is_ours(real) or not holds_many(host, real):
            return None  # read before directories are listed: a directory may hold thousands of other certificates
        return self.at(host, real) if program_of(host, path) is not None else None

    def at(self, host: Host, location: str) -> Store | None:
        """Return the bundle at a location, or None if it no longer exists."""
        status = host.status(location)
        if status is None or status.kind is not Kind.FILE:
            return None
        owner, unwritable = bundle.owner(host, location)
        sealed = why_sealed(location)
        program = program_of(host, location) or posixpath.dirname(location)
        package = self._packages.owner(host, program, location)
        name = f"package {package}" if package else posixpath.basename(program)
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            f"{printable(name)}, once it is started again",
            label=program,
            blocked=blocked(sealed or unwritable, permanent=sealed is not None),
        )
