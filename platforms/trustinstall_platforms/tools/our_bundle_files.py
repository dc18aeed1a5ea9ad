"""The two files that settings name, as text: a bundle with the system's roots, and the managed roots alone.

The bundle holds a fingerprint of the system's roots that it was made of, so that a later change of them is noticed.
Files that remain for running programs only begin with another head.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from functools import cached_property
from typing import TYPE_CHECKING

from trustinstall.certificates.certificate import Certificate
from trustinstall.certificates.pem import CERTIFICATE_LABELS, ders_of
from trustinstall.editing.pem_blocks import Blocks, marked, unmarked
from trustinstall.errors import StoreError
from trustinstall.facts import our_files, system_bundle
from trustinstall.stores.observation import Copy
from trustinstall.stores.steps import ABSENT, Content, Delete, Edit, digest
from trustinstall.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from trustinstall.host import Host
    from trustinstall.stores.store import Store

_HEAD = b"# Made by trustinstall, for settings that name this file; what is written into it by hand is lost.\n"
_MADE_OF = re.compile(rb"^# of ([0-9a-f]{64})$", re.MULTILINE)
LEFT = (
    b"# Left by trustinstall, for programs that still run and have a variable which names this file; the public roots\n"
    b"# alone. A later add or remove of trustinstall takes it away, or you may.\n"
)
_PARENTS = re.compile(rb"^# directories ([1-9])$", re.MULTILINE)  # the number of created directories above it


@dataclass(frozen=True)
class Files:
    """Both files as they are now.

    Attributes:
        location: the path of the bundle.
        bundle, anchors: their content, None for a missing file; on Windows both are the one file.
    """

    location: str
    bundle: bytes | None
    anchors: bytes | None

    @property
    def empty(self) -> bool:
        """Whether neither exists."""
        return self.bundle is None and self.anchors is None

    @property
    def left(self) -> bool:
        """Whether they remain for running programs only, without managed roots."""
        return (self.bundle or b"").startswith(LEFT)

    @property
    def directories_left(self) -> tuple[str, ...]:
        """The directories that were created for remaining files, outermost first."""
        found = _PARENTS.search((self.bundle or b"")[: len(LEFT) + 20]) if self.left else None
        path, paths = self.location, list[str]()
        for _ in range(int(found[1]) if found else 0):
            path = posixpath.dirname(path)
            paths.insert(0, path)
        return tuple(paths)

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
        both = (self.bundle or b"", self.anchors or b"")
        ders = dict.fromkeys(der for one in both for der in ders_of(one, CERTIFICATE_LABELS))
        return map(Certificate.held, ders)

    def copies(self, names: frozenset[str], system: Collection[str]) -> Iterator[Copy]:
        """Yield the copies of some certificates. All arguments are SHA-256, `system` those of the system's roots.

        A certificate of the system's bundle is foreign; all others are managed, because only trustinstall writes the
        files.
        """
        others = {sha256 for sha256, _ in unmarked(self.bundle or b"")} - set(system)
        for sha256 in sorted(names & (self.marked | others)):
            yield Copy(sha256, self.location, marked=True)
        for sha256 in sorted(names & set(system)):
            yield Copy(sha256)


def read(host: Host, location: str) -> Files:
    """Read both files."""
    return Files(location, host.read_or_none(location), host.read_or_none(beside(location)))


def beside(location: str) -> str:
    """Return the path of the file of managed roots that is beside the bundle at `location`."""
    return f"{posixpath.dirname(location)}/{our_files.ANCHORS}"


def contents(host: Host, store: Store, managed: Sequence[Certificate]) -> dict[str, bytes]:
    """Return the content of both files, by path. Raises StoreError if the machine has no public roots."""
    alone = Blocks(add=tuple(managed)).apply(_HEAD)
    if store.location == beside(store.location):
        return {store.location: alone}
    own = {one.sha256 for one in managed}
    public = {sha256: one for sha256, one in system(host).items() if sha256 not in own}
    if not public:
        cause, advice = "this machine has no bundle of public roots to add to", "install the package ca-certificates"
        raise StoreError(store=store.id, cause=cause, advice=advice)
    head = _HEAD + b"# of " + fingerprint(public).encode() + b"\n"
    bundle = Blocks(add=tuple(managed)).apply(head + b"".join(one.pem for one in public.values()))
    return {store.location: bundle, beside(store.location): alone}


def contents_left(host: Host, location: str, made: Sequence[str], leaving: Collection[str]) -> dict[str, bytes]:
    """Return the content of both files without managed roots, by path.

    `made` are directories that were created for them, outermost first; `leaving` are the SHA-256 of removed roots.
    """
    public = b"".join(one.pem for sha256, one in system(host).items() if sha256 not in leaving)
    parents = b"# directories %d\n" % len(made) if made else b""
    return {beside(location): LEFT, location: LEFT + parents + public}


def edits(host: Host, wanted: Mapping[str, bytes]) -> list[Edit]:
    """Return the steps that give the files the wanted content, by path; none for a file that already has it."""
    steps: list[Edit] = []
    for path, content in wanted.items():
        old = host.read_or_none(path)
        expect = ABSENT if old is None else digest(old)
        if content != old:
            steps.append(Edit(path, Content(content), expect, separates=True))  # only trustinstall writes it
    return steps


def deletes(host: Host, *paths: str) -> list[Delete]:
    """Return the steps that delete those of the files that exist, each once."""
    there = ((path, host.read_or_none(path)) for path in dict.fromkeys(paths))
    return [Delete(path, digest(content)) for path, content in there if content is not None]


def system(host: Host) -> dict[str, Certificate]:
    """Return the system's roots by SHA-256, each once, in the order of its bundle."""
    found = system_bundle.find(host)
    return (
        {one.sha256: one for one in map(Certificate.held, ders_of(found.content, CERTIFICATE_LABELS))} if found else {}
    )


def fingerprint(sha256s: Iterable[str]) -> str:
    """Return one SHA-256, in hex, for a set of certificates."""
    return hashlib.sha256("".join(sorted(sha256s)).encode()).hexdigest()
