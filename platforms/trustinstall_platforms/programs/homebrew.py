"""The bundles of Homebrew and MacPorts: one for each prefix, which their OpenSSL, curl, Python and Ruby read.

Sources: homebrew-core's formulae ca-certificates (its post-install step), openssl@3, openssl@1.1 and gnutls, whose own
cert.pem is a link to the first one's; MacPorts' curl-ca-bundle and openssl. All of it is documented, none was run.

On a Mac, Homebrew makes its bundle anew with every upgrade of ca-certificates: of Mozilla's roots, and of what the
machine's keychain holds and macOS trusts for TLS. A root that the machine trusts comes back by itself, but without our
marks; one that only an account trusts does not. On Linux it takes what the system's bundle holds.
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.store import Store, blocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.observation import Observation
    from trustinstall.stores.plan import Plan, Refresh
    from trustinstall.stores.store import Places

_BREW = (
    "etc/ca-certificates/cert.pem",
    "etc/openssl@3/cert.pem",  # a link to the first, as the next three are; their own file in old installations
    "etc/openssl@1.1/cert.pem",
    "etc/openssl/cert.pem",
    "etc/gnutls/cert.pem",
    "etc/libressl/cert.pem",
)
_PORTS = ("share/curl/curl-ca-bundle.crt", "etc/openssl/cert.pem", "libexec/openssl3/etc/openssl/cert.pem")

#: By platform: a prefix, who installs there, and bundles below it.
_PREFIXES = {
    "darwin": (
        ("/opt/homebrew", "Homebrew", _BREW),  # Macs with Apple's processors
        ("/usr/local", "Homebrew", _BREW),  # Macs with Intel's
        ("/opt/local", "MacPorts", _PORTS),
    ),
    "linux": (("/home/linuxbrew/.linuxbrew", "Homebrew", _BREW),),
}


class Homebrew:
    """The backend of their bundles, which belong to whoever has installed them."""

    name = "homebrew"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """Find each bundle once, however many links lead to it."""
        seen: set[str] = set()
        for prefix, _, paths in _PREFIXES.get(host.platform, ()):
            for path in paths:
                location = self._bundle(host, prefix, path)
                if location is not None and location not in seen:
                    seen.add(location)
                    yield self._store(host, location)

    def at(self, host: Host, location: str) -> Store | None:
        """The bundle at a location, or None where there is none any more."""
        status = host.status(location)
        return self._store(host, location) if status is not None and status.kind is Kind.FILE else None

    def observe(self, host: Host, store: Store) -> Observation:
        """See what programs that read it trust."""
        return bundle.observe(host, store.location)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in it."""
        return bundle.anchors(host, store.location)

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan one edit for all certificates; raises StoreError where the bundle is damaged.

        What we have put there stays ours when an upgrade has put it there again from the keychain, without our marks.
        """
        ours = {sha256: replace(placement, adopted=True) for sha256, placement in record.items()}
        return bundle.plan(host, store, seen, wanted, ours, "make it anew: brew postinstall ca-certificates")

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from it."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load it: one block that it refuses makes it refuse all of them."""
        return host.openssl_refuses(store.location)

    def _bundle(self, host: Host, prefix: str, path: str) -> str | None:
        """The file that a path leads to; None where it is missing, or belongs to another prefix or the system."""
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
