"""The roots for a TLS client of this account: those of the machine, and those that trustinstall manages."""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import pem_blocks
from trustinstall.engine.request import Selection
from trustinstall.errors import StateError, TrustInstallError
from trustinstall.facts import system_bundle
from trustinstall.state import scopes
from trustinstall.stores.store import DiscoveryOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.state.ledger import Ledger

_PLAIN = "CERTIFICATE"  # programs of the system read no other blocks as anchors for servers (PEM_read_bio_X509(3))
_LIKE = "certifi"  # the backend whose stores programs in Python read: a claim that leaves those out is not for them


def roots(host: Host) -> tuple[Certificate, ...]:
    """Return the anchors of the operating system's stores, and the roots that were added for all Python programs.

    Roots whose trust has ended, and roots that were added for some names only, are left out. A ledger or store that
    cannot be read is skipped: the result then has fewer roots.
    """
    ledgers = list(_ledgers(host))
    now = host.now()
    found = {one.sha256: one for one in _system(host)}
    found |= {one.sha256: one for ledger in ledgers for one in added(ledger)}
    for ended in (one for ledger in ledgers for one in ledger.over(now)):
        found.pop(ended.sha256, None)
    return tuple(found.values())


def context(host: Host) -> ssl.SSLContext:
    """Return a context that verifies servers by `roots`; those that OpenSSL cannot read are left out."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for one in roots(host):
        with suppress(ssl.SSLError):
            made.load_verify_locations(cadata=one.der)
    return made


def _system(host: Host) -> Iterator[Certificate]:
    """Yield the anchors that programs of the system trust: of its bundle on Linux, else of its stores."""
    bundle = system_bundle.find(host) if host.platform == "linux" else None
    if bundle is not None:
        yield from (Certificate.held(one.der) for one in pem_blocks(bundle.content) if one.label == _PLAIN and one.der)
        return
    from trustinstall import catalog  # half a second of imports that Linux does without
    from trustinstall.engine.discovery import discover

    kinds = [one for one in catalog.of(host.platform) if one.name in catalog.SYSTEM_STORES]
    for backend, store in discover(host, kinds, DiscoveryOptions()).stores.values():
        with suppress(OSError, TrustInstallError):
            yield from map(Certificate.held, backend.anchors(host, store))


def _ledgers(host: Host) -> Iterator[Ledger]:
    with suppress(StateError):
        yield scopes.machine_ledger(host)[0]
    if not host.account.is_root and host.account.home is not None:
        with suppress(StateError):
            yield scopes.own_ledger(host)


def added(ledger: Ledger) -> Iterator[Certificate]:
    """Yield the certificates that are wanted for all names, in stores that may be those of Python."""
    for sha256, claim in ledger.claims.items():
        if not claim.terms.domains and Selection(claim.terms.stores, claim.terms.skip).may_take(_LIKE):
            yield ledger.certificates[sha256]
