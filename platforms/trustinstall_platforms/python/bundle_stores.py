"""A bundle of a Python package as a store: whose it is, whether it follows the system's, and why it is not written."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall.stores import bundle as bundles
from trustinstall.stores import trees
from trustinstall.stores.sealed import why_sealed
from trustinstall.stores.store import Store, blocked, fed_by
from trustinstall_platforms.python.known_bundles import CONDA_CLIENTS, SYSTEM_BUNDLES, SYSTEM_PLACES, bundle_at

if TYPE_CHECKING:
    from trustinstall.host import Host
    from trustinstall_platforms.python.known_bundles import Bundle

NAME = "certifi"
_QUOTED = regex(rb"[\"'](/[ -~]+?)[\"']")
_PACKAGES = regex(r"(?P<prefix>.*?)(?:/lib(?:64)?/[^/]+|/Lib)?/(?:site|dist)-packages/(?P<package>[^/]+)/")
_MODULE_LIMIT = 1024 * 1024  # bytes


def store_at(host: Host, path: str) -> Store | None:
    """Return the store at a path: the file that links lead to, unless that is the system's."""
    if host.status(posixpath.dirname(path)) is None:  # most of them, and this check is cheap
        return None
    bundle = bundle_at(path)
    beside = posixpath.join(host.real(posixpath.dirname(path)), posixpath.basename(path))
    real = _reached(host, beside)
    follows = _system_bundle(host, beside, real, bundle)
    cached = trees.cached(host, real)
    location = beside if follows or cached else real
    status = host.status(location)
    if status is None and not follows:
        return None
    owner, unwritable = _owner(host, location if status else posixpath.dirname(location))
    packages = _PACKAGES.match(location)
    label = f"{packages['prefix']} ({packages['package']})" if packages else ""
    others = packages["package"] if packages else CONDA_CLIENTS
    clients = bundle.clients if bundle else others
    store_id = f"{NAME}:{location}"
    unwritable = None if follows else cached or unwritable
    sealed = unwritable is not None and (cached or why_sealed(location)) is not None
    return Store(
        NAME,
        location,
        owner,
        store_id,
        clients,
        label=label,
        source=fed_by(follows),
        blocked=blocked(unwritable, permanent=sealed),
    )


def _reached(host: Host, path: str) -> str:
    """Return the target of a path in a real directory; resolving takes long, and it is rarely a link."""
    return path if host.link_target(path) is None else host.real(path)


def _system_bundle(host: Host, path: str, target: str, bundle: Bundle | None) -> str | None:
    """Return the system's bundle that clients read in place of this one, links resolved, or None."""
    if target.startswith(SYSTEM_PLACES):
        return target
    if bundle is None or not bundle.switch:
        return None
    module = _reached(host, f"{posixpath.dirname(path)}/{bundle.switch}")
    try:
        (words,) = host.learned("system bundles in a module", (module,), 1, lambda: (_named(host, module),))
    except OSError:
        return None
    named = [host.real(word) for word in words]
    return next((one for one in named if host.status(one)), named[0] if named else None)


def _named(host: Host, module: str) -> tuple[str, ...]:
    """Return the system's bundles that a module names."""
    words = [word.decode() for word in _QUOTED.findall(host.read_or_none(module, _MODULE_LIMIT) or b"")]
    return tuple(word for word in words if word in SYSTEM_BUNDLES)


def _owner(host: Host, path: str) -> tuple[int, str | None]:
    """Return the owner of a file, and why it cannot be written."""
    owner, reason = bundles.owner(host, path)
    return owner, why_sealed(path) or reason
