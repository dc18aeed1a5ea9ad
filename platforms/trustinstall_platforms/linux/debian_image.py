"""The files of Debian's update-ca-certificates, openssl-rehash(1) and the hook of ca-certificates-java, as steps.

For images, whose tools are not run. Only the change itself is written, and no other repair that the tools would make.
"""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores.files import without
from trustinstall.values import NamedTuple
from trustinstall_platforms.keystores import debian
from trustinstall_platforms.linux import concatenated
from trustinstall_platforms.linux.concatenated import BundleChange, Concatenated, ShrunkFile
from trustinstall_platforms.linux.debian_files import BUNDLE, HASHED
from trustinstall_platforms.linux.debian_refresh import name_link
from trustinstall_platforms.linux.link_changes import Links
from trustinstall_platforms.linux.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.anchor_sources import NewAnchor
    from trustinstall_platforms.linux.debian_files import Source


class FileChanges(NamedTuple):
    """The files of a change.

    Attributes:
        present: all files that the tool knows now, in its order.
        added: managed files that bundle and links are to show.
        taken: files, and the certificates (SHA-256) that go from each.
        gone: files that go, or were deleted before.
        removed: certificates of which managed copies go.
        dropped: those of them that no client is to trust afterwards.
    """

    present: Sequence[Source]
    added: Sequence[NewAnchor]
    taken: Sequence[tuple[Source, set[str]]]
    gone: Sequence[str]
    removed: Sequence[Certificate]
    dropped: Sequence[Certificate]


def steps(host: Host, files: FileChanges) -> Iterator[Step]:
    """Yield the changes of bundle, links and keystore; raises StoreError if another file is in the way."""
    shrunk = [
        ShrunkFile(source.path, b"" if set(source.certificates) <= going else without(source.content, going))
        for source, going in files.taken
    ]
    order = [Concatenated(source.path, source.content) for source in files.present]
    change = BundleChange(BUNDLE, order, files.added, shrunk, frozenset(one.sha256 for one in files.dropped))
    yield from concatenated.steps(host, change)
    yield from _links(host, files)
    added = [(name_link(one.path), one.certificate) for one in files.added]
    links = [name_link(path) for path in (*(source.path for source, _ in files.taken), *files.gone)]
    yield from debian.steps(host, added, files.removed, links)


def _links(host: Host, files: FileChanges) -> Iterator[Step]:
    """Yield the changes of NAME.pem, which leads to a file, and of HASH.N, which leads to NAME.pem."""
    links = Links(host, HASHED)
    for path in files.gone:
        name = posixpath.basename(name_link(path))
        if links.before.get(name) == path:
            links.drop({path, name, f"{HASHED}/{name}"})
    for source, _ in files.taken:
        if posixpath.dirname(source.path) == HASHED:
            links.drop({posixpath.basename(source.path), source.path})
    for path, certificate in files.added:
        name = posixpath.basename(name_link(path))
        if name in links.names - links.before.keys():
            raise StoreError(
                store=HASHED,
                cause=f"{HASHED}/{name} is no link",
                advice="look at it and move it away, then try again",
            )
        links.put(name, path)
        if value := subject_hash(certificate):
            links.put_hash(value, name)
    yield from links.steps()
