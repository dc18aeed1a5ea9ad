"""Projects whose own settings name roots: directories with a file that has precedence over the account's files.

Sources: git-config(1), FILES; hgrc(5), Files; The Cargo Book, Configuration, Hierarchical structure; bundle-config(1);
npm documentation, npmrc; PHP manual, .user.ini files; Yarn 1 documentation, yarnrc; Yarn documentation, .yarnrc.yml.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trustinstall.patterns import regex
from trustinstall.values import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host


class Project(NamedTuple):
    """A directory, and the names of the clients that read the settings in it; " for …" may follow such a name."""

    directory: str
    clients: tuple[str, ...]


#: The clients of a project's file, by its path in the project.
_FILES = {
    ".git/config": ("git",),
    ".hg/hgrc": ("Mercurial",),
    ".cargo/config": ("Cargo",),
    ".cargo/config.toml": ("Cargo",),
    ".bundle/config": ("Bundler",),
    ".npmrc": ("npm", "pnpm", "Yarn 1"),
    ".yarnrc": ("Yarn 1",),
    ".user.ini": ("PHP's server",),
    ".yarnrc.yml": ("Yarn 2 and 3", "Yarn from 4 on"),
}
#: The names of these files.
NAMES = tuple(dict.fromkeys(one.rpartition("/")[2] for one in _FILES))
#: Words of the keys that name roots, or include files that may: other files are not remembered.
_KEYS = regex(rb"sslca|cainfo|cacerts|cafile|\bca\b|ssl_ca_cert|\binclude\b", re.IGNORECASE)
_LIMIT = 1 << 18  # octets of a settings file
_MOST = 100  # projects of an account


def is_of_project(host: Host, path: str) -> bool:
    """Whether a file is a project's settings, and may name roots."""
    if not _project(host, path):
        return False
    try:
        return _KEYS.search(host.read_or_none(path, _LIMIT) or b"") is not None
    except OSError:
        return False  # too long, or unreadable: its client refuses it, or has it from another account


def projects(host: Host) -> tuple[Project, ...]:
    """Return the projects that the last scan of trees found; for root those whose files no other account may change."""
    if host.is_image or host.platform == "win32":
        return ()
    return host.remembered(("projects", host.known), lambda: tuple(_projects(host)))


def _projects(host: Host) -> Iterator[Project]:
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(host.known):
        directory = _project(host, path)
        if directory and _may_be_read(host, path) and (directory in found or len(found) < _MOST):
            found[directory] = (*found.get(directory, ()), *_FILES[path.removeprefix(f"{directory}/")])
    yield from (Project(directory, tuple(dict.fromkeys(clients))) for directory, clients in found.items())


def _may_be_read(host: Host, path: str) -> bool:
    try:
        return not host.account.is_root or host.path_owner(host.real(path)) == 0
    except OSError:
        return False


def _project(host: Host, path: str) -> str:
    """Return the directory of the project that a file belongs to, or "": the files in the home are the account's."""
    ends = (f"/{one}" for one in _FILES)
    directory = next((path.removesuffix(one) for one in ends if path.endswith(one)), "")
    return "" if directory == host.real((host.account.home or "").rstrip("/")) else directory
