"""The bundles of roots that Python packages bring along, above all certifi's.

None of them reads the system's roots, unless a distribution has changed the package: then the
bundle is a store that follows the system's.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.facts.programs import is_directory
from trustinstall.patterns import regex
from trustinstall.stores import bundle as bundles
from trustinstall.stores import trees
from trustinstall.stores.backend import Candidates, Capability
from trustinstall.stores.bundle import PemBundles
from trustinstall.stores.public_bundles import LIKELY, holds_many, is_likely
from trustinstall.stores.sealed import why_sealed
from trustinstall.stores.store import Found, OtherAccount, Store, blocked, fed_by
from trustinstall.values import NamedTuple
from trustinstall_platforms.python.environments import environments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.store import DiscoveryOptions


class Bundle(NamedTuple):
    """One known bundle.

    Attributes:
        path: its path below an environment's directory of packages.
        clients: the programs that read it.
        known: "real" if the newest release was examined (its version), "documented" otherwise.
        switch: the module beside it that names the bundle; distributions make it name the system's.
    """

    path: str
    clients: str
    known: str
    switch: str = ""


BUNDLES = (
    Bundle(
        "certifi/cacert.pem",
        "requests, httpx, others with certifi",
        "real: 2026.10.18",
        "core.py",
    ),
    Bundle("pip/_vendor/certifi/cacert.pem", "pip", "real: 26.3", "core.py"),
    Bundle("pip/_vendor/requests/cacert.pem", "pip up to 9", "documented"),
    Bundle("pipenv/patched/pip/_vendor/certifi/cacert.pem", "pipenv", "real: 2026.10.3", "core.py"),
    Bundle("pipenv/patched/notpip/_vendor/certifi/cacert.pem", "older pipenv", "documented", "core.py"),
    Bundle("botocore/cacert.pem", "boto3", "real: 1.44.5"),
    Bundle("awscli/botocore/cacert.pem", "AWS CLI", "real: 1.46.3"),
    Bundle("httplib2/cacerts.txt", "httplib2", "real: 0.32.1", "certs.py"),
    Bundle("grpc/_cython/_credentials/roots.pem", "gRPC", "real: 1.85.1; no final line break"),
    Bundle("boto/cacerts/cacerts.txt", "boto 2", "real: 2.49.0"),
    Bundle("gslib/data/cacerts.txt", "gsutil", "real: 5.38"),
    Bundle("gslib/vendored/boto/boto/cacerts/cacerts.txt", "gsutil", "real: 5.38"),
    Bundle("stripe/data/ca-certificates.crt", "stripe", "real: 16.1.0; 12 roots"),
    Bundle("requests/cacert.pem", "requests before 2.16", "documented"),
    Bundle("tornado/ca-certificates.crt", "tornado before 5", "documented"),
    Bundle("dropbox/trusted-certs.crt", "older dropbox", "documented"),
    Bundle("websocket/cacert.pem", "older websocket-client", "documented"),
)

#: Bundles of conda's own OpenSSL, below the environment itself (package ca-certificates); documented.
CONDA_BUNDLES = ("ssl/cacert.pem", "Library/ssl/cacert.pem")
CONDA_CLIENTS = "OpenSSL, curl and git in the conda environment"

#: The bundles that changed packages name instead of their own.
SYSTEM_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian: python3-certifi 2022.9.24-1, python3-pip 23.0.1; real
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora and RHEL: certifi-*-use-system-cert.patch; documented
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # the same, older
    "/etc/ssl/ca-bundle.pem",  # SUSE: python-certifi-shipped-requests-cabundle.patch; documented
    "/var/lib/ca-certificates/ca-bundle.pem",  # what that is a link to
    "/etc/ssl/cert.pem",  # Alpine, FreeBSD; documented
    "/etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch; documented
)
#: The directories of the systems' bundles: a bundle that is a link into one of them follows.
SYSTEM_PLACES = ("/etc/ssl/", "/etc/pki/", "/etc/ca-certificates/", "/var/lib/ca-certificates/")

_QUOTED = regex(rb"[\"'](/[ -~]+?)[\"']")
_PACKAGES = regex(r"(?P<prefix>.*?)(?:/lib(?:64)?/[^/]+|/Lib)?/(?:site|dist)-packages/(?P<package>[^/]+)/")
_INSIDE = ("/site-packages/", "/dist-packages/")
#: The modules that stand for a bundle: a changed package may have none.
_SWITCHES = tuple(
    (f"/{posixpath.dirname(one.path)}/{one.switch}", posixpath.basename(one.path)) for one in BUNDLES if one.switch
)
_MODULES = Candidates.called(*sorted({one.switch for one in BUNDLES if one.switch}))
_MODULE_LIMIT = 1024 * 1024  # bytes


class Certifi(PemBundles):
    """Every bundle of a Python package, as one kind of store."""

    name = "certifi"
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
        for switch, bundle in _SWITCHES:
            if path.endswith(switch):
                beside = f"{directory}/{bundle}"
                return _store(host, beside) if host.status(beside) is None else None
        if _bundle(path) is not None or _is_condas(host, path):
            return _store(host, path)
        inside = any(word in path for word in _INSIDE) and is_likely(name)
        return _store(host, path) if inside and holds_many(host, path) else None

    def at(self, host: Host, location: str) -> Store | None:
        """Return the bundle at a location, or None if it no longer exists."""
        return _store(host, location)


def _found(host: Host, places: DiscoveryOptions) -> Iterator[Found]:
    for one in environments(host, places):
        if isinstance(one, OtherAccount):
            yield one
            continue
        paths = [f"{site}/{bundle.path}" for site in one.sites for bundle in BUNDLES]
        if is_directory(host, f"{one.prefix}/conda-meta"):
            paths += [f"{one.prefix}/{path}" for path in CONDA_BUNDLES]
        yield from (store for store in (_store(host, path) for path in paths) if store is not None)


def _is_condas(host: Host, path: str) -> bool:
    """Whether a path is that of a bundle of conda's OpenSSL, in an environment of conda's."""
    prefixes = (path.removesuffix(f"/{one}") for one in CONDA_BUNDLES)
    return any(one != path and is_directory(host, f"{one}/conda-meta") for one in prefixes)


def _bundle(path: str) -> Bundle | None:
    fitting = (one for one in BUNDLES if path.endswith(f"/{one.path}"))
    return max(fitting, key=lambda one: len(one.path), default=None)


def _store(host: Host, path: str) -> Store | None:
    """Return the store at a path: the file that links lead to, unless that is the system's."""
    if host.status(posixpath.dirname(path)) is None:  # most of them, and this check is cheap
        return None
    bundle = _bundle(path)
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
    store_id = f"{Certifi.name}:{location}"
    unwritable = None if follows else cached or unwritable
    sealed = unwritable is not None and (cached or why_sealed(location)) is not None
    return Store(
        Certifi.name,
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
