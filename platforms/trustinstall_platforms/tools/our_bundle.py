"""The two files of trustinstall that settings name, as one store: it exists only while a setting names one of them.

The bundle is made from the system's at each write, and records which of the system's roots it was made of, so that a
later change of them shows.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.pem_blocks import Blocks, marked, unmarked
from trustinstall.errors import StoreError
from trustinstall.facts import our_files, system_bundle
from trustinstall.host import Kind
from trustinstall.patterns import regex
from trustinstall.stores import bundle
from trustinstall.stores.backend import Backend
from trustinstall.stores.files import owner
from trustinstall.stores.observation import Copy, Observation, State
from trustinstall.stores.plan import Placed, Plan
from trustinstall.stores.steps import (
    ABSENT,
    Content,
    Delete,
    Edit,
    RemoveDirectory,
    digest,
)
from trustinstall.stores.store import Store, blocked

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from trustinstall.host import Host
    from trustinstall.stores.desired import Change
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import DiscoveryOptions

_HEAD = b"# Made by trustinstall, for settings that name this file; what is written into it by hand is lost.\n"
_MADE_OF = regex(rb"^# of ([0-9a-f]{64})$", re.MULTILINE)
_LEFT = (
    b"# Left by trustinstall, for programs that still run and have a variable which names this file; the public roots\n"
    b"# alone. A later add or remove of trustinstall takes it away, or you may.\n"
)
_PARENTS = regex(rb"^# directories ([1-9])$", re.MULTILINE)  # how many above it were made
_STALE = "the system's roots have changed since it was made; add makes it anew"


class OwnBundle(Backend):
    """The backend of both files; the store is the bundle, and the file of the managed roots alone goes with it.

    On Windows there is only that file.
    """

    name = "own-bundle"

    def discover(self, host: Host, _places: DiscoveryOptions) -> Iterator[Store]:
        """Find the acting account's store, whether it exists yet or not."""
        location = our_files.location(host)
        if location is not None:
            yield self._store(host, location)

    def at(self, host: Host, location: str) -> Store | None:
        """Return the store at a location, if it is the acting account's."""
        return self._store(host, location) if location == our_files.location(host) else None

    def observe(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Observe the content of both files; PARTIAL is a certificate that only one of them holds, like a system root.

        A copy that comes from the system stays. The store is outdated when the system's roots have changed since.
        """
        found = _read(host, store.location)
        if found.left or found.empty:
            return found.leftover(host, store, names)
        system = _system(host)
        seen = bundle.observe(host, store.location) if found.bundle is not None else Observation({})
        stale = found.made_of is not None and found.made_of != _fingerprint(set(system) - found.marked)
        half = (found.marked | (names & seen.anchors.keys())) - found.in_both
        return Observation(
            {**seen.anchors, **dict.fromkeys(half, State.PARTIAL)},
            found.marked,
            (*seen.problems, _STALE) if stale else seen.problems,
            copies=tuple(found.copies(names, system)),
            outdated=stale,
        )

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """Yield the DER of every certificate in it."""
        return iter(()) if host.status(store.location) is None else bundle.anchors(host, store.location)

    def plan(self, host: Host, store: Store, _seen: Observation, change: Change) -> Plan:
        """Plan to write both files again, or to delete them with the last certificate.

        Raises StoreError if the machine has no public roots to combine with the managed ones, or if one of the system's
        is to be removed.
        """
        found = _read(host, store.location)
        if any(not one.marked for one in change.remove):
            cause, advice = "it comes from the system's store", "remove it there"
            raise StoreError(store=store.id, cause=cause, advice=advice)
        if found.left and not change.add:
            return _deleted(host, store.location, found.directories_left)
        ours = {one.sha256: one for one in found.certificates if one.sha256 in found.marked | change.kept.keys()}
        ours |= {one.sha256: one.certificate for one in change.add}
        ours = {sha256: one for sha256, one in ours.items() if sha256 not in change.leaving}
        if not ours:
            return self._without_any(host, store, change)
        content = self._content(host, store, list(ours.values()))
        beside = _beside(store.location)
        files = {store.location: content, beside: Blocks(add=tuple(ours.values())).apply(_HEAD)}
        edits = [edit for path, each in files.items() if (edit := _edit(host, path, each)) is not None]
        booting = _deletes(host, *_at_boot(host))  # first: a boot must not delete files that are in use again
        placed = tuple(Placed(one.sha256, (store.location, beside)) for one in change.add)
        return Plan((*booting, *edits), placed=placed, detaches=True, made=found.directories_left)

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load it, if it still exists."""
        return None if host.status(store.location) is None else host.openssl_refuses(store.location)

    def _without_any(self, host: Host, store: Store, change: Change) -> Plan:
        """Plan to delete both files; if a running program's variable names one, both stay, without managed roots.

        Deno reaches no server if DENO_CERT names a missing file; it and Node.js accept one without certificates.
        """
        if not _named(host, store.location):
            return _deleted(host, store.location)
        made, leaving = change.made, change.leaving
        theirs = b"".join(one.pem for sha256, one in _system(host).items() if sha256 not in leaving)
        content = _LEFT + (b"# directories %d\n" % len(made) if made else b"") + theirs
        left = {_beside(store.location): _LEFT, store.location: content}
        for path in _at_boot(host):
            words = (*left, *reversed(made), path)
            left[path] = our_files.AT_BOOT_HEAD + b"".join(f"r! {one}\n".encode() for one in words)
        edits = [edit for path, each in left.items() if (edit := _edit(host, path, each)) is not None]
        return Plan(tuple(edits), detaches=True)

    def _content(self, host: Host, store: Store, ours: list[Certificate]) -> bytes:
        if store.location == _beside(store.location):
            return Blocks(add=tuple(ours)).apply(_HEAD)
        own = {one.sha256 for one in ours}
        theirs = {sha256: one for sha256, one in _system(host).items() if sha256 not in own}
        if not theirs:
            advice = "install the package ca-certificates"
            raise StoreError(
                store=store.id, cause="this machine has no bundle of public roots to add to", advice=advice
            )
        head = _HEAD + b"# of " + _fingerprint(theirs).encode() + b"\n"
        return Blocks(add=tuple(ours)).apply(head + b"".join(one.pem for one in theirs.values()))

    def _store(self, host: Host, location: str) -> Store:
        return Store(
            self.name,
            location,
            host.account.uid,
            f"{self.name}:{location}",
            "programs whose settings or variables name it",
            label=location,
            blocked=blocked(_unwritable(host, location)),
            on_demand=True,
        )


@dataclass(frozen=True)
class _Files:
    """Both files as they are now: the bundle and the managed roots alone (one file on Windows); None if missing."""

    location: str
    bundle: bytes | None
    anchors: bytes | None

    @property
    def empty(self) -> bool:
        """Whether neither exists."""
        return self.bundle is None and self.anchors is None

    @property
    def left(self) -> bool:
        """Whether they were left for running programs, without managed roots."""
        return (self.bundle or b"").startswith(_LEFT)

    @property
    def directories_left(self) -> tuple[str, ...]:
        """The directories that were made for files that were left, outermost first."""
        return _made(self.location, self.bundle or b"")

    @cached_property
    def marked(self) -> frozenset[str]:
        """SHA-256 of the managed certificates in either file."""
        return frozenset(marked(self.bundle or b"").keys() | marked(self.anchors or b"").keys())

    @cached_property
    def in_both(self) -> frozenset[str]:
        """SHA-256 of the managed certificates in both files."""
        return frozenset(marked(self.bundle or b"").keys() & marked(self.anchors or b"").keys())

    @property
    def made_of(self) -> str | None:
        """The fingerprint of the system's roots that the bundle was made of, or None."""
        found = _MADE_OF.search((self.bundle or b"")[: len(_HEAD) + 128])
        return found[1].decode() if found else None

    @property
    def certificates(self) -> Iterator[Certificate]:
        """Every certificate in either file, each once."""
        return map(Certificate.held, dict.fromkeys((*_ders(self.bundle or b""), *_ders(self.anchors or b""))))

    def copies(self, names: frozenset[str], system: Collection[str]) -> Iterator[Copy]:
        """Yield copies: those of the system's roots, and all others as managed: only trustinstall writes the file."""
        others = {sha256 for sha256, _ in unmarked(self.bundle or b"")} - set(system)
        for sha256 in sorted(names & (self.marked | others)):
            yield Copy(sha256, self.location, marked=True)
        for sha256 in sorted(names & set(system)):
            yield Copy(sha256)

    def leftover(self, host: Host, store: Store, names: frozenset[str]) -> Observation:
        """Return the copies of files without managed roots; if no program needs them, the next command deletes them."""
        if not self.left:
            return Observation({})
        copies = () if _named(host, store.location) else (Copy(one, marked=True) for one in sorted(names))
        seen = bundle.observe(host, store.location)
        anchors = {**seen.anchors, **dict.fromkeys(names & seen.anchors.keys(), State.PARTIAL)}
        return replace(seen, anchors=anchors, copies=tuple(copies))


def _read(host: Host, location: str) -> _Files:
    return _Files(location, host.read_or_none(location), host.read_or_none(_beside(location)))


def _deleted(host: Host, location: str, made: tuple[str, ...] = ()) -> Plan:
    """Plan to delete both files, and directories that the ledger no longer notes."""
    files = _deletes(host, _beside(location), location, *_at_boot(host))
    return Plan((*files, *map(RemoveDirectory, reversed(made))), detaches=True)


def _at_boot(host: Host) -> tuple[str, ...]:
    """Return the file that has systemd delete the files that are left; none for an account: no boot deletes its files.

    None, too, if another author has a file of that name: it has other content, and stays.
    """
    path = our_files.AT_BOOT
    if host.platform != "linux" or not host.account.is_root or host.status(posixpath.dirname(path)) is None:
        return ()
    return (path,) if host.status(path) is None or our_files.goes_at_boot(host) else ()


def _named(host: Host, location: str) -> bool:
    """Whether a running program has a variable that names either file."""
    return any(map(host.named_in_environment, (_beside(location), location)))


def _deletes(host: Host, *paths: str) -> list[Step]:
    there = ((path, host.read_or_none(path)) for path in dict.fromkeys(paths))
    return [Delete(path, digest(content)) for path, content in there if content is not None]


def _made(location: str, left: bytes) -> tuple[str, ...]:
    """The directories that were made for a file that was left, outermost first."""
    found = _PARENTS.search(left[: len(_LEFT) + 20]) if left.startswith(_LEFT) else None
    paths: list[str] = []
    for _ in range(int(found[1]) if found else 0):
        location = posixpath.dirname(location)
        paths.insert(0, location)
    return tuple(paths)


def _beside(location: str) -> str:
    """Return the file of the managed roots alone."""
    return f"{posixpath.dirname(location)}/{our_files.ANCHORS}"


def _edit(host: Host, path: str, content: bytes) -> Edit | None:
    """Return the step that gives a file a content, or None if it has it."""
    old = host.read_or_none(path)
    expect = ABSENT if old is None else digest(old)
    return None if content == old else Edit(path, Content(content), expect, separates=True)  # only we write it


def _unwritable(host: Host, location: str) -> str | None:
    """Return why a managed file cannot be written, or might be changed by another account; or None."""
    status = host.status(location)
    if status is not None and status.kind is not Kind.FILE:
        return "something else than a file stands there; move it away"
    whose, reason = owner(host, location)
    return reason if whose == host.account.uid or reason else "its directory belongs to another account; give it back"


def _system(host: Host) -> dict[str, Certificate]:
    """Return the system's roots by SHA-256, each once, in its order."""
    found = system_bundle.find(host)
    return {one.sha256: one for one in map(Certificate.held, _ders(found.content))} if found else {}


def _ders(data: bytes) -> Iterator[bytes]:
    return (one.der for one in pem_blocks(data) if one.der is not None and one.label in CERTIFICATE_LABELS)


def _fingerprint(sha256s: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(sha256s)).encode()).hexdigest()
