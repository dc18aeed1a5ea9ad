"""Directories whose files a program trusts when it starts: a certificate is dropped there, a file each.

Nothing else in them is ours, and none of it is changed.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.host import Kind
from trustinstall.stores.files import missing_parents, owner_inside
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import (
    ABSENT,
    Content,
    Delete,
    Edit,
    MakeDirectory,
    RemoveDirectory,
    digest,
)
from trustinstall.stores.store import Store, blocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.store import Places

_MOST, _LARGEST = 1000, 1024 * 1024  # files looked at, and bytes of each


@dataclass(frozen=True)
class Drop:
    """One such directory.

    Attributes:
        tool: what people call its program.
        home: what the program makes in an account's home: it is there where this is.
        directory: where files go, below that.
        clients: who reads them, and when.
        source: how this is known.
    """

    tool: str
    home: str
    directory: str
    clients: str
    source: str


DROPS = (
    Drop(
        "minikube",
        ".minikube",
        "certs",
        "minikube's machines, at their next start",
        "minikube handbook, Untrusted certificates; pkg/minikube/bootstrapper/certs.go: certs/*.pem",
    ),
    Drop(
        "storage-explorer",
        ".config/StorageExplorer",
        "certs",
        "Azure Storage Explorer, once it is started again",
        "Azure Storage Explorer troubleshooting guide, SSL certificate issues",
    ),
)


class Dropped:
    """The backend of these directories."""

    name = "drop-directory"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """The directories of programs that the acting account has used; root's own are nobody's."""
        for drop, path in _directories(host):
            if host.status(posixpath.dirname(path)) is not None:
                yield self._store(host, drop, path)

    def at(self, host: Host, location: str) -> Store | None:
        """The directory at a location."""
        found = (self._store(host, drop, path) for drop, path in _directories(host) if host.real(path) == location)
        return next((one for one in found if host.status(posixpath.dirname(location)) is not None), None)

    def observe(self, host: Host, store: Store) -> Observation:
        """See which certificates lie there, and which of the files are ours by name and content."""
        found = {one.sha256: path for path, one in _certificates(host, store.location)}
        ours = frozenset(sha256 for sha256 in found if _is_there(host, _ours(store.location, sha256)))
        return Observation(dict.fromkeys(found, State.TRUSTED), ours)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that lies there."""
        return (one.der for _, one in _certificates(host, store.location))

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan a file for each certificate, or its removal; a stranger's file goes only where that was asked for."""
        steps: list[Edit | Delete | MakeDirectory | RemoveDirectory] = []
        placed: list[Placed] = []
        foreign: set[str] = set()
        lying = {path: one.sha256 for path, one in _certificates(host, store.location)}
        missing = missing_parents(host, _ours(store.location, ""))
        made = tuple(dict.fromkeys((*(path for one in record.values() for path in one.directories), *missing)))
        staying = len([path for path in host.names(store.location) if path]) if not missing else 0
        for one in wanted:
            sha256 = one.certificate.sha256
            path = _ours(store.location, sha256)
            known = one.foreign or (sha256 in record and record[sha256].adopted)
            if one.trusted and sha256 not in seen.anchors:
                steps.append(Edit(path, Content(one.certificate.pem), ABSENT))
            if one.trusted and sha256 in seen.anchors and sha256 not in seen.ours and not known:
                foreign.add(sha256)
            elif one.trusted:
                placed.append(Placed(sha256, (path,), made))
            else:
                files = [each for each, which in lying.items() if which == sha256]
                going = [each for each in files if each == path or known]
                steps += [Delete(each, digest(host.read(each, _LARGEST))) for each in going]
                staying -= len(going)
                foreign |= {sha256} if len(going) < len(files) else set()
        adds = any(isinstance(step, Edit) for step in steps)
        if adds:
            steps[:0] = map(MakeDirectory, missing)
        elif steps and staying == 0:
            steps += map(RemoveDirectory, reversed(made))
        return Plan(tuple(steps), placed=tuple(placed), foreign=frozenset(foreign))

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: the program looks when it starts."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: each file was read back."""
        return None

    def _store(self, host: Host, drop: Drop, path: str) -> Store:
        location = host.real(path)
        owner, unwritable = owner_inside(host, location)
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            drop.clients,
            label=drop.tool,
            blocked=blocked(unwritable),
        )


def _directories(host: Host) -> Iterator[tuple[Drop, str]]:
    home = host.account.home
    if home and not host.is_image and not host.account.is_root and host.platform in {"linux", "darwin"}:
        for drop in DROPS:
            yield drop, f"{home.rstrip('/')}/{drop.home}/{drop.directory}"


def _ours(directory: str, sha256: str) -> str:
    return f"{directory}/trustinstall-{sha256[:32]}.pem"


def _is_there(host: Host, path: str) -> bool:
    return host.status(path) is not None


def _certificates(host: Host, directory: str) -> Iterator[tuple[str, Certificate]]:
    """The first certificate of each PEM file; a key, and what is no regular file, is passed over."""
    for name in host.names(directory)[:_MOST]:
        path = f"{directory}/{name}"
        status = host.status(path)
        if not name.endswith((".pem", ".crt", ".cer")) or status is None or status.kind is not Kind.FILE:
            continue
        try:
            blocks = pem_blocks(host.read(path, _LARGEST))
        except OSError:
            continue
        der = next((one.der for one in blocks if one.label in CERTIFICATE_LABELS and one.der), None)
        if der is not None:
            yield path, Certificate(der)
