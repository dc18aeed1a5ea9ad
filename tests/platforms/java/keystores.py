"""Made-up keystores, and how the backend finds them."""

from __future__ import annotations

from tests.support.fake_host import write
from tests.support.jks import jks
from tests.support.pki import make_root
from trustinstall.host import ActingHost
from trustinstall.stores.store import DiscoveryOptions, Store
from trustinstall_platforms.java.backend import Java
from trustinstall_platforms.keystores import change

BACKEND = Java()
CORP, OTHER, THIRD = (make_root(f"Java Root {number}") for number in range(3))
HOME = "/home/alice"
OURS = change.alias(CORP.sha256)
DELIVERED = jks(("other", OTHER.der))


def put(host: ActingHost, path: str, content: bytes = DELIVERED) -> str:
    """Write a file: a keystore as it was delivered, where nothing else is said."""
    return write(host, path, content)


def stores(host: ActingHost) -> list[Store]:
    """What is found."""
    return list(BACKEND.discover(host, DiscoveryOptions()))


def locations(host: ActingHost) -> list[str]:
    """Where what is found is."""
    return [one.location for one in stores(host)]
