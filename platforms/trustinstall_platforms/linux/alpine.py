"""What Alpine's update-ca-certificates, and the hook that makes hash links, would write, as steps: for images.

Source: update-ca.c of Alpine's ca-certificates.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall_platforms.linux import concatenated
from trustinstall_platforms.linux.link_changes import Links
from trustinstall_platforms.linux.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from trustinstall.certificates.certificate import Certificate
    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.concatenated import Pasted
    from trustinstall_platforms.linux.families import Family

_LINKS = "/etc/ssl/certs"


def steps(
    host: Host,
    family: Family,
    order: Sequence[Pasted],
    coming: Sequence[tuple[str, Certificate]],
    leaving: Sequence[Certificate],
    gone: Sequence[str],
) -> Iterator[Step]:
    """The bundle, where local files are pasted last (in no set order), and the links to files and by hash.

    `order` are the local files, `coming` ours and the certificate in each, `gone` the files that go.
    """
    lost = frozenset(one.sha256 for one in leaving)
    yield from concatenated.steps(host, family.bundle, order, coming, (), lost)
    links = Links(host, _LINKS)
    for path in gone:
        if links.before.get(_name(path)) == path:
            links.drop({path, _name(path), f"{_LINKS}/{_name(path)}"})
    hashed = links.hashed
    for path, certificate in coming:
        links.put(_name(path), path)
        if hashed and (value := subject_hash(certificate)):
            links.put_hash(value, _name(path))
    yield from links.steps()


def _name(path: str) -> str:
    return f"ca-cert-{posixpath.basename(path).removesuffix('.crt').translate(concatenated.LINK_NAME)}.pem"
