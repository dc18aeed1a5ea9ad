"""Whole trees that may hold Python environments, and what in them may be a bundle of roots.

Environments lie wherever people put their projects: what no table names is found by looking through homes and the
places for software of one's own. What is cheap to see (a name, a size) is asked before a file is read.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.facts import homes
from trustinstall.facts.programs import expanded
from trustinstall.host import Kind
from trustinstall.stores.store import OtherAccount, ScanProgress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.host.paths import Entry

#: The acting account's own; root's besides: software that no package manager has put there (FHS 3.0, 3.13 and 4.9).
HOME = "~"
MACHINE = ("/opt", "/usr/local")
#: Programs that bring a Python of their own, or are frozen (their packages lie in no site-packages); documented.
PROGRAMS = (
    "/usr/lib/google-cloud-sdk",  # gcloud from Google's deb and rpm: lib/third_party, and platform/bundledpythonunix
    "/usr/lib64/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/usr/lib64/az",  # Azure CLI's rpm; its deb is /opt/az
)
#: What is not looked into, wherever it is: it holds no environment, and much else.
NAMES = frozenset({"__pycache__", "node_modules", ".git", ".hg", ".svn", "lost+found", ".snapshots", ".Trash"})
#: Containers' file systems: they are images', shared, and changed where the image is built.
CONTAINERS = (
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/containers",
    "/var/lib/kubelet",
    "/var/lib/machines",
    "/var/lib/lxc",
    "/var/lib/lxd",
    "/var/lib/incus",
    "/var/lib/flatpak",
    "/var/lib/snapd",
    "~/.local/share/containers",
    "~/.local/share/docker",
    "~/.local/share/lxc",
    "~/.local/share/flatpak",
    "~/.var/app",
    "~/snap",
    "~/Library/Containers",
    "~/Library/Group Containers",
    "~/Library/CloudStorage",  # fetched from the network when somebody looks
    "~/Library/Mobile Documents",
)
ENTRIES, SECONDS = 3_000_000, 120.0  # that one tree is looked through for, unasked
_SIGN = 2048  # directories between two signs of life

#: What a bundle may be called: a suffix of PEM, or a text that speaks of CAs.
_LIKELY = re.compile(r".*\.(?:pem|crt|cer|bundle)|ca[-_]?(?:certs?|bundle|roots?)\b.*|.*\bcacerts?\.txt", re.IGNORECASE)
_PACKAGES = ("/site-packages/", "/dist-packages/")
MANY = 10  # public roots that make a file among packages a bundle
_SMALLEST, _LARGEST = (
    MANY * 500,
    8 << 20,
)  # bytes: a P-256 root takes more than 500 in PEM, the largest bundle seen 1 MiB


#: conda's lists of what it has fetched, beside the packages.
_FETCHED = frozenset({"urls", "urls.txt"})
_IN_CACHE = re.compile(r"/(?:(?P<uv>[a-z]+-v\d+)|(?P<conda>pkgs))(?=/)")
_SHARED = "it lies in {0}'s cache, which other environments share; make the environment anew with its own copies ({1})"


def trees(host: Host) -> Iterator[str]:
    """The trees to look through for the acting account, each real and once."""
    paths = expanded(host, (HOME, *(MACHINE if host.account.uid == host.machine_owner else ()), *PROGRAMS))
    for path in dict.fromkeys(map(host.real, paths)):
        status = host.status(path)
        if path != "/" and status is not None and status.kind is Kind.DIRECTORY:
            yield path


def through(host: Host, top: str) -> Iterator[Entry | ScanProgress]:
    """Every directory of a tree that may hold bundles; where it is cut short, that is said."""
    kind = homes.remote(host, top)
    if kind is not None:
        yield ScanProgress(top, f"it lies on the network ({kind})")
        return
    try:
        for entry in below(host, top, ENTRIES, SECONDS):
            if not isinstance(entry, OtherAccount):
                yield entry
    except OSError as error:
        yield ScanProgress(top, error.strerror or str(error))


def below(host: Host, top: str, limit: int, seconds: float) -> Iterator[Entry | ScanProgress | OtherAccount]:
    """Every directory below one that may hold bundles. Raises OSError(EFBIG or ETIMEDOUT) where it is too much."""
    skipped = NAMES | {host.real(path) for path in expanded(host, CONTAINERS)} - {top}
    for number, entry in enumerate(host.walk(top, limit, seconds, skipped)):
        if number % _SIGN == _SIGN - 1:
            yield ScanProgress(entry.path)
        if not entry.entered:
            yield OtherAccount(entry.uid, entry.path)
        elif is_cache(entry):
            entry.below.clear()
        else:
            yield entry


def is_cache(entry: Entry) -> bool:
    """Whether a directory is a package manager's cache, of which environments' files are links or copies.

    uv's says so (bford.info/cachedir), as do environments themselves, that backups may leave out; conda's lists what it
    has fetched (docs.conda.io, "pkgs_dirs").
    """
    if posixpath.basename(entry.path) == "pkgs" and not _FETCHED.isdisjoint(entry.files):
        return True
    return "CACHEDIR.TAG" in entry.files and "pyvenv.cfg" not in entry.files


def likely(path: str, names: tuple[str, ...]) -> Iterator[str]:
    """The files in a directory among packages that may be bundles by their names."""
    inside = f"{path}/"
    if any(word in inside for word in _PACKAGES):
        yield from (inside + name for name in names if _LIKELY.fullmatch(name))


def holds_many(host: Host, path: str) -> bool:
    """Whether a file holds so many public roots that it must be a bundle of them: its size is asked first.

    A file of a service's own roots, however many, is a pin: whoever trusts that service alone asks for no other root.
    """
    status = host.status(path)
    if status is None or status.kind is not Kind.FILE or not _SMALLEST <= status.size <= _LARGEST:
        return False
    try:
        content = host.read(path, _LARGEST)
    except OSError:  # another account's, or gone
        return False
    from trustinstall.certificates.public_roots import FINGERPRINTS  # rarely needed: files of other names are few

    ders = {one.der for one in pem_blocks(content) if one.label in CERTIFICATE_LABELS and one.der is not None}
    return sum(hashlib.sha256(der).hexdigest() in FINGERPRINTS for der in ders) >= MANY


def cached(host: Host, path: str) -> str | None:
    """Why a file must not be changed because it lies in a package manager's cache, or None.

    uv's has directories like archive-v0 below its mark (docs.astral.sh/uv/concepts/cache), conda's one per package.
    """
    for match in _IN_CACHE.finditer(path):
        top = path[: match.start()]
        if match["uv"] and host.status(f"{top}/CACHEDIR.TAG"):
            return _SHARED.format("uv", "UV_LINK_MODE=copy")
        if match["conda"] and any(host.status(f"{top}/pkgs/{name}") for name in _FETCHED):
            return _SHARED.format("conda", "always_softlink: false")
    return None
