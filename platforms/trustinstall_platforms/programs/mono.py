"""Mono's store of one account: for accounts that cannot change the machine's, which Mono's own hook fills.

A file for each subject, named by its hash as OpenSSL made it before 1.0. Mono's TLS (BoringSSL) looks for that name,
too, and `cert-sync` and others write by the newer hash: so no file of theirs is in our way. Of one subject all of ours
are in one file, because the numbers behind a hash may have no gap.

Sources: cert-sync(1); Mono 6.8's MonoBtlsX509StoreManager; BoringSSL's crypto/x509/by_dir. Tried with Mono 6.8.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.pem_blocks import Blocks, marked, unmarked
from trustinstall.facts import programs
from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.files import missing_parents, owner_inside
from trustinstall.stores.observation import Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import ABSENT, Delete, Edit, MakeDirectory, RemoveDirectory, digest
from trustinstall.stores.store import Store, blocked
from trustinstall_platforms.linux.subject_hash import old_subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.desired import Record, Wanted
    from trustinstall.stores.plan import Refresh
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places

_PLACE = ".config/.mono/new-certs/Trust"
_NAME = re.compile(r"[0-9a-f]{8}\.\d{1,4}")
_MOST, _LARGEST = 1000, 1024 * 1024  # files looked at, and bytes of each


class Mono:
    """The backend of that directory."""

    name = "mono"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """The acting account's, where Mono is installed; root's own programs have the machine's."""
        path = _directory(host)
        if path is not None and (programs.programs(host, ("mono",)) or host.status(path) is not None):
            yield self._store(host, path)

    def at(self, host: Host, location: str) -> Store | None:
        """The store at a location, if that is the acting account's."""
        path = _directory(host)
        return self._store(host, path) if path is not None and host.real(path) == location else None

    def observe(self, host: Host, store: Store) -> Observation:
        """See which certificates lie there, and which of them carry our marks."""
        files = _files(host, store.location)
        found = {sha256 for data in files.values() for sha256 in _holds(data)}
        ours = frozenset(sha256 for data in files.values() for sha256 in marked(data))
        return Observation(dict.fromkeys(found, State.TRUSTED), ours)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate that lies there, each once."""
        ders = (der for path in _files(host, store.location) for der in bundle.anchors(host, path))
        return iter(dict.fromkeys(ders))

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan one edit of each file; a stranger's goes where that was asked for, and nothing else is in it."""
        files = _files(host, store.location)
        adopted = {sha256 for sha256, placement in record.items() if placement.adopted}
        known = {one.certificate.sha256 for one in wanted if one.foreign} | adopted
        edits: dict[str, Blocks] = {}
        placed: list[str] = []
        foreign: set[str] = set()
        for one in wanted:
            sha256, path = one.certificate.sha256, _path(store.location, one)
            edit = edits.get(path, Blocks())
            copies = [each for each, data in files.items() if sha256 in {found for found, _ in unmarked(data)}]
            if one.trusted and copies and sha256 not in seen.ours | known:
                foreign.add(sha256)
            elif one.trusted:
                placed.append(sha256)
                if sha256 not in seen.anchors:
                    edits[path] = Blocks((*edit.add, one.certificate), edit.remove, edit.foreign)
            else:
                for each in [each for each, data in files.items() if sha256 in marked(data)]:
                    edit = edits.get(each, Blocks())
                    edits[each] = Blocks(edit.add, (*edit.remove, sha256), edit.foreign)
                for each in copies if sha256 in known else ():
                    edit = edits.get(each, Blocks())
                    edits[each] = Blocks(edit.add, edit.remove, (*edit.foreign, sha256))
                foreign |= {sha256} if copies and sha256 not in known else set()
        missing = missing_parents(host, f"{store.location}/x")
        made = tuple(dict.fromkeys((*(path for one in record.values() for path in one.directories), *missing)))
        steps = [_step(path, edit, files.get(path)) for path, edit in edits.items()]
        if any(isinstance(step, Edit) for step in steps):
            steps[:0] = map(MakeDirectory, missing)
        elif steps and len(steps) == len(host.names(store.location)):
            steps += map(RemoveDirectory, reversed(made))
        paths = {one.certificate.sha256: _path(store.location, one) for one in wanted}
        return Plan(
            tuple(steps), placed=tuple(Placed(one, (paths[one],), made) for one in placed), foreign=frozenset(foreign)
        )

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: Mono looks when it connects."""
        return None

    def verify(self, _host: Host, _store: Store) -> str | None:
        """Return None: each file was read back."""
        return None

    def _store(self, host: Host, path: str) -> Store:
        location = host.real(path)
        owner, unwritable = owner_inside(host, location)
        return Store(
            self.name,
            location,
            owner,
            f"{self.name}:{location}",
            "this account's programs on Mono",
            label="mono",
            blocked=blocked(unwritable),
        )


def _directory(host: Host) -> str | None:
    home = host.account.home
    there = home and not host.is_image and not host.account.is_root and host.platform in {"linux", "darwin"}
    return f"{(home or '').rstrip('/')}/{_PLACE}" if there else None


def _path(directory: str, one: Wanted) -> str:
    return posixpath.join(directory, f"{old_subject_hash(one.certificate)}.0")


def _files(host: Host, directory: str) -> dict[str, bytes]:
    """What lies there under a name that Mono looks for; what is no regular file is passed over."""
    found: dict[str, bytes] = {}
    for name in host.names(directory)[:_MOST]:
        path = f"{directory}/{name}"
        status = host.status(path)
        if _NAME.fullmatch(name) and status is not None and status.kind is Kind.FILE and status.size <= _LARGEST:
            found[path] = host.read(path, _LARGEST)
    return found


def _holds(data: bytes) -> set[str]:
    return {sha256 for sha256, _ in unmarked(data)} | set(marked(data))


def _step(path: str, edit: Blocks, old: bytes | None) -> Step:
    """The change of one file; one that would hold no certificate any more goes."""
    if old is None:
        return Edit(path, edit, ABSENT)
    left = [block for block in pem_blocks(edit.apply(old)) if block.label in CERTIFICATE_LABELS]
    return Edit(path, edit, digest(old)) if left else Delete(path, digest(old))
