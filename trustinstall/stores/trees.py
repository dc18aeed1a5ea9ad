"""Whole trees that may hold roots, and the parts of them that are left out.

People put environments, runtimes and programs anywhere: a store that no table names is found by a walk through homes,
the places for the administrator's own software, and the caller's directories.
"""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.errors import UsageProblem, printable
from trustinstall.facts import homes
from trustinstall.facts.programs import expanded, is_directory, slashed
from trustinstall.host.memory import Wanted
from trustinstall.host.walking import Bounds
from trustinstall.patterns import regex
from trustinstall.stores.store import OtherAccount, ScanProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trustinstall.host import Host
    from trustinstall.host.walking import Entry
    from trustinstall.stores.store import DiscoveryOptions

#: The acting account's own; for root also software from no package manager (FHS 3.0, 3.13 and 4.9), and the data of
#: the machine's services (3.17).
HOME = "~"
MACHINE = ("/opt", "/usr/local", "/srv")
#: Programs that bring a Python of their own, or are frozen (their packages lie in no site-packages); documented.
PROGRAMS = (
    "/usr/lib/google-cloud-sdk",  # gcloud from Google's deb and rpm: lib/third_party, and platform/bundledpythonunix
    "/usr/lib64/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/usr/lib64/az",  # Azure CLI's rpm; its deb is /opt/az
)
#: Directories that are skipped at any place: they hold no program, and many other files.
NAMES = frozenset({"__pycache__", ".svn", "lost+found", ".snapshots", ".Trash"})
#: Directories of which only the files are looked at: a repository's settings lie beside its many objects.
_SHALLOW = frozenset({".git", ".hg"})
#: Containers' file systems: they belong to images, are shared, and are changed where the image is built.
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
    "~/Library/CloudStorage",  # fetched from the network on access
    "~/Library/Mobile Documents",
)
#: The state of trustinstall in a home (`host.state_paths`): no program reads it, and a repair writes there.
OWN_STATE = "~/.local/state/trustinstall"
ENTRIES, SECONDS = 3_000_000, 120.0  # limits of a walk that the caller did not ask for
_MOST = 2_000_000  # entries below the caller's directory
_SIGN = 2048  # directories between two reports of progress
#: conda's lists of its downloads, beside the packages.
_FETCHED = frozenset({"urls", "urls.txt"})
_MARKS = frozenset({"CACHEDIR.TAG", "pyvenv.cfg", *_FETCHED})  # what `is_cache` asks for
_IN_CACHE = regex(r"/(?:(?P<uv>[a-z]+-v\d+)|(?P<conda>pkgs))(?=/)")
_SHARED = "it lies in {0}'s cache, which other environments share; make the environment anew with its own copies ({1})"


def directories(host: Host, places: DiscoveryOptions, wanted: Wanted) -> Iterator[Entry | OtherAccount | ScanProgress]:
    """Yield every directory of the trees to search, and each place at which the walk is or was cut short.

    Of its files only the wanted ones are named, and those that mark a cache or an environment. Raises UsageProblem if
    the caller's path is not a directory, or holds too much.
    """
    wanted = Wanted(wanted.question, partial(_with_marks, wanted.choose))
    for top in () if places.scanned else places.searches:
        yield from _searched(host, slashed(host, top), wanted)
    for top in _trees(host) if places.through and not places.scanned else ():
        yield from _through(host, top, wanted)


def _with_marks(choose: Callable[[tuple[str, ...]], Iterable[str]], names: tuple[str, ...]) -> Iterable[str]:
    """Return the chosen names, and the marks among them."""
    return *choose(names), *_MARKS.intersection(names)


def _trees(host: Host) -> Iterator[str]:
    """Yield the trees to search for the acting account, as real paths, each once."""
    paths = expanded(host, (HOME, *(MACHINE if host.account.uid == host.machine_owner else ()), *PROGRAMS))
    yield from (path for path in dict.fromkeys(map(host.real, paths)) if path != "/" and is_directory(host, path))


def _searched(host: Host, top: str, wanted: Wanted) -> Iterator[Entry | OtherAccount | ScanProgress]:
    real = host.real(top)
    if not is_directory(host, real):
        message = f"--search {printable(top)}: no such directory; name one that programs are in"
        raise UsageProblem(message)
    try:
        yield from below(host, real, Bounds(_MOST, wanted=wanted))
    except OSError as error:
        if error.errno != errno.EFBIG:
            raise
        message = f"--search {printable(top)}: {error.strerror}; name a directory further down"
        raise UsageProblem(message) from None


def _through(host: Host, top: str, wanted: Wanted) -> Iterator[Entry | ScanProgress]:
    """Yield every directory of a tree, and why the walk is cut short; another account's directories are skipped."""
    kind = homes.remote(host, top)
    if kind is not None:
        yield ScanProgress(top, f"it lies on the network ({kind})")
        return
    try:
        for entry in below(host, top, Bounds(ENTRIES, SECONDS, wanted=wanted)):
            if not isinstance(entry, OtherAccount):
                yield entry
    except OSError as error:
        yield ScanProgress(top, error.strerror or str(error))


def below(host: Host, top: str, bounds: Bounds) -> Iterator[Entry | OtherAccount | ScanProgress]:
    """Yield every directory below one that may hold programs. Raises OSError(EFBIG or ETIMEDOUT) for too much."""
    skipped = NAMES | {host.real(path) for path in expanded(host, (*CONTAINERS, OWN_STATE))} - {top}
    for number, entry in enumerate(host.walk(top, bounds._replace(skipped=skipped))):
        if number % _SIGN == _SIGN - 1:
            yield ScanProgress(entry.path)
        if not entry.entered:
            yield OtherAccount(entry.uid, entry.path)
        elif is_cache(entry):
            entry.below.clear()
        else:
            if entry.path.rpartition("/")[2] in _SHALLOW:
                entry.below.clear()
            yield entry


def is_cache(entry: Entry) -> bool:
    """Whether a directory is a package manager's cache, of which environments' files are links or copies.

    uv marks its cache (bford.info/cachedir), as do environments themselves, that backups may leave out; conda lists its
    downloads (docs.conda.io, "pkgs_dirs").
    """
    files = entry.files
    if "CACHEDIR.TAG" in files:
        return "pyvenv.cfg" not in files
    return entry.path.endswith("/pkgs") and not _FETCHED.isdisjoint(files)


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
