"""The bundles of roots that Python packages bring along, above all certifi's.

None of them reads the system's roots, unless a distribution has changed the package: then the
bundle is a store that follows the system's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.facts.programs import is_directory
from trustinstall.patterns import regex
from trustinstall.stores.backend import Candidates, Capability
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.public_bundles import LIKELY, holds_many, is_likely
from trustinstall.stores.store import Found, OtherAccount, Store
from trustinstall_platforms.python.bundle_stores import NAME, store_at
from trustinstall_platforms.python.environments import environments
from trustinstall_platforms.python.known_bundles import BUNDLES, CONDA_BUNDLES, SWITCHES, bundle_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions

_INSIDE = ("/site-packages/", "/dist-packages/")
_MODULES = Candidates.called(*sorted({one.switch for one in BUNDLES if one.switch}))


class Certifi(PemBundles):
    """Every bundle of a Python package, as one kind of store."""

    name = NAME
    capabilities = frozenset({Capability.IDENTICAL_FILES})
    candidates = Candidates(
        regex(f"{LIKELY.names.pattern}|{_MODULES.names.pattern}", re.IGNORECASE | re.ASCII),
        (*LIKELY.pieces, *_MODULES.pieces),
    )
    mend = "install the package that it belongs to anew"
    separates = True  # from uv's or conda's cache, which stays unchanged

    def discover(self, host: Host, places: DiscoveryOptions) -> Iterator[Found]:
        """Find bundles in known environments, each once.

        Raises UsageProblem if the caller named a path that is not an environment.
        """
        seen: set[str] = set()
        for found in _found(host, places):
            if not isinstance(found, Store):
                yield found
            elif found.id not in seen:
                seen.add(found.id)
                yield found

    def recognise(self, host: Host, path: str) -> Store | None:
        """Return the bundle that a file is or stands for, in an environment at any place."""
        directory, _, name = path.rpartition("/")
        for switch, bundle in SWITCHES:
            if path.endswith(switch):
                beside = f"{directory}/{bundle}"
                return store_at(host, beside) if host.status(beside) is None else None
        if bundle_at(path) is not None or _is_condas(host, path):
            return store_at(host, path)
        inside = any(word in path for word in _INSIDE) and is_likely(name)
        return store_at(host, path) if inside and holds_many(host, path) else None

    def at(self, host: Host, location: str) -> Store | None:
        """Return the bundle at a location, or None if it no longer exists."""
        return store_at(host, location)


def _found(host: Host, places: DiscoveryOptions) -> Iterator[Found]:
    for one in environments(host, places):
        if isinstance(one, OtherAccount):
            yield one
            continue
        paths = [f"{site}/{bundle.path}" for site in one.sites for bundle in BUNDLES]
        if is_directory(host, f"{one.prefix}/conda-meta"):
            paths += [f"{one.prefix}/{path}" for path in CONDA_BUNDLES]
        yield from (store for store in (store_at(host, path) for path in paths) if store is not None)


def _is_condas(host: Host, path: str) -> bool:
    """Whether a path is that of a bundle of conda's OpenSSL, in an environment of conda's."""
    prefixes = (path.removesuffix(f"/{one}") for one in CONDA_BUNDLES)
    return any(one != path and is_directory(host, f"{one}/conda-meta") for one in prefixes)
