"""Directories that hold a file for each certificate, and that a program reads.

Each file counts by its first certificate. The name of a file of trustinstall contains the fingerprint of its
certificate; other files of the directory are not changed, unless the caller asks for their certificate.
"""

from __future__ import annotations

import posixpath
from abc import abstractmethod
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from trustinstall.certificates.fingerprint import sha256_of
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.errors import StoreError, printable
from trustinstall.host import Kind
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import owner_inside
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall.stores.store import Store, blocked
from trustinstall.values import NamedTuple, dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import DiscoveryOptions

_MOST, _LARGEST = 1000, 1024 * 1024  # limits: number of files that are read, and bytes of each


@dataclass(frozen=True)
class Directory:
    """One directory: its path (it may not exist yet), the program's name, and which clients read it, and when."""

    path: str
    program: str
    clients: str


class _Seen(NamedTuple):
    """The certificates of one file that count, and its copies: fingerprints, names, and for each the mark, or ""."""

    anchors: tuple[str, ...]
    sha256: tuple[str, ...]
    entries: tuple[str, ...]
    marked: tuple[str, ...]


class CertificateDirectories(Backend):
    """Base class of backends whose stores are directories. A subclass supplies its name and finds the directories.

    A subclass for a program with other file names, or one that reads whole files, overrides the methods after `plan`.
    """

    suffixes: tuple[str, ...] = (".pem", ".crt", ".cer")

    @abstractmethod
    def directories(self, host: Host, /) -> Iterable[Directory]:
        """Return the directories of programs that are installed, whether they exist yet or not."""

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the directories of this host."""
        return (self._store(host, one) for one in self.directories(host))

    def at(self, host: Host, location: str) -> Store | None:
        """Return the directory at a location, or None if its program is no longer there."""
        found = (self._store(host, one) for one in self.directories(host) if host.real(one.path) == location)
        return next(found, None)

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe which certificates the program reads, and which of the files are managed by trustinstall."""
        anchors: dict[str, State] = {}
        copies: list[Copy] = []
        for path in self._paths(host, store.location):
            with suppress(OSError):
                read = partial(self._seen, host, path)
                seen = _Seen(*host.learned(f"{self.name} file", (path,), len(_Seen._fields), read))
                anchors.update(dict.fromkeys(seen.anchors, State.TRUSTED))
                copies += [Copy(one, entry, bool(told)) for one, entry, told in zip(*seen[1:], strict=True)]
        marked = frozenset(one.sha256 for one in copies if one.marked)
        return Observation(anchors, marked, copies=tuple(one for one in copies if one.sha256 in names))

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate that the program reads, each once."""
        ders = (der for data in self._files(host, store.location).values() for der in self.ders(data))
        return iter(dict.fromkeys(ders))

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan a step for each file. Raises StoreError if a file is a link or holds other content as well."""
        files = self._files(host, store.location)
        paths = {one.sha256: f"{store.location}/{self.file_name(one.certificate)}" for one in change.add}
        steps: list[Step] = []
        for path in dict.fromkeys((*files, *paths.values())):
            old = files.get(path)
            added = [one.certificate for one in change.add if paths[one.sha256] == path]
            removed = set(change.remove).intersection(self.copies(path, old or b""))
            if old is None and host.status(path) is not None:
                raise refusal(store, f"{printable(path)} is not a file with a certificate")
            if added or removed:
                steps.append(self.step(store, path, old, added, removed))
        return Plan(tuple(steps), placed=tuple(Placed(sha256, (path,)) for sha256, path in paths.items()))

    def reads(self, name: str) -> bool:
        """Whether the program reads a file of this name."""
        return name.endswith(self.suffixes)

    def file_name(self, certificate: Certificate) -> str:
        """Return the name of the file for a certificate."""
        return _name(certificate.sha256)

    def ders(self, data: bytes) -> Sequence[bytes]:
        """Return the DER of the certificates that the program reads from a file."""
        return certificates(data)[:1]

    def copies(self, path: str, data: bytes) -> Iterator[Copy]:
        """Yield the copies of certificates in a file; a copy of trustinstall is recognised by the file's name."""
        for sha256 in map(sha256_of, self.ders(data)):
            yield Copy(sha256, path, marked=posixpath.basename(path) == _name(sha256))

    def step(
        self, store: Store, path: str, old: bytes | None, added: Sequence[Certificate], removed: Collection[Copy], /
    ) -> Step:
        """Return the step that writes the file of an added certificate, or deletes the file of a removed one."""
        if added:
            content = b"".join(one.pem for one in added)
            return Edit(path, Content(content), ABSENT if old is None else digest(old))
        if old is not None and len(removed) < len(list(pem_blocks(old))):
            raise refusal(store, f"{printable(path)} holds more than that certificate")
        return Delete(path, digest(old or b""))

    def _seen(self, host: Host, path: str) -> _Seen:
        data = host.read(path, _LARGEST)
        copies = list(self.copies(path, data))
        return _Seen(
            tuple(map(sha256_of, self.ders(data))),
            tuple(one.sha256 for one in copies),
            tuple(one.entry for one in copies),
            tuple("marked" if one.marked else "" for one in copies),
        )

    def _files(self, host: Host, directory: str) -> dict[str, bytes]:
        """Return the files that the program can read there; unreadable ones are skipped."""
        found: dict[str, bytes] = {}
        for path in self._paths(host, directory):
            with suppress(OSError):
                found[path] = host.read(path, _LARGEST)
        return found

    def _paths(self, host: Host, directory: str) -> Iterator[str]:
        """Yield the files that the program reads there; links are skipped."""
        for name in list(filter(self.reads, host.names(directory)))[:_MOST]:
            path = f"{directory}/{name}"
            status = host.status(path)
            if status is not None and status.kind is Kind.FILE:
                yield path

    def _store(self, host: Host, directory: Directory) -> Store:
        location = host.real(directory.path)
        uid, reason = owner_inside(host, location)
        label, store_id = directory.program, f"{self.name}:{location}"
        return Store(self.name, location, uid, store_id, directory.clients, label, blocked=blocked(reason))


def own_home(host: Host) -> str | None:
    """Return the home of the acting account; None for images and for root, whose programs read the machine's stores."""
    used = host.account.home and not host.is_image and not host.account.is_root and host.platform in {"linux", "darwin"}
    return (host.account.home or "").rstrip("/") if used else None


def certificates(data: bytes) -> list[bytes]:
    """Return the DER of the certificates in a PEM file."""
    return [one.der for one in pem_blocks(data) if one.label in CERTIFICATE_LABELS and one.der is not None]


def refusal(store: Store, cause: str) -> StoreError:
    """Return the error for a file that a person has to check."""
    return StoreError(store=store.id, cause=cause, advice="look at it, move it away, and try again")


def _name(sha256: str) -> str:
    return f"trustinstall-{sha256[:32]}.pem"
