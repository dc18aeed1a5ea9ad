"""The files that Alpine's update-ca-certificates, and the hook for hash links, would write, as steps: for images.

Source: update-ca.c of Alpine's ca-certificates.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from trustinstall_platforms.linux import concatenated
from trustinstall_platforms.linux.hash_links import LINK_NAME
from trustinstall_platforms.linux.link_changes import Links
from trustinstall_platforms.linux.subject_hash import subject_hash

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trustinstall.host import Host
    from trustinstall.stores.steps import Step
    from trustinstall_platforms.linux.concatenated import BundleChange

_LINKS = "/etc/ssl/certs"


def steps(host: Host, change: BundleChange) -> Iterator[Step]:
    """Yield the changes of the bundle, which ends with the local files, and of links to files and by hash."""
    yield from concatenated.steps(host, change)
    links = Links(host, _LINKS)
    for path in (one.path for one in change.shrunk if not one.after):
        if links.before.get(_name(path)) == path:
            links.drop({path, _name(path), f"{_LINKS}/{_name(path)}"})
    hashed = links.hashed
    for path, certificate in change.added:
        links.put(_name(path), path)
        if hashed and (value := subject_hash(certificate)):
            links.put_hash(value, _name(path))
    yield from links.steps()


def _name(path: str) -> str:
    return f"ca-cert-{posixpath.basename(path).removesuffix('.crt').translate(LINK_NAME)}.pem"
