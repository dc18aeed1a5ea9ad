"""What Debian's update-ca-certificates, openssl-rehash(1) and the hook of ca-certificates-java would write, as steps.

For images, whose tools are not run. It is the change alone that is written: what else the tools would mend at the
occasion is none of ours.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall.errors import StoreError
from trustinstall.stores import files
from trustinstall_platforms.keystores import debian
from trustinstall_platforms.linux import concatenated, debian_files
from trustinstall_platforms.linux.link_changes import Links
from trustinstall_platforms.linux.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.debian_files import Source

Coming = tuple[str, "Certificate"]  # a file of ours, and the one certificate in it
Taken = tuple["Source", set[str]]  # a file, and the certificates (SHA-256) that leave it


def steps(
    host: Host,
    sources: Sequence[Source],
    coming: Sequence[Coming],
    taken: Sequence[Taken],
    gone: Sequence[str],
    leaving: Sequence[Certificate],
) -> Iterator[Step]:
    """Bundle, links and keystore: with what is coming, and without what is leaving.

    `sources` are all files that the tool knows now; `gone` files that were deleted before, by whomever. Raises
    StoreError where something stands in the way.
    """
    order = [concatenated.Pasted(source.path, source.content) for source in sources]
    whole = [source.path for source, some in taken if set(source.certificates) <= some]
    losing = [
        concatenated.Leaving(
            concatenated.Pasted(source.path, source.content),
            b"" if source.path in whole else files.without(source.content, some),
            frozenset(some),
        )
        for source, some in taken
    ]
    lost = {one.sha256 for one in leaving} - {sha256 for _, some in taken for sha256 in some}
    yield from concatenated.steps(host, debian_files.BUNDLE, order, coming, losing, frozenset(lost))
    yield from _links(host, coming, [*whole, *gone])
    named = [(debian_files.name_link(path), one) for path, one in coming]
    links = [debian_files.name_link(path) for path in (*(source.path for source, _ in taken), *gone)]
    yield from debian.steps(host, named, leaving, links)


def _links(host: Host, coming: Sequence[Coming], gone: Collection[str]) -> Iterator[Step]:
    """NAME.pem to the file, and HASH.N to that."""
    links = Links(host, debian_files.HASHED)
    for path in gone:
        name = posixpath.basename(debian_files.name_link(path))
        if links.before.get(name) == path:
            links.drop({path, name, f"{debian_files.HASHED}/{name}"})
    for path, certificate in coming:
        name = posixpath.basename(debian_files.name_link(path))
        if name in links.names - links.before.keys():
            raise StoreError(
                store=debian_files.HASHED,
                cause=f"{debian_files.HASHED}/{name} is no link",
                advice="look at it and move it away, then try again",
            )
        links.put(name, path)
        if value := subject_hash(certificate):
            links.put_hash(value, name)
    yield from links.steps()
