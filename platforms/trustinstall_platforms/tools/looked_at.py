"""Settings that trustinstall only reads: if one names a bundle of the same account, certificates go into that bundle.

No key is set. They are the settings of tools that follow the system until their own settings name a bundle (curl, git,
Cargo, Poetry and more), those for one profile, URL or command of a tool of the table, those of one Python environment
or project,
and those for one registry, repository or cluster. If a file has its private key beside it, it is an authority that
makes certificates here, like minikube's, which its clusters also accept as the authority of their clients: no
certificate goes into that file.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.errors import printable
from trustinstall.facts import system_bundle
from trustinstall.facts.programs import programs
from trustinstall.stores import bundle as bundles
from trustinstall.stores.store import Store, blocked
from trustinstall.values import NamedTuple
from trustinstall_platforms.tools.effective import decide, elsewhere, ours
from trustinstall_platforms.tools.effective.model import Form, Kind, Mode, one_of_each
from trustinstall_platforms.tools.table import TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall_platforms.tools.effective.model import Bundle, Effective, Session
    from trustinstall_platforms.tools.effective.rows import Client

_LONGEST = 4096  # characters of a path that are shown


class Looked(NamedTuple):
    """One bundle, or one setting that does not lead to a bundle that the acting account may change.

    Attributes:
        location: the bundle, or the settings file.
        client: its reader.
        setter: the setting that names it, for people.
        wrong: why certificates cannot go there, or None.
        beside: whether the settings file is a store by itself, for another key.
    """

    location: str
    client: str
    setter: str
    wrong: str | None = None
    beside: bool = False

    @property
    def place(self) -> str:
        """The location of the store."""
        return f"{self.location}#{self.client.replace(' ', '-')}" if self.beside else self.location


def stores(host: Host, backend: str, sessions: Sequence[Session], taken: frozenset[str]) -> Iterator[Store]:
    """Yield a store for each bundle that such settings name, except those that are `taken` (locations)."""
    known = set(taken)
    for each in _looked(host, sessions):
        # a settings file that is a store itself, and has one more key that leads to no bundle
        one = each._replace(beside=each.wrong is not None and each.location in taken)
        if one.place not in known:
            known.add(one.place)
            yield _store(host, backend, one)


def at(host: Host, backend: str, sessions: Sequence[Session], location: str) -> Store | None:
    """Return the store at a location: a bundle that still exists, or a setting that leads to none.

    A link that has come into a bundle's place is not that bundle.
    """
    every = (one._replace(beside=beside) for one in _looked(host, sessions) for beside in (False, True))
    found = next((one for one in every if one.place == location), None)
    if found is None and host.real(location) == location and system_bundle.bundle(host, location) is not None:
        found = Looked(location, "programs whose settings name it", "")
    return _store(host, backend, found) if found is not None else None


def _looked(host: Host, sessions: Sequence[Session]) -> Iterator[Looked]:
    if host.is_image or host.platform == "win32":
        return
    written = frozenset(one.name for one in TOOLS if not (one.follows and host.account.is_root))
    seen = [
        found
        for scene in decide.scenes(host, sessions)
        for client, found in decide.all_of_them(scene)
        if client.tool not in written and (found.decider.kind is Kind.SETTING or _is_directory_alone(host, found))
        if not _by_the_system(host, client, found)
    ]
    known = {(found.client, found.decider) for found in seen if found.known}
    for found in seen:  # what one session does not know another one does, by its variables
        if found.known or (found.client, found.decider) not in known:
            yield from _of_client(host, found)
    for _, _, found in elsewhere.look(host):
        yield from _of_client(host, found)


def _is_directory_alone(host: Host, found: Effective) -> bool:
    """Whether a variable in a file names a directory that SSL_CERT_FILE would hide from Composer, and so is not set."""
    named = found.decider.kind is Kind.VARIABLE and any(one.form is Form.DIRECTORY for one in found.bundles)
    return named and found.client == "Composer" and bool(found.decider.path) and programs(host, ("composer",))


def _by_the_system(host: Host, client: Client, found: Effective) -> bool:
    """Whether the additions of root to the system's store count beside the bundles of a client."""
    return host.account.is_root and client.follows and found.mode is Mode.ADDS


def _of_client(host: Host, found: Effective) -> Iterator[Looked]:
    setter = str(found.decider)
    if found.problem is not None:
        yield Looked(host.real(found.decider.path), found.client, setter, found.problem)
        return
    if any(one.single for one in found.bundles) and found.bundles[0].setter == found.decider:
        if found.mode is Mode.REPLACES and len(found.deciders) == 1:
            yield Looked(host.real(found.decider.path), found.client, setter, one_of_each(found.decider))
        return
    has_file = any(one.form is Form.FILE for one in found.bundles)
    for bundle in (one for one in found.bundles if one.form is not Form.DIRECTORY or not has_file):
        if ours.is_theirs(host, bundle) and host.status(f"{posixpath.splitext(bundle.path)[0]}.key") is None:
            yield _of_bundle(host, found.client, bundle)


def _of_bundle(host: Host, client: str, bundle: Bundle) -> Looked:
    setter, shown = str(bundle.setter), printable(bundle.path, _LONGEST)
    settings = host.real(bundle.setter.path)
    if bundle.form is Form.INLINE:
        return Looked(settings, client, setter, f"{setter} has certificates of its own; add the certificate there")
    if bundle.form is Form.DIRECTORY:
        return Looked(settings, client, setter, f"{setter} names the directory {shown}; add the certificate there")
    owner, unwritable = bundles.owner(host, host.real(bundle.path))
    if owner == host.account.uid:
        return Looked(host.real(bundle.path), client, setter, unwritable)
    whose = "another account"
    return Looked(settings, client, setter, f"{setter} names {shown}, which belongs to {whose}: add it there")


def _store(host: Host, backend: str, one: Looked) -> Store:
    clients = f"{one.client}, by {one.setter}" if one.setter else one.client
    return Store(
        backend,
        one.place,
        bundles.owner(host, one.location)[0],
        f"{backend}:{one.place}",
        printable(clients, _LONGEST),
        blocked=blocked(one.wrong, permanent=one.wrong is not None),
    )
