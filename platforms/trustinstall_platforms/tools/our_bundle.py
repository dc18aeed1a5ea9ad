"""Our own two files, as one store: there only while a setting names one of them.

The bundle is made anew from the system's whenever it is written, and says which of the system's it was made of, so that
it shows when the system's has changed since.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, pem_blocks
from trustinstall.editing.pem_blocks import Blocks, marked
from trustinstall.errors import StoreError
from trustinstall.facts import our_files, system_bundle
from trustinstall.host import Kind
from trustinstall.stores import bundle
from trustinstall.stores.files import missing_parents, owner
from trustinstall.stores.observation import Observation
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
    from trustinstall.stores.steps import Step
    from trustinstall.stores.store import Places

_HEAD = b"# Made by trustinstall, for settings that name this file; what is written into it by hand is lost.\n"
_MADE_OF = re.compile(rb"^# of ([0-9a-f]{64})$", re.MULTILINE)
_LEFT = (
    b"# Left by trustinstall, for programs that still run and have a variable which names this file; the public roots\n"
    b"# alone. A later add or remove of trustinstall takes it away, or you may.\n"
)
_PARENTS = re.compile(rb"^# directories ([1-9])$", re.MULTILINE)  # how many above it were made for it
_STALE = "the system's roots have changed since it was made; add makes it anew"


class OwnBundle:
    """The backend of both files; the store is the bundle, and the file of our roots alone goes with it.

    On Windows that file is all there is.
    """

    name = "own-bundle"

    def discover(self, host: Host, _places: Places) -> Iterator[Store]:
        """The acting account's, whether it is there yet or not."""
        location = our_files.location(host)
        if location is not None:
            yield self._store(host, location)

    def at(self, host: Host, location: str) -> Store | None:
        """The store at a location, if that is the acting account's."""
        return self._store(host, location) if location == our_files.location(host) else None

    def observe(self, host: Host, store: Store) -> Observation:
        """See what it holds; the system's roots that it should hold and does not, or no longer, are a problem."""
        data = host.read_or_none(store.location)
        if data is None:
            return Observation({})
        seen = bundle.observe(host, store.location)
        made_of = _MADE_OF.search(data[: len(_HEAD) + 128])
        stale = made_of is not None and made_of[1].decode() != _fingerprint(_theirs(host, frozenset(marked(data))))
        return Observation(seen.anchors, seen.ours, (*seen.problems, _STALE) if stale else seen.problems)

    def anchors(self, host: Host, store: Store) -> Iterator[bytes]:
        """The DER of every certificate in it."""
        return iter(()) if host.status(store.location) is None else bundle.anchors(host, store.location)

    def plan(self, host: Host, store: Store, seen: Observation, wanted: Sequence[Wanted], record: Record) -> Plan:
        """Plan to write it anew, or to take it away with the last of ours and whatever was made for it.

        Raises StoreError where the machine has no roots that could be in it beside ours.
        """
        old = host.read_or_none(store.location)
        here = marked(old or b"")
        kept = [Certificate(der) for der in _ders(old or b"") if hashlib.sha256(der).hexdigest() in here]
        go = {one.certificate.sha256 for one in wanted if not one.trusted}
        new = [one.certificate for one in wanted if one.trusted]
        ours = {one.sha256: one for one in (*kept, *new) if one.sha256 not in go}
        if old is not None and old.startswith(_LEFT) and not new:
            return _sweep(host, store.location, old)
        if not new and not go & (seen.anchors.keys() | here.keys()):
            return Plan()
        made = tuple(one for placement in record.values() for one in placement.directories) or _made(
            store.location, old or b""
        )
        beside = _beside(store.location)
        if not ours:
            return self._take_away(host, store, tuple(dict.fromkeys(made)), go)
        content = self._content(host, store, list(ours.values()))
        missing = missing_parents(host, store.location)
        directories = tuple(dict.fromkeys((*made, *missing)))
        placed = tuple(Placed(one.sha256, (store.location, beside), directories) for one in new)
        # What the system itself has is no stranger here: it is what the file is made of.
        left = frozenset(one for one in go if one in _digests(content))
        files = {store.location: content, beside: Blocks(add=tuple(ours.values())).apply(_HEAD)}
        edits = [edit for path, each in files.items() if (edit := _edit(host, path, each)) is not None]
        booting = _deletes(host, *_at_boot(host))  # first: a boot must not take away what is in use again
        if not edits and not booting:
            return Plan(placed=placed, foreign=left)
        steps = (*booting, *map(MakeDirectory, missing), *edits)
        return Plan(steps, placed=placed, foreign=left, withdraws=True)

    def refresh(self, _host: Host, _store: Store, _gone: Sequence[str]) -> Refresh | None:
        """Return None: nothing is derived from it."""
        return None

    def verify(self, host: Host, store: Store) -> str | None:
        """Let OpenSSL load it, where it is still there."""
        return None if host.status(store.location) is None else host.openssl_refuses(store.location)

    def _take_away(self, host: Host, store: Store, made: tuple[str, ...], go: set[str]) -> Plan:
        """Both files; where a running program's variable names one, both stay for it, without ours.

        Deno reaches nothing where DENO_CERT names a file that is gone; it and Node.js take one without certificates.
        """
        if _named(host, store.location):
            theirs = b"".join(one.pem for one in _theirs(host, frozenset(go)))
            content = _LEFT + (b"# directories %d\n" % len(made) if made else b"") + theirs
            left = {_beside(store.location): _LEFT, store.location: content}
            for path in _at_boot(host):
                words = (*left, *reversed(made), path)
                left[path] = our_files.AT_BOOT_HEAD + b"".join(f"r! {one}\n".encode() for one in words)
            edits = [edit for path, each in left.items() if (edit := _edit(host, path, each)) is not None]
            return Plan(tuple(edits), withdraws=True)
        return _away(host, store.location, made)

    def _content(self, host: Host, store: Store, ours: list[Certificate]) -> bytes:
        if store.location == _beside(store.location):
            return Blocks(add=tuple(ours)).apply(_HEAD)
        theirs = _theirs(host, frozenset(one.sha256 for one in ours))
        if not theirs:
            advice = "install the package ca-certificates"
            raise StoreError(
                store=store.id, cause="this machine has no bundle of public roots to add to", advice=advice
            )
        head = _HEAD + b"# of " + _fingerprint(theirs).encode() + b"\n"
        return Blocks(add=tuple(ours)).apply(head + b"".join(one.pem for one in theirs))

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


