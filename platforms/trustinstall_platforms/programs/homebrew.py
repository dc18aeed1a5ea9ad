"""The bundles of Homebrew and MacPorts: one for each prefix, which their OpenSSL, curl, Python and Ruby read.

Sources: homebrew-core's formulae ca-certificates (its post-install step), openssl@3, openssl@1.1 and gnutls, whose own
cert.pem is a link to the first one's; MacPorts' curl-ca-bundle and openssl. All of it is documented, none was run.

On a Mac, Homebrew makes its bundle again with every upgrade of ca-certificates: of Mozilla's roots, and of the roots in
the machine's keychain that macOS trusts for TLS. A root that the machine trusts returns by itself, but without the
marks; one that only an account trusts does not. On Linux it takes the roots of the system's bundle.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.store import Store, blocked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions

_BREW = (
    "etc/ca-certificates/cert.pem",
    "etc/openssl@3/cert.pem",  # a link to the first, as the next three are; their own file in old installations
    "etc/openssl@1.1/cert.pem",
    "etc/openssl/cert.pem",
    "etc/gnutls/cert.pem",
    "etc/libressl/cert.pem",
)
_PORTS = ("share/curl/curl-ca-bundle.crt", "etc/openssl/cert.pem", "libexec/openssl3/etc/openssl/cert.pem")

#: By platform: a prefix, the package manager that installs there, and bundles below it.
_PREFIXES = {
    "darwin": (
        ("/opt/homebrew", "Homebrew", _BREW),  # Macs with Apple's processors
        ("/usr/local", "Homebrew", _BREW),  # Macs with Intel's
        ("/opt/local", "MacPorts", _PORTS),
    ),
    "linux": (("/home/linuxbrew/.linuxbrew", "Homebrew", _BREW),),
}


class Homebrew(PemBundles):
    """The backend of their bundles, which belong to the account that has installed them."""

    name = "homebrew"
    mend = "make it anew: brew postinstall ca-certificates"

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find each bundle once, for any number of links to it."""
        seen: set[str] = set()
        for prefix, _, paths in _PREFIXES.get(host.platform, ()):
            for path in paths:
                location = self._bundle(host, prefix, path)
                if location is not None and location not in seen:
                    seen.add(location)
                    yield self._store(host, location)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the bundle at a location, or None if it no longer exists."""
        status = host.status(location)
        return self._store(host, location) if status is not None and status.kind is Kind.FILE else None

    def _bundle(self, host: Host, prefix: str, path: str) -> str | None:
        """Return the target of a path; None if it is missing, or belongs to another prefix or the system."""
        home = host.real(prefix)
        if host.status(posixpath.dirname(f"{home}/{path}")) is None:
            return None
        real = host.real(f"{home}/{path}")
        status = host.status(real)
        return real if real.startswith(f"{home}/") and status is not None and status.kind is Kind.FILE else None

    def _store(self, host: Host, location: str) -> Store:
        owner, unwritable = bundle.owner(host, location)
        every = (one for prefixes in _PREFIXES.values() for one in prefixes)
        who = next((who for prefix, who, _ in every if location.startswith(f"{host.real(prefix)}/")), "Homebrew")
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            f"OpenSSL, curl, Python and Ruby from {who}",
            label=location,
            blocked=blocked(unwritable),
        )