def _sweep(host: Host, location: str, old: bytes) -> Plan:
    """Take away what was left for programs that ran, when they have ended."""
    if _named(host, location):
        return Plan()
    return _away(host, location, _made(location, old))


def _away(host: Host, location: str, made: tuple[str, ...]) -> Plan:
    files = _deletes(host, _beside(location), location, *_at_boot(host))
    return Plan((*files, *map(RemoveDirectory, reversed(made))), withdraws=True)


def _at_boot(host: Host) -> tuple[str, ...]:
    """The file that has systemd take away what is left; none for an account, whose files nobody tidies at a boot.

    Nor where somebody has a file of that name: it says other things, and stays.
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
    """The file of our roots alone."""
    return f"{posixpath.dirname(location)}/{our_files.ANCHORS}"


def _edit(host: Host, path: str, content: bytes) -> Edit | None:
    """What brings a file to a content, or None where it is there."""
    old = host.read_or_none(path)
    return None if content == old else Edit(path, Content(content), ABSENT if old is None else digest(old))


def _unwritable(host: Host, location: str) -> str | None:
    """Why a file of ours cannot be written, or might not stay ours; None where all is well."""
    status = host.status(location)
    if status is not None and status.kind is not Kind.FILE:
        return "something else than a file stands there; move it away"
    whose, reason = owner(host, location)
    return reason if whose == host.account.uid or reason else "its directory belongs to another account; give it back"


def _theirs(host: Host, ours: frozenset[str]) -> list[Certificate]:
    """The system's roots but for ours, each once, in its order."""
    found = system_bundle.find(host)
    ders = dict.fromkeys(_ders(found.content)) if found else {}
    return [one for one in map(Certificate, ders) if one.sha256 not in ours]


def _ders(data: bytes) -> Iterator[bytes]:
    return (one.der for one in pem_blocks(data) if one.der is not None and one.label in CERTIFICATE_LABELS)


def _digests(data: bytes) -> set[str]:
    return {hashlib.sha256(der).hexdigest() for der in _ders(data)}


def _fingerprint(certificates: list[Certificate]) -> str:
    return hashlib.sha256("".join(sorted(one.sha256 for one in certificates)).encode()).hexdigest()
